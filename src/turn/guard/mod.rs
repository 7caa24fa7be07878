//! The exit gate: the only place that can build [`Vetted`] text. Pure.

use serde::Serialize;

use super::types::{By, Draft, Emotion, Facts, Goal, Refusal, Stage, Tier};
use crate::pack::types::Pack;
use crate::time::Now;

/// A text that may reach a customer. Its fields are private: nothing outside this module can make one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Vetted {
    text: String,
    goal: Goal,
    by: By,
    evidence: Vec<String>,
}

impl Vetted {
    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is for.
    pub fn goal(&self) -> Goal {
        self.goal
    }

    /// Where it comes from.
    pub fn by(&self) -> By {
        self.by
    }

    /// Ids of the facts it rests on.
    pub fn evidence(&self) -> &[String] {
        &self.evidence
    }
}

/// What a draft is checked against.
#[derive(Debug, Clone, Copy)]
pub struct GuardContext<'a> {
    /// The rules in force.
    pub pack: &'a Pack,
    /// The resolved question.
    pub question: &'a str,
    /// The evidence of the turn.
    pub facts: &'a Facts,
    /// The customer's emotion; some style rules depend on it.
    pub emotion: &'a Emotion,
    /// The stage of the scenario.
    pub stage: Stage,
    /// The tier.
    pub tier: Tier,
    /// Values that are true without being facts: due times of promises that have a ticket, queue position, wait,
    /// the desk's opening time, each as it is written in text.
    pub backed: &'a [String],
    /// Records of finished actions of this conversation, in the pack's words: `ticket_opened`, …
    pub done: &'a [String],
    /// The moment of the turn.
    pub now: &'a Now,
}

/// Checks a draft, all its sentences. The text may come back trimmed, never otherwise changed.
///
/// # Errors
/// The first refusal, with its reason and the value or rule that decided it.
pub fn vet(draft: &Draft, context: &GuardContext<'_>) -> Result<Vetted, Refusal> {
    let _ = context;
    Err(Refusal {
        draft: draft.text.clone(),
        reason: super::types::GuardReason::ClaimNotInEvidence,
        detail: "the guard lets nothing out yet".into(),
    })
}
