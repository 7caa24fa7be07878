//! What is said and begun when a flow comes to a step.

use serde_json::Value;

use super::choose;
use crate::flows::{FlowMove, FlowState, as_variable, next_look};
use crate::pack::flows::{AGAIN, Asks, FlowKind, Step, StepKind, place_of};
use crate::turn::decide::class::Course;
use crate::turn::decide::goals::{Spoken, ready};
use crate::turn::decide::offer::{listed, numbered};
use crate::turn::decide::promise::{self, Promising};
use crate::turn::decide::words::Words;
use crate::turn::types::{Choice, Draft, Goal, Pending};

/// The flow that a scenario begins, before anything is answered.
pub fn introduce_flow(kind: &FlowKind, course: &Course<'_>, words: &Words<'_>) -> FlowMove {
    let situation = words.situation();
    let order = situation.facts.order().map(|fact| fact.id.trim_start_matches("order:").to_owned());
    let about = order
        .clone()
        .map_or_else(|| situation.input.conversation.to_string(), |order| format!("order={order}"));
    FlowMove {
        from: None,
        kind: kind.id.clone(),
        scenario: course.scenario.id.clone(),
        order,
        identity: format!("{} {about}", kind.id),
        state: FlowState::Open,
        step: String::new(),
        answers: std::collections::BTreeMap::new(),
        failures: 0,
        action: None,
        begins_step: true,
        step_since: None,
        look_at: None,
    }
}

/// Lets conditions, actions and wording read the flow as it is now.
pub fn set_flow(kind: &FlowKind, moved: &FlowMove, words: &mut Words<'_>) {
    let now = &words.situation().input.now;
    // What was wanted and is not there stays known for this turn.
    let missing = words.variables().pointer("/flow/unavailable").cloned();
    let mut flow = as_variable(kind, &moved.answers, (&moved.step, moved.since(now)), now);
    if let Some(missing) = missing {
        flow["unavailable"] = missing;
    }
    words.set("flow", flow);
}

/// What a question offers to choose from; its wording may list it.
pub fn offer(step: &Step, words: &mut Words<'_>) -> Vec<Choice> {
    let StepKind::Asks(asks) = &step.kind else { return Vec::new() };
    let offered = match asks {
        Asks::Item => choose::items_offered(words.variables()),
        Asks::Sku => choose::variants_offered(words.variables()),
        Asks::Choice(options) => numbered(options.iter().map(|option| option.name.clone())),
        _ => return Vec::new(),
    };
    words.set("choices", if offered.is_empty() { Value::Null } else { listed(&offered).into() });
    offered
}

/// The question of a flow that waits for its answer.
pub fn pending(moved: &FlowMove, recalled: bool) -> Pending {
    Pending::Flow { identity: moved.identity.clone(), scenario: moved.scenario.clone(), recalled }
}

/// Comes to a step: asks its question, begins its action, or says what is waited for.
pub fn enter(
    course: &Course<'_>,
    (kind, step): (&FlowKind, &Step),
    moved: FlowMove,
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) {
    let restarts = moved.begins_step && moved.step == step.id;
    let mut moved = moved.at(&step.id);
    moved.begins_step |= restarts;
    set_flow(kind, &moved, words);
    let choices = offer(step, words);
    let now = &words.situation().input.now;
    moved.look_at = next_look(step, now.timestamp(), false, now);
    match &step.kind {
        StepKind::Does(_) => {
            moved.action = begin_action(course, (kind, step), words, spoken);
            // What nobody can be found to do by the rules of the action is a person's.
            if moved.action.is_none() {
                moved.state = FlowState::WithPeople;
                moved.look_at = None;
            }
        }
        StepKind::Asks(_) => {
            spoken.goals.extend(said(kind, step, words).map(ready));
            spoken.pending = Some(pending(&moved, false));
            spoken.choices = choices;
        }
        StepKind::WaitsFor(_) => spoken.goals.extend(said(kind, step, words).map(ready)),
    }
    spoken.flows.push(moved);
}

fn said(kind: &FlowKind, step: &Step, words: &mut Words<'_>) -> Option<Draft> {
    let (place, goal) = (place_of(&kind.id, &step.id), step.goal());
    // What was wanted and is not there is named before the others are offered.
    if step.kind == StepKind::Asks(Asks::Sku)
        && words.variables()["flow"].get("unavailable").is_some()
        && let Some(draft) = words.own_draft(&format!("{place}.{AGAIN}"), goal)
    {
        return Some(draft);
    }
    words.own_draft(&place, goal).or_else(|| words.said_before(&place, goal))
}

/// Begins the action of a step, or tells of it if it is open already. Its identity; none if a person was asked instead.
pub fn begin_action(
    course: &Course<'_>,
    (kind, step): (&FlowKind, &Step),
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) -> Option<String> {
    let StepKind::Does(action) = &step.kind else { return None };
    let promise = words.situation().pack.actions.kinds.get(action).map(|kind| kind.promise.clone())?;
    let confirmed = kind.steps.iter().any(|step| step.kind == StepKind::Asks(Asks::Confirm));
    let place = place_of(&kind.id, &step.id);
    let promising =
        Promising { goal: Goal::Commit, kind: &promise, action: Some(action), place: &place, confirmed };
    let before = spoken.commitments.len();
    if !promise::make(course, &promising, words, spoken) {
        return None;
    }
    let made = spoken.commitments.get(before).and_then(|planned| planned.action.clone());
    // One that runs is only told of. Where the rules allow none by now there is nothing to wait for but a person.
    let standing = &words.situation().input.standing;
    let running = || promise::identity_of(action, words).filter(|it| standing.open_action(it).is_some());
    made.or_else(running)
}
