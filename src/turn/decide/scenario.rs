//! Which scenario is it: the intent of the text, narrowed by the facts.

use serde_json::Value;

use super::Situation;
use super::handoff::handoff_by_text;
use crate::pack::types::{Pack, Scenario};
use crate::record::RecordKind;
use crate::turn::types::Reading;

/// A scenario of this priority or more (health, safety, danger to life) wins over every other intent of the
/// message, however confident.
pub const SAFETY_PRIORITY: i32 = 100;

/// Below this confidence an intent is not acted upon by itself.
pub const CONFIDENT: f32 = 0.35;

/// The scenario that answers what no other scenario is about but the knowledge may know.
pub const GENERAL_QUESTION: &str = "general_question";
/// The scenario of what was not understood.
pub const UNCLEAR: &str = "unclear";
/// The scenario of pictures without words.
pub const MEDIA_ONLY: &str = "media_only";

/// A scenario and how sure it is.
#[derive(Debug, Clone)]
pub struct Chosen<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The confidence of the intent that led here.
    pub confidence: f32,
    /// Whether the message was understood at all.
    pub understood: bool,
}

/// Chooses the scenario of a turn.
pub fn choose<'a>(situation: Situation<'a>, variables: &Value) -> Chosen<'a> {
    let Situation { input, reading, pack, .. } = situation;
    if reading.text.trim().is_empty() && input.attachments > 0 {
        return named(pack, MEDIA_ONLY, 1.0, true);
    }
    let candidates: Vec<Chosen<'a>> = intents(situation)
        .into_iter()
        .filter_map(|(intent, confidence)| {
            let scenario = narrowed(pack, &intent, variables, situation)?;
            Some(Chosen { scenario, confidence, understood: true })
        })
        .collect();
    let safety = candidates.iter().find(|candidate| candidate.scenario.priority >= SAFETY_PRIORITY);
    if let Some(chosen) = safety.or(candidates.first()) {
        return chosen.clone();
    }
    if let Some(scenario) = of_handoff_rule(pack, reading) {
        return Chosen { scenario, confidence: 0.5, understood: true };
    }
    if situation.facts.relevant {
        return named(pack, GENERAL_QUESTION, 0.5, true);
    }
    named(pack, UNCLEAR, 0.0, false)
}

/// The intents worth acting upon; a question that only answers what we asked goes on with the intent before.
fn intents(situation: Situation<'_>) -> Vec<(String, f32)> {
    let Situation { input, reading, .. } = situation;
    let mut intents: Vec<(String, f32)> = reading
        .intents
        .iter()
        .filter(|guess| guess.confidence >= CONFIDENT)
        .map(|guess| (guess.intent.clone(), guess.confidence))
        .collect();
    let goes_on = intents.is_empty() && (input.memory.pending.is_some() || continues(reading));
    if goes_on && let Some(intent) = &input.memory.intent {
        intents.push((intent.clone(), 0.5));
    }
    intents
}

/// "不是这个", "？？", the same question again, or plain anger: the matter is still the one before.
fn continues(reading: &Reading) -> bool {
    use crate::turn::types::Feedback;
    let emotion = &reading.emotion;
    matches!(reading.feedback, Feedback::Negated | Feedback::Repeated | Feedback::Prodded)
        || (emotion.label.is_negative() && emotion.intensity >= 0.5)
}

/// Within an intent: first match by falling priority.
fn narrowed<'a>(
    pack: &'a Pack,
    intent: &str,
    variables: &Value,
    situation: Situation<'_>,
) -> Option<&'a Scenario> {
    let mut scenarios: Vec<&Scenario> =
        pack.scenarios.iter().filter(|scenario| scenario.intent == intent).collect();
    scenarios.sort_by_key(|scenario| std::cmp::Reverse(scenario.priority));
    scenarios.into_iter().find(|scenario| match &scenario.when {
        None => true,
        Some(condition) => condition.holds(variables, &situation.input.now).unwrap_or(false),
    })
}

/// The scenario of a danger to health or life that a text names, by its handoff rule.
pub fn dangerous_scenario<'a>(pack: &'a Pack, reading: &Reading) -> Option<&'a Scenario> {
    of_handoff_rule(pack, reading).filter(|scenario| scenario.priority >= SAFETY_PRIORITY)
}

/// No intent was recognised, but a handoff rule matched the words: the scenario that hands over for the same reason.
fn of_handoff_rule<'a>(pack: &'a Pack, reading: &Reading) -> Option<&'a Scenario> {
    let plan = handoff_by_text(pack, &reading.text)?;
    let same_reason = |scenario: &&Scenario| {
        scenario.handoff.always.is_some_and(|(reason, _)| reason == plan.reason)
            && (plan.detail.is_none() || scenario.handoff.detail == plan.detail)
    };
    pack.scenarios.iter().filter(same_reason).max_by_key(|scenario| scenario.priority)
}

/// A scenario every pack has; `check` refuses a pack without it, so the first one is never reached.
fn named<'a>(pack: &'a Pack, id: &str, confidence: f32, understood: bool) -> Chosen<'a> {
    let scenario = pack.scenarios.iter().find(|scenario| scenario.id == id).unwrap_or(&pack.scenarios[0]);
    Chosen { scenario, confidence, understood }
}

/// The kinds of record that the scenarios of these intents may need, so that `retrieve` fetches no more than that.
pub fn wanted_kinds(pack: &Pack, reading: &Reading) -> Vec<RecordKind> {
    use crate::pack::types::GoalSource;
    let mut kinds = Vec::new();
    let asked = |scenario: &&Scenario| {
        scenario.id == GENERAL_QUESTION || reading.intents.iter().any(|guess| guess.intent == scenario.intent)
    };
    for scenario in pack.scenarios.iter().filter(asked) {
        kinds.extend(scenario.needs.iter().copied());
        for goal in &scenario.goals {
            if let GoalSource::Evidence { kinds: more } | GoalSource::Model { kinds: more } = &goal.by {
                kinds.extend(more.iter().copied());
            }
            if let GoalSource::Verdict { .. } = &goal.by {
                kinds.push(RecordKind::Policy);
            }
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}
