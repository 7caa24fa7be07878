//! How facts change: put, withdrawn, replaced file by file, each as one transaction that an older write cannot undo.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, Sqlite};

use super::order::{Stamp, Standing};
use super::parcels::keep_parcels;
use super::{API_SOURCE, NewRecord, PutOutcome, Withdrawal};
use crate::identity::StaffScope;
use crate::record::{Record, RecordKind, happened_at};
use crate::store::codec::{from_json, json};
use crate::store::flows::wake_of_order;
use crate::store::tickets::audit;
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;

/// How many records are looked up in one statement.
pub(super) const CHUNK: usize = 500;

/// How many records are written in one statement, each with thirteen values.
const ROWS: usize = 100;

/// One more than the newest change. Inside a write it cannot be taken twice.
const NEXT_CHANGE: &str = "SELECT COALESCE(MAX(change), 0) + 1 AS change FROM records";

impl Store {
    /// Puts records, all or none of them.
    pub async fn put_records(
        &self,
        staff: &StaffScope,
        records: Vec<NewRecord>,
        now: &Now,
    ) -> Result<PutOutcome, StoreError> {
        let (staff, now) = (staff.clone(), now.clone());
        // An import gives way to customers; a single fact is as urgent as a message.
        if records.len() <= CHUNK {
            self.write(move |transaction| {
                Box::pin(async move { put(transaction, &staff, records, &now).await })
            })
            .await
        } else {
            self.import(&staff, records, &now).await
        }
    }

    /// Deletes a record. What is left keeps its stamp, so that an older put does not bring it back; a deletion with a
    /// stamp may even come before the put it undoes, and one that is older than what is there deletes nothing.
    pub async fn withdraw(
        &self,
        staff: &StaffScope,
        record: (RecordKind, &str),
        when: Stamp,
        now: &Now,
    ) -> Result<Withdrawal, StoreError> {
        let (staff, now, kind, id) = (staff.clone(), now.clone(), record.0, record.1.to_owned());
        self.write(move |transaction| {
            Box::pin(async move { withdraw(transaction, &staff, (kind, &id), when, &now).await })
        })
        .await
    }
}

/// What is there under an id.
pub(super) struct Existing {
    pub stamp: Stamp,
    pub standing: Standing,
    pub source: String,
    pub body: Map<String, Value>,
    pub parcels_kept: bool,
}

impl Existing {
    fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let withdrawn: Option<String> = row.try_get("withdrawn")?;
        let body: String = row.try_get("body")?;
        Ok(Self {
            stamp: Stamp { version: row.try_get("version")?, updated_at: row.try_get("updated_at")? },
            standing: match withdrawn.as_deref() {
                None => Standing::Live,
                Some("gone") => Standing::Gone,
                Some(_) => Standing::Deleted,
            },
            source: row.try_get("source")?,
            body: from_json(&body)?,
            parcels_kept: row.try_get("parcels_kept")?,
        })
    }
}

pub(super) async fn put(
    transaction: &mut Transaction,
    staff: &StaffScope,
    records: Vec<NewRecord>,
    now: &Now,
) -> Result<PutOutcome, StoreError> {
    let mut outcome = PutOutcome::default();
    let mut rest = records.into_iter();
    loop {
        let chunk: Vec<NewRecord> = rest.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            return Ok(outcome);
        }
        let mut existing = existing(&mut transaction.connection, staff, &keys(&chunk)).await?;
        let mut rows = Vec::new();
        for new in chunk {
            let key = new.record.key();
            // Taken out and put back, so that the same id twice in one import meets its own first write.
            let (fate, standing) = judge(new, existing.remove(&key), &mut rows, now)?;
            existing.insert(key, standing);
            outcome.count(&fate);
        }
        write_rows(transaction, staff, &rows, now).await?;
    }
}

pub(super) fn keys(records: &[NewRecord]) -> Vec<(RecordKind, &str)> {
    records.iter().map(|new| (new.record.kind, new.record.id.as_str())).collect()
}

