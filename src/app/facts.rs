//! The facts port: a record is checked, stored, then shown to searches, in this order.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::references::dangling;
use crate::http::ports::{
    Answer, DeletedWhen, Facts, ImportLine, ImportReport, PortError, PutOutcome, PutResult, SearchHit,
    SearchRequest,
};
use crate::identity::{Scope, ShopId, StaffScope};
use crate::knowledge::{Change, Knowledge, Manifest, SearchQuery};
use crate::policy::Conflicts;
use crate::record::{
    FieldFault, Record, RecordKind, check_shipment, evidence_text, evidence_title, parse_numbered_ndjson,
    remarks,
};
use crate::store::{API_SOURCE, NewRecord, Stamp, Store, StoreError, Withdrawal};
use crate::time::Clock;

/// So long an import waits for the vectors of what it wrote; the rest follows in the background.
const VECTORS_WITHIN: Duration = Duration::from_secs(60);

/// Writes and searches records.
pub struct FactsPort {
    /// Where they are kept.
    pub store: Store,
    /// Where they are found.
    pub knowledge: Arc<Knowledge>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Held from storing to indexing, so that of two writes of one record the index shows the later one too.
    pub writing: tokio::sync::Mutex<()>,
}

impl Facts for FactsPort {
    fn put(
        &self,
        staff: StaffScope,
        kind: RecordKind,
        id: String,
        fields: Map<String, Value>,
    ) -> Answer<'_, PutOutcome> {
        Box::pin(async move {
            let record = Record::from_body(kind, &id, Value::Object(fields)).map_err(invalid)?;
            let warnings = self.warnings(&staff, &[1], std::slice::from_ref(&record)).await?;
            let outcome = self.write(&staff, vec![record]).await?;
            Ok(PutOutcome {
                result: result_of(outcome),
                warnings: warnings.into_iter().map(|line| line.message).collect(),
            })
        })
    }

    fn delete(&self, staff: StaffScope, kind: RecordKind, id: String, when: DeletedWhen) -> Answer<'_, bool> {
        Box::pin(async move {
            let _writing = self.writing.lock().await;
            let updated_at = when.updated_at.map(Timestamp::as_millisecond);
            let when = Stamp { version: when.version, updated_at };
            match self.store.withdraw(&staff, (kind, &id), when, &self.clock.now()).await? {
                Withdrawal::Absent => return Err(PortError::NotFound(kind.as_str())),
                Withdrawal::Stale => return Ok(false),
                Withdrawal::Withdrawn => {}
            }
            self.index(&staff.shop, vec![Change::Remove(kind, id)]).await?;
            Ok(true)
        })
    }

    fn put_shipment(
        &self,
        staff: StaffScope,
        order: String,
        shipment: Map<String, Value>,
    ) -> Answer<'_, PutOutcome> {
        Box::pin(async move {
            let _writing = self.writing.lock().await;
            let shipment = check_shipment(Value::Object(shipment)).map_err(invalid)?;
            let outcome = self.store.put_shipment(&staff, &order, shipment, &self.clock.now()).await?;
            if let Some(record) = self.store.record(&staff, RecordKind::Order, &order).await? {
                self.index(&staff.shop, vec![Change::Put(record)]).await?;
            }
            Ok(PutOutcome { result: result_of(outcome), warnings: Vec::new() })
        })
    }

    fn import(&self, staff: StaffScope, lines: Vec<u8>) -> Answer<'_, ImportReport> {
        Box::pin(async move {
            let read = tokio::task::spawn_blocking(move || parse_numbered_ndjson(&lines, ""))
                .await
                .map_err(|error| PortError::Internal(error.into()))?;
            let records = match read {
                Ok(records) => records,
                Err(faults) => {
                    let rejected = faults.into_iter().map(|fault| ImportLine {
                        line: fault.line,
                        field: Some(fault.field).filter(|field| !field.is_empty()),
                        code: fault.code.as_str().to_owned(),
                        message: fault.message,
                    });
                    return Ok(ImportReport { rejected: rejected.collect(), ..ImportReport::default() });
                }
            };
            let (lines, records): (Vec<usize>, Vec<Record>) = records.into_iter().unzip();
            let warnings = self.warnings(&staff, &lines, &records).await?;
            let outcome = self.write(&staff, records).await?;
            super::vectors::ready(&self.knowledge, VECTORS_WITHIN).await;
            let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
            Ok(ImportReport {
                accepted: count(outcome.accepted),
                unchanged: count(outcome.unchanged + outcome.stale),
                warnings,
                rejected: Vec::new(),
            })
        })
    }

    fn search(&self, staff: StaffScope, request: SearchRequest) -> Answer<'_, Vec<SearchHit>> {
        Box::pin(async move {
            let mut query = SearchQuery {
                text: request.text,
                kinds: request.kind.into_iter().collect(),
                limit: request.limit,
                product: None,
                vector: None,
            };
            // What staff search here is what every customer may see; orders are looked up by their ids.
            let scope = Scope::anonymous(staff.shop.clone());
            let knowledge = Arc::clone(&self.knowledge);
            let searching = move || {
                query.vector = knowledge.question_vector(&query.text);
                knowledge.search(&scope, &query)
            };
            let hits = tokio::task::spawn_blocking(searching)
                .await
                .map_err(|error| PortError::Internal(error.into()))??;
            let now = self.clock.now();
            let mut found = Vec::with_capacity(hits.len());
            for hit in hits {
                let Some(record) = self.store.record(&staff, hit.kind, &hit.id).await? else { continue };
                found.push(SearchHit {
                    id: record.fact_id(),
                    kind: hit.kind,
                    title: evidence_title(&record),
                    text: evidence_text(&record, &now),
                    score: hit.score,
                    why: hit.explained(),
                });
            }
            Ok(found)
        })
    }
}

