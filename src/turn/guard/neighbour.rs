//! Does a value that some record holds belong to what the sentence speaks of, or to something beside it?

use crate::record::RecordKind;
use crate::time::Now;
use crate::turn::types::GuardReason;

use super::evidence::{Evidence, Known};
use super::features::{features, shared};
use super::fold::{is_han, without_space};
use super::numbers::says;
use super::subject::lists;
use super::values::{Found, Value, skip_space};
use super::{Sentence, Verdict};
use crate::turn::numerals::{Amount, UNIT};

/// Where the clause of the value that was said has nothing in common with the sentence, the clause of another value
/// must share so many features with it before the value counts as the neighbour's. Otherwise it must share all that
/// the right one shares, and one more.
const NEIGHBOUR_MARGIN: usize = 2;

/// So many characters beside a value say whose it is.
const CLOSE: usize = 8;
/// Words that say nothing about whose a value is.
const FILLERS: [&str; 8] = ["一般", "大概", "大约", "通常", "平均", "差不多", "基本", "目前"];

/// Words that mean what was asked about.
const POINTING: [&str; 8] = ["该", "此款", "本款", "这款", "这个", "这台", "这件", "您问的"];

/// Words of a record that give a length of time as a guarantee or a shelf life.
const GUARANTEES: [&str; 6] = ["保修", "质保", "保质期", "有效期", "包修", "包换"];
/// Characters by which a sentence or a question speaks of one.
const OF_GUARANTEES: [char; 7] = ['保', '修', '质', '效', '坏', '换', '期'];

/// Words that make an amount the whole, beside whatever things it is named.
const TOTALS: [&str; 5] = ["一共", "合计", "总共", "总计", "共计"];

/// Whether a value of a record can be the one that is meant. A number that has lost its unit, or got one, is meant only where
/// the words beside it are the record's too: 6 小勺 is not the 6 of 6 包.
pub(super) fn is_meant(
    sentence: &Sentence,
    found: &Found,
    known: &Known<'_>,
    evidence: &Evidence<'_>,
    now: &Now,
) -> bool {
    let of_customer = evidence.facts[known.record].fact.kind.is_private();
    let counted_alike = match (&found.value, known.value) {
        // An order counts what was bought as ×2.
        (Value::Count(_, one), Value::Count(_, other)) => one == other || of_customer && other.is_none(),
        (Value::Plain(_), Value::Plain(_)) => false,
        _ => true,
    };
    let bare = |value: &Value| matches!(value, Value::Plain(_) | Value::Count(..));
    let alike = known.value.same_kind(&found.value) && counted_alike;
    if alike || !bare(&found.value) && !bare(known.value) {
        return true;
    }
    let Some(clause) = known.clause else {
        // Fields without words: what a policy came to may be any count; what a thing is stands in its text as well.
        return evidence.facts[known.record].fact.fields.get("verdict").is_some();
    };
    let others = || sentence.found.iter().filter(|other| other.start != found.start);
    // 8 and 8年 in one sentence are not the same 8.
    let taken = !bare(known.value)
        && others().any(|other| {
            other.value.same_kind(known.value) && says(&other.value, known.value, other.about, now)
        });
    let clause = evidence.clauses()[clause];
    let wanted = around(sentence, found);
    let counted = match &found.value {
        // 箱数：2.
        Value::Count(_, Some(counter)) if matches!(known.value, Value::Plain(_)) => {
            clause.text.contains(*counter)
        }
        _ => is_followed_alike(sentence, found, &clause.text),
    };
    let labelled = || latin_words(sentence, found).any(|word| clause.text.contains(&word));
    // 长710、宽316、高555毫米: the others of its clause are here too.
    let company = || {
        others().filter(|other| other.value.same_kind(known.value)).any(|other| {
            evidence.known().iter().any(|theirs| {
                theirs.clause == known.clause && says(&other.value, theirs.value, other.about, now)
            })
        })
    };
    !taken
        && (counted
            || wanted.iter().any(|feature| clause.features.binary_search(feature).is_ok())
            || labelled()
            || company())
}

/// 40字: whether the number stands in a record's text with the same character after it.
fn is_followed_alike(sentence: &Sentence, found: &Found, text: &str) -> bool {
    let after = skip_space(&sentence.chars, found.end);
    let Some(next) = sentence.chars.get(after).filter(|next| is_han(**next)) else { return false };
    let said = without_space(&sentence.slice(found.start, found.end));
    text.contains(&format!("{said}{next}"))
}

