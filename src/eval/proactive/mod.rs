//! Who would have been told what on a day, and who would not, and why? Plays events against rules and records as the server
//! does it, by the same pure functions, with everything in memory and the time of the events.
//!
//! What is judged is who hears of what, and when. The words are not made: these are judged by `warmdesk check` and at
//! sending. Nobody closes anything here, and nobody writes; of conversations only what their ends say is known.

mod made;
mod people;
mod read;
mod report;
mod run;
mod shelf;

#[cfg(test)]
mod tests;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::pack::proactive::Proactive;
use crate::proactive::ShopEvent;
use crate::record::Record;

pub use made::{Making, MakingError, make_day};
pub use read::parse_events;
pub use report::{NudgeLine, RuleCounts, RuleReport, SimulationReport};

/// So long after the last event the clock stands still, unless another end is named.
const AFTERWARDS: SignedDuration = SignedDuration::from_hours(48);

/// Something that arrives at the shop's server.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// When it arrives; an event may have happened long before.
    pub at: Timestamp,
    /// What.
    pub what: Arrived,
}

/// What arrives.
#[derive(Debug, Clone, PartialEq)]
pub enum Arrived {
    /// An event.
    Event(Box<ShopEvent>),
    /// A record reads so from then on.
    Record(Box<Record>),
}

/// A day of a shop.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Day {
    /// What the records say before anything arrives.
    pub records: Vec<Record>,
    /// What arrives, in any order.
    pub arrivals: Vec<Arrival>,
}

/// What came of a day.
#[derive(Debug, Clone, PartialEq)]
pub struct Simulated {
    /// The counts.
    pub report: SimulationReport,
    /// Every nudge, in the order in which they were planned.
    pub nudges: Vec<NudgeLine>,
}

/// Plays a day. Without `until` the time goes on for 48 hours after the last arrival; what arrives after `until` is left out.
pub fn simulate(rules: &Proactive, mut day: Day, until: Option<Timestamp>, zone: &TimeZone) -> Simulated {
    day.arrivals.sort_by_key(|arrival| arrival.at);
    let first = day.arrivals.first().map_or(Timestamp::UNIX_EPOCH, |arrival| arrival.at);
    let last = day.arrivals.last().map_or(first, |arrival| arrival.at);
    let until = until.unwrap_or_else(|| last.checked_add(AFTERWARDS).unwrap_or(Timestamp::MAX));
    let mut run = run::Run::new(rules, zone, first);
    for record in day.records {
        run.know(record, first);
    }
    for arrival in day.arrivals.into_iter().take_while(|arrival| arrival.at <= until) {
        run.go_to(arrival.at);
        run.receive(arrival);
    }
    run.go_to(until);
    run.end((first, until))
}
