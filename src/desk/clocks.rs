//! By when does a person have to write, write again, and be done? Counted in business time from what is stored of a ticket, so
//! that a changed setting holds for every ticket at once.

use jiff::{SignedDuration, Timestamp};

use super::hours::BusinessHours;
use super::types::{Clock, Clocks, Ticket, TicketStatus};

/// Within how many business minutes a person owes what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockSettings {
    /// The first word, from the opening of the ticket.
    pub first_response_minutes: u32,
    /// Every later word, from the customer's message.
    pub next_response_minutes: u32,
    /// The end of the matter, from the opening of the ticket.
    pub resolution_minutes: u32,
}

/// The clocks of a ticket.
pub fn clocks(ticket: &Ticket, settings: ClockSettings, hours: &BusinessHours) -> Clocks {
    let within =
        |since: Timestamp, minutes: u32| hours.after(since, SignedDuration::from_mins(i64::from(minutes)));
    let is_resolved = ticket.status == TicketStatus::Resolved;
    let waits =
        ticket.waiting_since.filter(|_| ticket.status.is_owed() && ticket.first_response_at.is_some());
    Clocks {
        first_response: Clock {
            due: within(ticket.opened_at, settings.first_response_minutes),
            met_at: ticket.first_response_at,
        },
        next_response: waits.map(|since| within(since, settings.next_response_minutes)),
        resolution: Clock {
            due: within(ticket.opened_at, settings.resolution_minutes),
            met_at: ticket.closed_at.filter(|_| is_resolved),
        },
    }
}
