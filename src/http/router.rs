//! Every route on one page.

use std::time::Duration;

use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderName, HeaderValue, Method, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::CorsLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::auth::{CUSTOMER_HEADER, SESSION_HEADER, SIGNATURE_HEADER};
use super::middleware::{
    REQUEST_ID, deadline, no_such_route, observe, panicked, safety_headers, wrong_method,
};
use super::state::{AppState, DoorSettings};
use super::{
    actions, chat, conversations, customers, events, facts, flows, gaps, handing, health, nudges, openai,
    openapi, pages, pictures, ratings, sessions, staff, suggest, tickets, typing, webhooks,
};
use crate::pictures::MAX_BYTES;

/// How long a picture may take to arrive, over a phone's bad connection.
const PICTURE_TIMEOUT: Duration = Duration::from_secs(180);

/// The doors, ready to be served.
pub fn router(state: AppState) -> axum::Router {
    let settings = state.settings.clone();
    openapi::keep(&document());
    // The answer to a wrong method has to lie inside the CORS layer, or it would answer the browser's preflight.
    let customers = axum::Router::from(customer_routes(&settings)).method_not_allowed_fallback(wrong_method);
    axum::Router::from(staff_routes(&settings))
        .merge(axum::Router::from(import_routes(&settings)))
        .merge(customers.layer(cors(&settings)))
        .route("/openapi.json", get(openapi::document))
        .route("/", get(pages::demo))
        .route("/demo.json", get(pages::demo_config))
        .route("/demo/system.json", get(pages::demo_system))
        .route("/demo/orders/{id}/next", post(pages::demo_order))
        .route("/desk", get(pages::desk))
        .route("/widget.js", get(pages::widget))
        .route("/assets/{*path}", get(pages::asset))
        .fallback(no_such_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn(safety_headers))
        .layer(from_fn(observe))
        .with_state(state)
}

/// The OpenAPI document of all routes.
pub fn document() -> OpenApi {
    let settings = DoorSettings::default();
    OpenApiRouter::with_openapi(openapi::blank())
        .merge(customer_routes(&settings))
        .merge(staff_routes(&settings))
        .merge(import_routes(&settings))
        .into_openapi()
}

/// What a customer's browser uses, from the shop's own pages too.
fn customer_routes(settings: &DoorSettings) -> OpenApiRouter<AppState> {
    let routes = OpenApiRouter::new()
        .routes(routes!(chat::chat))
        .routes(routes!(sessions::open))
        .routes(routes!(conversations::show))
        .routes(routes!(conversations::stream))
        .routes(routes!(events::take))
        .routes(routes!(nudges::outcome))
        .routes(routes!(typing::customer))
        .routes(routes!(ratings::rate));
    let pictures = OpenApiRouter::new().routes(routes!(pictures::send)).routes(routes!(pictures::show));
    in_time(routes, settings.request_timeout, settings.body_limit).merge(in_time(
        pictures,
        PICTURE_TIMEOUT,
        MAX_BYTES,
    ))
}

/// What staff, the shop's systems and the operator use.
fn staff_routes(settings: &DoorSettings) -> OpenApiRouter<AppState> {
    let routes = OpenApiRouter::new()
        .routes(routes!(facts::put, facts::delete))
        .routes(routes!(facts::put_shipment))
        .routes(routes!(facts::search))
        .routes(routes!(gaps::list))
        .routes(routes!(gaps::settle))
        .routes(routes!(tickets::list))
        .routes(routes!(tickets::show))
        .routes(routes!(tickets::claim))
        .routes(routes!(tickets::reply))
        .routes(routes!(tickets::note))
        .routes(routes!(handing::give_back))
        .routes(routes!(handing::transfer))
        .routes(routes!(handing::snooze))
        .routes(routes!(handing::assign))
        .routes(routes!(handing::tags))
        .routes(routes!(tickets::resolve))
        .routes(routes!(tickets::stream))
        .routes(routes!(staff::login))
        .routes(routes!(staff::me))
        .routes(routes!(staff::logout))
        .routes(routes!(staff::change_own_password))
        .routes(routes!(staff::colleagues))
        .routes(routes!(staff::list, staff::create))
        .routes(routes!(staff::change))
        .routes(routes!(staff::audit))
        .routes(routes!(typing::staff))
        .routes(routes!(suggest::suggest))
        .routes(routes!(suggest::phrases))
        .routes(routes!(actions::list))
        .routes(routes!(actions::promises))
        .routes(routes!(actions::take_result))
        .routes(routes!(flows::list))
        .routes(routes!(nudges::report))
        .routes(routes!(actions::cancel))
        .routes(routes!(customers::export))
        .routes(routes!(customers::erase))
        .routes(routes!(webhooks::list, webhooks::create))
        .routes(routes!(webhooks::change, webhooks::delete))
        .routes(routes!(webhooks::test))
        .routes(routes!(webhooks::deliveries))
        .routes(routes!(webhooks::replay))
        .routes(routes!(openai::complete))
        .routes(routes!(openai::models))
        .routes(routes!(health::health))
        .routes(routes!(health::ready))
        .routes(routes!(health::metrics))
        .routes(routes!(health::version))
        .routes(routes!(health::reload))
        .routes(routes!(health::set_clock));
    in_time(routes, settings.request_timeout, settings.body_limit)
}

/// What may be large and take long.
fn import_routes(settings: &DoorSettings) -> OpenApiRouter<AppState> {
    let routes = OpenApiRouter::new().routes(routes!(facts::import));
    in_time(routes, settings.import_timeout, settings.import_limit)
}

fn in_time(routes: OpenApiRouter<AppState>, limit: Duration, bytes: usize) -> OpenApiRouter<AppState> {
    routes.layer(DefaultBodyLimit::max(bytes)).layer(from_fn_with_state(limit, deadline))
}

/// Lets the shop's pages use the customers' routes. They carry no cookies, so that no page can act for another.
fn cors(settings: &DoorSettings) -> CorsLayer {
    let origins = settings.allowed_origins.iter().filter_map(|origin| origin.parse::<HeaderValue>().ok());
    CorsLayer::new()
        .allow_origin(origins.collect::<Vec<_>>())
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::ACCEPT,
            HeaderName::from_static("last-event-id"),
            SESSION_HEADER,
            CUSTOMER_HEADER,
            SIGNATURE_HEADER,
            REQUEST_ID,
        ])
        .expose_headers([REQUEST_ID, header::RETRY_AFTER])
        .max_age(Duration::from_secs(3600))
}
