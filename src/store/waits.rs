//! Conversations that nobody has taken, as rows: what was done about each, and when it has to be looked at next. A step, its word
//! and what it promises are one transaction, so that a stop neither doubles nor loses one.

use jiff::{SignedDuration, Timestamp};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_text, time};
use super::conversations::{Conversation, keep_memory, shop_conversation};
use super::messages::{Said, Speaks, insert_said};
use super::promises::{Given, give};
use super::tickets::{assign_by, audit, escalate, raise_to, set_assignee, shop_ticket, tell_desk};
use super::{Store, StoreError, Transaction};
use crate::desk::types::{Assignment, ConversationState, Escalation, Priority, Ticket, TicketStatus};
use crate::desk::wait::{NextLook, Wait};
use crate::identity::{ConversationId, MessageId, ShopId, StaffScope, TicketId};
use crate::time::Now;
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::Commitment;

/// How many resolved tickets of a customer are looked through for the matter that comes back.
const LOOKED_THROUGH: u32 = 20;

/// A wait that has to be looked at.
#[derive(Debug, Clone)]
pub struct DueWait {
    /// How it stands.
    pub wait: Wait,
    /// The ticket that nobody has.
    pub ticket: Ticket,
    /// Its conversation.
    pub conversation: Conversation,
}

/// What is done about a wait.
#[derive(Debug, Clone)]
pub enum WaitDone {
    /// The ticket gets what only the shop's settings decide.
    Begun {
        /// Who gets it.
        assignment: Assignment,
        /// A matter that was resolved since then is taken up again.
        reopens_since: Timestamp,
        /// An order that comes to so many cents is not kept waiting; none if it does not count.
        high_value: Option<i64>,
    },
    /// People are told that nobody takes it.
    Escalated(Escalation),
    /// The customer has heard how it stands.
    Updated,
    /// The customer has heard that they have moved up.
    MovedUp,
    /// The customer was offered a call-back, which is owed from now on.
    OfferedCallBack(Owed),
    /// It has become a message for the next business day; none is owed where one is owed already.
    Left(Option<Owed>),
}

/// A call-back by a time.
#[derive(Debug, Clone)]
pub struct Owed {
    /// Its kind in the pack.
    pub kind: String,
    /// By when.
    pub due: Timestamp,
    /// So long before its time whoever owes it is reminded.
    pub remind_before: SignedDuration,
}

/// A step with its word.
#[derive(Debug, Clone)]
pub struct WaitMove {
    /// What is done.
    pub done: WaitDone,
    /// What the customer hears, with why.
    pub said: Option<(SentenceTrace, Trace)>,
    /// How many are ahead, where the customer knows that from here on.
    pub told_ahead: Option<u32>,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitWent {
    /// It was done, and this message said.
    Said(MessageId),
    /// It was done silently.
    Silently,
    /// Somebody has taken the conversation, or it was done meanwhile.
    Gone,
}

impl Store {
    /// The waits that have to be looked at now, the longest waiting first.
    pub async fn due_waits(
        &self,
        staff: &StaffScope,
        limit: u32,
        now: &Now,
    ) -> Result<Vec<DueWait>, StoreError> {
        let rows = sqlx::query(
            "SELECT waits.*, tickets.escalation FROM waits JOIN tickets ON tickets.id = waits.ticket \
             WHERE waits.wake_at <= ?1 AND waits.shop = ?2 ORDER BY waits.wake_at LIMIT ?3",
        )
        .bind(now.epoch_milliseconds())
        .bind(staff.shop.as_str())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        let mut due = Vec::new();
        for row in &rows {
            let ticket: TicketId = from_text(row.try_get("ticket")?)?;
            let conversation: ConversationId = from_text(row.try_get("conversation")?)?;
            let ticket = self.ticket_alone(staff, &ticket).await?;
            due.push(DueWait {
                wait: read_wait(row, ticket.escalation)?,
                conversation: self.conversation_for_staff(staff, &conversation).await?,
                ticket,
            });
        }
        Ok(due)
    }

