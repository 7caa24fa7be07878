//! The health port: which parts answer, and what is in force.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::rules::{LiveRules, Reloaded};
use crate::connect::Orders;
use crate::conversation::Conversations;
use crate::http::ports::{Answer, Health, ModelState, PackRefusal, PackReload, PackStatus, Readiness};
use crate::knowledge::Knowledge;
use crate::model;
use crate::pack::load::{PackError, Problem, Severity};

/// Asks the parts.
pub struct HealthPort {
    /// The conversation service, which knows store, rules and model.
    pub conversations: Conversations,
    /// The index.
    pub knowledge: Arc<Knowledge>,
    /// The rules in force.
    pub rules: Arc<LiveRules>,
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
                pack_status: PackStatus {
                    version: self.rules.version(),
                    refused: self
                        .rules
                        .refused()
                        .map(|refused| PackRefusal { at: refused.at, problems: problems(&refused.error) }),
                },
                index: true,
                orders: services.source.orders().map(Orders::state),
            }
        })
    }

    fn reload(&self) -> Answer<'_, PackReload> {
        Box::pin(async move {
            Ok(match self.rules.reload().await {
                Ok(Reloaded { version, changed, warnings }) => PackReload {
                    version,
                    changed,
                    warnings: warnings.iter().map(Problem::to_string).collect(),
                    refused: Vec::new(),
                },
                Err(error) => PackReload {
                    version: self.rules.version(),
                    changed: false,
                    warnings: Vec::new(),
                    refused: problems(&error),
                },
            })
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

/// What is wrong, one text each; the warnings beside errors are left out.
fn problems(error: &PackError) -> Vec<String> {
    match error {
        PackError::Refused { problems, .. } => problems
            .iter()
            .filter(|problem| problem.severity == Severity::Error)
            .map(Problem::to_string)
            .collect(),
        other => vec![other.to_string()],
    }
}
