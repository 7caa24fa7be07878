//! What do the trained classifiers say about the tone of a message? They learned from reviews and posts, not from chats,
//! so that they count only where they agree with each other, and never for a question: in chats most questions look
//! like complaints to them.

use std::sync::LazyLock;

use regex::Regex;

use crate::classifier::recipes::spelling_of;
use crate::classifier::{emotion_model, polarity_model};
use crate::turn::types::EmotionLabel;

use super::normalise::{Normalised, is_cjk};

/// A text shorter than this says too little.
const SHORTEST: usize = 6;
/// How likely a negative tone must be before it counts, by the model for reviews.
const SURELY_NEGATIVE: f32 = 0.93;
/// How likely anger or sadness must be together, by the model for posts.
const UPSET: f32 = 0.5;
/// What anger alone must be to make a complaint stronger.
const FURIOUS: f32 = 0.85;
const SURELY_POSITIVE: f32 = 0.1;
const HAPPY: f32 = 0.8;

static QUESTION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("[?吗么嘛]|什么|怎么|多少|多久|哪|几|谁|请问|问一下|能不能|可不可以|有没有|是不是|要不要|会不会|能否|麻烦你?[帮查看]")
        .expect("a fixed expression")
});

/// What the classifiers say, as probabilities.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Tone {
    negative: f32,
    angry: f32,
    happy: f32,
    sad: f32,
    question: bool,
}

impl Tone {
    /// Reads a message, unless it is too short, not Chinese, or the program has no classifiers.
    pub fn read(message: &Normalised) -> Option<Self> {
        let characters = message.text.chars().count();
        let chinese = message.text.chars().filter(|character| is_cjk(*character)).count();
        if characters < SHORTEST || chinese * 2 < characters {
            return None;
        }
        let text = spelling_of(message);
        let [negative, _] = polarity_model()?.read(&text)[..] else { return None };
        let [angry, _, happy, _, sad, _] = emotion_model()?.read(&text)[..] else { return None };
        Some(Self { negative, angry, happy, sad, question: QUESTION.is_match(&text) })
    }

    /// What a message says that has no telling words, if the classifiers agree.
    pub fn alone(&self) -> Option<(EmotionLabel, f32)> {
        if self.question {
            return None;
        }
        if self.negative >= SURELY_NEGATIVE && self.angry + self.sad >= UPSET {
            return Some((EmotionLabel::Dissatisfied, 0.4));
        }
        (self.negative <= SURELY_POSITIVE && self.happy >= HAPPY).then_some((EmotionLabel::Pleased, 0.46))
    }

    /// How much stronger a complaint gets that stands in the words already.
    pub fn stronger(&self) -> Option<f32> {
        (self.negative >= SURELY_NEGATIVE && self.angry >= FURIOUS).then_some(0.25)
    }

    /// What the classifiers would say if there were no words to look for: for measuring.
    pub fn guess(&self) -> Option<(EmotionLabel, f32)> {
        match () {
            () if self.alone().is_none() => None,
            () if self.happy >= HAPPY => Some((EmotionLabel::Pleased, self.happy)),
            () if self.angry >= FURIOUS => Some((EmotionLabel::Angry, self.angry)),
            () if self.sad > self.angry => Some((EmotionLabel::Disappointed, self.sad)),
            () => Some((EmotionLabel::Dissatisfied, self.negative)),
        }
    }
}
