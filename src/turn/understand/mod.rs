//! What did the customer say: normalised text, resolved question, intent, emotion, entities. Pure; text only.
//!
//! [`read`] goes through the steps in order. [`Reader`] holds what is prepared once for a pack.

pub mod normalise;
pub mod private;
pub mod dates;
pub mod entities;
pub mod clauses;
pub mod lists;
pub mod feedback;
pub mod resolve;
pub mod calibration;
pub mod groups;
pub mod intents;
pub mod emotion;
mod tone;
#[cfg(test)]
pub(crate) mod tests;

use emotion::EmotionReader;
use feedback::FeedbackWords;
use intents::IntentIndex;
use resolve::{Resolved, resolve};

use jiff::{Timestamp, tz::TimeZone};

use super::types::{Feedback, IntentMatch, Reading, TurnInput};
use crate::pack::types::Pack;
use crate::time::Now;

/// How much of its confidence a reading keeps that only says the conversation goes on with the intent before.
const GOES_ON: f32 = 0.6;

/// A pack's examples and words, prepared for reading. It belongs to one pack: a changed pack gets a new one.
#[derive(Debug)]
pub struct Reader {
    intents: IntentIndex,
    emotions: EmotionReader,
    feedback: FeedbackWords,
}

impl Reader {
    /// Prepares a pack. It takes a moment, so it is done once and kept.
    pub fn new(pack: &Pack) -> Self {
        // The fixed expressions are compiled here, so that the first customer does not wait for them.
        resolve::prepare();
        let _ = entities::find(
            "11月16日3点 2件 90码 F6033-UD3(HE) 299元 a@b.cn",
            &Now::new(Timestamp::UNIX_EPOCH, TimeZone::UTC),
        );
        Self {
            intents: IntentIndex::new(pack),
            emotions: EmotionReader::new(&pack.emotions),
            feedback: FeedbackWords::new(&pack.emotions),
        }
    }
}

/// Reads a message.
pub fn read(input: &TurnInput, pack: &Pack, reader: &Reader) -> Reading {
    let message = normalise::normalise(&input.text);
    let folded = message.text.to_lowercase();
    let feedback = reader.feedback.read(&folded, input);
    let entities = entities::find(&message.text, &input.now);
    let resolved = resolve(&message.text, input, feedback, &entities, &reader.feedback);
    let emotion = reader.emotions.read(&message, &input.memory, feedback);
    let intents = intents(&message.text, &resolved, feedback, input, reader);
    let masked = private::mask(&resolved.question, !pack.language.starts_with("en"));
    Reading {
        text: message.text,
        question: resolved.question,
        masked,
        intents,
        emotion,
        entities,
        feedback,
        vector: None,
    }
}

/// The intents of the whole question. What is only a reaction to the answer before keeps the question's intents.
fn intents(
    text: &str,
    resolved: &Resolved,
    feedback: Feedback,
    input: &TurnInput,
    reader: &Reader,
) -> Vec<IntentMatch> {
    let mut found = reader.intents.read(&resolved.question);
    let reaction = matches!(feedback, Feedback::Negated | Feedback::Prodded);
    if found.is_empty() && (resolved.continues || reaction) {
        found.extend(input.memory.intent.iter().map(|intent| IntentMatch {
            intent: intent.clone(),
            confidence: GOES_ON,
            why: "goes on with the question before".into(),
        }));
    }
    if resolved.question == text {
        return found;
    }
    // What the fragment says by itself comes after what it means here.
    let last = found.last().map_or(1.0, |last| last.confidence);
    for own in reader.intents.read(text) {
        if !found.iter().any(|known| known.intent == own.intent) {
            found.push(IntentMatch { confidence: own.confidence.min(last), ..own });
        }
    }
    found
}
