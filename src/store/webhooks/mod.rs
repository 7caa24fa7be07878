//! Subscriptions as rows: who is told what, under which secret. `spread` writes down what they are told, `deliveries` what
//! became of it.

mod deliveries;
mod spread;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_json, from_text, json, time};
use super::tickets::audit;
use super::{Store, StoreError, Transaction};
use crate::identity::{StaffScope, WebhookId};
use crate::time::Now;
use crate::webhooks::{Wanted, Webhook};

pub use deliveries::{DeliveryFilter, DueDelivery};

/// A subscription to be made.
#[derive(Debug, Clone)]
pub struct NewWebhook {
    /// Where deliveries go, checked.
    pub url: String,
    /// What its deliveries are signed with.
    pub secret: SecretString,
    /// What it is told.
    pub wanted: Wanted,
    /// What people call it.
    pub description: Option<String>,
}

/// What changes in a subscription; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct WebhookChange {
    /// Where deliveries go from now on, those that wait too.
    pub url: Option<String>,
    /// What it is told from now on.
    pub wanted: Option<Wanted>,
    /// What people call it; an empty text is none.
    pub description: Option<String>,
    /// Whether it is told anything.
    pub active: Option<bool>,
}

/// A subscription with the numbers of what waits and what was given up.
const WEBHOOK: &str = "SELECT *, \
    (SELECT COUNT(*) FROM webhook_deliveries WHERE webhook = webhooks.id AND next_at IS NOT NULL) AS waiting, \
    (SELECT COUNT(*) FROM webhook_deliveries WHERE webhook = webhooks.id AND state = 'dead') AS dead \
    FROM webhooks WHERE shop = ?1 AND (?2 IS NULL OR id = ?2) ORDER BY number";

impl Store {
    /// Makes a subscription, which is told what happens from now on.
    pub async fn create_webhook(
        &self,
        staff: &StaffScope,
        new: NewWebhook,
        now: &Now,
    ) -> Result<Webhook, StoreError> {
        let (staff, now) = (staff.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let id = WebhookId::generate();
                sqlx::query(
                    "INSERT INTO webhooks (id, shop, url, events, secret, description, active, seen, created_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, \
                     (SELECT COALESCE(MAX(number), 0) FROM events WHERE shop = ?2), ?7)",
                )
                .bind(id.as_str())
                .bind(staff.shop.as_str())
                .bind(&new.url)
                .bind(json(&new.wanted)?)
                .bind(new.secret.expose_secret())
                .bind(&new.description)
                .bind(now.epoch_milliseconds())
                .execute(&mut transaction.connection)
                .await?;
                audit(transaction, &staff, ("create_webhook", id.as_str(), &names(&new.wanted)), &now)
                    .await?;
                shop_webhook(transaction, &staff, &id).await
            })
        })
        .await
    }

    /// The shop's subscriptions, oldest first.
    pub async fn webhooks(&self, staff: &StaffScope) -> Result<Vec<Webhook>, StoreError> {
        let rows = sqlx::query(WEBHOOK)
            .bind(staff.shop.as_str())
            .bind(None::<&str>)
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_webhook).collect()
    }

    /// One of them.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn webhook(&self, staff: &StaffScope, id: &WebhookId) -> Result<Webhook, StoreError> {
        let row = sqlx::query(WEBHOOK)
            .bind(staff.shop.as_str())
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_webhook).transpose()?.ok_or_else(|| unknown(id))
    }

    /// Changes a subscription. One that is switched on again is told what happens from now on; what waited goes on.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn change_webhook(
        &self,
        staff: &StaffScope,
        id: &WebhookId,
        change: WebhookChange,
        now: &Now,
    ) -> Result<Webhook, StoreError> {
        let (staff, id, now) = (staff.clone(), id.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { change_row(transaction, &staff, &id, &change, &now).await })
        })
        .await
    }

    /// Ends a subscription, with everything that was to be told to it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is none.
    pub async fn delete_webhook(
        &self,
        staff: &StaffScope,
        id: &WebhookId,
        now: &Now,
    ) -> Result<(), StoreError> {
        let (staff, id, now) = (staff.clone(), id.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move {
                let done = sqlx::query("DELETE FROM webhooks WHERE shop = ?1 AND id = ?2")
                    .bind(staff.shop.as_str())
                    .bind(id.as_str())
                    .execute(&mut transaction.connection)
                    .await?;
                if done.rows_affected() == 0 {
                    return Err(unknown(&id));
                }
                audit(transaction, &staff, ("delete_webhook", id.as_str(), ""), &now).await
            })
        })
        .await
    }
}

async fn change_row(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &WebhookId,
    change: &WebhookChange,
    now: &Now,
) -> Result<Webhook, StoreError> {
    let before = shop_webhook(transaction, staff, id).await?;
    let begins_again = change.active == Some(true) && !before.active;
    let wanted = change.wanted.as_ref().unwrap_or(&before.wanted);
    let description = match &change.description {
        Some(text) if text.is_empty() => None,
        Some(text) => Some(text),
        None => before.description.as_ref(),
    };
    // Another address is another machine: it has not failed yet.
    let anew = begins_again || change.url.is_some();
    sqlx::query(
        "UPDATE webhooks SET url = ?1, events = ?2, description = ?3, active = ?4, \
         failures = IIF(?5, 0, failures), paused_until = IIF(?5, NULL, paused_until), \
         ended = IIF(?6, NULL, ended), \
         seen = IIF(?6, (SELECT COALESCE(MAX(number), 0) FROM events WHERE shop = ?7), seen) WHERE id = ?8",
    )
    .bind(change.url.as_ref().unwrap_or(&before.url))
    .bind(json(wanted)?)
    .bind(description)
    .bind(change.active.unwrap_or(before.active))
    .bind(anew)
    .bind(begins_again)
    .bind(staff.shop.as_str())
    .bind(id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    audit(transaction, staff, ("change_webhook", id.as_str(), &names(wanted)), now).await?;
    shop_webhook(transaction, staff, id).await
}

/// A subscription of the shop, inside a write.
async fn shop_webhook(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &WebhookId,
) -> Result<Webhook, StoreError> {
    let row = sqlx::query(WEBHOOK)
        .bind(staff.shop.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    row.as_ref().map(read_webhook).transpose()?.ok_or_else(|| unknown(id))
}

fn unknown(id: &WebhookId) -> StoreError {
    StoreError::not_found("webhook", id.as_str())
}

/// What it is told, for the audit. The address stays out: it may hold a token.
fn names(wanted: &Wanted) -> String {
    wanted.names().join(" ")
}

fn read_webhook(row: &SqliteRow) -> Result<Webhook, StoreError> {
    let events: String = row.try_get("events")?;
    Ok(Webhook {
        id: from_text(row.try_get("id")?)?,
        url: row.try_get("url")?,
        wanted: from_json(&events)?,
        description: row.try_get("description")?,
        active: row.try_get("active")?,
        ended: row.try_get("ended")?,
        failures: row.try_get("failures")?,
        paused_until: moment(row, "paused_until")?,
        created_at: time(row.try_get("created_at")?)?,
        waiting: row.try_get::<i64, _>("waiting")?.unsigned_abs(),
        dead: row.try_get::<i64, _>("dead")?.unsigned_abs(),
    })
}

fn moment(row: &SqliteRow, column: &str) -> Result<Option<Timestamp>, StoreError> {
    row.try_get::<Option<i64>, _>(column)?.map(time).transpose()
}
