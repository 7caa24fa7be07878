//! How does the assistant speak first? Events are looked at for what they begin; what is due is judged by the truth of the
//! moment, put into approved words that the guard lets out, and sent in one transaction.

mod events;
mod known;
mod looking;
mod words;

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use super::Conversations;
use crate::identity::{Scope, StaffScope};
use crate::pack::proactive::NudgeRule;
use crate::pack::types::Pack;
use crate::proactive::{
    EventType, Held, LOOK_BACK, Nudge, Person, Reason, Standing, may_send, untrue, variables, withheld,
};
use crate::store::{Conversation, NewConversation, NudgeSaid, NudgeSent, NudgeWord, StoreError};
use crate::time::Now;
use crate::turn::types::Pending;
use events::REST;
pub(super) use looking::PutAside;
use words::Saying;

/// How many nudges are looked at in one go.
const AT_ONCE: u32 = 64;

/// Where the records of a person cannot be read now, the next look comes so much later.
const LATER: SignedDuration = SignedDuration::from_mins(1);

/// Whoever has done something on a page is taken to be there for so long.
const STAYS: SignedDuration = SignedDuration::from_mins(30);

/// The channel of a conversation that the assistant begins.
const CHANNEL: &str = "nudge";

/// A nudge that may be said, with everything it is said by.
struct Ready<'a> {
    pack: &'a Pack,
    rule: &'a NudgeRule,
    nudge: &'a Nudge,
    scope: &'a Scope,
    now: &'a Now,
}

impl Conversations {
    /// Says what is due. What was said.
    ///
    /// # Errors
    /// If the store does not answer. What was said until then is said.
    pub async fn speak_first(&self, staff: &StaffScope) -> Result<usize, StoreError> {
        let _alone = self.inner.planning.lock().await;
        Ok(self.say_due(staff, None).await?.len())
    }

    /// Says what is due, to everybody or to one person: of several for one person the most important one comes first.
    async fn say_due(
        &self,
        staff: &StaffScope,
        person: Option<&Person>,
    ) -> Result<Vec<NudgeSaid>, StoreError> {
        let services = self.services();
        let rules = services.rules.load_full();
        let now = services.clock.now();
        let mut due = self.due(staff, person, &now).await?;
        let priority =
            |nudge: &Nudge| rules.pack.proactive.rule(&nudge.rule).map_or(i32::MIN, |rule| rule.priority);
        due.sort_by_key(|nudge| std::cmp::Reverse(priority(nudge)));
        let (mut said, mut trouble) = (Vec::new(), None);
        for nudge in &due {
            // One that cannot be said now must not keep the others waiting.
            match self.say_one(&rules.pack, staff, nudge, &now).await {
                Ok(word) => said.extend(word),
                Err(error) => trouble = Some(error),
            }
        }
        trouble.map_or(Ok(said), Err)
    }

    /// What is due, and everything else that is due to the same people: where many wait, the most important word for somebody
    /// may stand far behind another one.
    async fn due(
        &self,
        staff: &StaffScope,
        person: Option<&Person>,
        now: &Now,
    ) -> Result<Vec<Nudge>, StoreError> {
        let store = &self.services().store;
        let due = store.due_nudges(staff, person, AT_ONCE, now).await?;
        if person.is_some() || due.len() < AT_ONCE as usize {
            return Ok(due);
        }
        let people: BTreeSet<Person> = due.into_iter().map(|nudge| nudge.person).collect();
        let mut all = Vec::new();
        for person in &people {
            all.extend(store.due_nudges(staff, Some(person), AT_ONCE, now).await?);
        }
        Ok(all)
    }

