//! What a turn came to, and the rules it ran by.

use std::sync::Arc;

use serde_json::json;

use super::decide::Situation;
use super::generate::speak::Spoken;
use super::stopwatch::Stopwatch;
use super::trace::{EpisodeTrace, FactTrace, GoalTrace, SentenceTrace, Trace};
use super::types::{
    Choice, Commitment, Decision, Emotion, Episode, Goal, Handoff, LeftOut, Memory, PlannedGoal, Realisation,
};
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
        memory.heard(spoken.sentences.iter().map(|sentence| sentence.goal), decision.tier);
        let goals = goals(&decision.goals, decision.left_out, &spoken.sentences);
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
            class: decision.class,
            episode: memory.episode().map(episode),
            goals,
            intents: json!(reading.intents),
            emotion: json!(reading.emotion),
            choices: offered(decision.choices, &spoken.sentences),
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

/// What is offered to choose from, if the question that offers it was said: nobody gets cards without the words.
fn offered(choices: Vec<Choice>, sentences: &[SentenceTrace]) -> Vec<Choice> {
    let asks = |sentence: &SentenceTrace| choices.iter().all(|choice| sentence.text.contains(&choice.label));
    if sentences.iter().any(asks) { choices } else { Vec::new() }
}

/// The goals in the order in which they were planned, each with its sentences, then those that were left out.
fn goals(planned: &[PlannedGoal], left_out: Vec<LeftOut>, sentences: &[SentenceTrace]) -> Vec<GoalTrace> {
    let serving = |goal: Goal| -> Vec<usize> {
        sentences.iter().enumerate().filter(|(_, one)| one.goal == goal).map(|(index, _)| index).collect()
    };
    let mut goals: Vec<GoalTrace> = Vec::new();
    let briefed = |planned: &PlannedGoal| match &planned.realisation {
        Realisation::Ready(_) => vec![planned.goal],
        Realisation::Model(brief) => brief.goals.clone(),
    };
    for goal in planned.iter().flat_map(briefed) {
        if goals.iter().any(|known| known.goal == goal) {
            continue;
        }
        let sentences = serving(goal);
        let why_not = sentences.is_empty().then(|| "nothing could be said for it".to_owned());
        goals.push(GoalTrace { goal, sentences, why_not });
    }
    for LeftOut { goal, why } in left_out {
        if !goals.iter().any(|known| known.goal == goal && known.why_not.is_none()) {
            goals.push(GoalTrace { goal, sentences: Vec::new(), why_not: Some(why) });
        }
    }
    goals
}

fn episode(episode: &Episode) -> EpisodeTrace {
    EpisodeTrace {
        number: episode.number,
        matter: episode.matter,
        state: episode.state,
        points: episode.position.points,
        contacts: episode.contacts,
    }
}
