//! Everything that is kept of one customer: read together for the customer, or erased.

mod erase;
mod steps;
#[cfg(test)]
mod tests;

use sqlx::Row;

use super::codec::from_text;
use super::conversations::Conversation;
use super::tickets::{read_note, read_ticket};
use super::{Store, StoreError};
use crate::actions::{Action, Promise};
use crate::conversation::types::StoredMessage;
use crate::desk::types::{AgentNote, Rating, Ticket};
use crate::flows::Flow;
use crate::identity::{ConversationId, CustomerId, Scope, StaffScope};
use crate::record::{Record, RecordKind};

pub use erase::Erasure;

/// What is kept of a customer.
#[derive(Debug, Clone, Default)]
pub struct CustomerData {
    /// The customer's own record, orders, parcels, cases and coupons.
    pub records: Vec<Record>,
    /// The customer's conversations, oldest first; also those of the browser before the customer signed in to it.
    pub conversations: Vec<CustomerConversation>,
}

impl CustomerData {
    /// Whether nothing is known of the customer.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.conversations.is_empty()
    }
}

/// One conversation with everything that came of it.
#[derive(Debug, Clone)]
pub struct CustomerConversation {
    /// The conversation, with what it remembers.
    pub conversation: Conversation,
    /// What was said, without traces.
    pub messages: Vec<StoredMessage>,
    /// Its tickets, each with the notes of agents.
    pub tickets: Vec<(Ticket, Vec<AgentNote>)>,
    /// What the customer thought of the people who have resolved them.
    pub ratings: Vec<Rating>,
    /// What was done for the customer.
    pub actions: Vec<Action>,
    /// What was promised.
    pub promises: Vec<Promise>,
    /// Matters of several steps.
    pub flows: Vec<Flow>,
}

impl Store {
    /// What is kept of a customer.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if nothing is.
    pub async fn customer_data(
        &self,
        staff: &StaffScope,
        customer: &CustomerId,
    ) -> Result<CustomerData, StoreError> {
        let scope = Scope::customer(staff.shop.clone(), customer.clone());
        let mut data =
            CustomerData { records: self.own(&scope, &RecordKind::ALL).await?, conversations: Vec::new() };
        // The customer's own record need not say whose it is.
        if let Some(own) = self.record(staff, RecordKind::Customer, customer.as_str()).await?
            && !data.records.iter().any(|record| record.key() == own.key())
        {
            data.records.insert(0, own);
        }
        let rows = sqlx::query(
            "SELECT id FROM conversations WHERE shop = ?1 AND (customer = ?2 OR (customer IS NULL AND EXISTS \
             (SELECT 1 FROM joined_visitors AS joined WHERE joined.shop = ?1 AND joined.customer = ?2 \
             AND joined.visitor = conversations.visitor AND opened_at <= joined_at))) ORDER BY opened_at, id",
        )
        .bind(staff.shop.as_str())
        .bind(customer.as_str())
        .fetch_all(self.readers())
        .await?;
        for row in &rows {
            let id: ConversationId = from_text(row.try_get("id")?)?;
            data.conversations.push(self.conversation_data(staff, &id).await?);
        }
        if data.is_empty() {
            return Err(unknown(customer));
        }
        Ok(data)
    }

    async fn conversation_data(
        &self,
        staff: &StaffScope,
        id: &ConversationId,
    ) -> Result<CustomerConversation, StoreError> {
        let mut messages = self.messages_for_staff(staff, id).await?;
        for message in &mut messages {
            message.trace = None;
        }
        Ok(CustomerConversation {
            conversation: self.conversation_for_staff(staff, id).await?,
            messages,
            tickets: self.tickets_of(staff, id).await?,
            ratings: self.ratings_of(staff, id).await?,
            actions: self.actions(staff, id).await?,
            promises: self.promises(staff, id).await?,
            flows: self.flows(staff, id).await?,
        })
    }

    async fn tickets_of(
        &self,
        staff: &StaffScope,
        conversation: &ConversationId,
    ) -> Result<Vec<(Ticket, Vec<AgentNote>)>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM tickets_with_tags WHERE shop = ?1 AND conversation = ?2 ORDER BY number",
        )
        .bind(staff.shop.as_str())
        .bind(conversation.as_str())
        .fetch_all(self.readers())
        .await?;
        let mut tickets = Vec::with_capacity(rows.len());
        for row in &rows {
            let ticket = read_ticket(row)?;
            let notes =
                sqlx::query("SELECT agent, text, at FROM agent_notes WHERE ticket = ?1 ORDER BY number")
                    .bind(ticket.id.as_str())
                    .fetch_all(self.readers())
                    .await?;
            tickets.push((ticket, notes.iter().map(read_note).collect::<Result<_, _>>()?));
        }
        Ok(tickets)
    }
}

fn unknown(customer: &CustomerId) -> StoreError {
    StoreError::not_found("customer", customer.as_str())
}
