//! By what events are noticed that nobody reports: conversations that came to rest, days that began, products that changed.
//! Each has a mark of how far it was looked at.

use jiff::Timestamp;
use sqlx::Row;

use crate::identity::{ShopId, StaffScope};
use crate::proactive::seen_of;
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

/// At most so many conversations, customers or changed products are looked at in one go.
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

/// Conversations that came to rest, as far as they were looked at in one go.
#[derive(Debug, Clone)]
pub struct Rests {
    /// Those in which the customer has written.
    pub rested: Vec<Rested>,
    /// Where the next look begins; none if nothing happened.
    pub until: Option<Timestamp>,
}

/// How far a day has begun for the customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayBegun {
    /// For those up to this id, in the order of their ids; none: for nobody.
    Until(Option<String>),
    /// For everybody.
    ForAll,
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
    /// has; the longest resting first.
    pub async fn rested_conversations(
        &self,
        staff: &StaffScope,
        until: Timestamp,
        now: &Now,
    ) -> Result<Rests, StoreError> {
        let mark = self.mark(&staff.shop, RESTED).await?.and_then(|mark| mark.parse::<i64>().ok());
        // One that lies ahead was written while the clock went wrong: until then nothing would be noticed.
        let mark = mark.filter(|mark| *mark <= now.epoch_milliseconds());
        let rows = sqlx::query(
            "SELECT conversations.*, (SELECT count(*) FROM messages WHERE conversation = conversations.id \
             AND author = 'customer') AS turns, (SELECT MAX(at) FROM messages WHERE conversation = conversations.id \
             AND author = 'customer') AS spoken, EXISTS (SELECT 1 FROM tickets WHERE conversation = conversations.id) \
             AS handed FROM conversations WHERE shop = ?1 AND updated_at > ?2 AND updated_at <= ?3 \
             AND state IN ('bot', 'resolved') ORDER BY updated_at LIMIT ?4",
        )
        .bind(staff.shop.as_str())
        .bind(mark.unwrap_or(now.epoch_milliseconds() - FIRST_LOOK))
        .bind(until.as_millisecond())
        .bind(AT_ONCE)
        .fetch_all(self.readers())
        .await?;
        let mut rested = Vec::new();
        let mut rests_since = Vec::new();
        for row in &rows {
            rests_since.push(row.try_get("updated_at")?);
            let Some(spoken) = row.try_get::<Option<i64>, _>("spoken")? else { continue };
            rested.push(Rested {
                conversation: read_conversation(row)?,
                turns: row.try_get("turns")?,
                spoken_at: time(spoken)?,
                handed_over: row.try_get("handed")?,
            });
        }
        let until = match rests_since.last() {
            None => None,
            Some(_) if rows.len() < AT_ONCE as usize => Some(until),
            Some(_) => before_last(&rests_since).map(time).transpose()?,
        };
        Ok(Rests { rested, until })
    }

    /// Conversations are looked at from this moment on the next time.
    pub async fn rests_noticed(
        &self,
        staff: &StaffScope,
        until: Timestamp,
        now: &Now,
    ) -> Result<(), StoreError> {
        self.set_mark(&staff.shop, RESTED, until.as_millisecond().to_string(), now).await
    }

    /// How far a day, written as a date, has begun.
    pub async fn day_begun(&self, staff: &StaffScope, day: &str) -> Result<DayBegun, StoreError> {
        let mark = self.mark(&staff.shop, DAY).await?.unwrap_or_default();
        let (begun, until) = match mark.split_once(' ') {
            Some((begun, until)) => (begun, Some(until.to_owned())),
            None => (mark.as_str(), None),
        };
        Ok(match until {
            _ if begun != day => DayBegun::Until(None),
            None => DayBegun::ForAll,
            until => DayBegun::Until(until),
        })
    }

    /// From now on a day has begun as far as this.
    pub async fn begin_day(
        &self,
        staff: &StaffScope,
        (day, begun): (&str, DayBegun),
        now: &Now,
    ) -> Result<(), StoreError> {
        let mark = match begun {
            DayBegun::Until(Some(customer)) => format!("{day} {customer}"),
            DayBegun::Until(None) => return Ok(()),
            DayBegun::ForAll => day.to_owned(),
        };
        self.set_mark(&staff.shop, DAY, mark, now).await
    }

    /// Some customers by their ids, those after one; none if there are no more.
    pub async fn customers_after(
        &self,
        staff: &StaffScope,
        id: Option<&str>,
    ) -> Result<Vec<Record>, StoreError> {
        let rows = sqlx::query(
            "SELECT kind, id, body FROM records WHERE shop = ?1 AND kind = 'customer' AND id > ?2 \
             AND withdrawn IS NULL ORDER BY id LIMIT ?3",
        )
        .bind(staff.shop.as_str())
        .bind(id.unwrap_or_default())
        .bind(AT_ONCE)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_record).collect()
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

    /// Keeps how products were seen; they are looked at from the last of their changes on the next time. Several may have
    /// changed at once: the mark stands before the last of them until all were looked at.
    pub async fn products_watched(
        &self,
        staff: &StaffScope,
        changed: &[Watched],
        now: &Now,
    ) -> Result<(), StoreError> {
        let changes: Vec<i64> = changed.iter().map(|watched| watched.change).collect();
        let is_cut = changed.len() >= AT_ONCE as usize;
        let Some(mark) = (if is_cut { before_last(&changes) } else { changes.last().copied() }) else {
            return Ok(());
        };
        let seen: Vec<_> = changed
            .iter()
            .map(|watched| (watched.record.id.clone(), seen_of(&watched.record, now)))
            .collect();
        let (shop, moment) = (staff.shop.clone(), now.epoch_milliseconds());
        self.write_in_background(move |transaction| {
            Box::pin(async move {
                for (product, (price, stock)) in &seen {
                    sqlx::query(
                        "INSERT INTO product_watch (shop, product, price, stock) VALUES (?1, ?2, ?3, ?4) \
                         ON CONFLICT (shop, product) DO UPDATE SET price = excluded.price, stock = excluded.stock",
                    )
                    .bind(shop.as_str())
                    .bind(product)
                    .bind(price)
                    .bind(stock)
                    .execute(&mut transaction.connection)
                    .await?;
                }
                write_mark(transaction, &shop, (PRODUCTS, &mark.to_string()), moment).await
            })
        })
        .await
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
        self.write_in_background(move |transaction| {
            Box::pin(async move { write_mark(transaction, &shop, (name, &value), moment).await })
        })
        .await
    }
}

/// The last place up to which everything was looked at, where a look was cut off: others may stand at the very last one.
fn before_last(places: &[i64]) -> Option<i64> {
    let last = *places.last()?;
    Some(if places.first() == Some(&last) { last } else { last - 1 })
}

async fn write_mark(
    transaction: &mut Transaction,
    shop: &ShopId,
    (name, value): (&str, &str),
    moment: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO settings (shop, name, value, at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (shop, name) DO UPDATE SET value = excluded.value, at = excluded.at",
    )
    .bind(shop.as_str())
    .bind(name)
    .bind(value)
    .bind(moment)
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}
