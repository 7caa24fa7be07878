//! Is it language at all? "阿斯蒂芬" and "asdfgh" share characters with many examples and mean nothing.

use std::collections::HashSet;

use super::normalise::is_cjk;

/// A text of which at least this share of neighbouring characters stands side by side in some example is language.
const KNOWN_PAIRS: f32 = 0.34;
/// Shorter texts are too short to tell.
const SHORTEST: usize = 3;
/// Characters that are only sounds: where nothing else is said, all of it has to be known.
const SOUNDS: &str = "哦噢喔咯呃额嗯啊呀阿哈嘿呵唉诶欸哎咦嘞啦嘛呗哼嘻吼哇哟呦咚咕噜呱叽";
/// The rows of a keyboard, and how many neighbouring keys are no word.
const ROWS: [&str; 3] = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
const RUN: usize = 4;
/// From this length on a word without a vowel is none.
const LONG_WORD: usize = 5;

/// Which characters stand side by side in the examples of a pack.
#[derive(Debug)]
pub struct Sense {
    pairs: HashSet<(char, char)>,
}

impl Sense {
    /// Learns from examples.
    pub fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        Self { pairs: texts.flat_map(pairs).collect() }
    }

    /// How far a text is language: from 0 for mere sounds and keys to 1.
    pub fn of(&self, text: &str) -> f32 {
        let spoken: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
        if spoken.iter().any(|c| is_cjk(*c)) {
            return self.of_characters(text, &spoken);
        }
        let mut words =
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).peekable();
        if words.peek().is_some() && words.all(is_mashed) { 0.0 } else { 1.0 }
    }

    fn of_characters(&self, text: &str, spoken: &[char]) -> f32 {
        if spoken.len() < SHORTEST {
            return 1.0;
        }
        let all: Vec<(char, char)> = pairs(text).collect();
        if all.is_empty() {
            return 1.0;
        }
        let known = all.iter().filter(|pair| self.pairs.contains(pair)).count() as f32 / all.len() as f32;
        if spoken.iter().all(|c| SOUNDS.contains(*c)) {
            return if known < 1.0 { 0.0 } else { 1.0 };
        }
        (known / KNOWN_PAIRS).min(1.0)
    }
}

/// Neighbouring characters of a script without blanks.
fn pairs(text: &str) -> impl Iterator<Item = (char, char)> {
    let next = text.chars().skip(1);
    text.chars().zip(next).filter(|(left, right)| is_cjk(*left) && is_cjk(*right))
}

/// "asdfgh", "qwer", "sdkfjhg": keys, not a word.
fn is_mashed(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    if word.len() < RUN || word.bytes().any(|byte| !byte.is_ascii_lowercase()) {
        return false;
    }
    let runs = |row: &str| {
        let back: String = row.chars().rev().collect();
        [row, &back].iter().any(|row| {
            (0..=row.len() - RUN).any(|from| word.contains(&row[from..from + RUN]) && word.len() <= row.len())
        })
    };
    let vowels = word.bytes().filter(|byte| b"aeiouy".contains(byte)).count();
    ROWS.iter().any(|row| runs(row)) || (word.len() >= LONG_WORD && vowels == 0)
}
