//! One turn over HTTP, timed: the only part of the measurement that knows the API.

use std::time::{Duration, Instant};

use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, RequestBuilder, Response, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sha2::Sha256;

use super::deck::Dealt;
use super::events::{EventReader, ServerEvent};
use super::outcome::{Answer, Reply, TurnError, code};
use super::report::ServerReport;
use super::{BenchError, BenchPlan, Target};

/// How long connecting, and asking for the server's state, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a model may take to be read.
const LOADING: Duration = Duration::from_secs(120);

/// Talks to one server.
#[derive(Debug)]
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
    key: Option<SecretString>,
    secret: Option<SecretString>,
    stream: bool,
}

impl Client {
    /// A client for a plan's server.
    pub(super) fn new(plan: &BenchPlan) -> Result<Self, BenchError> {
        let target = Target {
            url: plan.url.clone(),
            admin_key: plan.admin_key.clone(),
            customer_secret: plan.customer_secret.clone(),
        };
        Ok(Self { stream: plan.stream, ..Self::of(&target, plan.connections)? })
    }

    /// A client for a server, which keeps so many connections open.
    pub(super) fn of(target: &Target, connections: usize) -> Result<Self, BenchError> {
        // reqwest wants a provider even for plain HTTP. Another part of the program may have chosen one already.
        rustls::crypto::ring::default_provider().install_default().ok();
        let url = target.url.trim_end_matches('/').to_owned();
        let refuse = |message: String| BenchError::Plan(format!("`{url}` is no server's address: {message}"));
        let parsed = reqwest::Url::parse(&url).map_err(|error| refuse(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(refuse("it must begin with http:// or https://".to_owned()));
        }
        let http = reqwest::Client::builder()
            .connect_timeout(PATIENCE)
            .pool_max_idle_per_host(connections)
            .tcp_nodelay(true)
            .no_proxy()
            .build()
            .map_err(|error| {
                BenchError::Plan(format!("the HTTP client cannot be set up: {}", causes(&error)))
            })?;
        Ok(Self {
            http,
            url,
            key: target.admin_key.clone(),
            secret: target.customer_secret.clone(),
            stream: true,
        })
    }

    /// Asks the server what it is and whether it is ready.
    pub(super) async fn server(&self, embedded: bool) -> Result<ServerReport, BenchError> {
        let response =
            self.request(Method::GET, "/readyz").timeout(PATIENCE).send().await.map_err(|error| {
                BenchError::Unreachable { url: self.url.clone(), message: causes(&error) }
            })?;
        let status = response.status();
        let body = response.text().await.unwrap_or_default();
        let not_ready = |message: String| BenchError::NotReady { url: self.url.clone(), message };
        if !status.is_success() {
            return Err(not_ready(format!("/readyz answers {status}: {}", beginning(&body))));
        }
        let ready: Value = serde_json::from_str(&body)
            .map_err(|_| not_ready(format!("/readyz answers no JSON: {}", beginning(&body))))?;
        let version = self.version().await;
        // Either the bare word, or an object that says more.
        let model = ready.get("model").map(|model| model.get("state").unwrap_or(model));
        let model = model.and_then(Value::as_str).map(str::to_owned);
        Ok(ServerReport { url: self.url.clone(), embedded, version, model })
    }

    /// Waits until the model has been read, so that a server that has just been started is measured with it.
    pub(super) async fn settled_server(&self, embedded: bool) -> Result<ServerReport, BenchError> {
        let started = Instant::now();
        loop {
            let server = self.server(embedded).await?;
            if server.model.as_deref() != Some("loading") {
                return Ok(server);
            }
            if started.elapsed() > LOADING {
                let message = format!("its model is still loading after {} s", LOADING.as_secs());
                return Err(BenchError::NotReady { url: self.url.clone(), message });
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    async fn version(&self) -> Option<String> {
        let response = self.request(Method::GET, "/version").timeout(PATIENCE).send().await.ok()?;
        let body: Value = response.error_for_status().ok()?.json().await.ok()?;
        body.get("version").and_then(Value::as_str).map(str::to_owned)
    }

    /// Asks one question. All times count from `due`.
    pub(super) async fn ask(
        &self,
        dealt: &Dealt,
        due: Instant,
        deadline: Instant,
    ) -> Result<Answer, TurnError> {
        match tokio::time::timeout_at(deadline.into(), self.ask_patiently(dealt, due)).await {
            Ok(result) => result,
            Err(_) => Err(TurnError::new(code::TIMEOUT, "no complete answer in time")),
        }
    }

    async fn ask_patiently(&self, dealt: &Dealt, due: Instant) -> Result<Answer, TurnError> {
        let accept = if self.stream { "text/event-stream" } else { "application/json" };
        let request =
            self.request(Method::POST, "/api/v1/chat").header(header::ACCEPT, accept).json(&self.body(dealt));
        let response = request.send().await.map_err(|error| lost_connection(&error))?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        if self.stream { read_stream(response, due).await } else { read_whole(response, due).await }
    }

    fn body(&self, dealt: &Dealt) -> Value {
        let mut body = json!({ "message": dealt.question.text, "channel": "bench" });
        if let Some(conversation) = &dealt.conversation {
            body["conversation"] = json!(conversation);
        }
        if let (Some(customer), Some(secret)) = (&dealt.question.customer, &self.secret) {
            body["customer"] = json!({ "id": customer, "signature": sign(secret, customer) });
        }
        body
    }

    /// Opens a conversation as a browser does when it shows the widget. None if the server opens none.
    pub(super) async fn open_conversation(&self) -> Option<String> {
        let request = self.request(Method::POST, "/api/v1/session").json(&json!({})).timeout(PATIENCE);
        let body: Value = request.send().await.ok()?.error_for_status().ok()?.json().await.ok()?;
        body.get("conversation").and_then(Value::as_str).map(str::to_owned)
    }

    /// Resolves a ticket that a turn opened, claiming it first where that is asked for. Whether it worked.
    pub(super) async fn resolve(&self, ticket: &str) -> bool {
        if self.post(&format!("/api/v1/tickets/{ticket}/resolve")).await {
            return true;
        }
        self.post(&format!("/api/v1/tickets/{ticket}/claim")).await
            && self.post(&format!("/api/v1/tickets/{ticket}/resolve")).await
    }

    async fn post(&self, path: &str) -> bool {
        let request = self.request(Method::POST, path).json(&json!({})).timeout(PATIENCE);
        request.send().await.is_ok_and(|response| response.status().is_success())
    }

    /// A request of a browser, which shows the token of its session and nothing else.
    pub(super) fn request_of(&self, session: &str, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.url)).bearer_auth(session)
    }

    /// A request with the key, if there is one.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        match &self.key {
            Some(key) => request.bearer_auth(key.expose_secret()),
            None => request,
        }
    }
}

