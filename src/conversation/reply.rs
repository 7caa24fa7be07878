//! How a reply looks to the doors.

use crate::identity::{ConversationId, MessageId, StaffScope};
use crate::store::{Appended, Conversation, StoreError};
use crate::turn::{Outcome, VoiceError};

use super::types::{ChatReply, EmotionSummary, GuardSummary};

/// No reply: a person has the conversation, or a later message took this one over.
pub fn empty(conversation: &ConversationId) -> ChatReply {
    ChatReply { conversation: conversation.to_string(), ..ChatReply::default() }
}

/// The reply of a finished turn.
pub fn whole(conversation: &ConversationId, message: MessageId, outcome: Outcome) -> ChatReply {
    let trace = outcome.trace;
    let reply: Vec<&str> = trace.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    ChatReply {
        conversation: conversation.to_string(),
        message: message.to_string(),
        reply: reply.join("\n"),
        sentences: trace.sentences.clone(),
        scenario: trace.scenario,
        emotion: Some(EmotionSummary {
            label: outcome.emotion.label,
            intensity: outcome.emotion.intensity,
            trend: outcome.emotion.trend,
            also: outcome.emotion.also,
        }),
        tier: Some(trace.tier),
        evidence: trace.evidence,
        handoff: outcome.handoff,
        commitments: outcome.commitments,
        choices: trace.choices,
        guard: Some(GuardSummary { refused: trace.refused }),
        superseded_by: None,
        timing: Some(trace.timing),
    }
}

/// The answer to a message that was sent before: what was said then.
pub fn repeated(appended: &Appended) -> ChatReply {
    let mut reply = empty(&appended.conversation.id);
    reply.superseded_by = appended.superseded_by.as_ref().map(ToString::to_string);
    if let Some(stored) = &appended.reply {
        reply.message = stored.id.to_string();
        reply.reply.clone_from(&stored.text);
        reply.sentences.clone_from(&stored.sentences);
        reply.handoff.clone_from(&stored.handoff);
        reply.commitments.clone_from(&stored.commitments);
        if let Some(trace) = &stored.trace {
            reply.scenario.clone_from(&trace.scenario);
            reply.tier = Some(trace.tier);
            reply.choices.clone_from(&trace.choices);
            reply.evidence.clone_from(&trace.evidence);
            reply.guard = Some(GuardSummary { refused: trace.refused.clone() });
            reply.timing = Some(trace.timing.clone());
        }
    }
    reply
}

/// The scope in which the assistant itself looks after a conversation.
pub fn on_behalf_of(conversation: &Conversation) -> StaffScope {
    StaffScope { shop: conversation.shop.clone(), actor: "assistant".to_owned() }
}

/// A conflict while speaking means that a person has taken over; everything else is trouble.
pub fn store_trouble(error: StoreError) -> VoiceError {
    match error {
        StoreError::Conflict(_) => VoiceError::TakenOver,
        other => VoiceError::Store(other.to_string()),
    }
}
