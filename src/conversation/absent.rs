//! What becomes of the tickets of an agent who is gone, while their customers wait for a word? They go back to the head of the
//! queue, for whoever is free, and each customer hears of it once.
//!
//! Only those are missed who have had the desk open since they took the ticket: a system that works tickets by its key, without
//! listening, keeps them.

use jiff::SignedDuration;
use serde_json::json;

use super::Conversations;
use super::desk::shown;
use super::word::Kind;
use crate::desk::queue::{DeskCounts, desk_status, expected};
use crate::desk::types::Ticket;
use crate::identity::StaffScope;
use crate::store::{FallenBack, StoreError, WaitWent};
use crate::time::Now;
use crate::turn::types::Goal;

/// Where the word stands; a pack of one's own may have only the general one of somebody else who goes on.
const PLACES: [&str; 2] = ["agent_gone", "transfer_between_people"];

impl Conversations {
    /// Takes the tickets from agents who are gone, where a customer waits for them. How many words were said.
    ///
    /// # Errors
    /// If the store does not answer. What was said until then is said.
    pub(super) async fn take_from_the_gone(&self, staff: &StaffScope) -> Result<usize, StoreError> {
        let services = self.services();
        let Some(limit) = services.desk.gone_after else { return Ok(0) };
        let (mut said, mut trouble) = (0, None);
        for ticket in services.store.owed_by_watched(staff).await? {
            let is_busy = self.inner.bursts.is_running(&ticket.conversation);
            if is_busy || !self.is_gone(staff, &ticket, limit) {
                continue;
            }
            match self.take_from_its_agent(staff, &ticket).await {
                Ok(went) => said += usize::from(matches!(went, WaitWent::Said(_))),
                // One that cannot be taken now must not keep the others waiting.
                Err(error) => trouble = Some(error),
            }
        }
        trouble.map_or(Ok(said), Err)
    }

    async fn take_from_its_agent(&self, staff: &StaffScope, ticket: &Ticket) -> Result<WaitWent, StoreError> {
        let services = self.services();
        let now = services.clock.now();
        let fallen = self.fallen_back(staff, ticket, &now).await?;
        services.store.fall_back(staff, ticket, fallen, &now).await
    }

    fn is_gone(&self, staff: &StaffScope, ticket: &Ticket, limit: SignedDuration) -> bool {
        ticket.agent.clone().is_some_and(|actor| {
            let agent = StaffScope { shop: staff.shop.clone(), actor };
            self.services().at_desk.gone_for(&agent) >= limit
        })
    }

    /// What the customer hears, and by when they may expect somebody. While nobody is there the ticket is answered by the time
    /// that is said.
    async fn fallen_back(
        &self,
        staff: &StaffScope,
        ticket: &Ticket,
        now: &Now,
    ) -> Result<FallenBack, StoreError> {
        let services = self.services();
        let counts = services.store.desk_counts(staff, Some(&ticket.conversation), now).await?;
        let counts = DeskCounts { ahead: services.store.ahead_of_head(staff, ticket).await?, ..counts };
        let desk = desk_status(&services.hours, counts, services.answer_within_business_minutes, now);
        let kind = Kind { places: PLACES.map(str::to_owned).to_vec(), goal: Goal::Handoff };
        let variables = json!({ "desk": shown(&desk, now) });
        let why = format!("the agent of the ticket {} is gone", ticket.id);
        Ok(FallenBack {
            due: (!desk.open).then_some(desk.answer_due),
            announced: expected(&desk, now),
            assignment: services.desk.assignment,
            said: self.parting_word((staff, ticket), (&kind, variables), why, now).await?,
        })
    }
}
