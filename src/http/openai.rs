//! The OpenAI-compatible door: a stock client talks to the same turn, through the same guard.
//!
//! The last user message is the customer's message. Everything else in `messages` is the client's own claim and never
//! becomes evidence or instruction. Who the customer is stands in `metadata`, proven as everywhere.

mod shapes;

use std::convert::Infallible;
use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt, stream};

pub use shapes::*;

use super::auth::Caller;
use super::chat::{KEEP_ALIVE, check_attachments, check_message, counted, parse_conversation, whole};
use super::error::{ApiError, ErrorCode};
use super::extract::JsonBody;
use super::limits::Address;
use super::state::AppState;
use super::wire::{ChatView, Copy, CustomerProof};
use crate::conversation::types::{ChatReply, IncomingMessage, TurnEvent};
use crate::turn::types::PageContext;

/// An error in the form OpenAI's clients read.
#[derive(Debug)]
pub struct OpenAiError(ApiError);

impl<E: Into<ApiError>> From<E> for OpenAiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for OpenAiError {
    fn into_response(self) -> Response {
        let status = self.0.code().status();
        let kind = match status.as_u16() {
            401 | 403 => "authentication_error",
            429 => "rate_limit_error",
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        let detail = OpenAiErrorDetail {
            message: self.0.message().to_owned(),
            kind: kind.to_owned(),
            param: None,
            code: self.0.code(),
        };
        self.0.respond_with(OpenAiErrorBody { error: detail })
    }
}

/// Lists the one model there is: the whole turn.
#[utoipa::path(
    get, path = "/v1/models", tag = "openai",
    responses((status = 200, body = ModelList), (status = "4XX", body = OpenAiErrorBody)),
    security((), ("key" = [])),
)]
pub async fn models(State(state): State<AppState>) -> Json<ModelList> {
    let model =
        Model { id: state.settings.served_model.clone(), object: "model", created: 0, owned_by: "warmdesk" };
    Json(ModelList { object: "list", data: vec![model] })
}

/// Answers the last user message. With `stream: true` in chunks, one vetted sentence each, ending in `[DONE]`.
#[utoipa::path(
    post, path = "/v1/chat/completions", tag = "openai", request_body = CompletionRequest,
    responses(
        (status = 200, content((Completion = "application/json"), (Chunk = "text/event-stream"))),
        (status = "4XX", body = OpenAiErrorBody),
        (status = "5XX", body = OpenAiErrorBody),
    ),
    security((), ("key" = [])),
)]
pub async fn complete(
    State(state): State<AppState>,
    caller: Result<Caller, ApiError>,
    address: Address,
    body: Result<JsonBody<CompletionRequest>, ApiError>,
) -> Result<Response, OpenAiError> {
    let received = Instant::now();
    let caller = caller?;
    let JsonBody(request) = body?;
    state.limits.admit_address(&caller, address.0)?;
    check_supported(&state, &request)?;
    let message = IncomingMessage {
        address: address.0.filter(|_| !caller.is_exempt()),
        ..incoming(&state, &caller, &request, received).await?
    };
    state.limits.admit_person(&caller, &message.scope)?;
    let events = counted(state.ports.chat.take(message).await?);
    let copy = Copy { everything: caller.sees_everything(), zone: state.settings.zone.clone() };
    let heading = Heading {
        id: format!("chatcmpl-{}", uuid::Uuid::now_v7().simple()),
        model: state.settings.served_model.clone(),
    };
    if request.stream.unwrap_or(false) {
        let with_usage = request.stream_options.is_some_and(|options| options.include_usage.unwrap_or(false));
        return Ok(streamed(events, copy, heading, with_usage).into_response());
    }
    let reply = whole(events).await?;
    Ok(Json(completion(heading, reply, &copy)).into_response())
}

fn check_supported(state: &AppState, request: &CompletionRequest) -> Result<(), ApiError> {
    let refuse = |text: &str| Err(ApiError::new(ErrorCode::UnsupportedParameter, text));
    if request.model.as_ref().is_some_and(|model| *model != state.settings.served_model) {
        let text = format!("there is no model `{}`", request.model.as_deref().unwrap_or_default());
        let hint = format!("the model here is `{}`", state.settings.served_model);
        return Err(ApiError::new(ErrorCode::ModelNotFound, text).hint(hint));
    }
    if request.n.is_some_and(|choices| choices != 1) {
        return refuse("n: only one choice is given");
    }
    let given = |list: &Option<serde_json::Value>| list.as_ref().is_some_and(|value| !is_empty(value));
    if given(&request.tools) || given(&request.functions) {
        return refuse("tools: this assistant uses no tools of the client");
    }
    if given(&request.response_format)
        && request
            .response_format
            .as_ref()
            .and_then(|format| format.get("type"))
            .is_none_or(|kind| kind != "text")
    {
        return refuse("response_format: only text is given");
    }
    Ok(())
}

