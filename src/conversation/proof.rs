//! Somebody who has not signed in tells an order's number and the end of its phone: on whose behalf is the turn run?
//!
//! Code reads the two numbers and the store compares them, before anything else of the turn begins. No model is asked,
//! and the digits go no further than this.

use super::Answering;
use crate::identity::{Identity, OrderHolder, Scope};
use crate::record::RecordKind;
use crate::store::{Conversation, OrderClaim, ProofLimits, StoreError};
use crate::turn::types::{OrderProof, ProofOutcome};
use crate::turn::understand::claim::{self, Claim};

impl Answering {
    /// The scope of a turn, and what came of the numbers in its text. A message that tells neither tries nothing, even if
    /// earlier ones of its burst did: those were tried when they came.
    pub(super) async fn prove(
        &self,
        conversation: &Conversation,
        text: &str,
    ) -> Result<(Scope, OrderProof), StoreError> {
        let scope = self.message.scope.clone();
        if scope.verified_customer().is_some() {
            return Ok((scope, OrderProof::Untried));
        }
        let Some(limits) = self.inner.services.proofs else { return Ok((scope, OrderProof::Off)) };
        let holder = self.holder(&scope, conversation).await?;
        let read = |text: &str| claim::read(text, conversation.memory.pending.as_ref(), &self.now);
        let (own, whole) = (read(&self.message.text), read(text));
        let tells = own.order.is_some() || own.phone_end.is_some();
        let outcome = if tells {
            let bare = whole.bare;
            let claim = if own.order.is_some() && own.phone_end.is_some() { own } else { whole };
            self.outcome(conversation, holder.as_ref(), claim, limits).await?.map(|outcome| (outcome, bare))
        } else {
            None
        };
        let proof = match outcome {
            Some((outcome, bare)) => OrderProof::Tried { outcome, bare },
            None => OrderProof::Untried,
        };
        // What was just proven counts for this very message.
        let holder = match proof.outcome() {
            Some(ProofOutcome::Opened) => self.holder(&scope, conversation).await?,
            _ => holder,
        };
        Ok((holder.map_or(scope, |holder| as_holder(&self.message.scope, holder)), proof))
    }

    async fn holder(
        &self,
        scope: &Scope,
        conversation: &Conversation,
    ) -> Result<Option<OrderHolder>, StoreError> {
        self.inner.services.store.order_holder(scope, conversation, &self.now).await
    }

    async fn outcome(
        &self,
        conversation: &Conversation,
        holder: Option<&OrderHolder>,
        claim: Claim,
        limits: ProofLimits,
    ) -> Result<Option<ProofOutcome>, StoreError> {
        let opens = |order: &str| {
            holder.is_some_and(|holder| holder.orders().iter().any(|open| open.eq_ignore_ascii_case(order)))
        };
        match (claim.order, claim.phone_end) {
            (Some(order), _) if opens(&order) => Ok(Some(ProofOutcome::Opened)),
            (Some(order), Some(phone_end)) => {
                let claim = OrderClaim { order, phone_end, address: self.message.address };
                let store = &self.inner.services.store;
                let outcome = store
                    .prove_order((&self.message.scope, &conversation.id), claim, limits, &self.now)
                    .await?;
                tracing::info!(conversation.id = %conversation.id, ?outcome, "an order was to be proven");
                Ok(Some(outcome))
            }
            (Some(number), None) if self.is_parcel(holder, &number).await? => Ok(None),
            // Whoever has an order open talks about that one.
            (None, Some(_)) if holder.is_some() => Ok(None),
            (None, None) => Ok(None),
            (order, _) => Ok(Some(ProofOutcome::Half(order))),
        }
    }

    /// Whether a number is that of a parcel of an open order.
    async fn is_parcel(&self, holder: Option<&OrderHolder>, number: &str) -> Result<bool, StoreError> {
        let Some(holder) = holder else { return Ok(false) };
        let scope = as_holder(&self.message.scope, holder.clone());
        let orders = self.inner.services.store.own(&scope, &[RecordKind::Order]).await?;
        let tracking = |order: &crate::record::Record| {
            order
                .shipments()
                .iter()
                .any(|parcel| parcel.get("tracking").and_then(serde_json::Value::as_str) == Some(number))
        };
        Ok(orders.iter().any(tracking))
    }
}

fn as_holder(scope: &Scope, holder: OrderHolder) -> Scope {
    Scope { shop: scope.shop.clone(), identity: Identity::Holder(holder) }
}
