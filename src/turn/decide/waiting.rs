//! What may be said while the customer waits for a person: approved wording and what a field answers, never the model
//! (service practice §4.4).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::empathy::is_upset;
use super::episodes::matter_of;
use super::goals::reason_name;
use super::scenario::{Chosen, SAFETY_PRIORITY, choose, dangerous_scenario};
use super::second::field_answer;
use super::words::Words;
use super::{Situation, with_voice};
use crate::pack::types::Scenario;
use crate::turn::types::{Draft, Feedback, Goal, HandoffMode, HandoffPlan, HandoffReason, Tier};

/// The place of the wording that is said while waiting; below it one for each scenario that needs its own.
const WAITING: &str = "waiting";
/// The place of the wording for a wait that has become longer than was announced.
const LATE: &str = "waiting.late";
/// The place of the wording for something the customer adds meanwhile.
const ADDED: &str = "waiting.added";

/// What a message of somebody who waits comes to.
#[derive(Debug)]
pub struct Waited<'a> {
    /// The scenario it would have had.
    pub chosen: Chosen<'a>,
    /// What to say, in order.
    pub lines: Vec<Draft>,
    /// Whether that tells how the queue stands.
    pub tells_queue: bool,
}

/// Answers somebody who waits. `raised` is what the message itself calls a person for, `late` whether the time that was
/// announced has passed.
///
/// Danger is answered before anything else, in the words of its scenario, and a strong word as one. A wait that takes
/// longer is owned up to once it is known. Somebody who asks where the colleague stays hears of the queue, somebody who
/// asks for a field has it, and somebody who adds something hears that it is with the ticket.
pub fn while_waiting<'a>(
    situation: Situation<'a>,
    variables: Value,
    raised: Option<&HandoffPlan>,
    late: bool,
) -> Waited<'a> {
    let variables = with_voice(variables, situation.pack);
    let chosen = choose(situation, &variables);
    let mut words = Words::new(situation, variables.clone(), Tier::Handoff);
    if let Some(line) = called_for(&chosen, raised, &mut words) {
        return Waited { chosen, lines: vec![line], tells_queue: false };
    }
    let mut field = Words::new(situation, variables, Tier::Standard);
    let for_people = is_upset(&words) || asks_for_people(raised, &words);
    let answer = if for_people { None } else { asked_field(&chosen, &mut field) };
    let owned_up = if late { words.own_draft(LATE, Goal::Handoff) } else { None };
    let mut lines: Vec<Draft> = owned_up.into_iter().chain(answer).collect();
    let tells_queue = lines.is_empty() && asks_for_people(raised, &words);
    if lines.is_empty() {
        lines.extend(acknowledgement(&chosen, raised, &mut words));
    }
    Waited { chosen, lines, tells_queue }
}

/// What is said before the queue is spoken of: danger that the message names, strong words, and the danger that somebody
/// waits with, as long as they do not ask for the colleague.
fn called_for(chosen: &Chosen<'_>, raised: Option<&HandoffPlan>, words: &mut Words<'_>) -> Option<Draft> {
    let Situation { input, reading, pack, .. } = words.situation();
    let named = raised.and_then(|_| dangerous_scenario(pack, reading));
    let read = Some(chosen.scenario).filter(|scenario| scenario.priority >= SAFETY_PRIORITY);
    let waits = input.memory.episode().filter(|episode| episode.position.danger);
    if let Some(danger) = named.or(read) {
        return of_danger(danger, waits.is_some(), words);
    }
    if let Some(line) = of_strong_words(chosen, raised, words) {
        return Some(line);
    }
    let episode = waits.filter(|_| !asks_for_people(raised, words))?;
    let danger = pack.scenarios.iter().find(|scenario| scenario.id == episode.scenario)?;
    words.own_draft(&own_place(danger), Goal::Handoff)
}

/// What to do, and more of it for somebody who was told.
fn of_danger(danger: &Scenario, waits: bool, words: &mut Words<'_>) -> Option<Draft> {
    let told = waits || words.has_said(&danger.id, Goal::Answer);
    let more = if told { words.own_draft(&own_place(danger), Goal::Handoff) } else { None };
    more.or_else(|| words.own_draft(&danger.id, Goal::Answer))
}

/// The ticket that a strong word raises is what the approved line of its scenario or its reason speaks of.
fn of_strong_words(
    chosen: &Chosen<'_>,
    raised: Option<&HandoffPlan>,
    words: &mut Words<'_>,
) -> Option<Draft> {
    let strong =
        |plan: &&HandoffPlan| plan.mode == HandoffMode::Now && plan.reason == HandoffReason::StrongWords;
    let plan = raised.filter(strong)?;
    let reason = format!("handoff.{}", reason_name(plan.reason));
    let finer = plan.detail.as_deref().map(|detail| format!("{reason}.{detail}"));
    let places = [Some(own_place(chosen.scenario)), finer, Some(reason)];
    places.into_iter().flatten().find_map(|place| words.own_draft(&place, Goal::Handoff))
}

/// "还有几个人", "还要多久", "how long": to somebody who waits it means the queue.
static QUEUE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(?:还|前面|前头|到底)(?:有|要|得|剩)?(?:等|排)?(?:多久|多长时间|几个人?|几位|多少人)",
        r"|排(?:到|着|队|上)|轮到|(?:how|much) long|how many|\bqueue\b|my turn",
    ))
    .expect("a fixed expression")
});

/// Whether the message asks where the colleague stays, or when one is there.
fn asks_for_people(raised: Option<&HandoffPlan>, words: &Words<'_>) -> bool {
    const ABOUT_PEOPLE: [&str; 3] = ["presence_check", "person_request", "service_hours"];
    let reading = words.situation().reading;
    reading.feedback == Feedback::Prodded
        || QUEUE.is_match(&reading.text)
        || raised.is_some_and(|plan| plan.reason == HandoffReason::AskedForPerson)
        || reading.intents.iter().any(|intent| ABOUT_PEOPLE.contains(&intent.intent.as_str()))
}

/// The place of what a scenario alone says to somebody who waits.
fn own_place(scenario: &Scenario) -> String {
    format!("{WAITING}.{}", scenario.id)
}

/// A question about a thing of its own that one typed value answers.
fn asked_field(chosen: &Chosen<'_>, words: &mut Words<'_>) -> Option<Draft> {
    if !chosen.understood || matter_of(chosen.scenario).is_none() {
        return None;
    }
    field_answer(chosen.scenario, words)
}

fn acknowledgement(
    chosen: &Chosen<'_>,
    raised: Option<&HandoffPlan>,
    words: &mut Words<'_>,
) -> Option<Draft> {
    let place = if asks_for_people(raised, words) { WAITING } else { ADDED };
    words
        .own_draft(&own_place(chosen.scenario), Goal::Handoff)
        .or_else(|| words.own_draft(place, Goal::Handoff))
        .or_else(|| words.draft(WAITING, Goal::Handoff))
}
