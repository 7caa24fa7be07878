//! Matters of several steps within a turn: which open flow a message goes on with, what its answer leads to, and how the
//! customer comes back to it after something else. Pure; what is decided here is written with the turn.

mod answer;
mod choose;
mod contact;
mod enter;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::class::Course;
use super::goals::{Spoken, handoff_line, introduce, ready};
use super::handoff::{by_the_load, handoff_by_text};
use super::measure;
use super::promise::{self, Promising};
use super::scenario::{Chosen, GENERAL_QUESTION, SAFETY_PRIORITY, UNCLEAR, VERY_SURE};
use super::verdict::Outcome;
use super::words::Words;
use super::{MOST_BUBBLES, Situation};
use crate::actions::ActionState;
use crate::flows::{Answer, Answers, Flow, FlowMove, FlowState, open_step};
use crate::pack::flows::{AGAIN, Asks, FlowKind, Step, StepKind, common_place_of, place_of};
use crate::pack::types::Pack;
use crate::turn::types::{
    Draft, EmotionLabel, Goal, HandoffMode, HandoffPlan, HandoffReason, Pending, PlannedGoal, Realisation,
};
use answer::{Asked, Read};
pub use choose::items_offered;
use enter::{enter, introduce_flow, set_flow};

/// Answers that could not be used, after which a person goes on.
const MOST_FAILURES: u32 = 2;

/// From this confidence on a question in between is one of its own.
const SURE: f32 = 0.5;

/// A message that goes on with an open flow.
#[derive(Debug)]
pub struct Going<'a> {
    flow: &'a Flow,
    kind: &'a FlowKind,
    how: How,
}

/// How it goes on.
#[derive(Debug)]
enum How {
    /// The present question is answered.
    Answered(Answer),
    /// It is answered so that nothing can be done with it; what is not there, if that is why.
    Unusable(Option<String>),
    /// The customer wants it no more.
    GivenUp,
    /// Another answer to an earlier question, instead of the yes.
    Changed(String, Answer),
    /// The question for a yes is put again: what was said may be one, and may be not.
    Unsure,
    /// The time to answer is over.
    TooLate,
    /// What was agreed to is under way already.
    UnderWay,
}

/// The open flow that a message goes on with. Danger, a wish for a person and strong words come first.
pub fn going_on<'a>(situation: Situation<'a>, chosen: &Chosen<'_>, variables: &Value) -> Option<Going<'a>> {
    let Situation { input, reading, pack, .. } = situation;
    let grave = chosen.scenario.priority >= SAFETY_PRIORITY || handoff_by_text(pack, &reading.text).is_some();
    if grave {
        return None;
    }
    let known = input.standing.flows.iter().filter_map(|flow| Some((flow, pack.flows.get(&flow.kind)?)));
    let mut open = known.filter(|(flow, _)| flow.state == FlowState::Open);
    let pending = match &input.memory.pending {
        Some(Pending::Flow { identity, recalled, .. }) => Some((identity, *recalled)),
        _ => None,
    };
    let asked = |flow: &Flow| pending.is_some_and(|(identity, _)| flow.identity == *identity);
    let recalled = pending.is_some_and(|(_, recalled)| recalled);
    let first = open.clone().find(|(flow, _)| asked(flow));
    if let Some((flow, kind)) = first {
        let going = answered((flow, kind), recalled, situation, (chosen, variables));
        if going.is_some() {
            return going;
        }
    }
    open.find_map(|(flow, kind)| {
        let how = by_itself((flow, kind), situation, (chosen, variables))?;
        Some(Going { flow, kind, how })
    })
}

