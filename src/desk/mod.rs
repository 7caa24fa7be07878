//! People: the conversation and ticket state machines and the note a person reads when taking over.

pub mod hours;
pub mod moves;
pub mod note;
pub mod priority;
pub mod promised;
pub mod queue;
pub mod types;

#[cfg(test)]
mod tests;
