//! How each goal of a scenario is met: by approved wording, an extract of the evidence, a verdict, or the model.

use super::Situation;
use super::clarify;
use super::class::Course;
use super::empathy;
use super::extract::{Ranked, best_extract, fitting_sentences, ranked};
use super::flow::{self, Going};
use super::handoff::{OFFER_ACCEPTED, OFFER_IN_CROWD, by_the_load, place_in_crowd};
use super::measure;
use super::promise::{self, Promising};
use super::scenario::UNCLEAR;
use super::second;
use super::verdict::{Outcome, Verdict};
use super::words::Words;
use crate::flows::FlowMove;
use crate::pack::types::{GoalPlan, GoalSource, Scenario};
use crate::record::RecordKind;
use crate::turn::types::{
    ActionPlan, By, Choice, CommitmentPlan, Draft, Episode, Fact, Feedback, Goal, HandoffMode, HandoffPlan,
    HandoffReason, LeftOut, ModelBrief, Pending, PlannedGoal, Promised, Realisation, ReplyClass, Stage,
};

/// A knowledge entry whose title or ways of asking cover this much of the question is the answer itself; the model
/// would only put it into other words.
const SAME_QUESTION: f32 = 0.6;

/// From this score on the search is sure that an entry answers, even if it was said before.
const SURE_HIT: f32 = 0.6;

/// An entry longer than this is not said as it stands, in characters.
const SHORT_ANSWER: usize = 110;

/// At most this many facts go into a prompt; each costs reading time.
const MODEL_FACTS: usize = 3;

/// The place of the apology for a promise that is overdue.
const PROMISE_OVERDUE: &str = "promise_overdue";

/// What a turn says and does.
#[derive(Debug, Default)]
pub struct Spoken {
    /// What to say, in order.
    pub goals: Vec<PlannedGoal>,
    /// What is begun.
    pub actions: Vec<ActionPlan>,
    /// What is promised.
    pub commitments: Vec<CommitmentPlan>,
    /// What was promised before and is repeated with its time, by the goal that says it.
    pub repeated: Vec<(Goal, Promised)>,
    /// The handoff that opens a ticket.
    pub handoff: Option<HandoffPlan>,
    /// A question that is open now.
    pub pending: Option<Pending>,
    /// What that question offers to choose from.
    pub choices: Vec<Choice>,
    /// Goals of the scenario that are not met, and why.
    pub left_out: Vec<LeftOut>,
    /// Places of wording by which something was asked for.
    pub asked: Vec<String>,
    /// A second matter that was named and put off.
    pub parked: Option<Episode>,
    /// What becomes of matters of several steps.
    pub flows: Vec<FlowMove>,
}

impl Spoken {
    fn leave_out(&mut self, goal: Goal, why: impl Into<String>) {
        self.left_out.push(LeftOut { goal, why: why.into() });
    }

    /// Whether the reply says or does something of its own already, beyond greeting and comfort.
    fn has_step(&self) -> bool {
        // What only the model may find to say is not said yet.
        let certain = |planned: &PlannedGoal| {
            matches!(planned.realisation, Realisation::Ready(_)) || !planned.fallback.is_empty()
        };
        self.goals.iter().any(|planned| planned.goal.is_step() && certain(planned))
    }
}

