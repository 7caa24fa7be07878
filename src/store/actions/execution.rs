//! How the shop's own system executes actions, seen from the rows: leased for one attempt, taken, put off, handed to a
//! person; and how results come in, whoever brings them.

use jiff::Timestamp;

use super::{Action, move_action, read_action, shop_action};
use crate::actions::{ActionMove, ActionResult, ActionState, Executor, Outcome};
use crate::desk::types::Ticket;
use crate::identity::{ActionId, StaffScope};
use crate::store::codec::{json, word};
use crate::store::conversations::shop_conversation;
use crate::store::promises::{release_of_action, wake_of_action};
use crate::store::tickets::{NewTicket, audit, open_in};
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;

/// What became of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum ResultTaken {
    /// It is kept, and the customer will hear of it.
    Taken(Action),
    /// The very same came before; nothing was changed.
    Repeated(Action),
    /// It speaks of another order or parcel.
    OfAnother,
    /// The action is not wanted any more, or was finished by a person.
    TooLate,
    /// Another result came before and stays.
    Differs,
}

/// Why an action is not wanted any more.
#[derive(Debug, Clone)]
pub struct Cancelling {
    /// The reason, for the audit; the customer does not read it.
    pub why: String,
    /// Whether the customer is told in the same breath, by a reply or a person. Otherwise a word is still owed, and it is
    /// said by itself.
    pub told: bool,
}

/// An action that a person has to execute.
#[derive(Debug, Clone)]
pub struct ToPerson {
    /// The ticket.
    pub ticket: NewTicket,
    /// Why the shop's system does not execute it.
    pub why: String,
}

impl Store {
    /// The actions that the shop's system is to be asked for now, each for one attempt that has it to itself until
    /// `until`. They are running from here on.
    pub async fn lease_actions(
        &self,
        staff: &StaffScope,
        until: Timestamp,
        limit: u32,
        now: &Now,
    ) -> Result<Vec<Action>, StoreError> {
        // Looking costs nothing; only what is there is written.
        let waiting = sqlx::query(WAITING)
            .bind(now.epoch_milliseconds())
            .bind(staff.shop.as_str())
            .bind(1)
            .fetch_optional(self.readers())
            .await?;
        if waiting.is_none() {
            return Ok(Vec::new());
        }
        let (staff, now) = (staff.clone(), now.clone());
        self.write_in_background(move |transaction| {
            Box::pin(async move { lease(transaction, &staff, until, limit, &now).await })
        })
        .await
    }

    /// Frees the attempts that an earlier process was making when it ended.
    pub async fn free_leases(&self, staff: &StaffScope) -> Result<u64, StoreError> {
        let shop = staff.shop.clone();
        self.write(move |transaction| {
            Box::pin(async move {
                // What is leased has a next attempt, and only few have one.
                let freed = sqlx::query(
                    "UPDATE actions SET leased_until = NULL \
                     WHERE next_attempt_at IS NOT NULL AND leased_until IS NOT NULL AND shop = ?1",
                )
                .bind(shop.as_str())
                .execute(&mut transaction.connection)
                .await?;
                Ok(freed.rows_affected())
            })
        })
        .await
    }

    /// The shop's system has taken an action and brings its result later.
    pub async fn action_accepted(
        &self,
        staff: &StaffScope,
        id: &ActionId,
        now: &Now,
    ) -> Result<(), StoreError> {
        self.after_attempt(staff, id, (None, "accept_action", String::new()), now).await
    }

    /// An attempt failed; the next one is made at `again`.
    pub async fn action_put_off(
        &self,
        staff: &StaffScope,
        id: &ActionId,
        (again, why): (Timestamp, String),
        now: &Now,
    ) -> Result<(), StoreError> {
        self.after_attempt(staff, id, (Some(again), "put_off_action", why), now).await
    }

    async fn after_attempt(
        &self,
        staff: &StaffScope,
        id: &ActionId,
        (again, name, why): (Option<Timestamp>, &'static str, String),
        now: &Now,
    ) -> Result<(), StoreError> {
        let (staff, id, now) = (staff.clone(), id.clone(), now.clone());
        self.write_in_background(move |transaction| {
            Box::pin(async move {
                let action = shop_action(transaction, &staff, &id).await?;
                if !action.state.is_open() {
                    // Its result came while the attempt was being made.
                    return Ok(());
                }
                next_attempt(transaction, &id, again).await?;
                audit(transaction, &staff, (name, id.as_str(), &why), &now).await
            })
        })
        .await
    }

    /// The shop's system does not execute it: a person does, by the same time.
    pub async fn action_to_person(
        &self,
        staff: &StaffScope,
        id: &ActionId,
        to: ToPerson,
        now: &Now,
    ) -> Result<Option<Ticket>, StoreError> {
        let (staff, id, now) = (staff.clone(), id.clone(), now.clone());
        self.write_in_background(move |transaction| {
            Box::pin(async move {
                let mut action = shop_action(transaction, &staff, &id).await?;
                if !action.state.is_open() || action.ticket.is_some() {
                    next_attempt(transaction, &id, None).await?;
                    return Ok(None);
                }
                hand_to_person(transaction, &staff, &mut action, to, &now).await.map(Some)
            })
        })
        .await
    }

    /// Takes what came of an action. The customer hears of it in the conversation.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such action.
    pub async fn take_result(
        &self,
        staff: &StaffScope,
        id: &ActionId,
        result: ActionResult,
        now: &Now,
    ) -> Result<ResultTaken, StoreError> {
        let (staff, id, now) = (staff.clone(), id.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { take(transaction, &staff, &id, result, &now).await })
        })
        .await
    }

    /// An action is not wanted any more. Who was promised a word of it gets one, unless told already.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none, [`StoreError::Conflict`] if it is over.
    pub async fn cancel_action(
        &self,
        staff: &StaffScope,
        id: &ActionId,
        cancelling: Cancelling,
        now: &Now,
    ) -> Result<Action, StoreError> {
        let (staff, id, now) = (staff.clone(), id.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let mut action = shop_action(transaction, &staff, &id).await?;
                let step = (ActionMove::Cancel, cancelling.why.as_str());
                move_action(transaction, &staff, &mut action, step, &now).await?;
                if cancelling.told {
                    release_of_action(transaction, &staff, &id, &now).await?;
                } else {
                    wake_of_action(transaction, &id, &now).await?;
                }
                Ok(action)
            })
        })
        .await
    }
}

