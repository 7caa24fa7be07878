//! The one object that conditions and wording slots read. Absent things are simply not there.

use serde_json::{Map, Value, json};

use crate::record::RecordKind;
use crate::turn::types::{Author, Fact, Facts, TurnInput};

/// Builds `variables` from the facts and the state of the conversation. `shop`, `assistant`, `verdict`, `commitment`
/// are added by those who know them.
pub fn variables(facts: &Facts, input: &TurnInput) -> Value {
    let mut variables = Map::new();
    let mut put = |name: &str, fact: Option<&Fact>| {
        if let Some(fact) = fact {
            variables.insert(name.into(), fact.fields.clone());
        }
    };
    put("order", facts.order());
    put("product", facts.product());
    // Parcels of orders that are only offered are not facts, so the first parcel is the focused one.
    put("shipment", facts.of_kind(RecordKind::Shipment).next());
    for (name, kind) in [
        ("aftersale", RecordKind::Aftersale),
        ("promotion", RecordKind::Promotion),
        ("coupon", RecordKind::Coupon),
        ("batch", RecordKind::Batch),
        ("notice", RecordKind::Notice),
    ] {
        put(name, facts.of_kind(kind).next());
    }
    for (name, kind) in [
        ("promotions", RecordKind::Promotion),
        ("coupons", RecordKind::Coupon),
        ("prices", RecordKind::PriceHistory),
    ] {
        let all: Vec<Value> = facts.of_kind(kind).map(|fact| fact.fields.clone()).collect();
        if !all.is_empty() {
            variables.insert(name.into(), all.into());
        }
    }
    if let Some(item) = item(facts) {
        variables.insert("item".into(), item);
    }
    if let Some(customer) = &facts.customer {
        variables.insert("customer".into(), customer.clone());
    }
    variables.insert("desk".into(), desk(input));
    variables.insert(
        "conversation".into(),
        json!({
            "unresolved_turns": input.memory.episode().map_or(0, |episode| episode.unresolved_turns),
            "first_turn": !input.history.iter().any(|message| message.author == Author::Assistant),
        }),
    );
    Value::Object(variables)
}

/// The line of the order that is in question, with its place among all lines; none while it is not known which.
fn item(facts: &Facts) -> Option<Value> {
    let items = facts.order()?.fields.get("items")?.as_array()?;
    let paid_for = |item: &Value| item.get("gift").and_then(Value::as_bool) != Some(true);
    let mut lines = items.iter().enumerate().filter(|(_, item)| paid_for(item));
    let product = facts.product().filter(|_| !facts.product_is_guessed);
    let meant = match (lines.clone().count(), product) {
        (1, _) => lines.next(),
        (_, Some(product)) => lines.find(|(_, item)| item.get("product") == product.fields.get("id")),
        _ => None,
    };
    let (place, item) = meant?;
    let mut item = item.clone();
    item["place"] = place.into();
    Some(item)
}

fn desk(input: &TurnInput) -> Value {
    let shown = |moment| input.now.at(moment).strftime("%Y-%m-%d %H:%M:%S").to_string();
    let mut desk = Map::new();
    desk.insert("open".into(), input.desk.open.into());
    desk.insert("ahead".into(), input.desk.ahead.into());
    desk.insert("crowded".into(), input.desk.crowded.into());
    desk.insert("due".into(), shown(input.desk.answer_due).into());
    if let Some(opens_at) = input.desk.opens_at {
        desk.insert("opens_at".into(), shown(opens_at).into());
    }
    if let Some(minutes) = input.desk.wait_minutes {
        desk.insert("wait_minutes".into(), minutes.into());
    }
    Value::Object(desk)
}
