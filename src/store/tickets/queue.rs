//! The queue: who comes first, and how fast places in it are freed.

use sqlx::Row;

use crate::desk::queue::DeskCounts;
use crate::desk::types::Ticket;
use crate::identity::{ConversationId, StaffScope, TicketId};
use crate::store::codec::from_text;
use crate::store::{Store, StoreError};
use crate::time::Now;

/// How far back claims are looked at for an honest estimate of the wait.
const RECENT_CLAIMS_HOURS: i64 = 2;

impl Store {
    /// The tickets for now that nobody has, in the order in which they are to be taken.
    pub async fn queue(&self, staff: &StaffScope) -> Result<Vec<TicketId>, StoreError> {
        let rows = sqlx::query(
            "SELECT id FROM tickets WHERE shop = ?1 AND mode = 'now' AND status = 'open' \
             ORDER BY priority DESC, goes_first DESC, number",
        )
        .bind(staff.shop.as_str())
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(|row| from_text(row.try_get("id")?)).collect()
    }

    /// How many would come before a ticket if it went back to the head of its priority.
    pub async fn ahead_of_head(&self, staff: &StaffScope, ticket: &Ticket) -> Result<u32, StoreError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS n FROM tickets AS t JOIN tickets AS own ON own.id = ?2 AND own.shop = ?1 \
             WHERE t.shop = ?1 AND t.mode = 'now' AND t.status = 'open' AND t.id <> own.id \
             AND (t.priority, t.goes_first, -t.number) > (own.priority, 1, -own.number)",
        )
        .bind(staff.shop.as_str())
        .bind(ticket.id.as_str())
        .fetch_one(self.readers())
        .await?;
        Ok(row.try_get("n")?)
    }

    /// How long the queue is, before a conversation's own open ticket or, without one, before a ticket opened now,
    /// and how fast places in it were freed lately.
    pub async fn desk_counts(
        &self,
        staff: &StaffScope,
        conversation: Option<&ConversationId>,
        now: &Now,
    ) -> Result<DeskCounts, StoreError> {
        let ahead = sqlx::query(
            "SELECT COUNT(*) AS n FROM tickets AS t LEFT JOIN tickets AS own \
             ON own.conversation = ?2 AND own.shop = ?1 AND own.mode = 'now' AND own.status = 'open' \
             WHERE t.shop = ?1 AND t.mode = 'now' AND t.status = 'open' AND (own.id IS NULL \
             OR (t.priority, t.goes_first, -t.number) > (own.priority, own.goes_first, -own.number))",
        )
        .bind(staff.shop.as_str())
        .bind(conversation.map(ConversationId::as_str))
        .fetch_one(self.readers())
        .await?;
        let claims = sqlx::query(
            "SELECT (claimed_at - opened_at) / (ahead + 1) AS pace FROM tickets \
             WHERE shop = ?1 AND mode = 'now' AND claimed_at >= ?2 ORDER BY claimed_at DESC LIMIT 20",
        )
        .bind(staff.shop.as_str())
        .bind(now.epoch_milliseconds() - RECENT_CLAIMS_HOURS * 3_600_000)
        .fetch_all(self.readers())
        .await?;
        let mut paces: Vec<i64> = claims.iter().map(|row| row.try_get("pace")).collect::<Result<_, _>>()?;
        paces.sort_unstable();
        Ok(DeskCounts {
            ahead: ahead.try_get("n")?,
            milliseconds_a_place: paces.get(paces.len() / 2).copied(),
            is_crowded: false,
        })
    }
}
