//! Which of several matters in one message leads, and what else is asked?

use serde_json::Value;

use super::Situation;
use super::scenario::{Chosen, narrowed};
use crate::pack::types::Scenario;
use crate::record::RecordKind;
use crate::turn::types::{Reading, Stage};

/// Of several matters in one message the gravest leads: a complaint before what was bought, that before what is being
/// bought. Only what a clause of its own says surely counts as a matter; otherwise the surest reading leads.
pub fn leading<'c, 'a>(candidates: &'c [Chosen<'a>], situation: Situation<'_>) -> Option<&'c Chosen<'a>> {
    let reading = situation.reading;
    let surest = candidates.first()?;
    if reading.by_clause.len() < 2 || !said_alone(surest, reading) {
        return Some(surest);
    }
    let alone = candidates.iter().filter(|candidate| said_alone(candidate, reading));
    let alone = alone.filter(|candidate| !lacks_order(candidate.scenario, situation));
    // The first of those that are equally grave is the surest.
    alone.rev().max_by_key(|candidate| gravity(candidate.scenario)).or(Some(surest))
}

/// A matter of an order that somebody who has ordered nothing beside it cannot have: "可以寄给朋友吗，不要放价格".
fn lacks_order(scenario: &Scenario, situation: Situation<'_>) -> bool {
    let Situation { input, facts, .. } = situation;
    let none = facts.order.is_none() && facts.order_choices.is_empty() && facts.unreadable.is_none();
    input.scope.verified_customer().is_some() && none && scenario.needs.contains(&RecordKind::Order)
}

/// What has been delivered is not sent any more: "吸奶器没吸力了 急死" urges nobody to dispatch it.
fn is_over(scenario: &Scenario, situation: Situation<'_>) -> bool {
    let status = situation.facts.order().and_then(|order| order.fields.get("status")?.as_str());
    scenario.topic == "dispatch" && status == Some("delivered")
}

/// Whether nothing is asked: "再看看吧".
fn asks_nothing(scenario: &Scenario) -> bool {
    scenario.handoff.always.is_none() && !scenario.goals.iter().any(|plan| plan.goal.matters())
}

fn said_alone(candidate: &Chosen<'_>, reading: &Reading) -> bool {
    reading.by_clause.iter().any(|guess| guess.intent == candidate.scenario.intent)
}

fn gravity(scenario: &Scenario) -> u8 {
    let trouble = scenario.expect.iter().any(|label| label.is_negative());
    match (scenario.topic.as_str(), scenario.stage) {
        ("complaint" | "person_request", _) => 6,
        ("smalltalk", _) => 0,
        _ if asks_nothing(scenario) => 0,
        (_, Stage::AfterSale) if trouble => 5,
        (_, Stage::AfterSale) => 4,
        // What was paid for and does not come weighs more than a paper about it, and what has to be changed before it is
        // sent more than when that is.
        ("invoice", Stage::InSale) => 1,
        ("order_change", Stage::InSale) => 3,
        (_, Stage::InSale) if trouble => 3,
        (_, Stage::InSale) => 2,
        (_, Stage::PreSale | Stage::Service) => 1,
    }
}

/// What else the clauses of a message ask, the gravest first.
pub fn others<'a>(situation: Situation<'a>, variables: &Value, main: &Chosen<'_>) -> Vec<Chosen<'a>> {
    let Situation { reading, pack, .. } = situation;
    let mut found: Vec<Chosen<'a>> = Vec::new();
    for guess in reading.by_clause.iter().filter(|guess| guess.intent != main.scenario.intent) {
        let Some(scenario) = narrowed(pack, &guess.intent, variables, situation) else { continue };
        let known =
            scenario.id == main.scenario.id || found.iter().any(|other| other.scenario.id == scenario.id);
        let idle =
            scenario.topic == "smalltalk" || lacks_order(scenario, situation) || is_over(scenario, situation);
        if !known && !idle {
            found.push(Chosen { scenario, confidence: guess.confidence, understood: true });
        }
    }
    found.sort_by_key(|other| std::cmp::Reverse(gravity(other.scenario)));
    found
}
