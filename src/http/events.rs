//! `POST /api/v1/events`: what happens in the shop, as its pages and its systems report it.
//!
//! A browser reports what it does itself, under its session; everything else comes from the shop's systems with a key.

use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::auth::Caller;
use super::error::{ApiError, ErrorCode};
use super::extract::{RawBody, check_id};
use super::nudges::NudgeView;
use super::openapi::Failures;
use super::state::AppState;
use crate::identity::{ConversationId, CustomerId, KeyScope, Scope};
use crate::proactive::{AHEAD, EventType, Person, ShopEvent};
use crate::time::parse_shop_time;

/// At most so many events are taken at once.
const MOST_EVENTS: usize = 1000;

/// The longest text in an event's own fields, in bytes of JSON.
const LONGEST_DETAIL: usize = 4096;

/// Something that happened.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct EventBody {
    /// The sender's own id of it; the same id is taken once.
    pub id: String,
    /// What happened.
    #[serde(rename = "type", deserialize_with = "event_type")]
    pub kind: EventType,
    /// The customer, as the shop names them. A browser reports for its own session alone.
    #[serde(default)]
    pub customer: Option<String>,
    /// The browser, if nobody has signed in.
    #[serde(default)]
    pub visitor: Option<String>,
    /// The product.
    #[serde(default)]
    pub product: Option<String>,
    /// The order.
    #[serde(default)]
    pub order: Option<String>,
    /// When; without a zone it is shop time. Default: now.
    #[serde(default)]
    pub at: Option<String>,
    /// Everything else is kept, and rules may read it.
    #[serde(flatten)]
    #[schema(additional_properties)]
    pub detail: Map<String, Value>,
}

/// Reads a type, and names the field where it is none.
fn event_type<'de, D: Deserializer<'de>>(deserializer: D) -> Result<EventType, D::Error> {
    let name = String::deserialize(deserializer)?;
    serde_json::from_value(Value::String(name)).map_err(|error| D::Error::custom(format!("type: {error}")))
}

/// What became of events.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct EventsTaken {
    /// Events that are new.
    pub accepted: usize,
    /// Events that were known by their ids.
    pub duplicate: usize,
    /// What was said first at once; the conversation's stream brings the same, with the same ids.
    pub nudges: Vec<NudgeView>,
}

/// Who reports.
enum Reporter {
    /// A browser, for the person of its session, in its conversation.
    Browser(Box<(Scope, Person, ConversationId)>),
    /// A system of the shop.
    Shop,
}

/// Takes one event, or a list of at most 1000.
///
/// A session may report `product_viewed`, `search`, `cart_added` and `cart_left` of its own; everything else needs a key with
/// the scope `events`. Any wrong event refuses the whole list.
#[utoipa::path(
    post, path = "/api/v1/events", tag = "events",
    request_body(content = EventBody, description = "One event, or a list of them"),
    responses((status = 200, body = EventsTaken), Failures),
    security(("session" = []), ("key" = [])),
)]
pub async fn take(
    State(state): State<AppState>,
    caller: Caller,
    RawBody(bytes): RawBody,
) -> Result<Json<EventsTaken>, ApiError> {
    let reporter = reporter(&caller)?;
    let bodies = read(&bytes)?;
    if let Reporter::Browser(session) = &reporter {
        for _ in &bodies {
            state.limits.admit_event(&caller, &session.0)?;
        }
    }
    let is_list = bodies.len() != 1;
    let events = bodies.into_iter().enumerate().map(|(number, body)| {
        let field = if is_list { format!("[{number}].") } else { String::new() };
        event(&state, &reporter, body, &field)
    });
    let events = events.collect::<Result<Vec<_>, _>>()?;
    let taken = state.ports.proactive.take(state.settings.shop.clone(), events).await?;
    let zone = &state.settings.zone;
    Ok(Json(EventsTaken {
        accepted: taken.accepted,
        duplicate: taken.duplicate,
        nudges: taken.nudges.into_iter().map(|said| NudgeView::new(said, zone)).collect(),
    }))
}

