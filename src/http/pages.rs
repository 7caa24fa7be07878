//! The pages: demo, desk, widget, and the files they load. All of them come out of the binary.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::Value;

use super::error::{ApiError, ErrorCode, not_modified};
use super::extract::PathOf;
use super::state::AppState;
use crate::web::{self, DemoPage};

/// What the demo page is told: the shop's name and the name of its time zone always, the rest in the demo only.
#[derive(Debug, Serialize)]
pub struct DemoConfig {
    shop: String,
    /// As browsers name it: `Asia/Shanghai`; none for a zone without a name.
    zone: Option<String>,
    demo: Option<DemoPage>,
}

/// The page with the widget.
pub async fn demo(headers: HeaderMap) -> Result<Response, ApiError> {
    file("demo.html", &headers)
}

/// The customers, questions and products of the demo.
pub async fn demo_config(State(state): State<AppState>) -> Json<DemoConfig> {
    let settings = &state.settings;
    Json(DemoConfig {
        shop: settings.shop_name.clone(),
        zone: settings.zone.iana_name().map(str::to_owned),
        demo: settings.demo.clone(),
    })
}

/// What the example of a shop's own system was asked and did; in the demo only.
pub async fn demo_system(State(state): State<AppState>) -> Result<Json<Value>, ApiError> {
    let Some(system) = &state.shop_system else {
        return Err(ApiError::new(ErrorCode::RouteNotFound, "no example of a shop's system runs here"));
    };
    Ok(Json(system.log()))
}

/// Leads an order of the demo on by one step, as the shop's own system would: it is paid, sent, or arrives.
pub async fn demo_order(
    State(state): State<AppState>,
    PathOf(order): PathOf<String>,
) -> Result<Json<Value>, ApiError> {
    let Some(system) = &state.shop_system else {
        return Err(ApiError::new(ErrorCode::RouteNotFound, "no example of a shop's system runs here"));
    };
    let led = system.lead_on(&order);
    led.map(Json).ok_or_else(|| ApiError::new(ErrorCode::Conflict, "this order does not go on by itself"))
}

/// The agents' page.
pub async fn desk(headers: HeaderMap) -> Result<Response, ApiError> {
    file("desk.html", &headers)
}

/// The widget. Any page may load it; what it may do there is decided by the allowed origins.
pub async fn widget(headers: HeaderMap) -> Result<Response, ApiError> {
    let mut response = file("widget.js", &headers)?;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("cross-origin"),
    );
    Ok(response)
}

/// A file the pages load.
pub async fn asset(PathOf(path): PathOf<String>, headers: HeaderMap) -> Result<Response, ApiError> {
    file(&path, &headers)
}

fn file(path: &str, headers: &HeaderMap) -> Result<Response, ApiError> {
    let Some(file) = web::file(path) else {
        return Err(ApiError::new(ErrorCode::RouteNotFound, format!("there is no file {path}")));
    };
    let known =
        headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == file.tag.as_bytes());
    let mut response = if known { not_modified() } else { file.bytes.into_response() };
    let answer = response.headers_mut();
    if !known {
        answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    }
    // Names carry no version, so that a browser asks each time and is told "unchanged".
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&file.tag) {
        answer.insert(header::ETAG, tag);
    }
    Ok(response)
}
