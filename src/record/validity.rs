//! Whether a record is in force at a moment.

use std::sync::LazyLock;

use jiff::{Span, Timestamp, civil::Date};
use regex::Regex;

use super::Record;
use crate::time::Now;

/// From when until when a record is in force; the end is the first moment at which it is not any more.
///
/// Where the dates stand only in words ("2025年5月24日-6月18日") they are read from these.
pub fn validity(record: &Record, now: &Now) -> (Option<Timestamp>, Option<Timestamp>) {
    let written = record.text("valid_text").and_then(read_valid_text);
    let from = match record.text("valid_from") {
        Some(text) => now.parse(text),
        None => written.and_then(|(from, _)| from).and_then(|date| start_of(date, now)),
    };
    let until = match record.text("valid_until").or_else(|| record.text("expires_at")) {
        Some(text) => end_of_text(text, now),
        None => written.and_then(|(_, until)| until).and_then(|date| start_of(next_day(date)?, now)),
    };
    (from, until)
}

/// Whether a record is in force now.
pub fn in_force(record: &Record, now: &Now) -> bool {
    let (from, until) = validity(record, now);
    let moment = now.timestamp();
    from.is_none_or(|from| from <= moment) && until.is_none_or(|until| moment < until)
}

/// A bare date as an end means the whole day.
fn end_of_text(text: &str, now: &Now) -> Option<Timestamp> {
    match text.trim().parse::<Date>() {
        Ok(date) if !text.contains(':') => start_of(next_day(date)?, now),
        _ => now.parse(text),
    }
}

fn start_of(date: Date, now: &Now) -> Option<Timestamp> {
    date.to_zoned(now.zoned().time_zone().clone()).ok().map(|moment| moment.timestamp())
}

fn next_day(date: Date) -> Option<Date> {
    date.checked_add(Span::new().days(1)).ok()
}

static RANGE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(\d{4})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*[日号]?\s*(?:[-~～—–至到]|起至)+\s*(?:(\d{4})\s*[年./-]\s*)?(?:(\d{1,2})\s*[月./-]\s*)?(\d{1,2})",
    )
    .expect("the expression is a constant")
});

static END: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:至|到|截止|截至|before|until)[^\d]{0,4}(\d{4})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})",
    )
    .expect("the expression is a constant")
});

static ONE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^\s*(\d{4})\s*[年./-]\s*(\d{1,2})\s*[月./-]\s*(\d{1,2})\s*[日号]?\s*(起|开始)?")
        .expect("the expression is a constant")
});

/// Reads a span of dates from words: first and last day, as far as they are named. `None` if there are none.
pub(super) fn read_valid_text(text: &str) -> Option<(Option<Date>, Option<Date>)> {
    if let Some(found) = RANGE.captures(text) {
        let number = |index: usize| found.get(index).and_then(|part| part.as_str().parse::<i16>().ok());
        let (year, month, day) = (number(1)?, number(2)?, number(3)?);
        let from = date(year, month, day)?;
        let until_month = number(5).unwrap_or(month);
        // "12月20日-1月5日" ends in the next year.
        let until_year = number(4).unwrap_or(if until_month < month { year + 1 } else { year });
        return Some((Some(from), Some(date(until_year, until_month, number(6)?)?)));
    }
    let dated = |found: &regex::Captures<'_>| {
        let number = |index: usize| found.get(index).and_then(|part| part.as_str().parse::<i16>().ok());
        date(number(1)?, number(2)?, number(3)?)
    };
    if let Some(found) = END.captures(text) {
        return Some((None, Some(dated(&found)?)));
    }
    let found = ONE.captures(text)?;
    let day = dated(&found)?;
    let open_ended = found.get(4).is_some();
    Some((Some(day), (!open_ended).then_some(day)))
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}