fn is_empty(value: &serde_json::Value) -> bool {
    match value {
        serde_json::Value::Null => true,
        serde_json::Value::Array(list) => list.is_empty(),
        serde_json::Value::Object(fields) => fields.is_empty(),
        _ => false,
    }
}

async fn incoming(
    state: &AppState,
    caller: &Caller,
    request: &CompletionRequest,
    received: Instant,
) -> Result<IncomingMessage, ApiError> {
    let last = request.messages.iter().rev().find(|message| message.role == "user");
    let Some(last) = last else {
        let text = "messages: at least one message of the role `user` is expected";
        return Err(ApiError::new(ErrorCode::InvalidField, text));
    };
    let (text, attachments) = last.content.read()?;
    check_attachments(&attachments)?;
    check_message(&text, attachments.len())?;
    let metadata = request.metadata.clone().unwrap_or_default();
    let proof = metadata.customer.map(|id| CustomerProof { id, signature: metadata.signature });
    Ok(IncomingMessage {
        client_id: None,
        conversation: metadata.conversation.as_deref().map(parse_conversation).transpose()?,
        scope: caller.scope(state, proof.as_ref()).await?,
        text,
        page: PageContext::default(),
        attachments,
        channel: "openai".to_owned(),
        received,
        address: None,
    })
}

/// What every part of one answer begins with.
#[derive(Debug, Clone)]
struct Heading {
    id: String,
    model: String,
}

fn usage(reply: &ChatReply) -> Usage {
    let model = reply.timing.as_ref().and_then(|timing| timing.model.as_ref());
    let (prompt, generated) = model.map_or((0, 0), |model| (model.prompt_tokens, model.generated_tokens));
    Usage { prompt_tokens: prompt, completion_tokens: generated, total_tokens: prompt + generated }
}

fn completion(heading: Heading, reply: ChatReply, copy: &Copy) -> Completion {
    let usage = usage(&reply);
    let message = AssistantMessage { role: "assistant", content: reply.reply.clone(), refusal: None };
    Completion {
        id: heading.id,
        object: "chat.completion",
        created: created(),
        model: heading.model,
        choices: vec![Choice { index: 0, message, finish_reason: "stop" }],
        usage,
        warmdesk: ChatView::new(reply, copy),
    }
}

/// OpenAI's clients expect the seconds since 1970 at which the answer was made; nothing else reads it.
fn created() -> i64 {
    jiff::Timestamp::now().as_second()
}

fn streamed(
    events: BoxStream<'static, TurnEvent>,
    copy: Copy,
    heading: Heading,
    with_usage: bool,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let created = created();
    let chunk = move |delta: Delta, finish_reason: Option<&'static str>| Chunk {
        id: heading.id.clone(),
        object: "chat.completion.chunk",
        created,
        model: heading.model.clone(),
        choices: vec![ChunkChoice { index: 0, delta, finish_reason }],
        usage: None,
        warmdesk: None,
    };
    let first = chunk(Delta { role: Some("assistant"), content: Some(String::new()) }, None);
    let mut said = 0_usize;
    let mut done = false;
    let rest = events.map(Some).chain(stream::once(async { None })).flat_map(move |event| {
        let mut parts = Vec::new();
        match event {
            Some(TurnEvent::Sentence(sentence)) => {
                let content = if said == 0 { sentence.text } else { format!("\n{}", sentence.text) };
                said += 1;
                parts.push(data(&chunk(Delta { role: None, content: Some(content) }, None)));
            }
            Some(TurnEvent::Done(reply)) if !done => {
                done = true;
                parts.extend(ending(&chunk, *reply, &copy, with_usage));
            }
            Some(_) => {}
            None if done => parts.push(Event::default().data("[DONE]")),
            None => {
                let error = ApiError::new(ErrorCode::Unavailable, "the answer broke off");
                parts.push(data(&error.body()));
            }
        }
        stream::iter(parts.into_iter().map(Ok))
    });
    Sse::new(stream::iter([Ok(data(&first))]).chain(rest)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
}

fn ending(
    chunk: &impl Fn(Delta, Option<&'static str>) -> Chunk,
    reply: ChatReply,
    copy: &Copy,
    with_usage: bool,
) -> Vec<Event> {
    let usage = usage(&reply);
    let mut last = chunk(Delta::default(), Some("stop"));
    last.warmdesk = Some(ChatView::new(reply, copy));
    let mut parts = vec![data(&last)];
    if with_usage {
        let mut counted = chunk(Delta::default(), None);
        counted.choices.clear();
        counted.usage = Some(usage);
        parts.push(data(&counted));
    }
    parts
}

fn data(value: &impl serde::Serialize) -> Event {
    Event::default().data(serde_json::to_string(value).expect("the types of the wire have text keys only"))
}
