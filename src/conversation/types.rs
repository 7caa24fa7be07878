//! What goes into a conversation and what comes out, as the doors see it.

use std::net::IpAddr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity::{ConversationId, MessageId, Scope};
use crate::turn::trace::{FactTrace, SentenceTrace, Timing, Trace};
use crate::turn::types::{
    Author, Choice, Commitment, EmotionLabel, Handoff, PageContext, Refusal, ScenarioMatch, Tier, Trend,
};

/// A customer's message as it comes through a door, its identity already proven.
#[derive(Debug, Clone)]
pub struct IncomingMessage {
    /// The client's own message id: the same one is answered once.
    pub client_id: Option<String>,
    /// The conversation to go on with; none opens one, or goes on with the customer's unfinished one.
    pub conversation: Option<ConversationId>,
    /// What is proven of the customer.
    pub scope: Scope,
    /// The text; may be empty if there are attachments.
    pub text: String,
    /// What the page says of itself.
    pub page: PageContext,
    /// Pictures and files.
    pub attachments: Vec<Attachment>,
    /// Where it came from: `widget`, `api`, `openai`, `terminal`, …
    pub channel: String,
    /// When the door got it, for the timing.
    pub received: std::time::Instant,
    /// Where it came from, as far as wrong proofs are counted by it.
    pub address: Option<IpAddr>,
}

/// A picture or file that came with a message: stored and shown to people, never interpreted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Attachment {
    /// `image`, `video`, `audio` or `file`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Where it is kept: at an address of the web or, for a picture that was sent to this server, at the `url` that
    /// `POST /api/v1/pictures` has given.
    pub url: String,
    /// Its size.
    #[serde(default)]
    pub bytes: Option<u64>,
    /// Its hash.
    #[serde(default)]
    pub sha256: Option<String>,
}

/// What happens while a message is answered, in order.
#[derive(Debug, Clone)]
pub enum TurnEvent {
    /// The message was understood; its scenario is known.
    Reading {
        /// The scenario.
        scenario: ScenarioMatch,
    },
    /// One vetted sentence; it is already stored.
    Sentence(SentenceTrace),
    /// A handoff was decided and its ticket is stored.
    Handoff(Handoff),
    /// The reply is complete.
    Done(Box<ChatReply>),
}

/// A whole reply, as the chat door gives it to staff; a customer's copy has the staff-only parts emptied.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ChatReply {
    /// The conversation.
    pub conversation: String,
    /// The reply's message id; empty if there is no reply.
    pub message: String,
    /// All sentences, each on its own line.
    pub reply: String,
    /// The sentences.
    pub sentences: Vec<SentenceTrace>,
    /// The scenario.
    pub scenario: Option<ScenarioMatch>,
    /// The emotion. Staff only.
    pub emotion: Option<EmotionSummary>,
    /// The tier. Staff only.
    pub tier: Option<Tier>,
    /// The facts of the turn. Staff only.
    pub evidence: Vec<FactTrace>,
    /// The handoff that was decided now, or that people already have.
    pub handoff: Option<Handoff>,
    /// What was promised.
    pub commitments: Vec<Commitment>,
    /// What its question offers to choose from.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// Drafts that were not let out. Staff only.
    pub guard: Option<GuardSummary>,
    /// The message that took this one over, if it was part of a burst.
    pub superseded_by: Option<String>,
    /// Times and tokens. Staff only.
    pub timing: Option<Timing>,
}

/// The emotion as the API shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EmotionSummary {
    /// The label.
    pub label: EmotionLabel,
    /// From 0 to 1.
    pub intensity: f32,
    /// Against the turns before.
    pub trend: Trend,
    /// A second label.
    #[serde(default)]
    pub also: Option<EmotionLabel>,
}

/// What the guard did, as the API shows it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GuardSummary {
    /// Drafts that were not let out.
    pub refused: Vec<Refusal>,
}

/// A stored message with what staff may see of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StoredMessage {
    /// Its id.
    pub id: MessageId,
    /// Who wrote it.
    pub author: Author,
    /// The name of the person, for messages of staff.
    pub name: Option<String>,
    /// What was said.
    pub text: String,
    /// Pictures and files.
    pub attachments: Vec<Attachment>,
    /// What its question offers to choose from.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// When.
    pub at: Timestamp,
    /// Why the assistant said it. Staff only.
    pub trace: Option<Trace>,
}
