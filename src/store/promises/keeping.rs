//! How promises are kept: which have to be looked at now, the reminder, and the word itself, whose message and whose move
//! are one transaction, so that it is said exactly once.

use jiff::{SignedDuration, Timestamp};

use super::{Given, insert, move_promise, put_off, read_promise, tell_desk_of};
use crate::actions::{Action, ActionMove, Promise, PromiseMove, PromiseState};
use crate::desk::types::{Priority, Ticket, TicketStatus};
use crate::identity::{ActionId, MessageId, PromiseId, Scope, StaffScope, TicketId};
use crate::store::actions::{move_action, shop_action};
use crate::store::conversations::{Conversation, shop_conversation};
use crate::store::messages::{Said, Speaks, insert_said};
use crate::store::tickets::{NewTicket, close_unclaimed, open_in, raise_to, shop_ticket_of};
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::Commitment;

/// A promise that has to be looked at, with all that stands behind it.
#[derive(Debug, Clone)]
pub struct DuePromise {
    /// The promise.
    pub promise: Promise,
    /// The action that brings its result.
    pub action: Option<Action>,
    /// The ticket of the person who owes it.
    pub ticket: Option<Ticket>,
    /// Its conversation.
    pub conversation: Conversation,
}

/// How a promise stood when the word was made; if it stands otherwise meanwhile, the word is not said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// Its state.
    pub state: PromiseState,
    /// Its time.
    pub due: Timestamp,
}

impl Seen {
    /// How a promise stands.
    pub fn of(promise: &Promise) -> Self {
        Self { state: promise.state, due: promise.due }
    }
}

/// The word that is owed, ready to be said.
#[derive(Debug, Clone)]
pub struct FollowUp {
    /// Whose.
    pub promise: PromiseId,
    /// How it stood.
    pub seen: Seen,
    /// What becomes of it.
    pub step: FollowUpStep,
    /// What is said.
    pub sentence: SentenceTrace,
    /// Why.
    pub trace: Trace,
    /// So long before its time whoever owes a promise is reminded.
    pub remind_before: SignedDuration,
}

/// What becomes of a promise by a word.
#[derive(Debug, Clone)]
pub enum FollowUpStep {
    /// It is kept.
    Keep,
    /// It gets another time, once; a person owes it from now on.
    PutOff {
        /// The new time.
        due: Timestamp,
        /// The person's ticket.
        ticket: Box<NewTicket>,
    },
    /// It is broken; a lead has it.
    Break {
        /// The lead's ticket.
        ticket: Box<NewTicket>,
        /// The lead's own promise, kind and time; none if this was the lead's.
        lead: Option<(String, Timestamp)>,
    },
}

/// What became of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowedUp {
    /// It was said by this message.
    Said(MessageId),
    /// A person has the conversation, and sees that it is due.
    LeftToPerson,
    /// It is settled or stands otherwise meanwhile.
    Gone,
}

/// What has to be looked at; it reads an index of nothing else.
const WAKING: &str = "SELECT * FROM promises WHERE wake_at <= ?1 AND shop = ?2 ORDER BY wake_at LIMIT ?3";

impl Store {
    /// The promises that have to be looked at now, the longest waiting first.
    pub async fn due_promises(
        &self,
        staff: &StaffScope,
        limit: u32,
        now: &Now,
    ) -> Result<Vec<DuePromise>, StoreError> {
        let rows = sqlx::query(WAKING)
            .bind(now.epoch_milliseconds())
            .bind(staff.shop.as_str())
            .bind(limit)
            .fetch_all(self.readers())
            .await?;
        let mut due = Vec::new();
        for row in &rows {
            let promise = read_promise(row)?;
            due.push(DuePromise {
                action: match &promise.action {
                    Some(id) => Some(self.action(staff, id).await?),
                    None => None,
                },
                ticket: match &promise.ticket {
                    Some(id) => Some(self.ticket_alone(staff, id).await?),
                    None => None,
                },
                conversation: self.conversation_for_staff(staff, &promise.conversation).await?,
                promise,
            });
        }
        Ok(due)
    }

