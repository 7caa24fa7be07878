//! How each goal of a scenario is met: by approved wording, an extract of the evidence, a verdict, or the model.

use jiff::Timestamp;
use serde_json::json;

use super::extract::{Ranked, best_extract, ranked};
use super::verdict::Verdict;
use super::words::Words;
use crate::pack::types::{GoalPlan, GoalSource, Scenario};
use crate::record::RecordKind;
use crate::turn::types::{
    By, CommitmentPlan, Draft, Fact, Goal, HandoffMode, HandoffPlan, HandoffReason, ModelBrief, Pending,
    PlannedGoal, Realisation, Stage,
};

/// A knowledge entry whose title or ways of asking cover this much of the question is the answer itself; the model
/// would only put it into other words.
const SAME_QUESTION: f32 = 0.6;

/// An entry longer than this is not said as it stands, in characters.
const SHORT_ANSWER: usize = 110;

/// At most this many facts go into a prompt; each costs reading time.
const MODEL_FACTS: usize = 3;

/// What a turn says and does.
#[derive(Debug, Default)]
pub struct Spoken {
    /// What to say, in order.
    pub goals: Vec<PlannedGoal>,
    /// What is promised.
    pub commitments: Vec<CommitmentPlan>,
    /// The handoff that opens a ticket.
    pub handoff: Option<HandoffPlan>,
    /// A question that is open now.
    pub pending: Option<Pending>,
}

/// Realises a scenario.
pub fn realise(
    scenario: &Scenario,
    plan: Option<HandoffPlan>,
    words: &mut Words<'_>,
    verdict: Option<&Verdict>,
) -> Spoken {
    let mut spoken = Spoken::default();
    introduce(words, &mut spoken);
    match plan {
        Some(plan) if plan.mode == HandoffMode::Now => hand_over(scenario, plan, words, &mut spoken),
        Some(plan) if plan.mode == HandoffMode::Offer => {
            meet_all(scenario, words, verdict, &mut spoken);
            offer(&plan, words, &mut spoken);
        }
        Some(plan) => {
            meet_all(scenario, words, verdict, &mut spoken);
            leave_message(plan, words, &mut spoken);
        }
        None => meet_all(scenario, words, verdict, &mut spoken),
    }
    if scenario.id == super::scenario::UNCLEAR && spoken.handoff.is_none() {
        spoken.pending = Some(Pending::Clarify);
    }
    spoken
}

/// The assistant says that it is one in its first reply, whatever the reply is about.
pub fn introduce(words: &mut Words<'_>, spoken: &mut Spoken) {
    if words.situation().input.memory.introduced {
        return;
    }
    if let Some(draft) = words.draft("introduce", Goal::Greet) {
        spoken.goals.push(ready(draft));
    }
}

fn ready(draft: Draft) -> PlannedGoal {
    PlannedGoal { goal: draft.goal, realisation: Realisation::Ready(draft), fallback: Vec::new() }
}

/// Comfort first, then the approved handoff line. Nothing else is said when a person takes over at once.
fn hand_over(scenario: &Scenario, plan: HandoffPlan, words: &mut Words<'_>, spoken: &mut Spoken) {
    for goal in &scenario.goals {
        let before = matches!(goal.goal, Goal::Acknowledge | Goal::Soothe | Goal::Apologize | Goal::Answer);
        if before
            && goal.by == GoalSource::Wording
            && fits_tone(goal.goal, scenario, words)
            && applies(goal, words)
        {
            spoken.goals.extend(words.draft(&scenario.id, goal.goal).map(ready));
        }
    }
    spoken.goals.extend(handoff_line(Some(scenario), &plan, words).map(ready));
    spoken.handoff = Some(plan);
}

/// The scenario's own line, or the one of the finer reason, or the one of the reason; the common ones come last,
/// because they know neither the queue nor the time.
fn handoff_line(scenario: Option<&Scenario>, plan: &HandoffPlan, words: &mut Words<'_>) -> Option<Draft> {
    let reason = format!("handoff.{}", reason_name(plan.reason));
    scenario
        .and_then(|scenario| words.own_draft(&scenario.id, Goal::Handoff))
        .or_else(|| words.own_draft(&format!("{reason}.{}", plan.detail.as_deref()?), Goal::Handoff))
        .or_else(|| words.draft(&reason, Goal::Handoff))
}

