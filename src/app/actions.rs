//! The port of actions and promises: what runs for a conversation, what the shop's system found, and what is taken back.

use std::sync::Arc;

use crate::actions::{Action, ActionResult, Promise};
use crate::conversation::Conversations;
use crate::flows::FlowProgress;
use crate::http::ports::{ActionRefusal, Actions, Answer, PortError};
use crate::identity::{ActionId, ConversationId, StaffScope};
use crate::store::{Cancelling, ResultTaken, Store};
use crate::time::Clock;

/// Shows actions and promises, and takes results.
pub struct ActionsPort {
    /// Where they are kept.
    pub store: Store,
    /// Knows the flows of the pack in force.
    pub conversations: Conversations,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Actions for ActionsPort {
    fn actions(&self, staff: StaffScope, conversation: ConversationId) -> Answer<'_, Vec<Action>> {
        Box::pin(async move { Ok(self.store.actions(&staff, &conversation).await?) })
    }

    fn promises(&self, staff: StaffScope, conversation: ConversationId) -> Answer<'_, Vec<Promise>> {
        Box::pin(async move { Ok(self.store.promises(&staff, &conversation).await?) })
    }

    fn flows(&self, staff: StaffScope, conversation: ConversationId) -> Answer<'_, Vec<FlowProgress>> {
        Box::pin(async move { Ok(self.conversations.progress_of_flows(&staff, &conversation).await?) })
    }

    fn take_result(&self, staff: StaffScope, action: ActionId, result: ActionResult) -> Answer<'_, Action> {
        Box::pin(async move {
            result.check().map_err(|bad| PortError::Invalid {
                field: Some(bad.field.to_owned()),
                message: bad.message,
            })?;
            match self.store.take_result(&staff, &action, result, &self.clock.now()).await? {
                ResultTaken::Taken(action) | ResultTaken::Repeated(action) => Ok(action),
                ResultTaken::OfAnother => Err(PortError::ActionRefused(ActionRefusal::OfAnother)),
                ResultTaken::TooLate => Err(PortError::ActionRefused(ActionRefusal::TooLate)),
                ResultTaken::Differs => Err(PortError::ActionRefused(ActionRefusal::Differs)),
            }
        })
    }

    fn cancel(&self, staff: StaffScope, action: ActionId, why: String) -> Answer<'_, Action> {
        Box::pin(async move {
            let cancelling = Cancelling { why, told: false };
            Ok(self.store.cancel_action(&staff, &action, cancelling, &self.clock.now()).await?)
        })
    }
}
