//! How fast does a server take the events of a shop, is everything kept that it has acknowledged, and how soon does a pop-up
//! come? Over HTTP alone, so that any running server can be measured.

mod made;
mod options;
mod popup;
mod posting;
mod report;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use tokio::sync::mpsc;

use super::client::Client;
use super::distribution::{Times, rounded};
use super::machine::{Machine, peak_memory_mb};
use super::options::Target;
use super::tally::Errors;
use super::verdict::Verdict;
use super::{BenchError, OnProgress, Progress};
use made::{Made, Request, requests};
use posting::{MOST_AT_ONCE, Posted, confirm, post_all};

pub use options::EventsOptions;
pub use report::{EventsLoad, EventsReport, Kept, LookedAt, PopUps};

/// More events than this are refused: each is reported twice, and a measurement has an end.
const MOST_EVENTS: f64 = 10_000_000.0;

/// So long the lanes are waited for, to say how far behind they were.
const CATCHING_UP: Duration = Duration::from_secs(120);

/// How often is looked how far they are.
const LOOK: Duration = Duration::from_millis(250);

/// What is reported, how fast, to whom.
#[derive(Debug, Clone)]
pub struct EventsPlan {
    /// The server, with a key of all scopes.
    pub target: Target,
    /// Events a second.
    pub per_second: f64,
    /// How long they are reported.
    pub duration: Duration,
    /// How many events a list has.
    pub list: usize,
    /// The share of the events that come one by one.
    pub single_share: f64,
    /// How many systems report at the same time.
    pub posters: usize,
    /// How many customers the events are about.
    pub customers: usize,
    /// The products that they are about.
    pub products: Vec<String>,
    /// How often a pop-up is brought about, idle and again meanwhile.
    pub popups: usize,
    /// A request without an answer so long after it was sent is an error.
    pub timeout: Duration,
    /// The seed of the events.
    pub seed: u64,
    /// Whether the server runs in this process.
    pub embedded: bool,
}

impl EventsPlan {
    /// How many events are reported.
    fn events(&self) -> usize {
        // Checked to be a count before anything is measured.
        (self.per_second * self.duration.as_secs_f64()).round() as usize
    }

