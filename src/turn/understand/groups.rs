//! Which groups of characters does a text hold? One to three characters, whole Latin words, runs of digits as one sign.

use std::collections::HashMap;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};

use super::normalise::is_cjk;

/// Ways to write the same word, and the way that is compared.
const SPELLINGS: [(&str, &str); 33] = [
    ("啥时候", "什么时候"),
    ("啥", "什么"),
    ("神马", "什么"),
    ("什么时间", "什么时候"),
    ("何时", "什么时候"),
    ("几时", "什么时候"),
    ("咋样", "怎么样"),
    ("咋", "怎么"),
    ("肿么", "怎么"),
    ("如何", "怎么"),
    ("为啥", "为什么"),
    ("为何", "为什么"),
    ("木有", "没有"),
    ("没得", "没有"),
    ("有木有", "有没有"),
    ("有米有", "有没有"),
    ("能否", "能不能"),
    ("可否", "可不可以"),
    ("是否", "是不是"),
    ("嘛", "吗"),
    ("不么", "不吗"),
    ("了么", "了吗"),
    ("的么", "的吗"),
    ("有么", "有吗"),
    ("货么", "货吗"),
    ("邮么", "邮吗"),
    ("退么", "退吗"),
    ("换么", "换吗"),
    ("您", "你"),
    ("俺", "我"),
    ("邮费", "运费"),
    ("快递费", "运费"),
    ("介个", "这个"),
];

static SPELLING: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
    let words = SPELLINGS.iter().map(|(word, _)| word);
    AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(words).ok()
});

/// Writes words that are spelled in many ways in one, so that they count as the same.
pub fn one_spelling(text: &str) -> String {
    let Some(spelling) = SPELLING.as_ref() else { return text.to_owned() };
    let mut one = String::with_capacity(text.len());
    let mut from = 0;
    for hit in spelling.find_iter(text) {
        one.push_str(&text[from..hit.start()]);
        one.push_str(SPELLINGS[hit.pattern().as_usize()].1);
        from = hit.end();
    }
    one.push_str(&text[from..]);
    one
}

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
