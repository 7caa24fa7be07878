//! What does the guard change? Drafts of a real model are recorded once and said again, with the guard and without it.
//!
//! A recording is a file of [`Drafts`], one question a line. Who has read a sentence writes into it whether it is `wrong`:
//! the report then counts the wrong statements that reach a customer with and without the guard, and the true ones that the
//! guard keeps back. Without the guard a customer would read each draft as the model wrote it, to its end.

mod everything;
mod report;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::model::{Recorded, ScriptedModel};
use crate::turn::Outcome;
use crate::turn::guard::SentenceSplitter;
use crate::turn::types::{By, GuardReason, HandoffReason};

pub use everything::left_to_the_model;
pub use report::{Report, Side};

/// A question that is asked.
#[derive(Debug, Clone, Deserialize)]
pub struct Asked {
    /// Its id.
    pub id: String,
    /// What the customer says.
    pub question: String,
    /// Who says it; their orders are read.
    #[serde(default)]
    pub customer: Option<String>,
}

/// What a model wrote for a question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drafts {
    /// The question's id.
    pub id: String,
    /// What the customer says.
    pub question: String,
    /// Who says it.
    #[serde(default)]
    pub customer: Option<String>,
    /// Whether the model was asked for everything that rests on records, instead of only what the turn leaves to it.
    #[serde(default)]
    pub everything: bool,
    /// The model's name.
    #[serde(default)]
    pub model: String,
    /// What it wrote, in the order in which it was asked; empty if the turn needed no model.
    pub drafts: Vec<Recording>,
}

/// One text of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recording {
    /// What it was asked.
    pub prompt: String,
    /// What it wrote, to its end.
    pub text: String,
    /// Milliseconds from the request to the end.
    pub milliseconds: f64,
    /// Its sentences.
    pub sentences: Vec<Statement>,
}

/// One sentence of a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The text.
    pub text: String,
    /// Milliseconds from the request until it stood there.
    pub at: f64,
    /// What a reader found wrong with it: empty if it is right, absent if nobody has read it.
    #[serde(default)]
    pub wrong: Option<String>,
}

impl Recording {
    /// A recording as it is written down.
    pub fn of(recorded: &Recorded) -> Self {
        let mut splitter = SentenceSplitter::new();
        let mut sentences = Vec::new();
        let end = recorded.pieces.last().map_or(0.0, |(at, _)| *at);
        let mut add = |found: Vec<String>, at: f64| {
            sentences.extend(found.into_iter().map(|text| Statement { text, at: rounded(at), wrong: None }));
        };
        for (at, text) in &recorded.pieces {
            add(splitter.push(text), *at);
        }
        add(splitter.finish(), end);
        Self {
            prompt: recorded.prompt.clone(),
            text: recorded.pieces.iter().map(|(_, text)| text.as_str()).collect(),
            milliseconds: rounded(end),
            sentences,
        }
    }
}

fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 10.0).round() / 10.0
}

impl Drafts {
    /// A model that writes the same again, in the same order.
    pub fn as_model(&self) -> ScriptedModel {
        let texts: VecDeque<String> = self.drafts.iter().map(|draft| draft.text.clone()).collect();
        let texts = Mutex::new(texts);
        ScriptedModel::new(move |_| {
            texts.lock().unwrap_or_else(PoisonError::into_inner).pop_front().unwrap_or_default()
        })
    }
}

/// What became of one question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Said {
    /// The question's id.
    pub id: String,
    /// What the customer says.
    pub question: String,
    /// What the customer reads with the guard.
    pub reply: Vec<String>,
    /// Each sentence of the model, and what became of it.
    pub sentences: Vec<Fate>,
    /// Whether something approved was said in place of a draft.
    pub replaced: bool,
    /// Why a person takes over, if one does.
    pub handoff: Option<HandoffReason>,
    /// Milliseconds that the model took without the guard, to the end of all drafts.
    pub without: f64,
    /// Milliseconds that it took with it: a refused draft is not written to its end.
    pub with: f64,
    /// Milliseconds that the guard took.
    pub guard: f64,
}

/// What became of a sentence of the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Fate {
    /// The text.
    pub text: String,
    /// What a reader found wrong with it.
    pub wrong: Option<String>,
    /// Whether the customer reads it with the guard.
    pub passed: bool,
    /// Why the guard refused it; absent if it passed, or if it was never reached.
    pub reason: Option<GuardReason>,
    /// The word, value or rule that decided it.
    pub detail: Option<String>,
}

impl Said {
    /// Looks up in a turn what became of each sentence.
    pub fn new(drafts: &Drafts, outcome: &Outcome) -> Self {
        let trace = &outcome.trace;
        let mut said: Vec<&str> =
            trace.sentences.iter().filter(|one| one.by == By::Model).map(|one| one.text.as_str()).collect();
        let mut refused: Vec<_> = trace.refused.iter().collect();
        let mut with = 0.0;
        let mut sentences = Vec::new();
        for draft in &drafts.drafts {
            let mut until = None;
            for statement in &draft.sentences {
                let passed = taken(&mut said, |text| *text == statement.text).is_some();
                let refusal = match passed {
                    true => None,
                    false => taken(&mut refused, |refusal| refusal.draft == statement.text),
                };
                if passed || refusal.is_some() {
                    until = Some(statement.at);
                }
                sentences.push(Fate {
                    text: statement.text.clone(),
                    wrong: statement.wrong.clone(),
                    passed,
                    reason: refusal.map(|refusal| refusal.reason),
                    detail: refusal.map(|refusal| refusal.detail.clone()),
                });
            }
            let stopped = draft.sentences.last().is_none_or(|last| until.is_some_and(|at| at < last.at));
            with += if stopped { until.unwrap_or(draft.milliseconds) } else { draft.milliseconds };
        }
        let refused_any = sentences.iter().any(|fate| fate.reason.is_some());
        Self {
            id: drafts.id.clone(),
            question: drafts.question.clone(),
            reply: trace.sentences.iter().map(|one| one.text.clone()).collect(),
            replaced: refused_any && !sentences.iter().any(|fate| fate.passed),
            sentences,
            handoff: outcome.handoff.as_ref().map(|handoff| handoff.reason),
            without: drafts.drafts.iter().map(|draft| draft.milliseconds).sum(),
            with,
            guard: trace.timing.stages.get("guard").copied().unwrap_or_default(),
        }
    }
}

/// Takes the first that fits out of a list.
fn taken<T: Copy>(list: &mut Vec<T>, fits: impl Fn(&T) -> bool) -> Option<T> {
    let at = list.iter().position(fits)?;
    Some(list.remove(at))
}
