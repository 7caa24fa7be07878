//! What becomes of messages that a killed program left unanswered.

use super::Conversations;
use super::ticket::{self, Case};
use crate::identity::StaffScope;
use crate::store::{StoreError, UnfinishedReply};
use crate::time::Now;
use crate::turn::types::{Facts, HandoffMode, HandoffPlan, HandoffReason, Reading};

impl Conversations {
    /// Closes what the last stop left open, before anything new is taken. What was said of a reply counts as the whole.
    /// A message of which no sentence says more than a greeting or a comforting word becomes a ticket, because answering it now, to somebody who may have gone
    /// long ago, would be a guess. Returns how many messages there were.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn settle_interrupted(&self, staff: &StaffScope) -> Result<usize, StoreError> {
        let services = self.services();
        let now = services.clock.now();
        let left = services.store.unfinished_replies(staff).await?;
        for interrupted in &left {
            let answered = interrupted
                .reply
                .as_ref()
                .is_some_and(|reply| reply.sentences.iter().any(|said| said.goal.matters()));
            if !answered {
                self.leave_to_a_person(interrupted, &now).await?;
            }
            services.store.settle(staff, &interrupted.message, &now).await?;
        }
        if !left.is_empty() {
            tracing::warn!(
                messages = left.len(),
                "messages were interrupted by the last stop; see the open tickets"
            );
        }
        Ok(left.len())
    }

    async fn leave_to_a_person(&self, interrupted: &UnfinishedReply, now: &Now) -> Result<(), StoreError> {
        let services = self.services();
        let scope = interrupted.conversation.owner_scope();
        let plan = HandoffPlan {
            reason: HandoffReason::Unavailable,
            detail: Some("interrupted".to_owned()),
            mode: HandoffMode::Async,
            why: "the program stopped before it could answer".to_owned(),
        };
        let history =
            services.store.history(&scope, &interrupted.conversation.id, None, super::HISTORY).await?;
        let reading = Reading { text: interrupted.text.clone(), ..Reading::default() };
        let case = Case {
            scope: &scope,
            conversation: &interrupted.conversation.id,
            history: &history,
            message: &interrupted.message,
            reading: &reading,
            facts: &Facts::default(),
            refused: &[],
        };
        let due = services.hours.due_in_business_minutes(now, services.answer_within_business_minutes);
        ticket::open(services, case, &plan, due, now).await?;
        Ok(())
    }
}
