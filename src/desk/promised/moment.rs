//! By when does a clause of an agent say that something happens? "明天下午三点", "半小时内", "by 4:30 pm". Only what is still to
//! come counts; of several moments the last one, because that is the one the verb stands beside.

use std::ops::Range;
use std::sync::LazyLock;

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp, ToSpan};
use regex::{Captures, Regex};

use super::super::hours::BusinessHours;
use crate::time::Now;
use crate::turn::numerals::number_value;
use crate::turn::understand::dates;

/// How many characters a clause may have besides its time and still say nothing else: 最晚, 前, by the latest.
const BESIDES: usize = 3;

/// A clock that shows less than this is one of the afternoon, if nothing says otherwise: nobody answers at four in the morning.
const FIRST_HOUR: i8 = 8;

/// What a clause names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    /// The moment, if one is named that is still to come.
    pub due: Option<Timestamp>,
    /// Whether the clause says nothing else.
    pub is_all: bool,
}

/// A part of a day, by the hour and minute at which it ends.
type PartEnd = (i8, i8);

const MORNING: PartEnd = (12, 0);
const NOON: PartEnd = (14, 0);
const AFTERNOON: PartEnd = (18, 0);
const DUSK: PartEnd = (19, 0);
const EVENING: PartEnd = (23, 59);
const DAWN: PartEnd = (6, 0);

/// What a clock shows.
#[derive(Debug, Clone, Copy)]
struct Clock {
    hour: i8,
    minute: i8,
    /// Whether it may be meant of either half of the day: 4点, but not 04:00 nor 4 pm.
    is_plain: bool,
    /// Where it stands in its clause, in bytes.
    start: usize,
}

fn fixed(expression: &str) -> Regex {
    Regex::new(expression).expect("a fixed expression")
}

static LENGTH: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"(?:(?P<about>最多|顶多|最晚|大概|大约|差不多|再过|再等|给我)(?:要|需要|得)?)?(?P<amount>\d{1,3}|半|[一二两三四五六七八九十]{1,3})个?(?P<half>半)?个?(?P<unit>分钟|刻钟|小时|钟头|工作日|天|日|周|星期|礼拜)(?P<until>之内|以内|内|之后|以后|后|左右)?",
    )
});
static LENGTH_ENGLISH: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"\b(?:in|within)(?: the next| about| around)? (\d{1,3}|half an?|an?|the|one|two|three|four|five|six|a couple of) ((?:business |working )?\w+?)s?\b",
    )
});
static CLOCK: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"(\d{1,2}):(\d{2})|(\d{1,2}|[一二两三四五六七八九十]{1,3})点(?:(半)|([一三])刻|(\d{2}|[二三四五]?十[一二三四五六七八九]?|\d分|[一二三四五六七八九]分)分?)?",
    )
});
static CLOCK_ENGLISH: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"\b(\d{1,2})(?::(\d{2}))? ?([ap])\.?m\b|\b(?:by|before|at|around) (\d{1,2})(?: o'clock)?(?:$| (?:today|tomorrow|sharp|on|this|in the|at the latest))|\b(noon|midday)\b",
    )
});
/// What makes a clock of 两点, which may also count points.
static AFTER_CLOCK: LazyLock<Regex> =
    LazyLock::new(|| fixed(r"^(?:$|钟|整|半|前|之前|以前|左右|后|之后|我|给|就|再|会|把|回|联系|答复)"));
/// The same for 一点, which is mostly "a little".
static AFTER_ONE: LazyLock<Regex> = LazyLock::new(|| fixed(r"^(?:钟|整|前|之前|以前|左右)"));
static PART: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"凌晨|中午之?前|午前|早上|早晨|清晨|一早|上午|中午|午后|下午|傍晚|晚上|晚间|夜里|[今明]晚|[今明]早|\bmorning\b|\bafternoon\b|\bevening\b|\btonight\b|\bnight\b",
    )
});
static OTHER_DAY: LazyLock<Regex> = LazyLock::new(|| {
    let months = "jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?";
    fixed(&format!(
        r"(?P<week>(?:本|这个?|下个?)?周末|(?:本|这个?|下个?)(?:周|星期|礼拜)(?:之内|以内|内)?|\b(?:this|next) week\b|\bend of (?:the|this|next) week\b)|(?P<today>当天|当日|\bend of (?:the |this )?(?:day|today|business)\b|\bclose of business\b|\beod\b)|(?P<few>这两天|这几天|过几天)|(?P<month>月底|[本这]个?月内)|\b(?P<next>next )?(?P<weekday>mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<named>{months})\b|\b(?P<named_first>{months}) (?P<day_after>\d{{1,2}})(?:st|nd|rd|th)?\b"
    ))
});

