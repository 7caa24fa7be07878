//! How does a large import get in while customers are being answered? It is judged beforehand against what stands
//! there, beside the writer; the one transaction that switches it in only writes rows that are ready.
//!
//! What other writes changed in between is judged again inside the transaction, so that nothing older wins.

use std::collections::{HashMap, HashSet};

use sqlx::Row;

use super::write::{CHUNK, Fate, NewRow, existing, judge, keys, put, write_rows};
use super::{API_SOURCE, NewRecord, PutOutcome, ReplaceOutcome};
use crate::identity::StaffScope;
use crate::record::{Record, RecordKind};
use crate::store::codec::json;
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;

/// What names a record.
type Key = (RecordKind, String);

impl Store {
    /// Makes the records of a source what they are now: puts them and withdraws those that are gone from it.
    /// Records that came by the API stay.
    pub async fn replace_source(
        &self,
        staff: &StaffScope,
        source: &str,
        records: Vec<Record>,
        now: &Now,
    ) -> Result<ReplaceOutcome, StoreError> {
        if source == API_SOURCE {
            return Err(StoreError::Conflict(format!("a source cannot be called `{API_SOURCE}`")));
        }
        let new = |record| NewRecord { record, source: source.to_owned() };
        let mut import = self.prepare(staff, records.into_iter().map(new).collect(), now).await?;
        import.source = Some(source.to_owned());
        self.switch_in(staff, import, now).await
    }

    /// Puts many records, all or none of them.
    pub(super) async fn import(
        &self,
        staff: &StaffScope,
        records: Vec<NewRecord>,
        now: &Now,
    ) -> Result<PutOutcome, StoreError> {
        let import = self.prepare(staff, records, now).await?;
        Ok(self.switch_in(staff, import, now).await?.put)
    }

    /// Judges records against what stands in the store now, with the reading connections.
    async fn prepare(
        &self,
        staff: &StaffScope,
        records: Vec<NewRecord>,
        now: &Now,
    ) -> Result<Import, StoreError> {
        let seen = self.last_change(staff).await?;
        let mut present: HashMap<Key, usize> = HashMap::new();
        for new in &records {
            *present.entry((new.record.kind, new.record.id.clone())).or_default() += 1;
        }
        let (alone, repeated): (Vec<NewRecord>, Vec<NewRecord>) =
            records.into_iter().partition(|new| present.get(&new.record.key()) == Some(&1));
        let mut import =
            Import { seen, judged: Vec::with_capacity(alone.len()), late: repeated, source: None };
        let mut rest = alone.into_iter();
        loop {
            let chunk: Vec<NewRecord> = rest.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                return Ok(import);
            }
            let mut there = existing(self.readers(), staff, &keys(&chunk)).await?;
            let now = now.clone();
            let judged = tokio::task::spawn_blocking(move || {
                chunk.into_iter().map(|new| Judged::of(&mut there, new, &now)).collect::<Result<Vec<_>, _>>()
            });
            import.judged.extend(judged.await.map_err(|error| StoreError::Other(error.to_string()))??);
        }
    }

    /// Writes a prepared import in one transaction that gives way to what customers wait for.
    async fn switch_in(
        &self,
        staff: &StaffScope,
        import: Import,
        now: &Now,
    ) -> Result<ReplaceOutcome, StoreError> {
        let (staff, now) = (staff.clone(), now.clone());
        self.write_in_background(move |transaction| {
            Box::pin(async move { import.write(transaction, &staff, &now).await })
        })
        .await
    }
}

/// An import that was judged against the store as it was at one change.
struct Import {
    /// The newest change when judging began.
    seen: i64,
    judged: Vec<Judged>,
    /// Records that can only be judged one after the other, inside the transaction.
    late: Vec<NewRecord>,
    /// The source whose other records are gone; none for an import by the API.
    source: Option<String>,
}

