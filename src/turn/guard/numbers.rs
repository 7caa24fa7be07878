//! Does every value of a sentence stand in a record that may be quoted for it?

use crate::time::Now;
use crate::turn::types::GuardReason;

use super::evidence::{Evidence, Known};
use super::features::features;
use super::values::{Found, Measure, Span, Value};
use super::{Sentence, Verdict};
use crate::turn::numerals::{Amount, UNIT};

/// Where the clause of the value that was said has nothing in common with the sentence, the clause of another value
/// must share so many features with it before the value counts as the neighbour's. Otherwise it must share all that
/// the right one shares, and one more.
const NEIGHBOUR_MARGIN: usize = 2;

/// Words that make an amount the whole, beside whatever things it is named.
const TOTALS: [&str; 5] = ["一共", "合计", "总共", "总计", "共计"];

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
        let matches: Vec<&Known<'_>> =
            all.iter().copied().filter(|known| !money || known.sayable_money).collect();
        if !matches.is_empty() {
            if sentence.is_written {
                neighbour(sentence, found, &matches, evidence)?;
                together(sentence, index, evidence, now)?;
            }
            continue;
        }
        let echoed = !money && !sentence.is_promise && evidence.asked().iter().any(stands);
        if echoed || names_id(&found.value, sentence, found, evidence) || is_sum(sentence, found, evidence) {
            continue;
        }
        let reason = if all.is_empty() { GuardReason::NumberNotInEvidence } else { GuardReason::MoneySource };
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
            mine.0 == 12 * UNIT && theirs.0 == 365 * 86_400 * UNIT
        }
        (Value::Duration(mine, Span::Second), Value::Duration(theirs, Span::Month)) => {
            theirs.0 == 12 * UNIT && mine.0 == 365 * 86_400 * UNIT
        }
        (Value::Plain(mine), theirs) => {
            theirs.amount().is_some_and(|theirs| is_same_number(*mine, theirs, known))
        }
        (Value::Count(mine), Value::Plain(theirs)) => mine == theirs,
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

/// Refuses a value that belongs to another field: the record holds it, but beside other words, while the words of the
/// sentence stand beside another value of the same kind.
fn neighbour(sentence: &Sentence, found: &Found, matches: &[&Known<'_>], evidence: &Evidence<'_>) -> Verdict {
    if matches!(found.value, Value::Id(_) | Value::Plain(_) | Value::Tail(_))
        || matches.iter().any(|known| known.clause.is_none()) && matches.len() == 1
    {
        return Ok(());
    }
    other_name(sentence, found, matches, evidence)?;
    let (start, end) = sentence.clause_around(found.start);
    let clause = sentence.slice(start, end);
    if matches!(found.value, Value::Money(_)) && TOTALS.iter().any(|word| clause.contains(word)) {
        return Ok(());
    }
    let wanted = around(sentence, found);
    let common = |known: &Known<'_>| -> Vec<u64> {
        let theirs =
            known.clause.map(|clause| evidence.clauses()[clause].features.as_slice()).unwrap_or_default();
        wanted.iter().copied().filter(|feature| theirs.binary_search(feature).is_ok()).collect()
    };
    let own: Vec<Vec<u64>> = matches.iter().map(|known| common(known)).collect();
    let dominates = |rival: &[u64]| {
        own.iter().all(|own| {
            let inside = own.iter().all(|feature| rival.contains(feature));
            let more = rival.len() - own.len().min(rival.len());
            inside && more >= if own.is_empty() { NEIGHBOUR_MARGIN } else { 1 }
                || rival.len() >= own.len() + 1 + NEIGHBOUR_MARGIN
        })
    };
    let rival = evidence
        .known()
        .iter()
        .filter(|known| known.clause.is_some() && known.value.same_kind(&found.value))
        .filter(|known| !matches.iter().any(|own| own.value == known.value) && !is_mentioned(known, sentence))
        .any(|known| dominates(&common(known)));
    if rival {
        let said = sentence.slice(found.start, found.end);
        return Err((GuardReason::NumberNotInEvidence, format!("{said} belongs to something else")));
    }
    Ok(())
}

/// What the clause around a value speaks of, the value itself left out.
fn around(sentence: &Sentence, found: &Found) -> Vec<u64> {
    let (start, end) = sentence.clause_around(found.start);
    let inside: Vec<Found> = sentence
        .found
        .iter()
        .filter(|other| other.start >= start && other.end <= end && other.start != found.start)
        .cloned()
        .collect();
    let text: String = (start..end)
        .map(|place| if (found.start..found.end).contains(&place) { '□' } else { sentence.chars[place] })
        .collect();
    features(&text, &inside)
}

/// Refuses the value of another carrier or way to pay: 银行卡3-5个工作日到账 said of 微信.
fn other_name(
    sentence: &Sentence,
    found: &Found,
    matches: &[&Known<'_>],
    evidence: &Evidence<'_>,
) -> Verdict {
    let (start, end) = sentence.clause_around(found.start);
    let clause = sentence.slice(start, end).to_uppercase();
    let said: Vec<&String> = evidence.names().iter().filter(|name| clause.contains(name.as_str())).collect();
    let others_only = |known: &&Known<'_>| {
        known.clause.is_some_and(|clause| {
            let text = evidence.clauses()[clause].text.to_uppercase();
            let holds = |name: &&String| text.contains(name.as_str());
            evidence.names().iter().any(|name| holds(&name)) && !said.iter().any(holds)
        })
    };
    if said.is_empty() || !matches.iter().all(others_only) {
        return Ok(());
    }
    let value = sentence.slice(found.start, found.end);
    Err((GuardReason::NumberNotInEvidence, format!("{value} belongs to something else")))
}

/// Whether the sentence says the other value too, so that the words may be that one's.
fn is_mentioned(known: &Known<'_>, sentence: &Sentence) -> bool {
    sentence.found.iter().any(|found| &found.value == known.value)
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
            part || id.len() >= 4 && is_written_apart(id, evidence.capitals())
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

/// Whether an amount is the sum, the difference or a multiple of amounts that the same sentence states and records
/// hold.
fn is_sum(sentence: &Sentence, found: &Found, evidence: &Evidence<'_>) -> bool {
    let Value::Money(result) = found.value else { return false };
    let terms: Vec<Amount> = sentence
        .found
        .iter()
        .filter(|other| other.start != found.start)
        .filter_map(|other| match other.value {
            Value::Money(amount) => evidence
                .known()
                .iter()
                .any(|known| *known.value == Value::Money(amount) && known.sayable_money)
                .then_some(amount),
            _ => None,
        })
        .collect();
    let counts: Vec<Amount> = sentence
        .found
        .iter()
        .filter_map(|other| match other.value {
            Value::Count(amount) if amount.0 > UNIT => Some(amount),
            _ => None,
        })
        .collect();
    let pairs = terms.iter().enumerate().any(|(index, one)| {
        terms.iter().enumerate().any(|(other_index, other)| {
            index != other_index
                && (one.0.saturating_add(other.0) == result.0 || one.0.saturating_sub(other.0) == result.0)
        })
    });
    let multiples = terms.iter().any(|one| counts.iter().any(|count| one.times(*count) == result));
    let whole =
        terms.len() > 2 && terms.iter().fold(0_i128, |sum, term| sum.saturating_add(term.0)) == result.0;
    pairs || multiples || whole
}
