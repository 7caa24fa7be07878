//! Which records fit a question, how well, and why; within one scope.

use std::collections::HashMap;

use tantivy::query::{BooleanQuery, ConstScoreQuery, Occur, Query, TermQuery};
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, DocSet, Searcher, TantivyDocument, Term};

use super::KnowledgeError;
use super::analyzer::QueryTerms;
use super::candidates::Asked;
use super::live::{Knowledge, Live};
use crate::identity::Scope;
use crate::model::Vector;
use crate::record::RecordKind;

/// A question may have so many terms of a view; the rest of a very long message is not looked at.
const MOST_TERMS: usize = 64;
/// So many candidates are looked at closely, at least.
pub(super) const CANDIDATES: usize = 30;

/// How much each part and view counts in ranking. On real shopping queries single characters rank titles best and
/// words help a little (see `eval retrieval`); in long bodies every common character stands somewhere, so words and
/// pairs lead there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    /// For title, asked and body: words, singles, pairs.
    pub parts: [[f32; 3]; 3],
    /// A word that only stands for the word of the question.
    pub alternative: f32,
}

pub(super) const WEIGHTS: Weights =
    Weights { parts: [[0.5, 1.0, 0.1], [0.6, 1.0, 0.2], [0.3, 0.05, 0.15]], alternative: 0.5 };

/// How much of the fit each view decides: words, singles, pairs. Singles alone prove little, as every common
/// character stands somewhere.
const FIT: [f32; 3] = [0.45, 0.15, 0.40];
/// What a match that stands only in the body is worth.
const BODY_FIT: f32 = 0.85;

/// So many of the last steps that a score can make mean nothing.
const NOISE: u32 = 1 << 7;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct SearchQuery {
    /// The question, with private data masked.
    pub text: String,
    /// Only these kinds; empty means all.
    pub kinds: Vec<RecordKind>,
    /// At most so many hits.
    pub limit: usize,
    /// The product being talked about: of equally fitting records, those that belong to it come first.
    pub product: Option<String>,
    /// What the question means. Without it records are found by words alone.
    pub vector: Option<Vector>,
}

/// How records are found. All but the last are there to be measured against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// By words of the dictionary only.
    Words,
    /// By words, single characters and pairs of them.
    Lexical,
    /// By meaning only.
    Dense,
    /// By both.
    #[default]
    Fused,
}

/// A record that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its kind.
    pub kind: RecordKind,
    /// Its id.
    pub id: String,
    /// From 0 to 1: how sure it is that the record is about what is asked. Comparable between questions.
    pub score: f32,
    /// By which hits of one question are ranked.
    pub raw_score: f32,
    /// From 0 to 1: how much of what the question asks, weighed by rarity, stands in the record.
    pub words: f32,
    /// How near the record's meaning is to the question's, as a cosine; none without vectors.
    pub meaning: Option<f32>,
    /// The words that matched.
    pub why: Vec<String>,
}

impl Hit {
    /// The words that matched, with the score of each way: "奶粉 水温 (words 0.52, meaning 0.87)".
    pub fn explained(&self) -> String {
        let words = self.why.join(" ");
        let meaning = self.meaning.map_or_else(String::new, |meaning| format!(", meaning {meaning:.2}"));
        format!("{words} (words {:.2}{meaning})", self.words).trim_start().to_owned()
    }
}

impl Knowledge {
    /// Searches what a scope may see: what is public in its shop, and the verified customer's own. The filter is
    /// part of the query itself.
    ///
    /// # Errors
    /// The engine failed.
    pub fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, KnowledgeError> {
        self.search_by(scope, query, Method::Fused)
    }

    /// The terms of a question, as many as are looked at.
    pub(super) fn terms(&self, query: &SearchQuery) -> QueryTerms {
        let mut terms = self.analyzer.query(&query.text);
        terms.words.truncate(MOST_TERMS);
        terms.singles.truncate(MOST_TERMS);
        terms.pairs.truncate(MOST_TERMS);
        terms
    }

    pub(super) fn search_weighted(
        &self,
        scope: &Scope,
        query: &SearchQuery,
        weights: &Weights,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        let terms = self.terms(query);
        if query.limit == 0 || (terms.words.is_empty() && terms.singles.is_empty()) {
            return Ok(Vec::new());
        }
        let live = self.live.load_full();
        let searcher = live.reader.searcher();
        let asked = Asked::new(&live.fields, scope, query, &terms, weights);
        let found = asked.best(&searcher, query.limit.max(CANDIDATES))?;
        let mut hits = hits(&live, &searcher, &terms, &found)?;
        rank(&mut hits);
        hits.truncate(query.limit);
        Ok(hits)
    }
}

/// Puts the best first. Sums of the same numbers differ in their last digits with the order in which an index was filled;
/// what differs by no more is equal, and of equals the one with the smaller name comes first, so that the same question is
/// always answered alike.
pub(super) fn rank(hits: &mut [Hit]) {
    let worth = |hit: &Hit| f32::from_bits(hit.raw_score.to_bits().saturating_add(NOISE / 2) & !(NOISE - 1));
    hits.sort_by(|one, two| {
        worth(two).total_cmp(&worth(one)).then_with(|| (one.kind, &one.id).cmp(&(two.kind, &two.id)))
    });
}