/// Words in Latin letters in the clause of a value: shipping_fee, pH.
fn latin_words(sentence: &Sentence, found: &Found) -> impl Iterator<Item = String> {
    let (start, end) = sentence.clause_around(found.start);
    let clause = sentence.slice(start, end);
    let words: Vec<String> = clause
        .split(|character: char| !character.is_ascii_alphabetic() && character != '_')
        .filter(|word| word.len() > 1)
        .map(str::to_owned)
        .collect();
    words.into_iter()
}

/// Refuses a value that belongs to another field: the record holds it, but beside other words, while the words of the
/// sentence stand beside another value of the same kind.
pub(super) fn check(
    sentence: &Sentence,
    found: &Found,
    matches: &[&Known<'_>],
    evidence: &Evidence<'_>,
    now: &Now,
) -> Verdict {
    other_product(sentence, found, matches, evidence)?;
    other_matter(sentence, found, matches, evidence)?;
    if matches!(found.value, Value::Id(_) | Value::Tail(_))
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
    let common = |known: &Known<'_>, alone: bool| -> Vec<u64> {
        let theirs = words_of(known, evidence);
        // Within one record its heading tells nothing apart.
        let heading = if alone { evidence.facts[known.record].heading() } else { &[] };
        let counts =
            |feature: &u64| theirs.binary_search(feature).is_ok() && heading.binary_search(feature).is_err();
        wanted.iter().copied().filter(counts).collect()
    };
    let near = close_to(sentence, found, (start, end));
    let dominates = |known: &Known<'_>| {
        if shared(&wanted, words_of(known, evidence)) == 0 {
            return false;
        }
        let alone = matches.iter().all(|own| own.record == known.record);
        let rival = common(known, alone);
        matches.iter().map(|own| common(own, alone)).all(|own| {
            let inside = own.iter().all(|feature| rival.contains(feature));
            // What stands right beside the value says whose it is; the rest of the clause may speak of more.
            let named = own.iter().any(|feature| near.contains(feature) && !rival.contains(feature));
            let more = rival.len() - own.len().min(rival.len());
            let beside = |features: &[u64]| features.iter().filter(|feature| near.contains(feature)).count();
            beside(&rival) >= beside(&own) + NEIGHBOUR_MARGIN
                || inside && more >= if own.is_empty() { NEIGHBOUR_MARGIN } else { 1 }
                || !named && rival.len() >= own.len() + 1 + NEIGHBOUR_MARGIN
        })
    };
    let rival = evidence
        .known()
        .iter()
        .filter(|known| known.clause.is_some() && known.value.same_kind(&found.value))
        .filter(|known| {
            !matches.iter().any(|own| own.value == known.value) && !is_mentioned(known, sentence, now)
        })
        .find(|known| dominates(known));
    if let Some(clause) = rival.and_then(|rival| rival.clause) {
        let said = sentence.slice(found.start, found.end);
        let theirs = &evidence.clauses()[clause].text;
        return Err((
            GuardReason::NumberNotInEvidence,
            format!("{said} belongs to something else than {theirs}"),
        ));
    }
    stands_together(sentence, found, evidence, now)
}

/// Values that are written as one, 54×44×19 or 6–12, stand together in a record: not this one here and that one there.
fn stands_together(sentence: &Sentence, found: &Found, evidence: &Evidence<'_>, now: &Now) -> Verdict {
    let group: Vec<&Found> = sentence.found.iter().filter(|other| other.start == found.start).collect();
    if group.len() < 2 {
        return Ok(());
    }
    let stands = |one: &Found, known: &Known<'_>| says(&one.value, known.value, one.about, now);
    // A record's values stand clause by clause, so that those of one clause are beside each other.
    let together = evidence.known().chunk_by(|one, other| one.clause.is_some() && one.clause == other.clause);
    let holds_all = |clause: &[Known<'_>]| {
        let mut held: Vec<&Known<'_>> = clause.iter().collect();
        held.len() >= group.len()
            && group.iter().all(|one| {
                let place = held.iter().position(|known| stands(one, known));
                place.map(|place| held.remove(place)).is_some()
            })
    };
    if together.into_iter().any(holds_all) {
        return Ok(());
    }
    let said = sentence.slice(found.start, found.end);
    Err((GuardReason::NumberNotInEvidence, format!("{said} does not stand together")))
}

/// What the clause of a value speaks of. A typed field has none; its record's text says the same value in words.
fn words_of<'e>(known: &Known<'_>, evidence: &'e Evidence<'_>) -> &'e [u64] {
    let in_words = || {
        evidence.known().iter().find(|other| {
            other.record == known.record && other.clause.is_some() && other.value == known.value
        })
    };
    let clause = known.clause.or_else(|| in_words()?.clause);
    clause.map_or(&[], |clause| evidence.clauses()[clause].features.as_slice())
}

