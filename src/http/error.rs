//! What an error looks like from outside, and the only place that knows status codes.
//!
//! The services speak of what went wrong ([`PortError`]); the table below says which stable code and which status
//! that is. The cause of an internal fault goes to the log and never to the caller.

use axum::Json;
use axum::extract::rejection::{BytesRejection, PathRejection, QueryRejection};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};

use super::ports::{ActionRefusal, PortError};
use crate::record::RecordKind;

macro_rules! error_codes {
    ($($(#[doc = $meaning:literal])+ $variant:ident = $status:ident $code:literal),+ $(,)?) => {
        /// The stable codes of errors.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
        pub enum ErrorCode {
            $($(#[doc = $meaning])+ #[serde(rename = $code)] $variant,)+
        }

        impl ErrorCode {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it stands in the answer.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What it means.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),+)),+ }
            }

            /// The status it comes with.
            pub fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status),+ }
            }
        }
    };
}

error_codes! {
    /// The body is not JSON: broken syntax, a lone surrogate, bytes that are not UTF-8.
    MalformedJson = BAD_REQUEST "malformed_json",
    /// A query parameter, path or header cannot be read.
    InvalidParameter = BAD_REQUEST "invalid_parameter",
    /// The OpenAI-compatible door does not do this: tools, several choices.
    UnsupportedParameter = BAD_REQUEST "unsupported_parameter",
    /// This needs a key, and none was given.
    KeyRequired = UNAUTHORIZED "key_required",
    /// The key or session token is not valid.
    InvalidKey = UNAUTHORIZED "invalid_key",
    /// The customer's signature is wrong.
    InvalidSignature = UNAUTHORIZED "invalid_signature",
    /// The name or the password is wrong, or the account is out of use: which of them is not told.
    WrongCredentials = UNAUTHORIZED "wrong_credentials",
    /// The session of the staff account is over: run out, closed or revoked. Sign in again.
    SignedOut = UNAUTHORIZED "signed_out",
    /// A request with the cookie of a staff account lacks the `x-csrf-token` of its session, or comes from another page.
    WrongCsrfToken = FORBIDDEN "wrong_csrf_token",
    /// The key or the account is valid but lacks the scope or the role.
    MissingScope = FORBIDDEN "missing_scope",
    /// There is no such address.
    RouteNotFound = NOT_FOUND "route_not_found",
    /// There is no such thing, or it is not yours.
    NotFound = NOT_FOUND "not_found",
    /// There is no such conversation, or it is not yours.
    ConversationNotFound = NOT_FOUND "conversation_not_found",
    /// There is no such ticket.
    TicketNotFound = NOT_FOUND "ticket_not_found",
    /// There is no such action.
    ActionNotFound = NOT_FOUND "action_not_found",
    /// There is no such record.
    RecordNotFound = NOT_FOUND "record_not_found",
    /// This installation does not serve that shop.
    ShopNotFound = NOT_FOUND "shop_not_found",
    /// The OpenAI-compatible door has no such model.
    ModelNotFound = NOT_FOUND "model_not_found",
    /// The address exists, but not with this method.
    MethodNotAllowed = METHOD_NOT_ALLOWED "method_not_allowed",
    /// It cannot be done in the present state: another agent has the ticket, it is resolved.
    Conflict = CONFLICT "conflict",
    /// The result of an action speaks of another order or parcel.
    ResultOfAnother = CONFLICT "result_of_another",
    /// The action was cancelled or finished by a person; its result comes too late.
    ActionOver = CONFLICT "action_over",
    /// Another result of the action came before and stays.
    ResultDiffers = CONFLICT "result_differs",
    /// The body is larger than this address accepts.
    BodyTooLarge = PAYLOAD_TOO_LARGE "body_too_large",
    /// The message has more characters than a message may have.
    MessageTooLong = PAYLOAD_TOO_LARGE "message_too_long",
    /// The content type is no picture's, or the bytes do not begin as those of a picture do.
    UnsupportedPicture = UNSUPPORTED_MEDIA_TYPE "unsupported_picture",
    /// A field is missing, has the wrong type or an impossible value.
    InvalidField = UNPROCESSABLE_ENTITY "invalid_field",
    /// The message is empty or only white space, and has no attachments.
    EmptyMessage = UNPROCESSABLE_ENTITY "empty_message",
    /// The text has control characters other than line feed, carriage return and tab.
    ControlCharacters = UNPROCESSABLE_ENTITY "control_characters",
    /// An id is empty, longer than 128 bytes or has control characters.
    InvalidId = UNPROCESSABLE_ENTITY "invalid_id",
    /// The record is not valid; the message names the field.
    InvalidRecord = UNPROCESSABLE_ENTITY "invalid_record",
    /// Too many requests; come back after `Retry-After` seconds.
    TooManyRequests = TOO_MANY_REQUESTS "too_many_requests",
    /// A fault of ours; the log has the cause under the request's id.
    Internal = INTERNAL_SERVER_ERROR "internal",
    /// A part that is needed is down or still starting.
    Unavailable = SERVICE_UNAVAILABLE "unavailable",
    /// It took too long.
    Timeout = GATEWAY_TIMEOUT "timeout",
}

/// An error on its way out.
#[derive(Debug)]
pub struct ApiError {
    code: ErrorCode,
    message: String,
    hint: Option<String>,
    retry_after_seconds: Option<u64>,
    cause: Option<anyhow::Error>,
}