    fn check(&self) -> Result<(), BenchError> {
        let refuse = |message: String| Err(BenchError::Plan(message));
        let events = self.per_second * self.duration.as_secs_f64();
        if !(1.0..=MOST_EVENTS).contains(&events) || self.per_second <= 0.0 {
            return refuse(format!(
                "{} events a second for {} s is no load; 1 to {MOST_EVENTS} events together are expected",
                self.per_second,
                self.duration.as_secs_f64()
            ));
        }
        if !(1..=MOST_AT_ONCE).contains(&self.list) {
            return refuse(format!("a list has 1 to {MOST_AT_ONCE} events, not {}", self.list));
        }
        if !(0.0..=1.0).contains(&self.single_share) {
            return refuse(format!(
                "the share of single events lies between 0 and 1, not at {}",
                self.single_share
            ));
        }
        if self.posters == 0 || self.customers == 0 || self.timeout.is_zero() {
            return refuse(
                "at least one poster, one customer and a time-out above zero are needed".to_owned(),
            );
        }
        if self.target.admin_key.is_none() {
            return refuse(
                "a shop's systems report with a key: give one that has all scopes with --admin-key or WARMDESK_ADMIN_KEY"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

/// Measures a server: pop-ups while it is idle, then events with pop-ups meanwhile, then whether everything is kept.
///
/// # Errors
/// Only if it cannot be measured at all. What goes wrong with a request is counted.
pub async fn measure_events(plan: &EventsPlan, progress: OnProgress<'_>) -> Result<EventsReport, BenchError> {
    plan.check()?;
    progress(Progress::Connecting);
    let client = Arc::new(Client::of(&plan.target, plan.posters)?);
    let server = client.settled_server(plan.embedded).await?;
    let popular = if plan.popups > 0 { popup::popular(&client, &plan.products).await? } else { Vec::new() };
    let popups_idle = popup::in_a_row(&client, (plan, &popular), progress).await;

    let made = Arc::new(Made::new(plan));
    let started = Instant::now();
    let (sender, posted) = mpsc::unbounded_channel();
    let all = Arc::new(requests(plan));
    let posting =
        post_all(plan, (Arc::clone(&client), Arc::clone(&made)), (Arc::clone(&all), started), sender);
    let (ingest, (), popups_meanwhile) = tokio::join!(
        Ingest::hear(posted, (all.len(), started), progress),
        posting,
        popup::meanwhile(&client, (plan, &popular), started),
    );

    progress(Progress::Finishing);
    let looked_at = looked_at(&client, ingest.events).await;
    let kept = confirm(&client, (&made, &ingest.acknowledged), plan.timeout).await?;
    let report = EventsReport {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        machine: Machine::here(),
        server,
        load: EventsLoad::of(plan),
        requests: all.len(),
        events: plan.events(),
        acknowledged: ingest.events,
        acknowledged_per_s: rounded(ingest.events as f64 / ingest.elapsed.as_secs_f64().max(f64::EPSILON)),
        elapsed_s: rounded(ingest.elapsed.as_secs_f64()),
        errors: ingest.errors.count,
        errors_by_code: ingest.errors.by_code,
        error_examples: ingest.errors.examples,
        list_ms: ingest.lists.distribution(),
        single_ms: ingest.singles.distribution(),
        sent_late_ms: ingest.late.distribution(),
        kept,
        looked_at,
        popups_idle,
        popups_meanwhile,
        memory_mb: plan.embedded.then(peak_memory_mb).flatten(),
        verdict: Verdict { passed: true, criteria: Vec::new() },
    };
    Ok(report.judged())
}

/// What came of the requests.
struct Ingest {
    acknowledged: Vec<Request>,
    events: usize,
    lists: Times,
    singles: Times,
    late: Times,
    errors: Errors,
    elapsed: Duration,
}

impl Ingest {
    async fn hear(
        mut posted: mpsc::UnboundedReceiver<Posted>,
        (of, started): (usize, Instant),
        progress: OnProgress<'_>,
    ) -> Self {
        let mut ingest = Self {
            acknowledged: Vec::new(),
            events: 0,
            lists: Times::new(),
            singles: Times::new(),
            late: Times::new(),
            errors: Errors::default(),
            elapsed: Duration::ZERO,
        };
        while let Some(posted) = posted.recv().await {
            ingest.add(posted);
            ingest.elapsed = started.elapsed();
            let done = ingest.acknowledged.len() + ingest.errors.count;
            progress(Progress::Measuring { done, of, errors: ingest.errors.count });
        }
        ingest
    }

    fn add(&mut self, posted: Posted) {
        self.late.add(posted.late);
        match posted.result {
            Ok(time) => {
                let times = if posted.request.count == 1 { &mut self.singles } else { &mut self.lists };
                times.add(time);
                self.events += posted.request.count;
                self.acknowledged.push(posted.request);
            }
            Err(error) => self.errors.add(&error),
        }
    }
}

/// How far behind the server's lanes were, and how long they took from then on. None if it does not say.
async fn looked_at(client: &Client, events: usize) -> Option<LookedAt> {
    let started = Instant::now();
    let waiting_at_end = waiting(client).await?;
    let mut left = waiting_at_end;
    while left > 0 && started.elapsed() < CATCHING_UP {
        tokio::time::sleep(LOOK).await;
        left = waiting(client).await?;
    }
    let after = started.elapsed().as_secs_f64();
    Some(LookedAt {
        waiting_at_end,
        share_at_end: rounded(1.0 - waiting_at_end as f64 / events.max(1) as f64).max(0.0),
        caught_up_s: (left == 0).then(|| rounded(after)),
    })
}

async fn waiting(client: &Client) -> Option<u64> {
    let response = client.request(Method::GET, "/api/v1/proactive?days=1").send().await.ok()?;
    let report: Value = response.error_for_status().ok()?.json().await.ok()?;
    report["waiting_events"].as_u64()
}
