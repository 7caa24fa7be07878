//! How a person lets go of a ticket: gives the conversation back, closes the matter, puts it off or passes it on. The word that the
//! customer hears of it is written with the move, both or neither.

use jiff::Timestamp;
use sqlx::Row;

use super::open::open_for;
use super::sorting::set_assignee;
use super::upkeep::{shop_ticket, tell_desk, woken};
use super::write::{audit, has, note};
use super::{NewTicket, escalation_number, priority_number};
use crate::desk::moves::{Move, next_ticket};
use crate::desk::promised::AGENT_WORD;
use crate::desk::types::{Escalation, Priority, Ticket, TicketStatus};
use crate::identity::{StaffScope, TicketId};
use crate::store::actions::done_by_person;
use crate::store::codec::{from_text, word};
use crate::store::conversations::{Conversation, make_move};
use crate::store::messages::{Said, Speaks, insert_said};
use crate::store::promises::{move_to_ticket, owed_by_ticket, wake_of_ticket};
use crate::store::waits::begin_wait;
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::{HandoffMode, HandoffReason};

/// What goes with letting go of a ticket.
#[derive(Debug, Clone, Default)]
pub struct Parting {
    /// What the customer hears, with why.
    pub said: Option<(SentenceTrace, Trace)>,
    /// A note only staff see.
    pub note: Option<String>,
}

/// A ticket that is passed on.
#[derive(Debug, Clone, Default)]
pub struct PassedOn {
    /// To whom; without a name it goes back to the queue.
    pub to: Option<String>,
    /// What goes with it.
    pub parting: Parting,
}

impl Store {
    /// The agent gives the conversation back to the assistant, and the customer hears of it once. What the agent has promised
    /// stays owed by the agent, as work of its own.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the agent does not have the ticket.
    pub async fn return_to_bot(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        parting: Parting,
        now: &Now,
    ) -> Result<Ticket, StoreError> {
        let (agent, ticket, now) = (agent.clone(), ticket.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { give_back(transaction, &agent, &ticket, parting, &now).await })
        })
        .await
    }

    /// The agent closes the matter.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the agent does not have the ticket.
    pub async fn resolve(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        now: &Now,
    ) -> Result<Ticket, StoreError> {
        let (agent, ticket, now) = (agent.clone(), ticket.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { resolve(transaction, &agent, &ticket, &now).await })
        })
        .await
    }

    /// The agent puts the matter off until a moment, or until the customer writes.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the agent does not have the ticket.
    pub async fn snooze(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        until: Timestamp,
        now: &Now,
    ) -> Result<Ticket, StoreError> {
        let (agent, ticket, now) = (agent.clone(), ticket.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { snooze(transaction, &agent, &ticket, until, &now).await })
        })
        .await
    }

    /// Brings back what was put off until now. How many tickets.
    pub async fn wake_snoozed(&self, staff: &StaffScope, now: &Now) -> Result<usize, StoreError> {
        let rows = sqlx::query("SELECT id FROM tickets WHERE snoozed_until <= ?1 AND shop = ?2")
            .bind(now.epoch_milliseconds())
            .bind(staff.shop.as_str())
            .fetch_all(self.readers())
            .await?;
        let mut woken = 0;
        for row in &rows {
            let id: TicketId = from_text(row.try_get("id")?)?;
            let (staff, now) = (staff.clone(), now.clone());
            let is_woken = self.write_in_background(move |transaction| {
                Box::pin(async move { wake(transaction, &staff, &id, &now).await })
            });
            woken += usize::from(is_woken.await?);
        }
        Ok(woken)
    }

    /// The agent passes the matter on: it is in the queue again, first of its kind, and the customer hears of it once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the agent does not have the ticket.
    pub async fn pass_on(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        passed: PassedOn,
        now: &Now,
    ) -> Result<Ticket, StoreError> {
        let (agent, ticket, now) = (agent.clone(), ticket.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { pass_on(transaction, &agent, &ticket, passed, &now).await })
        })
        .await
    }
}

