//! What holds for everybody (policies, promotions, announcements) is read whole by nearly every turn and changes a few
//! times a day. It is parsed once, and again after any record has changed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::Row;

use super::super::{Store, StoreError};
use super::read_records;
use crate::identity::{Scope, ShopId};
use crate::record::{Record, RecordKind};

/// The records of one kind.
type Rules = Arc<[Arc<Record>]>;

/// The records that were read last, by shop and kind, each with the number of the newest change it is not older than.
#[derive(Debug, Default)]
pub(in crate::store) struct ReadRules {
    kept: Mutex<HashMap<(ShopId, RecordKind), (i64, Rules)>>,
}

impl ReadRules {
    fn get(&self, shop: &ShopId, kind: RecordKind, change: i64) -> Option<Rules> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (read_at, records) = kept.get(&(shop.clone(), kind))?;
        (*read_at == change).then(|| Arc::clone(records))
    }

    fn put(&self, shop: &ShopId, kind: RecordKind, change: i64, records: Rules) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert((shop.clone(), kind), (change, records));
    }
}

impl Store {
    /// All records of these kinds that anybody may see, whatever their validity, kind by kind as they are asked for, each
    /// by id; none of a private kind. They are shared with whoever asked before, for as long as no record changes.
    pub async fn public_records(
        &self,
        scope: &Scope,
        kinds: &[RecordKind],
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        if kinds.is_empty() {
            return Ok(Vec::new());
        }
        // A change between this number and the reading below only makes what is kept newer than it claims to be, and
        // the next turn reads again. The number also grows with what another process writes.
        let change = self.newest_change().await?;
        let mut all = Vec::new();
        for kind in kinds {
            let records = match self.inner.rules.get(&scope.shop, *kind, change) {
                Some(records) => records,
                None => {
                    let records = self.read_public(scope, *kind).await?;
                    self.inner.rules.put(&scope.shop, *kind, change, Arc::clone(&records));
                    records
                }
            };
            all.extend(records.iter().cloned());
        }
        Ok(all)
    }

    /// The newest change in any shop. That of one shop ([`Store::last_change`]) is found by looking through its records,
    /// this one at the end of an index, and every turn asks.
    async fn newest_change(&self) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT COALESCE(MAX(change), 0) AS change FROM records");
        Ok(row.fetch_one(self.readers()).await?.try_get("change")?)
    }

    async fn read_public(&self, scope: &Scope, kind: RecordKind) -> Result<Rules, StoreError> {
        let row = sqlx::query(
            "SELECT json_group_array(json_array(kind, id, json(body)) ORDER BY id) AS records FROM records \
             WHERE shop = ?1 AND kind = ?2 AND private = 0 AND withdrawn IS NULL",
        )
        .bind(scope.shop.as_str())
        .bind(kind.as_str())
        .fetch_one(self.readers())
        .await?;
        Ok(read_records(&row)?.into_iter().map(Arc::new).collect())
    }
}