/// What was found, with how well it fits.
pub(super) fn hits(
    live: &Live,
    searcher: &Searcher,
    terms: &QueryTerms,
    found: &[(f32, DocAddress)],
) -> Result<Vec<Hit>, KnowledgeError> {
    let fits = fit(live, searcher, terms, found)?;
    let mut hits = Vec::with_capacity(found.len());
    for ((raw_score, address), fit) in found.iter().zip(fits) {
        let document: TantivyDocument = searcher.doc(*address)?;
        let text =
            |field: Field| document.get_first(field).and_then(|value| value.as_str()).map(str::to_owned);
        let (Some(kind), Some(id)) = (text(live.fields.kind), text(live.fields.id)) else { continue };
        let Some(kind) = RecordKind::parse(&kind) else { continue };
        let (score, words) = (fit.score, fit.score);
        hits.push(Hit { kind, id, score, raw_score: *raw_score, words, meaning: None, why: fit.why });
    }
    Ok(hits)
}

pub(super) fn term_query(field: Field, text: &str) -> Box<dyn Query> {
    Box::new(TermQuery::new(Term::from_field_text(field, text), IndexRecordOption::WithFreqs))
}

pub(super) fn any_of(queries: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    Box::new(BooleanQuery::union(queries))
}

pub(super) fn filter(query: Box<dyn Query>) -> (Occur, Box<dyn Query>) {
    (Occur::Must, Box::new(ConstScoreQuery::new(query, 0.0)))
}

/// How well one candidate fits.
#[derive(Debug, Clone, Default)]
struct Fit {
    score: f32,
    why: Vec<String>,
}

/// One thing the question asks for, in one view.
struct Atom<'a> {
    view: usize,
    /// The term itself, then those that may stand for it.
    texts: Vec<&'a str>,
}

/// Weighs what each candidate has of the question, term by term, straight from the postings.
fn fit(
    live: &Live,
    searcher: &Searcher,
    terms: &QueryTerms,
    found: &[(f32, DocAddress)],
) -> Result<Vec<Fit>, KnowledgeError> {
    let atoms = atoms(terms);
    let documents = searcher.num_docs().max(1) as f32;
    let rarest = (1.0 + documents).ln();
    // For each candidate and view: weight that matched; for each view: weight in all.
    let mut matched = vec![[0.0_f32; 3]; found.len()];
    let mut asked = [0.0_f32; 3];
    let mut why: Vec<Vec<String>> = vec![Vec::new(); found.len()];
    for atom in &atoms {
        let place = places(live, searcher, atom, found)?;
        let rarity =
            (1.0 + (documents - place.frequency as f32).max(0.0) / (place.frequency as f32 + 0.5)).ln();
        let weight = (rarity / rarest).clamp(0.05, 1.0);
        asked[atom.view] += weight;
        for (index, worth) in place.worth {
            matched[index][atom.view] += weight * worth;
            if atom.view == 0 || (atom.view == 2 && why[index].is_empty()) {
                why[index].push(atom.texts[0].to_owned());
            }
        }
    }
    let possible: f32 = (0..3).filter(|view| asked[*view] > 0.0).map(|view| FIT[view]).sum();
    Ok(matched
        .into_iter()
        .zip(why)
        .map(|(matched, why)| {
            let score: f32 = (0..3)
                .filter(|view| asked[*view] > 0.0)
                .map(|view| FIT[view] * matched[view] / asked[view])
                .sum();
            Fit { score: (score / possible.max(f32::EPSILON)).clamp(0.0, 1.0), why }
        })
        .collect())
}

fn atoms(terms: &QueryTerms) -> Vec<Atom<'_>> {
    let words = terms.words.iter().map(|(word, others)| Atom {
        view: 0,
        texts: std::iter::once(word.as_str()).chain(others.iter().map(String::as_str)).collect(),
    });
    let singles = terms.singles.iter().map(|text| Atom { view: 1, texts: vec![text] });
    let pairs = terms.pairs.iter().map(|text| Atom { view: 2, texts: vec![text] });
    words.chain(singles).chain(pairs).collect()
}

/// Where an atom stands.
struct Places {
    /// In how many documents at most, over its fields.
    frequency: u32,
    /// Index of the candidate and what the match is worth.
    worth: HashMap<usize, f32>,
}

fn places(
    live: &Live,
    searcher: &Searcher,
    atom: &Atom<'_>,
    found: &[(f32, DocAddress)],
) -> Result<Places, KnowledgeError> {
    let mut places = Places { frequency: 0, worth: HashMap::new() };
    let mut order: Vec<usize> = (0..found.len()).collect();
    order.sort_by_key(|index| found[*index].1);
    for (part_index, part) in live.fields.parts.iter().enumerate() {
        let part_worth = if part_index == 2 { BODY_FIT } else { 1.0 };
        for (number, text) in atom.texts.iter().enumerate() {
            let worth = if number == 0 { part_worth } else { part_worth * 0.9 };
            let term = Term::from_field_text(part.fields[atom.view], text);
            let mut frequency = 0;
            for (segment, reader) in searcher.segment_readers().iter().enumerate() {
                let inverted = reader.inverted_index(part.fields[atom.view])?;
                let postings = inverted.read_postings(&term, IndexRecordOption::Basic);
                let Some(mut postings) = postings.map_err(tantivy::TantivyError::from)? else { continue };
                frequency += inverted.doc_freq(&term).map_err(tantivy::TantivyError::from)?;
                for index in &order {
                    let address = found[*index].1;
                    if address.segment_ord as usize != segment || postings.doc() > address.doc_id {
                        continue;
                    }
                    if postings.seek(address.doc_id) == address.doc_id {
                        let best = places.worth.entry(*index).or_default();
                        *best = best.max(worth);
                    }
                }
            }
            if number == 0 {
                places.frequency = places.frequency.max(frequency);
            }
        }
    }
    Ok(places)
}
