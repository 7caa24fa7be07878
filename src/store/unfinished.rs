//! Answers that a killed program left owing: how they are found at start, and given up if need be.

use jiff::Timestamp;
use sqlx::Row;

use super::codec::{from_json, from_text, time};
use super::conversations::{Conversation, read_conversation, shop_conversation};
use super::replies::{StoredReply, close_reply};
use super::{Store, StoreError};
use crate::conversation::types::Attachment;
use crate::identity::{ConversationId, MessageId, StaffScope};
use crate::time::Now;

/// A customer's message that is still owed an answer.
#[derive(Debug, Clone)]
pub struct UnfinishedReply {
    /// The conversation.
    pub conversation: Conversation,
    /// The customer's message.
    pub message: MessageId,
    /// What the customer said.
    pub text: String,
    /// Pictures and files.
    pub attachments: Vec<Attachment>,
    /// When.
    pub at: Timestamp,
    /// The reply, if it was begun, with the sentences that may have been read.
    pub reply: Option<StoredReply>,
}

impl Store {
    /// Customers' messages that were stored but not fully answered, oldest first: what a killed program left
    /// behind. To be asked at start, before anything new is accepted.
    pub async fn unfinished_replies(&self, staff: &StaffScope) -> Result<Vec<UnfinishedReply>, StoreError> {
        let owed = sqlx::query(
            "SELECT id, conversation, text, attachments, at FROM messages WHERE shop = ?1 AND owed = 1 ORDER BY number",
        )
        .bind(staff.shop.as_str())
        .fetch_all(self.readers())
        .await?;
        let mut unfinished = Vec::with_capacity(owed.len());
        for row in &owed {
            let id: String = row.try_get("id")?;
            let conversation = sqlx::query("SELECT * FROM conversations WHERE id = ?1")
                .bind(row.try_get::<String, _>("conversation")?)
                .fetch_one(self.readers())
                .await?;
            let reply = sqlx::query("SELECT * FROM messages WHERE reply_to = ?1")
                .bind(&id)
                .fetch_optional(self.readers())
                .await?;
            let attachments: String = row.try_get("attachments")?;
            unfinished.push(UnfinishedReply {
                conversation: read_conversation(&conversation)?,
                message: from_text(id)?,
                text: row.try_get("text")?,
                attachments: from_json(&attachments)?,
                at: time(row.try_get("at")?)?,
                reply: reply.as_ref().map(StoredReply::read).transpose()?,
            });
        }
        Ok(unfinished)
    }

    /// Gives up answering a message: what was said of a begun reply stays and counts as the whole.
    pub async fn settle(&self, staff: &StaffScope, message: &MessageId, now: &Now) -> Result<(), StoreError> {
        let (shop, message, now) = (staff.shop.clone(), message.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let row = sqlx::query("SELECT conversation FROM messages WHERE id = ?1 AND shop = ?2")
                    .bind(message.as_str())
                    .bind(shop.as_str())
                    .fetch_optional(&mut transaction.connection)
                    .await?
                    .ok_or_else(|| StoreError::not_found("message", message.as_str()))?;
                let id: ConversationId = from_text(row.try_get("conversation")?)?;
                let mut conversation = shop_conversation(transaction, &shop, &id).await?;
                close_reply(transaction, &mut conversation, &message, &now).await
            })
        })
        .await
    }
}
