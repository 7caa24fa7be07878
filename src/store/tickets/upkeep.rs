//! What the program itself does with tickets, always inside a write that does more: makes them more urgent, calls people, brings
//! back what was put off, and closes what needs nobody any more.

use jiff::Timestamp;
use serde_json::json;
use sqlx::Row;

use super::open::program;
use super::write::audit;
use super::{escalation_number, priority_number, read_ticket};
use crate::desk::types::{Escalation, Priority, Ticket, TicketStatus};
use crate::identity::{ConversationId, StaffScope, TicketId};
use crate::store::codec::from_text;
use crate::store::conversations::{Conversation, shop_conversation};
use crate::store::events::{Event, append_event};
use crate::store::{StoreError, Transaction};
use crate::time::Now;
use crate::turn::types::HandoffMode;

/// Keeps a sentence that came after the takeover with the ticket of whoever took over.
pub(in crate::store) async fn keep_late_sentence(
    transaction: &mut Transaction,
    conversation: &Conversation,
    sentence: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE tickets SET note = json_insert(note, '$.late[#]', ?1) WHERE number = \
         (SELECT number FROM tickets WHERE conversation = ?2 AND mode = 'now' ORDER BY number DESC LIMIT 1)",
    )
    .bind(sentence)
    .bind(conversation.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

/// Makes a ticket that people still have to see to more urgent, if it is not so already.
pub(in crate::store) async fn raise_to(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (id, priority, why): (&TicketId, Priority, &str),
    now: &Now,
) -> Result<(), StoreError> {
    let (mut ticket, mut conversation) = shop_ticket(transaction, staff, id).await?;
    if !ticket.status.is_owed() || ticket.priority >= priority {
        return Ok(());
    }
    ticket.priority = priority;
    sqlx::query("UPDATE tickets SET priority = ?1 WHERE id = ?2")
        .bind(priority_number(priority))
        .bind(id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    tell_desk(transaction, &mut conversation, &ticket, now).await?;
    audit(transaction, staff, ("raise_ticket", id.as_str(), why), now).await
}

/// Resolves a ticket for later that nobody has taken: what it asks for has been told.
pub(in crate::store) async fn close_unclaimed(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &TicketId,
    now: &Now,
) -> Result<(), StoreError> {
    let (mut ticket, mut conversation) = shop_ticket(transaction, staff, id).await?;
    if ticket.status != TicketStatus::Open || ticket.mode != HandoffMode::Async {
        return Ok(());
    }
    let owed = sqlx::query("SELECT 1 FROM promises WHERE ticket = ?1 AND settled_at IS NULL LIMIT 1")
        .bind(id.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    if owed.is_some() {
        return Ok(());
    }
    ticket.status = TicketStatus::Resolved;
    ticket.agent = Some(staff.actor.clone());
    sqlx::query("UPDATE tickets SET status = 'resolved', agent = ?1, closed_at = ?2 WHERE id = ?3")
        .bind(&staff.actor)
        .bind(now.epoch_milliseconds())
        .bind(id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    tell_desk(transaction, &mut conversation, &ticket, now).await?;
    audit(transaction, staff, ("resolve", id.as_str(), "what it asked for was told"), now).await
}

/// The ticket that people have or will take now in a conversation, inside a write.
pub(in crate::store) async fn shop_ticket_of(
    transaction: &mut Transaction,
    conversation: &ConversationId,
) -> Result<Option<TicketId>, StoreError> {
    let row = sqlx::query(
        "SELECT id FROM tickets WHERE conversation = ?1 AND mode = 'now' AND status IN ('open', 'claimed', 'snoozed')",
    )
    .bind(conversation.as_str())
    .fetch_optional(&mut transaction.connection)
    .await?;
    row.map(|row| from_text(row.try_get("id")?)).transpose()
}

/// A ticket of the shop with its conversation, inside a write.
pub(in crate::store) async fn shop_ticket(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &TicketId,
) -> Result<(Ticket, Conversation), StoreError> {
    let row = sqlx::query("SELECT * FROM tickets_with_tags WHERE shop = ?1 AND id = ?2")
        .bind(staff.shop.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?
        .ok_or_else(|| StoreError::not_found("ticket", id.as_str()))?;
    let ticket = read_ticket(&row)?;
    let conversation = shop_conversation(transaction, &staff.shop, &ticket.conversation).await?;
    Ok((ticket, conversation))
}

/// Tells people that nobody takes a ticket: the group, then a lead. It is more urgent from then on.
pub(in crate::store) async fn escalate(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (ticket, conversation): (&mut Ticket, &mut Conversation),
    to: Escalation,
    now: &Now,
) -> Result<(), StoreError> {
    let (priority, action) = match to {
        Escalation::Lead => (Priority::Urgent, "call_lead"),
        _ => (Priority::High, "remind_group"),
    };
    ticket.priority = ticket.priority.max(priority);
    ticket.escalation = to;
    sqlx::query("UPDATE tickets SET priority = ?1, escalation = ?2 WHERE id = ?3")
        .bind(priority_number(ticket.priority))
        .bind(escalation_number(to))
        .bind(ticket.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    tell_desk(transaction, conversation, ticket, now).await?;
    audit(transaction, staff, (action, ticket.id.as_str(), "nobody takes it"), now).await
}

/// The customer has written to the person who has the conversation: what was put off comes back, and the customer waits for a
/// word from now on.
pub(in crate::store) async fn written_to_person(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    now: &Now,
) -> Result<(), StoreError> {
    let Some(id) = shop_ticket_of(transaction, &conversation.id).await? else { return Ok(()) };
    let staff = program(&conversation.shop);
    let (mut ticket, _) = shop_ticket(transaction, &staff, &id).await?;
    let was_snoozed = ticket.status == TicketStatus::Snoozed;
    if was_snoozed {
        ticket = woken(transaction, ticket).await?;
        audit(transaction, &staff, ("wake", id.as_str(), "the customer has written"), now).await?;
    }
    if ticket.waiting_since.is_none() {
        set_waiting(transaction, &mut ticket, now.timestamp()).await?;
    } else if !was_snoozed {
        return Ok(());
    }
    tell_desk(transaction, conversation, &ticket, now).await
}

async fn set_waiting(
    transaction: &mut Transaction,
    ticket: &mut Ticket,
    since: Timestamp,
) -> Result<(), StoreError> {
    ticket.waiting_since = Some(since);
    sqlx::query("UPDATE tickets SET waiting_since = ?1 WHERE id = ?2")
        .bind(since.as_millisecond())
        .bind(ticket.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}

/// A ticket that was put off, with whoever has it.
pub(super) async fn woken(transaction: &mut Transaction, ticket: Ticket) -> Result<Ticket, StoreError> {
    sqlx::query("UPDATE tickets SET status = 'claimed', snoozed_until = NULL WHERE id = ?1")
        .bind(ticket.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    Ok(Ticket { status: TicketStatus::Claimed, snoozed_until: None, ..ticket })
}

/// Tells the desk, and nobody else, how a ticket stands now.
pub(in crate::store) async fn tell_desk(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    ticket: &Ticket,
    now: &Now,
) -> Result<(), StoreError> {
    let body = json!({
        "ticket": ticket.id, "status": ticket.status, "agent": ticket.agent, "priority": ticket.priority,
    });
    append_event(transaction, conversation, Event { kind: "ticket", shown: false, body }, now).await?;
    Ok(())
}
