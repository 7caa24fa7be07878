//! The clocks of a ticket as they go over the wire.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::wire::shown;
use crate::desk::types::{Clock, Clocks};

/// The clocks of a ticket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClocksView {
    /// The first word of a person.
    pub first_response: ClockView,
    /// The next word of a person; its due time is null while the customer waits for none.
    pub next_response: NextClockView,
    /// The end of the matter.
    pub resolution: ClockView,
}

/// One clock of a ticket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ClockView {
    /// By when it has to be met.
    #[schema(format = DateTime)]
    pub due: String,
    /// When it was met.
    #[schema(format = DateTime)]
    pub met_at: Option<String>,
}

/// The clock that runs while the customer waits for the next word.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NextClockView {
    /// By when the word is due.
    #[schema(format = DateTime)]
    pub due: Option<String>,
}

impl ClocksView {
    /// Copies the clocks of a ticket.
    pub fn new(clocks: Clocks, zone: &TimeZone) -> Self {
        let view = |clock: Clock| ClockView {
            due: shown(clock.due, zone),
            met_at: clock.met_at.map(|at| shown(at, zone)),
        };
        Self {
            first_response: view(clocks.first_response),
            next_response: NextClockView { due: clocks.next_response.map(|due| shown(due, zone)) },
            resolution: view(clocks.resolution),
        }
    }
}
