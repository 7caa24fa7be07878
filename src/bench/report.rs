//! What came out: the report's shape, which is also its JSON. Names and meaning are stable; docs/bench.md explains
//! each.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distribution::Distribution;
use super::machine::Machine;
use super::verdict::Verdict;

/// The result of one measurement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The version of the program that measured.
    pub version: String,
    /// The machine that measured.
    pub machine: Machine,
    /// The server that was measured.
    pub server: ServerReport,
    /// What was asked of it.
    pub load: LoadReport,
    /// Turns, however they ended.
    pub requests: usize,
    /// Turns that ended as they should: something was said, or people have the conversation.
    pub answered: usize,
    /// Turns that ended in an error.
    pub errors: usize,
    /// Errors by code.
    pub errors_by_code: BTreeMap<String, usize>,
    /// One message of each code, for finding out why.
    pub error_examples: BTreeMap<String, String>,
    /// Turns that ended well and said nothing, though nobody else has the conversation: neither answered nor error.
    pub empty_replies: usize,
    /// Answered turns in which nothing was said because people have the conversation.
    pub with_people: usize,
    /// Answered turns that a later message of the same customer took over.
    pub superseded: usize,
    /// Turns by where their least certain sentence comes from: `wording`, `evidence` or `model`.
    pub answered_by: BTreeMap<String, AnswerSource>,
    /// Sentences by where they come from.
    pub sentences: Sentences,
    /// Turns that were handed off, or already were, by reason.
    pub handoffs: BTreeMap<String, usize>,
    /// From when a turn was due to its first sentence, seen by the client.
    pub first_sentence_ms: Distribution,
    /// The same, of turns whose first sentence is wording or evidence.
    pub first_approved_sentence_ms: Distribution,
    /// From when a turn was due to the end of its answer, seen by the client.
    pub total_ms: Distribution,
    /// From when a turn was due until it was sent: what the client itself was late.
    pub sent_late_ms: Distribution,
    /// From the door to the first sentence, measured by the server.
    pub server_first_sentence_ms: Distribution,
    /// From the door to the end, measured by the server.
    pub server_total_ms: Distribution,
    /// Understand, retrieve, decide and guard together, measured by the server.
    pub path_ms: Distribution,
    /// The wait for the model, of turns that asked it.
    pub queue_ms: Distribution,
    /// Each stage, measured by the server.
    pub stages: BTreeMap<String, Distribution>,
    /// Turns in which the model was asked, whether its words were let out or not.
    pub with_model: GroupReport,
    /// Turns in which it was not.
    pub without_model: GroupReport,
    /// Tokens.
    pub tokens: TokenReport,
    /// From the first arrival to the last answer, in seconds.
    pub elapsed_s: f64,
    /// Answered turns a second.
    pub throughput_per_s: f64,
    /// The most memory the server has used, in megabytes; only known if it is embedded, and then with the client's.
    pub memory_mb: Option<u64>,
    /// The turns that kept the model busy, of a sale day.
    pub background: Option<BackgroundReport>,
    /// Whether it is good enough, for a sale day.
    pub verdict: Option<Verdict>,
}

/// The server that was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ServerReport {
    /// Its address.
    pub url: String,
    /// Whether it runs in the measuring process, and so shares its processor time.
    pub embedded: bool,
    /// Its version.
    pub version: Option<String>,
    /// `ready`, `loading`, `absent` or `failed`.
    pub model: Option<String>,
}

/// What was asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadReport {
    /// `concurrency`, `rate` or `sale-day`.
    pub kind: String,
    /// Clients at the same time, for `concurrency`.
    pub clients: Option<usize>,
    /// Turns a second on average, for `rate` and `sale-day`.
    pub per_second: Option<f64>,
    /// How long customers arrived, for `rate` and `sale-day`.
    pub duration_s: Option<f64>,
    /// How many different questions there are.
    pub questions: usize,
    /// Whether answers were read sentence by sentence.
    pub stream: bool,
    /// How many conversations were gone on with.
    pub conversations: Option<usize>,
    /// How many conversations were opened beforehand, one for each turn of a customer. Fewer than such turns: the
    /// rest went on with the customer's conversation before.
    pub conversations_opened: usize,
    /// Turns before the measurement.
    pub warmup: usize,
    /// The most turns open at a time.
    pub connections: usize,
    /// After so many seconds a turn is an error.
    pub turn_timeout_s: f64,
    /// The seed.
    pub seed: u64,
}

/// How many turns a source answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AnswerSource {
    /// Turns.
    pub turns: usize,
    /// Their share of the turns in which something was said, from 0 to 1.
    pub share: f64,
}

/// Sentences by where they come from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Sentences {
    /// Approved wording.
    pub wording: usize,
    /// Extracts of records.
    pub evidence: usize,
    /// Written by the model.
    pub model: usize,
}

/// Some of the turns.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupReport {
    /// How many.
    pub turns: usize,
    /// As in the whole report.
    pub first_sentence_ms: Distribution,
    /// As in the whole report.
    pub total_ms: Distribution,
    /// As in the whole report.
    pub path_ms: Distribution,
    /// As in the whole report.
    pub queue_ms: Distribution,
    /// As in the whole report.
    pub stages: BTreeMap<String, Distribution>,
}

/// What the model read and wrote, as the server tells a staff key.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct TokenReport {
    /// Tokens of prompts.
    pub prompt: u64,
    /// Of these, tokens that did not have to be computed again.
    pub cached: u64,
    /// Tokens written.
    pub generated: u64,
    /// Prompt tokens that were computed, by second of reading prompts.
    pub prompt_per_s: Option<f64>,
    /// Tokens written, by second of writing.
    pub generated_per_s: Option<f64>,
    /// Seconds the model was reading or writing.
    pub model_busy_s: f64,
}

/// The turns that kept the model busy.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct BackgroundReport {
    /// Clients.
    pub clients: usize,
    /// Turns.
    pub requests: usize,
    /// Turns that ended as they should.
    pub answered: usize,
    /// Turns that ended in an error.
    pub errors: usize,
    /// Errors by code.
    pub errors_by_code: BTreeMap<String, usize>,
    /// Turns that said nothing for no reason.
    pub empty_replies: usize,
    /// Turns that the model took part in.
    pub with_model: usize,
    /// Their wait for the model.
    pub queue_ms: Distribution,
    /// The share of the time in which the model was reading or writing, for these turns or the measured ones.
    pub model_busy_share: f64,
}

impl Report {
    /// Milliseconds in which the model was reading or writing for the measured turns.
    pub(super) fn model_busy_ms(&self) -> f64 {
        self.tokens.model_busy_s * 1000.0
    }

    /// How often an error code came up.
    pub(super) fn errors_with(&self, code: &str) -> usize {
        self.errors_by_code.get(code).copied().unwrap_or(0)
    }
}
