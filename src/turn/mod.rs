//! The path of one message, read top to bottom: understand, retrieve, decide, generate, guard.

pub mod types;
pub mod trace;
pub mod understand;
pub mod retrieve;
pub mod decide;
pub mod generate;
pub mod guard;
