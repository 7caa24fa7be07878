//! `warmdesk eval`: labelled rows in, scores out.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::options::GlobalOptions;
use super::serve::clock;
use crate::eval;
use crate::turn::understand::Reader;

/// Options of `eval`.
#[derive(Debug, Clone, Args)]
pub struct EvalOptions {
    /// What to measure
    #[command(subcommand)]
    pub subject: Subject,
}

/// What can be measured.
#[derive(Debug, Clone, Subcommand)]
pub enum Subject {
    /// Intents, stages, emotions and handoffs of labelled utterances
    Understanding(Rows),
    /// What the guard catches of planted faults, and what it wrongly blocks
    Guard(Rows),
}

/// A file of labelled rows.
#[derive(Debug, Clone, Args)]
pub struct Rows {
    /// One JSON object a line
    pub file: PathBuf,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
    /// Write what was predicted for each item, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub each: Option<PathBuf>,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: EvalOptions) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    let pack = options.pack(&config)?;
    match command.subject {
        Subject::Understanding(rows) => {
            let now = clock(&config, false)?.0.now();
            let read: Vec<eval::understanding::Row> = read(&rows.file)?;
            let (report, each) = eval::understanding::evaluate(&read, &pack, &Reader::new(&pack), &now);
            finish(&rows, &report, &each)
        }
        Subject::Guard(rows) => {
            let read: Vec<eval::guard::Row> = read(&rows.file)?;
            let (report, each) = eval::guard::run(&read, &pack, &config.zone()?);
            finish(&rows, &report, &each)
        }
    }
}

fn read<T: DeserializeOwned>(file: &Path) -> anyhow::Result<Vec<T>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(index, line)| {
            serde_json::from_str(line).with_context(|| format!("{}: line {}", file.display(), index + 1))
        })
        .collect()
}

fn finish(rows: &Rows, report: &impl Serialize, each: &[impl Serialize]) -> anyhow::Result<ExitCode> {
    if let Some(path) = &rows.each {
        let mut file = fs::File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        for item in each {
            writeln!(file, "{}", serde_json::to_string(item)?)?;
        }
    }
    let text = if rows.json { serde_json::to_string(report)? } else { serde_json::to_string_pretty(report)? };
    println!("{text}");
    Ok(ExitCode::SUCCESS)
}
