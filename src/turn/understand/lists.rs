//! How is a text compared with a list of words? Longest word first, from left to right, without overlaps.

use aho_corasick::{AhoCorasick, MatchKind};

use super::normalise::folded;

/// A list of words, normalised and ready to be looked for in folded text.
#[derive(Debug)]
pub struct WordList {
    automaton: Option<AhoCorasick>,
}

impl WordList {
    /// Prepares a list. Words that are empty after normalising are left out; a list that is too large to prepare finds
    /// nothing.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>) -> Self {
        let words: Vec<String> = words.into_iter().map(folded).filter(|word| !word.is_empty()).collect();
        let automaton = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&words).ok();
        Self { automaton: automaton.filter(|_| !words.is_empty()) }
    }

    /// Where words of the list stand, as byte ranges.
    pub fn find(&self, text: &str) -> Vec<(usize, usize)> {
        let Some(automaton) = &self.automaton else { return Vec::new() };
        automaton.find_iter(text).map(|hit| (hit.start(), hit.end())).collect()
    }

    /// Whether any word of the list stands in the text.
    pub fn occurs(&self, text: &str) -> bool {
        self.automaton.as_ref().is_some_and(|automaton| automaton.is_match(text))
    }

    /// The text without the words of the list.
    pub fn without(&self, text: &str) -> String {
        let mut rest = String::with_capacity(text.len());
        let mut from = 0;
        for (start, end) in self.find(text) {
            rest.push_str(&text[from..start]);
            from = end;
        }
        rest.push_str(&text[from..]);
        rest
    }
}
