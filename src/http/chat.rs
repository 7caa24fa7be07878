//! `POST /api/v1/chat`: one message of a customer in, one vetted answer out, whole or sentence by sentence.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};
use serde::{Deserialize, Serialize};

use super::auth::Caller;
use super::error::{ApiError, ErrorBody, ErrorCode};
use super::extract::{JsonBody, check_id, check_text, wants_events};
use super::limits::Address;
use super::openapi::Failures;
use super::pictures;
use super::state::AppState;
use super::wire::{ChatView, Copy, CustomerProof, HandoffView};
use crate::conversation::types::{Attachment, ChatReply, IncomingMessage, TurnEvent};
use crate::identity::{ConversationId, Scope};
use crate::pictures::named_by;
use crate::telemetry::metrics;
use crate::turn::trace::SentenceTrace;
use crate::turn::types::{PageContext, ScenarioMatch};

/// The longest message, in characters.
pub const MAX_MESSAGE_CHARACTERS: usize = 10_000;
/// The most attachments of one message.
pub const MAX_ATTACHMENTS: usize = 10;
/// The longest address of a page or attachment, in bytes.
const MAX_ADDRESS_BYTES: usize = 2048;
/// Proxies close connections on which nothing happens.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// One message of a customer.
#[derive(Debug, Clone, Deserialize, utoipa::ToSchema)]
pub struct ChatRequest {
    /// The client's own id of the message: the same one is answered once.
    #[serde(default)]
    pub id: Option<String>,
    /// The conversation to go on with.
    #[serde(default)]
    pub conversation: Option<String>,
    /// The text, at most 10,000 characters. May be empty if there are attachments.
    #[serde(default)]
    pub message: String,
    /// Who the customer is, with the proof.
    #[serde(default, deserialize_with = "super::extract::inner_object")]
    pub customer: Option<CustomerProof>,
    /// What the page says the customer is looking at.
    #[serde(default, deserialize_with = "super::extract::inner_object")]
    pub context: Option<ChatContext>,
    /// Pictures and files: stored and shown to people, never interpreted.
    #[serde(default)]
    pub attachments: Option<Vec<Attachment>>,
    /// Where the message comes from: `widget`, `wechat`, …; default `api`.
    #[serde(default)]
    pub channel: Option<String>,
    /// The shop; default the one that is served.
    #[serde(default)]
    pub shop: Option<String>,
}

/// What the page says of itself. It proves nothing.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
pub struct ChatContext {
    /// The product being looked at.
    #[serde(default)]
    pub product: Option<String>,
    /// The order being looked at; used only if it is the verified customer's own.
    #[serde(default)]
    pub order: Option<String>,
    /// The address or name of the page.
    #[serde(default)]
    pub page: Option<String>,
}

/// The events of a streamed answer, in this order: `reading`, `sentence` (one vetted sentence each), `handoff`,
/// `done`; or `error` at any place.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "describes the stream in the OpenAPI document")]
pub enum ChatEvent {
    /// `event: reading`
    Reading {
        /// The scenario.
        scenario: ScenarioMatch,
    },
    /// `event: sentence`
    Sentence(SentenceTrace),
    /// `event: handoff`
    Handoff(HandoffView),
    /// `event: done`
    Done(Box<ChatView>),
    /// `event: error`
    Error(ErrorBody),
}

/// Answers one message of a customer.
///
/// With `Accept: text/event-stream` the sentences come as they are vetted. Without a key, or with a key that has none
/// of the scopes chat, desk and admin, the answer has no evidence, emotion, tier, refusals and timing.
#[utoipa::path(
    post, path = "/api/v1/chat", tag = "chat", request_body = ChatRequest,
    responses(
        (status = 200, description = "The answer", content(
            (ChatView = "application/json"),
            (ChatEvent = "text/event-stream"),
        )),
        Failures,
    ),
    security((), ("key" = []), ("session" = [])),
)]
pub async fn chat(
    State(state): State<AppState>,
    caller: Caller,
    address: Address,
    headers: HeaderMap,
    JsonBody(request): JsonBody<ChatRequest>,
) -> Result<Response, ApiError> {
    let received = Instant::now();
    state.limits.admit_address(&caller, address.0)?;
    let scope = caller.scope(&state, request.customer.as_ref()).await?;
    let message = IncomingMessage {
        // Staff and the shop's own systems speak for many customers from one address.
        address: address.0.filter(|_| !caller.is_exempt()),
        ..incoming(&state, &caller, request, scope, received)?
    };
    state.limits.admit_person(&caller, &message.scope)?;
    let message = with_pictures(&state, &caller, message).await?;
    let events = counted(state.ports.chat.take(message).await?);
    let copy = Copy { everything: caller.sees_everything(), zone: state.settings.zone.clone() };
    if wants_events(&headers) {
        return Ok(streamed(events, copy).into_response());
    }
    let reply = whole(events).await?;
    Ok(Json(ChatView::new(reply, &copy)).into_response())
}

