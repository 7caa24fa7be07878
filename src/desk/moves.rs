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
}

impl Move {
    /// Every move.
    pub const ALL: [Self; 6] =
        [Self::CustomerMessage, Self::HandOver, Self::Claim, Self::StaffMessage, Self::Return, Self::Resolve];

    fn as_str(self) -> &'static str {
        match self {
            Self::CustomerMessage => "a message of the customer",
            Self::HandOver => "a handover",
            Self::Claim => "claiming",
            Self::StaffMessage => "a message of an agent",
            Self::Return => "giving back",
            Self::Resolve => "resolving",
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
    use ConversationState::{Bot, Human, Resolved, Waiting};
    match (state, step) {
        (Bot | Resolved, Move::CustomerMessage) => Ok(Bot),
        (Waiting, Move::CustomerMessage) => Ok(Waiting),
        (Human, Move::CustomerMessage | Move::StaffMessage | Move::HandOver | Move::Claim) => Ok(Human),
        // A wish for a person is never refused, wherever the conversation stands.
        (Bot | Waiting | Resolved, Move::HandOver) => Ok(Waiting),
        (Waiting, Move::Claim) => Ok(Human),
        (Human, Move::Return) => Ok(Bot),
        (Human, Move::Resolve) => Ok(Resolved),
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
    use TicketStatus::{Claimed, Open, Resolved, Returned};
    match (status, step) {
        (Open | Claimed, Move::Claim) | (Claimed, Move::StaffMessage) => Ok(Claimed),
        (Open | Claimed, Move::CustomerMessage | Move::HandOver) => Ok(status),
        (Claimed, Move::Return) => Ok(Returned),
        (Claimed, Move::Resolve) => Ok(Resolved),
        (Open, _) => Err(illegal(step, "nobody has claimed the ticket", "claim it first")),
        (Returned, _) => Err(illegal(step, "the ticket was given back", "the next handover opens a new one")),
        (Resolved, _) => Err(illegal(step, "the ticket is resolved", "the next handover opens a new one")),
    }
}

fn illegal(step: Move, state: &'static str, hint: &'static str) -> IllegalMove {
    IllegalMove { what: step.as_str(), state, hint }
}
