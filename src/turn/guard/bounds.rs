//! Is what a record gives as the least said as the most, or the other way round?

use crate::time::Now;
use crate::turn::types::GuardReason;

use super::evidence::{Evidence, Known};
use super::features::shared;
use super::neighbour::around;
use super::numbers::says;
use super::values::{skip_space, starts_with};
use super::{Sentence, Verdict};

/// The side on which a value is a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bound {
    /// So much, or so late, and more.
    Least,
    /// So much, or so late, and less.
    Most,
}

/// Words before a value, longer ones before those they end with.
const BEFORE: [(&str, Bound); 18] = [
    ("不低于", Bound::Least),
    ("不少于", Bound::Least),
    ("不小于", Bound::Least),
    ("不超过", Bound::Most),
    ("不高于", Bound::Most),
    ("不大于", Bound::Most),
    ("不多于", Bound::Most),
    ("至少", Bound::Least),
    ("最少", Bound::Least),
    ("高于", Bound::Least),
    ("大于", Bound::Least),
    ("最多", Bound::Most),
    ("至多", Bound::Most),
    ("低于", Bound::Most),
    ("小于", Bound::Most),
    ("少于", Bound::Most),
    ("不到", Bound::Most),
    ("不足", Bound::Most),
];
/// Words after it.
const AFTER: [(&str, Bound); 11] = [
    ("以上", Bound::Least),
    ("以后", Bound::Least),
    ("之后", Bound::Least),
    ("以外", Bound::Least),
    ("以下", Bound::Most),
    ("以内", Bound::Most),
    ("之内", Bound::Most),
    ("以里", Bound::Most),
    ("以前", Bound::Most),
    ("之前", Bound::Most),
    ("内", Bound::Most),
];

impl Bound {
    /// The bound that the words around a value make of it.
    pub(super) fn of(chars: &[char], start: usize, end: usize) -> Option<Self> {
        let from = (0..start).rev().find(|place| chars[*place] != ' ').map_or(0, |place| place + 1);
        let to = skip_space(chars, end);
        let before = BEFORE.iter().find(|(word, _)| {
            let length = word.chars().count();
            from >= length && starts_with(chars, from - length, word)
        });
        // 40字以内: what counts may stand between.
        let after =
            |to| AFTER.iter().find(|(word, _)| word.chars().count() > 1 && starts_with(chars, to, word));
        let found = before
            .or_else(|| AFTER.iter().find(|(word, _)| starts_with(chars, to, word)))
            .or_else(|| after(to + 1));
        found.map(|(_, bound)| *bound)
    }
}

/// Checks the limits of a sentence: where records give a value as a limit, it may not be said as the opposite one.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, now: &Now) -> Verdict {
    for found in &sentence.found {
        let Some(bound) = Bound::of(&sentence.chars, found.start, found.end) else { continue };
        let wanted = around(sentence, found);
        let alike = |known: &Known<'_>| {
            known.clause.map(|clause| shared(&wanted, &evidence.clauses()[clause].features))
        };
        let stands =
            |known: &&Known<'_>| known.clause.is_some() && says(&found.value, known.value, found.about, now);
        let known: Vec<&Known<'_>> = evidence.known().iter().filter(stands).collect();
        let best = known.iter().filter_map(|known| alike(known)).max();
        let mut meant = known.iter().filter(|known| alike(known) == best).map(|known| known.bound).peekable();
        if meant.peek().is_some() && meant.all(|known| known.is_some_and(|known| known != bound)) {
            let said = sentence.slice(found.start, found.end);
            return Err((GuardReason::ContradictsEvidence, format!("{said} is a limit of the other side")));
        }
    }
    Ok(())
}
