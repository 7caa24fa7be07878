//! How does the system bring things to Warmdesk? Late results and records, one after the other in their order, each tried
//! again until it is taken or refused for good.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::mpsc;

use super::door::locked;
use super::log::{Log, What};
use crate::actions::ActionResult;
use crate::time::Clock;

/// The pause before a delivery is tried again; each time twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// After so many attempts it is given up.
const MOST_ATTEMPTS: u32 = 10;
/// So long an attempt may take.
const WITHIN: Duration = Duration::from_secs(10);

/// Something for Warmdesk.
#[derive(Debug)]
pub enum Delivery {
    /// What came of an action.
    Result {
        /// The action.
        action: String,
        /// What came of it.
        result: ActionResult,
    },
    /// A record as it stands now.
    Record(Value),
    /// Something that happened.
    Event(Value),
}

/// Takes deliveries. The deliverer ends when this is dropped.
#[derive(Debug)]
pub struct Outbox(mpsc::UnboundedSender<Delivery>);

impl Outbox {
    /// Begins to deliver.
    pub fn start(
        warmdesk: &str,
        key: SecretString,
        (log, clock): (Arc<Mutex<Log>>, Arc<dyn Clock>),
    ) -> anyhow::Result<Self> {
        // It may be installed already: that is what is wanted.
        rustls::crypto::ring::default_provider().install_default().ok();
        let client = Client::builder().no_proxy().timeout(WITHIN).build()?;
        let deliverer = Deliverer { client, warmdesk: warmdesk.to_owned(), key, log, clock };
        let (sender, mut deliveries) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Some(delivery) = deliveries.recv().await {
                deliverer.deliver(&delivery).await;
            }
        });
        Ok(Self(sender))
    }

    /// Puts something on its way.
    pub fn send(&self, delivery: Delivery) {
        // The deliverer goes on for as long as the outbox is there.
        let _ = self.0.send(delivery);
    }
}

struct Deliverer {
    client: Client,
    warmdesk: String,
    key: SecretString,
    log: Arc<Mutex<Log>>,
    clock: Arc<dyn Clock>,
}

impl Deliverer {
    async fn deliver(&self, delivery: &Delivery) {
        let mut pause = FIRST_PAUSE;
        for attempt in 1..=MOST_ATTEMPTS {
            match self.attempt(delivery).await {
                Ok(()) => return self.note(delivery, None),
                // What is refused will be refused again.
                Err((true, why)) => return self.note(delivery, Some(why)),
                Err((false, why)) if attempt == MOST_ATTEMPTS => return self.note(delivery, Some(why)),
                Err((false, _)) => tokio::time::sleep(pause).await,
            }
            pause *= 2;
        }
    }

    /// One attempt; why it failed, and whether for good.
    async fn attempt(&self, delivery: &Delivery) -> Result<(), (bool, String)> {
        let (path, body) = match delivery {
            Delivery::Result { action, result } => {
                let body = serde_json::to_string(result).map_err(|error| (true, error.to_string()))?;
                (format!("/api/v1/actions/{action}/result"), body)
            }
            // Every kind of record can be imported; the other doors are for some kinds only.
            Delivery::Record(record) => ("/api/v1/import".to_owned(), record.to_string()),
            Delivery::Event(event) => ("/api/v1/events".to_owned(), event.to_string()),
        };
        let sent = self.client.post(format!("{}{path}", self.warmdesk)).bearer_auth(self.key.expose_secret());
        let sent = sent.header("content-type", "application/json").body(body).send().await;
        let answer = sent.map_err(|error| (false, error.to_string()))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let why = answer.text().await.unwrap_or_default();
        Err((status.is_client_error() && status.as_u16() != 429, format!("{status}: {why}")))
    }

    fn note(&self, delivery: &Delivery, trouble: Option<String>) {
        let (what, about, text) = match delivery {
            Delivery::Result { action, result } => {
                (What::Reported, action.clone(), result.text.clone().unwrap_or_default())
            }
            Delivery::Record(record) => {
                let text = |field: &str| record[field].as_str().unwrap_or_default().to_owned();
                (What::Wrote, text("id"), text("status_text"))
            }
            Delivery::Event(event) => {
                let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
                (What::Reported, text("order"), text("type"))
            }
        };
        let mut log = locked(&self.log);
        match trouble {
            None => log.note(&self.clock.now(), what, (&about, text)),
            Some(why) => log.note(&self.clock.now(), What::Trouble, (&about, why)),
        }
    }
}
