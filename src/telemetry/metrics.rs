//! Every metric: its name, its labels, what it counts, and the function by which it is counted.
//!
//! Labels are bounded: routes, codes, reasons; never a customer, a conversation or an address.

use std::time::Duration;

use axum::http::Method;
use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use crate::actions::PromiseState;
use crate::connect::BreakerState;
use crate::conversation::types::ChatReply;
use crate::turn::types::{GuardReason, HandoffReason};
use crate::webhooks::DeliveryState;

/// What a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
    /// Seconds, in buckets.
    Seconds,
}

/// A metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says.
    pub help: &'static str,
}

const REQUESTS: &str = "warmdesk_http_requests_total";
const REQUEST_SECONDS: &str = "warmdesk_http_request_seconds";
const RATE_LIMITED: &str = "warmdesk_http_rate_limited_total";
const STREAMS: &str = "warmdesk_http_streams_open";
const TURNS: &str = "warmdesk_turns_total";
const FIRST_SENTENCE: &str = "warmdesk_turn_first_sentence_seconds";
const WHOLE_ANSWER: &str = "warmdesk_turn_total_seconds";
const STAGES: &str = "warmdesk_turn_stage_seconds";
const HANDOFFS: &str = "warmdesk_handoffs_total";
const REFUSALS: &str = "warmdesk_guard_refusals_total";
const TOKENS: &str = "warmdesk_model_tokens_total";
const LOOKUPS: &str = "warmdesk_order_lookups_total";
const LOOKUP_SECONDS: &str = "warmdesk_order_lookup_seconds";
const LOOKUP_DROPPED: &str = "warmdesk_order_records_dropped_total";
const LOOKUP_BREAKER: &str = "warmdesk_order_lookup_breaker";
const ACTION_ATTEMPTS: &str = "warmdesk_action_attempts_total";
const WEBHOOK_ATTEMPTS: &str = "warmdesk_webhook_attempts_total";
const PROMISES: &str = "warmdesk_promises_total";
const NUDGES: &str = "warmdesk_nudges_total";
const RATINGS: &str = "warmdesk_ratings_total";

/// Every metric there is. A test compares this table with what is counted.
pub const METRICS: &[Metric] = &[
    Metric {
        name: REQUESTS,
        kind: Kind::Counter,
        labels: &["method", "route", "status"],
        help: "requests answered, by route and status",
    },
    Metric {
        name: REQUEST_SECONDS,
        kind: Kind::Seconds,
        labels: &["method", "route"],
        help: "time until an answer began",
    },
    Metric {
        name: RATE_LIMITED,
        kind: Kind::Counter,
        labels: &["by"],
        help: "requests refused by a limit: person, address or sign_in",
    },
    Metric {
        name: STREAMS,
        kind: Kind::Gauge,
        labels: &["stream"],
        help: "open event streams: conversation or desk",
    },
    Metric {
        name: TURNS,
        kind: Kind::Counter,
        labels: &["outcome"],
        help: "turns, by outcome: answered, silent (people have it), superseded (joined a later one)",
    },
    Metric {
        name: FIRST_SENTENCE,
        kind: Kind::Seconds,
        labels: &[],
        help: "time to the first vetted sentence",
    },
    Metric { name: WHOLE_ANSWER, kind: Kind::Seconds, labels: &[], help: "time to the end of the answer" },
    Metric { name: STAGES, kind: Kind::Seconds, labels: &["stage"], help: "time by stage of the turn" },
    Metric { name: HANDOFFS, kind: Kind::Counter, labels: &["reason"], help: "handoffs decided, by reason" },
    Metric {
        name: REFUSALS,
        kind: Kind::Counter,
        labels: &["reason"],
        help: "drafts the guard refused, by reason",
    },
    Metric {
        name: TOKENS,
        kind: Kind::Counter,
        labels: &["kind"],
        help: "tokens of the model: prompt, cached (of the prompt), generated",
    },
    Metric {
        name: LOOKUPS,
        kind: Kind::Counter,
        labels: &["outcome"],
        help: "look-ups in the shop's order system: read, kept (answered from memory), timeout, unreachable, status, \
               unusable, left_alone (the breaker is open), busy",
    },
    Metric {
        name: LOOKUP_SECONDS,
        kind: Kind::Seconds,
        labels: &[],
        help: "time of look-ups in the shop's order system",
    },
    Metric {
        name: LOOKUP_DROPPED,
        kind: Kind::Counter,
        labels: &["why"],
        help: "records of the shop's order system that were not used: foreign (another customer's), broken, other_kind, \
               repeated",
    },
    Metric {
        name: LOOKUP_BREAKER,
        kind: Kind::Gauge,
        labels: &[],
        help: "whether the shop's order system is asked: 0 yes (closed), 1 once to see (half-open), 2 no (open)",
    },
    Metric {
        name: ACTION_ATTEMPTS,
        kind: Kind::Counter,
        labels: &["outcome"],
        help: "attempts of actions by the shop's own system: result, accepted, put_off, to_person",
    },
    Metric {
        name: WEBHOOK_ATTEMPTS,
        kind: Kind::Counter,
        labels: &["outcome"],
        help: "attempts to tell other systems of events: delivered, failed (tried again), dead (given up)",
    },
    Metric {
        name: PROMISES,
        kind: Kind::Counter,
        labels: &["state"],
        help: "promises that moved: kept, renegotiated, broken",
    },
    Metric {
        name: NUDGES,
        kind: Kind::Counter,
        labels: &["rule"],
        help: "words that were said first, by rule",
    },
    Metric {
        name: RATINGS,
        kind: Kind::Counter,
        labels: &["score"],
        help: "what customers thought of resolved matters, by score from 1 to 5",
    },
];