/// What stands within a few characters of a value in its clause.
fn close_to(sentence: &Sentence, found: &Found, (start, end): (usize, usize)) -> Vec<u64> {
    let before = sentence.slice(found.start.saturating_sub(CLOSE).max(start), found.start);
    let after = sentence.slice(found.end, (found.end + CLOSE).min(end));
    features(&format!("{before}□{after}"), &[])
}

/// What the clause around a value speaks of, the value itself left out.
pub(super) fn around(sentence: &Sentence, found: &Found) -> Vec<u64> {
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
    features(&FILLERS.iter().fold(text, |text, word| text.replace(word, "□")), &inside)
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

/// Refuses how long a guarantee or a shelf life is, where neither the sentence nor the question speaks of one: 能用十年, where a
/// part is guaranteed for ten.
fn other_matter(
    sentence: &Sentence,
    found: &Found,
    matches: &[&Known<'_>],
    evidence: &Evidence<'_>,
) -> Verdict {
    let speaks = |text: &str| text.contains(OF_GUARANTEES);
    if !matches!(found.value, Value::Duration(..)) || speaks(&sentence.folded) || speaks(evidence.question())
    {
        return Ok(());
    }
    let of_guarantee = |known: &&Known<'_>| {
        known.clause.is_some_and(|clause| {
            let text = &evidence.clauses()[clause].text;
            GUARANTEES.iter().any(|word| text.contains(word))
        })
    };
    // Typed fields stand in the text too.
    let mut in_words = matches.iter().filter(|known| known.clause.is_some()).peekable();
    if in_words.peek().is_none() || !in_words.all(of_guarantee) {
        return Ok(());
    }
    let value = sentence.slice(found.start, found.end);
    Err((GuardReason::NumberNotInEvidence, format!("{value} is said of something else")))
}

/// Refuses the value of another product than the one that the sentence names.
fn other_product(
    sentence: &Sentence,
    found: &Found,
    matches: &[&Known<'_>],
    evidence: &Evidence<'_>,
) -> Verdict {
    let kind = |known: &&Known<'_>| evidence.facts[known.record].fact.kind;
    let bound = |known: &&Known<'_>| matches!(kind(known), RecordKind::Product | RecordKind::Order);
    if !matches.iter().all(bound) {
        return Ok(());
    }
    let mut meant = sentence.named(evidence);
    if meant.is_empty() && sentence.is_written && POINTING.iter().any(|word| sentence.folded.contains(word)) {
        // 该热水器 is the one that was asked about.
        meant = evidence.asked_products();
    }
    // An order speaks of the products that it lists.
    let is_of = |known: &&Known<'_>| {
        meant.contains(&known.record)
            || kind(known) == RecordKind::Order
                && meant.iter().any(|product| lists(known.record, *product, evidence))
    };
    if meant.is_empty() || matches.iter().any(is_of) {
        return Ok(());
    }
    let value = sentence.slice(found.start, found.end);
    Err((GuardReason::NumberNotInEvidence, format!("{value} belongs to something else")))
}

/// Refuses a small count in words where the record counts the same things otherwise: 一单换两次, where it has 一单换一次.
pub(super) fn check_idle(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    for found in &sentence.idle {
        let Value::Count(amount, counter) = found.value else { continue };
        if amount.0 <= UNIT {
            continue;
        }
        let wanted = around(sentence, found);
        let counts = evidence.idle().iter().filter_map(|(value, clause)| match value {
            Value::Count(amount, other) if *other == counter => Some((*amount, *clause)),
            _ => None,
        });
        let typed = evidence.known().iter().filter_map(|known| match (known.value, known.clause) {
            (Value::Count(amount, other), Some(clause)) if *other == counter => Some((*amount, clause)),
            _ => None,
        });
        let alike = |clause: usize| {
            let theirs = &evidence.clauses()[clause].features;
            wanted.iter().any(|feature| theirs.binary_search(feature).is_ok())
        };
        let counts: Vec<(Amount, usize)> = counts.chain(typed).collect();
        let stands = counts.iter().any(|(known, _)| *known == amount);
        if !stands && counts.iter().any(|(_, clause)| alike(*clause)) {
            return Err((GuardReason::NumberNotInEvidence, sentence.slice(found.start, found.end)));
        }
    }
    Ok(())
}

/// Whether the sentence says the other value too, so that the words may be that one's.
fn is_mentioned(known: &Known<'_>, sentence: &Sentence, now: &Now) -> bool {
    sentence.found.iter().any(|found| says(&found.value, known.value, found.about, now))
}
