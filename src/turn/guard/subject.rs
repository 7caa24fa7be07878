//! Which of several products does a sentence speak of?

use std::collections::HashMap;

use crate::record::RecordKind;
use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::features::{features, shared};
use super::fold::{fold, is_han, without_space};
use super::records::KnownRecord;
use super::{Sentence, Verdict};

/// The longest name that is looked for, in characters.
const HEAD: usize = 24;
/// Words that mean what is spoken of anyway.
const GENERIC: [&str; 22] = [
    "您", "你", "我", "它", "这", "那", "该", "此", "本", "店", "其", "宝宝", "孩子", "商品", "产品", "订单",
    "包裹", "目前", "现在", "一般", "不", "没",
];

/// So many character pairs that no other product's name has, and the name is meant.
const PAIRS: usize = 2;

/// A product in sight, and what it is known by.
#[derive(Debug)]
pub(super) struct Named<'a> {
    /// The number of its record.
    pub(super) record: usize,
    /// What no other product's name has; none if there are no others.
    alone: Vec<&'a str>,
}

impl<'a> Named<'a> {
    /// The products among records.
    pub(super) fn all(facts: &[&'a KnownRecord<'a>]) -> Vec<Self> {
        let products =
            || facts.iter().enumerate().filter(|(_, known)| known.fact.kind == RecordKind::Product);
        let several = products().count() > 1;
        let mut owners: HashMap<&str, Option<usize>> = HashMap::new();
        for (record, known) in products().filter(|_| several) {
            for mark in known.called() {
                let owner = owners.entry(mark).or_insert(Some(record));
                if *owner != Some(record) {
                    *owner = None;
                }
            }
        }
        let is_alone = |record: usize, mark: &str| owners.get(mark) == Some(&Some(record));
        products()
            .map(|(record, known)| {
                let marks = known.called().iter().map(String::as_str);
                Self { record, alone: marks.filter(|mark| is_alone(record, mark)).collect() }
            })
            .collect()
    }

    /// Whether a text without white space, in capitals, names it.
    fn is_meant(&self, text: &str) -> bool {
        // Titles are full of what many things are; half of what is a title's own must be said.
        let of_its_own = self.alone.iter().filter(|mark| mark.chars().all(is_han)).count();
        let mut pairs = 0;
        for mark in self.alone.iter().filter(|mark| text.contains(**mark)) {
            // L2 and 3段 are enough; 60升 is what it holds, and much else may.
            let model =
                mark.starts_with(|first: char| first.is_ascii_alphabetic()) || mark.ends_with(['段', '码']);
            if model && !mark.chars().all(is_han) {
                return true;
            }
            pairs += 1;
        }
        pairs >= PAIRS.max(of_its_own.div_ceil(2))
    }
}

/// The numbers of the products that a text names; none if it names none, or if there are not several to tell apart.
pub(super) fn named(folded: &str, evidence: &Evidence<'_>) -> Vec<usize> {
    let products = evidence.products();
    if products.len() < 2 {
        return Vec::new();
    }
    let text = without_space(folded).to_uppercase();
    products.iter().filter(|product| product.is_meant(&text)).map(|product| product.record).collect()
}

/// Refuses what a record says of its product, said of something that the record does not name: 护臀霜的芯体厚度 where only a
/// nappy has one.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    let Some((head, rest)) = parts(&sentence.folded) else { return Ok(()) };
    let (wanted, subject) = (features(rest, &[]), features(head, &[]));
    let asks = evidence.question();
    let generic = GENERIC.iter().any(|word| head.contains(word)) || asks.contains(&without_space(head));
    if generic || wanted.is_empty() || subject.is_empty() {
        return Ok(());
    }
    let score = |record: usize| {
        let clauses = evidence.clauses_of(record).iter();
        clauses.map(|known| shared(&wanted, &known.features)).max().unwrap_or(0)
    };
    let scores: Vec<usize> = (0..evidence.facts.len()).map(score).collect();
    let best = scores.iter().copied().max().unwrap_or(0);
    let holds_head = |record: usize| {
        let text = evidence.facts[record].capitals();
        // The last word names the thing: 蒸汽消毒锅 is a 锅.
        let pairs = marks(head);
        let last = pairs.iter().rev().find(|mark| mark.chars().all(is_han));
        last.is_none_or(|last| text.contains(last.as_str()))
    };
    let mut sources = (0..scores.len()).filter(|record| scores[*record] == best).peekable();
    let foreign = best > 0
        && sources.peek().is_some()
        && sources
            .all(|record| evidence.facts[record].fact.kind == RecordKind::Product && !holds_head(record));
    if foreign {
        return Err((GuardReason::ClaimNotInEvidence, format!("{head} is not what the record is about")));
    }
    Ok(())
}

/// What a sentence is about, and what it says of that: X的…, without the clauses that follow.
fn parts(folded: &str) -> Option<(&str, &str)> {
    let clause = super::split::clauses(folded).first().copied()?;
    let (head, rest) = clause.split_once('的')?;
    let short = (2..=HEAD).contains(&head.chars().count());
    short.then_some((head.trim(), rest)).filter(|(_, rest)| !rest.is_empty())
}

/// Whether the text of a record names a product, at least by half of what its name is known by.
pub(super) fn lists(record: usize, product: usize, evidence: &Evidence<'_>) -> bool {
    let text = without_space(evidence.facts[record].folded()).to_uppercase();
    let marks = evidence.facts[product].called();
    2 * marks.iter().filter(|mark| text.contains(mark.as_str())).count() >= marks.len()
}

/// What a product is called: its title, or the first line of its text.
pub(super) fn name_of(record: &KnownRecord<'_>) -> String {
    let title = record.fact.title.trim();
    if !title.is_empty() {
        return fold(title);
    }
    let first = record.folded().lines().next().unwrap_or_default();
    first.split_once(['：', ':']).map_or(first, |(_, name)| name).to_owned()
}

/// What a name can be known by: its character pairs, and what it has in digits and Latin letters: 1段, L2.
pub(super) fn marks(name: &str) -> Vec<String> {
    let chars: Vec<char> = without_space(name).to_uppercase().chars().collect();
    let mut marks = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        let length = chars[at..].iter().take_while(|character| character.is_ascii_alphanumeric()).count();
        if length > 0 {
            // A single sign says nothing without what it counts or marks: 1段, M码.
            let end = at + length;
            let end = if chars.get(end).is_some_and(|next| is_han(*next)) { end + 1 } else { end };
            if end - at > 1 {
                marks.push(chars[at..end].iter().collect());
            }
            at += length;
            continue;
        }
        if is_han(chars[at]) && chars.get(at + 1).is_some_and(|next| is_han(*next)) {
            marks.push(chars[at..at + 2].iter().collect());
        }
        at += 1;
    }
    marks.extend(model_codes(name));
    marks
}

/// The model numbers of several parts in a name: JSQ27-HWA is one, though others are JSQ27 or HWA.
fn model_codes(name: &str) -> impl Iterator<Item = String> + '_ {
    let parts = name.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'));
    let codes = parts.map(|part| part.trim_matches('-').to_ascii_uppercase());
    codes.filter(|code| code.contains('-') && code.contains(|character: char| character.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_what_it_has_of_its_own() {
        assert_eq!(marks("轻便推车 L2"), ["轻便", "便推", "推车", "L2"]);
        assert_eq!(marks("启安 1 段奶粉"), ["启安", "1段", "段奶", "奶粉"]);
        assert!(marks("M").is_empty());
        assert_eq!(marks("JSQ27-HWA Pro"), ["JSQ27", "HWAPRO", "JSQ27-HWA"]);
    }
}
