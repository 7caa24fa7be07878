//! How much was erased of a customer? It is all that may be told of it afterwards.

use serde::Serialize;

/// How much was erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Erased {
    /// Conversations that now say nothing.
    pub conversations: u64,
    /// Messages without a text.
    pub messages: u64,
    /// Records that are no more.
    pub records: u64,
    /// Tickets without a note.
    pub tickets: u64,
    /// Actions that nobody can tell whose they were.
    pub actions: u64,
    /// Promises of these conversations; their rows never said more than a kind and times.
    pub promises: u64,
    /// Matters of several steps without answers.
    pub flows: u64,
    /// Deliveries to other systems without a body.
    pub deliveries: u64,
    /// Events of the shop that concern nobody any more.
    pub events: u64,
}
