//! What else does the message ask? The main matter leads; what a field answers rides along, and a second real matter is
//! named, so that the customer knows it was heard: "开票的事我接着说".

use super::Situation;
use super::class::Course;
use super::episodes::matter_of;
use super::goals::{Spoken, ready};
use super::scenario::{Chosen, others};
use super::words::Words;
use crate::pack::types::{GoalSource, Scenario};
use crate::turn::types::{Draft, Episode, EpisodeState, Goal, LeftOut, ReplyClass};

/// A second matter is named from this confidence on; to name one that is none is worse than to pass one over.
const SURE_MATTER: f32 = 0.8;

/// The places under which a second matter is named, one a topic, and one for all others.
pub const ALSO: &str = "also";

/// Answers or names what else was asked.
pub fn ride_along(course: &Course<'_>, words: &mut Words<'_>, spoken: &mut Spoken) {
    let situation = words.situation();
    if course.class == ReplyClass::Danger || spoken.handoff.is_some() || spoken.pending.is_some() {
        return;
    }
    let main = Chosen { scenario: course.scenario, confidence: 1.0, understood: true };
    let Some(other) = others(situation, words.variables(), &main).into_iter().next() else { return };
    if let Some(answer) = field_answer(other.scenario, words) {
        spoken.goals.push(ready(answer));
        return;
    }
    let is_matter = matter_of(other.scenario).is_some_and(|matter| matter != course.placed.episode.matter);
    if !is_matter || other.confidence < SURE_MATTER {
        return;
    }
    match named(other.scenario, words) {
        Some(draft) => {
            spoken.goals.push(ready(draft));
            spoken.parked = Some(parked(other.scenario, situation));
        }
        None => spoken
            .left_out
            .push(LeftOut { goal: Goal::Acknowledge, why: format!("also asked: {}", other.scenario.id) }),
    }
}

/// The answer of a scenario that one typed value answers, if the value is there and was not said.
fn field_answer(scenario: &Scenario, words: &mut Words<'_>) -> Option<Draft> {
    let plain = scenario.handoff.always.is_none()
        && scenario
            .goals
            .iter()
            .all(|plan| plan.goal == Goal::Answer || plan.optional || !plan.goal.matters())
        && scenario.goals.iter().any(|plan| plan.goal == Goal::Answer && plan.by == GoalSource::Wording);
    if !plain {
        return None;
    }
    let draft = words.own_draft(&scenario.id, Goal::Answer)?;
    (!draft.slots.is_empty()).then_some(draft)
}

fn named(scenario: &Scenario, words: &mut Words<'_>) -> Option<Draft> {
    words
        .own_draft(&format!("{ALSO}.{}", scenario.topic), Goal::Acknowledge)
        .or_else(|| words.own_draft(ALSO, Goal::Acknowledge))
}

/// The second matter, waiting for its turn.
fn parked(scenario: &Scenario, situation: Situation<'_>) -> Episode {
    let now = situation.input.now.timestamp();
    let question = situation
        .reading
        .by_clause
        .iter()
        .find(|guess| guess.intent == scenario.intent)
        .map_or_else(|| situation.reading.masked.clone(), |guess| guess.why.clone());
    Episode {
        matter: matter_of(scenario).unwrap_or_default(),
        scenario: scenario.id.clone(),
        intent: scenario.intent.clone(),
        question,
        order: situation.facts.order().map(|fact| fact.id.clone()),
        product: situation.facts.product().map(|fact| fact.id.clone()),
        opened_at: now,
        last_at: now,
        state: EpisodeState::Parked,
        contacts: 1,
        ..Episode::default()
    }
}
