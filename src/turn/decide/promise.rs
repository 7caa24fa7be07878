//! What is promised, and what is begun so that the promise can be kept.
//!
//! A promise is said only with its time, and an action or a ticket will stand behind it before it is said. What was begun
//! or promised before and is still open is not begun or promised again: its own time is repeated.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::class::Course;
use super::goals::{Spoken, ready};
use super::verdict::Outcome;
use super::words::Words;
use crate::actions::{Action, Executor};
use crate::pack::actions::{ActionKind, ArgumentSource, common_place, place};
use crate::pack::types::{GoalPlan, GoalSource, Scenario};
use crate::turn::types::{ActionPlan, CommitmentPlan, Draft, Goal, Promised};

/// What is to bring the result of a promise.
enum Ground<'a> {
    /// A person, by a ticket that says what the promise is for.
    Task,
    /// An action that is begun now.
    Begun(ActionPlan, &'a ActionKind),
    /// An action that was begun before and is still open.
    Running(&'a Action, &'a ActionKind),
}

/// What is promised, and where the words for it stand.
#[derive(Debug, Clone, Copy)]
pub struct Promising<'a> {
    /// The goal that it serves.
    pub goal: Goal,
    /// Its kind in the pack.
    pub kind: &'a str,
    /// The action that goes with it.
    pub action: Option<&'a str>,
    /// The place of the wording where a person owes it.
    pub place: &'a str,
    /// Whether the customer has said yes to the action.
    pub confirmed: bool,
}

impl<'a> Promising<'a> {
    /// What a goal of a scenario promises, by the scenario's own words.
    pub fn by_scenario(
        scenario: &'a Scenario,
        goal: Goal,
        (kind, action): (&'a str, Option<&'a str>),
    ) -> Self {
        Self { goal, kind, action, place: &scenario.id, confirmed: false }
    }
}

/// Makes a promise and begins the action that goes with it; whether it could be said.
pub fn make(
    course: &Course<'_>,
    promising: &Promising<'_>,
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) -> bool {
    let Promising { goal, kind, action, .. } = *promising;
    let situation = words.situation();
    let Some(promise) = situation.pack.promises.get(kind) else { return false };
    let ground = action.map_or(Ground::Task, |action| ground(course, (action, promising.confirmed), words));
    let now = situation.input.now.timestamp();
    let standing = standing_due(kind, &ground, words).filter(|due| *due > now);
    let due = standing.unwrap_or_else(|| {
        situation.hours.due_in_business_minutes(&situation.input.now, promise.within_business_minutes)
    });
    words.set("commitment", json!({ "due": situation.input.now.at(due).to_string(), "kind": kind }));
    let Some(draft) = said(promising.place, goal, &ground, words) else { return false };
    spoken.goals.push(ready(draft));
    match ground {
        Ground::Running(..) if standing.is_some() => {
            spoken.repeated.push((goal, Promised { kind: kind.to_owned(), due }));
        }
        Ground::Running(action, _) => commit((kind, goal), due, Some(action.identity.clone()), spoken),
        Ground::Task => commit((kind, goal), due, None, spoken),
        Ground::Begun(plan, _) => {
            commit((kind, goal), due, Some(plan.identity.clone()), spoken);
            spoken.actions.push(ActionPlan { due, ..plan });
        }
    }
    true
}

/// Whether the promise of a goal stands in the episode already. Who comes back with the matter is told again by when.
pub fn is_made(course: &Course<'_>, goal: &GoalPlan) -> bool {
    let (GoalSource::Promise { kind, .. } | GoalSource::Flow { promise: kind, .. }) = &goal.by else {
        return false;
    };
    let episode = &course.placed.episode;
    !course.placed.promise_overdue
        && !course.placed.recalled
        && !course.placed.came_back
        && episode.promises.iter().any(|promised| promised.kind == *kind)
}

fn commit((kind, goal): (&str, Goal), due: Timestamp, action: Option<String>, spoken: &mut Spoken) {
    spoken.commitments.push(CommitmentPlan { kind: kind.to_owned(), due, action, goal });
}

