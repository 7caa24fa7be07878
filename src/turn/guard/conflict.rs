//! Do two records say different things of the same? Then neither is said.
//!
//! Only what the shop itself announces is compared (policies, knowledge, notices), and only records whose titles name the
//! same matter: two products, two orders or two coupons differ by right.

use crate::record::RecordKind;
use crate::turn::types::GuardReason;

use super::clause::Clause;
use super::evidence::{Evidence, Known};
use super::features::{features, shared};
use super::fold::{fold, is_han};
use super::gate::{Side, side, without_sides};
use super::numbers::says;
use super::split::clauses;
use super::subject::marks;
use super::values::{Value, extract};
use super::{Sentence, Verdict};
use crate::time::Now;

/// Two clauses are about the same if they share so many features, and have no others.
const SAME: usize = 2;

/// Checks that nothing in a sentence rests on a clause that another record contradicts.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, now: &Now) -> Verdict {
    let announced = announced(evidence);
    if announced.len() < 2 {
        return Ok(());
    }
    let refuse =
        |detail: String| Err((GuardReason::ContradictsEvidence, format!("{detail}: records differ")));
    for found in &sentence.found {
        let matches: Vec<&Known<'_>> = evidence
            .known()
            .iter()
            .filter(|known| says(&found.value, known.value, found.about, now))
            .collect();
        let disputed = |known: &&Known<'_>| {
            let clause = known.clause.map(|clause| evidence.clauses()[clause]);
            clause.is_some_and(|clause| is_disputed(clause, known.value, &announced, now))
        };
        if !matches.is_empty() && matches.iter().all(disputed) {
            return refuse(sentence.slice(found.start, found.end));
        }
    }
    for clause in clauses(&sentence.folded) {
        let Some(_) = side(clause) else { continue };
        let wanted = features(&without_sides(clause), &[]);
        let near = |known: &&Announced<'_>| {
            known.may_be_about(&wanted, SAME)
                && shared(&wanted, known.about()) >= SAME.max(known.about().len())
                && known.side().is_some()
        };
        let sides: Vec<&Announced<'_>> = announced.iter().filter(near).collect();
        let differ =
            |one: &Announced<'_>, other: &Announced<'_>| one.side() != other.side() && contradict(one, other);
        if sides.iter().any(|one| sides.iter().any(|other| differ(one, other))) {
            return refuse(clause.to_owned());
        }
    }
    Ok(())
}

/// A clause of a record that announces something.
struct Announced<'a> {
    clause: &'a Clause,
    /// The number of its record.
    record: usize,
    title: &'a str,
}

impl<'a> Announced<'a> {
    /// What it speaks of, without yes and no.
    fn about(&self) -> &'a [u64] {
        self.clause.about()
    }

    fn side(&self) -> Option<Side> {
        self.clause.side()
    }

    /// Whether it can share so many features with some. Its clause's own list has all that it is about but one at most.
    fn may_be_about(&self, wanted: &[u64], least: usize) -> bool {
        shared(wanted, &self.clause.features) + 1 >= least
    }
}

fn announced<'a>(evidence: &Evidence<'a>) -> Vec<Announced<'a>> {
    let announces = |kind| matches!(kind, RecordKind::Policy | RecordKind::Knowledge | RecordKind::Notice);
    let records = evidence.facts.iter().enumerate().filter(|(_, record)| announces(record.fact.kind));
    let several = records.clone().count() > 1;
    records
        .filter(|_| several)
        .flat_map(|(index, record)| {
            evidence.clauses_of(index).iter().map(move |clause| Announced {
                clause,
                record: index,
                title: &record.fact.title,
            })
        })
        .collect()
}

/// Whether two clauses of different records are about the same.
fn contradict(one: &Announced<'_>, other: &Announced<'_>) -> bool {
    one.record != other.record
        && one.about().len() >= SAME
        && other.may_be_about(one.about(), one.about().len())
        && one.about() == other.about()
        && is_same_matter(one.title, other.title)
}

/// Whether another record has another value of the same kind in a clause that says the same.
fn is_disputed(clause: &Clause, value: &Value, announced: &[Announced<'_>], now: &Now) -> bool {
    let Some(own) = announced.iter().find(|known| std::ptr::eq(known.clause, clause)) else { return false };
    announced.iter().filter(|other| contradict(own, other)).any(|other| {
        let chars: Vec<char> = other.clause.text.chars().collect();
        let values = extract(&chars, now);
        let alike: Vec<_> = values.iter().filter(|theirs| theirs.value.same_kind(value)).collect();
        !alike.is_empty() && !alike.iter().any(|theirs| says(value, &theirs.value, false, now))
    })
}

/// Whether two titles name the same matter: 运费 and 运费怎么算. What one has in digits the other must have too.
fn is_same_matter(one: &str, other: &str) -> bool {
    let (one, other) = (marks(&fold(one)), marks(&fold(other)));
    let signs = |marks: &[String]| -> Vec<String> {
        marks.iter().filter(|mark| !mark.chars().all(is_han)).cloned().collect()
    };
    let pairs = |marks: &[String]| marks.iter().filter(|mark| mark.chars().all(is_han)).count();
    let common = one.iter().filter(|mark| mark.chars().all(is_han) && other.contains(mark)).count();
    one == other
        || signs(&one) == signs(&other) && common > 0 && common * 10 >= pairs(&one).min(pairs(&other)) * 7
}
