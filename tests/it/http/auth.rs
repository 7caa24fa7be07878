//! Who may do what.

use axum::http::Method;
use serde_json::json;

use super::app::{TestApp, signature};

/// Keys, from none to all, in the order of the columns below.
const KEYS: [&str; 8] =
    ["", "key-wrong", "key-facts", "key-events", "key-chat", "key-desk", "key-admin", "key-all"];

/// 200 means "let through": the answer may still be another error of the address itself.
const MATRIX: [(&str, &str, [u16; 8]); 21] = [
    ("POST", "/api/v1/chat", [200, 401, 200, 200, 200, 200, 200, 200]),
    ("POST", "/v1/chat/completions", [200, 401, 200, 200, 200, 200, 200, 200]),
    ("POST", "/api/v1/session", [200, 401, 200, 200, 200, 200, 200, 200]),
    ("GET", "/api/v1/conversations/conv_x", [401, 401, 403, 403, 403, 200, 200, 200]),
    ("GET", "/api/v1/conversations/conv_x/stream", [401, 401, 403, 403, 403, 200, 200, 200]),
    ("PUT", "/api/v1/products/P-1", [401, 401, 200, 403, 403, 403, 403, 200]),
    ("DELETE", "/api/v1/products/P-1", [401, 401, 200, 403, 403, 403, 403, 200]),
    ("PUT", "/api/v1/orders/O-1/shipment", [401, 401, 200, 403, 403, 403, 403, 200]),
    ("POST", "/api/v1/import", [401, 401, 200, 403, 403, 403, 403, 200]),
    ("GET", "/api/v1/search?q=a", [401, 401, 200, 403, 403, 200, 403, 200]),
    ("GET", "/api/v1/tickets", [401, 401, 403, 403, 403, 200, 403, 200]),
    ("GET", "/api/v1/tickets/tkt_x", [401, 401, 403, 403, 403, 200, 403, 200]),
    ("POST", "/api/v1/tickets/tkt_x/claim", [401, 401, 403, 403, 403, 200, 403, 200]),
    ("POST", "/api/v1/tickets/tkt_x/messages", [401, 401, 403, 403, 403, 200, 403, 200]),
    ("POST", "/api/v1/tickets/tkt_x/resolve", [401, 401, 403, 403, 403, 200, 403, 200]),
    ("POST", "/api/v1/tickets/tkt_x/typing", [401, 401, 403, 403, 403, 200, 403, 200]),
    ("GET", "/api/v1/pictures/pic_x", [401, 401, 403, 403, 403, 200, 200, 200]),
    ("POST", "/api/v1/pictures", [401, 401, 401, 401, 401, 401, 401, 401]),
    ("POST", "/api/v1/conversations/conv_x/typing", [401, 401, 401, 401, 401, 401, 401, 401]),
    ("POST", "/api/v1/conversations/conv_x/rating", [401, 401, 401, 401, 401, 401, 401, 401]),
    ("POST", "/api/v1/test/clock", [401, 401, 403, 403, 403, 403, 200, 200]),
];

#[tokio::test]
async fn keys_open_what_their_scopes_say() {
    let app = TestApp::new();
    let body = json!({
        "message": "在吗", "text": "好的", "score": 5, "now": "2026-11-18 10:00",
        "messages": [{"role": "user", "content": "在吗"}],
    });
    for (method, path, expected) in MATRIX {
        for (key, expected) in KEYS.into_iter().zip(expected) {
            let call = app.call(method.parse::<Method>().unwrap(), path).json(body.clone());
            let call = if key.is_empty() { call } else { call.key(key) };
            let status = call.open().await.status().as_u16();
            let got = if matches!(status, 401 | 403) { status } else { 200 };
            assert_eq!(got, expected, "{method} {path} with `{key}` answered {status}");
        }
    }
}

