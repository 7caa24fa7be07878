//! Which moves are legal: the state machines of a conversation and of a ticket, as pure functions.

use super::types::{ConversationState, TicketStatus};

/// Something that may change who has a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Move {
    /// The customer writes.
    CustomerMessage,
    /// A ticket for now is opened.
    HandOver,
    /// An agent takes the ticket.
    Claim,
    /// The agent writes to the customer.
    StaffMessage,
    /// The agent gives the conversation back to the assistant.
    Return,
    /// The agent closes the matter.
    Resolve,
    /// The agent puts the matter off.
    Snooze,
    /// What was put off comes back at its time.
    Wake,
    /// The agent passes the matter on, to somebody or back to the queue.
    PassOn,
    /// The agent is gone: the matter goes back to the queue by itself.
    FallBack,
}

impl Move {
    /// Every move.
    pub const ALL: [Self; 10] = [
        Self::CustomerMessage,
        Self::HandOver,
        Self::Claim,
        Self::StaffMessage,
        Self::Return,
        Self::Resolve,
        Self::Snooze,
        Self::Wake,
        Self::PassOn,
        Self::FallBack,
    ];

    fn as_str(self) -> &'static str {
        match self {
            Self::CustomerMessage => "a message of the customer",
            Self::HandOver => "a handover",
            Self::Claim => "claiming",
            Self::StaffMessage => "a message of an agent",
            Self::Return => "giving back",
            Self::Resolve => "resolving",
            Self::Snooze => "putting off",
            Self::Wake => "coming back",
            Self::PassOn => "passing on",
            Self::FallBack => "falling back",
        }
    }
}

/// A move that is not allowed where things stand.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not possible while {state}; {hint}")]
pub struct IllegalMove {
    what: &'static str,
    state: &'static str,
    hint: &'static str,
}

/// Who has the conversation after a move.
///
/// # Errors
/// [`IllegalMove`] with a hint at what would be possible.
pub fn next(state: ConversationState, step: Move) -> Result<ConversationState, IllegalMove> {
    use ConversationState::{Bot, Human, Resolved, Snoozed, Waiting};
    match (state, step) {
        (Bot | Resolved, Move::CustomerMessage) => Ok(Bot),
        (Waiting, Move::CustomerMessage) => Ok(Waiting),
        (Human, Move::CustomerMessage | Move::StaffMessage | Move::HandOver | Move::Claim) => Ok(Human),
        // A wish for a person is never refused, wherever the conversation stands.
        (Bot | Waiting | Resolved, Move::HandOver) => Ok(Waiting),
        (Waiting, Move::Claim) => Ok(Human),
        (Human | Snoozed, Move::Return) => Ok(Bot),
        (Human | Snoozed, Move::Resolve) => Ok(Resolved),
        (Human | Snoozed, Move::Snooze) => Ok(Snoozed),
        (Human | Snoozed, Move::PassOn) | (Human, Move::FallBack) => Ok(Waiting),
        // Whoever writes brings back what was put off, and so does its time.
        (Snoozed, Move::CustomerMessage | Move::StaffMessage | Move::HandOver | Move::Claim | Move::Wake) => {
            Ok(Human)
        }
        (Snoozed, Move::FallBack) => {
            Err(illegal(step, "the matter is put off", "it comes back to whoever put it off"))
        }
        (Human, Move::Wake) => Err(illegal(step, "a person is at it", "nothing was put off")),
        (Bot, _) => {
            Err(illegal(step, "the assistant has the conversation", "it has to be handed over first"))
        }
        (Waiting, _) => Err(illegal(step, "nobody has claimed the ticket", "claim it first")),
        (Resolved, _) => {
            Err(illegal(step, "the matter is resolved", "the customer's next message opens it again"))
        }
    }
}

/// Where a ticket stands after a move.
///
/// # Errors
/// [`IllegalMove`] with a hint at what would be possible.
pub fn next_ticket(status: TicketStatus, step: Move) -> Result<TicketStatus, IllegalMove> {
    use TicketStatus::{Claimed, Open, Resolved, Returned, Snoozed};
    match (status, step) {
        (Open | Claimed, Move::CustomerMessage | Move::HandOver) => Ok(status),
        (Open, Move::Claim) => Ok(Claimed),
        (Claimed, Move::Claim | Move::StaffMessage) => Ok(Claimed),
        (Snoozed, Move::CustomerMessage | Move::HandOver | Move::Claim | Move::StaffMessage | Move::Wake) => {
            Ok(Claimed)
        }
        (Claimed | Snoozed, Move::Return) => Ok(Returned),
        (Claimed | Snoozed, Move::Resolve) => Ok(Resolved),
        (Claimed | Snoozed, Move::Snooze) => Ok(Snoozed),
        (Claimed | Snoozed, Move::PassOn) | (Claimed, Move::FallBack) => Ok(Open),
        (Snoozed, Move::FallBack) => {
            Err(illegal(step, "the ticket is put off", "it comes back to whoever put it off"))
        }
        (Claimed, Move::Wake) => Err(illegal(step, "a person is at it", "nothing was put off")),
        (Open, _) => Err(illegal(step, "nobody has claimed the ticket", "claim it first")),
        (Returned, _) => Err(illegal(step, "the ticket was given back", "the next handover opens a new one")),
        (Resolved, _) => Err(illegal(step, "the ticket is resolved", "the next handover opens a new one")),
    }
}

fn illegal(step: Move, state: &'static str, hint: &'static str) -> IllegalMove {
    IllegalMove { what: step.as_str(), state, hint }
}
