//! Which moment does a cell mean? Dates come in every form that people and programs write.

use std::sync::LazyLock;

use calamine::{ExcelDateTime, ExcelDateTimeType};
use jiff::civil::{Date, DateTime, Time};
use jiff::{Timestamp, Unit};
use regex::Regex;

use super::sheet::CellValue;
use super::values::fold;

/// Days since 1900 between which a bare number is taken for a date of a workbook: 1982 to 2064.
const SERIALS: std::ops::Range<f64> = 30_000.0..60_000.0;
/// Seconds since 1970 that are taken for a moment: 2001 to 2065.
const SECONDS: std::ops::Range<f64> = 1e9..3e9;

macro_rules! expression {
    ($name:ident, $source:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($source).expect("the expression is a constant"));
    };
}

expression!(WEEKDAY, r"\s*[(]?(?:星期|周|礼拜)[一二三四五六日天][)]?\s*");
expression!(YEAR_FIRST, r"^(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*[日号]?(.*)$");
expression!(YEAR_LAST, r"^(\d{1,2})[-/.](\d{1,2})[-/.](\d{4}|\d{2})((?:[T\s].*)?)$");
expression!(PACKED, r"^(\d{4})(\d{2})(\d{2})(?:[T ]?(\d{2}):?(\d{2}):?(\d{2})?)?$");
expression!(MONTH_FIRST, r"^([A-Za-z]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})(.*)$");
expression!(DAY_FIRST, r"^(\d{1,2})(?:st|nd|rd|th)?[ -]([A-Za-z]{3,9})\.?,?[ -](\d{4})(.*)$");
expression!(NO_YEAR, r"^\d{1,2}\s*[-/.月]\s*\d{1,2}\s*[日号]?$");
expression!(
    CLOCK,
    r"(?i)^[T\s,]*(上午|下午|晚上|中午|凌晨|早上|am|pm)?\s*(\d{1,2})(?:[:时点](\d{1,2})?)?(?:[:分](\d{1,2})?)?秒?(?:\.\d+)?\s*(am|pm)?\s*(Z|UTC|(?:UTC|GMT)?[+-]\d{1,2}:?(?:\d{2})?)?$"
);

/// Reads a moment and writes it as records do: a bare date, a time without zone (which is shop time), or one with
/// its offset.
///
/// # Errors
/// It is none, or it could be several; the text says so with a way out.
pub(super) fn read_time(value: &CellValue) -> Result<String, String> {
    match value {
        CellValue::Time(text) => Ok(text.clone()),
        CellValue::Number(number) => {
            from_number(*number).ok_or_else(|| no_time(&super::values::number_text(*number)))
        }
        CellValue::Text(text) => from_text(&fold(text)),
        _ => Err("this is no date; write it as 2026-11-20 or 2026-11-20 10:12".into()),
    }
}

