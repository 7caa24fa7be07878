//! When people are there: whether the desk is open, when it opens, and by when something can honestly be promised.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, Zoned};
use serde::{Deserialize, Serialize};

use crate::time::Now;

/// Promised times are round ones: nobody believes 14:12.
const ROUND_TO_MINUTES: i64 = 15;

/// How far ahead an opening is looked for. A desk that does not open within this never does.
const HORIZON_DAYS: i64 = 400;

/// One row of the opening hours, as a shop writes it: `{ days = ["mon", "tue"], from = "9:00", to = "22:00" }`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoursRow {
    /// Days of the week: `mon` to `sun`.
    pub days: Vec<String>,
    /// When the desk opens, as `9:00`.
    pub from: String,
    /// When it closes, as `22:00` or `24:00`; a time before `from` is on the next day.
    pub to: String,
}

/// A date on which the weekday's rows do not hold: closed, or with hours of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HolidayRow {
    /// The date, as `2026-10-01`.
    pub date: String,
    /// When the desk opens that day; closed if not given.
    #[serde(default)]
    pub from: Option<String>,
    /// When it closes that day.
    #[serde(default)]
    pub to: Option<String>,
}

/// Opening hours cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// No weekday.
    #[error("`{0}` is no day of the week; write mon, tue, wed, thu, fri, sat or sun")]
    Day(String),
    /// No time of day.
    #[error("`{0}` is no time of day; write it as 9:00 or 22:30, up to 24:00")]
    Time(String),
    /// No date.
    #[error("`{0}` is no date; write it as 2026-10-01")]
    Date(String),
    /// A holiday has only one of its two times.
    #[error("the holiday {0} needs both `from` and `to`, or neither if the desk is closed")]
    HalfHoliday(String),
    /// A row without length.
    #[error("the desk cannot open and close at the same time ({0})")]
    Empty(String),
}

/// A stretch of one day, in minutes after midnight; the end may lie on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stretch {
    from: i64,
    to: i64,
}

/// The opening hours of a desk.
#[derive(Debug, Clone, PartialEq)]
pub struct BusinessHours {
    zone: TimeZone,
    /// From Monday to Sunday.
    week: [Vec<Stretch>; 7],
    holidays: BTreeMap<Date, Vec<Stretch>>,
}

impl BusinessHours {
    /// Reads rows as a shop writes them.
    ///
    /// # Errors
    /// The first value that cannot be read.
    pub fn new(zone: TimeZone, rows: &[HoursRow], holidays: &[HolidayRow]) -> Result<Self, HoursError> {
        let mut week: [Vec<Stretch>; 7] = Default::default();
        for row in rows {
            let stretch = stretch(&row.from, &row.to)?;
            for day in &row.days {
                week[weekday(day)?].push(stretch);
            }
        }
        let mut special: BTreeMap<Date, Vec<Stretch>> = BTreeMap::new();
        for row in holidays {
            let date: Date = row.date.trim().parse().map_err(|_| HoursError::Date(row.date.clone()))?;
            let hours = special.entry(date).or_default();
            match (&row.from, &row.to) {
                (Some(from), Some(to)) => hours.push(stretch(from, to)?),
                (None, None) => {}
                _ => return Err(HoursError::HalfHoliday(row.date.clone())),
            }
        }
        Ok(Self { zone, week, holidays: special })
    }

    /// The same hours every day, in minutes after midnight; `(0, 1440)` never closes.
    pub fn daily(zone: TimeZone, from_minute: u16, to_minute: u16) -> Self {
        let (from, to) = (i64::from(from_minute), i64::from(to_minute));
        let stretch = Stretch { from, to: if to <= from { to + 1440 } else { to } };
        Self { zone, week: std::array::from_fn(|_| vec![stretch]), holidays: BTreeMap::new() }
    }

    /// Whether people are there.
    pub fn is_open(&self, moment: Timestamp) -> bool {
        self.openings(moment).next().is_some_and(|(from, _)| from <= moment)
    }

    /// When the desk opens next; `None` if it is open, or never opens.
    pub fn opens_at(&self, moment: Timestamp) -> Option<Timestamp> {
        self.openings(moment).next().map(|(from, _)| from).filter(|from| *from > moment)
    }

    /// When so many minutes of business will have passed, rounded up to a quarter of an hour but never beyond the
    /// closing time. A desk that never opens is counted as one that never closes.
    pub fn due_in_business_minutes(&self, now: &Now, minutes: u32) -> Timestamp {
        let (due, closing) = self.pass(now.timestamp(), SignedDuration::from_mins(i64::from(minutes)));
        let round = self.round_up(due);
        closing.map_or(round, |closing| round.min(closing))
    }

    /// When so much business time will have passed after a moment, to the second. A desk that never opens is counted as
    /// one that never closes.
    pub fn after(&self, moment: Timestamp, business: SignedDuration) -> Timestamp {
        self.pass(moment, business).0
    }

    /// When the desk closes that is open at a moment; `None` if it is closed then.
    pub fn closes_at(&self, moment: Timestamp) -> Option<Timestamp> {
        self.openings(moment).next().filter(|(from, _)| *from <= moment).map(|(_, to)| to)
    }

