//! What is wrong with an answer?

use serde::Serialize;

use super::Exchange;
use crate::conversation::types::ChatReply;
use crate::desk::types::ConversationState;
use crate::turn::trace::Trace;

/// How a fault of a repeated sentence begins.
pub const SAID_BEFORE: &str = "said before";

/// What an answer came to.
pub struct Answered<'a> {
    /// As the chat door gives it to staff.
    pub reply: &'a ChatReply,
    /// Why it was said.
    pub trace: Option<&'a Trace>,
    /// Who has the conversation now.
    pub state: ConversationState,
    /// The open flows with their steps.
    pub flows: &'a [String],
    /// The sentences of earlier answers.
    pub before: &'a [String],
}

/// At most so many bubbles are said where a file names no other number.
const MOST: usize = 3;

/// The faults of an answer.
pub fn faults(turn: &Exchange, answered: &Answered<'_>) -> Vec<String> {
    let mut faults = Vec::new();
    names(turn, answered, &mut faults);
    sentences(turn, answered, &mut faults);
    words(turn, answered, &mut faults);
    faults
}

/// The name under which a value stands in files.
pub fn name(value: &impl Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn names(turn: &Exchange, answered: &Answered<'_>, faults: &mut Vec<String>) {
    let Answered { reply, trace, state, flows, .. } = answered;
    let mut expect = |what: &str, expected: Option<&str>, found: Option<String>| {
        let found = found.unwrap_or_else(|| "none".to_owned());
        if let Some(expected) = expected
            && !expected.split('|').any(|way| way == found)
        {
            faults.push(format!("the {what} is {found}, not {expected}"));
        }
    };
    let handoff = reply.handoff.as_ref();
    let episode = trace.and_then(|trace| trace.episode.as_ref());
    expect("scenario", turn.scenario.as_deref(), reply.scenario.as_ref().map(|found| found.id.clone()));
    expect("tier", turn.tier.as_deref(), reply.tier.as_ref().map(name));
    expect("class", turn.class.as_deref(), trace.map(|trace| name(&trace.class)));
    expect("emotion", turn.emotion.as_deref(), reply.emotion.as_ref().map(|found| name(&found.label)));
    expect("handoff", turn.handoff.as_deref(), handoff.map(|found| name(&found.reason)));
    expect("detail", turn.detail.as_deref(), handoff.and_then(|found| found.detail.clone()));
    expect("mode", turn.mode.as_deref(), handoff.map(|found| name(&found.mode)));
    let flows = if flows.is_empty() { None } else { Some(flows.join(", ")) };
    expect("flow", turn.flow.as_deref(), flows);
    expect("state", turn.state.as_deref(), Some(name(state)));
    let number = turn.episode.map(|number| number.to_string());
    expect("episode", number.as_deref(), episode.map(|found| found.number.to_string()));
    expect("episode's state", turn.episode_state.as_deref(), episode.map(|found| name(&found.state)));
    let reasons = trace.map(|trace| trace.tier_why.join("; ")).unwrap_or_default();
    let unnamed = turn.why.iter().filter(|why| !reasons.contains(why.as_str()));
    faults.extend(unnamed.map(|why| format!("`{why}` is no reason of the tier: {reasons}")));
}

fn sentences(turn: &Exchange, answered: &Answered<'_>, faults: &mut Vec<String>) {
    let reply = answered.reply;
    if let Some(by) = &turn.by {
        let others = reply.sentences.iter().filter(|sentence| name(&sentence.by) != *by);
        faults.extend(others.map(|sentence| format!("not by {by}: {}", sentence.text)));
    }
    let goals: Vec<String> = reply.sentences.iter().map(|sentence| name(&sentence.goal)).collect();
    if let Some(expected) = &turn.goals
        && goals != *expected
    {
        faults.push(format!("the goals are {goals:?}, not {expected:?}"));
    }
    let unwanted = turn.no_goals.iter().filter(|goal| goals.contains(goal));
    faults.extend(unwanted.map(|goal| format!("the goal {goal} is served")));
    if let Some(promises) = &turn.promises {
        let found: Vec<&str> = reply.commitments.iter().map(|promise| promise.kind.as_str()).collect();
        if found != promises.iter().map(String::as_str).collect::<Vec<_>>() {
            faults.push(format!("promised is {found:?}, not {promises:?}"));
        }
    }
    let most = turn.at_most.unwrap_or(MOST);
    if reply.sentences.len() > most {
        faults.push(format!("{} sentences, more than {most}", reply.sentences.len()));
    }
    let questions = reply.sentences.iter().filter(|sentence| sentence.text.contains(['?', '？'])).count();
    if questions > 1 {
        faults.push(format!("{questions} questions in one turn"));
    }
}

fn words(turn: &Exchange, answered: &Answered<'_>, faults: &mut Vec<String>) {
    let Answered { reply, before, .. } = answered;
    let said = reply.reply.as_str();
    let missing = turn.must.iter().filter(|must| !must.split('|').any(|way| said.contains(way)));
    faults.extend(missing.map(|must| format!("`{must}` is missing")));
    let there = turn.must_not.iter().filter(|must_not| said.contains(must_not.as_str()));
    faults.extend(there.map(|must_not| format!("`{must_not}` is said")));
    match (said.is_empty(), turn.silent) {
        (false, true) => faults.push("something is said where nothing may be".to_owned()),
        (true, false) if reply.handoff.is_none() => faults.push("silence without a handoff".to_owned()),
        _ => {}
    }
    let again = reply.sentences.iter().filter(|sentence| !turn.repeats && before.contains(&sentence.text));
    faults.extend(again.map(|sentence| format!("{SAID_BEFORE}: {}", sentence.text)));
}
