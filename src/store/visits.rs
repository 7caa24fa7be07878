//! Which conversation does a customer find at the next visit, and which one does an open page show?

use super::conversations::{Conversation, UNFINISHED_HOURS, read_conversation};
use super::{Store, StoreError};
use crate::identity::Scope;
use crate::time::Now;

const DAY: i64 = 86_400_000;

/// So long a word that was said first, and that no page has shown, is kept for the customer's next visit: as long as a session
/// lasts, by which a visit is known.
const UNSEEN_DAYS: i64 = 7;

/// A page keeps its session so long, and with it the conversation that it shows.
const PAGE: i64 = DAY;

/// The customer's conversation that is gone on with: alive since ?3, or with a word that was said first since ?4 and that no
/// page has shown. A visit since then has shown it; those of the day that follows it (since ?5) show it too.
const UNFINISHED: &str = "SELECT * FROM conversations WHERE shop = ?1 AND customer = ?2 \
    AND ((state <> 'resolved' AND updated_at >= ?3) OR (updated_at >= ?4 AND EXISTS (SELECT 1 FROM nudges \
    WHERE nudges.conversation = conversations.id AND nudges.state = 'sent' AND settled_at >= ?4 \
    AND nudges.shown_at IS NULL AND nudges.opened_at IS NULL AND answered_at IS NULL AND dismissed_at IS NULL \
    AND NOT EXISTS (SELECT 1 FROM sessions WHERE sessions.conversation = conversations.id \
    AND created_at > settled_at AND created_at < ?5)))) ORDER BY updated_at DESC, opened_at DESC LIMIT 1";

impl Store {
    /// The verified customer's own conversation that is not resolved and was alive within the last 72 hours, or in which
    /// something was said first within the last seven days that no page has shown; the latest if there are several. None for
    /// anybody who is not verified.
    pub async fn unfinished_conversation(
        &self,
        scope: &Scope,
        now: &Now,
    ) -> Result<Option<Conversation>, StoreError> {
        let Some(customer) = scope.verified_customer() else { return Ok(None) };
        let moment = now.epoch_milliseconds();
        let row = sqlx::query(UNFINISHED)
            .bind(scope.shop.as_str())
            .bind(customer.as_str())
            .bind(moment - UNFINISHED_HOURS * 3_600_000)
            .bind(moment - UNSEEN_DAYS * DAY)
            .bind(moment - DAY)
            .fetch_optional(self.readers())
            .await?;
        row.as_ref().map(read_conversation).transpose()
    }

    /// The conversation that a page of the verified customer shows: that of the session that was opened last, within a day.
    pub async fn shown_conversation(
        &self,
        scope: &Scope,
        now: &Now,
    ) -> Result<Option<Conversation>, StoreError> {
        let Some(customer) = scope.verified_customer() else { return Ok(None) };
        let row = sqlx::query(
            "SELECT conversations.* FROM sessions JOIN conversations ON conversations.id = sessions.conversation \
             WHERE sessions.shop = ?1 AND sessions.customer = ?2 AND sessions.created_at >= ?3 \
             AND conversations.customer = ?2 ORDER BY sessions.created_at DESC LIMIT 1",
        )
        .bind(scope.shop.as_str())
        .bind(customer.as_str())
        .bind(now.epoch_milliseconds() - PAGE)
        .fetch_optional(self.readers())
        .await?;
        row.as_ref().map(read_conversation).transpose()
    }
}