/// Makes the move of a ticket that the agent has, together with its conversation's.
async fn let_go(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    step: Move,
    now: &Now,
) -> Result<(Ticket, Conversation), StoreError> {
    let (mut ticket, mut conversation) = shop_ticket(transaction, agent, id).await?;
    let status =
        next_ticket(ticket.status, step).map_err(|illegal| StoreError::Conflict(illegal.to_string()))?;
    has(&ticket, agent)?;
    if ticket.mode == HandoffMode::Now {
        make_move(transaction, &mut conversation, step, now).await?;
    }
    ticket.status = status;
    Ok((ticket, conversation))
}

async fn give_back(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    parting: Parting,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let (mut ticket, mut conversation) = let_go(transaction, agent, id, Move::Return, now).await?;
    close(transaction, &mut conversation, &mut ticket, now).await?;
    audit(transaction, agent, ("return", id.as_str(), ""), now).await?;
    keep_word(transaction, agent, &ticket, now).await?;
    tell(transaction, agent, (&ticket, &conversation, parting), now).await?;
    Ok(ticket)
}

async fn resolve(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let (mut ticket, mut conversation) = let_go(transaction, agent, id, Move::Resolve, now).await?;
    close(transaction, &mut conversation, &mut ticket, now).await?;
    audit(transaction, agent, ("resolve", id.as_str(), ""), now).await?;
    done_by_person(transaction, agent, id, now).await?;
    wake_of_ticket(transaction, id, now).await?;
    Ok(ticket)
}

async fn close(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    ticket: &mut Ticket,
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE tickets SET status = ?1, closed_at = ?2, waiting_since = NULL, snoozed_until = NULL WHERE id = ?3",
    )
    .bind(word(&ticket.status)?)
    .bind(now.epoch_milliseconds())
    .bind(ticket.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    (ticket.waiting_since, ticket.snoozed_until) = (None, None);
    ticket.closed_at = Some(now.timestamp());
    tell_desk(transaction, conversation, ticket, now).await
}

