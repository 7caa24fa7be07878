//! What does nobody report, and is an event all the same? A day that begins for a customer, a product that is there again or
//! costs less.

use serde_json::{Map, Value, json};

use super::{Consents, EventType, Person, ShopEvent};
use crate::identity::CustomerId;
use crate::record::{Record, derived_fields};
use crate::time::Now;

/// The event of a day, written as a date, that begins for a customer; none for whoever has not agreed to care.
pub fn day_of(customer: &Record, today: &str, now: &Now) -> Option<ShopEvent> {
    let consents = Consents::of_record(customer);
    if consents.marketing != Some(true) || !consents.opens_profile() {
        return None;
    }
    let id = CustomerId::new(&customer.id).ok()?;
    Some(ShopEvent {
        id: format!("day:{today}:{id}"),
        kind: EventType::DayBegun,
        person: Some(Person::Customer(id)),
        product: None,
        order: None,
        conversation: None,
        detail: Map::new(),
        at: now.timestamp(),
    })
}

/// A product's price and stock as they are now.
pub fn seen_of(record: &Record, now: &Now) -> (Option<f64>, Option<i64>) {
    let stock = derived_fields(record, now).get("stock").and_then(Value::as_i64);
    (record.money("price"), stock)
}

/// What has happened to a product since its price and stock were seen, with the details of the event.
pub fn changes_of(
    record: &Record,
    (price, stock): (Option<f64>, Option<i64>),
    now: &Now,
) -> Vec<(EventType, Map<String, Value>)> {
    let (price_now, stock_now) = seen_of(record, now);
    let mut changes = Vec::new();
    if let (Some(before), Some(after)) = (price, price_now)
        && after < before
    {
        let detail = Map::from_iter([("price_before".to_owned(), json!(before))]);
        changes.push((EventType::PriceDropped, detail));
    }
    if stock == Some(0) && stock_now.is_some_and(|stock| stock > 0) {
        changes.push((EventType::Restocked, Map::new()));
    }
    changes
}
