//! What do customers ask that nothing answers? Questions without good evidence, grouped by what they ask, for the people
//! who write the shop's knowledge.
//!
//! A turn that ends in "nobody knows" leaves its question here, after the customer has the reply. A gap is open until
//! somebody answers or dismisses it, or until knowledge arrives that answers it.

pub mod likeness;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::identity::{ConversationId, GapId};

/// At most so many other ways of asking are kept of a gap.
pub const MOST_WAYS: usize = 8;

/// At most so many conversations are kept of a gap, the latest ones.
pub const MOST_CONVERSATIONS: usize = 5;

/// Why a question is a gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// It was understood, and no record answers it.
    NoEvidence,
    /// It was not understood, and search found nothing good enough either.
    NotUnderstood,
}

/// How a gap stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GapState {
    /// Nothing answers it.
    Open,
    /// A record answers it. Asked in vain once more, it is open again.
    Answered,
    /// Nobody wants to answer it; it is only counted.
    Dismissed,
}

/// A question that nothing answered, with all that ask the same.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// Its id.
    pub id: GapId,
    /// The question as it was first asked: made whole by the conversation, private data masked.
    pub question: String,
    /// Other ways in which it was asked.
    pub ways: Vec<String>,
    /// Why it is a gap.
    pub reason: GapReason,
    /// The scenario of its latest asking.
    pub scenario: Option<String>,
    /// Its topic.
    pub topic: Option<String>,
    /// The id of the product in view.
    pub product: Option<String>,
    /// How it stands.
    pub state: GapState,
    /// The record that answers it: `kind:id`.
    pub answered_by: Option<String>,
    /// Who settled it: a person's key, or `knowledge` if it closed itself.
    pub settled_by: Option<String>,
    /// How often it was asked.
    pub times: u64,
    /// When it was first asked.
    pub first_at: Timestamp,
    /// When it was last asked.
    pub last_at: Timestamp,
    /// Conversations in which it was asked, the latest first.
    pub conversations: Vec<ConversationId>,
}
