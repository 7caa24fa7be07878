//! Tickets as rows: the desk's queue, what an agent reads, and who did what.

mod absence;
mod open;
mod parting;
mod upkeep;
mod queue;
mod sorting;
mod write;

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::audit::read_entry;
use super::codec::{from_json, from_text, from_word, time, word};
use super::conversations::Conversation;
use super::{Store, StoreError};
use crate::conversation::types::StoredMessage;
use crate::desk::types::{AgentNote, Escalation, HandoffNote, Priority, Ticket, TicketStatus};
use crate::identity::{ConversationId, Scope, StaffScope, TicketId};
use crate::staff::AuditEntry;
use crate::turn::types::{Handoff, HandoffMode, HandoffReason};

pub use absence::FallenBack;
pub(super) use open::{open as open_in, program};
pub(super) use parting::release_all;
pub use parting::{Parting, PassedOn};
pub(super) use sorting::{assign_by, set_assignee};
pub(super) use upkeep::{
    close_unclaimed, escalate, keep_late_sentence, raise_to, shop_ticket, shop_ticket_of, tell_desk,
    written_to_person,
};
pub(super) use write::audit;

/// A ticket to be opened.
#[derive(Debug, Clone)]
pub struct NewTicket {
    /// The conversation it comes from.
    pub conversation: ConversationId,
    /// Why.
    pub reason: HandoffReason,
    /// A finer reason.
    pub detail: Option<String>,
    /// How urgent; only [`HandoffMode::Now`] takes the conversation from the assistant.
    pub mode: HandoffMode,
    /// How soon it has to be taken.
    pub priority: Priority,
    /// By when it has to be answered.
    pub due: Timestamp,
    /// What a person needs to know.
    pub note: HandoffNote,
}

/// A ticket that was opened, or that had been open.
#[derive(Debug, Clone)]
pub struct OpenedTicket {
    /// The ticket.
    pub ticket: Ticket,
    /// Whether it is new; otherwise its priority was raised.
    pub is_new: bool,
    /// The conversation as it is now.
    pub conversation: Conversation,
}

/// Which tickets are listed; all conditions hold. Of those that people still have to see to, the most pressing come first:
/// where there are more than are listed, nobody who waits falls off the end. Closed ones, and all together, come newest first.
#[derive(Debug, Clone, Default)]
pub struct TicketFilter {
    /// Where they stand.
    pub status: Option<TicketStatus>,
    /// Why they were opened.
    pub reason: Option<HandoffReason>,
    /// Who has them, or should take them.
    pub agent: Option<String>,
    /// What they are tagged with.
    pub tag: Option<String>,
    /// What is said somewhere in the conversation, or the customer's id.
    pub text: Option<String>,
    /// How many at most; 50 if not given, never more than 500.
    pub limit: Option<u32>,
    /// Only those opened before this one, for paging: newest first, whatever their status.
    pub before: Option<TicketId>,
}

/// A ticket with all a person reads beside it.
#[derive(Debug, Clone)]
pub struct TicketDetail {
    /// The ticket.
    pub ticket: Ticket,
    /// The conversation.
    pub conversation: Conversation,
    /// All its messages, with traces.
    pub history: Vec<StoredMessage>,
    /// Private notes of agents.
    pub notes: Vec<AgentNote>,
}

/// Tickets in an order of their own. The pluses keep what is asked for newest first from being gathered whole and sorted.
macro_rules! tickets_where {
    ($status:literal in order $order:literal) => {
        concat!(
            "SELECT * FROM tickets_with_tags AS t WHERE ",
            $status,
            " AND (?3 IS NULL OR reason = ?3) \
             AND (?4 IS NULL OR agent = ?4 OR (agent IS NULL AND assignee = ?4)) \
             AND (?5 IS NULL OR number < (SELECT number FROM tickets WHERE id = ?5 AND shop = ?1)) \
             AND (?7 IS NULL OR EXISTS (SELECT 1 FROM ticket_tags WHERE ticket = t.id AND tag = ?7)) \
             AND (?8 IS NULL OR EXISTS (SELECT 1 FROM messages AS m WHERE m.conversation = t.conversation \
             AND instr(lower(m.text), lower(?8)) > 0) \
             OR EXISTS (SELECT 1 FROM conversations AS c WHERE c.id = t.conversation \
             AND instr(lower(c.customer), lower(?8)) > 0)) ORDER BY ",
            $order,
            " LIMIT ?6"
        )
    };
}

