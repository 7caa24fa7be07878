//! How people sort tickets and let go of them: tags, who should take one, giving back, passing on, putting off.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::auth::Caller;
use super::chat::check_message;
use super::error::{ApiError, ErrorCode};
use super::extract::{JsonBody, OptionalJsonBody, PathOf, check_text};
use super::openapi::Failures;
use super::state::AppState;
use super::tickets::{desk, parse};
use super::wire::TicketSummary;
use crate::conversation::Receiver;
use crate::desk::types::DeskTicket;
use crate::time::parse_shop_time;

/// The longest name of a person, a group or a tag, in characters.
const MAX_NAME: usize = 64;

/// The most tags of one ticket.
const MAX_TAGS: usize = 20;

/// What goes with giving a conversation back.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct GiveBack {
    /// A note only staff see.
    #[serde(default)]
    pub note: Option<String>,
}

/// To whom a ticket is passed on.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct PassOn {
    /// The person; null puts it back into the queue.
    #[serde(default)]
    pub to: Option<String>,
    /// The group, as the customer reads it.
    #[serde(default)]
    pub group: Option<String>,
    /// A note only staff see.
    #[serde(default)]
    pub note: Option<String>,
}

/// Who should take a ticket.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct Assign {
    /// The person; null means that anybody may.
    pub to: Option<String>,
}

/// Until when a ticket is put off.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct Snooze {
    /// The moment, as `2026-11-21T09:00:00+08:00`; without an offset it is in the shop's zone. At most 90 days away.
    pub until: String,
}

/// What a ticket is sorted by.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct Tags {
    /// All of its tags, at most 20 of at most 64 characters; those that are not named are taken off.
    pub tags: Vec<String>,
}

fn answer(state: &AppState, ticket: DeskTicket) -> Json<TicketSummary> {
    Json(TicketSummary::new(ticket, &state.settings.zone))
}

/// A name without the space around it; an empty one is none.
fn name(field: &str, text: Option<String>) -> Result<Option<String>, ApiError> {
    let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(text) = &text {
        check_text(field, text)?;
        if text.contains(['\n', '\r', '\t']) || text.chars().count() > MAX_NAME {
            let message = format!("{field}: one line of at most {MAX_NAME} characters is expected");
            return Err(ApiError::new(ErrorCode::InvalidField, message));
        }
    }
    Ok(text)
}

fn note(text: Option<String>) -> Result<Option<String>, ApiError> {
    let text = text.filter(|text| !text.trim().is_empty());
    if let Some(text) = &text {
        check_message(text, 0)?;
    }
    Ok(text)
}

/// Gives the conversation back to the assistant, which tells the customer so.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/return", tag = "desk", params(("id" = String, Path,)),
    request_body = GiveBack,
    responses((status = 200, body = TicketSummary), Failures),
    security(("key" = [])),
)]
pub async fn give_back(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    OptionalJsonBody(request): OptionalJsonBody<GiveBack>,
) -> Result<Json<TicketSummary>, ApiError> {
    let staff = desk(&caller)?;
    let note = note(request.note)?;
    let ticket = state.ports.tickets.give_back(staff, parse(&id)?, note).await?;
    Ok(answer(&state, ticket))
}

/// Passes a ticket on, to a person or back to the queue. It waits there until it is claimed; the customer is told.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/transfer", tag = "desk", params(("id" = String, Path,)),
    request_body = PassOn,
    responses((status = 200, body = TicketSummary), Failures),
    security(("key" = [])),
)]
pub async fn transfer(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<PassOn>,
) -> Result<Json<TicketSummary>, ApiError> {
    let staff = desk(&caller)?;
    let to = Receiver { name: name("to", request.to)?, group: name("group", request.group)? };
    let note = note(request.note)?;
    let ticket = state.ports.tickets.pass_on(staff, parse(&id)?, to, note).await?;
    Ok(answer(&state, ticket))
}

/// Puts a ticket off: it comes back at the moment, or when the customer writes.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/snooze", tag = "desk", params(("id" = String, Path,)),
    request_body = Snooze,
    responses((status = 200, body = TicketSummary), Failures),
    security(("key" = [])),
)]
pub async fn snooze(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<Snooze>,
) -> Result<Json<TicketSummary>, ApiError> {
    let staff = desk(&caller)?;
    let until = parse_shop_time(&request.until, &state.settings.zone).ok_or_else(|| {
        ApiError::new(
            ErrorCode::InvalidField,
            "until: a moment such as 2026-11-21T09:00:00+08:00 is expected",
        )
    })?;
    let ticket = state.ports.tickets.snooze(staff, parse(&id)?, until).await?;
    Ok(answer(&state, ticket))
}

/// Says who should take a ticket. Whoever has it already passes it on instead.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/assign", tag = "desk", params(("id" = String, Path,)),
    request_body = Assign,
    responses((status = 200, body = TicketSummary), Failures),
    security(("key" = [])),
)]
pub async fn assign(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<Assign>,
) -> Result<Json<TicketSummary>, ApiError> {
    let staff = desk(&caller)?;
    let to = name("to", request.to)?;
    let ticket = state.ports.tickets.assign(staff, parse(&id)?, to).await?;
    Ok(answer(&state, ticket))
}

/// Sorts a ticket by tags.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/tags", tag = "desk", params(("id" = String, Path,)),
    request_body = Tags,
    responses((status = 200, body = TicketSummary), Failures),
    security(("key" = [])),
)]
pub async fn tags(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<Tags>,
) -> Result<Json<TicketSummary>, ApiError> {
    let staff = desk(&caller)?;
    if request.tags.len() > MAX_TAGS {
        let message = format!("tags: at most {MAX_TAGS} are expected");
        return Err(ApiError::new(ErrorCode::InvalidField, message));
    }
    let mut tags = Vec::new();
    for tag in request.tags {
        tags.extend(name("tags", Some(tag))?);
    }
    let ticket = state.ports.tickets.tag(staff, parse(&id)?, tags).await?;
    Ok(answer(&state, ticket))
}
