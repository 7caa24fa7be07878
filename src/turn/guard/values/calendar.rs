//! Which day and which time of day does a text name, seen from now?

use jiff::{ToSpan, civil::Date};

use crate::time::Now;

use super::{Reading, Span, Value, skip_space, starts_with};
use crate::turn::days::{RELATIVE, WEEK_NAMES, day_of_week, weekday_of};
use crate::turn::numerals::{self, Amount, UNIT};

/// A day, as far as it was named. What was not named is not there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(in super::super) struct Day {
    pub(in super::super) year: Option<i16>,
    pub(in super::super) month: Option<i8>,
    pub(in super::super) day: Option<i8>,
    /// 周三, without saying of which week.
    pub(in super::super) weekday: Option<i8>,
}

impl Day {
    fn of(date: Date) -> Self {
        Self { year: Some(date.year()), month: Some(date.month()), day: Some(date.day()), weekday: None }
    }

    /// Whether this day, as drafted, is the `other`, as recorded: everything that was drafted was recorded so. A
    /// record without a year means this year.
    pub(in super::super) fn is(&self, other: &Self, now: &Now) -> bool {
        if let Some(weekday) = self.weekday {
            return other.weekday == Some(weekday)
                || other.date(now).is_some_and(|date| {
                    let distance = now.zoned().date().until(date).map_or(99, |span| span.get_days());
                    date.weekday().to_monday_one_offset() == weekday && distance.abs() <= 7
                });
        }
        let year = other.year.unwrap_or(now.zoned().year());
        let agrees = |mine: Option<i8>, theirs: Option<i8>| mine.is_none() || mine == theirs;
        self.year.is_none_or(|mine| mine == year)
            && agrees(self.month, other.month)
            && agrees(self.day, other.day)
    }

    /// The date that is meant, seen from now: of the years, or months, that were not named the nearest. `None` if there is no
    /// such day, or only a weekday was named.
    pub(in super::super) fn nearest(&self, now: &Now) -> Option<Date> {
        let today = now.zoned().date();
        let day = self.day?;
        let around = |span: jiff::Span| {
            [-span, jiff::Span::new(), span].into_iter().filter_map(|span| today.checked_add(span).ok())
        };
        let dates: Vec<Date> = match (self.year, self.month) {
            (Some(year), Some(month)) => Date::new(year, month, day).into_iter().collect(),
            (None, Some(month)) => {
                around(1.year()).filter_map(|near| Date::new(near.year(), month, day).ok()).collect()
            }
            (_, None) => {
                around(1.month()).filter_map(|near| Date::new(near.year(), near.month(), day).ok()).collect()
            }
        };
        dates.into_iter().min_by_key(|date| today.until(*date).map_or(i32::MAX, |span| span.get_days().abs()))
    }

    fn date(&self, now: &Now) -> Option<Date> {
        Date::new(self.year.unwrap_or(now.zoned().year()), self.month?, self.day?).ok()
    }
}

/// A time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) struct Moment {
    /// From 0 to 24.
    pub(in super::super) hour: i8,
    /// If it was named.
    pub(in super::super) minute: Option<i8>,
    /// 两点 without saying whether in the night or in the afternoon.
    pub(in super::super) half_day_open: bool,
}

impl Moment {
    /// Whether this time, as drafted, is the `other`, as recorded. `about` allows a recorded minute to go unsaid.
    pub(in super::super) fn is(&self, other: &Self, about: bool) -> bool {
        let hour = self.hour % 24 == other.hour % 24
            || self.hour % 12 == other.hour % 12
                && (self.half_day_open || other.half_day_open && self.hour <= 12);
        let minute = match self.minute {
            Some(minute) => minute == other.minute.unwrap_or(0),
            None => about || other.minute.unwrap_or(0) == 0,
        };
        hour && minute
    }
}

/// Reads a day or a time that begins at a place.
pub(super) fn read(chars: &[char], at: usize, now: &Now) -> Option<Reading> {
    relative(chars, at, now).or_else(|| weekday(chars, at, now)).or_else(|| {
        let (number, end) = integer(chars, at)?;
        clock(chars, at, number, end).or_else(|| date(chars, at, number, end))
    })
}

/// Whether the name of a day can begin with a character; numbers are others' business.
pub(super) fn can_begin(first: char) -> bool {
    matches!(first, '今' | '明' | '后' | '昨' | '前' | '大' | '下' | '本' | '这' | '上' | '周' | '星' | '礼')
}

/// The words that the name of a day can begin with.
#[cfg(test)]
pub(super) fn beginnings() -> impl Iterator<Item = &'static str> {
    let weeks = WEEK_NAMES.into_iter().chain(["下", "本", "这", "上"]);
    RELATIVE.iter().map(|(word, _)| *word).chain(weeks)
}