/// Reads the moment of a clause.
pub(super) fn named(clause: &str, hours: &BusinessHours, now: &Now) -> Named {
    let mut spans: Vec<Range<usize>> = Vec::new();
    let length = length(clause, hours, now, &mut spans);
    let day = day(clause, now, &mut spans);
    let clock = clock(clause, &mut spans);
    let part = part(clause, clock, &mut spans);
    let today = now.zoned().date();
    let of_day = match (day, clock, part) {
        // Only days that are over were named, and what goes with them is over too.
        (Day::Over, _, _) => None,
        (day, Some(clock), part) => by_clock(day.date(), clock, part, now),
        (day, None, Some(end)) => moment(day.date().unwrap_or(today), end, now),
        (Day::Named(date), None, None) => moment(date, EVENING, now),
        (Day::None, None, None) => None,
    };
    let due = length.or(of_day).filter(|due| *due > now.timestamp());
    let inside = |at: usize| spans.iter().any(|span| span.contains(&at));
    let rest = clause.char_indices().filter(|(at, sign)| sign.is_alphanumeric() && !inside(*at)).count();
    let allowed = if clause.is_ascii() { 4 * BESIDES } else { BESIDES };
    Named { due, is_all: due.is_some() && rest <= allowed }
}

/// The day that a clause names.
#[derive(Debug, Clone, Copy)]
enum Day {
    None,
    Named(Date),
    Over,
}

impl Day {
    fn date(self) -> Option<Date> {
        if let Self::Named(date) = self { Some(date) } else { None }
    }
}

/// The last day that is not over yet.
fn day(clause: &str, now: &Now, spans: &mut Vec<Range<usize>>) -> Day {
    let today = now.zoned().date();
    let mut found: Vec<(usize, Date)> = Vec::new();
    for named in dates::find(clause, now) {
        let Some(date) = named.value.get(..10).and_then(|date| date.parse::<Date>().ok()) else { continue };
        // A weekday that is over and says nothing of its week is the next one.
        let bare = clause[named.start..].starts_with(['周', '星', '礼']);
        let date = if bare && date < today { date.saturating_add(7.days()) } else { date };
        spans.push(named.start..named.end);
        found.push((named.start, date));
    }
    for captures in OTHER_DAY.captures_iter(clause) {
        let Some(whole) = captures.get(0) else { continue };
        let free = spans.iter().all(|span| whole.end() <= span.start || whole.start() >= span.end);
        if let Some(date) = free.then(|| other_day(&captures, today)).flatten() {
            spans.push(whole.range());
            found.push((whole.start(), date));
        }
    }
    found.sort_unstable();
    let to_come = found.iter().rev().find(|(_, date)| *date >= today);
    match (to_come, found.is_empty()) {
        (Some((_, date)), _) => Day::Named(*date),
        (None, false) => Day::Over,
        (None, true) => Day::None,
    }
}

fn other_day(captures: &Captures<'_>, today: Date) -> Option<Date> {
    let is = |name: &str| captures.name(name).is_some();
    let offset = i64::from(today.weekday().to_monday_zero_offset());
    let plus = |days: i64| today.checked_add(days.days()).ok();
    if let Some(week) = captures.name("week") {
        let next = week.as_str().contains('下') || week.as_str().contains("next");
        return plus(6 - offset + if next { 7 } else { 0 });
    }
    if is("today") {
        return Some(today);
    }
    if let Some(few) = captures.name("few") {
        return plus(if few.as_str() == "这两天" { 2 } else { 3 });
    }
    if is("month") {
        return Some(today.last_of_month());
    }
    if let Some(name) = captures.name("weekday") {
        let names = ["mon", "tues", "wednes", "thurs", "fri", "satur", "sun"];
        let wanted = names.iter().position(|known| *known == name.as_str())? as i64;
        let ahead = (wanted - offset).rem_euclid(7);
        // "next Tuesday" is never within this week.
        return plus(if is("next") && offset + ahead < 7 { ahead + 7 } else { ahead });
    }
    let month = captures.name("named").or_else(|| captures.name("named_first"))?.as_str();
    let day = captures.name("day").or_else(|| captures.name("day_after"))?.as_str().parse().ok()?;
    let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let month = months.iter().position(|known| month.starts_with(known))?;
    let date = Date::new(today.year(), i8::try_from(month + 1).ok()?, day).ok()?;
    Some(if date < today { date.checked_add(1.years()).ok()? } else { date })
}

