//! What is said while a conversation waits for a person: at most one approved acknowledgement, never the model.
//!
//! A strong word or a danger named while waiting raises the ticket that is open; it never opens a second one.

use super::Answering;
use super::reply;
use super::types::ChatReply;
use super::voice::StoredVoice;
use crate::pack::types::Pack;
use crate::pack::wording::WordingRequest;
use crate::store::{Conversation, StoreError};
use crate::turn::generate::speak::backed_by_the_desk;
use crate::turn::guard::{self, Grounds, GuardContext};
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::{
    By, Draft, Emotion, Facts, Feedback, Goal, HandoffMode, HandoffPlan, Reading, Stage, Tier, TurnInput,
};
use crate::turn::{Outcome, Voice, VoiceError, decide, retrieve, understand};

/// The place of the wording that is said while waiting.
const PLACE: &str = "waiting";
/// The place of the wording for something the customer adds meanwhile.
const PLACE_ADDED: &str = "waiting.added";

impl Answering {
    /// Acknowledges a message that came while the conversation waits.
    pub(super) async fn acknowledge(&self, conversation: Conversation) -> Result<ChatReply, StoreError> {
        let services = &self.inner.services;
        let handoff = services.store.current_handoff(&self.message.scope, &conversation.id).await?;
        let input = self.input(conversation.clone(), self.message.text.clone()).await?;
        let rules = services.rules.load_full();
        let reading = understand::read(&input, &rules.pack, &rules.reader);
        let raised = decide::handoff_by_text(&rules.pack, &reading.text);
        let mut voice =
            StoredVoice::begin((services, &rules), &input, &self.appended.conversation, &self.sender).await?;
        voice.understand(&reading, &Facts::default());
        if let Some(plan) = raised.as_ref().filter(|plan| plan.mode == HandoffMode::Now) {
            // The store gives the ticket that is open, one step more urgent.
            voice.open(plan, &[]).await.map_err(|error| StoreError::Other(error.to_string()))?;
        }
        let draft = acknowledgement(&input, &rules.pack, place_for(&rules.pack, &reading, raised.as_ref()));
        let said = match draft {
            Some(draft) => self.say_vetted(&mut voice, &draft, &reading.emotion, &rules).await?,
            None => None,
        };
        let mut memory = conversation.memory.clone();
        memory.said.extend(said.as_ref().and_then(|(_, wording)| wording.clone()));
        let outcome = Outcome {
            memory,
            trace: Trace {
                question: reading.masked.clone(),
                sentences: said.into_iter().map(|(sentence, _)| sentence).collect(),
                notes: vec!["the conversation waits for a person".into()],
                emotion: serde_json::json!(reading.emotion),
                ..Trace::default()
            },
            emotion: reading.emotion,
            handoff,
            commitments: Vec::new(),
        };
        let message = voice.finish(&outcome).await?;
        let conversation = &conversation.id;
        let mut reply = reply::whole(conversation, message, outcome);
        if reply.sentences.is_empty() {
            reply.message.clear();
        }
        Ok(reply)
    }

    async fn say_vetted(
        &self,
        voice: &mut StoredVoice<'_>,
        draft: &Draft,
        emotion: &Emotion,
        rules: &crate::turn::Rules,
    ) -> Result<Option<(SentenceTrace, Option<String>)>, StoreError> {
        let backed = backed_by_the_desk(draft);
        let facts = Facts::default();
        let grounds = Grounds::new(&rules.pack, &self.message.text, &facts, &self.now);
        let context = GuardContext {
            grounds: &grounds,
            emotion,
            stage: Stage::Service,
            tier: Tier::Handoff,
            backed: &backed,
            done: &["ticket_opened".to_owned(), "handoff".to_owned()],
        };
        let Ok(vetted) = guard::vet(draft, &context) else {
            return Ok(None);
        };
        match voice.say(&vetted).await {
            Ok(()) => {}
            Err(VoiceError::TakenOver) => return Ok(None),
            Err(VoiceError::Store(reason)) => return Err(StoreError::Other(reason)),
        }
        let said = SentenceTrace {
            text: vetted.text().to_owned(),
            goal: vetted.goal(),
            by: vetted.by(),
            evidence: Vec::new(),
        };
        Ok(Some((said, draft.wording.clone())))
    }
}

/// Danger named while waiting is answered before anything else, in the words of its scenario. Somebody who asks where
/// the colleague stays hears of the queue; somebody who adds something hears that it is with the ticket.
fn place_for(pack: &Pack, reading: &Reading, raised: Option<&HandoffPlan>) -> (String, Goal) {
    if let Some(danger) = raised.and_then(|_| decide::dangerous_scenario(pack, reading)) {
        return (danger.id.clone(), Goal::Answer);
    }
    let asks = reading.feedback == Feedback::Prodded
        || raised.is_some()
        || reading
            .intents
            .iter()
            .any(|intent| ["presence_check", "person_request"].contains(&intent.intent.as_str()));
    (if asks { PLACE } else { PLACE_ADDED }.to_owned(), Goal::Handoff)
}

/// The next acknowledgement that was not said yet, with the true place in the queue.
fn acknowledgement(input: &TurnInput, pack: &Pack, (place, goal): (String, Goal)) -> Option<Draft> {
    let variables = retrieve::variables(&Facts::default(), input);
    let request = |place, goal| WordingRequest {
        place,
        goal,
        tier: Tier::Handoff,
        variables: &variables,
        said: &input.memory.said,
        now: &input.now,
        seed: 0,
    };
    let own = pack.wording.pick_own(&request(&place, goal)).map(|rendered| (rendered, goal));
    let queue =
        || pack.wording.pick(&request(PLACE, Goal::Handoff)).map(|rendered| (rendered, Goal::Handoff));
    let (rendered, goal) = own.or_else(queue)?;
    Some(Draft {
        text: rendered.text,
        goal,
        by: By::Wording,
        evidence: Vec::new(),
        wording: Some(rendered.id),
        slots: rendered.slots,
    })
}
