//! What the conversation remembers after a turn.

use super::Situation;
use super::episodes::{Placed, matter_of};
use super::goals::Spoken;
use super::handoff::declines;
use super::ladder::Ladder;
use super::measure;
use super::scenario::{Chosen, UNCLEAR};
use crate::desk::queue::expected;
use crate::turn::types::{
    Episode, EpisodeState, Feedback, Goal, HandoffMode, HandoffReason, Memory, Pending, PlannedGoal,
    Promised, Realisation, Tier, TurnInput,
};

/// How many products talked about are kept.
const PRODUCTS: usize = 5;

/// The open slot of an order that has to be chosen.
pub const ORDER: &str = "order";

/// The memory for the next turn. What was really said is added by the turn once the guard has let it out.
pub fn after(
    situation: Situation<'_>,
    chosen: &Chosen<'_>,
    placed: Placed,
    ladder: &Ladder,
    spoken: &Spoken,
) -> Memory {
    let Situation { input, reading, facts, .. } = situation;
    let before = &input.memory;
    let mut memory = before.clone();
    memory.introduced = true;
    memory.scenario = Some(chosen.scenario.id.clone());
    // Small talk is nothing that could be gone on with.
    if chosen.understood && chosen.scenario.id != UNCLEAR && chosen.scenario.topic != "smalltalk" {
        memory.intent = Some(chosen.scenario.intent.clone());
        memory.question = Some(reading.masked.clone());
    }
    if let Some(order) = facts.order() {
        memory.order = Some(order.id.clone());
    }
    if let Some(product) = facts.product().filter(|_| !facts.product_is_guessed) {
        memory.products.retain(|id| *id != product.id);
        memory.products.push(product.id.clone());
        let surplus = memory.products.len().saturating_sub(PRODUCTS);
        memory.products.drain(..surplus);
    }
    memory.not_understood = if chosen.understood { 0 } else { before.not_understood + 1 };
    memory.pending = spoken.pending.clone().or_else(|| asked(spoken));
    memory.feel(reading.emotion.label, reading.emotion.intensity);
    if before.announced.is_some_and(|until| until < input.now.timestamp()) {
        memory.announced = None;
    }
    if hands_over(spoken) {
        memory.announced = announced(input);
    }
    // Whoever is not understood goes to people, now or by a time; it is counted anew from there.
    let is_left = spoken.handoff.as_ref().is_some_and(|plan| plan.reason == HandoffReason::NotUnderstood);
    if hands_over(spoken) || is_left {
        memory.not_understood = 0;
    }
    let mut episode = episode_after(situation, chosen, placed, ladder, spoken);
    // A wish for a person or a refusal of the guard may be the first thing of a conversation: people have it then.
    if episode.number == 0 && episode.state == EpisodeState::WithPeople {
        episode.number = memory.next_number();
    }
    if episode.number > 0 {
        memory.put_current(episode);
    }
    if let Some(parked) = &spoken.parked {
        memory.put(Episode { number: memory.next_number(), ..parked.clone() });
    }
    memory
}

fn episode_after(
    situation: Situation<'_>,
    chosen: &Chosen<'_>,
    placed: Placed,
    ladder: &Ladder,
    spoken: &Spoken,
) -> Episode {
    let Situation { input, reading, .. } = situation;
    let mut episode = placed.episode;
    episode.position = ladder.position.clone();
    episode.unresolved_turns = unresolved(situation, chosen, episode.unresolved_turns);
    episode.handoff_declined |= declines(input, reading);
    episode.asked.extend(spoken.asked.clone());
    let asks_order = matches!(spoken.pending, Some(Pending::ChooseOrder { .. }));
    if asks_order && !episode.open_slots.iter().any(|open| open == ORDER) {
        episode.open_slots.push(ORDER.to_owned());
    }
    let made =
        spoken.commitments.iter().map(|planned| Promised { kind: planned.kind.clone(), due: planned.due });
    for made in made.chain(spoken.repeated.iter().map(|(_, promised)| promised.clone())) {
        episode.promises.retain(|promised| promised.kind != made.kind);
        episode.promises.push(made);
    }
    let closes = matter_of(chosen.scenario).is_none()
        && !chosen.scenario.goals.is_empty()
        && chosen.scenario.goals.iter().all(|plan| plan.goal == Goal::Close);
    if hands_over(spoken) {
        episode.state = EpisodeState::WithPeople;
    } else if (closes || reading.feedback == Feedback::Affirmed)
        && spoken.pending.is_none()
        && episode.promises.is_empty()
    {
        episode.state = EpisodeState::Resolved;
    }
    episode
}

/// A question of the reply waits for its answer: what comes next without an intent of its own answers it.
fn asked(spoken: &Spoken) -> Option<Pending> {
    let asks = |planned: &PlannedGoal| matches!(&planned.realisation, Realisation::Ready(draft) if measure::asks(&draft.text));
    (spoken.handoff.is_none() && spoken.goals.iter().any(asks)).then_some(Pending::Answer)
}

fn hands_over(spoken: &Spoken) -> bool {
    spoken.handoff.as_ref().is_some_and(|plan| plan.mode == HandoffMode::Now)
}

/// Until when somebody is to be there: the estimate of the queue, or the time by which a message is answered.
pub fn announced(input: &TurnInput) -> Option<jiff::Timestamp> {
    Some(expected(&input.desk, &input.now))
}

/// A turn counts as unresolved if it rejected or repeated, or was not understood; acceptance clears the count. A
/// pleasant conversation of any length counts nothing.
fn unresolved(situation: Situation<'_>, chosen: &Chosen<'_>, before: u32) -> u32 {
    match situation.reading.feedback {
        Feedback::Affirmed => 0,
        Feedback::Negated | Feedback::Repeated | Feedback::Prodded => before + 1,
        Feedback::None if !chosen.understood || situation.reading.emotion.label.is_negative() => before + 1,
        Feedback::None => before,
    }
}

impl Memory {
    /// Notes in the current episode what was really said: the guard may have let out less than was planned.
    pub fn heard(&mut self, goals: impl Iterator<Item = Goal>, tier: Tier) {
        let Some(mut episode) = self.episode().cloned() else { return };
        for goal in goals {
            match goal {
                Goal::Soothe => episode.comforted = episode.comforted.max(Some(tier.min(Tier::Soothing))),
                Goal::Apologize => episode.apologised = true,
                _ => {}
            }
            if !episode.met.contains(&goal) {
                episode.met.push(goal);
            }
        }
        self.put_current(episode);
    }
}