/// A length of time from now: to the minute if it is short, by the end of its last day if it is counted in days.
fn length(
    clause: &str,
    hours: &BusinessHours,
    now: &Now,
    spans: &mut Vec<Range<usize>>,
) -> Option<Timestamp> {
    let (span, amount, unit) = chinese_length(clause).or_else(|| english_length(clause))?;
    let today = now.zoned().date();
    let in_minutes = |minutes: f64| {
        let length = SignedDuration::from_mins((amount * minutes).round() as i64);
        now.timestamp().checked_add(length).ok()
    };
    let in_days = |days: f64| {
        let date = today.checked_add(((amount * days).ceil() as i64).days()).ok()?;
        moment(date, EVENING, now)
    };
    let due = match unit.as_str() {
        "分钟" | "minute" => in_minutes(1.0),
        "刻钟" => in_minutes(15.0),
        "小时" | "钟头" | "hour" => in_minutes(60.0),
        "工作日" | "business day" | "working day" => {
            moment(working_days(today, amount.ceil() as u32, hours)?, EVENING, now)
        }
        "天" | "日" | "day" => in_days(1.0),
        "周" | "星期" | "礼拜" | "week" => in_days(7.0),
        _ => None,
    }?;
    spans.push(span);
    Some(due)
}

/// The last length of a clause: where it stands, how much, and of what.
fn chinese_length(clause: &str) -> Option<(Range<usize>, f64, String)> {
    // A length alone says how long something took or lasts, and 大概15日 is a date.
    let ahead = |captures: &Captures<'_>| {
        captures.name("until").is_some() || captures.name("about").is_some() && &captures["unit"] != "日"
    };
    let captures = LENGTH.captures_iter(clause).filter(ahead).last()?;
    let half = if captures.name("half").is_some() { 0.5 } else { 0.0 };
    Some((captures.get(0)?.range(), chinese_amount(&captures["amount"])? + half, captures["unit"].to_owned()))
}

fn english_length(clause: &str) -> Option<(Range<usize>, f64, String)> {
    let captures = LENGTH_ENGLISH.captures_iter(clause).last()?;
    Some((captures.get(0)?.range(), english_amount(&captures[1])?, captures[2].to_owned()))
}

fn working_days(today: Date, count: u32, hours: &BusinessHours) -> Option<Date> {
    let days = today.series(1.day()).skip(1).filter(|date| hours.is_working_day(*date));
    days.take(count.clamp(1, 60) as usize).last()
}

/// 两三 is three, 半 is a half.
fn chinese_amount(text: &str) -> Option<f64> {
    if text == "半" {
        return Some(0.5);
    }
    number_value(text).or_else(|| number_value(&text.chars().last()?.to_string()))
}

fn english_amount(text: &str) -> Option<f64> {
    let words = [("one", 1.0), ("two", 2.0), ("three", 3.0), ("four", 4.0), ("five", 5.0), ("six", 6.0)];
    let spelled = || words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
    match text {
        "a" | "an" | "the" => Some(1.0),
        "half a" | "half an" => Some(0.5),
        "a couple of" => Some(2.0),
        _ => spelled().or_else(|| text.parse().ok()),
    }
}

/// The last clock of a clause.
fn clock(clause: &str, spans: &mut Vec<Range<usize>>) -> Option<Clock> {
    let english = CLOCK_ENGLISH.captures_iter(clause).last();
    let (clock, span) = match english {
        Some(captures) => (english_clock(&captures)?, captures.get(0)?.range()),
        None => {
            let clocks = CLOCK
                .captures_iter(clause)
                .filter_map(|captures| Some((chinese_clock(&captures, clause)?, captures.get(0)?.range())));
            clocks.last()?
        }
    };
    let shown = (0..=24).contains(&clock.hour) && (0..60).contains(&clock.minute);
    shown.then(|| {
        spans.push(span);
        clock
    })
}

fn english_clock(captures: &Captures<'_>) -> Option<Clock> {
    let start = captures.get(0)?.start();
    let number = |at: usize| captures.get(at).and_then(|hit| hit.as_str().parse::<i8>().ok());
    if captures.get(5).is_some() {
        return Some(Clock { hour: 12, minute: 0, is_plain: false, start });
    }
    if let Some(half) = captures.get(3) {
        let hour = number(1).filter(|hour| (1..=12).contains(hour))? % 12;
        let hour = if half.as_str() == "p" { hour + 12 } else { hour };
        return Some(Clock { hour, minute: number(2).unwrap_or(0), is_plain: false, start });
    }
    Some(Clock { hour: number(4)?, minute: 0, is_plain: true, start })
}

