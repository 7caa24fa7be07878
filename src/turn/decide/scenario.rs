//! Which scenario is it: the intent of the text, narrowed by the facts.

use serde_json::Value;

use super::Situation;
use super::episodes::matter_of;
use super::handoff::{declines, handoff_by_text};
use super::matters::leading;
use super::situation::need_of;
use crate::pack::types::{GoalSource, Pack, Scenario};
use crate::policy::{ITEM, Policy, answers};
use crate::record::RecordKind;
use crate::turn::retrieve::Wanted;
use crate::turn::types::{
    EmotionFlag, EmotionLabel, EntityKind, EpisodeState, Feedback, Goal, HandoffMode, IntentMatch, Pending,
    Reading, TurnInput,
};

/// A scenario of this priority or more (health, safety, danger to life) wins over every other intent of the message.
pub const SAFETY_PRIORITY: i32 = 100;
/// From this confidence on danger wins over a surer reading. Below it a message would be taken for an accident because
/// of one strong word ("气死了"); the words that are never harmless are rules of their own in `handoff.yaml`.
const DANGER: f32 = 0.5;

/// Below this confidence an intent is not acted upon by itself.
pub const CONFIDENT: f32 = 0.35;

/// From this confidence on a reading stands by itself, whatever was talked about before.
pub(super) const VERY_SURE: f32 = 0.8;
/// How much likelier a reading is that belongs to the matter that is talked about.
const SAME_MATTER: f32 = 1.3;
/// From this confidence on a few words beside the name of an order are a question of their own: "二段的价格呢".
const SAYS_MORE: f32 = 0.6;
/// From this intensity on pleasure is meant, and no mere politeness.
const PLEASED: f32 = 0.5;
/// An answer to what was asked has at most so many letters; a longer one says something of its own.
const SHORT_ANSWER: usize = 8;

/// The scenario that answers what no other scenario is about but the knowledge may know.
pub const GENERAL_QUESTION: &str = "general_question";
/// The scenario of what was not understood.
pub const UNCLEAR: &str = "unclear";
/// The scenario of pictures without words.
pub const MEDIA_ONLY: &str = "media_only";

/// A scenario and how sure it is.
#[derive(Debug, Clone)]
pub struct Chosen<'a> {
    /// The scenario.
    pub scenario: &'a Scenario,
    /// The confidence of the intent that led here.
    pub confidence: f32,
    /// Whether the message was understood at all.
    pub understood: bool,
}

/// Chooses the scenario of a turn.
pub fn choose<'a>(situation: Situation<'a>, variables: &Value) -> Chosen<'a> {
    let Situation { reading, pack, .. } = situation;
    let candidates: Vec<Chosen<'a>> = intents(situation)
        .into_iter()
        .filter_map(|(intent, confidence)| {
            let scenario = narrowed(pack, &intent, variables, situation)?;
            Some(Chosen { scenario, confidence, understood: true })
        })
        .filter(|candidate| !is_harmless(candidate.scenario, situation))
        .filter(|candidate| !is_praise(candidate.scenario, reading))
        .collect();
    let candidates = in_context(candidates, situation);
    if shows(&candidates, situation) {
        return named(pack, MEDIA_ONLY, 1.0, true);
    }
    if candidates.first().is_some_and(|surest| surest.scenario.id == UNCLEAR) {
        return not_understood(situation);
    }
    if let Some(asked) = where_it_was_asked(situation) {
        return asked;
    }
    let danger = |candidate: &&Chosen<'_>| {
        candidate.scenario.priority >= SAFETY_PRIORITY && candidate.confidence >= DANGER
    };
    let safety = candidates.iter().find(danger);
    if safety.is_none()
        && let Some(accepted) = accepted(&candidates, situation)
    {
        return accepted;
    }
    if let Some(chosen) = safety.or_else(|| leading(&candidates, situation)) {
        return where_it_was_given(chosen.clone(), situation);
    }
    if let Some(scenario) = of_handoff_rule(pack, reading) {
        return Chosen { scenario, confidence: 0.5, understood: true };
    }
    not_understood(situation)
}

