//! The shop's facts as rows: which of them may be read on whose behalf.

mod held;
mod import;
mod order;
mod parcels;
mod rules;
mod write;

use std::collections::{BTreeMap, HashSet};

use serde_json::Map;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

pub use order::Stamp;
pub(super) use rules::ReadRules;
pub(super) use write::next_change;

use super::codec::{from_json, json};
use super::{Store, StoreError};
use crate::identity::{Scope, StaffScope};
use crate::record::{Record, RecordKind};

/// The source of records that came by the API. They are never withdrawn because a file does not have them.
pub const API_SOURCE: &str = "api";

/// A record on its way into the store.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRecord {
    /// The record, checked.
    pub record: Record,
    /// [`API_SOURCE`], or the name of an indexed file.
    pub source: String,
}

/// What became of records that were put.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PutOutcome {
    /// New or changed.
    pub accepted: u64,
    /// The same as before.
    pub unchanged: u64,
    /// Older than what is there, or than its deletion.
    pub stale: u64,
}

/// What became of the records of a source.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReplaceOutcome {
    /// What was put.
    pub put: PutOutcome,
    /// Records that were in the source before and are gone from it.
    pub withdrawn: u64,
}

/// What became of a record that was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// It is no longer shown.
    Withdrawn,
    /// There was none.
    Absent,
    /// What is there is newer than the deletion and stays.
    Stale,
}

/// A change of a record since some point, for an index that catches up.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its number; changes are numbered upwards through the whole store.
    pub change: i64,
    /// The kind of record.
    pub kind: RecordKind,
    /// Its id.
    pub id: String,
    /// What it is now; none if it was withdrawn.
    pub record: Option<Record>,
}

impl Store {
    /// The verified customer's own records of these kinds, each kind newest first; to an order's holder the orders that
    /// are open and their cases; none for anybody else.
    pub async fn own(&self, scope: &Scope, kinds: &[RecordKind]) -> Result<Vec<Record>, StoreError> {
        if let Some(holder) = scope.order_holder() {
            return self.held_records(scope, holder, kinds).await;
        }
        let Some(customer) = scope.verified_customer() else { return Ok(Vec::new()) };
        // What has no date yet (an order that was just placed in a shop that sends no dates) is the newest.
        let row = sqlx::query(
            "SELECT json_group_array(json_array(kind, id, json(body)) \
             ORDER BY kind, happened_at IS NULL DESC, happened_at DESC, LENGTH(id) DESC, id DESC) AS records \
             FROM records WHERE shop = ?1 AND customer = ?2 \
             AND kind IN (SELECT value FROM json_each(?3)) AND withdrawn IS NULL",
        )
        .bind(scope.shop.as_str())
        .bind(customer.as_str())
        .bind(json(&kinds)?)
        .fetch_one(self.readers())
        .await?;
        read_records(&row)
    }

    /// The records of a kind that anybody may see and that belong to a product: its price in the past, its batches.
    pub async fn of_product(
        &self,
        scope: &Scope,
        kind: RecordKind,
        product: &str,
    ) -> Result<Vec<Record>, StoreError> {
        let row = sqlx::query(
            "SELECT json_group_array(json_array(kind, id, json(body)) ORDER BY id) AS records FROM records \
             WHERE shop = ?1 AND kind = ?2 AND private = 0 AND withdrawn IS NULL AND body ->> '$.product' = ?3",
        )
        .bind(scope.shop.as_str())
        .bind(kind.as_str())
        .bind(product)
        .fetch_one(self.readers())
        .await?;
        read_records(&row)
    }

