//! Does a sentence say yes where a field of the record says no?
//!
//! Products and orders state what they are as fields: 可机洗：否, 添加蔗糖：否, 防泼水：是.

use std::sync::LazyLock;

use regex::Regex;

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::split::clauses;
use super::{Sentence, Verdict};

static FIELD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[\n；;，,。的\s])\s*(?P<label>\p{Han}{2,9})[:：]\s*(?P<side>是|否)(?:[\n；;，,。\s]|$)")
        .expect("a fixed pattern")
});
/// What may stand in a label before the thing itself: 主机可水洗 is about 水洗.
const BEFORE: [&str; 8] = ["是否", "添加", "支持", "可", "含", "需", "能", "有"];
const YES: [&str; 14] =
    ["可以", "支持", "能够", "含有", "需要", "添加", "加了", "可", "能", "含", "有", "需", "要", "是"];
const NO: [&str; 23] = [
    "不可以",
    "不支持",
    "不含有",
    "不需要",
    "不添加",
    "没有添加",
    "没添加",
    "未添加",
    "没有另加",
    "不可",
    "不能",
    "不含",
    "不需",
    "不用",
    "无需",
    "不要",
    "没有",
    "没加",
    "不宜",
    "不",
    "没",
    "无",
    "未",
];
/// A clause with one of these asks, or speaks of a case.
const OPEN: [&str; 7] = ["吗", "是否", "如果", "的话", "若", "要是", "是不是"];

/// A field of a record that is yes or no.
#[derive(Debug)]
pub(super) struct Answer {
    /// What it is about.
    about: String,
    yes: bool,
}

impl Answer {
    /// Those of a folded text.
    pub(super) fn all(folded: &str) -> Vec<Self> {
        // A field ends where the next one begins, and a pattern does not match twice in one place.
        let lines = folded.split_inclusive(['\n', '；', ';', '，', ',', '。']);
        lines.filter_map(Self::of).collect()
    }

    /// The one of a clause.
    fn of(clause: &str) -> Option<Self> {
        if !clause.contains(['是', '否']) {
            return None;
        }
        let found = FIELD.captures(clause)?;
        Some(Self { about: about(&found["label"]).to_owned(), yes: &found["side"] == "是" })
    }
}

/// Checks what each clause says of things that records have as yes or no.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    let answers = evidence.facts.iter().enumerate();
    let fields: Vec<(usize, &Answer)> = answers
        .flat_map(|(record, known)| known.answers().iter().map(move |answer| (record, answer)))
        .collect();
    if fields.is_empty() {
        return Ok(());
    }
    let meant = sentence.named(evidence);
    for clause in clauses(&sentence.folded) {
        let own = Answer::of(clause);
        if own.is_none() && OPEN.iter().any(|word| clause.contains(word)) {
            continue;
        }
        for (_, field) in &fields {
            let Some(said) = side(clause, own.as_ref(), &field.about) else { continue };
            let of = |(record, other): &&(usize, &Answer)| {
                other.about == field.about && (meant.is_empty() || meant.contains(record))
            };
            let mut sides = fields.iter().filter(of).map(|(_, other)| other.yes).peekable();
            if sides.peek().is_some() && sides.all(|yes| yes != said) {
                return Err((GuardReason::ContradictsEvidence, clause.to_owned()));
            }
        }
    }
    Ok(())
}

/// What a label is about.
fn about(label: &str) -> &str {
    let label = label.rsplit('的').next().unwrap_or(label);
    let cut = BEFORE.iter().filter_map(|word| label.rfind(word).map(|at| at + word.len())).max();
    let rest = cut.map_or(label, |cut| &label[cut..]);
    if rest.is_empty() { label } else { rest }
}

/// Whether a clause, which may be a field of its own, says yes or no about something; `None` if it does neither clearly.
fn side(clause: &str, own: Option<&Answer>, about: &str) -> Option<bool> {
    if let Some(answer) = own.filter(|answer| answer.about == about) {
        return Some(answer.yes);
    }
    let before = clause[..clause.find(about)?].trim_end();
    if NO.iter().any(|word| before.ends_with(word)) {
        return Some(false);
    }
    let denies = before.contains(['不', '没', '无', '未', '别', '勿']);
    (!denies && YES.iter().any(|word| before.ends_with(word))).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_about_the_thing_itself() {
        for (label, expected) in [
            ("主机可水洗", "水洗"),
            ("添加蔗糖", "蔗糖"),
            ("含乳", "乳"),
            ("防泼水", "防泼水"),
            ("是否加急", "加急"),
            ("可用安全带固定", "用安全带固定"),
        ] {
            assert_eq!(about(label), expected);
        }
    }

    #[test]
    fn a_clause_says_yes_or_no_or_neither() {
        for (clause, about, expected) in [
            ("主机可以水洗", "水洗", Some(true)),
            ("主机不能水洗", "水洗", Some(false)),
            ("没有添加蔗糖", "蔗糖", Some(false)),
            ("含乳", "乳", Some(true)),
            ("水洗标在里面", "水洗", None),
            ("不用自己动手安装", "安装", None),
            ("奶粉的配方含乳糖：否", "乳糖", Some(false)),
        ] {
            assert_eq!(side(clause, Answer::of(clause).as_ref(), about), expected, "{clause}");
        }
    }
}
