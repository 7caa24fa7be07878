//! `warmdesk search`: what retrieval finds for a question, and why.

use std::process::ExitCode;

use clap::Args;
use comfy_table::{Table, presets};
use serde_json::json;

use super::options::{GlobalOptions, cache_environment};
use super::serve::{clock, runtime, start_logging};
use crate::app::analyzer;
use crate::identity::{CustomerId, Scope, ShopId};
use crate::knowledge::{Hit, Knowledge, SearchQuery};
use crate::model::{Catalogue, open_embedder};
use crate::record::{Record, RecordKind, evidence_text, evidence_title};
use crate::store::Store;
use crate::time::Now;

/// Options of `search`.
#[derive(Debug, Clone, Args)]
pub struct SearchOptions {
    /// The question
    pub query: String,
    /// Only records of this kind
    #[arg(long, value_parser = kind)]
    pub kind: Option<RecordKind>,
    /// At most so many
    #[arg(long, default_value_t = 10)]
    pub limit: usize,
    /// Search as this customer, whose own orders are found too
    #[arg(long, value_name = "ID")]
    pub customer: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn kind(name: &str) -> Result<RecordKind, String> {
    RecordKind::parse(name).ok_or_else(|| {
        let known: Vec<&str> = RecordKind::ALL.into_iter().map(RecordKind::as_str).collect();
        format!("unknown kind; known are {}", known.join(", "))
    })
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: SearchOptions) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    start_logging(&config)?;
    let scope = match &command.customer {
        Some(id) => Scope::customer(ShopId::default(), CustomerId::new(id)?),
        None => Scope::anonymous(ShopId::default()),
    };
    let embedder = open_embedder(&Catalogue::embedded()?, &cache_environment())?;
    let knowledge = Knowledge::open(&options.data, analyzer(&options.data)?)?.with_embedder(embedder)?;
    let query = SearchQuery {
        text: command.query.clone(),
        kinds: command.kind.into_iter().collect(),
        limit: command.limit,
        product: None,
        vector: knowledge.question_vector(&command.query),
    };
    let hits = knowledge.search(&scope, &query)?;
    let (clock, _) = clock(&config, false)?;
    let found = runtime()?.block_on(async {
        let store = Store::open(&options.data).await?;
        let ids: Vec<(RecordKind, String)> = hits.iter().map(|hit| (hit.kind, hit.id.clone())).collect();
        anyhow::Ok(store.records(&scope, &ids).await?)
    })?;
    print(&hits, &found, &clock.now(), command.json)?;
    Ok(ExitCode::SUCCESS)
}

fn print(hits: &[Hit], records: &[Record], now: &Now, as_json: bool) -> anyhow::Result<()> {
    let with_record = hits.iter().filter_map(|hit| {
        let record = records.iter().find(|record| record.kind == hit.kind && record.id == hit.id)?;
        Some((hit, record))
    });
    if as_json {
        let hits: Vec<_> = with_record
            .map(|(hit, record)| {
                json!({
                    "id": record.fact_id(), "kind": hit.kind, "title": evidence_title(record),
                    "text": evidence_text(record, now), "score": hit.score, "why": hit.explained(),
                })
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&json!({ "hits": hits }))?);
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["SCORE", "ID", "TITLE", "WHY"]);
    for (hit, record) in with_record {
        table.add_row([
            format!("{:.2}", hit.score),
            record.fact_id(),
            evidence_title(record),
            hit.explained(),
        ]);
    }
    println!("{table}");
    Ok(())
}
