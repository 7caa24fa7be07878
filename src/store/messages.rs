//! What was said in a conversation, in order.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_json, from_text, from_word, json, time, word};
use super::conversations::{Conversation, make_move, own_conversation};
use super::events::{Event, append_event};
use super::nudges::NudgeSaid;
use super::pictures::sent_in;
use super::replies::StoredReply;
use super::tickets::written_to_person;
use super::{Store, StoreError, Transaction};
use crate::conversation::types::{Attachment, StoredMessage};
use crate::desk::moves::Move;
use crate::desk::types::{ConversationState, EmotionPoint};
use crate::identity::{ConversationId, CustomerId, MessageId, Scope, StaffScope, VisitorId};
use crate::time::Now;
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::{Author, Commitment, EmotionLabel, PastMessage};

/// How long a client may repeat its first message, not knowing in which conversation it landed.
const RETRY_HOURS: i64 = 72;

/// A customer's message to be stored.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// The client's own id of it.
    pub client_id: Option<String>,
    /// What was said.
    pub text: String,
    /// Pictures and files.
    pub attachments: Vec<Attachment>,
}

/// What became of a customer's message.
#[derive(Debug, Clone)]
pub struct Appended {
    /// Its id, the earlier one's if it was sent before.
    pub message: MessageId,
    /// Whether it is new; otherwise it was stored before, and nothing was changed.
    pub is_new: bool,
    /// What it was answered with, if it is not new and there is an answer, be it unfinished.
    pub reply: Option<StoredReply>,
    /// The later message of the burst that took it over, if it is not new.
    pub superseded_by: Option<MessageId>,
    /// The conversation as it is now: a resolved one is open again, an anonymous one belongs to the customer who
    /// has signed in.
    pub conversation: Conversation,
    /// Whether the message began a new matter in a conversation that had been resolved.
    pub reopened: bool,
}

impl Store {
    /// Stores a customer's message. The same client id is stored once: the second time the earlier message comes
    /// back with its reply.
    pub async fn append_customer_message(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
        new: NewMessage,
        now: &Now,
    ) -> Result<Appended, StoreError> {
        let (scope, conversation, now) = (scope.clone(), conversation.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { append(transaction, &scope, &conversation, new, &now).await })
        })
        .await
    }

    /// A message that the same customer or visitor has sent before under a client id, in whichever conversation:
    /// for a client that repeats its first message because it never heard where that one landed.
    pub async fn repeated_message(
        &self,
        scope: &Scope,
        client_id: &str,
        now: &Now,
    ) -> Result<Option<Conversation>, StoreError> {
        let customer = scope.verified_customer().map(CustomerId::as_str);
        let visitor = scope.visitor().map(VisitorId::as_str);
        if customer.is_none() && visitor.is_none() {
            return Ok(None);
        }
        let row = sqlx::query(
            "SELECT c.* FROM messages AS m JOIN conversations AS c ON c.id = m.conversation \
             WHERE m.shop = ?1 AND m.client_id = ?2 AND m.author = 'customer' AND m.at >= ?3 \
             AND (c.customer = ?4 OR (c.customer IS NULL AND c.visitor = ?5)) ORDER BY m.number DESC LIMIT 1",
        )
        .bind(scope.shop.as_str())
        .bind(client_id)
        .bind(now.epoch_milliseconds() - RETRY_HOURS * 3_600_000)
        .bind(customer)
        .bind(visitor)
        .fetch_optional(self.readers())
        .await?;
        row.as_ref().map(super::conversations::read_conversation).transpose()
    }

    /// The last messages before one, oldest first, at most `limit`: what a turn remembers of the conversation.
    /// Replies that never got a sentence are left out.
    pub async fn history(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
        before: Option<&MessageId>,
        limit: u32,
    ) -> Result<Vec<PastMessage>, StoreError> {
        self.conversation(scope, conversation).await?;
        let rows = sqlx::query(
            "SELECT id, author, text, at FROM messages WHERE conversation = ?1 AND shop = ?2 \
             AND (?3 IS NULL OR number < (SELECT number FROM messages WHERE id = ?3)) \
             AND NOT (author = 'assistant' AND text = '') ORDER BY number DESC LIMIT ?4",
        )
        .bind(conversation.as_str())
        .bind(scope.shop.as_str())
        .bind(before.map(MessageId::as_str))
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .rev()
            .map(|row| {
                Ok(PastMessage {
                    id: from_text(row.try_get("id")?)?,
                    author: from_word(row.try_get("author")?)?,
                    text: row.try_get("text")?,
                    at: time(row.try_get("at")?)?,
                })
            })
            .collect()
    }

    /// All messages of the own conversation, oldest first, without traces.
    pub async fn messages(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        self.conversation(scope, conversation).await?;
        let mut messages = self.read_messages(scope.shop.as_str(), conversation).await?;
        for message in &mut messages {
            message.trace = None;
        }
        Ok(messages)
    }

    /// All messages of a conversation, oldest first, with traces, for people of the shop.
    pub async fn messages_for_staff(
        &self,
        staff: &StaffScope,
        conversation: &ConversationId,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        self.conversation_for_staff(staff, conversation).await?;
        self.read_messages(staff.shop.as_str(), conversation).await
    }

    /// The emotion of each answered customer message, oldest first, as the traces of the answers have it.
    pub async fn emotions(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
    ) -> Result<Vec<EmotionPoint>, StoreError> {
        self.conversation(scope, conversation).await?;
        let rows = sqlx::query(
            "SELECT reply_to, trace ->> '$.emotion.label' AS label, \
             CAST(trace ->> '$.emotion.intensity' AS REAL) AS intensity FROM messages \
             WHERE conversation = ?1 AND reply_to IS NOT NULL AND trace ->> '$.emotion.label' IS NOT NULL \
             ORDER BY number",
        )
        .bind(conversation.as_str())
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let label: EmotionLabel = from_word(row.try_get("label")?)?;
                let intensity: Option<f64> = row.try_get("intensity")?;
                let intensity = intensity.unwrap_or_default() as f32;
                Ok(EmotionPoint { message: from_text(row.try_get("reply_to")?)?, label, intensity })
            })
            .collect()
    }

    async fn read_messages(
        &self,
        shop: &str,
        conversation: &ConversationId,
    ) -> Result<Vec<StoredMessage>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, author, name, text, attachments, at, trace FROM messages \
             WHERE conversation = ?1 AND shop = ?2 AND NOT (author = 'assistant' AND text = '') ORDER BY number",
        )
        .bind(conversation.as_str())
        .bind(shop)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_message).collect()
    }
}

