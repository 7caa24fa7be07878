//! How agents move tickets, each move in one transaction with the conversation it takes along and a line in the audit.

use serde_json::json;
use sqlx::Row;

use super::{priority_number, read_ticket};
use crate::conversation::types::StoredMessage;
use crate::desk::moves::{Move, next_ticket};
use crate::desk::promised::AGENT_WORD;
use crate::desk::types::{AgentNote, Priority, Ticket, TicketStatus};
use crate::identity::{ConversationId, MessageId, StaffScope, TicketId};
use crate::store::actions::{begun_by_person, done_by_person};
use crate::store::codec::{from_json, from_text, time, word};
use crate::store::conversations::{Conversation, make_move, shop_conversation};
use crate::store::events::{Event, append_event};
use crate::store::messages::{NewMessage, NewMessageRow, insert_message};
use crate::store::promises::{AgentWord, Given, owe, told_by_person, wake_of_ticket};
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;
use crate::turn::types::{Author, HandoffMode};

impl Store {
    /// An agent takes a ticket; with a ticket for now the assistant falls silent. Again by the same agent is fine.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if another agent has it or it is closed.
    pub async fn claim(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        now: &Now,
    ) -> Result<Ticket, StoreError> {
        let (agent, ticket, now) = (agent.clone(), ticket.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { claim(transaction, &agent, &ticket, &now).await })
        })
        .await
    }

    /// Stores a message of the agent to the customer; the same client id is stored once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the agent does not have the ticket.
    pub async fn staff_message(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        new: NewMessage,
        now: &Now,
    ) -> Result<StoredMessage, StoreError> {
        self.staff_promise(agent, ticket, (new, None), now).await
    }

    /// Writes to the customer as [`Store::staff_message`]; with the message the agent gives a word that is owed.
    ///
    /// # Errors
    /// As [`Store::staff_message`].
    pub async fn staff_promise(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        (new, word): (NewMessage, Option<AgentWord>),
        now: &Now,
    ) -> Result<StoredMessage, StoreError> {
        let (agent, ticket, now) = (agent.clone(), ticket.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { staff_message(transaction, &agent, &ticket, (new, word), &now).await })
        })
        .await
    }

    /// Keeps a private note beside a ticket, whoever has it.
    pub async fn note(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        text: &str,
        now: &Now,
    ) -> Result<AgentNote, StoreError> {
        let (agent, ticket, now, text) = (agent.clone(), ticket.clone(), now.clone(), text.to_owned());
        self.write(move |transaction| {
            Box::pin(async move { note(transaction, &agent, &ticket, text, &now).await })
        })
        .await
    }

    /// The agent gives the conversation back to the assistant.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the agent does not have the ticket.
    pub async fn return_to_bot(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        now: &Now,
    ) -> Result<Ticket, StoreError> {
        self.close_ticket(agent, ticket, Move::Return, now).await
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
        self.close_ticket(agent, ticket, Move::Resolve, now).await
    }

    async fn close_ticket(
        &self,
        agent: &StaffScope,
        ticket: &TicketId,
        step: Move,
        now: &Now,
    ) -> Result<Ticket, StoreError> {
        let (agent, ticket, now) = (agent.clone(), ticket.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { close(transaction, &agent, &ticket, step, &now).await })
        })
        .await
    }
}

