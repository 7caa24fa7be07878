//! What is begun with a promise, by whom, and what is only repeated.

use super::*;
use crate::actions::{Action, ActionState, Executor, Promise, PromiseState, Standing};
use crate::identity::{ActionId, PromiseId};

const QUESTION: &str = "我的睡袋到哪了";

fn standing(connected: bool) -> Standing {
    Standing { connected, ..Standing::default() }
}

fn asked(standing: Standing, now: Now) -> TurnInput {
    TurnInput { standing, ..input(QUESTION, Memory::default(), now) }
}

fn decided(shop: &Shop, input: &TurnInput) -> Decision {
    shop.decide(input, &reading(QUESTION, "where_is_parcel"), &facts())
}

/// The words of the goal that promises.
fn said(decision: &Decision) -> String {
    drafts(decision).filter(|draft| draft.goal == Goal::Commit).map(|draft| draft.text.clone()).collect()
}

fn running(decision: &Decision, due: &str) -> (Action, Promise) {
    let plan = &decision.actions[0];
    let conversation = ConversationIds::counted(7).next_id();
    let action = Action {
        id: ActionId::generate(),
        shop: ShopId::default(),
        conversation: conversation.clone(),
        customer: Some(CustomerId::new("cus_1001").unwrap()),
        kind: plan.kind.clone(),
        args: plan.args.clone(),
        identity: plan.identity.clone(),
        requested_by: "assistant".into(),
        by: plan.by,
        state: ActionState::Running,
        due: due.parse().unwrap(),
        attempts: 1,
        ticket: None,
        result: None,
        requested_at: morning().timestamp(),
        finished_at: None,
    };
    let promise = Promise {
        id: PromiseId::generate(),
        shop: ShopId::default(),
        conversation,
        kind: "trace_reply".into(),
        by: "assistant".into(),
        action: Some(action.id.clone()),
        ticket: None,
        state: PromiseState::Open,
        due: action.due,
        first_due: action.due,
        reminded: false,
        with_person: false,
        made_at: morning().timestamp(),
        settled_at: None,
    };
    (action, promise)
}

#[test]
fn a_stalled_parcel_is_traced_by_itself() {
    let shop = Shop::open();
    let decision = decided(&shop, &asked(standing(true), morning()));
    assert_eq!(decision.scenario.id, "logistics_stalled");
    let [plan] = decision.actions.as_slice() else { panic!("{:?}", decision.actions) };
    assert_eq!((plan.kind.as_str(), plan.by), ("trace_parcel", Executor::ShopSystem));
    assert_eq!(json!(plan.args), json!({ "order": "1", "parcel": "78412365509821", "carrier": "中通" }));
    assert_eq!(plan.identity, "trace_parcel order=1 parcel=78412365509821");
    let [commitment] = decision.commitments.as_slice() else { panic!("{:?}", decision.commitments) };
    assert_eq!(commitment.action.as_ref(), Some(&plan.identity));
    assert_eq!((commitment.kind.as_str(), commitment.due), ("trace_reply", plan.due));
    assert!(
        said(&decision).contains("今天14:15") && !said(&decision).contains("同事"),
        "{}",
        said(&decision)
    );
}

#[test]
fn without_a_system_a_person_does_it_by_the_same_time() {
    let shop = Shop::open();
    let decision = decided(&shop, &asked(standing(false), morning()));
    assert_eq!(decision.actions[0].by, Executor::Person);
    assert!(said(&decision).contains("今天14:15") && !said(&decision).contains("已"), "{}", said(&decision));
}

#[test]
fn what_is_running_is_repeated_with_its_own_time() {
    let shop = Shop::open();
    let first = decided(&shop, &asked(standing(true), morning()));
    let (action, promise) = running(&first, "2026-11-20T03:30:00Z");
    let known =
        Standing { actions: vec![action], promises: vec![promise], connected: true, ..Standing::default() };
    let again = decided(&shop, &asked(known.clone(), morning()));
    assert!(again.actions.is_empty() && again.commitments.is_empty(), "{again:?}");
    assert!(said(&again).contains("今天11:30"), "{}", said(&again));
    // Once its time is over, a new one is told, and it is still the same action.
    let later = decided(&shop, &asked(known, moment("2026-11-20T12:00:00+08:00")));
    assert!(later.actions.is_empty(), "{:?}", later.actions);
    assert_eq!(later.commitments[0].action.as_deref(), Some(first.actions[0].identity.as_str()));
}

#[test]
fn what_cannot_be_undone_waits_for_a_policy_and_a_yes() {
    let shop = Shop::open();
    let text = "帮我取消订单";
    let check = |policy: Option<Value>, asks_for_yes: bool| {
        let mut facts = facts();
        facts.found[0].fields["status"] = "paid".into();
        facts.found[0].fields.as_object_mut().unwrap().shift_remove("shipment");
        facts.found.remove(1);
        facts.product = Some(1);
        if let Some(fields) = policy.clone() {
            facts.found.push(fact(RecordKind::Policy, "pol_cancel", fields));
        }
        let input = TurnInput { standing: standing(true), ..input(text, Memory::default(), morning()) };
        let decision = shop.decide(&input, &reading(text, "want_cancel"), &facts);
        assert_eq!(decision.scenario.id, "order_cancel", "{policy:?}");
        assert!(decision.actions.is_empty(), "{policy:?}");
        let steps: Vec<&str> = decision.flows.iter().map(|moved| moved.step.as_str()).collect();
        assert_eq!(steps, if asks_for_yes { vec!["confirm"] } else { Vec::new() }, "{policy:?}");
        let promised = !asks_for_yes && decision.handoff.is_none();
        assert_eq!(decision.commitments.len(), usize::from(promised), "{policy:?}");
    };
    let policy = |then: &str| json!({ "title": "取消", "text": "没发货可以取消。", "about": "cancel", "when": "order.status == 'paid'", "then": then });
    // A policy allows it: the yes is asked for. Otherwise a person looks after it.
    check(Some(policy("allowed")), true);
    check(Some(policy("refused")), false);
    check(None, false);
}
