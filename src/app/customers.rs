//! The port of one customer's data, and how it reads when it is given out: as one object, for the doors and the command line.

use std::sync::Arc;

use serde_json::{Value, json};

use super::facts::FactsPort;
use crate::actions::{Action, Promise};
use crate::customers::Erased;
use crate::desk::types::Rating;
use crate::flows::Flow;
use crate::http::ports::{Answer, Customers};
use crate::identity::{CustomerId, StaffScope};
use crate::knowledge::Change;
use crate::record::Record;
use crate::store::{CustomerConversation, CustomerData, Store, StoreError};
use crate::time::Now;

/// Gives out and erases.
pub struct CustomersPort {
    /// The records and the index, which has to forget what the store forgets.
    pub facts: Arc<FactsPort>,
}

impl Customers for CustomersPort {
    fn export(&self, staff: StaffScope, customer: CustomerId) -> Answer<'_, Value> {
        Box::pin(async move {
            let now = self.facts.clock.now();
            Ok(export(&self.facts.store, &staff, &customer, &now).await?)
        })
    }

    fn erase(&self, staff: StaffScope, customer: CustomerId, force: bool) -> Answer<'_, Erased> {
        Box::pin(async move {
            let _writing = self.facts.writing.lock().await;
            let now = self.facts.clock.now();
            let erasure = self.facts.store.erase_customer(&staff, &customer, force, &now).await?;
            let gone = erasure.gone.into_iter().map(|(kind, id)| Change::Remove(kind, id));
            self.facts.index(&staff.shop, gone.collect()).await?;
            Ok(erasure.erased)
        })
    }
}

/// Everything that is kept of a customer. Times are UTC.
///
/// # Errors
/// [`StoreError::NotFound`] if nothing is.
pub async fn export(
    store: &Store,
    staff: &StaffScope,
    customer: &CustomerId,
    now: &Now,
) -> Result<Value, StoreError> {
    let CustomerData { records, conversations } = store.customer_data(staff, customer).await?;
    Ok(json!({
        "customer": customer,
        "exported_at": now.timestamp(),
        "records": records.into_iter().map(shown_record).collect::<Vec<_>>(),
        "conversations": conversations.into_iter().map(shown_conversation).collect::<Vec<_>>(),
    }))
}

/// A record as an import takes it.
fn shown_record(record: Record) -> Value {
    let mut fields = record.fields;
    fields.insert("kind".to_owned(), json!(record.kind));
    fields.insert("id".to_owned(), json!(record.id));
    Value::Object(fields)
}

fn shown_conversation(data: CustomerConversation) -> Value {
    let CustomerConversation { conversation, messages, tickets, ratings, actions, promises, flows } = data;
    let tickets = tickets.into_iter().map(|(ticket, notes)| {
        let mut shown = json!(ticket);
        shown["agent_notes"] = json!(notes);
        shown
    });
    json!({
        "id": conversation.id,
        "state": conversation.state,
        "channel": conversation.channel,
        "visitor": conversation.visitor,
        "opened_at": conversation.opened_at,
        "updated_at": conversation.updated_at,
        "remembered": conversation.memory,
        "messages": messages,
        "tickets": tickets.collect::<Vec<_>>(),
        "ratings": ratings.iter().map(shown_rating).collect::<Vec<_>>(),
        "actions": actions.iter().map(shown_action).collect::<Vec<_>>(),
        "promises": promises.iter().map(shown_promise).collect::<Vec<_>>(),
        "flows": flows.iter().map(shown_flow).collect::<Vec<_>>(),
    })
}

fn shown_rating(rating: &Rating) -> Value {
    json!({ "ticket": rating.ticket, "score": rating.score, "text": rating.text, "at": rating.at })
}

fn shown_action(action: &Action) -> Value {
    json!({
        "id": action.id, "kind": action.kind, "args": action.args, "requested_by": action.requested_by,
        "by": action.by, "state": action.state, "due": action.due, "ticket": action.ticket,
        "result": action.result, "requested_at": action.requested_at, "finished_at": action.finished_at,
    })
}

fn shown_promise(promise: &Promise) -> Value {
    json!({
        "id": promise.id, "kind": promise.kind, "by": promise.by, "state": promise.state, "due": promise.due,
        "first_due": promise.first_due, "backed_by": promise.backed_by(), "made_at": promise.made_at,
        "settled_at": promise.settled_at,
    })
}

fn shown_flow(flow: &Flow) -> Value {
    json!({
        "id": flow.id, "kind": flow.kind, "scenario": flow.scenario, "order": flow.order, "state": flow.state,
        "step": flow.step, "answers": flow.answers, "opened_at": flow.opened_at, "finished_at": flow.finished_at,
    })
}