/// A record with what becomes of it.
struct Judged {
    /// As it came, in case it has to be judged again.
    new: NewRecord,
    fate: Fate,
    /// The row to be written, unless nothing changes.
    row: Option<NewRow>,
}

impl Judged {
    fn of(
        there: &mut std::collections::BTreeMap<Key, super::write::Existing>,
        new: NewRecord,
        now: &Now,
    ) -> Result<Self, StoreError> {
        let mut rows = Vec::new();
        let (fate, _) = judge(new.clone(), there.remove(&new.record.key()), &mut rows, now)?;
        Ok(Self { new, fate, row: rows.pop() })
    }
}

impl Import {
    async fn write(
        mut self,
        transaction: &mut Transaction,
        staff: &StaffScope,
        now: &Now,
    ) -> Result<ReplaceOutcome, StoreError> {
        let moved = moved_since(transaction, staff, self.seen).await?;
        let gone = match &self.source {
            Some(source) => gone(transaction, staff, source, &self.present()).await?,
            None => Vec::new(),
        };
        let mut outcome = PutOutcome::default();
        let mut rows = Vec::with_capacity(self.judged.len());
        for judged in self.judged {
            if moved.contains(&judged.new.record.key()) {
                self.late.push(judged.new);
                continue;
            }
            outcome.count(&judged.fate);
            rows.extend(judged.row);
        }
        write_rows(transaction, staff, &rows, now).await?;
        outcome.add(put(transaction, staff, self.late, now).await?);
        let withdrawn = withdraw_gone(transaction, staff, &gone, now).await?;
        Ok(ReplaceOutcome { put: outcome, withdrawn })
    }

    /// The ids of all its records.
    fn present(&self) -> HashSet<Key> {
        let judged = self.judged.iter().map(|judged| &judged.new);
        judged.chain(&self.late).map(|new| new.record.key()).collect()
    }
}

/// The records that were changed since a change.
async fn moved_since(
    transaction: &mut Transaction,
    staff: &StaffScope,
    seen: i64,
) -> Result<HashSet<Key>, StoreError> {
    let rows = sqlx::query("SELECT kind, id FROM records WHERE change > ?1 AND shop = ?2")
        .bind(seen)
        .bind(staff.shop.as_str())
        .fetch_all(&mut transaction.connection)
        .await?;
    rows.iter().map(|row| Ok((super::read_kind(row)?, row.try_get("id")?))).collect()
}

/// The numbers of the records of a source that are not among those of its new version.
async fn gone(
    transaction: &mut Transaction,
    staff: &StaffScope,
    source: &str,
    present: &HashSet<Key>,
) -> Result<Vec<i64>, StoreError> {
    let rows = sqlx::query(
        "SELECT number, kind, id FROM records WHERE shop = ?1 AND source = ?2 AND withdrawn IS NULL",
    )
    .bind(staff.shop.as_str())
    .bind(source)
    .fetch_all(&mut transaction.connection)
    .await?;
    let mut gone: Vec<i64> = Vec::new();
    for row in &rows {
        if !present.contains(&(super::read_kind(row)?, row.try_get("id")?)) {
            gone.push(row.try_get("number")?);
        }
    }
    Ok(gone)
}

async fn withdraw_gone(
    transaction: &mut Transaction,
    staff: &StaffScope,
    gone: &[i64],
    now: &Now,
) -> Result<u64, StoreError> {
    if gone.is_empty() {
        return Ok(0);
    }
    let change = super::write::next_change(transaction).await?;
    let done = sqlx::query(
        "UPDATE records SET withdrawn = 'gone', customer = NULL, body = '{}', parcels_kept = 0, changed_at = ?1, \
         change = ?2 WHERE shop = ?3 AND number IN (SELECT value FROM json_each(?4))",
    )
    .bind(now.epoch_milliseconds())
    .bind(change)
    .bind(staff.shop.as_str())
    .bind(json(&gone)?)
    .execute(&mut transaction.connection)
    .await?;
    Ok(done.rows_affected())
}

#[cfg(test)]
mod tests;