/// The answer to the question that is open.
fn answered<'a>(
    (flow, kind): (&'a Flow, &'a FlowKind),
    recalled: bool,
    situation: Situation<'a>,
    (chosen, variables): (&Chosen<'_>, &Value),
) -> Option<Going<'a>> {
    let step = kind.step(&flow.step)?;
    let StepKind::Asks(asks) = &step.kind else { return None };
    let others = chosen.scenario.id != flow.scenario && chosen.scenario.topic != "smalltalk";
    let interrupted = chosen.understood && others && chosen.confidence >= SURE;
    let polite = chosen.understood && chosen.scenario.topic == "smalltalk";
    // A question in the message is for the turn to answer; free words are an answer unless they surely say something else.
    let interrupted = interrupted && (*asks != Asks::Text || chosen.confidence >= VERY_SURE);
    let variables = with_flow(variables, flow, kind, situation);
    let asks = of_product(asks, &variables);
    // Thanks and the like answer nothing.
    if polite && !matches!(asks, Asks::Choice(_) | Asks::Text | Asks::Confirm) {
        return None;
    }
    let asked = Asked { asks, variables: &variables, recalled, interrupted };
    let in_time = !flow.has_expired(kind, &situation.input.now);
    let read = answer::read(asked, situation);
    let how = match read.clone() {
        Read::Answer(_) | Read::Unusable(_) if !in_time => How::TooLate,
        Read::Answer(answer) => How::Answered(answer),
        Read::Unusable(missing) => How::Unusable(missing),
        // Who is asked for a yes and puts something right has not given it up.
        Read::No | Read::Else | Read::Unsure if *asks == Asks::Confirm && in_time => {
            match changed((flow, kind), situation, &variables) {
                Some((step, answer)) => How::Changed(step, answer),
                None if read == Read::No => How::GivenUp,
                None if read == Read::Unsure => How::Unsure,
                None => return None,
            }
        }
        Read::No => How::GivenUp,
        Read::Else | Read::Unsure => return None,
    };
    Some(Going { flow, kind, how })
}

/// What is put right before the yes: "不对，是 16 号".
fn changed(
    (flow, kind): (&Flow, &FlowKind),
    situation: Situation<'_>,
    variables: &Value,
) -> Option<(String, Answer)> {
    if answer::is_question(&situation.reading.text) {
        return None;
    }
    let before = kind.steps.iter().take_while(|step| step.id != flow.step);
    before.filter(|step| flow.answers.contains_key(&step.id)).find_map(|step| {
        let StepKind::Asks(asks) = &step.kind else { return None };
        if !matches!(asks, Asks::Sku | Asks::Contact | Asks::InvoiceTitle | Asks::Choice(_)) {
            return None;
        }
        let asked = Asked { asks, variables, recalled: true, interrupted: false };
        let answer = answer::volunteered(asked, situation)?;
        (flow.answers.get(&step.id) != Some(&answer)).then(|| (step.id.clone(), answer))
    })
}

/// What a message says of a flow whose question is not the last thing that was said.
fn by_itself(
    (flow, kind): (&Flow, &FlowKind),
    situation: Situation<'_>,
    (chosen, variables): (&Chosen<'_>, &Value),
) -> Option<How> {
    let order = situation.facts.order().and_then(|order| order.id.strip_prefix("order:"));
    let of_order = flow.order.as_deref().is_none_or(|own| order.is_none_or(|order| order == own));
    if of_order && kind.ended_by.contains(&chosen.scenario.id) && !kind.has_done_before_or_at(&flow.step) {
        return Some(How::GivenUp);
    }
    let step = kind.step(&flow.step)?;
    let in_time = !flow.has_expired(kind, &situation.input.now);
    let here = flow.conversation == situation.input.conversation;
    match &step.kind {
        StepKind::Asks(Asks::Confirm) if here && answer::is_explicit_yes(&situation.reading.text) => {
            let text = situation.reading.text.clone();
            Some(if in_time {
                How::Answered(Answer { value: text.clone(), shown: text })
            } else {
                How::TooLate
            })
        }
        StepKind::Does(_) if here && answer::is_explicit_yes(&situation.reading.text) => Some(How::UnderWay),
        StepKind::Asks(asks) => {
            // A parcel's number and pictures say by themselves what they are for; other answers only where nothing else is read.
            let plain = matches!(asks, Asks::Tracking | Asks::Picture);
            let nothing_else =
                !chosen.understood || matches!(chosen.scenario.id.as_str(), UNCLEAR | GENERAL_QUESTION);
            // Whoever comes back begins with the answer.
            let comes_back = situation.input.memory.scenario.is_none() && !here;
            let fits = of_order
                && (plain || nothing_else || comes_back)
                && !answer::is_question(&situation.reading.text);
            if !fits {
                return None;
            }
            let variables = with_flow(variables, flow, kind, situation);
            let asked = Asked { asks, variables: &variables, recalled: true, interrupted: false };
            let answer = answer::volunteered(asked, situation).filter(|_| *asks != Asks::Item)?;
            Some(if in_time { How::Answered(answer) } else { How::TooLate })
        }
        _ => None,
    }
}

/// Where a product has no variants, what is wanted is told in words.
fn of_product<'a>(asks: &'a Asks, variables: &Value) -> &'a Asks {
    if *asks == Asks::Sku && !choose::has_variants(variables) { &Asks::Text } else { asks }
}

