//! Which day or moment does a message name? Absolute dates, and relative ones counted from the turn's moment.

use std::sync::LazyLock;

use jiff::civil::Date;
use jiff::{Span, ToSpan};
use regex::{Captures, Regex};

use crate::time::Now;
use crate::turn::days::{RELATIVE, day_of_week, weekday_of};
use crate::turn::numerals::number_value;

/// A day or moment that was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDate {
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// `2026-11-16`, or `2026-11-16T15:30` if a time of day follows.
    pub value: String,
}

static FULL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(20\d{2})(?:年|-|/|\.)(\d{1,2})(?:月|-|/|\.)(\d{1,2})(?:日|号)?")
        .expect("a fixed expression")
});
static MONTH_DAY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(\d{1,2}|[一二三四五六七八九十]{1,2})月(\d{1,2}|[一二三四五六七八九十]{1,3})(?:日|号)?")
        .expect("a fixed expression")
});
static DAY_ONLY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(\d{1,2}|[一二三四五六七八九十]{1,3})号").expect("a fixed expression"));
static RELATIVE_DAY: LazyLock<Regex> = LazyLock::new(|| {
    let words: Vec<&str> = RELATIVE.iter().map(|(word, _)| *word).collect();
    let english = r"\btoday\b|\btonight\b|\btomorrow\b|\byesterday\b";
    Regex::new(&format!("(?i){}|{english}", words.join("|"))).expect("a fixed expression")
});
static WEEKDAY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(上上|上个?|这个?|本|下下|下个?)?(?:周|星期|礼拜)([一二三四五六日天1-7])")
        .expect("a fixed expression")
});
static AGO: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(\d{1,3}|[一二两三四五六七八九十半]{1,3})(?:个)?(天|日|周|星期|礼拜|月)(?:以)?(前|后)")
        .expect("a fixed expression")
});
static AGO_ENGLISH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(\d{1,3}) (day|week|month)s? (ago|later)\b").expect("a fixed expression")
});
static TIME_OF_DAY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^ ?(凌晨|早上|上午|中午|下午|傍晚|晚上|夜里)?(?:(\d{1,2}):(\d{2})|(\d{1,2}|[一二两三四五六七八九十]{1,2})点(?:(半)|(\d{1,2})分?)?)",
    )
    .expect("a fixed expression")
});

/// Finds the days a text names, from its beginning to its end and without overlaps.
pub fn find(text: &str, now: &Now) -> Vec<NamedDate> {
    let today = now.zoned().date();
    let mut found: Vec<(usize, usize, Date)> = Vec::new();
    let mut collect = |expression: &Regex, read: &dyn Fn(&Captures<'_>) -> Option<Date>| {
        for captures in expression.captures_iter(text) {
            let Some(whole) = captures.get(0) else { continue };
            let free = found.iter().all(|(start, end, _)| whole.end() <= *start || whole.start() >= *end);
            let alone = free && stands_alone(text, whole.start(), whole.end());
            if let Some(date) = alone.then(|| read(&captures)).flatten() {
                found.push((whole.start(), whole.end(), date));
            }
        }
    };
    collect(&FULL, &|captures| date(part(captures, 1)?, part(captures, 2)?, part(captures, 3)?));
    collect(&MONTH_DAY, &|captures| nearest_year(today, part(captures, 1)?, part(captures, 2)?));
    collect(&AGO, &|captures| shifted(today, part(captures, 1)?, &captures[2], &captures[3] == "前"));
    collect(&AGO_ENGLISH, &|captures| {
        shifted(
            today,
            part(captures, 1)?,
            &captures[2].to_lowercase(),
            captures[3].eq_ignore_ascii_case("ago"),
        )
    });
    collect(&RELATIVE_DAY, &|captures| today.checked_add(relative_days(&captures[0]).days()).ok());
    collect(&WEEKDAY, &|captures| {
        weekday(today, captures.get(1).map_or("", |hit| hit.as_str()), &captures[2])
    });
    collect(&DAY_ONLY, &|captures| nearest_month(today, part(captures, 1)?));
    found.sort_by_key(|(start, _, _)| *start);
    found.into_iter().map(|(start, end, date)| with_time(text, start, end, date)).collect()
}

