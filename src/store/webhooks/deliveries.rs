//! Deliveries as rows: which one is sent next, what became of it, and how one is sent again.

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{moment, shop_webhook};
use crate::identity::{DeliveryId, StaffScope, WebhookId};
use crate::store::codec::{from_text, from_word, json, time, word};
use crate::store::tickets::audit;
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;
use crate::webhooks::{
    Attempt, Delivery, DeliveryState, EventName, left_alone_after, pause_after, test_payload,
};

/// Days for which what was delivered can be looked at, and what was given up can be replayed.
const KEPT_DAYS: (i64, i64) = (7, 30);

/// So many deliveries are forgotten in one transaction.
const PRUNED_AT_ONCE: usize = 500;

/// Which deliveries are listed, the newest first.
#[derive(Debug, Clone, Default)]
pub struct DeliveryFilter {
    /// Where they stand.
    pub state: Option<DeliveryState>,
    /// At most so many.
    pub limit: u32,
    /// Only those made before this one, for paging.
    pub before: Option<DeliveryId>,
}

/// A delivery whose time has come, with what is needed to send it.
#[derive(Debug, Clone)]
pub struct DueDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// Where it goes.
    pub url: String,
    /// What it is signed with.
    pub secret: SecretString,
}

/// The next delivery of a subscription: the one whose time came first and that no earlier one of the same conversation holds
/// up. In this order it is found by the index of those that wait, however many do and were delivered before.
const NEXT: &str = "SELECT d.*, w.url, w.secret FROM webhook_deliveries AS d JOIN webhooks AS w ON w.id = d.webhook \
    WHERE w.shop = ?1 AND w.id = ?2 AND w.active = 1 AND (w.paused_until IS NULL OR w.paused_until <= ?3) \
    AND d.next_at <= ?3 AND NOT EXISTS (SELECT 1 FROM webhook_deliveries AS e WHERE e.webhook = d.webhook \
    AND e.conversation = d.conversation AND e.number < d.number AND e.next_at IS NOT NULL) \
    ORDER BY d.next_at, d.number LIMIT 1";

impl Store {
    /// The subscriptions for which a delivery may be due.
    pub async fn webhooks_with_due(
        &self,
        staff: &StaffScope,
        now: &Now,
    ) -> Result<Vec<WebhookId>, StoreError> {
        let rows = sqlx::query(
            "SELECT id FROM webhooks WHERE shop = ?1 AND active = 1 AND (paused_until IS NULL OR paused_until <= ?2) \
             AND EXISTS (SELECT 1 FROM webhook_deliveries WHERE webhook = webhooks.id AND next_at <= ?2)",
        )
        .bind(staff.shop.as_str())
        .bind(now.epoch_milliseconds())
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(|row| from_text(row.try_get("id")?)).collect()
    }

    /// What a subscription is to be sent now, if anything.
    pub async fn next_delivery(
        &self,
        staff: &StaffScope,
        webhook: &WebhookId,
        now: &Now,
    ) -> Result<Option<DueDelivery>, StoreError> {
        let row = sqlx::query(NEXT)
            .bind(staff.shop.as_str())
            .bind(webhook.as_str())
            .bind(now.epoch_milliseconds())
            .fetch_optional(self.readers())
            .await?;
        let Some(row) = row else { return Ok(None) };
        let secret: String = row.try_get("secret")?;
        Ok(Some(DueDelivery {
            delivery: read_delivery(&row)?,
            url: row.try_get("url")?,
            secret: secret.into(),
        }))
    }

    /// Keeps what came of an attempt. Where the delivery stands now; none if it was deleted meanwhile.
    pub async fn delivery_tried(
        &self,
        staff: &StaffScope,
        id: &DeliveryId,
        attempt: Attempt,
        now: &Now,
    ) -> Result<Option<DeliveryState>, StoreError> {
        let (staff, id, now) = (staff.clone(), id.clone(), now.clone());
        self.write_in_background(move |transaction| {
            Box::pin(async move { tried(transaction, &staff, &id, &attempt, &now).await })
        })
        .await
    }

    /// The deliveries of a subscription, the newest first.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such subscription.
    pub async fn deliveries(
        &self,
        staff: &StaffScope,
        webhook: &WebhookId,
        filter: &DeliveryFilter,
    ) -> Result<Vec<Delivery>, StoreError> {
        self.webhook(staff, webhook).await?;
        let rows = sqlx::query(
            "SELECT * FROM webhook_deliveries WHERE webhook = ?1 AND (?2 IS NULL OR state = ?2) \
             AND (?3 IS NULL OR number < (SELECT number FROM webhook_deliveries WHERE id = ?3)) \
             ORDER BY number DESC LIMIT ?4",
        )
        .bind(webhook.as_str())
        .bind(filter.state.as_ref().map(word).transpose()?)
        .bind(filter.before.as_ref().map(DeliveryId::as_str))
        .bind(filter.limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_delivery).collect()
    }