    /// Reminds whoever owes a promise: the ticket is more urgent, and the desk hears of it.
    pub async fn remind(
        &self,
        staff: &StaffScope,
        id: &PromiseId,
        seen: Seen,
        now: &Now,
    ) -> Result<(), StoreError> {
        let (staff, id, now) = (staff.clone(), id.clone(), now.clone());
        self.write_in_background(move |transaction| {
            Box::pin(async move {
                let promise = shop_promise(transaction, &staff, &id).await?;
                if !promise.state.is_open() || Seen::of(&promise) != seen {
                    return Ok(());
                }
                sqlx::query("UPDATE promises SET reminded = 1, wake_at = due WHERE id = ?1")
                    .bind(id.as_str())
                    .execute(&mut transaction.connection)
                    .await?;
                if let Some(ticket) = &promise.ticket {
                    raise_to(transaction, &staff, (ticket, Priority::High, "a promise is nearly due"), &now)
                        .await?;
                }
                tell_desk_of(transaction, &promise, &now).await
            })
        })
        .await
    }

    /// Says the word that is owed and moves its promise, both or neither. Where a person has the conversation nothing is
    /// said: the desk is told that it is due.
    pub async fn follow_up(
        &self,
        staff: &StaffScope,
        word: FollowUp,
        now: &Now,
    ) -> Result<FollowedUp, StoreError> {
        let (staff, now) = (staff.clone(), now.clone());
        self.write_in_background(move |transaction| {
            Box::pin(async move { follow_up(transaction, &staff, word, &now).await })
        })
        .await
    }
}

