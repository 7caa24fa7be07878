//! How a ticket is opened: one for now in a conversation, and the conversation goes along in the same transaction.

use serde_json::json;

use super::upkeep::{tell_desk, woken};
use super::write::{audit, claim};
use super::{NewTicket, OpenedTicket, priority_number, read_ticket};
use crate::desk::moves::Move;
use crate::desk::types::{Escalation, HandoffNote, Priority, Ticket, TicketStatus};
use crate::identity::{Scope, ShopId, StaffScope, TicketId};
use crate::store::codec::{json as json_text, word};
use crate::store::conversations::{Conversation, make_move, own_conversation};
use crate::store::events::{Event, append_event};
use crate::store::waits::begin_wait;
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;
use crate::turn::types::HandoffMode;

/// The name under which the program itself stands in the audit.
pub(super) const ASSISTANT: &str = "assistant";

impl Store {
    /// Opens a ticket and, if it is for now, takes the conversation from the assistant, in one transaction.
    ///
    /// A conversation has at most one such ticket: asking again gives the one there is, one step more urgent. Of
    /// tickets for later there is one for each reason and detail.
    pub async fn open_ticket(
        &self,
        scope: &Scope,
        new: NewTicket,
        now: &Now,
    ) -> Result<OpenedTicket, StoreError> {
        let (scope, now) = (scope.clone(), now.clone());
        self.write(move |transaction| Box::pin(async move { open(transaction, &scope, new, &now).await }))
            .await
    }
}

/// The same inside a write that does more.
pub(in crate::store) async fn open(
    transaction: &mut Transaction,
    scope: &Scope,
    new: NewTicket,
    now: &Now,
) -> Result<OpenedTicket, StoreError> {
    let mut conversation = own_conversation(transaction, scope, &new.conversation).await?;
    let takes_over = new.mode == HandoffMode::Now;
    if takes_over {
        make_move(transaction, &mut conversation, Move::HandOver, now).await?;
    }
    if let Some(there) = same_ticket(transaction, &conversation, &new).await? {
        // Who is called for what was put off gets whoever has put it off.
        let is_woken = takes_over && there.status == TicketStatus::Snoozed;
        let there = if is_woken { woken(transaction, there).await? } else { there };
        let ticket = raise(transaction, &mut conversation, there, new, now).await?;
        return Ok(OpenedTicket { ticket, is_new: false, conversation });
    }
    let ticket = fresh(new, now);
    insert(transaction, &scope.shop, &ticket).await?;
    if takes_over {
        begin_wait(transaction, &scope.shop, &ticket, now).await?;
    }
    let body = json!({
        "ticket": ticket.id, "reason": ticket.reason, "detail": ticket.detail, "mode": ticket.mode,
    });
    append_event(transaction, &mut conversation, Event { kind: "handoff", shown: true, body }, now).await?;
    audit(
        transaction,
        &program(&scope.shop),
        ("open_ticket", ticket.id.as_str(), &word(&ticket.reason)?),
        now,
    )
    .await?;
    Ok(OpenedTicket { ticket, is_new: true, conversation })
}

/// Opens a ticket that an agent has from the start: work that the agent has promised.
pub(super) async fn open_for(
    transaction: &mut Transaction,
    agent: &StaffScope,
    new: NewTicket,
    now: &Now,
) -> Result<TicketId, StoreError> {
    let ticket = fresh(new, now);
    insert(transaction, &agent.shop, &ticket).await?;
    audit(transaction, agent, ("open_ticket", ticket.id.as_str(), &word(&ticket.reason)?), now).await?;
    claim(transaction, agent, &ticket.id, now).await?;
    Ok(ticket.id)
}

fn fresh(new: NewTicket, now: &Now) -> Ticket {
    Ticket {
        id: TicketId::generate(),
        conversation: new.conversation,
        status: TicketStatus::Open,
        reason: new.reason,
        detail: new.detail,
        mode: new.mode,
        agent: None,
        priority: new.priority,
        opened_at: now.timestamp(),
        due: new.due,
        assignee: None,
        tags: Vec::new(),
        snoozed_until: None,
        reopens: None,
        escalation: Escalation::Nobody,
        goes_first: false,
        waiting_since: Some(now.timestamp()),
        first_response_at: None,
        closed_at: None,
        note: new.note,
    }
}

async fn insert(transaction: &mut Transaction, shop: &ShopId, ticket: &Ticket) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO tickets (id, shop, conversation, status, reason, detail, mode, priority, opened_at, waiting_since, \
         due, note, ahead) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11, \
         (SELECT COUNT(*) FROM tickets WHERE shop = ?2 AND mode = 'now' AND status = 'open'))",
    )
    .bind(ticket.id.as_str())
    .bind(shop.as_str())
    .bind(ticket.conversation.as_str())
    .bind(word(&ticket.status)?)
    .bind(word(&ticket.reason)?)
    .bind(&ticket.detail)
    .bind(word(&ticket.mode)?)
    .bind(priority_number(ticket.priority))
    .bind(ticket.opened_at.as_millisecond())
    .bind(ticket.due.as_millisecond())
    .bind(json_text(&ticket.note)?)
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

/// The ticket that a new one would only repeat.
async fn same_ticket(
    transaction: &mut Transaction,
    conversation: &Conversation,
    new: &NewTicket,
) -> Result<Option<Ticket>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM tickets_with_tags WHERE conversation = ?1 AND mode = ?2 \
         AND status IN ('open', 'claimed', 'snoozed') AND (?2 = 'now' OR (reason = ?3 AND detail IS ?4)) ORDER BY number LIMIT 1",
    )
    .bind(conversation.id.as_str())
    .bind(word(&new.mode)?)
    .bind(word(&new.reason)?)
    .bind(&new.detail)
    .fetch_optional(&mut transaction.connection)
    .await?;
    row.as_ref().map(read_ticket).transpose()
}

/// Makes a ticket for now more urgent; one for later only keeps the earlier due time.
async fn raise(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    there: Ticket,
    new: NewTicket,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let step = match (new.mode, there.priority) {
        (HandoffMode::Now, Priority::Normal) => Priority::High,
        (HandoffMode::Now, _) => Priority::Urgent,
        (_, same) => same,
    };
    let mut ticket =
        Ticket { priority: step.max(new.priority).max(there.priority), due: there.due.min(new.due), ..there };
    // Nobody has read the old note yet, and the new one knows more.
    if ticket.status == TicketStatus::Open {
        ticket.note = HandoffNote { late: std::mem::take(&mut ticket.note.late), ..new.note };
    }
    sqlx::query("UPDATE tickets SET priority = ?1, due = ?2, note = ?3 WHERE id = ?4")
        .bind(priority_number(ticket.priority))
        .bind(ticket.due.as_millisecond())
        .bind(json_text(&ticket.note)?)
        .bind(ticket.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    tell_desk(transaction, conversation, &ticket, now).await?;
    let again = format!("asked again: {}", word(&new.reason)?);
    audit(transaction, &program(&conversation.shop), ("raise_ticket", ticket.id.as_str(), &again), now)
        .await?;
    Ok(ticket)
}

/// The scope in which the program itself writes.
pub(in crate::store) fn program(shop: &ShopId) -> StaffScope {
    StaffScope { shop: shop.clone(), actor: ASSISTANT.to_owned() }
}
