//! What becomes of a flow by itself: by what the records show, by the result of its action, and by the clock. Pure.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::{Answers, Flow};
use crate::actions::ActionState;
use crate::pack::condition::Condition;
use crate::pack::flows::{FlowKind, Step, StepKind};
use crate::time::Now;

/// How often is looked whether an event has come of which nobody tells: records may stand in another system.
const LOOK_AGAIN: SignedDuration = SignedDuration::from_mins(10);

/// What a flow is looked at with.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// Its kind.
    pub kind: &'a FlowKind,
    /// The flow.
    pub flow: &'a Flow,
    /// What conditions read: `order`, `shipment`, `product`, `aftersale`, `flow`.
    pub variables: &'a Value,
    /// How the action of its present step stands, if that step does something.
    pub action: Option<ActionState>,
    /// The moment.
    pub now: &'a Now,
}

/// What has happened.
#[derive(Debug, Clone, Copy)]
pub enum Happening<'a> {
    /// Nothing that anybody has to hear of.
    Nothing,
    /// The customer has not answered for a while.
    ToRemind,
    /// The present step is over; the next one begins, or the flow is done.
    StepDone(Option<&'a Step>),
    /// What was to be done could not be done, or is not wanted any more. The customer has heard of that by the promise
    /// that went with it.
    ActionEnded(ActionState),
    /// The shop has turned it down.
    Rejected,
    /// The customer did not answer in time.
    Expired,
    /// What the shop or a carrier had to do did not happen in time.
    Late,
}

/// What has happened to an open flow.
pub fn progress<'a>(seen: &Seen<'a>) -> Happening<'a> {
    let Seen { kind, flow, .. } = seen;
    let Some(step) = kind.step(&flow.step) else {
        // The pack has lost the step: nobody knows how to go on but a person.
        return Happening::Late;
    };
    if let StepKind::Does(_) = &step.kind {
        match seen.action {
            Some(ActionState::Done) => return done(seen, step),
            Some(state @ (ActionState::Failed | ActionState::Cancelled)) => {
                return Happening::ActionEnded(state);
            }
            _ => {}
        }
    } else if seen.holds(&step.fails_when) {
        return Happening::Rejected;
    } else if seen.holds(&step.done_when) {
        return done(seen, step);
    }
    if flow.has_expired(kind, seen.now) {
        return if step.waits_for_customer() { Happening::Expired } else { Happening::Late };
    }
    let remind_at = step.remind_after.and_then(|after| flow.step_since.checked_add(after).ok());
    if !flow.reminded && remind_at.is_some_and(|at| at <= seen.now.timestamp()) {
        return Happening::ToRemind;
    }
    Happening::Nothing
}

impl Seen<'_> {
    fn holds(&self, condition: &Option<Condition>) -> bool {
        condition.as_ref().is_some_and(|it| it.holds(self.variables, self.now).unwrap_or(false))
    }
}

fn done<'a>(seen: &Seen<'a>, step: &'a Step) -> Happening<'a> {
    let mut after = step;
    loop {
        let next = open_step(seen.kind, Some(&after.id), &seen.flow.answers, (seen.variables, seen.now));
        // What the records show to be over already is not waited for, and nobody hears of it by itself.
        match next.filter(|next| seen.holds(&next.done_when)) {
            Some(over) => after = over,
            None => return Happening::StepDone(next),
        }
    }
}

/// The first step after one, or of all, that is still open: its condition holds and nothing answers it yet.
pub fn open_step<'a>(
    kind: &'a FlowKind,
    after: Option<&str>,
    answers: &Answers,
    (variables, now): (&Value, &Now),
) -> Option<&'a Step> {
    kind.after(after).iter().find(|step| {
        let wanted = step.when.as_ref().is_none_or(|when| when.holds(variables, now).unwrap_or(false));
        wanted && !answers.contains_key(&step.id)
    })
}

/// When a flow that stands at a step since a moment has to be looked at next.
pub fn next_look(step: &Step, since: Timestamp, reminded: bool, now: &Now) -> Option<Timestamp> {
    let may_happen = step.done_when.is_some() || step.fails_when.is_some();
    let again = may_happen.then(|| now.timestamp().checked_add(LOOK_AGAIN).ok()).flatten();
    let remind = step.remind_after.filter(|_| !reminded).and_then(|after| since.checked_add(after).ok());
    [remind, step.until(since), again].into_iter().flatten().min()
}
