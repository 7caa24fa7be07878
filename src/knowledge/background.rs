//! Which changed records still wait for their vectors? A change is found by words at once; its vectors are computed
//! afterwards, a few records at a time, so that replies come in between.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use tokio::sync::Notify;

use super::KnowledgeError;
use super::live::{Change, Knowledge, Live, key_of};
use super::meanings::{VectorCache, embed_questions, embed_records, has_meaning};
use super::schema::key;
use crate::identity::ShopId;
use crate::model::{EmbedError, Purpose, Vector};
use crate::record::Record;

/// So many records get their vectors before they are put in use.
const RECORDS_AT_ONCE: usize = 16;

/// The records that wait, by key, and who is told of new ones.
#[derive(Debug, Default)]
pub(super) struct Background {
    waiting: Mutex<HashMap<String, Waiting>>,
    news: Notify,
}

#[derive(Debug, Clone)]
struct Waiting {
    shop: ShopId,
    record: Record,
}

impl Knowledge {
    /// Completes when records wait for their vectors.
    pub async fn vectors_wanted(&self) {
        while self.waiting_for_vectors() == 0 {
            self.background.news.notified().await;
        }
    }

    /// How many records wait for their vectors.
    pub fn waiting_for_vectors(&self) -> usize {
        self.background.waiting.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Has those of the records embedded that have no vectors yet: what was built without the embedder.
    pub fn want_vectors(&self, shop: &ShopId, records: Vec<Record>) {
        if self.embedder.is_none() {
            return;
        }
        let live = self.live.load_full();
        let vectors = live.vectors.read().unwrap_or_else(PoisonError::into_inner);
        let mut waiting = self.background.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            let key = key(shop, record.kind, &record.id);
            if has_meaning(record.kind) && !vectors.has(&key) {
                waiting.entry(key).or_insert(Waiting { shop: shop.clone(), record });
            }
        }
        drop(waiting);
        self.background.news.notify_one();
    }

    /// Computes all vectors that are wanted. Blocks; one caller at a time is enough.
    ///
    /// # Errors
    /// The embedder failed; the records stay found by words.
    pub fn embed_waiting(&self) -> Result<usize, KnowledgeError> {
        let Some(embedder) = &self.embedder else { return Ok(0) };
        let mut cache = VectorCache::open(self.vector_cache.as_deref(), embedder.as_ref());
        let mut done = 0;
        loop {
            let some: Vec<(String, Waiting)> = {
                let waiting = self.background.waiting.lock().unwrap_or_else(PoisonError::into_inner);
                waiting.iter().take(RECORDS_AT_ONCE).map(|(key, one)| (key.clone(), one.clone())).collect()
            };
            if some.is_empty() {
                return Ok(done);
            }
            let records: Vec<(&ShopId, &Record)> =
                some.iter().map(|(_, one)| (&one.shop, &one.record)).collect();
            let made = embed_records(&records, embedder.as_ref(), &mut cache);
            let live = self.live.load_full();
            let mut vectors = live.vectors.write().unwrap_or_else(PoisonError::into_inner);
            let mut waiting = self.background.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            // A record that was changed or removed meanwhile is not this one any more.
            let still: Vec<&str> = some
                .iter()
                .filter(|(key, one)| waiting.get(key).is_some_and(|now| now.record == one.record))
                .map(|(key, _)| key.as_str())
                .collect();
            still.iter().for_each(|key| {
                waiting.remove(*key);
            });
            for meanings in made? {
                if still.contains(&meanings.key.as_str()) {
                    vectors.put(meanings);
                }
            }
            done += still.len();
        }
    }

    /// The vector of a question that is asked now; none without an embedder, or if it fails.
    pub fn question_vector(&self, question: &str) -> Option<Vector> {
        let made = self.embedder.as_ref()?.embed_one(question, Purpose::Query);
        made.inspect_err(|error| tracing::warn!(%error, "searching without a vector")).ok()
    }

    /// The vectors of questions, from those kept as far as they are there.
    ///
    /// # Errors
    /// There is no embedder, or it failed.
    pub fn question_vectors(&self, questions: &[&str]) -> Result<Vec<Vector>, KnowledgeError> {
        let Some(embedder) = &self.embedder else {
            return Err(EmbedError::Failed("there is none".to_owned()).into());
        };
        let mut cache = VectorCache::open(self.vector_cache.as_deref(), embedder.as_ref());
        Ok(embed_questions(questions, embedder.as_ref(), &mut cache)?)
    }

    /// Notes which vectors changes make wrong and which they ask for.
    pub(super) fn note(&self, live: &Live, changes: &[(ShopId, Change)]) {
        if self.embedder.is_none() {
            return;
        }
        let mut vectors = live.vectors.write().unwrap_or_else(PoisonError::into_inner);
        let mut waiting = self.background.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        for (shop, change) in changes {
            let key = key_of(shop, change);
            vectors.remove(&key);
            waiting.remove(&key);
            if let Change::Put(record) = change
                && has_meaning(record.kind)
            {
                waiting.insert(key, Waiting { shop: shop.clone(), record: record.clone() });
            }
        }
        drop(waiting);
        self.background.news.notify_one();
    }
}
