//! How a handoff becomes a ticket: with its note, in the store, before anybody hears of it.

use jiff::Timestamp;

use super::Services;
use crate::desk::note::{self, NoteSource};
use crate::desk::priority::priority_of;
use crate::desk::types::HandoffNote;
use crate::identity::{ConversationId, MessageId, Scope, TicketId};
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

/// What a person reads when taking over.
pub(super) async fn note(services: &Services, case: &Case<'_>) -> Result<HandoffNote, StoreError> {
    let emotions = services.store.emotions(case.scope, case.conversation).await?;
    Ok(note::build(&NoteSource {
        identity: &case.scope.identity,
        history: case.history,
        message: case.message,
        reading: case.reading,
        facts: case.facts,
        emotions: &emotions,
        refused: case.refused,
        promises: &[],
        suggestions: &[],
    }))
}

/// The ticket of a plan that is due at a moment.
pub(super) fn planned(
    conversation: &ConversationId,
    plan: &HandoffPlan,
    due: Timestamp,
    note: HandoffNote,
) -> NewTicket {
    NewTicket {
        conversation: conversation.clone(),
        reason: plan.reason,
        detail: plan.detail.clone(),
        mode: plan.mode,
        priority: priority_of(plan, &note),
        due,
        note,
    }
}

/// Opens the ticket of a plan that is due at a moment.
pub(super) async fn open(
    services: &Services,
    case: Case<'_>,
    plan: &HandoffPlan,
    due: Timestamp,
    now: &Now,
) -> Result<Handoff, StoreError> {
    let new = planned(case.conversation, plan, due, note(services, &case).await?);
    let ticket = services.store.open_ticket(case.scope, new, now).await?.ticket;
    Ok(handoff(plan, ticket.id))
}

/// A plan that has its ticket.
pub(super) fn handoff(plan: &HandoffPlan, ticket: TicketId) -> Handoff {
    Handoff { reason: plan.reason, detail: plan.detail.clone(), mode: plan.mode, ticket }
}