/// Writes a line into the audit: action, subject, detail.
pub(in crate::store) async fn audit(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (action, subject, detail): (&str, &str, &str),
    now: &Now,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO audit (shop, actor, action, subject, detail, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(staff.shop.as_str())
    .bind(&staff.actor)
    .bind(action)
    .bind(subject)
    .bind(detail)
    .bind(now.epoch_milliseconds())
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}

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

async fn claim(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let (mut ticket, mut conversation) = shop_ticket(transaction, agent, id).await?;
    let before = ticket.status;
    ticket.status =
        next_ticket(before, Move::Claim).map_err(|illegal| StoreError::Conflict(illegal.to_string()))?;
    if before == TicketStatus::Claimed {
        has(&ticket, agent)?;
        return Ok(ticket);
    }
    if ticket.mode == HandoffMode::Now {
        make_move(transaction, &mut conversation, Move::Claim, now).await?;
        // From here on a person owes the answers. A reply that was begun is still closed by whoever began it.
        sqlx::query(
            "UPDATE messages SET owed = 0 WHERE conversation = ?1 AND owed = 1 \
             AND NOT EXISTS (SELECT 1 FROM messages AS reply WHERE reply.reply_to = messages.id)",
        )
        .bind(conversation.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    }
    ticket.agent = Some(agent.actor.clone());
    sqlx::query("UPDATE tickets SET status = 'claimed', agent = ?1, claimed_at = ?2 WHERE id = ?3")
        .bind(&agent.actor)
        .bind(now.epoch_milliseconds())
        .bind(id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    tell_desk(transaction, &mut conversation, &ticket, now).await?;
    audit(transaction, agent, ("claim", id.as_str(), ""), now).await?;
    begun_by_person(transaction, agent, id, now).await?;
    Ok(ticket)
}

async fn staff_message(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    (new, word): (NewMessage, Option<AgentWord>),
    now: &Now,
) -> Result<StoredMessage, StoreError> {
    let (ticket, mut conversation) = shop_ticket(transaction, agent, id).await?;
    if let Some(client_id) = &new.client_id
        && let Some(earlier) = earlier_staff_message(transaction, &conversation, client_id).await?
    {
        return Ok(earlier);
    }
    next_ticket(ticket.status, Move::StaffMessage)
        .map_err(|illegal| StoreError::Conflict(illegal.to_string()))?;
    has(&ticket, agent)?;
    if ticket.mode == HandoffMode::Now {
        make_move(transaction, &mut conversation, Move::StaffMessage, now).await?;
    }
    let name = Some(agent.actor.clone());
    let (text, attachments) = (new.text.clone(), new.attachments.clone());
    let row = NewMessageRow { author: Author::Staff, name: name.clone(), owed: false, new };
    let message = insert_message(transaction, &mut conversation, row, now).await?;
    audit(transaction, agent, ("message", id.as_str(), message.as_str()), now).await?;
    told_by_person(transaction, agent, (&conversation, id), now).await?;
    if let Some(AgentWord { due, remind_before }) = word {
        let given =
            Given { kind: AGENT_WORD.to_owned(), due, action: None, ticket: Some(id.clone()), remind_before };
        owe(transaction, agent, (&conversation.id, given), now).await?;
    }
    Ok(StoredMessage {
        id: message,
        author: Author::Staff,
        name,
        text,
        attachments,
        choices: Vec::new(),
        at: now.timestamp(),
        trace: None,
    })
}

async fn earlier_staff_message(
    transaction: &mut Transaction,
    conversation: &Conversation,
    client_id: &str,
) -> Result<Option<StoredMessage>, StoreError> {
    let row = sqlx::query(
        "SELECT id, name, text, attachments, at FROM messages \
         WHERE conversation = ?1 AND client_id = ?2 AND author = 'staff'",
    )
    .bind(conversation.id.as_str())
    .bind(client_id)
    .fetch_optional(&mut transaction.connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let attachments: String = row.try_get("attachments")?;
    let id: MessageId = from_text(row.try_get("id")?)?;
    Ok(Some(StoredMessage {
        id,
        author: Author::Staff,
        name: row.try_get("name")?,
        text: row.try_get("text")?,
        attachments: from_json(&attachments)?,
        choices: Vec::new(),
        at: time(row.try_get("at")?)?,
        trace: None,
    }))
}

async fn note(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    text: String,
    now: &Now,
) -> Result<AgentNote, StoreError> {
    let (ticket, mut conversation) = shop_ticket(transaction, agent, id).await?;
    sqlx::query("INSERT INTO agent_notes (shop, ticket, agent, text, at) VALUES (?1, ?2, ?3, ?4, ?5)")
        .bind(agent.shop.as_str())
        .bind(id.as_str())
        .bind(&agent.actor)
        .bind(&text)
        .bind(now.epoch_milliseconds())
        .execute(&mut transaction.connection)
        .await?;
    let body = json!({ "ticket": ticket.id, "agent": agent.actor, "text": text });
    append_event(transaction, &mut conversation, Event { kind: "note", shown: false, body }, now).await?;
    audit(transaction, agent, ("note", id.as_str(), ""), now).await?;
    Ok(AgentNote { agent: agent.actor.clone(), text, at: now.timestamp() })
}

async fn close(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    step: Move,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let (mut ticket, mut conversation) = shop_ticket(transaction, agent, id).await?;
    let status =
        next_ticket(ticket.status, step).map_err(|illegal| StoreError::Conflict(illegal.to_string()))?;
    has(&ticket, agent)?;
    if ticket.mode == HandoffMode::Now {
        make_move(transaction, &mut conversation, step, now).await?;
    }
    ticket.status = status;
    sqlx::query("UPDATE tickets SET status = ?1, closed_at = ?2 WHERE id = ?3")
        .bind(word(&status)?)
        .bind(now.epoch_milliseconds())
        .bind(id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    tell_desk(transaction, &mut conversation, &ticket, now).await?;
    let action = if step == Move::Return { "return" } else { "resolve" };
    audit(transaction, agent, (action, id.as_str(), ""), now).await?;
    if step == Move::Resolve {
        done_by_person(transaction, agent, id, now).await?;
        wake_of_ticket(transaction, id, now).await?;
    }
    Ok(ticket)
}

/// Makes a ticket that people still have to see to more urgent, if it is not so already.
pub(in crate::store) async fn raise_to(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (id, priority, why): (&TicketId, Priority, &str),
    now: &Now,
) -> Result<(), StoreError> {
    let (mut ticket, mut conversation) = shop_ticket(transaction, staff, id).await?;
    let is_owed = matches!(ticket.status, TicketStatus::Open | TicketStatus::Claimed);
    if !is_owed || ticket.priority >= priority {
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
        "SELECT id FROM tickets WHERE conversation = ?1 AND mode = 'now' AND status IN ('open', 'claimed')",
    )
    .bind(conversation.as_str())
    .fetch_optional(&mut transaction.connection)
    .await?;
    row.map(|row| from_text(row.try_get("id")?)).transpose()
}

async fn shop_ticket(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &TicketId,
) -> Result<(Ticket, Conversation), StoreError> {
    let row = sqlx::query("SELECT * FROM tickets WHERE shop = ?1 AND id = ?2")
        .bind(staff.shop.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?
        .ok_or_else(|| StoreError::not_found("ticket", id.as_str()))?;
    let ticket = read_ticket(&row)?;
    let conversation = shop_conversation(transaction, &staff.shop, &ticket.conversation).await?;
    Ok((ticket, conversation))
}

/// Refuses whoever does not have the ticket.
fn has(ticket: &Ticket, agent: &StaffScope) -> Result<(), StoreError> {
    match &ticket.agent {
        Some(holder) if *holder != agent.actor => {
            Err(StoreError::Conflict(format!("ticket `{}` is claimed by {holder}", ticket.id)))
        }
        _ => Ok(()),
    }
}

/// Tells the desk, and nobody else, how a ticket stands now.
pub(super) async fn tell_desk(
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
