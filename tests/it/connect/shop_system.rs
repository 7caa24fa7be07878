//! A shop's own order system, as small as one can be: it checks who asks, and gives a customer's records.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use warmdesk::connect::Signer;

use crate::app::{REFERENCE, moment};

/// The secret under which look-ups are signed.
pub const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// The token it wants.
pub const TOKEN: &str = "token-of-the-tests";

/// How it is.
#[derive(Debug, Clone, Copy)]
pub enum Mood {
    /// It answers.
    Well,
    /// It answers with a status.
    Fails(u16),
    /// It answers 200 with something.
    Says(&'static str),
    /// It sends so many bytes.
    Talks(usize),
    /// It sends whoever asks to another address.
    SendsOn,
    /// It answers rightly, much later.
    Waits(Duration),
    /// It begins an answer and breaks off.
    HangsUp,
}

/// A look-up that was accepted.
#[derive(Debug, Clone)]
pub struct Asked {
    pub customer: String,
    pub path: String,
    pub query: String,
}

/// The running system.
pub struct ShopSystem {
    pub url: String,
    desk: Arc<Desk>,
}

struct Desk {
    mood: Mutex<Mood>,
    records: Mutex<HashMap<String, Vec<Value>>>,
    asked: Mutex<Vec<Asked>>,
    refused: Mutex<Vec<String>>,
    strangers: Mutex<Vec<String>>,
    seen: Mutex<Vec<String>>,
}

impl ShopSystem {
    /// Starts it on a port of its own.
    pub async fn start() -> Self {
        let desk = Arc::new(Desk {
            mood: Mutex::new(Mood::Well),
            records: Mutex::default(),
            asked: Mutex::default(),
            refused: Mutex::default(),
            strangers: Mutex::default(),
            seen: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(Arc::clone(&desk));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, desk }
    }

    /// Puts it into a mood.
    pub fn is(&self, mood: Mood) {
        *self.desk.mood.lock().unwrap() = mood;
    }

    /// Gives a customer these records, whoever they belong to.
    pub fn give(&self, customer: &str, records: impl IntoIterator<Item = Value>) {
        self.desk.records.lock().unwrap().insert(customer.to_owned(), records.into_iter().collect());
    }

    /// The look-ups that it accepted.
    pub fn asked(&self) -> Vec<Asked> {
        self.desk.asked.lock().unwrap().clone()
    }

    /// Why it refused others.
    pub fn refused(&self) -> Vec<String> {
        self.desk.refused.lock().unwrap().clone()
    }

    /// Requests that came where a redirect leads.
    pub fn strangers(&self) -> Vec<String> {
        self.desk.strangers.lock().unwrap().clone()
    }
}

async fn answer(State(desk): State<Arc<Desk>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    if uri.path() == "/elsewhere" {
        desk.strangers.lock().unwrap().push(uri.to_string());
    }
    let customer = match who_is_asked_for(&desk, &headers, &body) {
        Ok(customer) => customer,
        Err(why) => {
            desk.refused.lock().unwrap().push(why);
            return StatusCode::UNAUTHORIZED.into_response();
        }
    };
    let (path, query) = (uri.path().to_owned(), uri.query().unwrap_or_default().to_owned());
    desk.asked.lock().unwrap().push(Asked { customer: customer.clone(), path, query });
    let mood = *desk.mood.lock().unwrap();
    let records = desk.records.lock().unwrap().get(&customer).cloned().unwrap_or_default();
    let rightly = json!({ "records": records }).to_string();
    match mood {
        Mood::Well => rightly.into_response(),
        Mood::Fails(status) => StatusCode::from_u16(status).unwrap().into_response(),
        Mood::Says(text) => text.into_response(),
        Mood::Talks(bytes) => vec![b' '; bytes].into_response(),
        Mood::SendsOn => (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/elsewhere")]).into_response(),
        Mood::Waits(time) => {
            tokio::time::sleep(time).await;
            rightly.into_response()
        }
        Mood::HangsUp => {
            let pieces = [Ok(Bytes::from("{\"rec")), Err(std::io::Error::other("gone"))];
            Body::from_stream(futures_util::stream::iter(pieces)).into_response()
        }
    }
}

/// Checks token, signature, time and that no look-up comes twice. The customer, or what is wrong.
fn who_is_asked_for(desk: &Desk, headers: &HeaderMap, body: &[u8]) -> Result<String, String> {
    let text = |name: &str| {
        let value = headers.get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned).ok_or_else(|| format!("{name} is missing"))
    };
    if text("authorization")? != format!("Bearer {TOKEN}") {
        return Err("another token".to_owned());
    }
    let (id, sent_at) = (text("webhook-id")?, text("webhook-timestamp")?);
    let sent_at: i64 = sent_at.parse().map_err(|_| "no time")?;
    if (sent_at - moment(REFERENCE).timestamp().as_second()).abs() > 300 && !is_now(sent_at) {
        return Err("an old look-up".to_owned());
    }
    let signer = Signer::new(&SecretString::from(SECRET)).unwrap();
    if text("webhook-signature")? != signer.sign(&id, sent_at, body) {
        return Err("another signature".to_owned());
    }
    let mut seen = desk.seen.lock().unwrap();
    if seen.contains(&id) {
        return Err("a repeated look-up".to_owned());
    }
    seen.push(id);
    let body: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    body["customer"].as_str().map(str::to_owned).ok_or_else(|| "no customer".to_owned())
}

/// The built program runs by the machine's clock, the shops of the tests by theirs.
fn is_now(sent_at: i64) -> bool {
    (sent_at - jiff::Timestamp::now().as_second()).abs() <= 300
}
