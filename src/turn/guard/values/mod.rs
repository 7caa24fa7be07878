//! Which checkable values does a text hold: money, times, durations, measures, counts, ids?

mod calendar;
mod units;

use crate::time::Now;

use crate::turn::numerals::{self, Amount};
pub(super) use calendar::{Day, Moment};
pub(super) use units::{Measure, Span, are_different_packs};

/// One value, normalised so that equal things compare equal however they are written.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Value {
    /// An amount in yuan.
    Money(Amount),
    /// `30%`, `百分之三十`.
    Percent(Amount),
    /// `八折`.
    Discount(Amount),
    /// `双倍`, `3倍`.
    Factor(Amount),
    /// A day of the calendar, as far as it was named.
    Day(Day),
    /// A time of day.
    Moment(Moment),
    /// A length of time.
    Duration(Amount, Span),
    /// A physical measure in its base unit.
    Measure(Amount, Measure),
    /// A number of things, and the first character of their counter if they have one.
    Count(Amount, Option<char>),
    /// A number whose unit is not known.
    Plain(Amount),
    /// An order, tracking or model number, in capitals.
    Id(String),
    /// The end of an id or of a telephone number: `尾号2673`.
    Tail(String),
}

impl Value {
    /// The bare number, for values that have one.
    pub(super) fn amount(&self) -> Option<Amount> {
        match self {
            Self::Money(amount)
            | Self::Percent(amount)
            | Self::Discount(amount)
            | Self::Factor(amount)
            | Self::Duration(amount, _)
            | Self::Measure(amount, _)
            | Self::Count(amount, _)
            | Self::Plain(amount) => Some(*amount),
            Self::Day(_) | Self::Moment(_) | Self::Id(_) | Self::Tail(_) => None,
        }
    }

    /// Whether two values are of the same kind, so that one can be mistaken for the other.
    pub(super) fn same_kind(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Measure(_, one), Self::Measure(_, other)) => one == other,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// A value and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The value.
    pub(super) value: Value,
    /// Its first character.
    pub(super) start: usize,
    /// The place after its last character.
    pub(super) end: usize,
    /// Followed by 多, 左右 or the like.
    pub(super) about: bool,
    /// A small count in words that mostly counts nothing: 一个, 两种.
    pub(super) idle: bool,
}

/// Reads all values of a folded text.
pub(super) fn extract(chars: &[char], now: &Now) -> Vec<Found> {
    extract_all(chars, now).into_iter().filter(|found| !found.idle).collect()
}

/// Reads all values of a folded text, with those that mostly say nothing.
pub(super) fn extract_all(chars: &[char], now: &Now) -> Vec<Found> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        match read(chars, at, now) {
            Some(Reading { values, end, idle }) if end > at => {
                let about = units::is_about(chars, end);
                found.extend(values.into_iter().map(|value| Found { value, start: at, end, about, idle }));
                at = end;
            }
            _ => at += 1,
        }
    }
    found
}

/// What was read from a place.
pub(super) struct Reading {
    /// The values; empty if the characters are no value but must be skipped as a whole.
    values: Vec<Value>,
    /// The place after them.
    end: usize,
    /// Whether they mostly say nothing.
    idle: bool,
}

impl Reading {
    fn one(value: Value, end: usize) -> Option<Self> {
        Self::several(vec![value], end)
    }

    fn nothing(end: usize) -> Option<Self> {
        Self::several(Vec::new(), end)
    }

    fn several(values: Vec<Value>, end: usize) -> Option<Self> {
        Some(Self { values, end, idle: false })
    }
}

fn read(chars: &[char], at: usize, now: &Now) -> Option<Reading> {
    let first = chars[at];
    let joined = first.is_ascii_alphanumeric() && at > 0 && chars[at - 1].is_ascii_alphanumeric();
    let after_time_sign = joined && chars[at - 1] == 'T' && chars.get(at + 2) == Some(&':');
    if joined && !after_time_sign || !can_begin(first) {
        return None;
    }
    tail(chars, at)
        .or_else(|| calendar::read(chars, at, now))
        .or_else(|| prefixed(chars, at))
        .or_else(|| if first.is_ascii_digit() { from_digits(chars, at) } else { None })
        .or_else(|| if first.is_ascii_alphabetic() { code(chars, at) } else { None })
        .or_else(|| if numerals::is_numeral(first) { from_numerals(chars, at) } else { None })
        .or_else(|| units::fixed(chars, at))
}

/// Whether a value can begin with a character. Most characters of a text cannot, and are not asked twenty times.
fn can_begin(first: char) -> bool {
    first.is_ascii_alphanumeric()
        || matches!(first, '尾' | '¥' | '￥' | '$' | '第')
        || numerals::is_numeral(first)
        || calendar::can_begin(first)
        || units::can_begin(first)
}

