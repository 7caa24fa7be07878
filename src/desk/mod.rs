//! People: the conversation and ticket state machines, the note a person reads when taking over, and what is done while nobody
//! takes a conversation.

pub mod clocks;
pub mod hours;
pub mod moves;
pub mod note;
pub mod presence;
pub mod priority;
pub mod promised;
pub mod queue;
pub mod settings;
pub mod types;
pub mod wait;

#[cfg(test)]
mod tests;
