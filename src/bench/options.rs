//! The options of `warmdesk bench`, and the plan they make.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use secrecy::SecretString;

use super::{
    BenchError, BenchPlan, EventsOptions, EventsPlan, IndexPlan, Load, OnProgress, Question, RepeatReport,
    Report, SaleDay, markdown, repeat_markdown, repeat_table, run, run_repeatedly, table,
};

/// Turns a second of a sale day.
const SALE_DAY_RATE: f64 = 12.0;

/// What to measure, and how.
#[derive(Debug, Clone, Args)]
pub struct BenchOptions {
    /// The questions: one a line, optionally with the customer's id and a tab before it.
    #[arg(long, value_name = "FILE", required_unless_present_any = ["index", "events"])]
    pub questions: Option<PathBuf>,
    /// The server to measure.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// Start a server in this process and measure that.
    #[arg(long, conflicts_with = "url")]
    pub embedded: bool,
    /// A key of the server; without one it tells neither stages nor tokens, and limits apply.
    #[arg(long, value_name = "KEY", env = "WARMDESK_ADMIN_KEY", hide_env_values = true, value_parser = secret)]
    pub admin_key: Option<SecretString>,
    /// The shop's secret, with which customers are signed.
    #[arg(long, value_name = "SECRET", env = "WARMDESK_CUSTOMER_SECRET", hide_env_values = true, value_parser = secret)]
    pub customer_secret: Option<SecretString>,
    /// A ready-made load.
    #[arg(long, value_enum)]
    pub profile: Option<Profile>,
    /// So many clients, each asking again when it has its answer.
    #[arg(long, value_name = "CLIENTS", default_value_t = 4, conflicts_with_all = ["rate", "profile"])]
    pub concurrency: usize,
    /// Turns together, with --concurrency; by default each question once.
    #[arg(long, value_name = "TURNS", conflicts_with_all = ["rate", "profile"])]
    pub requests: Option<usize>,
    /// Customers arriving at random, so many a second on average; with `--profile sale-day` 12.
    #[arg(long, value_name = "TURNS_PER_SECOND")]
    pub rate: Option<f64>,
    /// How long they go on arriving, with --rate or a profile: seconds, or as in 90s or 5m.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub duration: Duration,
    /// Go on with so many conversations instead of opening one for each question.
    #[arg(long, value_name = "CONVERSATIONS")]
    pub conversations: Option<usize>,
    /// Read each answer whole instead of sentence by sentence.
    #[arg(long)]
    pub no_stream: bool,
    /// Turns before the measurement that count for nothing.
    #[arg(long, value_name = "TURNS", default_value_t = 5)]
    pub warmup: usize,
    /// A turn without a complete answer after this time is an error.
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub timeout: Duration,
    /// The most turns open at a time; what waits for a free one counts as latency.
    #[arg(long, value_name = "CONNECTIONS", default_value_t = 256)]
    pub connections: usize,
    /// Seed of the arrivals and the order of the questions.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Measure so many times, and report medians with their spread.
    #[arg(long, value_name = "RUNS", default_value_t = 1)]
    pub repeat: usize,
    /// Leave the tickets open that the questions open. Customers with one get no more answers.
    #[arg(long)]
    pub keep_tickets: bool,
    /// Clients that keep the model busy on a sale day; more than its queue holds.
    #[arg(long, value_name = "CLIENTS", default_value_t = 8, requires = "profile")]
    pub saturation: usize,
    /// What they ask; by default the questions without a customer.
    #[arg(long, value_name = "FILE", requires = "profile")]
    pub saturation_questions: Option<PathBuf>,
    /// The sale day's limit for the 99th percentile of the first approved sentence.
    #[arg(long, value_name = "MS", default_value_t = 100.0, requires = "profile")]
    pub first_sentence_limit: f64,
    /// Measure the index of a generated shop instead of a server.
    #[arg(long, conflicts_with_all = ["questions", "embedded", "url", "profile", "rate", "requests", "conversations"])]
    pub index: bool,
    /// How many records the generated shop has: 10000, 100000 or, with some patience and memory, 1000000.
    #[arg(long, value_name = "RECORDS", default_value_t = 10_000, requires = "index")]
    pub records: usize,
    /// How many questions are searched in it.
    #[arg(long, value_name = "QUESTIONS", default_value_t = 2_000, requires = "index")]
    pub searches: usize,
    /// Give records and questions synthetic vectors.
    #[arg(long, requires = "index")]
    pub vectors: bool,
    /// Events of a shop instead of questions.
    #[command(flatten)]
    pub ingest: EventsOptions,
    /// Print one JSON object.
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print Markdown.
    #[arg(long)]
    pub markdown: bool,
}

