//! Whether a person has to take over: ordered rules, first match wins. Never parsed from the model's prose.

use std::sync::LazyLock;

use regex::Regex;

use super::Situation;
use super::class::Course;
use super::ladder::Ladder;
use super::scenario::Chosen;
use super::verdict::Outcome;
use crate::pack::types::Pack;
use crate::turn::types::{
    DeskStatus, Feedback, HandoffMode, HandoffPlan, HandoffReason, Pending, Reading, Tier, TurnInput,
};

/// "不用", "no thanks": the answer to an offered person that wants none.
static DECLINES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(?:先|暂时|还是|那)*(?:不用|不要|不必|不需要|不想|不转|别转?|算了|no(?: thanks| need| thank you)?|not (?:now|yet)|do ?n.?t)",
    )
    .expect("a fixed expression")
});

/// The place of the wording for what is left because too many wait.
const CROWDED: &str = "crowded";

/// The place of the wording that offers to leave it.
pub const OFFER_IN_CROWD: &str = "crowded.offer";

/// The detail of a handoff that the customer has said yes to.
pub const OFFER_ACCEPTED: &str = "offer_accepted";

/// What the rules look at.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The turn.
    pub situation: Situation<'a>,
    /// Its scenario.
    pub chosen: &'a Chosen<'a>,
    /// Where the ladder stands.
    pub ladder: &'a Ladder,
    /// What its goals are chosen by.
    pub course: &'a Course<'a>,
}

/// The handoff that is due now, if any.
pub fn due(case: Case<'_>) -> Option<HandoffPlan> {
    by_text(case)
        .or_else(|| accepted_offer(case))
        .or_else(|| broken_promise(case))
        .or_else(|| by_scenario(case))
        .or_else(|| by_verdict(case))
        .or_else(|| by_ladder(case))
        .or_else(|| not_understood(case))
        .or_else(|| unresolved(case))
        .map(|plan| by_the_hour(plan, case.situation.input.desk.open))
        .map(|plan| by_the_load(plan, &case.situation.input.desk))
}

/// Where nobody is there, what a person has to decide is left with its time and the assistant goes on with what can be
/// done. Danger, threats and the wish for a person are not put off: whoever is on duty hears of them.
fn by_the_hour(plan: HandoffPlan, open: bool) -> HandoffPlan {
    let decides = plan.reason == HandoffReason::ComplexAfterSale && !is_danger(&plan);
    if open || !decides || plan.mode != HandoffMode::Now {
        return plan;
    }
    HandoffPlan { mode: HandoffMode::Async, ..plan }
}

/// Where more wait than the people who are there can take, only what cannot wait is handed over now (service practice §4.4, rows 1
/// to 6); the rest is left with its time, and the assistant goes on.
pub fn by_the_load(plan: HandoffPlan, desk: &DeskStatus) -> HandoffPlan {
    if !desk.crowded || cannot_wait(&plan) || plan.mode != HandoffMode::Now {
        return plan;
    }
    let why = format!("{}; too many wait already", plan.why);
    HandoffPlan { mode: HandoffMode::Async, why, ..plan }
}

/// Danger, threats, the wish for a person, a broken promise and what only a person may decide.
fn cannot_wait(plan: &HandoffPlan) -> bool {
    matches!(
        plan.reason,
        HandoffReason::ComplexAfterSale | HandoffReason::StrongWords | HandoffReason::AskedForPerson
    )
}

/// The place of what is said where too many wait for a handoff of this kind; none where its own line is true. A question that
/// nothing answers is left with its time in any case.
pub fn place_in_crowd(plan: &HandoffPlan, desk: &DeskStatus) -> Option<&'static str> {
    if !desk.crowded || cannot_wait(plan) {
        return None;
    }
    match plan.mode {
        HandoffMode::Offer => Some(OFFER_IN_CROWD),
        HandoffMode::Async if plan.reason != HandoffReason::NoEvidence => Some(CROWDED),
        HandoffMode::Async | HandoffMode::Now => None,
    }
}

/// Whether a matter is left with its time for no other reason than that too many wait.
pub fn is_put_off(plan: &HandoffPlan, desk: &DeskStatus) -> bool {
    place_in_crowd(plan, desk) == Some(CROWDED)
}

/// Whether the message declines the person that was offered.
pub fn declines(input: &TurnInput, reading: &Reading) -> bool {
    let offered = input.memory.pending == Some(Pending::OfferHandoff);
    offered && (reading.feedback == Feedback::Negated || DECLINES.is_match(reading.text.trim()))
}

fn plan(
    reason: HandoffReason,
    mode: HandoffMode,
    detail: Option<&str>,
    why: impl Into<String>,
) -> Option<HandoffPlan> {
    Some(HandoffPlan { reason, detail: detail.map(str::to_owned), mode, why: why.into() })
}

