//! Where is an order's parcel, and can the order still be changed?

use serde_json::{Map, Value};

use crate::record::{Record, last_event};
use crate::time::Now;

/// States of an order before its parcel has left the warehouse.
const INSIDE: [&str; 3] = ["unpaid", "paid", "processing"];

/// How far an order is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It waits for its payment.
    Unpaid,
    /// It is in the warehouse.
    Inside,
    /// The carrier has it.
    Out,
    /// The customer has it.
    Delivered,
    /// It was cancelled, or everything came back.
    Over,
}

/// How far an order is.
pub fn stage(order: &Record) -> Stage {
    match order.text("status").unwrap_or_default() {
        "unpaid" => Stage::Unpaid,
        status if INSIDE.contains(&status) => Stage::Inside,
        "delivered" => Stage::Delivered,
        "cancelled" | "returned" | "closed" => Stage::Over,
        _ => Stage::Out,
    }
}

/// The parcel that is asked about: the one with the number, or the first.
pub fn parcel<'a>(order: &'a Record, tracking: Option<&str>) -> Option<&'a Map<String, Value>> {
    let parcels = order.shipments();
    match tracking {
        Some(tracking) => parcels.into_iter().find(|parcel| text(parcel, "tracking") == Some(tracking)),
        None => parcels.into_iter().next(),
    }
}

/// Where a parcel was last seen.
pub fn last_place(parcel: &Map<String, Value>, now: &Now) -> Option<String> {
    text(last_event(parcel, now)?, "place").map(str::to_owned)
}

/// The carrier's name, for a sentence.
pub fn carrier(parcel: &Map<String, Value>) -> &str {
    text(parcel, "carrier").unwrap_or("快递")
}

/// Whether somebody is on the way to the door with it, or it is there already.
pub fn is_at_the_door(parcel: &Map<String, Value>) -> bool {
    matches!(text(parcel, "status"), Some("out_for_delivery" | "delivered"))
}

fn text<'a>(fields: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    fields.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}