impl Store {
    /// The shop's tickets.
    pub async fn tickets(
        &self,
        staff: &StaffScope,
        filter: &TicketFilter,
    ) -> Result<Vec<Ticket>, StoreError> {
        let rows = sqlx::query(match filter.status {
            Some(status) if status.is_owed() && filter.before.is_none() => {
                tickets_where!("shop = ?1 AND status = ?2" in order "priority DESC, goes_first DESC, number")
            }
            _ => tickets_where!("+shop = ?1 AND (?2 IS NULL OR +status = ?2)" in order "number DESC"),
        })
        .bind(staff.shop.as_str())
        .bind(filter.status.as_ref().map(word).transpose()?)
        .bind(filter.reason.as_ref().map(word).transpose()?)
        .bind(&filter.agent)
        .bind(filter.before.as_ref().map(TicketId::as_str))
        .bind(filter.limit.unwrap_or(50).min(500))
        .bind(&filter.tag)
        .bind(&filter.text)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_ticket).collect()
    }

    /// A ticket with its conversation, history and notes.
    pub async fn ticket(&self, staff: &StaffScope, id: &TicketId) -> Result<TicketDetail, StoreError> {
        let row = sqlx::query("SELECT * FROM tickets_with_tags WHERE shop = ?1 AND id = ?2")
            .bind(staff.shop.as_str())
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await?
            .ok_or_else(|| StoreError::not_found("ticket", id.as_str()))?;
        let ticket = read_ticket(&row)?;
        let notes = sqlx::query(
            "SELECT agent, text, at FROM agent_notes WHERE shop = ?1 AND ticket = ?2 ORDER BY number",
        )
        .bind(staff.shop.as_str())
        .bind(id.as_str())
        .fetch_all(self.readers())
        .await?;
        Ok(TicketDetail {
            conversation: self.conversation_for_staff(staff, &ticket.conversation).await?,
            history: self.messages_for_staff(staff, &ticket.conversation).await?,
            notes: notes.iter().map(read_note).collect::<Result<_, _>>()?,
            ticket,
        })
    }

    /// The ticket that people had in a conversation at a moment, whatever has become of it since: where a message of that
    /// moment belongs, no matter when that is asked.
    pub async fn ticket_standing_at(
        &self,
        staff: &StaffScope,
        conversation: &ConversationId,
        moment: Timestamp,
    ) -> Result<Option<TicketId>, StoreError> {
        let row = sqlx::query(
            "SELECT id FROM tickets WHERE shop = ?1 AND conversation = ?2 AND mode = 'now' AND opened_at <= ?3 \
             AND (closed_at IS NULL OR closed_at >= ?3) ORDER BY number DESC LIMIT 1",
        )
        .bind(staff.shop.as_str())
        .bind(conversation.as_str())
        .bind(moment.as_millisecond())
        .fetch_optional(self.readers())
        .await?;
        row.map(|row| from_text(row.try_get("id")?)).transpose()
    }

    /// A ticket by itself.
    pub async fn ticket_alone(&self, staff: &StaffScope, id: &TicketId) -> Result<Ticket, StoreError> {
        let row = sqlx::query("SELECT * FROM tickets_with_tags WHERE shop = ?1 AND id = ?2")
            .bind(staff.shop.as_str())
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_ticket).transpose()?.ok_or_else(|| StoreError::not_found("ticket", id.as_str()))
    }

    /// The handoff that people have or will take now, in the own conversation.
    pub async fn current_handoff(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
    ) -> Result<Option<Handoff>, StoreError> {
        let conversation = self.conversation(scope, conversation).await?;
        let ticket = self.standing_ticket(&conversation).await?;
        Ok(ticket.map(|ticket| Handoff {
            reason: ticket.reason,
            detail: ticket.detail,
            mode: ticket.mode,
            ticket: ticket.id,
        }))
    }

    /// The ticket that people have or will take now in a conversation.
    pub async fn standing_ticket(&self, conversation: &Conversation) -> Result<Option<Ticket>, StoreError> {
        let row = sqlx::query(
            "SELECT * FROM tickets_with_tags WHERE shop = ?1 AND conversation = ?2 AND mode = 'now' \
             AND status IN ('open', 'claimed', 'snoozed')",
        )
        .bind(conversation.shop.as_str())
        .bind(conversation.id.as_str())
        .fetch_optional(self.readers())
        .await?;
        row.as_ref().map(read_ticket).transpose()
    }

    /// Who did what to a subject, oldest first.
    pub async fn audit_log(&self, staff: &StaffScope, subject: &str) -> Result<Vec<AuditEntry>, StoreError> {
        let rows = sqlx::query(
            "SELECT actor, action, subject, detail, at FROM audit WHERE shop = ?1 AND subject = ?2 ORDER BY number",
        )
        .bind(staff.shop.as_str())
        .bind(subject)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_entry).collect()
    }
}

