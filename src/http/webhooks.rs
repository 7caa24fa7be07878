//! Subscriptions of other systems: made, changed, tried, and what became of each delivery.

use std::str::FromStr;

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use jiff::tz::TimeZone;
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::error::{ApiError, ErrorCode, accepted, created, done};
use super::extract::{JsonBody, PathOf, QueryOf, check_text};
use super::openapi::Failures;
use super::ports::{DeliveryRequest, WebhookPatch, WebhookRequest};
use super::state::AppState;
use super::wire::shown;
use crate::identity::{DeliveryId, KeyScope, StaffScope, WebhookId};
use crate::webhooks::{Delivery, DeliveryState, EventName, Webhook};

/// The longest description, in characters.
const LONGEST_DESCRIPTION: usize = 200;

/// A subscription.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookView {
    /// Its id.
    pub id: String,
    /// Where deliveries go.
    pub url: String,
    /// The events it is told of; `*` is all but `note_created`.
    pub events: Vec<String>,
    /// What people call it.
    pub description: Option<String>,
    /// Whether it is told anything now.
    pub active: bool,
    /// Why it was switched off by itself.
    pub ended: Option<String>,
    /// Failed attempts in a row.
    pub failures: u32,
    /// Until when it is left alone because of them.
    #[schema(format = DateTime)]
    pub paused_until: Option<String>,
    /// Deliveries that are still to be made.
    pub waiting: u64,
    /// Deliveries that were given up and can be replayed.
    pub dead: u64,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
}

impl WebhookView {
    fn new(webhook: Webhook, zone: &TimeZone) -> Self {
        Self {
            id: webhook.id.into(),
            url: webhook.url,
            events: webhook.wanted.names().to_vec(),
            description: webhook.description,
            active: webhook.active,
            ended: webhook.ended,
            failures: webhook.failures,
            paused_until: webhook.paused_until.map(|until| shown(until, zone)),
            waiting: webhook.waiting,
            dead: webhook.dead,
            created_at: shown(webhook.created_at, zone),
        }
    }
}

/// A subscription that was just made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MadeWebhookView {
    /// The subscription.
    #[serde(flatten)]
    pub webhook: WebhookView,
    /// What its deliveries are signed with, shown only now: `whsec_` and base64, as Standard Webhooks writes secrets.
    pub secret: String,
}

/// All subscriptions.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WebhookList {
    /// Oldest first.
    pub webhooks: Vec<WebhookView>,
}

/// A subscription to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct WebhookBody {
    /// Where deliveries go: an http or https address without name and password.
    pub url: String,
    /// The events it is told of, or `*` for all but `note_created`.
    pub events: Vec<String>,
    /// What people call it, at most 200 characters.
    #[serde(default)]
    pub description: Option<String>,
}

/// What changes; what is left out stays.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookChangeBody {
    /// Where deliveries go, those that wait too.
    #[serde(default)]
    pub url: Option<String>,
    /// The events it is told of from now on.
    #[serde(default)]
    pub events: Option<Vec<String>>,
    /// What people call it; an empty text is none.
    #[serde(default)]
    pub description: Option<String>,
    /// Whether it is told anything. Switched on again it is told what happens from then on; what waited goes on.
    #[serde(default)]
    pub active: Option<bool>,
}

/// One event for one subscription.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryView {
    /// Its id, which is the header `webhook-id` of every attempt.
    pub id: String,
    /// What it tells of.
    pub event: EventName,
    /// The conversation in which it happened; null for a test.
    pub conversation: Option<String>,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried since it was made or replayed.
    pub attempts: u32,
    /// When it is tried next.
    #[schema(format = DateTime)]
    pub next_at: Option<String>,
    /// The status of the latest answer.
    pub status: Option<u16>,
    /// The beginning of the latest answer, at most 4096 bytes.
    pub answer: Option<String>,
    /// Why the latest attempt failed.
    pub error: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// When it was last tried.
    #[schema(format = DateTime)]
    pub last_at: Option<String>,
}

impl DeliveryView {
    fn new(delivery: Delivery, zone: &TimeZone) -> Self {
        Self {
            id: delivery.id.into(),
            event: delivery.event,
            conversation: delivery.conversation.map(String::from),
            state: delivery.state,
            attempts: delivery.attempts,
            next_at: delivery.next_at.map(|at| shown(at, zone)),
            status: delivery.status,
            answer: delivery.answer,
            error: delivery.error,
            created_at: shown(delivery.created_at, zone),
            last_at: delivery.last_at.map(|at| shown(at, zone)),
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeliveryList {
    /// The newest first.
    pub deliveries: Vec<DeliveryView>,
    /// The `before` of the next page; null on the last one.
    pub next: Option<String>,
}

/// Which deliveries to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeliveryQuery {
    /// Only with this state; default all.
    #[serde(default)]
    #[param(value_type = Option<DeliveryState>)]
    pub state: Option<DeliveryState>,
    /// At most so many, from 1 to 500; default 100.
    #[serde(default)]
    pub limit: Option<usize>,
    /// Only those made before the delivery with this id.
    #[serde(default)]
    pub before: Option<String>,
}

fn admin(caller: &Caller) -> Result<StaffScope, ApiError> {
    caller.require(KeyScope::Admin)
}

fn named<T: FromStr>(id: &str, thing: &str) -> Result<T, ApiError> {
    id.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, format!("there is no such {thing}")))
}

