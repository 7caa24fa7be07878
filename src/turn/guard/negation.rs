//! Does a clause deny what a record affirms about the same thing, or affirm what it denies?
//!
//! This needs no list of opposites: 不办理 denies 办理 whatever it means. Lists are still needed where the opposite is
//! another word (有货, 断货).

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::features::{features, shared};
use super::fold::{is_han, without_space};
use super::split::clauses;
use super::values::starts_with;
use super::{Sentence, Verdict};

/// Characters that deny what follows.
const NOT: &str = "不没未别勿";
/// Words that hold one and deny nothing that could be affirmed.
const NO_DENIAL: [&str; 40] = [
    "不过",
    "不仅",
    "不但",
    "不同",
    "不足",
    "不满",
    "不到",
    "不少",
    "不超",
    "不低",
    "不高",
    "不大于",
    "不小于",
    "不等",
    "不限",
    "不错",
    "不便",
    "不好意思",
    "不论",
    "不管",
    "不锈",
    "不断",
    "不久",
    "不适",
    "不舒服",
    "不良",
    "特别",
    "分别",
    "区别",
    "级别",
    "类别",
    "性别",
    "识别",
    "别的",
    "别人",
    "别家",
    "未来",
    "没问题",
    "没关系",
    "差不多",
];
/// What may stand between the denial and what it denies.
const BETWEEN: [&str; 17] = [
    "可以", "能够", "需要", "支持", "允许", "有", "能", "可", "会", "要", "用", "需", "得", "准", "予", "再",
    "曾",
];
/// A clause with one of these asks, or speaks of a case.
const OPEN: [&str; 9] = ["吗", "是否", "如果", "的话", "若", "要是", "除非", "是不是", "有没有"];
/// A heading with one of these asks, and states nothing: 能不能放微波炉.
const ASKING: [&str; 6] = ["能不能", "可不可以", "要不要", "会不会", "是不是", "有没有"];
/// Shorter clauses are the same by chance, in characters.
const SHORTEST: usize = 3;
/// So much of what a clause speaks of must stand in the record's clause, in tenths.
const ALIKE: usize = 6;

/// Checks each clause of a sentence.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    for clause in clauses(&sentence.folded).into_iter().map(statement) {
        if OPEN.iter().any(|word| clause.contains(word)) {
            continue;
        }
        let best = nearest(clause, evidence);
        let contradicted = |known: &&str| denies(known, clause) || denies(clause, known);
        if !best.is_empty() && best.iter().all(contradicted) {
            return Err((GuardReason::ContradictsEvidence, clause.to_owned()));
        }
    }
    Ok(())
}

/// The clauses that are the same but for yes and no; without any, those that speak most of what a clause speaks of, if they
/// speak of it enough.
fn nearest<'a>(clause: &str, evidence: &Evidence<'a>) -> Vec<&'a str> {
    let bare = without_denial(clause);
    let asks = |text: &str| ASKING.iter().any(|word| text.contains(word));
    if bare.chars().count() >= SHORTEST {
        let known = evidence.clauses().iter().filter(|known| known.states(&bare));
        let same: Vec<&str> =
            known.map(|known| statement(&known.text)).filter(|known| !asks(known)).collect();
        if !same.is_empty() {
            return same;
        }
    }
    let wanted = features(clause, &[]);
    let scores: Vec<usize> =
        evidence.clauses().iter().map(|known| shared(&wanted, &known.features)).collect();
    let best = scores.iter().copied().max().unwrap_or(0);
    if best < 2 || best * 10 < wanted.len() * ALIKE {
        return Vec::new();
    }
    // One that shares a little less may be the one that is meant.
    let near = evidence.clauses().iter().zip(scores).filter(|(_, score)| score + 1 >= best);
    let open = |text: &&str| OPEN.iter().any(|word| text.contains(word)) || text.ends_with(['是', '否']);
    near.map(|(known, _)| statement(&known.text)).filter(|text| !open(text)).collect()
}

/// What a clause states: what follows a heading that asks (婴儿床要自己装吗：可以自己装).
pub(super) fn statement(text: &str) -> &str {
    match text.split_once(['：', ':']) {
        Some((heading, rest))
            if !rest.trim().is_empty() && !rest.ends_with(['是', '否']) && heading.chars().count() > 1 =>
        {
            rest.trim()
        }
        _ => text,
    }
}

/// A clause without blanks and without what denies or allows.
pub(super) fn without_denial(clause: &str) -> String {
    const ALLOWS: [&str; 9] = ["不可以", "可以", "不能", "不可", "不用", "不要", "不", "没有", "能"];
    ALLOWS.iter().fold(without_space(clause), |text, word| text.replace(word, ""))
}

/// Whether one clause denies what the other affirms.
fn denies(one: &str, other: &str) -> bool {
    let mut affirmed = other.to_owned();
    for denied in denials(other) {
        affirmed = affirmed.replace(&denied, "□");
    }
    denials(one).iter().any(|denied| affirmed.contains(denied.as_str()))
}

/// What a text denies: the words after each denial, at most two characters of them.
fn denials(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let mut found = Vec::new();
    for at in 0..chars.len() {
        let inside = |word: &&str| {
            word.chars()
                .position(|character| character == chars[at])
                .is_some_and(|place| at >= place && starts_with(&chars, at - place, word))
        };
        // 能不能, 是不是 ask.
        let asks = at > 0 && chars.get(at + 1) == Some(&chars[at - 1]);
        if !NOT.contains(chars[at]) || asks || NO_DENIAL.iter().any(inside) {
            continue;
        }
        let mut start = at + 1;
        while let Some(word) = BETWEEN.iter().find(|word| starts_with(&chars, start, word)) {
            start += word.chars().count();
        }
        let denied: String =
            chars[start.min(chars.len())..].iter().take(2).take_while(|c| is_han(**c)).collect();
        // 没开封的 names a case; it does not say that something is unopened.
        let case = chars.get(start + denied.chars().count()) == Some(&'的') || denied.contains('的');
        if !denied.is_empty() && !case {
            found.push(denied);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(denials(text), expected, "{text}");
    }

    #[test]
    fn what_stands_after_a_denial_is_denied() {
        check("体验点不办理线上订单的退换", &["办理"]);
        check("奶酪小条不发新疆", &["发新"]);
        check("羽绒服不能机洗", &["机洗"]);
        check("别冷冻", &["冷冻"]);
        check("不可以叠加", &["叠加"]);
        check("秒杀不算", &["算"]);
        check("没开封的可以退", &[]);
        check("能不能退", &[]);
        check("不超过42分贝", &[]);
        check("特别柔软，区别不大", &["大"]);
    }

    #[test]
    fn a_denial_is_seen_from_both_sides() {
        for (one, other, expected) in [
            ("奶酪小条不发新疆", "奶酪小条可以发新疆", true),
            ("羽绒服可以机洗", "羽绒服不能机洗", false),
            ("羽绒服不能机洗", "羽绒服可以机洗", true),
            ("羽绒服不能机洗", "羽绒服不可以机洗", false),
        ] {
            assert_eq!(denies(one, other), expected, "{one} / {other}");
        }
    }
}
