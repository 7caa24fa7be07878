//! How does the index bear a large shop: how fast is it built and searched, how much memory and disk does it take, how soon
//! is a change seen? Over a generated shop of any size, with synthetic vectors or none.

mod generated;
mod report;
mod synthetic;
mod visible;

use std::path::Path;
use std::time::{Duration, Instant};

use super::distribution::Times;
use super::machine::{Machine, peak_memory_mb};
use super::verdict::Verdict;
use crate::identity::{Scope, ShopId, StaffScope};
use crate::knowledge::analyzer::Analyzer;
use crate::knowledge::{Builder, Knowledge, SearchQuery, build_generation, index_folder};
use crate::model::{Embedder, Purpose};
use crate::record::{Record, RecordKind};
use crate::store::{FILE, Store};
use crate::time::Now;

pub use report::{IndexReport, Part};
pub use synthetic::SyntheticEmbedder;
pub use visible::measure_visible;

/// So many hits are asked for, as a turn does.
const HITS: usize = 24;

/// What a turn searches.
const KINDS: [RecordKind; 5] = [
    RecordKind::Product,
    RecordKind::Knowledge,
    RecordKind::Promotion,
    RecordKind::Notice,
    RecordKind::Policy,
];

/// What is measured.
#[derive(Debug, Clone)]
pub struct IndexPlan {
    /// How many records the shop has.
    pub records: usize,
    /// How many questions are searched.
    pub questions: usize,
    /// Whether records and questions have vectors, which then are synthetic.
    pub vectors: bool,
    /// The seed of the shop.
    pub seed: u64,
}

/// Something could not be measured.
#[derive(Debug, thiserror::Error)]
pub enum IndexBenchError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] crate::store::StoreError),
    /// The index failed.
    #[error(transparent)]
    Knowledge(#[from] crate::knowledge::KnowledgeError),
    /// A file or folder cannot be read.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// The server did not do what was asked.
    #[error("{0}")]
    Server(String),
}

/// Fills a data folder with a generated shop and measures everything but how soon a change is seen.
///
/// # Errors
/// If store or index fail.
pub async fn measure_index(
    plan: &IndexPlan,
    data: &Path,
    analyzer: Analyzer,
    now: &Now,
) -> Result<IndexReport, IndexBenchError> {
    let staff = StaffScope { shop: ShopId::default(), actor: "bench".to_owned() };
    let store = Store::open(data).await?;
    let records: Vec<Record> = generated::records(plan.records, plan.seed).collect();
    let started = Instant::now();
    store.replace_source(&staff, "bench", records, now).await?;
    let imported = part(started.elapsed(), plan.records, bytes_of(&data.join(FILE))?);
    let mut records = Vec::with_capacity(plan.records);
    let change = store.last_change(&staff).await?;
    for kind in RecordKind::ALL {
        records.extend(store.all_records(&staff, kind).await?);
    }
    store.close().await;
    let embedder = plan.vectors.then(SyntheticEmbedder::default);
    let (data, plan, now) = (data.to_owned(), plan.clone(), now.clone());
    let measuring = move || {
        let built = build(&data, (&analyzer, embedder.as_ref(), change), &records, &now)?;
        drop(records);
        searched(&plan, &data, analyzer, embedder, (imported, built))
    };
    tokio::task::spawn_blocking(measuring)
        .await
        .map_err(|error| IndexBenchError::Server(error.to_string()))?
}

fn build(
    data: &Path,
    (analyzer, embedder, change): (&Analyzer, Option<&SyntheticEmbedder>, i64),
    records: &[Record],
    now: &Now,
) -> Result<Part, IndexBenchError> {
    let shop = ShopId::default();
    let embedder = embedder.map(|embedder| embedder as &dyn Embedder);
    let builder = Builder { analyzer, embedder, change: Some(change) };
    let started = Instant::now();
    build_generation(data, builder, records.iter().map(|record| (&shop, record)), now)?;
    Ok(part(started.elapsed(), records.len(), bytes_of(&index_folder(data))?))
}

fn searched(
    plan: &IndexPlan,
    data: &Path,
    analyzer: Analyzer,
    embedder: Option<SyntheticEmbedder>,
    (imported, built): (Part, Part),
) -> Result<IndexReport, IndexBenchError> {
    let started = Instant::now();
    let knowledge = Knowledge::open(data, analyzer)?;
    let embedder: Option<std::sync::Arc<dyn Embedder>> =
        embedder.map(|embedder| std::sync::Arc::new(embedder) as std::sync::Arc<dyn Embedder>);
    let knowledge = knowledge.with_embedder(embedder.clone())?;
    let opened_s = started.elapsed().as_secs_f64();
    let questions = generated::questions(plan.questions, plan.seed);
    let mut words = Times::new();
    let mut fused = Times::new();
    for question in &questions {
        words.add(search(&knowledge, question, None)?);
        if let Some(embedder) = &embedder {
            fused.add(search(&knowledge, question, Some(embedder.as_ref()))?);
        }
    }
    let report = IndexReport {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: Machine::here(),
        records: plan.records,
        vectors: plan.vectors,
        imported,
        built,
        opened_s: super::distribution::rounded(opened_s),
        words_ms: words.distribution(),
        fused_ms: embedder.map(|_| fused.distribution()),
        visible_ms: None,
        peak_memory_mb: peak_memory_mb(),
        verdict: Verdict { passed: true, criteria: Vec::new() },
    };
    Ok(report.judged())
}

/// How long one search takes, without the vector of its question.
fn search(
    knowledge: &Knowledge,
    question: &str,
    embedder: Option<&dyn Embedder>,
) -> Result<Duration, IndexBenchError> {
    let vector = embedder.and_then(|embedder| embedder.embed_one(question, Purpose::Query).ok());
    let query =
        SearchQuery { text: question.to_owned(), kinds: KINDS.to_vec(), limit: HITS, product: None, vector };
    let started = Instant::now();
    knowledge.search(&Scope::anonymous(ShopId::default()), &query)?;
    Ok(started.elapsed())
}

fn part(elapsed: Duration, records: usize, bytes: u64) -> Part {
    let seconds = elapsed.as_secs_f64();
    Part {
        seconds: super::distribution::rounded(seconds),
        per_s: super::distribution::rounded(records as f64 / seconds.max(f64::EPSILON)),
        disk_mb: super::distribution::rounded(bytes as f64 / 1_048_576.0),
    }
}

/// The bytes of a file, or of all files in a folder.
fn bytes_of(path: &Path) -> std::io::Result<u64> {
    if path.is_file() {
        return Ok(path.metadata()?.len());
    }
    std::fs::read_dir(path)?.try_fold(0, |sum, entry| Ok(sum + bytes_of(&entry?.path())?))
}

#[cfg(test)]
mod tests;
