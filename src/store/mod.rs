//! The only module that contains SQL: one grouped writer, a reader pool, embedded migrations.
//!
//! Every call takes a [`Scope`](crate::identity::Scope) or a [`StaffScope`](crate::identity::StaffScope) and
//! touches rows of that shop only. A call that returns has been committed to the disk; what it announces is
//! announced after that.

mod actions;
mod audit;
mod codec;
mod conversations;
mod customers;
mod error;
mod events;
mod flows;
mod gaps;
mod joined;
mod keys;
mod messages;
mod nudges;
mod open;
mod pictures;
mod past;
mod promises;
mod proofs;
mod random;
mod ratings;
mod records;
mod replies;
mod sessions;
mod shop_events;
mod staff;
mod tickets;
mod unfinished;
mod visits;
mod webhooks;
mod waits;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures_util::future::BoxFuture;
use sqlx::SqlitePool;
use tokio::sync::{broadcast, mpsc, oneshot};

pub use actions::{
    Brought, Cancelling, NewAction, NewPromise, ResultTaken, ToPerson, Undertaken, Undertaking,
};
pub use conversations::{Conversation, NewConversation};
pub use customers::{CustomerConversation, CustomerData, Erasure};
pub use error::StoreError;
pub use events::{DeskEvent, StreamEvent};
pub use flows::{DueFlow, FlowLeft, FlowStep, FlowWent};
pub use gaps::{BY_KNOWLEDGE, GapFilter, Settlement, Unanswered};
pub use keys::{KeyInfo, NewKey, ShopSecret};
pub use messages::{Appended, NewMessage};
pub use nudges::{
    BegunByEvent, DayBegun, NudgeLine, NudgeOutcome, NudgeSaid, NudgeSent, NudgeWord, Rested, Rests,
    RuleCounts, Watched,
};
pub use open::{FILE, ServingLock, compact};
pub use past::{PastAnswer, PastWord, copy_database};
pub use pictures::Keeping;
pub use promises::{AgentWord, DuePromise, FollowUp, FollowUpStep, FollowedUp, Seen};
pub use proofs::{OrderClaim, ProofLimits};
pub use random::fresh_secret;
pub use records::{API_SOURCE, Change, NewRecord, PutOutcome, ReplaceOutcome, Stamp, Withdrawal};
pub use replies::{FinishedReply, StoredReply};
pub use sessions::Session;
pub use shop_events::NumberedEvent;
pub use tickets::{FallenBack, NewTicket, OpenedTicket, Parting, PassedOn, TicketDetail, TicketFilter};
pub use unfinished::UnfinishedReply;
pub use waits::{DueWait, Owed, WaitDone, WaitMove, WaitWent};
pub use webhooks::{DeliveryFilter, DueDelivery, NewWebhook, WebhookChange};
pub use writer::Announcement;

use writer::{Command, Transaction, Writer};

use crate::identity::ConversationIds;

/// How many announcements a slow listener may fall behind before it has to look by itself.
const ANNOUNCEMENTS: usize = 1024;

/// Everything that is kept. Cheap to clone; all clones share the connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
    ids: ConversationIds,
}

struct Inner {
    folder: PathBuf,
    readers: SqlitePool,
    foreground: mpsc::Sender<Command>,
    background: mpsc::Sender<Command>,
    announcements: broadcast::Sender<Announcement>,
    rules: records::ReadRules,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Store").field("folder", &self.inner.folder).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store of a data folder, making both if they are not there, and starts its writer on the
    /// current runtime.
    ///
    /// # Errors
    /// [`StoreError`] by cause: a folder that cannot be written, a file that is no database, a newer schema.
    pub async fn open(data_folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        let folder = data_folder.as_ref().to_owned();
        let open::Connections { writer, writer_options, readers } = open::connect(&folder).await?;
        let (foreground, foreground_jobs) = mpsc::channel(writer::QUEUE);
        let (background, background_jobs) = mpsc::channel(writer::QUEUE);
        let (announcements, _) = broadcast::channel(ANNOUNCEMENTS);
        let task = Writer {
            transaction: Transaction { connection: writer, announced: Vec::new() },
            options: writer_options,
            foreground: foreground_jobs,
            background: background_jobs,
            announcements: announcements.clone(),
        };
        tokio::spawn(task.run());
        let rules = records::ReadRules::default();
        let inner = Inner { folder, readers, foreground, background, announcements, rules };
        Ok(Self { inner: Arc::new(inner), ids: ConversationIds::default() })
    }

    /// The same store, naming new conversations this way.
    pub fn naming(self, ids: ConversationIds) -> Self {
        Self { ids, ..self }
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.inner.folder
    }

    /// Whether the store answers, for readiness.
    ///
    /// # Errors
    /// The reason why it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT number FROM records LIMIT 1").fetch_optional(self.readers()).await?;
        Ok(())
    }

    /// Hears of everything appended to a conversation from now on. Subscribe first, then read the events after
    /// the last known number, then read again on each announcement and when told of having lagged.
    pub fn announcements(&self) -> broadcast::Receiver<Announcement> {
        self.inner.announcements.subscribe()
    }

    /// Finishes the writes that were queued before and closes the file. Later writes fail.
    pub async fn close(&self) {
        let (answer, done) = oneshot::channel();
        if self.inner.foreground.send(Command::Stop(answer)).await.is_ok() {
            let _ = done.await;
        }
        self.inner.readers.close().await;
    }

    /// The reading connections.
    fn readers(&self) -> &SqlitePool {
        &self.inner.readers
    }

    /// Runs a write somebody waits for.
    async fn write<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Transaction) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        writer::submit(&self.inner.foreground, work).await
    }

    /// Runs a write that gives way to those somebody waits for.
    async fn write_in_background<T, W>(&self, work: W) -> Result<T, StoreError>
    where
        T: Send + 'static,
        W: for<'c> FnOnce(&'c mut Transaction) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        writer::submit(&self.inner.background, work).await
    }
}
