//! The voice of a turn: everything it says and opens is committed to the store first and heard second.

use tokio::sync::mpsc::UnboundedSender;

use super::Services;
use super::reply::store_trouble;
use super::ticket::{self, Case};
use super::types::TurnEvent;
use super::unclaimed::CALL_BACK;
use crate::desk::types::HandoffNote;
use crate::flows::{FlowMove, FlowState};
use crate::identity::MessageId;
use crate::pack::flows::{Asks, StepKind};
use crate::proactive::Person;
use crate::store::{
    Brought, Conversation, FinishedReply, NewAction, NewPromise, NewTicket, StoreError, Undertaken,
    Undertaking,
};
use crate::turn::decide;
use crate::turn::guard::Vetted;
use crate::turn::trace::SentenceTrace;
use crate::turn::types::{
    CommitmentPlan, Decision, Facts, Goal, Handoff, HandoffMode, HandoffPlan, HandoffReason, Reading,
    Refusal, TurnInput,
};
use crate::turn::{Backing, Outcome, Rules, Voice, VoiceError};

/// Speaks one reply of one conversation.
pub struct StoredVoice<'a> {
    services: &'a Services,
    /// The rules the turn started with.
    rules: &'a Rules,
    input: &'a TurnInput,
    conversation: &'a Conversation,
    events: &'a UnboundedSender<TurnEvent>,
    reply: MessageId,
    /// What the note of a ticket is made from.
    understood: (Reading, Facts),
    /// Moves of flows that are written once the reply is complete.
    flows: Vec<FlowMove>,
    /// Whether the question for a yes was let out.
    asked_for_yes: bool,
}

impl<'a> StoredVoice<'a> {
    /// Begins the reply in the store.
    pub async fn begin(
        (services, rules): (&'a Services, &'a Rules),
        input: &'a TurnInput,
        conversation: &'a Conversation,
        events: &'a UnboundedSender<TurnEvent>,
    ) -> Result<Self, StoreError> {
        let reply =
            services.store.begin_reply(&input.scope, &input.conversation, &input.message, &input.now).await?;
        Ok(Self {
            services,
            rules,
            input,
            conversation,
            events,
            reply,
            understood: (Reading::default(), Facts::default()),
            flows: Vec::new(),
            asked_for_yes: false,
        })
    }

    /// Notes what the message says and what the records say, for the notes of tickets.
    pub fn understand(&mut self, reading: &Reading, facts: &Facts) {
        self.understood = (reading.clone(), facts.clone());
    }

    /// Finishes the reply and keeps the conversation's memory. The id of the reply.
    pub async fn finish(self, outcome: &Outcome) -> Result<MessageId, StoreError> {
        let flows = self.flows.iter().filter(|moved| self.was_heard(moved)).cloned().collect();
        let finished = FinishedReply {
            flows,
            memory: outcome.memory.clone(),
            trace: outcome.trace.clone(),
            handoff: outcome.handoff.clone(),
            commitments: outcome.commitments.clone(),
        };
        self.services.store.finish_reply(&self.input.scope, &self.reply, finished, &self.input.now).await?;
        Ok(self.reply)
    }

    /// A yes counts only to a question that was heard.
    fn was_heard(&self, moved: &FlowMove) -> bool {
        let kind = self.rules.pack.flows.get(&moved.kind);
        let step = kind.and_then(|kind| kind.step(&moved.step));
        let asks_for_yes = step.is_some_and(|step| step.kind == StepKind::Asks(Asks::Confirm));
        !(moved.begins_step && moved.state == FlowState::Open && asks_for_yes) || self.asked_for_yes
    }

    /// What the person who takes over gets to know.
    fn case<'c>(&'c self, refused: &'c [Refusal]) -> Case<'c> {
        let (reading, facts) = &self.understood;
        Case {
            scope: &self.input.scope,
            conversation: &self.conversation.id,
            history: &self.input.history,
            message: &self.input.message,
            reading,
            facts,
            refused,
        }
    }

    async fn ticket(&self, plan: &HandoffPlan, refused: &[Refusal]) -> Result<Handoff, VoiceError> {
        let note = ticket::note(self.services, &self.case(refused)).await.map_err(store_trouble)?;
        let task = ticket::planned(&self.conversation.id, plan, self.input.desk.answer_due, note);
        let promises = self.call_back(plan, &task).into_iter().collect();
        let undertaken = self.undertake((Some(task), promises), Vec::new()).await?;
        let opened = undertaken.handoff.ok_or_else(|| VoiceError::Store("no ticket was opened".into()))?;
        Ok(ticket::handoff(plan, opened.id))
    }

    async fn undertake(
        &self,
        (handoff, promises): (Option<NewTicket>, Vec<NewPromise>),
        flows: Vec<FlowMove>,
    ) -> Result<Undertaken, VoiceError> {
        let undertaking = Undertaking {
            conversation: self.conversation.id.clone(),
            handoff,
            promises,
            flows,
            remind_before: self.services.promises.remind_before,
        };
        let store = &self.services.store;
        store.undertake(&self.input.scope, undertaking, &self.input.now).await.map_err(store_trouble)
    }

