//! What may conditions and wording read of a flow, and until when has its step time? Both need what the pack says of it.

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Answers, Flow};
use crate::pack::flows::FlowKind;
use crate::time::Now;

/// What conditions and wording read of a flow that stands at a step since a moment: `flow.name`, `flow.at`, `flow.until`,
/// `flow.STEP` and `flow.said.STEP`.
pub fn as_variable(kind: &FlowKind, answers: &Answers, (step, since): (&str, Timestamp), now: &Now) -> Value {
    let mut variable: Map<String, Value> =
        answers.iter().map(|(step, answer)| (step.clone(), answer.value.clone().into())).collect();
    let said: Map<String, Value> =
        answers.iter().map(|(step, answer)| (step.clone(), answer.shown.clone().into())).collect();
    variable.insert("said".to_owned(), Value::Object(said));
    variable.insert("id".to_owned(), kind.id.clone().into());
    variable.insert("name".to_owned(), kind.name.clone().into());
    variable.insert("step".to_owned(), step.into());
    let at = kind.step(step);
    if let Some(at) = at {
        variable.insert("at".to_owned(), at.name.clone().into());
    }
    if let Some(until) = at.and_then(|at| at.until(since)) {
        variable.insert("until".to_owned(), now.at(until).to_string().into());
    }
    json!(variable)
}

impl Flow {
    /// Until when the present step has time.
    pub fn until(&self, kind: &FlowKind) -> Option<Timestamp> {
        kind.step(&self.step)?.until(self.step_since)
    }

    /// Whether the present step's time is over.
    pub fn has_expired(&self, kind: &FlowKind, now: &Now) -> bool {
        self.until(kind).is_some_and(|until| until <= now.timestamp())
    }

    /// What conditions and wording read of it.
    pub fn as_variable(&self, kind: &FlowKind, now: &Now) -> Value {
        as_variable(kind, &self.answers, (&self.step, self.step_since), now)
    }
}