    /// Records by kind and id, in the order asked for; unknown ones, withdrawn ones and private ones of somebody
    /// else are left out.
    pub async fn records(
        &self,
        scope: &Scope,
        wanted: &[(RecordKind, String)],
    ) -> Result<Vec<Record>, StoreError> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let row = sqlx::query(
            "SELECT json_group_array(json_array(r.kind, r.id, json(r.body)) ORDER BY asked.key) AS records \
             FROM json_each(?1) AS asked \
             CROSS JOIN records AS r ON r.shop = ?2 AND r.kind = asked.value ->> 0 AND r.id = asked.value ->> 1 \
             WHERE r.withdrawn IS NULL AND (r.private = 0 OR r.customer = ?3)",
        )
        .bind(json(&wanted)?)
        .bind(scope.shop.as_str())
        .bind(scope.verified_customer().map(|customer| customer.as_str()))
        .fetch_one(self.readers())
        .await?;
        read_records(&row)
    }

    /// All records of a kind, for indexing.
    pub async fn all_records(&self, staff: &StaffScope, kind: RecordKind) -> Result<Vec<Record>, StoreError> {
        let rows = sqlx::query(
            "SELECT kind, id, body FROM records WHERE shop = ?1 AND kind = ?2 AND withdrawn IS NULL ORDER BY id",
        )
        .bind(staff.shop.as_str())
        .bind(kind.as_str())
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_record).collect()
    }

    /// One record, whoever's it is.
    pub async fn record(
        &self,
        staff: &StaffScope,
        kind: RecordKind,
        id: &str,
    ) -> Result<Option<Record>, StoreError> {
        let row = sqlx::query(
            "SELECT kind, id, body FROM records WHERE shop = ?1 AND kind = ?2 AND id = ?3 AND withdrawn IS NULL",
        )
        .bind(staff.shop.as_str())
        .bind(kind.as_str())
        .bind(id)
        .fetch_optional(self.readers())
        .await?;
        row.as_ref().map(read_record).transpose()
    }

    /// Which of these records there are.
    pub async fn present(
        &self,
        staff: &StaffScope,
        asked: &[&(RecordKind, String)],
    ) -> Result<HashSet<(RecordKind, String)>, StoreError> {
        let mut present = HashSet::new();
        for some in asked.chunks(write::CHUNK) {
            let rows = sqlx::query(
                "SELECT r.kind, r.id FROM json_each(?1) AS asked \
                 CROSS JOIN records AS r ON r.shop = ?2 AND r.kind = asked.value ->> 0 AND r.id = asked.value ->> 1 \
                 WHERE r.withdrawn IS NULL",
            )
            .bind(json(&some)?)
            .bind(staff.shop.as_str())
            .fetch_all(self.readers())
            .await?;
            for row in &rows {
                present.insert((read_kind(row)?, row.try_get("id")?));
            }
        }
        Ok(present)
    }

    /// How many records there are of each kind.
    pub async fn counts(&self, staff: &StaffScope) -> Result<BTreeMap<RecordKind, u64>, StoreError> {
        let rows = sqlx::query(
            "SELECT kind, COUNT(*) AS n FROM records WHERE shop = ?1 AND withdrawn IS NULL GROUP BY kind",
        )
        .bind(staff.shop.as_str())
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let count: i64 = row.try_get("n")?;
                Ok((read_kind(row)?, count.unsigned_abs()))
            })
            .collect()
    }

    /// The number of the newest change of a record, 0 if there is none.
    pub async fn last_change(&self, staff: &StaffScope) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT COALESCE(MAX(change), 0) AS change FROM records WHERE shop = ?1")
            .bind(staff.shop.as_str())
            .fetch_one(self.readers())
            .await?;
        Ok(row.try_get("change")?)
    }

    /// What was put or withdrawn at a moment or after it, oldest first: what an index that was built then may not
    /// have.
    pub async fn changes_since(
        &self,
        staff: &StaffScope,
        milliseconds: i64,
    ) -> Result<Vec<Change>, StoreError> {
        let rows = sqlx::query(
            "SELECT change, kind, id, body, withdrawn FROM records \
             WHERE shop = ?1 AND changed_at >= ?2 ORDER BY change, number",
        )
        .bind(staff.shop.as_str())
        .bind(milliseconds)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_change).collect()
    }

    /// What has changed after a change, oldest first: what an index generation built at `after` does not have.
    pub async fn changes(&self, staff: &StaffScope, after: i64) -> Result<Vec<Change>, StoreError> {
        let rows = sqlx::query(
            "SELECT change, kind, id, body, withdrawn FROM records \
             WHERE shop = ?1 AND change > ?2 ORDER BY change, number",
        )
        .bind(staff.shop.as_str())
        .bind(after)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_change).collect()
    }
}

fn kind_of(name: &str) -> Result<RecordKind, StoreError> {
    RecordKind::parse(name).ok_or_else(|| {
        StoreError::Corrupt(format!("the database holds a record of the unknown kind `{name}`"))
    })
}

pub(super) fn read_kind(row: &SqliteRow) -> Result<RecordKind, StoreError> {
    kind_of(&row.try_get::<String, _>("kind")?)
}

/// All records of a query that gives them as one JSON array. The database answers from a thread of its own, and every
/// row it hands over costs a change of threads: a turn that reads fifty records one by one waits for that, not for the
/// disk.
fn read_records(row: &SqliteRow) -> Result<Vec<Record>, StoreError> {
    let records: String = row.try_get("records")?;
    let records: Vec<(String, String, Map<String, serde_json::Value>)> = from_json(&records)?;
    records.into_iter().map(|(kind, id, fields)| Ok(Record { kind: kind_of(&kind)?, id, fields })).collect()
}

pub(super) fn read_record(row: &SqliteRow) -> Result<Record, StoreError> {
    let body: String = row.try_get("body")?;
    let fields: Map<String, serde_json::Value> = from_json(&body)?;
    Ok(Record { kind: read_kind(row)?, id: row.try_get("id")?, fields })
}

fn read_change(row: &SqliteRow) -> Result<Change, StoreError> {
    let withdrawn: Option<String> = row.try_get("withdrawn")?;
    let record = if withdrawn.is_some() { None } else { Some(read_record(row)?) };
    Ok(Change { change: row.try_get("change")?, kind: read_kind(row)?, id: row.try_get("id")?, record })
}
