//! The desk from outside: the queue, one ticket, and what an agent does with it.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::actions::{ActionView, PromiseView};
use super::auth::Caller;
use super::chat::{check_attachments, check_message, json_event};
use super::error::{ApiError, ErrorCode};
use super::extract::{JsonBody, PathOf, QueryOf, check_id, last_event_id};
use super::live::live;
use super::openapi::Failures;
use super::ports::{DeskEvent, TicketFilter};
use super::ratings::DeskRating;
use super::state::AppState;
use super::typing::{self, TypingView};
use super::wire::{Copy, MessageView, NoteView, TicketDetail, TicketSummary};
use crate::conversation::types::Attachment;
use crate::desk::types::TicketStatus;
use crate::identity::{KeyScope, StaffScope, TicketId};
use crate::store::NewMessage;

/// Which tickets to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TicketQuery {
    /// Only with this status; by default those that are open or claimed.
    #[serde(default)]
    #[param(value_type = Option<TicketStatus>)]
    pub status: Option<TicketStatus>,
    /// Only those that this person has or should take.
    #[serde(default)]
    pub agent: Option<String>,
    /// Only with this tag.
    #[serde(default)]
    pub tag: Option<String>,
    /// Only where this is said in the conversation, or is part of the customer's id.
    #[serde(default)]
    pub q: Option<String>,
    /// At most so many, from 1 to 500; default 100.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// The queue.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TicketList {
    /// The most pressing first.
    pub tickets: Vec<TicketSummary>,
}

/// A text an agent writes.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct AgentText {
    /// The client's own id of a message, so that one that is sent again after a broken connection is stored once.
    #[serde(default)]
    pub id: Option<String>,
    /// The text.
    #[serde(default)]
    pub text: String,
    /// Pictures and files, for messages only.
    #[serde(default)]
    pub attachments: Option<Vec<Attachment>>,
}

/// A message that was sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AgentReplyView {
    /// The message.
    pub message: MessageView,
    /// Red lines it touches, and money, times, finished actions and gifts that no record carries, each with what and why; they
    /// warn and stop nothing.
    pub warnings: Vec<String>,
}

/// A message in a conversation with an open ticket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeskMessage {
    /// The ticket.
    pub ticket: String,
    /// Its conversation.
    pub conversation: String,
    /// The message.
    pub message: String,
}

/// The events of the desk: `ticket`, `action`, `promise`, `message`, `rating` and, without an id, `typing`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the stream in the OpenAPI document")]
pub enum DeskEventView {
    /// `event: ticket`
    Ticket(Box<TicketSummary>),
    /// `event: action`
    Action(Box<ActionView>),
    /// `event: promise`
    Promise(Box<PromiseView>),
    /// `event: message`
    Message(DeskMessage),
    /// `event: rating`
    Rating(DeskRating),
    /// `event: typing`
    Typing(TypingView),
}

pub(super) fn desk(caller: &Caller) -> Result<StaffScope, ApiError> {
    caller.require(KeyScope::Desk)
}

/// The id of a ticket. What cannot be one cannot be found either.
///
/// # Errors
/// `ticket_not_found`.
pub fn parse(id: &str) -> Result<TicketId, ApiError> {
    id.parse().map_err(|_| ApiError::new(ErrorCode::TicketNotFound, "there is no such ticket"))
}

fn full_copy(state: &AppState) -> Copy {
    Copy { everything: true, zone: state.settings.zone.clone() }
}

/// Lists tickets, the most pressing first.
#[utoipa::path(
    get, path = "/api/v1/tickets", tag = "desk", params(TicketQuery),
    responses((status = 200, body = TicketList), Failures),
    security(("key" = [])),
)]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    QueryOf(query): QueryOf<TicketQuery>,
) -> Result<Json<TicketList>, ApiError> {
    let staff = desk(&caller)?;
    let limit = query.limit.unwrap_or(100);
    if !(1..=500).contains(&limit) {
        let message = "limit: a number from 1 to 500 is expected";
        return Err(ApiError::new(ErrorCode::InvalidParameter, message));
    }
    let given = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    let filter = TicketFilter {
        status: query.status,
        agent: given(query.agent),
        tag: given(query.tag),
        text: given(query.q),
        limit,
    };
    let tickets = state.ports.tickets.list(staff, filter).await?;
    let shown = tickets.into_iter().map(|ticket| TicketSummary::new(ticket, &state.settings.zone));
    Ok(Json(TicketList { tickets: shown.collect() }))
}