/// By when the same word is owed already.
fn standing_due(kind: &str, ground: &Ground<'_>, words: &Words<'_>) -> Option<Timestamp> {
    let standing = &words.situation().input.standing;
    match ground {
        // Another conversation may have promised it; its word counts here too.
        Ground::Running(action, _) => {
            Some(standing.open_promise(kind, Some(&action.id)).map_or(action.due, |promise| promise.due))
        }
        Ground::Task => standing.open_promise(kind, None).map(|promise| promise.due),
        Ground::Begun(..) => None,
    }
}

/// The words for it: those of the action where the shop's own system has it, else those of a person's work.
fn said(promised_at: &str, goal: Goal, ground: &Ground<'_>, words: &mut Words<'_>) -> Option<Draft> {
    let (moment, kind) = match ground {
        Ground::Begun(plan, kind) if plan.by == Executor::ShopSystem => ("started", *kind),
        Ground::Running(_, kind) => ("running", *kind),
        Ground::Task | Ground::Begun(..) => return words.draft(promised_at, goal),
    };
    let variable = match ground {
        Ground::Running(action, _) => action.as_variable(&kind.name),
        Ground::Begun(plan, _) => named(&plan.args, &kind.name),
        Ground::Task => Value::Null,
    };
    words.set("action", variable);
    // Wording of an action stands under one goal, whatever the goal is that it serves.
    let own = words.own_draft(&place(&kind.id, moment), Goal::Commit);
    let draft = own.or_else(|| words.own_draft(&common_place(moment), Goal::Commit));
    draft.map(|draft| Draft { goal, ..draft }).or_else(|| words.draft(promised_at, goal))
}

fn named(args: &Map<String, Value>, name: &str) -> Value {
    let mut variable = args.clone();
    variable.insert("name".to_owned(), name.into());
    Value::Object(variable)
}

/// What brings the result: an action that is running, one that may be begun here, or else a person.
fn ground<'a>(course: &Course<'_>, (action, confirmed): (&str, bool), words: &Words<'a>) -> Ground<'a> {
    let situation = words.situation();
    let Some(kind) = situation.pack.actions.kinds.get(action) else { return Ground::Task };
    let Some(args) = arguments(kind, words) else { return Ground::Task };
    let identity = kind.identity(&args, situation.input.conversation.as_str());
    if let Some(running) = situation.input.standing.open_action(&identity) {
        return Ground::Running(running, kind);
    }
    let allowed = kind.policy.as_ref().is_none_or(|about| {
        course.verdicts.about(about).is_some_and(|verdict| verdict.outcome == Outcome::Allowed)
    });
    if !allowed {
        return Ground::Task;
    }
    // What cannot be undone is not done without a yes; without one a person asks for it.
    let connected = situation.input.standing.connected && (confirmed || !kind.confirm);
    let by = if connected { kind.by } else { Executor::Person };
    let due = situation.input.now.timestamp();
    Ground::Begun(ActionPlan { kind: kind.id.clone(), args, identity, confirmed, by, due }, kind)
}

/// What tells the action of a kind from others, if all is known that it needs.
pub fn identity_of(action: &str, words: &Words<'_>) -> Option<String> {
    let situation = words.situation();
    let kind = situation.pack.actions.kinds.get(action)?;
    Some(kind.identity(&arguments(kind, words)?, situation.input.conversation.as_str()))
}

/// What an action is done with; none if something is missing that it needs.
fn arguments(kind: &ActionKind, words: &Words<'_>) -> Option<Map<String, Value>> {
    let reading = words.situation().reading;
    kind.arguments_from(words.variables(), |source| match source {
        ArgumentSource::Entity(kind) => {
            Some(reading.entities.iter().find(|entity| entity.kind == *kind)?.value.clone())
        }
        ArgumentSource::Message => Some(reading.text.clone()),
        ArgumentSource::Field(_) => None,
    })
}
