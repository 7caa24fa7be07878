//! Reading a conversation, and what arrives in it.

use futures_util::StreamExt;
use serde_json::{Value, json};

use super::app::{TestApp, events, signature};

/// Reads a live stream until so many events have come.
pub async fn first_events(
    response: axum::response::Response,
    wanted: usize,
) -> Vec<(String, String, String)> {
    let mut body = response.into_body().into_data_stream();
    let mut text = String::new();
    while events(&text).len() < wanted {
        let part = body.next().await.expect("the stream goes on").unwrap();
        text.push_str(std::str::from_utf8(&part).unwrap());
    }
    let ids = text.lines().filter_map(|line| line.strip_prefix("id: ")).map(str::to_owned);
    ids.zip(events(&text)).map(|(id, (name, data))| (id, name, data)).collect()
}

#[tokio::test]
async fn a_customer_reads_the_own_conversation_without_traces() {
    let app = TestApp::new();
    let (token, conversation) = app.session(Some("C-1")).await;
    app.chat(json!({ "message": "到哪了" })).key(&token).send().await;
    let path = format!("/api/v1/conversations/{conversation}");
    let shown = app.get(&path).key(&token).send().await.json();
    assert_eq!(shown["state"], "bot");
    assert_eq!(shown["ticket"], Value::Null);
    assert_eq!(shown["messages"][0]["author"], "customer");
    assert_eq!(shown["messages"][0]["at"], "2026-11-18T10:00:00+08:00");
    assert_eq!(shown["messages"][1]["author"], "assistant");
    assert_eq!(shown["messages"][1]["trace"], Value::Null);
    let staff = app.get(&path).key("key-desk").send().await.json();
    assert!(staff["messages"][1]["trace"]["sentences"].is_array());
}

#[tokio::test]
async fn nobody_reads_anothers_conversation() {
    let app = TestApp::new();
    let (_, conversation) = app.session(Some("C-1")).await;
    let (other, _) = app.session(Some("C-2")).await;
    let (visitor, _) = app.session(None).await;
    for path in [
        format!("/api/v1/conversations/{conversation}"),
        format!("/api/v1/conversations/{conversation}/stream"),
    ] {
        for token in [&other, &visitor] {
            assert_eq!(app.get(&path).key(token).send().await.code(), "conversation_not_found", "{path}");
        }
        assert_eq!(app.get(&path).send().await.code(), "key_required", "{path}");
    }
    for id in ["conv_none", "tkt_1", "%00", "a%20b"] {
        let reply = app.get(&format!("/api/v1/conversations/{id}")).key("key-desk").send().await;
        assert_eq!(reply.code(), "conversation_not_found", "{id}");
    }
    let broken = app.get("/api/v1/conversations/%ff").key("key-desk").send().await;
    assert_eq!(broken.code(), "invalid_parameter");
}

#[tokio::test]
async fn replies_of_people_arrive_and_nothing_is_missed() {
    let app = TestApp::new();
    let (ticket, conversation) = app.ticket().await;
    let body = json!({ "customer": {"id": "C-1", "signature": signature("C-1")} });
    let token =
        app.post("/api/v1/session").json(body).send().await.json()["token"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/conversations/{conversation}/stream");

    let live = app.get(&path).key(&token).open().await;
    app.post(&format!("/api/v1/tickets/{ticket}/claim")).key("key-lin").send().await;
    let reply = json!({ "text": "您好，我是小林" });
    app.post(&format!("/api/v1/tickets/{ticket}/messages")).key("key-lin").json(reply).send().await;
    let seen = first_events(live, 2).await;
    let state: Value = serde_json::from_str(&seen[0].2).unwrap();
    assert_eq!((seen[0].1.as_str(), &state["state"]), ("state", &json!("human")));
    let message: Value = serde_json::from_str(&seen[1].2).unwrap();
    assert_eq!(seen[1].1, "message");
    assert_eq!(message["text"], "您好，我是小林");
    assert_eq!((&message["author"], &message["name"]), (&json!("staff"), &json!("lin")));

    // After a break the listener names the last event it saw and gets the rest.
    let again = app.get(&path).key(&token).header("last-event-id", &seen[0].0).open().await;
    let missed = first_events(again, 1).await;
    assert_eq!(missed[0].0, seen[1].0);
    for nonsense in ["x", "-1", "1.5"] {
        let refused = app.get(&path).key(&token).header("last-event-id", nonsense).send().await;
        assert_eq!(refused.code(), "invalid_parameter", "{nonsense}");
    }
}