/// The name of a reason as the API and the pack write it.
pub fn reason_name(reason: HandoffReason) -> String {
    serde_json::to_value(reason).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn offer(plan: &HandoffPlan, words: &mut Words<'_>, spoken: &mut Spoken) {
    if let Some(draft) = handoff_line(None, plan, words) {
        spoken.goals.push(ready(draft));
        spoken.pending = Some(Pending::OfferHandoff);
    }
}

/// A message for a colleague with a due time; the assistant goes on.
fn leave_message(plan: HandoffPlan, words: &mut Words<'_>, spoken: &mut Spoken) {
    spoken.goals.extend(handoff_line(None, &plan, words).map(ready));
    spoken.handoff = Some(plan);
}

/// A handoff that only turned out to be needed while speaking: the guard refused, or nothing could answer.
pub fn late_handoff(
    reason: HandoffReason,
    stage: Stage,
    why: &str,
    words: &mut Words<'_>,
) -> (HandoffPlan, Option<Draft>) {
    let plan = HandoffPlan { reason, detail: None, mode: mode_for(stage), why: why.to_owned() };
    let draft = handoff_line(None, &plan, words);
    (plan, draft)
}

fn meet_all(scenario: &Scenario, words: &mut Words<'_>, verdict: Option<&Verdict>, spoken: &mut Spoken) {
    let greeted = !spoken.goals.is_empty();
    for goal in &scenario.goals {
        if (goal.goal == Goal::Greet && greeted)
            || !fits_tone(goal.goal, scenario, words)
            || !applies(goal, words)
        {
            continue;
        }
        let met = meet(scenario, goal, words, verdict, spoken);
        if !met && !goal.optional {
            without_evidence(scenario, words, spoken);
            return;
        }
    }
}

/// A calm customer whose order is in order is answered, not comforted. Where the facts themselves show that the shop is
/// late, the comforting line is also the one that names them, and everybody hears it.
fn fits_tone(goal: Goal, scenario: &Scenario, words: &Words<'_>) -> bool {
    let emotion = &words.situation().reading.emotion;
    let upset = emotion.label.is_negative() && emotion.intensity >= 0.3;
    match goal {
        Goal::Soothe => {
            upset
                || scenario.breach
                || !scenario.handoff.always.is_none_or(|(_, mode)| mode != HandoffMode::Now)
        }
        Goal::Apologize => upset || scenario.breach || scenario.handoff.always.is_some(),
        _ => true,
    }
}

fn applies(goal: &GoalPlan, words: &Words<'_>) -> bool {
    let now = &words.situation().input.now;
    goal.when.as_ref().is_none_or(|when| when.holds(words.variables(), now).unwrap_or(false))
}

/// Meets one goal; whether it could be met.
fn meet(
    scenario: &Scenario,
    goal: &GoalPlan,
    words: &mut Words<'_>,
    verdict: Option<&Verdict>,
    spoken: &mut Spoken,
) -> bool {
    let planned = match &goal.by {
        GoalSource::Wording => worded(scenario, goal.goal, words),
        GoalSource::Evidence { kinds } => extracted(goal.goal, kinds, words).map(ready),
        GoalSource::Model { kinds } => return modelled(scenario, goal.goal, kinds, words, spoken),
        GoalSource::Verdict { .. } => {
            verdict.and_then(|verdict| judged(scenario, goal.goal, verdict, words)).map(ready)
        }
        GoalSource::Promise { kind } => return promised(scenario, goal.goal, kind, words, spoken),
    };
    match planned {
        Some(planned) => {
            spoken.goals.push(planned);
            true
        }
        None => false,
    }
}

/// Approved wording, with the next variant in case the guard refuses what a record put into a slot of the first.
fn worded(scenario: &Scenario, goal: Goal, words: &mut Words<'_>) -> Option<PlannedGoal> {
    let draft = words.draft(&scenario.id, goal)?;
    let fixed = draft.evidence.is_empty();
    let fallback = if fixed { None } else { words.draft(&scenario.id, goal) };
    Some(PlannedGoal {
        goal,
        realisation: Realisation::Ready(draft),
        fallback: fallback.into_iter().collect(),
    })
}

/// The policy's own words, which the shop wrote and approved; the scenario's wording where the policy has none.
fn judged(scenario: &Scenario, goal: Goal, verdict: &Verdict, words: &mut Words<'_>) -> Option<Draft> {
    let Some(says) = &verdict.says else {
        return words.draft(&scenario.id, goal);
    };
    let wording = format!("{}.{}", verdict.policy, verdict.outcome.as_str());
    if words.was_said(&wording) {
        return words.draft(&scenario.id, goal);
    }
    Some(Draft {
        text: says.clone(),
        goal,
        by: By::Wording,
        evidence: vec![verdict.policy.clone()],
        wording: Some(wording),
        slots: std::collections::BTreeMap::new(),
    })
}

fn candidates<'f>(kinds: &[RecordKind], words: &Words<'f>) -> Vec<&'f Fact> {
    let facts = words.situation().facts;
    let focused = |fact: &&Fact| {
        let other_order =
            fact.kind == RecordKind::Order && facts.order().is_some_and(|order| order.id != fact.id);
        kinds.contains(&fact.kind) && !other_order
    };
    let mut found: Vec<&Fact> = facts.found.iter().filter(focused).collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found
}

