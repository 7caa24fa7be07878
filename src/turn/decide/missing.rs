//! What to ask when a scenario needs an order and it is not clear which, or nobody has proven whose; and when a policy
//! cannot be judged without something that only the customer knows.

use serde_json::{Value, json};

use super::Situation;
use super::goals::{Spoken, handoff_line, introduce, mode_for, ready};
use super::handoff::by_the_load;
use super::measure;
use super::offer::{listed, numbered};
use super::verdict::Asking;
use super::words::Words;
use crate::pack::types::Scenario;
use crate::policy::ITEM;
use crate::record::RecordKind;
use crate::turn::types::{
    Choice, Episode, Fact, Goal, HandoffMode, HandoffPlan, HandoffReason, OrderProof, Pending, ProofOutcome,
};

/// At most this many orders are offered; more is no choice but a list.
const MOST_CHOICES: usize = 5;

/// Asks for what is missing, or `None` if the scenario has what it needs.
pub fn ask(
    scenario: &Scenario,
    situation: Situation<'_>,
    episode: &Episode,
    words: &mut Words<'_>,
) -> Option<Spoken> {
    let goes_to_person = matches!(scenario.handoff.always, Some((_, HandoffMode::Now)))
        || super::handoff::handoff_by_text(situation.pack, &situation.reading.text).is_some();
    if goes_to_person {
        return None;
    }
    let personal = scenario.needs.iter().any(|kind| kind.is_private());
    if let Some(asked) = ask_for_proof(scenario, situation, personal) {
        return said((asked.place, asked.goal), asked.pending, episode, words);
    }
    if !personal {
        return None;
    }
    let facts = situation.facts;
    if let Some(why) = scenario.needs.iter().find_map(|kind| facts.why_unreadable(*kind)) {
        return Some(cannot_be_read(why, scenario, words));
    }
    if facts.order_unknown && situation.input.scope.verified_customer().is_some() {
        return said(("unknown_order", Goal::Answer), None, episode, words);
    }
    if facts.order.is_none() && facts.order_choices.len() > 1 {
        let orders: Vec<&Fact> = facts
            .order_choices
            .iter()
            .filter_map(|index| facts.found.get(*index))
            .take(MOST_CHOICES)
            .collect();
        let choices = numbered(orders.iter().map(|order| order_name(order, situation)));
        words.set("choices", json!(listed(&choices)));
        let ids = orders.iter().map(|order| order.id.clone()).collect();
        let pending = Some(Pending::ChooseOrder { orders: ids });
        let asked = said(("choose_order", Goal::Collect), pending, episode, words);
        return asked.map(|spoken| offering(spoken, choices));
    }
    let absent = scenario.needs.contains(&RecordKind::Order) && facts.order.is_none();
    if absent { said(("no_order", Goal::Answer), None, episode, words) } else { None }
}

/// Asks for what a policy cannot be judged without; nothing is asked where a person takes over anyway.
pub fn ask_fact(
    asking: Option<&Asking>,
    plan: Option<&HandoffPlan>,
    words: &mut Words<'_>,
) -> Option<Spoken> {
    let asking = asking.filter(|_| plan.is_none_or(|plan| plan.mode != HandoffMode::Now))?;
    let mut choices = Vec::new();
    let draft = if asking.question.about == ITEM {
        choices = super::flow::items_offered(words.variables());
        words.set("choices", json!(listed(&choices)));
        words.own_draft("choose_item", Goal::Collect)
    } else {
        asking.draft(words)
    }?;
    let pending = Some(Pending::Answer);
    let mut spoken = Spoken { pending, choices, asked: vec![asking.place()], ..Spoken::default() };
    introduce(words, &mut spoken);
    let introduced = !spoken.goals.is_empty();
    spoken.goals.push(ready(draft));
    measure::fit(&mut spoken, introduced);
    Some(spoken)
}

/// The question that was asked, with what it offers; nothing is offered where a person has to help instead.
fn offering(spoken: Spoken, choices: Vec<Choice>) -> Spoken {
    if spoken.pending.is_none() { spoken } else { Spoken { choices, ..spoken } }
}

/// A question about whose order it is.
struct Asked {
    place: &'static str,
    goal: Goal,
    pending: Option<Pending>,
}

