//! Actions as rows: what is done for customers, and every move with its line in the audit.

mod execution;
mod undertake;

use serde_json::json;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_json, from_text, from_word, time, word};
use super::conversations::shop_conversation;
use super::events::{Event, append_event};
use super::flows::wake_of_action;
use super::tickets::audit;
use super::{Store, StoreError, Transaction};
use crate::actions::{Action, ActionMove, Promise, next_action};
use crate::identity::{ActionId, ConversationId, CustomerId, Scope, StaffScope, TicketId};
use crate::time::Now;

pub use execution::{Cancelling, ResultTaken, ToPerson};
pub use undertake::{Brought, NewAction, NewPromise, Undertaken, Undertaking};

/// How many actions and promises a turn is told of. Nobody speaks of the fortieth.
const STANDING: u32 = 40;

impl Store {
    /// What was begun for the customer of a conversation and promised in it: what is open for a verified customer wherever
    /// it was begun, and everything of the own conversation; the latest first.
    pub async fn standing(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
    ) -> Result<(Vec<Action>, Vec<Promise>), StoreError> {
        let customer = scope.verified_customer().map(CustomerId::as_str);
        let rows = sqlx::query(
            "SELECT * FROM actions WHERE shop = ?1 AND conversation = ?2 UNION \
             SELECT * FROM actions WHERE shop = ?1 AND customer = ?3 \
             AND state IN ('requested', 'confirmed', 'running', 'overdue') ORDER BY number DESC LIMIT ?4",
        )
        .bind(scope.shop.as_str())
        .bind(conversation.as_str())
        .bind(customer)
        .bind(STANDING)
        .fetch_all(self.readers())
        .await?;
        let actions = rows.iter().map(read_action).collect::<Result<_, _>>()?;
        let rows = sqlx::query(
            "SELECT * FROM promises WHERE shop = ?1 AND conversation = ?2 ORDER BY number DESC LIMIT ?3",
        )
        .bind(scope.shop.as_str())
        .bind(conversation.as_str())
        .bind(STANDING)
        .fetch_all(self.readers())
        .await?;
        Ok((actions, rows.iter().map(super::promises::read_promise).collect::<Result<_, _>>()?))
    }

    /// The actions of a conversation, oldest first, for people of the shop.
    pub async fn actions(
        &self,
        staff: &StaffScope,
        conversation: &ConversationId,
    ) -> Result<Vec<Action>, StoreError> {
        self.conversation_for_staff(staff, conversation).await?;
        let rows = sqlx::query("SELECT * FROM actions WHERE shop = ?1 AND conversation = ?2 ORDER BY number")
            .bind(staff.shop.as_str())
            .bind(conversation.as_str())
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_action).collect()
    }

    /// One action, for people of the shop.
    pub async fn action(&self, staff: &StaffScope, id: &ActionId) -> Result<Action, StoreError> {
        let row = sqlx::query("SELECT * FROM actions WHERE shop = ?1 AND id = ?2")
            .bind(staff.shop.as_str())
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_action).transpose()?.ok_or_else(|| StoreError::not_found("action", id.as_str()))
    }
}

pub(super) fn read_action(row: &SqliteRow) -> Result<Action, StoreError> {
    let (args, result): (String, Option<String>) = (row.try_get("args")?, row.try_get("result")?);
    let customer: Option<String> = row.try_get("customer")?;
    let ticket: Option<String> = row.try_get("ticket")?;
    let finished: Option<i64> = row.try_get("finished_at")?;
    Ok(Action {
        id: from_text(row.try_get("id")?)?,
        shop: from_text(row.try_get("shop")?)?,
        conversation: from_text(row.try_get("conversation")?)?,
        customer: customer.map(from_text).transpose()?,
        kind: row.try_get("kind")?,
        args: from_json(&args)?,
        identity: row.try_get("identity")?,
        requested_by: row.try_get("requested_by")?,
        by: from_word(row.try_get("executor")?)?,
        state: from_word(row.try_get("state")?)?,
        due: time(row.try_get("due")?)?,
        attempts: row.try_get("attempts")?,
        ticket: ticket.map(from_text).transpose()?,
        result: result.as_deref().map(from_json).transpose()?,
        requested_at: time(row.try_get("requested_at")?)?,
        finished_at: finished.map(time).transpose()?,
    })
}

