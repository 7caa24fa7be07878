//! Reading a conversation, and what arrives in it: people's replies, who has it.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::auth::Caller;
use super::chat::{json_event, parse_conversation};
use super::error::ApiError;
use super::extract::{PathOf, last_event_id};
use super::live::live;
use super::nudges::NudgeView;
use super::openapi::Failures;
use super::ports::{ConversationEvent, Reader};
use super::state::AppState;
use super::typing::{self, TypingView};
use super::wire::{ConversationView, Copy, MessageView};
use crate::desk::types::ConversationState;

/// Who has the conversation now.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct StateChange {
    /// Who has it.
    pub state: ConversationState,
    /// The open ticket.
    pub ticket: Option<String>,
    /// The person's name, if a person has it.
    pub agent: Option<String>,
}

/// The events of a conversation: `message`, `state`, `nudge` and, without an id, `typing`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the stream in the OpenAPI document")]
pub enum ConversationEventView {
    /// `event: message`
    Message(Box<MessageView>),
    /// `event: state`
    State(StateChange),
    /// `event: nudge`
    Nudge(NudgeView),
    /// `event: typing`
    Typing(TypingView),
}

fn copy_for(reader: &Reader, state: &AppState) -> Copy {
    Copy { everything: matches!(reader, Reader::Staff(_)), zone: state.settings.zone.clone() }
}

/// Shows a conversation with its messages; with traces for staff.
///
/// A session sees its own conversations; everything else is 404.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}", tag = "chat", params(("id" = String, Path,)),
    responses((status = 200, body = ConversationView), Failures),
    security(("session" = []), ("key" = [])),
)]
pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Json<ConversationView>, ApiError> {
    let reader = caller.reader()?;
    let copy = copy_for(&reader, &state);
    let history = state.ports.conversations.history(reader, parse_conversation(&id)?).await?;
    Ok(Json(ConversationView::new(history, &copy)))
}

/// Streams what arrives in a conversation: people's replies (`message`), who has it (`state`), what the assistant says first
/// (`nudge`), and whether the other side is typing at this moment (`typing`).
///
/// `Last-Event-ID` goes on after an event.
#[utoipa::path(
    get, path = "/api/v1/conversations/{id}/stream", tag = "chat",
    params(("id" = String, Path,), ("Last-Event-ID" = Option<i64>, Header,)),
    responses(
        (status = 200, content_type = "text/event-stream", body = ConversationEventView),
        Failures,
    ),
    security(("session" = []), ("key" = [])),
)]
pub async fn stream(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let after = last_event_id(&headers)?;
    let reader = caller.reader()?;
    let copy = copy_for(&reader, &state);
    let conversation = parse_conversation(&id)?;
    let events = state.ports.conversations.live(reader.clone(), conversation.clone(), after).await?;
    let events = caller.while_signed_in(&state, events);
    let signs = typing::in_conversation(state.ports.typing.in_conversation(&reader, &conversation));
    let shape = move |event| match event {
        ConversationEvent::Message(message) => json_event("message", &MessageView::new(*message, &copy)),
        ConversationEvent::Nudge(said) => json_event("nudge", &NudgeView::new(*said, &copy.zone)),
        ConversationEvent::State { state, ticket, agent } => {
            json_event("state", &StateChange { state, ticket: ticket.map(String::from), agent })
        }
    };
    Ok(live(events, signs, state.shutdown.clone(), "conversation", shape).into_response())
}
