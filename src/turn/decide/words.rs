//! Picking approved wording for a turn: never one that was said before in this conversation.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::Situation;
use crate::pack::types::{Wording, WordingBook};
use crate::pack::wording::{RenderedWording, WordingRequest};
use crate::turn::types::{Author, By, Draft, Fact, Goal, PastMessage, Tier};

/// How a wording is looked for.
type Pick = fn(&WordingBook, &WordingRequest<'_>) -> Option<RenderedWording>;

/// The wording of one turn.
#[derive(Debug)]
pub struct Words<'a> {
    situation: Situation<'a>,
    variables: Value,
    /// The product that is spoken of in place of the one in focus.
    product: Option<&'a Fact>,
    tier: Tier,
    said: Vec<String>,
    /// Differs between conversations, so that not every customer reads the same variant.
    seed: u64,
}

impl<'a> Words<'a> {
    /// Wording for a situation at a tier. `variables` is what slots and conditions read.
    pub fn new(situation: Situation<'a>, variables: Value, tier: Tier) -> Self {
        let said = situation.input.memory.said.clone();
        let mut hasher = DefaultHasher::new();
        situation.input.conversation.hash(&mut hasher);
        Self { situation, variables, product: None, tier, said, seed: hasher.finish() }
    }

    /// Whether a wording was said before in this conversation.
    pub fn was_said(&self, wording: &str) -> bool {
        self.said.iter().any(|said| said == wording)
    }

    /// Whether the customer has read these very words lately: in a turn that was cut short, or filled from other
    /// variants to the same text.
    pub fn was_heard(&self, text: &str) -> bool {
        let said_by_us = |message: &&PastMessage| message.author == Author::Assistant;
        self.situation.input.history.iter().filter(said_by_us).any(|message| message.text.contains(text))
    }

    /// Whether these very words were a bubble of their own lately.
    pub fn was_heard_alone(&self, text: &str) -> bool {
        let said_by_us = |message: &&PastMessage| message.author == Author::Assistant;
        let mut messages = self.situation.input.history.iter().filter(said_by_us);
        messages.any(|message| message.text.lines().any(|line| line.trim() == text))
    }

    /// The tier of this turn.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Whether a wording of a place for a goal was said before in this conversation.
    pub fn has_said(&self, place: &str, goal: Goal) -> bool {
        let said = &self.situation.input.memory.said;
        let mut variants = self.variants(place, goal);
        variants.any(|wording| said.contains(&wording.id))
    }

    /// A wording that was said before, for formulas of politeness of which none is left; the one said longest ago.
    pub fn said_before(&self, place: &str, goal: Goal) -> Option<Draft> {
        let pack = self.situation.pack;
        let oldest = self
            .situation
            .input
            .memory
            .said
            .iter()
            .find(|id| self.variants(place, goal).any(|wording| wording.id == **id))?;
        let others: Vec<String> =
            self.variants(place, goal).map(|wording| wording.id.clone()).filter(|id| id != oldest).collect();
        let rendered = pack.wording.pick_own(&WordingRequest {
            place,
            goal,
            tier: self.tier,
            variables: &self.variables,
            said: &others,
            now: &self.situation.input.now,
            seed: self.seed,
        })?;
        Some(self.as_draft(rendered, goal))
    }

    fn variants(&self, place: &str, goal: Goal) -> impl Iterator<Item = &'a Wording> {
        let of_place = self.situation.pack.wording.variants.iter();
        let place = place.to_owned();
        of_place.filter(move |((name, of, _), _)| *name == place && *of == goal).flat_map(|(_, all)| all)
    }

    /// What slots and conditions read.
    pub fn variables(&self) -> &Value {
        &self.variables
    }

    /// The situation of the turn.
    pub fn situation(&self) -> Situation<'a> {
        self.situation
    }

    /// Lets the wording that follows read other variables.
    pub fn replace(&mut self, variables: Value) {
        self.variables = variables;
    }

    /// Adds a variable for the wording that follows.
    pub fn set(&mut self, name: &str, value: Value) {
        self.variables[name] = value;
    }

    /// What these words say where they speak of another product than the one in focus.
    pub fn about<T>(&mut self, product: &'a Fact, say: impl FnOnce(&mut Self) -> T) -> T {
        let variables = self.variables.clone();
        self.variables["product"] = product.fields.clone();
        let in_focus = self.product.replace(product);
        let said = say(self);
        self.variables = variables;
        self.product = in_focus;
        said
    }

    /// A wording of a place for a goal that was not said yet, as a draft.
    pub fn draft(&mut self, place: &str, goal: Goal) -> Option<Draft> {
        self.picked(place, goal, WordingBook::pick)
    }

    /// The same, but only of the place itself and never of the common ones.
    pub fn own_draft(&mut self, place: &str, goal: Goal) -> Option<Draft> {
        self.picked(place, goal, WordingBook::pick_own)
    }

    fn picked(&mut self, place: &str, goal: Goal, pick: Pick) -> Option<Draft> {
        let pack = self.situation.pack;
        let rendered = loop {
            let rendered = pick(
                &pack.wording,
                &WordingRequest {
                    place,
                    goal,
                    tier: self.tier,
                    variables: &self.variables,
                    said: &self.said,
                    now: &self.situation.input.now,
                    seed: self.seed,
                },
            )?;
            self.said.push(rendered.id.clone());
            if !self.was_heard(&rendered.text) {
                break rendered;
            }
        };
        Some(self.as_draft(rendered, goal))
    }

    fn as_draft(&self, rendered: RenderedWording, goal: Goal) -> Draft {
        Draft {
            text: rendered.text,
            goal,
            by: By::Wording,
            evidence: self.facts_behind(&rendered.slots),
            wording: Some(rendered.id),
            slots: rendered.slots,
        }
    }

    /// The focused facts whose fields stand in the slots.
    fn facts_behind(&self, slots: &BTreeMap<String, String>) -> Vec<String> {
        let facts = self.situation.facts;
        let mut ids = Vec::new();
        for path in slots.keys() {
            let root = path.split('.').next().unwrap_or_default();
            let fact = match root {
                "order" => facts.order(),
                "product" => self.product.or(facts.product()),
                _ => facts.found.iter().find(|fact| fact.kind.as_str() == root),
            };
            if let Some(fact) = fact
                && !ids.contains(&fact.id)
            {
                ids.push(fact.id.clone());
            }
        }
        ids
    }
}
