//! What a shop sets for its desk, beside the hours.

use jiff::SignedDuration;

use super::clocks::ClockSettings;
use super::types::Assignment;
use super::wait::WaitSettings;

/// How a desk is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeskSettings {
    /// What is done while nobody takes a conversation.
    pub wait: WaitSettings,
    /// Within which business minutes people owe what.
    pub clocks: ClockSettings,
    /// How a handoff gets its assignee.
    pub assignment: Assignment,
    /// For so many days after it was resolved a matter that comes back is the same matter.
    pub reopen_days: u32,
    /// After so long without a sign of its agent a ticket goes back to the queue; never if none.
    pub gone_after: Option<SignedDuration>,
    /// With more than so many waiting for each who is there only what cannot wait is handed over now; 0 for never.
    pub waiting_per_person: u32,
    /// How many count as being there at least; 0 if that is not known.
    pub people: u32,
    /// An order that comes to so many cents is not kept waiting behind others; none if the amount does not count.
    pub high_value: Option<i64>,
}
