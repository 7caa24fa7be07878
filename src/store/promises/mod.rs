//! Promises as rows: given with what stands behind them, and moved with a line in the audit.

mod keeping;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_text, from_word, time, word};
use super::conversations::{Conversation, shop_conversation};
use super::events::{Event, append_event};
use super::tickets::{audit, program};
use super::{Store, StoreError, Transaction, flows};
use crate::actions::{Promise, PromiseMove, PromiseState, next_promise};
use crate::identity::{ActionId, ConversationId, PromiseId, Scope, StaffScope, TicketId};
use crate::telemetry::metrics;
use crate::time::Now;

pub use keeping::{DuePromise, FollowUp, FollowUpStep, FollowedUp, Seen};

/// How many promises of other conversations a turn is told of.
const ELSEWHERE: u32 = 20;

impl Store {
    /// The promises of a conversation, oldest first, for people of the shop.
    pub async fn promises(
        &self,
        staff: &StaffScope,
        conversation: &ConversationId,
    ) -> Result<Vec<Promise>, StoreError> {
        self.conversation_for_staff(staff, conversation).await?;
        let rows =
            sqlx::query("SELECT * FROM promises WHERE shop = ?1 AND conversation = ?2 ORDER BY number")
                .bind(staff.shop.as_str())
                .bind(conversation.as_str())
                .fetch_all(self.readers())
                .await?;
        rows.iter().map(read_promise).collect()
    }

    /// The latest promises of a verified customer in other conversations, the latest first: matters that go on here may
    /// have been promised there.
    pub async fn promises_elsewhere(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
    ) -> Result<Vec<Promise>, StoreError> {
        let Some(customer) = scope.verified_customer() else { return Ok(Vec::new()) };
        let rows = sqlx::query(
            "SELECT promises.* FROM conversations CROSS JOIN promises ON promises.conversation = conversations.id \
             WHERE conversations.shop = ?1 AND conversations.customer = ?2 AND conversations.id <> ?3 \
             ORDER BY promises.number DESC LIMIT ?4",
        )
        .bind(scope.shop.as_str())
        .bind(customer.as_str())
        .bind(conversation.as_str())
        .bind(ELSEWHERE)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_promise).collect()
    }

    /// One promise, for people of the shop.
    pub async fn promise(&self, staff: &StaffScope, id: &PromiseId) -> Result<Promise, StoreError> {
        let row = sqlx::query("SELECT * FROM promises WHERE shop = ?1 AND id = ?2")
            .bind(staff.shop.as_str())
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await?;
        row.as_ref()
            .map(read_promise)
            .transpose()?
            .ok_or_else(|| StoreError::not_found("promise", id.as_str()))
    }
}

pub(super) fn read_promise(row: &SqliteRow) -> Result<Promise, StoreError> {
    let (action, ticket): (Option<String>, Option<String>) = (row.try_get("action")?, row.try_get("ticket")?);
    let settled: Option<i64> = row.try_get("settled_at")?;
    Ok(Promise {
        id: from_text(row.try_get("id")?)?,
        shop: from_text(row.try_get("shop")?)?,
        conversation: from_text(row.try_get("conversation")?)?,
        kind: row.try_get("kind")?,
        by: row.try_get("promised_by")?,
        action: action.map(from_text).transpose()?,
        ticket: ticket.map(from_text).transpose()?,
        state: from_word(row.try_get("state")?)?,
        due: time(row.try_get("due")?)?,
        first_due: time(row.try_get("first_due")?)?,
        reminded: row.try_get("reminded")?,
        with_person: row.try_get("with_person")?,
        made_at: time(row.try_get("made_at")?)?,
        settled_at: settled.map(time).transpose()?,
    })
}

/// A promise that is given, with what stands behind it.
pub(super) struct Given {
    pub kind: String,
    pub due: Timestamp,
    pub action: Option<ActionId>,
    pub ticket: Option<TicketId>,
    pub remind_before: SignedDuration,
}

/// When a promise is looked at next, and whether that is for its reminder.
fn first_look(due: Timestamp, remind_before: SignedDuration, now: &Now) -> (Timestamp, bool) {
    let reminder = due.saturating_sub(remind_before).unwrap_or(due);
    if reminder > now.timestamp() && reminder < due { (reminder, true) } else { (due, false) }
}

