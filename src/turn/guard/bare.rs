//! A bare yes or no says what the question asks: does a record say so too?

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::{Sentence, Verdict};

/// A yes that says nothing else.
const YES: [&str; 14] = [
    "可以",
    "可以的",
    "当然可以",
    "都可以",
    "能",
    "能的",
    "是的",
    "是",
    "对",
    "对的",
    "支持",
    "支持的",
    "行",
    "没问题",
];
/// A no that says nothing else.
const NO: [&str; 10] =
    ["不能", "不可以", "不行", "不支持", "不是", "不可", "不可以的", "不能的", "没有", "不会"];
/// What a clause denies with.
const DENIALS: [char; 8] = ['不', '未', '无', '禁', '勿', '没', '否', '非'];

/// Refuses a bare yes or no where what the records say most like the question says the opposite, or nothing at all.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    let said: String = sentence.chars.iter().filter(|character| character.is_alphanumeric()).collect();
    let yes = YES.contains(&said.as_str());
    if !yes && !NO.contains(&said.as_str()) {
        return Ok(());
    }
    // What a policy came to is compared with the sentence elsewhere.
    let judged = evidence.facts.iter().any(|record| record.fact.fields.get("verdict").is_some());
    let asked = evidence.question_features();
    if judged || asked.is_empty() {
        return Ok(());
    }
    let (_, clauses) = evidence.best_clauses(asked);
    let denies = |text: &str| text.contains(DENIALS);
    if clauses.iter().any(|clause| denies(&clause.text) != yes) {
        return Ok(());
    }
    let detail = if clauses.is_empty() { "no record speaks of it" } else { "the record says otherwise" };
    Err((GuardReason::ClaimNotInEvidence, format!("{said}: {detail}")))
}
