//! The facts of a turn: what the records say about this question, within the customer's own scope.
//!
//! The index gives ids and scores only. Every body comes from the [`Source`], so that nothing stale, withdrawn or
//! foreign is ever shown.

mod collect;
mod focus;
mod measures;
mod offer;
mod policies;
mod product;
mod variables;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::future::Future;
use std::sync::Arc;

pub use focus::says_place;
pub use variables::variables;

use crate::identity::Scope;
use crate::knowledge::{Knowledge, KnowledgeError};
use crate::record::{Record, RecordKind};
use crate::turn::types::{Facts, Reading, TurnInput, Unreadable};
use collect::{Collector, Searches};
use focus::focus_order;

/// At most so many facts a turn, unless verdicts need more policies; others would not be read by anybody.
pub const MOST_FACTS: usize = 14;

/// From this score on something found by search is good enough to answer from.
///
/// Calibrated on a real shop: of 142 questions that are none of its business one reached it, while questions that its
/// knowledge answers score 0.45 and more. A test of `knowledge` measures both sides again.
pub const RELEVANT_SCORE: f32 = 0.42;

/// Where the bodies of records come from. Every call is answered for the scope it is given: private records of
/// anybody else are not there.
pub trait Source: Send + Sync {
    /// Why it could not answer.
    type Error: Error + Send + Sync + 'static;

    /// The verified customer's own records of these kinds, each kind newest first; for an order's holder
    /// the orders that are open and their cases; nothing for anybody else.
    fn own(
        &self,
        scope: &Scope,
        kinds: &[RecordKind],
    ) -> impl Future<Output = Result<Own, Self::Error>> + Send;
    /// Records by kind and id, as far as this scope may see them, in the order asked for.
    fn records(
        &self,
        scope: &Scope,
        wanted: &[(RecordKind, String)],
    ) -> impl Future<Output = Result<Vec<Record>, Self::Error>> + Send;
    /// All records of these kinds that anybody may see, whatever their validity.
    fn public(
        &self,
        scope: &Scope,
        kinds: &[RecordKind],
    ) -> impl Future<Output = Result<Vec<Arc<Record>>, Self::Error>> + Send;
    /// The records of a kind that anybody may see and that belong to a product.
    fn of_product(
        &self,
        scope: &Scope,
        kind: RecordKind,
        product: &str,
    ) -> impl Future<Output = Result<Vec<Record>, Self::Error>> + Send;
}

/// What a verified customer owns, as far as it can be read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Own {
    /// The records, each kind newest first.
    pub records: Vec<Record>,
    /// What is kept in another system that does not answer now; everything else was read.
    pub unreadable: Option<Unreadable>,
}

impl Own {
    /// The records of a kind.
    fn of(&self, kind: RecordKind) -> impl Iterator<Item = &Record> {
        self.records.iter().filter(move |record| record.kind == kind)
    }
}

/// The facts could not be gathered.
#[derive(Debug, thiserror::Error)]
pub enum RetrieveError {
    /// The store failed.
    #[error("the records cannot be read: {0}")]
    Source(#[source] Box<dyn Error + Send + Sync>),
    /// The index failed.
    #[error("the index cannot be searched: {0}")]
    Knowledge(#[from] KnowledgeError),
}

impl RetrieveError {
    fn source<E: Error + Send + Sync + 'static>(error: E) -> Self {
        Self::Source(Box::new(error))
    }
}

/// What the possible scenarios of a turn read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Kinds of record.
    pub kinds: Vec<RecordKind>,
    /// Matters whose policies have to be there, whether or not the words lead to them: the likeliest scenarios ask for
    /// their verdict.
    pub matters: Vec<String>,
    /// The order of the open flow that the message seems to go on with.
    pub flow_order: Option<String>,
}

/// Gathers the facts of a turn: the customer's own orders and parcels, what is in force for them, products that are
/// meant, and what search finds. `wanted` is what the possible scenarios read.
///
/// # Errors
/// The source or the index failed.
pub async fn gather<S: Source>(
    source: &S,
    knowledge: &Knowledge,
    reading: &Reading,
    input: &TurnInput,
    wanted: &Wanted,
) -> Result<Facts, RetrieveError> {
    let own = if input.scope.reaches_orders() {
        source.own(&input.scope, &own_kinds(wanted)).await.map_err(RetrieveError::source)?
    } else {
        Own::default()
    };
    let orders: Vec<Record> = own.of(RecordKind::Order).cloned().collect();
    let focus = focus_order(&orders, knowledge.analyzer(), reading, input, wanted);
    let question = knowledge.ask(&input.scope, &reading.masked, reading.vector.as_ref())?;
    let unmasked = match reading.question == reading.masked {
        true => None,
        false => Some(knowledge.ask(&input.scope, &reading.question, None)?),
    };
    let unmasked = unmasked.as_ref().unwrap_or(&question);
    let searches = Searches { knowledge, question: &question, unmasked };
    let mut collector = Collector::new(source, searches, reading, input, wanted);
    collector.add_orders(&orders, &focus);
    collector.add_product(focus.order.map(|index| &orders[index])).await?;
    collector.add_products_of_clauses().await?;
    collector.add_batches().await?;
    collector.add_own_records(&own);
    collector.add_rules(focus.order.map(|index| &orders[index])).await?;
    collector.add_prices().await?;
    collector.lay_offer();
    collector.add_found().await?;
    Ok(collector.finish())
}

/// Which of the customer's own records a turn reads: orders and what wording may know of the customer always, because
/// they say which product is meant; cases and coupons only where a possible scenario reads them.
fn own_kinds(wanted: &Wanted) -> Vec<RecordKind> {
    let wants = |kind| wanted.kinds.contains(&kind);
    let mut kinds = vec![RecordKind::Order, RecordKind::Customer];
    if wants(RecordKind::Aftersale) || wants(RecordKind::Order) {
        kinds.push(RecordKind::Aftersale);
    }
    if wants(RecordKind::Coupon) {
        kinds.push(RecordKind::Coupon);
    }
    kinds
}
