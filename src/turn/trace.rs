//! Why the assistant said what it said: the record of one turn, kept with the reply and shown to staff.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::types::{By, Choice, Concern, EpisodeState, Goal, Refusal, ReplyClass, ScenarioMatch, Tier};

/// Everything staff may see about one reply. Stored as JSON beside the message.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Trace {
    /// The resolved question with private data masked.
    pub question: String,
    /// The scenario.
    pub scenario: Option<ScenarioMatch>,
    /// The tier.
    pub tier: Tier,
    /// Why this tier.
    pub tier_why: Vec<String>,
    /// Which order its goals had to keep.
    #[serde(default)]
    pub class: ReplyClass,
    /// The matter it is about.
    #[serde(default)]
    pub episode: Option<EpisodeTrace>,
    /// The goals of this reply in order: the sentences that serve each, or why none does.
    #[serde(default)]
    pub goals: Vec<GoalTrace>,
    /// Intents with confidence and reason, as read.
    pub intents: Value,
    /// The emotion as read, with the words that decided it.
    pub emotion: Value,
    /// One line a sentence: which goal it serves, where it comes from, what it rests on.
    pub sentences: Vec<SentenceTrace>,
    /// What the customer was offered to choose from.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// Drafts the guard did not let out.
    pub refused: Vec<Refusal>,
    /// The facts: id, kind, title, text, why.
    pub evidence: Vec<FactTrace>,
    /// Why the reply took the way it took: "model busy", "offered two orders", …
    pub notes: Vec<String>,
    /// Milliseconds and token counts.
    pub timing: Timing,
}

/// The matter a reply is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct EpisodeTrace {
    /// Counts up within the conversation.
    pub number: u32,
    /// What it is about.
    pub matter: Concern,
    /// How it stands after this reply.
    pub state: EpisodeState,
    /// Points of the impatience ladder that it keeps.
    pub points: u32,
    /// How often the customer has come with it within a day.
    pub contacts: u32,
}

/// A goal and what serves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct GoalTrace {
    /// The goal.
    pub goal: Goal,
    /// The places of its sentences in `sentences`, counted from 0.
    pub sentences: Vec<usize>,
    /// Why no sentence serves it.
    #[serde(default)]
    pub why_not: Option<String>,
}

/// One sentence of the reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SentenceTrace {
    /// The text that was sent.
    pub text: String,
    /// What it is for.
    pub goal: Goal,
    /// Where it comes from.
    pub by: By,
    /// Ids of the facts it rests on.
    pub evidence: Vec<String>,
}

/// One fact of the turn, as staff see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct FactTrace {
    /// `kind:id`.
    pub id: String,
    /// The kind of record.
    pub kind: String,
    /// A short name.
    pub title: String,
    /// What it says.
    pub text: String,
    /// Why it was used.
    #[serde(default)]
    pub why: String,
}

/// How long a turn took.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Timing {
    /// From the door to the first vetted sentence, in milliseconds.
    pub first_sentence_ms: Option<f64>,
    /// From the door to the end of the reply, in milliseconds.
    pub total_ms: f64,
    /// Milliseconds by stage: understand, retrieve, decide, guard, and `queue` for the wait before the model.
    pub stages: BTreeMap<String, f64>,
    /// What the model did, if it was asked.
    pub model: Option<ModelTiming>,
}

/// What the model did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ModelTiming {
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Of these, tokens that did not have to be computed again.
    pub cached_tokens: usize,
    /// Tokens written.
    pub generated_tokens: usize,
    /// Milliseconds waiting for the engine.
    pub queue_ms: f64,
    /// Milliseconds reading the prompt.
    pub prompt_ms: f64,
    /// Milliseconds writing.
    pub decode_ms: f64,
}
