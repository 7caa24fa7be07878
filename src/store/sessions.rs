//! Tokens by which a browser opens its own conversation. Kept as hashes.

use secrecy::SecretString;
use sqlx::Row;

use super::codec::from_text;
use super::conversations::own_conversation;
use super::random::{secret_hex, sha256};
use super::{Store, StoreError};
use crate::identity::{ConversationId, Identity, Scope, VisitorId};
use crate::time::Now;

/// How long a token opens anything.
const SESSION_DAYS: i64 = 7;

/// What a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// On whose behalf: the customer that was proven when the session began, or the visitor.
    pub scope: Scope,
    /// The conversation it was made for.
    pub conversation: ConversationId,
    /// The browser.
    pub visitor: VisitorId,
}

impl Store {
    /// Makes a token for the own conversation, valid for seven days.
    pub async fn create_session(
        &self,
        scope: &Scope,
        conversation: &ConversationId,
        visitor: &VisitorId,
        now: &Now,
    ) -> Result<SecretString, StoreError> {
        let (scope, conversation, visitor) = (scope.clone(), conversation.clone(), visitor.clone());
        let moment = now.epoch_milliseconds();
        self.write(move |transaction| {
            Box::pin(async move {
                own_conversation(transaction, &scope, &conversation).await?;
                sqlx::query("DELETE FROM sessions WHERE expires_at <= ?1")
                    .bind(moment)
                    .execute(&mut transaction.connection)
                    .await?;
                let token = secret_hex()?;
                sqlx::query(
                    "INSERT INTO sessions (sha256, shop, conversation, visitor, customer, created_at, expires_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )
                .bind(&sha256(&token)[..])
                .bind(scope.shop.as_str())
                .bind(conversation.as_str())
                .bind(visitor.as_str())
                .bind(scope.verified_customer().map(|customer| customer.as_str()))
                .bind(moment)
                .bind(moment + SESSION_DAYS * 86_400_000)
                .execute(&mut transaction.connection)
                .await?;
                Ok(SecretString::from(token))
            })
        })
        .await
    }

    /// What a token opens; `None` if it is unknown or has run out.
    pub async fn session(&self, token: &str, now: &Now) -> Result<Option<Session>, StoreError> {
        // The row is found by the hash of the token: how long that takes says nothing about a token nobody knows.
        let row = sqlx::query(
            "SELECT shop, conversation, visitor, customer FROM sessions WHERE sha256 = ?1 AND expires_at > ?2",
        )
        .bind(&sha256(token)[..])
        .bind(now.epoch_milliseconds())
        .fetch_optional(self.readers())
        .await?;
        let Some(row) = row else { return Ok(None) };
        let visitor: VisitorId = from_text(row.try_get("visitor")?)?;
        let identity = match row.try_get::<Option<String>, _>("customer")? {
            Some(customer) => Identity::Customer(from_text(customer)?),
            None => Identity::Anonymous(Some(visitor.clone())),
        };
        Ok(Some(Session {
            scope: Scope { shop: from_text(row.try_get("shop")?)?, identity },
            conversation: from_text(row.try_get("conversation")?)?,
            visitor,
        }))
    }
}
