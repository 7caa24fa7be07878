//! What an operator relies on: life, readiness, counters, ids, limits of time, shutdown.

use std::sync::atomic::Ordering;
use std::time::Duration;

use axum::http::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use warmdesk::http::{DoorSettings, serve};
use warmdesk::telemetry::metrics::METRICS;
use warmdesk::time::Clock;

use super::app::TestApp;

#[tokio::test]
async fn it_lives_and_says_which_parts_answer() {
    let app = TestApp::new();
    assert_eq!(app.get("/health").send().await.json(), json!({"status": "ok"}));
    let ready = app.get("/readyz").send().await;
    assert_eq!(ready.status, 200);
    let parts = json!({"ready": true, "model": "absent", "store": "ready", "pack": "ready", "pack_status": {"version": "0123456789ab", "refused": null}, "index": "ready", "orders": null, "stopping": false});
    assert_eq!(ready.json(), parts, "without a model it is ready all the same");
    app.fake.index.store(false, Ordering::SeqCst);
    let ready = app.get("/readyz").send().await;
    assert_eq!((ready.status.as_u16(), &ready.json()["index"]), (503, &json!("unavailable")));
    assert_eq!(app.get("/health").send().await.status, 200, "it still lives");
    let version = app.get("/version").send().await.json();
    assert_eq!((&version["name"], &version["parts"]["pack"]), (&json!("warmdesk"), &json!("abc")));
}

#[tokio::test]
async fn requests_and_turns_are_counted() {
    let app = TestApp::new();
    app.chat(json!({ "message": "转人工" })).send().await;
    app.chat(json!({ "message": "多大穿90码" })).send().await;
    app.get("/api/v1/conversations/conv_secret_id").send().await;
    app.get("/nothing-secret").send().await;
    let metrics = app.get("/metrics").send().await;
    assert!(metrics.header("content-type").starts_with("text/plain"));
    for line in [
        "warmdesk_http_requests_total{method=\"POST\",route=\"/api/v1/chat\",status=\"200\"}",
        "warmdesk_http_requests_total{method=\"GET\",route=\"/api/v1/conversations/{id}\",status=\"401\"}",
        "warmdesk_http_requests_total{method=\"GET\",route=\"unmatched\",status=\"404\"}",
        "warmdesk_handoffs_total{reason=\"asked_for_person\"}",
        "warmdesk_guard_refusals_total{reason=\"promise_not_backed\"}",
        "warmdesk_turn_first_sentence_seconds_count",
        "warmdesk_model_tokens_total{kind=\"cached\"}",
    ] {
        assert!(metrics.text.contains(line), "{line} is not in\n{}", metrics.text);
    }
    assert!(!metrics.text.contains("secret"), "ids and addresses are no labels");
    let counted = metrics.text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next());
    for name in counted {
        assert!(METRICS.iter().any(|metric| metric.name == name), "{name} is not in the table");
    }
}

#[tokio::test]
async fn request_ids_go_in_and_out() {
    let app = TestApp::new();
    let id_of = async |given: Option<&str>| {
        let call = app.get("/health");
        let reply = if let Some(id) = given { call.header("x-request-id", id) } else { call }.send().await;
        reply.header("x-request-id").to_owned()
    };
    assert_eq!(id_of(Some("abc-123")).await, "abc-123");
    assert!(id_of(None).await.starts_with("req_"));
    assert!(id_of(Some("a b")).await.starts_with("req_"), "what cannot stand in a log line is replaced");
    assert!(id_of(Some(&"a".repeat(129))).await.starts_with("req_"));
    let failed = app.chat(json!({ "message": "崩" })).header("x-request-id", "abc").send().await;
    assert_eq!((failed.status.as_u16(), failed.header("x-request-id")), (500, "abc"), "even after a panic");
}

#[tokio::test]
async fn what_takes_too_long_is_ended() {
    let settings = DoorSettings { request_timeout: Duration::from_millis(1), ..DoorSettings::default() };
    let app = TestApp::slow(Duration::from_secs(3600), settings);
    let reply = app.chat(json!({ "message": "在吗" })).send().await;
    assert_eq!((reply.status.as_u16(), reply.code().as_str()), (504, "timeout"));
    assert_eq!(app.fake.cancelled.load(Ordering::SeqCst), 1, "and the turn with it");
}

