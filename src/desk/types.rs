//! Conversations and tickets as people work with them: states, moves, and what a ticket carries.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity::{ConversationId, MessageId, TicketId};
use crate::turn::types::{EmotionLabel, HandoffMode, HandoffReason};

/// Who has a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversationState {
    /// The assistant answers.
    #[default]
    Bot,
    /// Handed over, nobody has claimed it: only approved wording is said.
    Waiting,
    /// A person has it: the assistant is silent.
    Human,
    /// A person has it and has put it off: it comes back at a time, or when the customer writes.
    Snoozed,
    /// Done; the customer's next message opens it again for the assistant.
    Resolved,
}

impl ConversationState {
    /// Whether a person answers: the assistant is silent.
    pub fn is_with_person(self) -> bool {
        matches!(self, Self::Human | Self::Snoozed)
    }

    /// The state as the customer sees it: whether a person has put the matter off is the shop's own business.
    pub fn for_customer(self) -> Self {
        match self {
            Self::Snoozed => Self::Human,
            other => other,
        }
    }
}

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TicketStatus {
    /// Nobody has it.
    #[default]
    Open,
    /// An agent has it.
    Claimed,
    /// An agent has it and has put it off until a time or the customer's next message.
    Snoozed,
    /// Given back to the assistant; the matter may go on.
    Returned,
    /// Done.
    Resolved,
}

impl TicketStatus {
    /// Whether people still have to see to it.
    pub fn is_owed(self) -> bool {
        matches!(self, Self::Open | Self::Claimed | Self::Snoozed)
    }

    /// Whether an agent has it.
    pub fn is_held(self) -> bool {
        matches!(self, Self::Claimed | Self::Snoozed)
    }
}

/// Who was told that nobody takes a ticket.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Escalation {
    /// Nobody.
    #[default]
    Nobody,
    /// The group was reminded.
    Group,
    /// A lead was called.
    Lead,
}

/// How soon a ticket has to be taken.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// Within its due time.
    #[default]
    Normal,
    /// Before the normal ones.
    High,
    /// At once, a lead is told: health, safety, legal, strong words.
    Urgent,
}

/// Work for a person.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ticket {
    /// Its id.
    pub id: TicketId,
    /// The conversation it came from.
    pub conversation: ConversationId,
    /// Where it stands.
    pub status: TicketStatus,
    /// Why it was opened.
    pub reason: HandoffReason,
    /// A finer reason.
    pub detail: Option<String>,
    /// How urgent the handoff was.
    pub mode: HandoffMode,
    /// The agent who has it.
    pub agent: Option<String>,
    /// How soon it has to be taken.
    pub priority: Priority,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// By when it has to be answered.
    pub due: Timestamp,
    /// Who should take it, whoever has it.
    pub assignee: Option<String>,
    /// What people sort it by, in alphabetical order.
    pub tags: Vec<String>,
    /// When it comes back by itself, if it is snoozed.
    pub snoozed_until: Option<Timestamp>,
    /// The resolved ticket whose matter it takes up again.
    pub reopens: Option<TicketId>,
    /// Who was told that nobody takes it.
    pub escalation: Escalation,
    /// Whether it comes before the others of its priority: it was taken before, and whoever had it is gone.
    pub goes_first: bool,
    /// Since when the customer waits for a word of a person; none while nobody waits.
    pub waiting_since: Option<Timestamp>,
    /// When a person wrote for the first time.
    pub first_response_at: Option<Timestamp>,
    /// When it was returned or resolved.
    pub closed_at: Option<Timestamp>,
    /// What a person needs to know.
    pub note: HandoffNote,
}

/// A rating to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRating {
    /// From 1 (bad) to 5 (very good).
    pub score: u8,
    /// In the customer's own words.
    pub text: Option<String>,
}

/// What a customer thought of the people who have resolved a matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rating {
    /// The ticket by which people had it.
    pub ticket: TicketId,
    /// From 1 (bad) to 5 (very good).
    pub score: u8,
    /// In the customer's own words.
    pub text: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// How a handoff gets its assignee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assignment {
    /// People take what they like, or are asked to.
    #[default]
    Manual,
    /// Whoever was assigned nothing for the longest time.
    RoundRobin,
    /// Whoever has the fewest tickets.
    ByLoad,
}

/// A ticket as the desk shows it: what is stored, and what follows from the settings and the queue.
#[derive(Debug, Clone)]
pub struct DeskTicket {
    /// The ticket.
    pub ticket: Ticket,
    /// How its clocks stand.
    pub clocks: Clocks,
    /// Its place in the queue, for a ticket for now that nobody has.
    pub wait: Option<QueuePlace>,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct QueuePlace {
    /// How many come first.
    pub ahead: u32,
    /// About how many minutes it takes; none where that is not known.
    pub minutes: Option<u32>,
}

/// The clocks of a ticket, in business time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clocks {
    /// The first word of a person.
    pub first_response: Clock,
    /// The next word of a person, while the customer waits for one.
    pub next_response: Option<Timestamp>,
    /// The end of the matter.
    pub resolution: Clock,
}

/// One clock of a ticket.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Clock {
    /// By when it has to be met.
    pub due: Timestamp,
    /// When it was met.
    pub met_at: Option<Timestamp>,
}

/// What a person reads when taking over, so that the customer never repeats anything.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HandoffNote {
    /// What happened, each line linked to the messages it comes from.
    pub summary: Vec<SummaryLine>,
    /// What the customer wants, in the customer's words.
    pub wish: String,
    /// `verified` with the customer's id, or `anonymous`.
    pub identity: String,
    /// The emotion of each customer message.
    pub emotion: Vec<EmotionPoint>,
    /// Orders involved.
    pub orders: Vec<NoteFact>,
    /// Products involved.
    pub products: Vec<NoteFact>,
    /// What the assistant already tried.
    pub tried: Vec<String>,
    /// Facts that were used.
    pub evidence: Vec<NoteFact>,
    /// Drafts the guard did not let out.
    pub blocked: Vec<crate::turn::types::Refusal>,
    /// Sentences of the assistant that came after a person had taken over and were not sent.
    pub late: Vec<String>,
    /// Open promises.
    pub promises: Vec<crate::turn::types::Commitment>,
    /// Replies the agent may send, vetted.
    pub suggestions: Vec<String>,
    /// What the dearest order that is involved comes to, in cents.
    pub value: Option<i64>,
}

/// One line of the summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SummaryLine {
    /// The line.
    pub text: String,
    /// The messages it comes from.
    pub messages: Vec<MessageId>,
}

/// The emotion of one message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EmotionPoint {
    /// The message.
    pub message: MessageId,
    /// The label.
    pub label: EmotionLabel,
    /// From 0 to 1.
    pub intensity: f32,
}

/// A fact as a note shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NoteFact {
    /// `kind:id`.
    pub id: String,
    /// A short name.
    pub title: String,
    /// What it says.
    pub text: String,
}

/// A private note of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentNote {
    /// Who wrote it.
    pub agent: String,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
}
