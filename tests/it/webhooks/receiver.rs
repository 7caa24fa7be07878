//! A system that is told what happens, with moods: it checks the signature of everything that comes and keeps a log of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde_json::Value;
use warmdesk::connect::Signer;
use warmdesk::example::{Port, Serving};

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes what comes.
    Takes,
    /// It answers with a status.
    Status(u16),
    /// It answers 500 with a long page.
    Page,
    /// It sends whoever comes to another address.
    SendsOn,
    /// It does not answer in time.
    Hangs,
}

#[derive(Default)]
struct Log {
    secret: Option<SecretString>,
    mood: Option<Mood>,
    /// The ids that came, each as often as it came.
    asked: Vec<String>,
    taken: Vec<Value>,
    refused: Vec<String>,
    strangers: u32,
}

/// The running system.
pub struct Receiver {
    pub url: String,
    log: Arc<Mutex<Log>>,
    _serving: Serving,
}

impl Receiver {
    /// Starts it on a port of its own.
    pub async fn start(mood: Mood) -> Self {
        let log = Arc::new(Mutex::new(Log { mood: Some(mood), ..Log::default() }));
        let port = Port::take().await.unwrap();
        let url = port.url.clone();
        let _serving = port.serve(Router::new().fallback(answer).with_state(Arc::clone(&log)));
        Self { url, log, _serving }
    }

    /// Tells it the secret that signatures are checked with.
    pub fn knows(&self, secret: &str) {
        assert!(secret.starts_with("whsec_"), "{secret}");
        self.log.lock().unwrap().secret = Some(secret.into());
    }

    /// Puts it into a mood.
    pub fn is(&self, mood: Mood) {
        self.log.lock().unwrap().mood = Some(mood);
    }

    /// The ids that came, each as often as it came.
    pub fn asked(&self) -> Vec<String> {
        self.log.lock().unwrap().asked.clone()
    }

    /// What it took, in order.
    pub fn taken(&self) -> Vec<Value> {
        self.log.lock().unwrap().taken.clone()
    }

    /// Why it refused others.
    pub fn refused(&self) -> Vec<String> {
        self.log.lock().unwrap().refused.clone()
    }

    /// Requests that came where a redirect leads.
    pub fn strangers(&self) -> u32 {
        self.log.lock().unwrap().strangers
    }
}

async fn answer(State(log): State<Arc<Mutex<Log>>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let mood = {
        let mut log = log.lock().unwrap();
        if uri.path() != "/hook" {
            log.strangers += 1;
        }
        match checked(&log, &headers, &body) {
            Ok((id, body)) => {
                log.asked.push(id);
                if log.mood == Some(Mood::Takes) {
                    log.taken.push(body);
                }
            }
            Err(why) => {
                log.refused.push(why);
                return StatusCode::UNAUTHORIZED.into_response();
            }
        }
        log.mood
    };
    match mood {
        None | Some(Mood::Takes) => StatusCode::NO_CONTENT.into_response(),
        Some(Mood::Status(status)) => StatusCode::from_u16(status).unwrap().into_response(),
        Some(Mood::Page) => {
            let page = format!("<html><script>alert(1)</script>{}</html>", "服务器出错".repeat(1000));
            (StatusCode::INTERNAL_SERVER_ERROR, [(header::CONTENT_TYPE, "text/html")], page).into_response()
        }
        Some(Mood::SendsOn) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response()
        }
        Some(Mood::Hangs) => {
            tokio::time::sleep(Duration::from_secs(30)).await;
            StatusCode::OK.into_response()
        }
    }
}

/// Checks a delivery as Standard Webhooks says. Its id and body, or what is wrong.
fn checked(log: &Log, headers: &HeaderMap, body: &[u8]) -> Result<(String, Value), String> {
    let field = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned).ok_or(format!("no {name}"))
    };
    let (id, sent_at) = (field("webhook-id")?, field("webhook-timestamp")?);
    let secret = log.secret.as_ref().ok_or("nobody has told the secret")?;
    let seconds = sent_at.parse().map_err(|_| format!("the time {sent_at}"))?;
    let expected = Signer::new(secret).unwrap().sign(&id, seconds, body);
    if field("webhook-signature")? != expected {
        return Err(format!("the signature of {id}"));
    }
    if field("content-type")? != "application/json" {
        return Err("the type of the body".to_owned());
    }
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if body["id"] != id.as_str() {
        return Err(format!("another id in the body than {id}"));
    }
    Ok((id, body))
}