/// A description that lists can show.
fn description(text: Option<String>) -> Result<Option<String>, ApiError> {
    let Some(text) = text else { return Ok(None) };
    check_text("description", &text)?;
    if text.chars().count() > LONGEST_DESCRIPTION {
        let message = format!("description: at most {LONGEST_DESCRIPTION} characters are expected");
        return Err(ApiError::new(ErrorCode::InvalidField, message));
    }
    Ok(Some(text.trim().to_owned()))
}

/// Lists the subscriptions, with how each target stands. Needs the scope admin.
#[utoipa::path(
    get, path = "/api/v1/webhooks", tag = "webhooks",
    responses((status = 200, body = WebhookList), Failures),
    security(("key" = [])),
)]
pub async fn list(State(state): State<AppState>, caller: Caller) -> Result<Json<WebhookList>, ApiError> {
    let webhooks = state.ports.webhooks.list(admin(&caller)?).await?;
    let zone = &state.settings.zone;
    let webhooks = webhooks.into_iter().map(|webhook| WebhookView::new(webhook, zone)).collect();
    Ok(Json(WebhookList { webhooks }))
}

/// Makes a subscription, which is told what happens from now on. Its secret is shown only in this answer. Needs the scope
/// admin.
#[utoipa::path(
    post, path = "/api/v1/webhooks", tag = "webhooks", request_body = WebhookBody,
    responses((status = 201, body = MadeWebhookView), Failures),
    security(("key" = [])),
)]
pub async fn create(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<WebhookBody>,
) -> Result<Response, ApiError> {
    let staff = admin(&caller)?;
    let description = description(body.description)?.filter(|text| !text.is_empty());
    let request = WebhookRequest { url: body.url, events: body.events, description };
    let made = state.ports.webhooks.create(staff, request).await?;
    Ok(created(MadeWebhookView {
        webhook: WebhookView::new(made.webhook, &state.settings.zone),
        secret: made.secret.expose_secret().to_owned(),
    }))
}

/// Changes a subscription, or switches it off and on. Needs the scope admin.
#[utoipa::path(
    patch, path = "/api/v1/webhooks/{id}", tag = "webhooks", params(("id" = String, Path,)),
    request_body = WebhookChangeBody,
    responses((status = 200, body = WebhookView), Failures),
    security(("key" = [])),
)]
pub async fn change(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(body): JsonBody<WebhookChangeBody>,
) -> Result<Json<WebhookView>, ApiError> {
    let staff = admin(&caller)?;
    let webhook: WebhookId = named(&id, "webhook")?;
    let description = description(body.description)?;
    let patch = WebhookPatch { url: body.url, events: body.events, description, active: body.active };
    let changed = state.ports.webhooks.change(staff, webhook, patch).await?;
    Ok(Json(WebhookView::new(changed, &state.settings.zone)))
}

/// Ends a subscription, with what was still to be told to it. Needs the scope admin.
#[utoipa::path(
    delete, path = "/api/v1/webhooks/{id}", tag = "webhooks", params(("id" = String, Path,)),
    responses((status = 204), Failures),
    security(("key" = [])),
)]
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Response, ApiError> {
    let staff = admin(&caller)?;
    state.ports.webhooks.delete(staff, named(&id, "webhook")?).await?;
    Ok(done())
}

/// Has a `webhook_test` sent; the list of deliveries says what came of it. Needs the scope admin.
#[utoipa::path(
    post, path = "/api/v1/webhooks/{id}/test", tag = "webhooks", params(("id" = String, Path,)),
    responses((status = 202, body = DeliveryView), Failures),
    security(("key" = [])),
)]
pub async fn test(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Response, ApiError> {
    let staff = admin(&caller)?;
    let delivery = state.ports.webhooks.test(staff, named(&id, "webhook")?).await?;
    Ok(accepted(DeliveryView::new(delivery, &state.settings.zone)))
}

/// Lists what a subscription was told, the newest first, and what it answered. What was delivered is kept for a week, what
/// was given up for a month. Needs the scope admin.
#[utoipa::path(
    get, path = "/api/v1/webhooks/{id}/deliveries", tag = "webhooks",
    params(("id" = String, Path,), DeliveryQuery),
    responses((status = 200, body = DeliveryList), Failures),
    security(("key" = [])),
)]
pub async fn deliveries(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    QueryOf(query): QueryOf<DeliveryQuery>,
) -> Result<Json<DeliveryList>, ApiError> {
    let staff = admin(&caller)?;
    let limit = query.limit.unwrap_or(100);
    if !(1..=500).contains(&limit) {
        let message = "limit: a number from 1 to 500 is expected";
        return Err(ApiError::new(ErrorCode::InvalidParameter, message));
    }
    let before: Option<DeliveryId> = query.before.as_deref().map(|id| named(id, "delivery")).transpose()?;
    let request = DeliveryRequest { state: query.state, limit, before };
    let found = state.ports.webhooks.deliveries(staff, named(&id, "webhook")?, request).await?;
    let next = (found.len() == limit).then(|| found.last().map(|last| last.id.to_string())).flatten();
    let zone = &state.settings.zone;
    let deliveries = found.into_iter().map(|delivery| DeliveryView::new(delivery, zone)).collect();
    Ok(Json(DeliveryList { deliveries, next }))
}

/// Has a delivery sent again, under the same id. Needs the scope admin.
#[utoipa::path(
    post, path = "/api/v1/webhooks/deliveries/{id}/replay", tag = "webhooks", params(("id" = String, Path,)),
    responses((status = 202, body = DeliveryView), Failures),
    security(("key" = [])),
)]
pub async fn replay(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Response, ApiError> {
    let staff = admin(&caller)?;
    let delivery = state.ports.webhooks.replay(staff, named(&id, "delivery")?).await?;
    Ok(accepted(DeliveryView::new(delivery, &state.settings.zone)))
}