async fn read_stream(mut response: Response, due: Instant) -> Result<Answer, TurnError> {
    let malformed = |message: String| TurnError::new(code::MALFORMED, message);
    let mut reader = EventReader::default();
    let mut first_sentence = None;
    while let Some(bytes) = response.chunk().await.map_err(|error| broken(&error))? {
        // One moment for the whole piece: what came together was readable together.
        let now = due.elapsed();
        for event in reader.push(&bytes).map_err(malformed)? {
            match event.name.as_str() {
                "sentence" => {
                    sentence_text(&event)?;
                    first_sentence.get_or_insert(now);
                }
                "done" => {
                    let reply = parse_reply(&event.data)?;
                    return Ok(Answer { first_sentence, total: now, reply });
                }
                "error" => return Err(error_of(&event.data, "client_error_event")),
                _ => {}
            }
        }
    }
    Err(TurnError::new(code::BROKEN_OFF, "the stream ended before its `done`"))
}

async fn read_whole(response: Response, due: Instant) -> Result<Answer, TurnError> {
    let body = response.text().await.map_err(|error| broken(&error))?;
    let total = due.elapsed();
    let reply = parse_reply(&body)?;
    // The first sentence cannot be read before the last one has come.
    let first_sentence = (!reply.sentences.is_empty()).then_some(total);
    Ok(Answer { first_sentence, total, reply })
}

/// An event that says it is a sentence has to hold one.
fn sentence_text(event: &ServerEvent) -> Result<String, TurnError> {
    let value: Option<Value> = serde_json::from_str(&event.data).ok();
    value
        .as_ref()
        .and_then(|value| value.get("text"))
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| TurnError::new(code::MALFORMED, "a `sentence` event holds no text"))
}

fn parse_reply(text: &str) -> Result<Reply, TurnError> {
    serde_json::from_str(text)
        .map_err(|error| TurnError::new(code::MALFORMED, format!("the answer: {error}")))
}

/// The error an answer with another status stands for.
pub(super) async fn refusal(response: Response) -> TurnError {
    let status = response.status().as_u16();
    let body = response.text().await.unwrap_or_default();
    error_of(&body, &format!("http_{status}"))
}

fn error_of(body: &str, otherwise: &str) -> TurnError {
    let value: Value = serde_json::from_str(body).unwrap_or_default();
    let field = |name: &str| value.pointer(&format!("/error/{name}")).and_then(Value::as_str);
    let message = field("message").unwrap_or(body);
    TurnError::new(field("code").unwrap_or(otherwise), beginning(message))
}

pub(super) fn lost_connection(error: &reqwest::Error) -> TurnError {
    let which = if error.is_connect() { code::CONNECT } else { code::BROKEN_OFF };
    TurnError::new(which, causes(error))
}

pub(super) fn broken(error: &reqwest::Error) -> TurnError {
    TurnError::new(code::BROKEN_OFF, causes(error))
}

/// An error with all that caused it; reqwest's own text stops at the first.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

fn beginning(text: &str) -> String {
    text.chars().take(200).collect()
}

/// The signature by which the shop proves its customer: hex HMAC-SHA256 of the UTF-8 id under the shop's secret.
/// The measurement has its own copy because it stands for the shop's system, not for the server.
pub(super) fn sign(secret: &SecretString, customer: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes())
        .expect("HMAC takes keys of every length");
    mac.update(customer.as_bytes());
    mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}
