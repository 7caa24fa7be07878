//! Where the bodies of facts come from: the store, inside the scope of the turn.

use crate::identity::Scope;
use crate::record::{Record, RecordKind};
use crate::store::{Store, StoreError};
use crate::turn::retrieve::Source;

impl Source for Store {
    type Error = StoreError;

    async fn orders(&self, scope: &Scope) -> Result<Vec<Record>, StoreError> {
        Store::orders(self, scope).await
    }

    async fn aftersales(&self, scope: &Scope) -> Result<Vec<Record>, StoreError> {
        Store::aftersales(self, scope).await
    }

    async fn coupons(&self, scope: &Scope) -> Result<Vec<Record>, StoreError> {
        Store::coupons(self, scope).await
    }

    async fn customer(&self, scope: &Scope) -> Result<Option<Record>, StoreError> {
        Store::customer(self, scope).await
    }

    async fn records(
        &self,
        scope: &Scope,
        wanted: &[(RecordKind, String)],
    ) -> Result<Vec<Record>, StoreError> {
        Store::records(self, scope, wanted).await
    }

    async fn policies(&self, scope: &Scope) -> Result<Vec<Record>, StoreError> {
        self.public_records(scope, RecordKind::Policy).await
    }

    async fn promotions(&self, scope: &Scope) -> Result<Vec<Record>, StoreError> {
        self.public_records(scope, RecordKind::Promotion).await
    }

    async fn prices(&self, scope: &Scope, product: &str) -> Result<Vec<Record>, StoreError> {
        self.prices_of(scope, product).await
    }

    async fn notices(&self, scope: &Scope) -> Result<Vec<Record>, StoreError> {
        self.public_records(scope, RecordKind::Notice).await
    }
}
