//! What is said while a conversation waits for a person: approved acknowledgements and what a field answers, never the
//! model.
//!
//! A strong word or a danger named while waiting raises the ticket that is open; it never opens a second one.

use super::Answering;
use super::reply;
use super::types::ChatReply;
use super::voice::StoredVoice;
use crate::store::{Conversation, StoreError};
use crate::turn::decide::{Situation, Waited};
use crate::turn::generate::speak::backed_by_the_desk;
use crate::turn::guard::{self, GoalOrder, Grounds, GuardContext};
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::{Draft, Facts, HandoffMode, Memory, Reading, Refusal, Stage, Tier, TurnInput};
use crate::turn::{Outcome, Rules, Voice, VoiceError, decide, retrieve, understand};

/// What was said, with the ids of the wordings, and what was not let out.
#[derive(Debug, Default)]
struct Said {
    sentences: Vec<SentenceTrace>,
    wordings: Vec<String>,
    refused: Vec<Refusal>,
}

impl Answering {
    /// Answers a message that came while the conversation waits.
    pub(super) async fn acknowledge(&self, conversation: Conversation) -> Result<ChatReply, StoreError> {
        let services = &self.inner.services;
        let handoff = services.store.current_handoff(&self.message.scope, &conversation.id).await?;
        let input = self.input(conversation.clone(), self.message.text.clone()).await?;
        let rules = services.rules.load_full();
        let reading = understand::read(&input, &rules.pack, &rules.reader);
        let facts = self.facts(&input, &rules, &reading).await;
        let raised = decide::handoff_by_text(&rules.pack, &reading.text);
        let mut voice =
            StoredVoice::begin((services, &rules), &input, &self.appended.conversation, &self.sender).await?;
        voice.understand(&reading, &facts);
        if let Some(plan) = raised.as_ref().filter(|plan| plan.mode == HandoffMode::Now) {
            // The store gives the ticket that is open, one step more urgent.
            voice.open(plan, &[]).await.map_err(|error| StoreError::Other(error.to_string()))?;
        }
        let late = conversation.memory.announced.is_some_and(|until| until < self.now.timestamp());
        let situation = Situation {
            input: &input,
            reading: &reading,
            facts: &facts,
            pack: &rules.pack,
            hours: &services.hours,
        };
        let variables = retrieve::variables(&facts, &input);
        let waited = decide::while_waiting(situation, variables, raised.as_ref(), late);
        let mut said = Said::default();
        for line in &waited.lines {
            if !self.say_vetted(&mut voice, line, situation, &mut said).await? {
                break;
            }
        }
        let mut memory = conversation.memory.clone();
        if raised.as_ref().is_some_and(decide::is_danger) {
            memory.endanger();
        }
        let outcome = Outcome { handoff, ..outcome(memory, situation, &waited, said, late) };
        let message = voice.finish(&outcome).await?;
        if !outcome.trace.sentences.is_empty() {
            let told_ahead = waited.tells_queue.then_some(input.desk.ahead);
            services.store.heard_while_waiting(&conversation.id, told_ahead).await?;
        }
        let mut reply = reply::whole(&conversation.id, message, outcome);
        if reply.sentences.is_empty() {
            reply.message.clear();
        }
        Ok(reply)
    }

    /// What the records say; without them the wait is spoken of all the same.
    async fn facts(&self, input: &TurnInput, rules: &Rules, reading: &Reading) -> Facts {
        let services = &self.inner.services;
        let wanted = decide::wanted(&rules.pack, reading, input);
        let gathered = retrieve::gather(&services.source, &services.knowledge, reading, input, &wanted).await;
        gathered.unwrap_or_else(|error| {
            tracing::warn!(conversation.id = %input.conversation, %error, "facts cannot be read for somebody who waits");
            Facts::default()
        })
    }

    /// Whether the line was let out.
    async fn say_vetted(
        &self,
        voice: &mut StoredVoice<'_>,
        draft: &Draft,
        situation: Situation<'_>,
        said: &mut Said,
    ) -> Result<bool, StoreError> {
        let Situation { reading, facts, pack, .. } = situation;
        let backed = backed_by_the_desk(draft);
        let standing = situation.input.standing.records(&situation.input.conversation);
        let tickets = ["ticket_opened".to_owned(), "handoff".to_owned()];
        let done: Vec<String> = tickets.into_iter().chain(standing).collect();
        let grounds = Grounds::new(pack, &reading.question, facts, &self.now);
        let context = GuardContext {
            grounds: &grounds,
            emotion: &reading.emotion,
            stage: Stage::Service,
            tier: Tier::Handoff,
            backed: &backed,
            done: &done,
            order: GoalOrder::default(),
        };
        let vetted = match guard::vet(draft, &context) {
            Ok(vetted) => vetted,
            Err(refusal) => {
                said.refused.push(refusal);
                return Ok(false);
            }
        };
        match voice.say(&vetted).await {
            Ok(()) => {}
            Err(VoiceError::TakenOver) => return Ok(false),
            Err(VoiceError::Store(reason)) => return Err(StoreError::Other(reason)),
        }
        said.sentences.push(SentenceTrace {
            text: vetted.text().to_owned(),
            goal: vetted.goal(),
            by: vetted.by(),
            evidence: vetted.evidence().to_vec(),
        });
        said.wordings.extend(draft.wording.clone());
        Ok(true)
    }
}

/// What the conversation remembers and the trace tells of a message of somebody who waits.
fn outcome(
    mut memory: Memory,
    situation: Situation<'_>,
    waited: &Waited<'_>,
    said: Said,
    late: bool,
) -> Outcome {
    let Situation { input, reading, .. } = situation;
    memory.feel(reading.emotion.label, reading.emotion.intensity);
    let mut tier_why = Vec::new();
    if late {
        memory.waited(decide::announced(input));
        tier_why.push("+1 waiting beyond what was announced".to_owned());
    }
    memory.said.extend(said.wordings);
    Outcome {
        memory,
        trace: Trace {
            question: reading.masked.clone(),
            scenario: Some(decide::matched(waited.chosen.scenario, waited.chosen.confidence)),
            sentences: said.sentences,
            refused: said.refused,
            tier: Tier::Handoff,
            tier_why,
            notes: vec!["the conversation waits for a person".into()],
            intents: serde_json::json!(reading.intents),
            emotion: serde_json::json!(reading.emotion),
            ..Trace::default()
        },
        emotion: reading.emotion.clone(),
        handoff: None,
        commitments: Vec::new(),
    }
}
