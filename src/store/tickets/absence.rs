//! Tickets whose agent is gone: who is watched, whose customer waits for them, and how such a ticket goes back to the head of its
//! priority, once, with the word that the customer hears of it.

use jiff::Timestamp;

use super::sorting::{assign_by, set_assignee};
use super::upkeep::{shop_ticket, tell_desk};
use super::write::audit;
use super::{escalation_number, read_ticket};
use crate::desk::moves::{Move, next_ticket};
use crate::desk::types::{Assignment, Escalation, Ticket};
use crate::identity::{MessageId, StaffScope};
use crate::store::conversations::{Conversation, keep_memory, make_move};
use crate::store::messages::{Said, Speaks, insert_said};
use crate::store::waits::begin_wait;
use crate::store::{Store, StoreError, Transaction, WaitWent};
use crate::time::Now;
use crate::turn::trace::{SentenceTrace, Trace};

/// What goes with a ticket whose agent is gone.
#[derive(Debug, Clone)]
pub struct FallenBack {
    /// By when it is answered, if that is another time than before.
    pub due: Option<Timestamp>,
    /// Until when a person is announced to be there.
    pub announced: Timestamp,
    /// By what rule somebody else should take it.
    pub assignment: Assignment,
    /// What the customer hears, with why.
    pub said: Option<(SentenceTrace, Trace)>,
}

impl Store {
    /// The agent has the desk open: from now on they are missed if they are gone from the tickets that they have.
    pub async fn watch_tickets(&self, agent: &StaffScope) -> Result<(), StoreError> {
        let unwatched = sqlx::query(
            "SELECT 1 FROM tickets WHERE shop = ?1 AND mode = 'now' AND status IN ('claimed', 'snoozed') AND agent = ?2 \
             AND watched = 0 LIMIT 1",
        )
        .bind(agent.shop.as_str())
        .bind(&agent.actor)
        .fetch_optional(self.readers())
        .await?;
        if unwatched.is_none() {
            return Ok(());
        }
        let agent = agent.clone();
        self.write(move |transaction| Box::pin(async move { watch(transaction, &agent).await })).await
    }

    /// The tickets whose customer waits for a word of whoever has them, as far as those are watched.
    pub async fn owed_by_watched(&self, staff: &StaffScope) -> Result<Vec<Ticket>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM tickets_with_tags WHERE watched = 1 AND status = 'claimed' AND shop = ?1 AND mode = 'now' \
             AND waiting_since IS NOT NULL ORDER BY waiting_since",
        )
        .bind(staff.shop.as_str())
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_ticket).collect()
    }

    /// The agent of a ticket is gone: it goes back to the head of its priority, for somebody else where the shop assigns tickets, and
    /// the customer hears of it once. Whoever saw the ticket otherwise comes too late.
    pub async fn fall_back(
        &self,
        staff: &StaffScope,
        seen: &Ticket,
        fallen: FallenBack,
        now: &Now,
    ) -> Result<WaitWent, StoreError> {
        let (staff, seen, now) = (staff.clone(), seen.clone(), now.clone());
        self.write_in_background(move |transaction| {
            Box::pin(async move { fall_back(transaction, &staff, &seen, fallen, &now).await })
        })
        .await
    }
}

async fn watch(transaction: &mut Transaction, agent: &StaffScope) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE tickets SET watched = 1 WHERE shop = ?1 AND mode = 'now' AND status IN ('claimed', 'snoozed') AND agent = ?2",
    )
    .bind(agent.shop.as_str())
    .bind(&agent.actor)
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

async fn fall_back(
    transaction: &mut Transaction,
    staff: &StaffScope,
    seen: &Ticket,
    fallen: FallenBack,
    now: &Now,
) -> Result<WaitWent, StoreError> {
    let (mut ticket, mut conversation) = shop_ticket(transaction, staff, &seen.id).await?;
    let is_as_seen = ticket.agent == seen.agent && ticket.waiting_since == seen.waiting_since;
    let Ok(status) = next_ticket(ticket.status, Move::FallBack) else { return Ok(WaitWent::Gone) };
    let Some(agent) = ticket.agent.take().filter(|_| is_as_seen) else { return Ok(WaitWent::Gone) };
    ticket.due = fallen.due.unwrap_or(ticket.due);
    ticket.assignee = None;
    if !let_go(transaction, &ticket).await? {
        return Ok(WaitWent::Gone);
    }
    make_move(transaction, &mut conversation, Move::FallBack, now).await?;
    (ticket.status, ticket.goes_first) = (status, true);
    ticket.escalation = Escalation::Nobody;
    begin_wait(transaction, &staff.shop, &ticket, now).await?;
    conversation.memory.announced = Some(fallen.announced);
    keep_memory(transaction, &conversation).await?;
    tell_desk(transaction, &mut conversation, &ticket, now).await?;
    audit(transaction, staff, ("fall_back", ticket.id.as_str(), &agent), now).await?;
    let next = assign_by(transaction, &staff.shop, (fallen.assignment, Some(&agent)), now).await?;
    set_assignee(transaction, staff, (&mut ticket, &mut conversation), next, now).await?;
    let Some(said) = fallen.said else { return Ok(WaitWent::Silently) };
    let message = say(transaction, &mut conversation, said, now).await?;
    Ok(WaitWent::Said(message))
}

/// Takes the ticket from its agent. Whether it was watched: nobody loses it twice for one absence.
async fn let_go(transaction: &mut Transaction, ticket: &Ticket) -> Result<bool, StoreError> {
    let left = sqlx::query(
        "UPDATE tickets SET status = 'open', assignee = NULL, agent = NULL, watched = 0, goes_first = 1, due = ?1, \
         escalation = ?2 WHERE id = ?3 AND status = 'claimed' AND watched = 1",
    )
    .bind(ticket.due.as_millisecond())
    .bind(escalation_number(Escalation::Nobody))
    .bind(ticket.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    Ok(left.rows_affected() > 0)
}

async fn say(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    (sentence, trace): (SentenceTrace, Trace),
    now: &Now,
) -> Result<MessageId, StoreError> {
    let said = Said { sentences: vec![sentence], trace, commitments: Vec::new(), speaks: Speaks::Owing };
    insert_said(transaction, conversation, said, now).await
}
