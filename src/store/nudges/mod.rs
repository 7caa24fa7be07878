//! What is said first, as rows: planned once for a person, a rule and a cause, then sent or dropped, once.

mod noticing;
mod report;
mod sending;
mod standing;
mod wishes;

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_text, from_word, json, time, word};
use super::joined::also_known_as;
use super::shop_events::{person_of, read_event};
use super::{Store, StoreError, Transaction};
use crate::identity::{NudgeId, ShopId, StaffScope};
use crate::pack::proactive::Purpose;
use crate::proactive::{Nudge, Person, Planned, Reason};
use crate::time::Now;

pub use noticing::{DayBegun, Rested, Rests, Watched};
pub use report::{NudgeLine, RuleCounts};
pub use sending::{NudgeSaid, NudgeSent, NudgeWord};
pub use wishes::NudgeOutcome;

/// What an event begins.
#[derive(Debug, Clone)]
pub struct BegunByEvent {
    /// The number of the event.
    pub event: i64,
    /// Whom it concerns.
    pub person: Option<Person>,
    /// What is to be said, with what it is for.
    pub planned: Vec<(Planned, Purpose)>,
}

impl Store {
    /// Plans what events begin, and marks them as looked at, both or neither. How many are new. What was said or dropped
    /// for the same cause is never planned again; what is planned still may be put off.
    pub async fn plan_nudges(
        &self,
        staff: &StaffScope,
        begun: Vec<BegunByEvent>,
        now: &Now,
    ) -> Result<usize, StoreError> {
        let (shop, moment) = (staff.shop.clone(), now.epoch_milliseconds());
        self.write(move |transaction| {
            Box::pin(async move {
                let (some, none): (Vec<_>, Vec<_>) =
                    begun.iter().partition(|begun| !begun.planned.is_empty());
                mark_looked_at(transaction, &none).await?;
                let mut new = 0;
                for begun in some {
                    // One that was looked at or erased meanwhile begins nothing.
                    let still_fresh = mark_looked_at(transaction, &[begun]).await? > 0;
                    let Some(person) = begun.person.as_ref().filter(|_| still_fresh) else { continue };
                    for planned in &begun.planned {
                        new += usize::from(
                            insert(transaction, &shop, (begun.event, person, planned), moment).await?,
                        );
                    }
                }
                Ok(new)
            })
        })
        .await
    }

    /// What is due to be said, to everybody or to one person, the longest waiting first.
    pub async fn due_nudges(
        &self,
        staff: &StaffScope,
        person: Option<&Person>,
        limit: u32,
        now: &Now,
    ) -> Result<Vec<Nudge>, StoreError> {
        let rows = sqlx::query(if person.is_some() { DUE_OF_ONE } else { DUE })
            .bind(staff.shop.as_str())
            .bind(now.epoch_milliseconds())
            .bind(limit)
            .bind(person.map(Person::key))
            .fetch_all(self.readers())
            .await?;
        rows.iter().map(read_nudge).collect()
    }

    /// It may be said later; it is looked at again then.
    pub async fn put_off_nudge(&self, nudge: &Nudge, due: jiff::Timestamp) -> Result<(), StoreError> {
        let (id, looks) = (nudge.id.clone(), nudge.looks);
        self.write_in_background(move |transaction| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE nudges SET due = ?1, looks = looks + 1 WHERE id = ?2 AND looks = ?3 AND state = 'planned'",
                )
                .bind(due.as_millisecond())
                .bind(id.as_str())
                .bind(looks)
                .execute(&mut transaction.connection)
                .await?;
                Ok(())
            })
        })
        .await
    }

    /// It is never said.
    pub async fn drop_nudge(&self, nudge: &Nudge, reason: Reason, now: &Now) -> Result<(), StoreError> {
        let (id, looks, moment) = (nudge.id.clone(), nudge.looks, now.epoch_milliseconds());
        self.write_in_background(move |transaction| {
            Box::pin(async move { settle_dropped(transaction, (&id, looks), reason, moment).await })
        })
        .await
    }
}

