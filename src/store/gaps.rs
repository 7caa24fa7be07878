//! Knowledge gaps as rows: noted, grouped, settled.

use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::codec::{from_text, from_word, time, word};
use super::tickets::audit;
use super::{Store, StoreError, Transaction};
use crate::gaps::likeness::Asked;
use crate::gaps::{Gap, GapReason, GapState, MOST_CONVERSATIONS, MOST_WAYS};
use crate::identity::{ConversationId, GapId, StaffScope};
use crate::model::Vector;
use crate::time::Now;

/// A new question is compared with so many gaps, the latest ones.
const COMPARED: i64 = 500;

/// So many askings are read of a gap; older ones only count.
const ASKINGS: i64 = 40;

/// Under this name a gap is settled that closed itself.
pub const BY_KNOWLEDGE: &str = "knowledge";

/// A question that nothing answered.
#[derive(Debug, Clone)]
pub struct Unanswered {
    /// The question, made whole and masked, with its meaning and the product in view.
    pub asked: Asked,
    /// Why.
    pub reason: GapReason,
    /// The scenario.
    pub scenario: Option<String>,
    /// The topic.
    pub topic: Option<String>,
    /// Where it was asked.
    pub conversation: ConversationId,
}

/// Which gaps to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GapFilter {
    /// Only with this state.
    pub state: Option<GapState>,
    /// At most so many.
    pub limit: u32,
    /// After so many.
    pub offset: u32,
}

/// How a gap is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    /// The new state.
    pub state: GapState,
    /// The record that answers it: `kind:id`.
    pub answered_by: Option<String>,
}

impl Store {
    /// The gaps a new question is compared with, the latest first.
    pub async fn asked_before(&self, staff: &StaffScope) -> Result<Vec<(GapId, Asked)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, question, vector, product FROM gaps WHERE shop = ?1 ORDER BY last_at DESC, number DESC LIMIT ?2",
        )
        .bind(staff.shop.as_str())
        .bind(COMPARED)
        .fetch_all(self.readers())
        .await?;
        rows.iter().map(|row| Ok((from_text(row.try_get("id")?)?, read_asked(row)?))).collect()
    }

    /// Notes a question that nothing answered, as one of a gap or as a new one. It gives way to everything that somebody
    /// waits for.
    pub async fn note_gap(
        &self,
        staff: &StaffScope,
        unanswered: Unanswered,
        joins: Option<GapId>,
        now: &Now,
    ) -> Result<GapId, StoreError> {
        let (staff, now) = (staff.clone(), now.clone());
        self.write_in_background(move |transaction| {
            Box::pin(async move { note(transaction, &staff, &unanswered, joins, &now).await })
        })
        .await
    }

    /// Gaps, the most asked first, and how many there are of them.
    pub async fn gaps(&self, staff: &StaffScope, filter: GapFilter) -> Result<(Vec<Gap>, u64), StoreError> {
        let state = filter.state.map(|state| word(&state)).transpose()?;
        let rows = sqlx::query(
            "SELECT * FROM gaps WHERE shop = ?1 AND (?2 IS NULL OR state = ?2) \
             ORDER BY times DESC, number LIMIT ?3 OFFSET ?4",
        )
        .bind(staff.shop.as_str())
        .bind(&state)
        .bind(filter.limit)
        .bind(filter.offset)
        .fetch_all(self.readers())
        .await?;
        let mut gaps = Vec::with_capacity(rows.len());
        for row in &rows {
            gaps.push(self.read_gap(row).await?);
        }
        let count =
            sqlx::query("SELECT COUNT(*) AS n FROM gaps WHERE shop = ?1 AND (?2 IS NULL OR state = ?2)")
                .bind(staff.shop.as_str())
                .bind(&state)
                .fetch_one(self.readers())
                .await?;
        Ok((gaps, count.try_get::<i64, _>("n")?.unsigned_abs()))
    }

    /// One gap.
    pub async fn gap(&self, staff: &StaffScope, id: &GapId) -> Result<Gap, StoreError> {
        let row = sqlx::query("SELECT * FROM gaps WHERE shop = ?1 AND id = ?2")
            .bind(staff.shop.as_str())
            .bind(id.as_str())
            .fetch_optional(self.readers())
            .await?;
        let row = row.ok_or_else(|| StoreError::not_found("gap", id.as_str()))?;
        self.read_gap(&row).await
    }

    /// Open gaps, each with the change of a record after which something may answer it.
    pub async fn open_gaps(&self, staff: &StaffScope) -> Result<Vec<(GapId, Asked, i64)>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, question, vector, product, change FROM gaps WHERE shop = ?1 AND state = 'open' \
             ORDER BY times DESC, number LIMIT ?2",
        )
        .bind(staff.shop.as_str())
        .bind(COMPARED)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| Ok((from_text(row.try_get("id")?)?, read_asked(row)?, row.try_get("change")?)))
            .collect()
    }

    /// Settles a gap or opens it again. What people and knowledge do is in the audit.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if there is no such gap.
    pub async fn settle_gap(
        &self,
        staff: &StaffScope,
        id: &GapId,
        settlement: Settlement,
        now: &Now,
    ) -> Result<(), StoreError> {
        let (staff, id, now) = (staff.clone(), id.clone(), now.clone());
        self.write(move |transaction| {
            Box::pin(async move { settle(transaction, &staff, &id, &settlement, &now).await })
        })
        .await
    }

    async fn read_gap(&self, row: &SqliteRow) -> Result<Gap, StoreError> {
        let id: GapId = from_text(row.try_get("id")?)?;
        let question: String = row.try_get("question")?;
        let askings = sqlx::query(
            "SELECT conversation, question FROM gap_askings WHERE gap = ?1 ORDER BY number DESC LIMIT ?2",
        )
        .bind(id.as_str())
        .bind(ASKINGS)
        .fetch_all(self.readers())
        .await?;
        let (mut ways, mut conversations): (Vec<String>, Vec<ConversationId>) = Default::default();
        for asking in &askings {
            let way: String = asking.try_get("question")?;
            if way != question && !ways.contains(&way) && ways.len() < MOST_WAYS {
                ways.push(way);
            }
            let conversation = from_text(asking.try_get("conversation")?)?;
            if !conversations.contains(&conversation) && conversations.len() < MOST_CONVERSATIONS {
                conversations.push(conversation);
            }
        }
        Ok(Gap {
            id,
            question,
            ways,
            reason: from_word(row.try_get("reason")?)?,
            scenario: row.try_get("scenario")?,
            topic: row.try_get("topic")?,
            product: row.try_get("product")?,
            state: from_word(row.try_get("state")?)?,
            answered_by: row.try_get("answered_by")?,
            settled_by: row.try_get("settled_by")?,
            times: row.try_get::<i64, _>("times")?.unsigned_abs(),
            first_at: time(row.try_get("first_at")?)?,
            last_at: time(row.try_get("last_at")?)?,
            conversations,
        })
    }
}

