//! What to do about a message: the scenario, a handoff or the goals in order, each with its realisation. Pure.
//!
//! The text gave an intent; the facts narrow it to a scenario here. Nothing in this module reads a clock, a store
//! or a model: the same reading and the same facts always lead to the same decision.

mod scenario;
mod matters;
mod episodes;
mod situation;
mod ladder;
mod handoff;
mod class;
mod clarify;
mod goals;
mod promise;
mod flow;
mod empathy;
mod second;
mod measure;
mod verdict;
mod extract;
mod missing;
mod offer;
mod memory;
mod waiting;
mod words;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use super::types::{Decision, Facts, Reading, ScenarioMatch, Tier, TurnInput};
use crate::desk::hours::BusinessHours;
use crate::pack::types::{Pack, Scenario};
use crate::time::Now;

pub use class::Course;
pub use empathy::SITUATION;
pub use episodes::recall;
pub use extract::fitting_sentences;
pub use goals::{late_handoff, reason_name};
pub use handoff::{handoff_by_text, is_danger, is_put_off};
pub use measure::{MOST_BUBBLES, asks};
pub use memory::announced;
use scenario::Chosen;
pub use scenario::{CONFIDENT, UNCLEAR, wanted};
pub use second::ALSO;
pub use waiting::{Waited, while_waiting};
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
    let variables = flow::with_open(with_voice(variables, situation.pack), situation);
    let chosen = scenario::choose(situation, &variables);
    let going = flow::going_on(situation, &chosen, &variables);
    let of_flow = going.as_ref().and_then(|going| going.chosen(&chosen, situation.pack));
    decide_chosen(situation, variables, (&of_flow.unwrap_or(chosen), going.as_ref()))
}

/// What to do once the scenario is known.
fn decide_chosen<'a>(
    situation: Situation<'a>,
    variables: Value,
    (chosen, going): (&Chosen<'_>, Option<&flow::Going<'_>>),
) -> (Decision, Words<'a>) {
    let placed = episodes::place(situation, chosen);
    // Who answers what was asked days ago has not come again with the matter.
    let placed = if going.is_some() { placed.not_again() } else { placed };
    let variables = match going {
        Some(going) => going.with_item(variables, situation),
        None => variables,
    };
    let variables = situation::with_situation(variables, situation, &placed);
    let agreed = going.and_then(flow::Going::agreed_matter);
    let verdicts = verdict::of(chosen.scenario, situation, &variables, &placed.episode, agreed);
    let variables = with_verdict(variables, verdicts.main(), &situation.input.now);
    let ladder = ladder::climb(situation, chosen.scenario, &placed);
    let mut words = Words::new(situation, variables, ladder.tier);
    let course = Course::new(situation, chosen.scenario, &placed, &verdicts);
    let case = handoff::Case { situation, chosen, ladder: &ladder, course: &course };
    let missing = missing::ask(chosen.scenario, situation, &placed.episode, &mut words);
    let plan = handoff::due(case);
    let missing = missing.or_else(|| missing::ask_fact(verdicts.asking.as_ref(), plan.as_ref(), &mut words));
    let mut spoken = match (missing, going, plan) {
        (Some(asked), ..) => asked,
        (None, Some(going), None) => flow::go_on(&course, going, &mut words),
        (None, going, plan) => goals::realise(&course, (plan, going), &mut words),
    };
    flow::resume(&mut words, &mut spoken);
    let (class, breach) = (course.class, course.breach);
    let memory = memory::after(situation, chosen, placed.clone(), &ladder, &spoken);
    let decision = Decision {
        scenario: matched(chosen.scenario, chosen.confidence),
        tier: if spoken.handoff.is_some() { Tier::Handoff } else { ladder.tier },
        tier_why: ladder.why,
        verdicts: verdicts.judged(&situation.input.now),
        handoff: spoken.handoff,
        class,
        breach,
        goals: spoken.goals,
        left_out: spoken.left_out,
        actions: spoken.actions,
        commitments: spoken.commitments,
        flows: spoken.flows,
        choices: spoken.choices,
        memory,
    };
    (decision, words)
}

/// A scenario as traces and replies name it.
pub fn matched(scenario: &Scenario, confidence: f32) -> ScenarioMatch {
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

fn with_verdict(mut variables: Value, verdict: Option<&verdict::Verdict>, now: &Now) -> Value {
    if let Some(verdict) = verdict {
        variables["verdict"] = verdict.as_variable(now);
    }
    variables
}
