//! What customers do beside talking: pictures, typing, ratings.

use axum::body::to_bytes;
use axum::http::Method;
use futures_util::StreamExt;
use serde_json::{Value, json};

use super::app::{Reply, TestApp, events, signature};
use super::conversations::first_events;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR and so on";

async fn upload(app: &TestApp, token: &str, content_type: &str, bytes: impl Into<Vec<u8>>) -> Reply {
    let bytes: Vec<u8> = bytes.into();
    let call = app.post("/api/v1/pictures").header("content-type", content_type).body(bytes);
    if token.is_empty() { call.send().await } else { call.key(token).send().await }
}

async fn kept(app: &TestApp, token: &str) -> String {
    let reply = upload(app, token, "image/png", PNG).await;
    assert_eq!(reply.status.as_u16(), 201, "{}", reply.text);
    reply.json()["url"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_picture_is_taken_and_shown_as_it_was_sent() {
    let app = TestApp::new();
    let (token, _) = app.session(Some("C-1")).await;
    let url = kept(&app, &token).await;
    for key in [token.as_str(), "key-desk"] {
        let shown = app.get(&url).key(key).open().await;
        assert_eq!(shown.status().as_u16(), 200);
        let header = |name: &str| shown.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "image/png");
        assert_eq!(header("content-disposition"), "inline");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("content-security-policy"), "default-src 'none'; sandbox");
        assert!(header("cache-control").starts_with("private"), "{}", header("cache-control"));
        assert_eq!(to_bytes(shown.into_body(), usize::MAX).await.unwrap(), PNG);
    }
}

#[tokio::test]
async fn a_picture_is_shown_to_nobody_else() {
    let app = TestApp::new();
    let (token, _) = app.session(Some("C-1")).await;
    let url = kept(&app, &token).await;
    let check = async |key: &str, expected: (u16, &str)| {
        let call = app.get(&url);
        let reply = if key.is_empty() { call } else { call.key(key) }.send().await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), expected, "{key}");
    };
    check(&app.session(Some("C-2")).await.0, (404, "not_found")).await;
    check(&app.session(None).await.0, (404, "not_found")).await;
    check("", (401, "key_required")).await;
    check("key-chat", (403, "missing_scope")).await;
    for id in ["pic_none", "tkt_1", "..%2F..%2Fwarmdesk.sqlite", "pic_..%2Fa"] {
        let reply = app.get(&format!("/api/v1/pictures/{id}")).key("key-desk").send().await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (404, "not_found"), "{id}");
    }
}

#[tokio::test]
async fn what_is_no_picture_is_refused() {
    let app = TestApp::new();
    let (token, _) = app.session(Some("C-1")).await;
    let check = async |content_type: &str, bytes: &[u8], expected: (u16, &str)| {
        let reply = upload(&app, &token, content_type, bytes).await;
        assert_eq!(
            (reply.status.as_u16(), reply.code().as_str()),
            expected,
            "{content_type}: {}",
            reply.text
        );
    };
    let unsupported = (415, "unsupported_picture");
    check("image/png", b"<html><script>alert(1)</script>", unsupported).await;
    check("image/png", b"\xff\xd8\xff\xe0", unsupported).await;
    check("image/png", b"", unsupported).await;
    check("image/svg+xml", b"<svg onload=alert(1)>", unsupported).await;
    check("text/html", PNG, unsupported).await;
    check("", PNG, unsupported).await;
    let mut large = PNG.to_vec();
    large.resize(5 * 1024 * 1024, 0);
    assert_eq!(upload(&app, &token, "image/png", large.clone()).await.status.as_u16(), 201, "exactly 5 MB");
    large.push(0);
    check("image/png", &large, (413, "body_too_large")).await;
    large.resize(30 * 1024 * 1024, 0);
    check("image/png", &large, (413, "body_too_large")).await;
}

#[tokio::test]
async fn a_picture_belongs_to_somebody() {
    let app = TestApp::new();
    for (key, expected) in [("", "key_required"), ("key-desk", "key_required"), ("sess_99", "invalid_key")] {
        let reply = upload(&app, key, "image/png", PNG).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (401, expected), "{key}");
    }
    let signed = async |id: &str, signature: &str| {
        let call = app.post("/api/v1/pictures").header("content-type", "image/png").body(PNG);
        call.header("x-warmdesk-customer", id).header("x-warmdesk-signature", signature).send().await
    };
    assert_eq!(signed("C-1", "00").await.code(), "invalid_signature");
    assert_eq!(signed("%E5%9C%86", &signature("圆")).await.status.as_u16(), 201, "an id that is no ASCII");
    let url = signed("C-1", &signature("C-1")).await.json()["url"].as_str().unwrap().to_owned();
    let (token, _) = app.session(Some("C-1")).await;
    assert_eq!(app.get(&url).key(&token).open().await.status().as_u16(), 200);
}

