//! Is an amount worked out rightly from amounts that records hold?

use super::Sentence;
use super::evidence::Evidence;
use super::values::{Found, Value};
use crate::turn::numerals::{Amount, UNIT};

/// Whether an amount is the sum, the difference or a multiple of amounts that the same sentence states and records
/// hold.
pub(super) fn is_sum(sentence: &Sentence, found: &Found, evidence: &Evidence<'_>) -> bool {
    let Value::Money(result) = found.value else { return false };
    let stands = |amount: Amount| {
        evidence.known().iter().any(|known| *known.value == Value::Money(amount) && known.sayable_money)
    };
    let others = |sentence: &Sentence| -> Vec<Amount> {
        let others = sentence.found.iter().filter(|other| other.start != found.start);
        others
            .filter_map(|other| if let Value::Money(amount) = other.value { Some(amount) } else { None })
            .collect()
    };
    let all = others(sentence);
    let stated: Vec<Amount> = all.iter().copied().filter(|amount| stands(*amount)).collect();
    let counts = counts(sentence);
    // 单包99元，两包198元，减15元，实付183元: a term may be worked out from what stands in the records.
    let worked_out = |amount: &Amount| stands(*amount) || comes_to(*amount, &stated, &counts);
    let terms: Vec<Amount> = all.into_iter().filter(worked_out).collect();
    comes_to(result, &terms, &counts)
}

/// How many of a thing the sentence speaks of.
fn counts(sentence: &Sentence) -> Vec<Amount> {
    let counted = sentence.found.iter().chain(&sentence.idle);
    let amounts = counted.filter_map(|other| match other.value {
        Value::Count(amount, _) if amount.0 > UNIT => Some(amount),
        _ => None,
    });
    amounts.collect()
}

/// Whether an amount is a sum, a difference or a multiple of some.
fn comes_to(result: Amount, terms: &[Amount], counts: &[Amount]) -> bool {
    let pairs = terms.iter().enumerate().any(|(index, one)| {
        terms.iter().enumerate().any(|(other_index, other)| {
            index != other_index
                && (one.0.saturating_add(other.0) == result.0 || one.0.saturating_sub(other.0) == result.0)
        })
    });
    let multiples = terms.iter().any(|one| counts.iter().any(|count| one.times(*count) == result));
    let whole =
        terms.len() > 2 && terms.iter().fold(0_i128, |sum, term| sum.saturating_add(term.0)) == result.0;
    pairs || multiples || whole
}
