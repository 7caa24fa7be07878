//! What to ask when a scenario needs an order and it is not clear which, or nobody has proven whose.

use serde_json::{Value, json};

use super::Situation;
use super::goals::{Spoken, handoff_line, introduce, mode_for, ready};
use super::measure;
use super::words::Words;
use crate::pack::types::Scenario;
use crate::record::RecordKind;
use crate::turn::types::{Episode, Fact, Goal, HandoffMode, HandoffPlan, HandoffReason, Pending};

/// At most this many orders are offered; more is no choice but a list.
const MOST_CHOICES: usize = 5;

/// Asks for what is missing, or `None` if the scenario has what it needs.
pub fn ask(
    scenario: &Scenario,
    situation: Situation<'_>,
    episode: &Episode,
    words: &mut Words<'_>,
) -> Option<Spoken> {
    let personal = scenario.needs.iter().any(|kind| kind.is_private());
    let goes_to_person = matches!(scenario.handoff.always, Some((_, HandoffMode::Now)))
        || super::handoff::handoff_by_text(situation.pack, &situation.reading.text).is_some();
    if !personal || goes_to_person {
        return None;
    }
    let facts = situation.facts;
    if situation.input.scope.verified_customer().is_none() {
        return said(("sign_in", Goal::Answer), None, episode, words);
    }
    if let Some(why) = scenario.needs.iter().find_map(|kind| facts.why_unreadable(*kind)) {
        return Some(cannot_be_read(why, scenario, words));
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
        let pending = Some(Pending::ChooseOrder { orders: ids });
        return said(("choose_order", Goal::Collect), pending, episode, words);
    }
    let absent = scenario.needs.contains(&RecordKind::Order) && facts.order.is_none();
    if absent { said(("no_order", Goal::Answer), None, episode, words) } else { None }
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
    spoken.pending = None;
    spoken.goals.extend(handoff_line(None, &plan, words).map(ready));
    spoken.handoff = Some(plan);
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