#[tokio::test]
async fn too_many_pictures_are_told_when_to_come_back() {
    let app = TestApp::new();
    let (token, _) = app.session(None).await;
    for _ in 0..super::fakes::customers::ROOM_FOR {
        kept(&app, &token).await;
    }
    let refused = upload(&app, &token, "image/png", PNG).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (429, "too_many_requests"));
    assert_eq!(refused.header("retry-after"), "1800");
}

#[tokio::test]
async fn a_message_carries_the_own_picture_and_no_other() {
    let app = TestApp::new();
    let (token, conversation) = app.session(Some("C-1")).await;
    let url = kept(&app, &token).await;
    let body = |url: &str| json!({"message": "", "attachments": [{"type": "file", "url": url, "bytes": 1}]});
    let sent = app.chat(body(&url)).key(&token).send().await;
    assert_eq!(sent.status.as_u16(), 200, "{}", sent.text);
    let shown = app.get(&format!("/api/v1/conversations/{conversation}")).key(&token).send().await.json();
    let expected = json!([{"type": "image", "url": url, "bytes": PNG.len(), "sha256": "ab".repeat(32)}]);
    assert_eq!(shown["messages"][0]["attachments"], expected, "what is known of it, not what was said");

    let check = async |token: &str, url: &str| {
        let reply = app.chat(body(url)).key(token).send().await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (422, "invalid_field"), "{url}");
    };
    check(&app.session(Some("C-2")).await.0, &url).await;
    check(&token, "/api/v1/pictures/pic_none").await;
    check(&token, "/api/v1/pictures/../tickets").await;
    check(&token, "/api/v1/tickets").await;
    check(&token, "//evil.example/a.png").await;
    // Who has just signed in sends what was uploaded before.
    let (visitor, _) = app.session(None).await;
    let mut signed_in = body(&kept(&app, &visitor).await);
    signed_in["customer"] = json!({"id": "C-3", "signature": signature("C-3")});
    assert_eq!(app.chat(signed_in).key(&visitor).send().await.status.as_u16(), 200);
    // The doors that do not know whose pictures they are take none.
    let (ticket, _) = app.ticket().await;
    let reply = json!({"text": "", "attachments": [{"type": "image", "url": url}]});
    let refused =
        app.post(&format!("/api/v1/tickets/{ticket}/messages")).key("key-desk").json(reply).send().await;
    assert_eq!(refused.code(), "invalid_field");
}

/// Reads a live stream until it has so many events, and gives its text.
async fn read_until(response: axum::response::Response, wanted: usize) -> String {
    let mut body = response.into_body().into_data_stream();
    let mut text = String::new();
    while events(&text).len() < wanted {
        let part = body.next().await.expect("the stream goes on").unwrap();
        text.push_str(std::str::from_utf8(&part).unwrap());
    }
    text
}

#[tokio::test]
async fn each_side_sees_the_other_one_typing() {
    let app = TestApp::new();
    let (ticket, conversation) = app.ticket().await;
    let (token, own) = app.session(Some("C-1")).await;
    assert_eq!(own, conversation);
    let of_customer = format!("/api/v1/conversations/{conversation}/typing");
    let of_staff = format!("/api/v1/tickets/{ticket}/typing");
    let customer = app.get(&format!("/api/v1/conversations/{conversation}/stream")).key(&token).open().await;
    let desk = app.get("/api/v1/desk/stream").key("key-desk").open().await;
    for (path, key) in [(&of_customer, token.as_str()), (&of_staff, "key-lin")] {
        let reply = app.post(path).key(key).send().await;
        assert_eq!((reply.status.as_u16(), reply.text.as_str()), (204, ""), "{path}");
    }
    let seen = read_until(customer, 1).await;
    assert!(!seen.contains("id:"), "a sign has no number: {seen}");
    let (name, data) = &events(&seen)[0];
    assert_eq!(name, "typing");
    assert_eq!(serde_json::from_str::<Value>(data).unwrap(), json!({"who": "staff", "name": "lin"}));
    let seen = read_until(desk, 1).await;
    assert!(!seen.contains("id:"), "{seen}");
    let expected = json!({"who": "customer", "name": null, "ticket": ticket, "conversation": conversation});
    assert_eq!(serde_json::from_str::<Value>(&events(&seen)[0].1).unwrap(), expected);
}

