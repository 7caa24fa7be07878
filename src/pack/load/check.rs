//! Does the pack make sense as a whole? Looks across files: references, gaps, and the rules of good wording.

use std::collections::{BTreeMap, BTreeSet};

use super::actions::{self, Read, goal_of};
use super::flows;
use super::proactive;
use super::problem::{At, Problems};
use super::scenarios::{Located, Scenarios};
use super::wording::{Book, name_of};
use crate::pack::actions::{MOMENTS, common_place};
use crate::pack::condition::VARIABLES;
use crate::pack::types::{GoalSource, PromiseKind, RedLine, RedLineLevel, TOPICS, Wording};
use crate::pack::wording::{COMMON, Part, parse_template};
use crate::turn::types::{Goal, HandoffReason, Stage, Tier};

/// Places of wording that are no scenarios, with the goal under which each is asked. Every pack must have them.
pub const PLACES: [(&str, Goal); 33] = [
    ("introduce", Goal::Greet),
    ("waiting", Goal::Handoff),
    ("waiting.added", Goal::Handoff),
    ("waiting.update", Goal::Handoff),
    ("waiting.late", Goal::Commit),
    ("waiting.left", Goal::Commit),
    ("transfer_between_people", Goal::Handoff),
    ("returned_to_bot", Goal::Commit),
    ("returned_to_bot", Goal::Answer),
    ("unclear", Goal::Collect),
    ("no_evidence", Goal::Handoff),
    ("choose_order", Goal::Collect),
    ("no_order", Goal::Answer),
    ("unknown_order", Goal::Answer),
    ("sign_in", Goal::Answer),
    ("prove_order", Goal::Collect),
    ("prove_order.number", Goal::Collect),
    ("prove_order.phone", Goal::Collect),
    ("prove_order.opened", Goal::Collect),
    ("prove_order.refused", Goal::Answer),
    ("prove_order.locked", Goal::Answer),
    ("unavailable", Goal::Handoff),
    ("handoff.asked_for_person", Goal::Handoff),
    ("handoff.strong_words", Goal::Handoff),
    ("handoff.unresolved_turns", Goal::Handoff),
    ("handoff.complex_after_sale", Goal::Handoff),
    ("handoff.no_evidence", Goal::Handoff),
    ("handoff.not_understood", Goal::Handoff),
    ("handoff.guard_refused", Goal::Handoff),
    ("handoff.unavailable", Goal::Handoff),
    ("promise.done", Goal::Answer),
    ("promise.late", Goal::Commit),
    ("promise.broken", Goal::Handoff),
];

/// Places of wording that a pack may have besides: which of two guesses or which item of an order is meant, comfort that names
/// what the customer needs it for, asking again, owning up to a promise that is overdue, an agent who is gone, and more who wait
/// than people can take.
/// `also.TOPIC` names a second matter of that topic, `waiting.SCENARIO` answers that scenario while the customer waits.
pub const OPTIONAL_PLACES: [&str; 12] = [
    "unclear.guesses",
    "situation",
    "sign_in.again",
    "prove_order.again",
    "choose_order.again",
    "no_order.again",
    "choose_item",
    "promise_overdue",
    "also",
    "agent_gone",
    "crowded",
    "crowded.offer",
];

/// Scenarios that the turn falls back to by name. Every pack must have them: what is not understood but known, what
/// is neither, and pictures without words.
pub const REQUIRED: [&str; 3] = ["general_question", "unclear", "media_only"];

/// The scenario that search leads to, not an intent of the text; it needs no examples.
pub const BY_SEARCH: &str = REQUIRED[0];

/// Fields that slots may name, for the variables whose fields are made by code. Of the others any field may be named.
pub const SLOTS: [(&str, &[&str]); 8] = [
    (
        "shipment",
        &[
            "carrier",
            "tracking",
            "tracking_tail",
            "status",
            "last_event_at",
            "last_event_text",
            "last_event_place",
            "expected_at",
            "delivered_at",
            "hours_since_event",
        ],
    ),
    ("desk", &["open", "opens_at", "ahead", "wait_minutes", "crowded", "due", "agent", "group"]),
    ("commitment", &["due", "new_due"]),
    ("history", &["views", "searches"]),
    ("shop", &["name"]),
    ("assistant", &["name"]),
    ("guess", &["first", "second"]),
    ("conversation", &["unresolved_turns", "first_turn", "need", "urgent", "contacts"]),
];

/// Slots that always have a value where they may be used.
pub(super) const ALWAYS: [&str; 8] = [
    "shop.name",
    "assistant.name",
    "commitment.due",
    "commitment.new_due",
    "desk.due",
    "choices",
    "guess.first",
    "guess.second",
];

