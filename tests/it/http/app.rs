//! The router with fakes behind it, and short ways to call it.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use jiff::tz::TimeZone;
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::SecretString;
use serde_json::Value;
use tower::ServiceExt;
use warmdesk::http::auth::sign_customer;
use warmdesk::http::limits::LimitSettings;
use warmdesk::http::{AppState, DoorSettings, router};
use warmdesk::identity::CustomerId;
use warmdesk::time::{Now, TestClock};

use super::fakes::{Fake, SECRET, moment};

pub struct TestApp {
    pub fake: Arc<Fake>,
    pub state: AppState,
    router: Router,
}

/// What came back.
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The server-sent events: name and data.
    pub fn events(&self) -> Vec<(String, String)> {
        events(&self.text)
    }
}

/// Reads server-sent events.
pub fn events(text: &str) -> Vec<(String, String)> {
    let field = |block: &str, name: &str| {
        let lines = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        lines.collect::<Vec<_>>().join("\n")
    };
    text.split("\n\n")
        .map(|block| (field(block, "event"), field(block, "data")))
        .filter(|(_, data)| !data.is_empty())
        .collect()
}

fn metrics() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(|| warmdesk::telemetry::metrics::install().unwrap()).clone()
}

/// The signature of a customer of the fake shop.
pub fn signature(customer: &str) -> String {
    sign_customer(&SecretString::from(SECRET), &CustomerId::new(customer).unwrap())
}

impl TestApp {
    pub fn new() -> Self {
        Self::with(DoorSettings::default())
    }

    pub fn with(settings: DoorSettings) -> Self {
        Self::build(Fake::new(Duration::ZERO), settings)
    }

    pub fn slow(pause: Duration, settings: DoorSettings) -> Self {
        Self::build(Fake::new(pause), settings)
    }

    pub fn limited(limits: LimitSettings) -> Self {
        Self::with(DoorSettings { limits, ..DoorSettings::default() })
    }

    fn build(fake: Arc<Fake>, settings: DoorSettings) -> Self {
        let clock = TestClock::new(Now::new(moment(), TimeZone::get("Asia/Shanghai").unwrap()));
        let state =
            AppState::new(fake.ports(), settings).with_metrics(metrics()).with_test_clock(Arc::new(clock));
        Self { fake, router: router(state.clone()), state }
    }

    pub fn call(&self, method: Method, path: &str) -> Call<'_> {
        let address: SocketAddr = "192.0.2.7:5000".parse().unwrap();
        let request = Request::builder().method(method).uri(path).extension(ConnectInfo(address));
        Call { app: self, request, body: Body::empty() }
    }

    pub fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// A message to the chat door.
    pub fn chat(&self, body: Value) -> Call<'_> {
        self.post("/api/v1/chat").json(body)
    }

    /// Opens a session and gives its token and conversation.
    pub async fn session(&self, customer: Option<&str>) -> (String, String) {
        let body = customer.map_or_else(
            || serde_json::json!({}),
            |id| serde_json::json!({"customer": {"id": id, "signature": signature(id)}}),
        );
        let opened = self.post("/api/v1/session").json(body).send().await.json();
        let text = |field: &str| opened[field].as_str().unwrap().to_owned();
        (text("token"), text("conversation"))
    }

    /// Asks for a person as a signed customer and gives the ticket and the conversation.
    pub async fn ticket(&self) -> (String, String) {
        let customer = serde_json::json!({"id": "C-1", "signature": signature("C-1")});
        let body = serde_json::json!({"message": "转人工", "customer": customer});
        let reply = self.chat(body).send().await.json();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        (text(&reply["handoff"]["ticket"]), text(&reply["conversation"]))
    }
}

/// A request that is being put together.
pub struct Call<'a> {
    app: &'a TestApp,
    request: axum::http::request::Builder,
    body: Body,
}

impl Call<'_> {
    pub fn key(self, key: &str) -> Self {
        self.header(header::AUTHORIZATION.as_str(), &format!("Bearer {key}"))
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub fn json(self, body: Value) -> Self {
        self.body(body.to_string())
    }

    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    /// As a stream of events.
    pub fn streamed(self) -> Self {
        self.header("accept", "text/event-stream")
    }

    /// The answer's head with its body still open.
    pub async fn open(self) -> axum::response::Response {
        let request = self.request.body(self.body).unwrap();
        self.app.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn send(self) -> Reply {
        let response = self.open().await;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Reply { status, headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
    }
}