/// Keeps a promise. One that is owed already for the same is not given again: its own time stands, unless it is over,
/// and then the new one does. By when it is owed.
pub(super) async fn give(
    transaction: &mut Transaction,
    scope: &Scope,
    (conversation, given): (&ConversationId, Given),
    now: &Now,
) -> Result<Timestamp, StoreError> {
    let staff = program(&scope.shop);
    let row = sqlx::query(
        "SELECT * FROM promises WHERE conversation = ?1 AND kind = ?2 AND settled_at IS NULL \
         AND action IS ?3 ORDER BY number LIMIT 1",
    )
    .bind(conversation.as_str())
    .bind(&given.kind)
    .bind(given.action.as_ref().map(ActionId::as_str))
    .fetch_optional(&mut transaction.connection)
    .await?;
    if let Some(mut owed) = row.as_ref().map(read_promise).transpose()? {
        if owed.due > now.timestamp() {
            return Ok(owed.due);
        }
        if next_promise(owed.state, PromiseMove::Renegotiate).is_ok() {
            put_off(transaction, &staff, &mut owed, (given.due, given.remind_before), now).await?;
            return Ok(given.due);
        }
        // It was put off once already: the old word is broken, and this is a new one.
        move_promise(transaction, &staff, &mut owed, PromiseMove::Break, now).await?;
    }
    insert(transaction, &staff, (conversation, given), now).await
}

/// A word that an agent gives the customer.
#[derive(Debug, Clone, Copy)]
pub struct AgentWord {
    /// By when it is owed.
    pub due: Timestamp,
    /// So long before its time the agent is reminded.
    pub remind_before: SignedDuration,
}

/// Keeps a promise under the name of whoever gives it.
pub(super) async fn owe(
    transaction: &mut Transaction,
    staff: &StaffScope,
    given: (&ConversationId, Given),
    now: &Now,
) -> Result<(), StoreError> {
    insert(transaction, staff, given, now).await.map(drop)
}

async fn insert(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (conversation, given): (&ConversationId, Given),
    now: &Now,
) -> Result<Timestamp, StoreError> {
    let id = PromiseId::generate();
    let (wake, is_reminder) = first_look(given.due, given.remind_before, now);
    let row = sqlx::query(
        "INSERT INTO promises (id, shop, conversation, kind, promised_by, action, ticket, state, due, first_due, \
         reminded, wake_at, made_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, ?12) RETURNING *",
    )
    .bind(id.as_str())
    .bind(staff.shop.as_str())
    .bind(conversation.as_str())
    .bind(&given.kind)
    .bind(&staff.actor)
    .bind(given.action.as_ref().map(ActionId::as_str))
    .bind(given.ticket.as_ref().map(TicketId::as_str))
    .bind(word(&PromiseState::Open)?)
    .bind(given.due.as_millisecond())
    .bind(!is_reminder)
    .bind(wake.as_millisecond())
    .bind(now.epoch_milliseconds())
    .fetch_one(&mut transaction.connection)
    .await?;
    let promise = read_promise(&row)?;
    audit(transaction, staff, ("promise", id.as_str(), &promise.kind), now).await?;
    tell_desk_of(transaction, &promise, now).await?;
    Ok(promise.due)
}