/// A whole number in either writing, without grouping.
fn integer(chars: &[char], at: usize) -> Option<(i32, usize)> {
    if chars[at].is_ascii_digit() {
        let length = chars[at..].iter().take_while(|character| character.is_ascii_digit()).count();
        let text: String = chars[at..at + length].iter().collect();
        return (length <= 4).then(|| text.parse().ok())?.map(|number| (number, at + length));
    }
    let (Amount(value), end) = numerals::chinese(chars, at)?;
    let whole = value % UNIT == 0;
    i32::try_from(value / UNIT).ok().filter(|number| whole && *number < 10_000).map(|number| (number, end))
}

fn relative(chars: &[char], at: usize, now: &Now) -> Option<Reading> {
    let (word, days) = RELATIVE.iter().find(|(word, _)| starts_with(chars, at, word))?;
    let date = now.zoned().date().checked_add(days.days()).ok()?;
    // The part of the day stays readable for the time that follows: 今晚八点.
    let length = word.chars().count();
    Reading::one(Value::Day(Day::of(date)), at + length)
}

/// 下周三, 本周五, 周一, 星期天.
fn weekday(chars: &[char], at: usize, now: &Now) -> Option<Reading> {
    let (weeks, start) = match chars[at] {
        '下' => (Some(1), at + 1),
        '本' | '这' => (Some(0), at + 1),
        '上' => (Some(-1), at + 1),
        _ => (None, at),
    };
    let start = if weeks.is_some() && chars.get(start) == Some(&'个') { start + 1 } else { start };
    let name = WEEK_NAMES.into_iter().find(|name| starts_with(chars, start, name))?;
    let day_at = start + name.chars().count();
    let day = weekday_of(*chars.get(day_at)?)?;
    let Some(weeks) = weeks else {
        return Reading::one(Value::Day(Day { weekday: Some(day), ..Day::default() }), day_at + 1);
    };
    Reading::one(Value::Day(Day::of(day_of_week(now.zoned().date(), weeks, day)?)), day_at + 1)
}

/// `14:00`, `14:00:00`, 下午两点二十分, 十点半, 18时前.
fn clock(chars: &[char], at: usize, hour: i32, end: usize) -> Option<Reading> {
    if !(0..=24).contains(&hour) {
        return None;
    }
    let period = period_before(chars, at);
    let (minute, end) = match chars.get(end)? {
        ':' | '：' => colon_minutes(chars, end)?,
        '点' | '时' => word_minutes(chars, at, end, period.is_some())?,
        _ => return None,
    };
    if minute.is_some_and(|minute| minute > 59) {
        return None;
    }
    let spoken =
        !chars[at].is_ascii_digit() || matches!(chars.get(end.saturating_sub(1)), Some('点' | '半' | '刻'));
    let moment = Moment {
        hour: in_period(i8::try_from(hour).ok()?, period),
        minute,
        half_day_open: period.is_none() && spoken && hour <= 12,
    };
    Reading::one(Value::Moment(moment), end)
}

/// `:30` and perhaps `:00`.
fn colon_minutes(chars: &[char], colon: usize) -> Option<(Option<i8>, usize)> {
    let two = |at: usize| -> Option<i8> {
        let digit = |at: usize| chars.get(at).and_then(|character| character.to_digit(10));
        i8::try_from(digit(at)? * 10 + digit(at + 1)?).ok()
    };
    let minute = two(colon + 1)?;
    if chars.get(colon + 3).is_some_and(char::is_ascii_digit) {
        return None;
    }
    let seconds = matches!(chars.get(colon + 3), Some(':' | '：')) && two(colon + 4).is_some();
    Some((Some(minute), if seconds { colon + 6 } else { colon + 3 }))
}

/// What follows 点 or 时.
fn word_minutes(chars: &[char], at: usize, sign: usize, has_period: bool) -> Option<(Option<i8>, usize)> {
    let next = chars.get(sign + 1).copied();
    if chars[sign] == '时' && matches!(next, Some('间' | '候' | '效' | '刻' | '常' | '段')) {
        return None;
    }
    match next {
        Some('半') => return Some((Some(30), sign + 2)),
        Some('整' | '钟') => return Some((Some(0), sign + 2)),
        _ => {}
    }
    for (word, minute) in [("一刻", 15), ("三刻", 45)] {
        if starts_with(chars, sign + 1, word) {
            return Some((Some(minute), sign + 1 + word.chars().count()));
        }
    }
    if next.is_some()
        && let Some((minute, end)) = integer(chars, sign + 1)
        && (0..60).contains(&minute)
        && (chars.get(end) == Some(&'分')
            || end - sign > 2 && !chars.get(end).is_some_and(|c| "天个小月年元块台件".contains(*c)))
    {
        let end = if chars.get(end) == Some(&'分') { end + 1 } else { end };
        return Some((i8::try_from(minute).ok(), end));
    }
    // 一点, 两点 without a part of the day are words: 便宜一点, 有两点要说.
    let early = at > 0 && matches!(chars[at - 1], '早' | '晚') && chars[at] == '一';
    let idle = (!has_period || early)
        && !chars[at].is_ascii_digit()
        && (chars[at] == '一'
            || at.checked_sub(1).is_some_and(|before| "有这以下几那".contains(chars[before])));
    (!idle).then_some((None, sign + 1))
}

