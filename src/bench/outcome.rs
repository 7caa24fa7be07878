//! What became of one turn, as the client saw it.

use std::time::Duration;

use serde::Deserialize;

use crate::turn::trace::Timing;
use crate::turn::types::By;

/// One turn, however it ended.
#[derive(Debug, Clone)]
pub(super) struct TurnOutcome {
    /// The answer, or what went wrong.
    pub(super) result: Result<Answer, TurnError>,
    /// How long after it was due the turn was sent.
    pub(super) late: Duration,
}

/// A complete answer.
#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    /// From when the turn was due to the first sentence.
    pub(super) first_sentence: Option<Duration>,
    /// From when the turn was due to the end.
    pub(super) total: Duration,
    /// The answer itself.
    pub(super) reply: Reply,
}

/// As much of a reply as a measurement reads. What is missing is taken for empty, so that older and newer servers
/// can be compared.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reply {
    /// The conversation.
    pub(super) conversation: String,
    /// The text.
    pub(super) reply: String,
    /// The sentences.
    pub(super) sentences: Vec<Sentence>,
    /// A handoff, now or before.
    pub(super) handoff: Option<Handoff>,
    /// The message that took this one over.
    pub(super) superseded_by: Option<String>,
    /// What the server measured; staff only.
    pub(super) timing: Option<Timing>,
}

/// A sentence of a reply.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Sentence {
    /// Where it comes from.
    pub(super) by: By,
}

/// A handoff of a reply.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Handoff {
    /// Its reason code.
    pub(super) reason: String,
    /// Its ticket.
    #[serde(default)]
    pub(super) ticket: String,
}

/// What came of an answer for the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Something was said.
    Said,
    /// Nothing was said because people have the conversation.
    WithPeople,
    /// A later message took this one over.
    Superseded,
    /// Nothing was said, for no reason.
    Empty,
}

impl Reply {
    /// What came of it for the customer.
    pub(super) fn kind(&self) -> Kind {
        if !self.reply.trim().is_empty() {
            Kind::Said
        } else if self.superseded_by.is_some() {
            Kind::Superseded
        } else if self.handoff.is_some() {
            Kind::WithPeople
        } else {
            Kind::Empty
        }
    }

    /// Where its least certain sentence comes from: the model before evidence before wording.
    pub(super) fn source(&self) -> Option<By> {
        let has = |by: By| self.sentences.iter().any(|sentence| sentence.by == by).then_some(by);
        has(By::Model).or_else(|| has(By::Evidence)).or_else(|| has(By::Wording))
    }

    /// Whether the model was asked, as far as the caller may see.
    pub(super) fn model_was_asked(&self) -> bool {
        self.source() == Some(By::Model) || self.timing.as_ref().is_some_and(|timing| timing.model.is_some())
    }
}

/// What went wrong with a turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TurnError {
    /// The server's code, or one of ours: see [`code`].
    pub(super) code: String,
    /// What happened.
    pub(super) message: String,
}

impl TurnError {
    /// An error with a code.
    pub(super) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into() }
    }
}

/// Codes of what the client sees. Those of the server are its own.
pub(super) mod code {
    /// No connection.
    pub(in crate::bench) const CONNECT: &str = "client_connect";
    /// No complete answer in time.
    pub(in crate::bench) const TIMEOUT: &str = "client_timeout";
    /// Not even sent in time, because too many turns were open.
    pub(in crate::bench) const NOT_SENT: &str = "client_not_sent";
    /// The connection broke while the answer came.
    pub(in crate::bench) const BROKEN_OFF: &str = "client_broken_off";
    /// The answer is not what the API promises.
    pub(in crate::bench) const MALFORMED: &str = "client_malformed_answer";
    /// The client itself lost the turn.
    pub(in crate::bench) const LOST: &str = "client_lost";
}
