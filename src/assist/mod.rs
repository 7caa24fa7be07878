//! What helps a person who answers: suggested replies, the next step, the draft of the first sentence, and a word of warning.
//!
//! A suggestion is a turn that nobody hears: the same reading, facts, decision and guard, without what only the assistant
//! may say. Nothing is stored, begun or promised by it; what would have to be is named as the next step. Running it is
//! `app/suggester.rs`; everything here is pure.

mod next_step;
mod opening;
mod suggest;
mod warnings;
#[cfg(test)]
mod tests;

pub use next_step::{NextStep, NextStepKind, for_decision, for_handoff};
pub use opening::{Opening, openings};
pub use suggest::{
    MOST_SUGGESTIONS, Suggested, SuggestedHandoff, Suggestion, differs, for_person, polite_last,
    sayable_by_person,
};
pub use warnings::{Warned, warnings};