/// `尾号是2673`.
fn tail(chars: &[char], at: usize) -> Option<Reading> {
    if !starts_with(chars, at, "尾号") {
        return None;
    }
    let mut start = at + 2;
    while chars.get(start).is_some_and(|character| "是为:： 码".contains(*character)) {
        start += 1;
    }
    let digits: String =
        chars[start.min(chars.len())..].iter().take_while(|c| c.is_ascii_alphanumeric()).collect();
    let end = start + digits.chars().count();
    if digits.len() >= 2 { Reading::one(Value::Tail(digits.to_uppercase()), end) } else { None }
}

/// `¥1299`, `百分之三十`, `第二`.
fn prefixed(chars: &[char], at: usize) -> Option<Reading> {
    if matches!(chars[at], '¥' | '￥' | '$') {
        let start = skip_space(chars, at + 1);
        let (amount, end) = numerals::digits(chars, start)?;
        let (amount, end) = units::scaled(chars, amount, end);
        let end = if chars.get(end) == Some(&'元') { end + 1 } else { end };
        return Reading::one(Value::Money(amount), end);
    }
    if starts_with(chars, at, "百分之") {
        let (amount, end) = number(chars, at + 3)?;
        return Reading::one(Value::Percent(amount), end);
    }
    if chars[at] == '第' {
        let (amount, end) = number(chars, skip_space(chars, at + 1))?;
        // 第一时间, 第一次: no value anybody could get wrong.
        let in_words = !chars[end - 1].is_ascii_digit();
        return if in_words && amount == Amount::whole(1) {
            Reading::nothing(end)
        } else {
            Reading::one(Value::Plain(amount), end)
        };
    }
    None
}

/// A number in either writing.
pub(super) fn number(chars: &[char], at: usize) -> Option<(Amount, usize)> {
    numerals::digits(chars, at).or_else(|| numerals::chinese(chars, at))
}

/// Something that begins with a digit: a measure, a size, a range, an id, a plain number.
fn from_digits(chars: &[char], at: usize) -> Option<Reading> {
    if let Some(reading) = size(chars, at) {
        return Some(reading);
    }
    let run_end = code_end(chars, at);
    let run = &chars[at..run_end];
    let digits = run.iter().filter(|character| character.is_ascii_digit()).count();
    let pure = digits == run.len();
    if pure && digits >= 8
        || run.contains(&'-') && digits >= 7 && run.iter().all(|c| *c == '-' || c.is_ascii_digit())
    {
        return Reading::one(Value::Id(run.iter().collect()), run_end);
    }
    let (amount, end) = numerals::digits(chars, at)?;
    if let Some(reading) = range(chars, amount, end) {
        return Some(reading);
    }
    if let Some((value, after)) = units::with_unit(chars, amount, end, false) {
        let cut_short = chars.get(after).is_some_and(char::is_ascii_alphanumeric)
            && chars[after - 1].is_ascii_alphabetic();
        if !cut_short {
            return Reading::one(value, after);
        }
    }
    if run_end > end && run[..].iter().any(char::is_ascii_alphabetic) {
        return code(chars, at);
    }
    let (scaled, after) = units::scaled(chars, amount, end);
    Reading::one(Value::Plain(scaled), after)
}

/// `710×316×555mm`: each number with the unit of the last.
fn size(chars: &[char], at: usize) -> Option<Reading> {
    let (first, mut end) = numerals::digits(chars, at)?;
    let mut amounts = vec![first];
    let mut unit = None;
    loop {
        let after = skip_space(chars, end);
        if let Some((Value::Measure(_, measure), unit_end)) =
            units::with_unit(chars, amounts[0], after, false)
            && chars.get(skip_space(chars, unit_end)).is_some_and(|c| is_times(*c))
        {
            unit = Some(measure);
            end = unit_end;
        }
        let sign = skip_space(chars, end);
        if !chars.get(sign).is_some_and(|character| is_times(*character)) {
            break;
        }
        let Some((next, next_end)) = numerals::digits(chars, skip_space(chars, sign + 1)) else { break };
        amounts.push(next);
        end = next_end;
    }
    let bare_end = units::with_unit(chars, amounts[0], end, false).is_none();
    if amounts.len() < 2 || amounts.len() == 2 && unit.is_some() && bare_end {
        // 800g×2 is a measure and a count.
        return None;
    }
    let last = *amounts.last()?;
    let measured = match units::with_unit(chars, last, end, false) {
        Some((Value::Measure(scaled, measure), after)) => Some((scaled, measure, after)),
        // 7×24小时: only the last is a length of time.
        Some((value @ Value::Duration(..), after)) => {
            amounts.pop();
            let values = amounts.into_iter().map(Value::Plain).chain(std::iter::once(value)).collect();
            return Reading::several(values, after);
        }
        _ => None,
    };
    let values = match (measured, unit) {
        (Some((_, measure, after)), _) => {
            end = after;
            amounts
                .into_iter()
                .map(|amount| units::in_unit(chars, amount, after).unwrap_or(Value::Measure(amount, measure)))
                .collect()
        }
        (None, Some(measure)) => amounts.into_iter().map(|amount| Value::Measure(amount, measure)).collect(),
        (None, None) => amounts.into_iter().map(Value::Plain).collect(),
    };
    Reading::several(values, end)
}

