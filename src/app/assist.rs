//! The port of what helps people who answer: suggestions and quick phrases.

use std::sync::Arc;

use super::suggester::Suggester;
use crate::assist::Suggested;
use crate::conversation::Conversations;
use crate::http::ports::{Answer, Assist, PortError, SuggestRequest};
use crate::identity::StaffScope;
use crate::pack::desk::Phrase;

/// Suggests replies and lists phrases.
pub struct AssistPort {
    /// Runs the turns.
    pub suggester: Arc<Suggester>,
    /// Knows the pack in force.
    pub conversations: Conversations,
}

impl Assist for AssistPort {
    fn suggest(&self, staff: StaffScope, request: SuggestRequest) -> Answer<'_, Suggested> {
        Box::pin(async move { self.suggester.suggest(&staff, request).await.map_err(PortError::Internal) })
    }

    fn phrases(&self) -> Answer<'_, Vec<Phrase>> {
        let phrases = self.conversations.services().rules.load().pack.phrases.clone();
        Box::pin(std::future::ready(Ok(phrases)))
    }
}
