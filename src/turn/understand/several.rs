//! Does a message say several things? The surest intent of each of its clauses.

use std::sync::LazyLock;

use regex::Regex;

use super::Reader;
use super::around::Around;
use super::clauses::clauses;
use crate::turn::types::IntentMatch;

/// A clause says something of its own from this confidence on.
const SURE: f32 = 0.55;
/// At most so many clauses are read; a story has more, and one matter.
const CLAUSES: usize = 4;

/// "急死", "烦不烦", "气死我了": a feeling and nothing that could be asked or told.
static EXCLAMATION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"^(?:真的?是?|好|太|都|简直|我都?|有点)*(?:急|烦|气|愁|慌|崩溃|无语|郁闷|服|醉)",
        r"(?:死|坏|疯|炸|哭)?(?:不[烦急气累])?(?:了|人|我)*(?:啊|呀|吧|哈|哦|都)*$",
        r"|^(?:so |really |just )*(?:annoying|frustrating|ridiculous|unbelievable|omg|wtf|a+rgh+)$",
    ))
    .expect("a fixed expression")
});

/// Compiles the fixed expression of this module.
pub(super) fn prepare() {
    LazyLock::force(&EXCLAMATION);
}

/// One intent for each clause that is sure of one, in the order of the text, each with its clause as the reason; empty if
/// the message has only one clause, or is a story.
pub fn by_clause(text: &str, reader: &Reader) -> Vec<IntentMatch> {
    let clauses = clauses(text);
    if !(2..=CLAUSES).contains(&clauses.len()) {
        return Vec::new();
    }
    let mut found: Vec<IntentMatch> = Vec::new();
    for clause in clauses.into_iter().filter(|clause| !EXCLAMATION.is_match(&clause.to_lowercase())) {
        let read = reader.intents.read(clause, &Around::default(), None);
        let Some(surest) = read.intents.into_iter().next() else { continue };
        if surest.confidence >= SURE && !found.iter().any(|known| known.intent == surest.intent) {
            found.push(IntentMatch { why: clause.to_owned(), ..surest });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exclamation_is_no_matter() {
        let check = |text: &str, expected: bool| assert_eq!(EXCLAMATION.is_match(text), expected, "{text}");
        for text in ["急死", "烦不烦", "烦死了", "气死我了", "真是服了", "好烦啊", "太无语了", "so annoying"]
        {
            check(text, true);
        }
        for text in ["急用", "催一下", "退钱", "服务太差", "气味大不大", "我要投诉", "not annoying at all"]
        {
            check(text, false);
        }
    }
}
