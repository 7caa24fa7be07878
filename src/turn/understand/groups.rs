//! Which groups of characters does a text hold? One to three characters, whole Latin words, runs of digits as one sign.

use std::collections::HashMap;

use super::normalise::is_cjk;

/// Marks the beginning and the end of a text in its groups.
const EDGE: char = '\u{1}';
/// Stands for any run of digits.
const NUMBER: char = '#';
/// Set in the groups that are a whole Latin word.
const WORD_BIT: u64 = 1 << 63;

/// Single characters say less than pairs, pairs no less than triples.
pub fn share(group: u64) -> f32 {
    if group & WORD_BIT != 0 {
        1.2
    } else if group >> 21 == 0 {
        0.55
    } else {
        1.0
    }
}

/// The groups of a text with how often they stand in it. Latin words count whole, runs of digits as one sign, and
/// punctuation only if there is nothing else.
pub fn count_groups(text: &str) -> HashMap<u64, f32> {
    let mut counts: HashMap<u64, f32> = HashMap::new();
    let mut signs: Vec<char> = vec![EDGE];
    let mut word = String::new();
    let spoken = text.chars().any(char::is_alphanumeric);
    let mut add = |group: u64| *counts.entry(group).or_default() += 1.0;
    let finish = |word: &mut String, add: &mut dyn FnMut(u64)| {
        if !word.is_empty() {
            add(word_group(word));
            word.clear();
        }
    };
    for character in text.chars() {
        if character.is_ascii_digit() {
            finish(&mut word, &mut add);
            if signs.last() != Some(&NUMBER) {
                signs.push(NUMBER);
            }
        } else if character.is_alphanumeric() && !is_cjk(character) {
            word.push(character);
            signs.push(character);
        } else {
            finish(&mut word, &mut add);
            if character.is_alphanumeric() || !spoken && !character.is_whitespace() {
                signs.push(character);
            }
        }
    }
    finish(&mut word, &mut add);
    signs.push(EDGE);
    for size in 1..=3 {
        for window in signs.windows(size) {
            if window.iter().any(|sign| *sign != EDGE) {
                add(window.iter().fold(0, |group, sign| (group << 21) | u64::from(u32::from(*sign))));
            }
        }
    }
    counts
}

/// A whole Latin word as a number (FNV-1a).
fn word_group(word: &str) -> u64 {
    let hash = word.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    hash | WORD_BIT
}
