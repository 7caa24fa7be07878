//! What runs for a conversation and what was promised in it, what the shop's own system found, and what is taken back.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::auth::Caller;
use super::error::{ApiError, ErrorCode};
use super::extract::{JsonBody, OptionalJsonBody, PathOf, QueryOf, check_text};
use super::openapi::Failures;
use super::state::AppState;
use super::wire::shown;
use crate::actions::{Action, ActionResult, ActionState, Executor, Outcome, Promise, PromiseState};
use crate::identity::{ActionId, ConversationId, KeyScope, StaffScope};
use jiff::tz::TimeZone;

/// Whose actions or promises.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct OfConversation {
    /// The conversation.
    pub conversation: String,
}

/// Something that is done for a customer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ActionView {
    /// Its id.
    pub id: String,
    /// Its kind in the pack.
    pub kind: String,
    /// How it stands.
    pub state: ActionState,
    /// By when the customer is to hear of it.
    #[schema(format = DateTime)]
    pub due: String,
    /// What it is done with, by the names of the pack.
    #[schema(value_type = Object)]
    pub args: Map<String, Value>,
    /// What came of it.
    pub result: Option<ActionResultBody>,
    /// The conversation in which it was wanted.
    pub conversation: String,
    /// Who wanted it.
    pub requested_by: String,
    /// Who executes it.
    pub by: Executor,
    /// How often the shop's system was asked.
    pub attempts: u32,
    /// The ticket of the person who executes it.
    pub ticket: Option<String>,
    /// When it was wanted.
    #[schema(format = DateTime)]
    pub requested_at: String,
    /// When its result came.
    #[schema(format = DateTime)]
    pub finished_at: Option<String>,
}

/// What came of an action.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionResultBody {
    /// Whether it was done.
    pub outcome: Outcome,
    /// What was found or done, in a sentence that the customer may read; plain text, at most 200 characters.
    #[serde(default)]
    pub text: Option<String>,
    /// The order it speaks of, if it says so; it must be the action's.
    #[serde(default)]
    pub order: Option<String>,
    /// The parcel it speaks of, if it says so; it must be the action's.
    #[serde(default)]
    pub parcel: Option<String>,
}

/// The longest reason for cancelling, in characters.
const LONGEST_REASON: usize = 200;

/// Why an action is cancelled.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CancelBody {
    /// The reason, for the audit; at most 200 characters. The customer does not read it.
    #[serde(default)]
    pub reason: Option<String>,
}

/// The actions of a conversation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ActionList {
    /// The oldest first.
    pub actions: Vec<ActionView>,
}

/// A word that was given to a customer, with a time.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PromiseView {
    /// Its id.
    pub id: String,
    /// Its kind in the pack.
    pub kind: String,
    /// By when the word is due now.
    #[schema(format = DateTime)]
    pub due: String,
    /// Who gave it: `assistant`.
    pub by: String,
    /// The ticket or the action behind it.
    pub backed_by: String,
    /// How it stands.
    pub state: PromiseState,
    /// The conversation in which it was given.
    pub conversation: String,
    /// By when it was due at first.
    #[schema(format = DateTime)]
    pub first_due: String,
    /// Whether it waits for the person who has the conversation: it is due, and the assistant is silent.
    pub with_person: bool,
    /// When it was given.
    #[schema(format = DateTime)]
    pub made_at: String,
    /// When it was kept or broken.
    #[schema(format = DateTime)]
    pub settled_at: Option<String>,
}

/// The promises of a conversation.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PromiseList {
    /// The oldest first.
    pub promises: Vec<PromiseView>,
}

impl ActionView {
    /// Copies an action.
    pub fn new(action: Action, zone: &TimeZone) -> Self {
        Self {
            id: action.id.into(),
            kind: action.kind,
            state: action.state,
            due: shown(action.due, zone),
            args: action.args,
            result: action.result.map(ActionResultBody::from),
            conversation: action.conversation.into(),
            requested_by: action.requested_by,
            by: action.by,
            attempts: action.attempts,
            ticket: action.ticket.map(String::from),
            requested_at: shown(action.requested_at, zone),
            finished_at: action.finished_at.map(|at| shown(at, zone)),
        }
    }
}

impl PromiseView {
    /// Copies a promise.
    pub fn new(promise: Promise, zone: &TimeZone) -> Self {
        Self {
            backed_by: promise.backed_by().map(|backer| backer.to_string()).unwrap_or_default(),
            id: promise.id.into(),
            kind: promise.kind,
            due: shown(promise.due, zone),
            by: promise.by,
            state: promise.state,
            conversation: promise.conversation.into(),
            first_due: shown(promise.first_due, zone),
            with_person: promise.with_person,
            made_at: shown(promise.made_at, zone),
            settled_at: promise.settled_at.map(|at| shown(at, zone)),
        }
    }
}

