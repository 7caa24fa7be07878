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
use crate::turn::guard::{self, GoalOrder, Grounds, GuardContext};
use crate::turn::trace::{SentenceTrace, Trace};
use crate::turn::types::{
    By, Draft, Emotion, Facts, Feedback, Goal, HandoffMode, HandoffPlan, HandoffReason, Reading, Stage, Tier,
    TurnInput,
};
use crate::turn::{Outcome, Voice, VoiceError, decide, retrieve, understand};

/// The place of the wording that is said while waiting.
const PLACE: &str = "waiting";
/// The place of the wording for a wait that has become longer than was announced.
const PLACE_LATE: &str = "waiting.late";
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
        let late = conversation.memory.announced.is_some_and(|until| until < self.now.timestamp());
        let place = place_for(&rules.pack, &reading, raised.as_ref(), late);
        let draft = acknowledgement(&input, &rules.pack, place);
        let said = match draft {
            Some(draft) => self.say_vetted(&mut voice, &draft, &reading.emotion, &rules).await?,
            None => None,
        };
        let mut memory = conversation.memory.clone();
        if raised.as_ref().is_some_and(decide::is_danger) {
            memory.endanger();
        }
        memory.feel(reading.emotion.label, reading.emotion.intensity);
        let mut tier_why = Vec::new();
        if late {
            memory.waited(decide::announced(&input));
            tier_why.push("+1 waiting beyond what was announced".to_owned());
        }
        memory.said.extend(said.as_ref().and_then(|(_, wording)| wording.clone()));
        let outcome = Outcome {
            memory,
            trace: Trace {
                question: reading.masked.clone(),
                sentences: said.into_iter().map(|(sentence, _)| sentence).collect(),
                tier: Tier::Handoff,
                tier_why,
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
            order: GoalOrder::default(),
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
/// the colleague stays hears of the queue, and that it takes longer if it does; somebody who adds something hears that
/// it is with the ticket.
fn place_for(pack: &Pack, reading: &Reading, raised: Option<&HandoffPlan>, late: bool) -> (String, Goal) {
    if let Some(danger) = raised.and_then(|_| decide::dangerous_scenario(pack, reading)) {
        return (danger.id.clone(), Goal::Answer);
    }
    // A strong word is answered as one: the ticket it raises is what the approved line of its reason speaks of.
    if let Some(plan) =
        raised.filter(|plan| plan.mode == HandoffMode::Now && plan.reason == HandoffReason::StrongWords)
    {
        return (format!("handoff.{}", decide::reason_name(plan.reason)), Goal::Handoff);
    }
    let asks = reading.feedback == Feedback::Prodded
        || raised.is_some()
        || reading
            .intents
            .iter()
            .any(|intent| ["presence_check", "person_request"].contains(&intent.intent.as_str()));
    let place = match (late, asks) {
        (true, _) => PLACE_LATE,
        (false, true) => PLACE,
        (false, false) => PLACE_ADDED,
    };
    (place.to_owned(), Goal::Handoff)
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
