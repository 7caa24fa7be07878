//! Adds up what became of the turns.

use std::collections::BTreeMap;
use std::time::Duration;

use super::distribution::{Distribution, Times, rounded};
use super::machine::{self, Machine};
use super::outcome::{Answer, Kind, TurnError, TurnOutcome, code};
use super::report::{AnswerSource, GroupReport, LoadReport, Report, Sentences, ServerReport, TokenReport};
use super::{BenchPlan, Load};
use crate::turn::trace::{ModelTiming, Timing};
use crate::turn::types::By;

/// The stages that every turn takes, model or not.
const PATH: [&str; 4] = ["understand", "retrieve", "decide", "guard"];

/// What became of all turns so far.
#[derive(Debug)]
pub(super) struct Tally {
    requests: usize,
    answered: usize,
    with_people: usize,
    superseded: usize,
    empty_replies: usize,
    errors: Errors,
    sources: BTreeMap<String, usize>,
    sentences: Sentences,
    handoffs: BTreeMap<String, usize>,
    first_approved: Times,
    sent_late: Times,
    server_first: Times,
    server_total: Times,
    all: Group,
    with_model: Group,
    without_model: Group,
    tokens: Tokens,
    elapsed: Duration,
}

impl Tally {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        Self {
            requests: 0,
            answered: 0,
            with_people: 0,
            superseded: 0,
            empty_replies: 0,
            errors: Errors::default(),
            sources: BTreeMap::new(),
            sentences: Sentences::default(),
            handoffs: BTreeMap::new(),
            first_approved: Times::new(),
            sent_late: Times::new(),
            server_first: Times::new(),
            server_total: Times::new(),
            all: Group::new(),
            with_model: Group::new(),
            without_model: Group::new(),
            tokens: Tokens::default(),
            elapsed: Duration::ZERO,
        }
    }

    /// Turns so far.
    pub(super) fn requests(&self) -> usize {
        self.requests
    }

    /// Errors so far.
    pub(super) fn errors(&self) -> usize {
        self.errors.count
    }

    /// Adds a turn.
    pub(super) fn add(&mut self, outcome: &TurnOutcome) {
        self.requests += 1;
        self.sent_late.add(outcome.late);
        match &outcome.result {
            Ok(answer) => self.add_answer(answer),
            Err(error) => self.errors.add(error),
        }
    }

    /// Adds turns of which nothing was heard.
    pub(super) fn lost(&mut self, turns: usize) {
        for _ in 0..turns {
            self.requests += 1;
            self.errors.add(&TurnError::new(code::LOST, "the measurement itself lost the turn"));
        }
    }

    /// Notes how long it all took.
    pub(super) fn ended(&mut self, elapsed: Duration) {
        self.elapsed = elapsed;
    }

    fn add_answer(&mut self, answer: &Answer) {
        let reply = &answer.reply;
        match reply.kind() {
            Kind::Empty => self.empty_replies += 1,
            Kind::Said => self.answered += 1,
            Kind::WithPeople => (self.answered, self.with_people) = (self.answered + 1, self.with_people + 1),
            Kind::Superseded => (self.answered, self.superseded) = (self.answered + 1, self.superseded + 1),
        }
        if let Some(source) = reply.source() {
            *self.sources.entry(name(source).to_owned()).or_default() += 1;
        }
        for sentence in &reply.sentences {
            match sentence.by {
                By::Wording => self.sentences.wording += 1,
                By::Evidence => self.sentences.evidence += 1,
                By::Model => self.sentences.model += 1,
            }
        }
        if let Some(handoff) = &reply.handoff {
            *self.handoffs.entry(handoff.reason.clone()).or_default() += 1;
        }
        let approved = reply.sentences.first().is_some_and(|first| first.by != By::Model);
        if let (Some(first), true) = (answer.first_sentence, approved) {
            self.first_approved.add(first);
        }
        if let Some(timing) = &reply.timing {
            self.server_total.add_ms(timing.total_ms);
            if let Some(first) = timing.first_sentence_ms {
                self.server_first.add_ms(first);
            }
            self.tokens.add(timing.model.as_ref());
        }
        self.all.add(answer);
        let group = if reply.model_was_asked() { &mut self.with_model } else { &mut self.without_model };
        group.add(answer);
    }

    /// The report of a measurement that has ended.
    pub(super) fn report(self, plan: &BenchPlan, server: ServerReport) -> Report {
        let seconds = self.elapsed.as_secs_f64();
        let all = self.all.report();
        Report {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            machine: Machine::here(),
            memory_mb: if server.embedded { machine::peak_memory_mb() } else { None },
            server,
            load: load(plan),
            requests: self.requests,
            answered: self.answered,
            errors: self.errors.count,
            errors_by_code: self.errors.by_code,
            error_examples: self.errors.examples,
            empty_replies: self.empty_replies,
            with_people: self.with_people,
            superseded: self.superseded,
            answered_by: shares(&self.sources),
            sentences: self.sentences,
            handoffs: self.handoffs,
            first_sentence_ms: all.first_sentence_ms,
            first_approved_sentence_ms: self.first_approved.distribution(),
            total_ms: all.total_ms,
            sent_late_ms: self.sent_late.distribution(),
            server_first_sentence_ms: self.server_first.distribution(),
            server_total_ms: self.server_total.distribution(),
            path_ms: all.path_ms,
            queue_ms: all.queue_ms,
            stages: all.stages,
            with_model: self.with_model.report(),
            without_model: self.without_model.report(),
            tokens: self.tokens.report(),
            elapsed_s: rounded(seconds),
            throughput_per_s: if seconds > 0.0 { rounded(self.answered as f64 / seconds) } else { 0.0 },
            background: None,
            verdict: None,
        }
    }
}

