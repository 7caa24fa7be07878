//! What do events begin? Each is looked at once; one whose records cannot be read now is put aside and looked at again later.

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::known::Read;
use super::{Conversations, LATER, lately};
use crate::identity::StaffScope;
use crate::pack::proactive::{Proactive, Purpose};
use crate::proactive::{Begun, History, Person, Planned, ShopEvent, plan};
use crate::store::{BegunByEvent, NudgeSaid, NumberedEvent, StoreError};
use crate::time::Now;

/// How many events are looked at in one go: what they begin is written together.
const EVENTS_AT_ONCE: u32 = 256;

/// For so long after it happened an event waits for records that cannot be read; then it begins nothing.
const WAITS: SignedDuration = SignedDuration::from_hours(24);

/// Up to where events were put aside. They stay as they are in the store, so that a stop forgets none; only this says that those
/// behind them come first for a while.
#[derive(Debug, Default)]
pub(in crate::conversation) struct PutAside {
    after: i64,
    since: Option<Timestamp>,
}

impl PutAside {
    /// After which number events are looked at now. A clock that was put back makes nobody wait.
    fn after(&mut self, now: Timestamp) -> i64 {
        let waits = |since| (SignedDuration::ZERO..LATER).contains(&now.duration_since(since));
        if !self.since.is_some_and(waits) {
            *self = Self::default();
        }
        self.after
    }

    fn put(&mut self, until: i64, now: Timestamp) {
        self.after = self.after.max(until);
        self.since.get_or_insert(now);
    }
}

/// Events that are looked at together.
struct Looking<'a> {
    staff: &'a StaffScope,
    rules: &'a Proactive,
    now: &'a Now,
    /// Who does much in a short time is read of once.
    histories: HashMap<Person, History>,
}

impl Conversations {
    /// Looks at the events that have come for what they begin. At how many.
    ///
    /// # Errors
    /// If the store does not answer; then the events are looked at again.
    pub async fn look_at_events(&self, staff: &StaffScope) -> Result<usize, StoreError> {
        let mut aside = self.inner.planning.lock().await;
        let services = self.services();
        let now = services.clock.now();
        let after = aside.after(now.timestamp());
        let fresh = services.store.fresh_events(staff, after, EVENTS_AT_ONCE).await?;
        let Some(last) = fresh.last().map(|event| event.number) else { return Ok(0) };
        let looked_at = fresh.len();
        if !self.begin_nudges(staff, fresh, &now).await? {
            aside.put(last, now.timestamp());
        }
        Ok(looked_at)
    }

    /// Looks at the events of one person at once, and says what is due to them: whoever has just done something is there to
    /// read it. What was said.
    ///
    /// # Errors
    /// If the store does not answer; the lanes do it later then.
    pub async fn answer_events(
        &self,
        staff: &StaffScope,
        person: &Person,
    ) -> Result<Vec<NudgeSaid>, StoreError> {
        let _alone = self.inner.planning.lock().await;
        let services = self.services();
        let now = services.clock.now();
        let scope = person.scope(&staff.shop);
        let fresh = services.store.fresh_events_of(&scope, person, EVENTS_AT_ONCE).await?;
        self.begin_nudges(staff, fresh, &now).await?;
        self.say_due(staff, Some(person)).await
    }

    /// Plans what events begin. Whether all of them could be looked at.
    async fn begin_nudges(
        &self,
        staff: &StaffScope,
        fresh: Vec<NumberedEvent>,
        now: &Now,
    ) -> Result<bool, StoreError> {
        let rules = self.services().rules.load_full();
        let mut looking = Looking { staff, rules: &rules.pack.proactive, now, histories: HashMap::new() };
        let (all, mut begun) = (fresh.len(), Vec::new());
        for NumberedEvent { number, event } in fresh {
            if let Some(planned) = self.begun_by(&mut looking, &event).await? {
                begun.push(BegunByEvent { event: number, person: event.person, planned });
            }
        }
        let looked_at = begun.len();
        if looked_at > 0 {
            self.services().store.plan_nudges(staff, begun, now).await?;
        }
        Ok(looked_at == all)
    }

    /// What an event begins; none as long as its records cannot be read: what does not hold then may hold all the same.
    async fn begun_by(
        &self,
        looking: &mut Looking<'_>,
        event: &ShopEvent,
    ) -> Result<Option<Vec<(Planned, Purpose)>>, StoreError> {
        let Looking { staff, rules, now, histories } = looking;
        let Some(person) = event.person.as_ref().filter(|_| rules.is_begun_by(event.kind)) else {
            return Ok(Some(Vec::new()));
        };
        let scope = person.scope(&staff.shop);
        let Read { known, unreadable } = self.known_of(&scope, event, now).await?;
        if unreadable && now.timestamp().duration_since(event.at) < WAITS {
            return Ok(None);
        }
        if !histories.contains_key(person) {
            let history = self.services().store.events_of(&scope, person, lately(now)).await?;
            histories.insert(person.clone(), history);
        }
        let history = histories.entry(person.clone()).or_default();
        let planned = plan(rules, Begun { event, history, known: &known, now });
        let with_purpose = planned.into_iter().map(|planned| {
            let purpose = rules.rule(&planned.rule).map_or(Purpose::Offer, |rule| rule.purpose);
            (planned, purpose)
        });
        Ok(Some(with_purpose.collect()))
    }
}
