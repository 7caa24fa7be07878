//! What happens in the shop, as rows: taken once by its own id, and looked at once for what it begins.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_json, from_text, from_word, json, time, word};
use super::{Store, StoreError, Transaction};
use crate::identity::{Scope, ShopId, StaffScope};
use crate::proactive::{History, MOST_EVENTS, Person, ShopEvent};
use crate::time::Now;

/// An event with its number, by which a nudge names it.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberedEvent {
    /// Its number.
    pub number: i64,
    /// The event.
    pub event: ShopEvent,
}

/// A person's latest looks and searches, and the latest of everything else, so that no order is lost among many looks;
/// only what was reported until ?5.
const PAST: &str = "SELECT * FROM (SELECT * FROM shop_events WHERE shop = ?1 AND person = ?2 AND at >= ?3 \
     AND type IN ('product_viewed', 'search') AND received_at <= ?5 ORDER BY at DESC LIMIT ?4) \
     UNION ALL SELECT * FROM (SELECT * FROM shop_events WHERE shop = ?1 AND person = ?2 AND at >= ?3 \
     AND type NOT IN ('product_viewed', 'search') AND received_at <= ?5 ORDER BY at DESC LIMIT ?4)";

impl Store {
    /// Takes events; how many of them were new. One whose id is known changes nothing.
    pub async fn take_events(
        &self,
        staff: &StaffScope,
        events: Vec<ShopEvent>,
        now: &Now,
    ) -> Result<usize, StoreError> {
        let (shop, received) = (staff.shop.clone(), now.epoch_milliseconds());
        self.write(move |transaction| {
            Box::pin(async move { insert_all(transaction, &shop, &events, received).await })
        })
        .await
    }

    /// The same for events that nobody waits for.
    pub async fn take_noticed(
        &self,
        staff: &StaffScope,
        events: Vec<ShopEvent>,
        now: &Now,
    ) -> Result<usize, StoreError> {
        if events.is_empty() {
            return Ok(0);
        }
        let (shop, received) = (staff.shop.clone(), now.epoch_milliseconds());
        self.write_in_background(move |transaction| {
            Box::pin(async move { insert_all(transaction, &shop, &events, received).await })
        })
        .await
    }

    /// The events after a number that were not looked at yet, as they came, at most `limit`.
    pub async fn fresh_events(
        &self,
        staff: &StaffScope,
        after: i64,
        limit: u32,
    ) -> Result<Vec<NumberedEvent>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM shop_events WHERE shop = ?1 AND fresh = 1 AND number > ?2 ORDER BY number LIMIT ?3",
        )
        .bind(staff.shop.as_str())
        .bind(after)
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_event).collect()
    }

    /// How many events were not looked at yet.
    pub async fn waiting_events(&self, staff: &StaffScope) -> Result<u64, StoreError> {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM shop_events WHERE shop = ?1 AND fresh = 1")
            .bind(staff.shop.as_str())
            .fetch_one(self.readers())
            .await?;
        Ok(count.unsigned_abs())
    }

    /// The events of a person that were not looked at yet, as they came: whoever is there is answered before the rest.
    pub async fn fresh_events_of(
        &self,
        scope: &Scope,
        person: &Person,
        limit: u32,
    ) -> Result<Vec<NumberedEvent>, StoreError> {
        let rows = sqlx::query(
            "SELECT * FROM shop_events WHERE shop = ?1 AND person = ?2 AND fresh = 1 ORDER BY number LIMIT ?3",
        )
        .bind(scope.shop.as_str())
        .bind(person.key())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(read_event).collect()
    }

    /// What a person has done since a moment, as far as it counts, also before signing in.
    pub async fn events_of(
        &self,
        scope: &Scope,
        person: &Person,
        since: Timestamp,
    ) -> Result<History, StoreError> {
        let mut history = History::default();
        for joined in self.joined_to(&scope.shop, person).await? {
            self.add_events(&scope.shop, (&joined.person(), joined.until), since, &mut history).await?;
        }
        self.add_events(&scope.shop, (person, i64::MAX), since, &mut history).await?;
        Ok(history)
    }

    /// Adds what was reported of one of a person's names until a moment in milliseconds.
    async fn add_events(
        &self,
        shop: &ShopId,
        (person, until): (&Person, i64),
        since: Timestamp,
        history: &mut History,
    ) -> Result<(), StoreError> {
        let rows = sqlx::query(PAST)
            .bind(shop.as_str())
            .bind(person.key())
            .bind(since.as_millisecond())
            .bind(u32::try_from(MOST_EVENTS).unwrap_or(u32::MAX))
            .bind(until)
            .fetch_all(self.readers())
            .await?;
        for row in &rows {
            history.take(&read_event(row)?.event);
        }
        Ok(())
    }

    /// Everybody who has looked at a product since a moment; whoever has signed in since then is named as the customer.
    pub async fn viewers(
        &self,
        staff: &StaffScope,
        product: &str,
        since: Timestamp,
    ) -> Result<Vec<Person>, StoreError> {
        let rows = sqlx::query(
            "SELECT DISTINCT COALESCE('customer:' || joined.customer, person) AS person FROM shop_events \
             LEFT JOIN joined_visitors AS joined ON joined.shop = ?1 AND SUBSTR(person, 1, 8) = 'visitor:' \
             AND joined.visitor = SUBSTR(person, 9) AND received_at <= joined_at \
             WHERE shop_events.shop = ?1 AND product = ?2 AND at >= ?3 AND type = 'product_viewed' \
             AND person IS NOT NULL",
        )
        .bind(staff.shop.as_str())
        .bind(product)
        .bind(since.as_millisecond())
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(|row| person_of(&row.try_get::<String, _>("person")?)).collect()
    }
}