async fn shop_promise(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &PromiseId,
) -> Result<Promise, StoreError> {
    let row = sqlx::query("SELECT * FROM promises WHERE shop = ?1 AND id = ?2")
        .bind(staff.shop.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    row.as_ref().map(read_promise).transpose()?.ok_or_else(|| StoreError::not_found("promise", id.as_str()))
}

async fn follow_up(
    transaction: &mut Transaction,
    staff: &StaffScope,
    word: FollowUp,
    now: &Now,
) -> Result<FollowedUp, StoreError> {
    let mut promise = shop_promise(transaction, staff, &word.promise).await?;
    if !promise.state.is_open() || promise.with_person || Seen::of(&promise) != word.seen {
        return Ok(FollowedUp::Gone);
    }
    let mut conversation = shop_conversation(transaction, &staff.shop, &promise.conversation).await?;
    if conversation.state.is_with_person() {
        leave_to_person(transaction, staff, &promise, now).await?;
        return Ok(FollowedUp::LeftToPerson);
    }
    let commitments = settle(transaction, staff, (&mut promise, &conversation), &word, now).await?;
    let said = Said { sentences: vec![word.sentence], trace: word.trace, commitments, speaks: Speaks::Owing };
    let message = insert_said(transaction, &mut conversation, said, now).await?;
    Ok(FollowedUp::Said(message))
}

/// What is promised anew goes along with the word.
async fn settle(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (promise, conversation): (&mut Promise, &Conversation),
    word: &FollowUp,
    now: &Now,
) -> Result<Vec<Commitment>, StoreError> {
    let scope = conversation.owner_scope();
    match &word.step {
        FollowUpStep::Keep => {
            move_promise(transaction, staff, promise, PromiseMove::Keep, now).await?;
            let of_action = match &promise.action {
                Some(id) => shop_action(transaction, staff, id).await?.ticket,
                None => None,
            };
            for ticket in promise.ticket.iter().chain(&of_action) {
                close_unclaimed(transaction, staff, ticket, now).await?;
            }
            Ok(Vec::new())
        }
        FollowUpStep::PutOff { due, ticket } => {
            let ticket = person_for(transaction, staff, (&scope, promise, ticket), now).await?;
            owe(transaction, promise, &ticket).await?;
            lapse(transaction, staff, (promise, &ticket), now).await?;
            put_off(transaction, staff, promise, (*due, word.remind_before), now).await?;
            Ok(vec![Commitment { kind: promise.kind.clone(), due: *due, backed_by: ticket.into() }])
        }
        FollowUpStep::Break { ticket, lead } => {
            let ticket = person_for(transaction, staff, (&scope, promise, ticket), now).await?;
            lapse(transaction, staff, (promise, &ticket), now).await?;
            move_promise(transaction, staff, promise, PromiseMove::Break, now).await?;
            let Some((kind, due)) = lead.clone() else { return Ok(Vec::new()) };
            let given = Given {
                kind: kind.clone(),
                due,
                action: promise.action.clone(),
                ticket: Some(ticket.clone()),
                remind_before: word.remind_before,
            };
            insert(transaction, staff, (&conversation.id, given), now).await?;
            Ok(vec![Commitment { kind, due, backed_by: ticket.into() }])
        }
    }
}

/// The ticket of whoever has to see to a promise that was not kept. Where somebody is called for the conversation itself already,
/// that ticket is made more urgent, and there is no second one.
async fn person_for(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (scope, promise, new): (&Scope, &Promise, &NewTicket),
    now: &Now,
) -> Result<TicketId, StoreError> {
    let standing = shop_ticket_of(transaction, &promise.conversation).await?;
    if let Some(id) = standing.filter(|id| promise.ticket.as_ref() == Some(id)) {
        raise_to(transaction, staff, (&id, new.priority, "a promise was not kept by its time"), now).await?;
        return Ok(id);
    }
    Ok(open_in(transaction, scope, new.clone(), now).await?.ticket.id)
}

async fn owe(
    transaction: &mut Transaction,
    promise: &mut Promise,
    ticket: &TicketId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE promises SET ticket = ?1 WHERE id = ?2")
        .bind(ticket.as_str())
        .bind(promise.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    promise.ticket = Some(ticket.clone());
    Ok(())
}

/// The action behind a promise has no result by its time. A person looks after it; the result may still come.
async fn lapse(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (promise, ticket): (&Promise, &TicketId),
    now: &Now,
) -> Result<(), StoreError> {
    let Some(id) = &promise.action else { return Ok(()) };
    let mut action = shop_action(transaction, staff, id).await?;
    if !action.state.is_open() {
        return Ok(());
    }
    if action.ticket.is_none() {
        set_ticket(transaction, id, ticket).await?;
    }
    let step = (ActionMove::Lapse, "no result by its time");
    move_action(transaction, staff, &mut action, step, now).await
}

async fn set_ticket(
    transaction: &mut Transaction,
    action: &ActionId,
    ticket: &TicketId,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE actions SET ticket = ?1 WHERE id = ?2")
        .bind(ticket.as_str())
        .bind(action.as_str())
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}

/// A person has the conversation: the promise is due at the desk, until somebody writes or gives the conversation back.
async fn leave_to_person(
    transaction: &mut Transaction,
    staff: &StaffScope,
    promise: &Promise,
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE promises SET with_person = 1, wake_at = NULL WHERE id = ?1")
        .bind(promise.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    let standing = shop_ticket_of(transaction, &promise.conversation).await?;
    let ticket = promise.ticket.clone().or(standing);
    if let Some(ticket) = &ticket {
        raise_to(transaction, staff, (ticket, Priority::High, "a promise is due"), now).await?;
    }
    tell_desk_of(transaction, promise, now).await
}

impl DuePromise {
    /// Whether what was promised can be told: the action has ended, or the person has resolved the ticket.
    pub fn is_answered(&self) -> bool {
        let ended = self.action.as_ref().is_some_and(|action| !action.state.is_open());
        let resolved = self.ticket.as_ref().is_some_and(|ticket| ticket.status == TicketStatus::Resolved);
        ended || resolved
    }
}
