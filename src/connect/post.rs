//! One signed request to another system: to the configured host alone, no redirect followed, no more read than an answer
//! may have.

use std::net::IpAddr;
use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, ClientBuilder, RequestBuilder, Url, redirect};
use secrecy::{ExposeSecret, SecretString};

use super::orders::Outage;
use super::signature::{ID, SIGNATURE, SignatureError, Signer, TIMESTAMP};
use crate::time::Now;

/// An answer may have so many bytes.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// What requests are sent with.
#[derive(Debug)]
pub(super) struct Poster {
    client: Client,
    token: Option<SecretString>,
    signer: Signer,
}

/// Requests cannot be sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum PosterError {
    /// The secret cannot be signed with.
    #[error(transparent)]
    Secret(#[from] SignatureError),
    /// The HTTP client cannot be made.
    #[error("{0}")]
    Client(String),
}

/// What another system answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: u16,
    /// The body, if the status says that it went well.
    pub body: Vec<u8>,
}

impl Poster {
    /// A poster for one system; nothing is sent yet.
    pub fn new(
        secret: &SecretString,
        token: Option<SecretString>,
        connect_timeout: Duration,
    ) -> Result<Self, PosterError> {
        let client =
            client(connect_timeout).build().map_err(|error| PosterError::Client(error.to_string()))?;
        Ok(Self { client, token, signer: Signer::new(secret)? })
    }

    /// Sends a body under an id. The same id twice is the same request again.
    pub async fn post(&self, url: Url, id: &str, body: String, now: &Now) -> Result<Answer, Outage> {
        let mut request = signed(self.client.post(url), &self.signer, (id, body), now);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let mut response = request.send().await.map_err(|error| unreachable(&error))?;
        let status = response.status();
        let mut bytes = Vec::new();
        while status.is_success()
            && let Some(piece) = response.chunk().await.map_err(|error| unreachable(&error))?
        {
            if bytes.len() + piece.len() > MOST_BYTES {
                return Err(Outage::Unusable(format!("it has more than {MOST_BYTES} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Answer { status: status.as_u16(), body: bytes })
    }
}

/// A client as every request to another system wants it.
pub(super) fn client(connect_timeout: Duration) -> ClientBuilder {
    // It may be installed already, by an earlier client: that is what is wanted.
    rustls::crypto::ring::default_provider().install_default().ok();
    Client::builder()
        .redirect(redirect::Policy::none())
        // A proxy would be one more place that sees whose orders are spoken of.
        .no_proxy()
        .connect_timeout(connect_timeout)
        .user_agent(concat!("warmdesk/", env!("CARGO_PKG_VERSION")))
}

/// A request with a body under an id, signed at a moment.
pub(super) fn signed(
    request: RequestBuilder,
    signer: &Signer,
    (id, body): (&str, String),
    now: &Now,
) -> RequestBuilder {
    let sent_at = now.timestamp().as_second();
    request
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/json")
        .header(SIGNATURE, signer.sign(id, sent_at, body.as_bytes()))
        .header(TIMESTAMP, sent_at)
        .header(ID, id)
        .body(body)
}

/// A transport error without the address, which may name the customer, and down to its cause.
pub(super) fn unreachable(error: &reqwest::Error) -> Outage {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Outage::Unreachable(cause.to_string())
}

/// Scheme, host and port of an address, for people.
pub(super) fn host(address: &Url) -> String {
    address.origin().ascii_serialization()
}

/// Whether what is sent there can be read on the way: plain HTTP to another machine.
pub(super) fn is_readable_on_the_way(address: &Url) -> bool {
    let host = address.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let here = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    address.scheme() == "http" && !here
}

/// A time limit in milliseconds, for people.
pub(super) fn milliseconds(limit: Duration) -> u64 {
    u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)
}
