//! Which day do the words for days mean, counted from today? Read alike in what customers say and in what is said to
//! them.

use jiff::ToSpan;
use jiff::civil::Date;

/// Words for days beside today, longer ones before those they end with, with their distance in days.
pub(in crate::turn) const RELATIVE: [(&str, i64); 18] = [
    ("大后天", 3),
    ("大前天", -3),
    ("今天", 0),
    ("今日", 0),
    ("今晚", 0),
    ("今早", 0),
    ("今夜", 0),
    ("今儿", 0),
    ("明天", 1),
    ("明日", 1),
    ("明早", 1),
    ("明晚", 1),
    ("明儿", 1),
    ("后天", 2),
    ("昨天", -1),
    ("昨日", -1),
    ("昨晚", -1),
    ("前天", -2),
];

/// The names of a week before the day: 周三, 星期三, 礼拜三.
pub(in crate::turn) const WEEK_NAMES: [&str; 3] = ["星期", "礼拜", "周"];

/// The day of the week that a character names, from 1 for Monday.
pub(in crate::turn) fn weekday_of(name: char) -> Option<i8> {
    Some(match name {
        '一' => 1,
        '二' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '日' | '天' => 7,
        _ => return None,
    })
}

/// A day of the week that is so many weeks away from this one.
pub(in crate::turn) fn day_of_week(today: Date, weeks: i64, weekday: i8) -> Option<Date> {
    let shift = i64::from(weekday) - i64::from(today.weekday().to_monday_one_offset()) + 7 * weeks;
    today.checked_add(shift.days()).ok()
}
