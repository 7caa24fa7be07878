//! The assistant's replies, sentence by sentence: begun, stored before each sentence is announced, finished.

use jiff::Timestamp;
use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_json, from_text, json as json_text, time};
use super::conversations::{Conversation, own_conversation};
use super::events::{Event, append_event};
use super::flows::move_in_turn;
use super::tickets::keep_late_sentence;
use super::{Store, StoreError, Transaction};
use crate::desk::types::ConversationState;
use crate::flows::FlowMove;
use crate::identity::{ConversationId, MessageId, Scope, ShopId};
use crate::time::Now;
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::{Commitment, Handoff, Memory};

/// What is kept of a reply when it is complete.
#[derive(Debug, Clone, Default)]
pub struct FinishedReply {
    /// What the conversation remembers from now on.
    pub memory: Memory,
    /// Why the assistant said what it said.
    pub trace: Trace,
    /// The handoff that was decided.
    pub handoff: Option<Handoff>,
    /// What was promised.
    pub commitments: Vec<Commitment>,
    /// What becomes of flows.
    pub flows: Vec<FlowMove>,
}

/// A reply as it is stored.
#[derive(Debug, Clone)]
pub struct StoredReply {
    /// Its message id.
    pub id: MessageId,
    /// The customer's message it answers.
    pub reply_to: MessageId,
    /// What was said, each sentence on its own line.
    pub text: String,
    /// The sentences.
    pub sentences: Vec<SentenceTrace>,
    /// The handoff that was decided.
    pub handoff: Option<Handoff>,
    /// What was promised.
    pub commitments: Vec<Commitment>,
    /// Why; none while it is unfinished.
    pub trace: Option<Trace>,
    /// Whether it is finished.
    pub complete: bool,
    /// When it was begun.
    pub at: Timestamp,
}

impl Store {
    /// Begins the reply to a customer's message. A reply that was begun before and not finished goes on.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a person has the conversation, if the message is answered already, or if a later
    /// message of the burst has taken it over.
    pub async fn begin_reply(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
        reply_to: &MessageId,
        now: &Now,
    ) -> Result<MessageId, StoreError> {
        let (scope, conversation) = (scope.clone(), conversation.clone());
        let (reply_to, moment) = (reply_to.clone(), now.epoch_milliseconds());
        self.write(move |transaction| {
            Box::pin(async move { begin(transaction, &scope, &conversation, &reply_to, moment).await })
        })
        .await
    }

    /// Stores the next sentence of a reply. It may be announced when this returns, and only then.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if a person has taken the conversation over meanwhile: the sentence must not be
    /// sent, and is kept with the person's ticket. Likewise if the reply was finished or superseded.
    pub async fn append_sentence(
        &self,
        scope: &Scope,
        reply: &MessageId,
        sentence: SentenceTrace,
    ) -> Result<(), StoreError> {
        let (scope, reply) = (scope.clone(), reply.clone());
        // That it came too late is a result, not a failure: a failure would undo what the ticket keeps of it.
        let late = self
            .write(move |transaction| {
                Box::pin(async move { append_sentence(transaction, &scope, &reply, &sentence).await })
            })
            .await?;
        late.map_or(Ok(()), |reason| Err(StoreError::Conflict(reason)))
    }

    /// Finishes a reply with what was said so far, and keeps the conversation's memory. A reply without a
    /// sentence leaves no message behind.
    pub async fn finish_reply(
        &self,
        scope: &Scope,
        reply: &MessageId,
        finished: FinishedReply,
        now: &Now,
    ) -> Result<StoredReply, StoreError> {
        let (scope, reply, now) = (scope.clone(), reply.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { finish(transaction, &scope, &reply, &finished, &now).await })
        })
        .await
    }

    /// A later message of a burst takes an earlier one over; what was said of its reply stays.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the earlier one is fully answered.
    pub async fn supersede(
        &self,
        scope: &Scope,
        message: &MessageId,
        by: &MessageId,
        now: &Now,
    ) -> Result<(), StoreError> {
        let (scope, message, by, now) = (scope.clone(), message.clone(), by.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { supersede(transaction, &scope, &message, &by, &now).await })
        })
        .await
    }
}

impl StoredReply {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, StoreError> {
        let sentences: String = row.try_get("sentences")?;
        let handoff: Option<String> = row.try_get("handoff")?;
        let commitments: String = row.try_get("commitments")?;
        let trace: Option<String> = row.try_get("trace")?;
        Ok(Self {
            id: from_text(row.try_get("id")?)?,
            reply_to: from_text(row.try_get("reply_to")?)?,
            text: row.try_get("text")?,
            sentences: from_json(&sentences)?,
            handoff: handoff.as_deref().map(from_json).transpose()?,
            commitments: from_json(&commitments)?,
            trace: trace.as_deref().map(from_json).transpose()?,
            complete: row.try_get("complete")?,
            at: time(row.try_get("at")?)?,
        })
    }
}

