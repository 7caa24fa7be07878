//! What is open to the holder of an order: the order itself and its own after-sale cases.

use super::read_records;
use crate::identity::{OrderHolder, Scope};
use crate::record::{Record, RecordKind};
use crate::store::codec::json;
use crate::store::{Store, StoreError};

/// What is open to the holder of an order: the order itself and its own after-sale cases. That it was proven stands in the
/// store; the scope only says what is asked for.
const HELD_ORDERS: &str = "SELECT json_group_array(json_array(r.kind, r.id, json(r.body)) ORDER BY o.opened_at DESC, r.id) AS records FROM opened_orders AS o \
    JOIN records AS r ON r.shop = o.shop AND r.kind = 'order' AND r.id = o.order_id \
    WHERE o.shop = ?1 AND o.conversation = ?2 AND o.order_id IN (SELECT value FROM json_each(?3)) \
    AND r.withdrawn IS NULL";
const HELD_CASES: &str = "SELECT json_group_array(json_array(r.kind, r.id, json(r.body)) ORDER BY r.happened_at DESC, r.id DESC) AS records FROM opened_orders AS o \
    JOIN records AS own ON own.shop = o.shop AND own.kind = 'order' AND own.id = o.order_id \
    JOIN records AS r ON r.shop = o.shop AND r.customer = own.customer AND r.kind = 'aftersale' \
    AND r.body ->> '$.order' = o.order_id \
    WHERE o.shop = ?1 AND o.conversation = ?2 AND o.order_id IN (SELECT value FROM json_each(?3)) \
    AND own.withdrawn IS NULL AND r.withdrawn IS NULL";

impl Store {
    /// The records of these kinds that are open to the holder.
    pub(super) async fn held_records(
        &self,
        scope: &Scope,
        holder: &OrderHolder,
        kinds: &[RecordKind],
    ) -> Result<Vec<Record>, StoreError> {
        let mut held = Vec::new();
        for (kind, statement) in [(RecordKind::Order, HELD_ORDERS), (RecordKind::Aftersale, HELD_CASES)] {
            if !kinds.contains(&kind) {
                continue;
            }
            let row = sqlx::query(statement)
                .bind(scope.shop.as_str())
                .bind(holder.conversation().as_str())
                .bind(json(&holder.orders())?)
                .fetch_one(self.readers())
                .await?;
            held.extend(read_records(&row)?);
        }
        Ok(held)
    }
}