/// An action of the shop, inside a write.
pub(super) async fn shop_action(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &ActionId,
) -> Result<Action, StoreError> {
    let row = sqlx::query("SELECT * FROM actions WHERE shop = ?1 AND id = ?2")
        .bind(staff.shop.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    row.as_ref().map(read_action).transpose()?.ok_or_else(|| StoreError::not_found("action", id.as_str()))
}

/// Makes a move of an action, with its line in the audit and a word to the desk.
pub(super) async fn move_action(
    transaction: &mut Transaction,
    staff: &StaffScope,
    action: &mut Action,
    (step, detail): (ActionMove, &str),
    now: &Now,
) -> Result<(), StoreError> {
    let state =
        next_action(action.state, step).map_err(|illegal| StoreError::Conflict(illegal.to_string()))?;
    action.state = state;
    action.finished_at = (!state.is_open()).then(|| now.timestamp());
    sqlx::query(
        "UPDATE actions SET state = ?1, finished_at = ?2, \
         next_attempt_at = CASE WHEN ?2 IS NULL THEN next_attempt_at END, \
         leased_until = CASE WHEN ?2 IS NULL THEN leased_until END WHERE id = ?3",
    )
    .bind(word(&state)?)
    .bind(action.finished_at.map(|at| at.as_millisecond()))
    .bind(action.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    if !state.is_open() {
        wake_of_action(transaction, &action.id, now).await?;
    }
    let name = format!("{}_action", format!("{step:?}").to_lowercase());
    audit(transaction, staff, (&name, action.id.as_str(), detail), now).await?;
    tell_desk_of(transaction, action, now).await
}

/// Tells the desk, and nobody else, how an action stands now.
async fn tell_desk_of(transaction: &mut Transaction, action: &Action, now: &Now) -> Result<(), StoreError> {
    let mut conversation = shop_conversation(transaction, &action.shop, &action.conversation).await?;
    let body = json!({ "action": action.id, "kind": action.kind, "state": action.state });
    append_event(transaction, &mut conversation, Event { kind: "action", shown: false, body }, now).await?;
    Ok(())
}

/// The open actions that a person has by a ticket.
async fn of_ticket(transaction: &mut Transaction, ticket: &TicketId) -> Result<Vec<Action>, StoreError> {
    let rows = sqlx::query("SELECT * FROM actions WHERE ticket = ?1 AND finished_at IS NULL")
        .bind(ticket.as_str())
        .fetch_all(&mut transaction.connection)
        .await?;
    rows.iter().map(read_action).collect()
}

/// A person has taken the ticket: what it asks for is being done.
pub(super) async fn begun_by_person(
    transaction: &mut Transaction,
    agent: &StaffScope,
    ticket: &TicketId,
    now: &Now,
) -> Result<(), StoreError> {
    move_of_ticket(transaction, agent, (ticket, (ActionMove::Begin, "")), now).await
}

/// A person has resolved the ticket: what it asked for is done.
pub(super) async fn done_by_person(
    transaction: &mut Transaction,
    agent: &StaffScope,
    ticket: &TicketId,
    now: &Now,
) -> Result<(), StoreError> {
    move_of_ticket(transaction, agent, (ticket, (ActionMove::Finish, "ticket resolved")), now).await
}

/// The same step for every open action of a ticket.
async fn move_of_ticket(
    transaction: &mut Transaction,
    agent: &StaffScope,
    (ticket, step): (&TicketId, (ActionMove, &str)),
    now: &Now,
) -> Result<(), StoreError> {
    for mut action in of_ticket(transaction, ticket).await? {
        move_action(transaction, agent, &mut action, step, now).await?;
    }
    Ok(())
}
