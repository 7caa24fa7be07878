//! The shop's editable behaviour: scenarios, wording, handoff rules and red lines as data; loaded, checked, never half in force.

pub mod types;
pub mod actions;
pub mod desk;
pub mod flows;
pub mod proactive;
pub mod condition;
pub mod expressions;
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

    /// The scenario an intent leads to when no fact speaks for another one: without a condition, else the last one tried.
    pub fn default_scenario(&self, intent: &str) -> Option<&Scenario> {
        let of_intent = || self.scenarios.iter().filter(|scenario| scenario.intent == intent);
        of_intent()
            .filter(|scenario| scenario.when.is_none())
            .max_by_key(|scenario| scenario.priority)
            .or_else(|| of_intent().min_by_key(|scenario| scenario.priority))
    }

    /// What an intent asks, in a customer's words; of one without them nobody is asked whether it is meant.
    pub fn asks(&self, intent: &str) -> Option<&str> {
        let of_intent = self.scenarios.iter().filter(|scenario| scenario.intent == intent);
        of_intent.filter_map(|scenario| scenario.asks.as_deref()).next()
    }
}