/// The longest name of what an intent asks: two of them stand in one short question.
const ASKS_CHINESE: usize = 10;
const ASKS_LATIN: usize = 32;

/// A bubble's length in characters that a reader takes in at once.
const BUBBLE_CHINESE: usize = 60;
const BUBBLE_LATIN: usize = 220;

/// What is looked at.
pub(super) struct Whole<'a> {
    pub scenarios: &'a Scenarios,
    pub wording: &'a Book,
    /// `None` if their file could not be read.
    pub promises: Option<&'a BTreeMap<String, PromiseKind>>,
    /// `None` if their file could not be read.
    pub actions: Option<&'a Read>,
    /// `None` if their file could not be read.
    pub flows: Option<&'a flows::Read>,
    /// `None` if their file could not be read.
    pub proactive: Option<&'a proactive::Read>,
    pub red_lines: &'a [RedLine],
    pub language: &'a str,
}

/// Adds what is wrong.
pub(super) fn check(whole: &Whole<'_>, problems: &mut Problems) {
    check_ids(whole, problems);
    check_required(whole, problems);
    check_intents(whole, problems);
    check_asks(whole, problems);
    for located in whole.scenarios.scenarios.iter().filter(|located| !located.copy) {
        check_scenario(whole, located, problems);
    }
    check_places(whole, problems);
    if let Some(read) = whole.flows {
        flows::check(read, whole, problems);
    }
    if let Some(read) = whole.proactive {
        proactive::check(read, whole, problems);
    }
    for ((place, goal, _), variants) in &whole.wording.book.variants {
        for wording in variants {
            check_wording(whole, (place, *goal), wording, problems);
        }
    }
}

fn check_ids(whole: &Whole<'_>, problems: &mut Problems) {
    let mut seen = BTreeSet::new();
    for located in whole.scenarios.scenarios.iter().filter(|located| !located.copy) {
        if !seen.insert(&located.scenario.id) {
            problems.error(
                located.at(),
                format!("the scenario `{}` stands here for the second time", located.scenario.id),
            );
        }
    }
}

fn check_required(whole: &Whole<'_>, problems: &mut Problems) {
    for id in REQUIRED {
        let there = whole.scenarios.scenarios.iter().any(|located| located.scenario.id == id);
        if !there && !problems.may_be_scenario(id) {
            problems
                .error(At::file("scenarios"), format!("the scenario `{id}` is missing; every pack needs it"));
        }
    }
}

fn check_intents(whole: &Whole<'_>, problems: &mut Problems) {
    for located in whole.scenarios.scenarios.iter().filter(|located| located.copy) {
        let intent = &located.scenario.intent;
        let known = whole.scenarios.intents.iter().any(|known| known.name == *intent);
        if !known && problems.broken.is_empty() && !problems.is_unreadable("scenarios/") {
            problems.error(located.at(), format!("`also_from` names the unknown intent `{intent}`"));
        }
    }
    for intent in &whole.scenarios.intents {
        let mut of_intent =
            whole.scenarios.scenarios.iter().filter(|located| located.scenario.intent == intent.name);
        let Some(first) = of_intent.clone().next() else { continue };
        if intent.examples.is_empty() && intent.name != BY_SEARCH {
            problems.error(first.at(), format!("the intent `{}` has no examples", intent.name));
        }
        if of_intent.all(|located| located.scenario.when.is_some()) {
            let message = format!(
                "every scenario of the intent `{}` has a `when`; one must be without, for when nothing is known",
                intent.name
            );
            problems.error(first.at(), message);
        }
    }
}

/// An intent is named once and in few words, and no two by the same: the customer has to choose between them.
fn check_asks(whole: &Whole<'_>, problems: &mut Problems) {
    let longest = if whole.language.starts_with("zh") { ASKS_CHINESE } else { ASKS_LATIN };
    let mut names: BTreeMap<&str, &Located> = BTreeMap::new();
    let mut intents: BTreeMap<&str, &Located> = BTreeMap::new();
    for located in &whole.scenarios.scenarios {
        let (Some(asks), Some(line)) = (&located.scenario.asks, located.asks_line) else { continue };
        let at = At { file: &located.file, line };
        let length = asks.chars().count();
        if length == 0 || length > longest {
            problems.error(
                at,
                format!("`asks` names in 1 to {longest} characters what is asked, this has {length}"),
            );
        }
        if let Some(other) = names.insert(asks, located) {
            let message =
                format!("`asks: {asks}` is also what `{}` asks; nobody could choose", other.scenario.id);
            problems.error(at, message);
        }
        if let Some(other) = intents.insert(&located.scenario.intent, located) {
            let message =
                format!("the intent `{}` has its `asks` in `{}`", other.scenario.intent, other.scenario.id);
            problems.error(at, message);
        }
    }
}

