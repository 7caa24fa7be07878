//! How an order opens in one conversation to somebody who has not signed in: by its number and the end of its phone.
//!
//! Four digits can be guessed, so wrong proofs are counted by who tries and for which order, and from a number on
//! nothing is compared for a while. An order that does not exist is counted and answered like one whose phone is
//! another.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};
use sqlx::Row;
use subtle::ConstantTimeEq;

use super::codec::{from_json, json};
use super::conversations::{Conversation, own_conversation};
use super::tickets::audit;
use super::{Store, StoreError, Transaction};
use crate::identity::{ConversationId, OrderHolder, Scope, StaffScope, VisitorId, network};
use crate::time::Now;
use crate::turn::types::ProofOutcome;

const HOUR: i64 = 3_600_000;

/// How many digits prove an order.
const DIGITS: usize = 4;

/// What somebody tells of an order.
#[derive(Debug, Clone)]
pub struct OrderClaim {
    /// Its number, as it was told.
    pub order: String,
    /// The last four digits of its phone.
    pub phone_end: SecretString,
    /// Where the message came from, if it is known and counts.
    pub address: Option<IpAddr>,
}

/// How many wrong proofs are compared, and for how long a right one lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProofLimits {
    /// Wrong proofs of one visitor, or of one conversation where no visitor is known.
    pub wrong_per_visitor: u32,
    /// Wrong proofs from one address.
    pub wrong_per_address: u32,
    /// Wrong proofs for one order number.
    pub wrong_per_order: u32,
    /// Hours without a wrong proof after which the count begins anew.
    pub lock_hours: u32,
    /// Hours for which an order stays open.
    pub open_hours: u32,
}

impl Store {
    /// Compares what somebody tells of an order with the order, and opens it in this conversation if it is right. Every
    /// try is in the audit, without the digits.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if it is somebody else's conversation. A wrong proof is no error.
    pub async fn prove_order(
        &self,
        (scope, conversation): (&Scope, &ConversationId),
        claim: OrderClaim,
        limits: ProofLimits,
        now: &Now,
    ) -> Result<ProofOutcome, StoreError> {
        let (scope, conversation, now) = (scope.clone(), conversation.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let conversation = own_conversation(transaction, &scope, &conversation).await?;
                let attempt =
                    Attempt { scope: &scope, conversation: &conversation, claim: &claim, now: &now };
                attempt.run(transaction, limits).await
            })
        })
        .await
    }

    /// Whoever the scope names as holder of the orders that are open to them in this conversation; none if none is.
    pub async fn order_holder(
        &self,
        scope: &Scope,
        conversation: &Conversation,
        now: &Now,
    ) -> Result<Option<OrderHolder>, StoreError> {
        if scope.verified_customer().is_some() || conversation.customer.is_some() {
            return Ok(None);
        }
        let rows = sqlx::query(
            "SELECT order_id FROM opened_orders WHERE shop = ?1 AND conversation = ?2 AND episode = ?3 \
             AND expires_at > ?4 AND (visitor IS NULL OR visitor = ?5) ORDER BY opened_at DESC, order_id",
        )
        .bind(scope.shop.as_str())
        .bind(conversation.id.as_str())
        .bind(conversation.episode)
        .bind(now.epoch_milliseconds())
        .bind(scope.visitor().map(VisitorId::as_str))
        .fetch_all(self.readers())
        .await?;
        let orders = rows.iter().map(|row| row.try_get("order_id")).collect::<Result<Vec<String>, _>>()?;
        let holder = OrderHolder::new(scope.visitor().cloned(), conversation.id.clone(), orders);
        Ok(Some(holder).filter(|holder| !holder.orders().is_empty()))
    }
}

/// One try.
struct Attempt<'a> {
    scope: &'a Scope,
    conversation: &'a Conversation,
    claim: &'a OrderClaim,
    now: &'a Now,
}

