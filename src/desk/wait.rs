//! What is done about a conversation that was handed over and that nobody takes: which step is due, and when to look again.
//! Pure, so that every moment can be tried.

use jiff::{SignedDuration, Timestamp};

use super::hours::BusinessHours;
use super::types::Escalation;

/// What a shop has set for customers who wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitSettings {
    /// Minutes after the last word at which the customer hears how the wait stands; never if 0.
    pub update_minutes: u32,
    /// How many such words at most.
    pub most_updates: u32,
    /// Business minutes after which the group is reminded; never if 0.
    pub remind_minutes: u32,
    /// Business minutes after which a lead is called; never if 0.
    pub escalate_minutes: u32,
    /// So many minutes before closing what nobody has taken becomes a message for the next business day.
    pub leave_minutes: u32,
}

/// How a wait stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Since when nobody has the conversation.
    pub since: Timestamp,
    /// Words that told how it stands.
    pub updates: u32,
    /// Whether a call-back was offered.
    pub called_back: bool,
    /// Whether it has become a message for the next business day.
    pub left: bool,
    /// Who was told that nobody takes it.
    pub escalation: Escalation,
    /// How often something was done.
    pub steps: u32,
}

/// What the conversation adds to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Heard {
    /// When the customer last heard a word of ours.
    pub last_word: Option<Timestamp>,
    /// Until when a person was announced to be there.
    pub announced: Option<Timestamp>,
}

/// Something that is done about a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WaitStep {
    /// It is new: the ticket gets what only the shop's settings decide.
    Begin,
    /// It becomes a message for the next business day.
    Leave {
        /// Whether the customer was told so when it was handed over.
        is_told: bool,
    },
    /// A lead is called.
    CallLead,
    /// The group is reminded.
    RemindGroup,
    /// The wait is longer than was announced: an apology, and a call-back by a time.
    OfferCallBack,
    /// The customer hears how it stands.
    Update,
}

/// The step that is due at a moment, or when the next one will be; neither if nothing is left to do.
pub fn due(
    wait: &Wait,
    heard: Heard,
    (settings, hours): (&WaitSettings, &BusinessHours),
    now: Timestamp,
) -> Result<WaitStep, Option<Timestamp>> {
    if wait.steps == 0 {
        return Ok(WaitStep::Begin);
    }
    let plan = Plan { wait, heard, settings, hours };
    // What is due first in this order is done first: after a stop several may be.
    let steps = [plan.leave(), plan.lead(), plan.group(), plan.call_back(now), plan.update(now)];
    let is_due = |step: &(WaitStep, Timestamp)| step.1 <= now;
    match steps.iter().flatten().find(|step| is_due(step)) {
        Some((step, _)) => Ok(*step),
        None => Err(steps.iter().flatten().map(|(_, at)| *at).min()),
    }
}

struct Plan<'a> {
    wait: &'a Wait,
    heard: Heard,
    settings: &'a WaitSettings,
    hours: &'a BusinessHours,
}

impl Plan<'_> {
    /// When the group, a lead or the desk as a whole has had its time.
    fn business(&self, minutes: u32) -> Timestamp {
        self.hours.after(self.wait.since, minutes_of(minutes))
    }

    /// Somebody who has just come is not sent away at once because the desk closes soon; when it closes everybody is told.
    fn leave(&self) -> Option<(WaitStep, Timestamp)> {
        if self.wait.left {
            return None;
        }
        let Some(closes) = self.hours.closes_at(self.wait.since) else {
            return Some((WaitStep::Leave { is_told: true }, self.wait.since));
        };
        let before = closes.saturating_sub(minutes_of(self.settings.leave_minutes)).unwrap_or(closes);
        let waited =
            self.wait.since.saturating_add(minutes_of(self.settings.remind_minutes)).unwrap_or(closes);
        Some((WaitStep::Leave { is_told: false }, before.max(waited).min(closes)))
    }

    fn lead(&self) -> Option<(WaitStep, Timestamp)> {
        let minutes = self.settings.escalate_minutes;
        let called = minutes == 0 || self.wait.escalation >= Escalation::Lead;
        (!called).then(|| (WaitStep::CallLead, self.business(minutes)))
    }

    fn group(&self) -> Option<(WaitStep, Timestamp)> {
        let minutes = self.settings.remind_minutes;
        let reminded = minutes == 0 || self.wait.escalation >= Escalation::Group;
        (!reminded).then(|| (WaitStep::RemindGroup, self.business(minutes)))
    }

    fn call_back(&self, now: Timestamp) -> Option<(WaitStep, Timestamp)> {
        let announced = self.heard.announced.filter(|_| !self.wait.called_back && !self.wait.left)?;
        self.while_open(announced, now).map(|at| (WaitStep::OfferCallBack, at))
    }

    fn update(&self, now: Timestamp) -> Option<(WaitStep, Timestamp)> {
        let minutes = self.settings.update_minutes;
        if minutes == 0 || self.wait.left || self.wait.updates >= self.settings.most_updates {
            return None;
        }
        let last = self.heard.last_word.map_or(self.wait.since, |last| last.max(self.wait.since));
        let at = last.saturating_add(minutes_of(minutes)).unwrap_or(last);
        self.while_open(at, now).map(|at| (WaitStep::Update, at))
    }

    /// What is only said while people are there is said when they are back.
    fn while_open(&self, at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        let at = at.max(self.hours.opens_at(now).unwrap_or(at));
        if self.hours.is_open(at) { Some(at) } else { self.hours.opens_at(at) }
    }
}

fn minutes_of(minutes: u32) -> SignedDuration {
    SignedDuration::from_mins(i64::from(minutes))
}

#[cfg(test)]
mod tests;