    /// Has a test sent to a subscription.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such subscription, [`StoreError::Conflict`] if it is switched off.
    pub async fn test_webhook(
        &self,
        staff: &StaffScope,
        webhook: &WebhookId,
        now: &Now,
    ) -> Result<Delivery, StoreError> {
        let (staff, webhook, now) = (staff.clone(), webhook.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                try_at_once(transaction, &staff, &webhook).await?;
                let id = DeliveryId::generate();
                sqlx::query(
                    "INSERT INTO webhook_deliveries (id, shop, webhook, event, body, state, next_at, created_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?6)",
                )
                .bind(id.as_str())
                .bind(staff.shop.as_str())
                .bind(webhook.as_str())
                .bind(EventName::WebhookTest.as_str())
                .bind(json(&test_payload(&id, &staff.shop, now.timestamp()))?)
                .bind(now.epoch_milliseconds())
                .execute(&mut transaction.connection)
                .await?;
                shop_delivery(transaction, &staff, &id).await
            })
        })
        .await
    }

    /// Has a delivery sent again, under the same id, whatever became of it before.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such delivery, [`StoreError::Conflict`] if its subscription is switched off
    /// or what it said was erased.
    pub async fn replay_delivery(
        &self,
        staff: &StaffScope,
        id: &DeliveryId,
        now: &Now,
    ) -> Result<Delivery, StoreError> {
        let (staff, id, now) = (staff.clone(), id.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let delivery = shop_delivery(transaction, &staff, &id).await?;
                if delivery.body.is_empty() {
                    return Err(StoreError::Conflict("what it said was erased".into()));
                }
                try_at_once(transaction, &staff, &delivery.webhook).await?;
                sqlx::query(
                    "UPDATE webhook_deliveries SET state = 'pending', attempts = 0, next_at = ?1 WHERE id = ?2",
                )
                .bind(now.epoch_milliseconds())
                .bind(id.as_str())
                .execute(&mut transaction.connection)
                .await?;
                audit(transaction, &staff, ("replay_delivery", id.as_str(), ""), &now).await?;
                shop_delivery(transaction, &staff, &id).await
            })
        })
        .await
    }

    /// Forgets what was delivered or given up long ago. How many there were.
    ///
    /// What is old is looked for beside the writer, and forgotten in parts: replies wait for no more than one part.
    pub async fn prune_deliveries(&self, staff: &StaffScope, now: &Now) -> Result<u64, StoreError> {
        let before = |days: i64| now.epoch_milliseconds() - days * 86_400_000;
        let rows = sqlx::query(
            "SELECT number FROM webhook_deliveries WHERE shop = ?1 AND next_at IS NULL \
             AND last_at < IIF(state = 'delivered', ?2, ?3)",
        )
        .bind(staff.shop.as_str())
        .bind(before(KEPT_DAYS.0))
        .bind(before(KEPT_DAYS.1))
        .fetch_all(self.readers())
        .await?;
        let old = rows.iter().map(|row| row.try_get("number")).collect::<Result<Vec<i64>, _>>()?;
        let mut forgotten = 0;
        for part in old.chunks(PRUNED_AT_ONCE) {
            let numbers = json(&part)?;
            let done = self.write_in_background(move |transaction| {
                Box::pin(async move {
                    // It may have been replayed meanwhile.
                    let done = sqlx::query(
                        "DELETE FROM webhook_deliveries WHERE next_at IS NULL \
                         AND number IN (SELECT value FROM json_each(?1))",
                    )
                    .bind(numbers)
                    .execute(&mut transaction.connection)
                    .await?;
                    Ok(done.rows_affected())
                })
            });
            forgotten += done.await?;
        }
        Ok(forgotten)
    }
}

/// Has a target asked again that was left alone: somebody wants to know whether it answers.
async fn try_at_once(
    transaction: &mut Transaction,
    staff: &StaffScope,
    webhook: &WebhookId,
) -> Result<(), StoreError> {
    if !shop_webhook(transaction, staff, webhook).await?.active {
        let why = "the subscription is switched off; switch it on with `active`";
        return Err(StoreError::Conflict(why.into()));
    }
    sqlx::query("UPDATE webhooks SET paused_until = NULL WHERE id = ?1")
        .bind(webhook.as_str())
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}