fn check_scenario(whole: &Whole<'_>, located: &Located, problems: &mut Problems) {
    let scenario = &located.scenario;
    if scenario.goals.is_empty() && scenario.handoff.always.is_none() {
        problems.error(located.at(), format!("the scenario `{}` has no goals", scenario.id));
    }
    for (plan, line) in scenario.goals.iter().zip(&located.goal_lines) {
        let at = At { file: &located.file, line: *line };
        if let GoalSource::Promise { action: Some(action), .. } = &plan.by {
            actions::check_goal(whole.actions, located, action, at, problems);
        }
        if let GoalSource::Flow { flow, promise } = &plan.by {
            flows::check_goal(whole, located, (flow, promise), at, problems);
        }
        match &plan.by {
            GoalSource::Promise { kind, action: None }
                if whole.promises.is_some_and(|known| !known.contains_key(kind)) =>
            {
                problems.error(at, format!("unknown promise `{kind}`; promises.yaml says which there are"));
            }
            // What nobody but a person can do is promised in the scenario's own words.
            GoalSource::Wording | GoalSource::Promise { .. } | GoalSource::Flow { .. } => {
                check_available(whole, (&scenario.id, plan.goal), plan.optional, at, problems);
            }
            GoalSource::Evidence { .. } | GoalSource::Model { .. } | GoalSource::Verdict { .. } => {}
        }
    }
}

/// Whether a place can always say something for a goal.
fn check_available(
    whole: &Whole<'_>,
    (place, goal): (&str, Goal),
    optional: bool,
    at: At<'_>,
    problems: &mut Problems,
) {
    let variants: Vec<&Wording> = [place, COMMON]
        .iter()
        .filter_map(|place| whole.wording.book.variants.get(&((*place).to_owned(), goal, Tier::Standard)))
        .flatten()
        .collect();
    if problems.may_have_wording(place) {
        return;
    }
    if variants.is_empty() {
        let message = format!("`{place}` has no wording for `{}` at the tier `standard`", name_of(goal));
        problems.error(at, message);
    } else if !optional && !variants.iter().any(|wording| is_always_sayable(wording)) {
        let message = format!(
            "every wording of `{place}` for `{}` needs a fact that may be missing; add one without slots and `when`, or make the goal optional",
            name_of(goal)
        );
        problems.error(at, message);
    }
}

fn is_always_sayable(wording: &Wording) -> bool {
    wording.when.is_none() && wording.slots.iter().all(|slot| ALWAYS.contains(&slot.as_str()))
}

fn check_places(whole: &Whole<'_>, problems: &mut Problems) {
    for (place, goal) in PLACES {
        check_available(whole, (place, goal), false, At::file("wording"), problems);
    }
    let reasons = |name: &str| {
        name.strip_prefix("handoff.").is_some_and(|rest| {
            let reason = rest.split('.').next().unwrap_or_default();
            serde_json::from_value::<HandoffReason>(reason.into()).is_ok()
        })
    };
    let scenario = |id: &str| whole.scenarios.scenarios.iter().any(|located| located.scenario.id == id);
    let mut told = BTreeSet::new();
    for ((place, ..), variants) in &whole.wording.book.variants {
        let known = place == COMMON
            || PLACES.iter().any(|(known, _)| known == place)
            || OPTIONAL_PLACES.contains(&place.as_str())
            || place.strip_prefix("also.").is_some_and(|topic| TOPICS.contains(&topic))
            || reasons(place)
            || is_of_action(whole, place)
            || flows::is_place(whole.flows, place)
            || proactive::is_place(whole.proactive, place)
            || scenario(place.strip_prefix("waiting.").unwrap_or(place));
        if let Some(first) = variants.first()
            && !known
            && !problems.may_be_scenario(place)
            && told.insert(place)
        {
            let at = whole.wording.at(&first.id);
            problems.error(at, format!("`{place}` is neither a scenario nor a named place of wording"));
        }
    }
}

/// `action.running`, or `action.trace_parcel.running` of an action that there is.
fn is_of_action(whole: &Whole<'_>, place: &str) -> bool {
    let Some(rest) = place.strip_prefix("action.") else { return false };
    let Some(read) = whole.actions else { return true };
    match rest.split_once('.') {
        Some((action, moment)) => read.actions.kinds.contains_key(action) && MOMENTS.contains(&moment),
        None => MOMENTS.iter().any(|moment| common_place(moment) == place),
    }
}

