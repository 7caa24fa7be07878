//! Where do the records of a turn come from? The store, inside the scope of the turn; and the shop's own system for what
//! the shop keeps there.

use std::sync::Arc;

use super::orders::Orders;
use crate::identity::Scope;
use crate::record::{Record, RecordKind};
use crate::store::{Store, StoreError};
use crate::turn::retrieve::{Own, Source};
use crate::turn::types::Unreadable;

/// The store, and the shop's own system if there is one. Cheap to clone.
#[derive(Clone)]
pub struct ShopSource {
    store: Store,
    orders: Option<Orders>,
}

impl ShopSource {
    /// Records from the store, and from another system what is kept there.
    pub fn new(store: Store, orders: Option<Orders>) -> Self {
        Self { store, orders }
    }

    /// The connector, if there is one.
    pub fn orders(&self) -> Option<&Orders> {
        self.orders.as_ref()
    }

    /// The connector, if records of this kind are kept in the other system. What the store has of them is not told: it
    /// would be what was, not what is.
    fn outside(&self, kind: RecordKind) -> Option<&Orders> {
        self.orders.as_ref().filter(|orders| orders.keeps(kind))
    }
}

impl Source for ShopSource {
    type Error = StoreError;

    async fn own(&self, scope: &Scope, kinds: &[RecordKind]) -> Result<Own, StoreError> {
        // The other system is asked for customers; an order that somebody proved to hold was opened from the store.
        let asked = scope.verified_customer().is_some();
        let (outside, here): (Vec<RecordKind>, Vec<RecordKind>) =
            kinds.iter().partition(|kind| asked && self.outside(**kind).is_some());
        // Parcels stand in their orders, and nobody owns what everybody may see.
        let mut own = Own { records: self.store.own(scope, &here).await?, unreadable: None };
        let Some(orders) = self.orders.as_ref().filter(|_| !outside.is_empty()) else { return Ok(own) };
        let (unreadable, why) = match orders.own(scope).await {
            Ok(found) => {
                let asked = found.records.iter().filter(|record| outside.contains(&record.kind));
                own.records.extend(asked.cloned());
                (found.unreadable.clone(), "every record it gave is broken".to_owned())
            }
            Err(outage) => (outside, outage.to_string()),
        };
        own.unreadable = (!unreadable.is_empty()).then_some(Unreadable { kinds: unreadable, why });
        Ok(own)
    }

    async fn records(
        &self,
        scope: &Scope,
        wanted: &[(RecordKind, String)],
    ) -> Result<Vec<Record>, StoreError> {
        let here: Vec<(RecordKind, String)> =
            wanted.iter().filter(|(kind, _)| self.outside(*kind).is_none()).cloned().collect();
        self.store.records(scope, &here).await
    }

    async fn public(&self, scope: &Scope, kinds: &[RecordKind]) -> Result<Vec<Arc<Record>>, StoreError> {
        self.store.public_records(scope, kinds).await
    }

    async fn of_product(
        &self,
        scope: &Scope,
        kind: RecordKind,
        product: &str,
    ) -> Result<Vec<Record>, StoreError> {
        self.store.of_product(scope, kind, product).await
    }
}
