//! Does every value of a sentence stand in a record that may be quoted for it?

use crate::time::Now;
use crate::turn::types::GuardReason;

use super::evidence::{Evidence, Known};
use super::neighbour;
use super::sums::is_sum;
use super::values::{Found, Measure, Span, Value, are_different_packs};
use super::{Sentence, Verdict};
use crate::turn::numerals::{Amount, UNIT};

/// Checks all values of a sentence. `approved` are the values of an approved wording's own text.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, approved: &[Value], now: &Now) -> Verdict {
    for (index, found) in sentence.found.iter().enumerate() {
        if is_list_mark(sentence, found) {
            continue;
        }
        let stands = |value: &Value| says(&found.value, value, found.about, now);
        if approved.iter().any(stands) || evidence.backed().iter().any(stands) {
            continue;
        }
        let all: Vec<&Known<'_>> = evidence.known().iter().filter(|known| stands(known.value)).collect();
        let money = matches!(found.value, Value::Money(_));
        let matches: Vec<&Known<'_>> = all
            .iter()
            .copied()
            .filter(|known| !money || known.sayable_money)
            .filter(|known| {
                !sentence.is_written || neighbour::is_meant(sentence, found, known, evidence, now)
            })
            .collect();
        if !matches.is_empty() {
            if sentence.is_written {
                neighbour::check(sentence, found, &matches, evidence, now)?;
                together(sentence, index, evidence, now)?;
            }
            continue;
        }
        let asked = |value: &&Value| value.same_kind(&found.value);
        // What the customer named may be named again, by its number too.
        let names = matches!(found.value, Value::Id(_));
        let echoed =
            !money && (names || !sentence.is_promise) && evidence.asked().iter().filter(asked).any(stands);
        if echoed || names_id(&found.value, sentence, found, evidence) || is_sum(sentence, found, evidence) {
            continue;
        }
        let unpriced = money && !all.is_empty();
        let reason = if unpriced { GuardReason::MoneySource } else { GuardReason::NumberNotInEvidence };
        return Err((reason, sentence.slice(found.start, found.end)));
    }
    Ok(())
}

/// Whether a drafted value is what another value says.
pub(super) fn says(drafted: &Value, known: &Value, about: bool, now: &Now) -> bool {
    match (drafted, known) {
        (Value::Day(mine), Value::Day(theirs)) => mine.is(theirs, now),
        (Value::Moment(mine), Value::Moment(theirs)) => mine.is(theirs, about),
        (Value::Duration(mine, Span::Second), Value::Day(day)) => {
            day.month.is_none() && day.day.is_some_and(|day| mine.0 == i128::from(day) * 86_400 * UNIT)
        }
        (Value::Day(day), Value::Duration(theirs, Span::Second)) => {
            day.month.is_none()
                && day.year.is_none()
                && day.day.is_some_and(|day| theirs.0 == i128::from(day) * 86_400 * UNIT)
        }
        (Value::Duration(mine, Span::Month), Value::Duration(theirs, Span::Second)) => {
            // About a month is thirty days, and never exactly so.
            mine.0 == 12 * UNIT && theirs.0 == 365 * 86_400 * UNIT
                || about && mine.0.saturating_mul(30 * 86_400) == theirs.0
        }
        (Value::Duration(mine, Span::Second), Value::Duration(theirs, Span::Month)) => {
            theirs.0 == 12 * UNIT && mine.0 == 365 * 86_400 * UNIT
        }
        (Value::Plain(mine), theirs) => {
            theirs.amount().is_some_and(|theirs| is_same_number(*mine, theirs, known))
        }
        (Value::Count(mine, _), Value::Plain(theirs)) => mine == theirs,
        (Value::Count(mine, one), Value::Count(theirs, other)) => {
            mine == theirs && !are_different_packs(*one, *other)
        }
        (Value::Measure(mine, measure), Value::Plain(theirs)) => {
            matches!(measure, Measure::Size | Measure::Age | Measure::Level | Measure::Degree)
                && mine == theirs
        }
        (Value::Tail(_), _) => false,
        _ => drafted == known,
    }
}

/// A bare number may be written without the unit it has in the record, whose base unit may be another.
fn is_same_number(mine: Amount, theirs: Amount, known: &Value) -> bool {
    let factors: &[i128] = match known {
        Value::Measure(_, Measure::Length) => &[1, 10, 1_000],
        Value::Measure(_, Measure::Mass | Measure::Volume | Measure::Power) => &[1, 1_000],
        Value::Duration(_, Span::Second) => &[1, 60, 3_600, 86_400],
        Value::Duration(_, Span::Month) => &[1, 12],
        _ => &[1],
    };
    factors.iter().any(|factor| mine.0.saturating_mul(*factor) == theirs.0)
}

