//! What are other systems told, under which names, and when is a failed delivery tried again? Pure: `store/webhooks` keeps
//! the rows, `connect/webhooks` sends.

mod payload;
#[cfg(test)]
mod tests;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::identity::{ConversationId, DeliveryId, WebhookId};

pub use payload::{Happening, Place, names_of, payload, test_payload};

/// What an event is called outside, as Chatwoot calls it where Chatwoot has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// The first thing was said in a conversation.
    ConversationCreated,
    /// Somebody else has a conversation, or a matter of several steps in it has moved.
    ConversationUpdated,
    /// Somebody else has a conversation: the assistant, the queue, a person, nobody any more.
    ConversationStatusChanged,
    /// Somebody has said something: the customer, the assistant, a person.
    MessageCreated,
    /// The assistant has spoken first to a customer who has agreed to be told of it outside the shop's pages.
    NudgeCreated,
    /// A person has written a note that the customer does not see.
    NoteCreated,
    /// A ticket was opened.
    TicketCreated,
    /// A ticket was claimed, returned, resolved, or is more urgent.
    TicketUpdated,
    /// A matter went to a person.
    Handoff,
    /// Something that is done for a customer was begun or has moved.
    ActionUpdated,
    /// A promise was given or has moved.
    PromiseUpdated,
    /// Nothing happened: somebody tries whether deliveries arrive.
    WebhookTest,
}

impl EventName {
    /// Those that can be subscribed to.
    pub const ALL: [Self; 11] = [
        Self::ConversationCreated,
        Self::ConversationUpdated,
        Self::ConversationStatusChanged,
        Self::MessageCreated,
        Self::NudgeCreated,
        Self::NoteCreated,
        Self::TicketCreated,
        Self::TicketUpdated,
        Self::Handoff,
        Self::ActionUpdated,
        Self::PromiseUpdated,
    ];

    /// Its name outside.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConversationCreated => "conversation_created",
            Self::ConversationUpdated => "conversation_updated",
            Self::ConversationStatusChanged => "conversation_status_changed",
            Self::MessageCreated => "message_created",
            Self::NudgeCreated => "nudge_created",
            Self::NoteCreated => "note_created",
            Self::TicketCreated => "ticket_created",
            Self::TicketUpdated => "ticket_updated",
            Self::Handoff => "handoff",
            Self::ActionUpdated => "action_updated",
            Self::PromiseUpdated => "promise_updated",
            Self::WebhookTest => "webhook_test",
        }
    }
}

/// Stands for every event but private notes, which are only told to those who name them.
const EVERYTHING: &str = "*";

/// Which events a subscription wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Wanted(Vec<String>);

/// A subscription to nothing, or to an event that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WantedError {
    /// The list is empty.
    #[error("at least one event is expected, or `*` for all")]
    Nothing,
    /// There is no such event.
    #[error("there is no event `{0}`; there are {known}, and `*` for all but note_created", known = known())]
    Unknown(String),
}

fn known() -> String {
    EventName::ALL.map(EventName::as_str).join(", ")
}

impl Wanted {
    /// Checks a list of names that came from outside.
    ///
    /// # Errors
    /// The first name that is none, or that there is no name at all.
    pub fn new(names: Vec<String>) -> Result<Self, WantedError> {
        let is_known =
            |name: &String| name == EVERYTHING || EventName::ALL.iter().any(|event| event.as_str() == name);
        if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
            return Err(WantedError::Unknown(unknown.clone()));
        }
        let mut once: Vec<String> = Vec::with_capacity(names.len());
        for name in names {
            if !once.contains(&name) {
                once.push(name);
            }
        }
        if once.is_empty() { Err(WantedError::Nothing) } else { Ok(Self(once)) }
    }

    /// The names, as they were given.
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether an event is wanted.
    pub fn has(&self, event: EventName) -> bool {
        let named = |name: &str| self.0.iter().any(|wanted| wanted == name);
        named(event.as_str()) || (event != EventName::NoteCreated && named(EVERYTHING))
    }
}

/// A subscription: another system that is told what happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Where deliveries go.
    pub url: String,
    /// What it is told.
    pub wanted: Wanted,
    /// What people call it.
    pub description: Option<String>,
    /// Whether it is told anything now.
    pub active: bool,
    /// Why it was switched off by itself.
    pub ended: Option<String>,
    /// Failed attempts in a row.
    pub failures: u32,
    /// Until when it is left alone because of them.
    pub paused_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Deliveries that are still to be made.
    pub waiting: u64,
    /// Deliveries that were given up.
    pub dead: u64,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryState {
    /// It was not tried yet.
    Pending,
    /// It was taken.
    Delivered,
    /// It was not taken and is tried again.
    Failed,
    /// It was given up; it can be replayed.
    Dead,
}

impl DeliveryState {
    /// Where a delivery stands that is not tried again: taken, or given up.
    #[must_use]
    pub fn or_dead(self) -> Self {
        if self == Self::Delivered { self } else { Self::Dead }
    }
}

/// One event for one subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its id, the same in every attempt, by which the other system knows it again.
    pub id: DeliveryId,
    /// The subscription.
    pub webhook: WebhookId,
    /// What it tells of.
    pub event: EventName,
    /// Where it happened; none for a test.
    pub conversation: Option<ConversationId>,
    /// What is sent, byte by byte.
    pub body: String,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried since it was made or replayed.
    pub attempts: u32,
    /// When it is tried next.
    pub next_at: Option<Timestamp>,
    /// The status of the latest answer.
    pub status: Option<u16>,
    /// The beginning of the latest answer.
    pub answer: Option<String>,
    /// Why the latest attempt failed.
    pub error: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last tried.
    pub last_at: Option<Timestamp>,
}

/// What came of one attempt.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attempt {
    /// The status, if there was an answer.
    pub status: Option<u16>,
    /// The beginning of the answer.
    pub answer: Option<String>,
    /// Why it failed, if it did.
    pub error: Option<String>,
}

/// The status by which a system says that it wants no more deliveries.
const GONE: u16 = 410;

impl Attempt {
    /// Whether the delivery was taken.
    pub fn is_taken(&self) -> bool {
        self.error.is_none() && self.status.is_some_and(|status| (200..300).contains(&status))
    }

    /// Whether the system wants no more deliveries at all.
    pub fn is_unwanted(&self) -> bool {
        self.status == Some(GONE)
    }
}

/// The pauses after failed attempts. After the last of them it is given up.
const PAUSES: [SignedDuration; 7] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(6),
    SignedDuration::from_hours(24),
];

/// How long to wait after so many failed attempts of one delivery; none once it is given up.
pub fn pause_after(attempts: u32) -> Option<SignedDuration> {
    let failed = usize::try_from(attempts.checked_sub(1)?).ok()?;
    PAUSES.get(failed).copied()
}

/// So many failures in a row, of whichever deliveries, and a target is left alone for a while.
const MOST_FAILURES: u32 = 5;

/// So long it is then left alone, before one delivery is tried again.
const LEFT_ALONE: SignedDuration = SignedDuration::from_mins(1);

/// How long a target is left alone after so many failures in a row.
///
/// It counts by the shop's clock and in the store, not by the machine's clock and in memory as the breaker of look-ups does:
/// people see it, and a restart does not begin anew with a target that has been down for hours.
pub fn left_alone_after(failures: u32) -> Option<SignedDuration> {
    (failures >= MOST_FAILURES).then_some(LEFT_ALONE)
}