/// Tells another time, once.
async fn put_off(
    transaction: &mut Transaction,
    staff: &StaffScope,
    promise: &mut Promise,
    (due, remind_before): (Timestamp, SignedDuration),
    now: &Now,
) -> Result<(), StoreError> {
    let (wake, is_reminder) = first_look(due, remind_before, now);
    sqlx::query("UPDATE promises SET due = ?1, wake_at = ?2, reminded = ?3 WHERE id = ?4")
        .bind(due.as_millisecond())
        .bind(wake.as_millisecond())
        .bind(!is_reminder)
        .bind(promise.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    promise.due = due;
    move_promise(transaction, staff, promise, PromiseMove::Renegotiate, now).await
}

/// Makes a move of a promise, with its line in the audit and a word to the desk.
async fn move_promise(
    transaction: &mut Transaction,
    staff: &StaffScope,
    promise: &mut Promise,
    step: PromiseMove,
    now: &Now,
) -> Result<(), StoreError> {
    let state =
        next_promise(promise.state, step).map_err(|illegal| StoreError::Conflict(illegal.to_string()))?;
    promise.state = state;
    promise.settled_at = (!state.is_open()).then(|| now.timestamp());
    sqlx::query(
        "UPDATE promises SET state = ?1, settled_at = ?2, with_person = 0, \
         wake_at = CASE WHEN ?2 IS NULL THEN wake_at END WHERE id = ?3",
    )
    .bind(word(&state)?)
    .bind(promise.settled_at.map(|at| at.as_millisecond()))
    .bind(promise.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    let name = match step {
        PromiseMove::Keep => "keep_promise",
        PromiseMove::Renegotiate => "renegotiate_promise",
        PromiseMove::Break => "break_promise",
    };
    audit(transaction, staff, (name, promise.id.as_str(), &promise.kind), now).await?;
    // The flow of an action goes on once the customer has the word of it.
    if let Some(action) = promise.action.as_ref().filter(|_| !state.is_open()) {
        flows::wake_of_action(transaction, action, now).await?;
    }
    metrics::promise(state);
    tell_desk_of(transaction, promise, now).await
}

/// Tells the desk, and nobody else, how a promise stands now.
async fn tell_desk_of(transaction: &mut Transaction, promise: &Promise, now: &Now) -> Result<(), StoreError> {
    let mut conversation = shop_conversation(transaction, &promise.shop, &promise.conversation).await?;
    let body = json!({
        "promise": promise.id, "kind": promise.kind, "state": promise.state, "due": promise.due,
    });
    append_event(transaction, &mut conversation, Event { kind: "promise", shown: false, body }, now).await?;
    Ok(())
}

/// An action has ended: whoever was promised its result hears of it now.
pub(super) async fn wake_of_action(
    transaction: &mut Transaction,
    action: &ActionId,
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE promises SET wake_at = ?1 WHERE action = ?2 AND settled_at IS NULL AND with_person = 0",
    )
    .bind(now.epoch_milliseconds())
    .bind(action.as_str())
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

/// The customer knows that an action goes no further: what was promised of it is owed no longer.
pub(super) async fn release_of_action(
    transaction: &mut Transaction,
    staff: &StaffScope,
    action: &ActionId,
    now: &Now,
) -> Result<(), StoreError> {
    let rows = sqlx::query("SELECT * FROM promises WHERE action = ?1 AND settled_at IS NULL")
        .bind(action.as_str())
        .fetch_all(&mut transaction.connection)
        .await?;
    keep_all(transaction, staff, &rows, now).await
}

/// Nothing of these is owed any more.
async fn keep_all(
    transaction: &mut Transaction,
    staff: &StaffScope,
    rows: &[SqliteRow],
    now: &Now,
) -> Result<(), StoreError> {
    for row in rows {
        let mut promise = read_promise(row)?;
        move_promise(transaction, staff, &mut promise, PromiseMove::Keep, now).await?;
    }
    Ok(())
}

/// A person has written: what is owed by that ticket, and what waited for the person who has the conversation, is told.
pub(super) async fn told_by_person(
    transaction: &mut Transaction,
    agent: &StaffScope,
    (conversation, ticket): (&Conversation, &TicketId),
    now: &Now,
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT * FROM promises WHERE conversation = ?1 AND settled_at IS NULL AND (ticket = ?2 OR with_person = 1)",
    )
    .bind(conversation.id.as_str())
    .bind(ticket.as_str())
    .fetch_all(&mut transaction.connection)
    .await?;
    keep_all(transaction, agent, &rows, now).await
}

/// A person has resolved a ticket: who was promised something of it and has not heard a word is told now.
pub(super) async fn wake_of_ticket(
    transaction: &mut Transaction,
    ticket: &TicketId,
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE promises SET wake_at = ?1 WHERE ticket = ?2 AND settled_at IS NULL AND with_person = 0",
    )
    .bind(now.epoch_milliseconds())
    .bind(ticket.as_str())
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

/// A person goes on with what was promised under another ticket.
pub(super) async fn move_to_ticket(
    transaction: &mut Transaction,
    (from, to): (&TicketId, &TicketId),
) -> Result<(), StoreError> {
    sqlx::query("UPDATE promises SET ticket = ?1 WHERE ticket = ?2 AND settled_at IS NULL")
        .bind(to.as_str())
        .bind(from.as_str())
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}

/// By when the earliest word is owed that stands behind a ticket.
pub(super) async fn owed_by_ticket(
    transaction: &mut Transaction,
    ticket: &TicketId,
) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query("SELECT MIN(due) AS due FROM promises WHERE ticket = ?1 AND settled_at IS NULL")
        .bind(ticket.as_str())
        .fetch_one(&mut transaction.connection)
        .await?;
    row.try_get::<Option<i64>, _>("due")?.map(time).transpose()
}

/// The person has left the conversation: the assistant owes again what waited for that person.
pub(super) async fn given_back(
    transaction: &mut Transaction,
    conversation: &Conversation,
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE promises SET with_person = 0, wake_at = ?1 \
         WHERE conversation = ?2 AND settled_at IS NULL AND with_person = 1",
    )
    .bind(now.epoch_milliseconds())
    .bind(conversation.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}