/// `1、` and `2.` at the beginning of a line number the points of an answer.
fn is_list_mark(sentence: &Sentence, found: &Found) -> bool {
    matches!(&found.value, Value::Plain(amount) if amount.0 <= 9 * UNIT)
        && sentence.chars[..found.start].iter().all(|character| character.is_whitespace())
        && matches!(sentence.chars.get(found.end), Some('、' | '.' | ')' | '）' | ':' | '：'))
        && !sentence.chars.get(found.end + 1).is_some_and(char::is_ascii_digit)
}

/// A day with a time must stand together in a record.
fn together(sentence: &Sentence, index: usize, evidence: &Evidence<'_>, now: &Now) -> Verdict {
    let Some(before) = index.checked_sub(1).map(|before| &sentence.found[before]) else { return Ok(()) };
    let found = &sentence.found[index];
    let (Value::Day(day), Value::Moment(moment)) = (&before.value, &found.value) else { return Ok(()) };
    if found.start - before.end > 4 {
        return Ok(());
    }
    let known = evidence
        .moments()
        .iter()
        .any(|(known_day, known_moment)| day.is(known_day, now) && moment.is(known_moment, found.about));
    if known || evidence.lone_moments().iter().any(|known| moment.is(known, found.about)) {
        return Ok(());
    }
    Err((GuardReason::NumberNotInEvidence, sentence.slice(before.start, found.end)))
}

/// Ids that are written a little differently, and the ends of ids.
fn names_id(value: &Value, sentence: &Sentence, found: &Found, evidence: &Evidence<'_>) -> bool {
    let ids = || {
        evidence.known().iter().filter_map(|known| match known.value {
            Value::Id(id) => Some(id.as_str()),
            _ => None,
        })
    };
    match value {
        Value::Tail(tail) => {
            let before: String = sentence.chars[found.start.saturating_sub(4)..found.start].iter().collect();
            let of_person = ["手机", "电话", "号码", "卡"].iter().any(|word| before.contains(word));
            let masked = |text: &str| text.contains(&format!("*{tail}"));
            let asked = evidence.question().contains(tail.as_str());
            if of_person {
                return masked(evidence.text()) || masked(evidence.question()) || asked;
            }
            asked || masked(evidence.text()) || tail.len() >= 3 && ids().any(|id| id.ends_with(tail.as_str()))
        }
        Value::Id(id) => {
            let part = id.len() >= 3
                && ids().any(|known| {
                    known.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with(['-', '_']))
                        || known.strip_suffix(id.as_str()).is_some_and(|rest| rest.ends_with(['-', '_']))
                });
            part || id.len() >= 4 && is_written_apart(id, evidence.capitals()) && !is_only_part(id, evidence)
        }
        _ => false,
    }
}

/// Whether an id stands in the text when blanks are left out: `M10MAX` for `M10 Max`. Digits at its ends must not go on.
fn is_written_apart(id: &str, text: &str) -> bool {
    text.match_indices(id).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + id.len()..].chars().next();
        let goes_on = |inside: Option<char>, outside: Option<char>| match (inside, outside) {
            (Some(inside), Some(outside)) => {
                inside.is_ascii_digit() && outside.is_ascii_digit()
                    || inside.is_ascii_alphabetic() && outside.is_ascii_alphabetic()
            }
            _ => false,
        };
        !goes_on(id.chars().next(), before) && !goes_on(id.chars().next_back(), after)
    })
}

/// Whether an id stands in the records as a piece of longer ones and nowhere by itself: JSQ30-M9 is another model than
/// JSQ30-M9S.
fn is_only_part(id: &str, evidence: &Evidence<'_>) -> bool {
    let texts = evidence.facts.iter().flat_map(|record| [record.folded(), record.fact.title.as_str()]);
    let mut alone = texts
        .map(str::to_uppercase)
        .flat_map(|text| {
            let neighbours = text
                .match_indices(id)
                .map(|(at, _)| [text[..at].chars().next_back(), text[at + id.len()..].chars().next()]);
            neighbours.collect::<Vec<_>>()
        })
        .map(|neighbours| !neighbours.iter().flatten().any(char::is_ascii_alphanumeric))
        .peekable();
    alone.peek().is_some() && !alone.any(|alone| alone)
}
