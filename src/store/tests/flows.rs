//! Flows: one for the same wish, and each move made once, whoever makes it first.

use jiff::SignedDuration;

use super::*;
use crate::actions::{ActionState, Executor};
use crate::desk::types::{HandoffNote, Priority};
use crate::flows::{Answer, Answers, Flow, FlowMove, FlowState};
use crate::identity::ConversationId;
use crate::store::{Brought, FlowStep, FlowWent, NewAction, NewPromise, NewTicket, Undertaking};
use crate::turn::types::{HandoffMode, HandoffReason};

/// A cancellation that asks for its yes.
fn asked_for_yes() -> FlowMove {
    FlowMove {
        from: None,
        kind: "cancel".into(),
        scenario: "order_cancel".into(),
        order: Some("1".into()),
        identity: "cancel order=1".into(),
        state: FlowState::Open,
        step: "confirm".into(),
        answers: Answers::new(),
        failures: 0,
        action: None,
        begins_step: true,
        step_since: None,
        look_at: Some(at("2026-11-20T02:42:00Z").timestamp()),
    }
}

/// The yes to it, which begins the action.
fn agreed(flow: &Flow) -> FlowMove {
    let yes = Answer { value: "确认".into(), shown: "确认".into() };
    let answers = Answers::from([("confirm".to_owned(), yes)]);
    let action = Some("cancel_order order=1".to_owned());
    FlowMove { answers, action, ..FlowMove::of(flow).at("cancel") }
}

/// The promise that goes with the action.
fn promise(conversation: &ConversationId) -> NewPromise {
    let due = now().timestamp() + SignedDuration::from_hours(2);
    let args = json!({ "order": "1" });
    NewPromise {
        kind: "order_change".into(),
        due,
        brought: Brought::ByNew(NewAction {
            kind: "cancel_order".into(),
            args: args.as_object().unwrap().clone(),
            identity: "cancel_order order=1".into(),
            confirmed: true,
            by: Executor::ShopSystem,
            due,
        }),
        task: NewTicket {
            conversation: conversation.clone(),
            reason: HandoffReason::ComplexAfterSale,
            detail: Some("order_change".into()),
            mode: HandoffMode::Async,
            priority: Priority::Normal,
            due,
            note: HandoffNote::default(),
        },
    }
}

async fn take_on(
    store: &Store,
    conversation: &ConversationId,
    (promises, flows): (Vec<NewPromise>, Vec<FlowMove>),
) {
    let undertaking = Undertaking {
        conversation: conversation.clone(),
        handoff: None,
        promises,
        flows,
        remind_before: SignedDuration::from_mins(30),
    };
    store.undertake(&customer("c1"), undertaking, &now()).await.unwrap();
}

/// Two conversations of a customer in which the same is wanted, and the one flow that comes of it.
async fn wanted_twice(store: &Store) -> (ConversationId, ConversationId, Flow) {
    let scope = customer("c1");
    let (here, there) = (opened(store, &scope).await.id, opened(store, &scope).await.id);
    for conversation in [&here, &there] {
        take_on(store, conversation, (Vec::new(), vec![asked_for_yes()])).await;
    }
    let mut flows = store.open_flows(&scope, &there).await.unwrap();
    assert_eq!(flows.len(), 1, "the same wish from two conversations is one flow");
    (here, there, flows.remove(0))
}

#[tokio::test]
async fn a_yes_from_two_conversations_at_once_begins_one_action() {
    let (_folder, store) = store().await;
    let (here, there, flow) = wanted_twice(&store).await;
    // Both saw the question open, as two devices of one customer do.
    for conversation in [&here, &there] {
        take_on(&store, conversation, (vec![promise(conversation)], vec![agreed(&flow)])).await;
    }
    let actions = store.actions(&staff(), &here).await.unwrap();
    assert_eq!(actions.iter().map(|action| action.state).collect::<Vec<_>>(), [ActionState::Confirmed]);
    assert!(store.actions(&staff(), &there).await.unwrap().is_empty());
    let moved = store.open_flows(&customer("c1"), &here).await.unwrap().remove(0);
    assert_eq!((moved.step.as_str(), moved.moves, &moved.conversation), ("cancel", 1, &here));
    assert_eq!(moved.action.as_ref(), Some(&actions[0].id));
    let log = store.audit_log(&staff(), moved.id.as_str()).await.unwrap();
    assert_eq!(log.into_iter().map(|entry| entry.action).collect::<Vec<_>>(), ["begin_flow", "move_flow"]);
}

#[tokio::test]
async fn what_a_clock_saw_before_the_customer_spoke_changes_nothing() {
    let (_folder, store) = store().await;
    let (here, _, seen) = wanted_twice(&store).await;
    take_on(&store, &here, (vec![promise(&here)], vec![agreed(&seen)])).await;
    let late = at("2026-11-20T02:42:00Z");
    let ended = FlowMove::of(&seen).ended(FlowState::Expired);
    let step = FlowStep { moved: ended, reminds: false, said: None, left: None };
    assert_eq!(store.go_on(&staff(), (&seen, step), &late).await.unwrap(), FlowWent::Gone);
    let stands = store.open_flows(&customer("c1"), &here).await.unwrap().remove(0);
    assert_eq!((stands.state, stands.step.as_str()), (FlowState::Open, "cancel"));
}
