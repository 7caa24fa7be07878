//! Questions that nothing answered: listed, answered, dismissed.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::error::{ApiError, ErrorCode};
use super::extract::{JsonBody, PathOf, QueryOf};
use super::openapi::Failures;
use super::ports::GapRequest;
use super::state::AppState;
use super::wire::shown;
use crate::gaps::{Gap, GapReason, GapState};
use crate::identity::{GapId, KeyScope, StaffScope};

/// Which gaps to list.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GapQuery {
    /// Only with this state; default all.
    #[serde(default)]
    #[param(value_type = Option<GapState>)]
    pub state: Option<GapState>,
    /// At most so many, from 1 to 500; default 100.
    #[serde(default)]
    pub limit: Option<usize>,
    /// After so many, for the next page; default 0.
    #[serde(default)]
    pub offset: Option<usize>,
}

/// A question that nothing answered, with all that ask the same.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GapView {
    /// Its id.
    pub id: String,
    /// The question as it was first asked, private data masked.
    pub question: String,
    /// Other ways in which it was asked.
    pub ways: Vec<String>,
    /// Why nothing answered it.
    pub reason: GapReason,
    /// The scenario of its latest asking.
    pub scenario: Option<String>,
    /// Its topic.
    pub topic: Option<String>,
    /// The id of the product in view.
    pub product: Option<String>,
    /// How it stands.
    pub state: GapState,
    /// The record that answers it: `kind:id`.
    pub answered_by: Option<String>,
    /// Who settled it: the name of a key, or `knowledge` if it closed itself.
    pub settled_by: Option<String>,
    /// How often it was asked.
    pub times: u64,
    /// When it was first asked.
    #[schema(format = DateTime)]
    pub first_at: String,
    /// When it was last asked.
    #[schema(format = DateTime)]
    pub last_at: String,
    /// Conversations in which it was asked, the latest first.
    pub conversations: Vec<String>,
}

impl GapView {
    fn new(gap: Gap, state: &AppState) -> Self {
        let zone = &state.settings.zone;
        Self {
            id: gap.id.into(),
            question: gap.question,
            ways: gap.ways,
            reason: gap.reason,
            scenario: gap.scenario,
            topic: gap.topic,
            product: gap.product,
            state: gap.state,
            answered_by: gap.answered_by,
            settled_by: gap.settled_by,
            times: gap.times,
            first_at: shown(gap.first_at, zone),
            last_at: shown(gap.last_at, zone),
            conversations: gap.conversations.into_iter().map(String::from).collect(),
        }
    }
}

/// A page of gaps.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GapList {
    /// The most asked first.
    pub gaps: Vec<GapView>,
    /// How many there are on all pages.
    pub total: u64,
    /// The offset of the next page; null on the last one.
    pub next: Option<usize>,
}

/// How a gap is settled.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct GapChange {
    /// The new state.
    pub state: GapState,
    /// For `answered`: the id of the knowledge entry that answers it, or `kind:id` of a policy, promotion or notice.
    #[serde(default)]
    pub knowledge: Option<String>,
}

/// Those who write the knowledge and those who answer customers.
fn staff(caller: &Caller) -> Result<StaffScope, ApiError> {
    caller.require_one_of(&[KeyScope::Facts, KeyScope::Desk])
}

/// Lists questions that nothing answered, the most asked first. Needs the scope facts or desk.
#[utoipa::path(
    get, path = "/api/v1/gaps", tag = "facts", params(GapQuery),
    responses((status = 200, body = GapList), Failures),
    security(("key" = [])),
)]
pub async fn list(
    State(state): State<AppState>,
    caller: Caller,
    QueryOf(query): QueryOf<GapQuery>,
) -> Result<Json<GapList>, ApiError> {
    let staff = staff(&caller)?;
    let (limit, offset) = (query.limit.unwrap_or(100), query.offset.unwrap_or(0));
    if !(1..=500).contains(&limit) {
        let message = "limit: a number from 1 to 500 is expected";
        return Err(ApiError::new(ErrorCode::InvalidParameter, message));
    }
    let page = state.ports.gaps.list(staff, GapRequest { state: query.state, limit, offset }).await?;
    let end = offset.saturating_add(page.gaps.len());
    let more = u64::try_from(end).is_ok_and(|end| end < page.total) && !page.gaps.is_empty();
    Ok(Json(GapList {
        gaps: page.gaps.into_iter().map(|gap| GapView::new(gap, &state)).collect(),
        total: page.total,
        next: more.then_some(end),
    }))
}

/// Settles a gap: dismissed, answered by a record, or open again. Needs the scope facts or desk.
#[utoipa::path(
    post, path = "/api/v1/gaps/{id}", tag = "facts", params(("id" = String, Path,)),
    request_body = GapChange,
    responses((status = 200, body = GapView), Failures),
    security(("key" = [])),
)]
pub async fn settle(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(change): JsonBody<GapChange>,
) -> Result<Json<GapView>, ApiError> {
    let staff = staff(&caller)?;
    let gap: GapId = id.parse().map_err(|_| ApiError::new(ErrorCode::NotFound, "there is no such gap"))?;
    let settled = state.ports.gaps.settle(staff, gap, change.state, change.knowledge).await?;
    Ok(Json(GapView::new(settled, &state)))
}
