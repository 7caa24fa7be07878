//! How a handoff becomes a ticket: with its note, in the store, before anybody hears of it.

use jiff::Timestamp;

use super::Services;
use crate::desk::note::{self, NoteSource};
use crate::desk::priority::priority_of;
use crate::identity::{ConversationId, MessageId, Scope};
use crate::store::{NewTicket, StoreError};
use crate::time::Now;
use crate::turn::types::{Facts, Handoff, HandoffPlan, PastMessage, Reading, Refusal};

/// What the person who takes over gets to know.
pub(super) struct Case<'a> {
    /// Whose conversation it is.
    pub scope: &'a Scope,
    /// The conversation.
    pub conversation: &'a ConversationId,
    /// Its earlier messages, oldest first.
    pub history: &'a [PastMessage],
    /// The message that led to the ticket.
    pub message: &'a MessageId,
    /// What was read in it.
    pub reading: &'a Reading,
    /// What the records say.
    pub facts: &'a Facts,
    /// Drafts that were not let out.
    pub refused: &'a [Refusal],
}

/// Opens the ticket of a plan that is due at a moment.
pub(super) async fn open(
    services: &Services,
    case: Case<'_>,
    plan: &HandoffPlan,
    due: Timestamp,
    now: &Now,
) -> Result<Handoff, StoreError> {
    let emotions = services.store.emotions(case.scope, case.conversation).await?;
    let note = note::build(&NoteSource {
        identity: &case.scope.identity,
        history: case.history,
        message: case.message,
        reading: case.reading,
        facts: case.facts,
        emotions: &emotions,
        refused: case.refused,
        promises: &[],
        suggestions: &[],
    });
    let new = NewTicket {
        conversation: case.conversation.clone(),
        reason: plan.reason,
        detail: plan.detail.clone(),
        mode: plan.mode,
        priority: priority_of(plan),
        due,
        note,
    };
    let ticket = services.store.open_ticket(case.scope, new, now).await?.ticket;
    Ok(Handoff { reason: plan.reason, detail: plan.detail.clone(), mode: plan.mode, ticket: ticket.id })
}