/// Bucket edges in seconds: fine where wording answers, coarse where the model writes.
const EDGES: &[f64] = &[
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 7.5, 10.0, 15.0, 20.0, 30.0, 60.0,
];

fn builder() -> Result<PrometheusBuilder, BuildError> {
    METRICS
        .iter()
        .filter(|metric| metric.kind == Kind::Seconds)
        .try_fold(PrometheusBuilder::new(), |builder, metric| {
            builder.set_buckets_for_metric(Matcher::Full(metric.name.to_owned()), EDGES)
        })
}

fn describe() {
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.help),
            Kind::Gauge => describe_gauge!(metric.name, metric.help),
            Kind::Seconds => describe_histogram!(metric.name, metrics::Unit::Seconds, metric.help),
        }
    }
}

/// Installs the counters for the whole process. Keep the handle's [`PrometheusHandle::run_upkeep`] called every few
/// seconds; [`upkeep`] does.
///
/// # Errors
/// If counters were installed before.
pub fn install() -> Result<PrometheusHandle, BuildError> {
    let handle = builder()?.install_recorder()?;
    describe();
    Ok(handle)
}

/// Keeps histograms small, for ever.
pub async fn upkeep(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(Duration::from_secs(5));
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}

/// The method as a label: those of our routes by name, everything else together.
pub fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::HEAD => "HEAD",
        _ => "other",
    }
}

/// A request was answered.
pub fn request(method: &'static str, route: &str, status: u16, elapsed: Duration) {
    let route = route.to_owned();
    counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => status.to_string())
        .increment(1);
    histogram!(REQUEST_SECONDS, "method" => method, "route" => route).record(elapsed.as_secs_f64());
}

/// A request was refused by a limit.
pub fn rate_limited(by: &'static str) {
    counter!(RATE_LIMITED, "by" => by).increment(1);
}

/// Counts a stream for as long as it is kept.
#[derive(Debug)]
pub struct OpenStream(&'static str);

/// A stream was opened.
pub fn open_stream(stream: &'static str) -> OpenStream {
    gauge!(STREAMS, "stream" => stream).increment(1.0);
    OpenStream(stream)
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        gauge!(STREAMS, "stream" => self.0).decrement(1.0);
    }
}

/// A handoff was decided.
pub fn handoff(reason: HandoffReason) {
    counter!(HANDOFFS, "reason" => name_of(reason)).increment(1);
}

/// The guard refused a draft.
pub fn refusal(reason: GuardReason) {
    counter!(REFUSALS, "reason" => name_of(reason)).increment(1);
}

/// A turn ended with a reply: counts its outcome, times, refusals and tokens.
pub fn turn(reply: &ChatReply) {
    let outcome = match (&reply.superseded_by, reply.sentences.is_empty()) {
        (Some(_), _) => "superseded",
        (None, true) => "silent",
        (None, false) => "answered",
    };
    counter!(TURNS, "outcome" => outcome).increment(1);
    for refused in reply.guard.iter().flat_map(|guard| &guard.refused) {
        refusal(refused.reason);
    }
    let Some(timing) = reply.timing.as_ref().filter(|_| outcome == "answered") else { return };
    if let Some(first) = timing.first_sentence_ms {
        histogram!(FIRST_SENTENCE).record(first / 1000.0);
    }
    histogram!(WHOLE_ANSWER).record(timing.total_ms / 1000.0);
    for (stage, milliseconds) in &timing.stages {
        histogram!(STAGES, "stage" => stage.clone()).record(milliseconds / 1000.0);
    }
    if let Some(model) = &timing.model {
        counter!(TOKENS, "kind" => "prompt").increment(model.prompt_tokens as u64);
        counter!(TOKENS, "kind" => "cached").increment(model.cached_tokens as u64);
        counter!(TOKENS, "kind" => "generated").increment(model.generated_tokens as u64);
    }
}

/// Something was said first.
pub fn nudge(rule: &str) {
    counter!(NUDGES, "rule" => rule.to_owned()).increment(1);
}

/// A look-up in the shop's order system ended; `elapsed` if the system was asked.
pub fn lookup(outcome: &'static str, elapsed: Option<Duration>) {
    counter!(LOOKUPS, "outcome" => outcome).increment(1);
    if let Some(elapsed) = elapsed {
        histogram!(LOOKUP_SECONDS).record(elapsed.as_secs_f64());
    }
}

/// A record of the shop's order system is not used.
pub fn lookup_dropped(why: &'static str) {
    counter!(LOOKUP_DROPPED, "why" => why).increment(1);
}

/// How the breaker before the shop's order system stands.
pub fn lookup_breaker(state: BreakerState) {
    let level = match state {
        BreakerState::Closed => 0.0,
        BreakerState::HalfOpen => 1.0,
        BreakerState::Open => 2.0,
    };
    gauge!(LOOKUP_BREAKER).set(level);
}

/// An attempt of an action by the shop's own system ended.
pub fn action_attempt(outcome: &'static str) {
    counter!(ACTION_ATTEMPTS, "outcome" => outcome).increment(1);
}

/// An attempt to tell another system of something ended.
pub fn webhook_attempt(state: DeliveryState) {
    counter!(WEBHOOK_ATTEMPTS, "outcome" => name_of(state)).increment(1);
}

/// A promise has moved.
pub fn promise(state: PromiseState) {
    counter!(PROMISES, "state" => name_of(state)).increment(1);
}

/// A customer has rated a matter.
pub fn rating(score: u8) {
    counter!(RATINGS, "score" => score.to_string()).increment(1);
}

/// The name a code has in the API.
fn name_of(code: impl serde::Serialize) -> String {
    serde_json::to_value(code)
        .ok()
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_else(|| "unknown".to_owned())
}

#[cfg(test)]
mod tests;