/// Due nudges with their events beside them; both have an id, a person and a product.
macro_rules! due {
    ($of:literal) => {
        concat!(
            "SELECT shop_events.*, nudges.id AS nudge, nudges.rule, nudges.person AS whom, nudges.cause, ",
            "nudges.product AS about, nudges.state, nudges.reason, nudges.due, nudges.expires, nudges.looks, ",
            "nudges.text, nudges.settled_at FROM nudges JOIN shop_events ON shop_events.number = nudges.event ",
            "WHERE nudges.shop = ?1 AND nudges.state = 'planned' AND nudges.due <= ?2",
            $of,
            " ORDER BY nudges.due, nudges.number LIMIT ?3"
        )
    };
}
/// The due ones of everybody, the longest due first.
pub(super) const DUE: &str = due!(" AND ?4 IS NULL");
/// The due ones of one person.
pub(super) const DUE_OF_ONE: &str = due!(" AND nudges.person = ?4");

fn read_nudge(row: &SqliteRow) -> Result<Nudge, StoreError> {
    let mut event = read_event(row)?.event;
    // What the word is about may be one of several things of the event.
    if let Some(about) = row.try_get::<Option<String>, _>("about")? {
        event.product = Some(about);
    }
    let reason: Option<String> = row.try_get("reason")?;
    let state = from_word(row.try_get("state")?)?;
    let settled: Option<i64> = row.try_get("settled_at")?;
    Ok(Nudge {
        id: from_text(row.try_get("nudge")?)?,
        rule: row.try_get("rule")?,
        person: person_of(&row.try_get::<String, _>("whom")?)?,
        cause: row.try_get("cause")?,
        event: Box::new(event),
        state,
        reason: reason.map(from_word).transpose()?,
        due: time(row.try_get("due")?)?,
        expires: time(row.try_get("expires")?)?,
        looks: row.try_get("looks")?,
        text: row.try_get("text")?,
        sent_at: settled.map(time).transpose()?,
    })
}

/// Nothing is planned that was said for the same cause to the visitor that a customer was before signing in.
const INSERT: &str = concat!(
    "INSERT INTO nudges (shop, person, id, rule, purpose, cause, event, product, state, due, expires, planned_at) \
     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'planned', ?9, ?10, ?11 WHERE NOT EXISTS (SELECT 1 FROM nudges AS said \
     WHERE said.shop = ?1 AND said.rule = ?4 AND said.cause = ?6 AND said.state = 'sent' AND said.person <> ?2 \
     AND said.person IN ",
    also_known_as!(),
    ") ON CONFLICT (shop, rule, person, cause) DO UPDATE SET event = excluded.event, due = excluded.due, \
     expires = excluded.expires, looks = looks + 1 WHERE ?12 AND state = 'planned' AND excluded.due > due"
);

/// Marks events as looked at, with one statement. How many were not yet.
async fn mark_looked_at(transaction: &mut Transaction, begun: &[&BegunByEvent]) -> Result<u64, StoreError> {
    let numbers: Vec<i64> = begun.iter().map(|begun| begun.event).collect();
    let marked = sqlx::query(
        "UPDATE shop_events SET fresh = 0 WHERE number IN (SELECT value FROM json_each(?1)) AND fresh = 1",
    )
    .bind(json(&numbers)?)
    .execute(&mut transaction.connection)
    .await?;
    Ok(marked.rows_affected())
}

async fn insert(
    transaction: &mut Transaction,
    shop: &ShopId,
    (event, person, (planned, purpose)): (i64, &Person, &(Planned, Purpose)),
    moment: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query(INSERT)
        .bind(shop.as_str())
        .bind(person.key())
        .bind(NudgeId::generate().as_str())
        .bind(&planned.rule)
        .bind(word(purpose)?)
        .bind(&planned.cause)
        .bind(event)
        .bind(&planned.product)
        .bind(planned.due.as_millisecond())
        .bind(planned.expires.as_millisecond())
        .bind(moment)
        .bind(planned.renews)
        .execute(&mut transaction.connection)
        .await?;
    Ok(done.rows_affected() > 0)
}

async fn settle_dropped(
    transaction: &mut Transaction,
    (id, looks): (&NudgeId, u32),
    reason: Reason,
    moment: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE nudges SET state = 'dropped', reason = ?1, settled_at = ?2, looks = looks + 1 \
         WHERE id = ?3 AND looks = ?4 AND state = 'planned'",
    )
    .bind(word(&reason)?)
    .bind(moment)
    .bind(id.as_str())
    .bind(looks)
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}
