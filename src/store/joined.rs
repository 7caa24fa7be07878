//! Which visitors turned out to be which customer? What they did before they signed in is read together with what the
//! customer does; the rows stay whose they were, so that the browser keeps what it was told and what it closed.

use sqlx::Row;
use sqlx::SqliteConnection;

use super::codec::{from_text, word};
use super::random::sha256;
use super::{Store, StoreError, Transaction};
use crate::identity::{CustomerId, Scope, ShopId, VisitorId};
use crate::proactive::{Person, Reason};
use crate::time::Now;

/// A visitor who turned out to be a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Joined {
    /// The visitor.
    pub visitor: VisitorId,
    /// What was done until then is the customer's, in milliseconds.
    pub until: i64,
}

impl Joined {
    /// The visitor as a person.
    pub fn person(&self) -> Person {
        Person::Visitor(self.visitor.clone())
    }
}

/// As a condition: the keys of a person, and those of the visitors that a customer was. The shop is ?1, the key ?2.
macro_rules! also_known_as {
    () => {
        "(SELECT ?2 UNION ALL SELECT 'visitor:' || visitor FROM joined_visitors WHERE shop = ?1 \
         AND SUBSTR(?2, 1, 9) = 'customer:' AND customer = SUBSTR(?2, 10))"
    };
}
pub(super) use also_known_as;

impl Store {
    /// Makes what a visitor has done count for the customer of the scope, where the token of the visitor's session proves
    /// that it is the same browser. False if it does not: it is unknown, has run out or is a customer's, or its visitor is
    /// another customer already.
    pub async fn join_visitor(&self, scope: &Scope, token: &str, now: &Now) -> Result<bool, StoreError> {
        let Some(customer) = scope.verified_customer().cloned() else { return Ok(false) };
        let (shop, token, moment) = (scope.shop.clone(), sha256(token), now.epoch_milliseconds());
        self.write(move |transaction| {
            Box::pin(async move {
                let Some(visitor) = visitor_of(transaction, &shop, (&token, moment)).await? else {
                    return Ok(false);
                };
                if !join(transaction, &shop, (&visitor, &customer), moment).await? {
                    return Ok(false);
                }
                take_over_plans(transaction, &shop, (&visitor, &customer), moment).await?;
                Ok(true)
            })
        })
        .await
    }

    /// The visitors that a person was before signing in.
    pub(super) async fn joined_to(&self, shop: &ShopId, person: &Person) -> Result<Vec<Joined>, StoreError> {
        let mut connection = self.readers().acquire().await?;
        joined_to(&mut connection, shop, person).await
    }
}

/// The same, on a connection that may be inside a write.
pub(super) async fn joined_to(
    connection: &mut SqliteConnection,
    shop: &ShopId,
    person: &Person,
) -> Result<Vec<Joined>, StoreError> {
    let Some(customer) = person.customer() else { return Ok(Vec::new()) };
    let rows =
        sqlx::query("SELECT visitor, joined_at FROM joined_visitors WHERE shop = ?1 AND customer = ?2")
            .bind(shop.as_str())
            .bind(customer.as_str())
            .fetch_all(connection)
            .await?;
    rows.iter()
        .map(|row| {
            Ok(Joined { visitor: from_text(row.try_get("visitor")?)?, until: row.try_get("joined_at")? })
        })
        .collect()
}

/// The visitor of a session that no customer has opened.
async fn visitor_of(
    transaction: &mut Transaction,
    shop: &ShopId,
    (token, moment): (&[u8], i64),
) -> Result<Option<VisitorId>, StoreError> {
    let visitor: Option<String> = sqlx::query_scalar(
        "SELECT visitor FROM sessions WHERE sha256 = ?1 AND shop = ?2 AND customer IS NULL AND expires_at > ?3",
    )
    .bind(token)
    .bind(shop.as_str())
    .bind(moment)
    .fetch_optional(&mut transaction.connection)
    .await?;
    visitor.map(from_text).transpose()
}

async fn join(
    transaction: &mut Transaction,
    shop: &ShopId,
    (visitor, customer): (&VisitorId, &CustomerId),
    moment: i64,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "INSERT INTO joined_visitors (shop, visitor, customer, joined_at) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (shop, visitor) DO UPDATE SET joined_at = MAX(joined_at, excluded.joined_at) \
         WHERE customer = excluded.customer",
    )
    .bind(shop.as_str())
    .bind(visitor.as_str())
    .bind(customer.as_str())
    .bind(moment)
    .execute(&mut transaction.connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What was still to be said to the visitor is said to the customer, unless it was said or planned for the same cause before.
async fn take_over_plans(
    transaction: &mut Transaction,
    shop: &ShopId,
    (visitor, customer): (&VisitorId, &CustomerId),
    moment: i64,
) -> Result<(), StoreError> {
    let visitor = Person::Visitor(visitor.clone()).key();
    let customer = Person::Customer(customer.clone()).key();
    sqlx::query(concat!(
        "UPDATE nudges SET state = 'dropped', reason = ?3, settled_at = ?4, looks = looks + 1 \
         WHERE shop = ?1 AND person = ?5 AND state = 'planned' AND EXISTS (SELECT 1 FROM nudges AS other \
         WHERE other.shop = ?1 AND other.rule = nudges.rule AND other.cause = nudges.cause AND (other.person = ?2 \
         OR (other.state = 'sent' AND other.person IN ",
        also_known_as!(),
        ")))"
    ))
    .bind(shop.as_str())
    .bind(&customer)
    .bind(word(&Reason::CauseGone)?)
    .bind(moment)
    .bind(&visitor)
    .execute(&mut transaction.connection)
    .await?;
    sqlx::query(
        "UPDATE nudges SET person = ?2, looks = looks + 1 WHERE shop = ?1 AND person = ?3 AND state = 'planned'",
    )
    .bind(shop.as_str())
    .bind(&customer)
    .bind(&visitor)
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}
