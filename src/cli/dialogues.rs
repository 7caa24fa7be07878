//! `warmdesk eval dialogues`: whole conversations in, what went wrong out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use comfy_table::{Table, presets};

use super::options::GlobalOptions;
use super::sample;
use super::serve::runtime;
use crate::config::Config;
use crate::eval::dialogues::{Dialogue, Report, Shop, Stage, read, run};
use crate::record::{Record, parse_ndjson};
use crate::time::Now;
use crate::turn::Rules;

/// Options of `eval dialogues`.
#[derive(Debug, Clone, Args)]
pub struct DialogueOptions {
    /// Conversations as YAML, or folders of them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A folder of NDJSON records instead of the sample shop
    #[arg(long, value_name = "DIR")]
    pub shop: Option<PathBuf>,
    /// Another number chooses other variants of the wording
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Show every turn with scenario, tier, points, goals and sentences
    #[arg(long)]
    pub trace: bool,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Runs the command. It fails if an answer has a fault.
pub fn evaluate(options: &GlobalOptions, command: &DialogueOptions) -> anyhow::Result<ExitCode> {
    // All are read before the first is held, so that a bad file is known at once.
    let dialogues: Vec<_> = found(&command.files)?.iter().map(|file| told(file)).collect::<Result<_, _>>()?;
    let languages = dialogues.iter().filter_map(|(_, dialogue)| dialogue.language.as_deref()).collect();
    let stage = stage(options, command, languages)?;
    let each = runtime()?.block_on(async {
        let mut each = Vec::new();
        for (name, dialogue) in &dialogues {
            each.push(run(name, dialogue, &stage).await?);
        }
        anyhow::Ok(each)
    })?;
    let report = Report::of(each);
    if command.json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        show(&report, command.trace);
    }
    Ok(if report.right == report.dialogues { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The shop of the settings, and for each other language that is spoken the sample shop's sister.
fn stage(
    options: &GlobalOptions,
    command: &DialogueOptions,
    languages: BTreeSet<&str>,
) -> anyhow::Result<Stage> {
    let mut config = options.settings()?;
    if command.shop.is_none() {
        sample::name_shop(&mut config)?;
    }
    let records = match &command.shop {
        Some(folder) => own_records(folder)?,
        None => sample::records(&reference(&config)?)?,
    };
    let mut shops = vec![Shop { rules: Arc::new(Rules::new(options.pack(&config)?)), records }];
    for language in languages.into_iter().filter(|language| *language != config.shop.language) {
        shops.push(sister(options, &config, language)?);
    }
    Ok(Stage { shops, config, seed: command.seed })
}

fn sister(options: &GlobalOptions, config: &Config, language: &str) -> anyhow::Result<Shop> {
    let unknown =
        || format!("a conversation names the language `{language}`, in which there is no sample shop");
    let (names, records) = sample::sister(language).with_context(unknown)?;
    let mut config = config.clone();
    language.clone_into(&mut config.shop.language);
    config.shop.name = Some(names.name);
    config.shop.assistant = Some(names.assistant);
    Ok(Shop { rules: Arc::new(Rules::new(options.pack(&config)?)), records })
}

/// The dialogue of a file, with the name it goes by.
fn told(file: &Path) -> anyhow::Result<(String, Dialogue)> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let name = file.file_stem().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok((name, read(&file.display().to_string(), &text)?))
}

/// The files that are named, and those of the folders that are named, in order and each once.
fn found(named: &[PathBuf]) -> anyhow::Result<BTreeSet<PathBuf>> {
    let mut files = BTreeSet::new();
    for path in named {
        if !path.is_dir() {
            files.insert(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
        for entry in entries {
            let file = entry?.path();
            if file.extension().is_some_and(|end| end == "yaml") {
                files.insert(file);
            }
        }
    }
    anyhow::ensure!(!files.is_empty(), "there is no conversation in what was named; a file ends in .yaml");
    Ok(files)
}

fn own_records(folder: &Path) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let file = entry?.path();
        if file.extension().is_none_or(|end| end != "ndjson") {
            continue;
        }
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        let read = parse_ndjson(&bytes, &file.display().to_string());
        records.extend(read.map_err(|faults| anyhow::anyhow!("{}", faults[0]))?);
    }
    Ok(records)
}

/// The moment around which the sample shop's records are written: they are taken as they stand.
fn reference(config: &Config) -> anyhow::Result<Now> {
    let moment = sample::shop()?.reference_time.parse().context("shop.toml: reference_time is no time")?;
    Ok(Now::new(moment, config.zone()?))
}

fn show(report: &Report, trace: bool) {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["conversation", "turns", "wrong", "shows"]);
    for told in &report.each {
        let wrong = told.turns.iter().filter(|turn| !turn.faults.is_empty()).count();
        table.add_row([
            told.name.clone(),
            told.turns.len().to_string(),
            wrong.to_string(),
            told.about.clone(),
        ]);
    }
    println!("{table}");
    for told in &report.each {
        if trace {
            println!("\n{}", told.in_full());
        }
        if !told.is_right() {
            println!("\n{}:\n{}", told.name, told.faults());
        }
    }
    println!(
        "\n{} of {} conversations as they should be, {} of {} turns wrong, {} sentences repeated",
        report.right, report.dialogues, report.wrong_turns, report.turns, report.repeats
    );
}
