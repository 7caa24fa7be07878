//! Who is typing: told to the other side at this moment, and kept nowhere.

use axum::extract::State;
use axum::response::NoContent;
use axum::response::sse::Event;
use futures_util::StreamExt;
use futures_util::stream::BoxStream;
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::chat::{json_event, parse_conversation};
use super::error::ApiError;
use super::extract::{OptionalJsonBody, PathOf};
use super::openapi::Failures;
use super::ports::{Side, TypingSign, TypingSigns};
use super::state::AppState;
use super::tickets::parse;
use super::wire::CustomerProof;
use crate::identity::KeyScope;

/// Who types, where a session does not say it.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct TypingRequest {
    /// Who the customer is, with the proof.
    #[serde(default, deserialize_with = "super::extract::inner_object")]
    pub customer: Option<CustomerProof>,
}

/// `event: typing`, without an id: it is never repeated.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TypingView {
    /// Who types.
    pub who: Side,
    /// The person's name, for staff.
    pub name: Option<String>,
    /// The ticket by which people have the conversation; at the desk only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
    /// The conversation; at the desk only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub conversation: Option<String>,
}

/// Says that the customer is typing. The desk sees it while people have the conversation.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/typing", tag = "chat", params(("id" = String, Path,)),
    request_body = TypingRequest,
    responses((status = 204), Failures),
    security(("session" = []), ()),
)]
pub async fn customer(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    OptionalJsonBody(request): OptionalJsonBody<TypingRequest>,
) -> Result<NoContent, ApiError> {
    let scope = caller.customer_scope(&state, request.customer.as_ref()).await?;
    state.limits.admit_typing(&caller, &scope)?;
    state.ports.typing.customer(scope, parse_conversation(&id)?).await?;
    Ok(NoContent)
}

/// Says that an agent is typing. The customer sees it while the agent has the ticket.
#[utoipa::path(
    post, path = "/api/v1/tickets/{id}/typing", tag = "desk", params(("id" = String, Path,)),
    responses((status = 204), Failures),
    security(("key" = [])),
)]
pub async fn staff(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<NoContent, ApiError> {
    let staff = caller.require(KeyScope::Desk)?;
    state.limits.admit_typing_of_staff(&caller, &staff)?;
    state.ports.typing.staff(staff, parse(&id)?).await?;
    Ok(NoContent)
}

/// Signs as events of a conversation's stream.
pub fn in_conversation(signs: TypingSigns) -> BoxStream<'static, Event> {
    let view =
        |sign: TypingSign| TypingView { who: sign.side, name: sign.name, ticket: None, conversation: None };
    signs.map(move |sign| json_event("typing", &view(sign))).boxed()
}

/// Signs as events of the desk's stream.
pub fn at_desk(signs: TypingSigns) -> BoxStream<'static, Event> {
    let view = |sign: TypingSign| TypingView {
        who: sign.side,
        name: sign.name,
        ticket: Some(sign.ticket.into()),
        conversation: Some(sign.conversation.into()),
    };
    signs.map(move |sign| json_event("typing", &view(sign))).boxed()
}