fn is_times(character: char) -> bool {
    matches!(character, '×' | 'x' | 'X' | '*' | '乘')
}

/// `3-5天`, `三到五个工作日`: both ends with the unit of the second.
fn range(chars: &[char], first: Amount, end: usize) -> Option<Reading> {
    let mark = chars.get(end)?;
    if !matches!(mark, '-' | '–' | '—' | '~' | '～' | '至' | '到') {
        return None;
    }
    let (second, unit_at) = number(chars, end + 1)?;
    let Some((start, _)) = units::with_unit(chars, first, unit_at, false) else {
        // 身高91-100: without a unit both are bare.
        let joined = matches!(mark, '-' | '–' | '—' | '~' | '～');
        let digits = joined && chars[end + 1].is_ascii_digit() && chars[end - 1].is_ascii_digit();
        let ends = !chars
            .get(unit_at)
            .is_some_and(|next| next.is_ascii_alphanumeric() || matches!(next, '-' | '_' | '.'));
        return if digits && ends && first.0 < 1_000 * numerals::UNIT {
            Reading::several(vec![Value::Plain(first), Value::Plain(second)], unit_at)
        } else {
            None
        };
    };
    let (value, after) = units::with_unit(chars, second, unit_at, false)?;
    Reading::several(vec![start, value], after)
}

/// The place after a run of letters, digits and inner hyphens.
fn code_end(chars: &[char], at: usize) -> usize {
    let mut end = at;
    while let Some(character) = chars.get(end) {
        let inner =
            matches!(character, '-' | '_') && chars.get(end + 1).is_some_and(char::is_ascii_alphanumeric);
        if !character.is_ascii_alphanumeric() && !inner {
            break;
        }
        end += 1;
    }
    end
}

/// A code of letters and digits: a model number, a tracking number. Words of letters alone are no value.
fn code(chars: &[char], at: usize) -> Option<Reading> {
    let end = code_end(chars, at);
    let run: String = chars[at..end].iter().collect();
    let has_digit = run.contains(|character: char| character.is_ascii_digit());
    if has_digit { Reading::one(Value::Id(run.to_ascii_uppercase()), end) } else { Reading::nothing(end) }
}

/// Something that begins with a Chinese numeral; only with a unit, because 一下, 万一 and 十分 are words.
fn from_numerals(chars: &[char], at: usize) -> Option<Reading> {
    if at > 0 && chars[at - 1] == '第' {
        return None;
    }
    let (amount, end) = numerals::chinese(chars, at)?;
    if let Some(reading) = range(chars, amount, end) {
        return Some(reading);
    }
    if let Some((value, after)) = units::with_unit(chars, amount, end, true) {
        let counted = ["只有", "仅有", "一共", "总共", "就", "共有"].iter().any(|word| {
            let length = word.chars().count();
            at >= length && starts_with(chars, at - length, word)
        });
        let idle = !counted && units::is_idle(chars, &value, end);
        return Some(Reading { idle, values: vec![value], end: after });
    }
    let long =
        end - at >= 3 && chars[at..end].iter().any(|character| numerals::multiplier(*character).is_some());
    if long { Reading::one(Value::Plain(amount), end) } else { Reading::nothing(end) }
}

/// Whether a text stands at a place.
pub(super) fn starts_with(chars: &[char], at: usize, text: &str) -> bool {
    let rest = chars.get(at..).unwrap_or_default();
    text.chars().enumerate().all(|(place, character)| rest.get(place) == Some(&character))
}

/// The next place that is no blank.
pub(super) fn skip_space(chars: &[char], mut at: usize) -> usize {
    while chars.get(at) == Some(&' ') {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_a_value_is_let_through() {
        let words = ["尾号", "¥1", "￥1", "$1", "百分之三", "第二", "7", "A1", "一", "两", "亿", "〇", "×2"];
        let words = words.into_iter().chain(calendar::beginnings()).chain(units::beginnings());
        for word in words {
            assert!(word.chars().next().is_some_and(can_begin), "{word}");
        }
        assert!(!can_begin('的'));
    }
}
