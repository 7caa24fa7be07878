//! A shop's own order system, as small as one can be: it checks who asks, and gives a customer's records.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use warmdesk::example::{self, Credentials, Port, Serving, is_recent};

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
    _serving: Serving,
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
        let port = Port::take().await.unwrap();
        let url = port.url.clone();
        let _serving = port.serve(Router::new().fallback(answer).with_state(Arc::clone(&desk)));
        Self { url, desk, _serving }
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

/// Checks who asks, when, and that no look-up comes twice. The customer, or what is wrong.
fn who_is_asked_for(desk: &Desk, headers: &HeaderMap, body: &[u8]) -> Result<String, String> {
    let credentials = Credentials { secret: SECRET.into(), token: TOKEN.into() };
    let received = example::check(headers, body, &credentials)?;
    // The built program runs by the machine's clock, the shops of the tests by theirs.
    let clocks = [moment(REFERENCE).timestamp(), jiff::Timestamp::now()];
    if !clocks.iter().any(|now| is_recent(received.sent_at, now.as_second())) {
        return Err("an old look-up".to_owned());
    }
    let mut seen = desk.seen.lock().unwrap();
    if seen.contains(&received.id) {
        return Err("a repeated look-up".to_owned());
    }
    seen.push(received.id);
    received.body["customer"].as_str().map(str::to_owned).ok_or_else(|| "no customer".to_owned())
}