/// Inserts events with one statement, in their order: each statement costs a change of threads, which for a list of a hundred is
/// most of the work. How many were new.
async fn insert_all(
    transaction: &mut Transaction,
    shop: &ShopId,
    events: &[ShopEvent],
    received: i64,
) -> Result<usize, StoreError> {
    let rows = events.iter().map(columns_of).collect::<Result<Vec<_>, _>>()?;
    let done = sqlx::query(
        "INSERT INTO shop_events (shop, id, type, person, product, of_order, conversation, detail, at, received_at) \
         SELECT ?1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, \
         value ->> 7, ?3 FROM json_each(?2) WHERE true ORDER BY key ON CONFLICT (shop, id) DO NOTHING",
    )
    .bind(shop.as_str())
    .bind(json(&rows)?)
    .bind(received)
    .execute(&mut transaction.connection)
    .await?;
    Ok(usize::try_from(done.rows_affected()).unwrap_or(usize::MAX))
}

/// An event's own columns as a JSON list: id, type, person, product, order, conversation, detail as JSON text, moment.
fn columns_of(event: &ShopEvent) -> Result<serde_json::Value, StoreError> {
    Ok(serde_json::json!([
        event.id,
        word(&event.kind)?,
        event.person.as_ref().map(Person::key),
        event.product,
        event.order,
        event.conversation.as_ref().map(|id| id.as_str()),
        json(&event.detail)?,
        event.at.as_millisecond(),
    ]))
}

pub(super) fn read_event(row: &SqliteRow) -> Result<NumberedEvent, StoreError> {
    let person: Option<String> = row.try_get("person")?;
    let conversation: Option<String> = row.try_get("conversation")?;
    let detail: String = row.try_get("detail")?;
    Ok(NumberedEvent {
        number: row.try_get("number")?,
        event: ShopEvent {
            id: row.try_get("id")?,
            kind: from_word(row.try_get("type")?)?,
            person: person.as_deref().map(person_of).transpose()?,
            product: row.try_get("product")?,
            order: row.try_get("of_order")?,
            conversation: conversation.map(from_text).transpose()?,
            detail: from_json(&detail)?,
            at: time(row.try_get("at")?)?,
        },
    })
}

/// A person from how it is kept.
pub(super) fn person_of(key: &str) -> Result<Person, StoreError> {
    match key.split_once(':') {
        Some(("customer", id)) => Ok(Person::Customer(from_text(id.to_owned())?)),
        Some(("visitor", id)) => Ok(Person::Visitor(from_text(id.to_owned())?)),
        _ => Err(StoreError::Corrupt(format!("`{key}` names no person"))),
    }
}