async fn snooze(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    until: Timestamp,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let (mut ticket, mut conversation) = let_go(transaction, agent, id, Move::Snooze, now).await?;
    ticket.snoozed_until = Some(until);
    sqlx::query("UPDATE tickets SET status = 'snoozed', snoozed_until = ?1 WHERE id = ?2")
        .bind(until.as_millisecond())
        .bind(id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    tell_desk(transaction, &mut conversation, &ticket, now).await?;
    audit(transaction, agent, ("snooze", id.as_str(), &until.to_string()), now).await?;
    Ok(ticket)
}

/// Whether it was still put off.
async fn wake(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &TicketId,
    now: &Now,
) -> Result<bool, StoreError> {
    let (ticket, mut conversation) = shop_ticket(transaction, staff, id).await?;
    let is_due = ticket.snoozed_until.is_some_and(|until| until <= now.timestamp());
    if ticket.status != TicketStatus::Snoozed || !is_due {
        return Ok(false);
    }
    if ticket.mode == HandoffMode::Now {
        make_move(transaction, &mut conversation, Move::Wake, now).await?;
    }
    let ticket = woken(transaction, ticket).await?;
    tell_desk(transaction, &mut conversation, &ticket, now).await?;
    audit(transaction, staff, ("wake", id.as_str(), "its time has come"), now).await?;
    Ok(true)
}

async fn pass_on(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    passed: PassedOn,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let PassedOn { to, parting } = passed;
    let (mut ticket, mut conversation) = let_go(transaction, agent, id, Move::PassOn, now).await?;
    put_back(transaction, (&mut ticket, &mut conversation), to, now).await?;
    let receiver = ticket.assignee.clone().unwrap_or_default();
    audit(transaction, agent, ("pass_on", id.as_str(), &receiver), now).await?;
    tell(transaction, agent, (&ticket, &conversation, parting), now).await?;
    Ok(ticket)
}

/// Whatever somebody has, and should take, is anybody's again: nobody would answer there any more.
pub(in crate::store) async fn release_all(
    transaction: &mut Transaction,
    staff: &StaffScope,
    name: &str,
    now: &Now,
) -> Result<(), StoreError> {
    let rows = sqlx::query(
        "SELECT id FROM tickets WHERE shop = ?1 AND status IN ('open', 'claimed', 'snoozed') \
         AND COALESCE(agent, assignee) = ?2 ORDER BY number",
    )
    .bind(staff.shop.as_str())
    .bind(name)
    .fetch_all(&mut transaction.connection)
    .await?;
    let holder = StaffScope { actor: name.to_owned(), ..staff.clone() };
    for row in &rows {
        let id: TicketId = from_text(row.try_get("id")?)?;
        let (mut ticket, mut conversation) = shop_ticket(transaction, staff, &id).await?;
        if !ticket.status.is_held() {
            set_assignee(transaction, staff, (&mut ticket, &mut conversation), None, now).await?;
            continue;
        }
        let (mut ticket, mut conversation) = let_go(transaction, &holder, &id, Move::PassOn, now).await?;
        put_back(transaction, (&mut ticket, &mut conversation), None, now).await?;
        audit(transaction, staff, ("release", id.as_str(), name), now).await?;
    }
    Ok(())
}

/// What somebody has let go of is in the queue again, for somebody or for anybody.
async fn put_back(
    transaction: &mut Transaction,
    (ticket, conversation): (&mut Ticket, &mut Conversation),
    to: Option<String>,
    now: &Now,
) -> Result<(), StoreError> {
    // Whoever is passed on has waited before.
    ticket.priority = ticket.priority.max(Priority::High);
    ticket.escalation = Escalation::Nobody;
    ticket.waiting_since = ticket.waiting_since.or_else(|| Some(now.timestamp()));
    (ticket.agent, ticket.snoozed_until) = (None, None);
    ticket.assignee = to;
    sqlx::query(
        "UPDATE tickets SET status = 'open', agent = NULL, assignee = ?1, snoozed_until = NULL, priority = ?2, \
         escalation = ?3, waiting_since = COALESCE(waiting_since, ?4) WHERE id = ?5",
    )
    .bind(&ticket.assignee)
    .bind(priority_number(ticket.priority))
    .bind(escalation_number(ticket.escalation))
    .bind(now.epoch_milliseconds())
    .bind(ticket.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    if ticket.mode == HandoffMode::Now {
        begin_wait(transaction, &conversation.shop, ticket, now).await?;
    }
    tell_desk(transaction, conversation, ticket, now).await
}

/// The word of an agent is owed by that agent also when the assistant has the conversation again: it becomes a ticket of its own,
/// which the agent has.
async fn keep_word(
    transaction: &mut Transaction,
    agent: &StaffScope,
    ticket: &Ticket,
    now: &Now,
) -> Result<(), StoreError> {
    if ticket.mode != HandoffMode::Now {
        return Ok(());
    }
    let Some(due) = owed_by_ticket(transaction, &ticket.id).await? else { return Ok(()) };
    let work = NewTicket {
        conversation: ticket.conversation.clone(),
        reason: HandoffReason::ComplexAfterSale,
        detail: Some(AGENT_WORD.to_owned()),
        mode: HandoffMode::Async,
        priority: ticket.priority,
        due,
        note: ticket.note.clone(),
    };
    let work = open_for(transaction, agent, work, now).await?;
    move_to_ticket(transaction, (&ticket.id, &work)).await
}

/// Keeps the note and says the word.
async fn tell(
    transaction: &mut Transaction,
    agent: &StaffScope,
    (ticket, conversation, parting): (&Ticket, &Conversation, Parting),
    now: &Now,
) -> Result<(), StoreError> {
    if let Some(text) = parting.note {
        note(transaction, agent, &ticket.id, text, now).await?;
    }
    let Some((sentence, trace)) = parting.said.filter(|_| ticket.mode == HandoffMode::Now) else {
        return Ok(());
    };
    let said = Said { sentences: vec![sentence], trace, commitments: Vec::new(), speaks: Speaks::Owing };
    insert_said(transaction, &mut conversation.clone(), said, now).await?;
    Ok(())
}
