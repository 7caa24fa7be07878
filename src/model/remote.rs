//! An OpenAI-compatible endpoint as the second kind of model: the same queue, deadline and cancelling as the engine.
//!
//! What the endpoint does with text that looks like a control token is out of our hands, so such text is broken
//! up before it is sent.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::{Client, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::{runtime::Handle, sync::Semaphore, time::timeout_at};

use super::{
    ChatModel, Finish, Generation, GenerationRequest, GenerationUsage, ModelError, ModelState, Sampling,
    estimate_tokens,
    generation::{Sink, channel},
};

/// How long an endpoint that did not answer is left alone before the next request tries it again.
const PAUSE: Duration = Duration::from_secs(5);

/// How long making a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// More than this between two line ends is no event stream.
const LONGEST_LINE: usize = 1 << 20;

/// Where the endpoint is and how much is asked of it.
#[derive(Debug, Clone)]
pub struct RemoteOptions {
    /// Up to and including the version, such as `http://127.0.0.1:8000/v1`.
    pub base_url: String,
    /// The model's name at the endpoint, which is also the served name.
    pub model: String,
    /// Sent as a bearer token.
    pub api_key: Option<SecretString>,
    /// Requests running at once.
    pub concurrency: usize,
    /// Requests waiting beyond those; one more is refused as [`ModelError::Busy`].
    pub queue: usize,
}

impl RemoteOptions {
    /// Four requests at once and four waiting.
    pub fn new(base_url: impl Into<String>, model: impl Into<String>) -> Self {
        Self { base_url: base_url.into(), model: model.into(), api_key: None, concurrency: 4, queue: 4 }
    }
}

/// A model behind an OpenAI-compatible endpoint.
#[derive(Debug)]
pub struct RemoteModel {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: RemoteOptions,
    url: String,
    client: Client,
    slots: Semaphore,
    accepted: AtomicUsize,
    failed: Mutex<Option<(Instant, String)>>,
}

impl RemoteModel {
    /// Checks the address; the endpoint itself is not asked before the first request.
    pub fn new(options: RemoteOptions) -> Result<Self, ModelError> {
        let base = options.base_url.trim_end_matches('/');
        let valid = reqwest::Url::parse(base).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
        if !valid {
            return Err(ModelError::Load(format!("{base:?} is no http or https address")));
        }
        let url = format!("{base}/chat/completions");
        let client = http_client(None).map_err(|error| ModelError::Load(error.to_string()))?;
        let slots = Semaphore::new(options.concurrency.max(1));
        let shared =
            Shared { options, url, client, slots, accepted: AtomicUsize::new(0), failed: Mutex::new(None) };
        Ok(Self { shared: Arc::new(shared) })
    }
}

impl ChatModel for RemoteModel {
    fn name(&self) -> &str {
        &self.shared.options.model
    }

    fn state(&self) -> ModelState {
        match &*self.shared.failed.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((at, reason)) if at.elapsed() < PAUSE => ModelState::Failed { reason: reason.clone() },
            _ => ModelState::Ready,
        }
    }

    /// Must be called inside a tokio runtime, as everything that serves requests is.
    fn generate(&self, request: GenerationRequest) -> Result<Generation, ModelError> {
        if let Some(refusal) = self.state().refusal() {
            return Err(refusal);
        }
        let runtime = Handle::try_current()
            .map_err(|_| ModelError::Unavailable { reason: "there is no runtime to send from".to_owned() })?;
        let place = Place::take(&self.shared)?;
        let (sink, generation) = channel();
        runtime.spawn(async move {
            let queued_at = Instant::now();
            let shared = Arc::clone(&place.shared);
            let mut usage = GenerationUsage {
                prompt_tokens: estimate_tokens(&request.prompt.text()),
                cached_tokens: 0,
                generated_tokens: 0,
                queue_ms: 0.0,
                prompt_ms: 0.0,
                decode_ms: 0.0,
                finish: Finish::Stop,
            };
            let deadline = request.deadline.into();
            let result = tokio::select! {
                () = sink.abandoned() => Ok(Finish::Cancelled),
                result = timeout_at(deadline, shared.run(&request, &sink, &mut usage)) => {
                    result.unwrap_or(Ok(Finish::Deadline))
                }
            };
            if usage.queue_ms == 0.0 && result == Ok(Finish::Deadline) {
                usage.queue_ms = milliseconds(queued_at);
            }
            shared.note(&result);
            sink.end(result.map(|finish| GenerationUsage { finish, ..usage }));
            drop(place);
        });
        Ok(generation)
    }

    fn count_tokens(&self, text: &str) -> usize {
        estimate_tokens(text)
    }

    fn waiting(&self) -> usize {
        self.shared.accepted.load(Ordering::Acquire).saturating_sub(self.shared.options.concurrency.max(1))
    }
}

