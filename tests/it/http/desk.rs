//! An agent's work at the desk.

use serde_json::{Value, json};

use super::app::TestApp;
use super::conversations::first_events;

#[tokio::test]
async fn a_ticket_is_worked_from_the_queue_to_the_end() {
    let app = TestApp::new();
    let (ticket, conversation) = app.ticket().await;
    let path = |action: &str| format!("/api/v1/tickets/{ticket}{action}");

    let queue = app.get("/api/v1/tickets").key("key-desk").send().await.json();
    assert_eq!(queue["tickets"][0]["id"], ticket.as_str());
    assert_eq!(queue["tickets"][0]["agent"], Value::Null);

    let claimed = app.post(&path("/claim")).key("key-desk").send().await;
    assert_eq!((claimed.status.as_u16(), &claimed.json()["agent"]), (200, &json!("desk")));
    assert_eq!(app.post(&path("/claim")).key("key-desk").send().await.status, 200, "again by the same agent");
    let other = app.post(&path("/claim")).key("key-lin").send().await;
    assert_eq!((other.status.as_u16(), other.code().as_str()), (409, "conflict"));
    let barging = app.post(&path("/messages")).key("key-lin").json(json!({"text": "在"})).send().await;
    assert_eq!(barging.code(), "conflict");

    let sent =
        app.post(&path("/messages")).key("key-desk").json(json!({"text": "这是最好的"})).send().await.json();
    assert_eq!(sent["message"]["author"], "staff");
    assert_eq!(sent["warnings"], json!(["R01 绝对化用语"]));
    let note =
        app.post(&path("/notes")).key("key-desk").json(json!({"text": "等物流回复"})).send().await.json();
    assert_eq!(note["agent"], "desk");

    let shown = app.get(&path("")).key("key-desk").send().await.json();
    assert_eq!(shown["conversation"], conversation.as_str());
    assert_eq!(shown["state"], "human");
    assert_eq!(shown["notes"][0]["text"], "等物流回复");
    assert_eq!(shown["history"].as_array().unwrap().len(), 3);

    let returned = app.post(&path("/return")).key("key-desk").send().await.json();
    assert_eq!(returned["status"], "returned");
    let done = app.post(&path("/resolve")).key("key-desk").send().await.json();
    assert_eq!(done["status"], "resolved");
    assert_eq!(app.get("/api/v1/tickets").key("key-desk").send().await.json()["tickets"], json!([]));
    let resolved = app.get("/api/v1/tickets?status=resolved").key("key-desk").send().await.json();
    assert_eq!(resolved["tickets"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_ticket_has_every_field_of_the_design() {
    let app = TestApp::new();
    let (ticket, _) = app.ticket().await;
    let shown = app.get(&format!("/api/v1/tickets/{ticket}")).key("key-desk").send().await.json();
    let fields = [
        "id",
        "conversation",
        "status",
        "reason",
        "agent",
        "priority",
        "opened_at",
        "summary",
        "wish",
        "identity",
        "emotion",
        "orders",
        "products",
        "tried",
        "evidence",
        "blocked",
        "actions",
        "promises",
        "history",
        "suggestions",
        "next_step",
    ];
    for field in fields {
        assert!(shown.get(field).is_some(), "{field} is missing");
    }
    assert_eq!(shown["identity"], "verified C-1");
    assert_eq!(
        shown["summary"][0]["messages"][0], shown["history"][0]["id"],
        "summary lines point to messages"
    );
    assert_eq!(shown["promises"][0]["due"], "2026-11-19T10:00:00+08:00");
    assert_eq!(
        (&shown["promises"][0]["state"], &shown["promises"][0]["backed_by"]),
        (&json!("open"), &json!(ticket))
    );
}

#[tokio::test]
async fn what_an_agent_writes_is_checked() {
    let app = TestApp::new();
    let (ticket, _) = app.ticket().await;
    let check = async |action: &str, body: Value, code: &str| {
        let path = format!("/api/v1/tickets/{ticket}/{action}");
        let reply = app.post(&path).key("key-desk").json(body.clone()).send().await;
        assert_eq!(reply.code(), code, "{action} {body}: {}", reply.text);
    };
    check("messages", json!({"text": " "}), "empty_message").await;
    check("notes", json!({}), "empty_message").await;
    check("notes", json!({"text": "a\u{0}"}), "control_characters").await;
    check("messages", json!({"text": "长".repeat(10_001)}), "message_too_long").await;
    check("messages", json!({"text": 1}), "invalid_field").await;
    for path in ["/api/v1/tickets/tkt_none", "/api/v1/tickets/conv_1"] {
        assert_eq!(app.get(path).key("key-desk").send().await.code(), "ticket_not_found", "{path}");
    }
    for query in ["limit=0", "limit=501", "limit=x", "status=gone"] {
        let reply = app.get(&format!("/api/v1/tickets?{query}")).key("key-desk").send().await;
        assert_eq!(reply.code(), "invalid_parameter", "{query}");
    }
}

#[tokio::test]
async fn the_desk_hears_of_new_tickets() {
    let app = TestApp::new();
    let live = app.get("/api/v1/desk/stream").key("key-desk").open().await;
    let (ticket, conversation) = app.ticket().await;
    let body = json!({ "message": "还在吗", "conversation": conversation,
        "customer": {"id": "C-1", "signature": super::app::signature("C-1")} });
    app.chat(body).send().await;
    let seen = first_events(live, 2).await;
    let opened: Value = serde_json::from_str(&seen[0].2).unwrap();
    assert_eq!((seen[0].1.as_str(), &opened["id"]), ("ticket", &json!(ticket)));
    let message: Value = serde_json::from_str(&seen[1].2).unwrap();
    assert_eq!((seen[1].1.as_str(), &message["ticket"]), ("message", &json!(ticket)));
}

#[tokio::test]
async fn a_result_is_refused_with_the_code_of_its_reason() {
    let app = TestApp::new();
    let (_, conversation) = app.ticket().await;
    let check = async |action: &str, key: &str, expected: (u16, &str)| {
        let path = format!("/api/v1/actions/{action}/result");
        let answer = app.post(&path).key(key).json(json!({ "outcome": "done" })).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), expected, "{action} with {key}");
    };
    check("act_another", "key-facts", (409, "result_of_another")).await;
    check("act_over", "key-facts", (409, "action_over")).await;
    check("act_differs", "key-facts", (409, "result_differs")).await;
    check("act_unknown", "key-facts", (404, "action_not_found")).await;
    check("nonsense", "key-facts", (404, "action_not_found")).await;
    check("act_over", "key-desk", (403, "missing_scope")).await;
    let cancel = async |action: &str, key: &str, body: Value, expected: (u16, &str)| {
        let path = format!("/api/v1/actions/{action}/cancel");
        let answer = app.post(&path).key(key).json(body.clone()).send().await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), expected, "{action} with {key}: {body}");
    };
    cancel("act_over", "key-desk", json!({}), (409, "conflict")).await;
    cancel("act_unknown", "key-desk", json!({ "reason": "找到了" }), (404, "action_not_found")).await;
    cancel("nonsense", "key-desk", json!({}), (404, "action_not_found")).await;
    cancel("act_over", "key-facts", json!({}), (403, "missing_scope")).await;
    cancel("act_over", "key-desk", json!({ "reason": "长".repeat(201) }), (422, "invalid_field")).await;
    cancel("act_over", "key-desk", json!({ "reason": "a\u{7}b" }), (422, "control_characters")).await;
    cancel("act_over", "key-desk", json!({ "why": "x" }), (422, "invalid_field")).await;
    for door in ["actions", "promises"] {
        let list = async |conversation: &str, key: &str| {
            app.get(&format!("/api/v1/{door}?conversation={conversation}")).key(key).send().await
        };
        assert_eq!(list(&conversation, "key-desk").await.json()[door], json!([]));
        assert_eq!(list(&conversation, "key-facts").await.status, 200);
        assert_eq!(list("conv_unknown", "key-desk").await.code(), "conversation_not_found");
        assert_eq!(list("nonsense", "key-desk").await.code(), "conversation_not_found");
        assert_eq!(list(&conversation, "key-chat").await.code(), "missing_scope");
        let without = app.get(&format!("/api/v1/{door}")).key("key-desk").send().await;
        assert_eq!(without.code(), "invalid_parameter");
    }
}