/// Lets conditions and wording read the open flow of the order in focus, or the one of this conversation.
pub fn with_open(mut variables: Value, situation: Situation<'_>) -> Value {
    let Situation { input, facts, pack, .. } = situation;
    let order = facts.order().and_then(|order| order.id.strip_prefix("order:"));
    let fits = |flow: &&Flow| match order {
        Some(order) => flow.order.as_deref() == Some(order),
        None => flow.conversation == input.conversation,
    };
    let mut open = input.standing.flows.iter().filter(|flow| flow.state == FlowState::Open);
    if let Some(flow) = open.find(fits)
        && let Some(kind) = pack.flows.get(&flow.kind)
    {
        variables["flow"] = flow.as_variable(kind, &input.now);
    }
    variables
}

fn with_flow(variables: &Value, flow: &Flow, kind: &FlowKind, situation: Situation<'_>) -> Value {
    let mut variables = variables.clone();
    variables["flow"] = flow.as_variable(kind, &situation.input.now);
    with_item(variables, (kind, &flow.answers), situation)
}

/// Lets what follows read the item that a flow is about, whatever else the message speaks of.
fn with_item(
    mut variables: Value,
    (kind, answers): (&FlowKind, &Answers),
    situation: Situation<'_>,
) -> Value {
    let asked = kind.steps.iter().filter(|step| step.kind == StepKind::Asks(Asks::Item));
    let Some(item) = asked.filter_map(|step| answers.get(&step.id)).next() else { return variables };
    if let Some(product) = situation.facts.get(&format!("product:{}", item.value)) {
        variables["product"] = product.fields.clone();
    }
    if let Some(line) = choose::line_of(&variables, &item.value) {
        variables["item"] = line;
    }
    variables
}

impl<'a> Going<'a> {
    /// The scenario that the message belongs to, if it is not the one that was read. None if the pack has lost it.
    pub fn chosen(&self, read: &Chosen<'_>, pack: &'a Pack) -> Option<Chosen<'a>> {
        if self.kind.ended_by.contains(&read.scenario.id) {
            return None;
        }
        let scenario = pack.scenario(&self.flow.scenario)?;
        Some(Chosen { scenario, confidence: 1.0, understood: true })
    }

    /// The matter whose policy has to allow still what the message says yes to.
    pub fn agreed_matter(&self) -> Option<&'a str> {
        let asks_for_yes =
            self.kind.step(&self.flow.step).is_some_and(|step| step.kind == StepKind::Asks(Asks::Confirm));
        let agrees = asks_for_yes && matches!(self.how, How::Answered(_));
        self.kind.policy.as_deref().filter(|_| agrees)
    }

    /// Lets rules and wording read the item that the flow is about.
    pub fn with_item(&self, variables: Value, situation: Situation<'_>) -> Value {
        with_item(variables, (self.kind, &self.flow.answers), situation)
    }
}

