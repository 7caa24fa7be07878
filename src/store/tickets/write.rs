//! How agents move tickets, each move in one transaction with the conversation it takes along and a line in the audit.

use serde_json::json;
use sqlx::Row;

use super::upkeep::{shop_ticket, tell_desk};
use crate::conversation::types::StoredMessage;
use crate::desk::moves::{Move, next_ticket};
use crate::desk::promised::AGENT_WORD;
use crate::desk::types::{AgentNote, Ticket};
use crate::identity::{MessageId, StaffScope, TicketId};
use crate::store::actions::begun_by_person;
use crate::store::codec::{from_json, from_text, from_word, time, word};
use crate::store::conversations::{Conversation, make_move};
use crate::store::events::{Event, append_event};
use crate::store::messages::{NewMessage, NewMessageRow, insert_message};
use crate::store::promises::{AgentWord, Given, owe, told_by_person};
use crate::store::staff::shown_actor;
use crate::store::waits::end_wait;
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

pub(super) async fn claim(
    transaction: &mut Transaction,
    agent: &StaffScope,
    id: &TicketId,
    now: &Now,
) -> Result<Ticket, StoreError> {
    let (mut ticket, mut conversation) = shop_ticket(transaction, agent, id).await?;
    let before = ticket.status;
    ticket.status =
        next_ticket(before, Move::Claim).map_err(|illegal| StoreError::Conflict(illegal.to_string()))?;
    if before.is_held() {
        has(&ticket, agent)?;
        if before == ticket.status {
            return Ok(ticket);
        }
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
    ticket.assignee.clone_from(&ticket.agent);
    (ticket.snoozed_until, ticket.goes_first) = (None, false);
    // How fast the queue moves is told by the first claim alone.
    sqlx::query(
        "UPDATE tickets SET status = 'claimed', agent = ?1, assignee = ?1, snoozed_until = NULL, watched = 0, goes_first = 0, \
         claimed_at = COALESCE(claimed_at, ?2) WHERE id = ?3",
    )
    .bind(&agent.actor)
    .bind(now.epoch_milliseconds())
    .bind(id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    end_wait(transaction, (&agent.shop, id), now).await?;
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
    let (mut ticket, mut conversation) = shop_ticket(transaction, agent, id).await?;
    if let Some(client_id) = &new.client_id
        && let Some(earlier) = earlier_staff_message(transaction, &conversation, client_id).await?
    {
        return Ok(earlier);
    }
    let status = next_ticket(ticket.status, Move::StaffMessage)
        .map_err(|illegal| StoreError::Conflict(illegal.to_string()))?;
    has(&ticket, agent)?;
    if ticket.mode == HandoffMode::Now {
        make_move(transaction, &mut conversation, Move::StaffMessage, now).await?;
    }
    let name = Some(shown_actor(transaction, agent).await?);
    let (text, attachments) = (new.text.clone(), new.attachments.clone());
    let row = NewMessageRow { author: Author::Staff, name: name.clone(), owed: false, new };
    let message = insert_message(transaction, &mut conversation, row, now).await?;
    audit(transaction, agent, ("message", id.as_str(), message.as_str()), now).await?;
    ticket.status = status;
    has_written(transaction, &mut conversation, &mut ticket, now).await?;
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

/// The customer has a word of a person: nobody waits for one, and what was put off is taken up again.
async fn has_written(
    transaction: &mut Transaction,
    conversation: &mut Conversation,
    ticket: &mut Ticket,
    now: &Now,
) -> Result<(), StoreError> {
    let (waited, snoozed) = (ticket.waiting_since.take(), ticket.snoozed_until.take());
    ticket.first_response_at = ticket.first_response_at.or_else(|| Some(now.timestamp()));
    sqlx::query(
        "UPDATE tickets SET status = ?1, waiting_since = NULL, snoozed_until = NULL, \
         first_response_at = COALESCE(first_response_at, ?2) WHERE id = ?3",
    )
    .bind(word(&ticket.status)?)
    .bind(now.epoch_milliseconds())
    .bind(ticket.id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    if waited.is_some() || snoozed.is_some() {
        tell_desk(transaction, conversation, ticket, now).await?;
    }
    Ok(())
}

async fn earlier_staff_message(
    transaction: &mut Transaction,
    conversation: &Conversation,
    client_id: &str,
) -> Result<Option<StoredMessage>, StoreError> {
    let row = sqlx::query(
        "SELECT id, author, name, text, attachments, at FROM messages WHERE conversation = ?1 AND client_id = ?2",
    )
    .bind(conversation.id.as_str())
    .bind(client_id)
    .fetch_optional(&mut transaction.connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    if from_word::<Author>(row.try_get("author")?)? != Author::Staff {
        return Err(StoreError::Conflict(format!(
            "the message id `{client_id}` is taken in this conversation; send the message under another one"
        )));
    }
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

pub(super) async fn note(
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

/// Refuses whoever does not have the ticket.
pub(super) fn has(ticket: &Ticket, agent: &StaffScope) -> Result<(), StoreError> {
    match &ticket.agent {
        Some(holder) if *holder != agent.actor => {
            Err(StoreError::Conflict(format!("ticket `{}` is claimed by {holder}", ticket.id)))
        }
        _ => Ok(()),
    }
}