/// Realises a scenario. Where a person has to decide on what a flow goes on with, the flow is the person's.
pub fn realise(
    course: &Course<'_>,
    (plan, going): (Option<HandoffPlan>, Option<&Going<'_>>),
    words: &mut Words<'_>,
) -> Spoken {
    let mut spoken = Spoken::default();
    introduce(words, &mut spoken);
    let introduced = !spoken.goals.is_empty();
    if let Some(going) = going.filter(|_| plan.as_ref().is_some_and(is_for_people)) {
        flow::leave_to_people(going, &mut spoken);
    }
    match plan {
        Some(plan) if is_for_people(&plan) => hand_over(course, plan, words, &mut spoken),
        Some(plan) if plan.mode == HandoffMode::Offer => {
            meet_all(course, words, &mut spoken);
            offer(&plan, words, &mut spoken);
        }
        Some(plan) => {
            meet_all(course, words, &mut spoken);
            // What nothing answers is left for people already.
            if spoken.handoff.is_none() {
                leave_message(plan, words, &mut spoken);
            }
        }
        None => {
            meet_all(course, words, &mut spoken);
            second::ride_along(course, words, &mut spoken);
        }
    }
    if course.scenario.id == UNCLEAR && spoken.handoff.is_none() {
        spoken.pending = Some(clarify::pending(&spoken, words.situation()));
    }
    measure::fit(&mut spoken, introduced);
    spoken
}

/// Whether people have to settle it, at once or, where nobody is there or too many wait, by its time; the assistant says no more on
/// it.
fn is_for_people(plan: &HandoffPlan) -> bool {
    let settles = matches!(plan.reason, HandoffReason::ComplexAfterSale | HandoffReason::NotUnderstood)
        || plan.detail.as_deref() == Some(OFFER_ACCEPTED);
    plan.mode == HandoffMode::Now || (plan.mode == HandoffMode::Async && settles)
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

/// A goal that is met by a draft as it stands.
pub fn ready(draft: Draft) -> PlannedGoal {
    PlannedGoal { goal: draft.goal, realisation: Realisation::Ready(draft), fallback: Vec::new() }
}

/// Comfort first, then what is true and useful, then the approved handoff line. Nothing else is said when a person takes
/// over at once.
fn hand_over(course: &Course<'_>, plan: HandoffPlan, words: &mut Words<'_>, spoken: &mut Spoken) {
    let introduced = spoken.goals.len();
    if course.placed.promise_overdue && !course.placed.episode.apologised {
        spoken.goals.extend(words.own_draft(PROMISE_OVERDUE, Goal::Apologize).map(ready));
    }
    for goal in &course.scenario.goals {
        let before = match goal.goal {
            Goal::Acknowledge | Goal::Soothe | Goal::Apologize | Goal::Answer => true,
            Goal::Volunteer => course.class != ReplyClass::Danger,
            _ => false,
        };
        let apologised = spoken.goals.iter().any(|planned| planned.goal == Goal::Apologize);
        if apologised && matches!(goal.goal, Goal::Apologize | Goal::Soothe) {
            spoken.leave_out(goal.goal, "the promise that was not kept is owned up to");
            continue;
        }
        if before && goal.by == GoalSource::Wording && applies(goal, words) {
            meet_by_wording(course, goal.goal, words, spoken);
        }
    }
    // The policy says what the person can decide, if there is room for it.
    if spoken.goals.len() < introduced + 2
        && let Some(verdict) = course.verdict.filter(|verdict| verdict.outcome == Outcome::NeedsPerson)
        && plan.detail.as_deref() == Some("policy_needs_person")
        && !verdict.says.is_empty()
    {
        spoken.goals.extend(judged(course.scenario, Goal::Verdict, verdict, words).map(ready));
    }
    spoken.goals.extend(handoff_line(Some(course.scenario), &plan, words).map(ready));
    spoken.handoff = Some(plan);
}

fn meet_by_wording(course: &Course<'_>, goal: Goal, words: &mut Words<'_>, spoken: &mut Spoken) {
    if let Err(why) = empathy::fits(goal, course, words) {
        spoken.leave_out(goal, why);
        return;
    }
    match worded(course, goal, words) {
        Some(planned) => spoken.goals.push(planned),
        None => spoken.leave_out(goal, "nothing unsaid is left"),
    }
}

/// The scenario's own line, or the one of the finer reason, or the one of the reason; the common ones come last,
/// because they know neither the queue nor the time.
pub fn handoff_line(scenario: Option<&Scenario>, plan: &HandoffPlan, words: &mut Words<'_>) -> Option<Draft> {
    if let Some(place) = place_in_crowd(plan, &words.situation().input.desk) {
        return line_in_crowd(place, words);
    }
    let reason = format!("handoff.{}", reason_name(plan.reason));
    let later = plan.reason == HandoffReason::NoEvidence && plan.mode == HandoffMode::Async;
    scenario
        .and_then(|scenario| words.own_draft(&scenario.id, Goal::Handoff))
        // Who may go on asking is told so.
        .or_else(|| if later { words.own_draft("no_evidence", Goal::Handoff) } else { None })
        .or_else(|| words.own_draft(&format!("{reason}.{}", plan.detail.as_deref()?), Goal::Handoff))
        .or_else(|| words.draft(&reason, Goal::Handoff))
        // A silent handoff must not be: where every line was said, an old one is said again.
        .or_else(|| words.said_before(&reason, Goal::Handoff))
}

/// Why nobody comes now, and by when there is an answer. A pack of one's own that has no such line says the one of a question that
/// is left; it has no offer that would be true.
fn line_in_crowd(place: &str, words: &mut Words<'_>) -> Option<Draft> {
    let own = words.own_draft(place, Goal::Handoff).or_else(|| words.said_before(place, Goal::Handoff));
    if own.is_some() || place == OFFER_IN_CROWD {
        return own;
    }
    words.own_draft("no_evidence", Goal::Handoff).or_else(|| words.said_before("no_evidence", Goal::Handoff))
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
    let plan = by_the_load(plan, &words.situation().input.desk);
    let draft = handoff_line(None, &plan, words);
    (plan, draft)
}

/// Meets the goals in order. A promise that was made before and is not due is not made again, unless nothing else is
/// said; what matters and cannot be met ends in a person.
fn meet_all(course: &Course<'_>, words: &mut Words<'_>, spoken: &mut Spoken) {
    let greeted = !spoken.goals.is_empty();
    let mut put_off = None;
    for goal in &course.scenario.goals {
        if (goal.goal == Goal::Greet && greeted) || !applies(goal, words) {
            continue;
        }
        let fits = empathy::fits(goal.goal, course, words)
            .and_then(|()| explains_in_time(course, goal.goal, spoken));
        if let Err(why) = fits {
            spoken.leave_out(goal.goal, why);
            continue;
        }
        if promise::is_made(course, goal) {
            put_off = Some(goal);
            continue;
        }
        if !meet(course, goal, words, spoken) {
            let said_all = words.has_said(&course.scenario.id, goal.goal);
            let why = if said_all { "nothing unsaid is left" } else { "nothing answers it" };
            spoken.leave_out(goal.goal, why);
            if goal.goal.matters() && !goal.optional && !(said_all && stands_promised(course)) {
                if !ask_back(words, spoken) {
                    without_answer(course, said_all, words, spoken);
                }
                return;
            }
        }
    }
    if let Some(goal) = put_off
        && (spoken.has_step() || !meet(course, goal, words, spoken))
    {
        spoken.leave_out(goal.goal, "promised before and not due yet");
    }
    if spoken.goals.is_empty() {
        say_again(course, words, spoken);
    }
}

/// An answer that was turned down, and nothing else is known: what was meant is asked for before a colleague is.
fn ask_back(words: &mut Words<'_>, spoken: &mut Spoken) -> bool {
    let Situation { input, reading, .. } = words.situation();
    let clarifying = matches!(input.memory.pending, Some(Pending::Clarify { .. }));
    let turned_down = reading.feedback == Feedback::Negated && !clarifying;
    let asked = if turned_down { words.own_draft(UNCLEAR, Goal::Collect) } else { None };
    let Some(draft) = asked else { return false };
    spoken.goals.push(ready(draft));
    spoken.pending = Some(clarify::pending(spoken, words.situation()));
    true
}

/// Where we are at fault, amends come before reasons.
fn explains_in_time(course: &Course<'_>, goal: Goal, spoken: &Spoken) -> Result<(), &'static str> {
    let episode = &course.placed.episode;
    let amends =
        |goal| matches!(goal, Goal::Apologize | Goal::Soothe | Goal::Acknowledge | Goal::Act | Goal::Commit);
    let made = episode.comforted.is_some()
        || episode.apologised
        || spoken.goals.iter().any(|planned| amends(planned.goal));
    if goal == Goal::Explain && course.class == ReplyClass::Breach && !made {
        return Err("amends come before reasons");
    }
    Ok(())
}

/// Whether the scenario has promised a word for later: until then, what was said is all there is, and the promise is
/// what can be said again.
fn stands_promised(course: &Course<'_>) -> bool {
    course.scenario.goals.iter().any(|goal| promise::is_made(course, goal))
}

/// Everything there is to say was said. A formula of politeness may be heard twice; of anything else a person has to
/// say more.
fn say_again(course: &Course<'_>, words: &mut Words<'_>, spoken: &mut Spoken) {
    let polite = course.scenario.goals.iter().find(|plan| matches!(plan.goal, Goal::Greet | Goal::Close));
    match polite.and_then(|plan| words.said_before(&course.scenario.id, plan.goal)) {
        Some(draft) => spoken.goals.push(ready(draft)),
        None => without_answer(course, true, words, spoken),
    }
}

/// Whether a goal is asked for by the facts at hand.
pub fn applies(goal: &GoalPlan, words: &Words<'_>) -> bool {
    let now = &words.situation().input.now;
    goal.when.as_ref().is_none_or(|when| when.holds(words.variables(), now).unwrap_or(false))
}

/// Meets one goal; whether it could be met.
fn meet(course: &Course<'_>, goal: &GoalPlan, words: &mut Words<'_>, spoken: &mut Spoken) -> bool {
    let scenario = course.scenario;
    let planned = match &goal.by {
        GoalSource::Wording => worded(course, goal.goal, words),
        // Where no record fits, a scenario may have words of its own to say so.
        GoalSource::Evidence { kinds } => {
            extracted(goal.goal, kinds, words).or_else(|| words.own_draft(&scenario.id, goal.goal)).map(ready)
        }
        GoalSource::Model { kinds } => return modelled(scenario, goal.goal, kinds, words, spoken),
        GoalSource::Verdict { about } => {
            match course.verdicts.about(about) {
                Some(verdict) => judged(scenario, goal.goal, verdict, words).map(ready),
                // What is only offered may be said without a policy; what is decided may not.
                None if !goal.goal.matters() => worded(course, goal.goal, words),
                None => None,
            }
        }
        GoalSource::Promise { kind, action } => {
            let promising = Promising::by_scenario(scenario, goal.goal, (kind, action.as_deref()));
            return promise::make(course, &promising, words, spoken);
        }
        GoalSource::Flow { flow, promise } => {
            return flow::begin_or_promise(course, goal.goal, (flow, promise), words, spoken);
        }
    };
    let met = planned.is_some();
    spoken.goals.extend(planned);
    met
}

/// Approved wording, with the next variant in case the guard refuses what a record put into a slot of the first, or a
/// more important goal asks the question of this turn.
fn worded(course: &Course<'_>, goal: Goal, words: &mut Words<'_>) -> Option<PlannedGoal> {
    if goal == Goal::Soothe {
        return empathy::comfort(course, words).map(ready);
    }
    if goal == Goal::Acknowledge
        && let Some(draft) = empathy::need(course, words)
    {
        return Some(ready(draft));
    }
    if course.scenario.id == UNCLEAR
        && goal == Goal::Collect
        && let Some(draft) = clarify::which(words)
    {
        return Some(ready(draft));
    }
    let draft = words.draft(&course.scenario.id, goal)?;
    if matches!(goal, Goal::Volunteer | Goal::Recommend | Goal::Close) && unwelcome(&draft, words) {
        return None;
    }
    let fixed = draft.evidence.is_empty() && !measure::asks(&draft.text);
    let fallback = if fixed { None } else { words.draft(&course.scenario.id, goal) };
    Some(PlannedGoal {
        goal,
        realisation: Realisation::Ready(draft),
        fallback: fallback.into_iter().collect(),
    })
}

/// What is volunteered is told once, whatever its words; and nothing is advertised while something is wrong.
fn unwelcome(draft: &Draft, words: &Words<'_>) -> bool {
    let told = !draft.slots.is_empty() && draft.slots.values().all(|value| words.was_heard(value));
    told || (empathy::advertises(draft, words) && empathy::is_troubled(words))
}

/// The policy's own words; the scenario's wording where the policy has none left.
fn judged(scenario: &Scenario, goal: Goal, verdict: &Verdict, words: &mut Words<'_>) -> Option<Draft> {
    let draft = verdict.draft(goal, words).or_else(|| words.draft(&scenario.id, goal))?;
    let offered = matches!(goal, Goal::Volunteer | Goal::Recommend);
    (!offered || !unwelcome(&draft, words)).then_some(draft)
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
    let reading = words.situation().reading;
    let extract = best_extract(&candidates(kinds, words), &reading.question)?;
    if !words.was_heard(&extract.text) {
        return Some(quoted(goal, extract.fact, extract.text));
    }
    // Who now asks for a part of what was said hears that part.
    let part = fitting_sentences(extract.fact, &reading.question, 1);
    let asked = reading.feedback == Feedback::None && extract.fact.score >= SURE_HIT;
    let new = part.trim() != extract.text && !words.was_heard_alone(part.trim());
    (asked && new).then(|| quoted(goal, extract.fact, part.trim().to_owned()))
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
    let answer = found.first().and_then(|best| the_answer_itself(best, goal));
    let heard = answer.as_ref().is_some_and(|answer| words.was_heard(&answer.text));
    if heard && words.situation().reading.feedback == Feedback::Negated {
        // The answer was turned down; in other words it would be the same one.
        return false;
    }
    if let Some(answer) = answer.filter(|_| !heard) {
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

/// What the evidence of a goal says to a question of its own: the fitting sentences, or for what the model would write
/// the entry that asks the very same.
pub fn evidence_for(plan: &GoalPlan, question: &str, words: &Words<'_>) -> Option<Draft> {
    let draft = match &plan.by {
        GoalSource::Evidence { kinds } => {
            let extract = best_extract(&candidates(kinds, words), question)?;
            quoted(plan.goal, extract.fact, extract.text)
        }
        GoalSource::Model { kinds } => {
            let found = candidates(kinds, words);
            the_answer_itself(ranked(&found, question).first()?, plan.goal)?
        }
        _ => return None,
    };
    (!words.was_heard(&draft.text)).then_some(draft)
}

/// A short knowledge entry whose question is the customer's question.
fn the_answer_itself(best: &Ranked<'_>, goal: Goal) -> Option<Draft> {
    let fact = best.fact;
    let text = fact.fields.get("text")?.as_str()?.trim();
    let same = fact.kind == RecordKind::Knowledge && best.title >= SAME_QUESTION;
    let sayable = text.chars().count() <= SHORT_ANSWER && fact.text.contains(text);
    (same && sayable).then(|| quoted(goal, fact, text.to_owned()))
}

/// Who asks before buying can be answered later and goes on chatting; who has paid is answered now.
pub fn mode_for(stage: Stage) -> HandoffMode {
    match stage {
        Stage::PreSale | Stage::Service => HandoffMode::Async,
        Stage::InSale | Stage::AfterSale => HandoffMode::Now,
    }
}

/// Nothing answers a goal the scenario cannot do without, or everything that answers it was said: a colleague goes on,
/// later before the sale, now after it, unless a person was offered in this matter and not wanted.
fn without_answer(course: &Course<'_>, said_all: bool, words: &mut Words<'_>, spoken: &mut Spoken) {
    let scenario = course.scenario;
    let declined = course.placed.episode.handoff_declined;
    let (reason, detail, why) = if said_all {
        (HandoffReason::UnresolvedTurns, Some("said_all"), "everything was said about")
    } else {
        (HandoffReason::NoEvidence, None, "no record answers")
    };
    let plan = HandoffPlan {
        reason,
        detail: detail.map(str::to_owned),
        mode: if declined { HandoffMode::Async } else { mode_for(scenario.stage) },
        why: format!("{why} {}", scenario.id),
    };
    leave_message(by_the_load(plan, &words.situation().input.desk), words, spoken);
}
