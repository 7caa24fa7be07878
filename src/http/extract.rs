//! How requests are read, so that everything unreadable becomes an error of ours with a stable code.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::{HeaderMap, header};
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::error::{ApiError, ErrorCode};

/// A JSON body. The content type is not asked for; unknown fields are ignored.
#[derive(Debug)]
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await?;
        Ok(Self(object(&bytes)?))
    }
}

/// A JSON body that may be missing altogether.
#[derive(Debug)]
pub struct OptionalJsonBody<T>(pub T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJsonBody<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let bytes = Bytes::from_request(request, state).await?;
        if bytes.trim_ascii().is_empty() {
            return Ok(Self(T::default()));
        }
        Ok(Self(object(&bytes)?))
    }
}

/// Reads an object. A list is refused here, because serde would take its items for the fields in their order.
fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice::<Map<String, Value>>(bytes)?;
    }
    Ok(serde_json::from_slice(bytes)?)
}

/// Reads an inner object or null, and refuses a list for the same reason; for `deserialize_with`.
///
/// # Errors
/// If it is neither, or a field of it is wrong.
pub fn inner_object<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let fields = Option::<Map<String, Value>>::deserialize(deserializer)?;
    fields.map(|fields| T::deserialize(Value::Object(fields)).map_err(D::Error::custom)).transpose()
}

/// The bytes of a body.
#[derive(Debug)]
pub struct RawBody(pub Bytes);

impl<S: Send + Sync> FromRequest<S> for RawBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Ok(Self(Bytes::from_request(request, state).await?))
    }
}

/// What stands in the path.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(ApiError))]
pub struct PathOf<T>(pub T);

/// What stands behind the question mark.
#[derive(Debug, FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(ApiError))]
pub struct QueryOf<T>(pub T);

/// The number in `Last-Event-ID`, if there is one.
///
/// # Errors
/// `invalid_parameter` if it is no number.
pub fn last_event_id(headers: &HeaderMap) -> Result<Option<i64>, ApiError> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    let number = text.parse().ok().filter(|number: &i64| *number >= 0);
    let refused = || ApiError::new(ErrorCode::InvalidParameter, "Last-Event-ID is the number of an event");
    number.map(Some).ok_or_else(refused)
}

/// Whether the caller wants server-sent events.
pub fn wants_events(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.to_ascii_lowercase().contains("text/event-stream"))
}

/// Refuses control characters other than line feed, carriage return and tab.
///
/// # Errors
/// `control_characters`, naming the character and where it is.
pub fn check_text(field: &str, text: &str) -> Result<(), ApiError> {
    let allowed = |character: char| matches!(character, '\n' | '\r' | '\t');
    match text.chars().enumerate().find(|(_, character)| character.is_control() && !allowed(*character)) {
        None => Ok(()),
        Some((position, character)) => Err(ApiError::new(
            ErrorCode::ControlCharacters,
            format!(
                "{field}: character {} is the control character U+{:04X}",
                position + 1,
                u32::from(character)
            ),
        )),
    }
}

/// Checks an id that came from outside.
///
/// # Errors
/// `invalid_id`.
pub fn check_id(field: &str, id: &str) -> Result<(), ApiError> {
    crate::identity::CustomerId::new(id)
        .map(drop)
        .map_err(|error| ApiError::new(ErrorCode::InvalidId, format!("{field}: {error}")))
}