    async fn say_one(
        &self,
        pack: &Pack,
        staff: &StaffScope,
        nudge: &Nudge,
        now: &Now,
    ) -> Result<Option<NudgeSaid>, StoreError> {
        let store = &self.services().store;
        let drop = |reason| store.drop_nudge(nudge, reason, now);
        let Some(rule) = pack.proactive.rule(&nudge.rule) else {
            drop(Reason::RuleGone).await?;
            return Ok(None);
        };
        if now.timestamp() >= nudge.expires {
            drop(Reason::Expired).await?;
            return Ok(None);
        }
        let scope = nudge.person.scope(&staff.shop);
        let ready = Ready { pack, rule, nudge, scope: &scope, now };
        let standing = store.standing_with(&staff.shop, (&nudge.person, &rule.id), now).await?;
        match ready.allowed(&standing) {
            Ok(()) => self.say_ready(&ready, &standing).await,
            Err(held) => self.hold(&ready, held).await.map(|()| None),
        }
    }

    /// It is held back: looked at again at a time, or dropped with its reason.
    async fn hold(&self, ready: &Ready<'_>, held: Held) -> Result<(), StoreError> {
        let store = &self.services().store;
        match held {
            Held::Until(time) if time < ready.nudge.expires => store.put_off_nudge(ready.nudge, time).await,
            Held::Until(_) => store.drop_nudge(ready.nudge, Reason::Expired, ready.now).await,
            Held::Dropped(reason) => store.drop_nudge(ready.nudge, reason, ready.now).await,
        }
    }

    /// Judges a nudge by the truth of the moment and says it.
    async fn say_ready(
        &self,
        ready: &Ready<'_>,
        standing: &Standing,
    ) -> Result<Option<NudgeSaid>, StoreError> {
        let services = self.services();
        let Ready { rule, nudge, scope, now, .. } = *ready;
        if self.went_on(nudge, scope).await? {
            services.store.drop_nudge(nudge, Reason::CauseGone, now).await?;
            return Ok(None);
        }
        let read = self.known_of(scope, &nudge.event, now).await?;
        if read.unreadable {
            self.hold(ready, Held::Until(later(now))).await?;
            return Ok(None);
        }
        // What was done since the event is never left out, however long the word has waited.
        let since = lately(now).min(nudge.event.at);
        let history = services.store.events_of(scope, &nudge.person, since).await?;
        let about = (&history, nudge.event.product.as_deref());
        let variables = variables(&nudge.event, about, (&read.known, rule.offers), now);
        if let Some(reason) = untrue(rule, (&nudge.event, &history), &variables, now) {
            services.store.drop_nudge(nudge, reason, now).await?;
            return Ok(None);
        }
        if let Some(reason) = withheld(rule, &nudge.person, &ready.pack.proactive.brakes) {
            services.store.drop_nudge(nudge, reason, now).await?;
            return Ok(None);
        }
        let conversation = self.conversation_for(nudge, scope, now).await?;
        if self.inner.bursts.is_running(&conversation.id) {
            // Who is being answered is not interrupted.
            return Ok(None);
        }
        if is_asked(&conversation, now) {
            // A yes that was meant for the question must not be taken for an answer to this word, nor the other way round.
            self.hold(ready, Held::Until(later(now))).await?;
            return Ok(None);
        }
        let undertaken = self.begin_action(ready, (&conversation, &read.known, &variables)).await?;
        let saying = Saying {
            ready,
            known: &read.known,
            consents: standing.consents,
            undertaken: &undertaken,
            variables: &variables,
        };
        let Some(word) = self.word_of(&saying, &conversation).await? else {
            services.store.drop_nudge(nudge, Reason::NotSayable, now).await?;
            return Ok(None);
        };
        self.send(ready, word).await
    }

    /// Whether the talk that a word would come back to was gone on with by the customer.
    async fn went_on(&self, nudge: &Nudge, scope: &Scope) -> Result<bool, StoreError> {
        match &nudge.event.conversation {
            Some(conversation) if nudge.event.kind == EventType::ConversationEnded => {
                self.services().store.spoke_after(scope, conversation, nudge.event.at).await
            }
            _ => Ok(false),
        }
    }