/// Shows a ticket with its note and the whole conversation.
#[utoipa::path(
    get, path = "/api/v1/tickets/{id}", tag = "desk", params(("id" = String, Path,)),
    responses((status = 200, body = TicketDetail), Failures),
    security(("key" = [])),
)]
pub async fn show(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Json<TicketDetail>, ApiError> {
    let staff = desk(&caller)?;
    let view = state.ports.tickets.show(staff, parse(&id)?).await?;
    Ok(Json(TicketDetail::new(view, &full_copy(&state))))
}

/// Takes a ticket. Again by the same agent is 200, by another 409.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/claim", tag = "desk", params(("id" = String, Path,)),
    responses((status = 200, body = TicketSummary), Failures),
    security(("key" = [])),
)]
pub async fn claim(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Json<TicketSummary>, ApiError> {
    let ticket = state.ports.tickets.claim(desk(&caller)?, parse(&id)?).await?;
    Ok(Json(TicketSummary::new(ticket, &state.settings.zone)))
}

/// Writes to the customer.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/messages", tag = "desk", params(("id" = String, Path,)),
    request_body = AgentText,
    responses((status = 200, body = AgentReplyView), Failures),
    security(("key" = [])),
)]
pub async fn reply(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<AgentText>,
) -> Result<Json<AgentReplyView>, ApiError> {
    let staff = desk(&caller)?;
    let attachments = request.attachments.unwrap_or_default();
    check_attachments(&attachments)?;
    check_message(&request.text, attachments.len())?;
    if let Some(client_id) = &request.id {
        check_id("id", client_id)?;
    }
    let new = NewMessage { client_id: request.id, text: request.text, attachments };
    let sent = state.ports.tickets.reply(staff, parse(&id)?, new).await?;
    let message = MessageView::new(sent.message, &full_copy(&state));
    Ok(Json(AgentReplyView { message, warnings: sent.warnings }))
}

/// Writes a note only staff see.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/notes", tag = "desk", params(("id" = String, Path,)),
    request_body = AgentText,
    responses((status = 200, body = NoteView), Failures),
    security(("key" = [])),
)]
pub async fn note(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<AgentText>,
) -> Result<Json<NoteView>, ApiError> {
    let staff = desk(&caller)?;
    check_message(&request.text, 0)?;
    let note = state.ports.tickets.note(staff, parse(&id)?, request.text).await?;
    Ok(Json(NoteView::new(note, &state.settings.zone)))
}

/// Closes a ticket.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/resolve", tag = "desk", params(("id" = String, Path,)),
    responses((status = 200, body = TicketSummary), Failures),
    security(("key" = [])),
)]
pub async fn resolve(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Json<TicketSummary>, ApiError> {
    let ticket = state.ports.tickets.resolve(desk(&caller)?, parse(&id)?).await?;
    Ok(Json(TicketSummary::new(ticket, &state.settings.zone)))
}

/// Streams what happens at the desk: tickets that are new or changed (`ticket`), messages in their conversations
/// (`message`), what customers thought of it (`rating`), and who is typing at this moment (`typing`). `Last-Event-ID` goes on after an event.
#[utoipa::path(
    get, path = "/api/v1/desk/stream", tag = "desk", params(("Last-Event-ID" = Option<i64>, Header,)),
    responses((status = 200, content_type = "text/event-stream", body = DeskEventView), Failures),
    security(("key" = [])),
)]
pub async fn stream(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let staff = desk(&caller)?;
    let events = state.ports.tickets.live(staff.clone(), last_event_id(&headers)?).await?;
    let events = caller.while_signed_in(&state, events);
    let signs = typing::at_desk(state.ports.typing.at_desk(&staff));
    let zone = state.settings.zone.clone();
    let shape = move |event| match event {
        DeskEvent::Ticket(ticket) => json_event("ticket", &TicketSummary::new(*ticket, &zone)),
        DeskEvent::Action(action) => json_event("action", &ActionView::new(*action, &zone)),
        DeskEvent::Promise(promise) => json_event("promise", &PromiseView::new(*promise, &zone)),
        DeskEvent::Rating(rating) => json_event("rating", &DeskRating::new(rating, &zone)),
        DeskEvent::Message { ticket, conversation, message } => json_event(
            "message",
            &DeskMessage {
                ticket: ticket.into(),
                conversation: conversation.into(),
                message: message.into(),
            },
        ),
    };
    Ok(live(events, signs, state.shutdown.clone(), "desk", shape).into_response())
}