fn extracted(goal: Goal, kinds: &[RecordKind], words: &Words<'_>) -> Option<Draft> {
    let extract = best_extract(&candidates(kinds, words), &words.situation().reading.question)?;
    if words.was_heard(&extract.text) {
        return None;
    }
    Some(quoted(goal, extract.fact, extract.text))
}

fn quoted(goal: Goal, fact: &Fact, text: String) -> Draft {
    Draft {
        text,
        goal,
        by: By::Evidence,
        evidence: vec![fact.id.clone()],
        wording: None,
        slots: std::collections::BTreeMap::new(),
    }
}

/// The model writes it; consecutive goals become one brief, so that the prompt is read once.
fn modelled(
    scenario: &Scenario,
    goal: Goal,
    kinds: &[RecordKind],
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) -> bool {
    let found = candidates(kinds, words);
    if found.is_empty() {
        return false;
    }
    let fallback: Vec<Draft> = extracted(goal, kinds, words).into_iter().collect();
    let found = ranked(&found, &words.situation().reading.question);
    if let Some(answer) = found.first().and_then(|best| the_answer_itself(best, goal)) {
        spoken.goals.push(PlannedGoal { goal, realisation: Realisation::Ready(answer), fallback });
        return true;
    }
    let evidence: Vec<String> = found.iter().take(MODEL_FACTS).map(|ranked| ranked.fact.id.clone()).collect();
    if let Some(last) = spoken.goals.last_mut()
        && let Realisation::Model(brief) = &mut last.realisation
    {
        brief.goals.push(goal);
        let more: Vec<String> = evidence.into_iter().filter(|id| !brief.evidence.contains(id)).collect();
        brief.evidence.extend(more);
        return true;
    }
    let wording = words.draft(&scenario.id, goal);
    let fallback = fallback.into_iter().chain(wording).collect();
    let realisation = Realisation::Model(ModelBrief { goals: vec![goal], evidence });
    spoken.goals.push(PlannedGoal { goal, realisation, fallback });
    true
}

/// A short knowledge entry whose question is the customer's question.
fn the_answer_itself(best: &Ranked<'_>, goal: Goal) -> Option<Draft> {
    let fact = best.fact;
    let text = fact.fields.get("text")?.as_str()?.trim();
    let same = fact.kind == RecordKind::Knowledge && best.title >= SAME_QUESTION;
    let sayable = text.chars().count() <= SHORT_ANSWER && fact.text.contains(text);
    (same && sayable).then(|| quoted(goal, fact, text.to_owned()))
}

/// A promise is said only with its due time, and a ticket will stand behind it before it is said.
fn promised(scenario: &Scenario, goal: Goal, kind: &str, words: &mut Words<'_>, spoken: &mut Spoken) -> bool {
    let Some(promise) = words.situation().pack.promises.get(kind) else {
        return false;
    };
    let situation = words.situation();
    let due: Timestamp =
        situation.hours.due_in_business_minutes(&situation.input.now, promise.within_business_minutes);
    words.set("commitment", json!({ "due": situation.input.now.at(due).to_string(), "kind": kind }));
    let Some(draft) = words.draft(&scenario.id, goal) else {
        return false;
    };
    spoken.goals.push(ready(draft));
    spoken.commitments.push(CommitmentPlan { kind: kind.to_owned(), due });
    true
}

/// Who asks before buying can be answered later and goes on chatting; who has paid is answered now.
fn mode_for(stage: Stage) -> HandoffMode {
    match stage {
        Stage::PreSale | Stage::Service => HandoffMode::Async,
        Stage::InSale | Stage::AfterSale => HandoffMode::Now,
    }
}

/// Nothing answers a goal the scenario cannot do without: a colleague does, later before the sale, now after it.
fn without_evidence(scenario: &Scenario, words: &mut Words<'_>, spoken: &mut Spoken) {
    let plan = HandoffPlan {
        reason: HandoffReason::NoEvidence,
        detail: None,
        mode: mode_for(scenario.stage),
        why: format!("no record answers {}", scenario.id),
    };
    leave_message(plan, words, spoken);
}
