//! Conversations as rows: whose they are, who has them, what they remember.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_json, from_text, from_word, json, time, word};
use super::events::{Event, append_event};
use super::promises::given_back;
use super::{Store, StoreError, Transaction};
use crate::desk::moves::{Move, next};
use crate::desk::types::ConversationState;
use crate::identity::{ConversationId, CustomerId, Identity, Scope, ShopId, StaffScope, VisitorId};
use crate::time::Now;
use crate::turn::types::Memory;

/// How long after its last message a conversation is still gone on with.
pub(super) const UNFINISHED_HOURS: i64 = 72;

/// A conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Its id.
    pub id: ConversationId,
    /// Its shop.
    pub shop: ShopId,
    /// The verified customer it belongs to.
    pub customer: Option<CustomerId>,
    /// The browser it began in.
    pub visitor: Option<VisitorId>,
    /// Who has it.
    pub state: ConversationState,
    /// Where it began: `widget`, `api`, …
    pub channel: String,
    /// What it remembers between turns.
    pub memory: Memory,
    /// How many matters it has been about: a message after it was resolved begins the next one.
    pub episode: u32,
    /// The number of its newest event.
    pub last_event: i64,
    /// When it began.
    pub opened_at: Timestamp,
    /// When something was last said or changed.
    pub updated_at: Timestamp,
}

/// A conversation to be opened.
#[derive(Debug, Clone)]
pub struct NewConversation {
    /// Where it begins.
    pub channel: String,
    /// What it remembers from the start.
    pub memory: Memory,
}

impl Store {
    /// Opens a conversation of whoever the scope names.
    pub async fn open_conversation(
        &self,
        scope: &Scope,
        new: NewConversation,
        now: &Now,
    ) -> Result<Conversation, StoreError> {
        let (scope, moment) = (scope.clone(), now.epoch_milliseconds());
        let id = self.ids.next_id();
        self.write(move |transaction| {
            Box::pin(async move {
                let customer = scope.verified_customer().map(CustomerId::as_str);
                let visitor = scope.visitor().map(VisitorId::as_str);
                sqlx::query(
                    "INSERT INTO conversations (id, shop, customer, visitor, state, channel, memory, episode, \
                     last_event, opened_at, updated_at) VALUES (?1, ?2, ?3, ?4, 'bot', ?5, ?6, 1, 0, ?7, ?7)",
                )
                .bind(id.as_str())
                .bind(scope.shop.as_str())
                .bind(customer)
                .bind(visitor)
                .bind(&new.channel)
                .bind(json(&new.memory)?)
                .bind(moment)
                .execute(&mut transaction.connection)
                .await?;
                own_conversation(transaction, &scope, &id).await
            })
        })
        .await
    }

    /// A conversation of whoever asks. Somebody else's is [`StoreError::NotFound`], as one that never was.
    ///
    /// A conversation nobody has signed in to belongs to whoever knows its id, which cannot be guessed; once an order was
    /// opened in it, no longer to who signs in.
    pub async fn conversation(&self, scope: &Scope, id: &ConversationId) -> Result<Conversation, StoreError> {
        let row = sqlx::query(ASKED_FOR)
            .bind(scope.shop.as_str())
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await?;
        owned(row.as_ref(), scope, id)
    }

    /// A conversation, for people of the shop.
    pub async fn conversation_for_staff(
        &self,
        staff: &StaffScope,
        id: &ConversationId,
    ) -> Result<Conversation, StoreError> {
        let row = sqlx::query("SELECT * FROM conversations WHERE shop = ?1 AND id = ?2")
            .bind(staff.shop.as_str())
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await?;
        row.as_ref()
            .map(read_conversation)
            .transpose()?
            .ok_or_else(|| StoreError::not_found("conversation", id.as_str()))
    }

    /// What the verified customer's conversations remember that were alive since a moment, oldest first. None for
    /// anybody who is not verified.
    pub async fn recent_memories(&self, scope: &Scope, since: Timestamp) -> Result<Vec<Memory>, StoreError> {
        let Some(customer) = scope.verified_customer() else { return Ok(Vec::new()) };
        let rows = sqlx::query(
            "SELECT memory FROM conversations WHERE shop = ?1 AND customer = ?2 AND updated_at >= ?3 \
             ORDER BY updated_at LIMIT 20",
        )
        .bind(scope.shop.as_str())
        .bind(customer.as_str())
        .bind(since.as_millisecond())
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(|row| from_json(&row.try_get::<String, _>("memory")?)).collect()
    }
}