/// The answer to what a policy has just asked goes on with the matter in which it was asked, whatever its few words look
/// like by themselves: "没开的".
fn where_it_was_asked(situation: Situation<'_>) -> Option<Chosen<'_>> {
    let Situation { input, reading, facts, pack, .. } = situation;
    let episode = input.memory.episode().filter(|_| input.memory.pending == Some(Pending::Answer))?;
    let (policy, name) = episode.asked.last()?.rsplit_once('.')?;
    let is_answered = if name == ITEM {
        facts.product().is_some() && !facts.product_is_guessed
    } else {
        answers(&Policy::read(facts.get(policy)?.fields.as_object()?).ok()?, name, &reading.text)
    };
    let grave = handoff_by_text(pack, &reading.text).is_some();
    if grave || !is_short(&reading.text) || !is_answered {
        return None;
    }
    let scenario = pack.scenario(&episode.scenario)?;
    Some(Chosen { scenario, confidence: VERY_SURE, understood: true })
}

/// No intent was read: the knowledge may know all the same.
fn not_understood(situation: Situation<'_>) -> Chosen<'_> {
    if situation.facts.relevant {
        return named(situation.pack, GENERAL_QUESTION, 0.5, true);
    }
    named(situation.pack, UNCLEAR, 0.0, false)
}

/// Pictures with no words, or with words that only point at them: "这样", "here you go".
fn shows(candidates: &[Chosen<'_>], situation: Situation<'_>) -> bool {
    let Situation { input, reading, .. } = situation;
    let says =
        |candidate: &Chosen<'_>| candidate.scenario.topic != "smalltalk" && candidate.confidence >= VERY_SURE;
    let points = is_short(&reading.text) && !candidates.iter().any(says);
    input.attachments > 0 && (reading.text.trim().is_empty() || points)
}

/// A scenario that always hands over, read in words that the pack knows to be harmless: "律师函打印纸", "曝光补偿",
/// "没人给我打过电话". Danger is no matter of words.
fn is_harmless(scenario: &Scenario, situation: Situation<'_>) -> bool {
    let Some((reason, _)) = scenario.handoff.always else { return false };
    let rules = &situation.pack.handoff;
    let text = situation.reading.text.to_lowercase();
    scenario.priority < SAFETY_PRIORITY
        && rules.is_harmless(reason, scenario.handoff.detail.as_deref(), &text)
}

/// "上次投诉处理得挺好 谢谢": who is pleased and means it complains of nothing.
fn is_praise(scenario: &Scenario, reading: &Reading) -> bool {
    let emotion = &reading.emotion;
    let pleased = emotion.label == EmotionLabel::Pleased && emotion.intensity >= PLEASED;
    scenario.topic == "complaint" && pleased && !emotion.flags.contains(&EmotionFlag::Sarcastic)
}

/// "好", "👍": a message that is nothing but an acceptance, while nothing was asked, says nothing of its own, whatever its
/// one word looks like. Nor does a no to an offered person.
fn accepted<'a>(candidates: &[Chosen<'a>], situation: Situation<'a>) -> Option<Chosen<'a>> {
    let Situation { input, reading, pack, .. } = situation;
    let wordless = !reading.text.chars().any(char::is_alphanumeric);
    let smiles = wordless && reading.emotion.label == EmotionLabel::Pleased;
    let accepts = reading.feedback == Feedback::Affirmed && input.memory.pending.is_none();
    let turns_down = declines(input, reading) && is_short(&reading.text);
    if !(accepts || smiles || turns_down) {
        return None;
    }
    let closes = |scenario: &&Scenario| {
        scenario.topic == "smalltalk" && scenario.goals.iter().all(|plan| plan.goal == Goal::Close)
    };
    let read = candidates.iter().find(|candidate| candidate.scenario.topic == "smalltalk").cloned();
    let known = pack.scenarios.iter().find(closes);
    read.or_else(|| known.map(|scenario| Chosen { scenario, confidence: CONFIDENT, understood: true }))
}

/// Of readings that are not quite sure, those of the matter that is talked about are the likelier ones.
fn in_context<'a>(mut candidates: Vec<Chosen<'a>>, situation: Situation<'a>) -> Vec<Chosen<'a>> {
    let Some(episode) = situation.input.memory.episode() else { return candidates };
    if candidates.first().is_some_and(|first| first.confidence < VERY_SURE) {
        let weight = |candidate: &Chosen<'_>| {
            let same = matter_of(candidate.scenario) == Some(episode.matter);
            candidate.confidence * if same { SAME_MATTER } else { 1.0 }
        };
        candidates.sort_by(|one, other| weight(other).total_cmp(&weight(one)));
    }
    candidates
}

/// An answer that is challenged ("凭什么") is challenged where it was given: only the rules on the words call a person for
/// that, not a scenario that always does.
fn where_it_was_given<'a>(chosen: Chosen<'a>, situation: Situation<'a>) -> Chosen<'a> {
    let Situation { input, reading, pack, .. } = situation;
    let challenged = reading.feedback == Feedback::Negated && handoff_by_text(pack, &reading.text).is_none();
    let calls_a_person = matches!(chosen.scenario.handoff.always, Some((_, HandoffMode::Now)));
    if !challenged || !calls_a_person || chosen.scenario.priority >= SAFETY_PRIORITY {
        return chosen;
    }
    let episode = input.memory.episode();
    let given = episode.filter(|episode| matter_of(chosen.scenario) == Some(episode.matter));
    let given =
        given.and_then(|episode| pack.scenarios.iter().find(|scenario| scenario.id == episode.scenario));
    match given {
        Some(scenario) => Chosen { scenario, ..chosen },
        None => chosen,
    }
}

/// The intents worth acting upon; a question that only answers what we asked goes on with the intent before.
fn intents(situation: Situation<'_>) -> Vec<(String, f32)> {
    let Situation { input, reading, .. } = situation;
    let ironic =
        reading.emotion.flags.contains(&EmotionFlag::Sarcastic) && reading.emotion.label.is_negative();
    let mut intents: Vec<(String, f32)> = asked(reading)
        .map(|guess| (guess.intent.clone(), guess.confidence))
        // "呵呵 机器人倒是回得快" is no friendly chat.
        .filter(|(intent, _)| !(ironic && is_smalltalk(situation.pack, intent)))
        .collect();
    // Who was asked what is meant and says nothing that is understood has not been understood twice.
    let clarifying = matches!(input.memory.pending, Some(Pending::Clarify { .. }));
    let goes_on =
        intents.is_empty() && !clarifying && (input.memory.pending.is_some() || continues(situation));
    // Question marks alone ask for the answer before, whatever the words of that question look like by themselves.
    let prods = reading.feedback == Feedback::Prodded || turns_to_another_order(situation);
    if let Some(intent) = &input.memory.intent
        && (goes_on || prods || goes_on_with_a_need(situation, &intents) || chooses(situation))
    {
        intents.retain(|(known, _)| known != intent);
        let confidence = if prods || chooses(situation) { VERY_SURE } else { 0.5 };
        intents.insert(0, (intent.clone(), confidence));
    }
    intents
}

/// What was read surely enough to act upon: in the whole message, or else in a clause of it that stands beside a mere
/// remark: "就问个奶粉什么时候发 有这么难吗".
fn asked(reading: &Reading) -> impl Iterator<Item = &IntentMatch> {
    let sure = |guess: &&IntentMatch| guess.confidence >= CONFIDENT;
    let whole = reading.intents.iter().any(|guess| sure(&guess));
    let read = if whole { &reading.intents } else { &reading.by_clause };
    read.iter().filter(sure)
}

fn is_smalltalk(pack: &Pack, intent: &str) -> bool {
    pack.default_scenario(intent).is_some_and(|scenario| scenario.topic == "smalltalk")
}

/// "明天孩子满月要用": when it is needed says nothing of what is wrong; the matter is the one before, unless the words
/// are quite sure of another.
fn goes_on_with_a_need(situation: Situation<'_>, intents: &[(String, f32)]) -> bool {
    let Situation { input, reading, .. } = situation;
    let open = input.memory.episode().is_some_and(|episode| episode.state != EpisodeState::Resolved);
    open && need_of(&reading.text).is_some() && intents.iter().all(|(_, confidence)| *confidence < VERY_SURE)
}

/// The answer to "which of these orders" is no new question, whatever its few words look like.
fn chooses(situation: Situation<'_>) -> bool {
    let asked = matches!(situation.input.memory.pending, Some(Pending::ChooseOrder { .. }));
    asked && is_short(&situation.reading.text) && situation.facts.order.is_some()
}

/// Whether a text is too short to say something of its own beside the answer that it is.
fn is_short(text: &str) -> bool {
    text.chars().filter(|one| one.is_alphanumeric()).count() <= SHORT_ANSWER
}

/// "那调奶器呢": the question before, of another order.
fn turns_to_another_order(situation: Situation<'_>) -> bool {
    let Situation { input, reading, facts, .. } = situation;
    let orders = facts.order().zip(input.memory.order.as_ref());
    let another = orders.is_some_and(|(now, before)| now.id != *before);
    let says_more = reading.intents.first().is_some_and(|guess| guess.confidence >= SAYS_MORE);
    let text = reading.text.trim_end_matches(['?', '!', '。', '.', ' ']);
    another
        && !says_more
        && is_short(text)
        && (text.ends_with('呢') || text.to_lowercase().starts_with("and the"))
}

/// "不是这个", "？？", the same question again, what it is needed for, or plain anger: the matter is still the one before.
/// So it is while that one is in trouble, whatever is said.
fn continues(situation: Situation<'_>) -> bool {
    let Situation { input, reading, .. } = situation;
    let emotion = &reading.emotion;
    let troubled = input.memory.episode().is_some_and(|episode| episode.position.points >= 2);
    let upset = emotion.label.is_negative()
        && (emotion.intensity >= 0.5 || (emotion.intensity >= 0.3 && input.memory.episode().is_some()));
    matches!(reading.feedback, Feedback::Negated | Feedback::Repeated | Feedback::Prodded)
        || upset
        || troubled
        || need_of(&reading.text).is_some()
}

/// Within an intent: first match by falling priority.
pub fn narrowed<'a>(
    pack: &'a Pack,
    intent: &str,
    variables: &Value,
    situation: Situation<'_>,
) -> Option<&'a Scenario> {
    let mut scenarios: Vec<&Scenario> =
        pack.scenarios.iter().filter(|scenario| scenario.intent == intent).collect();
    scenarios.sort_by_key(|scenario| std::cmp::Reverse(scenario.priority));
    scenarios.into_iter().find(|scenario| match &scenario.when {
        None => true,
        Some(condition) => condition.holds(variables, &situation.input.now).unwrap_or(false),
    })
}

