//! People: the conversation and ticket state machines and the note a person reads when taking over.

pub mod types;
