//! What a customer thought of the people who have resolved a matter.

use axum::Json;
use axum::extract::State;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::chat::parse_conversation;
use super::error::{ApiError, ErrorCode};
use super::extract::{JsonBody, PathOf, check_text};
use super::openapi::Failures;
use super::state::AppState;
use super::wire::{CustomerProof, shown};
use crate::desk::types::{NewRating, Rating};
use crate::telemetry::metrics;

/// The longest text of a rating, in characters.
const MAX_CHARACTERS: usize = 1_000;

/// A rating.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct RatingRequest {
    /// From 1 (bad) to 5 (very good).
    #[schema(minimum = 1, maximum = 5)]
    pub score: i64,
    /// In the customer's own words, at most 1,000 characters.
    #[serde(default)]
    pub text: Option<String>,
    /// Who the customer is, with the proof, where a session does not say it.
    #[serde(default, deserialize_with = "super::extract::inner_object")]
    pub customer: Option<CustomerProof>,
}

/// A rating that was kept.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct RatingView {
    /// From 1 (bad) to 5 (very good).
    pub score: u8,
    /// In the customer's own words.
    pub text: Option<String>,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
}

impl RatingView {
    /// Copies a rating.
    pub fn new(rating: Rating, zone: &TimeZone) -> Self {
        Self { score: rating.score, text: rating.text, at: shown(rating.at, zone) }
    }
}

/// `event: rating` at the desk.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeskRating {
    /// The ticket.
    pub ticket: String,
    /// What the customer thought of it.
    #[serde(flatten)]
    pub rating: RatingView,
}

impl DeskRating {
    /// Copies a rating for the desk.
    pub fn new(rating: Rating, zone: &TimeZone) -> Self {
        Self { ticket: rating.ticket.clone().into(), rating: RatingView::new(rating, zone) }
    }
}

/// Says what the customer thought of the newest matter that people have resolved: once, within seven days.
///
/// 409 while people have the conversation, where they have resolved nothing, after seven days, and the second time.
#[utoipa::path(
    post, path = "/api/v1/conversations/{id}/rating", tag = "chat", params(("id" = String, Path,)),
    request_body = RatingRequest,
    responses((status = 200, body = RatingView), Failures),
    security(("session" = []), ()),
)]
pub async fn rate(
    State(state): State<AppState>,
    caller: Caller,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<RatingRequest>,
) -> Result<Json<RatingView>, ApiError> {
    let scope = caller.customer_scope(&state, request.customer.as_ref()).await?;
    state.limits.admit_person(&caller, &scope)?;
    let conversation = parse_conversation(&id)?;
    let rating = checked(request)?;
    let rating = state.ports.ratings.rate(scope, conversation, rating).await?;
    metrics::rating(rating.score);
    Ok(Json(RatingView::new(rating, &state.settings.zone)))
}

fn checked(request: RatingRequest) -> Result<NewRating, ApiError> {
    let refuse = |message: String| ApiError::new(ErrorCode::InvalidField, message);
    let score = u8::try_from(request.score).ok().filter(|score| (1..=5).contains(score));
    let score = score.ok_or_else(|| refuse("score: a number from 1 to 5 is expected".to_owned()))?;
    let text = request.text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    if let Some(text) = &text {
        check_text("text", text)?;
        let characters = text.chars().count();
        if characters > MAX_CHARACTERS {
            return Err(refuse(format!(
                "text: has {characters} characters, at most {MAX_CHARACTERS} are accepted"
            )));
        }
    }
    Ok(NewRating { score, text })
}
