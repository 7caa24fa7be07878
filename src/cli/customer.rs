//! `warmdesk customer`: what is kept of one customer, given out or erased.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};

use super::index;
use super::options::GlobalOptions;
use super::serve::{clock, open_embedder, runtime, start_logging};
use crate::app::customers::export;
use crate::customers::Erased;
use crate::identity::{CustomerId, ShopId, StaffScope};
use crate::knowledge::{current_generation, forget_earlier_generations};
use crate::store::{ServingLock, Store, StoreError, compact};
use crate::time::Now;

/// What is done with what is kept of a customer.
#[derive(Debug, Clone, Subcommand)]
pub enum CustomerCommand {
    /// Write everything that is kept of a customer as one JSON object
    Export(ExportOptions),
    /// Erase everything that is kept of a customer, while no server runs on the data
    Erase(EraseOptions),
}

/// Options of `customer export`.
#[derive(Debug, Clone, Args)]
pub struct ExportOptions {
    /// The customer's id in the shop's system
    pub id: String,
    /// Where it is written; otherwise it is printed
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Options of `customer erase`.
#[derive(Debug, Clone, Args)]
pub struct EraseOptions {
    /// The customer's id in the shop's system
    pub id: String,
    /// End what is still open: tickets, actions, promises
    #[arg(long)]
    pub force: bool,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: CustomerCommand) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    start_logging(&config)?;
    let now = clock(&config, false)?.0.now();
    match command {
        CustomerCommand::Export(command) => write_out(options, &command, &now)?,
        CustomerCommand::Erase(command) => {
            let erased = runtime()?.block_on(erase(options, &command, &now))?;
            println!("{}", serde_json::to_string_pretty(&erased)?);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn staff() -> StaffScope {
    StaffScope { shop: ShopId::default(), actor: "customer".to_owned() }
}

fn write_out(options: &GlobalOptions, command: &ExportOptions, now: &Now) -> anyhow::Result<()> {
    let customer = CustomerId::new(&command.id)?;
    let data = runtime()?.block_on(async {
        let store = Store::open(&options.data).await?;
        let data = export(&store, &staff(), &customer, now).await;
        store.close().await;
        data
    })?;
    let text = serde_json::to_string_pretty(&data)?;
    match &command.out {
        Some(file) => {
            std::fs::write(file, text + "\n").with_context(|| format!("cannot write {}", file.display()))?;
        }
        None => println!("{text}"),
    }
    Ok(())
}

/// Erases, writes the file anew without the remains of older versions, and builds the index anew.
async fn erase(options: &GlobalOptions, command: &EraseOptions, now: &Now) -> anyhow::Result<Erased> {
    let customer = CustomerId::new(&command.id)?;
    // A running server has an index in memory, and may be answering this customer.
    let _lock = ServingLock::take(&options.data).map_err(|error| match error {
        StoreError::Busy(busy) => {
            anyhow::anyhow!("{busy}; or erase through it: DELETE /api/v1/customers/ID/data")
        }
        other => other.into(),
    })?;
    let store = Store::open(&options.data).await?;
    let erasure = store.erase_customer(&staff(), &customer, command.force, now).await?;
    if !erasure.gone.is_empty() && current_generation(&options.data)?.is_some() {
        index::build(&store, &options.data, open_embedder().await?, now).await?;
        forget_earlier_generations(&options.data)?;
    }
    store.close().await;
    compact(&options.data).await?;
    Ok(erasure.erased)
}