async fn note(
    transaction: &mut Transaction,
    staff: &StaffScope,
    unanswered: &Unanswered,
    joins: Option<GapId>,
    now: &Now,
) -> Result<GapId, StoreError> {
    let id = match joins {
        Some(id) => {
            // What was said to answer it does not; what nobody wants to answer stays dismissed.
            sqlx::query(
                "UPDATE gaps SET times = times + 1, last_at = ?1, scenario = ?2, topic = ?3, \
                 change = (SELECT COALESCE(MAX(change), 0) FROM records WHERE shop = gaps.shop), \
                 answered_by = IIF(state = 'answered', NULL, answered_by), \
                 settled_by = IIF(state = 'answered', NULL, settled_by), \
                 state = IIF(state = 'answered', 'open', state) WHERE id = ?4 AND shop = ?5",
            )
            .bind(now.epoch_milliseconds())
            .bind(&unanswered.scenario)
            .bind(&unanswered.topic)
            .bind(id.as_str())
            .bind(staff.shop.as_str())
            .execute(&mut transaction.connection)
            .await?;
            id
        }
        None => begin(transaction, staff, unanswered, now).await?,
    };
    sqlx::query("INSERT INTO gap_askings (gap, conversation, question) VALUES (?1, ?2, ?3)")
        .bind(id.as_str())
        .bind(unanswered.conversation.as_str())
        .bind(&unanswered.asked.text)
        .execute(&mut transaction.connection)
        .await?;
    // Only the latest askings are ever shown.
    sqlx::query(
        "DELETE FROM gap_askings WHERE gap = ?1 AND number <= \
         (SELECT number FROM gap_askings WHERE gap = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
    )
    .bind(id.as_str())
    .bind(ASKINGS)
    .execute(&mut transaction.connection)
    .await?;
    Ok(id)
}

async fn begin(
    transaction: &mut Transaction,
    staff: &StaffScope,
    unanswered: &Unanswered,
    now: &Now,
) -> Result<GapId, StoreError> {
    let id = GapId::generate();
    let asked = &unanswered.asked;
    let vector = asked
        .vector
        .as_ref()
        .map(|vector| vector.as_slice().iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>());
    sqlx::query(
        "INSERT INTO gaps (id, shop, question, vector, reason, scenario, topic, product, state, times, first_at, \
         last_at, change) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 'open', 1, ?9, ?9, \
         (SELECT COALESCE(MAX(change), 0) FROM records WHERE shop = ?2))",
    )
    .bind(id.as_str())
    .bind(staff.shop.as_str())
    .bind(&asked.text)
    .bind(vector)
    .bind(word(&unanswered.reason)?)
    .bind(&unanswered.scenario)
    .bind(&unanswered.topic)
    .bind(&asked.product)
    .bind(now.epoch_milliseconds())
    .execute(&mut transaction.connection)
    .await?;
    Ok(id)
}

async fn settle(
    transaction: &mut Transaction,
    staff: &StaffScope,
    id: &GapId,
    settlement: &Settlement,
    now: &Now,
) -> Result<(), StoreError> {
    let state = word(&settlement.state)?;
    let settled_by = (settlement.state != GapState::Open).then_some(staff.actor.as_str());
    let changed = sqlx::query(
        "UPDATE gaps SET state = ?1, answered_by = ?2, settled_by = ?3 WHERE id = ?4 AND shop = ?5",
    )
    .bind(&state)
    .bind(&settlement.answered_by)
    .bind(settled_by)
    .bind(id.as_str())
    .bind(staff.shop.as_str())
    .execute(&mut transaction.connection)
    .await?;
    if changed.rows_affected() == 0 {
        return Err(StoreError::not_found("gap", id.as_str()));
    }
    let detail =
        settlement.answered_by.as_ref().map_or(state.clone(), |record| format!("{state} by {record}"));
    audit(transaction, staff, ("settle_gap", id.as_str(), &detail), now).await
}

fn read_asked(row: &SqliteRow) -> Result<Asked, StoreError> {
    let vector: Option<Vec<u8>> = row.try_get("vector")?;
    let numbers = |bytes: Vec<u8>| -> Vec<f32> {
        bytes.as_chunks::<4>().0.iter().map(|chunk| f32::from_le_bytes(*chunk)).collect()
    };
    Ok(Asked {
        text: row.try_get("question")?,
        vector: vector.map(|bytes| Vector::normalised(numbers(bytes))),
        product: row.try_get("product")?,
    })
}