const WAITING: &str = "SELECT * FROM actions WHERE next_attempt_at <= ?1 AND shop = ?2 \
                       AND (leased_until IS NULL OR leased_until <= ?1) ORDER BY next_attempt_at LIMIT ?3";

async fn lease(
    transaction: &mut Transaction,
    staff: &StaffScope,
    until: Timestamp,
    limit: u32,
    now: &Now,
) -> Result<Vec<Action>, StoreError> {
    let rows = sqlx::query(WAITING)
        .bind(now.epoch_milliseconds())
        .bind(staff.shop.as_str())
        .bind(limit)
        .fetch_all(&mut transaction.connection)
        .await?;
    let mut leased = Vec::new();
    for row in &rows {
        let mut action = read_action(row)?;
        action.attempts += 1;
        sqlx::query("UPDATE actions SET attempts = ?1, leased_until = ?2 WHERE id = ?3")
            .bind(action.attempts)
            .bind(until.as_millisecond())
            .bind(action.id.as_str())
            .execute(&mut transaction.connection)
            .await?;
        let attempt = format!("attempt {}", action.attempts);
        move_action(transaction, staff, &mut action, (ActionMove::Begin, &attempt), now).await?;
        leased.push(action);
    }
    Ok(leased)
}

async fn next_attempt(
    transaction: &mut Transaction,
    id: &ActionId,
    again: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE actions SET next_attempt_at = ?1, leased_until = NULL WHERE id = ?2")
        .bind(again.map(Timestamp::as_millisecond))
        .bind(id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}

/// Opens the ticket of an action that the shop's system was to execute; its promises are owed by that person now.
pub(in crate::store) async fn hand_to_person(
    transaction: &mut Transaction,
    staff: &StaffScope,
    action: &mut Action,
    to: ToPerson,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let conversation = shop_conversation(transaction, &staff.shop, &action.conversation).await?;
    let ticket = open_in(transaction, &conversation.owner_scope(), to.ticket, now).await?.ticket;
    sqlx::query(
        "UPDATE actions SET executor = ?1, ticket = ?2, next_attempt_at = NULL, leased_until = NULL WHERE id = ?3",
    )
    .bind(word(&Executor::Person)?)
    .bind(ticket.id.as_str())
    .bind(action.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    sqlx::query(
        "UPDATE promises SET ticket = ?1 WHERE action = ?2 AND ticket IS NULL AND settled_at IS NULL",
    )
    .bind(ticket.id.as_str())
    .bind(action.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    (action.by, action.ticket) = (Executor::Person, Some(ticket.id.clone()));
    audit(transaction, staff, ("hand_over_action", action.id.as_str(), &to.why), now).await?;
    Ok(ticket)
}

async fn take(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &ActionId,
    result: ActionResult,
    now: &Now,
) -> Result<ResultTaken, StoreError> {
    let mut action = shop_action(transaction, staff, id).await?;
    let refusal = match &action.result {
        Some(known) if *known == result => return Ok(ResultTaken::Repeated(action)),
        Some(_) => Some((ResultTaken::Differs, "another result came before")),
        None if !action.is_about(&result) => Some((ResultTaken::OfAnother, "it is about something else")),
        None if !action.state.is_open() => Some((ResultTaken::TooLate, "it is over")),
        None => None,
    };
    if let Some((refusal, why)) = refusal {
        audit(transaction, staff, ("refuse_result", id.as_str(), why), now).await?;
        return Ok(refusal);
    }
    sqlx::query("UPDATE actions SET result = ?1 WHERE id = ?2")
        .bind(json(&result)?)
        .bind(id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    let step = match result.outcome {
        Outcome::Done => ActionMove::Finish,
        Outcome::Failed => ActionMove::Fail,
    };
    action.result = Some(result);
    move_action(transaction, staff, &mut action, (step, ""), now).await?;
    debug_assert!(matches!(action.state, ActionState::Done | ActionState::Failed));
    wake_of_action(transaction, id, now).await?;
    Ok(ResultTaken::Taken(action))
}
