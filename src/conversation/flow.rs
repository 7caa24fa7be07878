//! How do matters of several steps go on while no message is answered? What the records show, what came of an action and
//! what the clock says moves them, and the customer hears of it in the same transaction.

use jiff::SignedDuration;
use serde_json::{Map, Value, json};

use super::Conversations;
use super::word::{HISTORY, Kind, Speech, Word};
use crate::actions::ActionState;
use crate::flows::{
    Flow, FlowMove, FlowProgress, FlowState, Happening, Seen, as_variable, next_look, progress,
};
use crate::identity::{ConversationId, StaffScope};
use crate::pack::flows::{DONE, FlowKind, REMIND, Step, StepKind, common_place_of, place_of};
use crate::pack::types::Pack;
use crate::record::RecordKind;
use crate::store::{DueFlow, FlowLeft, FlowStep, FlowWent, StoreError};
use crate::time::Now;
use crate::turn::retrieve::Source;
use crate::turn::types::{Fact, Goal, PastMessage};

/// How many flows are looked at in one go.
const AT_ONCE: u32 = 32;

/// While the customer is still owed a word of an action, its flow waits so long before it is looked at again.
const FOR_THE_WORD: SignedDuration = SignedDuration::from_secs(1);

/// What the records say of a flow's order.
#[derive(Clone)]
struct Known {
    facts: Vec<Fact>,
    variables: Value,
}

impl Conversations {
    /// Looks after the flows to which something may have happened. How many words were said.
    ///
    /// # Errors
    /// If the store does not answer. What was said until then is said.
    pub async fn go_on_with_flows(&self, staff: &StaffScope) -> Result<usize, StoreError> {
        let services = self.services();
        let now = services.clock.now();
        let (mut said, mut trouble) = (0, None);
        for due in services.store.due_flows(staff, AT_ONCE, &now).await? {
            if self.inner.bursts.is_running(&due.conversation.id) {
                continue;
            }
            match self.look_at(staff, &due, &now).await {
                Ok(FlowWent::Said(_)) => said += 1,
                Ok(FlowWent::Silently | FlowWent::Gone) => {}
                // One that cannot go on now must not keep the others waiting.
                Err(error) => trouble = Some(error),
            }
        }
        trouble.map_or(Ok(said), Err)
    }

    /// The flows of a conversation with how they stand, oldest first.
    ///
    /// # Errors
    /// If there is no such conversation, or the store does not answer.
    pub async fn progress_of_flows(
        &self,
        staff: &StaffScope,
        conversation: &ConversationId,
    ) -> Result<Vec<FlowProgress>, StoreError> {
        let services = self.services();
        let rules = services.rules.load();
        let flows = services.store.flows(staff, conversation).await?;
        let known = |flow: Flow| {
            let kind = rules.pack.flows.get(&flow.kind);
            FlowProgress::of(flow, kind)
        };
        Ok(flows.into_iter().map(known).collect())
    }

    async fn look_at(&self, staff: &StaffScope, due: &DueFlow, now: &Now) -> Result<FlowWent, StoreError> {
        let services = self.services();
        let rules = services.rules.load_full();
        let flow = &due.flow;
        let Some(kind) = rules.pack.flows.get(&flow.kind) else {
            return self.lose(staff, flow, now).await;
        };
        let known = self.known(due, kind, now).await?;
        let seen = Seen { kind, flow, variables: &known.variables, action: due.action, now };
        let happening = progress(&seen);
        let waits_for_word = due.word_owed && matches!(happening, Happening::StepDone(_));
        if matches!(happening, Happening::Nothing) || waits_for_word {
            let soon = waits_for_word.then(|| now.timestamp().checked_add(FOR_THE_WORD).ok()).flatten();
            let step = kind.step(&flow.step);
            let at = step.and_then(|step| next_look(step, flow.step_since, flow.reminded, now));
            services.store.look_again(&flow.id, flow.moves, soon.or(at), now).await?;
            return Ok(FlowWent::Silently);
        }
        let history = services
            .store
            .history(&due.conversation.owner_scope(), &due.conversation.id, None, HISTORY)
            .await?;
        let telling = Telling { pack: &rules.pack, kind, due, known: &known, history: &history, now };
        let step = self.step(&telling, happening).await?;
        services.store.go_on(staff, (flow, step), now).await
    }

