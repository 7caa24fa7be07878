//! Is an extract really cut out of a record?

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::fold::without_space;
use super::{Sentence, Verdict};

/// An extract is a piece of a record's text; only white space and marks at its ends may differ.
pub(super) fn check(whole: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    let text = without_space(&whole.folded);
    let core = text.trim_matches(|character: char| !character.is_alphanumeric());
    if !core.is_empty() && evidence.text().contains(core) {
        return Ok(());
    }
    Err((GuardReason::ClaimNotInEvidence, "is no extract of the evidence".to_owned()))
}
