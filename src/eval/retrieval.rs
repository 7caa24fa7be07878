//! How well search finds the one right title: `corpus.tsv`, `queries.tsv` and `qrels.tsv` in, MRR and recall out.

use std::collections::{HashMap, HashSet};

use serde::Serialize;
use serde_json::{Map, Value};

use crate::identity::{Scope, ShopId};
use crate::knowledge::analyzer::Analyzer;
use crate::knowledge::{Change, Knowledge, KnowledgeError, SearchQuery};
use crate::record::{Record, RecordKind};

/// So many hits are looked at.
const DEPTH: usize = 100;

/// The texts of a retrieval set, as they stand in its files.
#[derive(Debug, Clone, Copy)]
pub struct RetrievalSet<'a> {
    /// `id<TAB>title` a line.
    pub corpus: &'a str,
    /// `id<TAB>question` a line.
    pub queries: &'a str,
    /// `query<TAB>0<TAB>title<TAB>1` a line.
    pub qrels: &'a str,
    /// More titles that are never right.
    pub extra: Option<&'a str>,
}

/// How well it went.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RetrievalReport {
    /// Questions with a right answer.
    pub queries: usize,
    /// Titles searched.
    pub titles: usize,
    /// Mean of one by the rank of the first right title, 0 beyond the tenth.
    pub mrr_at_10: f64,
    /// Share of questions with a right title among the first.
    pub recall_at_1: f64,
    /// Among the first ten.
    pub recall_at_10: f64,
    /// Among the first hundred.
    pub recall_at_100: f64,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RetrievalEach {
    /// Its id.
    pub id: String,
    /// The rank of the first right title, from 1; none beyond the hundredth.
    pub rank: Option<usize>,
    /// The ids that were found, best first, at most ten.
    pub found: Vec<String>,
}

/// A set cannot be measured.
#[derive(Debug, thiserror::Error)]
pub enum RetrievalError {
    /// A line has too few columns.
    #[error("{file}:{line}: expected {expected} columns separated by tabs")]
    Columns {
        /// Which file.
        file: &'static str,
        /// The line.
        line: usize,
        /// How many columns it needs.
        expected: usize,
    },
    /// No question has a right answer.
    #[error("no question of queries.tsv has an answer in qrels.tsv; check that they belong together")]
    Nothing,
    /// The index failed.
    #[error(transparent)]
    Knowledge(#[from] KnowledgeError),
}

/// Indexes the titles and asks every question that has a right answer.
///
/// # Errors
/// A bad line, or the index failed.
pub fn evaluate_retrieval(
    set: RetrievalSet<'_>,
    analyzer: &Analyzer,
) -> Result<(RetrievalReport, Vec<RetrievalEach>), RetrievalError> {
    let mut titles = rows(set.corpus, "corpus.tsv", 2)?;
    titles.extend(rows(set.extra.unwrap_or_default(), "extra", 2)?);
    let mut right: HashMap<&str, HashSet<&str>> = HashMap::new();
    for row in rows(set.qrels, "qrels.tsv", 3)? {
        if row.get(3).is_none_or(|grade| *grade != "0") {
            right.entry(row[0]).or_default().insert(row[2]);
        }
    }
    let knowledge = Knowledge::empty(analyzer.clone())?;
    let shop = ShopId::default();
    let changes: Vec<Change> = titles.iter().map(|row| Change::Put(product(row[0], row[1]))).collect();
    knowledge.apply(&shop, &changes)?;
    let scope = Scope::anonymous(shop);
    let mut each = Vec::new();
    for row in rows(set.queries, "queries.tsv", 2)? {
        let Some(right) = right.get(row[0]) else { continue };
        let query = SearchQuery { text: row[1].to_owned(), limit: DEPTH, ..SearchQuery::default() };
        let hits = knowledge.search(&scope, &query)?;
        let rank = hits.iter().position(|hit| right.contains(hit.id.as_str())).map(|place| place + 1);
        let found = hits.into_iter().take(10).map(|hit| hit.id).collect();
        each.push(RetrievalEach { id: row[0].to_owned(), rank, found });
    }
    if each.is_empty() {
        return Err(RetrievalError::Nothing);
    }
    Ok((report(&each, titles.len()), each))
}

fn report(each: &[RetrievalEach], titles: usize) -> RetrievalReport {
    let count = each.len() as f64;
    let within = |depth: usize| {
        each.iter().filter(|one| one.rank.is_some_and(|rank| rank <= depth)).count() as f64 / count
    };
    let reciprocal: f64 =
        each.iter().filter_map(|one| one.rank).filter(|rank| *rank <= 10).map(|rank| 1.0 / rank as f64).sum();
    RetrievalReport {
        queries: each.len(),
        titles,
        mrr_at_10: reciprocal / count,
        recall_at_1: within(1),
        recall_at_10: within(10),
        recall_at_100: within(DEPTH),
    }
}

fn product(id: &str, title: &str) -> Record {
    let mut fields = Map::new();
    fields.insert("kind".into(), RecordKind::Product.as_str().into());
    fields.insert("id".into(), Value::from(id));
    fields.insert("title".into(), Value::from(title));
    Record { kind: RecordKind::Product, id: id.to_owned(), fields }
}

fn rows<'a>(text: &'a str, file: &'static str, expected: usize) -> Result<Vec<Vec<&'a str>>, RetrievalError> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(index, line)| {
            let columns: Vec<&str> = line.split('\t').collect();
            if columns.len() < expected {
                return Err(RetrievalError::Columns { file, line: index + 1, expected });
            }
            Ok(columns)
        })
        .collect()
}

#[cfg(test)]
mod tests;
