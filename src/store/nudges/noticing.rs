//! By what events are noticed that nobody reports: conversations that came to rest, days that began, products that changed.
//! Each has a mark of how far it was looked at.

use jiff::Timestamp;
use sqlx::Row;

use crate::identity::{ShopId, StaffScope};
use crate::record::Record;
use crate::store::codec::time;
use crate::store::conversations::{Conversation, read_conversation};
use crate::store::records::read_record;
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;

/// Up to where conversations were looked at for whether they rest.
const RESTED: &str = "proactive.rested_until";
/// The day that was begun last.
const DAY: &str = "proactive.day";
/// The last change of a product that was looked at.
const PRODUCTS: &str = "proactive.products";

/// Without a mark conversations are looked at so far back.
const FIRST_LOOK: i64 = 24 * 3_600_000;

/// At most so many changed products are looked at in one go.
const AT_ONCE: u32 = 500;

/// A conversation that came to rest.
#[derive(Debug, Clone)]
pub struct Rested {
    /// The conversation.
    pub conversation: Conversation,
    /// How often the customer has written.
    pub turns: i64,
    /// When the customer last wrote.
    pub spoken_at: Timestamp,
    /// Whether people had it, or a ticket was left for them.
    pub handed_over: bool,
}

/// A product that has changed, with how it was seen before.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The number of the change.
    pub change: i64,
    /// The product as it is now.
    pub record: Record,
    /// Its price before.
    pub price: Option<f64>,
    /// Its stock before.
    pub stock: Option<i64>,
}

impl Store {
    /// The conversations in which the last thing happened after the last look and no later than a moment, and which nobody
    /// has.
    pub async fn rested_conversations(
        &self,
        staff: &StaffScope,
        until: Timestamp,
        now: &Now,
    ) -> Result<Vec<Rested>, StoreError> {
        let mark = self.mark(&staff.shop, RESTED).await?.and_then(|mark| mark.parse::<i64>().ok());
        let rows = sqlx::query(
            "SELECT conversations.*, (SELECT count(*) FROM messages WHERE conversation = conversations.id \
             AND author = 'customer') AS turns, (SELECT MAX(at) FROM messages WHERE conversation = conversations.id \
             AND author = 'customer') AS spoken, EXISTS (SELECT 1 FROM tickets WHERE conversation = conversations.id) \
             AS handed FROM conversations WHERE shop = ?1 AND updated_at > ?2 AND updated_at <= ?3 \
             AND state IN ('bot', 'resolved') ORDER BY updated_at",
        )
        .bind(staff.shop.as_str())
        .bind(mark.unwrap_or(now.epoch_milliseconds() - FIRST_LOOK))
        .bind(until.as_millisecond())
        .fetch_all(self.readers())
        .await?;
        let mut rested = Vec::new();
        for row in &rows {
            let Some(spoken) = row.try_get::<Option<i64>, _>("spoken")? else { continue };
            rested.push(Rested {
                conversation: read_conversation(row)?,
                turns: row.try_get("turns")?,
                spoken_at: time(spoken)?,
                handed_over: row.try_get("handed")?,
            });
        }
        Ok(rested)
    }

    /// Conversations are looked at from this moment on the next time.
    pub async fn rests_noticed(
        &self,
        staff: &StaffScope,
        rested: &[Rested],
        until: Timestamp,
        now: &Now,
    ) -> Result<(), StoreError> {
        // Nothing is written as long as nothing happens.
        if rested.is_empty() {
            return Ok(());
        }
        self.set_mark(&staff.shop, RESTED, until.as_millisecond().to_string(), now).await
    }

    /// The day that was begun last; with a day, that one is from now on.
    pub async fn day_begun(
        &self,
        staff: &StaffScope,
        day: Option<String>,
        now: &Now,
    ) -> Result<Option<String>, StoreError> {
        match day {
            Some(day) => {
                self.set_mark(&staff.shop, DAY, day.clone(), now).await?;
                Ok(Some(day))
            }
            None => self.mark(&staff.shop, DAY).await,
        }
    }

    /// The products that have changed since they were last looked at, with how they were seen then.
    pub async fn changed_products(&self, staff: &StaffScope) -> Result<Vec<Watched>, StoreError> {
        let mark = self.mark(&staff.shop, PRODUCTS).await?.and_then(|mark| mark.parse::<i64>().ok());
        let rows = sqlx::query(
            "SELECT records.change, records.kind, records.id, records.body, product_watch.price, product_watch.stock FROM records \
             LEFT JOIN product_watch ON product_watch.shop = records.shop AND product_watch.product = records.id \
             WHERE records.shop = ?1 AND records.change > ?2 AND records.kind = 'product' \
             AND records.withdrawn IS NULL ORDER BY records.change, records.number LIMIT ?3",
        )
        .bind(staff.shop.as_str())
        .bind(mark.unwrap_or(0))
        .bind(AT_ONCE)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                Ok(Watched {
                    change: row.try_get("change")?,
                    record: read_record(row)?,
                    price: row.try_get("price")?,
                    stock: row.try_get("stock")?,
                })
            })
            .collect()
    }

    /// Keeps how a product was seen.
    pub async fn watch_product(
        &self,
        staff: &StaffScope,
        product: &str,
        (price, stock): (Option<f64>, Option<i64>),
    ) -> Result<(), StoreError> {
        let (shop, product) = (staff.shop.clone(), product.to_owned());
        self.write_in_background(move |transaction| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO product_watch (shop, product, price, stock) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT (shop, product) DO UPDATE SET price = excluded.price, stock = excluded.stock",
                )
                .bind(shop.as_str())
                .bind(&product)
                .bind(price)
                .bind(stock)
                .execute(&mut transaction.connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// Products are looked at from this change on the next time. Several may have changed at once: the mark stands before the
    /// last of them until all were looked at.
    pub async fn products_watched(
        &self,
        staff: &StaffScope,
        changed: &[Watched],
        now: &Now,
    ) -> Result<(), StoreError> {
        let Some(last) = changed.last() else { return Ok(()) };
        let is_cut = changed.len() >= AT_ONCE as usize
            && changed.first().map(|first| first.change) != Some(last.change);
        let mark = if is_cut { last.change - 1 } else { last.change };
        self.set_mark(&staff.shop, PRODUCTS, mark.to_string(), now).await
    }

    async fn mark(&self, shop: &ShopId, name: &str) -> Result<Option<String>, StoreError> {
        let value = sqlx::query_scalar("SELECT value FROM settings WHERE shop = ?1 AND name = ?2")
            .bind(shop.as_str())
            .bind(name)
            .fetch_optional(self.readers())
            .await?;
        Ok(value)
    }

    async fn set_mark(
        &self,
        shop: &ShopId,
        name: &'static str,
        value: String,
        now: &Now,
    ) -> Result<(), StoreError> {
        let (shop, moment) = (shop.clone(), now.epoch_milliseconds());
        self.write_in_background(move |transaction: &mut Transaction| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO settings (shop, name, value, at) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT (shop, name) DO UPDATE SET value = excluded.value, at = excluded.at",
                )
                .bind(shop.as_str())
                .bind(name)
                .bind(&value)
                .bind(moment)
                .execute(&mut transaction.connection)
                .await?;
                Ok(())
            })
        })
        .await
    }
}
