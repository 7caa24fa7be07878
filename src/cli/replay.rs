//! `warmdesk eval replay`: past conversations in, what a changed pack would have said differently out.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};
use tempfile::TempDir;

use super::eval::Output;
use super::options::GlobalOptions;
use super::serve::{self, ModelOptions, clock, runtime};
use crate::app::{PackPlace, Trial};
use crate::config::Config;
use crate::eval::replay::{Difference, PastConversation, Player, Report, SideReport, of_store, parse};
use crate::identity::{ShopId, StaffScope};
use crate::knowledge::index_folder;
use crate::model::{AbsentModel, ChatModel};
use crate::pack::load::PackSource;
use crate::store::{Store, copy_database};
use crate::turn::Rules;

/// Options of `eval replay`. The records are those of the data folder, which is only read; the changed pack is that of
/// `--prompts`.
#[derive(Debug, Clone, Args)]
pub struct ReplayOptions {
    /// Past conversations, one a line, as `--export` writes them; without it, those of the data folder
    pub file: Option<PathBuf>,
    /// The folder with the pack to compare with; without it, what was said in the past
    #[arg(long, value_name = "DIR")]
    pub against: Option<PathBuf>,
    /// Play nothing: write the conversations of the data folder into FILE, masked, which must not be there yet
    #[arg(long, value_name = "FILE", conflicts_with_all = ["file", "against"])]
    pub export: Option<PathBuf>,
    /// While exporting, keep the customers' ids, so that their records are read when it is played over the same data
    #[arg(long, requires = "export")]
    pub with_customers: bool,
    /// Only the latest conversations
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    pub limit: u32,
    /// What writes; without it nothing does, and wording and evidence answer
    #[command(flatten)]
    pub model: ModelOptions,
    /// How the result is given
    #[command(flatten)]
    pub output: Output,
}

/// Runs the command.
pub fn evaluate(options: &GlobalOptions, command: &ReplayOptions) -> anyhow::Result<ExitCode> {
    let mut config = options.settings()?;
    command.model.apply(&mut config);
    runtime()?.block_on(async {
        let scene = Scene::open(options, command, config).await?;
        match &command.export {
            Some(file) => scene.export(file, command).await,
            None => scene.replay(options, command).await,
        }
    })
}

/// A copy of the data, so that the folder itself is only read.
struct Scene {
    config: Config,
    copy: TempDir,
    /// Past conversations of a file; none if they are those of the data folder.
    told: Option<Vec<PastConversation>>,
}

impl Scene {
    async fn open(options: &GlobalOptions, command: &ReplayOptions, config: Config) -> anyhow::Result<Self> {
        let copy = tempfile::Builder::new().prefix("warmdesk-replay-").tempdir()?;
        // `--data` may name the conversations themselves; then there are no records.
        let of_data = options.data.is_file().then_some(&options.data);
        let file = command.file.as_ref().or(of_data);
        let told = file.map(|file| read(file)).transpose()?;
        if of_data.is_none() {
            let (data, to) = (options.data.clone(), copy.path().to_owned());
            tokio::task::spawn_blocking(move || copy_data(&data, &to)).await??;
        }
        Ok(Self { config, copy, told })
    }

    /// The conversations of the copy.
    async fn stored(
        &self,
        command: &ReplayOptions,
        elsewhere: bool,
    ) -> anyhow::Result<Vec<PastConversation>> {
        let store = Store::open(self.copy.path()).await?;
        let staff = StaffScope { shop: ShopId::default(), actor: "replay".to_owned() };
        let chinese = !self.config.shop.language.starts_with("en");
        let masked = (chinese, elsewhere, command.with_customers);
        let past = of_store(&store, &staff, command.limit, masked).await;
        store.close().await;
        past
    }