#[tokio::test]
async fn typing_is_for_those_whom_it_concerns() {
    let app = TestApp::new();
    let (ticket, conversation) = app.ticket().await;
    let path = format!("/api/v1/conversations/{conversation}/typing");
    let check = async |path: &str, key: &str, expected: (u16, &str)| {
        let call = app.post(path);
        let reply = if key.is_empty() { call } else { call.key(key) }.send().await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), expected, "{path} {key}");
    };
    check(&path, &app.session(Some("C-2")).await.0, (404, "conversation_not_found")).await;
    check(
        "/api/v1/conversations/conv_none/typing",
        &app.session(None).await.0,
        (404, "conversation_not_found"),
    )
    .await;
    check(&path, "", (401, "key_required")).await;
    check("/api/v1/tickets/tkt_none/typing", "key-desk", (404, "ticket_not_found")).await;
    let staff = format!("/api/v1/tickets/{ticket}/typing");
    check(&staff, "", (401, "key_required")).await;
    check(&staff, "key-facts", (403, "missing_scope")).await;
    let (token, _) = app.session(Some("C-1")).await;
    let signed = json!({"customer": {"id": "C-1", "signature": signature("C-1")}});
    // However slow this machine is: so many signs are never let through.
    let mut refused = 0;
    for _ in 0..500 {
        let by_session = app.post(&path).key(&token).send().await;
        let by_signature = app.post(&path).json(signed.clone()).send().await;
        let codes = [by_session, by_signature].map(|reply| reply.status.as_u16());
        assert!(codes.iter().all(|code| matches!(code, 204 | 429)), "{codes:?}");
        refused += usize::from(codes == [429, 429]);
    }
    assert!(refused > 0, "both ways are the same person's");
}

#[tokio::test]
async fn a_resolved_matter_is_rated_once() {
    let app = TestApp::new();
    let (ticket, conversation) = app.ticket().await;
    let (token, _) = app.session(Some("C-1")).await;
    let path = format!("/api/v1/conversations/{conversation}/rating");
    let rate = async |key: &str, body: Value| app.post(&path).key(key).json(body).send().await;
    assert_eq!(rate(&token, json!({"score": 5})).await.code(), "conflict", "before it is resolved");
    app.post(&format!("/api/v1/tickets/{ticket}/claim")).key("key-desk").send().await;
    app.post(&format!("/api/v1/tickets/{ticket}/resolve")).key("key-desk").send().await;

    let bad = [
        json!({}),
        json!({"score": 0}),
        json!({"score": 6}),
        json!({"score": -1}),
        json!({"score": 4.5}),
        json!({"score": "5"}),
        json!({"score": 5, "text": "好".repeat(1001)}),
        json!({"score": 5, "text": 5}),
    ];
    for body in bad {
        assert_eq!(rate(&token, body.clone()).await.code(), "invalid_field", "{body}");
    }
    assert_eq!(rate(&token, json!({"score": 5, "text": "a\u{0}"})).await.code(), "control_characters");
    let (stranger, _) = app.session(Some("C-2")).await;
    assert_eq!(rate(&stranger, json!({"score": 1})).await.code(), "conversation_not_found");
    assert_eq!(rate("key-desk", json!({"score": 5})).await.code(), "key_required", "staff rate nobody");

    let desk = app.get("/api/v1/desk/stream").key("key-desk").open().await;
    let words = "好".repeat(1000);
    let kept = rate(&token, json!({"score": 2, "text": format!(" {words} ")})).await;
    assert_eq!(kept.status.as_u16(), 200, "{}", kept.text);
    let expected = json!({"score": 2, "text": words, "at": "2026-11-18T10:00:00+08:00"});
    assert_eq!(kept.json(), expected);
    let again = rate(&token, json!({"score": 5})).await;
    assert_eq!((again.status.as_u16(), again.code().as_str()), (409, "conflict"));

    let seen = first_events(desk, 1).await;
    assert_eq!(seen[0].1, "rating");
    let told: Value = serde_json::from_str(&seen[0].2).unwrap();
    assert_eq!((&told["ticket"], &told["score"]), (&json!(ticket), &json!(2)));
    let shown = app.get(&format!("/api/v1/tickets/{ticket}")).key("key-desk").send().await.json();
    assert_eq!(shown["rating"], expected);
    let counted = app.call(Method::GET, "/metrics").send().await.text;
    assert!(counted.contains("warmdesk_ratings_total{score=\"2\"}"), "{counted}");
}
