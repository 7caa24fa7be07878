//! Which class of reply is it? Each class has its own order of goals (service practice §3.3).

use super::Situation;
use super::episodes::Placed;
use super::scenario::SAFETY_PRIORITY;
use super::verdict::{Outcome, Verdict, Verdicts};
use crate::pack::types::Scenario;
use crate::turn::types::{EmotionLabel, HandoffMode, ReplyClass, Stage};

/// What the goals of one reply are chosen by.
#[derive(Debug, Clone, Copy)]
pub struct Course<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// Its episode.
    pub placed: &'a Placed,
    /// The verdict of the policies that the scenario turns on.
    pub verdict: Option<&'a Verdict>,
    /// All of them.
    pub verdicts: &'a Verdicts,
    /// The class of the reply.
    pub class: ReplyClass,
    /// Whether the records prove a breach of ours: only then is there anything to apologise for.
    pub breach: bool,
}

impl<'a> Course<'a> {
    /// The course of a turn.
    pub fn new(
        situation: Situation<'_>,
        scenario: &'a Scenario,
        placed: &'a Placed,
        verdicts: &'a Verdicts,
    ) -> Self {
        let verdict = verdicts.main();
        let breach = scenario.breach || placed.promise_overdue || placed.episode.position.breach_counted;
        let refused = verdict.is_some_and(|verdict| verdict.outcome == Outcome::Refused);
        let to_person = scenario.handoff.always.is_some_and(|(_, mode)| mode == HandoffMode::Now);
        let hesitant = situation.reading.emotion.label == EmotionLabel::Hesitant;
        let class = if placed.danger || scenario.priority >= SAFETY_PRIORITY {
            ReplyClass::Danger
        } else if to_person {
            ReplyClass::Dispute
        } else if scenario.breach {
            ReplyClass::Breach
        } else if refused {
            ReplyClass::Refusal
        } else if scenario.expect.iter().any(|label| label.is_negative()) {
            ReplyClass::Trouble
        } else if hesitant && scenario.stage == Stage::PreSale {
            ReplyClass::Hesitant
        } else {
            ReplyClass::Field
        };
        Self { scenario, placed, verdict, verdicts, class, breach }
    }
}
