//! `warmdesk index`: files become records in the store, and the store becomes a new index generation.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::options::GlobalOptions;
use super::serve::{clock, open_embedder, runtime, start_logging};
use crate::app::analyzer;
use crate::identity::{ShopId, StaffScope};
use crate::knowledge::sources::{SourceRecords, read_sources};
use crate::knowledge::{Builder, Manifest, build_generation};
use crate::model::Embedder;
use crate::record::{Record, RecordKind};
use crate::store::{ReplaceOutcome, Store};
use crate::time::Now;

/// Options of `index`.
#[derive(Debug, Clone, Args)]
pub struct IndexOptions {
    /// Files or folders: NDJSON records, Markdown
    #[arg(required = true, value_name = "SOURCE")]
    pub sources: Vec<PathBuf>,
    /// Read and check everything, change nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: IndexOptions) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    start_logging(&config)?;
    let sources = read_sources(&command.sources)?;
    for source in &sources {
        println!("{}: {} records", source.source, source.records.len());
        for skipped in &source.skipped {
            println!("  passed over (not NDJSON or Markdown): {}", skipped.display());
        }
    }
    if command.dry_run {
        println!("nothing was changed (--dry-run)");
        return Ok(ExitCode::SUCCESS);
    }
    let (clock, _) = clock(&config, false)?;
    runtime()?.block_on(async {
        let store = Store::open(&options.data).await?;
        let now = clock.now();
        for source in sources {
            let name = source.source.clone();
            let outcome = write(&store, source, &now).await?;
            let put = outcome.put;
            println!(
                "{name}: {} written, {} unchanged, {} older than what is there, {} withdrawn",
                put.accepted, put.unchanged, put.stale, outcome.withdrawn
            );
        }
        let embedder = open_embedder().await?;
        if embedder.is_some() {
            println!("computing vectors of what is new");
        }
        let manifest = build(&store, &options.data, embedder, &now).await?;
        let documents: usize = manifest.documents.values().sum();
        println!("generation {}: {documents} documents", manifest.id);
        store.close().await;
        anyhow::Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

fn staff() -> StaffScope {
    StaffScope { shop: ShopId::default(), actor: "index".to_owned() }
}

async fn write(store: &Store, source: SourceRecords, now: &Now) -> anyhow::Result<ReplaceOutcome> {
    Ok(store.replace_source(&staff(), &source.source, source.records, now).await?)
}

/// Builds and publishes a generation from everything in the store, with vectors if there is something to make them.
pub async fn build(
    store: &Store,
    data: &Path,
    embedder: Option<Arc<dyn Embedder>>,
    now: &Now,
) -> anyhow::Result<Manifest> {
    let mut records: Vec<Record> = Vec::new();
    for kind in RecordKind::ALL {
        records.extend(store.all_records(&staff(), kind).await?);
    }
    let (data, now, shop) = (data.to_owned(), now.clone(), ShopId::default());
    tokio::task::spawn_blocking(move || {
        let analyzer = analyzer(&data)?;
        let builder = Builder { analyzer: &analyzer, embedder: embedder.as_deref() };
        Ok(build_generation(&data, builder, records.iter().map(|record| (&shop, record)), &now)?)
    })
    .await?
}
