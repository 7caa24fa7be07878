//! What is a turn given, where a test does not care?

use crate::identity::{ConversationId, MessageId, Scope, ShopId};
use crate::time::Now;
use crate::turn::types::{DeskStatus, Memory, PageContext, TurnInput};

/// The first message of somebody nobody knows, while people are at the desk.
pub(crate) fn first_message(text: &str, now: Now) -> TurnInput {
    TurnInput {
        scope: Scope::anonymous(ShopId::default()),
        conversation: ConversationId::generate(),
        message: MessageId::generate(),
        text: text.to_owned(),
        history: Vec::new(),
        memory: Memory::default(),
        page: PageContext::default(),
        attachments: 0,
        desk: DeskStatus {
            open: true,
            opens_at: None,
            ahead: 0,
            wait_minutes: None,
            answer_due: now.timestamp(),
        },
        now,
        vector: None,
    }
}
