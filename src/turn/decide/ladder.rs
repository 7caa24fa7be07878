//! How far the impatience ladder is climbed: points from the emotion of this message and from the episode.
//!
//! The table is that of service practice §3.4: 0–1 standard, 2–3 proactive, 4–5 soothing, 6 and more a person.
//! It is deterministic, and every point has a reason that the trace shows.

use super::Situation;
use crate::pack::types::Scenario;
use crate::turn::types::{EmotionFlag, EmotionLabel, Feedback, Tier};

/// Where the ladder stands after this message.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ladder {
    /// The tier.
    pub tier: Tier,
    /// Points of the episode that stay for the next turn.
    pub episode_points: u32,
    /// Whether the objective breach is counted by now.
    pub breach_counted: bool,
    /// One line a point.
    pub why: Vec<String>,
}

/// Counts the points.
pub fn climb(situation: Situation<'_>, scenario: &Scenario) -> Ladder {
    let memory = &situation.input.memory;
    let mut ladder = Ladder {
        episode_points: memory.ladder_points,
        breach_counted: memory.breach_counted,
        ..Ladder::default()
    };
    add_episode_points(situation, scenario, &mut ladder);
    let current = current_points(situation, &mut ladder.why);
    ladder.tier = tier_of(ladder.episode_points + current);
    if stuck(situation, ladder.tier) {
        ladder.tier = next_tier(ladder.tier);
        ladder.why.push("two answers of the same tier did not help".into());
    }
    ladder
}

fn add_episode_points(situation: Situation<'_>, scenario: &Scenario, ladder: &mut Ladder) {
    let emotion = &situation.reading.emotion;
    let mut add = |points: u32, why: &str| {
        ladder.episode_points += points;
        ladder.why.push(format!("+{points} {why}"));
    };
    match situation.reading.feedback {
        Feedback::Negated => add(1, "the answer before was rejected"),
        Feedback::Repeated => add(1, "the same question again"),
        Feedback::Prodded => add(1, "only punctuation"),
        Feedback::Affirmed | Feedback::None => {}
    }
    if emotion.flags.contains(&EmotionFlag::Sarcastic) {
        add(1, "irony");
    }
    if scenario.breach && !ladder.breach_counted {
        add(2, "the records show a breach of ours");
        ladder.breach_counted = true;
    }
    if situation.reading.feedback == Feedback::Affirmed {
        ladder.episode_points = ladder.episode_points.saturating_sub(2);
        ladder.why.push("-2 the customer accepted the answer".into());
    }
}

/// Only feelings against us count, and only for this message.
fn current_points(situation: Situation<'_>, why: &mut Vec<String>) -> u32 {
    let emotion = &situation.reading.emotion;
    if emotion.flags.contains(&EmotionFlag::Abusive) {
        why.push("+3 insults".into());
        return 3;
    }
    let counts =
        matches!(emotion.label, EmotionLabel::Anxious | EmotionLabel::Dissatisfied | EmotionLabel::Angry);
    let points = match emotion.intensity {
        _ if !counts => 0,
        intensity if intensity >= 0.7 => 2,
        intensity if intensity >= 0.5 => 1,
        _ => 0,
    };
    if points > 0 {
        why.push(format!("+{points} {:?} {:.2}", emotion.label, emotion.intensity).to_lowercase());
    }
    points
}

fn tier_of(points: u32) -> Tier {
    match points {
        0..=1 => Tier::Standard,
        2..=3 => Tier::Proactive,
        4..=5 => Tier::Soothing,
        _ => Tier::Handoff,
    }
}

fn next_tier(tier: Tier) -> Tier {
    match tier {
        Tier::Standard => Tier::Proactive,
        Tier::Proactive => Tier::Soothing,
        Tier::Soothing | Tier::Handoff => Tier::Handoff,
    }
}

/// The same tier a second time without progress.
fn stuck(situation: Situation<'_>, tier: Tier) -> bool {
    let memory = &situation.input.memory;
    let failed = matches!(situation.reading.feedback, Feedback::Negated | Feedback::Repeated);
    failed && memory.tier == tier && memory.unresolved_turns >= 2
}