    /// The pack knows the flow no more: it ends, and people see it so.
    async fn lose(&self, staff: &StaffScope, flow: &Flow, now: &Now) -> Result<FlowWent, StoreError> {
        tracing::warn!(flow.id = %flow.id, flow.kind = %flow.kind, "the pack has no such flow any more; it is left to people");
        let moved = FlowMove::of(flow).ended(FlowState::WithPeople);
        let step = FlowStep { moved, reminds: false, said: None, left: None };
        self.services().store.go_on(staff, (flow, step), now).await
    }

    /// What the customer's own records say of the order. Where they cannot be read nothing is known, and the clock goes on.
    async fn known(&self, due: &DueFlow, kind: &FlowKind, now: &Now) -> Result<Known, StoreError> {
        let scope = due.conversation.owner_scope();
        let own = self.services().source.own(&scope, &[RecordKind::Order, RecordKind::Aftersale]).await;
        let records = own.map_err(|error| StoreError::Other(error.to_string()))?.records;
        let order = due.flow.order.as_deref();
        let of_order = records
            .iter()
            .find(|record| record.kind == RecordKind::Order && Some(record.id.as_str()) == order);
        let case = records.iter().find(|record| {
            record.kind == RecordKind::Aftersale
                && record.text("order") == order
                && kind.aftersale.as_deref().is_none_or(|wanted| record.text("type") == Some(wanted))
        });
        let facts: Vec<Fact> = of_order.into_iter().chain(case).map(|record| Fact::of(record, now)).collect();
        let mut variables = Map::new();
        for fact in &facts {
            if let Some(shipment) = fact.fields.get("shipment") {
                variables.insert("shipment".to_owned(), shipment.clone());
            }
            variables.insert(fact.kind.as_str().to_owned(), fact.fields.clone());
        }
        variables.insert("flow".to_owned(), due.flow.as_variable(kind, now));
        Ok(Known { facts, variables: Value::Object(variables) })
    }

    /// The move for what has happened, with its words.
    async fn step(&self, telling: &Telling<'_>, happening: Happening<'_>) -> Result<FlowStep, StoreError> {
        let flow = &telling.due.flow;
        let moved = FlowMove::of(flow);
        let silent = |moved| FlowStep { moved, reminds: false, said: None, left: None };
        match happening {
            Happening::Nothing => Ok(silent(moved)),
            Happening::ActionEnded(_) => Ok(silent(moved.ended(FlowState::Cancelled))),
            Happening::ToRemind => {
                let Some(step) = telling.kind.step(&flow.step) else { return Ok(silent(moved)) };
                let look_at = next_look(step, flow.step_since, true, telling.now);
                let place = format!("{}.{REMIND}", place_of(&telling.kind.id, &step.id));
                let said = telling.said(&moved, Kind { places: vec![place], goal: step.goal() })?;
                Ok(FlowStep { moved: FlowMove { look_at, ..moved }, reminds: true, said, left: None })
            }
            Happening::StepDone(Some(step)) if !matches!(step.kind, StepKind::Does(_)) => {
                telling.enter(moved, step)
            }
            Happening::StepDone(None) => {
                let moved = moved.ended(FlowState::Done);
                let place = place_of(&telling.kind.id, DONE);
                // What ends with an action ends with the word of that action.
                let said = telling.said_if_any(&moved, Kind { places: vec![place], goal: Goal::Answer });
                Ok(FlowStep { moved, reminds: false, said, left: None })
            }
            Happening::Expired => {
                let moved = moved.ended(FlowState::Expired);
                let said = telling.said(&moved, telling.common("expired", Goal::Answer))?;
                Ok(FlowStep { moved, reminds: false, said, left: None })
            }
            Happening::Rejected => self.leave(telling, moved, "rejected").await,
            Happening::Late | Happening::StepDone(Some(_)) => self.leave(telling, moved, "late").await,
        }
    }

