//! A server whose answers take exactly what the test says: pieces of a stream, each after a pause.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use futures_util::StreamExt;
use serde_json::{Value, json};

/// One piece of a stream.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    /// The pause before it.
    pub(super) after: Duration,
    /// Its bytes.
    pub(super) bytes: Vec<u8>,
}

/// A server that runs as long as this is kept.
pub(super) struct Server {
    /// Its address.
    pub(super) url: String,
    /// How many chat requests it got.
    pub(super) asked: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A piece after a pause.
pub(super) fn piece(after: Duration, bytes: impl Into<Vec<u8>>) -> Piece {
    Piece { after, bytes: bytes.into() }
}

/// An event as text.
pub(super) fn event(name: &str, data: &Value) -> String {
    format!("event: {name}\ndata: {data}\n\n")
}

/// A sentence as an event.
pub(super) fn sentence(by: &str) -> String {
    event("sentence", &json!({ "text": "您好。", "goal": "answer", "by": by, "evidence": [] }))
}

/// A whole reply as the API gives it to staff. `model_ms` is what the model took, if it was asked.
pub(super) fn reply(by: &[&str], model_ms: Option<f64>) -> Value {
    let sentences: Vec<Value> =
        by.iter().map(|by| json!({ "text": "您好。", "goal": "answer", "by": by, "evidence": [] })).collect();
    let model = model_ms.map(|model_ms| {
        json!({ "prompt_tokens": 200, "cached_tokens": 150, "generated_tokens": 40,
                "queue_ms": 5.0, "prompt_ms": model_ms / 2.0, "decode_ms": model_ms / 2.0 })
    });
    json!({
        "conversation": "conv_1", "message": "msg_1", "reply": "您好。".repeat(by.len()), "sentences": sentences,
        "scenario": null, "emotion": null, "tier": null, "evidence": [], "handoff": null, "commitments": [],
        "guard": { "refused": [] }, "superseded_by": null,
        "timing": { "first_sentence_ms": 2.0, "total_ms": 4.0, "model": model,
                    "stages": { "understand": 0.5, "retrieve": 1.0, "decide": 0.25, "guard": 0.25, "store": 1.5 } }
    })
}

/// Serves the same pieces to every chat request, and never ends the stream if `hangs`.
pub(super) async fn serve(pieces: Vec<Piece>, hangs: bool) -> Server {
    serve_each(move |_| (pieces.clone(), hangs)).await
}

/// Serves each chat request, counted from 0, its own pieces.
pub(super) async fn serve_each(
    answer: impl Fn(usize) -> (Vec<Piece>, bool) + Clone + Send + Sync + 'static,
) -> Server {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let chat = move || {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        let (pieces, hangs) = answer(number);
        async move { streamed(pieces, hangs) }
    };
    let router = Router::new()
        .route("/readyz", get(|| async { axum::Json(json!({ "model": "ready" })) }))
        .route("/version", get(|| async { axum::Json(json!({ "version": "9.9.9" })) }))
        .route("/api/v1/session", post(|| async { axum::Json(json!({ "conversation": "conv_new" })) }))
        .route("/api/v1/chat", post(chat));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    Server { url, asked, task }
}

fn streamed(pieces: Vec<Piece>, hangs: bool) -> impl IntoResponse {
    let stream = futures_util::stream::iter(pieces).then(|piece| async move {
        tokio::time::sleep(piece.after).await;
        Ok::<_, Infallible>(Bytes::from(piece.bytes))
    });
    let rest = if hangs {
        futures_util::stream::pending().left_stream()
    } else {
        futures_util::stream::empty().right_stream()
    };
    ([(header::CONTENT_TYPE, "text/event-stream")], Body::from_stream(stream.chain(rest)))
}