pub(super) fn read_ticket(row: &SqliteRow) -> Result<Ticket, StoreError> {
    let note: String = row.try_get("note")?;
    let tags: Option<String> = row.try_get("tags")?;
    let reopens: Option<String> = row.try_get("reopens")?;
    let moment = |column: &str| -> Result<Option<Timestamp>, StoreError> {
        row.try_get::<Option<i64>, _>(column)?.map(time).transpose()
    };
    Ok(Ticket {
        id: from_text(row.try_get("id")?)?,
        conversation: from_text(row.try_get("conversation")?)?,
        status: from_word(row.try_get("status")?)?,
        reason: from_word(row.try_get("reason")?)?,
        detail: row.try_get("detail")?,
        mode: from_word(row.try_get("mode")?)?,
        agent: row.try_get("agent")?,
        priority: read_priority(row.try_get("priority")?)?,
        opened_at: time(row.try_get("opened_at")?)?,
        due: time(row.try_get("due")?)?,
        assignee: row.try_get("assignee")?,
        tags: tags.iter().flat_map(|tags| tags.lines()).map(str::to_owned).collect(),
        snoozed_until: moment("snoozed_until")?,
        reopens: reopens.map(from_text).transpose()?,
        escalation: read_escalation(row.try_get("escalation")?)?,
        goes_first: row.try_get("goes_first")?,
        waiting_since: moment("waiting_since")?,
        first_response_at: moment("first_response_at")?,
        closed_at: moment("closed_at")?,
        note: from_json(&note)?,
    })
}

pub(super) fn read_note(row: &SqliteRow) -> Result<AgentNote, StoreError> {
    Ok(AgentNote { agent: row.try_get("agent")?, text: row.try_get("text")?, at: time(row.try_get("at")?)? })
}

fn read_priority(number: i64) -> Result<Priority, StoreError> {
    match number {
        0 => Ok(Priority::Normal),
        1 => Ok(Priority::High),
        2 => Ok(Priority::Urgent),
        _ => Err(StoreError::Corrupt(format!("the database holds the unknown priority {number}"))),
    }
}

/// How a priority stands in its column.
fn priority_number(priority: Priority) -> i64 {
    match priority {
        Priority::Normal => 0,
        Priority::High => 1,
        Priority::Urgent => 2,
    }
}

fn read_escalation(number: i64) -> Result<Escalation, StoreError> {
    match number {
        0 => Ok(Escalation::Nobody),
        1 => Ok(Escalation::Group),
        2 => Ok(Escalation::Lead),
        _ => Err(StoreError::Corrupt(format!("the database holds the unknown escalation {number}"))),
    }
}

/// How an escalation stands in its column.
fn escalation_number(escalation: Escalation) -> i64 {
    match escalation {
        Escalation::Nobody => 0,
        Escalation::Group => 1,
        Escalation::Lead => 2,
    }
}
