//! Which of two writes of the same record is the newer one, from what stands in it.

use serde_json::{Map, Value};

use crate::record::moment;
use crate::time::Now;

/// What orders the writes of one record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stamp {
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
    /// Whether it orders anything.
    pub fn is_empty(self) -> bool {
        self.version.is_none() && self.updated_at.is_none()
    }

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
    pub(super) fn is_stale(self, there: Self, standing: Standing) -> bool {
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
