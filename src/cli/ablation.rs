//! `warmdesk eval ablation`: drafts of a real model in, what the guard changed out; and the recording of such drafts.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use clap::Args;
use comfy_table::{CellAlignment, Table, presets};

use super::eval::{Output, read};
use super::options::GlobalOptions;
use super::serve::{self, ModelOptions, clock, runtime};
use crate::app::Trial;
use crate::bench::{Distribution, Question};
use crate::config::Config;
use crate::eval::ablation::{Asked, Drafts, Recording, Report, Said, left_to_the_model};
use crate::identity::{ConversationId, CustomerId, Scope, ShopId};
use crate::model::{AbsentModel, ChatModel, ModelState, RecordingModel};
use crate::time::Now;
use crate::turn::Rules;
use crate::turn::types::{Decision, Facts};

/// Nobody waits for these replies: every draft is wanted whole, on a slow machine too.
const PATIENCE: Duration = Duration::from_secs(600);

/// Options of `eval ablation`. The records are those of the data folder.
#[derive(Debug, Clone, Args)]
pub struct AblationOptions {
    /// The recorded drafts, one question a line. Write into each sentence what is `wrong` with it, or "" if nothing is
    pub file: PathBuf,
    /// Ask these questions first and write what the model drafts into FILE, which must not be there yet: a questions file
    /// of `bench`, or one JSON object a line with id, question and perhaps customer
    #[arg(long, value_name = "QUESTIONS")]
    pub record: Option<PathBuf>,
    /// While recording, let the model write everything that rests on records, not only what a turn leaves to it
    #[arg(long, requires = "record")]
    pub everything: bool,
    /// Ask only so many questions
    #[arg(long, value_name = "N", requires = "record")]
    pub limit: Option<usize>,
    /// The moment at which everything is asked, as `2026-11-20 10:00`; without it, now
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// List every sentence that was refused, and every wrong one that was not
    #[arg(long)]
    pub show: bool,
    /// What writes while recording
    #[command(flatten)]
    pub model: ModelOptions,
    /// How the result is given
    #[command(flatten)]
    pub output: Output,
}

/// Runs the command.
pub fn evaluate(options: &GlobalOptions, command: &AblationOptions) -> anyhow::Result<ExitCode> {
    let mut config = options.settings()?;
    command.model.apply(&mut config);
    let rules = Arc::new(Rules::new(options.pack(&config)?));
    let said = runtime()?.block_on(async {
        let scene = Scene { trial: open(options, command, &config).await?, rules };
        if let Some(questions) = &command.record {
            scene.record(&asked(questions)?, command, &config).await?;
        }
        let drafts: Vec<Drafts> = read(&command.file)?;
        let said = scene.say_again(&drafts).await?;
        scene.trial.close().await;
        anyhow::Ok(said)
    })?;
    let report = Report::of(&said);
    command.output.write_each(&said)?;
    if command.output.json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(ExitCode::SUCCESS);
    }
    if command.show {
        show_sentences(&said);
    }
    show(&report);
    Ok(ExitCode::SUCCESS)
}

/// The records of the data folder, without a model.
async fn open(options: &GlobalOptions, command: &AblationOptions, config: &Config) -> anyhow::Result<Trial> {
    let clock = clock(config, false)?.0;
    let mut now = clock.now();
    if let Some(text) = &command.at {
        let moment =
            now.parse(text).with_context(|| format!("`{text}` is no time; write 2026-11-20 10:00"))?;
        now = Now::new(moment, config.zone()?);
    }
    let nobody: Arc<dyn ChatModel> = Arc::new(AbsentModel::new("none", "drafts are recorded first"));
    let orders = serve::open_orders(config, &clock)?;
    let by_meaning = serve::open_embedder().await?;
    Trial::open(&options.data, config, (nobody, by_meaning), (orders, now)).await
}

/// A shop in which questions are asked.
struct Scene {
    trial: Trial,
    rules: Arc<Rules>,
}

impl Scene {
    /// Asks each question and writes down what the model drafts.
    async fn record(
        &self,
        questions: &[Asked],
        command: &AblationOptions,
        config: &Config,
    ) -> anyhow::Result<()> {
        let model = serve::open_model(config)?;
        serve::wait_until_loaded(model.as_ref()).await;
        let state = model.state();
        anyhow::ensure!(
            state == ModelState::Ready,
            "there is no model whose drafts could be recorded: {}",
            state.reason().unwrap_or_default()
        );
        let mut file = OpenOptions::new().write(true).create_new(true).open(&command.file);
        let file = file.as_mut().map_err(|error| {
            anyhow::anyhow!("cannot make {}: {error}; choose another name", command.file.display())
        })?;
        let recorder = Arc::new(RecordingModel::new(model));
        let trial = self.trial.with_model(Arc::clone(&recorder) as Arc<dyn ChatModel>, PATIENCE);
        let count = command.limit.unwrap_or(usize::MAX).min(questions.len());
        for (number, asked) in questions.iter().take(count).enumerate() {
            self.ask(&trial, (&asked.id, asked.customer.as_deref(), &asked.question), command.everything)
                .await?;
            let drafts = Drafts {
                id: asked.id.clone(),
                question: asked.question.clone(),
                customer: asked.customer.clone(),
                everything: command.everything,
                model: recorder.name().to_owned(),
                drafts: recorder.take().iter().map(Recording::of).collect(),
            };
            writeln!(file, "{}", serde_json::to_string(&drafts)?)
                .with_context(|| format!("cannot write {}", command.file.display()))?;
            eprint!("\r{} of {count} questions", number + 1);
        }
        eprintln!();
        Ok(())
    }

