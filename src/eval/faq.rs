//! How well a question finds others that mean the same: pairs of questions in, retrieval scores and the separation of
//! pairs out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Map, Value};

use super::retrieval::{Finder, RetrievalError, Setup, rows};
use crate::knowledge::Method;
use crate::model::Vector;
use crate::record::{Record, RecordKind};

/// So many hits are looked at.
const DEPTH: usize = 50;

/// How well it went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaqReport {
    /// Questions that were asked: those with a partner, or each so-manieth of them.
    pub queries: usize,
    /// Questions searched.
    pub questions: usize,
    /// Mean of one by the rank of the first partner, 0 beyond the tenth.
    pub mrr_at_10: f64,
    /// Share of questions with a partner among the first ten.
    pub recall_at_10: f64,
    /// Among the first fifty.
    pub recall_at_50: f64,
    /// Labelled pairs.
    pub pairs: usize,
    /// How often a pair that means the same scores above one that does not.
    pub auc: f64,
}

/// One question that was asked.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FaqEach {
    /// The question.
    pub question: String,
    /// The rank of its first partner, from 1; none beyond the fiftieth.
    pub rank: Option<usize>,
}

/// The questions of a file of pairs, `one<TAB>two<TAB>0 or 1` a line.
struct Pairs<'a> {
    questions: Vec<&'a str>,
    pairs: Vec<(usize, usize, bool)>,
    partners: BTreeMap<usize, BTreeSet<usize>>,
}

impl<'a> Pairs<'a> {
    fn read(text: &'a str) -> Result<Self, RetrievalError> {
        let rows = rows(text, "train.tsv", 3)?;
        let questions: Vec<&str> =
            rows.iter().flat_map(|row| [row[0], row[1]]).collect::<BTreeSet<_>>().into_iter().collect();
        let place = |question: &str| questions.binary_search(&question).unwrap_or_default();
        let pairs: Vec<(usize, usize, bool)> =
            rows.iter().map(|row| (place(row[0]), place(row[1]), row[2] == "1")).collect();
        let mut partners: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for (one, two, same) in &pairs {
            if *same && one != two {
                partners.entry(*one).or_default().insert(*two);
                partners.entry(*two).or_default().insert(*one);
            }
        }
        Ok(Self { questions, pairs, partners })
    }
}

/// Asks each `step`th question that has a partner. The question itself is passed over in what is found.
///
/// # Errors
/// A bad line, or the index or the embedder failed.
pub fn evaluate_faq(
    text: &str,
    setup: &Setup,
    step: usize,
) -> Result<(FaqReport, Vec<FaqEach>), RetrievalError> {
    let Pairs { questions, pairs, partners } = Pairs::read(text)?;
    let records = questions.iter().enumerate().map(|(place, question)| record(place, question)).collect();
    let finder = Finder::new(setup, records)?;
    let vectors = finder.vectors(&questions)?;
    let mut each = Vec::new();
    for (place, partners) in partners.iter().step_by(step.max(1)) {
        let hits = finder.find(questions[*place], vectors[*place].clone(), DEPTH + 1)?;
        let own = name(*place);
        let others = hits.iter().filter(|hit| hit.id != own).take(DEPTH);
        let names: Vec<String> = partners.iter().map(|partner| name(*partner)).collect();
        let rank = others.into_iter().position(|hit| names.contains(&hit.id)).map(|place| place + 1);
        each.push(FaqEach { question: questions[*place].to_owned(), rank });
    }
    if each.is_empty() {
        return Err(RetrievalError::Nothing);
    }
    let within = |most: usize| {
        each.iter().filter(|one| one.rank.is_some_and(|rank| rank <= most)).count() as f64 / each.len() as f64
    };
    let reciprocal = |rank: usize| if rank <= 10 { 1.0 / rank as f64 } else { 0.0 };
    let report = FaqReport {
        queries: each.len(),
        questions: questions.len(),
        mrr_at_10: each.iter().filter_map(|one| one.rank).map(reciprocal).sum::<f64>() / each.len() as f64,
        recall_at_10: within(10),
        recall_at_50: within(50),
        pairs: pairs.len(),
        auc: auc(&scores(&questions, &vectors, &pairs, setup)),
    };
    Ok((report, each))
}

fn name(place: usize) -> String {
    format!("faq{place:06}")
}

fn record(place: usize, question: &str) -> Record {
    let mut fields = Map::new();
    fields.insert("kind".into(), RecordKind::Knowledge.as_str().into());
    fields.insert("id".into(), Value::from(name(place)));
    fields.insert("questions".into(), Value::from(vec![question]));
    Record { kind: RecordKind::Knowledge, id: name(place), fields }
}

/// A score of each pair, by words, by meaning or by the mean of both, with whether it means the same.
fn scores(
    questions: &[&str],
    vectors: &[Option<Vector>],
    pairs: &[(usize, usize, bool)],
    setup: &Setup,
) -> Vec<(f64, bool)> {
    let terms: Vec<BTreeSet<String>> = questions
        .iter()
        .map(|question| {
            let terms = setup.analyzer.query(question);
            terms.singles.into_iter().chain(terms.pairs).collect()
        })
        .collect();
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for term in terms.iter().flatten() {
        *counts.entry(term).or_default() += 1;
    }
    let weight = |term: &String| {
        (questions.len() as f64 / (1.0 + counts.get(term.as_str()).copied().unwrap_or(0) as f64))
            .ln()
            .max(0.0)
    };
    let shared = |one: usize, two: usize| {
        let common: f64 = terms[one].intersection(&terms[two]).map(weight).sum();
        let all: f64 = terms[one].union(&terms[two]).map(weight).sum();
        if all > 0.0 { common / all } else { 0.0 }
    };
    let score = |one: usize, two: usize| {
        let meaning = match (&vectors[one], &vectors[two]) {
            (Some(one), Some(two)) => f64::from(one.cosine(two)),
            _ => 0.0,
        };
        match setup.method {
            Method::Dense => meaning,
            Method::Words | Method::Lexical => shared(one, two),
            Method::Fused => SHARED_WEIGHT * shared(one, two) + meaning,
        }
    };
    pairs.iter().map(|(one, two, same)| (score(*one, *two), *same)).collect()
}

/// What shared characters count beside the cosine, whose useful range is a fifth as wide.
const SHARED_WEIGHT: f64 = 0.05;

/// The share of (same, different) pairs that stand in the right order; equal scores count a half.
fn auc(scores: &[(f64, bool)]) -> f64 {
    let mut sorted: Vec<&(f64, bool)> = scores.iter().collect();
    sorted.sort_by(|one, two| one.0.total_cmp(&two.0));
    let (mut below, mut right) = (0.0, 0.0);
    for group in sorted.chunk_by(|one, two| one.0 == two.0) {
        let same = group.iter().filter(|one| one.1).count() as f64;
        let different = group.len() as f64 - same;
        right += same * (below + different / 2.0);
        below += different;
    }
    let same = scores.iter().filter(|one| one.1).count() as f64;
    right / (same * below).max(1.0)
}

#[cfg(test)]
mod tests;