    async fn export(&self, file: &Path, command: &ReplayOptions) -> anyhow::Result<ExitCode> {
        let past = self.stored(command, true).await?;
        let mut written = OpenOptions::new().write(true).create_new(true).open(file).map_err(|error| {
            anyhow::anyhow!("cannot make {}: {error}; choose another name", file.display())
        })?;
        for conversation in &past {
            writeln!(written, "{}", serde_json::to_string(conversation)?)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        println!("{} conversations: {}", past.len(), file.display());
        Ok(ExitCode::SUCCESS)
    }

    async fn replay(&self, options: &GlobalOptions, command: &ReplayOptions) -> anyhow::Result<ExitCode> {
        let limit = usize::try_from(command.limit).unwrap_or(usize::MAX);
        let past = match &self.told {
            Some(told) => told.iter().take(limit).cloned().collect(),
            None => self.stored(command, false).await?,
        };
        let new = Arc::new(Rules::new(options.pack(&self.config)?));
        let old = command.against.as_ref().map(|folder| self.pack(folder)).transpose()?;
        let clock = clock(&self.config, false)?.0;
        let writing = (self.model(command).await?, serve::open_embedder().await?);
        let trial = Trial::open(self.copy.path(), &self.config, writing, (None, clock.now())).await?;
        let zone = self.config.zone()?;
        let player = Player { trial: &trial, zone: &zone, new, old };
        let mut played = Vec::new();
        for (number, conversation) in past.iter().enumerate() {
            played.extend(player.play(conversation).await?);
            eprint!("\r{} of {} conversations", number + 1, past.len());
        }
        eprintln!();
        let against = player.old.as_ref().map_or_else(|| "past".to_owned(), |old| old.pack.version.clone());
        let versions = (against, player.new.pack.version.clone());
        trial.close().await;
        let with_people = past.iter().flat_map(|one| &one.turns).filter(|turn| !turn.answered).count();
        command.output.write_each(&played)?;
        let report = Report::of(versions, (past.len(), with_people), played);
        match command.output.json {
            true => println!("{}", serde_json::to_string(&report)?),
            false => show(&report),
        }
        Ok(ExitCode::SUCCESS)
    }

    fn pack(&self, folder: &Path) -> anyhow::Result<Arc<Rules>> {
        let place = PackPlace::new(PackSource::Folder(folder.to_owned()), &self.config);
        Ok(Arc::new(Rules::new(Arc::new(place.load()?.pack))))
    }

    async fn model(&self, command: &ReplayOptions) -> anyhow::Result<Arc<dyn ChatModel>> {
        if command.model.model.is_none() {
            return Ok(Arc::new(AbsentModel::new("none", "a replay writes only with --model")));
        }
        let model = serve::open_model(&self.config)?;
        serve::wait_until_loaded(model.as_ref()).await;
        Ok(model)
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<PastConversation>> {
    let name = file.display().to_string();
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {name}"))?;
    parse(&name, &text)
}

/// Copies what a turn reads: the database, the index, the shop's own dictionaries.
fn copy_data(from: &Path, to: &Path) -> anyhow::Result<()> {
    copy_database(from, to)?;
    for folder in [index_folder(from), from.join("dictionaries")] {
        if let (true, Some(name)) = (folder.is_dir(), folder.file_name()) {
            copy_folder(&folder, &to.join(name))
                .with_context(|| format!("cannot copy {}", folder.display()))?;
        }
    }
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let path = entry?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy_folder(&path, &to.join(name))?;
        } else if path.is_file() {
            fs::copy(&path, to.join(name))?;
        }
    }
    Ok(())
}

fn show(report: &Report) {
    for line in &report.differences {
        let played = &line.played;
        let differs: Vec<String> = line.differs.iter().map(|one| name(*one)).collect();
        println!("{} {}. {}  [{}]", played.conversation, played.turn, played.text, differs.join(", "));
        for (mark, side) in [("-", &played.old), ("+", &played.new)] {
            let scenario = side.scenario.as_deref().unwrap_or("-");
            let handoff = side.handoff.as_ref().map(|reason| format!(" → {reason}")).unwrap_or_default();
            println!("  {mark} {scenario}{handoff}: {}", side.reply.join(" / "));
        }
    }
    println!(
        "{} conversations, {} messages played against {}, {} the same; {} were left to people",
        report.conversations, report.turns, report.against, report.same, report.with_people
    );
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["differs", "messages"]);
    for (difference, count) in &report.differ {
        table.add_row([name(*difference), count.to_string()]);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
    for (title, changes) in [("scenarios", &report.scenarios), ("handoffs", &report.handoffs)] {
        for (change, count) in changes {
            println!("{title}: {change}: {count}");
        }
    }
    let side = |name: &str, side: &SideReport| {
        let ms = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1} ms"));
        println!(
            "{name}: {} handoffs, {} drafts refused, p50 {}, p95 {}",
            side.handoffs,
            side.refused.values().sum::<usize>(),
            ms(side.latency_ms.p50),
            ms(side.latency_ms.p95)
        );
    };
    side("old", &report.old);
    side("new", &report.new);
}

/// The name under which a difference stands in the report.
fn name(difference: Difference) -> String {
    let value = serde_json::to_value(difference).ok();
    value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
