//! What would a changed pack have said in past conversations? They are played again, message by message, and what differs is
//! listed.
//!
//! A conversation keeps what was really said as its history; each pack keeps its own memory of it, and what it would have
//! begun and promised. Nobody hears it and nothing is stored. Private data is masked before anything is said.

mod mask;
mod past;
mod play;
mod report;
mod standing;
#[cfg(test)]
mod tests;

pub use past::{PastConversation, PastTurn, of_store, parse};
pub use play::Player;
pub use report::{Answered, Difference, Line, Played, Report, SideReport};
