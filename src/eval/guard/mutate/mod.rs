//! True sentences with one thing changed, so that they are false.
//!
//! A change that leaves the sentence true, because the evidence holds the new value too, is not made: another one is
//! looked for, and if there is none, the place is counted as left alone.

mod values;
mod words;

use std::collections::BTreeSet;

use serde::Serialize;

use crate::turn::numerals::{number_value, spoken};
use values::{DAY_WORDS, Sort, Token, read, same};

/// What is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One digit of any value.
    Digit,
    /// A day or a time of day.
    Date,
    /// An order, tracking or model number.
    Id,
    /// An amount of money.
    Money,
    /// A length of time.
    Duration,
    /// The unit of a value, its number left as it is.
    Unit,
    /// The carrier.
    Carrier,
    /// Yes and no, before and after, at most and at least.
    Polarity,
    /// The product.
    Product,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 9] = [
        Self::Digit,
        Self::Date,
        Self::Id,
        Self::Money,
        Self::Duration,
        Self::Unit,
        Self::Carrier,
        Self::Polarity,
        Self::Product,
    ];

    /// Its name in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Digit => "digit",
            Self::Date => "date",
            Self::Id => "id",
            Self::Money => "money",
            Self::Duration => "duration",
            Self::Unit => "unit",
            Self::Carrier => "carrier",
            Self::Polarity => "polarity",
            Self::Product => "product",
        }
    }
}

/// A sentence with one thing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutant {
    /// What was changed.
    pub kind: Kind,
    /// The false sentence.
    pub text: String,
    /// What stood there.
    pub from: String,
    /// What stands there now.
    pub to: String,
}

/// What is known where a sentence is said.
#[derive(Debug, Clone)]
pub struct Ground<'a> {
    /// The texts of the records, the question's among them.
    pub evidence: &'a [&'a str],
    /// Carriers that another can be taken from.
    pub carriers: &'a [String],
    /// Products that another can be taken from.
    pub products: &'a BTreeSet<String>,
}

/// Numbers that follow from a seed (SplitMix64): the same seed gives the same changes everywhere.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Dice of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The list in an order of its own.
    pub fn shuffled<T>(&mut self, mut list: Vec<T>) -> Vec<T> {
        for last in (1..list.len()).rev() {
            let other = (self.roll() % (last as u64 + 1)) as usize;
            list.swap(last, other);
        }
        list
    }
}

/// The false sentences that come from a true one: one for each place where a kind of change can be made.
pub fn mutants(sentence: &str, ground: &Ground<'_>, dice: &mut Dice) -> Vec<Mutant> {
    let known: Vec<Token> = ground.evidence.iter().flat_map(|text| read(text)).collect();
    let maker = Maker { sentence, known, ground };
    let mut made = Vec::new();
    for token in read(sentence) {
        if is_list_mark(sentence, &token) {
            continue;
        }
        made.extend(maker.changed_digit(&token, dice));
        made.extend(maker.changed_value(&token, dice));
        made.extend(maker.changed_unit(&token, dice));
    }
    made.extend(maker.changed_carriers(dice));
    made.extend(maker.changed_sides());
    made.extend(maker.changed_products(dice));
    made
}

/// `1.` and `2、` at the beginning number the points of a text and say nothing.
fn is_list_mark(sentence: &str, token: &Token) -> bool {
    let after = sentence[token.end..].chars().next();
    token.sort == Sort::Number
        && token.start == 0
        && matches!(after, Some('.' | '、' | ')' | '）' | ':' | '：'))
}

struct Maker<'a> {
    sentence: &'a str,
    /// The values of the evidence.
    known: Vec<Token>,
    ground: &'a Ground<'a>,
}

