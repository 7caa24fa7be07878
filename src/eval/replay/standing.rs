//! What would stand by now: actions, promises and flows as a played conversation has begun them, kept nowhere but here.

use crate::actions::{Action, ActionState, Promise, PromiseState, Standing};
use crate::flows::{Flow, FlowMove, FlowState};
use crate::identity::{ActionId, FlowId, PromiseId};
use crate::turn::types::{ActionPlan, CommitmentPlan, Decision, TurnInput};

/// What stands after a decision, as a stored conversation would have it.
pub fn after(standing: &Standing, decision: &Decision, input: &TurnInput) -> Standing {
    let mut standing = standing.clone();
    for planned in &decision.actions {
        standing.actions.insert(0, action(planned, input));
    }
    for planned in &decision.commitments {
        let promise = promise(planned, &standing, input);
        standing.promises.insert(0, promise);
    }
    for moved in &decision.flows {
        follow(&mut standing, moved, input);
    }
    standing
}

fn action(planned: &ActionPlan, input: &TurnInput) -> Action {
    Action {
        id: ActionId::generate(),
        shop: input.scope.shop.clone(),
        conversation: input.conversation.clone(),
        customer: input.scope.verified_customer().cloned(),
        kind: planned.kind.clone(),
        args: planned.args.clone(),
        identity: planned.identity.clone(),
        requested_by: "assistant".to_owned(),
        by: planned.by,
        state: if planned.confirmed { ActionState::Confirmed } else { ActionState::Requested },
        due: planned.due,
        attempts: 0,
        ticket: None,
        result: None,
        requested_at: input.now.timestamp(),
        finished_at: None,
    }
}

fn promise(planned: &CommitmentPlan, standing: &Standing, input: &TurnInput) -> Promise {
    let action = planned.action.as_deref().and_then(|identity| standing.open_action(identity));
    Promise {
        id: PromiseId::generate(),
        shop: input.scope.shop.clone(),
        conversation: input.conversation.clone(),
        kind: planned.kind.clone(),
        by: "assistant".to_owned(),
        action: action.map(|action| action.id.clone()),
        ticket: None,
        state: PromiseState::Open,
        due: planned.due,
        first_due: planned.due,
        reminded: false,
        with_person: false,
        made_at: input.now.timestamp(),
        settled_at: None,
    }
}

fn follow(standing: &mut Standing, moved: &FlowMove, input: &TurnInput) {
    let known = moved.from.as_ref().and_then(|(id, _)| standing.flows.iter().position(|flow| flow.id == *id));
    let before = known.map(|place| standing.flows.remove(place));
    if moved.state != FlowState::Open {
        return;
    }
    let now = input.now.timestamp();
    let action = moved.action.as_deref().and_then(|identity| standing.open_action(identity));
    let action = action.map(|action| action.id.clone());
    let flow = Flow {
        id: before.as_ref().map_or_else(FlowId::generate, |flow| flow.id.clone()),
        shop: input.scope.shop.clone(),
        conversation: input.conversation.clone(),
        customer: input.scope.verified_customer().cloned(),
        kind: moved.kind.clone(),
        scenario: moved.scenario.clone(),
        order: moved.order.clone(),
        identity: moved.identity.clone(),
        state: moved.state,
        step: moved.step.clone(),
        answers: moved.answers.clone(),
        failures: moved.failures,
        action: action.or_else(|| before.as_ref().filter(|_| !moved.begins_step)?.action.clone()),
        reminded: false,
        moves: before.as_ref().map_or(0, |flow| flow.moves + 1),
        step_since: moved.since(&input.now),
        opened_at: before.as_ref().map_or(now, |flow| flow.opened_at),
        finished_at: None,
    };
    standing.flows.insert(0, flow);
}