    /// What is only left because too many wait is owed by the time that is said.
    fn call_back(&self, plan: &HandoffPlan, task: &NewTicket) -> Option<NewPromise> {
        decide::is_put_off(plan, &self.input.desk).then(|| NewPromise {
            kind: CALL_BACK.to_owned(),
            due: task.due,
            brought: Brought::ByPerson,
            task: task.clone(),
        })
    }

    /// A promise with what brings its result. What a person owes is work with a ticket, while the assistant goes on.
    fn promise(&self, planned: &CommitmentPlan, decision: &Decision, note: &HandoffNote) -> NewPromise {
        let begun = planned
            .action
            .as_ref()
            .and_then(|identity| decision.actions.iter().find(|action| action.identity == *identity));
        let pack = &self.rules.pack;
        let of_action = begun.and_then(|action| pack.actions.kinds.get(&action.kind)).map(|kind| &kind.task);
        let task = of_action.or_else(|| pack.promises.get(&planned.kind).map(|kind| &kind.task));
        let plan = HandoffPlan {
            reason: HandoffReason::ComplexAfterSale,
            detail: Some(planned.kind.clone()),
            mode: HandoffMode::Async,
            why: task.unwrap_or(&planned.kind).clone(),
        };
        let brought = match (begun, &planned.action) {
            (Some(action), _) => Brought::ByNew(NewAction {
                kind: action.kind.clone(),
                args: action.args.clone(),
                identity: action.identity.clone(),
                confirmed: action.confirmed,
                by: action.by,
                due: action.due,
            }),
            (None, Some(identity)) => Brought::ByOpen(identity.clone()),
            (None, None) => Brought::ByPerson,
        };
        NewPromise {
            kind: planned.kind.clone(),
            due: planned.due,
            brought,
            task: ticket::planned(&self.conversation.id, &plan, planned.due, note.clone()),
        }
    }
}

impl StoredVoice<'_> {
    /// Whoever asks not to be sent offers any more is sent none from here on, before it is said so.
    async fn leave_alone(&self, decision: &Decision) -> Result<(), VoiceError> {
        let stopped_by = &self.rules.pack.proactive.stopped_by;
        let asks = stopped_by.contains(&decision.scenario.id);
        let Some(person) = Person::of(&self.input.scope).filter(|_| asks) else { return Ok(()) };
        let store = &self.services.store;
        store.refuse_nudges(&self.input.scope, &person, &self.input.now).await.map_err(store_trouble)
    }
}

impl Voice for StoredVoice<'_> {
    async fn back(
        &mut self,
        decision: &Decision,
        reading: &Reading,
        facts: &Facts,
    ) -> Result<Backing, VoiceError> {
        let _ = self.events.send(TurnEvent::Reading { scenario: decision.scenario.clone() });
        self.understand(reading, facts);
        self.leave_alone(decision).await?;
        let begins = |moved: &FlowMove| moved.action.is_some();
        let (begun, later) = decision.flows.iter().cloned().partition(begins);
        self.flows = later;
        if decision.handoff.is_none() && decision.commitments.is_empty() {
            // An action that is open already is only spoken of, and its flow moved with the reply.
            let begun: Vec<FlowMove> = begun;
            self.flows.extend(begun);
            return Ok(Backing::default());
        }
        let note = ticket::note(self.services, &self.case(&[])).await.map_err(store_trouble)?;
        let conversation = &self.conversation.id;
        let handoff = decision
            .handoff
            .as_ref()
            .map(|plan| ticket::planned(conversation, plan, self.input.desk.answer_due, note.clone()));
        let plan = decision.handoff.as_ref();
        let put_off = plan.zip(handoff.as_ref()).and_then(|(plan, task)| self.call_back(plan, task));
        let promises = decision.commitments.iter().map(|planned| self.promise(planned, decision, &note));
        let undertaken = self.undertake((handoff, promises.chain(put_off).collect()), begun).await?;
        Ok(Backing {
            handoff: plan.zip(undertaken.handoff).map(|(plan, opened)| ticket::handoff(plan, opened.id)),
            actions: undertaken.actions,
            commitments: undertaken.commitments,
        })
    }

    async fn say(&mut self, sentence: &Vetted) -> Result<(), VoiceError> {
        let said = SentenceTrace {
            text: sentence.text().to_owned(),
            goal: sentence.goal(),
            by: sentence.by(),
            evidence: sentence.evidence().to_vec(),
        };
        self.services
            .store
            .append_sentence(&self.input.scope, &self.reply, said.clone())
            .await
            .map_err(store_trouble)?;
        self.asked_for_yes |= said.goal == Goal::Confirm;
        let _ = self.events.send(TurnEvent::Sentence(said));
        Ok(())
    }

    async fn open(&mut self, plan: &HandoffPlan, refused: &[Refusal]) -> Result<Handoff, VoiceError> {
        self.ticket(plan, refused).await
    }

    fn announce(&mut self, handoff: &Handoff) {
        let _ = self.events.send(TurnEvent::Handoff(handoff.clone()));
    }

    fn is_heard(&self) -> bool {
        !self.events.is_closed()
    }
}
