//! The settings of the desk.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::desk::clocks::ClockSettings;
use crate::desk::hours::{HolidayRow, HoursRow};
use crate::desk::settings::DeskSettings;
use crate::desk::types::Assignment;
use crate::desk::wait::WaitSettings;

/// The desk: when people are there, and how soon they answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeskConfig {
    /// Business hours, in shop time. Default: every day from 9:00 to 22:00.
    pub hours: Vec<HoursRow>,
    /// Dates with hours of their own, or none. Default: none.
    pub holidays: Vec<HolidayRow>,
    /// Within how many business minutes a message left at the desk is answered. It is said to customers, so it
    /// has to be kept. Default: `30`.
    pub answer_within_minutes: u32,
    /// Minutes after the last word at which somebody who waits for a person hears how the wait stands; `0` says nothing.
    /// Default: `3`.
    pub wait_update_minutes: u32,
    /// How many such words one wait gets at most. Default: `4`.
    pub wait_updates: u32,
    /// Seconds after the last word from which on somebody who waits hears that they have moved up in the queue; `0` says nothing of
    /// it. Default: `60`.
    pub wait_place_seconds: u32,
    /// How many such words one wait gets at most, beside the others. Default: `5`.
    pub wait_place_updates: u32,
    /// Seconds without a sign of an agent after which a ticket whose customer waits for a word goes back to the head of the queue;
    /// `0` for never. Only those are missed who have had the desk open since they took it. Default: `60`.
    pub agent_gone_seconds: u32,
    /// With more than so many waiting for each person at the desk, only what cannot wait is handed over at once: danger, threats,
    /// the wish for a person, broken promises, and what only a person may decide. The rest is left as a message, and the customer
    /// is told so with its time. `0` for never. Default: `6`.
    pub waiting_per_person: u32,
    /// How many count as being there at least, for a desk of another system, which has this one open once for all of its people or
    /// not at all. With `0` and nobody there nothing is put off. Default: `0`.
    pub people: u32,
    /// Business minutes after which the group is reminded of a handoff that nobody has taken; `0` reminds nobody.
    /// Default: `5`.
    pub remind_minutes: u32,
    /// Business minutes after which a lead is called; `0` calls nobody. Default: `10`.
    pub escalate_minutes: u32,
    /// So many minutes before closing a handoff that nobody has taken becomes a message for the next business day, and the
    /// customer is told by when it is answered. Default: `30`.
    pub leave_before_closing_minutes: u32,
    /// Business minutes from the opening of a ticket to the first word of a person. Default: `5`.
    pub first_response_minutes: u32,
    /// Business minutes from the customer's message to every later word of a person. Default: `10`.
    pub next_response_minutes: u32,
    /// Business minutes from the opening of a ticket to the end of the matter. Default: `780`, one day.
    pub resolution_minutes: u32,
    /// How a handoff gets its assignee: `manual`, `round_robin` or `by_load`, among those who have worked at the desk within
    /// twelve hours. Default: `manual`.
    pub assignment: Assignment,
    /// For so many days after it was resolved a matter that comes back is linked to its ticket. Default: `7`.
    pub reopen_days: u32,
    /// An order from this amount on is not kept waiting behind others; `0` for never. Default: `1000`.
    pub high_value_amount: u32,
}

impl Default for DeskConfig {
    fn default() -> Self {
        let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(str::to_owned).to_vec();
        let hours = vec![HoursRow { days, from: "9:00".into(), to: "22:00".into() }];
        Self {
            hours,
            holidays: Vec::new(),
            answer_within_minutes: 30,
            wait_update_minutes: 3,
            wait_updates: 4,
            wait_place_seconds: 60,
            wait_place_updates: 5,
            agent_gone_seconds: 60,
            waiting_per_person: 6,
            people: 0,
            remind_minutes: 5,
            escalate_minutes: 10,
            leave_before_closing_minutes: 30,
            first_response_minutes: 5,
            next_response_minutes: 10,
            resolution_minutes: 780,
            assignment: Assignment::Manual,
            reopen_days: 7,
            high_value_amount: 1000,
        }
    }
}

impl DeskConfig {
    /// What the desk works by.
    pub fn settings(&self) -> DeskSettings {
        DeskSettings {
            wait: WaitSettings {
                update_minutes: self.wait_update_minutes,
                most_updates: self.wait_updates,
                place_seconds: self.wait_place_seconds,
                most_places: self.wait_place_updates,
                remind_minutes: self.remind_minutes,
                escalate_minutes: self.escalate_minutes,
                leave_minutes: self.leave_before_closing_minutes,
            },
            clocks: ClockSettings {
                first_response_minutes: self.first_response_minutes,
                next_response_minutes: self.next_response_minutes,
                resolution_minutes: self.resolution_minutes,
            },
            assignment: self.assignment,
            gone_after: (self.agent_gone_seconds > 0)
                .then(|| SignedDuration::from_secs(i64::from(self.agent_gone_seconds))),
            waiting_per_person: self.waiting_per_person,
            people: self.people,
            reopen_days: self.reopen_days,
            high_value: (self.high_value_amount > 0).then(|| i64::from(self.high_value_amount) * 100),
        }
    }

    /// The first number of minutes or days that makes no sense.
    pub(super) fn wrong_number(&self) -> Option<(&'static str, u32)> {
        let numbers = [
            ("desk.wait_update_minutes", self.wait_update_minutes),
            ("desk.wait_updates", self.wait_updates),
            ("desk.wait_place_updates", self.wait_place_updates),
            ("desk.waiting_per_person", self.waiting_per_person),
            ("desk.people", self.people),
            ("desk.remind_minutes", self.remind_minutes),
            ("desk.escalate_minutes", self.escalate_minutes),
            ("desk.leave_before_closing_minutes", self.leave_before_closing_minutes),
            ("desk.first_response_minutes", self.first_response_minutes),
            ("desk.next_response_minutes", self.next_response_minutes),
            ("desk.resolution_minutes", self.resolution_minutes),
            ("desk.reopen_days", self.reopen_days),
        ];
        numbers.into_iter().find(|(_, number)| *number > 60 * 24 * 31)
    }

    /// The first number of seconds that makes no sense: a browser takes some to come back after a broken connection.
    pub(super) fn wrong_seconds(&self) -> Option<(&'static str, u32)> {
        let numbers = [
            ("desk.wait_place_seconds", self.wait_place_seconds),
            ("desk.agent_gone_seconds", self.agent_gone_seconds),
        ];
        numbers.into_iter().find(|(_, number)| *number != 0 && !(10..=86_400).contains(number))
    }
}
