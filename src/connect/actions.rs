//! How is the shop's own system asked to do something? One signed request an action, whose id is the same however often it
//! is sent, so that the system can do it once; its answer is the result, or that the result comes later.

use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Url;
use secrecy::SecretString;
use serde_json::json;
use tokio::time::timeout;
use uuid::Uuid;

use super::breaker::{Breaker, BreakerState};
use super::orders::Outage;
use super::post::{self, Poster, milliseconds};
use crate::actions::{Action, ActionResult};
use crate::time::Now;

/// Statuses by which the system says that it will never do this: asking again would not help.
const REFUSALS: [u16; 8] = [400, 403, 404, 405, 409, 410, 422, 501];

/// Where the system is and how it is asked.
#[derive(Debug, Clone)]
pub struct ActionsOptions {
    /// Its address.
    pub url: String,
    /// Sent as a bearer token, if there is one.
    pub token: Option<SecretString>,
    /// What requests are signed with.
    pub secret: SecretString,
    /// So long an attempt may take.
    pub timeout: Duration,
    /// So many attempts are made before a person is asked.
    pub most_attempts: u32,
    /// So long after the first failed attempt the next one is made; each time twice as long.
    pub first_pause: Duration,
    /// So many failures in a row leave the system alone.
    pub failures: u32,
    /// So long it is then left alone.
    pub pause: Duration,
}

/// Actions cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum ActionsError {
    /// The address is none.
    #[error("`{0}` cannot be asked for actions: it is no http or https address without name and password")]
    Address(String),
    /// Secret or client.
    #[error("actions cannot be sent: {0}")]
    Unsendable(String),
}

/// What the system answered.
#[derive(Debug, Clone, PartialEq)]
pub enum Answered {
    /// It has the action and brings the result later.
    Accepted,
    /// What came of it.
    Result(ActionResult),
}

/// What a system said to a question that asks for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probed {
    /// It accepted it: address, token and signature fit.
    Accepted,
    /// It is there, and does not know such a question; it said so with this status.
    Unknown(u16),
}

/// Asks the shop's own system to do things. Cheap to clone; clones share everything.
#[derive(Debug, Clone)]
pub struct ShopActions {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: ActionsOptions,
    url: Url,
    poster: Poster,
    breaker: Breaker,
}

impl ShopActions {
    /// A connector; the system is not asked before the first action.
    ///
    /// # Errors
    /// If address or secret cannot be used.
    pub fn new(options: ActionsOptions) -> Result<Self, ActionsError> {
        let refuse = || ActionsError::Address(options.url.clone());
        let url = Url::parse(&options.url).map_err(|_| refuse())?;
        let plain = url.username().is_empty() && url.password().is_none();
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() || !plain {
            return Err(refuse());
        }
        let poster = Poster::new(&options.secret, options.token.clone(), options.timeout)
            .map_err(|error| ActionsError::Unsendable(error.to_string()))?;
        let breaker = Breaker::new(options.failures, options.pause);
        Ok(Self { inner: Arc::new(Inner { url, poster, breaker, options }) })
    }

    /// How it is asked.
    pub fn options(&self) -> &ActionsOptions {
        &self.inner.options
    }

    /// Whether it is asked at all, or left alone for now.
    pub fn is_left_alone(&self) -> bool {
        self.inner.breaker.state(Instant::now()) == BreakerState::Open
    }

    /// Where it is: scheme, host and port, for people.
    pub fn host(&self) -> String {
        post::host(&self.inner.url)
    }

    /// Whether actions can be read on the way: plain HTTP to another machine.
    pub fn is_readable_on_the_way(&self) -> bool {
        post::is_readable_on_the_way(&self.inner.url)
    }

    /// Asks for nothing, under token and signature, to see whether it is there.
    ///
    /// # Errors
    /// If it is not reached, or sends whoever asks away.
    pub async fn probe(&self, now: &Now) -> Result<Probed, Outage> {
        let body = json!({ "type": "ping", "timestamp": now.timestamp(), "data": {} });
        let id = format!("ping_{}", Uuid::now_v7().simple());
        let limit = self.inner.options.timeout;
        let sent = self.inner.poster.post(self.inner.url.clone(), &id, body.to_string(), now);
        let answer = timeout(limit, sent).await.map_err(|_| Outage::TimedOut(milliseconds(limit)))??;
        match answer.status {
            200..=299 => Ok(Probed::Accepted),
            // Others refuse what they do not know, whoever asks; these say that they do not know who asks.
            status if status != 403 && REFUSALS.contains(&status) => Ok(Probed::Unknown(status)),
            status => Err(Outage::Status(status)),
        }
    }

    /// Sends an action and waits for the answer.
    ///
    /// # Errors
    /// Why nothing came of it. [`is_refusal`] says whether asking again is of no use.
    pub async fn send(&self, action: &Action, now: &Now) -> Result<Answered, Outage> {
        let Some(permit) = self.inner.breaker.admit(Instant::now()) else { return Err(Outage::LeftAlone) };
        let limit = self.inner.options.timeout;
        let answered = match timeout(limit, self.ask(action, now)).await {
            Ok(answered) => answered,
            Err(_) => Err(Outage::TimedOut(milliseconds(limit))),
        };
        match &answered {
            // Who refuses has answered.
            Err(outage) if !is_refusal(outage) => drop(permit.failed(Instant::now())),
            _ => permit.answered(),
        }
        answered
    }

    async fn ask(&self, action: &Action, now: &Now) -> Result<Answered, Outage> {
        let body = json!({
            "type": "action.requested",
            "timestamp": now.timestamp(),
            "data": {
                "id": action.id,
                "kind": action.kind,
                "shop": action.shop,
                "customer": action.customer,
                "conversation": action.conversation,
                "args": action.args,
                "due": action.due,
                "requested_by": action.requested_by,
                "attempt": action.attempts,
            },
        });
        let sent = self.inner.poster.post(self.inner.url.clone(), action.id.as_str(), body.to_string(), now);
        let answer = sent.await?;
        match answer.status {
            202 | 204 => Ok(Answered::Accepted),
            200 if answer.body.iter().all(u8::is_ascii_whitespace) => Ok(Answered::Accepted),
            200 => read(&answer.body, action).map(Answered::Result).map_err(Outage::Unusable),
            status => Err(Outage::Status(status)),
        }
    }
}

/// Whether the system has said that it will not do it.
pub fn is_refusal(outage: &Outage) -> bool {
    matches!(outage, Outage::Status(status) if REFUSALS.contains(status))
}

/// Reads a result that came as the answer.
fn read(body: &[u8], action: &Action) -> Result<ActionResult, String> {
    let result: ActionResult =
        serde_json::from_slice(body).map_err(|error| format!("a result as JSON is expected: {error}"))?;
    result.check().map_err(|error| error.to_string())?;
    if !action.is_about(&result) {
        return Err("it speaks of another order or parcel".to_owned());
    }
    Ok(result)
}
