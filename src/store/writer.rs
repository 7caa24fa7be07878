//! How writes reach the disk: one task owns the only writing connection and commits what has queued up together.
//!
//! Waiting for the disk is what a commit costs, so everything that arrived during the last commit shares the
//! next one. Each write runs inside its own savepoint: one that fails leaves no trace and spoils nobody else's.
//! Nobody is answered before the commit, and nothing is announced before it.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{broadcast, mpsc, oneshot};

use super::error::StoreError;
use crate::identity::{ConversationId, ShopId};

/// How many writes share one commit at most.
const BATCH: usize = 64;

/// How many writes may wait; more have to wait at the door.
pub(super) const QUEUE: usize = 1024;

/// Something was appended to a conversation and is committed. It says only where to look: readers take the
/// events from the store by their own last number, so a missed announcement loses nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The shop.
    pub shop: ShopId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The event's number within its conversation.
    pub seq: i64,
    /// The event's number in the whole store.
    pub number: i64,
}

/// The writing connection as a write sees it.
pub(super) struct Transaction {
    /// Where statements run.
    pub connection: SqliteConnection,
    /// What is announced once the commit has succeeded.
    pub announced: Vec<Announcement>,
}

/// A write in the queue, or the end of it.
pub(super) enum Command {
    /// Run this.
    Run(Box<dyn Job>),
    /// Finish what has queued before, close, answer.
    Stop(oneshot::Sender<()>),
}

/// A write whose result type is hidden.
pub(super) trait Job: Send {
    /// Runs it and keeps its outcome; false if it failed and has to be undone.
    fn run<'c>(&'c mut self, transaction: &'c mut Transaction) -> BoxFuture<'c, bool>;
    /// Tells whoever asked. What did not get committed did not happen.
    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Queued<T, W> {
    work: Option<W>,
    outcome: Option<Result<T, StoreError>>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, W> Job for Queued<T, W>
where
    T: Send + 'static,
    W: for<'c> FnOnce(&'c mut Transaction) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
{
    fn run<'c>(&'c mut self, transaction: &'c mut Transaction) -> BoxFuture<'c, bool> {
        Box::pin(async move {
            let Some(work) = self.work.take() else { return false };
            // A panic in one write must not take the writer, and with it every later write, along.
            let outcome = AssertUnwindSafe(work(transaction))
                .catch_unwind()
                .await
                .unwrap_or_else(|_| Err(StoreError::Other("a write failed by a program error".into())));
            let keep = outcome.is_ok();
            self.outcome = Some(outcome);
            keep
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let outcome = match (self.outcome, committed) {
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(StoreError::Other("the write was not run".into())),
        };
        // Whoever asked may have gone; the write stands all the same.
        let _ = self.reply.send(outcome);
    }
}

/// Queues a write and waits until it is on the disk.
pub(super) async fn submit<T, W>(queue: &mpsc::Sender<Command>, work: W) -> Result<T, StoreError>
where
    T: Send + 'static,
    W: for<'c> FnOnce(&'c mut Transaction) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let job = Queued { work: Some(work), outcome: None, reply };
    queue.send(Command::Run(Box::new(job))).await.map_err(|_| closed())?;
    answer.await.map_err(|_| closed())?
}

fn closed() -> StoreError {
    StoreError::Other("the store is closed".into())
}

/// The task that owns the writing connection.
pub(super) struct Writer {
    pub transaction: Transaction,
    pub options: SqliteConnectOptions,
    /// What a customer or an agent waits for.
    pub foreground: mpsc::Receiver<Command>,
    /// Imports: they run only when nobody waits in the foreground, and alone.
    pub background: mpsc::Receiver<Command>,
    pub announcements: broadcast::Sender<Announcement>,
}

impl Writer {
    /// Runs until it is told to stop or nobody can send any more.
    pub async fn run(mut self) {
        let mut stop = None;
        while stop.is_none() {
            let first = tokio::select! {
                biased;
                Some(command) = self.foreground.recv() => (command, true),
                Some(command) = self.background.recv() => (command, false),
                else => break,
            };
            let mut batch = Vec::new();
            match first {
                (Command::Run(job), shared) => {
                    batch.push(job);
                    if shared {
                        stop = self.gather(&mut batch);
                    }
                }
                (Command::Stop(answer), _) => stop = Some(answer),
            }
            if !batch.is_empty() {
                self.commit(batch).await;
            }
        }
        let _ = self.transaction.connection.close().await;
        if let Some(answer) = stop {
            let _ = answer.send(());
        }
    }

    /// Takes what else is waiting.
    fn gather(&mut self, batch: &mut Vec<Box<dyn Job>>) -> Option<oneshot::Sender<()>> {
        while batch.len() < BATCH {
            match self.foreground.try_recv() {
                Ok(Command::Run(job)) => batch.push(job),
                Ok(Command::Stop(answer)) => return Some(answer),
                Err(_) => break,
            }
        }
        None
    }

    async fn commit(&mut self, mut batch: Vec<Box<dyn Job>>) {
        self.transaction.announced.clear();
        let committed = self.attempt(&mut batch).await;
        if committed.is_err() {
            self.transaction.announced.clear();
            // It fails where SQLite has rolled back by itself, which is as good.
            let _ = sqlx::query("ROLLBACK").execute(&mut self.transaction.connection).await;
        }
        for announcement in self.transaction.announced.drain(..) {
            // Nobody may be listening.
            let _ = self.announcements.send(announcement);
        }
        for job in batch {
            job.answer(committed.clone());
        }
    }

    async fn attempt(&mut self, batch: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
        self.begin().await?;
        for job in batch.iter_mut() {
            let before = self.transaction.announced.len();
            sqlx::query("SAVEPOINT job").execute(&mut self.transaction.connection).await?;
            if !job.run(&mut self.transaction).await {
                self.transaction.announced.truncate(before);
                sqlx::query("ROLLBACK TO job").execute(&mut self.transaction.connection).await?;
            }
            sqlx::query("RELEASE job").execute(&mut self.transaction.connection).await?;
        }
        sqlx::query("COMMIT").execute(&mut self.transaction.connection).await?;
        Ok(())
    }

    /// Takes the write lock at once: a transaction that reads first and writes later can lose it in between.
    async fn begin(&mut self) -> Result<(), StoreError> {
        let begun = sqlx::query("BEGIN IMMEDIATE").execute(&mut self.transaction.connection).await;
        match begun.map_err(StoreError::from) {
            Ok(_) => Ok(()),
            Err(busy @ StoreError::Busy(_)) => Err(busy),
            // The connection is in a state it cannot leave: a new one can.
            Err(_) => {
                self.transaction.connection = self.options.connect().await?;
                sqlx::query("BEGIN IMMEDIATE").execute(&mut self.transaction.connection).await?;
                Ok(())
            }
        }
    }
}
