use serde_json::{Value, json};

use super::*;
use crate::desk::types::ConversationState;
use crate::identity::{CustomerId, ShopId};

fn happening(kind: &str, seq: i64, body: Value) -> Happening {
    Happening { kind: kind.to_owned(), seq, body, at: Timestamp::UNIX_EPOCH }
}

fn place() -> Place {
    Place {
        id: "conv_1".parse().unwrap(),
        customer: Some(CustomerId::new("cus_1").unwrap()),
        visitor: None,
        state: ConversationState::Human,
        channel: "widget".to_owned(),
        opened_at: Timestamp::UNIX_EPOCH,
    }
}

fn wanted(names: &[&str]) -> Result<Wanted, WantedError> {
    Wanted::new(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn names_outside_are_those_that_are_serialised() {
    for event in EventName::ALL.into_iter().chain([EventName::WebhookTest]) {
        assert_eq!(json!(event), event.as_str());
    }
}

#[test]
fn what_happens_is_told_under_its_names() {
    let check = |kind: &str, seq: i64, expected: &[&str]| {
        let names = names_of(&happening(kind, seq, json!({})));
        assert_eq!(names.into_iter().map(EventName::as_str).collect::<Vec<_>>(), expected, "{kind} {seq}");
    };
    check("message", 1, &["conversation_created", "message_created"]);
    check("message", 2, &["message_created"]);
    check("nudge", 2, &[]);
    check("state", 3, &["conversation_status_changed", "conversation_updated"]);
    check("flow", 3, &["conversation_updated"]);
    check("handoff", 4, &["handoff", "ticket_created"]);
    check("ticket", 5, &["ticket_updated"]);
    check("action", 5, &["action_updated"]);
    check("promise", 5, &["promise_updated"]);
    check("note", 5, &["note_created"]);
    check("something new", 1, &[]);
}

#[test]
fn everything_is_everything_but_private_notes() {
    let check = |names: &[&str], event: EventName, expected: bool| {
        assert_eq!(wanted(names).unwrap().has(event), expected, "{names:?} and {event:?}");
    };
    check(&["*"], EventName::MessageCreated, true);
    check(&["*"], EventName::NoteCreated, false);
    check(&["*", "note_created"], EventName::NoteCreated, true);
    check(&["handoff"], EventName::Handoff, true);
    check(&["handoff"], EventName::TicketCreated, false);
    assert_eq!(wanted(&["handoff", "handoff"]).unwrap().names(), ["handoff"]);
    assert_eq!(wanted(&[]), Err(WantedError::Nothing));
    // Messages never change after they were written, and a test cannot be subscribed to.
    for name in ["message_updated", "webhook_test", "", "HANDOFF"] {
        assert_eq!(wanted(&["*", name]), Err(WantedError::Unknown(name.to_owned())));
    }
}

#[test]
fn a_payload_has_the_conversation_and_what_happened() {
    let check = |kind: &str, event: EventName, body: Value, expected: Value| {
        let id = "whd_1".parse().unwrap();
        let sent = payload((&id, event), &ShopId::default(), &place(), &happening(kind, 7, body));
        let beginning = json!({ "event": event, "id": "whd_1", "created_at": "1970-01-01T00:00:00Z",
            "account": { "shop": "default" } });
        for (name, value) in beginning.as_object().unwrap() {
            assert_eq!(&sent[name], value, "{kind}");
        }
        assert_eq!(
            (&sent["conversation"]["id"], &sent["conversation"]["customer"]),
            (&json!("conv_1"), &json!("cus_1"))
        );
        for (name, value) in expected.as_object().unwrap() {
            assert_eq!(&sent[name], value, "{kind}: {sent}");
        }
        let subjects = sent.as_object().unwrap().keys().filter(|name| {
            !["event", "id", "created_at", "account", "conversation"].contains(&name.as_str())
        });
        let expected = expected.as_object().unwrap().keys().filter(|name| *name != "conversation");
        assert_eq!(subjects.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{kind}: {sent}");
    };
    check(
        "message",
        EventName::MessageCreated,
        json!({ "message": "msg_1", "author": "customer", "text": "到哪了" }),
        json!({ "message": { "id": "msg_1", "author": "customer", "text": "到哪了" } }),
    );
    check(
        "message",
        EventName::ConversationCreated,
        json!({ "message": "msg_1", "text": "到哪了" }),
        json!({}),
    );
    check(
        "handoff",
        EventName::TicketCreated,
        json!({ "ticket": "tkt_1", "reason": "asked" }),
        json!({ "ticket": { "id": "tkt_1", "reason": "asked" } }),
    );
    check(
        "note",
        EventName::NoteCreated,
        json!({ "ticket": "tkt_1", "agent": "amy", "text": "x" }),
        json!({ "note": { "ticket": "tkt_1", "agent": "amy", "text": "x" } }),
    );
    let state = |sent: &Value| sent["conversation"]["state"].clone();
    let id = "whd_1".parse().unwrap();
    let changed = happening("state", 2, json!({ "state": "waiting" }));
    let event = EventName::ConversationStatusChanged;
    let sent = payload((&id, event), &ShopId::default(), &place(), &changed);
    assert_eq!(state(&sent), "waiting", "as it was then, not as it is now");
}

#[test]
fn pauses_grow_until_it_is_given_up() {
    let seconds = (1..=9).map(|attempts| pause_after(attempts).map(|pause| pause.as_secs()));
    let expected =
        [Some(5), Some(30), Some(120), Some(600), Some(3600), Some(21_600), Some(86_400), None, None];
    assert_eq!(seconds.collect::<Vec<_>>(), expected);
    assert_eq!(pause_after(0), None);
    assert_eq!((left_alone_after(4), left_alone_after(5).is_some()), (None, true));
}

#[test]
fn only_a_good_status_is_taken() {
    let check = |status: Option<u16>, error: Option<&str>, expected: (bool, bool)| {
        let attempt = Attempt { status, answer: None, error: error.map(str::to_owned) };
        assert_eq!((attempt.is_taken(), attempt.is_unwanted()), expected, "{attempt:?}");
    };
    check(Some(200), None, (true, false));
    check(Some(204), None, (true, false));
    check(Some(302), None, (false, false));
    check(Some(410), None, (false, true));
    check(Some(500), Some("answered 500"), (false, false));
    check(None, Some("timed out"), (false, false));
}
