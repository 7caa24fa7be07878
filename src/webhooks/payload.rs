//! How does an event read outside? Its names, and the JSON that is sent.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::EventName;
use crate::desk::types::ConversationState;
use crate::identity::{ConversationId, CustomerId, DeliveryId, ShopId, VisitorId};

/// Something that was appended to a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Happening {
    /// Its kind inside: `message`, `state`, `ticket`, …
    pub kind: String,
    /// Its number within the conversation, from 1.
    pub seq: i64,
    /// What it says.
    pub body: Value,
    /// When.
    pub at: Timestamp,
}

/// The conversation it was appended to.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// Its id.
    pub id: ConversationId,
    /// The verified customer it belongs to.
    pub customer: Option<CustomerId>,
    /// The browser it began in.
    pub visitor: Option<VisitorId>,
    /// Who has it.
    pub state: ConversationState,
    /// Where it began.
    pub channel: String,
    /// When it began.
    pub opened_at: Timestamp,
}

/// The names under which something is told, in the order in which it is told. What nobody outside is told of has none.
pub fn names_of(happening: &Happening) -> Vec<EventName> {
    let told: &[EventName] = match happening.kind.as_str() {
        "message" => &[EventName::MessageCreated],
        // By SMS or a push message a customer is told only what the consents on record allow.
        "nudge" if happening.body["outside"] == true => &[EventName::NudgeCreated],
        "state" => &[EventName::ConversationStatusChanged, EventName::ConversationUpdated],
        "flow" => &[EventName::ConversationUpdated],
        "handoff" => &[EventName::Handoff, EventName::TicketCreated],
        "ticket" => &[EventName::TicketUpdated],
        "action" => &[EventName::ActionUpdated],
        "promise" => &[EventName::PromiseUpdated],
        "note" => &[EventName::NoteCreated],
        _ => return Vec::new(),
    };
    let first = (happening.seq == 1).then_some(EventName::ConversationCreated);
    first.into_iter().chain(told.iter().copied()).collect()
}

/// The JSON of a delivery: the conversation, and what happened in it under the name of its kind.
pub fn payload(
    (id, event): (&DeliveryId, EventName),
    shop: &ShopId,
    place: &Place,
    happening: &Happening,
) -> Value {
    let mut state = json!(place.state);
    let mut subject = None;
    if event != EventName::ConversationCreated {
        match happening.kind.as_str() {
            // As it was then, even if it has changed since.
            "state" => state = happening.body["state"].clone(),
            "handoff" => subject = Some(("ticket", with_id(&happening.body, "ticket"))),
            "note" => subject = Some(("note", happening.body.clone())),
            kind => subject = Some((kind, with_id(&happening.body, kind))),
        }
    }
    let mut payload = beginning((id, event), shop, happening.at);
    let conversation = json!({
        "id": place.id, "state": state, "customer": place.customer, "visitor": place.visitor,
        "channel": place.channel, "opened_at": place.opened_at,
    });
    payload.insert("conversation".to_owned(), conversation);
    if let Some((name, subject)) = subject {
        payload.insert(name.to_owned(), subject);
    }
    Value::Object(payload)
}

/// The JSON of a test.
pub fn test_payload(id: &DeliveryId, shop: &ShopId, at: Timestamp) -> Value {
    Value::Object(beginning((id, EventName::WebhookTest), shop, at))
}

fn beginning((id, event): (&DeliveryId, EventName), shop: &ShopId, at: Timestamp) -> Map<String, Value> {
    let mut payload = Map::new();
    payload.insert("event".to_owned(), json!(event));
    payload.insert("id".to_owned(), json!(id));
    payload.insert("created_at".to_owned(), json!(at));
    payload.insert("account".to_owned(), json!({ "shop": shop }));
    payload
}

/// The thing itself: inside, an event names it by its kind; outside it has an `id`.
fn with_id(body: &Value, kind: &str) -> Value {
    let Value::Object(fields) = body else { return body.clone() };
    let renamed = fields.iter().map(|(name, value)| {
        let name = if name == kind { "id" } else { name.as_str() };
        (name.to_owned(), value.clone())
    });
    Value::Object(renamed.collect())
}
