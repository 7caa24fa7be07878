//! Whether something is allowed: policies evaluated by code. The model never decides this.

use serde_json::{Value, json};

use super::Situation;
use crate::pack::condition::Condition;
use crate::pack::types::{GoalSource, Scenario};
use crate::record::RecordKind;
use crate::turn::types::Fact;

/// What a policy comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It may be done.
    Allowed,
    /// It may not.
    Refused,
    /// A person decides.
    NeedsPerson,
}

impl Outcome {
    /// Its name in policy records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Refused => "refused",
            Self::NeedsPerson => "needs_person",
        }
    }

    fn parse(name: &str) -> Option<Self> {
        [Self::Allowed, Self::Refused, Self::NeedsPerson].into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// The verdict of the first policy that has one.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The matter.
    pub about: String,
    /// What it comes to.
    pub outcome: Outcome,
    /// The policy's own words for this outcome, if it has any.
    pub says: Option<String>,
    /// Fact id of the policy.
    pub policy: String,
    /// Its title.
    pub title: String,
    values: Value,
}

impl Verdict {
    /// The `verdict` variable of conditions and slots.
    pub fn as_variable(&self) -> Value {
        json!({
            "about": self.about,
            "outcome": self.outcome.as_str(),
            "says": self.says,
            "title": self.title,
            "values": self.values,
        })
    }
}

/// The verdict the scenario asks for, if it asks for one and a policy answers.
pub fn of(scenario: &Scenario, situation: Situation<'_>, variables: &Value) -> Option<Verdict> {
    let now = &situation.input.now;
    let about = scenario.goals.iter().find_map(|goal| match &goal.by {
        GoalSource::Verdict { about } => {
            let asked = goal.when.as_ref().is_none_or(|when| when.holds(variables, now).unwrap_or(false));
            asked.then_some(about)
        }
        _ => None,
    })?;
    situation
        .facts
        .of_kind(RecordKind::Policy)
        .filter(|fact| fact.fields.get("about").and_then(Value::as_str) == Some(about))
        .find_map(|policy| judged(policy, about, situation, variables))
}

/// One policy's verdict: `then` if its condition holds, otherwise `else`; without `else` it has none, and the next
/// policy about the matter is asked. A condition that cannot be decided goes to a person: code that does not know
/// must not allow, and must not refuse either.
fn judged(policy: &Fact, about: &str, situation: Situation<'_>, variables: &Value) -> Option<Verdict> {
    let field = |name: &str| policy.fields.get(name).and_then(Value::as_str);
    let outcome = match field("when") {
        None => Outcome::parse(field("then")?)?,
        Some(source) => {
            match Condition::parse(source).and_then(|when| when.holds(variables, &situation.input.now)) {
                Ok(true) => Outcome::parse(field("then")?)?,
                Ok(false) => Outcome::parse(field("else")?)?,
                Err(_) => Outcome::NeedsPerson,
            }
        }
    };
    let says = policy.fields.get("says").and_then(|says| says.get(outcome.as_str())).and_then(Value::as_str);
    Some(Verdict {
        about: about.to_owned(),
        outcome,
        says: says.map(str::to_owned),
        policy: policy.id.clone(),
        title: policy.title.clone(),
        values: policy.fields.get("values").cloned().unwrap_or(Value::Null),
    })
}