/// Completes the pictures of a message, which the same person has sent before: as the customer whom the request proves, or
/// as the visitor of the session, before signing in.
async fn with_pictures(
    state: &AppState,
    caller: &Caller,
    mut message: IncomingMessage,
) -> Result<IncomingMessage, ApiError> {
    let session = caller.session.as_ref().map(|session| session.scope.clone());
    let scopes: Vec<Scope> = [message.scope.clone()].into_iter().chain(session).collect();
    pictures::complete(state, &scopes, &mut message.attachments).await?;
    Ok(message)
}

/// Checks a request and puts it into the words of the conversation service.
fn incoming(
    state: &AppState,
    caller: &Caller,
    request: ChatRequest,
    scope: Scope,
    received: Instant,
) -> Result<IncomingMessage, ApiError> {
    if request.shop.as_ref().is_some_and(|shop| shop != state.settings.shop.as_str()) {
        return Err(ApiError::new(ErrorCode::ShopNotFound, "this installation does not serve that shop"));
    }
    if let Some(id) = &request.id {
        check_id("id", id)?;
    }
    let attachments = request.attachments.unwrap_or_default();
    check_attachments_but(&attachments, |attachment| named_by(&attachment.url).is_some())?;
    check_message(&request.message, attachments.len())?;
    let channel = request.channel.unwrap_or_else(|| "api".to_owned());
    if channel.is_empty() || channel.len() > 32 || !channel.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = "channel: 1 to 32 printable ASCII characters are expected";
        return Err(ApiError::new(ErrorCode::InvalidField, message));
    }
    // A session's conversation is the default only for the person the session was opened for.
    let session = caller.session.as_ref().filter(|session| session.scope == scope);
    let conversation = match &request.conversation {
        Some(id) => Some(parse_conversation(id)?),
        None => session.map(|session| session.conversation.clone()),
    };
    Ok(IncomingMessage {
        client_id: request.id,
        conversation,
        scope,
        text: request.message,
        page: page_context(request.context.unwrap_or_default(), "context")?,
        attachments,
        channel,
        received,
        address: None,
    })
}

/// The id of a conversation. What cannot be one cannot be found either.
///
/// # Errors
/// `conversation_not_found`.
pub fn parse_conversation(id: &str) -> Result<ConversationId, ApiError> {
    id.parse().map_err(|_| ApiError::new(ErrorCode::ConversationNotFound, "there is no such conversation"))
}

/// Checks the text of a message.
///
/// # Errors
/// `empty_message`, `message_too_long`, `control_characters`.
pub fn check_message(text: &str, attachments: usize) -> Result<(), ApiError> {
    if text.trim().is_empty() && attachments == 0 {
        return Err(ApiError::new(ErrorCode::EmptyMessage, "message: is empty")
            .hint("send a text of at least one character, or attachments"));
    }
    let characters = text.chars().count();
    if characters > MAX_MESSAGE_CHARACTERS {
        return Err(ApiError::new(
            ErrorCode::MessageTooLong,
            format!("message: has {characters} characters, at most {MAX_MESSAGE_CHARACTERS} are accepted"),
        ));
    }
    check_text("message", text)
}

/// Checks attachments: their number, kind and address.
///
/// # Errors
/// `invalid_field`, naming the attachment.
pub fn check_attachments(attachments: &[Attachment]) -> Result<(), ApiError> {
    check_attachments_but(attachments, |_| false)
}

