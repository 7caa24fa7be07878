//! What to ask when a scenario needs an order and it is not clear which, or nobody has proven whose.

use serde_json::{Value, json};

use super::Situation;
use super::goals::{Spoken, introduce};
use super::words::Words;
use crate::pack::types::Scenario;
use crate::record::RecordKind;
use crate::turn::types::{Draft, Fact, Goal, HandoffMode, Pending, PlannedGoal, Realisation};

/// At most this many orders are offered; more is no choice but a list.
const MOST_CHOICES: usize = 5;

/// Asks for what is missing, or `None` if the scenario has what it needs.
pub fn ask(scenario: &Scenario, situation: Situation<'_>, words: &mut Words<'_>) -> Option<Spoken> {
    let personal = scenario.needs.iter().any(|kind| kind.is_private());
    let goes_to_person = matches!(scenario.handoff.always, Some((_, HandoffMode::Now)))
        || super::handoff::handoff_by_text(situation.pack, &situation.reading.text).is_some();
    if !personal || goes_to_person {
        return None;
    }
    let facts = situation.facts;
    if situation.input.scope.verified_customer().is_none() {
        return said("sign_in", Goal::Answer, None, words);
    }
    if facts.order.is_none() && facts.order_choices.len() > 1 {
        let orders: Vec<&Fact> = facts
            .order_choices
            .iter()
            .filter_map(|index| facts.found.get(*index))
            .take(MOST_CHOICES)
            .collect();
        words.set("choices", json!(choices(&orders, situation)));
        let ids = orders.iter().map(|order| order.id.clone()).collect();
        return said("choose_order", Goal::Collect, Some(Pending::ChooseOrder { orders: ids }), words);
    }
    let absent = scenario.needs.contains(&RecordKind::Order) && facts.order.is_none();
    if absent { said("no_order", Goal::Answer, None, words) } else { None }
}

fn said(place: &str, goal: Goal, pending: Option<Pending>, words: &mut Words<'_>) -> Option<Spoken> {
    let mut spoken = Spoken { pending, ..Spoken::default() };
    introduce(words, &mut spoken);
    let draft: Draft = words.draft(place, goal)?;
    spoken.goals.push(PlannedGoal { goal, realisation: Realisation::Ready(draft), fallback: Vec::new() });
    Some(spoken)
}

/// "① 儿童餐具套装（11月16日） ② …": the text a channel without cards shows.
fn choices(orders: &[&Fact], situation: Situation<'_>) -> String {
    const NUMBERS: [&str; MOST_CHOICES] = ["①", "②", "③", "④", "⑤"];
    let line = |(order, number): (&&Fact, &&str)| {
        let title = order.fields.get("short_title").and_then(Value::as_str).unwrap_or(&order.title);
        match order
            .fields
            .get("placed_at")
            .and_then(Value::as_str)
            .and_then(|at| situation.input.now.parse(at))
        {
            Some(at) => format!("{number} {title}（{}）", situation.input.now.at(at).strftime("%-m月%-d日")),
            None => format!("{number} {title}"),
        }
    };
    orders.iter().zip(NUMBERS.iter()).map(line).collect::<Vec<_>>().join("；")
}
