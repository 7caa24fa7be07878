//! `/openapi.json`: the description of every address, built from the handlers themselves.

use std::sync::OnceLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, OpenApiVersion, tag::TagBuilder,
};

use super::error::{ErrorBody, ErrorCode};

/// The errors every address can answer with; [`ErrorCode`] lists the codes.
#[derive(utoipa::IntoResponses)]
#[allow(dead_code, reason = "describes errors in the OpenAPI document")]
pub enum Failures {
    /// What the caller did wrong.
    #[response(status = "4XX")]
    Caller(ErrorBody),
    /// What went wrong here.
    #[response(status = "5XX")]
    Server(ErrorBody),
}

/// The document before the routes are added.
pub fn blank() -> OpenApi {
    let scheme = |text: &str| {
        let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text));
        SecurityScheme::Http(bearer.build())
    };
    let mut components = Components::new();
    components.add_security_scheme(
        "key",
        scheme(
            "A key with the scopes admin, facts, events, desk or chat. A key never widens a customer's scope. Staff who \
             have signed in (POST /api/v1/staff/login) are let in by their cookie instead, as far as their role goes; \
             what changes something then needs the header x-csrf-token.",
        ),
    );
    components.add_security_scheme("session", scheme("The token of POST /api/v1/session."));
    let tag = |name: &str, text: &str| TagBuilder::new().name(name).description(Some(text)).build();
    OpenApiBuilder::new()
        .openapi(OpenApiVersion::Version31)
        .info(
            InfoBuilder::new()
                .title("Warmdesk")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(description()))
                .license(Some(
                    LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
                ))
                .build(),
        )
        .components(Some(components))
        .tags(Some([
            tag("chat", "Customers: messages, conversations, sessions."),
            tag("facts", "The shop's records, visible to the next message."),
            tag("desk", "People: tickets and what agents do with them."),
            tag("staff", "People: accounts, signing in, and who did what."),
            tag("actions", "What is done for customers, what was promised, and what came of it."),
            tag("customers", "What is kept of one customer: exported, erased."),
            tag("webhooks", "Other systems that are told what happens."),
            tag("openai", "The OpenAI-compatible door, through the same turn and guard."),
            tag("health", "Life, readiness, counters, versions."),
        ]))
        .build()
}

/// The introduction, with the table of error codes.
fn description() -> String {
    let mut text = "Customer service for online shops. Every error is \
        `{\"error\":{\"code\",\"message\",\"hint\"?}}`; `x-request-id` goes in and out.\n\n| code | status | meaning |\n|---|---|---|\n"
        .to_owned();
    for code in ErrorCode::ALL {
        let row =
            format!("| `{}` | {} | {} |\n", code.as_str(), code.status().as_u16(), code.meaning().trim());
        text.push_str(&row);
    }
    text
}

static DOCUMENT: OnceLock<String> = OnceLock::new();

/// Keeps the finished document. It is the same for every router, so that the first one made decides.
pub fn keep(document: &OpenApi) {
    DOCUMENT.get_or_init(|| serde_json::to_string(document).expect("an OpenAPI document is plain JSON"));
}

/// The description of every address.
pub async fn document() -> Response {
    let text = DOCUMENT.get().map_or("{}", String::as_str);
    ([(header::CONTENT_TYPE, "application/json")], text).into_response()
}