impl From<ActionResult> for ActionResultBody {
    fn from(result: ActionResult) -> Self {
        Self { outcome: result.outcome, text: result.text, order: result.order, parcel: result.parcel }
    }
}

impl From<ActionResultBody> for ActionResult {
    fn from(body: ActionResultBody) -> Self {
        Self { outcome: body.outcome, text: body.text, order: body.order, parcel: body.parcel }
    }
}

/// Those who answer customers and those who look after the shop's systems.
pub(super) fn reader(caller: &Caller) -> Result<StaffScope, ApiError> {
    caller.require_one_of(&[KeyScope::Desk, KeyScope::Facts])
}

pub(super) fn conversation(query: &OfConversation) -> Result<ConversationId, ApiError> {
    let unknown = || ApiError::new(ErrorCode::ConversationNotFound, "there is no such conversation");
    query.conversation.parse().map_err(|_| unknown())
}

/// Lists the actions of a conversation. Needs the scope desk or facts.
#[utoipa::path(
    get, path = "/api/v1/actions", tag = "actions", params(OfConversation),
    responses((status = 200, body = ActionList), Failures),
    security(("key" = [])),
)]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    QueryOf(query): QueryOf<OfConversation>,
) -> Result<Json<ActionList>, ApiError> {
    let staff = reader(&caller)?;
    let actions = state.ports.actions.actions(staff, conversation(&query)?).await?;
    let zone = &state.settings.zone;
    Ok(Json(ActionList {
        actions: actions.into_iter().map(|action| ActionView::new(action, zone)).collect(),
    }))
}

/// Lists the promises of a conversation. Needs the scope desk or facts.
#[utoipa::path(
    get, path = "/api/v1/promises", tag = "actions", params(OfConversation),
    responses((status = 200, body = PromiseList), Failures),
    security(("key" = [])),
)]
pub async fn promises(
    State(state): State<AppState>,
    caller: Caller,
    QueryOf(query): QueryOf<OfConversation>,
) -> Result<Json<PromiseList>, ApiError> {
    let staff = reader(&caller)?;
    let promises = state.ports.actions.promises(staff, conversation(&query)?).await?;
    let zone = &state.settings.zone;
    Ok(Json(PromiseList {
        promises: promises.into_iter().map(|promise| PromiseView::new(promise, zone)).collect(),
    }))
}

/// Takes what the shop's own system found or did; the customer hears of it. The very same result again is 200; another
/// one, one of another order, and one for an action that is over are 409. Needs the scope facts or admin.
#[utoipa::path(
    post, path = "/api/v1/actions/{id}/result", tag = "actions", params(("id" = String, Path,)),
    request_body = ActionResultBody,
    responses((status = 200, body = ActionView), Failures),
    security(("key" = [])),
)]
pub async fn take_result(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<ActionResultBody>,
) -> Result<Json<ActionView>, ApiError> {
    let staff = caller.require_one_of(&[KeyScope::Facts, KeyScope::Admin])?;
    let action = state.ports.actions.take_result(staff, action(&id)?, body.into()).await?;
    Ok(Json(ActionView::new(action, &state.settings.zone)))
}

/// Cancels an action that is not wanted any more: the shop's system is not asked again, and the customer is told that it
/// does not go ahead. What the system did already it has to take back itself. An action that is over is 409. Needs the scope
/// desk or admin.
#[utoipa::path(
    post, path = "/api/v1/actions/{id}/cancel", tag = "actions", params(("id" = String, Path,)),
    request_body(content = Option<CancelBody>, description = "May be left out"),
    responses((status = 200, body = ActionView), Failures),
    security(("key" = [])),
)]
pub async fn cancel(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    OptionalJsonBody(body): OptionalJsonBody<CancelBody>,
) -> Result<Json<ActionView>, ApiError> {
    let staff = caller.require_one_of(&[KeyScope::Desk, KeyScope::Admin])?;
    let why = body.reason.unwrap_or_default();
    check_text("reason", &why)?;
    if why.chars().count() > LONGEST_REASON {
        let message = format!("reason: at most {LONGEST_REASON} characters are accepted");
        return Err(ApiError::new(ErrorCode::InvalidField, message));
    }
    let action = state.ports.actions.cancel(staff, action(&id)?, why).await?;
    Ok(Json(ActionView::new(action, &state.settings.zone)))
}

/// What cannot be an id of an action is one that there is not.
fn action(id: &str) -> Result<ActionId, ApiError> {
    id.parse().map_err(|_| ApiError::new(ErrorCode::ActionNotFound, "there is no such action"))
}