/// What becomes of a record that is put.
pub(super) enum Fate {
    Accepted,
    Unchanged,
    Stale,
}

impl PutOutcome {
    /// Counts one record.
    pub(super) fn count(&mut self, fate: &Fate) {
        match fate {
            Fate::Accepted => self.accepted += 1,
            Fate::Unchanged => self.unchanged += 1,
            Fate::Stale => self.stale += 1,
        }
    }

    /// Counts others.
    pub(super) fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.unchanged += other.unchanged;
        self.stale += other.stale;
    }
}

/// What becomes of one record: a row to be written if something changes, and what stands there afterwards.
pub(super) fn judge(
    new: NewRecord,
    existing: Option<Existing>,
    rows: &mut Vec<NewRow>,
    now: &Now,
) -> Result<(Fate, Existing), StoreError> {
    let NewRecord { mut record, mut source } = new;
    let mut stamp = Stamp::of(&record.fields, now);
    let mut parcels_kept = false;
    let mut fate = Fate::Accepted;
    if let Some(there) = existing {
        if stamp.is_stale(there.stamp, there.standing) {
            return Ok((Fate::Stale, there));
        }
        stamp = stamp.or(there.stamp);
        if there.standing == Standing::Live {
            parcels_kept = keep_parcels(&mut record, &there);
            // What once came by the API stays, whatever files say of it later.
            if there.source == API_SOURCE {
                source = there.source.clone();
            }
            if there.body == record.fields {
                if source != API_SOURCE || there.source == API_SOURCE {
                    return Ok((Fate::Unchanged, there));
                }
                // Only that it came by the API as well is new.
                fate = Fate::Unchanged;
            }
        }
    }
    rows.push(NewRow::of(&record, stamp, (&source, parcels_kept), now)?);
    Ok((fate, Existing { stamp, standing: Standing::Live, source, body: record.fields, parcels_kept }))
}

/// What is there under each of these ids.
pub(super) async fn existing(
    connection: impl sqlx::SqliteExecutor<'_>,
    staff: &StaffScope,
    keys: &[(RecordKind, &str)],
) -> Result<BTreeMap<(RecordKind, String), Existing>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.kind, r.id, r.version, r.updated_at, r.source, r.body, r.withdrawn, r.parcels_kept \
         FROM json_each(?1) AS asked \
         CROSS JOIN records AS r ON r.shop = ?2 AND r.kind = asked.value ->> 0 AND r.id = asked.value ->> 1",
    )
    .bind(json(&keys)?)
    .bind(staff.shop.as_str())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(((super::read_kind(row)?, row.try_get("id")?), Existing::read(row)?))).collect()
}

/// A row on its way in.
pub(super) struct NewRow {
    kind: RecordKind,
    id: String,
    owner: Option<String>,
    stamp: Stamp,
    source: String,
    happened_at: Option<i64>,
    body: String,
    parcels_kept: bool,
    /// The order it belongs to or is.
    order: Option<String>,
}

impl NewRow {
    /// The row of a record, with its source and whether its parcels were reported by themselves.
    pub fn of(
        record: &Record,
        stamp: Stamp,
        (source, parcels_kept): (&str, bool),
        now: &Now,
    ) -> Result<Self, StoreError> {
        let owner = match record.kind {
            RecordKind::Customer => Some(record.id.as_str()),
            _ => record.fields.get("customer").and_then(Value::as_str),
        };
        let order = match record.kind {
            RecordKind::Order => Some(record.id.as_str()),
            RecordKind::Aftersale => record.fields.get("order").and_then(Value::as_str),
            _ => None,
        };
        Ok(Self {
            order: order.map(str::to_owned),
            kind: record.kind,
            id: record.id.clone(),
            owner: owner.map(str::to_owned),
            stamp,
            source: source.to_owned(),
            happened_at: happened_at(record.kind, &record.fields, now),
            body: json(&record.fields)?,
            parcels_kept,
        })
    }
}