    async fn send(&self, ready: &Ready<'_>, word: NudgeWord) -> Result<Option<NudgeSaid>, StoreError> {
        let Ready { nudge, scope, now, pack, rule } = *ready;
        let (rule_id, rules) = (rule.id.clone(), self.services().rules.load_full());
        let (judged, moment) = (nudge.clone(), now.clone());
        let again = move |standing: &Standing| {
            let proactive = &rules.pack.proactive;
            let Some(rule) = proactive.rule(&rule_id) else { return Err(Held::Dropped(Reason::RuleGone)) };
            may_send(rule, &judged.event, standing, &proactive.brakes, &moment)?;
            withheld(rule, &judged.person, &proactive.brakes)
                .map_or(Ok(()), |reason| Err(Held::Dropped(reason)))
        };
        let sent = self.services().store.send_nudge(scope, (nudge.clone(), word), again, now).await?;
        match sent {
            NudgeSent::Said(said) => {
                tracing::info!(nudge.id = %nudge.id, nudge.rule = %nudge.rule, pack.version = %pack.version, "something was said first");
                crate::telemetry::metrics::nudge(&nudge.rule);
                Ok(Some(*said))
            }
            NudgeSent::Held(Held::Until(time)) => self.hold(ready, Held::Until(time)).await.map(|()| None),
            // Put off, so that it does not stand in the way of others that are due.
            NudgeSent::Busy => self.hold(ready, Held::Until(later(now))).await.map(|()| None),
            NudgeSent::Held(Held::Dropped(_)) | NudgeSent::Gone => Ok(None),
        }
    }

    /// Where it is said: where the person is now, in the conversation that it is about or another one as long as it goes on,
    /// or in a new one. One that is over would not be found by the next visit.
    async fn conversation_for(
        &self,
        nudge: &Nudge,
        scope: &Scope,
        now: &Now,
    ) -> Result<Conversation, StoreError> {
        let store = &self.services().store;
        let about = match &nudge.event.conversation {
            Some(id) => store.conversation(scope, id).await.ok(),
            None => None,
        };
        let Some(customer) = scope.verified_customer() else {
            // Nobody finds a visitor anywhere but where the visitor is.
            return match about {
                Some(about) => Ok(about),
                None => self.open_for_nudge(scope, now).await,
            };
        };
        // A customer does not find what was said where nobody had signed in.
        let about = about.filter(|about| about.customer.as_ref() == Some(customer));
        let is_there = nudge.event.kind.is_of_browser()
            && now.timestamp().duration_since(nudge.event.at) <= STAYS
            && about.is_some();
        let shown = if is_there { None } else { store.shown_conversation(scope, now).await? };
        let found = shown.or_else(|| about.filter(|about| is_there || about.goes_on(now)));
        if let Some(found) = found {
            return Ok(found);
        }
        if let Some(unfinished) = store.unfinished_conversation(scope, now).await? {
            return Ok(unfinished);
        }
        self.open_for_nudge(scope, now).await
    }

    async fn open_for_nudge(&self, scope: &Scope, now: &Now) -> Result<Conversation, StoreError> {
        let new = NewConversation { channel: CHANNEL.to_owned(), memory: Default::default() };
        self.services().store.open_conversation(scope, new, now).await
    }
}

/// From when on a person's events count.
fn lately(now: &Now) -> Timestamp {
    now.timestamp().checked_sub(LOOK_BACK).unwrap_or(Timestamp::MIN)
}

/// When something that cannot be said now is looked at again.
fn later(now: &Now) -> Timestamp {
    now.timestamp().checked_add(LATER).unwrap_or(Timestamp::MAX)
}

/// Whether the assistant has asked something and the customer may be about to answer.
fn is_asked(conversation: &Conversation, now: &Now) -> bool {
    let asks = !matches!(conversation.memory.pending, None | Some(Pending::Nudge { .. }));
    asks && now.timestamp().duration_since(conversation.updated_at) < REST
}

impl Ready<'_> {
    fn allowed(&self, standing: &Standing) -> Result<(), Held> {
        may_send(self.rule, &self.nudge.event, standing, &self.pack.proactive.brakes, self.now)
    }
}
