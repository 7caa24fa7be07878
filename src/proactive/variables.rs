//! What do conditions and wording of a rule read? The event, what the person has done, and what the records say now.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{Consents, History, ShopEvent};
use crate::record::{Record, RecordKind};
use crate::time::Now;
use crate::turn::types::Fact;

/// Builds the variables from the facts of the moment. `product` is the one the rule is about; of several facts of a kind the
/// first counts.
pub fn variables(
    event: &ShopEvent,
    (history, product): (&History, Option<&str>),
    facts: &[Fact],
    now: &Now,
) -> Value {
    let mut variables = Map::new();
    for (name, kind) in [
        ("order", RecordKind::Order),
        ("shipment", RecordKind::Shipment),
        ("product", RecordKind::Product),
        ("promotion", RecordKind::Promotion),
        ("aftersale", RecordKind::Aftersale),
        ("customer", RecordKind::Customer),
    ] {
        if let Some(fact) = facts.iter().find(|fact| fact.kind == kind) {
            variables.insert(name.to_owned(), fact.fields.clone());
        }
    }
    // The second product is what the first one leads to.
    let offered = facts.iter().filter(|fact| fact.kind == RecordKind::Product).nth(1);
    if let Some(offered) = offered {
        variables.insert("offer".to_owned(), offered.fields.clone());
    }
    variables.insert("event".to_owned(), event_variable(event, now));
    variables.insert("history".to_owned(), history.as_variable(event, product));
    Value::Object(variables)
}

fn event_variable(event: &ShopEvent, now: &Now) -> Value {
    let mut fields = event.detail.clone();
    fields.insert("type".to_owned(), json!(event.kind));
    fields.insert("at".to_owned(), now.at(event.at).strftime("%Y-%m-%d %H:%M:%S").to_string().into());
    for (name, value) in [("product", &event.product), ("order", &event.order)] {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value.as_str().into());
        }
    }
    Value::Object(fields)
}

/// What rules may know of a customer: what wording may know anyway, and of the child no more than how many months old it is
/// and whether today is its birthday, and that only if the customer has agreed to it.
pub fn customer_fact(record: &Record, now: &Now) -> Fact {
    let mut fact = Fact::of(record, now);
    let birthday = record.fields.get("profile").and_then(|profile| profile.get("child_birthday"));
    let birthday = birthday.and_then(Value::as_str).and_then(|text| text.parse::<Date>().ok());
    let agreed = Consents::of(Some(&Value::Object(record.fields.clone()))).opens_profile();
    let Some((birthday, fields)) = birthday.filter(|_| agreed).zip(fact.fields.as_object_mut()) else {
        return fact;
    };
    let today = now.zoned().date();
    // A birthday to come is a slip of the pen: nothing follows from it.
    if let Ok(span) = birthday.until((jiff::Unit::Month, today))
        && birthday <= today
    {
        fields.insert("child_months".to_owned(), span.get_months().into());
        let is_today = (birthday.month(), birthday.day()) == (today.month(), today.day());
        fields.insert("child_birthday_today".to_owned(), is_today.into());
    }
    fact
}