fn chinese_clock(captures: &Captures<'_>, clause: &str) -> Option<Clock> {
    let whole = captures.get(0)?;
    let number =
        |text: &str| number_value(text.trim_end_matches('分')).map(|value| value.clamp(-1.0, 99.0) as i8);
    let inside_number = clause[..whole.start()].ends_with(|sign: char| sign.is_ascii_digit() || sign == ':');
    if inside_number {
        return None;
    }
    if let (Some(hour), Some(minute)) = (captures.get(1), captures.get(2)) {
        let is_plain = !hour.as_str().starts_with('0');
        return Some(Clock {
            hour: number(hour.as_str())?,
            minute: number(minute.as_str())?,
            is_plain,
            start: whole.start(),
        });
    }
    let text = captures.get(3)?.as_str();
    let (before, after) = (&clause[..whole.start()], &clause[whole.end()..]);
    let spoken = !text.starts_with(|sign: char| sign.is_ascii_digit());
    let placed = PART.find_iter(before).last().is_some_and(|part| before[part.end()..].chars().count() <= 2);
    let exact = captures.get(4).or(captures.get(5)).or(captures.get(6)).is_some();
    let certain = if text == "一" { &AFTER_ONE } else { &AFTER_CLOCK };
    if spoken && !placed && !exact && !certain.is_match(after) {
        return None;
    }
    let minute = match (captures.get(4), captures.get(5), captures.get(6)) {
        (Some(_), _, _) => 30,
        (_, Some(quarters), _) => {
            if quarters.as_str() == "三" {
                45
            } else {
                15
            }
        }
        (_, _, Some(minutes)) => number(minutes.as_str())?,
        _ => 0,
    };
    Some(Clock { hour: number(text)?, minute, is_plain: true, start: whole.start() })
}

/// The part of the day: the last one before the clock, or the last one of the clause without a clock.
fn part(clause: &str, clock: Option<Clock>, spans: &mut Vec<Range<usize>>) -> Option<PartEnd> {
    let parts: Vec<_> = PART.find_iter(clause).collect();
    spans.extend(parts.iter().map(regex::Match::range));
    let found = match clock {
        // In English it stands behind: at 4 in the afternoon.
        Some(clock) if !clause.is_ascii() => parts.iter().rev().find(|part| part.end() <= clock.start),
        _ => parts.last(),
    };
    found.map(|part| match part.as_str() {
        "凌晨" => DAWN,
        "中午" => NOON,
        "下午" | "午后" | "afternoon" => AFTERNOON,
        "傍晚" => DUSK,
        "晚上" | "晚间" | "夜里" | "今晚" | "明晚" | "evening" | "tonight" | "night" => EVENING,
        _ => MORNING,
    })
}

/// A clock on a day; without a day the next time it shows this.
fn by_clock(day: Option<Date>, clock: Clock, part: Option<PartEnd>, now: &Now) -> Option<Timestamp> {
    let today = now.zoned().date();
    let Clock { hour, minute, is_plain, .. } = clock;
    let at = |date: Date, hour: i8| moment(date, (hour, minute), now);
    let is_half = is_plain && (1..=12).contains(&hour);
    if let Some(part) = part.filter(|_| is_half) {
        let afternoon = matches!(part, AFTERNOON | DUSK | EVENING) || part == NOON && hour < 6;
        let hour = if afternoon && hour < 12 { hour + 12 } else { hour };
        let hour = if part == EVENING && hour == 12 { 24 } else { hour };
        return at(day.unwrap_or(today), hour);
    }
    let usual = if is_half && hour < FIRST_HOUR { hour + 12 } else { hour };
    match day {
        Some(date) if date > today => at(date, usual),
        _ => {
            let hours = if is_half && hour < 12 { vec![hour, hour + 12] } else { vec![hour] };
            let shown = hours.into_iter().filter_map(|hour| at(today, hour));
            let next = shown.into_iter().find(|moment| *moment > now.timestamp());
            next.or_else(|| day.is_none().then(|| at(today.tomorrow().ok()?, usual)).flatten())
        }
    }
}

/// A moment in the shop's zone; 24:00 is the last minute of its day.
fn moment(date: Date, (hour, minute): (i8, i8), now: &Now) -> Option<Timestamp> {
    let (hour, minute) = if hour >= 24 { (23, 59) } else { (hour, minute) };
    let time = Time::new(hour, minute, 0, 0).ok()?;
    Some(date.to_datetime(time).to_zoned(now.zoned().time_zone().clone()).ok()?.timestamp())
}
