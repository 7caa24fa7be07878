//! What was appended to each conversation, numbered, so that a stream that was cut off misses nothing.

use jiff::Timestamp;
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_json, from_text, json, time};
use super::conversations::Conversation;
use super::{Announcement, Store, StoreError, Transaction};
use crate::identity::{ConversationId, Scope, StaffScope};
use crate::time::Now;

/// Something that arrived in a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEvent {
    /// Its number within the conversation, from 1 without gaps except for what the reader may not see.
    pub seq: i64,
    /// `message`, `handoff`, `state` or, for people only, `ticket` and `note`.
    pub kind: String,
    /// What it says; its shape depends on the kind.
    pub body: Value,
    /// When.
    pub at: Timestamp,
}

/// Something that arrived in any conversation, as the desk sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct DeskEvent {
    /// Its number within the store, rising.
    pub number: i64,
    /// Where it arrived.
    pub conversation: ConversationId,
    /// What.
    pub event: StreamEvent,
}

impl Store {
    /// What arrived in the own conversation after an event number, oldest first, at most `limit`.
    pub async fn events(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
        after: i64,
        limit: u32,
    ) -> Result<Vec<StreamEvent>, StoreError> {
        self.conversation(scope, conversation).await?;
        let rows = sqlx::query(
            "SELECT seq, type, body, at FROM events \
             WHERE conversation = ?1 AND shop = ?2 AND seq > ?3 AND shown = 1 ORDER BY seq LIMIT ?4",
        )
        .bind(conversation.as_str())
        .bind(scope.shop.as_str())
        .bind(after)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_event).collect()
    }

    /// What arrived in the shop's conversations after a number, oldest first, at most `limit`.
    pub async fn desk_events(
        &self,
        staff: &StaffScope,
        after: i64,
        limit: u32,
    ) -> Result<Vec<DeskEvent>, StoreError> {
        let rows = sqlx::query(
            "SELECT number, conversation, seq, type, body, at FROM events \
             WHERE shop = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
        )
        .bind(staff.shop.as_str())
        .bind(after)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(DeskEvent {
                    number: row.try_get("number")?,
                    conversation: from_text(row.try_get("conversation")?)?,
                    event: read_event(row)?,
                })
            })
            .collect()
    }

    /// The number of the shop's newest event, from which a desk that has just loaded everything goes on.
    pub async fn last_desk_event(&self, staff: &StaffScope) -> Result<i64, StoreError> {
        let row = sqlx::query("SELECT COALESCE(MAX(number), 0) AS number FROM events WHERE shop = ?1")
            .bind(staff.shop.as_str())
            .fetch_one(self.readers())
            .await?;
        Ok(row.try_get("number")?)
    }
}

/// An event to be appended.
pub(super) struct Event {
    pub kind: &'static str,
    /// Whether the customer may see it.
    pub shown: bool,
    pub body: Value,
}

/// Appends an event and has it announced after the commit.
pub(super) async fn append_event(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    event: Event,
    now: &Now,
) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "UPDATE conversations SET last_event = last_event + 1, updated_at = ?1 WHERE id = ?2 RETURNING last_event",
    )
    .bind(now.epoch_milliseconds())
    .bind(conversation.id.as_str())
    .fetch_one(&mut transaction.connection)
    .await?;
    let seq: i64 = row.try_get("last_event")?;
    let written = sqlx::query(
        "INSERT INTO events (shop, conversation, seq, type, shown, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(conversation.shop.as_str())
    .bind(conversation.id.as_str())
    .bind(seq)
    .bind(event.kind)
    .bind(event.shown)
    .bind(json(&event.body)?)
    .bind(now.epoch_milliseconds())
    .execute(&mut transaction.connection)
    .await?;
    conversation.last_event = seq;
    conversation.updated_at = now.timestamp();
    transaction.announced.push(Announcement {
        shop: conversation.shop.clone(),
        conversation: conversation.id.clone(),
        seq,
        number: written.last_insert_rowid(),
    });
    Ok(seq)
}

fn read_event(row: &SqliteRow) -> Result<StreamEvent, StoreError> {
    let body: String = row.try_get("body")?;
    Ok(StreamEvent {
        seq: row.try_get("seq")?,
        kind: row.try_get("type")?,
        body: from_json(&body)?,
        at: time(row.try_get("at")?)?,
    })
}
