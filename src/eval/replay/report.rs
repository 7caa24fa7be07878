//! What differs between two answers, and how often.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bench::Distribution;
use crate::turn::types::GuardReason;

/// A turn is slower from this factor on …
const SLOWER: f64 = 2.0;
/// … and if it takes so many milliseconds longer. Below it, it is noise.
const NOISE_MS: f64 = 20.0;

/// One side's answer.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Answered {
    /// The sentences.
    pub reply: Vec<String>,
    /// The scenario.
    pub scenario: Option<String>,
    /// The reason of the handoff.
    pub handoff: Option<String>,
    /// Reasons of drafts that were not let out; absent if they are not known.
    pub refused: Option<Vec<GuardReason>>,
    /// Milliseconds to the end of the reply; absent if they are not known.
    pub ms: Option<f64>,
}

/// A message that was played again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Played {
    /// Its conversation.
    pub conversation: String,
    /// Which message of the customer it is, from 1.
    pub turn: usize,
    /// What the customer said, masked.
    pub text: String,
    /// What was said, by the old pack or in the past.
    pub old: Answered,
    /// What the new pack says.
    pub new: Answered,
}

/// What differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// Other words.
    Answer,
    /// Another scenario.
    Scenario,
    /// A handoff more, less, or for another reason.
    Handoff,
    /// Other refusals of the guard.
    Refusals,
    /// It takes more than twice as long, and noticeably so.
    Slower,
}

impl Difference {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Answer, Self::Scenario, Self::Handoff, Self::Refusals, Self::Slower];
}

impl Played {
    /// What differs; empty if nothing does.
    pub fn differences(&self) -> Vec<Difference> {
        let (old, new) = (&self.old, &self.new);
        let refusals = old.refused.is_some() && sorted(&old.refused) != sorted(&new.refused);
        let slower = match (old.ms, new.ms) {
            (Some(old), Some(new)) => new > SLOWER * old && new > old + NOISE_MS,
            _ => false,
        };
        let found = [
            (Difference::Answer, old.reply != new.reply),
            (Difference::Scenario, old.scenario != new.scenario),
            (Difference::Handoff, old.handoff != new.handoff),
            (Difference::Refusals, refusals),
            (Difference::Slower, slower),
        ];
        found.into_iter().filter(|(_, differs)| *differs).map(|(difference, _)| difference).collect()
    }
}

fn sorted(refused: &Option<Vec<GuardReason>>) -> Vec<GuardReason> {
    let mut refused = refused.clone().unwrap_or_default();
    refused.sort();
    refused
}

/// A message with what differs, for the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// What differs.
    pub differs: Vec<Difference>,
    /// The message and both answers.
    #[serde(flatten)]
    pub played: Played,
}

/// The counts of a replay.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// What the new pack is compared with: `past`, or the version of the old pack.
    pub against: String,
    /// The version of the new pack.
    pub pack: String,
    /// Conversations that were played.
    pub conversations: usize,
    /// Messages that were played.
    pub turns: usize,
    /// Messages that people answered, or that waited for them.
    pub with_people: usize,
    /// Messages whose answers are the same in everything.
    pub same: usize,
    /// How many messages differ, by what differs.
    pub differ: BTreeMap<Difference, usize>,
    /// Other scenarios, as `old → new`.
    pub scenarios: BTreeMap<String, usize>,
    /// Other handoffs, as `old → new`.
    pub handoffs: BTreeMap<String, usize>,
    /// The old side.
    pub old: SideReport,
    /// The new side.
    pub new: SideReport,
    /// The messages that differ.
    pub differences: Vec<Line>,
}

/// One side as a whole.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SideReport {
    /// Handoffs.
    pub handoffs: usize,
    /// Drafts that were not let out, by reason.
    pub refused: BTreeMap<GuardReason, usize>,
    /// How long a reply took.
    pub latency_ms: Distribution,
}

impl Report {
    /// Counts what was played.
    pub fn of(
        (against, pack): (String, String),
        (conversations, with_people): (usize, usize),
        played: Vec<Played>,
    ) -> Self {
        let turns = played.len();
        let (old, new) = (side(&played, |one| &one.old), side(&played, |one| &one.new));
        let lines = played.into_iter().map(|played| Line { differs: played.differences(), played });
        let differences: Vec<Line> = lines.filter(|line| !line.differs.is_empty()).collect();
        let mut differ: BTreeMap<Difference, usize> = Difference::ALL.map(|one| (one, 0)).into();
        for difference in differences.iter().flat_map(|line| &line.differs) {
            *differ.entry(*difference).or_default() += 1;
        }
        Self {
            against,
            pack,
            conversations,
            turns,
            with_people,
            same: turns - differences.len(),
            differ,
            scenarios: changes(&differences, |one| &one.scenario),
            handoffs: changes(&differences, |one| &one.handoff),
            old,
            new,
            differences,
        }
    }
}

fn side(played: &[Played], of: impl Fn(&Played) -> &Answered) -> SideReport {
    let mut refused = BTreeMap::new();
    for reason in played.iter().flat_map(|one| of(one).refused.iter().flatten()) {
        *refused.entry(*reason).or_default() += 1;
    }
    SideReport {
        handoffs: played.iter().filter(|one| of(one).handoff.is_some()).count(),
        refused,
        latency_ms: Distribution::of_ms(played.iter().filter_map(|one| of(one).ms)),
    }
}

fn changes(lines: &[Line], of: impl Fn(&Answered) -> &Option<String>) -> BTreeMap<String, usize> {
    let mut changes = BTreeMap::new();
    for line in lines {
        let (old, new) = (of(&line.played.old), of(&line.played.new));
        if old != new {
            let name = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
            *changes.entry(format!("{} → {}", name(old), name(new))).or_default() += 1;
        }
    }
    changes
}
