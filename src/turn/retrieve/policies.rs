//! Which of the shop's policies belong to a question?

use std::cmp::Reverse;
use std::sync::Arc;

use super::Wanted;
use super::collect::WEAKEST_FIT;
use crate::knowledge::Hit;
use crate::record::Record;
use crate::turn::types::Reading;

/// How many policies may stand among the facts beside those that a verdict needs; all of one matter, then those of the next.
const MOST_POLICIES: usize = 6;

/// A policy that belongs to the question.
pub(super) struct Fitting<'p> {
    /// The policy.
    pub policy: &'p Record,
    /// How well its matter fits.
    pub score: f32,
    /// Whether a verdict needs it.
    pub needed: bool,
}

/// What policies in force are about.
struct Matter<'p> {
    about: &'p str,
    score: f32,
    judged: bool,
}

/// All policies of the matters in question: of those that likely scenarios ask the verdict on, then of those that the intent
/// names or the words lead to. A verdict over some of the policies of its matter would be another one, so that none of them
/// is left out.
pub(super) fn fitting<'p>(
    policies: &'p [Arc<Record>],
    hits: &[Hit],
    reading: &Reading,
    wanted: &Wanted,
) -> Vec<Fitting<'p>> {
    let mut left = MOST_POLICIES;
    let mut fitting = Vec::new();
    for matter in matters(policies, hits, reading, wanted) {
        let of_matter = policies.iter().filter(|policy| policy.text("about") == Some(matter.about));
        let group: Vec<&Record> = of_matter.map(Arc::as_ref).collect();
        if group.len() > left && !matter.judged {
            continue;
        }
        left = left.saturating_sub(group.len());
        let (score, needed) = (matter.score.min(1.0), matter.judged);
        fitting.extend(group.into_iter().map(|policy| Fitting { policy, score, needed }));
    }
    fitting
}

/// The matters in question, the likeliest first.
fn matters<'p>(
    policies: &'p [Arc<Record>],
    hits: &[Hit],
    reading: &Reading,
    wanted: &Wanted,
) -> Vec<Matter<'p>> {
    let mut matters: Vec<Matter<'_>> = Vec::new();
    for policy in policies {
        let Some(about) = policy.text("about") else { continue };
        let judged = wanted.matters.iter().any(|matter| matter == about);
        let found = hits.iter().find(|hit| hit.id == policy.id).map_or(0.0, |hit| hit.score);
        let score = found + intent_fit(reading, about) + f32::from(u8::from(judged));
        match matters.iter_mut().find(|matter| matter.about == about) {
            Some(matter) => matter.score = matter.score.max(score),
            None => matters.push(Matter { about, score, judged }),
        }
    }
    matters.retain(|matter| matter.score >= WEAKEST_FIT);
    matters.sort_by(|one, other| {
        Reverse(one.judged).cmp(&Reverse(other.judged)).then(other.score.total_cmp(&one.score))
    });
    matters
}

/// How much the intents of the text speak for a matter: `cancel_order` for `cancel`.
fn intent_fit(reading: &Reading, about: &str) -> f32 {
    let words: Vec<&str> = about.split('_').collect();
    let fits = reading.intents.iter().map(|guess| {
        let named: Vec<&str> = guess.intent.split('_').collect();
        let common = words.iter().filter(|word| named.iter().any(|other| same_stem(word, other))).count();
        guess.confidence * common as f32 / words.len().max(1) as f32
    });
    fits.fold(0.0, f32::max)
}

/// `return` and `returns`, `cancel` and `cancelled`.
fn same_stem(one: &str, other: &str) -> bool {
    let (short, long) = if one.len() <= other.len() { (one, other) } else { (other, one) };
    short.len() >= 4 && long.starts_with(short) || short == long
}