fn read_message(row: &SqliteRow) -> Result<StoredMessage, StoreError> {
    let attachments: String = row.try_get("attachments")?;
    let trace: Option<String> = row.try_get("trace")?;
    let trace: Option<Trace> = trace.as_deref().map(from_json).transpose()?;
    Ok(StoredMessage {
        id: from_text(row.try_get("id")?)?,
        author: from_word(row.try_get("author")?)?,
        name: row.try_get("name")?,
        text: row.try_get("text")?,
        attachments: from_json(&attachments)?,
        // The customer sees these, whatever becomes of the trace.
        choices: trace.as_ref().map(|trace| trace.choices.clone()).unwrap_or_default(),
        at: time(row.try_get("at")?)?,
        trace,
    })
}

async fn append(
    transaction: &mut Transaction,
    scope: &Scope,
    id: &ConversationId,
    new: NewMessage,
    now: &Now,
) -> Result<Appended, StoreError> {
    let mut conversation = own_conversation(transaction, scope, id).await?;
    if let Some(client_id) = &new.client_id
        && let Some(earlier) = earlier(transaction, &conversation, client_id).await?
    {
        return Ok(earlier);
    }
    sign_in(transaction, scope, &mut conversation).await?;
    sent_in(transaction, &conversation, &new.attachments).await?;
    let before = conversation.episode;
    make_move(transaction, &mut conversation, Move::CustomerMessage, now).await?;
    let row = NewMessageRow {
        author: Author::Customer,
        name: None,
        owed: conversation.state == ConversationState::Bot,
        new,
    };
    let message = insert_message(transaction, &mut conversation, row, now).await?;
    if conversation.state.is_with_person() {
        written_to_person(transaction, &mut conversation, now).await?;
    }
    let reopened = conversation.episode > before;
    Ok(Appended { message, is_new: true, reply: None, superseded_by: None, conversation, reopened })
}

