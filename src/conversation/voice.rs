//! The voice of a turn: everything it says and opens is committed to the store first and heard second.

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

use super::Services;
use super::reply::store_trouble;
use super::ticket::{self, Case};
use super::types::TurnEvent;
use crate::identity::MessageId;
use crate::store::{Conversation, FinishedReply, StoreError};
use crate::turn::guard::Vetted;
use crate::turn::trace::SentenceTrace;
use crate::turn::types::{
    Commitment, Decision, Facts, Handoff, HandoffMode, HandoffPlan, HandoffReason, Reading, Refusal,
    TurnInput,
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
        })
    }

    /// Notes what the message says and what the records say, for the notes of tickets.
    pub fn understand(&mut self, reading: &Reading, facts: &Facts) {
        self.understood = (reading.clone(), facts.clone());
    }

    /// Finishes the reply and keeps the conversation's memory. The id of the reply.
    pub async fn finish(self, outcome: &Outcome) -> Result<MessageId, StoreError> {
        let finished = FinishedReply {
            memory: outcome.memory.clone(),
            trace: outcome.trace.clone(),
            handoff: outcome.handoff.clone(),
            commitments: outcome.commitments.clone(),
        };
        self.services.store.finish_reply(&self.input.scope, &self.reply, finished, &self.input.now).await?;
        Ok(self.reply)
    }

    async fn ticket(
        &self,
        plan: &HandoffPlan,
        due: Timestamp,
        refused: &[Refusal],
    ) -> Result<Handoff, VoiceError> {
        let (reading, facts) = &self.understood;
        let case = Case {
            scope: &self.input.scope,
            conversation: &self.conversation.id,
            history: &self.input.history,
            message: &self.input.message,
            reading,
            facts,
            refused,
        };
        ticket::open(self.services, case, plan, due, &self.input.now).await.map_err(store_trouble)
    }

    /// A promise without a handoff is work for a person all the same: a ticket with its due time, while the
    /// assistant goes on.
    async fn promise(&self, decision: &Decision) -> Result<Vec<Commitment>, VoiceError> {
        let mut commitments = Vec::new();
        for planned in &decision.commitments {
            let task = self.rules.pack.promises.get(&planned.kind).map(|kind| kind.task.clone());
            let plan = HandoffPlan {
                reason: HandoffReason::ComplexAfterSale,
                detail: Some(planned.kind.clone()),
                mode: HandoffMode::Async,
                why: task.unwrap_or_else(|| planned.kind.clone()),
            };
            let handoff = self.ticket(&plan, planned.due, &[]).await?;
            commitments.push(Commitment {
                kind: planned.kind.clone(),
                due: planned.due,
                backed_by: handoff.ticket,
            });
        }
        Ok(commitments)
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
        let handoff = match &decision.handoff {
            Some(plan) => Some(self.ticket(plan, self.input.desk.answer_due, &[]).await?),
            None => None,
        };
        let commitments = match &handoff {
            Some(handoff) => decision
                .commitments
                .iter()
                .map(|planned| Commitment {
                    kind: planned.kind.clone(),
                    due: planned.due,
                    backed_by: handoff.ticket.clone(),
                })
                .collect(),
            None => self.promise(decision).await?,
        };
        Ok(Backing { handoff, commitments })
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
        let _ = self.events.send(TurnEvent::Sentence(said));
        Ok(())
    }

    async fn open(&mut self, plan: &HandoffPlan, refused: &[Refusal]) -> Result<Handoff, VoiceError> {
        self.ticket(plan, self.input.desk.answer_due, refused).await
    }

    fn announce(&mut self, handoff: &Handoff) {
        let _ = self.events.send(TurnEvent::Handoff(handoff.clone()));
    }

    fn is_heard(&self) -> bool {
        !self.events.is_closed()
    }
}
