//! What happens while nobody takes a conversation that was handed over? The customer hears how the wait stands, the group is
//! reminded, a lead is called, and what nobody took by the end of the day becomes a message with an honest time.
//!
//! Which step is due is `desk/wait.rs`; this lane makes its word, approved wording through the guard, and has the store write both
//! in one transaction. While a turn of the conversation is being made it waits.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::desk::shown;
use super::word::{HISTORY, Kind, Speech};
use super::{Conversations, Services};
use crate::desk::types::{Escalation, TicketStatus};
use crate::desk::wait::{Heard, NextLook, WaitStep, due};
use crate::identity::StaffScope;
use crate::pack::types::Pack;
use crate::store::{DueWait, Owed, StoreError, WaitDone, WaitMove, WaitWent};
use crate::time::Now;
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::{Author, DeskStatus, Goal, PastMessage};

/// How many waits are looked at in one go.
const AT_ONCE: u32 = 32;

/// How many steps of one wait may be due at once: after a stop all of them.
const STEPS: usize = 8;

/// The kind of promise that a call-back is.
pub(super) const CALL_BACK: &str = "callback";

impl Conversations {
    /// Looks after the conversations that nobody has taken, brings back what was put off until now, and takes from agents who are
    /// gone what their customers wait for. How many words were said.
    ///
    /// # Errors
    /// If the store does not answer. What was said until then is said.
    pub async fn look_after_waits(&self, staff: &StaffScope) -> Result<usize, StoreError> {
        let services = self.services();
        services.store.wake_snoozed(staff, &services.clock.now()).await?;
        let (mut said, mut trouble) = (self.take_from_the_gone(staff).await?, None);
        for _ in 0..STEPS {
            let now = services.clock.now();
            let mut moved = 0;
            for seen in services.store.due_waits(staff, AT_ONCE, &now).await? {
                if self.inner.bursts.is_running(&seen.conversation.id) {
                    continue;
                }
                match self.look_at_wait(staff, &seen, &now).await {
                    Ok(Some(went)) => {
                        moved += 1;
                        said += usize::from(matches!(went, WaitWent::Said(_)));
                    }
                    Ok(None) => {}
                    // One that cannot be looked after now must not keep the others waiting.
                    Err(error) => trouble = Some(error),
                }
            }
            if moved == 0 {
                break;
            }
        }
        trouble.map_or(Ok(said), Err)
    }

    /// What became of the step that was due; none if nothing was.
    async fn look_at_wait(
        &self,
        staff: &StaffScope,
        seen: &DueWait,
        now: &Now,
    ) -> Result<Option<WaitWent>, StoreError> {
        let services = self.services();
        if seen.ticket.status != TicketStatus::Open {
            services.store.look_at_wait(seen, NextLook::default()).await?;
            return Ok(None);
        }
        let scope = seen.conversation.owner_scope();
        let history = services.store.history(&scope, &seen.conversation.id, None, HISTORY).await?;
        let ours = history.iter().rev().find(|message| message.author != Author::Customer);
        let desk = services.desk(staff, Some(&seen.conversation.id), now).await?;
        let heard = Heard {
            last_word: ours.map(|message| message.at),
            announced: seen.conversation.memory.announced,
            ahead: desk.ahead,
        };
        let step = match due(&seen.wait, heard, (&services.desk.wait, &services.hours), now.timestamp()) {
            Ok(step) => step,
            Err(next) => {
                services.store.look_at_wait(seen, next).await?;
                return Ok(None);
            }
        };
        let look = Look { conversations: self, staff, seen, history: &history, desk: &desk, now };
        let step = look.made(step).await?;
        services.store.move_wait(staff, seen, step, now).await.map(Some)
    }

    /// The call-back that would be promised now: by the time of its kind in the pack, or by that of a message at the desk.
    fn call_back(&self, now: &Now) -> Owed {
        let services = self.services();
        let rules = services.rules.load();
        let kind = rules.pack.promises.get(CALL_BACK);
        let minutes =
            kind.map_or(services.answer_within_business_minutes, |kind| kind.within_business_minutes);
        Owed {
            kind: CALL_BACK.to_owned(),
            due: services.hours.due_in_business_minutes(now, minutes),
            remind_before: services.promises.remind_before,
        }
    }
}

type Told = (SentenceTrace, Trace);

/// One look at one wait.
struct Look<'a> {
    conversations: &'a Conversations,
    staff: &'a StaffScope,
    seen: &'a DueWait,
    history: &'a [PastMessage],
    desk: &'a DeskStatus,
    now: &'a Now,
}

