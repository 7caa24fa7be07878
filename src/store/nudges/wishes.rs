//! What became of a word on the customer's side: seen, opened, answered, closed, or not wanted any more.

use sqlx::Row;

use crate::identity::{ConversationId, NudgeId, Scope, ShopId};
use crate::proactive::Person;
use crate::store::{Store, StoreError, Transaction};
use crate::time::Now;

/// What a customer did with a word that was said first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NudgeOutcome {
    /// It came to the screen.
    Shown,
    /// The conversation was opened from it.
    Opened,
    /// It was closed.
    Dismissed,
    /// Nothing more of its rule is wanted.
    StopRule,
    /// Nothing more is wanted but what concerns own orders.
    StopAll,
}

impl Store {
    /// Keeps what a customer did with a word. Somebody else's is [`StoreError::NotFound`], as one that never was.
    pub async fn nudge_outcome(
        &self,
        (scope, person): (&Scope, &Person),
        id: &NudgeId,
        outcome: NudgeOutcome,
        now: &Now,
    ) -> Result<(), StoreError> {
        let (shop, person, id) = (scope.shop.clone(), person.clone(), id.clone());
        let moment = now.epoch_milliseconds();
        self.write(move |transaction| {
            Box::pin(async move { keep(transaction, (&shop, &person), (&id, outcome), moment).await })
        })
        .await
    }

    /// A person asks to be left alone with everything but their own orders.
    pub async fn refuse_nudges(&self, scope: &Scope, person: &Person, now: &Now) -> Result<(), StoreError> {
        let (shop, person, moment) = (scope.shop.clone(), person.clone(), now.epoch_milliseconds());
        self.write(move |transaction| {
            Box::pin(async move { refuse(transaction, (&shop, &person), "", moment).await })
        })
        .await
    }

    /// The customer writes where something was said first, or orders after it: the latest one that has no answer is answered.
    pub async fn note_nudge_answered(
        &self,
        conversation: &ConversationId,
        now: &Now,
    ) -> Result<(), StoreError> {
        let (conversation, moment) = (conversation.clone(), now.epoch_milliseconds());
        self.write_in_background(move |transaction| {
            Box::pin(async move {
                sqlx::query(
                    "UPDATE nudges SET answered_at = ?1 WHERE answered_at IS NULL AND number = (SELECT MAX(number) \
                     FROM nudges WHERE conversation = ?2 AND state = 'sent' AND settled_at > ?1 - 86400000)",
                )
                .bind(moment)
                .bind(conversation.as_str())
                .execute(&mut transaction.connection)
                .await?;
                Ok(())
            })
        })
        .await
    }
}

async fn keep(
    transaction: &mut Transaction,
    (shop, person): (&ShopId, &Person),
    (id, outcome): (&NudgeId, NudgeOutcome),
    moment: i64,
) -> Result<(), StoreError> {
    let row = sqlx::query("SELECT rule, person FROM nudges WHERE shop = ?1 AND id = ?2 AND state = 'sent'")
        .bind(shop.as_str())
        .bind(id.as_str())
        .fetch_optional(&mut transaction.connection)
        .await?;
    let unknown = || StoreError::not_found("nudge", id.as_str());
    let row = row.ok_or_else(unknown)?;
    if row.try_get::<String, _>("person")? != person.key() {
        return Err(unknown());
    }
    sqlx::query(match outcome {
        NudgeOutcome::Shown => "UPDATE nudges SET shown_at = COALESCE(shown_at, ?1) WHERE id = ?2",
        NudgeOutcome::Opened => "UPDATE nudges SET opened_at = COALESCE(opened_at, ?1) WHERE id = ?2",
        NudgeOutcome::Dismissed | NudgeOutcome::StopRule | NudgeOutcome::StopAll => {
            "UPDATE nudges SET dismissed_at = COALESCE(dismissed_at, ?1) WHERE id = ?2"
        }
    })
    .bind(moment)
    .bind(id.as_str())
    .execute(&mut transaction.connection)
    .await?;
    match outcome {
        NudgeOutcome::StopRule => {
            let rule: String = row.try_get("rule")?;
            refuse(transaction, (shop, person), &rule, moment).await
        }
        NudgeOutcome::StopAll => refuse(transaction, (shop, person), "", moment).await,
        NudgeOutcome::Shown | NudgeOutcome::Opened | NudgeOutcome::Dismissed => Ok(()),
    }
}

async fn refuse(
    transaction: &mut Transaction,
    (shop, person): (&ShopId, &Person),
    rule: &str,
    moment: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO nudge_refusals (shop, person, rule, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    )
    .bind(shop.as_str())
    .bind(person.key())
    .bind(rule)
    .bind(moment)
    .execute(&mut transaction.connection)
    .await?;
    Ok(())
}
