//! What customers do beside talking: they send pictures, they type, they say what they thought of it.

use futures_util::stream::BoxStream;
use serde::Serialize;

use super::{Answer, Reader};
use crate::desk::types::{NewRating, Rating};
use crate::identity::{ConversationId, PictureId, Scope, StaffScope, TicketId};
use crate::pictures::{NewPicture, Picture};

/// Pictures that customers send.
pub trait Pictures: Send + Sync {
    /// Keeps one. [`super::PortError::Busy`] if there were too many.
    fn keep(&self, scope: Scope, picture: NewPicture) -> Answer<'_, Picture>;
    /// One with its bytes. A customer sees the own ones; everything else is not found.
    fn show(&self, reader: Reader, picture: PictureId) -> Answer<'_, (Picture, Vec<u8>)>;
    /// One that the customer has sent.
    fn own(&self, scope: Scope, picture: PictureId) -> Answer<'_, Picture>;
}

/// Who types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The customer.
    Customer,
    /// A person of the shop.
    Staff,
}

/// Somebody is typing. It is worth nothing a moment later, so that it is kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypingSign {
    /// In which conversation.
    pub conversation: ConversationId,
    /// By which ticket people have it.
    pub ticket: TicketId,
    /// Who.
    pub side: Side,
    /// The person's name, for staff.
    pub name: Option<String>,
}

/// Typing signs as they come.
pub type TypingSigns = BoxStream<'static, TypingSign>;

/// Tells each side that the other one is typing.
pub trait Typing: Send + Sync {
    /// The customer types. Shown at the desk while people have the conversation.
    fn customer(&self, scope: Scope, conversation: ConversationId) -> Answer<'_, ()>;
    /// A person types. Shown to the customer while the person has the ticket.
    fn staff(&self, staff: StaffScope, ticket: TicketId) -> Answer<'_, ()>;
    /// Signs of the other side in a conversation that the reader may read, from now on.
    fn in_conversation(&self, reader: &Reader, conversation: &ConversationId) -> TypingSigns;
    /// Signs of the shop's customers, from now on.
    fn at_desk(&self, staff: &StaffScope) -> TypingSigns;
}

/// What customers thought of it.
pub trait Ratings: Send + Sync {
    /// Keeps a rating. A conflict if there is nothing to rate, or not any more.
    fn rate(&self, scope: Scope, conversation: ConversationId, rating: NewRating) -> Answer<'_, Rating>;
}