impl Look<'_> {
    fn services(&self) -> &Services {
        self.conversations.services()
    }

    /// The step with its word.
    async fn made(&self, step: WaitStep) -> Result<WaitMove, StoreError> {
        let silently = |done| Ok(WaitMove { done, said: None, told_ahead: None });
        match step {
            // How many are ahead is what the line of the handoff has told or what holds from it on.
            WaitStep::Begin => {
                Ok(WaitMove { done: self.begun(), said: None, told_ahead: Some(self.desk.ahead) })
            }
            WaitStep::RemindGroup => silently(WaitDone::Escalated(Escalation::Group)),
            WaitStep::CallLead => silently(WaitDone::Escalated(Escalation::Lead)),
            WaitStep::Update => Ok(self.telling(WaitDone::Updated, self.update())),
            WaitStep::MovedUp => Ok(self.telling(WaitDone::MovedUp, self.update())),
            WaitStep::OfferCallBack => self.offer().await,
            WaitStep::Leave { is_told: true } => {
                let due = self.seen.ticket.due.max(self.now.timestamp());
                silently(WaitDone::Left(Some(Owed { due, ..self.conversations.call_back(self.now) })))
            }
            WaitStep::Leave { is_told: false } => self.leave().await,
        }
    }

    /// A step after which the customer knows how many are ahead.
    fn telling(&self, done: WaitDone, said: Option<Told>) -> WaitMove {
        WaitMove { done, said, told_ahead: Some(self.desk.ahead) }
    }

    fn begun(&self) -> WaitDone {
        let desk = &self.services().desk;
        let days = SignedDuration::from_hours(24 * i64::from(desk.reopen_days));
        let now = self.now.timestamp();
        let reopens_since = now.saturating_sub(days).unwrap_or(now);
        WaitDone::Begun { assignment: desk.assignment, reopens_since, high_value: desk.high_value }
    }

    /// How the wait stands; nothing if that would only repeat the last word.
    fn update(&self) -> Option<Told> {
        let said = self.word(&kind("waiting.update", Goal::Handoff), None);
        let last = self.history.iter().rev().find(|message| message.author == Author::Assistant);
        said.filter(|(sentence, _)| !last.is_some_and(|last| last.text.contains(&sentence.text)))
    }

    /// It takes longer than was announced: an apology, and a call-back by a time. Who is owed one already hears of that.
    async fn offer(&self) -> Result<WaitMove, StoreError> {
        let new = self.conversations.call_back(self.now);
        let due = self.owed().await?.filter(|due| *due > self.now.timestamp()).unwrap_or(new.due);
        let said = Some(self.promise("waiting.late", due)?);
        Ok(self.telling(WaitDone::OfferedCallBack(Owed { due, ..new }), said))
    }

    /// Nobody takes it today any more: it is a message, and is answered by a time of the next business day. Who is owed a
    /// call-back has heard its time.
    async fn leave(&self) -> Result<WaitMove, StoreError> {
        if self.owed().await?.is_some() {
            return Ok(WaitMove { done: WaitDone::Left(None), said: None, told_ahead: None });
        }
        let services = self.services();
        let closes = services.hours.closes_at(self.now.timestamp()).unwrap_or(self.now.timestamp());
        let closed = Now::new(closes, self.now.zoned().time_zone().clone());
        let due = services.hours.due_in_business_minutes(&closed, services.answer_within_business_minutes);
        let said = Some(self.promise("waiting.left", due)?);
        let owed = Owed { due, ..self.conversations.call_back(self.now) };
        Ok(WaitMove { done: WaitDone::Left(Some(owed)), said, told_ahead: None })
    }

    /// By when a call-back is owed already.
    async fn owed(&self) -> Result<Option<Timestamp>, StoreError> {
        let promises = self.services().store.promises(self.staff, &self.seen.conversation.id).await?;
        let open = promises.iter().find(|promise| promise.kind == CALL_BACK && promise.state.is_open());
        Ok(open.map(|promise| promise.due))
    }

    /// A word that names the time by which the customer hears from a person. Without it nothing is promised.
    fn promise(&self, place: &str, due: Timestamp) -> Result<Told, StoreError> {
        let commitment = json!({ "due": self.now.at(due).to_string(), "kind": CALL_BACK });
        let said = self.word(&kind(place, Goal::Commit), Some(commitment));
        said.ok_or_else(|| {
            StoreError::Other(format!(
                "nothing can be said of a wait; the pack's `{place}` needs a word for `commit`"
            ))
        })
    }

    fn word(&self, kind: &Kind, commitment: Option<Value>) -> Option<Told> {
        let rules = self.services().rules.load_full();
        let speech = Speech {
            pack: &rules.pack,
            history: self.history,
            now: self.now,
            seed: u64::from(self.seen.wait.steps) + self.seen.wait.since.as_millisecond().unsigned_abs(),
            variables: variables(&rules.pack, self.desk, commitment, self.now),
            facts: Vec::new(),
            done: vec!["ticket_opened".to_owned(), "handoff".to_owned()],
        };
        let word = speech.say(kind, &mut Vec::new());
        word.map(|word| word.told(format!("nobody has taken the ticket {}", self.seen.ticket.id)))
    }
}

fn kind(place: &str, goal: Goal) -> Kind {
    Kind { places: vec![place.to_owned()], goal }
}

fn variables(pack: &Pack, desk: &DeskStatus, commitment: Option<Value>, now: &Now) -> Value {
    let mut variables = json!({
        "desk": shown(desk, now),
        "shop": { "name": pack.voice.shop },
        "assistant": { "name": pack.voice.assistant },
    });
    if let Some(commitment) = commitment {
        variables["commitment"] = commitment;
    }
    variables
}
