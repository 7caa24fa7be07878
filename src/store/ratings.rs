//! What customers thought of the people who have resolved their matters.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_text, from_word, time};
use super::conversations::{Conversation, own_conversation};
use super::events::{Event, append_event};
use super::tickets::audit;
use super::{Store, StoreError, Transaction};
use crate::desk::types::{NewRating, Rating, TicketStatus};
use crate::identity::{ConversationId, Scope, StaffScope, TicketId};
use crate::time::Now;

/// How long after the matter was resolved its customer is heard.
const OPEN_DAYS: i64 = 7;

impl Store {
    /// Keeps what a customer thinks of the newest matter that people have resolved in the own conversation, and tells
    /// the desk.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if people have the conversation, have resolved nothing in it, or too long ago, or if it
    /// was rated before. [`StoreError::NotFound`] if it is somebody else's conversation.
    pub async fn rate(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
        new: NewRating,
        now: &Now,
    ) -> Result<Rating, StoreError> {
        let (scope, conversation, now) = (scope.clone(), conversation.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let mut conversation = own_conversation(transaction, &scope, &conversation).await?;
                let ticket = ticket_to_rate(transaction, &conversation, &now).await?;
                insert(transaction, &mut conversation, (&ticket, new), &now).await
            })
        })
        .await
    }

    /// What the customer thought of a ticket; none if it was not rated.
    pub async fn rating(&self, staff: &StaffScope, ticket: &TicketId) -> Result<Option<Rating>, StoreError> {
        let row = sqlx::query("SELECT ticket, score, text, at FROM ratings WHERE shop = ?1 AND ticket = ?2")
            .bind(staff.shop.as_str())
            .bind(ticket.as_str())
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_rating).transpose()
    }

    /// What the customer thought of the tickets of a conversation, oldest first.
    pub(super) async fn ratings_of(
        &self,
        staff: &StaffScope,
        conversation: &ConversationId,
    ) -> Result<Vec<Rating>, StoreError> {
        let rows = sqlx::query(
            "SELECT ticket, score, text, at FROM ratings WHERE shop = ?1 \
             AND ticket IN (SELECT id FROM tickets WHERE conversation = ?2) ORDER BY number",
        )
        .bind(staff.shop.as_str())
        .bind(conversation.as_str())
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_rating).collect()
    }
}

/// The newest ticket by which people had the conversation, if it is resolved and may still be rated.
async fn ticket_to_rate(
    transaction: &mut Transaction,
    conversation: &Conversation,
    now: &Now,
) -> Result<TicketId, StoreError> {
    let row = sqlx::query(
        "SELECT t.id, t.status, t.closed_at, r.ticket AS rated FROM tickets AS t \
         LEFT JOIN ratings AS r ON r.ticket = t.id WHERE t.shop = ?1 AND t.conversation = ?2 AND t.mode = 'now' \
         ORDER BY t.number DESC LIMIT 1",
    )
    .bind(conversation.shop.as_str())
    .bind(conversation.id.as_str())
    .fetch_optional(&mut transaction.connection)
    .await?;
    let conflict = |message: &str| Err(StoreError::Conflict(message.to_owned()));
    let Some(row) = row else { return conflict("no person has resolved anything in this conversation") };
    if from_word::<TicketStatus>(row.try_get("status")?)? != TicketStatus::Resolved {
        return conflict("the matter is not resolved yet");
    }
    if row.try_get::<Option<String>, _>("rated")?.is_some() {
        return conflict("the matter was rated before");
    }
    let closed_at: Option<i64> = row.try_get("closed_at")?;
    if closed_at.is_none_or(|closed| now.epoch_milliseconds() - closed > OPEN_DAYS * 86_400_000) {
        return conflict("the matter was resolved more than 7 days ago");
    }
    from_text(row.try_get("id")?)
}

async fn insert(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    (ticket, new): (&TicketId, NewRating),
    now: &Now,
) -> Result<Rating, StoreError> {
    sqlx::query(
        "INSERT INTO ratings (shop, ticket, conversation, score, text, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(conversation.shop.as_str())
    .bind(ticket.as_str())
    .bind(conversation.id.as_str())
    .bind(new.score)
    .bind(&new.text)
    .bind(now.epoch_milliseconds())
    .execute(&mut transaction.connection)
    .await?;
    let body = serde_json::json!({ "ticket": ticket, "score": new.score, "text": new.text });
    append_event(transaction, conversation, Event { kind: "rating", shown: false, body }, now).await?;
    let customer = StaffScope { shop: conversation.shop.clone(), actor: "customer".to_owned() };
    audit(transaction, &customer, ("rate", ticket.as_str(), &new.score.to_string()), now).await?;
    Ok(Rating { ticket: ticket.clone(), score: new.score, text: new.text, at: now.timestamp() })
}

fn read_rating(row: &SqliteRow) -> Result<Rating, StoreError> {
    Ok(Rating {
        ticket: from_text(row.try_get("ticket")?)?,
        score: row.try_get("score")?,
        text: row.try_get("text")?,
        at: time(row.try_get("at")?)?,
    })
}
