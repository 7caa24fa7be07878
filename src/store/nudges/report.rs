//! What came of what was said first, counted by rule: for operators, and to measure what a rule brings.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sqlx::Row;

use crate::identity::{NudgeId, StaffScope};
use crate::proactive::{NudgeState, Reason};
use crate::store::codec::{from_text, from_word, time};
use crate::store::{Store, StoreError};

/// An order within this time after a word is counted as ordered after it. It says nothing of why; the customers that are held
/// out are what it is compared with.
const ORDERED_WITHIN: i64 = 7 * 24 * 3_600_000;

/// What came of one rule.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleCounts {
    /// Words that wait for their moment.
    pub planned: u64,
    /// Words that were said.
    pub sent: u64,
    /// Words that were not said, by reason.
    pub suppressed: BTreeMap<Reason, u64>,
    /// Said words that came to the screen.
    pub shown: u64,
    /// Said words from which the conversation was opened.
    pub opened: u64,
    /// Said words that were answered.
    pub answered: u64,
    /// Said words that were closed.
    pub dismissed: u64,
    /// Said words after which the customer ordered within seven days.
    pub ordered: u64,
    /// Customers who want nothing more of the rule.
    pub opted_out: u64,
    /// Of the words that were held out, those after whose time the customer ordered within seven days.
    pub held_out_ordered: u64,
}

/// One word in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NudgeLine {
    /// Its id.
    pub id: NudgeId,
    /// Its rule.
    pub rule: String,
    /// To whom: `customer:…` or `visitor:…`.
    pub person: String,
    /// Where it stands.
    pub state: NudgeState,
    /// Why it was not said.
    pub reason: Option<Reason>,
    /// What was said.
    pub text: Option<String>,
    /// When it was said or dropped, or is to be said.
    pub at: Timestamp,
}

impl Store {
    /// What came of each rule since a moment.
    pub async fn nudge_counts(
        &self,
        staff: &StaffScope,
        since: Timestamp,
    ) -> Result<BTreeMap<String, RuleCounts>, StoreError> {
        // What came of a word is only asked where that is shown, and a row without a reason must not hide all others.
        let rows = sqlx::query(
            "SELECT rule, state, COALESCE(reason, 'cause_gone') AS reason, count(*) AS n, count(shown_at) AS shown, \
             count(opened_at) AS opened, count(answered_at) AS answered, count(dismissed_at) AS dismissed, \
             sum((state = 'sent' OR COALESCE(reason, '') = 'held_out') AND EXISTS (SELECT 1 FROM shop_events \
             WHERE shop_events.shop = nudges.shop AND shop_events.person IN (nudges.person, \
             (SELECT 'customer:' || customer FROM joined_visitors WHERE joined_visitors.shop = nudges.shop \
             AND SUBSTR(nudges.person, 1, 8) = 'visitor:' AND visitor = SUBSTR(nudges.person, 9))) \
             AND type IN ('order_placed', 'order_paid') AND at > settled_at AND at < settled_at + ?3)) AS ordered \
             FROM nudges WHERE shop = ?1 AND planned_at >= ?2 GROUP BY rule, state, 3",
        )
        .bind(staff.shop.as_str())
        .bind(since.as_millisecond())
        .bind(ORDERED_WITHIN)
        .fetch_all(self.readers())
        .await?;
        let mut counts: BTreeMap<String, RuleCounts> = BTreeMap::new();
        for row in &rows {
            let number = |name: &str| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
            let rule = counts.entry(row.try_get("rule")?).or_default();
            match from_word(row.try_get("state")?)? {
                NudgeState::Planned => rule.planned += number("n")?,
                NudgeState::Sent => {
                    rule.sent += number("n")?;
                    rule.shown += number("shown")?;
                    rule.opened += number("opened")?;
                    rule.answered += number("answered")?;
                    rule.dismissed += number("dismissed")?;
                    rule.ordered += number("ordered")?;
                }
                NudgeState::Dropped => {
                    let reason: Reason = from_word(row.try_get("reason")?)?;
                    *rule.suppressed.entry(reason).or_default() += number("n")?;
                    if reason == Reason::HeldOut {
                        rule.held_out_ordered += number("ordered")?;
                    }
                }
            }
        }
        self.count_refusals(staff, &mut counts).await?;
        Ok(counts)
    }

    async fn count_refusals(
        &self,
        staff: &StaffScope,
        counts: &mut BTreeMap<String, RuleCounts>,
    ) -> Result<(), StoreError> {
        let rows = sqlx::query(
            "SELECT rule, count(*) AS n FROM nudge_refusals WHERE shop = ?1 AND rule <> '' GROUP BY rule",
        )
        .bind(staff.shop.as_str())
        .fetch_all(self.readers())
        .await?;
        for row in &rows {
            let refused: i64 = row.try_get("n")?;
            counts.entry(row.try_get("rule")?).or_default().opted_out = refused.unsigned_abs();
        }
        Ok(())
    }

    /// The latest words, newest first.
    pub async fn latest_nudges(&self, staff: &StaffScope, limit: u32) -> Result<Vec<NudgeLine>, StoreError> {
        let rows = sqlx::query(
            "SELECT id, rule, person, state, reason, text, COALESCE(settled_at, due) AS at FROM nudges \
             WHERE shop = ?1 ORDER BY number DESC LIMIT ?2",
        )
        .bind(staff.shop.as_str())
        .bind(limit)
        .fetch_all(self.readers())
        .await?;
        rows.iter()
            .map(|row| {
                let reason: Option<String> = row.try_get("reason")?;
                Ok(NudgeLine {
                    id: from_text(row.try_get("id")?)?,
                    rule: row.try_get("rule")?,
                    person: row.try_get("person")?,
                    state: from_word(row.try_get("state")?)?,
                    reason: reason.map(from_word).transpose()?,
                    text: row.try_get("text")?,
                    at: time(row.try_get("at")?)?,
                })
            })
            .collect()
    }
}
