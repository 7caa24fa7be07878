//! How are promises kept? At its time, or as soon as the result is there, the customer hears a word in the conversation:
//! the result, or an honest line with a new time, once; after that a lead has it.
//!
//! The word is approved wording that goes through the guard. It is said with its promise's move in one transaction. While
//! a turn of the conversation is being made it waits; where a person has the conversation the desk is told instead.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Conversations;
use super::ticket::{self, Case};
use super::word::{HISTORY, Kind, Speech, Word};
use crate::actions::{Action, ActionState, PromiseState, record_of};
use crate::desk::types::Priority;
use crate::identity::{MessageId, StaffScope};
use crate::pack::actions::{LEAD_REPLY, common_place, place};
use crate::pack::types::Pack;
use crate::record::RecordKind;
use crate::store::{
    Conversation, DuePromise, FollowUp, FollowUpStep, FollowedUp, NewTicket, Seen, StoreError,
};
use crate::time::Now;
use crate::turn::types::{
    Author, Fact, Facts, Goal, HandoffMode, HandoffPlan, HandoffReason, PastMessage, Reading, Refusal,
};

/// How many promises are looked at in one go.
const AT_ONCE: u32 = 32;

/// The finer reason of a lead's ticket.
const BROKEN: &str = "promise_broken";

impl Conversations {
    /// Looks after the promises whose time has come or is near. How many words were said.
    ///
    /// # Errors
    /// If the store does not answer. What was said until then is said.
    pub async fn keep_promises(&self, staff: &StaffScope) -> Result<usize, StoreError> {
        let services = self.services();
        let now = services.clock.now();
        let (mut said, mut trouble) = (0, None);
        for due in services.store.due_promises(staff, AT_ONCE, &now).await? {
            if self.inner.bursts.is_running(&due.conversation.id) {
                continue;
            }
            match self.keep(staff, &due, &now).await {
                Ok(FollowedUp::Said(message)) => {
                    tracing::info!(promise.id = %due.promise.id, message.id = %message, "a promised word was said");
                    said += 1;
                }
                Ok(FollowedUp::LeftToPerson | FollowedUp::Gone) => {}
                // One that cannot be kept now must not keep the others waiting.
                Err(error) => trouble = Some(error),
            }
        }
        trouble.map_or(Ok(said), Err)
    }

    /// Reminds whoever owes a promise, or says its word.
    async fn keep(&self, staff: &StaffScope, due: &DuePromise, now: &Now) -> Result<FollowedUp, StoreError> {
        if due.is_answered() || now.timestamp() >= due.promise.due {
            return self.follow_up(staff, due, now).await;
        }
        let seen = Seen::of(&due.promise);
        self.services().store.remind(staff, &due.promise.id, seen, now).await?;
        Ok(FollowedUp::Gone)
    }

    async fn follow_up(
        &self,
        staff: &StaffScope,
        due: &DuePromise,
        now: &Now,
    ) -> Result<FollowedUp, StoreError> {
        let services = self.services();
        let pack = &services.rules.load_full().pack;
        let scope = due.conversation.owner_scope();
        let history = services.store.history(&scope, &due.conversation.id, None, HISTORY).await?;
        let telling = Telling { pack, due, history: &history, now };
        let mut refused = Vec::new();
        if due.is_answered()
            && let Some(word) = telling.say(&telling.answer(), None, &mut refused)
        {
            let step = FollowUpStep::Keep;
            return services.store.follow_up(staff, self.made(due, word, step), now).await;
        }
        // The result cannot be said as it is, or there is none: a person has to see to it.
        let put_off = due.promise.state == PromiseState::Open;
        let by_lead = due.promise.kind == LEAD_REPLY;
        let new_due = (put_off || !by_lead)
            .then(|| services.hours.due_in_business_minutes(now, services.promises.put_off_minutes));
        let kind = if put_off { telling.late() } else { Kind::broken() };
        let Some(word) = telling.say(&kind, new_due, &mut refused) else {
            return Err(StoreError::Other(format!(
                "nothing can be said of the promise {}; the pack's `promise.late` and `promise.broken` need words without slots",
                due.promise.id
            )));
        };
        let ticket = Box::new(self.ticket(due, (&history, &refused), new_due, now).await?);
        let step = match (put_off, new_due) {
            (true, Some(due)) => FollowUpStep::PutOff { due, ticket },
            (_, new_due) => {
                FollowUpStep::Break { ticket, lead: new_due.map(|due| (LEAD_REPLY.to_owned(), due)) }
            }
        };
        services.store.follow_up(staff, self.made(due, word, step), now).await
    }

    fn made(&self, due: &DuePromise, word: Word, step: FollowUpStep) -> FollowUp {
        let why = format!("the promise {} of {} came due", due.promise.id, due.promise.kind);
        let (sentence, trace) = word.told(why);
        FollowUp {
            promise: due.promise.id.clone(),
            seen: Seen::of(&due.promise),
            step,
            sentence,
            trace,
            remind_before: self.services().promises.remind_before,
        }
    }

    /// The ticket of whoever has to see to a promise that was not kept: the person who owes it, more urgently, or a lead.
    async fn ticket(
        &self,
        due: &DuePromise,
        (history, refused): (&[PastMessage], &[Refusal]),
        new_due: Option<Timestamp>,
        now: &Now,
    ) -> Result<NewTicket, StoreError> {
        let services = self.services();
        let put_off = due.promise.state == PromiseState::Open;
        let detail = if put_off { &due.promise.kind } else { BROKEN };
        let answered = services.answer_within_business_minutes;
        let by = new_due.unwrap_or_else(|| services.hours.due_in_business_minutes(now, answered));
        let why = format!("the promise {} was not kept by its time", due.promise.kind);
        let task = self.task(&due.conversation, (history, refused), (detail, by, why)).await?;
        let priority = if put_off { Priority::High } else { Priority::Urgent };
        Ok(NewTicket { priority, ..task })
    }

