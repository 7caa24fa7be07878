//! The shop's records from outside: written, removed, imported, searched. Visible to the next message.

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::auth::Caller;
use super::error::{ApiError, ErrorCode, import_answer};
use super::extract::{JsonBody, PathOf, QueryOf, RawBody, check_id};
use super::openapi::Failures;
use super::ports::{DeletedWhen, ImportReport, PortError, PutOutcome, PutResult, SearchHit, SearchRequest};
use super::state::AppState;
use crate::identity::KeyScope;
use crate::record::RecordKind;
use crate::time::parse_shop_time;

/// The collections that can be written one record at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Collection {
    /// Questions with their answers, manuals, rules in words.
    Knowledge,
    /// Rules that code evaluates.
    Policies,
    /// Price reductions, gifts, activities.
    Promotions,
    /// Things for sale.
    Products,
    /// Customers' orders.
    Orders,
    /// Customers.
    Customers,
}

impl Collection {
    fn parse(name: &str) -> Result<RecordKind, ApiError> {
        match name {
            "knowledge" => Ok(RecordKind::Knowledge),
            "policies" => Ok(RecordKind::Policy),
            "promotions" => Ok(RecordKind::Promotion),
            "products" => Ok(RecordKind::Product),
            "orders" => Ok(RecordKind::Order),
            "customers" => Ok(RecordKind::Customer),
            _ => Err(ApiError::new(ErrorCode::RouteNotFound, "there is no such collection").hint(
                "knowledge, policies, promotions, products, orders or customers; other kinds by import",
            )),
        }
    }
}

/// What became of a record.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PutView {
    /// `kind:id` of the record.
    pub id: String,
    /// The result.
    pub result: PutResult,
    /// What is odd about it but was accepted.
    pub warnings: Vec<String>,
}

/// What was removed.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeleteView {
    /// `kind:id` of the record.
    pub id: String,
    /// False if what is there is newer than the removal and stays. A record that is not there is 404.
    pub deleted: bool,
}

/// What orders a removal among the writes of a record, as `version` and `updated_at` of a record do.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DeleteQuery {
    /// The shop's own version of the removal.
    #[serde(default)]
    pub version: Option<i64>,
    /// When the shop removed it; without a zone it is shop time.
    #[serde(default)]
    pub updated_at: Option<String>,
}

/// Writes one record.
///
/// `version` or `updated_at` orders writes: an older one never overwrites a newer one. Fields that are not known are
/// kept and shown as evidence.
#[utoipa::path(
    put, path = "/api/v1/{collection}/{id}", tag = "facts",
    params(("collection" = Collection, Path,), ("id" = String, Path,)),
    request_body(content = Object, description = "The record; `kind` and `id` may be left out"),
    responses((status = 200, body = PutView), Failures),
    security(("key" = [])),
)]
pub async fn put(
    State(state): State<AppState>,
    caller: Caller,
    PathOf((collection, id)): PathOf<(String, String)>,
    JsonBody(fields): JsonBody<Map<String, Value>>,
) -> Result<Json<PutView>, ApiError> {
    let staff = caller.require(KeyScope::Facts)?;
    let kind = Collection::parse(&collection)?;
    check_id("id", &id)?;
    let outcome = state.ports.facts.put(staff, kind, id.clone(), fields).await;
    put_answer(kind, &id, outcome)
}

