//! One look-up over HTTP: signed, to the configured host alone, no redirect followed, no more read than an answer may have.

use std::time::Duration;

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::address::Address;
use super::{ConnectError, OrdersOptions, Outage};
use crate::connect::signature::{ID, SIGNATURE, Signer, TIMESTAMP};
use crate::identity::{CustomerId, ShopId};
use crate::record::RecordKind;
use crate::time::Now;

/// An answer may have so many bytes.
pub(super) const MOST_BYTES: usize = 1024 * 1024;

/// What look-ups are sent with.
#[derive(Debug)]
pub(super) struct Caller {
    client: Client,
    pub(super) address: Address,
    token: Option<SecretString>,
    signer: Signer,
}

impl Caller {
    /// Checks address and secrets; the system itself is not asked before the first look-up.
    pub(super) fn new(options: &OrdersOptions) -> Result<Self, ConnectError> {
        // It may be installed already, by an earlier client: that is what is wanted.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            // A proxy would be one more place that sees whose orders are read.
            .no_proxy()
            .connect_timeout(options.timeout)
            .user_agent(concat!("warmdesk/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ConnectError::Client(error.to_string()))?;
        Ok(Self {
            client,
            address: Address::new(&options.url)?,
            token: options.token.clone(),
            signer: Signer::new(&options.secret)?,
        })
    }

    /// Asks for a customer's records and gives the answer's bytes.
    pub(super) async fn ask(
        &self,
        (shop, customer): (&ShopId, &CustomerId),
        kinds: &[RecordKind],
        now: &Now,
    ) -> Result<Vec<u8>, Outage> {
        let url = self
            .address
            .of(shop, customer)
            .ok_or_else(|| Outage::Unusable("this customer's id cannot stand in the address".to_owned()))?;
        let body = json!({ "shop": shop, "customer": customer, "kinds": kinds }).to_string();
        let id = format!("lookup_{}", uuid::Uuid::now_v7().simple());
        let sent_at = now.timestamp().as_second();
        let mut request = self
            .client
            .post(url)
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/json")
            .header(SIGNATURE, self.signer.sign(&id, sent_at, body.as_bytes()))
            .header(TIMESTAMP, sent_at)
            .header(ID, id);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        let mut response = request.body(body).send().await.map_err(|error| unreachable(&error))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Outage::Status(status));
        }
        let mut bytes = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| unreachable(&error))? {
            if bytes.len() + piece.len() > MOST_BYTES {
                return Err(Outage::Unusable(format!("it has more than {MOST_BYTES} bytes")));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

/// A transport error without the address, which names the customer, and down to its cause.
fn unreachable(error: &reqwest::Error) -> Outage {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    Outage::Unreachable(cause.to_string())
}

/// A time limit in milliseconds, for people.
pub(super) fn milliseconds(limit: Duration) -> u64 {
    u64::try_from(limit.as_millis()).unwrap_or(u64::MAX)
}
