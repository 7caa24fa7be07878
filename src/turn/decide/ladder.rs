//! How far the impatience ladder is climbed: points of this message's emotion, and points gathered in the episode.
//!
//! The table is that of service practice §3.4. Points of the moment: anxious, dissatisfied or angry at an intensity of
//! 0.5 one, of 0.7 two, insults three. Points of the episode: a rejected answer or doubted verdict, irony, the same
//! question again, only punctuation, waiting beyond what was announced, one each; the same matter again within a day
//! two; an objective breach two, once. Acceptance takes two away. 0–1 is standard, 2–3 proactive, 4–5 soothing, 6 and
//! more a person, and so is the third time with the same matter.
//!
//! It is deterministic, and every point has a reason that the trace shows.

use super::Situation;
use super::episodes::Placed;
use super::handoff::declines;
use crate::pack::types::Scenario;
use crate::turn::types::{EmotionFlag, EmotionLabel, Feedback, Goal, Position, Tier};

/// From the third time on, a person has the matter.
const TIMES_UNTIL_A_PERSON: u32 = 3;

/// What one message adds to the ladder.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Signals {
    /// What the customer feels.
    pub label: EmotionLabel,
    /// How strongly, from 0 to 1.
    pub intensity: f32,
    /// Insults.
    pub abusive: bool,
    /// Irony.
    pub sarcastic: bool,
    /// The answer before was rejected, or a verdict doubted.
    pub rejected: bool,
    /// The same question again.
    pub repeated: bool,
    /// Only punctuation.
    pub prodded: bool,
    /// What was announced has passed and nobody came.
    pub waited: bool,
    /// The answer before was accepted.
    pub accepted: bool,
    /// Which contact about this matter begins with this message; 0 if none begins.
    pub contact: u32,
    /// The records prove a breach of ours.
    pub breach: bool,
    /// Health or safety is at stake.
    pub danger: bool,
    /// The matter is still answered by the same scenario as before.
    pub same_scenario: bool,
}

/// Where the ladder stands after a message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ladder {
    /// The tier.
    pub tier: Tier,
    /// What the episode keeps.
    pub position: Position,
    /// One line a point.
    pub why: Vec<String>,
}

/// Climbs by what the message says and the records show.
pub fn climb(situation: Situation<'_>, scenario: &Scenario, placed: &Placed) -> Ladder {
    step(&placed.episode.position, &signals(situation, scenario, placed))
}

fn signals(situation: Situation<'_>, scenario: &Scenario, placed: &Placed) -> Signals {
    let Situation { input, reading, .. } = situation;
    let emotion = &reading.emotion;
    let has = |flag| emotion.flags.contains(&flag);
    let answered =
        placed.episode.met.iter().any(|goal| matches!(goal, Goal::Verdict | Goal::Answer | Goal::Explain));
    let since = input.memory.announced.filter(|until| *until < input.now.timestamp());
    Signals {
        label: emotion.label,
        intensity: emotion.intensity,
        abusive: has(EmotionFlag::Abusive),
        sarcastic: has(EmotionFlag::Sarcastic),
        rejected: (reading.feedback == Feedback::Negated && !declines(input, reading))
            || (answered && has(EmotionFlag::Distrust)),
        repeated: reading.feedback == Feedback::Repeated,
        prodded: reading.feedback == Feedback::Prodded,
        waited: since.is_some(),
        accepted: reading.feedback == Feedback::Affirmed,
        contact: if placed.came_back { placed.episode.contacts } else { 0 },
        breach: scenario.breach || placed.promise_overdue,
        danger: placed.danger,
        same_scenario: placed.same_scenario,
    }
}

/// One step: a function of where the episode stands and what the message adds, and of nothing else.
pub fn step(position: &Position, signals: &Signals) -> Ladder {
    let mut why = Vec::new();
    let mut next = position.clone();
    gather(&mut next, signals, &mut why);
    let now = current_points(signals, &mut why);
    next.danger |= signals.danger;
    let mut tier = tier_of(next.points + now);
    if signals.contact >= TIMES_UNTIL_A_PERSON {
        why.push(format!("the same matter for the {}th time: a person", signals.contact));
        tier = Tier::Handoff;
    }
    tier = unstuck(tier, position, signals, &mut next, &mut why);
    if next.danger && tier != Tier::Soothing {
        why.push("health or safety: soothing until people close it".into());
        tier = Tier::Soothing;
    }
    next.tier = tier;
    Ladder { tier, position: next, why }
}

/// The points that stay for the next turn.
fn gather(next: &mut Position, signals: &Signals, why: &mut Vec<String>) {
    let mut add = |points: u32, reason: &str| {
        next.points = next.points.saturating_add(points);
        why.push(format!("+{points} {reason}"));
    };
    let ones = [
        (signals.rejected, "the answer before was rejected or doubted"),
        (signals.sarcastic, "irony"),
        (signals.repeated, "the same question again"),
        (signals.prodded, "only punctuation"),
        (signals.waited, "waiting beyond what was announced"),
    ];
    for (_, reason) in ones.iter().filter(|(heard, _)| *heard) {
        add(1, reason);
    }
    if signals.contact >= 2 {
        add(2, "the same matter again within a day");
    }
    if signals.breach && !next.breach_counted {
        add(2, "the records show a breach of ours");
        next.breach_counted = true;
    }
    if signals.accepted {
        next.points = next.points.saturating_sub(2);
        why.push("-2 the customer accepted the answer".into());
    }
}

/// Only feelings against us count, and only for this message.
fn current_points(signals: &Signals, why: &mut Vec<String>) -> u32 {
    if signals.abusive {
        why.push("+3 insults".into());
        return 3;
    }
    let against_us =
        matches!(signals.label, EmotionLabel::Anxious | EmotionLabel::Dissatisfied | EmotionLabel::Angry);
    let points = match signals.intensity {
        _ if !against_us => 0,
        intensity if intensity >= 0.7 => 2,
        intensity if intensity >= 0.5 => 1,
        _ => 0,
    };
    if points > 0 {
        why.push(format!("+{points} {:?} {:.2}", signals.label, signals.intensity).to_lowercase());
    }
    points
}

/// Two answers of a tier that did not help are enough, and comfort is given once: then the next tier, or a person.
fn unstuck(
    tier: Tier,
    before: &Position,
    signals: &Signals,
    next: &mut Position,
    why: &mut Vec<String>,
) -> Tier {
    let failed = signals.same_scenario
        && (signals.rejected || signals.repeated || signals.prodded || signals.waited)
        && tier == before.tier;
    next.failures = if failed { before.failures + 1 } else { 0 };
    let enough = if tier == Tier::Soothing { 1 } else { 2 };
    if next.failures < enough || tier == Tier::Handoff {
        return tier;
    }
    next.failures = 0;
    why.push(match tier {
        Tier::Soothing => "soothing was said once and did not help".into(),
        _ => format!("{enough} answers of the same tier did not help"),
    });
    above(tier)
}

/// The tier of a sum of points.
fn tier_of(points: u32) -> Tier {
    match points {
        0..=1 => Tier::Standard,
        2..=3 => Tier::Proactive,
        4..=5 => Tier::Soothing,
        _ => Tier::Handoff,
    }
}

fn above(tier: Tier) -> Tier {
    match tier {
        Tier::Standard => Tier::Proactive,
        Tier::Proactive => Tier::Soothing,
        Tier::Soothing | Tier::Handoff => Tier::Handoff,
    }
}

#[cfg(test)]
#[path = "ladder/tests.rs"]
mod tests;