/// The conversation of whoever asks, inside a write.
pub(super) async fn own_conversation(
    transaction: &mut Transaction,
    scope: &Scope,
    id: &ConversationId,
) -> Result<Conversation, StoreError> {
    let row = sqlx::query(ASKED_FOR)
        .bind(scope.shop.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    owned(row.as_ref(), scope, id)
}

/// A conversation of the shop, inside a write.
pub(super) async fn shop_conversation(
    transaction: &mut Transaction,
    shop: &ShopId,
    id: &ConversationId,
) -> Result<Conversation, StoreError> {
    let row = sqlx::query("SELECT * FROM conversations WHERE shop = ?1 AND id = ?2")
        .bind(shop.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    row.as_ref()
        .map(read_conversation)
        .transpose()?
        .ok_or_else(|| StoreError::not_found("conversation", id.as_str()))
}

/// Makes a move of the conversation's state machine and tells the listeners if somebody else has it now.
pub(super) async fn make_move(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    step: Move,
    now: &Now,
) -> Result<(), StoreError> {
    let state =
        next(conversation.state, step).map_err(|illegal| StoreError::Conflict(illegal.to_string()))?;
    if state == conversation.state {
        return Ok(());
    }
    let reopened = conversation.state == ConversationState::Resolved;
    let before = conversation.state;
    if before.is_with_person() && !state.is_with_person() {
        given_back(transaction, conversation, now).await?;
    }
    conversation.state = state;
    conversation.episode += u32::from(reopened);
    sqlx::query("UPDATE conversations SET state = ?1, episode = ?2, updated_at = ?3 WHERE id = ?4")
        .bind(word(&state)?)
        .bind(conversation.episode)
        .bind(now.epoch_milliseconds())
        .bind(conversation.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    if before.for_customer() != state.for_customer() {
        let body = serde_json::json!({ "state": state.for_customer() });
        append_event(transaction, conversation, Event { kind: "state", shown: true, body }, now).await?;
    }
    Ok(())
}

/// Keeps what a conversation remembers after something that was no turn.
pub(super) async fn keep_memory(
    transaction: &mut Transaction,
    conversation: &Conversation,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE conversations SET memory = ?1 WHERE id = ?2")
        .bind(json(&conversation.memory)?)
        .bind(conversation.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}

/// A conversation by shop and id, with whether an order was ever opened in it by its number and phone.
const ASKED_FOR: &str = "SELECT *, EXISTS (SELECT 1 FROM opened_orders WHERE conversation = conversations.id) \
                         AS has_opened FROM conversations WHERE shop = ?1 AND id = ?2";

fn owned(row: Option<&SqliteRow>, scope: &Scope, id: &ConversationId) -> Result<Conversation, StoreError> {
    let unknown = || StoreError::not_found("conversation", id.as_str());
    let row = row.ok_or_else(unknown)?;
    let conversation = read_conversation(row)?;
    // Who signs in goes on with what was said before. Where an order was opened, that may be somebody else's order, and
    // signing in has not proven that it is theirs.
    let takes_over = scope.verified_customer().is_some() && conversation.customer.is_none();
    let shut = takes_over && row.try_get::<bool, _>("has_opened")?;
    if conversation.belongs_to(scope) && !shut { Ok(conversation) } else { Err(unknown()) }
}

impl Conversation {
    /// The scope of whoever it belongs to.
    pub fn owner_scope(&self) -> Scope {
        let identity = match &self.customer {
            Some(customer) => Identity::Customer(customer.clone()),
            None => Identity::Anonymous(self.visitor.clone()),
        };
        Scope { shop: self.shop.clone(), identity }
    }

    /// Whether it is still gone on with: it is not resolved, and something was said or changed within the last 72 hours.
    pub fn goes_on(&self, now: &Now) -> bool {
        let since = now.epoch_milliseconds() - UNFINISHED_HOURS * 3_600_000;
        self.state != ConversationState::Resolved && self.updated_at.as_millisecond() >= since
    }

    /// Whether whoever the scope names may read it and go on with it.
    fn belongs_to(&self, scope: &Scope) -> bool {
        if self.shop != scope.shop {
            return false;
        }
        // What was proven in one conversation is worth nothing in another.
        if scope.order_holder().is_some_and(|holder| *holder.conversation() != self.id) {
            return false;
        }
        match (&self.customer, &self.visitor) {
            (Some(owner), _) => scope.verified_customer() == Some(owner),
            (None, Some(owner)) => scope.visitor().is_none_or(|visitor| visitor == owner),
            (None, None) => true,
        }
    }
}

pub(super) fn read_conversation(row: &SqliteRow) -> Result<Conversation, StoreError> {
    let customer: Option<String> = row.try_get("customer")?;
    let visitor: Option<String> = row.try_get("visitor")?;
    let memory: String = row.try_get("memory")?;
    Ok(Conversation {
        id: from_text(row.try_get("id")?)?,
        shop: from_text(row.try_get("shop")?)?,
        customer: customer.map(from_text).transpose()?,
        visitor: visitor.map(from_text).transpose()?,
        state: from_word(row.try_get("state")?)?,
        channel: row.try_get("channel")?,
        memory: from_json(&memory)?,
        episode: row.try_get("episode")?,
        last_event: row.try_get("last_event")?,
        opened_at: time(row.try_get("opened_at")?)?,
        updated_at: time(row.try_get("updated_at")?)?,
    })
}
