//! `POST /api/v1/session`: a browser's pass to its own conversation.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::error::{ApiError, ErrorCode};
use super::extract::OptionalJsonBody;
use super::limits::Address;
use super::openapi::Failures;
use super::state::AppState;
use super::wire::CustomerProof;
use crate::identity::{Identity, VisitorId};

/// Who opens a session. Everything is optional.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
pub struct SessionRequest {
    /// The browser, as an earlier session named it.
    #[serde(default)]
    pub visitor: Option<String>,
    /// Who the customer is, with the proof.
    #[serde(default, deserialize_with = "super::extract::inner_object")]
    pub customer: Option<CustomerProof>,
    /// With a customer's proof: the token of the session that this browser had before anybody signed in. What its visitor
    /// looked at, closed and did not want counts for the customer from now on. One that is not valid changes nothing.
    #[serde(default)]
    pub visitor_token: Option<String>,
}

/// An open session.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SessionView {
    /// Sent as `Authorization: Bearer …`, it opens the own conversation and its stream.
    pub token: String,
    /// The conversation.
    pub conversation: String,
    /// The browser, to be named by the next session.
    pub visitor: String,
}

/// Opens a session for a browser, with a customer's proof if there is one.
#[utoipa::path(
    post, path = "/api/v1/session", tag = "chat", request_body = SessionRequest,
    responses((status = 200, body = SessionView), Failures),
    security(()),
)]
pub async fn open(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    OptionalJsonBody(request): OptionalJsonBody<SessionRequest>,
) -> Result<Json<SessionView>, ApiError> {
    state.limits.admit_address(&caller, address.0)?;
    let visitor = request.visitor.as_deref().map(parse_visitor).transpose()?;
    // A session is opened by what this request proves, never by what an older session proved.
    let proven = Caller { session: None, ..caller }.scope(&state, request.customer.as_ref()).await?;
    if let Some(token) = &request.visitor_token {
        state.ports.access.join_visitor(&proven, token).await?;
    }
    let identity = match proven.identity {
        Identity::Customer(customer) => Identity::Customer(customer),
        Identity::Anonymous(_) | Identity::Holder(_) => Identity::Anonymous(visitor),
    };
    let opened = state.ports.access.open_session(state.settings.shop.clone(), identity).await?;
    Ok(Json(SessionView {
        token: opened.token,
        conversation: opened.session.conversation.into(),
        visitor: opened.session.visitor.into(),
    }))
}

fn parse_visitor(id: &str) -> Result<VisitorId, ApiError> {
    id.parse().map_err(|error| ApiError::new(ErrorCode::InvalidId, format!("visitor: {error}")))
}
