//! How fast and how reliably does a server answer? A client that only speaks HTTP, so that it measures any
//! running Warmdesk from where its customers stand. What a large shop costs the index is measured in `index`, how fast
//! events are taken and answered by a pop-up in `ingest`.
//!
//! [`run`] drives one load and gives a [`Report`]; [`run_repeatedly`] runs the same load several times and gives
//! medians with their spread. Arrivals at a rate are fixed in advance and latencies count from the arrival, not
//! from the sending, so that a slow server cannot slow the measurement down and look better for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio::sync::mpsc;

mod client;
mod deck;
mod distribution;
mod drive;
mod events;
mod index;
mod ingest;
mod machine;
mod options;
mod outcome;
mod progress;
mod question;
mod repeat;
mod report;
mod saturate;
mod schedule;
mod show;
mod tally;
mod verdict;

#[cfg(test)]
mod tests;

pub use distribution::Distribution;
pub use index::{IndexBenchError, IndexPlan, IndexReport, Part, measure_index, measure_visible};
pub use ingest::{
    EventsLoad, EventsOptions, EventsPlan, EventsReport, Kept, LookedAt, PopUps, measure_events,
};
pub use machine::Machine;
pub use options::{BenchOptions, Measured, OutputFormat, Profile, Target};
pub use progress::progress_bar;
pub use question::Question;
pub use repeat::{RepeatReport, Spread, run_repeatedly};
pub use report::{
    AnswerSource, BackgroundReport, GroupReport, LoadReport, Report, Sentences, ServerReport, TokenReport,
};
pub(crate) use schedule::Random;
pub use show::{markdown, repeat_markdown, repeat_table, table};
pub use verdict::{Criterion, Verdict};

use client::Client;
use drive::Driver;
use saturate::Saturation;
use schedule::Schedule;
use tally::Tally;

/// What is asked, how fast, and of whom.
#[derive(Debug, Clone)]
pub struct BenchPlan {
    /// The server, as in `http://127.0.0.1:8080`.
    pub url: String,
    /// A key with the scope `chat`, `desk` or `admin`, without which the server tells neither stages nor tokens.
    /// With all scopes no limits apply, and tickets that the measurement opened are resolved by it.
    pub admin_key: Option<SecretString>,
    /// The shop's signing secret, needed if questions have customers.
    pub customer_secret: Option<SecretString>,
    /// What is asked, over and over in an order drawn from the seed.
    pub questions: Vec<Question>,
    /// How much at once.
    pub load: Load,
    /// Reads answers sentence by sentence. Otherwise the first sentence is read when the whole answer is.
    pub stream: bool,
    /// Goes on with so many conversations instead of opening one for every question.
    pub conversations: Option<usize>,
    /// Turns before the measurement that count for nothing.
    pub warmup: usize,
    /// A turn that has no complete answer so long after it was due is an error.
    pub turn_timeout: Duration,
    /// At most so many turns are open at a time; more have to wait, and their waiting counts.
    pub connections: usize,
    /// Seed of arrivals and order.
    pub seed: u64,
    /// Resolves the tickets that were opened, outside the measured time. Needs a key with the scope `desk`.
    pub resolve_tickets: bool,
    /// Keeps the model busy meanwhile, and judges the result.
    pub sale_day: Option<SaleDay>,
    /// Whether the server runs in this process, whose memory is then part of the report.
    pub embedded: bool,
}

/// How much is asked at once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    /// So many clients, each asking again as soon as it has its answer, until all requests are done. A slow
    /// server is asked less often: good for throughput, not for saying how long customers wait.
    Concurrency {
        /// Clients at the same time.
        clients: usize,
        /// Turns together.
        requests: usize,
    },
    /// Customers who arrive at random and do not care how busy the server is.
    Rate {
        /// Turns a second on average.
        per_second: f64,
        /// How long customers go on arriving.
        duration: Duration,
    },
}

