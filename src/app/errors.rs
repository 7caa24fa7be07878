//! How the services' errors look to the doors.

use crate::conversation::ConversationError;
use crate::http::ports::PortError;
use crate::knowledge::KnowledgeError;
use crate::store::StoreError;

impl From<StoreError> for PortError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound { what, .. } => Self::NotFound(what),
            StoreError::Conflict(message) => Self::Conflict(message),
            StoreError::Busy(_) => Self::Unavailable("the store"),
            other => Self::Internal(anyhow::Error::new(other)),
        }
    }
}

impl From<KnowledgeError> for PortError {
    fn from(error: KnowledgeError) -> Self {
        Self::Internal(anyhow::Error::new(error))
    }
}

impl From<ConversationError> for PortError {
    fn from(error: ConversationError) -> Self {
        match error {
            ConversationError::NotFound => Self::NotFound("conversation"),
            ConversationError::Invalid(message) => Self::Invalid { field: Some("message".into()), message },
            ConversationError::TooLong(_) => {
                Self::Invalid { field: Some("message".into()), message: error.to_string() }
            }
            ConversationError::Store(error) => error.into(),
        }
    }
}
