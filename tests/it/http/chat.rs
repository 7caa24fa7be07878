//! The chat door: the shape of answers, who sees how much, the order of events.

use std::time::Duration;

use serde_json::{Value, json};
use warmdesk::http::DoorSettings;
use warmdesk::http::limits::LimitSettings;

use super::app::{TestApp, signature};

/// Every key of an answer, as the design has it. None is ever missing.
const KEYS: [&str; 14] = [
    "conversation",
    "message",
    "reply",
    "sentences",
    "scenario",
    "emotion",
    "tier",
    "evidence",
    "handoff",
    "commitments",
    "choices",
    "guard",
    "superseded_by",
    "timing",
];

fn signed(message: &str) -> Value {
    json!({ "message": message, "customer": {"id": "C-1", "signature": signature("C-1")} })
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[tokio::test]
async fn staff_get_the_whole_answer() {
    let app = TestApp::new();
    let mut reply = app.chat(signed("到哪了")).key("key-chat").send().await.json();
    assert_eq!(keys(&reply), KEYS);
    reply["conversation"] = "conv_1".into();
    reply["message"] = "msg_1".into();
    insta::assert_json_snapshot!("staff_answer", reply);
}

#[tokio::test]
async fn customers_get_the_reduced_answer() {
    let app = TestApp::new();
    for key in [None, Some("key-facts"), Some("key-events")] {
        let call = app.chat(signed("到哪了"));
        let reply = if let Some(key) = key { call.key(key) } else { call }.send().await.json();
        assert_eq!(keys(&reply), KEYS, "{key:?}");
        assert_eq!(reply["evidence"], json!([]), "{key:?}");
        for field in ["emotion", "tier", "guard", "timing"] {
            assert_eq!(reply[field], Value::Null, "{field} with {key:?}");
        }
        assert_eq!(reply["sentences"].as_array().unwrap().len(), 4);
        assert_eq!(reply["scenario"]["id"], "logistics_stalled");
        assert_eq!(reply["commitments"][0]["due"], "2026-11-19T10:00:00+08:00");
    }
}

#[tokio::test]
async fn events_come_in_order_and_end_with_the_answer() {
    let app = TestApp::new();
    let reply = app.chat(signed("到哪了")).streamed().send().await;
    assert!(reply.header("content-type").starts_with("text/event-stream"));
    let events = reply.events();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["reading", "sentence", "sentence", "sentence", "sentence", "done"]);
    let data: Vec<Value> = events.iter().map(|(_, data)| serde_json::from_str(data).unwrap()).collect();
    assert_eq!(data[0]["scenario"]["id"], "logistics_stalled");
    assert_eq!(
        data[1],
        json!({"text": "您好，我是小暖，本店的AI客服。", "goal": "greet", "by": "wording", "evidence": []})
    );
    assert_eq!(keys(&data[5]), KEYS);
    assert_eq!(data[5]["evidence"], json!([]), "a customer's copy is reduced in the stream too");
    let said: Vec<&Value> = data[1..5].iter().map(|sentence| &sentence["text"]).collect();
    let whole: Vec<&Value> = data[5]["sentences"].as_array().unwrap().iter().map(|s| &s["text"]).collect();
    assert_eq!(said, whole);

    let staff = app.chat(signed("到哪了")).key("key-all").streamed().send().await.events();
    let done: Value = serde_json::from_str(&staff.last().unwrap().1).unwrap();
    assert_eq!(done["timing"]["model"]["cached_tokens"], 180);
}

#[tokio::test]
async fn a_handoff_is_an_event_of_its_own() {
    let app = TestApp::new();
    let events = app.chat(signed("转人工")).streamed().send().await.events();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["reading", "sentence", "handoff", "done"]);
    let handoff: Value = serde_json::from_str(&events[2].1).unwrap();
    assert_eq!(handoff["reason"], "asked_for_person");
    assert!(handoff["ticket"].as_str().unwrap().starts_with("tkt_"));
}