/// The part of the day that stands before a time.
fn period_before(chars: &[char], at: usize) -> Option<char> {
    const PERIODS: &[(&str, char)] = &[
        ("上午", '早'),
        ("早上", '早'),
        ("早晨", '早'),
        ("清晨", '早'),
        ("凌晨", '夜'),
        ("中午", '午'),
        ("下午", '晚'),
        ("傍晚", '晚'),
        ("晚上", '晚'),
        ("夜里", '晚'),
        ("晚间", '晚'),
        ("午后", '晚'),
        ("早", '早'),
        ("晚", '晚'),
    ];
    let mut end = at;
    while end > 0 && matches!(chars[end - 1], ' ' | '的' | '约' | '在') {
        end -= 1;
    }
    PERIODS.iter().find_map(|(word, period)| {
        let length = word.chars().count();
        (end >= length && starts_with(chars, end - length, word)).then_some(*period)
    })
}

fn in_period(hour: i8, period: Option<char>) -> i8 {
    match period {
        Some('晚') if hour < 12 => hour + 12,
        Some('晚') if hour == 12 => 24,
        Some('午') if hour < 3 => hour + 12,
        Some('夜') if hour == 12 => 0,
        _ => hour,
    }
}

/// `2025-04-07`, 2025年4月7日, 4月7号, 七号, 2025年.
fn date(chars: &[char], at: usize, number: i32, end: usize) -> Option<Reading> {
    let sign = *chars.get(end)?;
    let is_year = (1_900..2_200).contains(&number);
    if is_year && matches!(sign, '-' | '/' | '.' | '年') {
        return with_year(chars, number, sign, end);
    }
    let small = i8::try_from(number).ok().filter(|small| (1..=31).contains(small))?;
    match sign {
        '月' if small <= 12 => {
            if matches!(chars.get(end + 1), Some('龄' | '大')) {
                return Reading::one(Value::Duration(Amount::whole(i128::from(small)), Span::Month), end + 1);
            }
            let (day, after) = day_after(chars, end + 1);
            Reading::one(Value::Day(Day { month: Some(small), day, ..Day::default() }), after)
        }
        '号' if !matches!(
            chars.get(end + 1),
            Some('楼' | '院' | '线' | '门' | '店' | '仓' | '链' | '色')
        ) && !is_size(chars, at) =>
        {
            Reading::one(Value::Day(Day { day: Some(small), ..Day::default() }), end + 1)
        }
        '日' => {
            let length = chars.get(end + 1).is_some_and(|next| "内无后之以包质保左到达".contains(*next))
                || at > 0 && matches!(chars[at - 1], '满' | '第' | '后');
            let day = Day { day: Some(small), ..Day::default() };
            if length { None } else { Reading::one(Value::Day(day), end + 1) }
        }
        _ => None,
    }
}

/// 大一号, 小两号: how much larger or smaller.
fn is_size(chars: &[char], at: usize) -> bool {
    at > 0 && matches!(chars[at - 1], '大' | '小')
}

fn with_year(chars: &[char], number: i32, sign: char, end: usize) -> Option<Reading> {
    let year = i16::try_from(number).ok();
    let part = |at: usize, most: i32| -> Option<(i8, usize)> {
        chars.get(at)?;
        let (value, after) = integer(chars, at)?;
        (1..=most).contains(&value).then(|| i8::try_from(value).ok())?.map(|value| (value, after))
    };
    let Some((month, after)) = part(end + 1, 12) else {
        let only_year = sign == '年';
        return if only_year {
            Reading::one(Value::Day(Day { year, ..Day::default() }), end + 1)
        } else {
            None
        };
    };
    let month = Some(month);
    if sign == '年' {
        if chars.get(after) != Some(&'月') {
            return Reading::one(Value::Day(Day { year, ..Day::default() }), end + 1);
        }
        let (day, after) = day_after(chars, after + 1);
        return Reading::one(Value::Day(Day { year, month, day, weekday: None }), after);
    }
    if chars.get(after) != Some(&sign) {
        return None;
    }
    let (day, after) = part(after + 1, 31)?;
    let joins_time = chars.get(after) == Some(&'T') && chars.get(after + 1).is_some_and(char::is_ascii_digit);
    let after = if joins_time { after + 1 } else { after };
    Reading::one(Value::Day(Day { year, month, day: Some(day), weekday: None }), after)
}

/// The day after 月, with or without 日.
fn day_after(chars: &[char], at: usize) -> (Option<i8>, usize) {
    let place = skip_space(chars, at);
    if chars.get(place).is_none() {
        return (None, at);
    }
    match integer(chars, place) {
        Some((day, end)) if (1..=31).contains(&day) => match chars.get(end) {
            Some('日' | '号') => (i8::try_from(day).ok(), end + 1),
            Some('个' | '件' | '台' | '次' | '元' | '折' | '天' | ':' | '：' | '点') => (None, at),
            _ => (i8::try_from(day).ok(), end),
        },
        _ => (None, at),
    }
}
