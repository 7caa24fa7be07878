//! Which of two writes of the same record is the newer one, from what stands in it.

use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::record::RecordKind;
use crate::time::Now;

/// What orders the writes of one record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Stamp {
    /// The shop's own version of the record.
    pub version: Option<i64>,
    /// When the shop changed it, in milliseconds.
    pub updated_at: Option<i64>,
}

/// What is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// In force.
    Live,
    /// Deleted by name: only something newer brings it back.
    Deleted,
    /// Gone from its file: the same thing may come back with the file.
    Gone,
}

impl Stamp {
    /// Reads `version` and `updated_at` of a record.
    pub fn of(fields: &Map<String, Value>, now: &Now) -> Self {
        Self {
            version: fields.get("version").and_then(whole_number),
            updated_at: fields.get("updated_at").and_then(|value| moment(value, now)),
        }
    }

    /// The later of each, so that a write without a stamp does not open the door to older ones.
    pub fn or(self, earlier: Self) -> Self {
        Self { version: self.version.or(earlier.version), updated_at: self.updated_at.or(earlier.updated_at) }
    }

    /// Whether a write with this stamp comes too late for what is there. Versions decide before times; writes
    /// that cannot be compared count in the order in which they arrive.
    pub fn is_stale(self, there: Self, standing: Standing) -> bool {
        let late = |mine: i64, theirs: i64| match standing {
            Standing::Live | Standing::Gone => mine < theirs,
            Standing::Deleted => mine <= theirs,
        };
        match (self.version, there.version, self.updated_at, there.updated_at) {
            (Some(mine), Some(theirs), _, _) if mine != theirs => late(mine, theirs),
            (_, _, Some(mine), Some(theirs)) => late(mine, theirs),
            (Some(mine), Some(theirs), _, _) => late(mine, theirs),
            _ => false,
        }
    }
}

/// When the thing a record tells of happened: what "newest first" means for orders, cases and coupons.
pub(super) fn happened_at(kind: RecordKind, fields: &Map<String, Value>, now: &Now) -> Option<i64> {
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

/// All parcels of an order, wherever they stand.
fn parcels(fields: &Map<String, Value>) -> impl Iterator<Item = &Value> {
    let several = fields.get("shipments").and_then(Value::as_array).into_iter().flatten();
    fields.get("shipment").into_iter().chain(several)
}

fn whole_number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| {
            // A fraction is cut off: versions that differ only there count in the order of arrival.
            number.as_f64().filter(|number| number.is_finite()).map(|number| number.floor() as i64)
        }),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A time as shops write it: text, or seconds or milliseconds since 1970.
fn moment(value: &Value, now: &Now) -> Option<i64> {
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
