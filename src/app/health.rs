//! The health port: which parts answer, and what is in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::conversation::Conversations;
use crate::http::ports::{Health, ModelState, Readiness};
use crate::knowledge::Knowledge;
use crate::model;

/// Asks the parts.
pub struct HealthPort {
    /// The conversation service, which knows store, rules and model.
    pub conversations: Conversations,
    /// The index.
    pub knowledge: Arc<Knowledge>,
}

impl Health for HealthPort {
    fn readiness(&self) -> BoxFuture<'_, Readiness> {
        Box::pin(async move {
            let services = self.conversations.services();
            Readiness {
                model: match services.model.state() {
                    model::ModelState::Ready => ModelState::Ready,
                    model::ModelState::Loading => ModelState::Loading,
                    model::ModelState::Absent { .. } | model::ModelState::Failed { .. } => ModelState::Absent,
                },
                store: services.store.ping().await.is_ok(),
                // A pack with faults never gets in force, and an index that nothing was put into is empty, not absent.
                pack: true,
                index: true,
            }
        })
    }

    fn versions(&self) -> BTreeMap<String, String> {
        let services = self.conversations.services();
        let generation = self.knowledge.manifest().map_or_else(|| "none".to_owned(), |manifest| manifest.id);
        BTreeMap::from([
            ("pack".to_owned(), services.rules.load().pack.version.clone()),
            ("index".to_owned(), generation),
            ("model".to_owned(), services.model.name().to_owned()),
        ])
    }
}