    /// Nothing is due; the wait is looked at again when it says.
    pub async fn look_at_wait(&self, seen: &DueWait, next: NextLook) -> Result<(), StoreError> {
        let (ticket, steps) = (seen.ticket.id.clone(), seen.wait.steps);
        self.write_in_background(move |transaction| {
            Box::pin(async move {
                sqlx::query("UPDATE waits SET wake_at = ?1, place_at = ?2 WHERE ticket = ?3 AND steps = ?4")
                    .bind(next.at.map(Timestamp::as_millisecond))
                    .bind(next.when_moved.map(Timestamp::as_millisecond))
                    .bind(ticket.as_str())
                    .bind(steps)
                    .execute(&mut transaction.connection)
                    .await?;
                Ok(())
            })
        })
        .await
    }

    /// The customer who waits in a conversation has heard an answer, and by it how many are ahead if it tells that. A step that was
    /// decided before comes too late.
    pub async fn heard_while_waiting(
        &self,
        conversation: &ConversationId,
        told_ahead: Option<u32>,
    ) -> Result<(), StoreError> {
        let conversation = conversation.clone();
        self.write(move |transaction| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE waits SET told_ahead = COALESCE(?1, told_ahead), steps = steps + 1 \
                     WHERE conversation = ?2 AND steps > 0",
                )
                .bind(told_ahead)
                .bind(conversation.as_str())
                .execute(&mut transaction.connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Does a step and says its word, both or neither. Whoever saw the wait otherwise, or waits no more, hears nothing.
    pub async fn move_wait(
        &self,
        staff: &StaffScope,
        seen: &DueWait,
        step: WaitMove,
        now: &Now,
    ) -> Result<WaitWent, StoreError> {
        let (staff, now) = (staff.clone(), now.clone());
        let (ticket, steps) = (seen.ticket.id.clone(), seen.wait.steps);
        self.write_in_background(move |transaction| {
            Box::pin(async move { move_wait(transaction, &staff, (&ticket, steps), step, &now).await })
        })
        .await
    }
}

/// Somebody waits from now on; the lane looks at it at once.
pub(super) async fn begin_wait(
    transaction: &mut Transaction,
    shop: &ShopId,
    ticket: &Ticket,
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT OR REPLACE INTO waits (ticket, shop, conversation, since, wake_at) VALUES (?1, ?2, ?3, ?4, ?4)",
    )
    .bind(ticket.id.as_str())
    .bind(shop.as_str())
    .bind(ticket.conversation.as_str())
    .bind(now.epoch_milliseconds())
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

/// Somebody has taken it. Whoever stands in the queue may have moved up, and is looked at as soon as they may hear of it.
pub(super) async fn end_wait(
    transaction: &mut Transaction,
    (shop, ticket): (&ShopId, &TicketId),
    now: &Now,
) -> Result<(), StoreError> {
    let ended = sqlx::query("DELETE FROM waits WHERE ticket = ?1")
        .bind(ticket.as_str())
        .execute(&mut transaction.connection)
        .await?;
    if ended.rows_affected() > 0 {
        sqlx::query(
            "UPDATE waits SET wake_at = MIN(COALESCE(wake_at, MAX(place_at, ?1)), MAX(place_at, ?1)) \
             WHERE place_at IS NOT NULL AND shop = ?2",
        )
        .bind(now.epoch_milliseconds())
        .bind(shop.as_str())
        .execute(&mut transaction.connection)
        .await?;
    }
    Ok(())
}

fn read_wait(row: &SqliteRow, escalation: Escalation) -> Result<Wait, StoreError> {
    Ok(Wait {
        since: time(row.try_get("since")?)?,
        updates: row.try_get("updates")?,
        told_ahead: row.try_get("told_ahead")?,
        moved_up: row.try_get("moved_up")?,
        called_back: row.try_get("called_back")?,
        left: row.try_get("is_left")?,
        escalation,
        steps: row.try_get("steps")?,
    })
}

async fn move_wait(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (id, steps): (&TicketId, u32),
    step: WaitMove,
    now: &Now,
) -> Result<WaitWent, StoreError> {
    let counted = sqlx::query(
        "UPDATE waits SET steps = steps + 1, wake_at = ?1, updates = updates + ?2, \
         called_back = MAX(called_back, ?3), is_left = MAX(is_left, ?4), moved_up = moved_up + ?5, \
         told_ahead = COALESCE(?6, told_ahead) WHERE ticket = ?7 AND steps = ?8",
    )
    .bind(now.epoch_milliseconds())
    .bind(i64::from(matches!(step.done, WaitDone::Updated)))
    .bind(matches!(step.done, WaitDone::OfferedCallBack(_)))
    .bind(matches!(step.done, WaitDone::Left(_)))
    .bind(i64::from(matches!(step.done, WaitDone::MovedUp)))
    .bind(step.told_ahead)
    .bind(id.as_str())
    .bind(steps)
    .execute(&mut transaction.connection)
    .await?;
    if counted.rows_affected() == 0 {
        return Ok(WaitWent::Gone);
    }
    let (mut ticket, mut conversation) = shop_ticket(transaction, staff, id).await?;
    if ticket.status != TicketStatus::Open || conversation.state != ConversationState::Waiting {
        end_wait(transaction, (&staff.shop, id), now).await?;
        return Ok(WaitWent::Gone);
    }
    let commitments = done(transaction, staff, (&mut ticket, &mut conversation), step.done, now).await?;
    let Some((sentence, trace)) = step.said else { return Ok(WaitWent::Silently) };
    // A promise or an assignment has written events of its own.
    let mut conversation = shop_conversation(transaction, &staff.shop, &conversation.id).await?;
    let said = Said { sentences: vec![sentence], trace, commitments, speaks: Speaks::Owing };
    let message = insert_said(transaction, &mut conversation, said, now).await?;
    Ok(WaitWent::Said(message))
}

/// What is promised goes along with the word.
async fn done(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (ticket, conversation): (&mut Ticket, &mut Conversation),
    done: WaitDone,
    now: &Now,
) -> Result<Vec<Commitment>, StoreError> {
    match done {
        WaitDone::Begun { assignment, reopens_since, high_value } => {
            if high_value.is_some_and(|least| ticket.note.value.is_some_and(|value| value >= least)) {
                raise_to(transaction, staff, (&ticket.id, Priority::High, "a dear order"), now).await?;
                ticket.priority = ticket.priority.max(Priority::High);
            }
            reopen(transaction, staff, (ticket, conversation), reopens_since, now).await?;
            if ticket.assignee.is_none()
                && let Some(name) = assign_by(transaction, &staff.shop, (assignment, None), now).await?
            {
                set_assignee(transaction, staff, (ticket, conversation), Some(name), now).await?;
            }
            Ok(Vec::new())
        }
        WaitDone::Escalated(to) => {
            escalate(transaction, staff, (ticket, conversation), to, now).await?;
            Ok(Vec::new())
        }
        WaitDone::Updated | WaitDone::MovedUp => Ok(Vec::new()),
        WaitDone::OfferedCallBack(owed) => {
            conversation.memory.waited(Some(owed.due));
            keep_memory(transaction, conversation).await?;
            audit(transaction, staff, ("offer_call_back", ticket.id.as_str(), ""), now).await?;
            call_back(transaction, (ticket, conversation), owed, now).await
        }
        WaitDone::Left(owed) => {
            audit(transaction, staff, ("leave_for_later", ticket.id.as_str(), ""), now).await?;
            let Some(owed) = owed else { return Ok(Vec::new()) };
            conversation.memory.announced = Some(owed.due);
            keep_memory(transaction, conversation).await?;
            leave(transaction, (ticket, conversation), owed.due, now).await?;
            call_back(transaction, (ticket, conversation), owed, now).await
        }
    }
}

/// The ticket is owed by the next business day.
async fn leave(
    transaction: &mut Transaction,
    (ticket, conversation): (&mut Ticket, &mut Conversation),
    due: Timestamp,
    now: &Now,
) -> Result<(), StoreError> {
    ticket.due = due;
    sqlx::query("UPDATE tickets SET due = ?1 WHERE id = ?2")
        .bind(due.as_millisecond())
        .bind(ticket.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    tell_desk(transaction, conversation, ticket, now).await
}

/// Somebody owes the customer a word by a time.
async fn call_back(
    transaction: &mut Transaction,
    (ticket, conversation): (&Ticket, &Conversation),
    owed: Owed,
    now: &Now,
) -> Result<Vec<Commitment>, StoreError> {
    let scope = conversation.owner_scope();
    let Owed { kind, due, remind_before } = owed;
    let given =
        Given { kind: kind.clone(), due, action: None, ticket: Some(ticket.id.clone()), remind_before };
    let due = give(transaction, &scope, (&conversation.id, given), now).await?;
    Ok(vec![Commitment { kind, due, backed_by: ticket.id.clone().into() }])
}

/// A customer whose matter was resolved lately is back with it: the new ticket says so, and is not kept waiting.
async fn reopen(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (ticket, conversation): (&mut Ticket, &mut Conversation),
    since: Timestamp,
    now: &Now,
) -> Result<(), StoreError> {
    if ticket.reopens.is_some() {
        return Ok(());
    }
    // The pluses keep it from reading every ticket that the shop has ever resolved.
    let rows = sqlx::query(
        "SELECT t.id, t.conversation, t.note FROM tickets AS t WHERE t.conversation IN \
         (SELECT ?3 UNION SELECT id FROM conversations WHERE shop = ?1 AND customer = ?4) \
         AND +t.shop = ?1 AND +t.status = 'resolved' AND t.closed_at >= ?2 \
         ORDER BY t.closed_at DESC, t.number DESC LIMIT ?5",
    )
    .bind(staff.shop.as_str())
    .bind(since.as_millisecond())
    .bind(conversation.id.as_str())
    .bind(conversation.customer.as_ref().map(crate::identity::CustomerId::as_str))
    .bind(LOOKED_THROUGH)
    .fetch_all(&mut transaction.connection)
    .await?;
    let mut matching = None;
    for row in &rows {
        if is_same_matter(row, ticket)? {
            matching = Some(from_text::<TicketId>(row.try_get("id")?)?);
            break;
        }
    }
    let Some(before) = matching else { return Ok(()) };
    sqlx::query("UPDATE tickets SET reopens = ?1 WHERE id = ?2")
        .bind(before.as_str())
        .bind(ticket.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    audit(transaction, staff, ("reopen", ticket.id.as_str(), before.as_str()), now).await?;
    ticket.reopens = Some(before);
    raise_to(transaction, staff, (&ticket.id, Priority::High, "the matter comes back"), now).await?;
    ticket.priority = ticket.priority.max(Priority::High);
    tell_desk(transaction, conversation, ticket, now).await
}

/// The same conversation, or an order that was spoken of in both.
fn is_same_matter(row: &SqliteRow, ticket: &Ticket) -> Result<bool, StoreError> {
    let conversation: ConversationId = from_text(row.try_get("conversation")?)?;
    if conversation == ticket.conversation {
        return Ok(true);
    }
    let note: crate::desk::types::HandoffNote = super::codec::from_json(&row.try_get::<String, _>("note")?)?;
    Ok(note.orders.iter().any(|order| ticket.note.orders.iter().any(|here| here.id == order.id)))
}