/// Removes one record.
///
/// Without `version` and `updated_at` it is removed now. With one of them a removal that comes late deletes nothing
/// newer, and one that comes early is remembered: an older write does not bring the record back.
#[utoipa::path(
    delete, path = "/api/v1/{collection}/{id}", tag = "facts",
    params(("collection" = Collection, Path,), ("id" = String, Path,), DeleteQuery),
    responses((status = 200, body = DeleteView), Failures),
    security(("key" = [])),
)]
pub async fn delete(
    State(state): State<AppState>,
    caller: Caller,
    PathOf((collection, id)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<DeleteQuery>,
) -> Result<Json<DeleteView>, ApiError> {
    let staff = caller.require(KeyScope::Facts)?;
    let kind = Collection::parse(&collection)?;
    check_id("id", &id)?;
    let updated_at =
        query.updated_at.as_deref().map(|text| parse_shop_time(text, &state.settings.zone).ok_or(text));
    let updated_at = updated_at.transpose().map_err(|text| {
        let message =
            format!("updated_at: `{text}` is no time; write it as 2026-11-20 10:12:00 or with a zone");
        ApiError::new(ErrorCode::InvalidParameter, message)
    })?;
    let when = DeletedWhen { version: query.version, updated_at };
    let deleted = state.ports.facts.delete(staff, kind, id.clone(), when).await?;
    Ok(Json(DeleteView { id: format!("{kind}:{id}"), deleted }))
}

/// Writes the parcel of an order.
#[utoipa::path(
    put, path = "/api/v1/orders/{id}/shipment", tag = "facts", params(("id" = String, Path,)),
    request_body(content = Object, description = "{carrier, tracking, expected_at, delivered_at, events}"),
    responses((status = 200, body = PutView), Failures),
    security(("key" = [])),
)]
pub async fn put_shipment(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(shipment): JsonBody<Map<String, Value>>,
) -> Result<Json<PutView>, ApiError> {
    let staff = caller.require(KeyScope::Facts)?;
    check_id("id", &id)?;
    let outcome = state.ports.facts.put_shipment(staff, id.clone(), shipment).await;
    put_answer(RecordKind::Order, &id, outcome)
}

/// Imports records, one JSON object a line, as one transaction.
///
/// Any rejected line is 422 with the same report, and changes nothing.
#[utoipa::path(
    post, path = "/api/v1/import", tag = "facts",
    request_body(content = String, content_type = "application/x-ndjson"),
    responses((status = 200, body = ImportReport), (status = 422, body = ImportReport), Failures),
    security(("key" = [])),
)]
pub async fn import(
    State(state): State<AppState>,
    caller: Caller,
    RawBody(lines): RawBody,
) -> Result<Response, ApiError> {
    let staff = caller.require(KeyScope::Facts)?;
    let report = state.ports.facts.import(staff, lines.into()).await?;
    Ok(import_answer(!report.rejected.is_empty(), report))
}

/// What to search for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SearchQuery {
    /// The words.
    #[serde(default)]
    pub q: String,
    /// Only this kind of record.
    #[serde(default)]
    pub kind: Option<String>,
    /// At most so many, from 1 to 100; default 10.
    #[serde(default)]
    pub limit: Option<usize>,
}

/// What was found.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SearchView {
    /// By falling usefulness.
    pub hits: Vec<SearchHit>,
}

/// Shows what retrieval finds, and why. Needs the scope facts or desk.
#[utoipa::path(
    get, path = "/api/v1/search", tag = "facts", params(SearchQuery),
    responses((status = 200, body = SearchView), Failures),
    security(("key" = [])),
)]
pub async fn search(
    State(state): State<AppState>,
    caller: Caller,
    QueryOf(query): QueryOf<SearchQuery>,
) -> Result<Json<SearchView>, ApiError> {
    let staff = caller.require_one_of(&[KeyScope::Facts, KeyScope::Desk])?;
    let refuse = |message: &str| Err(ApiError::new(ErrorCode::InvalidParameter, message));
    if query.q.trim().is_empty() || query.q.len() > 4096 {
        return refuse("q: 1 to 4096 bytes of text are expected");
    }
    let limit = query.limit.unwrap_or(10);
    if !(1..=100).contains(&limit) {
        return refuse("limit: a number from 1 to 100 is expected");
    }
    let kind = match &query.kind {
        None => None,
        Some(name) => match RecordKind::parse(name) {
            Some(kind) => Some(kind),
            None => return refuse("kind: there is no such kind of record"),
        },
    };
    let hits = state.ports.facts.search(staff, SearchRequest { text: query.q, kind, limit }).await?;
    Ok(Json(SearchView { hits }))
}

fn put_answer(
    kind: RecordKind,
    id: &str,
    outcome: Result<PutOutcome, PortError>,
) -> Result<Json<PutView>, ApiError> {
    match outcome {
        Ok(outcome) => Ok(Json(PutView {
            id: format!("{kind}:{id}"),
            result: outcome.result,
            warnings: outcome.warnings,
        })),
        Err(PortError::Invalid { field, message }) => {
            let message = field.map_or(message.clone(), |field| format!("{field}: {message}"));
            Err(ApiError::new(ErrorCode::InvalidRecord, message))
        }
        Err(error) => Err(error.into()),
    }
}