/// A date cell of a workbook.
pub(super) fn from_workbook(time: &ExcelDateTime) -> CellValue {
    if time.is_duration() {
        let minutes = (time.as_f64() * 24.0 * 60.0).round();
        return CellValue::Text(format!("{}:{:02}", (minutes / 60.0).floor(), minutes % 60.0));
    }
    let (year, month, day, hour, minute, second, milli) = time.to_ymd_hms_milli();
    let read = || {
        let date = Date::new(i16::try_from(year).ok()?, month as i8, day as i8).ok()?;
        let time = Time::new(hour as i8, minute as i8, second as i8, i32::from(milli) * 1_000_000).ok()?;
        date.to_datetime(time).round(Unit::Second).ok()
    };
    match read() {
        // A number below one day is a time of day, not a date in 1900.
        Some(moment) if time.as_f64() < 1.0 => CellValue::Text(moment.strftime("%H:%M").to_string()),
        Some(moment) if moment.time() == Time::midnight() => CellValue::Time(moment.date().to_string()),
        Some(moment) => CellValue::Time(moment.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        None => CellValue::Bad("the date in this cell does not exist; write it again".into()),
    }
}

fn no_time(text: &str) -> String {
    format!("`{text}` is no date; write it as 2026-11-20 or 2026-11-20 10:12")
}

fn from_number(number: f64) -> Option<String> {
    if SERIALS.contains(&number) {
        let serial = ExcelDateTime::new(number, ExcelDateTimeType::DateTime, false);
        return match from_workbook(&serial) {
            CellValue::Time(text) => Some(text),
            _ => None,
        };
    }
    if number.fract() != 0.0 || number < 0.0 {
        return None;
    }
    let seconds = if SECONDS.contains(&(number / 1000.0)) { number / 1000.0 } else { number };
    if SECONDS.contains(&seconds) {
        return Timestamp::from_second(seconds as i64).ok().map(|moment| moment.to_string());
    }
    (number < 1e15).then(|| packed(&format!("{number:.0}"))).flatten()
}

fn from_text(text: &str) -> Result<String, String> {
    if let Ok(moment) = text.parse::<Timestamp>() {
        // The offset stays as it was written, if it was one.
        return Ok(if text.ends_with(['Z', 'z']) { moment.to_string() } else { text.replacen(' ', "T", 1) });
    }
    let text = WEEKDAY.replace(text, " ").trim().to_owned();
    if let Some(found) = YEAR_FIRST.captures(&text) {
        let number = |index: usize| found[index].parse::<i16>().unwrap_or_default();
        let date = date(number(1), number(2), number(3)).ok_or_else(|| no_such_day(&text))?;
        return with_clock(date, &found[4]).ok_or_else(|| no_time(&text));
    }
    if let Some(found) = YEAR_LAST.captures(&text) {
        let date = only_date(&found[1], &found[2], &found[3], &text)?;
        return with_clock(date, &found[4]).ok_or_else(|| no_time(&text));
    }
    for (expression, month, day) in [(&MONTH_FIRST, 1, 2), (&DAY_FIRST, 2, 1)] {
        if let Some(found) = expression.captures(&text)
            && let Some(month) = month_number(&found[month])
        {
            let number = |index: usize| found[index].parse::<i16>().unwrap_or_default();
            let date = date(number(3), month, number(day)).ok_or_else(|| no_such_day(&text))?;
            return with_clock(date, &found[4]).ok_or_else(|| no_time(&text));
        }
    }
    if let Some(read) = packed(&text).or_else(|| from_number(text.parse().ok()?)) {
        return Ok(read);
    }
    if NO_YEAR.is_match(&text) {
        return Err(format!("`{text}` names no year; write it as 2026-11-20"));
    }
    Err(no_time(&text))
}

fn no_such_day(text: &str) -> String {
    format!("`{text}` is a day that does not exist")
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

/// 20261120, 202611201015, 20261120101500.
fn packed(text: &str) -> Option<String> {
    let found = PACKED.captures(text)?;
    let number = |index: usize| found.get(index).and_then(|part| part.as_str().parse::<i16>().ok());
    let year = number(1).filter(|year| (1900..2200).contains(year))?;
    let date = date(year, number(2)?, number(3)?)?;
    let Some(hour) = number(4) else { return Some(date.to_string()) };
    clocked(date, hour, number(5)?, number(6).unwrap_or(0), "")
}

/// A date with its year at the end, taken only if no other order of its numbers is a day, too.
fn only_date(first: &str, second: &str, last: &str, text: &str) -> Result<Date, String> {
    let number = |part: &str| part.parse::<i16>().unwrap_or_default();
    let (a, b, c) = (number(first), number(second), number(last));
    let year = if last.len() == 2 { 2000 + c } else { c };
    let mut found = vec![date(year, a, b), date(year, b, a)];
    if last.len() == 2 && first.len() == 2 {
        found.push(date(2000 + a, b, c));
    }
    let mut found: Vec<Date> = found.into_iter().flatten().collect();
    found.sort_unstable();
    found.dedup();
    match found.as_slice() {
        [only] => Ok(*only),
        [] => Err(no_such_day(text)),
        several => Err(format!(
            "`{text}` may be {}; write the year first and in full",
            several.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
        )),
    }
}

fn month_number(name: &str) -> Option<i16> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let name = name.to_lowercase();
    let index = MONTHS.iter().position(|month| name.starts_with(month))?;
    i16::try_from(index + 1).ok()
}

fn with_clock(date: Date, rest: &str) -> Option<String> {
    if rest.trim().is_empty() {
        return Some(date.to_string());
    }
    let found = CLOCK.captures(rest)?;
    let part = |index: usize| found.get(index).map_or("", |part| part.as_str());
    // A bare number behind a date is not a time of day.
    if !rest.contains([':', '时', '点']) && part(1).is_empty() && part(5).is_empty() {
        return None;
    }
    let number = |index: usize| part(index).parse::<i16>().unwrap_or(0);
    let half = format!("{}{}", part(1), part(5)).to_lowercase();
    let hour = match (half.as_str(), number(2)) {
        ("下午" | "晚上" | "pm", hour @ 1..12) => hour + 12,
        ("上午" | "凌晨" | "am", 12) => 0,
        ("中午", hour @ 1..=3) => hour + 12,
        (_, hour) => hour,
    };
    clocked(date, hour, number(3), number(4), part(6))
}

fn clocked(date: Date, hour: i16, minute: i16, second: i16, zone: &str) -> Option<String> {
    // 24:00 is the end of the day.
    let (hour, minute, second) =
        if (hour, minute, second) == (24, 0, 0) { (23, 59, 59) } else { (hour, minute, second) };
    let part = |number: i16| i8::try_from(number).ok();
    let moment: DateTime = date.to_datetime(Time::new(part(hour)?, part(minute)?, part(second)?, 0).ok()?);
    let zone = zone.to_uppercase();
    match zone.trim_start_matches("UTC").trim_start_matches("GMT") {
        "" if zone.is_empty() => Some(moment.strftime("%Y-%m-%d %H:%M:%S").to_string()),
        "" | "Z" => Some(moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()),
        offset => {
            let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
            let (hours, minutes) = match digits.len() {
                1 | 2 => (digits.parse::<u8>().ok()?, 0),
                _ => {
                    let (hours, minutes) = digits.split_at(digits.len() - 2);
                    (hours.parse().ok()?, minutes.parse::<u8>().ok()?)
                }
            };
            let written =
                format!("{}{}{hours:02}:{minutes:02}", moment.strftime("%Y-%m-%dT%H:%M:%S"), &offset[..1]);
            written.parse::<Timestamp>().ok().map(|_| written)
        }
    }
}