    /// Says recorded drafts again.
    async fn say_again(&self, drafts: &[Drafts]) -> anyhow::Result<Vec<Said>> {
        let mut said = Vec::with_capacity(drafts.len());
        for one in drafts {
            let trial = self.trial.with_model(Arc::new(one.as_model()), PATIENCE);
            let who = (one.id.as_str(), one.customer.as_deref(), one.question.as_str());
            said.push(Said::new(one, &self.ask(&trial, who, one.everything).await?));
        }
        Ok(said)
    }

    async fn ask(
        &self,
        trial: &Trial,
        (id, customer, question): (&str, Option<&str>, &str),
        everything: bool,
    ) -> anyhow::Result<crate::turn::Outcome> {
        let scope = match customer {
            Some(id) => Scope::customer(
                ShopId::default(),
                CustomerId::new(id).map_err(|error| anyhow::anyhow!("the customer `{id}`: {error}"))?,
            ),
            None => Scope::anonymous(ShopId::default()),
        };
        let change = |decision: Decision, facts: &Facts| match everything {
            true => left_to_the_model(decision, facts),
            false => decision,
        };
        // Which variant of the wording is said hangs on the conversation: the same one each time.
        let conversation = format!("{}{id}", ConversationId::PREFIX).parse::<ConversationId>()?;
        trial.say_changed(Arc::clone(&self.rules), (&scope, &conversation), question, change).await
    }
}

/// The questions of a file.
fn asked(file: &Path) -> anyhow::Result<Vec<Asked>> {
    if file.extension().is_none_or(|end| end != "txt") {
        return read(file);
    }
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let questions = Question::parse_file(&text).with_context(|| file.display().to_string())?;
    let numbered = questions.into_iter().enumerate().map(|(index, question)| Asked {
        id: format!("q{:03}", index + 1),
        question: question.text,
        customer: question.customer,
    });
    Ok(numbered.collect())
}

/// What was kept back, and what should have been.
fn show_sentences(said: &[Said]) {
    for one in said {
        for fate in &one.sentences {
            let wrong = fate.wrong.as_deref().unwrap_or_default();
            match fate.reason {
                Some(reason) => println!(
                    "refused {} | {} | {reason:?} {} | {wrong}",
                    one.id,
                    fate.text,
                    fate.detail.as_deref().unwrap_or_default()
                ),
                None if fate.passed && !wrong.is_empty() => {
                    println!("let out {} | {} | {wrong}", one.id, fate.text);
                }
                None => {}
            }
        }
    }
}

fn show(report: &Report) {
    println!(
        "{} questions, the model wrote for {}: {} sentences, {} of them judged by a reader",
        report.questions, report.drafted, report.sentences, report.read
    );
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(["", "without the guard", "with it"]);
    let [off, on] = [&report.off, &report.on];
    let counted = |name: &str, count: fn(&crate::eval::ablation::Side) -> usize| {
        [name.to_owned(), count(off).to_string(), count(on).to_string()]
    };
    table.add_row(counted("sentences of the model that customers read", |side| side.statements));
    table.add_row(counted("of these wrong", |side| side.wrong));
    table.add_row(counted("answers with something wrong", |side| side.wrong_answers));
    let time = |name: &str, value: fn(&Distribution) -> Option<f64>| {
        let seconds = |times: &Distribution| {
            value(times).map_or_else(String::new, |one| format!("{:.1} s", one / 1000.0))
        };
        [name.to_owned(), seconds(&off.latency_ms), seconds(&on.latency_ms)]
    };
    table.add_row(time("the model's time for a question, median", |times| times.p50));
    table.add_row(time("95th percentile", |times| times.p95));
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
    println!(
        "{} sentences refused, {} of the {} right ones among them; {} never written; {} answers replaced; {} to a person",
        report.refused,
        report.wrongly_refused,
        report.right,
        report.never_written,
        report.replaced,
        report.handoffs
    );
    for (reason, count) in &report.by_reason {
        println!("  {reason}: {count}");
    }
}