/// A ready-made load.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Profile {
    /// Twelve turns a second while the model has more to do than it can.
    SaleDay,
}

/// How the result is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// Tables.
    Table,
    /// One JSON object.
    Json,
    /// Markdown.
    Markdown,
}

/// The server to measure, where it is not the one the options name: an embedded one.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its address.
    pub url: String,
    /// A key of it with all scopes.
    pub admin_key: Option<SecretString>,
    /// Its shop's secret.
    pub customer_secret: Option<SecretString>,
}

/// One run or several.
#[derive(Debug, Clone, PartialEq)]
pub enum Measured {
    /// One.
    Once(Box<Report>),
    /// Several.
    Repeatedly(Box<RepeatReport>),
}

impl BenchOptions {
    /// Measures as the options say. `embedded` is the server that was started for it, if one was.
    ///
    /// # Errors
    /// If nothing can be measured: see [`BenchError`].
    pub async fn measure(
        &self,
        embedded: Option<&Target>,
        progress: OnProgress<'_>,
    ) -> Result<Measured, BenchError> {
        let plan = self.plan(embedded)?;
        if self.repeat == 1 {
            return Ok(Measured::Once(Box::new(run(&plan, progress).await?)));
        }
        let report = run_repeatedly(&plan, self.repeat, &|_, step| progress(step)).await?;
        Ok(Measured::Repeatedly(Box::new(report)))
    }

    /// What `--index` measures.
    pub fn index_plan(&self) -> IndexPlan {
        IndexPlan { records: self.records, questions: self.searches, vectors: self.vectors, seed: self.seed }
    }

    /// What `--events` measures; none without it. `embedded` is the server that was started for it with the products it
    /// sells, if one was.
    pub fn events_plan(&self, embedded: Option<(&Target, Vec<String>)>) -> Option<EventsPlan> {
        let per_second = self.ingest.events?;
        let is_embedded = embedded.is_some();
        let (target, known) = match embedded {
            Some((target, known)) => (target.clone(), known),
            None => (self.target(), Vec::new()),
        };
        let products = if self.ingest.products.is_empty() { known } else { self.ingest.products.clone() };
        Some(EventsPlan {
            target,
            per_second,
            duration: self.duration,
            list: self.ingest.list,
            single_share: self.ingest.single_share,
            posters: self.ingest.posters,
            customers: self.ingest.customers,
            products,
            popups: self.ingest.popups,
            timeout: self.timeout,
            seed: self.seed,
            embedded: is_embedded,
        })
    }

    /// The server that the options name.
    fn target(&self) -> Target {
        Target {
            url: self.url.clone(),
            admin_key: self.admin_key.clone(),
            customer_secret: self.customer_secret.clone(),
        }
    }

