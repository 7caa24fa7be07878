//! The port of the knowledge gaps, and the lane that closes a gap when knowledge arrives that answers it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use crate::connect::ShopSource;
use crate::gaps::likeness::Asked;
use crate::gaps::{Gap, GapState};
use crate::http::ports::{Answer, GapPage, GapRequest, Gaps, PortError};
use crate::identity::{GapId, Scope, StaffScope};
use crate::knowledge::Knowledge;
use crate::record::RecordKind;
use crate::store::{BY_KNOWLEDGE, GapFilter, Settlement, Store};
use crate::time::{Clock, Now};
use crate::turn::retrieve::{RELEVANT_SCORE, Wanted, gather};
use crate::turn::types::{PageContext, Reading, TurnInput};

/// How often is looked whether there is anything new.
const LOOK: Duration = Duration::from_millis(500);

/// What may be an answer in words. A product or an order that changes answers no question by itself.
const ANSWERS: [RecordKind; 4] =
    [RecordKind::Knowledge, RecordKind::Policy, RecordKind::Promotion, RecordKind::Notice];

/// Shows and settles gaps.
pub struct GapsPort {
    /// Where they are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Gaps for GapsPort {
    fn list(&self, staff: StaffScope, request: GapRequest) -> Answer<'_, GapPage> {
        Box::pin(async move {
            let narrow = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
            let filter = GapFilter {
                state: request.state,
                limit: narrow(request.limit),
                offset: narrow(request.offset),
            };
            let (gaps, total) = self.store.gaps(&staff, filter).await?;
            Ok(GapPage { gaps, total })
        })
    }

    fn settle(
        &self,
        staff: StaffScope,
        gap: GapId,
        state: GapState,
        knowledge: Option<String>,
    ) -> Answer<'_, Gap> {
        Box::pin(async move {
            let answered_by = match (state, knowledge) {
                (GapState::Answered, Some(id)) => Some(self.answer(&staff, &id).await?),
                (GapState::Answered, None) => {
                    return Err(invalid("the id of the record that answers it is expected"));
                }
                (GapState::Open | GapState::Dismissed, Some(_)) => {
                    return Err(invalid("only an answered gap has one"));
                }
                (GapState::Open | GapState::Dismissed, None) => None,
            };
            let settlement = Settlement { state, answered_by };
            self.store.settle_gap(&staff, &gap, settlement, &self.clock.now()).await?;
            Ok(self.store.gap(&staff, &gap).await?)
        })
    }
}

impl GapsPort {
    /// The record that answers a gap, as `kind:id`. An id without a kind is that of a knowledge entry.
    async fn answer(&self, staff: &StaffScope, named: &str) -> Result<String, PortError> {
        let with_kind = named.split_once(':').and_then(|(kind, id)| {
            let kind = RecordKind::parse(kind).filter(|kind| ANSWERS.contains(kind))?;
            Some((kind, id))
        });
        let (kind, id) = with_kind.unwrap_or((RecordKind::Knowledge, named));
        match self.store.record(staff, kind, id).await? {
            Some(record) => Ok(record.fact_id()),
            None => Err(invalid("there is no such record; put it first")),
        }
    }
}

fn invalid(message: &str) -> PortError {
    PortError::Invalid { field: Some("knowledge".into()), message: message.to_owned() }
}

/// Looks after the open gaps until it is dropped.
pub struct Lane(JoinHandle<()>);

impl Lane {
    /// Begins to look.
    pub fn start(store: Store, knowledge: Arc<Knowledge>, clock: Arc<dyn Clock>, staff: StaffScope) -> Self {
        let staff = StaffScope { actor: BY_KNOWLEDGE.to_owned(), ..staff };
        Self(tokio::spawn(async move {
            let closer = Closer { store, knowledge, clock, staff };
            let mut seen = None;
            loop {
                let now = closer.state().await;
                if now.is_some() && now != seen {
                    match closer.close_answered().await {
                        Ok(0) => {}
                        Ok(closed) => tracing::info!(closed, "new knowledge answers open questions"),
                        Err(error) => tracing::warn!(%error, "open questions could not be asked again"),
                    }
                    seen = now;
                }
                tokio::time::sleep(LOOK).await;
            }
        }))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.abort();
    }
}

struct Closer {
    store: Store,
    knowledge: Arc<Knowledge>,
    clock: Arc<dyn Clock>,
    staff: StaffScope,
}

impl Closer {
    /// What an answer may depend on: the records, the index, whether all have their vectors. None if it cannot be read.
    async fn state(&self) -> Option<(i64, Option<String>, bool)> {
        let change = self.store.last_change(&self.staff).await.ok()?;
        let generation = self.knowledge.manifest().map(|manifest| manifest.id);
        Some((change, generation, self.knowledge.waiting_for_vectors() == 0))
    }

    /// Asks every open question again. One that a record answers which has come since is closed.
    async fn close_answered(&self) -> Result<usize, PortError> {
        let open = self.store.open_gaps(&self.staff).await?;
        let Some(first) = open.iter().map(|(_, _, change)| *change).min() else { return Ok(0) };
        let changes = self.store.changes(&self.staff, first).await?;
        let newer: HashMap<String, i64> = changes
            .into_iter()
            .filter(|change| change.record.is_some() && ANSWERS.contains(&change.kind))
            .map(|change| (format!("{}:{}", change.kind, change.id), change.change))
            .collect();
        if newer.is_empty() {
            return Ok(0);
        }
        let mut closed = 0;
        let now = self.clock.now();
        for (id, asked, change) in open {
            let Some(record) =
                self.answered_by(asked, &now, |record| newer.get(record) > Some(&change)).await?
            else {
                continue;
            };
            let settlement = Settlement { state: GapState::Answered, answered_by: Some(record) };
            self.store.settle_gap(&self.staff, &id, settlement, &now).await?;
            closed += 1;
        }
        Ok(closed)
    }

    /// The best record that retrieval finds for a question now, if it is good enough and new.
    async fn answered_by(
        &self,
        asked: Asked,
        now: &Now,
        is_new: impl Fn(&str) -> bool,
    ) -> Result<Option<String>, PortError> {
        let Asked { text, vector, product } = asked;
        let input = TurnInput {
            scope: Scope::anonymous(self.staff.shop.clone()),
            page: PageContext { product, ..PageContext::default() },
            ..TurnInput::first(&text, now.clone())
        };
        let reading = Reading {
            text: text.clone(),
            question: text.clone(),
            masked: text,
            vector,
            ..Reading::default()
        };
        // Nobody in particular asks, so nothing of the shop's other systems is needed.
        let source = ShopSource::new(self.store.clone(), None);
        let facts = gather(&source, &self.knowledge, &reading, &input, &Wanted::default())
            .await
            .map_err(|error| PortError::Internal(error.into()))?;
        let answers = facts
            .found
            .into_iter()
            .find(|fact| ANSWERS.contains(&fact.kind) && fact.score >= RELEVANT_SCORE && is_new(&fact.id));
        Ok(answers.map(|fact| fact.id))
    }
}