async fn shop_delivery(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &DeliveryId,
) -> Result<Delivery, StoreError> {
    let row = find(transaction, staff, id).await?;
    row.as_ref().map(read_delivery).transpose()?.ok_or_else(|| StoreError::not_found("delivery", id.as_str()))
}

async fn find(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &DeliveryId,
) -> Result<Option<SqliteRow>, StoreError> {
    let row = sqlx::query("SELECT * FROM webhook_deliveries WHERE shop = ?1 AND id = ?2")
        .bind(staff.shop.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    Ok(row)
}

/// Where a delivery stands after an attempt, and when the next one is made.
fn settled(attempt: &Attempt, attempts: u32, now: &Now) -> (DeliveryState, Option<Timestamp>) {
    if attempt.is_taken() {
        return (DeliveryState::Delivered, None);
    }
    let pause = pause_after(attempts).filter(|_| !attempt.is_unwanted());
    match pause {
        Some(pause) => (DeliveryState::Failed, Some(later(now, pause))),
        None => (DeliveryState::Dead, None),
    }
}

fn later(now: &Now, by: SignedDuration) -> Timestamp {
    now.timestamp().saturating_add(by).unwrap_or(Timestamp::MAX)
}

async fn tried(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &DeliveryId,
    attempt: &Attempt,
    now: &Now,
) -> Result<Option<DeliveryState>, StoreError> {
    let Some(row) = find(transaction, staff, id).await? else { return Ok(None) };
    let delivery = read_delivery(&row)?;
    let attempts = delivery.attempts.saturating_add(1);
    // What was erased while it was on its way is not sent again, and an answer that may repeat it is not kept.
    let is_erased = delivery.body.is_empty();
    let (state, next_at) = settled(attempt, attempts, now);
    let (state, next_at) = if is_erased { (state.or_dead(), None) } else { (state, next_at) };
    sqlx::query(
        "UPDATE webhook_deliveries SET state = ?1, attempts = ?2, next_at = ?3, status = ?4, answer = ?5, error = ?6, \
         last_at = ?7 WHERE id = ?8",
    )
    .bind(word(&state)?)
    .bind(attempts)
    .bind(next_at.map(Timestamp::as_millisecond))
    .bind(attempt.status)
    .bind(attempt.answer.as_ref().filter(|_| !is_erased))
    .bind(&attempt.error)
    .bind(now.epoch_milliseconds())
    .bind(id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    note_of_target(transaction, staff, (&delivery.webhook, attempt), now).await?;
    Ok(Some(state))
}

/// How the target stands after an attempt: counted, left alone for a while, or switched off because it said so.
async fn note_of_target(
    transaction: &mut Transaction,
    staff: &StaffScope,
    (id, attempt): (&WebhookId, &Attempt),
    now: &Now,
) -> Result<(), StoreError> {
    // How much waits for it is not asked here: counting that would take longer with every delivery that does.
    let row = sqlx::query("SELECT failures FROM webhooks WHERE shop = ?1 AND id = ?2")
        .bind(staff.shop.as_str())
        .bind(id.as_str())
        .fetch_one(&mut transaction.connection)
        .await?;
    let before: u32 = row.try_get("failures")?;
    let failures = if attempt.is_taken() { 0 } else { before.saturating_add(1) };
    let paused_until = left_alone_after(failures).map(|pause| later(now, pause).as_millisecond());
    sqlx::query("UPDATE webhooks SET failures = ?1, paused_until = ?2 WHERE id = ?3")
        .bind(failures)
        .bind(paused_until)
        .bind(id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    if !attempt.is_unwanted() {
        return Ok(());
    }
    let why = "it answered 410: it wants no more deliveries";
    sqlx::query("UPDATE webhooks SET active = 0, ended = ?1 WHERE id = ?2")
        .bind(why)
        .bind(id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    audit(transaction, staff, ("end_webhook", id.as_str(), why), now).await
}

fn read_delivery(row: &SqliteRow) -> Result<Delivery, StoreError> {
    let conversation: Option<String> = row.try_get("conversation")?;
    Ok(Delivery {
        id: from_text(row.try_get("id")?)?,
        webhook: from_text(row.try_get("webhook")?)?,
        event: from_word(row.try_get("event")?)?,
        conversation: conversation.map(from_text).transpose()?,
        body: row.try_get("body")?,
        state: from_word(row.try_get("state")?)?,
        attempts: row.try_get("attempts")?,
        next_at: moment(row, "next_at")?,
        status: row.try_get("status")?,
        answer: row.try_get("answer")?,
        error: row.try_get("error")?,
        created_at: time(row.try_get("created_at")?)?,
        last_at: moment(row, "last_at")?,
    })
}