/// Says what the answer leads to.
pub fn go_on(course: &Course<'_>, going: &Going<'_>, words: &mut Words<'_>) -> Spoken {
    let mut spoken = Spoken::default();
    introduce(words, &mut spoken);
    let introduced = !spoken.goals.is_empty();
    let Going { flow, kind, how } = going;
    let moved = FlowMove::of(flow);
    set_flow(kind, &moved, words);
    match how {
        How::Answered(answer) => take(course, (kind, moved, answer), words, &mut spoken),
        How::Unusable(missing) => ask_again((kind, moved), missing.as_deref(), words, &mut spoken),
        How::GivenUp => end(kind, (moved, FlowState::Cancelled, "cancelled"), words, &mut spoken),
        How::Changed(step, answer) => {
            let mut moved = moved;
            moved.answers.insert(step.clone(), answer.clone());
            ask_for_yes(course, (kind, flow), moved, words, &mut spoken);
        }
        How::Unsure => ask_for_yes(course, (kind, flow), moved, words, &mut spoken),
        How::TooLate => end(kind, (moved, FlowState::Expired, "expired"), words, &mut spoken),
        How::UnderWay => stand(course, (kind, flow), words, &mut spoken),
    }
    measure::fit(&mut spoken, introduced);
    spoken
}

/// Puts the question for a yes again, with its time from now.
fn ask_for_yes(
    course: &Course<'_>,
    (kind, flow): (&FlowKind, &Flow),
    moved: FlowMove,
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) {
    if let Some(confirm) = kind.step(&flow.step) {
        enter(course, (kind, confirm), FlowMove { begins_step: true, ..moved }, words, spoken);
    }
}

/// Takes an answer and goes to the next open step.
fn take(
    course: &Course<'_>,
    (kind, mut moved, answer): (&FlowKind, FlowMove, &Answer),
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) {
    let confirms = kind.step(&moved.step).is_some_and(|step| step.kind == StepKind::Asks(Asks::Confirm));
    if confirms && let Some(refused) = refused(course, kind) {
        // The rules or the records say otherwise by now.
        match refused.draft(Goal::Verdict, words) {
            Some(draft) => {
                spoken.goals.push(ready(draft));
                spoken.flows.push(moved.ended(FlowState::Cancelled));
            }
            None => end(kind, (moved, FlowState::Cancelled, "cancelled"), words, spoken),
        }
        return;
    }
    moved.answers.insert(moved.step.clone(), answer.clone());
    let at = moved.step.clone();
    go_to_next(course, (kind, Some(&at)), moved, words, spoken);
}

/// The verdict that does not allow it any more.
fn refused<'c>(course: &Course<'c>, kind: &FlowKind) -> Option<&'c super::verdict::Verdict> {
    let verdict = course.verdicts.about(kind.policy.as_deref()?)?;
    (verdict.outcome != Outcome::Allowed).then_some(verdict)
}

fn go_to_next(
    course: &Course<'_>,
    (kind, after): (&FlowKind, Option<&str>),
    moved: FlowMove,
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) {
    set_flow(kind, &moved, words);
    let now = &words.situation().input.now;
    match open_step(kind, after, &moved.answers, (words.variables(), now)) {
        Some(step) => enter(course, (kind, step), moved, words, spoken),
        None => end(kind, (moved, FlowState::Done, crate::pack::flows::DONE), words, spoken),
    }
}

/// The flow ends, and that is said.
fn end(
    kind: &FlowKind,
    (moved, state, name): (FlowMove, FlowState, &str),
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) {
    spoken.goals.extend(common(kind, (name, Goal::Answer), words).map(ready));
    spoken.flows.push(moved.ended(state));
}

