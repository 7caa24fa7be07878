//! What to do about a message: the scenario, a handoff or the goals in order, each with its realisation. Pure.
//!
//! The text gave an intent; the facts narrow it to a scenario here. Nothing in this module reads a clock, a store
//! or a model: the same reading and the same facts always lead to the same decision.

mod scenario;
mod ladder;
mod handoff;
mod goals;
mod verdict;
mod extract;
mod missing;
mod memory;
mod words;

use serde_json::{Value, json};

use super::types::{Decision, Facts, Reading, ScenarioMatch, Tier, TurnInput};
use crate::desk::hours::BusinessHours;
use crate::pack::types::{Pack, Scenario};

pub use extract::fitting_sentences;
pub use goals::{late_handoff, reason_name};
pub use handoff::handoff_by_text;
pub use scenario::{CONFIDENT, dangerous_scenario, wanted_kinds};
pub use words::Words;

/// Everything a decision is made from.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// What the turn was given.
    pub input: &'a TurnInput,
    /// What the message says.
    pub reading: &'a Reading,
    /// What the records say.
    pub facts: &'a Facts,
    /// The rules in force.
    pub pack: &'a Pack,
    /// When people work; due times are counted in it.
    pub hours: &'a BusinessHours,
}

/// Decides a turn. `variables` is what conditions and slots read; see `retrieve::variables`. The words come back for
/// what only turns out while speaking: they know what was taken for this turn already.
pub fn decide(situation: Situation<'_>, variables: Value) -> (Decision, Words<'_>) {
    let variables = with_voice(variables, situation.pack);
    let chosen = scenario::choose(situation, &variables);
    let verdict = verdict::of(chosen.scenario, situation, &variables);
    let variables = with_verdict(variables, verdict.as_ref());
    let ladder = ladder::climb(situation, chosen.scenario);
    let mut words = Words::new(situation, variables, ladder.tier);
    let missing = missing::ask(chosen.scenario, situation, &mut words);
    let plan = if missing.is_some() {
        None
    } else {
        handoff::due(handoff::Case { situation, chosen: &chosen, ladder: &ladder, verdict: verdict.as_ref() })
    };
    let spoken = match missing {
        Some(asked) => asked,
        None => goals::realise(chosen.scenario, plan, &mut words, verdict.as_ref()),
    };
    let memory = memory::after(situation, &chosen, &ladder, &spoken);
    let decision = Decision {
        scenario: matched(chosen.scenario, chosen.confidence),
        tier: if spoken.handoff.is_some() { Tier::Handoff } else { ladder.tier },
        tier_why: ladder.why,
        verdict: verdict.map(|verdict| (verdict.policy, verdict.outcome.as_str())),
        handoff: spoken.handoff,
        goals: spoken.goals,
        commitments: spoken.commitments,
        memory,
    };
    (decision, words)
}

fn matched(scenario: &Scenario, confidence: f32) -> ScenarioMatch {
    ScenarioMatch {
        id: scenario.id.clone(),
        name: scenario.name.clone(),
        stage: scenario.stage,
        topic: scenario.topic.clone(),
        confidence,
    }
}

fn with_voice(mut variables: Value, pack: &Pack) -> Value {
    variables["shop"] = json!({ "name": pack.voice.shop });
    variables["assistant"] = json!({ "name": pack.voice.assistant });
    variables
}

fn with_verdict(mut variables: Value, verdict: Option<&verdict::Verdict>) -> Value {
    if let Some(verdict) = verdict {
        variables["verdict"] = verdict.as_variable();
    }
    variables
}
