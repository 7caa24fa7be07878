//! The background lane in which changed records get their vectors, one group after the other.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::identity::ShopId;
use crate::knowledge::Knowledge;
use crate::record::RecordKind;
use crate::store::Store;

/// How often is looked whether the vectors are there.
const LOOK: Duration = Duration::from_millis(20);

/// Kinds of record that are found by meaning.
const KINDS: [RecordKind; 5] = [
    RecordKind::Product,
    RecordKind::Knowledge,
    RecordKind::Policy,
    RecordKind::Promotion,
    RecordKind::Notice,
];

/// Works until it is dropped.
pub struct Lane(JoinHandle<()>);

impl Lane {
    /// Begins to work. Without an embedder there is never anything to do.
    pub fn start(knowledge: Arc<Knowledge>) -> Self {
        Self(tokio::spawn(async move {
            loop {
                knowledge.vectors_wanted().await;
                let working = Arc::clone(&knowledge);
                match tokio::task::spawn_blocking(move || working.embed_waiting()).await {
                    Ok(Ok(records)) => tracing::debug!(records, "records have their vectors"),
                    Ok(Err(error)) => tracing::error!(%error, "records stay without vectors"),
                    Err(error) => tracing::error!(%error, "computing vectors broke off"),
                }
            }
        }))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Asks for the vectors of all records that have none, such as those of an index that was built without the embedder.
pub async fn want_missing(knowledge: &Knowledge, store: &Store, shop: &ShopId) -> anyhow::Result<()> {
    if knowledge.embedder().is_none() {
        return Ok(());
    }
    for kind in KINDS {
        knowledge.want_vectors(shop, store.all_records(&super::staff(shop), kind).await?);
    }
    Ok(())
}

/// Waits until no record waits for its vectors, at most `limit`.
pub async fn ready(knowledge: &Knowledge, limit: Duration) {
    let waiting = async {
        while knowledge.waiting_for_vectors() > 0 {
            tokio::time::sleep(LOOK).await;
        }
    };
    // What is not ready by then is found by words, as before.
    let _ = tokio::time::timeout(limit, waiting).await;
}