fn check_wording(whole: &Whole<'_>, (place, goal): (&str, Goal), wording: &Wording, problems: &mut Problems) {
    let at = whole.wording.at(&wording.id);
    for slot in &wording.slots {
        if let Some(message) = unprovided(slot).or_else(|| flows::unprovided(whole.flows?, slot)) {
            problems.error(at, message);
        }
    }
    let text = without_slots(&wording.template);
    check_style(whole, (place, goal), &text, at, problems);
    for line in whole.red_lines {
        let Some(found) = line.find(&text) else { continue };
        let message = format!("crosses the red line {} {}: `{found}`", line.id, line.name);
        match line.level {
            RedLineLevel::Block => problems.error(at, message),
            RedLineLevel::Backed if !is_backed(whole, place, goal, wording) => {
                problems.error(
                    at,
                    format!("{message}; name the time with a slot, or back it with a promise or a ticket"),
                );
            }
            RedLineLevel::Style if is_delicate(whole, place, goal) => problems.error(at, message),
            RedLineLevel::Style => problems.warn(at, message),
            RedLineLevel::Backed => {}
        }
    }
}

fn unprovided(slot: &str) -> Option<String> {
    let (root, field) = slot.split_once('.').unwrap_or((slot, ""));
    if !VARIABLES.contains(&root) {
        return Some(format!("nothing provides the slot `{slot}`; known are {}", VARIABLES.join(", ")));
    }
    let fields = SLOTS.iter().find(|(name, _)| *name == root).map(|(_, fields)| *fields)?;
    (!fields.contains(&field))
        .then(|| format!("nothing provides the slot `{slot}`; `{root}` has {}", fields.join(", ")))
}

fn check_style(
    whole: &Whole<'_>,
    (place, goal): (&str, Goal),
    text: &str,
    at: At<'_>,
    problems: &mut Problems,
) {
    let limit = if whole.language.starts_with("zh") { BUBBLE_CHINESE } else { BUBBLE_LATIN };
    let length = text.chars().filter(|c| c.is_alphanumeric()).count();
    if length > limit {
        problems.warn(at, format!("has {length} characters; a bubble has at most {limit}"));
    }
    if text.chars().filter(|c| matches!(c, '？' | '?')).count() > 1 {
        problems.error(at, "asks more than one question");
    }
    if text.contains(['！', '!']) && is_delicate(whole, place, goal) {
        problems.warn(at, "has an exclamation mark where the customer is upset or something is wrong");
    }
}

/// Whether something is wrong for the customer where this is said.
fn is_delicate(whole: &Whole<'_>, place: &str, goal: Goal) -> bool {
    let negative = matches!(goal, Goal::Soothe | Goal::Apologize | Goal::Verdict | Goal::Handoff);
    let scenario =
        whole.scenarios.scenarios.iter().map(|located| &located.scenario).find(|it| it.id == place);
    negative
        || scenario.is_some_and(|scenario| {
            scenario.topic == "complaint"
                || scenario.stage == Stage::AfterSale
                || scenario.expect.iter().any(|label| label.is_negative())
        })
}

/// Whether a time, a promise or a ticket stands behind what is said here: a due slot, a promised goal, a handoff,
/// which never happens without its ticket.
fn is_backed(whole: &Whole<'_>, place: &str, goal: Goal, wording: &Wording) -> bool {
    let promised = whole.scenarios.scenarios.iter().any(|located| {
        located.scenario.id == place
            && located.scenario.goals.iter().any(|plan| {
                plan.goal == goal && matches!(plan.by, GoalSource::Promise { .. } | GoalSource::Flow { .. })
            })
    });
    // What is said of an action rests on its record.
    let of_action = place.starts_with("action.") && MOMENTS.iter().any(|moment| goal_of(moment) == goal);
    let of_flow = place.starts_with("flow.") && goal == Goal::Commit;
    promised
        || of_action
        || of_flow
        || goal == Goal::Handoff
        || wording
            .slots
            .iter()
            .any(|slot| matches!(slot.as_str(), "commitment.due" | "commitment.new_due" | "desk.due"))
}

/// The text with each slot shown as one sign that no rule means.
fn without_slots(template: &str) -> String {
    let parts = parse_template(template).unwrap_or_default();
    parts.iter().map(|part| if let Part::Text(text) = part { text } else { "□" }).collect()
}