/// Checks attachments; those that are `kept` here need no address on the web.
fn check_attachments_but(
    attachments: &[Attachment],
    kept: impl Fn(&Attachment) -> bool,
) -> Result<(), ApiError> {
    let refuse = |message: String| Err(ApiError::new(ErrorCode::InvalidField, message));
    if attachments.len() > MAX_ATTACHMENTS {
        return refuse(format!("attachments: at most {MAX_ATTACHMENTS} are accepted"));
    }
    for (position, attachment) in attachments.iter().enumerate() {
        if !matches!(attachment.kind.as_str(), "image" | "video" | "audio" | "file") {
            return refuse(format!("attachments[{position}].type: image, video, audio or file is expected"));
        }
        // The desk shows the address as a link, so that nothing but a web address may stand there.
        let is_web = attachment.url.starts_with("https://") || attachment.url.starts_with("http://");
        let is_clean = !attachment.url.chars().any(|character| character.is_control() || character == ' ');
        if !(is_web || kept(attachment)) || !is_clean || attachment.url.len() > MAX_ADDRESS_BYTES {
            return refuse(format!(
                "attachments[{position}].url: an http or https address of at most {MAX_ADDRESS_BYTES} bytes is expected"
            ));
        }
    }
    Ok(())
}

/// Checks what a page says of itself in a field of a request.
///
/// # Errors
/// `invalid_id`, `control_characters` and `invalid_field`, naming the field.
pub fn page_context(context: ChatContext, field: &str) -> Result<PageContext, ApiError> {
    if let Some(product) = &context.product {
        check_id(&format!("{field}.product"), product)?;
    }
    if let Some(order) = &context.order {
        check_id(&format!("{field}.order"), order)?;
    }
    if let Some(page) = &context.page {
        check_text(&format!("{field}.page"), page)?;
        if page.len() > MAX_ADDRESS_BYTES {
            let message = format!("{field}.page: at most {MAX_ADDRESS_BYTES} bytes are accepted");
            return Err(ApiError::new(ErrorCode::InvalidField, message));
        }
    }
    Ok(PageContext { product: context.product, order: context.order, page: context.page })
}

/// Counts what happens, on its way through.
pub fn counted(events: BoxStream<'static, TurnEvent>) -> BoxStream<'static, TurnEvent> {
    events
        .inspect(|event| match event {
            TurnEvent::Handoff(handoff) => metrics::handoff(handoff.reason),
            TurnEvent::Done(reply) => metrics::turn(reply),
            TurnEvent::Reading { .. } | TurnEvent::Sentence(_) => {}
        })
        .boxed()
}

/// Waits for the whole answer.
///
/// # Errors
/// `unavailable` if the turn ended without an answer.
pub async fn whole(mut events: BoxStream<'static, TurnEvent>) -> Result<ChatReply, ApiError> {
    while let Some(event) = events.next().await {
        if let TurnEvent::Done(reply) = event {
            return Ok(*reply);
        }
    }
    Err(broken_off())
}

fn broken_off() -> ApiError {
    ApiError::new(ErrorCode::Unavailable, "the answer broke off")
        .hint("send the same message with the same id again")
}

fn streamed(
    events: BoxStream<'static, TurnEvent>,
    copy: Copy,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let state = (events, copy, false);
    let events = stream::unfold(state, |(mut events, copy, ended)| async move {
        if ended {
            return None;
        }
        let (event, ended) = match events.next().await {
            Some(event) => {
                let ended = matches!(event, TurnEvent::Done(_));
                (chat_event(event, &copy), ended)
            }
            None => (json_event("error", &broken_off().body()), true),
        };
        Some((Ok(event), (events, copy, ended)))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn chat_event(event: TurnEvent, copy: &Copy) -> Event {
    match event {
        TurnEvent::Reading { scenario } => {
            json_event("reading", &serde_json::json!({ "scenario": scenario }))
        }
        TurnEvent::Sentence(sentence) => json_event("sentence", &sentence),
        TurnEvent::Handoff(handoff) => json_event("handoff", &HandoffView::from(handoff)),
        TurnEvent::Done(reply) => json_event("done", &ChatView::new(*reply, copy)),
    }
}

/// A named event with JSON as its data.
pub fn json_event(name: &str, data: &impl Serialize) -> Event {
    let text = serde_json::to_string(data).expect("the types of the wire have text keys only");
    Event::default().event(name).data(text)
}
