//! What is open to the holder of an order: the order itself and its own after-sale cases.

use super::read_record;
use crate::identity::{OrderHolder, Scope};
use crate::record::{Record, RecordKind};
use crate::store::codec::json;
use crate::store::{Store, StoreError};

/// What is open to the holder of an order: the order itself and its own after-sale cases. That it was proven stands in the
/// store; the scope only says what is asked for.
const HELD_ORDERS: &str = "SELECT r.kind, r.id, r.body FROM opened_orders AS o \
    JOIN records AS r ON r.shop = o.shop AND r.kind = 'order' AND r.id = o.order_id \
    WHERE o.shop = ?1 AND o.conversation = ?2 AND o.order_id IN (SELECT value FROM json_each(?3)) \
    AND r.withdrawn IS NULL ORDER BY o.opened_at DESC, r.id";
const HELD_CASES: &str = "SELECT r.kind, r.id, r.body FROM opened_orders AS o \
    JOIN records AS own ON own.shop = o.shop AND own.kind = 'order' AND own.id = o.order_id \
    JOIN records AS r ON r.shop = o.shop AND r.customer = own.customer AND r.kind = 'aftersale' \
    AND r.body ->> '$.order' = o.order_id \
    WHERE o.shop = ?1 AND o.conversation = ?2 AND o.order_id IN (SELECT value FROM json_each(?3)) \
    AND own.withdrawn IS NULL AND r.withdrawn IS NULL ORDER BY r.happened_at DESC, r.id DESC";

impl Store {
    /// The records of a kind that are open to the holder.
    pub(super) async fn held_records(
        &self,
        scope: &Scope,
        holder: &OrderHolder,
        kind: RecordKind,
    ) -> Result<Vec<Record>, StoreError> {
        let statement = match kind {
            RecordKind::Order => HELD_ORDERS,
            RecordKind::Aftersale => HELD_CASES,
            _ => return Ok(Vec::new()),
        };
        let rows = sqlx::query(statement)
            .bind(scope.shop.as_str())
            .bind(holder.conversation().as_str())
            .bind(json(&holder.orders())?)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_record).collect()
    }
}