/// What to say to somebody who has not signed in about orders: how one is opened, or what came of trying. Whether an
/// order exists is never told.
fn ask_for_proof(scenario: &Scenario, situation: Situation<'_>, personal: bool) -> Option<Asked> {
    let input = situation.input;
    if input.scope.verified_customer().is_some() {
        return None;
    }
    let waits = |place, goal, order: Option<&String>| {
        Some(Asked { place, goal, pending: Some(Pending::ProveOrder { order: order.cloned() }) })
    };
    let was_asked = matches!(input.memory.pending, Some(Pending::ProveOrder { .. }));
    match input.proof.outcome() {
        Some(ProofOutcome::Refused) => return waits("prove_order.refused", Goal::Answer, None),
        Some(ProofOutcome::Locked) => {
            return Some(Asked { place: "prove_order.locked", goal: Goal::Answer, pending: None });
        }
        Some(ProofOutcome::Opened) if input.proof.is_bare() && !personal => {
            let question = situation.reading.masked.clone();
            let pending = Some(Pending::Clarify { guesses: Vec::new(), question });
            return Some(Asked { place: "prove_order.opened", goal: Goal::Collect, pending });
        }
        // The number of another order than those that are open asks for that one.
        Some(ProofOutcome::Half(order)) if personal || (was_asked && input.proof.is_bare()) => {
            let place = if order.is_some() { "prove_order.phone" } else { "prove_order.number" };
            return waits(place, Goal::Collect, order.as_ref());
        }
        _ => {}
    }
    // An order that was opened by itself opens neither coupons nor a profile.
    let by_order = scenario
        .needs
        .iter()
        .filter(|kind| kind.is_private())
        .all(|kind| matches!(kind, RecordKind::Order | RecordKind::Shipment | RecordKind::Aftersale));
    match (personal, by_order) {
        (false, _) => None,
        (true, true) if input.scope.reaches_orders() => None,
        (true, true) if input.proof != OrderProof::Off => waits("prove_order", Goal::Collect, None),
        _ => Some(Asked { place: "sign_in", goal: Goal::Answer, pending: None }),
    }
}

/// What is needed is kept in a system that does not answer: that is said, never that there is nothing, and a person
/// who can look elsewhere goes on.
fn cannot_be_read(why: &str, scenario: &Scenario, words: &mut Words<'_>) -> Spoken {
    let plan = HandoffPlan {
        reason: HandoffReason::Unavailable,
        detail: Some("orders".to_owned()),
        mode: mode_for(scenario.stage),
        why: format!("the shop's order system: {why}"),
    };
    let plan = by_the_load(plan, &words.situation().input.desk);
    let mut spoken = Spoken::default();
    introduce(words, &mut spoken);
    let introduced = !spoken.goals.is_empty();
    spoken.goals.extend(handoff_line(None, &plan, words).map(ready));
    spoken.handoff = Some(plan);
    measure::fit(&mut spoken, introduced);
    spoken
}

/// Asks for it once, with what the customer gains by giving it. Asked again, the assistant says what goes without it; where
/// nothing is left to say, a person has to help.
fn said(
    (place, goal): (&str, Goal),
    pending: Option<Pending>,
    episode: &Episode,
    words: &mut Words<'_>,
) -> Option<Spoken> {
    let mut spoken = Spoken { pending, asked: vec![place.to_owned()], ..Spoken::default() };
    introduce(words, &mut spoken);
    let introduced = !spoken.goals.is_empty();
    let asked_before = episode.asked.iter().any(|known| known == place);
    let again = if asked_before { words.own_draft(&format!("{place}.again"), goal) } else { None };
    match again.or_else(|| words.own_draft(place, goal)) {
        Some(draft) => spoken.goals.push(ready(draft)),
        None => leave_to_a_person(words, &mut spoken),
    }
    measure::fit(&mut spoken, introduced);
    Some(spoken)
}

fn leave_to_a_person(words: &mut Words<'_>, spoken: &mut Spoken) {
    let plan = HandoffPlan {
        reason: HandoffReason::UnresolvedTurns,
        detail: Some("said_all".to_owned()),
        mode: HandoffMode::Now,
        why: "what is missing was asked for and did not come".to_owned(),
    };
    let plan = by_the_load(plan, &words.situation().input.desk);
    spoken.pending = None;
    spoken.goals.extend(handoff_line(None, &plan, words).map(ready));
    spoken.handoff = Some(plan);
}

/// "儿童餐具套装（11月16日）".
fn order_name(order: &Fact, situation: Situation<'_>) -> String {
    let title = order.fields.get("short_title").and_then(Value::as_str).unwrap_or(&order.title);
    let placed = order.fields.get("placed_at").and_then(Value::as_str);
    match placed.and_then(|at| situation.input.now.parse(at)) {
        Some(at) => format!("{title}（{}）", situation.input.now.at(at).strftime("%-m月%-d日")),
        None => title.to_owned(),
    }
}