/// The profile of a sale day: the measured turns arrive while the model has more to do than it can.
#[derive(Debug, Clone)]
pub struct SaleDay {
    /// Clients that keep the model busy; more than the engine's queue holds.
    pub clients: usize,
    /// What they ask: questions that make the model write.
    pub questions: Vec<Question>,
    /// How long they have before the measurement begins.
    pub lead_in: Duration,
    /// The limit for the 99th percentile of the first approved sentence.
    pub first_sentence_limit_ms: f64,
}

/// How far a measurement is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Waiting for the server to be ready, and opening conversations.
    Connecting,
    /// Turns that count for nothing.
    WarmingUp {
        /// Turns done.
        done: usize,
        /// Turns in all.
        of: usize,
    },
    /// The model is being given enough to do.
    Saturating,
    /// Turns that count.
    Measuring {
        /// Turns done, errors included.
        done: usize,
        /// Turns in all.
        of: usize,
        /// Errors among them.
        errors: usize,
    },
    /// The turns that keep the model busy are being finished.
    Finishing,
}

/// Hears how far a measurement is.
pub type OnProgress<'a> = &'a (dyn Fn(Progress) + Send + Sync);

/// A measurement could not be made. A turn that goes wrong is no such error: it is counted.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// A line of the questions file cannot be used.
    #[error("line {line} of the questions: {message}")]
    Question {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// The questions file cannot be read.
    #[error("the questions file {path} cannot be read: {source}")]
    QuestionsFile {
        /// The file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// There is nothing to ask.
    #[error("there are no questions; give a file with one question a line, as tests/shop/questions.txt")]
    NoQuestions,
    /// A customer's question cannot be signed.
    #[error(
        "the question `{question}` is asked by the customer {customer}, whose id must be signed; give the shop's \
         secret with --customer-secret or WARMDESK_CUSTOMER_SECRET"
    )]
    SecretMissing {
        /// The question.
        question: String,
        /// Who asks it.
        customer: String,
    },
    /// A setting makes no sense.
    #[error("{0}")]
    Plan(String),
    /// What belongs to the measurement could not be done.
    #[error("{what}: {message}")]
    Failed {
        /// What could not be done.
        what: &'static str,
        /// Why.
        message: String,
    },
    /// Nobody answers at the address.
    #[error("no server answers at {url}: {message}; start one with `warmdesk serve`, or use --embedded")]
    Unreachable {
        /// The address.
        url: String,
        /// What happened.
        message: String,
    },
    /// A server answers and is not ready, or is none of ours.
    #[error("the server at {url} is not ready: {message}")]
    NotReady {
        /// The address.
        url: String,
        /// What it says.
        message: String,
    },
}

/// Runs one measurement.
///
/// # Errors
/// Only if it cannot be made at all: an unusable plan, or no ready server. What goes wrong in a turn is counted
/// in the report.
pub async fn run(plan: &BenchPlan, progress: OnProgress<'_>) -> Result<Report, BenchError> {
    check(plan)?;
    let client = Arc::new(Client::new(plan)?);
    progress(Progress::Connecting);
    let server = client.settled_server(plan.embedded).await?;
    let driver = Arc::new(Driver::new(plan, Arc::clone(&client)));
    let schedule = Arrivals::of(plan);
    let opened = driver.open_conversations(plan.warmup + schedule.turns()).await;

    warm_up(plan, &driver, progress).await;
    let saturation = match &plan.sale_day {
        Some(sale_day) => {
            progress(Progress::Saturating);
            Some(Saturation::start(plan, sale_day, Arc::clone(&client)).await)
        }
        None => None,
    };
    let tally = measure(schedule, &driver, progress).await;

    let mut report = tally.report(plan, server);
    report.load.conversations_opened = opened;
    if let (Some(saturation), Some(sale_day)) = (saturation, &plan.sale_day) {
        progress(Progress::Finishing);
        let background = saturation.finish(report.model_busy_ms()).await;
        report.verdict = Some(Verdict::of_sale_day(&report, &background, sale_day));
        report.background = Some(background);
    }
    Ok(report)
}