/// Asking for a person, strong words, danger: rules of the pack on the customer's own words.
fn by_text(case: Case<'_>) -> Option<HandoffPlan> {
    handoff_by_text(case.situation.pack, &case.situation.reading.text)
}

/// Whether a handoff is one of health or safety.
pub fn is_danger(plan: &HandoffPlan) -> bool {
    matches!(plan.detail.as_deref(), Some("health" | "safety"))
}

/// What the pack's rules say to a normalised text alone.
pub fn handoff_by_text(pack: &Pack, text: &str) -> Option<HandoffPlan> {
    let (rule, found) = pack.handoff.first(&text.to_lowercase())?;
    plan(rule.reason, rule.mode, rule.detail.as_deref(), format!("rule {}: {found}", rule.id))
}

/// "好，转吧" after an offer.
fn accepted_offer(case: Case<'_>) -> Option<HandoffPlan> {
    let Situation { input, reading, .. } = case.situation;
    let offered = input.memory.pending == Some(Pending::OfferHandoff);
    if offered && reading.feedback == Feedback::Affirmed {
        return plan(
            HandoffReason::UnresolvedTurns,
            HandoffMode::Now,
            Some(OFFER_ACCEPTED),
            "the offer was accepted",
        );
    }
    None
}

fn by_scenario(case: Case<'_>) -> Option<HandoffPlan> {
    let rules = &case.chosen.scenario.handoff;
    if let Some((reason, mode)) = rules.always {
        return plan(reason, mode, rules.detail.as_deref(), format!("scenario {}", case.chosen.scenario.id));
    }
    let placed = case.course.placed;
    let limit = rules.after_failed?;
    let failed = matches!(case.situation.reading.feedback, Feedback::Negated | Feedback::Repeated);
    if failed && placed.same_scenario && placed.episode.unresolved_turns >= limit {
        let why = format!("{limit} answers to {} failed", case.chosen.scenario.id);
        let detail = rules.detail.as_deref().or(Some("ladder"));
        return plan(HandoffReason::UnresolvedTurns, HandoffMode::Now, detail, why);
    }
    None
}

fn by_verdict(case: Case<'_>) -> Option<HandoffPlan> {
    let verdict = case.course.verdict?;
    if verdict.outcome != Outcome::NeedsPerson {
        return None;
    }
    let why = format!("policy {}: {}", verdict.policy, verdict.reason);
    plan(HandoffReason::ComplexAfterSale, HandoffMode::Now, Some("policy_needs_person"), why)
}

/// The top of the ladder, or the third time with the same matter.
fn by_ladder(case: Case<'_>) -> Option<HandoffPlan> {
    if case.ladder.tier != Tier::Handoff {
        return None;
    }
    let placed = case.course.placed;
    let third = placed.came_back && placed.episode.contacts >= 3;
    let detail = if third { "repeat_contact" } else { "ladder" };
    plan(HandoffReason::UnresolvedTurns, HandoffMode::Now, Some(detail), case.ladder.why.join("; "))
}

/// The customer asks for what was promised, its time has passed, and nobody of the shop has answered.
fn broken_promise(case: Case<'_>) -> Option<HandoffPlan> {
    let asks = super::episodes::matter_of(case.chosen.scenario).is_some()
        || case.chosen.scenario.topic == "complaint"
        || matches!(case.situation.reading.feedback, Feedback::Prodded | Feedback::Repeated);
    if !case.course.placed.promise_overdue || !asks {
        return None;
    }
    let why = "what was promised is overdue";
    plan(HandoffReason::ComplexAfterSale, HandoffMode::Now, Some("promise_broken"), why)
}

fn not_understood(case: Case<'_>) -> Option<HandoffPlan> {
    let Situation { input, pack, .. } = case.situation;
    if case.chosen.understood || input.memory.not_understood + 1 < pack.handoff.not_understood {
        return None;
    }
    let why = format!("not understood {} times in a row", input.memory.not_understood + 1);
    plan(HandoffReason::NotUnderstood, HandoffMode::Now, None, why)
}

/// Too many turns without a solution: offered once an episode, never forced.
fn unresolved(case: Case<'_>) -> Option<HandoffPlan> {
    let Situation { input, reading, pack, .. } = case.situation;
    let episode = &case.course.placed.episode;
    let offered = input.memory.pending == Some(Pending::OfferHandoff);
    let failing = matches!(reading.feedback, Feedback::Negated | Feedback::Repeated | Feedback::Prodded)
        || reading.emotion.label.is_negative();
    if !failing
        || offered
        || episode.handoff_declined
        || episode.unresolved_turns < pack.handoff.unresolved_turns
    {
        return None;
    }
    let why = format!("{} turns without a solution", episode.unresolved_turns);
    plan(HandoffReason::UnresolvedTurns, HandoffMode::Offer, None, why)
}
