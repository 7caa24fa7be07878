//! `warmdesk pack`: change what the assistant says, look at it first, put it in force, take it back.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Subcommand};
use serde_json::json;

use super::options::{GlobalOptions, variable};
use super::serve::{self, ModelOptions};
use crate::app::{PackPlace, Trial};
use crate::config::Config;
use crate::identity::{ConversationId, CustomerId, Scope, ShopId};
use crate::pack::load::{PackSource, Severity, check};
use crate::pack::sheets;
use crate::pack::versions::{FileChange, Reason, Workshop};
use crate::turn::trace::Trace;

/// Options of `pack`.
#[derive(Debug, Clone, Args)]
pub struct PackOptions {
    /// Which language; without it the one of the settings
    #[arg(long, global = true, value_name = "zh-CN|en")]
    pub language: Option<String>,
    /// What to do
    #[command(subcommand)]
    pub command: PackCommand,
}

/// What can be done with a pack.
#[derive(Debug, Clone, Subcommand)]
pub enum PackCommand {
    /// Make a draft of the pack in force, or show what the draft changes
    Draft {
        /// Throw the draft away
        #[arg(long)]
        discard: bool,
    },
    /// Check the draft: everything that is wrong with it, by file and line
    Check,
    /// Say one message to the pack in force and to the draft, and show both answers
    Try(TryOptions),
    /// Put the draft in force, if it has no faults; a running server takes it up within a second
    Publish {
        /// Who and why
        #[command(flatten)]
        reason: ReasonOptions,
        /// Publish although something else was put in force since the draft was made
        #[arg(long)]
        over: bool,
    },
    /// Put an earlier version in force again
    Rollback {
        /// Its number; without one the version before
        version: Option<u32>,
        /// Who and why
        #[command(flatten)]
        reason: ReasonOptions,
    },
    /// List what was in force: when, who put it there, and why
    History {
        /// Print exactly one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write wording and examples into a workbook; of the draft if there is one
    Export {
        /// The workbook
        #[arg(value_name = "FILE.xlsx")]
        file: PathBuf,
    },
    /// Take changed wording and examples from a workbook into the draft
    Import {
        /// The workbook
        #[arg(value_name = "FILE.xlsx")]
        file: PathBuf,
        /// Show what would change, change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

/// Options of `pack try`.
#[derive(Debug, Clone, Args)]
pub struct TryOptions {
    /// What the customer says
    pub message: String,
    /// Who says it; their orders are read
    #[arg(long, value_name = "ID")]
    pub customer: Option<String>,
    /// What generates text; without it nothing does, and wording and evidence answer
    #[command(flatten)]
    pub model: ModelOptions,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}

/// For the history.
#[derive(Debug, Clone, Args)]
pub struct ReasonOptions {
    /// Why; people will read it in the history
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// Who; without it the name of the user
    #[arg(long, value_name = "NAME")]
    pub who: Option<String>,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, pack: PackOptions) -> anyhow::Result<ExitCode> {
    let mut config = options.settings()?;
    if let Some(language) = pack.language {
        config.shop.language = language;
    }
    let published = options.prompts.clone().unwrap_or_else(|| options.data.join("prompts"));
    let workshop = Workshop::new(&options.data, options.pack_source(), &published, &config.shop.language);
    match pack.command {
        PackCommand::Draft { discard } => draft(&workshop, discard),
        PackCommand::Check => check_draft(&workshop),
        PackCommand::Try(command) => attempt(options, config, &workshop, &command),
        PackCommand::Publish { reason, over } => {
            let version = workshop.publish(&reason_of(reason, &config)?, over)?;
            println!(
                "version {} ({}) is in force: {}",
                version.number,
                version.pack,
                workshop.target().display()
            );
            Ok(ExitCode::SUCCESS)
        }
        PackCommand::Rollback { version, reason } => {
            let version = workshop.roll_back(version, &reason_of(reason, &config)?)?;
            let copy_of =
                version.copy_of.map_or_else(String::new, |number| format!(", a copy of version {number},"));
            println!("version {} ({}){copy_of} is in force", version.number, version.pack);
            Ok(ExitCode::SUCCESS)
        }
        PackCommand::History { json } => history(&workshop, json),
        PackCommand::Export { file } => export(&workshop, &file),
        PackCommand::Import { file, dry_run } => import(&workshop, &file, dry_run),
    }
}

fn reason_of(options: ReasonOptions, config: &Config) -> anyhow::Result<Reason> {
    let who = options.who.or_else(|| variable("USER")).or_else(|| variable("USERNAME"));
    let at = serve::clock(config, false)?.0.now().timestamp();
    Ok(Reason { who: who.context("say who you are with --who")?, why: options.why, at })
}

fn draft(workshop: &Workshop, discard: bool) -> anyhow::Result<ExitCode> {
    if discard {
        let said = if workshop.discard()? { "the draft is thrown away" } else { "there was no draft" };
        println!("{said}");
        return Ok(ExitCode::SUCCESS);
    }
    let draft = workshop.draft()?;
    let what = if draft.is_new { "a new draft, a copy of what is in force" } else { "the draft" };
    println!("{what}: {}", draft.folder.display());
    for (file, change) in &draft.changes {
        let mark = match change {
            FileChange::Added => '+',
            FileChange::Changed => '~',
            FileChange::Removed => '-',
        };
        println!("  {mark} {file}");
    }
    Ok(ExitCode::SUCCESS)
}

fn check_draft(workshop: &Workshop) -> anyhow::Result<ExitCode> {
    let problems = check(&workshop.draft_files()?);
    for problem in &problems {
        println!("{problem}");
    }
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    println!("{errors} errors, {} warnings", problems.len() - errors);
    Ok(if errors > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn attempt(
    options: &GlobalOptions,
    mut config: Config,
    workshop: &Workshop,
    command: &TryOptions,
) -> anyhow::Result<ExitCode> {
    workshop.draft_files()?;
    let model = command.model.clone();
    let model = ModelOptions { model: model.model.or_else(|| Some("none".to_owned())), ..model };
    model.apply(&mut config);
    "error".clone_into(&mut config.log.level);
    serve::start_logging(&config)?;
    let scope = match &command.customer {
        Some(id) => Scope::customer(ShopId::default(), CustomerId::new(id)?),
        None => Scope::anonymous(ShopId::default()),
    };
    let in_force = options.pack_place(&config).load()?.pack;
    let draft = PackSource::Folder(workshop.draft_folder().to_owned());
    let draft = PackPlace::new(draft, &config).load()?.pack;
    let traces = serve::runtime()?.block_on(async {
        let model = serve::open_model(&config)?;
        let embedder = serve::open_embedder().await?;
        serve::wait_until_loaded(model.as_ref()).await;
        let clock = serve::clock(&config, false)?.0;
        let orders = serve::open_orders(&config, &clock)?;
        let from = (orders, clock.now());
        let trial = Trial::open(&options.data, &config, (model, embedder), from).await?;
        // The same conversation, so that both choose among their variants alike.
        let conversation = ConversationId::generate();
        let mut traces = Vec::new();
        for pack in [in_force, draft] {
            traces.push(trial.say(Arc::new(pack), &scope, &conversation, &command.message).await?.trace);
        }
        trial.close().await;
        anyhow::Ok(traces)
    })?;
    if command.json {
        println!("{}", serde_json::to_string_pretty(&json!({ "in_force": traces[0], "draft": traces[1] }))?);
    } else {
        for (name, trace) in ["in force", "draft"].into_iter().zip(&traces) {
            show(name, trace);
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(name: &str, trace: &Trace) {
    println!("── {name}");
    if let Some(scenario) = &trace.scenario {
        println!("   {} {} · {:.2} · {:?}", scenario.id, scenario.name, scenario.confidence, trace.tier);
    }
    for why in trace.tier_why.iter().chain(&trace.notes) {
        println!("   ({why})");
    }
    for said in &trace.sentences {
        println!("   {}  [{:?} by {:?} {}]", said.text, said.goal, said.by, said.evidence.join(" "));
    }
    for refusal in &trace.refused {
        println!("   refused, {:?} {}: {}", refusal.reason, refusal.detail, refusal.draft);
    }
}

fn history(workshop: &Workshop, json: bool) -> anyhow::Result<ExitCode> {
    let versions = workshop.history()?;
    if json {
        println!("{}", serde_json::to_string_pretty(&json!({ "versions": versions }))?);
        return Ok(ExitCode::SUCCESS);
    }
    let in_force = workshop.in_force()?.version();
    let newest = versions.iter().rev().find(|version| version.pack == in_force).map(|version| version.number);
    for version in &versions {
        let mark = if newest == Some(version.number) { '*' } else { ' ' };
        println!(
            "{mark} {:>4}  {}  {}  {}: {}",
            version.number, version.pack, version.at, version.who, version.why
        );
    }
    if newest.is_none() {
        println!("in force is {in_force}, which is in no version: published by hand, or as delivered");
    }
    Ok(ExitCode::SUCCESS)
}

fn export(workshop: &Workshop, file: &std::path::Path) -> anyhow::Result<ExitCode> {
    let is_draft = workshop.draft_folder().is_dir();
    let files = if is_draft { workshop.draft_files()? } else { workshop.in_force()? };
    let written = sheets::export(&files, file)?;
    let which = if is_draft { "the draft" } else { "the pack in force" };
    println!(
        "{} wordings and {} examples of {which}: {}",
        written.wordings,
        written.examples,
        file.display()
    );
    Ok(ExitCode::SUCCESS)
}

fn import(workshop: &Workshop, file: &std::path::Path, dry_run: bool) -> anyhow::Result<ExitCode> {
    let files =
        if workshop.draft_folder().is_dir() { workshop.draft_files()? } else { workshop.in_force()? };
    let import = sheets::import(&files, file)?;
    for change in &import.changes {
        println!("{change}");
    }
    for note in &import.notes {
        println!("note: {note}");
    }
    if !dry_run && !import.texts.is_empty() {
        let draft = workshop.draft()?;
        for (path, text) in &import.texts {
            let path = draft.folder.join(path);
            std::fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        println!("{} changes are in the draft {}", import.changes.len(), draft.folder.display());
        return check_draft(workshop);
    }
    println!("{} changes{}", import.changes.len(), if dry_run { ", none made" } else { "" });
    Ok(ExitCode::SUCCESS)
}