fn check(plan: &BenchPlan) -> Result<(), BenchError> {
    let refuse = |message: &str| Err(BenchError::Plan(message.to_owned()));
    if plan.questions.is_empty() {
        return Err(BenchError::NoQuestions);
    }
    if plan.customer_secret.is_none() {
        let background = plan.sale_day.iter().flat_map(|sale_day| &sale_day.questions);
        for question in plan.questions.iter().chain(background) {
            if let Some(customer) = &question.customer {
                return Err(BenchError::SecretMissing {
                    question: question.text.clone(),
                    customer: customer.clone(),
                });
            }
        }
    }
    match plan.load {
        Load::Concurrency { clients: 0, .. } | Load::Concurrency { requests: 0, .. } => {
            return refuse("at least one client and one request are needed");
        }
        Load::Rate { per_second, duration } => schedule::check(per_second, duration)?,
        Load::Concurrency { .. } => {}
    }
    if plan.connections == 0 || plan.turn_timeout.is_zero() {
        return refuse("at least one connection and a time-out above zero are needed");
    }
    if plan.conversations == Some(0) {
        return refuse("at least one conversation is needed; leave the option out for a new one each turn");
    }
    if plan.sale_day.as_ref().is_some_and(|sale_day| sale_day.clients == 0 || sale_day.questions.is_empty()) {
        return refuse("a sale day needs at least one client and one question to keep the model busy");
    }
    Ok(())
}

/// Fills caches and connection pools. Its failures show again in the measurement, where they are counted.
async fn warm_up(plan: &BenchPlan, driver: &Arc<Driver>, progress: OnProgress<'_>) {
    for done in 0..plan.warmup {
        progress(Progress::WarmingUp { done, of: plan.warmup });
        driver.turn(Instant::now()).await;
    }
}

/// The turns of a load, fixed before the first one is sent.
enum Arrivals {
    InALoop { clients: usize, requests: usize },
    OnSchedule(Schedule),
}

impl Arrivals {
    fn of(plan: &BenchPlan) -> Self {
        match plan.load {
            Load::Concurrency { clients, requests } => Self::InALoop { clients, requests },
            Load::Rate { per_second, duration } => {
                Self::OnSchedule(Schedule::poisson(per_second, duration, plan.seed))
            }
        }
    }

    fn turns(&self) -> usize {
        match self {
            Self::InALoop { requests, .. } => *requests,
            Self::OnSchedule(schedule) => schedule.len(),
        }
    }
}

async fn measure(arrivals: Arrivals, driver: &Arc<Driver>, progress: OnProgress<'_>) -> Tally {
    let (sender, mut outcomes) = mpsc::unbounded_channel();
    let of = arrivals.turns();
    let started = Instant::now();
    let driver = Arc::clone(driver);
    let load = match arrivals {
        Arrivals::InALoop { clients, requests } => tokio::spawn(driver.in_a_loop(clients, requests, sender)),
        Arrivals::OnSchedule(schedule) => tokio::spawn(driver.on_schedule(schedule, started, sender)),
    };
    let mut tally = Tally::new();
    progress(Progress::Measuring { done: 0, of, errors: 0 });
    while let Some(outcome) = outcomes.recv().await {
        tally.add(&outcome);
        progress(Progress::Measuring { done: tally.requests(), of, errors: tally.errors() });
    }
    let elapsed = started.elapsed();
    // What the load still does here is tidying up; a panic in it would have closed the channel early, and shows
    // as turns that are missing.
    let missing =
        if load.await.is_ok() { of.saturating_sub(tally.requests()) } else { of - tally.requests() };
    tally.lost(missing);
    tally.ended(elapsed);
    tally
}