/// A date does not begin or end inside a longer number.
fn stands_alone(text: &str, start: usize, end: usize) -> bool {
    let digit_inside = |edge: Option<char>, beside: Option<char>| {
        edge.is_some_and(|c| c.is_ascii_digit())
            && beside.is_some_and(|c| c.is_ascii_alphanumeric() || c == '.')
    };
    let inside = &text[start..end];
    !digit_inside(inside.chars().next(), text[..start].chars().next_back())
        && !digit_inside(
            inside.chars().next_back(),
            text[end..].chars().next().filter(char::is_ascii_alphanumeric),
        )
}

fn part(captures: &Captures<'_>, index: usize) -> Option<i64> {
    number_value(captures.get(index)?.as_str()).map(|value| value as i64)
}

fn date(year: i64, month: i64, day: i64) -> Option<Date> {
    Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// A date without a year is the one nearest to today.
fn nearest_year(today: Date, month: i64, day: i64) -> Option<Date> {
    let year = i64::from(today.year());
    nearest(today, [year - 1, year, year + 1].into_iter().filter_map(|year| date(year, month, day)))
}

/// "16号" is the one nearest to today.
fn nearest_month(today: Date, day: i64) -> Option<Date> {
    let months = [-1, 0, 1].into_iter().filter_map(|shift: i64| {
        let first = today.first_of_month().checked_add(shift.months()).ok()?;
        date(first.year().into(), first.month().into(), day)
    });
    nearest(today, months)
}

fn nearest(today: Date, dates: impl Iterator<Item = Date>) -> Option<Date> {
    dates.min_by_key(|date| today.until(*date).map_or(i32::MAX, |span| span.get_days().abs()))
}

fn relative_days(word: &str) -> i64 {
    let word = word.to_lowercase();
    match word.as_str() {
        "yesterday" => -1,
        "tomorrow" => 1,
        _ => RELATIVE.iter().find(|(known, _)| *known == word).map_or(0, |(_, days)| *days),
    }
}

fn weekday(today: Date, which: &str, day: &str) -> Option<Date> {
    let weekday = match day.parse() {
        Ok(number) => number,
        Err(_) => weekday_of(day.chars().next()?)?,
    };
    let weeks: i64 = match which {
        "上上" => -2,
        "上" | "上个" => -1,
        "下" | "下个" => 1,
        "下下" => 2,
        _ => 0,
    };
    day_of_week(today, weeks, weekday)
}

fn shifted(today: Date, amount: i64, unit: &str, back: bool) -> Option<Date> {
    let amount = if back { -amount } else { amount };
    let span: Span = match unit {
        "天" | "日" | "day" => amount.days(),
        "周" | "星期" | "礼拜" | "week" => amount.weeks(),
        _ => amount.months(),
    };
    today.checked_add(span).ok()
}

fn with_time(text: &str, start: usize, end: usize, date: Date) -> NamedDate {
    let plain = || NamedDate { start, end, value: date.to_string() };
    let Some(captures) = TIME_OF_DAY.captures(&text[end..]) else { return plain() };
    let evening = text[start..end].ends_with('晚');
    let later = evening
        || captures.get(1).is_some_and(|part| matches!(part.as_str(), "下午" | "傍晚" | "晚上" | "夜里"));
    let hour = part(&captures, 2).or_else(|| part(&captures, 4));
    let minute = if captures.get(5).is_some() {
        30
    } else {
        part(&captures, 3).or_else(|| part(&captures, 6)).unwrap_or(0)
    };
    let Some(hour) = hour else { return plain() };
    let hour = if later && hour < 12 { hour + 12 } else { hour };
    if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
        return plain();
    }
    let length = captures.get(0).map_or(0, |whole| whole.end());
    NamedDate { start, end: end + length, value: format!("{date}T{hour:02}:{minute:02}") }
}