/// The wording of a flow for something that all flows come to, its own or the common one; an old one where all were said.
fn common(kind: &FlowKind, (name, goal): (&str, Goal), words: &mut Words<'_>) -> Option<Draft> {
    let (own, shared) = (place_of(&kind.id, name), common_place_of(name));
    words
        .own_draft(&own, goal)
        .or_else(|| words.own_draft(&shared, goal))
        .or_else(|| words.said_before(&own, goal))
        .or_else(|| words.said_before(&shared, goal))
}

/// The answer cannot be used: the question is put again, once; then a person goes on.
fn ask_again(
    (kind, moved): (&FlowKind, FlowMove),
    missing: Option<&str>,
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) {
    let failures = moved.failures + 1;
    if failures >= MOST_FAILURES {
        give_up(kind, moved, words, spoken);
        return;
    }
    let Some(step) = kind.step(&moved.step) else { return };
    set_flow(kind, &moved, words);
    if let Some(missing) = missing {
        set_missing(missing, words);
    }
    spoken.choices = enter::offer(step, words);
    let place = place_of(&kind.id, &step.id);
    let again = words.own_draft(&format!("{place}.{AGAIN}"), step.goal());
    let question = again
        .or_else(|| words.own_draft(&place, step.goal()))
        .or_else(|| words.said_before(&place, step.goal()));
    spoken.goals.extend(question.map(ready));
    spoken.pending = Some(enter::pending(&moved, false));
    spoken.flows.push(FlowMove { failures, ..moved });
}

/// A person goes on with what the assistant could not understand.
fn give_up(kind: &FlowKind, moved: FlowMove, words: &mut Words<'_>, spoken: &mut Spoken) {
    let plan = HandoffPlan {
        reason: HandoffReason::UnresolvedTurns,
        detail: Some("flow".to_owned()),
        mode: HandoffMode::Now,
        why: format!("the step {} of {} was not answered", moved.step, kind.id),
    };
    let plan = by_the_load(plan, &words.situation().input.desk);
    let own =
        if plan.mode == HandoffMode::Now { common(kind, ("gave_up", Goal::Handoff), words) } else { None };
    let line = own.or_else(|| handoff_line(None, &plan, words));
    spoken.goals.extend(line.map(ready));
    spoken.handoff = Some(plan);
    spoken.flows.push(moved.ended(FlowState::WithPeople));
}

/// Says where an open flow stands: its question again, the action with its time, or what is waited for.
fn stand(course: &Course<'_>, (kind, flow): (&FlowKind, &Flow), words: &mut Words<'_>, spoken: &mut Spoken) {
    let moved = FlowMove::of(flow);
    set_flow(kind, &moved, words);
    let Some(step) = kind.step(&flow.step) else { return };
    match &step.kind {
        StepKind::Asks(Asks::Tracking) | StepKind::WaitsFor(_) => {
            spoken.goals.extend(common(kind, ("stands", Goal::Answer), words).map(ready));
        }
        // The action is open, so that it is not begun but told with its time.
        StepKind::Does(_) if words.situation().input.standing.has_open(flow.action.as_ref()) => {
            enter::begin_action(course, (kind, step), words, spoken);
        }
        StepKind::Does(_) => spoken.goals.extend(common(kind, ("stands", Goal::Answer), words).map(ready)),
        StepKind::Asks(_) => enter(course, (kind, step), moved, words, spoken),
    }
}

/// Begins a flow where its policy allows it, or goes on with the one that is open; else makes the promise by which a
/// person looks after it. Whether anything could be said.
pub fn begin_or_promise(
    course: &Course<'_>,
    goal: Goal,
    (flow, promise): (&str, &str),
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) -> bool {
    let kind = words.situation().pack.flows.get(flow);
    if let Some(kind) = kind.filter(|kind| is_allowed(course, kind) && !has_failed(kind, words))
        && begin(course, kind, words, spoken)
    {
        return true;
    }
    let promising = Promising::by_scenario(course.scenario, goal, (promise, None));
    promise::make(course, &promising, words, spoken)
}