fn reporter(caller: &Caller) -> Result<Reporter, ApiError> {
    match (caller.require_one_of(&[KeyScope::Events, KeyScope::Admin]), &caller.session) {
        (_, Some(session)) => {
            let person = Person::of(&session.scope).unwrap_or(Person::Visitor(session.visitor.clone()));
            let session = (session.scope.clone(), person, session.conversation.clone());
            Ok(Reporter::Browser(Box::new(session)))
        }
        (Ok(_), None) => Ok(Reporter::Shop),
        (Err(error), None) => Err(error),
    }
}

fn read(bytes: &[u8]) -> Result<Vec<EventBody>, ApiError> {
    let bodies: Vec<EventBody> = if bytes.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice(bytes)?
    } else {
        vec![serde_json::from_slice(bytes)?]
    };
    if bodies.is_empty() || bodies.len() > MOST_EVENTS {
        let message = format!("1 to {MOST_EVENTS} events are taken at once, these are {}", bodies.len());
        return Err(ApiError::new(ErrorCode::InvalidField, message).hint("send several lists"));
    }
    Ok(bodies)
}

fn event(state: &AppState, reporter: &Reporter, body: EventBody, field: &str) -> Result<ShopEvent, ApiError> {
    let refuse = |name: &str, message: &str| {
        ApiError::new(ErrorCode::InvalidField, format!("{field}{name}: {message}"))
    };
    check_id(&format!("{field}id"), &body.id)?;
    for (name, id) in [("product", &body.product), ("order", &body.order)] {
        if let Some(id) = id {
            check_id(&format!("{field}{name}"), id)?;
        }
    }
    if body.kind.is_own() {
        return Err(refuse("type", "Warmdesk notices this by itself"));
    }
    let detail = body.detail;
    if serde_json::to_string(&detail).map_or(0, |text| text.len()) > LONGEST_DETAIL {
        return Err(refuse("", &format!("all other fields together have at most {LONGEST_DETAIL} bytes")));
    }
    let at = happened(state, body.at.as_deref()).map_err(|message| refuse("at", &message))?;
    let (id, person, conversation) = match reporter {
        Reporter::Browser(_) if !body.kind.is_of_browser() => {
            return Err(refuse("type", "this is reported by the shop's systems, with a key")
                .hint("a session may report product_viewed, search, cart_added and cart_left"));
        }
        // Two browsers that count alike must not take each other's events for their own.
        Reporter::Browser(session) => {
            let (_, person, conversation) = &**session;
            (format!("{} {}", person.key(), body.id), Some(person.clone()), Some(conversation.clone()))
        }
        Reporter::Shop => (body.id, person(body.customer, body.visitor, field)?, None),
    };
    let (product, order) = (body.product, body.order);
    Ok(ShopEvent { id, kind: body.kind, person, product, order, conversation, detail, at })
}

fn happened(state: &AppState, at: Option<&str>) -> Result<Timestamp, String> {
    let now = state.ports.proactive.now();
    let Some(text) = at else { return Ok(now) };
    let at = parse_shop_time(text, &state.settings.zone)
        .ok_or_else(|| format!("`{text}` is no time; as in 2026-11-18T20:31:00"))?;
    if at.duration_since(now) > AHEAD {
        return Err("lies ahead; what has not happened is no event".to_owned());
    }
    Ok(at)
}

fn person(
    customer: Option<String>,
    visitor: Option<String>,
    field: &str,
) -> Result<Option<Person>, ApiError> {
    let wrong = |name: &str, error: &dyn std::fmt::Display| {
        ApiError::new(ErrorCode::InvalidId, format!("{field}{name}: {error}"))
    };
    match (customer, visitor) {
        (Some(customer), _) => {
            let customer = CustomerId::new(&customer).map_err(|error| wrong("customer", &error))?;
            Ok(Some(Person::Customer(customer)))
        }
        (None, Some(visitor)) => {
            let visitor = visitor.parse().map_err(|error| wrong("visitor", &error))?;
            Ok(Some(Person::Visitor(visitor)))
        }
        (None, None) => Ok(None),
    }
}