/// One of the places of running and waiting requests, given back when dropped.
struct Place {
    shared: Arc<Shared>,
}

impl Place {
    fn take(shared: &Arc<Shared>) -> Result<Self, ModelError> {
        let limit = shared.options.concurrency.max(1) + shared.options.queue;
        let took = shared
            .accepted
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |taken| (taken < limit).then_some(taken + 1));
        took.map(|_| Self { shared: Arc::clone(shared) }).map_err(|_| ModelError::Busy)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.shared.accepted.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Shared {
    async fn run(
        &self,
        request: &GenerationRequest,
        sink: &Sink,
        usage: &mut GenerationUsage,
    ) -> Result<Finish, ModelError> {
        let queued_at = Instant::now();
        let _slot = self.slots.acquire().await.map_err(|_| ModelError::Busy)?;
        usage.queue_ms = milliseconds(queued_at);
        let sent_at = Instant::now();
        let mut response = self.send(request).await?;
        let mut events = Events::default();
        let mut outcome = Outcome::default();
        let mut first_at = None;
        while let Some(bytes) = response.chunk().await.map_err(|error| broken(&error))? {
            events.push(&bytes)?;
            while let Some(data) = events.next() {
                let text = outcome.take(&data)?;
                if !text.is_empty() && first_at.is_none() {
                    first_at = Some(Instant::now());
                    usage.prompt_ms = milliseconds(sent_at);
                }
                sink.text(text);
            }
            outcome.count(usage);
            if outcome.done {
                break;
            }
        }
        usage.decode_ms = first_at.map_or(0.0, milliseconds);
        outcome.finish.ok_or_else(|| ModelError::Remote("the stream ended before the answer did".to_owned()))
    }

    async fn send(&self, request: &GenerationRequest) -> Result<reqwest::Response, ModelError> {
        let mut call = self.client.post(&self.url).json(&body(&self.options.model, request));
        if let Some(key) = &self.options.api_key {
            call = call.bearer_auth(key.expose_secret());
        }
        let response = call.send().await.map_err(|error| broken(&error))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::TOO_MANY_REQUESTS => Err(ModelError::Busy),
            status => {
                // The body may repeat the prompt, which holds a customer's words, so it is not reported.
                Err(ModelError::Remote(format!("it answered with status {}", status.as_u16())))
            }
        }
    }

    /// Remembers whether the endpoint answers at all.
    fn note(&self, result: &Result<Finish, ModelError>) {
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Err(ModelError::Remote(reason)) => *failed = Some((Instant::now(), reason.clone())),
            Ok(Finish::Stop | Finish::Length) => *failed = None,
            _ => {}
        }
    }
}

