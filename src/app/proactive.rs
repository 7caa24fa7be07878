//! The port of events and of what is said first.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::conversation::Conversations;
use crate::http::ports::{Answer, Proactive, ProactiveReport, RuleReport, TakenEvents};
use crate::identity::{NudgeId, Scope, ShopId, StaffScope};
use crate::proactive::{EventType, LOOK_BACK, Person, ShopEvent};
use crate::store::{NudgeOutcome, Store, StoreError};
use crate::time::{Clock, Now};

/// Where events are about so few people, these are answered at once; of more the lanes take care.
const AT_ONCE: usize = 4;

/// The event of so many who have looked at a product is written in one go.
const VIEWERS_AT_ONCE: usize = 500;

/// So many of the latest words are shown.
const RECENT: u32 = 100;

/// Takes events and shows what came of them.
pub struct ProactivePort {
    /// Where they are kept.
    pub store: Store,
    /// Speaks first.
    pub conversations: Conversations,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

impl Proactive for ProactivePort {
    fn now(&self) -> Timestamp {
        self.clock.now().timestamp()
    }

    fn take(&self, shop: ShopId, events: Vec<ShopEvent>) -> Answer<'_, TakenEvents> {
        Box::pin(async move {
            let staff = super::staff(&shop);
            let now = self.clock.now();
            let given = events.len();
            let (of_viewers, own): (Vec<_>, Vec<_>) = events.into_iter().partition(concerns_viewers);
            let mut people: BTreeSet<Person> = own.iter().filter_map(|event| event.person.clone()).collect();
            let (mut all, mut new) = (own.len(), self.store.take_events(&staff, own, &now).await?);
            for event in &of_viewers {
                let viewers = self.viewers(&staff, event, &now).await?;
                for some in viewers.chunks(VIEWERS_AT_ONCE) {
                    let events = some.iter().map(|person| event.of_viewer(person)).collect();
                    new += self.store.take_events(&staff, events, &now).await?;
                }
                all += viewers.len();
                people.extend(viewers.into_iter().take(AT_ONCE + 1));
            }
            let mut nudges = Vec::new();
            if people.len() <= AT_ONCE {
                for person in &people {
                    nudges.extend(self.conversations.answer_events(&staff, person).await?);
                }
            }
            let duplicate = (all - new).min(given);
            Ok(TakenEvents { accepted: given - duplicate, duplicate, nudges })
        })
    }

    fn outcome(&self, scope: Scope, person: Person, nudge: NudgeId, outcome: NudgeOutcome) -> Answer<'_, ()> {
        Box::pin(async move {
            let now = self.clock.now();
            Ok(self.store.nudge_outcome((&scope, &person), &nudge, outcome, &now).await?)
        })
    }

    fn report(&self, staff: StaffScope, since: Timestamp) -> Answer<'_, ProactiveReport> {
        Box::pin(async move {
            let mut counts = self.store.nudge_counts(&staff, since).await?;
            let rules = self.conversations.services().rules.load_full();
            let brakes = &rules.pack.proactive.brakes;
            let reported = rules.pack.proactive.rules.iter().map(|rule| RuleReport {
                id: rule.id.clone(),
                name: rule.name.clone(),
                enabled: rule.enabled && brakes.enabled,
                counts: counts.remove(&rule.id).unwrap_or_default(),
            });
            let rules = reported.collect();
            let recent = self.store.latest_nudges(&staff, RECENT).await?;
            Ok(ProactiveReport { rules, recent, waiting_events: self.store.waiting_events(&staff).await? })
        })
    }
}

impl ProactivePort {
    /// Everybody who has looked at the product of an event.
    async fn viewers(
        &self,
        staff: &StaffScope,
        event: &ShopEvent,
        now: &Now,
    ) -> Result<Vec<Person>, StoreError> {
        let Some(product) = &event.product else { return Ok(Vec::new()) };
        let since = now.timestamp().checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN);
        self.store.viewers(staff, product, since).await
    }
}

/// What concerns a product alone concerns everybody who has looked at it.
fn concerns_viewers(event: &ShopEvent) -> bool {
    let of_product = matches!(event.kind, EventType::PriceDropped | EventType::Restocked);
    of_product && event.person.is_none() && event.product.is_some()
}

/// Notices what nobody reports, looks at events and says what is due, once.
///
/// # Errors
/// If the store does not answer.
pub async fn work_off(conversations: &Conversations, staff: &StaffScope) -> Result<usize, StoreError> {
    conversations.notice(staff).await?;
    while conversations.look_at_events(staff).await? > 0 {}
    conversations.speak_first(staff).await
}
