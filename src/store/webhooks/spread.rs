//! How do events reach the subscriptions? Each subscription has seen the events up to a number. What comes after it is
//! written down as deliveries in the transaction that moves the number, so that a crash loses and doubles none.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::read_webhook;
use crate::identity::{ConversationId, DeliveryId, StaffScope};
use crate::store::codec::{from_json, from_text, from_word, json, time};
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;
use crate::webhooks::{EventName, Happening, Place, Webhook, names_of, payload};

/// So many events of one subscription are looked at in one transaction: replies must not wait long for it.
const PAGE: i64 = 50;

/// Subscriptions that have not seen every event.
const BEHIND: &str = "SELECT *, 0 AS waiting, 0 AS dead FROM webhooks WHERE shop = ?1 AND active = 1 \
    AND seen < (SELECT COALESCE(MAX(number), 0) FROM events WHERE shop = ?1) ORDER BY seen";

impl Store {
    /// Writes down what the subscriptions are told of the next events. How many events were looked at; none once all have
    /// been.
    pub async fn spread_events(&self, staff: &StaffScope, now: &Now) -> Result<usize, StoreError> {
        // Looking costs nothing; only what is there is written.
        let behind = sqlx::query(BEHIND).bind(staff.shop.as_str()).fetch_optional(self.readers()).await?;
        if behind.is_none() {
            return Ok(0);
        }
        let (staff, now) = (staff.clone(), now.clone());
        self.write_in_background(move |transaction| {
            Box::pin(async move { spread(transaction, &staff, &now).await })
        })
        .await
    }
}

/// One page for the subscription that is furthest behind.
async fn spread(transaction: &mut Transaction, staff: &StaffScope, now: &Now) -> Result<usize, StoreError> {
    let row =
        sqlx::query(BEHIND).bind(staff.shop.as_str()).fetch_optional(&mut transaction.connection).await?;
    let Some(row) = row else { return Ok(0) };
    let (webhook, seen): (Webhook, i64) = (read_webhook(&row)?, row.try_get("seen")?);
    let events = sqlx::query(
        "SELECT number, conversation, seq, type, body, at FROM events WHERE shop = ?1 AND number > ?2 \
         ORDER BY number LIMIT ?3",
    )
    .bind(staff.shop.as_str())
    .bind(seen)
    .bind(PAGE)
    .fetch_all(&mut transaction.connection)
    .await?;
    let mut places: HashMap<ConversationId, Place> = HashMap::new();
    let mut last = seen;
    for row in &events {
        last = row.try_get("number")?;
        let (conversation, happening) = read_happening(row)?;
        for name in names_of(&happening).into_iter().filter(|name| webhook.wanted.has(*name)) {
            let place = match places.entry(conversation.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(read_place(transaction, &conversation).await?),
            };
            insert(transaction, (staff, &webhook), (last, name), (place, &happening), now).await?;
        }
    }
    sqlx::query("UPDATE webhooks SET seen = ?1 WHERE id = ?2")
        .bind(last)
        .bind(webhook.id.as_str())
        .execute(&mut transaction.connection)
        .await?;
    Ok(events.len())
}

fn read_happening(row: &SqliteRow) -> Result<(ConversationId, Happening), StoreError> {
    let body: String = row.try_get("body")?;
    let happening = Happening {
        kind: row.try_get("type")?,
        seq: row.try_get("seq")?,
        body: from_json(&body)?,
        at: time(row.try_get("at")?)?,
    };
    Ok((from_text(row.try_get("conversation")?)?, happening))
}

async fn read_place(transaction: &mut Transaction, id: &ConversationId) -> Result<Place, StoreError> {
    let row = sqlx::query(
        "SELECT id, customer, visitor, state, channel, opened_at FROM conversations WHERE id = ?1",
    )
    .bind(id.as_str())
    .fetch_one(&mut transaction.connection)
    .await?;
    let customer: Option<String> = row.try_get("customer")?;
    let visitor: Option<String> = row.try_get("visitor")?;
    Ok(Place {
        id: from_text(row.try_get("id")?)?,
        customer: customer.map(from_text).transpose()?,
        visitor: visitor.map(from_text).transpose()?,
        state: from_word(row.try_get("state")?)?,
        channel: row.try_get("channel")?,
        opened_at: time(row.try_get("opened_at")?)?,
    })
}

async fn insert(
    transaction: &mut Transaction,
    (staff, webhook): (&StaffScope, &Webhook),
    (source, event): (i64, EventName),
    (place, happening): (&Place, &Happening),
    now: &Now,
) -> Result<(), StoreError> {
    let id = DeliveryId::generate();
    sqlx::query(
        "INSERT INTO webhook_deliveries (id, shop, webhook, event, source, conversation, body, state, next_at, \
         created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'pending', ?8, ?8)",
    )
    .bind(id.as_str())
    .bind(staff.shop.as_str())
    .bind(webhook.id.as_str())
    .bind(event.as_str())
    .bind(source)
    .bind(place.id.as_str())
    .bind(json(&payload((&id, event), &staff.shop, place, happening))?)
    .bind(now.epoch_milliseconds())
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}