/// The JSON of every error.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ErrorDetail {
    /// A stable code.
    pub code: ErrorCode,
    /// What went wrong, for people.
    pub message: String,
    /// A way out, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl ApiError {
    /// An error with a code and a message for people.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), hint: None, retry_after_seconds: None, cause: None }
    }

    /// Adds a way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Too many requests; come back after so many seconds.
    pub fn too_many(retry_after_seconds: u64) -> Self {
        let mut error = Self::new(ErrorCode::TooManyRequests, "too many requests");
        error.retry_after_seconds = Some(retry_after_seconds.max(1));
        error
    }

    /// The code.
    pub fn code(&self) -> ErrorCode {
        self.code
    }

    /// The message for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The JSON body.
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail { code: self.code, message: self.message.clone(), hint: self.hint.clone() },
        }
    }

    /// Answers with another body than ours: the OpenAI-compatible door has its own.
    pub fn respond_with(self, body: impl Serialize) -> Response {
        if let Some(cause) = &self.cause {
            tracing::error!(
                error.code = self.code.as_str(),
                error.cause = format!("{cause:#}"),
                "request failed"
            );
        }
        let mut response = (self.code.status(), Json(body)).into_response();
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = self.body();
        self.respond_with(body)
    }
}

impl From<PortError> for ApiError {
    fn from(error: PortError) -> Self {
        let message = error.to_string();
        match error {
            PortError::NotFound(thing) => Self::new(not_found_code(thing), message),
            PortError::Invalid { field, message } => {
                let message = field.map_or(message.clone(), |field| format!("{field}: {message}"));
                Self::new(ErrorCode::InvalidField, message)
            }
            PortError::Conflict(_) => Self::new(ErrorCode::Conflict, message),
            PortError::ActionRefused(refusal) => Self::new(refusal_code(refusal), message),
            PortError::Busy { retry_after_seconds } => Self::too_many(retry_after_seconds),
            PortError::Unavailable(_) => Self::new(ErrorCode::Unavailable, message),
            PortError::Internal(cause) => {
                let mut error = Self::new(ErrorCode::Internal, message)
                    .hint("the log has the cause under the x-request-id of this answer");
                error.cause = Some(cause);
                error
            }
        }
    }
}

fn refusal_code(refusal: ActionRefusal) -> ErrorCode {
    match refusal {
        ActionRefusal::OfAnother => ErrorCode::ResultOfAnother,
        ActionRefusal::TooLate => ErrorCode::ActionOver,
        ActionRefusal::Differs => ErrorCode::ResultDiffers,
    }
}

fn not_found_code(thing: &str) -> ErrorCode {
    match thing {
        "conversation" => ErrorCode::ConversationNotFound,
        "ticket" => ErrorCode::TicketNotFound,
        "action" => ErrorCode::ActionNotFound,
        "shop" => ErrorCode::ShopNotFound,
        "record" => ErrorCode::RecordNotFound,
        kind if RecordKind::parse(kind).is_some() => ErrorCode::RecordNotFound,
        _ => ErrorCode::NotFound,
    }
}

impl From<PathRejection> for ApiError {
    fn from(rejection: PathRejection) -> Self {
        Self::new(ErrorCode::InvalidParameter, rejection.body_text().to_lowercase())
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(ErrorCode::InvalidParameter, rejection.body_text().to_lowercase())
    }
}

impl From<BytesRejection> for ApiError {
    fn from(rejection: BytesRejection) -> Self {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            return Self::new(ErrorCode::BodyTooLarge, "the body is larger than this address accepts")
                .hint("many records at once go to POST /api/v1/import, in several parts if need be");
        }
        Self::new(ErrorCode::InvalidParameter, "the body could not be read to its end")
    }
}

impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> Self {
        match error.classify() {
            serde_json::error::Category::Data => Self::new(ErrorCode::InvalidField, error.to_string()),
            _ => Self::new(ErrorCode::MalformedJson, format!("the body is not JSON: {error}")),
        }
    }
}

/// Answers that something was made.
pub fn created<T: Serialize>(body: T) -> Response {
    (StatusCode::CREATED, Json(body)).into_response()
}

/// Answers that something will be done in a moment.
pub fn accepted<T: Serialize>(body: T) -> Response {
    (StatusCode::ACCEPTED, Json(body)).into_response()
}

/// Answers that something was done and that there is nothing to say of it.
pub fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// Answers a report of an import: 422 if anything was rejected, because then nothing was changed.
pub fn import_answer<T: Serialize>(rejected: bool, report: T) -> Response {
    let status = if rejected { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK };
    (status, Json(report)).into_response()
}

/// Answers a question for readiness: 503 while a part does not answer.
pub fn readiness_answer<T: Serialize>(ready: bool, body: T) -> Response {
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(body)).into_response()
}

/// Answers that it is done and there is nothing to say.
pub fn no_content() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

/// Answers that something new is kept.
pub fn created_answer(body: impl IntoResponse) -> Response {
    (StatusCode::CREATED, body).into_response()
}

/// Answers that the caller's copy of a file is still the newest.
pub fn not_modified() -> Response {
    StatusCode::NOT_MODIFIED.into_response()
}

#[cfg(test)]
mod tests;
