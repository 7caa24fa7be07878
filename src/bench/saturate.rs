//! Keeps the model busy, so that the measured turns find its queue full.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::client::Client;
use super::deck::Dealt;
use super::distribution::{Times, rounded};
use super::outcome::{Answer, Kind, TurnError};
use super::report::BackgroundReport;
use super::tally::{Errors, queue_ms};
use super::{BenchPlan, Question, SaleDay};

/// How long a client waits that found no room in the model's queue. Asking again at once would measure how the
/// server bears a flood, which is another question.
const TURNED_AWAY: Duration = Duration::from_secs(1);

/// As long as there are questions that nobody has tried, every so many turns one of them is tried.
const EXPLORE_EVERY: usize = 4;

/// Clients that keep the model busy.
#[derive(Debug)]
pub(super) struct Saturation {
    shared: Arc<Shared>,
    workers: JoinSet<()>,
    clients: usize,
    started: Instant,
}

#[derive(Debug)]
struct Shared {
    client: Arc<Client>,
    timeout: Duration,
    resolve_tickets: bool,
    questions: Vec<Question>,
    stop: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    questions: usize,
    dealt: usize,
    /// Questions that were tried, from the first one on.
    tried: usize,
    /// Questions of which the model is known to write the answer.
    written: Vec<usize>,
    requests: usize,
    answered: usize,
    empty_replies: usize,
    with_model: usize,
    errors: Errors,
    queue: Times,
    busy_ms: f64,
}

impl Saturation {
    /// Starts the clients and gives them time to fill the queue.
    pub(super) async fn start(plan: &BenchPlan, sale_day: &SaleDay, client: Arc<Client>) -> Self {
        let shared = Arc::new(Shared {
            client,
            timeout: plan.turn_timeout,
            resolve_tickets: plan.resolve_tickets && plan.admin_key.is_some(),
            questions: sale_day.questions.clone(),
            stop: CancellationToken::new(),
            state: Mutex::new(State::new(sale_day.questions.len())),
        });
        let started = Instant::now();
        let mut workers = JoinSet::new();
        for _ in 0..sale_day.clients {
            workers.spawn(Arc::clone(&shared).ask_on_and_on());
        }
        tokio::time::sleep(sale_day.lead_in).await;
        Self { shared, workers, clients: sale_day.clients, started }
    }

    /// Lets every client finish its turn, and says what they did. `measured_busy_ms` is what the measured turns
    /// took of the model's time meanwhile.
    pub(super) async fn finish(mut self, measured_busy_ms: f64) -> BackgroundReport {
        self.shared.stop.cancel();
        while self.workers.join_next().await.is_some() {}
        let elapsed_ms = self.started.elapsed().as_secs_f64() * 1000.0;
        let state = self.shared.state();
        BackgroundReport {
            clients: self.clients,
            requests: state.requests,
            answered: state.answered,
            errors: state.errors.count,
            errors_by_code: state.errors.by_code.clone(),
            empty_replies: state.empty_replies,
            with_model: state.with_model,
            queue_ms: state.queue.distribution(),
            model_busy_share: rounded((state.busy_ms + measured_busy_ms) / elapsed_ms.max(1.0)),
        }
    }
}

impl Shared {
    async fn ask_on_and_on(self: Arc<Self>) {
        while !self.stop.is_cancelled() {
            let index = self.state().deal();
            let dealt = Dealt::alone(self.questions[index].clone());
            let due = Instant::now();
            let result = self.client.ask(&dealt, due, due + self.timeout).await;
            let turned_away = self.state().note(index, &result);
            if self.resolve_tickets
                && let Some(handoff) = result.ok().and_then(|answer| answer.reply.handoff)
            {
                self.client.resolve(&handoff.ticket).await;
            }
            if turned_away {
                self.stop.run_until_cancelled(tokio::time::sleep(TURNED_AWAY)).await;
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn new(questions: usize) -> Self {
        Self {
            questions,
            dealt: 0,
            tried: 0,
            written: Vec::new(),
            requests: 0,
            answered: 0,
            empty_replies: 0,
            with_model: 0,
            errors: Errors::default(),
            queue: Times::new(),
            busy_ms: 0.0,
        }
    }

    /// The next question: one that the model is known to write an answer to, if there is any. Each is tried once,
    /// and all of them over and over as long as none is found.
    fn deal(&mut self) -> usize {
        let number = self.dealt;
        self.dealt += 1;
        let untried = self.tried < self.questions;
        if self.written.is_empty() || untried && number.is_multiple_of(EXPLORE_EVERY) {
            self.tried += 1;
            return (self.tried - 1) % self.questions;
        }
        self.written[number % self.written.len()]
    }

    /// Notes what became of a turn; whether it found no room in the model's queue, or went wrong.
    fn note(&mut self, index: usize, result: &Result<Answer, TurnError>) -> bool {
        self.requests += 1;
        let reply = match result {
            Ok(answer) => &answer.reply,
            Err(error) => {
                self.errors.add(error);
                return true;
            }
        };
        match reply.kind() {
            Kind::Empty => self.empty_replies += 1,
            Kind::Said | Kind::WithPeople | Kind::Superseded => self.answered += 1,
        }
        if let Some(timing) = &reply.timing {
            if let Some(waited) = queue_ms(timing) {
                self.queue.add_ms(waited);
            }
            self.busy_ms += timing.model.as_ref().map_or(0.0, |model| model.prompt_ms + model.decode_ms);
        }
        if !reply.model_was_asked() {
            // Of others it is not known whether they want the model at all. If none does, there is nothing to fill.
            let none_wants_it = self.written.is_empty() && self.tried >= self.questions;
            return none_wants_it || self.written.contains(&index);
        }
        self.with_model += 1;
        if !self.written.contains(&index) {
            self.written.push(index);
        }
        false
    }
}