    /// The ticket of a person who has to execute an action.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn task_of(&self, action: &Action, now: &Now) -> Result<NewTicket, StoreError> {
        let services = self.services();
        let staff = StaffScope { shop: action.shop.clone(), actor: action.requested_by.clone() };
        let conversation = services.store.conversation_for_staff(&staff, &action.conversation).await?;
        let history =
            services.store.history(&conversation.owner_scope(), &conversation.id, None, HISTORY).await?;
        let rules = services.rules.load();
        let kind = rules.pack.actions.kinds.get(&action.kind);
        let detail = kind.map_or(&action.kind, |kind| &kind.promise);
        let why = kind.map_or(action.kind.clone(), |kind| kind.task.clone());
        let by = action.due.max(now.timestamp());
        self.task(&conversation, (&history, &[]), (detail, by, why)).await
    }

    /// Work for a person that comes up while no message is answered.
    pub(super) async fn task(
        &self,
        conversation: &Conversation,
        (history, refused): (&[PastMessage], &[Refusal]),
        (detail, by, why): (&str, Timestamp, String),
    ) -> Result<NewTicket, StoreError> {
        let plan = HandoffPlan {
            reason: HandoffReason::ComplexAfterSale,
            detail: Some(detail.to_owned()),
            mode: HandoffMode::Async,
            why,
        };
        let asked = history.iter().rev().find(|message| message.author == Author::Customer);
        let reading =
            Reading { text: asked.map(|asked| asked.text.clone()).unwrap_or_default(), ..Reading::default() };
        let case = Case {
            scope: &conversation.owner_scope(),
            conversation: &conversation.id,
            history,
            message: &asked.map_or_else(MessageId::generate, |asked| asked.id.clone()),
            reading: &reading,
            facts: &Facts::default(),
            refused,
        };
        let note = ticket::note(self.services(), &case).await?;
        Ok(ticket::planned(&conversation.id, &plan, by, note))
    }
}

impl Kind {
    fn broken() -> Self {
        Self { places: vec!["promise.broken".to_owned()], goal: Goal::Handoff }
    }
}

/// What a word is made from.
struct Telling<'a> {
    pack: &'a Pack,
    due: &'a DuePromise,
    history: &'a [PastMessage],
    now: &'a Now,
}

impl Telling<'_> {
    /// The word for a promise whose result is there.
    fn answer(&self) -> Kind {
        let ended = self.due.action.as_ref().and_then(|action| {
            let moment = match action.state {
                ActionState::Done => "done",
                ActionState::Failed => "failed",
                ActionState::Cancelled => "cancelled",
                _ => return None,
            };
            Some(vec![place(&action.kind, moment), common_place(moment)])
        });
        let places = ended.unwrap_or_else(|| vec!["promise.done".to_owned()]);
        Kind { places, goal: Goal::Answer }
    }

    /// The word for a promise whose time has come without a result.
    fn late(&self) -> Kind {
        let of_action = self.due.action.as_ref();
        let mut places: Vec<String> = of_action
            .map(|action| vec![place(&action.kind, "overdue"), common_place("overdue")])
            .unwrap_or_default();
        places.push("promise.late".to_owned());
        Kind { places, goal: Goal::Commit }
    }

    /// The first wording of a kind that the guard lets out.
    fn say(&self, kind: &Kind, new_due: Option<Timestamp>, refused: &mut Vec<Refusal>) -> Option<Word> {
        let of_action = self.due.action.as_ref();
        let record = of_action.and_then(|action| record_of(&action.kind, action.by, action.state));
        let ticket = (kind.goal != Goal::Answer).then(|| "ticket_opened".to_owned());
        let speech = Speech {
            pack: self.pack,
            history: self.history,
            now: self.now,
            seed: self.due.promise.made_at.as_millisecond().unsigned_abs(),
            variables: self.variables(new_due),
            facts: self.facts(),
            done: record.into_iter().chain(ticket).collect(),
        };
        speech.say(kind, refused)
    }

    fn variables(&self, new_due: Option<Timestamp>) -> Value {
        let shown = |moment: Timestamp| self.now.at(moment).to_string();
        let mut commitment = json!({ "due": shown(self.due.promise.due), "kind": self.due.promise.kind });
        if let Some(new_due) = new_due {
            commitment["new_due"] = shown(new_due).into();
        }
        let mut variables = json!({
            "commitment": commitment,
            "shop": { "name": self.pack.voice.shop },
            "assistant": { "name": self.pack.voice.assistant },
        });
        if let Some(action) = &self.due.action {
            let name =
                self.pack.actions.kinds.get(&action.kind).map_or(action.kind.as_str(), |kind| &kind.name);
            variables["action"] = action.as_variable(name);
        }
        variables
    }

    /// What the word may rest on: the result as the shop's system or a person gave it.
    fn facts(&self) -> Vec<Fact> {
        self.due.action.iter().map(fact_of).collect()
    }
}

/// An action as evidence: what it was done with, and what came of it.
fn fact_of(action: &Action) -> Fact {
    let result = action.result.as_ref().and_then(|result| result.text.clone()).unwrap_or_default();
    Fact {
        id: format!("action:{}", action.id),
        kind: RecordKind::Order,
        title: String::new(),
        text: result,
        fields: Value::Object(action.args.clone()),
        score: 1.0,
        why: "what came of the action".to_owned(),
        policy: true,
    }
}
