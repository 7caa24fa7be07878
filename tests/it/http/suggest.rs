//! Who may ask for suggestions and phrases, and what a request may not say.

use serde_json::{Value, json};

use super::app::TestApp;

#[tokio::test]
async fn only_the_desk_gets_suggestions() {
    let app = TestApp::new();
    let body = json!({ "message": "在吗", "customer": { "id": "C-9" } });
    for key in ["key-desk", "key-all"] {
        let reply = app.post("/api/v1/suggest").key(key).json(body.clone()).send().await;
        assert_eq!(reply.status, 200, "{key}: {}", reply.text);
        let suggested = reply.json();
        assert_eq!(
            suggested["suggestions"][0]["text"], "在吗 Some(\"C-9\")",
            "staff name a customer unproven"
        );
        for field in ["suggestions", "next_step", "scenario", "emotion", "handoff", "refused", "evidence"] {
            assert!(suggested.get(field).is_some(), "{field} is missing");
        }
        let phrases = app.get("/api/v1/phrases").key(key).send().await.json();
        assert_eq!(phrases["phrases"][0]["text"], "您好，我是{{agent}}。");
    }
    for key in ["key-chat", "key-facts", "key-events", "key-admin"] {
        let reply = app.post("/api/v1/suggest").key(key).json(body.clone()).send().await;
        assert_eq!(reply.code(), "missing_scope", "{key}");
        assert_eq!(app.get("/api/v1/phrases").key(key).send().await.code(), "missing_scope", "{key}");
    }
}

#[tokio::test]
async fn a_bad_request_is_refused_by_its_field() {
    let app = TestApp::new();
    let check = async |body: Value, code: &str| {
        let reply = app.post("/api/v1/suggest").key("key-desk").json(body.clone()).send().await;
        assert_eq!(reply.code(), code, "{body}: {}", reply.text);
    };
    check(json!({}), "empty_message").await;
    check(json!({"message": "长".repeat(10_001)}), "message_too_long").await;
    check(json!({"message": "a\u{0}"}), "control_characters").await;
    check(json!({"message": "在吗", "context": [{"role": "robot", "text": "a"}]}), "invalid_field").await;
    check(
        json!({"message": "在吗", "context": [{"role": "seller", "text": "a\u{0}"}]}),
        "control_characters",
    )
    .await;
    let long: Vec<Value> = (0..201).map(|_| json!({"role": "seller", "text": "a"})).collect();
    check(json!({"message": "在吗", "context": long}), "invalid_field").await;
    check(json!({"message": "在吗", "customer": {"id": ""}}), "invalid_id").await;
    check(json!({"message": "在吗", "customer": ["C-1"]}), "invalid_field").await;
    check(json!({"message": "在吗", "page": {"order": "a\nb"}}), "invalid_id").await;
}
