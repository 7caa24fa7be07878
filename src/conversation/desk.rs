//! How does a ticket stand at the desk? Its clocks by the settings, its place in the queue, what an agent's message promises,
//! and how the desk stands as a whole.

use serde_json::{Value, json};

use super::{Conversations, Services};
use crate::desk::clocks::clocks;
use crate::desk::promised::{WordGrounds, promised};
use crate::desk::queue::{DeskCounts, desk_status, is_crowded};
use crate::desk::types::{DeskTicket, QueuePlace, Ticket};
use crate::identity::{ConversationId, ShopId, StaffScope, TicketId};
use crate::store::{AgentWord, StoreError};
use crate::time::Now;
use crate::turn::types::DeskStatus;

/// The queue as it stands.
pub struct Queue {
    /// The tickets in it, the next one first.
    tickets: Vec<TicketId>,
    milliseconds_a_place: Option<i64>,
}

impl Services {
    /// Whether people are there, and how long the queue is before a conversation.
    pub(crate) async fn desk(
        &self,
        staff: &StaffScope,
        conversation: Option<&ConversationId>,
        now: &Now,
    ) -> Result<DeskStatus, StoreError> {
        let counted = self.store.desk_counts(staff, conversation, now).await?;
        let counts = DeskCounts { is_crowded: self.is_crowded(&staff.shop, counted.ahead), ..counted };
        Ok(desk_status(&self.hours, counts, self.answer_within_business_minutes, now))
    }

    /// Whether more wait than those at the desk can take. A desk of another system has it open once for all of its people, or not at
    /// all: how many they are is in the settings.
    fn is_crowded(&self, shop: &ShopId, waiting: u32) -> bool {
        let people = self.at_desk.here(shop).max(self.desk.people);
        is_crowded(waiting, people, self.desk.waiting_per_person)
    }
}

impl Conversations {
    /// The word that an agent's message gives the customer, if it gives one.
    pub fn word_given(&self, text: &str, now: &Now) -> Option<AgentWord> {
        let services = self.services();
        let rules = services.rules.load();
        let grounds = WordGrounds { pack: &rules.pack, hours: &services.hours, now };
        let due = promised(text, &grounds, services.answer_within_business_minutes)?;
        Some(AgentWord { due, remind_before: services.promises.remind_before })
    }

    /// The queue, to tell the places of tickets by.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn queue(&self, staff: &StaffScope) -> Result<Queue, StoreError> {
        let services = self.services();
        let counts = services.store.desk_counts(staff, None, &services.clock.now()).await?;
        let tickets = services.store.queue(staff).await?;
        Ok(Queue { tickets, milliseconds_a_place: counts.milliseconds_a_place })
    }

    /// A ticket as the desk shows it.
    pub fn at_desk(&self, ticket: Ticket, queue: &Queue) -> DeskTicket {
        let services = self.services();
        let place = queue.tickets.iter().position(|waiting| *waiting == ticket.id);
        let wait = place.and_then(|ahead| u32::try_from(ahead).ok()).map(|ahead| {
            let milliseconds_a_place = queue.milliseconds_a_place;
            let counts = DeskCounts { ahead, milliseconds_a_place, is_crowded: false };
            let within = services.answer_within_business_minutes;
            let desk = desk_status(&services.hours, counts, within, &services.clock.now());
            QueuePlace { ahead, minutes: desk.wait_minutes }
        });
        DeskTicket { clocks: clocks(&ticket, services.desk.clocks, &services.hours), wait, ticket }
    }
}

/// The desk as the wording reads it that is said while no message is answered.
pub(super) fn shown(desk: &DeskStatus, now: &Now) -> Value {
    let mut shown = json!({
        "open": desk.open,
        "ahead": desk.ahead,
        "crowded": desk.crowded,
        "due": now.at(desk.answer_due).to_string(),
    });
    if let Some(minutes) = desk.wait_minutes {
        shown["wait_minutes"] = minutes.into();
    }
    shown
}
