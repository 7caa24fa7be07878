//! Reading who did what, over all subjects.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::time;
use super::{Store, StoreError};
use crate::identity::StaffScope;
use crate::staff::{AuditEntry, AuditFilter};

/// Without a condition on a column that is not asked for, each question has an index of its own.
macro_rules! entries_where {
    ($condition:literal) => {
        concat!(
            "SELECT actor, action, subject, detail, at FROM audit WHERE shop = ?1 AND ",
            $condition,
            " ORDER BY number DESC LIMIT ?4"
        )
    };
}

impl Store {
    /// Who did what, newest first.
    pub async fn audit_entries(
        &self,
        staff: &StaffScope,
        filter: &AuditFilter,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        let query = match (&filter.subject, &filter.actor) {
            (Some(_), Some(_)) => entries_where!("subject = ?2 AND actor = ?3"),
            (Some(_), None) => entries_where!("subject = ?2"),
            (None, Some(_)) => entries_where!("actor = ?3"),
            (None, None) => entries_where!("TRUE"),
        };
        let rows = sqlx::query(query)
            .bind(staff.shop.as_str())
            .bind(&filter.subject)
            .bind(&filter.actor)
            .bind(filter.limit)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_entry).collect()
    }
}

/// An entry from its row.
pub(super) fn read_entry(row: &SqliteRow) -> Result<AuditEntry, StoreError> {
    Ok(AuditEntry {
        actor: row.try_get("actor")?,
        action: row.try_get("action")?,
        subject: row.try_get("subject")?,
        detail: row.try_get("detail")?,
        at: time(row.try_get("at")?)?,
    })
}