#[tokio::test]
async fn while_people_have_it_nothing_is_said_and_the_ticket_is_repeated() {
    let app = TestApp::new();
    let (ticket, conversation) = app.ticket().await;
    let mut body = signed("还在吗");
    body["conversation"] = conversation.clone().into();
    let reply = app.chat(body.clone()).send().await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.json()["reply"], "");
    assert_eq!(reply.json()["sentences"], json!([]));
    assert_eq!(reply.json()["handoff"]["ticket"], ticket.as_str());
    let events = app.chat(body).streamed().send().await.events();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["done"]);
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_so() {
    let app = TestApp::new();
    let events = app.chat(json!({ "message": "断" })).streamed().send().await.events();
    let (name, data) = events.last().unwrap();
    assert_eq!(name, "error");
    let error: Value = serde_json::from_str(data).unwrap();
    assert_eq!(error["error"]["code"], "unavailable");
}

#[tokio::test]
async fn who_leaves_cancels_the_turn() {
    let app = TestApp::slow(Duration::from_secs(3600), DoorSettings::default());
    let response = app.chat(signed("到哪了")).streamed().open().await;
    assert_eq!(app.fake.cancelled.load(std::sync::atomic::Ordering::SeqCst), 0);
    drop(response);
    assert_eq!(app.fake.cancelled.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[tokio::test]
async fn another_persons_conversation_is_not_found() {
    let app = TestApp::new();
    let (_, conversation) = app.session(Some("C-1")).await;
    let check = async |customer: Value, status: u16| {
        let body = json!({ "message": "在吗", "conversation": conversation, "customer": customer });
        let reply = app.chat(body).key("key-all").send().await;
        assert_eq!(reply.status, status, "{}", reply.text);
    };
    check(json!({"id": "C-1", "signature": signature("C-1")}), 200).await;
    check(json!({"id": "C-1"}), 404).await;
    check(json!(null), 404).await;
    check(json!({"id": "C-2", "signature": signature("C-2")}), 404).await;
}

#[tokio::test]
async fn one_customer_cannot_flood_and_others_are_not_hit() {
    let limits = LimitSettings { per_person_a_minute: 3, events_a_minute: 0, per_address_a_minute: 0 };
    let app = TestApp::limited(limits);
    for _ in 0..3 {
        assert_eq!(app.chat(signed("在吗")).send().await.status, 200);
    }
    let refused = app.chat(signed("在吗")).send().await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "too_many_requests"));
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(app.fake.taken().len(), 3);
    let other = json!({ "message": "在吗", "customer": {"id": "C-2", "signature": signature("C-2")} });
    assert_eq!(app.chat(other).send().await.status, 200);
    assert_eq!(app.chat(signed("在吗")).key("key-desk").send().await.status, 429);
    assert_eq!(
        app.chat(signed("在吗")).key("key-all").send().await.status,
        200,
        "all-scopes keys are exempt"
    );
}

/// Some proxies add to the line that is there, others add a line of their own; whoever asks may have sent one before.
#[tokio::test]
async fn behind_a_proxy_only_its_own_word_names_the_address() {
    let limits = LimitSettings { per_person_a_minute: 0, events_a_minute: 0, per_address_a_minute: 1 };
    let app = TestApp::with(DoorSettings { limits, trust_forwarded_for: true, ..DoorSettings::default() });
    let check = async |lines: &[&str], expected: u16| {
        let request = app.chat(json!({ "message": "在吗" }));
        let request = lines.iter().fold(request, |request, line| request.header("x-forwarded-for", line));
        assert_eq!(request.send().await.status.as_u16(), expected, "{lines:?}");
    };
    check(&["203.0.113.1"], 200).await;
    check(&["198.51.100.1, 203.0.113.1"], 429).await;
    check(&["198.51.100.2", "203.0.113.1"], 429).await;
    check(&["203.0.113.1", "203.0.113.2"], 200).await;
    check(&["2001:db8:1:2::1"], 200).await;
    check(&["2001:db8:1:2::2"], 429).await;
}

#[tokio::test]
async fn one_address_cannot_flood() {
    let limits = LimitSettings { per_person_a_minute: 0, events_a_minute: 0, per_address_a_minute: 2 };
    let app = TestApp::limited(limits);
    for _ in 0..2 {
        assert_eq!(app.chat(json!({ "message": "在吗" })).send().await.status, 200);
    }
    assert_eq!(app.chat(json!({ "message": "在吗" })).send().await.status, 429);
    let claimed = app.chat(json!({ "message": "在吗" })).header("x-forwarded-for", "198.51.100.9");
    assert_eq!(claimed.send().await.status, 429, "the header is believed only behind a proxy");
    assert_eq!(app.chat(json!({ "message": "在吗" })).key("key-all").send().await.status, 200);
}
