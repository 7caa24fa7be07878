//! How well search finds the one right title: `corpus.tsv`, `queries.tsv` and `qrels.tsv` in, MRR and recall out.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::identity::{Scope, ShopId};
use crate::knowledge::analyzer::Analyzer;
use crate::knowledge::{Change, Hit, Knowledge, KnowledgeError, Method, SearchQuery};
use crate::model::{Embedder, Vector};
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

/// What is measured: how records are found, and by what.
#[derive(Clone)]
pub struct Setup {
    /// What cuts texts into terms.
    pub analyzer: Analyzer,
    /// What turns texts into vectors.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// Where vectors are kept from one measurement to the next.
    pub cache: Option<PathBuf>,
    /// How records are found.
    pub method: Method,
}

impl std::fmt::Debug for Setup {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Setup").field("method", &self.method).finish_non_exhaustive()
    }
}

impl Setup {
    /// By words alone, with this analyzer.
    pub fn lexical(analyzer: Analyzer) -> Self {
        Self { analyzer, embedder: None, cache: None, method: Method::Lexical }
    }

    fn by_meaning(&self) -> bool {
        matches!(self.method, Method::Dense | Method::Fused)
    }
}

/// Records that can be searched as the setup says.
pub(super) struct Finder {
    knowledge: Knowledge,
    setup: Setup,
    scope: Scope,
}

impl Finder {
    /// Indexes records, with their vectors if the method needs them.
    pub(super) fn new(setup: &Setup, records: Vec<Record>) -> Result<Self, RetrievalError> {
        if setup.by_meaning() && setup.embedder.is_none() {
            return Err(RetrievalError::NoEmbedder);
        }
        let embedder = setup.embedder.clone().filter(|_| setup.by_meaning());
        let knowledge = Knowledge::empty(setup.analyzer.clone())?
            .with_vector_cache(setup.cache.clone())
            .with_embedder(embedder)?;
        let shop = ShopId::default();
        let changes: Vec<Change> = records.into_iter().map(Change::Put).collect();
        knowledge.apply(&shop, &changes)?;
        knowledge.embed_waiting()?;
        Ok(Self { knowledge, setup: setup.clone(), scope: Scope::anonymous(shop) })
    }

    /// The vectors of questions; none by words.
    pub(super) fn vectors(&self, questions: &[&str]) -> Result<Vec<Option<Vector>>, RetrievalError> {
        if !self.setup.by_meaning() {
            return Ok(vec![None; questions.len()]);
        }
        Ok(self.knowledge.question_vectors(questions)?.into_iter().map(Some).collect())
    }

    pub(super) fn find(
        &self,
        question: &str,
        vector: Option<Vector>,
        limit: usize,
    ) -> Result<Vec<Hit>, RetrievalError> {
        let query = SearchQuery { text: question.to_owned(), limit, vector, ..SearchQuery::default() };
        Ok(self.knowledge.search_by(&self.scope, &query, self.setup.method)?)
    }
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
    /// Among the first fifty.
    pub recall_at_50: f64,
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
    /// What was found, best first: id, rank score, score by words, cosine.
    pub found: Vec<(String, f32, f32, Option<f32>)>,
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
    /// A method needs vectors and there is nothing to make them.
    #[error("this method needs the embedder, whose weights are not here; run `warmdesk model pull`")]
    NoEmbedder,
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
    setup: &Setup,
) -> Result<(RetrievalReport, Vec<RetrievalEach>), RetrievalError> {
    let mut titles = rows(set.corpus, "corpus.tsv", 2)?;
    titles.extend(rows(set.extra.unwrap_or_default(), "extra", 2)?);
    let mut right: HashMap<&str, HashSet<&str>> = HashMap::new();
    for row in rows(set.qrels, "qrels.tsv", 3)? {
        if row.get(3).is_none_or(|grade| *grade != "0") {
            right.entry(row[0]).or_default().insert(row[2]);
        }
    }
    let finder = Finder::new(setup, titles.iter().map(|row| product(row[0], row[1])).collect())?;
    let mut queries = rows(set.queries, "queries.tsv", 2)?;
    queries.retain(|row| right.contains_key(row[0]));
    let texts: Vec<&str> = queries.iter().map(|row| row[1]).collect();
    let mut each = Vec::new();
    for (row, vector) in queries.iter().zip(finder.vectors(&texts)?) {
        let hits = finder.find(row[1], vector, DEPTH)?;
        let right = right.get(row[0]);
        let is_right = |hit: &Hit| right.is_some_and(|right| right.contains(hit.id.as_str()));
        let rank = hits.iter().position(is_right).map(|place| place + 1);
        let found = hits.into_iter().map(|hit| (hit.id, hit.raw_score, hit.words, hit.meaning)).collect();
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
        recall_at_50: within(50),
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

pub(super) fn rows<'a>(
    text: &'a str,
    file: &'static str,
    expected: usize,
) -> Result<Vec<Vec<&'a str>>, RetrievalError> {
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
