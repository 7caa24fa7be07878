//! The chat port: messages go to the conversation service.

use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::conversation::Conversations;
use crate::conversation::types::{IncomingMessage, TurnEvent};
use crate::http::ports::{Answer, Chat};

/// Takes messages.
pub struct ChatPort {
    /// The conversation service.
    pub conversations: Conversations,
}

impl Chat for ChatPort {
    fn take(&self, message: IncomingMessage) -> Answer<'_, BoxStream<'static, TurnEvent>> {
        Box::pin(async move {
            let turn = self.conversations.take(message).await?;
            let events = stream::unfold(turn, |mut turn| async move { Some((turn.next().await?, turn)) });
            Ok(events.boxed())
        })
    }
}
