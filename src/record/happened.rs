//! When did the thing a record tells of happen? That is what "newest first" means for orders, cases and coupons.

use std::cmp::Reverse;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{Record, RecordKind};
use crate::time::Now;

/// When the thing a record tells of happened, in milliseconds since 1970; `None` if it says nothing of it.
pub fn happened_at(kind: RecordKind, fields: &Map<String, Value>, now: &Now) -> Option<i64> {
    let names: &[&str] = match kind {
        RecordKind::Order => &["placed_at", "created_at", "paid_at"],
        RecordKind::Aftersale => &["created_at", "opened_at", "requested_at", "applied_at"],
        RecordKind::Coupon => &["valid_from", "created_at"],
        _ => return None,
    };
    let named = names.iter().find_map(|name| moment(fields.get(*name)?, now));
    if named.is_some() || kind != RecordKind::Order {
        return named;
    }
    // An order without a date of its own is at least as old as the first thing its parcel lived through.
    parcels(fields)
        .flat_map(|parcel| parcel.get("events").and_then(Value::as_array).into_iter().flatten())
        .filter_map(|event| moment(event.get("at")?, now))
        .min()
}

/// Puts records into the order in which people mean them: the newest first. What has no date yet (an order that was
/// just placed in a shop that sends no dates) is the newest; of two at the same moment the longer and greater id.
pub fn newest_first(records: &mut [Record], now: &Now) {
    records.sort_by_cached_key(|record| {
        let happened = happened_at(record.kind, &record.fields, now).map(Reverse);
        (happened, Reverse(record.id.chars().count()), Reverse(record.id.clone()))
    });
}

/// A time as shops write it: text, or seconds or milliseconds since 1970. In milliseconds.
pub fn moment(value: &Value, now: &Now) -> Option<i64> {
    /// Above this a number can only be milliseconds: as seconds it would lie beyond the year 5000.
    const SECONDS_LIMIT: i64 = 100_000_000_000;
    match value {
        Value::String(text) => now.parse(text).map(Timestamp::as_millisecond),
        Value::Number(number) => {
            number.as_i64().map(|number| if number < SECONDS_LIMIT { number * 1000 } else { number })
        }
        _ => None,
    }
}

/// All parcels of an order, wherever they stand.
fn parcels(fields: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let several = fields.get("shipments").and_then(Value::as_array).into_iter().flatten();
    fields.get("shipment").into_iter().chain(several)
}
