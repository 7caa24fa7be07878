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
    /// Seconds after the last word from which on the customer hears that they have moved up; never if 0.
    pub place_seconds: u32,
    /// How many such words at most.
    pub most_places: u32,
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
    /// How many were ahead at the last word; none while that is not known.
    pub told_ahead: Option<u32>,
    /// Words that told that they have moved up.
    pub moved_up: u32,
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
    /// How many are ahead now.
    pub ahead: u32,
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
    /// The customer hears that fewer are ahead than at the last word.
    MovedUp,
}

/// When a wait is looked at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NextLook {
    /// In any case; never if none.
    pub at: Option<Timestamp>,
    /// From when on it is looked at as soon as somebody leaves the queue; never if none.
    pub when_moved: Option<Timestamp>,
}

/// The step that is due at a moment, or when the next one may be.
pub fn due(
    wait: &Wait,
    heard: Heard,
    (settings, hours): (&WaitSettings, &BusinessHours),
    now: Timestamp,
) -> Result<WaitStep, NextLook> {
    if wait.steps == 0 {
        return Ok(WaitStep::Begin);
    }
    let plan = Plan { wait, heard, settings, hours };
    // What is due first in this order is done first: after a stop several may be.
    let steps =
        [plan.leave(), plan.lead(), plan.group(), plan.call_back(now), plan.update(now), plan.moved_up(now)];
    let is_due = |step: &(WaitStep, Timestamp)| step.1 <= now;
    match steps.iter().flatten().find(|step| is_due(step)) {
        Some((step, _)) => Ok(*step),
        None => Err(NextLook {
            at: steps.iter().flatten().map(|(_, at)| *at).min(),
            when_moved: plan.may_move_up(now),
        }),
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
        self.after_last_word(minutes_of(minutes), now).map(|at| (WaitStep::Update, at))
    }

    /// Only what is better is told before its time: that somebody more pressing has come is told with the next word. The words that
    /// are left are spread over the places that are left, so that whoever comes from far behind still hears of the last ones.
    fn moved_up(&self, now: Timestamp) -> Option<(WaitStep, Timestamp)> {
        let words = self.settings.most_places.saturating_sub(self.wait.moved_up);
        let is_worth_it = |told: u32| {
            let places = told.saturating_sub(self.heard.ahead);
            places > 0 && places.saturating_mul(words) >= told
        };
        let is_told = self.wait.told_ahead.is_some_and(is_worth_it);
        self.may_move_up(now).filter(|_| is_told).map(|at| (WaitStep::MovedUp, at))
    }

    /// From when on the customer may hear that they have moved up.
    fn may_move_up(&self, now: Timestamp) -> Option<Timestamp> {
        let seconds = self.settings.place_seconds;
        let is_first = self.wait.told_ahead.is_none_or(|told| told == 0);
        if seconds == 0 || is_first || self.wait.left || self.wait.moved_up >= self.settings.most_places {
            return None;
        }
        self.after_last_word(SignedDuration::from_secs(i64::from(seconds)), now)
    }

    /// So long after the customer last heard of us, while people are there.
    fn after_last_word(&self, distance: SignedDuration, now: Timestamp) -> Option<Timestamp> {
        let last = self.heard.last_word.map_or(self.wait.since, |last| last.max(self.wait.since));
        self.while_open(last.saturating_add(distance).unwrap_or(last), now)
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
