//! The port of the subscriptions, and the lane on which they are told what happens: beside the replies, never in their way,
//! and each target beside the others.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::ExposeSecret;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::Instant;

use crate::config::WebhooksConfig;
use crate::connect::{Courier, CourierError, Signer, Target};
use crate::http::ports::{
    Answer, DeliveryRequest, MadeWebhook, PortError, WebhookPatch, WebhookRequest, Webhooks,
};
use crate::identity::{DeliveryId, StaffScope, WebhookId};
use crate::store::{DeliveryFilter, DueDelivery, NewWebhook, Store, StoreError, WebhookChange, fresh_secret};
use crate::telemetry::metrics;
use crate::time::Clock;
use crate::webhooks::{Delivery, DeliveryState, Wanted, Webhook};

/// How often is looked without an announcement: for what has to be tried again.
const LOOK: Duration = Duration::from_millis(500);

/// After an announcement so long is waited for the next ones, which are then written down together.
const GATHER: Duration = Duration::from_millis(20);

/// After trouble with the store the next look comes so much later.
const AFTER_TROUBLE: Duration = Duration::from_secs(2);

/// How often is looked for deliveries that are old enough to be forgotten.
const PRUNE: Duration = Duration::from_secs(3600);

/// Makes, changes and ends subscriptions.
pub struct WebhooksPort {
    /// Where they are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Whether addresses of this machine and of private networks are taken.
    pub allow_private: bool,
}

impl Webhooks for WebhooksPort {
    fn list(&self, staff: StaffScope) -> Answer<'_, Vec<Webhook>> {
        Box::pin(async move { Ok(self.store.webhooks(&staff).await?) })
    }

    fn create(&self, staff: StaffScope, request: WebhookRequest) -> Answer<'_, MadeWebhook> {
        Box::pin(async move {
            let secret = Signer::written(fresh_secret()?.expose_secret().as_bytes());
            let new = NewWebhook {
                url: self.target(&request.url)?,
                secret: secret.clone(),
                wanted: wanted(request.events)?,
                description: request.description,
            };
            let webhook = self.store.create_webhook(&staff, new, &self.clock.now()).await?;
            Ok(MadeWebhook { webhook, secret })
        })
    }

    fn change(&self, staff: StaffScope, webhook: WebhookId, patch: WebhookPatch) -> Answer<'_, Webhook> {
        Box::pin(async move {
            let change = WebhookChange {
                url: patch.url.map(|url| self.target(&url)).transpose()?,
                wanted: patch.events.map(wanted).transpose()?,
                description: patch.description,
                active: patch.active,
            };
            Ok(self.store.change_webhook(&staff, &webhook, change, &self.clock.now()).await?)
        })
    }

    fn delete(&self, staff: StaffScope, webhook: WebhookId) -> Answer<'_, ()> {
        Box::pin(async move { Ok(self.store.delete_webhook(&staff, &webhook, &self.clock.now()).await?) })
    }

    fn test(&self, staff: StaffScope, webhook: WebhookId) -> Answer<'_, Delivery> {
        Box::pin(async move { Ok(self.store.test_webhook(&staff, &webhook, &self.clock.now()).await?) })
    }

    fn deliveries(
        &self,
        staff: StaffScope,
        webhook: WebhookId,
        request: DeliveryRequest,
    ) -> Answer<'_, Vec<Delivery>> {
        Box::pin(async move {
            let limit = u32::try_from(request.limit).unwrap_or(u32::MAX);
            let filter = DeliveryFilter { state: request.state, limit, before: request.before };
            Ok(self.store.deliveries(&staff, &webhook, &filter).await?)
        })
    }

    fn replay(&self, staff: StaffScope, delivery: DeliveryId) -> Answer<'_, Delivery> {
        Box::pin(async move { Ok(self.store.replay_delivery(&staff, &delivery, &self.clock.now()).await?) })
    }
}

impl WebhooksPort {
    fn target(&self, url: &str) -> Result<String, PortError> {
        let target = Target::new(url, self.allow_private);
        target.map(|target| target.as_str().to_owned()).map_err(|error| invalid("url", &error))
    }
}

fn wanted(events: Vec<String>) -> Result<Wanted, PortError> {
    Wanted::new(events).map_err(|error| invalid("events", &error))
}

