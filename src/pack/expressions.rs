//! Many expressions, one look at the text: which of them can match it at all?
//!
//! Every match of an expression begins with one of a few known beginnings ("退款", "退钱"), so an expression none of
//! whose beginnings stands in the text need not be tried. All beginnings of all expressions are looked for at once.

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;
use regex_syntax::hir::literal::{ExtractKind, Extractor};

/// An expression with more beginnings than this is simply tried.
const MOST_BEGINNINGS: usize = 64;

/// Expressions in their order.
#[derive(Debug)]
pub struct Expressions {
    all: Vec<Regex>,
    /// All beginnings; `None` if no expression has any.
    beginnings: Option<AhoCorasick>,
    /// The expression of each beginning.
    of_beginning: Vec<usize>,
    /// Expressions that may begin with anything.
    anyhow: Vec<usize>,
}

impl Expressions {
    /// Prepares expressions.
    pub fn new(all: Vec<Regex>) -> Self {
        let (mut texts, mut of_beginning, mut anyhow) = (Vec::new(), Vec::new(), Vec::new());
        for (number, expression) in all.iter().enumerate() {
            match beginnings(expression) {
                Some(own) => {
                    of_beginning.extend(std::iter::repeat_n(number, own.len()));
                    texts.extend(own);
                }
                None => anyhow.push(number),
            }
        }
        // An automaton that cannot be built, as it would be too large, only means that everything is tried.
        let built = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&texts).ok();
        let beginnings = built.filter(|_| !texts.is_empty());
        if beginnings.is_none() {
            anyhow = (0..all.len()).collect();
        }
        Self { all, beginnings, of_beginning, anyhow }
    }

    /// The expressions that may match a text, with their numbers, in their order.
    pub fn possible<'a>(&'a self, text: &str) -> impl Iterator<Item = (usize, &'a Regex)> {
        let mut numbers = self.anyhow.clone();
        if let Some(beginnings) = &self.beginnings {
            numbers.extend(
                beginnings
                    .find_overlapping_iter(text)
                    .map(|found| self.of_beginning[found.pattern().as_usize()]),
            );
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into_iter().map(|number| (number, &self.all[number]))
    }
}

/// The texts of which every match begins with one, if there are few such.
fn beginnings(expression: &Regex) -> Option<Vec<Vec<u8>>> {
    let parsed = regex_syntax::parse(expression.as_str()).ok()?;
    let mut extractor = Extractor::new();
    extractor.kind(ExtractKind::Prefix).limit_total(MOST_BEGINNINGS);
    let found = extractor.extract(&parsed);
    let texts: Vec<Vec<u8>> = found.literals()?.iter().map(|literal| literal.as_bytes().to_vec()).collect();
    let usable = !texts.is_empty() && texts.iter().all(|text| !text.is_empty());
    usable.then_some(texts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expressions(sources: &[&str]) -> Expressions {
        Expressions::new(sources.iter().map(|source| Regex::new(source).unwrap()).collect())
    }

    #[test]
    fn only_what_can_match_is_tried() {
        let all = expressions(&["退款|退钱", "(?i)refund", ".*钱", "快递[^,]{0,3}到", "(?:我)?要退"]);
        let check = |text: &str, expected: &[usize]| {
            let tried: Vec<usize> = all.possible(text).map(|(number, _)| number).collect();
            assert_eq!(tried, expected, "{text}");
        };
        check("我要退款", &[0, 2, 4]);
        check("REFUND please", &[1, 2]);
        check("快递呢", &[2, 3]);
        check("你好", &[2]);
    }

    #[test]
    fn without_expressions_nothing_is_tried() {
        assert_eq!(expressions(&[]).possible("退款").count(), 0);
    }

    proptest! {
        #[test]
        fn whatever_matches_is_tried(text in "[退款钱快递到要我a-cREFref ,]{0,24}") {
            let sources = ["退款|退钱", "(?i)ref", ".*钱", "快递[^,]{0,3}到", "(?:我)?要退", "^我", "[a-c]+", "", r"\bref"];
            let all = expressions(&sources);
            let tried: Vec<usize> = all.possible(&text).map(|(number, _)| number).collect();
            for (number, source) in sources.iter().enumerate() {
                prop_assert!(!Regex::new(source).unwrap().is_match(&text) || tried.contains(&number), "{source}");
            }
        }
    }
}
