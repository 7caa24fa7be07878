//! How is a subscription told of something? One signed request, to an address that leads out of this network, with no
//! redirect followed and no more than the beginning of the answer read.

mod public;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use reqwest::{Client, Response, Url};
use secrecy::SecretString;
use tokio::time::{Instant, timeout_at};

use super::orders::Outage;
use super::post::{self, milliseconds, unreachable};
use super::signature::Signer;
use crate::identity::DeliveryId;
use crate::time::Now;
use crate::webhooks::Attempt;
use public::{PublicOnly, host_is_public};

/// So much of an answer is read and kept, in bytes.
const MOST_ANSWER: usize = 4096;

/// The longest address, in bytes.
const LONGEST_URL: usize = 2048;

/// Nothing can be delivered.
#[derive(Debug, thiserror::Error)]
#[error("webhooks cannot be sent: {0}")]
pub struct CourierError(String);

/// An address to which nothing can be delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is no address of a web server.
    #[error("an http or https address is expected, as in `https://shop.example/warmdesk`")]
    NoAddress,
    /// It is too long.
    #[error("an address has at most {LONGEST_URL} bytes")]
    TooLong,
    /// It holds a name and password, which would be seen in lists.
    #[error("an address without name and password is expected; the other system knows us by the signature")]
    Password,
    /// It leads to this machine or network.
    #[error(
        "`{0}` is this machine or a private network; to allow such addresses set `webhooks.allow_private = true`"
    )]
    Private(String),
}

/// An address to which something may be delivered, as far as that can be known without looking it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target(Url);

impl Target {
    /// Checks an address.
    ///
    /// # Errors
    /// Why nothing is delivered there.
    pub fn new(text: &str, allow_private: bool) -> Result<Self, TargetError> {
        if text.len() > LONGEST_URL {
            return Err(TargetError::TooLong);
        }
        let url = Url::parse(text.trim()).map_err(|_| TargetError::NoAddress)?;
        let Some(host) = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https")) else {
            return Err(TargetError::NoAddress);
        };
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::Password);
        }
        // Addresses in numbers are never looked up, so that this is their only check.
        if !allow_private && !host_is_public(host) {
            return Err(TargetError::Private(host.to_owned()));
        }
        Ok(Self(url))
    }

    /// The address as it is asked for.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Brings deliveries to subscriptions. Cheap to clone; clones share the connections.
#[derive(Debug, Clone)]
pub struct Courier {
    client: Client,
    limit: Duration,
    allow_private: bool,
}

impl Courier {
    /// A courier that gives an attempt so long. Without `allow_private` it goes to no address of this machine or of a
    /// private network, whatever name leads there.
    ///
    /// # Errors
    /// If the HTTP client cannot be made.
    pub fn new(limit: Duration, allow_private: bool) -> Result<Self, CourierError> {
        let mut client = post::client(limit);
        if !allow_private {
            client = client.dns_resolver(Arc::new(PublicOnly));
        }
        let client = client.build().map_err(|error| CourierError(error.to_string()))?;
        Ok(Self { client, limit, allow_private })
    }

    /// Makes one attempt.
    pub async fn deliver(
        &self,
        (url, secret): (&str, &SecretString),
        (id, body): (&DeliveryId, String),
        now: &Now,
    ) -> Attempt {
        let failed = |error: String| Attempt { error: Some(error), ..Attempt::default() };
        // It was checked when it was given; what is allowed may have changed since.
        let target = match Target::new(url, self.allow_private) {
            Ok(target) => target,
            Err(error) => return failed(error.to_string()),
        };
        let signer = match Signer::new(secret) {
            Ok(signer) => signer,
            Err(error) => return failed(error.to_string()),
        };
        let ends = Instant::now() + self.limit;
        let request = post::signed(self.client.post(target.0), &signer, (id.as_str(), body), now);
        match timeout_at(ends, request.send()).await {
            Err(_) => failed(Outage::TimedOut(milliseconds(self.limit)).to_string()),
            Ok(Err(error)) => failed(unreachable(&error).to_string()),
            Ok(Ok(response)) => answered(response, ends).await,
        }
    }
}

/// What an answer comes to. The status decides; a body that does not end takes nothing back.
async fn answered(mut response: Response, ends: Instant) -> Attempt {
    let status = response.status();
    let mut bytes = Vec::new();
    while bytes.len() < MOST_ANSWER
        && let Ok(Ok(Some(piece))) = timeout_at(ends, response.chunk()).await
    {
        bytes.extend_from_slice(&piece);
    }
    // What is unreadable is replaced by something longer.
    let mut text = String::from_utf8_lossy(&bytes).into_owned();
    text.truncate(text.floor_char_boundary(MOST_ANSWER));
    let error = (!status.is_success()).then(|| match status.is_redirection() {
        true => format!("it answered with status {}, and redirects are not followed", status.as_u16()),
        false => Outage::Status(status.as_u16()).to_string(),
    });
    Attempt { status: Some(status.as_u16()), answer: Some(text).filter(|text| !text.is_empty()), error }
}
