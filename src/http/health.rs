//! Whether it lives, whether it can answer, what it counts, which version it is; and the clock of tests.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::error::{ApiError, ErrorCode, import_answer, readiness_answer};
use super::extract::JsonBody;
use super::openapi::Failures;
use super::ports::{ModelState, PackReload, PackStatus};
use super::state::AppState;
use super::wire::shown;
use crate::connect::OrdersState;
use crate::identity::KeyScope;
use crate::time::{Clock, Now};

/// It lives.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Alive {
    /// Always `ok`.
    pub status: &'static str,
}

/// One part of readiness.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PartState {
    /// It answers.
    Ready,
    /// It does not.
    Unavailable,
}

/// Whether messages can be answered, and which parts do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ReadinessView {
    /// Whether messages can be answered. The model is no condition: without it wording and evidence answer.
    pub ready: bool,
    /// The model.
    pub model: ModelState,
    /// The store.
    pub store: PartState,
    /// The pack.
    pub pack: PartState,
    /// Which pack is in force, and why a changed one is not.
    pub pack_status: PackStatus,
    /// The index.
    pub index: PartState,
    /// The shop's own order system; null if orders are kept here. It is no condition either.
    pub orders: Option<OrdersState>,
    /// Whether the server is going down; then nothing new should come here.
    pub stopping: bool,
}

/// Versions of what is in force.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct VersionView {
    /// `warmdesk`.
    pub name: &'static str,
    /// The program's version.
    pub version: &'static str,
    /// Versions of the parts: pack, index generation, model.
    pub parts: BTreeMap<String, String>,
}

/// 200 while the process lives.
#[utoipa::path(get, path = "/health", tag = "health", responses((status = 200, body = Alive)), security(()))]
pub async fn health() -> Json<Alive> {
    Json(Alive { status: "ok" })
}

/// 200 once store, pack and index answer, otherwise 503 with the same body.
#[utoipa::path(
    get, path = "/readyz", tag = "health",
    responses((status = 200, body = ReadinessView), (status = 503, body = ReadinessView)),
    security(()),
)]
pub async fn ready(State(state): State<AppState>) -> Response {
    let parts = state.ports.health.readiness().await;
    let stopping = state.shutdown.is_cancelled();
    let part = |answers| if answers { PartState::Ready } else { PartState::Unavailable };
    let ready = parts.is_ready() && !stopping;
    let body = ReadinessView {
        ready,
        model: parts.model,
        store: part(parts.store),
        pack: part(parts.pack),
        pack_status: parts.pack_status,
        index: part(parts.index),
        orders: parts.orders,
        stopping,
    };
    readiness_answer(ready, body)
}

/// The counters in the text format of Prometheus.
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses((status = 200, content_type = "text/plain", body = String), Failures),
    security(()),
)]
pub async fn metrics(State(state): State<AppState>) -> Result<Response, ApiError> {
    let handle = state
        .metrics
        .as_ref()
        .ok_or_else(|| ApiError::new(ErrorCode::RouteNotFound, "metrics are switched off"))?;
    let content_type = (header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8");
    Ok(([content_type], handle.render()).into_response())
}

/// The program's version and those of what is in force.
#[utoipa::path(get, path = "/version", tag = "health", responses((status = 200, body = VersionView)), security(()))]
pub async fn version(State(state): State<AppState>) -> Json<VersionView> {
    Json(VersionView {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        parts: state.ports.health.versions(),
    })
}

/// Reads the pack's files again: 422 if they have errors, and then the pack that was in force stays.
#[utoipa::path(
    post, path = "/api/v1/admin/reload", tag = "health",
    responses((status = 200, body = PackReload), (status = 422, body = PackReload), Failures),
    security(("key" = [])),
)]
pub async fn reload(State(state): State<AppState>, caller: Caller) -> Result<Response, ApiError> {
    caller.require(KeyScope::Admin)?;
    let outcome = state.ports.health.reload().await?;
    Ok(import_answer(!outcome.refused.is_empty(), outcome))
}

/// A moment for the clock.
#[derive(Debug, Deserialize, Serialize, utoipa::ToSchema)]
pub struct ClockSetting {
    /// The moment; without a zone it is shop time.
    pub now: String,
}

/// Sets the clock. Only there with `--test-clock`; needs the scope admin.
#[utoipa::path(
    post, path = "/api/v1/test/clock", tag = "health", request_body = ClockSetting,
    responses((status = 200, body = ClockSetting), Failures),
    security(("key" = [])),
)]
pub async fn set_clock(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(setting): JsonBody<ClockSetting>,
) -> Result<Json<ClockSetting>, ApiError> {
    let clock = state.test_clock.as_ref().ok_or_else(|| {
        ApiError::new(ErrorCode::RouteNotFound, "this server runs by the machine's clock")
            .hint("start it with --test-clock")
    })?;
    caller.require(KeyScope::Admin)?;
    let moment = clock.now().parse(&setting.now).ok_or_else(|| {
        ApiError::new(ErrorCode::InvalidField, "now: a time is expected, as in 2026-11-18 10:00")
    })?;
    clock.set(Now::new(moment, state.settings.zone.clone()));
    Ok(Json(ClockSetting { now: shown(moment, &state.settings.zone) }))
}