/// Whether what the flow does has failed in this conversation: to try it again is a person's decision.
fn has_failed(kind: &FlowKind, words: &Words<'_>) -> bool {
    let Situation { input, facts, .. } = words.situation();
    let order = facts.order().and_then(|order| order.id.strip_prefix("order:"));
    input.standing.actions.iter().any(|action| {
        action.state == ActionState::Failed
            && action.conversation == input.conversation
            && kind.first_action() == Some(action.kind.as_str())
            && action.args.get("order").and_then(Value::as_str) == order
    })
}

fn is_allowed(course: &Course<'_>, kind: &FlowKind) -> bool {
    let about = kind.policy.as_deref();
    about.is_none_or(|about| {
        course.verdicts.about(about).is_some_and(|verdict| verdict.outcome == Outcome::Allowed)
    })
}

fn begin(course: &Course<'_>, kind: &FlowKind, words: &mut Words<'_>, spoken: &mut Spoken) -> bool {
    let situation = words.situation();
    let said = spoken.goals.len();
    let moved = introduce_flow(kind, course, words);
    let flows = &situation.input.standing.flows;
    let mut open = flows.iter().filter(|flow| flow.state == FlowState::Open);
    if let Some(same) = open.clone().find(|flow| flow.identity == moved.identity) {
        if !same.has_expired(kind, &situation.input.now) {
            go_on_with(course, (kind, same), words, spoken);
            return spoken.goals.len() > said;
        }
        // What was not answered in time begins anew.
        spoken.flows.push(FlowMove::of(same).ended(FlowState::Expired));
    }
    let instead = open.find(|flow| kind.takes_over.contains(&flow.kind) && flow.order == moved.order);
    let mut moved = moved;
    if let Some((other, of)) = instead.and_then(|other| Some((other, situation.pack.flows.get(&other.kind)?)))
    {
        if of.has_done_before_or_at(&other.step) {
            return false;
        }
        moved.answers = kept(kind, of, &other.answers);
        spoken.flows.push(FlowMove::of(other).ended(FlowState::Cancelled));
        set_flow(kind, &moved, words);
        // That the wish has changed is heard before the rules on the new one.
        let place = spoken.goals.iter().take_while(|planned| planned.goal == Goal::Greet).count();
        if let Some(draft) = common(kind, ("switched", Goal::Acknowledge), words) {
            spoken.goals.insert(place, ready(draft));
        }
    }
    let missing = fill(kind, &mut moved, words);
    set_flow(kind, &moved, words);
    if let Some(missing) = &missing {
        set_missing(missing, words);
    }
    go_to_next(course, (kind, None), moved, words, spoken);
    spoken.goals.len() > said
}

/// The matter is asked for again while its flow is open: the message may answer what is open, or hears where it stands.
fn go_on_with(
    course: &Course<'_>,
    (kind, flow): (&FlowKind, &Flow),
    words: &mut Words<'_>,
    spoken: &mut Spoken,
) {
    let mut moved = FlowMove::of(flow);
    set_flow(kind, &moved, words);
    let missing = fill(kind, &mut moved, words);
    let waits = kind.step(&flow.step).is_some_and(|step| matches!(step.kind, StepKind::Asks(_)));
    if waits && missing.is_some() {
        ask_again((kind, FlowMove::of(flow)), missing.as_deref(), words, spoken);
    } else if waits && moved.answers.contains_key(&flow.step) {
        let at = flow.step.clone();
        go_to_next(course, (kind, Some(&at)), moved, words, spoken);
    } else {
        stand(course, (kind, flow), words, spoken);
    }
}

/// The answers that fit the other flow too.
fn kept(kind: &FlowKind, of: &FlowKind, answers: &Answers) -> Answers {
    let asks = |kind: &FlowKind, id: &str| match kind.step(id).map(|step| step.kind.clone()) {
        Some(StepKind::Asks(asks)) => Some(asks),
        _ => None,
    };
    let fits = |id: &str, answer: &Answer| match (asks(kind, id), asks(of, id)) {
        (Some(Asks::Choice(options)), Some(Asks::Choice(_))) => {
            options.iter().any(|option| option.id == answer.value)
        }
        (Some(here), Some(there)) => here == there && here != Asks::Confirm,
        _ => false,
    };
    let kept = answers.iter().filter(|(id, answer)| fits(id, answer));
    kept.map(|(id, answer)| (id.clone(), answer.clone())).collect()
}

