//! Sends the turns: in a loop of so many clients, or on a schedule that no server can delay.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::BenchPlan;
use super::client::Client;
use super::deck::{Dealt, Deck};
use super::outcome::{Kind, TurnError, TurnOutcome, code};
use super::schedule::Schedule;

/// Timers are coarse; the last stretch before an arrival is waited for by looking at the clock.
const COARSE: Duration = Duration::from_millis(2);

/// So many conversations are opened at a time.
const OPENING: usize = 4;

/// Sends turns to one server.
#[derive(Debug)]
pub(super) struct Driver {
    client: Arc<Client>,
    deck: Mutex<Deck>,
    /// Conversations that were opened beforehand for questions of customers, each used once.
    fresh: Mutex<Vec<String>>,
    timeout: Duration,
    connections: Arc<Semaphore>,
    resolve_tickets: bool,
}

/// A turn that was answered or failed, and what is left to do about it.
struct Finished {
    outcome: TurnOutcome,
    dealt: Dealt,
}

impl Driver {
    /// A driver for a plan.
    pub(super) fn new(plan: &BenchPlan, client: Arc<Client>) -> Self {
        Self {
            client,
            deck: Mutex::new(Deck::new(plan.questions.clone(), plan.conversations, plan.seed)),
            fresh: Mutex::default(),
            timeout: plan.turn_timeout,
            connections: Arc::new(Semaphore::new(plan.connections)),
            resolve_tickets: plan.resolve_tickets && plan.admin_key.is_some(),
        }
    }

    /// Opens conversations for the customers' share of so many turns. A customer without a conversation would go on
    /// with the one before, and the thirtieth repetition of a question is no longer that question. How many there are.
    pub(super) async fn open_conversations(self: &Arc<Self>, turns: usize) -> usize {
        let (signed, all) = self.deck().signed_share();
        let wanted = if self.deck().opens_new_conversations() { (turns * signed).div_ceil(all) } else { 0 };
        let left = Arc::new(Semaphore::new(wanted));
        let mut running = JoinSet::new();
        for _ in 0..OPENING.min(wanted) {
            let (driver, left) = (Arc::clone(self), Arc::clone(&left));
            running.spawn(async move {
                while let Ok(permit) = left.try_acquire() {
                    permit.forget();
                    let Some(conversation) = driver.client.open_conversation().await else { return };
                    driver.fresh().push(conversation);
                }
            });
        }
        while running.join_next().await.is_some() {}
        self.fresh().len()
    }

    /// One turn that is due at a moment, tidied up.
    pub(super) async fn turn(&self, due: Instant) -> TurnOutcome {
        let finished = self.ask(due).await;
        self.tidy(&finished.outcome, finished.dealt).await;
        finished.outcome
    }

    /// So many clients, each with one turn after the other, until all requests are done.
    pub(super) async fn in_a_loop(
        self: Arc<Self>,
        clients: usize,
        requests: usize,
        outcomes: UnboundedSender<TurnOutcome>,
    ) {
        let left = Arc::new(Semaphore::new(requests));
        let mut running = JoinSet::new();
        for _ in 0..clients.min(requests) {
            let (driver, left, outcomes) = (Arc::clone(&self), Arc::clone(&left), outcomes.clone());
            running.spawn(async move {
                while let Ok(permit) = left.try_acquire() {
                    permit.forget();
                    let Ok(_connection) = driver.connections.acquire().await else { return };
                    let finished = driver.ask(Instant::now()).await;
                    if outcomes.send(finished.outcome.clone()).is_err() {
                        return;
                    }
                    driver.tidy(&finished.outcome, finished.dealt).await;
                }
            });
        }
        drop(outcomes);
        while running.join_next().await.is_some() {}
    }

    /// Every arrival of a schedule, whatever became of those before.
    pub(super) async fn on_schedule(
        self: Arc<Self>,
        schedule: Schedule,
        started: Instant,
        outcomes: UnboundedSender<TurnOutcome>,
    ) {
        let mut running = JoinSet::new();
        for arrival in schedule.iter() {
            let due = started + arrival;
            wait_until(due).await;
            let (driver, outcomes) = (Arc::clone(&self), outcomes.clone());
            running.spawn(async move { driver.arrive(due, &outcomes).await });
            while running.try_join_next().is_some() {}
        }
        drop(outcomes);
        while running.join_next().await.is_some() {}
    }

    /// One arrival: waits for a free connection, which counts, and gives up when the time for the answer is over.
    async fn arrive(&self, due: Instant, outcomes: &UnboundedSender<TurnOutcome>) {
        let free = tokio::time::timeout_at((due + self.timeout).into(), self.connections.acquire()).await;
        let connection = free.ok().and_then(Result::ok).filter(|_| due.elapsed() < self.timeout);
        let Some(_connection) = connection else {
            let error = TurnError::new(code::NOT_SENT, "all connections were in use until it was too late");
            outcomes.send(TurnOutcome { result: Err(error), late: due.elapsed() }).ok();
            return;
        };
        let finished = self.ask(due).await;
        outcomes.send(finished.outcome.clone()).ok();
        self.tidy(&finished.outcome, finished.dealt).await;
    }

    async fn ask(&self, due: Instant) -> Finished {
        let mut dealt = self.deck().deal();
        if dealt.question.customer.is_some() && dealt.conversation.is_none() {
            dealt.conversation = self.fresh().pop();
        }
        let late = due.elapsed();
        let result = self.client.ask(&dealt, due, due + self.timeout).await;
        Finished { outcome: TurnOutcome { result, late }, dealt }
    }

    /// Resolves the ticket, so that the customer's next question finds the assistant and not a queue of people, and
    /// gives the question back.
    async fn tidy(&self, outcome: &TurnOutcome, dealt: Dealt) {
        let Ok(answer) = &outcome.result else {
            self.deck().give_back(dealt, None);
            return;
        };
        let reply = &answer.reply;
        let mut goes_on = reply.kind() != Kind::Superseded;
        if let Some(handoff) = &reply.handoff {
            goes_on = self.resolve_tickets
                && !handoff.ticket.is_empty()
                && self.client.resolve(&handoff.ticket).await;
        }
        let conversation = (goes_on && !reply.conversation.is_empty()).then(|| reply.conversation.clone());
        self.deck().give_back(dealt, conversation);
    }

    fn fresh(&self) -> MutexGuard<'_, Vec<String>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deck(&self) -> MutexGuard<'_, Deck> {
        self.deck.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for a moment more exactly than a timer does, because the wait for the timer would count as latency.
async fn wait_until(moment: Instant) {
    if let Some(early) = moment.checked_sub(COARSE)
        && early > Instant::now()
    {
        tokio::time::sleep_until(early.into()).await;
    }
    while Instant::now() < moment {
        tokio::task::yield_now().await;
    }
}
