//! What may honestly be said of the queue: how many are ahead and how long it will take.

use jiff::{SignedDuration, Timestamp};

use super::hours::BusinessHours;
use crate::time::Now;
use crate::turn::types::DeskStatus;

/// Longer than this is no estimate but a guess, and is not said.
const LONGEST_ESTIMATE_MINUTES: u32 = 180;

/// What the store counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeskCounts {
    /// Open tickets for now that come first.
    pub ahead: u32,
    /// How long one place in the queue took lately, as the median of recent claims; none without claims.
    pub milliseconds_a_place: Option<i64>,
    /// Whether more wait than the people who are there can take; the store does not know who is there.
    pub is_crowded: bool,
}

/// Whether more wait than so many times the people who are there. Never where nobody is known to be there, or with 0 times.
pub fn is_crowded(waiting: u32, people: u32, times: u32) -> bool {
    people > 0 && times > 0 && waiting > people.saturating_mul(times)
}

/// The desk as the handoff wording needs it. A wait is named only while people are there and recent claims show how
/// fast the queue moves. Where too many wait, nobody is answered before those who wait already, as far as that is known.
pub fn desk_status(
    hours: &BusinessHours,
    counts: DeskCounts,
    answer_within_business_minutes: u32,
    now: &Now,
) -> DeskStatus {
    let moment = now.timestamp();
    let open = hours.is_open(moment);
    let crowded = open && counts.is_crowded;
    let behind = counts.milliseconds_a_place.filter(|_| crowded).and_then(|pace| wait(pace, counts.ahead));
    let within = answer_within_business_minutes.max(behind.unwrap_or(0));
    DeskStatus {
        open,
        opens_at: hours.opens_at(moment),
        ahead: counts.ahead,
        wait_minutes: counts
            .milliseconds_a_place
            .filter(|_| open)
            .and_then(|pace| wait(pace, counts.ahead))
            .filter(|minutes| *minutes <= LONGEST_ESTIMATE_MINUTES),
        crowded,
        answer_due: hours.due_in_business_minutes(now, within),
    }
}

/// When somebody is to be there: by the estimate of the queue, or by the time by which a message is answered.
pub fn expected(desk: &DeskStatus, now: &Now) -> Timestamp {
    let estimate = desk.wait_minutes.map(|minutes| SignedDuration::from_mins(i64::from(minutes)));
    estimate.and_then(|wait| now.timestamp().checked_add(wait).ok()).unwrap_or(desk.answer_due)
}

/// How many minutes it takes until it is somebody's turn.
fn wait(pace: i64, ahead: u32) -> Option<u32> {
    let milliseconds = pace.max(0).checked_mul(i64::from(ahead) + 1)?;
    let minutes = milliseconds.checked_add(59_999)? / 60_000;
    u32::try_from(minutes.max(1)).ok()
}
