//! A shop's own system with moods: it checks who asks, does what is asked once unless its mood is against it, and keeps a
//! log of it. What a healthy one does is in `warmdesk::example`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use warmdesk::connect::ActionsOptions;
use warmdesk::example::{self, Credentials, Port, Serving};

/// The secret under which actions are signed.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The token it wants.
pub const TOKEN: &str = "token-of-the-tests";
/// What its carrier finds.
pub const FOUND: &str = "中通回复：包裹滞留在武汉转运中心，今天安排转出";

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It answers with the result at once.
    AtOnce,
    /// It says that it could not do it.
    Fails,
    /// It takes the action and says no more.
    Later,
    /// It answers with the result of another order.
    OfAnother,
    /// It answers 200 with a page.
    Page,
    /// It answers with a status.
    Status(u16),
    /// It sends whoever asks to another address.
    SendsOn,
    /// It does not answer in time.
    Never,
    /// By the action: at once, later, or with a fault the first time.
    Mixed,
}

/// The running system.
pub struct ShopSystem {
    pub url: String,
    desk: Arc<Desk>,
    _serving: Serving,
}

struct Desk {
    mood: Mutex<Mood>,
    /// By action: its kind and how often it was asked for. What was asked for before is not done again.
    log: Mutex<BTreeMap<String, (String, u32)>>,
    /// What was done, each once.
    done: Mutex<Vec<String>>,
    refused: Mutex<Vec<String>>,
    strangers: Mutex<u32>,
}

impl ShopSystem {
    /// Starts it on a port of its own.
    pub async fn start(mood: Mood) -> Self {
        let desk = Arc::new(Desk {
            mood: Mutex::new(mood),
            log: Mutex::default(),
            done: Mutex::default(),
            refused: Mutex::default(),
            strangers: Mutex::default(),
        });
        let port = Port::take().await.unwrap();
        let url = port.url.clone();
        let _serving = port.serve(Router::new().fallback(answer).with_state(Arc::clone(&desk)));
        Self { url, desk, _serving }
    }

    /// How a shop asks it.
    pub fn options(&self) -> ActionsOptions {
        options(&self.url)
    }

    /// Puts it into a mood.
    pub fn is(&self, mood: Mood) {
        *self.desk.mood.lock().unwrap() = mood;
    }

    /// The actions that it was asked for, with their kind and how often.
    pub fn log(&self) -> BTreeMap<String, (String, u32)> {
        self.desk.log.lock().unwrap().clone()
    }

    /// The actions that it did, in order.
    pub fn done(&self) -> Vec<String> {
        self.desk.done.lock().unwrap().clone()
    }

    /// Why it refused others.
    pub fn refused(&self) -> Vec<String> {
        self.desk.refused.lock().unwrap().clone()
    }

    /// Requests that came where a redirect leads.
    pub fn strangers(&self) -> u32 {
        *self.desk.strangers.lock().unwrap()
    }
}

/// How a shop asks a system, and what the system knows it by.
pub fn options(url: &str) -> ActionsOptions {
    let Credentials { secret, token } = credentials();
    ActionsOptions {
        url: format!("{url}/actions"),
        token: Some(token),
        secret,
        timeout: Duration::from_millis(500),
        most_attempts: 3,
        first_pause: Duration::from_secs(10),
        failures: 100,
        pause: Duration::from_secs(1),
    }
}

/// What the systems of the tests know Warmdesk by.
pub fn credentials() -> Credentials {
    Credentials { secret: SECRET.into(), token: TOKEN.into() }
}

/// The result of an action, as the system tells of it.
pub fn result(order: &Value) -> Value {
    json!({ "outcome": "done", "text": FOUND, "order": order })
}

async fn answer(
    State(desk): State<Arc<Desk>>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if uri.path() == "/elsewhere" {
        *desk.strangers.lock().unwrap() += 1;
    }
    let asked = match asked_for(&headers, &body) {
        Ok(asked) => asked,
        Err(why) => {
            desk.refused.lock().unwrap().push(why);
            return StatusCode::UNAUTHORIZED.into_response();
        }
    };
    let (id, kind) = (asked["id"].as_str().unwrap().to_owned(), asked["kind"].as_str().unwrap().to_owned());
    let times = {
        let mut log = desk.log.lock().unwrap();
        let entry = log.entry(id.clone()).or_insert((kind, 0));
        entry.1 += 1;
        entry.1
    };
    let mood = *desk.mood.lock().unwrap();
    let number: u32 = id.bytes().map(u32::from).sum();
    let mood = match (mood, number % 3) {
        (Mood::Mixed, 0) => Mood::AtOnce,
        (Mood::Mixed, 1) => Mood::Later,
        (Mood::Mixed, _) if times == 1 => Mood::Status(500),
        (Mood::Mixed, _) => Mood::AtOnce,
        (mood, _) => mood,
    };
    let takes = matches!(mood, Mood::AtOnce | Mood::Later);
    if takes && !desk.done.lock().unwrap().contains(&id) {
        desk.done.lock().unwrap().push(id);
    }
    let order = &asked["args"]["order"];
    match mood {
        Mood::AtOnce => result(order).to_string().into_response(),
        Mood::Fails => {
            json!({ "outcome": "failed", "text": "中通没有这件的记录" }).to_string().into_response()
        }
        Mood::Later => StatusCode::ACCEPTED.into_response(),
        Mood::OfAnother => result(&json!("99999999")).to_string().into_response(),
        Mood::Page => "<html><body>Login</body></html>".into_response(),
        Mood::Status(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Mood::SendsOn => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response(),
        Mood::Never | Mood::Mixed => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            StatusCode::OK.into_response()
        }
    }
}

/// Checks who asks, and that the id is the action's. What is asked for, or what is wrong.
fn asked_for(headers: &HeaderMap, body: &[u8]) -> Result<Value, String> {
    let received = example::check(headers, body, &credentials())?;
    let body = received.body;
    if body["type"] != "action.requested" || body["data"]["id"] != received.id.as_str() {
        return Err(format!("something else: {body}"));
    }
    Ok(body["data"].clone())
}
