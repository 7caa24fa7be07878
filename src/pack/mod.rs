//! The shop's editable behaviour: scenarios, wording, handoff rules and red lines as data; loaded, checked, never half in force.

pub mod types;
pub mod condition;
