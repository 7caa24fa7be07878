//! Which records do others point to that nobody has? They are kept, because what is missing may come; but it is told.

use std::collections::{BTreeSet, HashSet};

use crate::identity::StaffScope;
use crate::record::{Record, RecordKind};
use crate::store::{Store, StoreError};

/// A reference that leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dangling {
    /// The place of the record that has it, in the list that was looked at.
    pub record: usize,
    /// What is wrong, with both names.
    pub message: String,
}

/// References of records to others that are neither among them nor stored.
///
/// # Errors
/// If the store does not answer.
pub async fn dangling(
    store: &Store,
    staff: &StaffScope,
    records: &[&Record],
) -> Result<Vec<Dangling>, StoreError> {
    let here: HashSet<(RecordKind, &str)> =
        records.iter().map(|record| (record.kind, record.id.as_str())).collect();
    let mut found: Vec<(usize, (RecordKind, String))> = Vec::new();
    for (place, record) in records.iter().enumerate() {
        let elsewhere =
            record.references().into_iter().filter(|(kind, id)| !here.contains(&(*kind, id.as_str())));
        found.extend(elsewhere.map(|reference| (place, reference)));
    }
    let asked: BTreeSet<&(RecordKind, String)> = found.iter().map(|(_, reference)| reference).collect();
    let stored = store.present(staff, &asked.into_iter().collect::<Vec<_>>()).await?;
    found.retain(|(_, reference)| !stored.contains(reference));
    found.dedup();
    let tell = |(record, (kind, id)): (usize, (RecordKind, String))| {
        let message = format!("{} refers to the unknown {kind} `{id}`", records[record].fact_id());
        Dangling { record, message }
    };
    Ok(found.into_iter().map(tell).collect())
}
