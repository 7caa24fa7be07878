//! What came of a day: every nudge, and how many of each rule were said, held and dropped, and why.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use jiff::Timestamp;
use serde::Serialize;

use crate::proactive::{NudgeState, Reason};

/// One nudge of a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NudgeLine {
    /// The rule.
    pub rule: String,
    /// To whom, as in `customer:c17`.
    pub person: String,
    /// What it is said once for.
    pub cause: String,
    /// The id of the event that began it.
    pub event: String,
    /// When that event happened.
    pub event_at: Timestamp,
    /// When it is, or was last, to be said.
    pub due: Timestamp,
    /// What became of it; what is still planned waits at the end of the simulation.
    pub state: NudgeState,
    /// Why it was not said.
    pub reason: Option<Reason>,
    /// When it was said.
    pub sent_at: Option<Timestamp>,
    /// How often it was put off.
    pub held: u32,
}

/// What became of the nudges of a rule, or of all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RuleCounts {
    /// Planned at all.
    pub planned: u64,
    /// Said.
    pub sent: u64,
    /// How often one was put off to a later time.
    pub held: u64,
    /// Still waiting at the end.
    pub waiting: u64,
    /// Not said, by reason.
    pub dropped: BTreeMap<Reason, u64>,
}

/// The counts of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleReport {
    /// The rule.
    pub rule: String,
    /// Its name for people.
    pub name: String,
    /// Whether it is in force.
    pub enabled: bool,
    /// The counts.
    #[serde(flatten)]
    pub counts: RuleCounts,
}

/// The counts of a day.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SimulationReport {
    /// When the first event came.
    pub from: Timestamp,
    /// When the clock was stopped.
    pub until: Timestamp,
    /// Events that were taken.
    pub events: u64,
    /// Events whose id was known already.
    pub duplicates: u64,
    /// Records that changed meanwhile.
    pub changes: u64,
    /// Persons who did something.
    pub people: usize,
    /// Each rule of the pack, those of the highest priority first.
    pub rules: Vec<RuleReport>,
    /// All rules together.
    pub total: RuleCounts,
}

impl RuleCounts {
    pub(super) fn add(&mut self, line: &NudgeLine) {
        self.planned += 1;
        self.held += u64::from(line.held);
        match line.state {
            NudgeState::Planned => self.waiting += 1,
            NudgeState::Sent => self.sent += 1,
            NudgeState::Dropped => {
                if let Some(reason) = line.reason {
                    *self.dropped.entry(reason).or_default() += 1;
                }
            }
        }
    }
}

impl AddAssign<&Self> for RuleCounts {
    fn add_assign(&mut self, other: &Self) {
        self.planned += other.planned;
        self.sent += other.sent;
        self.held += other.held;
        self.waiting += other.waiting;
        for (reason, count) in &other.dropped {
            *self.dropped.entry(*reason).or_default() += count;
        }
    }
}