impl Attempt<'_> {
    async fn run(
        &self,
        transaction: &mut Transaction,
        limits: ProofLimits,
    ) -> Result<ProofOutcome, StoreError> {
        self.forget_wrong(transaction, limits).await?;
        let subjects = self.subjects(limits);
        let outcome = if self.is_locked(transaction, &subjects).await? {
            ProofOutcome::Locked
        } else if let Some(order) = self.proven(transaction).await? {
            self.open(transaction, &order, limits).await?;
            ProofOutcome::Opened
        } else {
            self.count(transaction, &subjects).await?;
            ProofOutcome::Refused
        };
        self.write_down(transaction, &outcome).await?;
        Ok(outcome)
    }

    /// Whom a wrong proof counts against, each with its limit. A right one never clears a count: whoever holds one order
    /// could otherwise guess at others for ever.
    fn subjects(&self, limits: ProofLimits) -> Vec<(String, u32)> {
        let who = match self.scope.visitor().or(self.conversation.visitor.as_ref()) {
            Some(visitor) => format!("visitor:{visitor}"),
            None => format!("conversation:{}", self.conversation.id),
        };
        let order = format!("order:{}", self.claim.order.to_uppercase());
        let mut subjects = vec![(who, limits.wrong_per_visitor), (order, limits.wrong_per_order)];
        if let Some(address) = self.claim.address {
            subjects.push((format!("address:{}", network(address)), limits.wrong_per_address));
        }
        subjects
    }

    /// Drops counts whose time is over. That an order was open stays written down: the conversation tells of it, so that it is
    /// erased with the order's customer, and does not become anybody else's.
    async fn forget_wrong(
        &self,
        transaction: &mut Transaction,
        limits: ProofLimits,
    ) -> Result<(), StoreError> {
        sqlx::query("DELETE FROM wrong_proofs WHERE last_at <= ?1")
            .bind(self.now.epoch_milliseconds() - i64::from(limits.lock_hours) * HOUR)
            .execute(&mut transaction.connection)
            .await?;
        Ok(())
    }

    async fn is_locked(
        &self,
        transaction: &mut Transaction,
        subjects: &[(String, u32)],
    ) -> Result<bool, StoreError> {
        let mut locked = false;
        for (subject, limit) in subjects {
            let row = sqlx::query("SELECT wrong FROM wrong_proofs WHERE shop = ?1 AND subject = ?2")
                .bind(self.scope.shop.as_str())
                .bind(subject)
                .fetch_optional(&mut transaction.connection)
                .await?;
            let wrong: i64 = row.map_or(Ok(0), |row| row.try_get("wrong"))?;
            locked |= wrong >= i64::from(*limit);
        }
        Ok(locked)
    }

    /// The id of the order, if the digits are those of its phone. The comparison takes as long for an order that does
    /// not exist.
    async fn proven(&self, transaction: &mut Transaction) -> Result<Option<String>, StoreError> {
        let told = self.claim.order.as_str();
        let spellings = [told.to_owned(), told.to_uppercase(), told.to_lowercase()];
        let row = sqlx::query(
            "SELECT r.id, r.body, c.body AS customer FROM records AS r \
             LEFT JOIN records AS c ON c.shop = r.shop AND c.kind = 'customer' AND c.id = r.customer \
             AND c.withdrawn IS NULL \
             WHERE r.shop = ?1 AND r.kind = 'order' AND r.id IN (SELECT value FROM json_each(?2)) \
             AND r.withdrawn IS NULL ORDER BY r.id = ?3 DESC LIMIT 1",
        )
        .bind(self.scope.shop.as_str())
        .bind(json(&spellings)?)
        .bind(told)
        .fetch_optional(&mut transaction.connection)
        .await?;
        let mut found = None;
        let mut expected = [0_u8; DIGITS];
        if let Some(row) = row {
            let order: Map<String, Value> = from_json(&row.try_get::<String, _>("body")?)?;
            let customer = row.try_get::<Option<String>, _>("customer")?;
            let customer: Map<String, Value> =
                customer.as_deref().map(from_json).transpose()?.unwrap_or_default();
            // An order without a phone is proven by nothing.
            if let Some(end) = phone_end(&order, &customer) {
                expected = end;
                found = Some(row.try_get::<String, _>("id")?);
            }
        }
        let told: [u8; DIGITS] =
            self.claim.phone_end.expose_secret().as_bytes().try_into().unwrap_or([1_u8; DIGITS]);
        Ok(found.filter(|_| bool::from(told.ct_eq(&expected))))
    }

    async fn open(
        &self,
        transaction: &mut Transaction,
        order: &str,
        limits: ProofLimits,
    ) -> Result<(), StoreError> {
        let now = self.now.epoch_milliseconds();
        sqlx::query(
            "INSERT INTO opened_orders (shop, conversation, order_id, episode, visitor, opened_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT (conversation, order_id) DO UPDATE SET \
             episode = excluded.episode, visitor = excluded.visitor, opened_at = excluded.opened_at, \
             expires_at = excluded.expires_at",
        )
        .bind(self.scope.shop.as_str())
        .bind(self.conversation.id.as_str())
        .bind(order)
        .bind(self.conversation.episode)
        .bind(self.scope.visitor().map(VisitorId::as_str))
        .bind(now)
        .bind(now + i64::from(limits.open_hours) * HOUR)
        .execute(&mut transaction.connection)
        .await?;
        Ok(())
    }

    async fn count(
        &self,
        transaction: &mut Transaction,
        subjects: &[(String, u32)],
    ) -> Result<(), StoreError> {
        for (subject, _) in subjects {
            sqlx::query(
                "INSERT INTO wrong_proofs (shop, subject, wrong, last_at) VALUES (?1, ?2, 1, ?3) \
                 ON CONFLICT (shop, subject) DO UPDATE SET wrong = wrong + 1, last_at = excluded.last_at",
            )
            .bind(self.scope.shop.as_str())
            .bind(subject)
            .bind(self.now.epoch_milliseconds())
            .execute(&mut transaction.connection)
            .await?;
        }
        Ok(())
    }

    async fn write_down(
        &self,
        transaction: &mut Transaction,
        outcome: &ProofOutcome,
    ) -> Result<(), StoreError> {
        let outcome = match outcome {
            ProofOutcome::Opened => "opened",
            ProofOutcome::Locked => "locked",
            ProofOutcome::Refused | ProofOutcome::Half(_) => "refused",
        };
        let actor = self.scope.visitor().map_or_else(|| "anonymous".to_owned(), ToString::to_string);
        let actor = StaffScope { shop: self.scope.shop.clone(), actor };
        let detail = format!("order {}: {outcome}", self.claim.order);
        let entry = ("prove_order", self.conversation.id.as_str(), detail.as_str());
        audit(transaction, &actor, entry, self.now).await
    }
}

/// The last four digits of the phone an order goes to; of its customer's, if the order names none.
fn phone_end(order: &Map<String, Value>, customer: &Map<String, Value>) -> Option<[u8; DIGITS]> {
    let on_order = || order.get("address")?.get("phone")?.as_str();
    let phone =
        on_order().or_else(|| order.get("phone")?.as_str()).or_else(|| customer.get("phone")?.as_str())?;
    let digits: Vec<u8> = phone.bytes().filter(u8::is_ascii_digit).collect();
    digits.last_chunk().copied()
}
