//! What time it is for the shop.
//!
//! [`Now`] is passed into everything that depends on time, because nothing below the command line reads a clock.

use std::sync::Mutex;

use jiff::{Timestamp, Zoned, civil, tz::TimeZone};

/// The moment of a turn, in the shop's own time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Now(Zoned);

impl Now {
    /// A moment in a zone.
    pub fn new(moment: Timestamp, zone: TimeZone) -> Self {
        Self(moment.to_zoned(zone))
    }

    /// The moment with its zone.
    pub fn zoned(&self) -> &Zoned {
        &self.0
    }

    /// The moment without a zone.
    pub fn timestamp(&self) -> Timestamp {
        self.0.timestamp()
    }

    /// Milliseconds since 1970, as the store keeps times.
    pub fn epoch_milliseconds(&self) -> i64 {
        self.timestamp().as_millisecond()
    }

    /// Reads a time as the shop's systems write it: with a zone or offset, or without one and then in shop
    /// time; with `T` or a space; or a bare date, which means its first moment. `None` if it is no time.
    pub fn parse(&self, text: &str) -> Option<Timestamp> {
        parse_shop_time(text, self.0.time_zone())
    }

    /// Whether a time, written as in [`Self::parse`], lies behind; a bare date only when its day is over. `None` if it is no time.
    pub fn has_passed(&self, text: &str) -> Option<bool> {
        // A date with a time does not parse as a bare date's ten characters.
        let date = text.trim();
        let bare = (date.len() == "2026-11-20".len()).then(|| date.parse::<civil::Date>().ok()).flatten();
        match bare {
            Some(date) => Some(date < self.0.date()),
            None => self.parse(text).map(|moment| moment < self.timestamp()),
        }
    }

    /// A time in the shop's zone.
    pub fn at(&self, moment: Timestamp) -> Zoned {
        moment.to_zoned(self.0.time_zone().clone())
    }
}

/// The time of day for people: `22:40`, and `24:00` for the last second of a day, which is how systems write its end.
pub fn clock(moment: &Zoned) -> String {
    if moment.time() >= civil::Time::constant(23, 59, 59, 0) {
        return "24:00".to_owned();
    }
    moment.strftime("%H:%M").to_string()
}

/// See [`Now::parse`].
pub fn parse_shop_time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(moment) = text.parse::<Timestamp>() {
        return Some(moment);
    }
    if let Ok(date_time) = text.parse::<civil::DateTime>() {
        return Some(date_time.to_zoned(zone.clone()).ok()?.timestamp());
    }
    let date = text.parse::<civil::Date>().ok()?;
    Some(date.to_zoned(zone.clone()).ok()?.timestamp())
}

/// Where the conversation service gets its time from.
pub trait Clock: Send + Sync {
    /// The present moment in the shop's zone.
    fn now(&self) -> Now;
}

/// The machine's clock.
#[derive(Debug, Clone)]
pub struct SystemClock {
    zone: TimeZone,
}

impl SystemClock {
    /// The machine's clock, shown in the shop's zone.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone }
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        Now::new(Timestamp::now(), self.zone.clone())
    }
}

/// A clock that stands where it was put, for demonstrations and tests.
#[derive(Debug)]
pub struct TestClock {
    now: Mutex<Now>,
}

impl TestClock {
    /// A clock standing at a moment.
    pub fn new(now: Now) -> Self {
        Self { now: Mutex::new(now) }
    }

    /// Puts the clock to another moment.
    pub fn set(&self, now: Now) {
        *self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = now;
    }
}

impl Clock for TestClock {
    fn now(&self) -> Now {
        self.now.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shop_times_are_read_in_every_common_form() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let expected: Timestamp = "2026-11-20T02:12:00Z".parse().unwrap();
        for text in
            ["2026-11-20 10:12:00", "2026-11-20T10:12", "2026-11-20T10:12:00+08:00", "2026-11-20T02:12:00Z"]
        {
            assert_eq!(parse_shop_time(text, &zone), Some(expected), "{text}");
        }
        assert_eq!(parse_shop_time("2026-11-20", &zone), Some("2026-11-19T16:00:00Z".parse().unwrap()));
        assert_eq!(parse_shop_time("soon", &zone), None);
    }
}
