//! How likely is each intent, topic and stage, by the characters of a message and of what was said before it?
//!
//! Three linear models over hashed groups of characters, trained from the pack's examples when it is loaded. The topics'
//! model knows the message alone: what only has a meaning in a conversation teaches it more wrong than right. For the
//! others the message itself counts fully; the customer's message before and the shop's answer count less, each with
//! features of its own, so that a model learns what "要多久" asks after a refund and what it asks before an order; the
//! customer's message before also lends a little of its own meaning, because a conversation stays with its topic.

use std::thread;

use crate::classifier::{Example, FeatureOptions, Features, LinearModel, TrainOptions, train};

use super::clauses::strip_politeness;
use super::groups::one_spelling;
use super::normalise::is_cjk;

/// What the message before counts, against 1 for the message itself.
const CUSTOMER_BEFORE: f32 = 0.2;
/// What the shop's last answer counts.
const SELLER_BEFORE: f32 = 0.2;
/// How much of the message before is taken as if it were said again.
const SAME_MATTER: f32 = 0.2;
/// Of earlier messages only so many last characters are read.
const EARLIER_CHARACTERS: usize = 80;
/// Tells the groups of earlier messages from those of the message.
const CUSTOMER_SALT: u64 = 0x9e37_79b9_7f4a_7c15;
const SELLER_SALT: u64 = 0xc2b2_ae3d_27d4_eb4f;

/// A message with what was said before it, all normalised and in lower case.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said<'a> {
    /// The message, or a clause of it.
    pub text: &'a str,
    /// The customer's message before.
    pub customer: Option<&'a str>,
    /// What the shop said last.
    pub seller: Option<&'a str>,
}

/// What an example stands for: places in the lists of intents, topics and stages.
#[derive(Debug, Clone, Copy)]
pub struct Labels {
    /// Its intent.
    pub intent: usize,
    /// Its topic.
    pub topic: usize,
    /// Its stage, unless it may be said at any.
    pub stage: Option<usize>,
}

/// The three models. A model that has nothing to tell apart is absent.
#[derive(Debug)]
pub struct Heads {
    options: FeatureOptions,
    intents: Option<LinearModel>,
    topics: Option<LinearModel>,
    stages: Option<LinearModel>,
}

/// The probabilities of one message: empty where there is no model.
#[derive(Debug, Clone, Default)]
pub struct Probabilities {
    /// By intent.
    pub intents: Vec<f32>,
    /// By topic.
    pub topics: Vec<f32>,
    /// By stage.
    pub stages: Vec<f32>,
    /// The share of the message's groups that stand in examples, from 0 to 1.
    pub familiarity: f32,
}

impl Heads {
    /// Trains the models. `sizes` says how many intents, topics and stages there are.
    pub fn train(examples: &[(Said<'_>, Labels)], sizes: [usize; 3]) -> Self {
        let options = FeatureOptions { bits: 17, ..FeatureOptions::default() };
        let read: Vec<(Features, Labels)> =
            examples.iter().map(|(said, labels)| (features(&options, *said), *labels)).collect();
        let alone = |said: &Said<'_>| said.customer.is_none() && said.seller.is_none();
        let learn = |class: fn(&Labels) -> Option<usize>, classes: usize, only_alone: bool| {
            let known: Vec<Example> = read
                .iter()
                .zip(examples)
                .filter(|(_, (said, _))| !only_alone || alone(said))
                .filter_map(|((features, labels), _)| Some(Example::new(features.clone(), class(labels)?)))
                .collect();
            let names = (0..classes).map(|class| class.to_string()).collect();
            // Refused are only packs with nothing to tell apart.
            train(names, options, &known, &OPTIONS).ok()
        };
        let (intents, topics, stages) = thread::scope(|scope| {
            let intents = scope.spawn(|| learn(|labels| Some(labels.intent), sizes[0], false));
            let topics = learn(|labels| Some(labels.topic), sizes[1], true);
            let stages = learn(|labels| labels.stage, sizes[2], false);
            (intents.join().ok().flatten(), topics, stages)
        });
        Self { options, intents, topics, stages }
    }

    /// Reads a message.
    pub fn read(&self, said: Said<'_>) -> Probabilities {
        let features = features(&self.options, said);
        let own = features_of(&self.options, said.text);
        let read = |model: &Option<LinearModel>, features: &Features| {
            model.as_ref().map_or_else(Vec::new, |model| model.probabilities(features))
        };
        Probabilities {
            intents: read(&self.intents, &features),
            topics: read(&self.topics, &own),
            stages: read(&self.stages, &features),
            familiarity: self.intents.as_ref().map_or(0.0, |model| model.familiarity(&own)),
        }
    }
}

impl Heads {
    /// The probability of each stage by a message alone; empty without a model.
    pub fn stages(&self, text: &str) -> Vec<f32> {
        let read = |model: &LinearModel| model.probabilities(&features_of(&self.options, text));
        self.stages.as_ref().map_or_else(Vec::new, read)
    }
}

const OPTIONS: TrainOptions = TrainOptions {
    epochs: 5,
    rate: 0.5,
    hold: 0.03,
    rarity: true,
    balance: 0.5,
    at_least: 1,
    seed: 1,
    steady: true,
};

fn features(options: &FeatureOptions, said: Said<'_>) -> Features {
    let mut parts = vec![(options.groups(&spelled(said.text)), 1.0)];
    for (earlier, salt, share) in
        [(said.customer, CUSTOMER_SALT, CUSTOMER_BEFORE), (said.seller, SELLER_SALT, SELLER_BEFORE)]
    {
        let Some(earlier) = earlier else { continue };
        let groups = options.groups(&spelled(last_characters(earlier)));
        parts.push((groups.iter().map(|group| (group ^ salt).wrapping_mul(salt | 1)).collect(), share));
        if salt == CUSTOMER_SALT {
            parts.push((groups, SAME_MATTER));
        }
    }
    options.weigh_parts(parts)
}

fn features_of(options: &FeatureOptions, text: &str) -> Features {
    options.weigh(options.groups(&spelled(text)))
}

fn last_characters(text: &str) -> &str {
    let surplus = text.chars().count().saturating_sub(EARLIER_CHARACTERS);
    text.char_indices().nth(surplus).map_or("", |(at, _)| &text[at..])
}

/// A text as the models see it: one spelling, runs of digits as one sign, punctuation only if there is nothing else.
fn spelled(text: &str) -> String {
    let text = one_spelling(strip_politeness(text));
    let spoken = text.chars().any(char::is_alphanumeric);
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_ascii_digit() {
            if !plain.ends_with('#') {
                plain.push('#');
            }
        } else if character.is_alphanumeric() || !spoken && !character.is_whitespace() {
            plain.push(character);
        } else if plain.chars().next_back().is_some_and(|last| last.is_alphanumeric() && !is_cjk(last)) {
            plain.push(' ');
        }
    }
    plain
}
