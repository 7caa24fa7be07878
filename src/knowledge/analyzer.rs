//! How Chinese, Latin letters and digits become terms: normalised once, then seen as words, as single characters
//! and as pairs of neighbours.
//!
//! Words alone lose too much: a dictionary cuts product names in ways no customer types. Characters and pairs
//! find them, words rank them. Offsets always point into the text as it was given.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jieba_rs::Jieba;
use opencc_fmmseg::OpenCC;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use unicode_normalization::UnicodeNormalization;

use super::dictionary::Dictionaries;

/// Rises whenever the same text would give other terms, or a document other fields.
const REVISION: u32 = 2;

/// Longer runs of letters or digits are cut off; they are no words.
const LONGEST_TERM: usize = 64;

/// What a question looks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryTerms {
    /// Words with the words that may stand for them.
    pub words: Vec<(String, Vec<String>)>,
    /// Single characters, and whole runs of letters or digits.
    pub singles: Vec<String>,
    /// Neighbouring pairs of those.
    pub pairs: Vec<String>,
}

/// Which terms a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    Words,
    Singles,
    Pairs,
}

impl View {
    pub(super) const ALL: [Self; 3] = [Self::Words, Self::Singles, Self::Pairs];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Words => "words",
            Self::Singles => "singles",
            Self::Pairs => "pairs",
        }
    }
}

/// The analyzer with its dictionaries. Clones share them.
#[derive(Clone)]
pub struct Analyzer {
    shared: Arc<Shared>,
}

struct Shared {
    jieba: Jieba,
    converter: OpenCC,
    stop_words: HashSet<String>,
    alternatives: HashMap<String, Vec<String>>,
    version: String,
}

impl std::fmt::Debug for Analyzer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Analyzer").field("version", &self.shared.version).finish_non_exhaustive()
    }
}

/// One term with its place: character positions in the normalised text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    text: String,
    start: usize,
    end: usize,
}

impl Term {
    fn into_token(self, normalised: &Normalised) -> Token {
        Token {
            offset_from: normalised.origins[self.start].0,
            offset_to: normalised.origins[self.end - 1].1,
            position: self.start,
            position_length: self.end - self.start,
            text: self.text,
        }
    }
}

/// A normalised text that knows where each character came from.
struct Normalised {
    characters: Vec<char>,
    /// Byte span in the given text, for each character.
    origins: Vec<(usize, usize)>,
}

/// A question cut into words of the dictionary.
pub(super) struct Cut {
    normalised: Normalised,
    /// For each character whether it belongs to a stop word.
    stopped: Vec<bool>,
    /// For each character whether it stands alone: Chinese, no stop word, and part of no longer word.
    lonely: Vec<bool>,
}

impl Cut {
    /// The characters as they are compared, and which of them stand alone.
    pub(super) fn lonely(&self) -> (&[char], &[bool]) {
        (&self.normalised.characters, &self.lonely)
    }
}

impl Analyzer {
    /// Makes an analyzer. It takes some tens of milliseconds; make one and clone it.
    pub fn new(dictionaries: &Dictionaries) -> Self {
        let mut jieba = Jieba::new();
        for (word, frequency) in &dictionaries.words {
            jieba.add_word(word, *frequency, None);
        }
        let mut converter = OpenCC::new();
        converter.set_parallel(false);
        Self {
            shared: Arc::new(Shared {
                jieba,
                converter,
                stop_words: dictionaries.stop_words.clone(),
                alternatives: dictionaries.alternatives(),
                version: format!("{REVISION}-{}", dictionaries.version),
            }),
        }
    }

    /// Changes whenever the same record would stand otherwise in an index.
    pub fn version(&self) -> &str {
        &self.shared.version
    }

    /// The text as it is compared: compatibility forms and widths unified, simplified, lower case.
    pub fn normalise(&self, text: &str) -> String {
        self.read(text).characters.into_iter().collect()
    }

    /// The terms of a question, without stop words, each once.
    pub fn query(&self, text: &str) -> QueryTerms {
        self.terms(&self.cut(text))
    }

