//! `warmdesk index`: files become records in the store, and the store becomes a new index generation.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::options::GlobalOptions;
use super::serve::{clock, open_embedder, runtime, start_logging};
use crate::app::{Dangling, analyzer, dangling};
use crate::config::Config;
use crate::identity::{ShopId, StaffScope};
use crate::knowledge::sources::{Columns, SourceError, SourceRecords, read_sources};
use crate::knowledge::{Builder, Manifest, build_generation, forget_earlier_generations};
use crate::model::Embedder;
use crate::record::{LineFault, Record, RecordKind};
use crate::store::{ReplaceOutcome, Store};
use crate::time::Now;

/// More faults are counted, not printed.
const PRINTED_FAULTS: usize = 100;

/// Options of `index`.
#[derive(Debug, Clone, Args)]
pub struct IndexOptions {
    /// Files or folders: CSV, XLSX, NDJSON records, Markdown
    #[arg(required_unless_present = "rebuild", value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    /// Read no source: build the index anew from what is stored, as after it was deleted or its dictionaries changed
    #[arg(long, conflicts_with_all = ["sources", "dry_run"])]
    pub rebuild: bool,
    /// Read and check everything, say what was understood, change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: IndexOptions) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    start_logging(&config)?;
    if command.rebuild {
        return rebuild(options, &config, command.json);
    }
    let dictionaries = options.data.join("dictionaries");
    let columns = Columns::load(dictionaries.is_dir().then_some(dictionaries.as_path()))?;
    let sources = match read_sources(&command.sources, &columns) {
        Ok(sources) => sources,
        Err(SourceError::Faults(faults)) => return refuse(&faults, command.json),
        Err(error) => return Err(error.into()),
    };
    let mut report = describe(&sources);
    report["dry_run"] = command.dry_run.into();
    if !command.json {
        print_understood(&sources);
    }
    if command.dry_run {
        if command.json {
            println!("{}", serde_json::to_string_pretty(&report)?);
        } else {
            println!("nothing was changed (--dry-run)");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let (clock, _) = clock(&config, false)?;
    let now = clock.now();
    let manifest = runtime()?.block_on(publish(&options.data, sources, &now, |told| {
        let (index, source, outcome) = match told {
            Told::Source(index, source, outcome) => (index, source, outcome),
            Told::Dangling(dangling) => {
                report["unknown_references"] = dangling.iter().map(|one| one.message.clone()).collect();
                if !command.json {
                    print_dangling(dangling);
                }
                return;
            }
        };
        note(&mut report["sources"][index], outcome);
        if !command.json {
            print_outcome(source, outcome);
        }
    }))?;
    let documents: usize = manifest.documents.values().sum();
    if command.json {
        report["generation"] = json!({ "id": manifest.id, "documents": documents });
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("generation {}: {documents} documents", manifest.id);
    }
    Ok(ExitCode::SUCCESS)
}

/// Builds a generation from the store alone.
fn rebuild(options: &GlobalOptions, config: &Config, as_json: bool) -> anyhow::Result<ExitCode> {
    let now = clock(config, false)?.0.now();
    let manifest = runtime()?.block_on(publish(&options.data, Vec::new(), &now, |_| {}))?;
    // What was erased from the store may stand in them.
    forget_earlier_generations(&options.data)?;
    let documents: usize = manifest.documents.values().sum();
    if as_json {
        let report = json!({ "generation": { "id": manifest.id, "documents": documents } });
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("generation {}: {documents} documents", manifest.id);
    }
    Ok(ExitCode::SUCCESS)
}

/// What publishing has to tell.
enum Told<'a> {
    /// What became of a source: its place, its name, what was done.
    Source(usize, &'a str, ReplaceOutcome),
    /// References that lead nowhere; the records that have them are taken.
    Dangling(&'a [Dangling]),
}

/// Writes all sources, tells what became of each, and publishes a generation.
async fn publish(
    data: &Path,
    sources: Vec<SourceRecords>,
    now: &Now,
    mut tell: impl FnMut(Told<'_>),
) -> anyhow::Result<Manifest> {
    let store = Store::open(data).await?;
    let all: Vec<&Record> = sources.iter().flat_map(|source| &source.records).collect();
    tell(Told::Dangling(&dangling(&store, &staff(), &all).await?));
    for (index, source) in sources.into_iter().enumerate() {
        let outcome = store.replace_source(&staff(), &source.source, source.records, now).await?;
        tell(Told::Source(index, &source.source, outcome));
    }
    let embedder = open_embedder().await?;
    let manifest = build(&store, data, embedder, now).await?;
    store.close().await;
    Ok(manifest)
}

/// Says everything that is wrong.
fn refuse(faults: &[LineFault], as_json: bool) -> anyhow::Result<ExitCode> {
    if as_json {
        println!("{}", serde_json::to_string_pretty(&json!({ "faults": faults }))?);
    }
    for fault in faults.iter().take(PRINTED_FAULTS) {
        eprintln!("{fault}");
    }
    if faults.len() > PRINTED_FAULTS {
        eprintln!("and {} more", faults.len() - PRINTED_FAULTS);
    }
    eprintln!("{} faults; nothing was changed", faults.len());
    Ok(ExitCode::FAILURE)
}

/// What was understood, as one object.
fn describe(sources: &[SourceRecords]) -> Value {
    let sources: Vec<Value> = sources
        .iter()
        .map(|source| {
            json!({
                "source": source.source, "records": source.records.len(), "files": source.files,
                "warnings": source.warnings, "skipped": source.skipped,
            })
        })
        .collect();
    json!({ "sources": sources })
}

fn print_understood(sources: &[SourceRecords]) {
    for source in sources {
        println!("{}: {} records", source.source, source.records.len());
        for file in &source.files {
            println!("{file}");
        }
        for skipped in &source.skipped {
            println!("  passed over (not CSV, XLSX, NDJSON or Markdown): {}", skipped.display());
        }
        for warning in &source.warnings {
            println!("warning: {warning}");
        }
    }
}

/// Adds what became of a source to what is told of it.
fn note(told: &mut Value, outcome: ReplaceOutcome) {
    told["written"] = outcome.put.accepted.into();
    told["unchanged"] = outcome.put.unchanged.into();
    told["older"] = outcome.put.stale.into();
    told["withdrawn"] = outcome.withdrawn.into();
}

fn print_outcome(source: &str, outcome: ReplaceOutcome) {
    let put = outcome.put;
    println!(
        "{source}: {} written, {} unchanged, {} older than what is there, {} withdrawn",
        put.accepted, put.unchanged, put.stale, outcome.withdrawn
    );
}

fn print_dangling(dangling: &[Dangling]) {
    for one in dangling.iter().take(PRINTED_FAULTS) {
        println!("warning: {}", one.message);
    }
    if dangling.len() > PRINTED_FAULTS {
        println!("warning: and {} more references to unknown records", dangling.len() - PRINTED_FAULTS);
    }
}

fn staff() -> StaffScope {
    StaffScope { shop: ShopId::default(), actor: "index".to_owned() }
}

/// Builds and publishes a generation from everything in the store, with vectors if there is something to make them.
pub async fn build(
    store: &Store,
    data: &Path,
    embedder: Option<Arc<dyn Embedder>>,
    now: &Now,
) -> anyhow::Result<Manifest> {
    // Read first, so that what is changed while the records are read is applied again rather than lost.
    let change = store.last_change(&staff()).await?;
    let mut records: Vec<Record> = Vec::new();
    for kind in RecordKind::ALL {
        records.extend(store.all_records(&staff(), kind).await?);
    }
    let (data, now, shop) = (data.to_owned(), now.clone(), ShopId::default());
    tokio::task::spawn_blocking(move || {
        let analyzer = analyzer(&data)?;
        let builder = Builder { analyzer: &analyzer, embedder: embedder.as_deref(), change: Some(change) };
        Ok(build_generation(&data, builder, records.iter().map(|record| (&shop, record)), &now)?)
    })
    .await?
}