/// The message that was stored under a client id before, with what it was answered with.
async fn earlier(
    transaction: &mut Transaction,
    conversation: &Conversation,
    client_id: &str,
) -> Result<Option<Appended>, StoreError> {
    let row = sqlx::query(
        "SELECT id, author, superseded_by FROM messages WHERE conversation = ?1 AND client_id = ?2",
    )
    .bind(conversation.id.as_str())
    .bind(client_id)
    .fetch_optional(&mut transaction.connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if from_word::<Author>(row.try_get("author")?)? != Author::Customer {
        return Err(StoreError::Conflict(format!(
            "the message id `{client_id}` is taken in this conversation"
        )));
    }
    let message: MessageId = from_text(row.try_get("id")?)?;
    let superseded_by: Option<String> = row.try_get("superseded_by")?;
    let reply = sqlx::query("SELECT * FROM messages WHERE reply_to = ?1")
        .bind(message.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    Ok(Some(Appended {
        message,
        is_new: false,
        reply: reply.as_ref().map(StoredReply::read).transpose()?,
        superseded_by: superseded_by.map(from_text).transpose()?,
        conversation: conversation.clone(),
        reopened: false,
    }))
}

/// An anonymous conversation in which a verified customer speaks becomes that customer's own.
async fn sign_in(
    transaction: &mut Transaction,
    scope: &Scope,
    conversation: &mut Conversation,
) -> Result<(), StoreError> {
    let Some(customer) = scope.verified_customer().filter(|_| conversation.customer.is_none()) else {
        return Ok(());
    };
    sqlx::query("UPDATE conversations SET customer = ?1 WHERE id = ?2")
        .bind(customer.as_str())
        .bind(conversation.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    conversation.customer = Some(customer.clone());
    Ok(())
}

/// A message of the assistant that answers no message of the customer.
pub(super) struct Said {
    pub sentences: Vec<SentenceTrace>,
    pub trace: Trace,
    pub commitments: Vec<Commitment>,
    pub speaks: Speaks,
}

/// On what occasion the assistant says something by itself.
pub(super) enum Speaks {
    /// It owes the customer a word.
    Owing,
    /// It speaks first. Pages may show that outside the conversation.
    First(Box<NudgeSaid>),
}

/// Stores what the assistant says by itself, with its event.
pub(super) async fn insert_said(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    said: Said,
    now: &Now,
) -> Result<MessageId, StoreError> {
    let id = MessageId::generate();
    let texts: Vec<&str> = said.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    let text = texts.join("\n");
    sqlx::query(
        "INSERT INTO messages (id, shop, conversation, author, text, at, sentences, commitments, trace) \
         VALUES (?1, ?2, ?3, 'assistant', ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(id.as_str())
    .bind(conversation.shop.as_str())
    .bind(conversation.id.as_str())
    .bind(&text)
    .bind(now.epoch_milliseconds())
    .bind(json(&said.sentences)?)
    .bind(json(&said.commitments)?)
    .bind(json(&said.trace)?)
    .execute(&mut transaction.connection)
    .await?;
    let (kind, body) = match said.speaks {
        Speaks::Owing => {
            let body = serde_json::json!({
                "message": id,
                "author": Author::Assistant,
                "name": null,
                "text": text,
                "attachments": [],
                "at": now.timestamp(),
            });
            ("message", body)
        }
        Speaks::First(nudge) => ("nudge", serde_json::json!(NudgeSaid { message: id.clone(), ..*nudge })),
    };
    append_event(transaction, conversation, Event { kind, shown: true, body }, now).await?;
    Ok(id)
}

/// A message of a person, whichever side.
pub(super) struct NewMessageRow {
    pub author: Author,
    pub name: Option<String>,
    /// Whether the assistant owes an answer to it.
    pub owed: bool,
    pub new: NewMessage,
}

/// Stores a message of a person with its event.
pub(super) async fn insert_message(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    row: NewMessageRow,
    now: &Now,
) -> Result<MessageId, StoreError> {
    let id = MessageId::generate();
    sqlx::query(
        "INSERT INTO messages (id, shop, conversation, author, name, text, attachments, at, client_id, owed) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )
    .bind(id.as_str())
    .bind(conversation.shop.as_str())
    .bind(conversation.id.as_str())
    .bind(word(&row.author)?)
    .bind(&row.name)
    .bind(&row.new.text)
    .bind(json(&row.new.attachments)?)
    .bind(now.epoch_milliseconds())
    .bind(&row.new.client_id)
    .bind(row.owed)
    .execute(&mut transaction.connection)
    .await?;
    let body = serde_json::json!({
        "message": id,
        "author": row.author,
        "name": row.name,
        "text": row.new.text,
        "attachments": row.new.attachments,
        "at": now.timestamp(),
    });
    append_event(transaction, conversation, Event { kind: "message", shown: true, body }, now).await?;
    Ok(id)
}