/// Takes what the message says already. The variant that it wants and that is not in stock.
fn fill(kind: &FlowKind, moved: &mut FlowMove, words: &mut Words<'_>) -> Option<String> {
    let mut missing = None;
    for step in &kind.steps {
        let StepKind::Asks(asks) = &step.kind else { break };
        if moved.answers.contains_key(&step.id) {
            continue;
        }
        set_flow(kind, moved, words);
        let situation = words.situation();
        let asked = Asked { asks, variables: words.variables(), recalled: false, interrupted: false };
        if let Some(answer) = answer::volunteered(asked, situation) {
            moved.answers.insert(step.id.clone(), answer);
        } else if *asks == Asks::Sku {
            missing = answer::missing_variant(asked, situation);
        }
    }
    missing
}

/// Lets wording say what is not in stock.
fn set_missing(missing: &str, words: &mut Words<'_>) {
    let mut flow = words.variables()["flow"].clone();
    flow["unavailable"] = missing.into();
    words.set("flow", flow);
}

/// After the answer to something else: reminds of the question that is open, where there is room for it.
pub fn resume(words: &mut Words<'_>, spoken: &mut Spoken) {
    let situation = words.situation();
    let input = situation.input;
    let asks = |planned: &PlannedGoal| matches!(&planned.realisation, Realisation::Ready(draft) if measure::asks(&draft.text));
    // Who hesitates is not pressed.
    let hesitates = situation.reading.emotion.label == EmotionLabel::Hesitant;
    let busy = hesitates
        || spoken.handoff.is_some()
        || spoken.pending.is_some()
        || !spoken.flows.is_empty()
        || spoken.goals.len() >= MOST_BUBBLES
        || spoken.goals.iter().any(asks);
    let asked = match &input.memory.pending {
        Some(Pending::Flow { identity, .. }) => Some(identity),
        _ => None,
    };
    let open = |flow: &&Flow| {
        let new_here = input.memory.scenario.is_none() && input.memory.pending.is_none();
        flow.state == FlowState::Open
            && (asked == Some(&flow.identity) || (new_here && flow.conversation != input.conversation))
    };
    let Some(flow) = input.standing.flows.iter().find(open).filter(|_| !busy) else { return };
    let Some(kind) = situation.pack.flows.get(&flow.kind) else { return };
    let is_question = kind.step(&flow.step).is_some_and(|step| matches!(step.kind, StepKind::Asks(_)));
    if !is_question || flow.has_expired(kind, &input.now) {
        return;
    }
    let moved = FlowMove::of(flow);
    words.replace(with_item(words.variables().clone(), (kind, &flow.answers), situation));
    set_flow(kind, &moved, words);
    let choices = kind.step(&flow.step).map(|step| enter::offer(step, words)).unwrap_or_default();
    if let Some(draft) = common(kind, ("resume", Goal::Collect), words) {
        spoken.choices = choices;
        spoken.goals.push(ready(draft));
        spoken.pending = Some(enter::pending(&moved, true));
    }
}

/// Ends what a person has to go on with: the rules want one by now.
pub fn leave_to_people(going: &Going<'_>, spoken: &mut Spoken) {
    spoken.flows.push(FlowMove::of(going.flow).ended(FlowState::WithPeople));
}

impl FlowKind {
    /// Whether something was begun by the time the flow stands at a step.
    fn has_done_before_or_at(&self, id: &str) -> bool {
        self.has_done_before(id) || self.step(id).is_some_and(Step::does_something)
    }
}

impl Step {
    fn does_something(&self) -> bool {
        matches!(self.kind, StepKind::Does(_))
    }
}
