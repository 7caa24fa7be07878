//! The ratings port: keeps what customers thought of the people who have resolved their matters.

use std::sync::Arc;

use crate::desk::types::{NewRating, Rating};
use crate::http::ports::{Answer, Ratings};
use crate::identity::{ConversationId, Scope};
use crate::store::Store;
use crate::time::Clock;

/// Keeps ratings.
pub struct RatingsPort {
    /// Where they are kept.
    pub store: Store,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Ratings for RatingsPort {
    fn rate(&self, scope: Scope, conversation: ConversationId, rating: NewRating) -> Answer<'_, Rating> {
        Box::pin(async move { Ok(self.store.rate(&scope, &conversation, rating, &self.clock.now()).await?) })
    }
}
