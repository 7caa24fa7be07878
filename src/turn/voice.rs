//! How a turn is heard: what it says and opens is stored first and announced second, by whoever carries it.

use std::future::Future;

use super::guard::Vetted;
use super::types::{Commitment, Decision, Facts, Handoff, HandoffPlan, Reading, Refusal};
use crate::actions::Action;

/// What stands behind the words of a turn once it is stored.
#[derive(Debug, Clone, Default)]
pub struct Backing {
    /// The handoff with its ticket.
    pub handoff: Option<Handoff>,
    /// What was begun.
    pub actions: Vec<Action>,
    /// The promises with the tickets and actions behind them.
    pub commitments: Vec<Commitment>,
}

/// A turn cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// A person has the conversation now; the assistant falls silent.
    #[error("a person has taken the conversation over")]
    TakenOver,
    /// What was to be said could not be stored, so it is not said.
    #[error("the reply cannot be stored: {0}")]
    Store(String),
}

/// Carries a turn to the customer.
pub trait Voice: Send {
    /// Stores the tickets, actions and promises of a decision in one transaction, before a word is said that rests on them.
    fn back(
        &mut self,
        decision: &Decision,
        reading: &Reading,
        facts: &Facts,
    ) -> impl Future<Output = Result<Backing, VoiceError>> + Send;

    /// Stores a sentence, then lets it be heard.
    fn say(&mut self, sentence: &Vetted) -> impl Future<Output = Result<(), VoiceError>> + Send;

    /// Stores the ticket of a handoff that only turned out to be needed while speaking, with the drafts that were
    /// refused until then.
    fn open(
        &mut self,
        plan: &HandoffPlan,
        refused: &[Refusal],
    ) -> impl Future<Output = Result<Handoff, VoiceError>> + Send;

    /// Announces a handoff, after its approved line was said.
    fn announce(&mut self, handoff: &Handoff);

    /// Whether somebody still listens. Without a listener the model is not kept busy.
    fn is_heard(&self) -> bool;
}