    /// The terms of a question that is cut.
    pub(super) fn terms(&self, cut: &Cut) -> QueryTerms {
        let Cut { normalised, stopped, .. } = cut;
        let all_stopped =
            stopped.iter().zip(&normalised.characters).all(|(stop, one)| *stop || !is_term(*one));
        let keep = |term: &Term| all_stopped || !stopped[term.start..term.end].iter().all(|stop| *stop);
        let mut terms = QueryTerms::default();
        let mut seen = HashSet::new();
        for term in self.words(normalised).into_iter().filter(|term| keep(term)) {
            if (all_stopped || !self.shared.stop_words.contains(&term.text)) && seen.insert(term.text.clone())
            {
                let alternatives = self.shared.alternatives.get(&term.text).cloned().unwrap_or_default();
                terms.words.push((term.text, alternatives));
            }
        }
        let units: Vec<Term> = units(normalised).into_iter().filter(|term| keep(term)).collect();
        let pairs = pairs(normalised, &units);
        for (found, list) in [(units, &mut terms.singles), (pairs, &mut terms.pairs)] {
            let mut seen = HashSet::new();
            list.extend(found.into_iter().map(|term| term.text).filter(|text| seen.insert(text.clone())));
        }
        terms
    }

    fn read(&self, text: &str) -> Normalised {
        let mut characters = Vec::with_capacity(text.len());
        let mut origins = Vec::with_capacity(text.len());
        for (at, given) in text.char_indices() {
            for plain in std::iter::once(given).nfkc() {
                for lower in unify(plain).to_lowercase() {
                    characters.push(lower);
                    origins.push((at, at + given.len_utf8()));
                }
            }
        }
        if characters.iter().any(|character| is_han(*character)) {
            self.simplify(&mut characters);
        }
        Normalised { characters, origins }
    }

    /// Traditional to simplified, keeping one character for one, so that places stay true.
    fn simplify(&self, characters: &mut [char]) {
        let text: String = characters.iter().collect();
        let simplified: Vec<char> = self.shared.converter.t2s(&text, false).chars().collect();
        if simplified.len() == characters.len() {
            characters.copy_from_slice(&simplified);
            return;
        }
        for character in characters.iter_mut().filter(|character| is_han(**character)) {
            let one = self.shared.converter.t2s(&character.to_string(), false);
            let mut one = one.chars();
            if let (Some(simple), None) = (one.next(), one.next()) {
                *character = simple;
            }
        }
    }

    /// A question cut by the dictionary alone, which makes up no words.
    pub(super) fn cut(&self, text: &str) -> Cut {
        let normalised = self.read(text);
        let mut stopped = vec![false; normalised.characters.len()];
        let mut lonely = stopped.clone();
        for (start, end, han) in runs(&normalised.characters) {
            let text: String = normalised.characters[start..end].iter().collect();
            if !han {
                stopped[start..end].fill(self.shared.stop_words.contains(&text));
                continue;
            }
            for token in self.shared.jieba.cut(&text, false) {
                let characters = start + token.start..start + token.end;
                if self.shared.stop_words.contains(token.word) {
                    stopped[characters].fill(true);
                } else if characters.len() == 1 {
                    lonely[characters].fill(true);
                }
            }
        }
        Cut { normalised, stopped, lonely }
    }

    fn words(&self, normalised: &Normalised) -> Vec<Term> {
        let mut terms = Vec::new();
        for (start, end, han) in runs(&normalised.characters) {
            if han {
                let text: String = normalised.characters[start..end].iter().collect();
                terms.extend(self.shared.jieba.cut_for_search(&text, true).into_iter().map(|token| Term {
                    text: token.word.to_owned(),
                    start: start + token.start,
                    end: start + token.end,
                }));
            } else {
                code_terms(&normalised.characters, start, end, &mut terms);
            }
        }
        terms.sort_by_key(|term| (term.start, term.end));
        terms
    }

    /// The tokens of a text in one view.
    fn tokens(&self, normalised: &Normalised, view: View) -> Vec<Token> {
        let terms = match view {
            View::Words => self.words(normalised),
            View::Singles => units(normalised),
            View::Pairs => pairs(normalised, &units(normalised)),
        };
        terms.into_iter().map(|term| term.into_token(normalised)).collect()
    }

    /// The tokens of a text in every view; the text is read once.
    pub(super) fn views(&self, text: &str) -> [Vec<Token>; 3] {
        let normalised = self.read(text);
        View::ALL.map(|view| self.tokens(&normalised, view))
    }
}

/// Dashes and quotes that people and systems mix up.
fn unify(character: char) -> char {
    match character {
        '‐' | '‑' | '‒' | '–' | '—' | '−' | '－' => '-',
        '×' | '✕' => 'x',
        other => other,
    }
}

