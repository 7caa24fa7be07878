//! What helps people who answer, on this desk or on another platform: vetted suggestions and quick phrases.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::chat::{ChatContext, MAX_MESSAGE_CHARACTERS, check_message, page_context};
use super::error::{ApiError, ErrorCode};
use super::extract::{JsonBody, check_text};
use super::openapi::Failures;
use super::ports::SuggestRequest;
use super::state::AppState;
use crate::assist::{NextStep, Suggested, SuggestedHandoff, Suggestion};
use crate::conversation::types::EmotionSummary;
use crate::identity::{CustomerId, KeyScope};
use crate::pack::desk::Phrase;
use crate::turn::trace::FactTrace;
use crate::turn::types::{Author, Refusal, ScenarioMatch};

/// The most earlier messages of a request; a turn reads the last twenty.
const MAX_CONTEXT: usize = 200;

/// A message of a customer somewhere, for which a person wants a suggestion.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct SuggestBody {
    /// What the customer says, at most 10,000 characters.
    #[serde(default)]
    pub message: String,
    /// What was said before, oldest first. It is untrusted: it explains the message and is never evidence.
    #[serde(default)]
    pub context: Vec<ContextMessage>,
    /// Who the customer is. Staff are taken at their word: facts of that customer are used.
    #[serde(default, deserialize_with = "super::extract::inner_object")]
    pub customer: Option<NamedCustomer>,
    /// What the customer is looking at, if it is known.
    #[serde(default, deserialize_with = "super::extract::inner_object")]
    pub page: Option<ChatContext>,
}

/// One earlier message.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct ContextMessage {
    /// Who wrote it.
    pub role: ContextRole,
    /// What was said.
    pub text: String,
}

/// Who wrote an earlier message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContextRole {
    /// The customer.
    Customer,
    /// The shop: a person or a machine.
    Seller,
}

/// A customer as staff name one.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct NamedCustomer {
    /// The customer's id in the shop's system.
    pub id: String,
}

/// What a person may answer, and has to do.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SuggestView {
    /// Up to two different replies, each vetted, the better one first. Empty where nothing can be said truly.
    pub suggestions: Vec<Suggestion>,
    /// What has to be done that the assistant would have begun, promised or handed over; null if answering is all.
    pub next_step: Option<NextStep>,
    /// The scenario.
    pub scenario: Option<ScenarioMatch>,
    /// The customer's emotion.
    pub emotion: Option<EmotionSummary>,
    /// That a person has to decide, and why. No ticket was opened.
    pub handoff: Option<SuggestedHandoff>,
    /// Drafts that were not let out.
    pub refused: Vec<Refusal>,
    /// The facts on which the suggestions may rest.
    pub evidence: Vec<FactTrace>,
}

impl From<Suggested> for SuggestView {
    fn from(suggested: Suggested) -> Self {
        let Suggested { suggestions, next_step, scenario, emotion, handoff, refused, evidence } = suggested;
        Self { suggestions, next_step, scenario, emotion, handoff, refused, evidence }
    }
}

/// Suggests replies to a message: the same turn as in a chat, through the same guard, for a person who sends them where the
/// assistant may not speak. Nothing is stored, begun or promised. Needs the scope desk.
#[utoipa::path(
    post, path = "/api/v1/suggest", tag = "desk", request_body = SuggestBody,
    responses((status = 200, body = SuggestView), Failures),
    security(("key" = [])),
)]
pub async fn suggest(
    State(state): State<AppState>,
    caller: Caller,
    JsonBody(body): JsonBody<SuggestBody>,
) -> Result<Json<SuggestView>, ApiError> {
    let staff = caller.require(KeyScope::Desk)?;
    let request = checked(body)?;
    let suggested = state.ports.assist.suggest(staff, request).await?;
    Ok(Json(suggested.into()))
}

fn checked(body: SuggestBody) -> Result<SuggestRequest, ApiError> {
    check_message(&body.message, 0)?;
    let invalid = |text: String| ApiError::new(ErrorCode::InvalidField, text);
    if body.context.len() > MAX_CONTEXT {
        return Err(invalid(format!("context: at most {MAX_CONTEXT} messages are accepted")));
    }
    let mut context = Vec::with_capacity(body.context.len());
    for (position, message) in body.context.into_iter().enumerate() {
        let field = format!("context[{position}].text");
        check_text(&field, &message.text)?;
        let characters = message.text.chars().count();
        if characters > MAX_MESSAGE_CHARACTERS {
            let text = format!(
                "{field}: has {characters} characters, at most {MAX_MESSAGE_CHARACTERS} are accepted"
            );
            return Err(ApiError::new(ErrorCode::MessageTooLong, text));
        }
        let author = match message.role {
            ContextRole::Customer => Author::Customer,
            ContextRole::Seller => Author::Assistant,
        };
        context.push((author, message.text));
    }
    let customer = body.customer.map(|customer| CustomerId::new(&customer.id)).transpose();
    let customer =
        customer.map_err(|error| ApiError::new(ErrorCode::InvalidId, format!("customer.id: {error}")))?;
    let page = page_context(body.page.unwrap_or_default(), "page")?;
    Ok(SuggestRequest { message: body.message, context, customer, page })
}

/// The quick phrases.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PhraseList {
    /// In the order of the pack.
    pub phrases: Vec<PhraseView>,
}

/// A sentence that agents say often.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PhraseView {
    /// What an agent types behind a slash.
    pub code: String,
    /// What it is for.
    pub title: String,
    /// The sentence, with the slots `{{customer}}`, `{{order}}`, `{{agent}}` and `{{due}}`.
    pub text: String,
    /// By what it is found besides.
    pub tags: Vec<String>,
}

impl From<Phrase> for PhraseView {
    fn from(Phrase { code, title, text, tags }: Phrase) -> Self {
        Self { code, title, text, tags }
    }
}

/// Lists the quick phrases of the pack in force. Needs the scope desk.
#[utoipa::path(
    get, path = "/api/v1/phrases", tag = "desk",
    responses((status = 200, body = PhraseList), Failures),
    security(("key" = [])),
)]
pub async fn phrases(State(state): State<AppState>, caller: Caller) -> Result<Json<PhraseList>, ApiError> {
    caller.require(KeyScope::Desk)?;
    let phrases = state.ports.assist.phrases().await?;
    Ok(Json(PhraseList { phrases: phrases.into_iter().map(PhraseView::from).collect() }))
}