#[tokio::test]
async fn a_refusal_says_what_is_missing() {
    let app = TestApp::new();
    let check = async |key: &str, code: &str, words: &str| {
        let call = app.get("/api/v1/tickets");
        let reply = if key.is_empty() { call } else { call.header("authorization", key) }.send().await;
        assert_eq!(reply.code(), code, "{key}: {}", reply.text);
        assert!(reply.text.contains(words), "{key}: {}", reply.text);
        reply
    };
    let reply = check("", "key_required", "Bearer").await;
    assert_eq!(reply.header("www-authenticate"), "Bearer");
    check("Bearer nonsense", "invalid_key", "not valid").await;
    check("Basic abc", "invalid_key", "Bearer").await;
    check("Bearer key-facts", "missing_scope", "desk").await;
    check("Bearer sess_unknown", "invalid_key", "session").await;
}

#[tokio::test]
async fn a_key_never_widens_the_customers_scope() {
    let app = TestApp::new();
    let scope_of = async |key: Option<&str>, customer: serde_json::Value| {
        let call = app.chat(json!({ "message": "我的订单到哪了", "customer": customer }));
        let call = if let Some(key) = key { call.key(key) } else { call };
        assert_eq!(call.send().await.status, 200);
        app.fake.taken().last().unwrap().scope.verified_customer().map(ToString::to_string)
    };
    let signed = json!({"id": "C-1", "signature": signature("C-1")});
    assert_eq!(scope_of(None, json!({"id": "C-1"})).await, None);
    assert_eq!(scope_of(Some("key-all"), json!({"id": "C-1"})).await, None);
    assert_eq!(scope_of(Some("key-all"), json!(null)).await, None);
    assert_eq!(scope_of(None, signed.clone()).await, Some("C-1".to_owned()));
    assert_eq!(scope_of(Some("key-desk"), signed).await, Some("C-1".to_owned()));
    let wrong = json!({"id": "C-1", "signature": signature("C-2")});
    let reply = app.chat(json!({ "message": "在吗", "customer": wrong })).key("key-all").send().await;
    assert_eq!(reply.code(), "invalid_signature", "not even for an all-scopes key");
}

#[tokio::test]
async fn a_session_carries_its_customer_and_conversation() {
    let app = TestApp::new();
    let (token, conversation) = app.session(Some("C-1")).await;
    let reply = app.chat(json!({ "message": "到哪了" })).key(&token).send().await;
    assert_eq!(reply.json()["conversation"], conversation.as_str());
    let taken = app.fake.taken();
    assert_eq!(taken[0].scope.verified_customer().map(ToString::to_string), Some("C-1".to_owned()));

    // Another customer's proof beside the token: the proof decides, and the token's conversation is not the default.
    let other = json!({"id": "C-2", "signature": signature("C-2")});
    let reply = app.chat(json!({ "message": "到哪了", "customer": other })).key(&token).send().await;
    assert_ne!(reply.json()["conversation"], conversation.as_str());
    let body = json!({ "message": "到哪了", "customer": other, "conversation": conversation });
    assert_eq!(app.chat(body).key(&token).send().await.code(), "conversation_not_found");
}

#[tokio::test]
async fn a_key_and_a_session_go_together() {
    let app = TestApp::new();
    let (token, conversation) = app.session(None).await;
    let call = app.chat(json!({ "message": "在吗" })).key("key-desk").header("x-warmdesk-session", &token);
    let reply = call.send().await.json();
    assert_eq!(reply["conversation"], conversation.as_str());
    assert!(reply["timing"].is_object(), "staff see everything");
    let bad = app.chat(json!({ "message": "在吗" })).key("key-desk").header("x-warmdesk-session", "sess_no");
    assert_eq!(bad.send().await.code(), "invalid_key");
}

#[tokio::test]
async fn sessions_remember_the_visitor_and_refuse_nonsense() {
    let app = TestApp::new();
    let first = app.post("/api/v1/session").send().await.json();
    let again = app.post("/api/v1/session").json(json!({ "visitor": first["visitor"] })).send().await.json();
    assert_eq!(again["conversation"], first["conversation"]);
    assert_ne!(again["token"], first["token"]);
    let wrong = json!({ "customer": {"id": "C-1", "signature": "ab"} });
    assert_eq!(app.post("/api/v1/session").json(wrong).send().await.code(), "invalid_signature");
    assert_eq!(app.post("/api/v1/session").json(json!({"visitor": "me"})).send().await.code(), "invalid_id");
    assert_eq!(app.post("/api/v1/session").body("{").send().await.code(), "malformed_json");
}
