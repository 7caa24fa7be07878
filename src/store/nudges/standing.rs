//! How do things stand with a person to whom something would be said first? Read the same way before the words are made and
//! inside the transaction that sends them.

use std::collections::BTreeSet;

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use crate::desk::types::ConversationState;
use crate::identity::{ConversationId, Scope, ShopId};
use crate::proactive::{Consents, Person, Shown, Standing, troubled};
use crate::store::codec::{from_json, from_word, time};
use crate::store::joined::{also_known_as, joined_to};
use crate::store::{Store, StoreError};
use crate::time::Now;

const HOUR: i64 = 3_600_000;
const WEEK: i64 = 7 * 24 * HOUR;

/// So long back a feeling is looked for; the brakes say how long it counts.
const FEELINGS: i64 = 30 * 24 * HOUR;

/// The latest conversations of a person: who has them, what they remember, when the customer last wrote.
macro_rules! of_person {
    ($column:literal) => {
        concat!(
            "SELECT state, memory, (SELECT MAX(at) FROM messages WHERE conversation = conversations.id ",
            "AND author = 'customer') AS spoken, EXISTS (SELECT 1 FROM tickets WHERE conversation = conversations.id ",
            "AND mode = 'now' AND status IN ('open', 'claimed', 'snoozed')) AS owed FROM conversations WHERE shop = ?1 AND ",
            $column,
            " = ?2 AND updated_at > ?3 ORDER BY updated_at DESC LIMIT 20"
        )
    };
}

/// What a person has refused, closed and been told, also before signing in.
const REFUSED: &str =
    concat!("SELECT rule FROM nudge_refusals WHERE shop = ?1 AND person IN ", also_known_as!());
const DISMISSED: &str = concat!(
    "SELECT rule, MAX(dismissed_at) AS at FROM nudges WHERE shop = ?1 AND dismissed_at IS NOT NULL AND person IN ",
    also_known_as!(),
    " GROUP BY rule"
);
const SAID: &str = concat!(
    "SELECT rule, purpose, settled_at FROM nudges WHERE shop = ?1 AND state = 'sent' AND settled_at > ?3 AND person IN ",
    also_known_as!()
);

impl Store {
    /// How things stand with a person for one rule.
    pub async fn standing_with(
        &self,
        shop: &ShopId,
        (person, rule): (&Person, &str),
        now: &Now,
    ) -> Result<Standing, StoreError> {
        let mut connection = self.readers().acquire().await?;
        standing(&mut connection, shop, (person, rule), now).await
    }

    /// Whether the customer has written in a conversation after a moment.
    pub async fn spoke_after(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
        moment: Timestamp,
    ) -> Result<bool, StoreError> {
        let spoke = sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM messages WHERE shop = ?1 AND conversation = ?2 AND author = 'customer' \
             AND at > ?3)",
        )
        .bind(scope.shop.as_str())
        .bind(conversation.as_str())
        .bind(moment.as_millisecond())
        .fetch_one(self.readers())
        .await?;
        Ok(spoke)
    }
}

/// The same, on a connection that may be inside a write.
pub(super) async fn standing(
    connection: &mut SqliteConnection,
    shop: &ShopId,
    (person, rule): (&Person, &str),
    now: &Now,
) -> Result<Standing, StoreError> {
    let mut standing = Standing::default();
    wishes(connection, shop, person, &mut standing).await?;
    told(connection, shop, (person, now.epoch_milliseconds()), &mut standing).await?;
    matters(connection, shop, (person, now.epoch_milliseconds()), &mut standing).await?;
    let since = now.epoch_milliseconds() - HOUR;
    for (count, of_rule) in [(&mut standing.of_rule, Some(rule)), (&mut standing.of_shop, None)] {
        *count = sqlx::query_scalar(
            "SELECT count(*) FROM nudges WHERE shop = ?1 AND state = 'sent' AND settled_at > ?2 AND (?3 IS NULL OR rule = ?3)",
        )
        .bind(shop.as_str())
        .bind(since)
        .bind(of_rule)
        .fetch_one(&mut *connection)
        .await?;
    }
    Ok(standing)
}

/// What the person has agreed to and refused.
async fn wishes(
    connection: &mut SqliteConnection,
    shop: &ShopId,
    person: &Person,
    standing: &mut Standing,
) -> Result<(), StoreError> {
    if let Some(customer) = person.customer() {
        let body: Option<String> = sqlx::query_scalar(
            "SELECT body FROM records WHERE shop = ?1 AND kind = 'customer' AND id = ?2 AND withdrawn IS NULL",
        )
        .bind(shop.as_str())
        .bind(customer.as_str())
        .fetch_optional(&mut *connection)
        .await?;
        let body: Option<serde_json::Value> = body.as_deref().map(from_json).transpose()?;
        standing.consents = Consents::of(body.as_ref());
    }
    let refused: Vec<String> = sqlx::query_scalar(REFUSED)
        .bind(shop.as_str())
        .bind(person.key())
        .fetch_all(&mut *connection)
        .await?;
    standing.opted_out = refused.iter().any(String::is_empty);
    standing.stopped = refused.into_iter().filter(|rule| !rule.is_empty()).collect::<BTreeSet<_>>();
    let rows =
        sqlx::query(DISMISSED).bind(shop.as_str()).bind(person.key()).fetch_all(&mut *connection).await?;
    for row in &rows {
        standing.dismissed.push((row.try_get("rule")?, time(row.try_get("at")?)?));
    }
    Ok(())
}

/// What was said first lately.
async fn told(
    connection: &mut SqliteConnection,
    shop: &ShopId,
    (person, moment): (&Person, i64),
    standing: &mut Standing,
) -> Result<(), StoreError> {
    let rows = sqlx::query(SAID)
        .bind(shop.as_str())
        .bind(person.key())
        .bind(moment - WEEK)
        .fetch_all(&mut *connection)
        .await?;
    for row in &rows {
        standing.shown.push(Shown {
            rule: row.try_get("rule")?,
            purpose: from_word(row.try_get("purpose")?)?,
            at: time(row.try_get("settled_at")?)?,
        });
    }
    Ok(())
}

/// Whether people have one of the person's conversations, and what was felt in them.
async fn matters(
    connection: &mut SqliteConnection,
    shop: &ShopId,
    (person, moment): (&Person, i64),
    standing: &mut Standing,
) -> Result<(), StoreError> {
    let joined = joined_to(connection, shop, person).await?;
    let before =
        joined.iter().map(|joined| (of_person!("customer IS NULL AND visitor"), joined.visitor.as_str()));
    let own = match person {
        Person::Customer(customer) => (of_person!("customer"), customer.as_str()),
        Person::Visitor(visitor) => (of_person!("visitor"), visitor.as_str()),
    };
    let mut rows = Vec::new();
    for (sql, id) in before.chain([own]) {
        let found = sqlx::query(sql).bind(shop.as_str()).bind(id).bind(moment - FEELINGS);
        rows.extend(found.fetch_all(&mut *connection).await?);
    }
    for row in &rows {
        let state: ConversationState = from_word(row.try_get("state")?)?;
        let owed: bool = row.try_get("owed")?;
        standing.with_people |= owed || state == ConversationState::Waiting || state.is_with_person();
        let memory = from_json(&row.try_get::<String, _>("memory")?)?;
        let felt = troubled(&memory);
        standing.danger |= felt.danger;
        let spoken: Option<i64> = row.try_get("spoken")?;
        if felt.trouble
            && let Some(spoken) = spoken
        {
            standing.trouble = standing.trouble.max(Some(time(spoken)?));
        }
    }
    Ok(())
}
