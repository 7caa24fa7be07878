//! What of a pack is learned from? Its examples, alone and in conversation, its expressions, and what they stand for.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::clauses::strip_politeness;
use super::groups::one_spelling;
use super::heads::{Labels, Said};
use super::normalise::folded;
use crate::pack::types::{Intent, Pack, Scenario};
use crate::turn::types::Stage;

/// Topics whose intents are said at any stage of a purchase, so that they tell nothing about it.
const AT_ANY_STAGE: [&str; 2] = ["smalltalk", "complaint"];

/// An example that stands by itself, with what it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledExample {
    /// What is said, folded.
    pub text: String,
    /// The topic of its scenario.
    pub topic: String,
    /// The stage of its scenario, unless it is said at any.
    pub stage: Option<Stage>,
}

/// A hash of everything that is learned from.
pub(super) type Fingerprint = [u8; 32];

/// Everything in the order of the pack's intents.
pub(super) struct Material {
    pub names: Vec<String>,
    pub labels: Vec<Labels>,
    /// The stage of each intent's scenario.
    pub stages: Vec<Option<Stage>>,
    /// The name of each topic; an intent without a scenario has a nameless topic of its own.
    pub topics: Vec<Option<String>>,
    /// One for each expression of the intents, in their order.
    pub patterns: Vec<Pattern>,
    alone: Vec<(usize, String)>,
    in_context: Vec<(usize, Earlier)>,
}

/// What an expression is worth.
#[derive(Debug)]
pub(super) struct Pattern {
    pub intent: usize,
    /// How often it speaks for its own intent among the pack's examples.
    pub precision: f32,
}

/// An example with what was said before it.
#[derive(Debug, Clone, Default)]
pub(super) struct Earlier {
    pub text: String,
    pub customer: Option<String>,
    pub seller: Option<String>,
}

impl Material {
    pub fn of(pack: &Pack) -> Self {
        let mut material = Self {
            names: pack.intents.iter().map(|intent| intent.name.clone()).collect(),
            labels: Vec::new(),
            stages: Vec::new(),
            topics: Vec::new(),
            patterns: Vec::new(),
            alone: Vec::new(),
            in_context: Vec::new(),
        };
        for (number, intent) in pack.intents.iter().enumerate() {
            material.label(number, pack.default_scenario(&intent.name));
            material.gather(number, intent);
        }
        material
    }

    /// What tells this material from other material.
    pub fn fingerprint(&self, intents: &[Intent]) -> Fingerprint {
        let mut hash = Sha256::new();
        hash.update(format!("{:?}{:?}{:?}{:?}", self.names, self.labels, self.stages, self.topics));
        hash.update(format!("{:?}{:?}", self.alone, self.in_context));
        for expression in intents.iter().flat_map(|intent| &intent.patterns) {
            hash.update(expression.as_str());
            hash.update([0]);
        }
        hash.finalize().into()
    }

    /// Takes every `folds`th example out, beginning with the one at `fold`, and gives those back.
    pub fn leave_out(&mut self, fold: usize, folds: usize) -> Vec<(usize, Earlier)> {
        let mut number = 0;
        let mut left = || {
            number += 1;
            number % folds == fold
        };
        let mut out = Vec::new();
        self.alone.retain(|(intent, text)| {
            let leave = left();
            if leave {
                out.push((*intent, Earlier { text: text.clone(), ..Earlier::default() }));
            }
            !leave
        });
        self.in_context.retain(|(intent, one)| {
            let leave = left();
            if leave {
                out.push((*intent, one.clone()));
            }
            !leave
        });
        out
    }

    fn label(&mut self, intent: usize, scenario: Option<&Scenario>) {
        let name = scenario.map(|scenario| scenario.topic.clone());
        let known = self.topics.iter().position(|topic| topic.is_some() && *topic == name);
        let topic = known.unwrap_or_else(|| {
            self.topics.push(name.clone());
            self.topics.len() - 1
        });
        let stage = scenario.map(|scenario| scenario.stage);
        let tells = name.is_some_and(|name| !AT_ANY_STAGE.contains(&name.as_str()));
        let at = Stage::ALL.iter().position(|known| tells && Some(*known) == stage);
        self.labels.push(Labels { intent, topic, stage: at });
        self.stages.push(stage);
    }

    fn gather(&mut self, number: usize, intent: &Intent) {
        for example in &intent.examples {
            let text = folded(example);
            if says_something(&text) {
                self.alone.push((number, text));
            }
        }
        for example in &intent.in_context {
            let text = folded(&example.say);
            let [customer, seller] =
                [&example.customer, &example.seller].map(|one| one.as_deref().map(folded));
            if says_something(&text) {
                self.in_context.push((number, Earlier { text, customer, seller }));
            }
        }
    }

    /// An expression is worth as much as it is right about the pack's own examples.
    pub fn judge_patterns(&mut self, intents: &[Intent]) {
        let texts: Vec<(usize, String)> =
            self.alone().map(|(intent, text)| (intent, one_spelling(strip_politeness(text)))).collect();
        for (intent, source) in intents.iter().enumerate() {
            for expression in &source.patterns {
                let (mut own, mut other) = (0.0_f32, 0.0_f32);
                for (of, _) in texts.iter().filter(|(_, text)| expression.is_match(text)) {
                    if *of == intent { own += 1.0 } else { other += 1.0 }
                }
                let precision = (own + 3.0) / (own + other + 3.2);
                self.patterns.push(Pattern { intent, precision });
            }
        }
    }

    /// The examples that stand by themselves.
    pub fn alone(&self) -> impl Iterator<Item = (usize, &str)> {
        let untold = self.in_context.iter().filter(|(_, one)| one.customer.is_none() && one.seller.is_none());
        let untold = untold.map(|(intent, one)| (*intent, one.text.as_str()));
        self.alone.iter().map(|(intent, text)| (*intent, text.as_str())).chain(untold)
    }

    /// The examples that stand by themselves, each text once, with what they are about.
    pub fn labelled(&self) -> Vec<LabelledExample> {
        let mut seen = HashSet::new();
        let labelled = self.alone().filter(|(_, text)| seen.insert(*text)).filter_map(|(intent, text)| {
            let labels = self.labels[intent];
            Some(LabelledExample {
                text: text.to_owned(),
                topic: self.topics[labels.topic].clone()?,
                stage: labels.stage.map(|at| Stage::ALL[at]),
            })
        });
        labelled.collect()
    }

    /// All examples with what was said before them.
    pub fn said(&self) -> Vec<(Said<'_>, Labels)> {
        let alone =
            self.alone.iter().map(|(intent, text)| (Said { text, ..Said::default() }, self.labels[*intent]));
        let in_context = self.in_context.iter().map(|(intent, one)| {
            let said =
                Said { text: &one.text, customer: one.customer.as_deref(), seller: one.seller.as_deref() };
            (said, self.labels[*intent])
        });
        alone.chain(in_context).collect()
    }

    /// For each intent whether its topic has this name.
    pub fn topic_is(&self, name: &str) -> Vec<bool> {
        self.labels.iter().map(|labels| self.topics[labels.topic].as_deref() == Some(name)).collect()
    }
}

/// An example like "1" would be near to every number.
fn says_something(text: &str) -> bool {
    let mut spoken = text.chars().filter(|c| c.is_alphanumeric()).peekable();
    !text.is_empty() && (spoken.peek().is_none() || spoken.any(|c| !c.is_ascii_digit()))
}
