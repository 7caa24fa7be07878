//! Which rules does an event begin, for what cause, and when would their word be said? Pure; what may be said is decided at
//! that moment, see `brakes.rs`.

use jiff::civil::Time;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{History, Known, Reason, ShopEvent, variables};
use crate::pack::condition::Condition;
use crate::pack::proactive::{Cause, Moment, NudgeRule, Proactive};
use crate::record::RecordKind;
use crate::time::Now;

/// What an event is judged by.
#[derive(Debug, Clone, Copy)]
pub struct Begun<'a> {
    /// The event.
    pub event: &'a ShopEvent,
    /// What its person has done, the event itself included.
    pub history: &'a History,
    /// What the records say.
    pub known: &'a Known,
    /// The moment.
    pub now: &'a Now,
}

/// A word that is to be said first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The rule.
    pub rule: String,
    /// What it is said once for.
    pub cause: String,
    /// The product it is about.
    pub product: Option<String>,
    /// When it is to be said.
    pub due: Timestamp,
    /// From then on it is too late.
    pub expires: Timestamp,
    /// Whether one that is planned for the same cause is put off to this time.
    pub renews: bool,
}

/// The words that an event begins, those of the highest priority first. What could only be said too late is not among them.
pub fn plan(rules: &Proactive, begun: Begun<'_>) -> Vec<Planned> {
    if !rules.brakes.enabled {
        return Vec::new();
    }
    let rules = rules.begun_by(begun.event.kind).filter(|rule| rule.enabled);
    rules.flat_map(|rule| planned_by(rule, begun)).collect()
}

fn planned_by(rule: &NudgeRule, begun: Begun<'_>) -> Vec<Planned> {
    let products: Vec<Option<String>> = match rule.once_per {
        Cause::Item => ordered_products(begun.known).into_iter().map(Some).collect(),
        _ => vec![begun.event.product.clone().or_else(|| ordered_products(begun.known).into_iter().next())],
    };
    products.into_iter().filter_map(|product| planned(rule, begun, product)).collect()
}

fn planned(rule: &NudgeRule, begun: Begun<'_>, product: Option<String>) -> Option<Planned> {
    let Begun { event, history, now, .. } = begun;
    let variables = variables(event, (history, product.as_deref()), (begun.known, rule.offers), now);
    if !holds(rule.when.as_ref(), &variables, now) {
        return None;
    }
    let cause = cause_of(rule.once_per, event, product.as_deref(), (&variables, now))?;
    let due = due_of(&rule.moment, event.at, &variables, now)?;
    let expires = expires_at(rule, due, &variables, now)?;
    let in_time = expires > now.timestamp();
    in_time.then(|| Planned { rule: rule.id.clone(), cause, product, due, expires, renews: rule.renewed })
}

/// Whether a condition holds. One that mixes types is refused when the pack is read, as far as can be known then; beyond
/// that nothing is said.
pub fn holds(condition: Option<&Condition>, variables: &Value, now: &Now) -> bool {
    condition.is_none_or(|condition| condition.holds(variables, now).unwrap_or(false))
}

/// Why a word that was planned would not be true or has no cause any more, by what is known at the moment of sending.
pub fn untrue(
    rule: &NudgeRule,
    (event, history): (&ShopEvent, &History),
    variables: &Value,
    now: &Now,
) -> Option<Reason> {
    if history.came_after(&rule.cancelled_by, event.order.as_deref(), event.at) {
        return Some(Reason::CauseGone);
    }
    let condition = rule.still.as_ref().or(rule.when.as_ref());
    (!holds(condition, variables, now)).then_some(Reason::NotTrueAnyMore)
}

/// The products of the order, gifts left out, each once.
pub fn ordered_products(known: &Known) -> Vec<String> {
    let Some(order) = known.first(RecordKind::Order) else { return Vec::new() };
    let lines = order.fields.get("items").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut products: Vec<String> = Vec::new();
    for line in lines.iter().filter(|line| line.get("gift").and_then(Value::as_bool) != Some(true)) {
        if let Some(product) = line.get("product").and_then(Value::as_str)
            && !products.iter().any(|known| known == product)
        {
            products.push(product.to_owned());
        }
    }
    products
}

fn cause_of(
    once_per: Cause,
    event: &ShopEvent,
    product: Option<&str>,
    (variables, now): (&Value, &Now),
) -> Option<String> {
    let day = now.at(event.at);
    Some(match once_per {
        Cause::Product => format!("product:{}", product?),
        Cause::Order => format!("order:{}", event.order.as_ref()?),
        Cause::Item => format!("order:{} product:{}", event.order.as_ref()?, product?),
        Cause::Conversation => format!("conversation:{}", event.conversation.as_ref()?),
        Cause::Event => format!("event:{}", event.id),
        Cause::Day => format!("day:{}", day.date()),
        Cause::Year => format!("year:{}", day.year()),
        Cause::ChildMonth => {
            format!("child_month:{}", variables.pointer("/customer/child_months")?.as_u64()?)
        }
    })
}

fn due_of(moment: &Moment, at: Timestamp, variables: &Value, now: &Now) -> Option<Timestamp> {
    match moment {
        Moment::Now => Some(at),
        Moment::After { wait, at: time } => on_time(at.checked_add(*wait).ok()?, *time, now),
        Moment::DaysOf { field, less, at: time } => {
            let days = lookup(variables, field)?.as_i64()? - less;
            let wait = SignedDuration::from_hours(days.checked_mul(24)?.max(0));
            on_time(at.checked_add(wait).ok()?, *time, now)
        }
        Moment::Before { field, lead } => {
            let end = end_of(field, variables, now)?;
            // Where there was little time from the start, half of it is the customer's own: who has just placed an order that
            // lapses in half an hour is about to pay for it.
            let lead = (*lead).min(end.duration_since(at) / 2).max(SignedDuration::ZERO);
            let due = end.checked_sub(lead).ok()?;
            (end > now.timestamp()).then(|| due.max(now.timestamp()))
        }
    }
}

/// When it is too late. What comes before a time does not come after it.
fn expires_at(rule: &NudgeRule, due: Timestamp, variables: &Value, now: &Now) -> Option<Timestamp> {
    let expires = due.checked_add(rule.expires_after).ok()?;
    match &rule.moment {
        Moment::Before { field, .. } => Some(expires.min(end_of(field, variables, now)?)),
        _ => Some(expires),
    }
}

/// The time that a field says.
fn end_of(field: &str, variables: &Value, now: &Now) -> Option<Timestamp> {
    now.parse(lookup(variables, field)?.as_str()?)
}

/// The next such time of day at or after a moment, in shop time.
fn on_time(moment: Timestamp, time: Option<Time>, now: &Now) -> Option<Timestamp> {
    let Some(time) = time else { return Some(moment) };
    let local = now.at(moment);
    let today = local.with().time(time).build().ok()?;
    let due = if today < local { today.checked_add(jiff::Span::new().days(1)).ok()? } else { today };
    Some(due.timestamp())
}

fn lookup<'a>(variables: &'a Value, path: &str) -> Option<&'a Value> {
    path.split('.').try_fold(variables, |value, key| value.get(key)).filter(|value| !value.is_null())
}