    /// The plan that the options make.
    ///
    /// # Errors
    /// If a file cannot be read or has a line that cannot be used.
    pub fn plan(&self, embedded: Option<&Target>) -> Result<BenchPlan, BenchError> {
        let file = self.questions.as_deref().ok_or(BenchError::NoQuestions)?;
        let questions = read_questions(file)?;
        let load = match (self.profile, self.rate) {
            (None, None) => Load::Concurrency {
                clients: self.concurrency,
                requests: self.requests.unwrap_or(questions.len()),
            },
            (profile, rate) => {
                let usual = if profile.is_some() { SALE_DAY_RATE } else { 1.0 };
                Load::Rate { per_second: rate.unwrap_or(usual), duration: self.duration }
            }
        };
        let sale_day = self.profile.map(|Profile::SaleDay| self.sale_day(&questions)).transpose()?;
        let target = embedded.cloned().unwrap_or_else(|| self.target());
        Ok(BenchPlan {
            url: target.url,
            admin_key: target.admin_key,
            customer_secret: target.customer_secret,
            questions,
            load,
            stream: !self.no_stream,
            conversations: self.conversations,
            warmup: self.warmup,
            turn_timeout: self.timeout,
            connections: self.connections,
            seed: self.seed,
            resolve_tickets: !self.keep_tickets,
            sale_day,
            embedded: embedded.is_some(),
        })
    }

    fn sale_day(&self, questions: &[Question]) -> Result<SaleDay, BenchError> {
        let questions = match &self.saturation_questions {
            Some(file) => read_questions(file)?,
            None => questions.iter().filter(|question| question.customer.is_none()).cloned().collect(),
        };
        Ok(SaleDay {
            clients: self.saturation,
            questions,
            lead_in: Duration::from_secs(2),
            first_sentence_limit_ms: self.first_sentence_limit,
        })
    }

    /// How the result is to be printed.
    pub fn format(&self) -> OutputFormat {
        match (self.json, self.markdown) {
            (true, _) => OutputFormat::Json,
            (false, true) => OutputFormat::Markdown,
            (false, false) => OutputFormat::Table,
        }
    }
}

impl Measured {
    /// The result as it is printed.
    pub fn render(&self, format: OutputFormat) -> String {
        match (self, format) {
            (Self::Once(report), OutputFormat::Table) => table(report),
            (Self::Once(report), OutputFormat::Markdown) => markdown(report),
            (Self::Once(report), OutputFormat::Json) => json(report.as_ref()),
            (Self::Repeatedly(report), OutputFormat::Table) => repeat_table(report),
            (Self::Repeatedly(report), OutputFormat::Markdown) => repeat_markdown(report),
            (Self::Repeatedly(report), OutputFormat::Json) => json(report.as_ref()),
        }
    }

    /// Whether a profile's criteria are met; without a profile there is nothing to fail.
    pub fn passed(&self) -> bool {
        match self {
            Self::Once(report) => report.verdict.as_ref().is_none_or(|verdict| verdict.passed),
            Self::Repeatedly(report) => report.passed.unwrap_or(true),
        }
    }
}

fn json(report: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(report).expect("a report has text keys only")
}

fn read_questions(path: &std::path::Path) -> Result<Vec<Question>, BenchError> {
    let text = fs::read_to_string(path)
        .map_err(|source| BenchError::QuestionsFile { path: path.display().to_string(), source })?;
    Question::parse_file(&text)
}

fn secret(text: &str) -> Result<SecretString, String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(SecretString::from(text)) }
}

/// `60`, `90s`, `1.5m` or `250ms`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    let (number, unit) = if let Some(number) = text.strip_suffix("ms") {
        (number, 0.001)
    } else if let Some(number) = text.strip_suffix('s') {
        (number, 1.0)
    } else if let Some(number) = text.strip_suffix('m') {
        (number, 60.0)
    } else {
        (text, 1.0)
    };
    let seconds = number.trim().parse::<f64>().map(|number| number * unit);
    match seconds.map(Duration::try_from_secs_f64) {
        Ok(Ok(duration)) if !duration.is_zero() => Ok(duration),
        _ => Err("a time is expected, as in 60, 90s, 5m or 250ms".to_owned()),
    }
}
