//! The shell around the pure turn: loads a conversation, runs the turn inside its deadline, writes before it announces.

pub mod types;
