//! The shop's editable behaviour: scenarios, wording, handoff rules and red lines as data; loaded, checked, never half in force.

pub mod types;
pub mod condition;
pub mod wording;
pub mod rules;
pub mod prompt;
pub mod load;
pub mod versions;
pub mod sheets;

use types::{Pack, Scenario};

impl Pack {
    /// The scenario with an id.
    pub fn scenario(&self, id: &str) -> Option<&Scenario> {
        self.scenarios.iter().find(|scenario| scenario.id == id)
    }

    /// The scenarios an intent may lead to, by falling priority. The last ones have no condition.
    pub fn scenarios_of<'a>(&'a self, intent: &'a str) -> impl Iterator<Item = &'a Scenario> {
        self.scenarios.iter().filter(move |scenario| scenario.intent == intent)
    }
}