/// Writes rows over whatever is there, many in one statement: an import must not hold the writer for long.
pub(super) async fn write_rows(
    transaction: &mut Transaction,
    staff: &StaffScope,
    rows: &[NewRow],
    now: &Now,
) -> Result<(), StoreError> {
    if rows.is_empty() {
        return Ok(());
    }
    for order in rows.iter().filter_map(|row| row.order.as_deref()) {
        wake_of_order(transaction, &staff.shop, order, now).await?;
    }
    let change = next_change(transaction).await?;
    for rows in rows.chunks(ROWS) {
        let mut statement: QueryBuilder<Sqlite> = QueryBuilder::new(
            "INSERT INTO records (shop, kind, id, customer, private, version, updated_at, source, happened_at, body, \
             parcels_kept, withdrawn, changed_at, change) ",
        );
        statement.push_values(rows, |mut values, row| {
            values
                .push_bind(staff.shop.as_str())
                .push_bind(row.kind.as_str())
                .push_bind(&row.id)
                .push_bind(&row.owner)
                .push_bind(row.kind.is_private())
                .push_bind(row.stamp.version)
                .push_bind(row.stamp.updated_at)
                .push_bind(&row.source)
                .push_bind(row.happened_at)
                .push_bind(&row.body)
                .push_bind(row.parcels_kept)
                .push("NULL")
                .push_bind(now.epoch_milliseconds())
                .push_bind(change);
        });
        statement.push(
            " ON CONFLICT (shop, kind, id) DO UPDATE SET customer = excluded.customer, private = excluded.private, \
             version = excluded.version, updated_at = excluded.updated_at, source = excluded.source, \
             happened_at = excluded.happened_at, body = excluded.body, parcels_kept = excluded.parcels_kept, \
             withdrawn = NULL, changed_at = excluded.changed_at, change = excluded.change",
        );
        statement.build().execute(&mut transaction.connection).await?;
    }
    Ok(())
}

pub(in crate::store) async fn next_change(transaction: &mut Transaction) -> Result<i64, StoreError> {
    Ok(sqlx::query(NEXT_CHANGE).fetch_one(&mut transaction.connection).await?.try_get("change")?)
}

async fn withdraw(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (kind, id): (RecordKind, &str),
    when: Stamp,
    now: &Now,
) -> Result<Withdrawal, StoreError> {
    let there = existing(&mut transaction.connection, staff, &[(kind, id)]).await?.into_values().next();
    let (outcome, stamp) = match there {
        None if when.is_empty() => return Ok(Withdrawal::Absent),
        None => (Withdrawal::Absent, when),
        Some(there) if when.is_stale(there.stamp, Standing::Live) => return Ok(Withdrawal::Stale),
        Some(there) => {
            // Without a stamp the deletion happens now, and everything the shop changed before is older.
            let moment = if when.is_empty() { Some(now.epoch_milliseconds()) } else { when.updated_at };
            let stamp = Stamp { updated_at: moment, ..when }.or(there.stamp);
            let absent = there.standing != Standing::Live;
            (if absent { Withdrawal::Absent } else { Withdrawal::Withdrawn }, stamp)
        }
    };
    let change = next_change(transaction).await?;
    sqlx::query(
        "INSERT INTO records (shop, kind, id, private, version, updated_at, source, body, withdrawn, changed_at, change) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, '{}', 'asked', ?8, ?9) \
         ON CONFLICT (shop, kind, id) DO UPDATE SET version = excluded.version, updated_at = excluded.updated_at, \
         customer = NULL, body = '{}', parcels_kept = 0, withdrawn = 'asked', changed_at = excluded.changed_at, \
         change = excluded.change",
    )
    .bind(staff.shop.as_str())
    .bind(kind.as_str())
    .bind(id)
    .bind(kind.is_private())
    .bind(stamp.version)
    .bind(stamp.updated_at)
    .bind(API_SOURCE)
    .bind(now.epoch_milliseconds())
    .bind(change)
    .execute(&mut transaction.connection)
    .await?;
    audit(transaction, staff, ("withdraw_record", &format!("{kind}:{id}"), ""), now).await?;
    Ok(outcome)
}