impl Maker<'_> {
    /// The sentence with another text between two places.
    fn with(&self, kind: Kind, (start, end): (usize, usize), to: &str) -> Mutant {
        let from = &self.sentence[start..end];
        let text = format!("{}{to}{}", &self.sentence[..start], &self.sentence[end..]);
        Mutant { kind, text, from: from.to_owned(), to: to.to_owned() }
    }

    /// Whether a changed sentence says another value where `token` stood, and one that no record holds.
    fn is_false(&self, mutant: &Mutant, token: &Token) -> bool {
        let changed = read(&mutant.text);
        let Some(now) = changed.iter().find(|other| other.start <= token.start && token.start < other.end)
        else {
            return false;
        };
        let stands = match now.sort {
            Sort::Id => {
                self.ground.evidence.iter().any(|text| text.contains(&mutant.text[now.start..now.end]))
            }
            _ => self.known.iter().any(|known| same(known, now)),
        };
        now.sort == token.sort && !same(now, token) && !stands
    }

    fn changed_digit(&self, token: &Token, dice: &mut Dice) -> Option<Mutant> {
        let text = &self.sentence[token.start..token.end];
        let places: Vec<usize> =
            text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()).map(|(at, _)| at).collect();
        let choices = places
            .into_iter()
            .flat_map(|at| (b'0'..=b'9').map(move |digit| (at, char::from(digit))))
            .collect();
        dice.shuffled(choices).into_iter().find_map(|(at, digit): (usize, char)| {
            let changed = format!("{}{digit}{}", &text[..at], &text[at + 1..]);
            let mutant = self.with(Kind::Digit, (token.start, token.end), &changed);
            (changed != text && !starts_with_zero(&changed, text) && self.is_false(&mutant, token))
                .then_some(mutant)
        })
    }

    /// Another value of the same kind, written in the same way.
    fn changed_value(&self, token: &Token, dice: &mut Dice) -> Option<Mutant> {
        let kind = match token.sort {
            Sort::Money => Kind::Money,
            Sort::Duration => Kind::Duration,
            Sort::Date | Sort::Time => Kind::Date,
            Sort::Id => Kind::Id,
            Sort::Measure | Sort::Number => return None,
        };
        let text = &self.sentence[token.start..token.end];
        let choices = if token.sort == Sort::Id { other_ids(text) } else { other_values(text) };
        dice.shuffled(choices).into_iter().find_map(|changed| {
            let mutant = self.with(kind, (token.start, token.end), &changed);
            self.is_false(&mutant, token).then_some(mutant)
        })
    }

    fn changed_unit(&self, token: &Token, dice: &mut Dice) -> Option<Mutant> {
        const MISTAKEN: [&[&str]; 9] = [
            &["分钟", "小时", "天", "周", "个月", "年", "个工作日", "秒"],
            &["月龄", "岁"],
            &["克", "斤", "公斤"],
            &["毫升", "升"],
            &["毫米", "厘米", "米"],
            &["元", "角", "万元"],
            &["%", "元", "折"],
            &["片", "包", "箱"],
            &["件", "箱"],
        ];
        let (start, end) = token.unit?;
        let unit = &self.sentence[start..end];
        let unit_class = unit.trim_start_matches('个');
        let group = MISTAKEN
            .iter()
            .find(|group| group.iter().any(|other| other.trim_start_matches('个') == unit_class))?;
        let others = group.iter().filter(|other| other.trim_start_matches('个') != unit_class).copied();
        dice.shuffled(others.collect()).into_iter().find_map(|other| {
            let mutant = self.with(Kind::Unit, (start, end), other);
            let changed = read(&mutant.text);
            let now = changed.iter().find(|other| other.start == token.start)?;
            (!same(now, token) && !self.known.iter().any(|known| same(known, now))).then_some(mutant)
        })
    }
}

/// Nobody writes 05元; 05分 and 2026-01 are written so.
fn starts_with_zero(changed: &str, text: &str) -> bool {
    changed.starts_with('0')
        && !text.starts_with('0')
        && changed.chars().nth(1).is_some_and(|next| next != '.')
}

/// An id with one digit changed, or two beside each other exchanged.
fn other_ids(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    for at in 0..bytes.len() {
        if !bytes[at].is_ascii_digit() {
            continue;
        }
        for digit in b'0'..=b'9' {
            if digit != bytes[at] {
                found.push(format!("{}{}{}", &text[..at], char::from(digit), &text[at + 1..]));
            }
        }
        if let Some(next) = bytes.get(at + 1).filter(|next| next.is_ascii_digit() && **next != bytes[at]) {
            found.push(format!(
                "{}{}{}{}",
                &text[..at],
                char::from(*next),
                char::from(bytes[at]),
                &text[at + 2..]
            ));
        }
    }
    found
}

/// A value with one of its numbers changed, each in the writing it has.
fn other_values(text: &str) -> Vec<String> {
    if let Some(group) = DAY_WORDS.iter().find(|group| group.contains(&text)) {
        return group.iter().filter(|word| **word != text).map(|word| (*word).to_owned()).collect();
    }
    words::numbers(text)
        .into_iter()
        .flat_map(|(start, end)| {
            let number = &text[start..end];
            others(number).into_iter().map(move |other| format!("{}{other}{}", &text[..start], &text[end..]))
        })
        .collect()
}

/// Other numbers in the same writing: nearby ones, the double, and those with one digit changed.
fn others(number: &str) -> Vec<String> {
    let Some(value) = number_value(number).filter(|value| *value >= 0.0 && *value < 1e9) else {
        return Vec::new();
    };
    let whole = value as u32;
    let near = [whole + 1, whole.saturating_sub(1), whole * 2, whole + 10, whole / 2, whole + 2];
    let near = near.into_iter().filter(|other| *other > 0 && *other != whole);
    if !number.starts_with(|first: char| first.is_ascii_digit()) {
        return near.filter(|other| *other < 10_000).map(spoken).collect();
    }
    let fraction = number.split_once('.').map_or(String::new(), |(_, fraction)| format!(".{fraction}"));
    let width = if number.starts_with('0') { number.len() } else { 0 };
    let near = near.map(|other| format!("{other:0width$}{fraction}"));
    near.chain(other_ids(number).into_iter().filter(|other| !starts_with_zero(other, number))).collect()
}

#[cfg(test)]
mod tests;
