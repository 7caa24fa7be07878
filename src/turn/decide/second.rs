//! What else does the message ask? The main matter leads; what a field answers rides along, and a second real matter is
//! named, so that the customer knows it was heard: "开票的事我接着说".

use super::Situation;
use super::class::Course;
use super::episodes::matter_of;
use super::goals::{Spoken, applies, evidence_for, ready};
use super::matters::others;
use super::scenario::Chosen;
use super::words::Words;
use crate::pack::types::{GoalPlan, GoalSource, Scenario};
use crate::turn::types::{
    Concern, Draft, Episode, EpisodeState, Fact, Feedback, Goal, LeftOut, Reading, Realisation, ReplyClass,
};

/// A second matter is answered or named from this confidence on; to name one that is none is worse than to pass one over.
const SURE_MATTER: f32 = 0.8;

/// The places under which a second matter is named, one a topic, and one for all others.
pub const ALSO: &str = "also";

/// Answers or names what else was asked.
pub fn ride_along(course: &Course<'_>, words: &mut Words<'_>, spoken: &mut Spoken) {
    let situation = words.situation();
    // "不是问快递，我问的是…" names a matter in order to put it aside.
    let puts_aside = situation.reading.feedback == Feedback::Negated;
    let busy = spoken.handoff.is_some() || spoken.pending.is_some();
    if course.class == ReplyClass::Danger || puts_aside || busy {
        return;
    }
    let main = Chosen { scenario: course.scenario, confidence: 1.0, understood: true };
    let mut open = Vec::new();
    // What can be answered comes before what is only named.
    for other in others(situation, words.variables(), &main) {
        let product = own_product(other.scenario, situation);
        let answer = match product {
            _ if !may_answer(course, &other, product.is_some()) => None,
            Some(product) => words.about(product, |words| answer_to(other.scenario, words)),
            None => answer_to(other.scenario, words),
        };
        match answer {
            Some(answer) if !tells(spoken, &answer) => spoken.goals.push(ready(answer)),
            Some(_) => {}
            None => open.push(other),
        }
    }
    open.iter().for_each(|other| put_off(course, other, words, spoken));
}

/// Two questions about what is being bought are both answered. Of another matter the words must be sure, and the product
/// at hand may be the one that was ordered, unless its clause names one itself; what is wrong with a matter is not answered
/// with its plain field.
fn may_answer(course: &Course<'_>, other: &Chosen<'_>, names_product: bool) -> bool {
    let matter = matter_of(other.scenario);
    if matter == Some(course.placed.episode.matter) {
        return matches!(course.class, ReplyClass::Field | ReplyClass::Hesitant);
    }
    if matter == Some(Concern::Shopping) { names_product } else { other.confidence >= SURE_MATTER }
}

/// The product that the clause of a scenario names.
fn own_product<'a>(scenario: &Scenario, situation: Situation<'a>) -> Option<&'a Fact> {
    situation.facts.product_of(clause_of(scenario, situation.reading)?)
}

/// What one typed value or one entry that asks the very same answers. Where something has to be done, an entry about it
/// does not do it.
fn answer_to(scenario: &Scenario, words: &mut Words<'_>) -> Option<Draft> {
    field_answer(scenario, words).or_else(|| {
        let mut asked = scenario.goals.iter().filter(|plan| applies(plan, words));
        if asked.any(|plan| matches!(plan.goal, Goal::Act | Goal::Commit)) {
            return None;
        }
        let clause = clause_of(scenario, words.situation().reading)?;
        let plan = scenario.goals.iter().find(|plan| plan.goal == Goal::Answer)?;
        evidence_for(plan, clause, words)
    })
}

/// Whether the reply says these values already; the name of a thing is none, and where there are numbers they are what
/// is told.
fn tells(spoken: &Spoken, answer: &Draft) -> bool {
    let told = |value: &String| {
        spoken.goals.iter().any(
            |planned| matches!(&planned.realisation, Realisation::Ready(draft) if draft.text.contains(value)),
        )
    };
    let values = answer.slots.iter().filter(|(slot, _)| !slot.ends_with("title")).map(|(_, value)| value);
    let (numbers, others): (Vec<_>, Vec<_>) =
        values.partition(|value| value.chars().any(|one| one.is_ascii_digit()));
    let values = if numbers.is_empty() { others } else { numbers };
    !values.is_empty() && values.into_iter().all(told)
}

/// The clause in which a scenario was read.
fn clause_of<'r>(scenario: &Scenario, reading: &'r Reading) -> Option<&'r str> {
    let guess = reading.by_clause.iter().find(|guess| guess.intent == scenario.intent)?;
    Some(guess.why.as_str())
}

/// Names a second real matter for later; one is enough, and a third will be asked again.
fn put_off(course: &Course<'_>, other: &Chosen<'_>, words: &mut Words<'_>, spoken: &mut Spoken) {
    let is_matter = matter_of(other.scenario).is_some_and(|matter| matter != course.placed.episode.matter);
    // "再看看吧" asks nothing that could be taken up, and of what is talked about nobody is told that it comes later.
    let asks = other.scenario.goals.iter().any(|plan| plan.goal.matters());
    let is_new = asks && other.scenario.topic != course.scenario.topic;
    if !is_matter || !is_new || other.confidence < SURE_MATTER || spoken.parked.is_some() {
        return;
    }
    match named(other.scenario, words) {
        Some(draft) => {
            spoken.goals.push(ready(draft));
            spoken.parked = Some(parked(other.scenario, words.situation()));
        }
        None => spoken
            .left_out
            .push(LeftOut { goal: Goal::Acknowledge, why: format!("also asked: {}", other.scenario.id) }),
    }
}

/// The answer of a scenario that one typed value answers, if the value is there and was not said.
pub fn field_answer(scenario: &Scenario, words: &mut Words<'_>) -> Option<Draft> {
    let mut asked = scenario.goals.iter().filter(|plan| applies(plan, words));
    let answers = |plan: &GoalPlan| plan.goal == Goal::Answer && plan.by == GoalSource::Wording;
    let plain = scenario.handoff.always.is_none()
        && asked.clone().all(|plan| answers(plan) || plan.optional || !plan.goal.matters())
        && asked.any(answers);
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
    let clause = clause_of(scenario, situation.reading).map(str::to_owned);
    let question = clause.unwrap_or_else(|| situation.reading.masked.clone());
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
