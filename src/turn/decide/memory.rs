//! What the conversation remembers after a turn.

use super::Situation;
use super::goals::Spoken;
use super::ladder::Ladder;
use super::scenario::{Chosen, UNCLEAR};
use crate::turn::types::{Feedback, HandoffMode, Memory, Pending};

/// How many emotions are kept for the trend.
const EMOTIONS: usize = 10;
/// How many products talked about are kept.
const PRODUCTS: usize = 5;

/// The memory for the next turn. What was really said is added by the turn once the guard has let it out.
pub fn after(situation: Situation<'_>, chosen: &Chosen<'_>, ladder: &Ladder, spoken: &Spoken) -> Memory {
    let Situation { input, reading, facts, .. } = situation;
    let before = &input.memory;
    let mut memory = before.clone();
    memory.introduced = true;
    memory.scenario = Some(chosen.scenario.id.clone());
    if chosen.understood && chosen.scenario.id != UNCLEAR {
        memory.intent = Some(chosen.scenario.intent.clone());
        memory.question = Some(reading.masked.clone());
    }
    if let Some(order) = facts.order() {
        memory.order = Some(order.id.clone());
    }
    if let Some(product) = facts.product() {
        memory.products.retain(|id| *id != product.id);
        memory.products.push(product.id.clone());
        let surplus = memory.products.len().saturating_sub(PRODUCTS);
        memory.products.drain(..surplus);
    }
    memory.ladder_points = ladder.episode_points;
    memory.breach_counted = ladder.breach_counted;
    memory.tier = ladder.tier;
    memory.not_understood = if chosen.understood { 0 } else { before.not_understood + 1 };
    memory.unresolved_turns = unresolved(situation, chosen);
    memory.pending = spoken.pending.clone();
    memory.handoff_declined |=
        before.pending == Some(Pending::OfferHandoff) && reading.feedback == Feedback::Negated;
    memory.emotions.push((reading.emotion.label, reading.emotion.intensity));
    let surplus = memory.emotions.len().saturating_sub(EMOTIONS);
    memory.emotions.drain(..surplus);
    if spoken.handoff.as_ref().is_some_and(|plan| plan.mode == HandoffMode::Now) {
        start_episode_over(&mut memory);
    }
    memory
}

/// A turn counts as unresolved if it rejected or repeated, or was not understood; acceptance clears the count. A
/// pleasant conversation of any length counts nothing.
fn unresolved(situation: Situation<'_>, chosen: &Chosen<'_>) -> u32 {
    let before = situation.input.memory.unresolved_turns;
    match situation.reading.feedback {
        Feedback::Affirmed => 0,
        Feedback::Negated | Feedback::Repeated | Feedback::Prodded => before + 1,
        Feedback::None if !chosen.understood || situation.reading.emotion.label.is_negative() => before + 1,
        Feedback::None => before,
    }
}

/// The points belong to the episode, and a handoff ends it: what comes back from a person starts afresh.
fn start_episode_over(memory: &mut Memory) {
    memory.ladder_points = 0;
    memory.unresolved_turns = 0;
    memory.not_understood = 0;
    memory.handoff_declined = false;
    memory.pending = None;
}
