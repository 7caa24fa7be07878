//! How values stand in columns: enums as their API names, times as milliseconds, the rest as JSON.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::StoreError;

/// An enum without data as the word the API uses for it.
pub(super) fn word<T: Serialize>(value: &T) -> Result<String, StoreError> {
    match serde_json::to_value(value) {
        Ok(Value::String(word)) => Ok(word),
        other => Err(StoreError::Other(format!("a value is no single word: {other:?}"))),
    }
}

/// The enum with a word.
pub(super) fn from_word<T: DeserializeOwned>(word: String) -> Result<T, StoreError> {
    serde_json::from_value(Value::String(word)).map_err(unreadable)
}

/// Anything as JSON text.
pub(super) fn json<T: Serialize>(value: &T) -> Result<String, StoreError> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Other(format!("cannot be written as JSON: {error}")))
}

/// Anything from JSON text.
pub(super) fn from_json<T: DeserializeOwned>(text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(unreadable)
}

/// An id or another checked text from its column.
pub(super) fn from_text<T>(text: String) -> Result<T, StoreError>
where
    T: TryFrom<String>,
    T::Error: std::fmt::Display,
{
    T::try_from(text)
        .map_err(|error| StoreError::Corrupt(format!("the database holds an unreadable id: {error}")))
}

/// A time from its column.
pub(super) fn time(milliseconds: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(milliseconds)
        .map_err(|error| StoreError::Corrupt(format!("the database holds an impossible time: {error}")))
}

fn unreadable(error: serde_json::Error) -> StoreError {
    StoreError::Corrupt(format!("the database holds a value that cannot be read: {error}"))
}
