//! Which doors does the system have? One for actions, one that shows its log, and one that lets an after-sale case go on.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Json;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::Pace;
use super::books::{Answer, Books, Wish};
use super::log::{Log, What};
use super::outbox::{Delivery, Outbox};
use super::proof::{self, Credentials};
use crate::actions::ActionResult;
use crate::http::ports::ShopSystemPort;
use crate::time::Clock;

/// Everything behind the doors.
pub struct Desk {
    pub credentials: Credentials,
    pub books: Mutex<Books>,
    pub log: Arc<Mutex<Log>>,
    pub outbox: Outbox,
    pub pace: Pace,
    pub clock: Arc<dyn Clock>,
    pub ending: CancellationToken,
}

/// What somebody has who panicked with it is still whole: every change is one assignment.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The doors.
pub fn router(desk: Arc<Desk>) -> Router {
    Router::new()
        .route("/actions", post(actions))
        .route("/log", get(log))
        .route("/aftersales/{id}/next", post(next))
        .with_state(desk)
}

async fn log(State(desk): State<Arc<Desk>>) -> Json<Log> {
    Json(desk.read_log())
}

/// An after-sale case goes on by one step: the goods arrive, they are inspected, the money or the new parcel is sent.
async fn next(State(desk): State<Arc<Desk>>, Path(id): Path<String>, headers: HeaderMap) -> Response {
    if !proof::has_token(&headers, &desk.credentials.token) {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    match desk.go_on(&id) {
        Some(record) => Json(record).into_response(),
        None => (StatusCode::CONFLICT, "there is no such case, or it is at its end").into_response(),
    }
}

async fn actions(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let now = desk.clock.now();
    let checked = proof::check(&headers, &body, &desk.credentials).and_then(|received| {
        let recent = proof::is_recent(received.sent_at, now.timestamp().as_second());
        if recent { Ok(received) } else { Err("it was sent at another time".to_owned()) }
    });
    let received = match checked {
        Ok(received) => received,
        Err(why) => {
            desk.note(What::Refused, ("", why));
            return StatusCode::UNAUTHORIZED.into_response();
        }
    };
    let data = &received.body["data"];
    match received.body["type"].as_str() {
        // Only whether it is reached and knows who asks.
        Some("ping") => StatusCode::NO_CONTENT.into_response(),
        Some("action.requested") if data["id"] == received.id.as_str() => desk.asked(data),
        _ => StatusCode::BAD_REQUEST.into_response(),
    }
}

impl Desk {
    /// What was asked and done until now.
    pub fn read_log(&self) -> Log {
        locked(&self.log).clone()
    }

    fn note(&self, what: What, about_and_text: (&str, String)) {
        locked(&self.log).note(&self.clock.now(), what, about_and_text);
    }

    /// Does an action, or repeats what was answered to it.
    fn asked(self: &Arc<Self>, data: &Value) -> Response {
        let text = |field: &str| data[field].as_str().unwrap_or_default();
        let args: Map<String, Value> = data["args"].as_object().cloned().unwrap_or_default();
        let wish = Wish { id: text("id"), kind: text("kind"), customer: text("customer"), args: &args };
        let work = locked(&self.books).execute(&wish, &self.clock.now());
        locked(&self.log).asked((wish.id, wish.kind), &args);
        self.note(What::Asked, (wish.id, wish.kind.to_owned()));
        for record in work.records {
            let case = record["kind"] == "aftersale";
            let id = record["id"].as_str().unwrap_or_default().to_owned();
            self.outbox.send(Delivery::Record(record));
            if case {
                self.keep_going(id);
            }
        }
        if let Some(finding) = work.finding {
            self.find_out(wish.id.to_owned(), finding);
        }
        self.answer(wish.id, work.answer)
    }

    fn answer(&self, id: &str, answer: Answer) -> Response {
        match answer {
            Answer::Later => {
                self.note(What::Answered, (id, "202".to_owned()));
                StatusCode::ACCEPTED.into_response()
            }
            Answer::ByPerson => {
                self.note(What::Answered, (id, "501".to_owned()));
                StatusCode::NOT_IMPLEMENTED.into_response()
            }
            Answer::Result(result) => {
                locked(&self.log).came_of(id, &result);
                self.note(What::Answered, (id, result.text.clone().unwrap_or_default()));
                Json(json!(result)).into_response()
            }
        }
    }

    /// Brings what the carrier finds, when it has found it.
    fn find_out(self: &Arc<Self>, action: String, result: ActionResult) {
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            let waited = desk.ending.run_until_cancelled(tokio::time::sleep(desk.pace.finding)).await;
            if waited.is_some() {
                locked(&desk.log).came_of(&action, &result);
                desk.outbox.send(Delivery::Result { action, result });
            }
        });
    }

    /// Lets a case go on by itself to its end, if it does so here.
    fn keep_going(self: &Arc<Self>, case: String) {
        let Some(step) = self.pace.step else { return };
        let desk = Arc::clone(self);
        tokio::spawn(async move {
            while desk.ending.run_until_cancelled(tokio::time::sleep(step)).await.is_some() {
                if desk.go_on(&case).is_none() {
                    return;
                }
            }
        });
    }

    /// Lets a case go on by one step and writes it to Warmdesk. The case; none if it is at its end.
    fn go_on(&self, case: &str) -> Option<Value> {
        let record = locked(&self.books).next(case, &self.clock.now())?;
        self.outbox.send(Delivery::Record(record.clone()));
        Some(record)
    }
}

impl ShopSystemPort for Desk {
    fn log(&self) -> Value {
        json!(self.read_log())
    }

    fn lead_on(&self, order: &str) -> Option<Value> {
        let (record, event) = locked(&self.books).lead_on(order, &self.clock.now())?;
        self.outbox.send(Delivery::Record(record.clone()));
        self.outbox.send(Delivery::Event(event));
        Some(json!({ "order": order, "status": record["status"], "status_text": record["status_text"] }))
    }
}
