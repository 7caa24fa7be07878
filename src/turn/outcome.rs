//! What a turn came to, and the rules it ran by.

use std::sync::Arc;

use serde_json::json;

use super::decide::Situation;
use super::generate::speak::Spoken;
use super::stopwatch::Stopwatch;
use super::trace::{FactTrace, Trace};
use super::types::{Commitment, Decision, Emotion, Handoff, Memory};
use super::understand::Reader;
use super::voice::Backing;
use crate::pack::types::Pack;

/// A pack with everything that is prepared from it once. A changed pack makes new rules; turns that run keep theirs.
#[derive(Debug)]
pub struct Rules {
    /// The pack.
    pub pack: Arc<Pack>,
    /// Reads messages.
    pub reader: Reader,
}

impl Rules {
    /// Prepares a pack.
    pub fn new(pack: Arc<Pack>) -> Self {
        let reader = Reader::new(&pack);
        Self { pack, reader }
    }
}

/// What a turn came to.
#[derive(Debug)]
pub struct Outcome {
    /// What the conversation remembers.
    pub memory: Memory,
    /// Why everything was said.
    pub trace: Trace,
    /// The emotion that was read.
    pub emotion: Emotion,
    /// The handoff, if there is one.
    pub handoff: Option<Handoff>,
    /// What was promised.
    pub commitments: Vec<Commitment>,
}

impl Outcome {
    /// Gathers what staff may see of the turn.
    pub(super) fn new(
        situation: Situation<'_>,
        decision: Decision,
        backing: Backing,
        spoken: Spoken,
        watch: Stopwatch,
    ) -> Self {
        let Situation { reading, facts, .. } = situation;
        let mut memory = decision.memory;
        memory.said.extend(spoken.wordings);
        let evidence = facts.found.iter().map(|fact| FactTrace {
            id: fact.id.clone(),
            kind: fact.kind.to_string(),
            title: fact.title.clone(),
            text: fact.text.clone(),
            why: fact.why.clone(),
        });
        let trace = Trace {
            question: reading.masked.clone(),
            scenario: Some(decision.scenario),
            tier: decision.tier,
            tier_why: decision.tier_why,
            intents: json!(reading.intents),
            emotion: json!(reading.emotion),
            sentences: spoken.sentences,
            refused: spoken.refused,
            evidence: evidence.collect(),
            notes: spoken.notes,
            timing: watch.finish(),
        };
        Self {
            memory,
            trace,
            emotion: reading.emotion.clone(),
            handoff: spoken.late_handoff.or(backing.handoff),
            commitments: backing.commitments,
        }
    }
}
