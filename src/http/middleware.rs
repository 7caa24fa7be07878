//! What every request passes: its id, its time limit, the log line and the counters, the headers of safety.

use std::any::Any;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument;

use super::error::{ApiError, ErrorCode};
use crate::telemetry::metrics;

/// The header of request ids, in and out.
pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a page of ours may load: only from this server. Pictures of products may come from the shop's own hosts.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data:; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Gives the request an id, counts it, times it and logs one line about it.
pub async fn observe(mut request: Request, next: Next) -> Response {
    let id = request_id(&request);
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let method = metrics::method_label(request.method());
    let began = Instant::now();
    request.headers_mut().insert(REQUEST_ID, id.clone());
    let span = tracing::info_span!("request", request.id = id.to_str().unwrap_or_default());
    let mut response = next.run(request).instrument(span.clone()).await;
    response.headers_mut().insert(REQUEST_ID, id);
    let elapsed = began.elapsed();
    let status = response.status().as_u16();
    metrics::request(method, &route, status, elapsed);
    span.in_scope(|| {
        let duration_ms = elapsed.as_secs_f64() * 1000.0;
        if matches!(route.as_str(), "/health" | "/healthz" | "/readyz" | "/metrics") {
            tracing::debug!(
                http.method = method,
                http.route = route,
                http.status = status,
                duration_ms,
                "answered"
            );
        } else {
            tracing::info!(
                http.method = method,
                http.route = route,
                http.status = status,
                duration_ms,
                "answered"
            );
        }
    });
    response
}

/// The caller's id if it can stand in a header and a log line, otherwise a new one.
fn request_id(request: &Request) -> HeaderValue {
    let given = request.headers().get(REQUEST_ID).filter(|value| {
        let bytes = value.as_bytes();
        (1..=128).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic)
    });
    given.cloned().unwrap_or_else(|| {
        let id = format!("req_{}", uuid::Uuid::now_v7().simple());
        HeaderValue::from_str(&id).expect("hexadecimal digits can stand in a header")
    })
}

/// Ends what takes too long to begin an answer. A stream that has begun is not limited.
pub async fn deadline(State(limit): State<Duration>, request: Request, next: Next) -> Response {
    match tokio::time::timeout(limit, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(ErrorCode::Timeout, "it took too long").into_response(),
    }
}

/// Turns a panic into an answer. The log has it, with the request's id.
pub fn panicked(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    tracing::error!(panic = text, "a request panicked");
    ApiError::new(ErrorCode::Internal, "an internal fault").into_response()
}

/// Adds the headers that keep a browser from doing more than it should.
pub async fn safety_headers(request: Request, next: Next) -> Response {
    let no_store = request.uri().path().starts_with("/api/") || request.uri().path().starts_with("/v1/");
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // What customers have sent has a stricter one of its own.
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(PAGE_POLICY));
    headers.insert(
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static("camera=(), microphone=(), geolocation=()"),
    );
    if no_store {
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    }
    response
}

/// What answers an address that does not exist.
pub async fn no_such_route(method: Method, uri: axum::http::Uri) -> ApiError {
    ApiError::new(ErrorCode::RouteNotFound, format!("there is no {method} {}", uri.path()))
        .hint("/openapi.json lists every address")
}

/// What answers an address that exists with another method.
pub async fn wrong_method(method: Method, uri: axum::http::Uri) -> ApiError {
    ApiError::new(ErrorCode::MethodNotAllowed, format!("{} does not take {method}", uri.path()))
        .hint("/openapi.json lists every address")
}
