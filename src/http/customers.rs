//! What is kept of one customer: given out whole, or erased.

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use serde_json::Value;

use super::auth::Caller;
use super::error::{ApiError, ErrorCode};
use super::extract::{PathOf, QueryOf};
use super::openapi::Failures;
use super::state::AppState;
use crate::customers::Erased;
use crate::identity::{CustomerId, KeyScope};

/// How a customer is erased.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EraseQuery {
    /// Whether open tickets, actions and promises are ended; otherwise they are a conflict. Default false.
    #[serde(default)]
    pub force: bool,
}

fn customer(id: &str) -> Result<CustomerId, ApiError> {
    CustomerId::new(id).map_err(|error| ApiError::new(ErrorCode::InvalidId, format!("id: {error}")))
}

/// Gives out everything that is kept of a customer: records, and conversations with messages, tickets, actions, promises and
/// flows. Needs the scope admin.
#[utoipa::path(
    get, path = "/api/v1/customers/{id}/export", tag = "customers", params(("id" = String, Path,)),
    responses((status = 200, body = Object), Failures),
    security(("key" = [])),
)]
pub async fn export(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
) -> Result<Json<Value>, ApiError> {
    let staff = caller.require(KeyScope::Admin)?;
    Ok(Json(state.ports.customers.export(staff, customer(&id)?).await?))
}

/// Erases everything that is kept of a customer, and answers how much it was. What is still open is a conflict, unless
/// `force` ends it. Needs the scope admin.
#[utoipa::path(
    delete, path = "/api/v1/customers/{id}/data", tag = "customers", params(("id" = String, Path,), EraseQuery),
    responses((status = 200, body = Erased), Failures),
    security(("key" = [])),
)]
pub async fn erase(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    QueryOf(query): QueryOf<EraseQuery>,
) -> Result<Json<Erased>, ApiError> {
    let staff = caller.require(KeyScope::Admin)?;
    Ok(Json(state.ports.customers.erase(staff, customer(&id)?, query.force).await?))
}