fn body(model: &str, request: &GenerationRequest) -> Value {
    let messages: Vec<Value> = request
        .prompt
        .messages
        .iter()
        .map(|message| json!({ "role": message.role.name(), "content": defuse(&message.text()) }))
        .collect();
    let mut body = json!({
        "model": model,
        "messages": messages,
        "max_tokens": request.max_tokens,
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    match request.sampling {
        Sampling::Greedy => body["temperature"] = json!(0.0),
        Sampling::Seeded { seed, temperature, top_p } => {
            body["seed"] = json!(seed);
            body["temperature"] = json!(temperature);
            body["top_p"] = json!(top_p);
        }
    }
    body
}

/// Breaks up what any known family reads as a control token: `<|…|>`, `<｜…｜>`, `<tag>`, `[INST]`.
pub(super) fn defuse(text: &str) -> String {
    let mut result = String::with_capacity(text.len() + 16);
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        result.push(character);
        let next = characters.peek().copied();
        let opens = match character {
            '<' => {
                next.is_some_and(|next| next.is_ascii_alphabetic() || matches!(next, '|' | '/' | '｜' | '_'))
            }
            '[' => next.is_some_and(|next| next.is_ascii_uppercase() || next == '/'),
            '|' | '｜' => next == Some('>'),
            _ => false,
        };
        if opens {
            result.push(' ');
        }
    }
    result
}

/// The events of a stream, put together from whatever pieces arrive.
#[derive(Debug, Default)]
pub(super) struct Events {
    buffer: Vec<u8>,
}

impl Events {
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > LONGEST_LINE {
            return Err(ModelError::Remote("it sent no event stream".to_owned()));
        }
        Ok(())
    }

    /// The content of the next whole `data:` line.
    pub(super) fn next(&mut self) -> Option<String> {
        loop {
            let end = self.buffer.iter().position(|byte| *byte == b'\n')?;
            let line: Vec<u8> = self.buffer.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            if let Some(data) = line.trim_end().strip_prefix("data:") {
                return Some(data.trim_start().to_owned());
            }
        }
    }
}

/// What the events have told so far.
#[derive(Debug, Default)]
struct Outcome {
    finish: Option<Finish>,
    prompt_tokens: Option<usize>,
    cached_tokens: Option<usize>,
    stated_tokens: Option<usize>,
    pieces: usize,
    done: bool,
}

impl Outcome {
    /// Takes in one event and gives the text it adds.
    fn take(&mut self, data: &str) -> Result<String, ModelError> {
        if data == "[DONE]" {
            self.done = true;
            return Ok(String::new());
        }
        let event: Value = serde_json::from_str(data)
            .map_err(|_| ModelError::Remote("it sent an event that is no JSON".to_owned()))?;
        if !event["error"].is_null() {
            return Err(ModelError::Remote("it reported an error in the middle of the stream".to_owned()));
        }
        let number = |value: &Value| value.as_u64().and_then(|number| usize::try_from(number).ok());
        let usage = &event["usage"];
        self.prompt_tokens = number(&usage["prompt_tokens"]).or(self.prompt_tokens);
        self.stated_tokens = number(&usage["completion_tokens"]).or(self.stated_tokens);
        self.cached_tokens = number(&usage["prompt_tokens_details"]["cached_tokens"]).or(self.cached_tokens);
        let choice = &event["choices"][0];
        match choice["finish_reason"].as_str() {
            Some("length") => self.finish = Some(Finish::Length),
            Some(_) => self.finish = Some(Finish::Stop),
            None => {}
        }
        let text = choice["delta"]["content"].as_str().unwrap_or_default().to_owned();
        self.pieces += usize::from(!text.is_empty());
        Ok(text)
    }

    fn count(&self, usage: &mut GenerationUsage) {
        usage.prompt_tokens = self.prompt_tokens.unwrap_or(usage.prompt_tokens);
        usage.cached_tokens = self.cached_tokens.unwrap_or(0);
        usage.generated_tokens = self.stated_tokens.unwrap_or(self.pieces);
    }
}

/// A client whose TLS is ring; the provider is installed here because reqwest brings none.
pub(super) fn http_client(limit: Option<Duration>) -> reqwest::Result<Client> {
    // It may be installed already, by an earlier client: that is what is wanted.
    rustls::crypto::ring::default_provider().install_default().ok();
    let builder = Client::builder().connect_timeout(CONNECT);
    match limit {
        Some(limit) => builder.timeout(limit).build(),
        None => builder.build(),
    }
}

/// A transport error without the address, which may carry secrets, and down to its cause.
fn broken(error: &reqwest::Error) -> ModelError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    let what = if error.is_connect() { "no connection" } else { "the connection broke off" };
    ModelError::Remote(format!("{what}: {cause}"))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}
