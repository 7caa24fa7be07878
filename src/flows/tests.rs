use jiff::tz::TimeZone;
use serde_json::json;

use super::*;
use crate::actions::ActionState;
use crate::pack::condition::Condition;
use crate::pack::flows::FlowKind;
use crate::pack::flows::{Asks, Party, Step, StepKind};
use crate::time::Now;

fn at(text: &str) -> Now {
    Now::new(text.parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

fn hours(hours: i64) -> Option<jiff::SignedDuration> {
    Some(jiff::SignedDuration::from_hours(hours))
}

fn step(id: &str, kind: StepKind) -> Step {
    let (when, done_when, fails_when) = (None, None, None);
    let (remind_after, expires_after) = (None, None);
    Step { id: id.into(), name: id.into(), kind, when, done_when, fails_when, remind_after, expires_after }
}

fn condition(source: &str) -> Option<Condition> {
    Some(Condition::parse(source).unwrap())
}

/// A reason, pictures for a fault, a yes, the application, the way back, the inspection.
fn returning() -> FlowKind {
    let pictures =
        Step { when: condition("flow.reason == 'fault'"), ..step("pictures", StepKind::Asks(Asks::Picture)) };
    let back = Step {
        done_when: condition("has(aftersale.return_shipment.tracking)"),
        remind_after: hours(72),
        expires_after: hours(168),
        ..step("back", StepKind::Asks(Asks::Tracking))
    };
    let inspect = Step {
        done_when: condition("aftersale.status == 'inspected'"),
        fails_when: condition("aftersale.status == 'rejected'"),
        expires_after: hours(96),
        ..step("inspect", StepKind::WaitsFor(Party::Shop))
    };
    FlowKind {
        id: "return".into(),
        name: "退货".into(),
        policy: None,
        aftersale: None,
        takes_over: Vec::new(),
        ended_by: Vec::new(),
        steps: vec![
            step("reason", StepKind::Asks(Asks::Text)),
            pictures,
            step("confirm", StepKind::Asks(Asks::Confirm)),
            step("apply", StepKind::Does("return_refund".into())),
            back,
            inspect,
        ],
    }
}

fn flow(step: &str, since: &str) -> Flow {
    let since = since.parse().unwrap();
    Flow {
        id: FlowId::generate(),
        shop: ShopId::default(),
        conversation: ConversationId::generate(),
        customer: None,
        kind: "return".into(),
        scenario: "return_no_reason".into(),
        order: Some("1".into()),
        identity: "return order=1".into(),
        state: FlowState::Open,
        step: step.into(),
        answers: Answers::new(),
        failures: 0,
        action: None,
        reminded: false,
        moves: 0,
        step_since: since,
        opened_at: since,
        finished_at: None,
    }
}

fn named(happening: Happening<'_>) -> String {
    match happening {
        Happening::StepDone(next) => {
            format!("done, then {}", next.map_or("nothing", |step| step.id.as_str()))
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn records_actions_and_the_clock_move_a_flow() {
    let kind = returning();
    let (early, since) = ("2026-11-20T03:00:00Z", "2026-11-20T02:00:00Z");
    let none = json!({});
    let sent = json!({"aftersale": {"return_shipment": {"tracking": "SF1"}}});
    let inspected = json!({"aftersale": {"status": "inspected"}});
    let rejected = json!({"aftersale": {"status": "rejected"}});
    let all_over = json!({"aftersale": {"status": "inspected", "return_shipment": {"tracking": "SF1"}}});
    #[rustfmt::skip]
    let cases = [
        ("reason",  early,                  &none,      None,                         "Nothing"),
        ("apply",   early,                  &none,      Some(ActionState::Running),   "Nothing"),
        ("apply",   early,                  &none,      Some(ActionState::Done),      "done, then back"),
        ("apply",   early,                  &none,      Some(ActionState::Failed),    "ActionEnded(Failed)"),
        ("apply",   early,                  &none,      Some(ActionState::Cancelled), "ActionEnded(Cancelled)"),
        ("back",    early,                  &none,      None,                         "Nothing"),
        ("back",    early,                  &sent,      None,                         "done, then inspect"),
        ("back",    "2026-11-23T02:00:00Z", &none,      None,                         "ToRemind"),
        ("back",    "2026-11-27T02:00:00Z", &none,      None,                         "Expired"),
        ("back",    "2026-11-27T02:00:00Z", &sent,      None,                         "done, then inspect"),
        ("inspect", early,                  &inspected, None,                         "done, then nothing"),
        ("back",    early,                  &all_over,  None,                         "done, then nothing"),
        ("inspect", early,                  &rejected,  None,                         "Rejected"),
        ("inspect", "2026-11-24T02:00:00Z", &none,      None,                         "Late"),
        ("unknown", early,                  &none,      None,                         "Late"),
    ];
    for (step, now, variables, action, expected) in cases {
        let (flow, now) = (flow(step, since), at(now));
        let seen = Seen { kind: &kind, flow: &flow, variables, action, now: &now };
        assert_eq!(named(progress(&seen)), expected, "{step} at {now:?} with {variables}");
    }
}

#[test]
fn a_customer_is_reminded_once_and_a_flow_is_looked_at_by_its_clock() {
    let kind = returning();
    let now = at("2026-11-23T02:00:00Z");
    let reminded = Flow { reminded: true, ..flow("back", "2026-11-20T02:00:00Z") };
    let seen = Seen { kind: &kind, flow: &reminded, variables: &json!({}), action: None, now: &now };
    assert_eq!(named(progress(&seen)), "Nothing");
    let since = reminded.step_since;
    // Nobody tells of a record in another system, so that it is looked for.
    let soon = now.timestamp().checked_add(jiff::SignedDuration::from_mins(10)).unwrap();
    assert_eq!(next_look(kind.step("back").unwrap(), since, true, &now), Some(soon));
    assert_eq!(next_look(kind.step("reason").unwrap(), since, false, &now), None);
}

#[test]
fn steps_that_are_answered_or_not_wanted_are_passed_over() {
    let kind = returning();
    let now = at("2026-11-20T03:00:00Z");
    let answered = |steps: &[&str]| -> Answers {
        let answer = |step: &&str| ((*step).to_owned(), Answer { value: "x".into(), shown: "x".into() });
        steps.iter().map(answer).collect()
    };
    for (after, answers, reason, expected) in [
        (None, answered(&[]), "size", "reason"),
        (None, answered(&["reason"]), "size", "confirm"),
        (None, answered(&["reason"]), "fault", "pictures"),
        (Some("reason"), answered(&["reason", "pictures"]), "fault", "confirm"),
        (Some("confirm"), answered(&["reason"]), "size", "apply"),
    ] {
        let variables = json!({"flow": {"reason": reason}});
        let next = open_step(&kind, after, &answers, (&variables, &now)).map(|step| step.id.as_str());
        assert_eq!(next, Some(expected), "{after:?} {answers:?} {reason}");
    }
}

#[test]
fn the_desk_sees_the_steps_and_who_is_waited_for() {
    let kind = returning();
    let stands = FlowProgress::of(flow("inspect", "2026-11-20T02:00:00Z"), Some(&kind));
    assert_eq!((stands.waits_for, stands.at.as_str()), (Some(Waited::Shop), "inspect"));
    assert_eq!(stands.until, Some("2026-11-24T02:00:00Z".parse().unwrap()));
    let passed: Vec<bool> = stands.steps.iter().map(|step| step.passed).collect();
    assert_eq!(passed, [true, true, true, true, true, false]);
    let over = Flow { state: FlowState::Done, ..flow("inspect", "2026-11-20T02:00:00Z") };
    let over = FlowProgress::of(over, Some(&kind));
    assert!(over.steps.iter().all(|step| step.passed) && over.waits_for.is_none() && over.until.is_none());
    // A pack that has lost the flow leaves its bare names.
    let lost = FlowProgress::of(flow("inspect", "2026-11-20T02:00:00Z"), None);
    assert_eq!((lost.name.as_str(), lost.steps.len()), ("return", 0));
}