    /// A person goes on with it: a ticket, a promise with its time, and the word that says so.
    async fn leave(
        &self,
        telling: &Telling<'_>,
        moved: FlowMove,
        name: &str,
    ) -> Result<FlowStep, StoreError> {
        let services = self.services();
        let Telling { pack, kind, due, history, now, .. } = telling;
        let of_action = kind.first_action().and_then(|action| pack.actions.kinds.get(action));
        let promise = of_action
            .map(|action| action.promise.clone())
            .or_else(|| pack.promises.keys().next().cloned())
            .unwrap_or_default();
        let minutes = pack
            .promises
            .get(&promise)
            .map_or(services.promises.put_off_minutes, |promise| promise.within_business_minutes);
        let by = services.hours.due_in_business_minutes(now, minutes);
        let at = kind.step(&due.flow.step).map_or(due.flow.step.as_str(), |step| step.name.as_str());
        let why = format!("{}: {at} ({name})", kind.name);
        let ticket = self.task(&due.conversation, (history, &[]), (&promise, by, why)).await?;
        let moved = moved.ended(FlowState::WithPeople);
        let mut known = telling.known.clone();
        known.variables["commitment"] = json!({ "new_due": now.at(by).to_string() });
        let telling = Telling { known: &known, ..*telling };
        let said = telling.said(&moved, telling.common(name, Goal::Commit))?;
        let remind_before = services.promises.remind_before;
        let left = FlowLeft { ticket: Box::new(ticket), promise, due: by, remind_before };
        Ok(FlowStep { moved, reminds: false, said, left: Some(left) })
    }
}

/// What the words of a move are made from.
#[derive(Clone, Copy)]
struct Telling<'a> {
    pack: &'a Pack,
    kind: &'a FlowKind,
    due: &'a DueFlow,
    known: &'a Known,
    history: &'a [PastMessage],
    now: &'a Now,
}

type Told = (crate::turn::trace::SentenceTrace, crate::turn::trace::Trace);

impl Telling<'_> {
    fn common(&self, name: &str, goal: Goal) -> Kind {
        Kind { places: vec![place_of(&self.kind.id, name), common_place_of(name)], goal }
    }

    fn enter(&self, moved: FlowMove, step: &Step) -> Result<FlowStep, StoreError> {
        let moved = FlowMove {
            look_at: next_look(step, self.now.timestamp(), false, self.now),
            ..moved.at(&step.id)
        };
        let place = place_of(&self.kind.id, &step.id);
        let said = self.said(&moved, Kind { places: vec![place], goal: step.goal() })?;
        Ok(FlowStep { moved, reminds: false, said, left: None })
    }

    fn said(&self, moved: &FlowMove, kind: Kind) -> Result<Option<Told>, StoreError> {
        let places = kind.places.join(", ");
        self.said_if_any(moved, kind).map(Some).ok_or_else(|| {
            StoreError::Other(format!("nothing can be said of the flow {}: {places}", self.due.flow.id))
        })
    }

    fn said_if_any(&self, moved: &FlowMove, kind: Kind) -> Option<Told> {
        let mut refused = Vec::new();
        let speech = Speech {
            pack: self.pack,
            history: self.history,
            now: self.now,
            seed: self.due.flow.opened_at.as_millisecond().unsigned_abs(),
            variables: self.variables(moved),
            facts: self.known.facts.clone(),
            done: self.done(),
        };
        let word: Word = speech.say(&kind, &mut refused)?;
        Some(word.told(format!("the flow {} moves to {}", self.due.flow.id, moved.step)))
    }

    /// A ticket of a person stands behind what is said of one; a parcel or a refund behind what the records show.
    fn done(&self) -> Vec<String> {
        let at = &self.due.flow.step;
        let passed = self.kind.steps.iter().take_while(|step| step.id != *at);
        let ended = self.due.action == Some(ActionState::Done);
        let present = self.kind.step(at).filter(|_| ended);
        let done = passed.chain(present).filter_map(|step| match &step.kind {
            StepKind::Does(kind) => Some(format!("done:{kind}")),
            _ => None,
        });
        std::iter::once("ticket_opened".to_owned()).chain(done).collect()
    }

    fn variables(&self, moved: &FlowMove) -> Value {
        let mut variables = self.known.variables.clone();
        let at = (moved.step.as_str(), moved.since(self.now));
        variables["flow"] = as_variable(self.kind, &moved.answers, at, self.now);
        variables["shop"] = json!({ "name": self.pack.voice.shop });
        variables["assistant"] = json!({ "name": self.pack.voice.assistant });
        variables
    }
}
