//! The model that is not there: what `--model none` and missing weights become.

use super::{ChatModel, Generation, GenerationRequest, ModelError, ModelState, estimate_tokens};

/// Refuses every request, and says why.
#[derive(Debug, Clone)]
pub struct AbsentModel {
    name: String,
    reason: String,
}

impl AbsentModel {
    /// `name` is the model that was asked for (`none` if that was the wish); `reason` names the way out.
    pub fn new(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { name: name.into(), reason: reason.into() }
    }
}

impl ChatModel for AbsentModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&self) -> ModelState {
        ModelState::Absent { reason: self.reason.clone() }
    }

    fn generate(&self, _request: GenerationRequest) -> Result<Generation, ModelError> {
        Err(ModelError::Unavailable { reason: self.reason.clone() })
    }

    fn count_tokens(&self, text: &str) -> usize {
        estimate_tokens(text)
    }
}