    /// The moment at which so much business time has passed, with the closing time of the stretch it falls into.
    fn pass(&self, moment: Timestamp, business: SignedDuration) -> (Timestamp, Option<Timestamp>) {
        let mut left = business;
        for (from, to) in self.openings(moment) {
            let from = from.max(moment);
            let open = to.duration_since(from);
            if left <= open {
                return (from.saturating_add(left).unwrap_or(to), Some(to));
            }
            left -= open;
        }
        (moment.saturating_add(business).unwrap_or(moment), None)
    }

    /// Whether banks and carriers work on a date: Monday to Friday, unless it is a holiday on which the desk is closed.
    /// A weekend day with hours of its own among the holidays is a working day that was moved there (调休).
    pub fn is_working_day(&self, date: Date) -> bool {
        match self.holidays.get(&date) {
            Some(hours) => !hours.is_empty(),
            None => !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday),
        }
    }

    /// Stretches that end after a moment, in order, joined where one begins as another ends.
    fn openings(&self, moment: Timestamp) -> impl Iterator<Item = (Timestamp, Timestamp)> + '_ {
        let today = moment.to_zoned(self.zone.clone()).date();
        // Yesterday's last stretch may reach into today.
        let mut stretches = (-1..HORIZON_DAYS)
            .filter_map(move |days| today.checked_add(Span::new().days(days)).ok())
            .flat_map(move |date| self.stretches_of(date))
            .filter(move |(_, to)| *to > moment)
            .peekable();
        std::iter::from_fn(move || {
            let (from, mut to) = stretches.next()?;
            while let Some((_, later)) = stretches.next_if(|(next, _)| *next <= to) {
                to = to.max(later);
            }
            Some((from, to))
        })
    }

    fn stretches_of(&self, date: Date) -> Vec<(Timestamp, Timestamp)> {
        let day = usize::from(date.weekday().to_monday_zero_offset().unsigned_abs());
        let rows = self.holidays.get(&date).unwrap_or(&self.week[day]);
        let mut moments: Vec<(Timestamp, Timestamp)> = rows
            .iter()
            .filter_map(|row| Some((self.moment(date, row.from)?, self.moment(date, row.to)?)))
            .filter(|(from, to)| from < to)
            .collect();
        moments.sort_unstable();
        moments
    }

    /// A minute of a day as the clock on the wall shows it, whatever the offset does that day.
    fn moment(&self, date: Date, minute: i64) -> Option<Timestamp> {
        let date = date.checked_add(Span::new().days(minute.div_euclid(1440))).ok()?;
        let minute = minute.rem_euclid(1440);
        let time = Time::new((minute / 60) as i8, (minute % 60) as i8, 0, 0).ok()?;
        Some(date.to_datetime(time).to_zoned(self.zone.clone()).ok()?.timestamp())
    }

    fn round_up(&self, moment: Timestamp) -> Timestamp {
        let wall: Zoned = moment.to_zoned(self.zone.clone());
        let past = SignedDuration::new(
            i64::from(wall.minute()) % ROUND_TO_MINUTES * 60 + i64::from(wall.second()),
            0,
        ) + SignedDuration::from_nanos(i64::from(wall.subsec_nanosecond()));
        if past.is_zero() {
            return moment;
        }
        moment.saturating_add(SignedDuration::from_mins(ROUND_TO_MINUTES) - past).unwrap_or(moment)
    }
}

fn stretch(from: &str, to: &str) -> Result<Stretch, HoursError> {
    let (start, end) = (minute(from)?, minute(to)?);
    if start == end {
        return Err(HoursError::Empty(format!("{from}–{to}")));
    }
    Ok(Stretch { from: start, to: if end < start { end + 1440 } else { end } })
}

fn minute(text: &str) -> Result<i64, HoursError> {
    let wrong = || HoursError::Time(text.to_owned());
    let (hour, minute) = text.trim().split_once(':').ok_or_else(wrong)?;
    let digits =
        |part: &str| !part.is_empty() && part.len() <= 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hour) || minute.len() != 2 || !digits(minute) {
        return Err(wrong());
    }
    let (hour, minute): (i64, i64) =
        (hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?);
    let total = hour * 60 + minute;
    if minute > 59 || total > 1440 { Err(wrong()) } else { Ok(total) }
}

fn weekday(name: &str) -> Result<usize, HoursError> {
    let day = match name.trim().to_lowercase().as_str() {
        "mon" | "monday" => Weekday::Monday,
        "tue" | "tuesday" => Weekday::Tuesday,
        "wed" | "wednesday" => Weekday::Wednesday,
        "thu" | "thursday" => Weekday::Thursday,
        "fri" | "friday" => Weekday::Friday,
        "sat" | "saturday" => Weekday::Saturday,
        "sun" | "sunday" => Weekday::Sunday,
        _ => return Err(HoursError::Day(name.to_owned())),
    };
    Ok(usize::from(day.to_monday_zero_offset().unsigned_abs()))
}
