//! The counts of an ablation, with the guard and without it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Fate, Said};
use crate::bench::Distribution;

/// What the guard changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// Questions that were asked.
    pub questions: usize,
    /// Questions for which the model wrote something.
    pub drafted: usize,
    /// Sentences that it wrote.
    pub sentences: usize,
    /// Of these, how many a reader has judged.
    pub read: usize,
    /// What customers read without the guard.
    pub off: Side,
    /// What they read with it.
    pub on: Side,
    /// Sentences that were refused.
    pub refused: usize,
    /// Of these, how many a reader found right.
    pub wrongly_refused: usize,
    /// Sentences that a reader found right.
    pub right: usize,
    /// Sentences after a refused one, which the model was not asked for any more.
    pub never_written: usize,
    /// Questions for which something approved was said in place of what the model wrote.
    pub replaced: usize,
    /// Questions that went to a person.
    pub handoffs: usize,
    /// Refusals by their reason.
    pub by_reason: BTreeMap<String, usize>,
    /// Milliseconds that the guard took for all drafts of a question.
    pub guard_ms: Distribution,
}

/// One side of the comparison.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Side {
    /// Sentences of the model that customers read.
    pub statements: usize,
    /// Of these, how many a reader found wrong.
    pub wrong: usize,
    /// Questions with at least one wrong statement.
    pub wrong_answers: usize,
    /// How long the model took for a question, in milliseconds.
    pub latency_ms: Distribution,
}

impl Report {
    /// Counts.
    pub fn of(said: &[Said]) -> Self {
        let drafted: Vec<&Said> = said.iter().filter(|one| !one.sentences.is_empty()).collect();
        let fates = || drafted.iter().flat_map(|one| &one.sentences);
        let mut by_reason = BTreeMap::new();
        for reason in fates().filter_map(|fate| fate.reason) {
            let name = serde_json::to_value(reason).ok();
            let name = name.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned();
            *by_reason.entry(name).or_default() += 1;
        }
        Self {
            questions: said.len(),
            drafted: drafted.len(),
            sentences: fates().count(),
            read: fates().filter(|fate| fate.wrong.is_some()).count(),
            off: side(&drafted, |_| true, |one| one.without),
            on: side(&drafted, |fate| fate.passed, |one| one.with),
            refused: fates().filter(|fate| fate.reason.is_some()).count(),
            wrongly_refused: fates().filter(|fate| fate.reason.is_some() && is_right(fate)).count(),
            right: fates().filter(|fate| is_right(fate)).count(),
            never_written: fates().filter(|fate| !fate.passed && fate.reason.is_none()).count(),
            replaced: drafted.iter().filter(|one| one.replaced).count(),
            handoffs: said.iter().filter(|one| one.handoff.is_some()).count(),
            by_reason,
            guard_ms: Distribution::of_ms(drafted.iter().map(|one| one.guard)),
        }
    }
}

fn is_wrong(fate: &Fate) -> bool {
    fate.wrong.as_deref().is_some_and(|wrong| !wrong.is_empty())
}

fn is_right(fate: &Fate) -> bool {
    fate.wrong.as_deref().is_some_and(str::is_empty)
}

fn side(drafted: &[&Said], reads: impl Fn(&Fate) -> bool, took: impl Fn(&Said) -> f64) -> Side {
    let read = || drafted.iter().flat_map(|one| &one.sentences).filter(|fate| reads(fate));
    Side {
        statements: read().count(),
        wrong: read().filter(|fate| is_wrong(fate)).count(),
        wrong_answers: drafted
            .iter()
            .filter(|one| one.sentences.iter().any(|fate| reads(fate) && is_wrong(fate)))
            .count(),
        latency_ms: Distribution::of_ms(drafted.iter().map(|one| took(one))),
    }
}
