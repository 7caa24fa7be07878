//! Is a moment that lies behind us told as one to come?
//!
//! A record's expectation stays in the record when it was not met: "预计11月18日送达" is its very value, and on the 20th
//! it is untrue all the same. It may be recalled ("原来预计18日送达，现在还没到"), not announced.

use jiff::civil::DateTime;
use regex::Regex;

use crate::pack::types::GuardLexicon;
use crate::time::Now;
use crate::turn::types::GuardReason;

use super::values::{Found, Value, skip_space, starts_with};
use super::{Sentence, Verdict};

/// Words after a day from which on something goes on: a beginning may well lie behind us.
const ONWARDS: [&str; 5] = ["起", "后", "以后", "之后", "开始"];

/// Checks every clause that announces something.
pub(super) fn check(sentence: &Sentence, lexicon: &GuardLexicon, now: &Now) -> Verdict {
    for at in places(&lexicon.announces, &sentence.folded) {
        let (start, end) = sentence.clause_around(at);
        let Some((latest, said)) = latest(sentence, (start, end), now) else { continue };
        let told = sentence.slice(start, sentence.chars.len());
        let is_recalled = lexicon.recalls.iter().any(|words| words.is_match(&told));
        if latest < now.zoned().datetime() && !is_recalled {
            return Err((GuardReason::ContradictsEvidence, format!("{said} has passed by")));
        }
    }
    Ok(())
}

/// Where words stand in a text, in characters.
fn places(words: &[Regex], text: &str) -> Vec<usize> {
    let matches = words.iter().flat_map(|words| words.find_iter(text));
    matches.map(|found| text[..found.start()].chars().count()).collect()
}

/// The last moment that a clause names, with the words for it: the end of a range, and the end of a day whose time is not said.
fn latest(sentence: &Sentence, clause: (usize, usize), now: &Now) -> Option<(DateTime, String)> {
    let inside: Vec<&Found> =
        sentence.found.iter().filter(|found| clause.0 <= found.start && found.end <= clause.1).collect();
    let moments = inside.iter().enumerate().filter_map(|(index, found)| {
        let Value::Day(day) = &found.value else { return None };
        let next = inside.get(index + 1).copied();
        let time = next.filter(|next| joined(sentence, found, next));
        let last = time.unwrap_or(found);
        let to = skip_space(&sentence.chars, last.end);
        if ONWARDS.iter().any(|word| starts_with(&sentence.chars, to, word)) {
            return Some(None);
        }
        let date = day.nearest(now)?;
        let (hour, minute) = time.map_or((23, 59), |time| hour_and_minute(&time.value));
        Some(Some((date.at(hour, minute, 59, 0), sentence.slice(found.start, last.end))))
    });
    // One beginning in the clause leaves its end open.
    let moments: Option<Vec<(DateTime, String)>> = moments.collect();
    moments?.into_iter().max_by_key(|(moment, _)| *moment)
}

/// Whether a time of day belongs to the day before it: 11月18日 20:00, 明天下午三点.
fn joined(sentence: &Sentence, day: &Found, time: &Found) -> bool {
    const PART_OF_DAY: usize = 3;
    matches!(time.value, Value::Moment(_))
        && time.start >= day.end
        && sentence.slice(day.end, time.start).trim().chars().count() <= PART_OF_DAY
}

/// The last minute that a time of day may mean.
fn hour_and_minute(value: &Value) -> (i8, i8) {
    let Value::Moment(moment) = value else { return (23, 59) };
    match moment.hour {
        24 => (23, 59),
        hour if moment.half_day_open && hour < 12 => (hour + 12, moment.minute.unwrap_or(59)),
        hour => (hour, moment.minute.unwrap_or(59)),
    }
}
