//! Which of several products does a sentence speak of?

use std::collections::HashMap;

use crate::record::RecordKind;

use super::evidence::Evidence;
use super::fold::{fold, is_han, without_space};
use super::records::KnownRecord;

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
