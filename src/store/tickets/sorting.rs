//! What people sort tickets by: tags, and who should take them.

use std::collections::HashMap;

use jiff::SignedDuration;
use sqlx::Row;

use super::open::ASSISTANT;
use super::upkeep::{shop_ticket, tell_desk};
use super::write::audit;
use crate::desk::types::{Assignment, Ticket};
use crate::identity::{ShopId, StaffScope, TicketId};
use crate::store::conversations::Conversation;
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;

/// Who has done something at the desk within this time is there.
const AT_THE_DESK: SignedDuration = SignedDuration::from_hours(12);

/// How long assignments count for whose turn it is.
const TURNS: SignedDuration = SignedDuration::from_hours(24 * 7);

impl Store {
    /// Sorts a ticket by these tags and no others.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such ticket.
    pub async fn tag(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        tags: Vec<String>,
        now: &Now,
    ) -> Result<Ticket, StoreError> {
        let (agent, ticket, now) = (agent.clone(), ticket.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { tag(transaction, &agent, &ticket, tags, &now).await })
        })
        .await
    }

    /// Says who should take a ticket, or that anybody may.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the ticket is closed, or somebody has it: then it is passed on instead.
    pub async fn assign(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        to: Option<String>,
        now: &Now,
    ) -> Result<Ticket, StoreError> {
        let (agent, ticket, now) = (agent.clone(), ticket.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { assign(transaction, &agent, &ticket, to, &now).await })
        })
        .await
    }
}

async fn tag(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    mut tags: Vec<String>,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let (mut ticket, mut conversation) = shop_ticket(transaction, agent, id).await?;
    tags.sort();
    tags.dedup();
    if ticket.tags == tags {
        return Ok(ticket);
    }
    sqlx::query("DELETE FROM ticket_tags WHERE ticket = ?1")
        .bind(id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    for tag in &tags {
        sqlx::query("INSERT INTO ticket_tags (shop, ticket, tag) VALUES (?1, ?2, ?3)")
            .bind(agent.shop.as_str())
            .bind(id.as_str())
            .bind(tag)
            .execute(&mut transaction.connection)
            .await?;
    }
    ticket.tags = tags;
    tell_desk(transaction, &mut conversation, &ticket, now).await?;
    audit(transaction, agent, ("tag", id.as_str(), &ticket.tags.join(", ")), now).await?;
    Ok(ticket)
}

async fn assign(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    to: Option<String>,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let (mut ticket, mut conversation) = shop_ticket(transaction, agent, id).await?;
    if !ticket.status.is_owed() {
        return Err(StoreError::Conflict(format!(
            "ticket `{id}` is closed; the next handover opens a new one"
        )));
    }
    if let Some(holder) = ticket.agent.as_ref().filter(|holder| to.as_ref() != Some(holder)) {
        return Err(StoreError::Conflict(format!(
            "ticket `{id}` is claimed by {holder}; pass it on instead"
        )));
    }
    set_assignee(transaction, agent, (&mut ticket, &mut conversation), to, now).await?;
    Ok(ticket)
}

/// Writes who should take a ticket, and tells the desk.
pub(in crate::store) async fn set_assignee(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (ticket, conversation): (&mut Ticket, &mut Conversation),
    to: Option<String>,
    now: &Now,
) -> Result<(), StoreError> {
    if ticket.assignee == to {
        return Ok(());
    }
    sqlx::query("UPDATE tickets SET assignee = ?1 WHERE id = ?2")
        .bind(&to)
        .bind(ticket.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    ticket.assignee = to;
    tell_desk(transaction, conversation, ticket, now).await?;
    let name = ticket.assignee.clone().unwrap_or_default();
    audit(transaction, staff, ("assign", ticket.id.as_str(), &name), now).await
}

/// Whose turn it is, if not that of somebody who is gone; nobody's where people take what they like, or where nobody has been at
/// the desk lately.
pub(in crate::store) async fn assign_by(
    transaction: &mut Transaction,
    shop: &ShopId,
    (assignment, gone): (Assignment, Option<&str>),
    now: &Now,
) -> Result<Option<String>, StoreError> {
    let mut candidates = Vec::new();
    if assignment == Assignment::Manual {
        return Ok(None);
    }
    let turns = last_turns(transaction, shop, now).await?;
    let roster = roster(transaction, shop, now).await?;
    for name in roster.into_iter().filter(|name| Some(name.as_str()) != gone) {
        let turn = turns.get(&name).copied().unwrap_or_default();
        let load = match assignment {
            Assignment::ByLoad => load_of(transaction, (shop, &name)).await?,
            _ => 0,
        };
        candidates.push((load, turn, name));
    }
    // With the same load, and without one, it is the turn of whoever was assigned something the longest ago.
    Ok(candidates.into_iter().min().map(|(.., name)| name))
}

/// Who is there to take tickets: everybody who has worked at the desk lately and whose account is in use.
async fn roster(transaction: &mut Transaction, shop: &ShopId, now: &Now) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query(
        "SELECT DISTINCT actor FROM audit WHERE shop = ?1 AND at >= ?2 AND at <= ?3 AND action IN \
         ('claim', 'message', 'note', 'return', 'resolve', 'snooze', 'pass_on', 'tag') AND actor <> ?4 \
         AND NOT EXISTS (SELECT 1 FROM staff WHERE staff.shop = audit.shop AND name = actor AND active = 0) ORDER BY actor",
    )
    .bind(shop.as_str())
    .bind(now.epoch_milliseconds() - milliseconds(AT_THE_DESK))
    .bind(now.epoch_milliseconds())
    .bind(ASSISTANT)
    .fetch_all(&mut transaction.connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get("actor")?)).collect()
}

/// The numbers of the lines of the audit with which everybody was assigned something last, read in one go: replies wait
/// meanwhile.
async fn last_turns(
    transaction: &mut Transaction,
    shop: &ShopId,
    now: &Now,
) -> Result<HashMap<String, i64>, StoreError> {
    let rows = sqlx::query(
        "SELECT detail AS name, MAX(number) AS number FROM audit WHERE shop = ?1 AND at >= ?2 AND action = 'assign' \
         GROUP BY detail",
    )
    .bind(shop.as_str())
    .bind(now.epoch_milliseconds() - milliseconds(TURNS))
    .fetch_all(&mut transaction.connection)
    .await?;
    rows.iter().map(|row| Ok((row.try_get("name")?, row.try_get("number")?))).collect()
}

/// How many tickets somebody has or should take.
async fn load_of(transaction: &mut Transaction, (shop, name): (&ShopId, &str)) -> Result<i64, StoreError> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS n FROM tickets WHERE shop = ?1 AND status IN ('open', 'claimed', 'snoozed') \
         AND COALESCE(agent, assignee) = ?2",
    )
    .bind(shop.as_str())
    .bind(name)
    .fetch_one(&mut transaction.connection)
    .await?;
    Ok(row.try_get("n")?)
}

fn milliseconds(duration: SignedDuration) -> i64 {
    duration.as_secs() * 1000
}