fn is_han(character: char) -> bool {
    matches!(u32::from(character), 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x323AF | 0x3007)
}

fn is_term(character: char) -> bool {
    character.is_alphanumeric()
}

/// Characters that hold a model number together: F6033-UD3(HE), 6.6L, 16/20.
fn is_joint(character: char) -> bool {
    matches!(character, '-' | '.' | '_' | '/' | '+' | '#' | '(' | ')')
}

/// Runs of Chinese characters, and runs of other letters and digits with their joints.
fn runs(characters: &[char]) -> Vec<(usize, usize, bool)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        if !is_term(characters[at]) {
            at += 1;
            continue;
        }
        let start = at;
        let han = is_han(characters[at]);
        let mut end = at;
        while at < characters.len() {
            let here = characters[at];
            if is_term(here) && is_han(here) == han {
                end = at + 1;
            } else if han
                || !is_joint(here)
                || !characters.get(at + 1).is_some_and(|next| is_term(*next) && !is_han(*next))
            {
                break;
            }
            at += 1;
        }
        at = end;
        found.push((start, end, han));
    }
    found
}

/// The whole code without its joints, its parts, and the parts' letters and digits.
fn code_terms(characters: &[char], start: usize, end: usize, terms: &mut Vec<Term>) {
    let whole: String =
        characters[start..end].iter().filter(|one| is_term(**one)).take(LONGEST_TERM).collect();
    let mut push = |text: String, start: usize, end: usize| {
        if !terms.iter().any(|term| term.start == start && term.end == end && term.text == text) {
            terms.push(Term { text, start, end });
        }
    };
    push(whole, start, end);
    let mut at = start;
    for part in characters[start..end].split(|one| !is_term(*one)) {
        let text: String = part.iter().take(LONGEST_TERM).collect();
        if !text.is_empty() {
            push(text, at, at + part.len());
        }
        for (from, to) in homogeneous(part) {
            push(part[from..to].iter().take(LONGEST_TERM).collect(), at + from, at + to);
        }
        at += part.len() + 1;
    }
}

/// Spans of only digits or only letters.
fn homogeneous(part: &[char]) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut from = 0;
    for index in 1..=part.len() {
        if index == part.len() || part[index].is_numeric() != part[index - 1].is_numeric() {
            spans.push((from, index));
            from = index;
        }
    }
    spans
}

/// Single Chinese characters, and runs of only letters or only digits.
fn units(normalised: &Normalised) -> Vec<Term> {
    let characters = &normalised.characters;
    let mut found = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        let here = characters[at];
        let start = at;
        at += 1;
        if !is_term(here) {
            continue;
        }
        if !is_han(here) {
            while at < characters.len()
                && is_term(characters[at])
                && !is_han(characters[at])
                && characters[at].is_numeric() == here.is_numeric()
            {
                at += 1;
            }
        }
        found.push(Term { text: characters[start..at].iter().take(LONGEST_TERM).collect(), start, end: at });
    }
    found
}

/// Neighbouring units. Between letters and digits a space or a dash does not part them: "M9 Pro" is "M9Pro".
fn pairs(normalised: &Normalised, units: &[Term]) -> Vec<Term> {
    units
        .windows(2)
        .filter(|pair| {
            let gap = &normalised.characters[pair[0].end..pair[1].start];
            gap.is_empty()
                || (gap.len() == 1
                    && (gap[0] == ' ' || is_joint(gap[0]))
                    && pair.iter().any(|unit| unit.text.is_ascii()))
        })
        .map(|pair| Term {
            text: format!("{}{}", pair[0].text, pair[1].text),
            start: pair[0].start,
            end: pair[1].end,
        })
        .collect()
}

/// One view of the analyzer as the index wants it.
#[derive(Clone, Debug)]
pub(super) struct ViewTokenizer {
    pub(super) analyzer: Analyzer,
    pub(super) view: View,
}

/// The tokens of one text.
pub(super) struct Tokens {
    tokens: std::vec::IntoIter<Token>,
    current: Token,
}

impl Tokenizer for ViewTokenizer {
    type TokenStream<'a> = Tokens;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Tokens {
        let tokens = self.analyzer.tokens(&self.analyzer.read(text), self.view);
        Tokens { tokens: tokens.into_iter(), current: Token::default() }
    }
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        match self.tokens.next() {
            Some(token) => {
                self.current = token;
                true
            }
            None => false,
        }
    }

    fn token(&self) -> &Token {
        &self.current
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.current
    }
}
