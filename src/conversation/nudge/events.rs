//! Events that nobody reports: a conversation that came to rest, a day that began for a customer, a product that is there
//! again or costs less. Each is made once, by its id.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};

use super::Conversations;
use crate::identity::StaffScope;
use crate::proactive::{EventType, LOOK_BACK, Person, ShopEvent, changes_of, day_of, quiet_until, troubled};
use crate::store::{Conversation, DayBegun, Rested, Rests, StoreError, Watched};
use crate::time::Now;
use crate::turn::types::{EpisodeState, Memory};

/// A conversation in which nothing was written for so long has come to rest.
pub(super) const REST: SignedDuration = SignedDuration::from_mins(30);

/// The event of so many who have looked at a product is written in one go.
const VIEWERS_AT_ONCE: usize = 500;

impl Conversations {
    /// Makes the events that nobody reports. How many are new.
    ///
    /// # Errors
    /// If the store does not answer; then they are made later.
    pub async fn notice(&self, staff: &StaffScope) -> Result<usize, StoreError> {
        if self.services().rules.load().pack.proactive.rules.is_empty() {
            return Ok(0);
        }
        let now = self.services().clock.now();
        let rested = self.conversations_at_rest(staff, &now).await?;
        let days = self.days_begun(staff, &now).await?;
        Ok(rested + days + self.products_changed(staff, &now).await?)
    }

    async fn conversations_at_rest(&self, staff: &StaffScope, now: &Now) -> Result<usize, StoreError> {
        let store = &self.services().store;
        let until = now.timestamp().checked_sub(REST).unwrap_or(Timestamp::MIN);
        let Rests { rested, until } = store.rested_conversations(staff, until, now).await?;
        let Some(until) = until else { return Ok(0) };
        let events: Vec<ShopEvent> = rested.iter().filter_map(|rested| self.ended(rested)).collect();
        let new = store.take_noticed(staff, events, now).await?;
        store.rests_noticed(staff, until, now).await?;
        Ok(new)
    }

    /// A conversation that came to rest, with what it was about.
    fn ended(&self, rested: &Rested) -> Option<ShopEvent> {
        let Rested { conversation, turns, spoken_at, handed_over } = rested;
        let person = Person::of(&conversation.owner_scope())?;
        let rules = self.services().rules.load();
        let memory = &conversation.memory;
        let episode = memory.episode();
        let scenario = episode.map(|episode| episode.scenario.as_str()).or(memory.scenario.as_deref());
        let known = scenario.and_then(|scenario| rules.pack.scenario(scenario));
        let mut detail = Map::new();
        detail.insert("turns".to_owned(), (*turns).into());
        detail.insert("handed_over".to_owned(), (*handed_over).into());
        detail.insert("negative".to_owned(), troubled(memory).trouble.into());
        detail.insert("danger".to_owned(), troubled(memory).danger.into());
        detail.insert("solved".to_owned(), is_solved(conversation, memory).into());
        if let Some(scenario) = known {
            detail.insert("scenario".to_owned(), scenario.id.as_str().into());
            detail.insert("stage".to_owned(), json!(scenario.stage));
            detail.insert("topic".to_owned(), scenario.topic.as_str().into());
        }
        let named = |fact: Option<&String>| fact?.split_once(':').map(|(_, id)| id.to_owned());
        let product = episode.and_then(|episode| episode.product.as_ref()).or(memory.products.last());
        Some(ShopEvent {
            id: format!("ended:{}:{turns}", conversation.id),
            kind: EventType::ConversationEnded,
            person: Some(person),
            product: named(product),
            order: named(episode.and_then(|episode| episode.order.as_ref()).or(memory.order.as_ref())),
            conversation: Some(conversation.id.clone()),
            detail,
            at: *spoken_at,
        })
    }

    /// Once a day, after the quiet hours, a day begins for each customer who has agreed to care. A few customers at a time,
    /// so that replies go between and a stop loses nothing.
    async fn days_begun(&self, staff: &StaffScope, now: &Now) -> Result<usize, StoreError> {
        let services = self.services();
        let rules = services.rules.load_full();
        let proactive = &rules.pack.proactive;
        if !proactive.is_begun_by(EventType::DayBegun) || quiet_until(&proactive.brakes, now).is_some() {
            return Ok(0);
        }
        let store = &services.store;
        let today = now.zoned().date().to_string();
        let mut new = 0;
        while let DayBegun::Until(customer) = store.day_begun(staff, &today).await? {
            let customers = store.customers_after(staff, customer.as_deref()).await?;
            let last = customers.last().map(|customer| customer.id.clone());
            let begun = last.map_or(DayBegun::ForAll, |last| DayBegun::Until(Some(last)));
            let events = customers.iter().filter_map(|customer| day_of(customer, &today, now)).collect();
            new += store.take_noticed(staff, events, now).await?;
            store.begin_day(staff, (&today, begun), now).await?;
        }
        Ok(new)
    }

    /// What has come back or costs less, told to those who looked at it.
    async fn products_changed(&self, staff: &StaffScope, now: &Now) -> Result<usize, StoreError> {
        let store = &self.services().store;
        let rules = self.services().rules.load_full();
        let since = now.timestamp().checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
        let mut new = 0;
        let changed = store.changed_products(staff).await?;
        for Watched { change, record, price, stock } in &changed {
            let changes = changes_of(record, (*price, *stock), now);
            for (kind, detail) in
                changes.into_iter().filter(|(kind, _)| rules.pack.proactive.is_begun_by(*kind))
            {
                let event = ShopEvent {
                    id: format!("{}:{change}", kind.as_str()),
                    kind,
                    person: None,
                    product: Some(record.id.clone()),
                    order: None,
                    conversation: None,
                    detail,
                    at: now.timestamp(),
                };
                for viewers in store.viewers(staff, &record.id, since).await?.chunks(VIEWERS_AT_ONCE) {
                    let events = viewers.iter().map(|person| event.of_viewer(person)).collect();
                    new += store.take_noticed(staff, events, now).await?;
                }
            }
        }
        store.products_watched(staff, &changed, now).await?;
        Ok(new)
    }
}

fn is_solved(conversation: &Conversation, memory: &Memory) -> bool {
    conversation.state == crate::desk::types::ConversationState::Resolved
        || memory.episode().is_some_and(|episode| episode.state == EpisodeState::Resolved)
}
