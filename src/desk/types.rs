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
    /// Done; the customer's next message opens it again for the assistant.
    Resolved,
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
    /// Given back to the assistant; the matter may go on.
    Returned,
    /// Done.
    Resolved,
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
