//! What may conditions and wording read of a flow, and until when has its step time? Both need what the pack says of it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Answers, Flow};
use crate::pack::flows::FlowKind;
use crate::time::Now;

/// What conditions and wording read of a flow: `flow.name`, `flow.at`, `flow.until`, `flow.STEP` and `flow.said.STEP`.
pub fn as_variable(kind: &FlowKind, answers: &Answers, step: &str, until: Option<&str>) -> Value {
    let mut variable: Map<String, Value> =
        answers.iter().map(|(step, answer)| (step.clone(), answer.value.clone().into())).collect();
    let said: Map<String, Value> =
        answers.iter().map(|(step, answer)| (step.clone(), answer.shown.clone().into())).collect();
    variable.insert("said".to_owned(), Value::Object(said));
    variable.insert("id".to_owned(), kind.id.clone().into());
    variable.insert("name".to_owned(), kind.name.clone().into());
    variable.insert("step".to_owned(), step.into());
    if let Some(at) = kind.step(step) {
        variable.insert("at".to_owned(), at.name.clone().into());
    }
    if let Some(until) = until {
        variable.insert("until".to_owned(), until.into());
    }
    json!(variable)
}

impl Flow {
    /// Until when the present step has time.
    pub fn until(&self, kind: &FlowKind) -> Option<Timestamp> {
        let within = kind.step(&self.step)?.expires_after?;
        self.step_since.checked_add(within).ok()
    }

    /// Whether the present step's time is over.
    pub fn has_expired(&self, kind: &FlowKind, now: &Now) -> bool {
        self.until(kind).is_some_and(|until| until <= now.timestamp())
    }

    /// What conditions and wording read of it.
    pub fn as_variable(&self, kind: &FlowKind, now: &Now) -> Value {
        let until = self.until(kind).map(|until| now.at(until).to_string());
        as_variable(kind, &self.answers, &self.step, until.as_deref())
    }
}