/// The scenario of a danger to health or life that a text names, by its handoff rule.
pub fn dangerous_scenario<'a>(pack: &'a Pack, reading: &Reading) -> Option<&'a Scenario> {
    of_handoff_rule(pack, reading).filter(|scenario| scenario.priority >= SAFETY_PRIORITY)
}

/// No intent was recognised, but a handoff rule matched the words: the scenario that hands over for the same reason.
fn of_handoff_rule<'a>(pack: &'a Pack, reading: &Reading) -> Option<&'a Scenario> {
    let plan = handoff_by_text(pack, &reading.text)?;
    let same_reason = |scenario: &&Scenario| {
        scenario.handoff.always.is_some_and(|(reason, _)| reason == plan.reason)
            && scenario.handoff.detail == plan.detail
    };
    // Of several for the same reason the one whose words were read.
    let read = |scenario: &Scenario| reading.intents.iter().any(|guess| guess.intent == scenario.intent);
    pack.scenarios.iter().filter(same_reason).max_by_key(|scenario| (read(scenario), scenario.priority))
}

/// A scenario every pack has; `check` refuses a pack without it, so the first one is never reached.
fn named<'a>(pack: &'a Pack, id: &str, confidence: f32, understood: bool) -> Chosen<'a> {
    let scenario = pack.scenarios.iter().find(|scenario| scenario.id == id).unwrap_or(&pack.scenarios[0]);
    Chosen { scenario, confidence, understood }
}