#[tokio::test]
async fn browsers_are_kept_in_bounds() {
    let settings =
        DoorSettings { allowed_origins: vec!["https://shop.example".to_owned()], ..DoorSettings::default() };
    let app = TestApp::with(settings);
    for path in ["/", "/desk", "/widget.js", "/health", "/nothing"] {
        let reply = app.get(path).send().await;
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("x-frame-options"), "DENY", "{path}");
    }
    assert_eq!(app.get("/widget.js").send().await.header("access-control-allow-origin"), "*");
    let preflight = async |path: &str, origin: &str| {
        let call = app.call(Method::OPTIONS, path).header("origin", origin);
        let call = call.header("access-control-request-method", "POST");
        let reply = call.header("access-control-request-headers", "authorization,content-type").send().await;
        reply.header("access-control-allow-origin").to_owned()
    };
    assert_eq!(preflight("/api/v1/chat", "https://shop.example").await, "https://shop.example");
    assert_eq!(preflight("/api/v1/chat", "https://elsewhere.example").await, "");
    assert_eq!(
        preflight("/api/v1/tickets", "https://shop.example").await,
        "",
        "the desk is for this server only"
    );
    assert_eq!(app.get("/api/v1/tickets").key("key-desk").send().await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn the_clock_of_tests_is_set_in_shop_time() {
    let app = TestApp::new();
    let set = async |now: &str| {
        app.post("/api/v1/test/clock").key("key-admin").json(json!({ "now": now })).send().await
    };
    assert_eq!(set("2026-11-20 09:30").await.json()["now"], "2026-11-20T09:30:00+08:00");
    let clock = app.state.test_clock.clone().unwrap();
    assert_eq!(clock.now().timestamp().to_string(), "2026-11-20T01:30:00Z");
    assert_eq!(set("tomorrow").await.code(), "invalid_field");
}

/// Speaks to a server over a real connection until it closes it.
async fn conversation(address: std::net::SocketAddr, request: String, seen: oneshot::Sender<()>) -> String {
    let mut connection = TcpStream::connect(address).await.unwrap();
    connection.write_all(request.as_bytes()).await.unwrap();
    let mut text = Vec::new();
    let mut buffer = [0; 4096];
    let mut seen = Some(seen);
    loop {
        let read = connection.read(&mut buffer).await.unwrap();
        if read == 0 {
            return String::from_utf8(text).unwrap();
        }
        text.extend_from_slice(&buffer[..read]);
        if let Some(seen) = seen.take() {
            seen.send(()).unwrap();
        }
    }
}

#[tokio::test]
async fn shutdown_ends_streams_and_lets_answers_finish() {
    let app = TestApp::slow(Duration::from_millis(100), DoorSettings::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let server = tokio::spawn(serve(listener, app.state.clone(), async move {
        let _told_or_dropped = stopped.await;
    }));
    let head = "Host: localhost\r\nConnection: close\r\nAuthorization: Bearer key-all\r\n";
    let (stream_open, opened) = oneshot::channel();
    let stream = format!("GET /api/v1/desk/stream HTTP/1.1\r\n{head}\r\n");
    let stream = tokio::spawn(conversation(address, stream, stream_open));
    let (answer_begun, begun) = oneshot::channel();
    let body = json!({ "message": "多大穿90码" }).to_string();
    let chat = format!(
        "POST /api/v1/chat HTTP/1.1\r\n{head}Accept: text/event-stream\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let chat = tokio::spawn(conversation(address, chat, answer_begun));
    opened.await.unwrap();
    begun.await.unwrap();
    stop.send(()).unwrap();
    assert!(stream.await.unwrap().contains("listening"));
    let answer = chat.await.unwrap();
    assert!(answer.contains("event: done"), "the answer was cut off: {answer}");
    server.await.unwrap().unwrap();
    let ready: Value = app.get("/readyz").send().await.json();
    assert_eq!(ready["stopping"], true);
}
