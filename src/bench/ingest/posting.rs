//! Several systems that report at a rate no server can slow down, and whether everything is there that was acknowledged.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::JoinSet;

use super::made::{Made, Request};
use super::{EventsPlan, Kept};
use crate::bench::BenchError;
use crate::bench::client::{Client, broken, lost_connection, refusal};
use crate::bench::outcome::{TurnError, code};

/// The door takes at most so many events at once.
pub(super) const MOST_AT_ONCE: usize = 1000;

/// So often the door is asked for the same events, so far apart, before the measurement is given up.
const TRIES: usize = 3;
const APART: Duration = Duration::from_millis(500);

/// The server's code for what it turns away before it is read.
const TURNED_AWAY: &str = "too_many_requests";

/// A request that was answered, or not.
#[derive(Debug)]
pub(super) struct Posted {
    /// The request.
    pub(super) request: Request,
    /// From when it was due to the answer that acknowledges it, or what went wrong.
    pub(super) result: Result<Duration, TurnError>,
    /// How long after it was due it was sent.
    pub(super) late: Duration,
}

/// Events that the door has taken.
struct Taken {
    accepted: usize,
    duplicate: usize,
}

/// Sends all requests, each when it is due or as soon as a poster is free for it; the waiting counts.
pub(super) async fn post_all(
    plan: &EventsPlan,
    (client, made): (Arc<Client>, Arc<Made>),
    (requests, started): (Arc<Vec<Request>>, Instant),
    posted: UnboundedSender<Posted>,
) {
    let next = Arc::new(AtomicUsize::new(0));
    let mut running = JoinSet::new();
    for _ in 0..plan.posters {
        let (client, made, requests) = (Arc::clone(&client), Arc::clone(&made), Arc::clone(&requests));
        let (next, posted, timeout) = (Arc::clone(&next), posted.clone(), plan.timeout);
        running.spawn(async move {
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)).copied() {
                // Made before it is due, so that the making is no latency.
                let body = made.body(request);
                let due = started + request.due;
                tokio::time::sleep_until(due.into()).await;
                let late = due.elapsed();
                let deadline = (Instant::now() + timeout).into();
                let result = match tokio::time::timeout_at(deadline, post(&client, &body)).await {
                    Ok(Ok(taken)) => acknowledged(&taken, request).map(|()| due.elapsed()),
                    Ok(Err(error)) => Err(error),
                    Err(_) => Err(TurnError::new(code::TIMEOUT, "no answer in time")),
                };
                if posted.send(Posted { request, result, late }).is_err() {
                    return;
                }
            }
        });
    }
    drop(posted);
    while running.join_next().await.is_some() {}
}

/// Whether the answer acknowledges every event of the request.
fn acknowledged(taken: &Taken, request: Request) -> Result<(), TurnError> {
    let counted = taken.accepted + taken.duplicate;
    if counted == request.count {
        return Ok(());
    }
    let message = format!("{} events were sent, and {counted} are in the answer", request.count);
    Err(TurnError::new(code::MALFORMED, message))
}

async fn post(client: &Client, body: &Value) -> Result<Taken, TurnError> {
    let request = client.request(Method::POST, "/api/v1/events").json(body);
    let response = request.send().await.map_err(|error| lost_connection(&error))?;
    if !response.status().is_success() {
        return Err(refusal(response).await);
    }
    let answer: Value = response.json().await.map_err(|error| broken(&error))?;
    let count = |name: &str| {
        let count = answer[name].as_u64().and_then(|count| usize::try_from(count).ok());
        count.ok_or_else(|| TurnError::new(code::MALFORMED, format!("the answer has no `{name}`")))
    };
    Ok(Taken { accepted: count("accepted")?, duplicate: count("duplicate")? })
}

/// Whether every acknowledged event is kept: reported again, each must be known already. One that is taken as new was lost.
///
/// # Errors
/// If the door does not answer.
pub(super) async fn confirm(
    client: &Client,
    (made, acknowledged): (&Made, &[Request]),
    timeout: Duration,
) -> Result<Kept, BenchError> {
    let numbers: Vec<usize> =
        acknowledged.iter().flat_map(|request| request.from..request.from + request.count).collect();
    let mut kept = Kept::default();
    for some in numbers.chunks(MOST_AT_ONCE) {
        let body: Value = some.iter().map(|number| made.event(*number)).collect();
        let taken = again(client, &body, timeout).await?;
        kept.found += taken.duplicate;
        kept.missing += taken.accepted;
    }
    Ok(kept)
}

/// Only an answer says what is kept. A request that went without one may have written what was missing, so that the door is
/// asked again only where the events cannot have reached the store.
async fn again(client: &Client, body: &Value, timeout: Duration) -> Result<Taken, BenchError> {
    let mut tries = 1;
    loop {
        let error = match tokio::time::timeout(timeout, post(client, body)).await {
            Ok(Ok(taken)) => return Ok(taken),
            Ok(Err(error)) => error,
            Err(_) => TurnError::new(code::TIMEOUT, "no answer in time"),
        };
        let is_untouched = [code::CONNECT, TURNED_AWAY].contains(&error.code.as_str());
        if !is_untouched || tries == TRIES {
            return Err(BenchError::Failed {
                what: "what is kept cannot be asked for",
                message: error.message,
            });
        }
        tries += 1;
        tokio::time::sleep(APART).await;
    }
}