/// The order of the open flow that a message goes on with, as far as its words tell: the number of the parcel that is waited
/// for, or a matter of the same kind.
fn order_of_flow(pack: &Pack, reading: &Reading, input: &TurnInput) -> Option<String> {
    let surest = asked(reading).next().and_then(|guess| pack.default_scenario(&guess.intent));
    let parcel = reading.entities.iter().any(|entity| entity.kind == EntityKind::Tracking);
    let same_matter = |scenario: &str| {
        let of_flow = pack.scenario(scenario).and_then(matter_of);
        of_flow.is_some() && surest.and_then(matter_of) == of_flow
    };
    let mut meant = input.standing.flows.iter().filter(|flow| parcel || same_matter(&flow.scenario));
    let order = meant.next()?.order.clone();
    // Of two nobody knows which is meant.
    meant.all(|flow| flow.order == order).then_some(order).flatten()
}

/// What the scenarios of these intents may need, so that `retrieve` fetches no more than that. Where the text alone says
/// no intent, the matter before may go on.
pub fn wanted(pack: &Pack, reading: &Reading, input: &TurnInput) -> Wanted {
    let memory = &input.memory;
    let mut wanted = Wanted::default();
    let goes_on = asked(reading).next().is_none()
        || need_of(&reading.text).is_some()
        || matches!(reading.feedback, Feedback::Negated | Feedback::Repeated | Feedback::Prodded)
        || memory.pending.is_some();
    let before = memory.intent.as_ref().filter(|_| goes_on);
    let surest = asked(reading).next().map(|guess| &guess.intent);
    let read = reading.intents.iter().chain(&reading.by_clause);
    // The message may go on with a flow, whose rules are judged again then.
    let of_flow = |scenario: &Scenario| input.standing.flows.iter().any(|flow| flow.scenario == scenario.id);
    let is_read = |scenario: &&Scenario| {
        scenario.id == GENERAL_QUESTION
            || of_flow(scenario)
            || read.clone().any(|guess| guess.intent == scenario.intent)
            || before == Some(&scenario.intent)
    };
    for scenario in pack.scenarios.iter().filter(is_read) {
        wanted.kinds.extend(scenario.needs.iter().chain(&scenario.reads).copied());
        let likely =
            before == Some(&scenario.intent) || surest == Some(&scenario.intent) || of_flow(scenario);
        for goal in &scenario.goals {
            match &goal.by {
                GoalSource::Evidence { kinds } | GoalSource::Model { kinds } => {
                    wanted.kinds.extend(kinds.iter().copied());
                }
                GoalSource::Verdict { about } => {
                    wanted.kinds.push(RecordKind::Policy);
                    wanted.matters.extend(likely.then(|| about.clone()));
                }
                GoalSource::Wording | GoalSource::Promise { .. } | GoalSource::Flow { .. } => {}
            }
        }
    }
    wanted.kinds.sort_unstable();
    wanted.kinds.dedup();
    wanted.flow_order = order_of_flow(pack, reading, input);
    wanted
}
