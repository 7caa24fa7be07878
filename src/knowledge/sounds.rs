//! Which word of the shop sounds like what was typed? "奶分" is 奶粉 and "naifen" too: people type by sound, and their
//! keyboard offers the wrong characters.
//!
//! Only what is no word is corrected: characters that stand alone in a sentence, in an order that no record has.

use std::collections::HashMap;

use pinyin::ToPinyin;
use tantivy::{Searcher, TantivyError};

use super::schema::Fields;

/// Words of so many characters are known by their sound.
const CHARACTERS: std::ops::RangeInclusive<usize> = 2..=4;

/// Shorter runs of letters are rather abbreviations than sounds.
const LEAST_LETTERS: usize = 4;

/// The words of titles and questions by how they sound.
#[derive(Debug, Default)]
pub(super) struct Sounds {
    /// The word that stands in most documents, with their number.
    words: HashMap<String, (String, u64)>,
}

impl Sounds {
    /// Reads the words of an index.
    pub(super) fn of(searcher: &Searcher, fields: &Fields) -> Result<Self, TantivyError> {
        let mut sounds = Self::default();
        for reader in searcher.segment_readers() {
            for part in &fields.parts[..2] {
                let inverted = reader.inverted_index(part.fields[0])?;
                let mut terms = inverted.terms().stream()?;
                while terms.advance() {
                    if let Ok(word) = std::str::from_utf8(terms.key()) {
                        sounds.learn(word, u64::from(terms.value().doc_freq));
                    }
                }
            }
        }
        Ok(sounds)
    }

    fn learn(&mut self, word: &str, documents: u64) {
        if !CHARACTERS.contains(&word.chars().count()) {
            return;
        }
        let Some(sound) = sound_of(word) else { return };
        let known = self.words.entry(sound).or_default();
        if known.1 < documents || known.1 == documents && *word < *known.0 {
            *known = (word.to_owned(), documents);
        }
    }

    /// A question with the words of the shop in the place of what only sounds like them; nothing if there is nothing to
    /// correct. `lonely` says for each character whether it belongs to no longer word, `known` whether some record has a
    /// text.
    pub(super) fn corrected(
        &self,
        text: &[char],
        lonely: &[bool],
        known: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let mut corrected = String::new();
        let (mut at, mut changed) = (0, false);
        while at < text.len() {
            let found = spans(text, lonely, at).find_map(|end| {
                let typed: String = text[at..end].iter().collect();
                let word = self.word_for(&typed).filter(|_| !known(&typed))?;
                Some((end, word))
            });
            match found {
                Some((end, word)) => {
                    corrected.push_str(word);
                    (at, changed) = (end, true);
                }
                None => {
                    // A run of letters is passed over whole: its end is no word of its own.
                    let end = letters(text, at).unwrap_or(at + 1);
                    corrected.extend(&text[at..end]);
                    at = end;
                }
            }
        }
        changed.then_some(corrected)
    }

    fn word_for(&self, typed: &str) -> Option<&str> {
        let sound = if typed.is_ascii() { blurred(typed) } else { sound_of(typed)? };
        let (word, _) = self.words.get(&sound)?;
        // Of two characters one has to be right: many pairs that belong to two words sound like some word.
        let alike =
            typed.is_ascii() || typed.chars().count() > 2 || typed.chars().any(|one| word.contains(one));
        (alike && word != typed).then_some(word)
    }
}

/// Ends of what might be a word that begins at a place, the longest first.
fn spans(text: &[char], lonely: &[bool], at: usize) -> impl Iterator<Item = usize> {
    let run = letters(text, at).filter(|end| end - at >= LEAST_LETTERS);
    let alone = lonely[at..].iter().take(*CHARACTERS.end()).take_while(|lonely| **lonely).count();
    let ends = CHARACTERS.rev().filter(move |length| *length <= alone).map(move |length| at + length);
    run.into_iter().chain(ends)
}

/// The end of a run of letters that begins at a place.
fn letters(text: &[char], at: usize) -> Option<usize> {
    let length = text[at..].iter().take_while(|one| one.is_ascii_lowercase()).count();
    (length > 0).then_some(at + length)
}

/// How a word sounds, without tones; nothing if a character of it has no sound.
fn sound_of(word: &str) -> Option<String> {
    let sounds: Option<String> = word.to_pinyin().map(|sound| sound.map(pinyin::Pinyin::plain)).collect();
    sounds.filter(|sound| !sound.is_empty()).map(|sound| blurred(&sound))
}

/// Sounds that many people do not tell apart are one: zh and z, ch and c, sh and s, ng and n.
fn blurred(sound: &str) -> String {
    ["zh", "ch", "sh"]
        .iter()
        .fold(sound.to_owned(), |sound, pair| sound.replace(pair, &pair[..1]))
        .replace("ng", "n")
        .replace('ü', "v")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sounds() -> Sounds {
        let mut sounds = Sounds::default();
        for (word, documents) in [("奶粉", 9), ("纸尿裤", 5), ("睡袋", 7), ("水袋", 1), ("推车", 3)]
        {
            sounds.learn(word, documents);
        }
        sounds
    }

    #[test]
    fn what_sounds_like_a_word_of_the_shop_becomes_it() {
        // Characters of longer words are given in brackets.
        let check = |marked: &str, expected: Option<&str>| {
            let (mut text, mut lonely, mut alone) = (Vec::new(), Vec::new(), true);
            for one in marked.chars() {
                match one {
                    '[' => alone = false,
                    ']' => alone = true,
                    _ => {
                        text.push(one);
                        lonely.push(alone && !one.is_ascii());
                    }
                }
            }
            let corrected = sounds().corrected(&text, &lonely, |typed| typed == "睡带");
            assert_eq!(corrected.as_deref(), expected, "{marked}");
        };
        check("奶分[多少]钱", Some("奶粉多少钱"));
        check("纸尿库", Some("纸尿裤"));
        check("naifen[多少]钱", Some("奶粉多少钱"));
        check("zhiniaoku", Some("纸尿裤"));
        check("ziliaoku", None);
        // A record has these characters in this order, so they are meant.
        check("睡带", None);
        check("[奶分]", None);
        check("奶粉", None);
        // It sounds like a word, but has none of its characters.
        check("退扯", None);
        check("推扯", Some("推车"));
        check("", None);
    }
}
