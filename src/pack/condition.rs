//! Conditions of scenarios, wording, policies and rules, in the Common Expression Language.

use serde_json::Value;

use crate::time::Now;

/// A compiled condition, as in `shipment.status == 'stalled' && hours_since(shipment.last_event_at) >= 48`.
#[derive(Debug)]
pub struct Condition {
    source: String,
}

/// A condition cannot be read or evaluated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConditionError {
    /// It is no valid expression.
    #[error("`{condition}` is not a condition: {message}")]
    Syntax {
        /// The source.
        condition: String,
        /// What the parser says.
        message: String,
    },
    /// It gives something else than true or false, or reads a field that is not there.
    #[error("`{condition}` cannot be decided: {message}")]
    Undecidable {
        /// The source.
        condition: String,
        /// Why not.
        message: String,
    },
}

impl Condition {
    /// Compiles a condition.
    pub fn parse(source: &str) -> Result<Self, ConditionError> {
        Ok(Self { source: source.to_owned() })
    }

    /// Its source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Evaluates it. `variables` is an object: `order`, `shipment`, `product`, `customer`, … as far as they are known.
    pub fn holds(&self, _variables: &Value, _now: &Now) -> Result<bool, ConditionError> {
        Err(ConditionError::Undecidable {
            condition: self.source.clone(),
            message: "not evaluated yet".into(),
        })
    }
}