fn invalid(field: &str, error: &dyn std::error::Error) -> PortError {
    PortError::Invalid { field: Some(field.to_owned()), message: error.to_string() }
}

/// Tells the subscriptions what happens until it is dropped. Whatever it is at then is done again after the next start,
/// under the same ids.
pub struct Lane(JoinHandle<()>);

impl Lane {
    /// Begins to look.
    ///
    /// # Errors
    /// If the HTTP client cannot be made.
    pub fn start(
        store: Store,
        settings: &WebhooksConfig,
        clock: Arc<dyn Clock>,
        staff: StaffScope,
    ) -> Result<Self, CourierError> {
        let limit = Duration::from_secs(settings.timeout_seconds);
        let courier = Courier::new(limit, settings.allow_private)?;
        let postman = Postman { store, courier, clock, staff };
        Ok(Self(tokio::spawn(async move { postman.work().await })))
    }
}

impl Drop for Lane {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[derive(Clone)]
struct Postman {
    store: Store,
    courier: Courier,
    clock: Arc<dyn Clock>,
    staff: StaffScope,
}

/// The rounds that are being made, one a target: one that hangs keeps nobody else waiting.
#[derive(Default)]
struct Rounds {
    tasks: JoinSet<()>,
    of: HashMap<WebhookId, AbortHandle>,
}

impl Rounds {
    fn forget_finished(&mut self) {
        while self.tasks.try_join_next().is_some() {}
        self.of.retain(|_, round| !round.is_finished());
    }
}

impl Postman {
    async fn work(self) {
        let mut announcements = self.store.announcements();
        let mut rounds = Rounds::default();
        let mut next_prune = Instant::now();
        loop {
            let mut pause = LOOK;
            if let Err(error) = self.look(&mut rounds, &mut next_prune).await {
                tracing::error!(%error, "other systems could not be told what happens");
                pause = AFTER_TROUBLE;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                heard = announcements.recv() => {
                    // Without a store nothing is announced any more, and nothing can be told.
                    if matches!(heard, Err(RecvError::Closed)) {
                        return;
                    }
                    tokio::time::sleep(GATHER).await;
                    while announcements.try_recv().is_ok() {}
                }
            }
        }
    }

    /// Writes down what is to be told, and sets out to every target that has something due and is not being told already.
    async fn look(&self, rounds: &mut Rounds, next_prune: &mut Instant) -> Result<(), StoreError> {
        while self.store.spread_events(&self.staff, &self.clock.now()).await? > 0 {}
        rounds.forget_finished();
        for webhook in self.store.webhooks_with_due(&self.staff, &self.clock.now()).await? {
            if !rounds.of.contains_key(&webhook) {
                let (postman, target) = (self.clone(), webhook.clone());
                let round = rounds.tasks.spawn(async move { postman.round(&target).await });
                rounds.of.insert(webhook, round);
            }
        }
        if Instant::now() >= *next_prune {
            self.store.prune_deliveries(&self.staff, &self.clock.now()).await?;
            *next_prune = Instant::now() + PRUNE;
        }
        Ok(())
    }

    /// Tells one target what is due, one delivery after the other.
    async fn round(&self, webhook: &WebhookId) {
        loop {
            let due = self.store.next_delivery(&self.staff, webhook, &self.clock.now()).await;
            let told = match due {
                Ok(None) => return,
                Ok(Some(due)) => self.deliver(due).await,
                Err(error) => Err(error),
            };
            if let Err(error) = told {
                tracing::error!(webhook.id = %webhook, %error, "a delivery could not be written down");
                tokio::time::sleep(AFTER_TROUBLE).await;
                return;
            }
        }
    }

    async fn deliver(&self, due: DueDelivery) -> Result<(), StoreError> {
        let DueDelivery { delivery, url, secret } = due;
        let sent = (&delivery.id, delivery.body);
        let attempt = self.courier.deliver((&url, &secret), sent, &self.clock.now()).await;
        if let Some(why) = &attempt.error {
            tracing::warn!(webhook.id = %delivery.webhook, delivery.id = %delivery.id, why, "a delivery was not taken");
        }
        let now = self.clock.now();
        let state = self.store.delivery_tried(&self.staff, &delivery.id, attempt, &now).await?;
        metrics::webhook_attempt(state.unwrap_or(DeliveryState::Dead));
        Ok(())
    }
}
