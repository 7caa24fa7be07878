//! What is wrong with a request is said with a stable code, and nothing happens.

use axum::http::Method;
use serde_json::{Value, json};

use super::app::{TestApp, signature};

async fn check(body: impl Into<axum::body::Body>, status: u16, code: &str) {
    let app = TestApp::new();
    let reply = app.post("/api/v1/chat").body(body).send().await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{}", reply.text);
    assert!(app.fake.taken().is_empty(), "a refused message reached the conversation: {}", reply.text);
}

#[tokio::test]
async fn a_body_that_is_no_request_is_refused() {
    check("", 400, "malformed_json").await;
    check("{", 400, "malformed_json").await;
    check("你好", 400, "malformed_json").await;
    check(vec![0xff, 0xfe, 0x00], 400, "malformed_json").await;
    check(b"{\"message\": \"\xff\"}".to_vec(), 400, "malformed_json").await;
    check(r#"{"message": "\ud83d"}"#, 400, "malformed_json").await;
    check(r#"{"message": "\ude00 lone"}"#, 400, "malformed_json").await;
    check("{\"message\": \"a\u{1}b\"}", 400, "malformed_json").await;
    check("[]", 422, "invalid_field").await;
    check("\"hello\"", 422, "invalid_field").await;
    check(r#"{"message": 7}"#, 422, "invalid_field").await;
    check(r#"{"message": null}"#, 422, "invalid_field").await;
    check(r#"{"message": ["a"]}"#, 422, "invalid_field").await;
    check(r#"{"message": "a", "customer": "C-1"}"#, 422, "invalid_field").await;
    check(r#"{"message": "a", "customer": {"signature": "00"}}"#, 422, "invalid_field").await;
    check(r#"{"message": "a", "context": []}"#, 422, "invalid_field").await;
    check(r#"{"message": "a", "customer": ["C-1", "00"]}"#, 422, "invalid_field").await;
}

#[tokio::test]
async fn a_message_that_is_none_is_refused() {
    let message = |text: &str| json!({ "message": text }).to_string();
    check("{}", 422, "empty_message").await;
    check(message(""), 422, "empty_message").await;
    check(message(" \n\t\u{3000}"), 422, "empty_message").await;
    check(message("a\u{0}b"), 422, "control_characters").await;
    check(message("a\u{1b}[31m"), 422, "control_characters").await;
    check(message("a\u{7f}"), 422, "control_characters").await;
    check(message("a\u{85}"), 422, "control_characters").await;
    check(message(&"长".repeat(10_001)), 413, "message_too_long").await;
    check(message(&"a".repeat(1024 * 1024)), 413, "body_too_large").await;
}

#[tokio::test]
async fn what_comes_with_a_message_is_checked() {
    let with = |field: &str, value: Value| {
        let mut body = json!({ "message": "你好" });
        body[field] = value;
        body.to_string()
    };
    check(with("id", json!("")), 422, "invalid_id").await;
    check(with("id", json!("a".repeat(129))), 422, "invalid_id").await;
    check(with("id", json!(7)), 422, "invalid_field").await;
    check(with("conversation", json!("nobody")), 404, "conversation_not_found").await;
    check(with("conversation", json!("")), 404, "conversation_not_found").await;
    check(with("shop", json!("another")), 404, "shop_not_found").await;
    check(with("customer", json!({"id": " "})), 422, "invalid_id").await;
    check(with("customer", json!({"id": "x".repeat(129), "signature": "00"})), 422, "invalid_id").await;
    check(with("customer", json!({"id": "C-1", "signature": ""})), 401, "invalid_signature").await;
    check(with("customer", json!({"id": "C-1", "signature": "00"})), 401, "invalid_signature").await;
    check(with("customer", json!({"id": "C-1", "signature": signature("C-2")})), 401, "invalid_signature")
        .await;
    check(with("channel", json!("a b")), 422, "invalid_field").await;
    check(with("context", json!({"order": "a\nb"})), 422, "invalid_id").await;
    check(with("context", json!({"page": "p".repeat(3000)})), 422, "invalid_field").await;
    check(
        with("attachments", json!([{"type": "program", "url": "https://a.example/x"}])),
        422,
        "invalid_field",
    )
    .await;
    check(
        with("attachments", json!([{"type": "image", "url": "javascript:alert(1)"}])),
        422,
        "invalid_field",
    )
    .await;
    check(
        with("attachments", json!([{"type": "image", "url": "https://a.example/ x"}])),
        422,
        "invalid_field",
    )
    .await;
    let many = vec![json!({"type": "image", "url": "https://a.example/x.jpg"}); 11];
    check(with("attachments", json!(many)), 422, "invalid_field").await;
}

#[tokio::test]
async fn what_is_unusual_but_right_is_accepted() {
    let app = TestApp::new();
    let long = "长".repeat(10_000);
    let bodies = [
        json!({ "message": long }),
        json!({ "message": "👶🍼 在吗\n第二行\t表\r\n" }),
        json!({ "message": "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}" }),
        json!({ "message": "在吗", "unknown": {"deep": [1, 2]}, "stream": true }),
        json!({ "message": "在吗", "id": null, "conversation": null, "customer": null, "context": null, "attachments": null, "channel": null, "shop": null }),
        json!({ "message": "在吗", "customer": {"id": "C-1", "signature": null} }),
        json!({ "message": "", "attachments": [{"type": "image", "url": "https://shop.example/p.jpg"}] }),
        json!({ "message": "在吗", "shop": "default", "channel": "wechat", "id": "客户端-1" }),
    ];
    for (position, body) in bodies.into_iter().enumerate() {
        let reply = app.chat(body).send().await;
        assert_eq!(reply.status, 200, "body {position}: {}", reply.text);
        assert_eq!(app.fake.taken().len(), position + 1);
    }
    assert_eq!(app.fake.taken()[0].text.chars().count(), 10_000, "nothing is cut off");
}

#[tokio::test]
async fn addresses_that_do_not_exist_are_said_so() {
    let app = TestApp::new();
    let cases = [
        (Method::GET, "/nothing", 404, "route_not_found"),
        (Method::GET, "/api/v1/nothing", 404, "route_not_found"),
        (Method::GET, "/assets/nothing.js", 404, "route_not_found"),
        (Method::GET, "/assets/../mod.rs", 404, "route_not_found"),
        (Method::GET, "/api/v1/chat", 405, "method_not_allowed"),
        (Method::DELETE, "/api/v1/session", 405, "method_not_allowed"),
        (Method::PUT, "/v1/models", 405, "method_not_allowed"),
    ];
    for (method, path, status, code) in cases {
        let reply = app.call(method.clone(), path).send().await;
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            (status, code),
            "{method} {path}: {}",
            reply.text
        );
    }
}

#[tokio::test]
async fn services_errors_keep_their_codes_and_hide_their_causes() {
    let app = TestApp::new();
    let cases = [
        ("忙", 429, "too_many_requests"),
        ("关", 503, "unavailable"),
        ("坏", 500, "internal"),
        ("崩", 500, "internal"),
        ("断", 503, "unavailable"),
    ];
    for (message, status, code) in cases {
        let reply = app.chat(json!({ "message": message })).send().await;
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            (status, code),
            "{message}: {}",
            reply.text
        );
        assert!(!reply.text.contains("warmdesk.db"), "{}", reply.text);
    }
    let busy = app.chat(json!({ "message": "忙" })).send().await;
    assert_eq!(busy.header("retry-after"), "7");
}