impl FactsPort {
    /// Stores records and shows them to searches. What the store kept a newer version of is shown as it is there.
    pub(super) async fn write(
        &self,
        staff: &StaffScope,
        records: Vec<Record>,
    ) -> Result<crate::store::PutOutcome, PortError> {
        let _writing = self.writing.lock().await;
        let ids: Vec<(RecordKind, String)> =
            records.iter().map(|record| (record.kind, record.id.clone())).collect();
        let new =
            records.into_iter().map(|record| NewRecord { record, source: API_SOURCE.to_owned() }).collect();
        let outcome = self.store.put_records(staff, new, &self.clock.now()).await?;
        let mut changes = Vec::with_capacity(ids.len());
        for (kind, id) in ids {
            changes.push(match self.store.record(staff, kind, &id).await? {
                Some(record) => Change::Put(record),
                None => Change::Remove(kind, id),
            });
        }
        self.index(&staff.shop, changes).await?;
        Ok(outcome)
    }

    pub(super) async fn index(&self, shop: &ShopId, changes: Vec<Change>) -> Result<(), PortError> {
        let (knowledge, shop) = (Arc::clone(&self.knowledge), shop.clone());
        tokio::task::spawn_blocking(move || knowledge.apply(&shop, &changes))
            .await
            .map_err(|error| PortError::Internal(error.into()))?
            .map_err(Into::into)
    }

    /// What is odd about records that are taken, each with the line of the record.
    async fn warnings(
        &self,
        staff: &StaffScope,
        lines: &[usize],
        records: &[Record],
    ) -> Result<Vec<ImportLine>, StoreError> {
        let mut warnings = Vec::new();
        for (line, record) in lines.iter().zip(records) {
            warnings.extend(remarks(record).into_iter().map(|remark| ImportLine {
                line: *line,
                field: Some(remark.field.to_owned()),
                code: remark.code.to_owned(),
                message: remark.message,
            }));
        }
        let dangling = dangling(&self.store, staff, &records.iter().collect::<Vec<_>>()).await?;
        warnings.extend(dangling.into_iter().map(|dangling| ImportLine {
            line: lines.get(dangling.record).copied().unwrap_or_default(),
            field: None,
            code: "unknown_reference".into(),
            message: dangling.message,
        }));
        warnings.extend(self.conflicts(staff, lines, records).await?);
        warnings.sort_by_key(|warning| warning.line);
        Ok(warnings)
    }
}

impl FactsPort {
    /// Policies that contradict those that stand there already, or each other. They are kept: until one of them is
    /// changed, a person decides what they are about.
    async fn conflicts(
        &self,
        staff: &StaffScope,
        lines: &[usize],
        records: &[Record],
    ) -> Result<Vec<ImportLine>, StoreError> {
        let is_policy = |record: &&Record| record.kind == RecordKind::Policy;
        if !records.iter().any(|record| is_policy(&record)) {
            return Ok(Vec::new());
        }
        let mut seen = Conflicts::default();
        let coming: HashSet<&str> =
            records.iter().filter(is_policy).map(|record| record.id.as_str()).collect();
        for known in self.store.all_records(staff, RecordKind::Policy).await? {
            if !coming.contains(known.id.as_str()) {
                seen.look_at(&known.id, &known.fields);
            }
        }
        let mut warnings = Vec::new();
        for (line, record) in lines.iter().zip(records).filter(|(_, record)| is_policy(record)) {
            let found = seen.look_at(&record.id, &record.fields);
            warnings.extend(found.into_iter().map(|message| ImportLine {
                line: *line,
                field: Some("then".into()),
                code: "contradicts".into(),
                message: format!("{} {message}", record.fact_id()),
            }));
        }
        Ok(warnings)
    }
}

/// Brings the index up to the store: what was changed since the generation was built, or everything without one.
pub async fn catch_up(knowledge: &Knowledge, store: &Store, shop: &ShopId) -> anyhow::Result<()> {
    let staff = super::staff(shop);
    let changes = match knowledge.manifest() {
        None => store.changes(&staff, 0).await?,
        Some(Manifest { change: Some(change), .. }) => store.changes(&staff, change).await?,
        Some(Manifest { created_at, .. }) => store.changes_since(&staff, created_at).await?,
    };
    let changes: Vec<Change> = changes
        .into_iter()
        .map(|change| match change.record {
            Some(record) => Change::Put(record),
            None => Change::Remove(change.kind, change.id),
        })
        .collect();
    if !changes.is_empty() {
        knowledge.apply(shop, &changes)?;
    }
    Ok(())
}

fn result_of(outcome: crate::store::PutOutcome) -> PutResult {
    match outcome {
        outcome if outcome.accepted > 0 => PutResult::Written,
        outcome if outcome.stale > 0 => PutResult::Older,
        _ => PutResult::Unchanged,
    }
}

fn invalid(faults: Vec<FieldFault>) -> PortError {
    let mut faults = faults.into_iter();
    let Some(first) = faults.next() else {
        return PortError::Invalid { field: None, message: "the record is not valid".into() };
    };
    let named = |fault: FieldFault| match fault.field.is_empty() {
        true => fault.message,
        false => format!("`{}`: {}", fault.field, fault.message),
    };
    let others: String = faults.map(|fault| format!("; {}", named(fault))).collect();
    let field = Some(first.field).filter(|field| !field.is_empty());
    PortError::Invalid { field, message: format!("{}{others}", first.message) }
}

#[cfg(test)]
mod tests;
