//! Which records are about something else than what was asked: another product than the one that is named, another fault of
//! the same list? What only such a record knows is not said of what was asked.

use std::sync::LazyLock;

use regex::Regex;

use crate::record::RecordKind;
use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::features::{features, shared};
use super::fold::{fold, without_space};
use super::records::KnownRecord;
use super::support::{content_words, is_harmless};
use super::{Sentence, Verdict};
use crate::pack::types::GuardLexicon;

/// A record about one case of a list: 故障 E-03 热水器显示异常.
static CASE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|^.*[\s】)）])(?P<code>[A-Z]{1,2}-?[0-9]{1,4})\s+(?P<name>\p{Han}.*)$")
        .expect("a fixed pattern")
});
/// So many words that only such records know are no chance; one is enough if it names a thing.
const WORDS: usize = 2;

/// Refuses what only records about something else know.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, lexicon: &GuardLexicon) -> Verdict {
    let foreign = in_sight(sentence, evidence);
    if foreign.is_empty() {
        return Ok(());
    }
    let texts = |wanted: bool| -> String {
        let records = evidence.facts.iter().enumerate();
        let records = records.filter(|(index, _)| foreign.contains(index) == wanted);
        records.map(|(_, record)| record.stated(evidence.now()).text.as_str()).collect::<Vec<_>>().join("\n")
    };
    let (theirs, own) = (texts(true), texts(false));
    let only_theirs = |word: &str| {
        theirs.contains(word)
            && !own.contains(word)
            && !evidence.question().contains(word)
            && !is_harmless(word, lexicon)
    };
    let mut found: Vec<&str> = Vec::new();
    for (word, is_thing) in content_words(&sentence.folded) {
        if found.contains(&word) || !only_theirs(word) {
            continue;
        }
        found.push(word);
        if is_thing || found.len() >= WORDS {
            let detail = format!("{} stands in a record about something else", found.join(", "));
            return Err((GuardReason::ClaimNotInEvidence, detail));
        }
    }
    Ok(())
}

/// The numbers of the records that are about something else, as far as the sentence does not name it itself.
fn in_sight(sentence: &Sentence, evidence: &Evidence<'_>) -> Vec<usize> {
    let foreign = evidence.foreign();
    if foreign.is_empty() {
        return Vec::new();
    }
    let also: Vec<&str> =
        sentence.named(evidence).iter().filter_map(|product| own_id(evidence.facts[*product])).collect();
    let of_those =
        |index: &&usize| product_of(evidence.facts[**index]).is_some_and(|product| also.contains(&product));
    foreign.iter().filter(|index| !of_those(index)).copied().collect()
}

/// The numbers of the records that are about something else than the question.
pub(super) fn foreign(evidence: &Evidence<'_>) -> Vec<usize> {
    let cases = other_cases(evidence);
    let asked: Vec<&str> =
        evidence.asked_products().iter().filter_map(|product| own_id(evidence.facts[*product])).collect();
    // Of a product that is not in sight nobody knows whether the question names it.
    let in_sight: Vec<&str> =
        evidence.products().iter().filter_map(|product| own_id(evidence.facts[product.record])).collect();
    let of_other = |record: &KnownRecord<'_>| {
        !asked.is_empty()
            && product_of(record)
                .is_some_and(|product| in_sight.contains(&product) && !asked.contains(&product))
    };
    let numbers = 0..evidence.facts.len();
    numbers.filter(|index| cases.contains(index) || of_other(evidence.facts[*index])).collect()
}

fn own_id<'a>(record: &KnownRecord<'a>) -> Option<&'a str> {
    record.fact.id.split_once(':').map(|(_, id)| id)
}

/// The product that a record is about; none if it is about no single one.
fn product_of<'a>(record: &KnownRecord<'a>) -> Option<&'a str> {
    match record.fact.kind {
        RecordKind::Product => own_id(record),
        RecordKind::Knowledge => record.fact.fields.get("product")?.as_str(),
        _ => None,
    }
}

/// A record about one case of a list.
struct Case {
    /// The number of its record.
    record: usize,
    /// Its code, without hyphens.
    code: String,
    /// What the case is called.
    name: Vec<u64>,
    product: Option<String>,
}

/// Records about other cases than the one that was asked about: those with another code than the question names, or, if it
/// names none, those of the same product whose names have less of the question than another's.
fn other_cases(evidence: &Evidence<'_>) -> Vec<usize> {
    let records = evidence.facts.iter().enumerate();
    let cases: Vec<Case> = records.filter_map(|(index, record)| case(index, record)).collect();
    if cases.len() < 2 {
        return Vec::new();
    }
    let question = without_space(evidence.question()).to_uppercase().replace('-', "");
    let is_named = |case: &&Case| {
        question.match_indices(case.code.as_str()).any(|(at, _)| {
            let after = question[at + case.code.len()..].chars().next();
            let before = question[..at].chars().next_back();
            !after.is_some_and(|sign| sign.is_ascii_digit())
                && !before.is_some_and(|sign| sign.is_ascii_alphanumeric())
        })
    };
    if cases.iter().any(|case| is_named(&case)) {
        return cases.iter().filter(|case| !is_named(case)).map(|case| case.record).collect();
    }
    let asked = evidence.question_features();
    let score = |case: &Case| shared(&case.name, asked);
    let beaten =
        |case: &&Case| cases.iter().any(|other| other.product == case.product && score(other) > score(case));
    cases.iter().filter(beaten).map(|case| case.record).collect()
}

fn case(record: usize, known: &KnownRecord<'_>) -> Option<Case> {
    if known.fact.kind != RecordKind::Knowledge {
        return None;
    }
    let title = fold(&known.fact.title).to_uppercase();
    let found = CASE.captures(&title)?;
    Some(Case {
        record,
        code: found["code"].replace('-', ""),
        name: features(&found["name"], &[]),
        product: product_of(known).map(str::to_owned),
    })
}
