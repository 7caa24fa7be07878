//! What did the customer say: normalised text, resolved question, intent, emotion, entities. Pure; text only.
//!
//! [`read`] goes through the steps in order. [`Reader`] holds what is prepared once for a pack.

pub mod normalise;
pub mod private;
pub mod claim;
pub mod dates;
pub mod entities;
pub mod clauses;
pub mod lists;
pub mod feedback;
pub mod resolve;
mod several;
pub mod groups;
pub mod around;
pub mod nearest;
pub mod heads;
mod material;
pub mod meant;
mod offered;
mod pick;
mod sense;
mod stage;
pub mod intents;
pub mod emotion;
mod tone;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use around::Around;
use emotion::EmotionReader;
use feedback::FeedbackWords;
use intents::{IntentReader, Understood};
pub use material::LabelledExample;
use material::Material;
use meant::Meant;
use resolve::{Resolved, resolve};

use jiff::{Timestamp, tz::TimeZone};

use super::types::{Feedback, IntentMatch, Reading, TurnInput};
use crate::classifier::{DenseHeads, understanding_heads};
use crate::model::Vector;
use crate::pack::types::Pack;
use crate::time::Now;

/// How much of its confidence a reading keeps that only says the conversation goes on with the intent before.
const GOES_ON: f32 = 0.6;

/// A question made whole leads unless the fragment by itself is this much surer.
const SURER: f32 = 0.8;

/// A pack's examples and words, prepared for reading. It belongs to one pack: a changed pack gets a new one.
#[derive(Debug)]
pub struct Reader {
    intents: Arc<IntentReader>,
    emotions: EmotionReader,
    feedback: FeedbackWords,
    /// What vectors are read by.
    heads: Option<Arc<DenseHeads>>,
}

impl Reader {
    /// Prepares a pack. It takes a moment, so it is done once and kept.
    pub fn new(pack: &Pack) -> Self {
        // The fixed expressions are compiled here, so that the first customer does not wait for them.
        resolve::prepare();
        stage::prepare();
        offered::prepare();
        pick::prepare();
        several::prepare();
        let _ = entities::find(
            "11月16日3点 2件 90码 F6033-UD3(HE) 299元 a@b.cn",
            &Now::new(Timestamp::UNIX_EPOCH, TimeZone::UTC),
        );
        Self {
            intents: IntentReader::of(pack),
            emotions: EmotionReader::new(&pack.emotions),
            feedback: FeedbackWords::new(&pack.emotions),
            heads: understanding_heads(),
        }
    }
}

impl Reader {
    /// Reads vectors by these heads instead of those that come with the program.
    #[must_use]
    pub fn with_heads(self, heads: Arc<DenseHeads>) -> Self {
        Self { heads: Some(heads), ..self }
    }

    /// Whether a message is nothing but an acceptance: "好的".
    pub fn accepts(&self, text: &str) -> bool {
        self.feedback.affirms(&normalise::folded(text))
    }
}

/// The examples of a pack that stand by themselves: what the heads for vectors learn from.
pub fn labelled_examples(pack: &Pack) -> Vec<LabelledExample> {
    Material::of(pack).labelled()
}

/// Reads a message by its words and, if it has one, by its vector.
pub fn read(input: &TurnInput, pack: &Pack, reader: &Reader) -> Reading {
    let message = normalise::normalise(&input.text);
    let folded = message.text.to_lowercase();
    let feedback = reader.feedback.read(&folded, input);
    let entities = entities::find(&message.text, &input.now);
    let picked = pick::picked(&folded, input, pack);
    let taken = offered::taken(&folded, input);
    let resolved = match (&picked, taken) {
        (Some(picked), _) => Resolved { question: picked.question.clone(), continues: true },
        (None, Some(question)) => Resolved { question, continues: true },
        (None, None) => resolve(&message.text, input, feedback, &entities, &reader.feedback),
    };
    let emotion = reader.emotions.read(&message, &input.memory, feedback);
    let Understood { intents, matter, guesses } = match picked {
        Some(picked) => picked.understood,
        // The numbers that prove an order say nothing of what is asked.
        None => match claim::beside(&message.text, &input.now) {
            Some(asked) => reader.intents.read(&asked, &Around::of(&input.history), None),
            None => intents(&message.text, &resolved, feedback, input, reader),
        },
    };
    // Where a fragment is made whole, both questions of the one before are asked again: "那120的呢".
    let several = |text: &str| clauses::clauses(text).len() > 1;
    let again = !resolved.continues && input.memory.question.as_deref().is_some_and(several);
    let asked = if again && !several(&message.text) { &resolved.question } else { &message.text };
    let by_clause = several::by_clause(asked, reader);
    let masked = private::mask(&resolved.question, !pack.language.starts_with("en"));
    Reading {
        text: message.text,
        question: resolved.question,
        masked,
        intents,
        matter,
        guesses,
        by_clause,
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
) -> Understood {
    let around = Around::of(&input.history);
    let vector = input.vector.as_ref().map(Vector::as_slice);
    let meant = vector.zip(reader.heads.as_deref()).and_then(|(vector, heads)| Meant::of(vector, heads));
    let meant = meant.as_ref();
    if resolved.question == text {
        let folded = text.to_lowercase();
        let asked = reader.feedback.after_acceptance(&folded).unwrap_or(&folded);
        return reader.intents.read(asked, &around, meant);
    }
    let mut whole = reader.intents.read(&resolved.question, &around, None);
    let reaction = matches!(feedback, Feedback::Negated | Feedback::Prodded);
    if whole.intents.is_empty() && (resolved.continues || reaction) {
        whole.intents.extend(input.memory.intent.iter().map(|intent| IntentMatch {
            intent: intent.clone(),
            confidence: GOES_ON,
            why: "goes on with the question before".into(),
        }));
    }
    let own = reader.intents.read(text, &around, meant);
    let surer = |left: &Understood, right: &Understood| sure(left) >= SURER * sure(right);
    let (mut first, second) =
        if resolved.continues || surer(&whole, &own) { (whole, own) } else { (own, whole) };
    // What the fragment says by itself comes after what it means here.
    let last = first.intents.last().map_or(1.0, |last| last.confidence);
    for other in second.intents {
        if !first.intents.iter().any(|known| known.intent == other.intent) {
            first.intents.push(IntentMatch { confidence: other.confidence.min(last), ..other });
        }
    }
    first.matter = first.matter.or(second.matter);
    if first.guesses.is_empty() {
        first.guesses = second.guesses;
    }
    first
}

fn sure(understood: &Understood) -> f32 {
    understood.matter.as_ref().map_or(0.0, |matter| matter.confidence)
}