/// Errors by code.
#[derive(Debug, Clone, Default)]
pub(super) struct Errors {
    /// How many.
    pub(super) count: usize,
    /// How many of each code.
    pub(super) by_code: BTreeMap<String, usize>,
    /// The first message of each code.
    pub(super) examples: BTreeMap<String, String>,
}

impl Errors {
    /// Adds one.
    pub(super) fn add(&mut self, error: &TurnError) {
        self.count += 1;
        *self.by_code.entry(error.code.clone()).or_default() += 1;
        self.examples.entry(error.code.clone()).or_insert_with(|| error.message.clone());
    }
}

/// The times of some of the turns.
#[derive(Debug)]
struct Group {
    turns: usize,
    first_sentence: Times,
    total: Times,
    path: Times,
    queue: Times,
    stages: BTreeMap<String, Times>,
}

impl Group {
    fn new() -> Self {
        Self {
            turns: 0,
            first_sentence: Times::new(),
            total: Times::new(),
            path: Times::new(),
            queue: Times::new(),
            stages: BTreeMap::new(),
        }
    }

    fn add(&mut self, answer: &Answer) {
        self.turns += 1;
        self.total.add(answer.total);
        if let Some(first) = answer.first_sentence {
            self.first_sentence.add(first);
        }
        let Some(timing) = &answer.reply.timing else { return };
        if let Some(waited) = queue_ms(timing) {
            self.queue.add_ms(waited);
        }
        for (stage, milliseconds) in &timing.stages {
            self.stages.entry(stage.clone()).or_insert_with(Times::new).add_ms(*milliseconds);
        }
        let path: Vec<f64> = PATH.iter().filter_map(|stage| timing.stages.get(*stage).copied()).collect();
        if !path.is_empty() {
            self.path.add_ms(path.iter().sum());
        }
    }

    fn report(&self) -> GroupReport {
        let stages: BTreeMap<String, Distribution> =
            self.stages.iter().map(|(stage, times)| (stage.clone(), times.distribution())).collect();
        GroupReport {
            turns: self.turns,
            first_sentence_ms: self.first_sentence.distribution(),
            total_ms: self.total.distribution(),
            path_ms: self.path.distribution(),
            queue_ms: self.queue.distribution(),
            stages,
        }
    }
}

/// What the model read and wrote.
#[derive(Debug, Clone, Default)]
struct Tokens {
    prompt: u64,
    cached: u64,
    generated: u64,
    prompt_ms: f64,
    decode_ms: f64,
}

impl Tokens {
    fn add(&mut self, model: Option<&ModelTiming>) {
        let Some(model) = model else { return };
        self.prompt += model.prompt_tokens as u64;
        self.cached += model.cached_tokens as u64;
        self.generated += model.generated_tokens as u64;
        self.prompt_ms += model.prompt_ms;
        self.decode_ms += model.decode_ms;
    }

    fn report(&self) -> TokenReport {
        let per_second = |tokens: u64, milliseconds: f64| {
            (milliseconds > 0.0).then(|| rounded(tokens as f64 * 1000.0 / milliseconds))
        };
        TokenReport {
            prompt: self.prompt,
            cached: self.cached,
            generated: self.generated,
            prompt_per_s: per_second(self.prompt.saturating_sub(self.cached), self.prompt_ms),
            generated_per_s: per_second(self.generated, self.decode_ms),
            model_busy_s: rounded((self.prompt_ms + self.decode_ms) / 1000.0),
        }
    }
}

/// How long a turn waited for the model, if it asked it.
pub(super) fn queue_ms(timing: &Timing) -> Option<f64> {
    let waited = timing.model.as_ref().map(|model| model.queue_ms);
    waited.or_else(|| timing.stages.get("queue").copied())
}

fn shares(sources: &BTreeMap<String, usize>) -> BTreeMap<String, AnswerSource> {
    let all: usize = sources.values().sum();
    let share = |turns: usize| if all == 0 { 0.0 } else { rounded(turns as f64 / all as f64) };
    [By::Wording, By::Evidence, By::Model]
        .map(|by| {
            let turns = sources.get(name(by)).copied().unwrap_or(0);
            (name(by).to_owned(), AnswerSource { turns, share: share(turns) })
        })
        .into()
}

fn name(by: By) -> &'static str {
    match by {
        By::Wording => "wording",
        By::Evidence => "evidence",
        By::Model => "model",
    }
}

fn load(plan: &BenchPlan) -> LoadReport {
    let (clients, per_second, duration_s) = match plan.load {
        Load::Concurrency { clients, .. } => (Some(clients), None, None),
        Load::Rate { per_second, duration } => (None, Some(per_second), Some(duration.as_secs_f64())),
    };
    let kind = match (&plan.sale_day, plan.load) {
        (Some(_), _) => "sale-day",
        (None, Load::Concurrency { .. }) => "concurrency",
        (None, Load::Rate { .. }) => "rate",
    };
    LoadReport {
        kind: kind.to_owned(),
        clients,
        per_second,
        duration_s,
        questions: plan.questions.len(),
        stream: plan.stream,
        conversations: plan.conversations,
        conversations_opened: 0,
        warmup: plan.warmup,
        connections: plan.connections,
        turn_timeout_s: plan.turn_timeout.as_secs_f64(),
        seed: plan.seed,
    }
}
