//! What the doors for subscriptions need.

use secrecy::SecretString;

use super::Answer;
use crate::identity::{DeliveryId, StaffScope, WebhookId};
use crate::webhooks::{Delivery, DeliveryState, Webhook};

/// A subscription to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookRequest {
    /// Where deliveries go.
    pub url: String,
    /// What it is told.
    pub events: Vec<String>,
    /// What people call it.
    pub description: Option<String>,
}

/// A subscription that was just made. Nobody can read its secret again.
#[derive(Debug, Clone)]
pub struct MadeWebhook {
    /// The subscription.
    pub webhook: Webhook,
    /// What its deliveries are signed with.
    pub secret: SecretString,
}

/// What changes in a subscription; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookPatch {
    /// Where deliveries go.
    pub url: Option<String>,
    /// What it is told.
    pub events: Option<Vec<String>>,
    /// What people call it; an empty text is none.
    pub description: Option<String>,
    /// Whether it is told anything.
    pub active: Option<bool>,
}

/// Which deliveries to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryRequest {
    /// Only with this state.
    pub state: Option<DeliveryState>,
    /// At most so many.
    pub limit: usize,
    /// Only those made before this one.
    pub before: Option<DeliveryId>,
}

/// Other systems that are told what happens.
pub trait Webhooks: Send + Sync {
    /// All subscriptions, oldest first.
    fn list(&self, staff: StaffScope) -> Answer<'_, Vec<Webhook>>;
    /// Makes one.
    fn create(&self, staff: StaffScope, request: WebhookRequest) -> Answer<'_, MadeWebhook>;
    /// Changes one.
    fn change(&self, staff: StaffScope, webhook: WebhookId, patch: WebhookPatch) -> Answer<'_, Webhook>;
    /// Ends one, with what was still to be told to it.
    fn delete(&self, staff: StaffScope, webhook: WebhookId) -> Answer<'_, ()>;
    /// Has a test sent.
    fn test(&self, staff: StaffScope, webhook: WebhookId) -> Answer<'_, Delivery>;
    /// What it was told, the newest first.
    fn deliveries(
        &self,
        staff: StaffScope,
        webhook: WebhookId,
        request: DeliveryRequest,
    ) -> Answer<'_, Vec<Delivery>>;
    /// Has a delivery sent again under the same id.
    fn replay(&self, staff: StaffScope, delivery: DeliveryId) -> Answer<'_, Delivery>;
}