async fn begin(
    transaction: &mut Transaction,
    scope: &Scope,
    id: &ConversationId,
    reply_to: &MessageId,
    moment: i64,
) -> Result<MessageId, StoreError> {
    let conversation = own_conversation(transaction, scope, id).await?;
    match conversation.state {
        ConversationState::Bot | ConversationState::Waiting => {}
        ConversationState::Human | ConversationState::Snoozed | ConversationState::Resolved => {
            return Err(StoreError::Conflict(TAKEN_OVER.into()));
        }
    }
    let asked = sqlx::query(
        "SELECT superseded_by FROM messages WHERE id = ?1 AND conversation = ?2 AND author = 'customer'",
    )
    .bind(reply_to.as_str())
    .bind(id.as_str())
    .fetch_optional(&mut transaction.connection)
    .await?
    .ok_or_else(|| StoreError::not_found("message", reply_to.as_str()))?;
    if asked.try_get::<Option<String>, _>("superseded_by")?.is_some() {
        return Err(StoreError::Conflict(SUPERSEDED.into()));
    }
    let begun = sqlx::query("SELECT id, complete FROM messages WHERE reply_to = ?1")
        .bind(reply_to.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    if let Some(begun) = begun {
        if begun.try_get("complete")? {
            return Err(StoreError::Conflict(FINISHED.into()));
        }
        return from_text(begun.try_get("id")?);
    }
    let reply = MessageId::generate();
    sqlx::query(
        "INSERT INTO messages (id, shop, conversation, author, text, at, reply_to, complete) \
         VALUES (?1, ?2, ?3, 'assistant', '', ?4, ?5, 0)",
    )
    .bind(reply.as_str())
    .bind(conversation.shop.as_str())
    .bind(id.as_str())
    .bind(moment)
    .bind(reply_to.as_str())
    .execute(&mut transaction.connection)
    .await?;
    Ok(reply)
}

const TAKEN_OVER: &str = "a person has this conversation; the assistant is silent";
const SUPERSEDED: &str = "a later message of the customer has taken this one over";
const FINISHED: &str = "this message is answered already";

/// A begun reply with the conversation it stands in.
struct Begun {
    reply: StoredReply,
    conversation: Conversation,
    superseded: bool,
}

async fn begun(transaction: &mut Transaction, scope: &Scope, reply: &MessageId) -> Result<Begun, StoreError> {
    let unknown = || StoreError::not_found("reply", reply.as_str());
    let row = sqlx::query(
        "SELECT reply.*, asked.superseded_by IS NOT NULL AS superseded FROM messages AS reply \
         JOIN messages AS asked ON asked.id = reply.reply_to WHERE reply.id = ?1 AND reply.shop = ?2",
    )
    .bind(reply.as_str())
    .bind(scope.shop.as_str())
    .fetch_optional(&mut transaction.connection)
    .await?
    .ok_or_else(unknown)?;
    let conversation: ConversationId = from_text(row.try_get("conversation")?)?;
    let conversation =
        own_conversation(transaction, scope, &conversation).await.map_err(|error| hide(error, unknown()))?;
    Ok(Begun { reply: StoredReply::read(&row)?, conversation, superseded: row.try_get("superseded")? })
}

/// Why the sentence must not be sent, if so.
async fn append_sentence(
    transaction: &mut Transaction,
    scope: &Scope,
    reply: &MessageId,
    sentence: &SentenceTrace,
) -> Result<Option<String>, StoreError> {
    let Begun { reply, conversation, superseded } = begun(transaction, scope, reply).await?;
    if superseded {
        return Ok(Some(SUPERSEDED.into()));
    }
    if reply.complete {
        return Ok(Some(FINISHED.into()));
    }
    match conversation.state {
        ConversationState::Bot | ConversationState::Waiting => {}
        ConversationState::Human | ConversationState::Snoozed | ConversationState::Resolved => {
            keep_late_sentence(transaction, &conversation, &sentence.text).await?;
            return Ok(Some(TAKEN_OVER.into()));
        }
    }
    sqlx::query(
        "UPDATE messages SET text = CASE text WHEN '' THEN ?1 ELSE text || char(10) || ?1 END, \
         sentences = json_insert(sentences, '$[#]', json(?2)) WHERE id = ?3",
    )
    .bind(&sentence.text)
    .bind(json_text(sentence)?)
    .bind(reply.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    Ok(None)
}

async fn finish(
    transaction: &mut Transaction,
    scope: &Scope,
    reply: &MessageId,
    finished: &FinishedReply,
    now: &Now,
) -> Result<StoredReply, StoreError> {
    let Begun { reply, mut conversation, superseded } = begun(transaction, scope, reply).await?;
    if superseded {
        return Err(StoreError::Conflict(SUPERSEDED.into()));
    }
    if reply.complete {
        return Err(StoreError::Conflict(FINISHED.into()));
    }
    sqlx::query("UPDATE messages SET trace = ?1, handoff = ?2, commitments = ?3 WHERE id = ?4")
        .bind(json_text(&finished.trace)?)
        .bind(finished.handoff.as_ref().map(json_text).transpose()?)
        .bind(json_text(&finished.commitments)?)
        .bind(reply.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    sqlx::query("UPDATE conversations SET memory = ?1, updated_at = ?2 WHERE id = ?3")
        .bind(json_text(&finished.memory)?)
        .bind(now.epoch_milliseconds())
        .bind(conversation.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    move_in_turn(transaction, scope, (&conversation.id, &finished.flows), now).await?;
    close_reply(transaction, &mut conversation, &reply.reply_to, now).await?;
    Ok(StoredReply {
        handoff: finished.handoff.clone(),
        commitments: finished.commitments.clone(),
        trace: Some(finished.trace.clone()),
        complete: true,
        ..reply
    })
}

async fn supersede(
    transaction: &mut Transaction,
    scope: &Scope,
    message: &MessageId,
    by: &MessageId,
    now: &Now,
) -> Result<(), StoreError> {
    let stands_in = customer_message(transaction, &scope.shop, message).await?;
    let mut conversation = own_conversation(transaction, scope, &stands_in)
        .await
        .map_err(|error| hide(error, StoreError::not_found("message", message.as_str())))?;
    if message == by || customer_message(transaction, &scope.shop, by).await? != stands_in {
        return Err(StoreError::Conflict("both messages must be of the same conversation".into()));
    }
    let answered = sqlx::query("SELECT 1 FROM messages WHERE reply_to = ?1 AND complete = 1")
        .bind(message.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    if answered.is_some() {
        return Err(StoreError::Conflict(FINISHED.into()));
    }
    sqlx::query("UPDATE messages SET superseded_by = ?1 WHERE id = ?2")
        .bind(by.as_str())
        .bind(message.as_str())
        .execute(&mut transaction.connection)
        .await?;
    close_reply(transaction, &mut conversation, message, now).await
}

/// Somebody else's conversation is reported as the unknown thing that was asked for.
fn hide(error: StoreError, unknown: StoreError) -> StoreError {
    if matches!(error, StoreError::NotFound { .. }) { unknown } else { error }
}

/// The conversation in which a customer's message stands.
async fn customer_message(
    transaction: &mut Transaction,
    shop: &ShopId,
    message: &MessageId,
) -> Result<ConversationId, StoreError> {
    let row =
        sqlx::query("SELECT conversation FROM messages WHERE id = ?1 AND shop = ?2 AND author = 'customer'")
            .bind(message.as_str())
            .bind(shop.as_str())
            .fetch_optional(&mut transaction.connection)
            .await?
            .ok_or_else(|| StoreError::not_found("message", message.as_str()))?;
    from_text(row.try_get("conversation")?)
}

/// Nothing more is said in answer to a message: what was said counts as the whole and is told to the listeners.
pub(super) async fn close_reply(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    message: &MessageId,
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE messages SET owed = 0 WHERE id = ?1")
        .bind(message.as_str())
        .execute(&mut transaction.connection)
        .await?;
    let said = sqlx::query(
        "UPDATE messages SET complete = 1 WHERE reply_to = ?1 AND complete = 0 RETURNING id, text, at",
    )
    .bind(message.as_str())
    .fetch_optional(&mut transaction.connection)
    .await?;
    let Some(said) = said else { return Ok(()) };
    let text: String = said.try_get("text")?;
    if text.is_empty() {
        return Ok(());
    }
    let body = json!({
        "message": said.try_get::<String, _>("id")?,
        "author": "assistant",
        "name": null,
        "text": text,
        "attachments": [],
        "at": time(said.try_get("at")?)?,
        "reply_to": message,
    });
    append_event(transaction, conversation, Event { kind: "message", shown: true, body }, now).await?;
    Ok(())
}
