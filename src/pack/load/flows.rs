//! What does `flows.yaml` say, and does it fit the rest of the pack: actions, scenarios, wording?

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::check::{ALWAYS, Whole};
use super::files::PackFiles;
use super::problem::{At, Problems};
use super::raw::{RawFlow, RawFlows, RawStep, Text};
use super::scenarios::{Located, condition};
use crate::pack::flows::{
    AGAIN, Asks, DONE, FLOW_PLACES, FlowKind, FlowOption, Flows, REMIND, Step, StepKind, common_place_of,
    place_of,
};
use crate::pack::types::{GoalSource, Wording};
use crate::turn::types::{Goal, Tier};

/// The file. A pack may be without it.
const FILE: &str = "flows.yaml";

/// What wording reads of any flow; no step may be called so.
const FIELDS: [&str; 6] = ["id", "name", "step", "at", "until", "said"];

/// The flows with the line of each.
#[derive(Default)]
pub(super) struct Read {
    pub flows: Flows,
    lines: BTreeMap<String, u64>,
}

/// Reads `flows.yaml`. `None` if it is there and cannot be read.
pub(super) fn read(files: &PackFiles, problems: &mut Problems) -> Option<Read> {
    let mut read = Read::default();
    if !files.texts.contains_key(FILE) && !files.refused.contains_key(FILE) {
        return Some(read);
    }
    let raw: RawFlows = super::one(files, FILE, problems)?;
    for flow in raw.flows {
        let (line, id) = (flow.id.referenced.line(), flow.id.value.clone());
        if read.lines.insert(id.clone(), line).is_some() {
            problems.error(At::text(FILE, &flow.id), format!("the id `{id}` is used twice"));
            continue;
        }
        match kind(flow, problems) {
            Some(kind) => drop(read.flows.insert(id, kind)),
            None => drop(problems.broken.insert(id)),
        }
    }
    Some(read)
}

fn kind(raw: RawFlow, problems: &mut Problems) -> Option<FlowKind> {
    let at = At::text(FILE, &raw.id);
    let id = raw.id.value.clone();
    if raw.steps.is_empty() {
        problems.error(at, format!("`{id}` has no steps"));
        return None;
    }
    let mut names = BTreeSet::new();
    let reserved = |name: &str| {
        FIELDS.contains(&name) || name == DONE || FLOW_PLACES.iter().any(|(place, _)| *place == name)
    };
    for step in &raw.steps {
        if !names.insert(step.id.value.clone()) || reserved(&step.id.value) {
            let message =
                format!("the step `{}` of `{id}` is there twice, or is a name of its own", step.id.value);
            problems.error(At::text(FILE, &step.id), message);
        }
    }
    let steps: Vec<Option<Step>> = raw.steps.into_iter().map(|step| self::step(step, problems)).collect();
    let values = |texts: Vec<Text>| texts.into_iter().map(|text| text.value).collect();
    Some(FlowKind {
        id,
        name: raw.name,
        policy: raw.policy.map(|policy| policy.value),
        aftersale: raw.aftersale.map(|kind| kind.value),
        takes_over: values(raw.takes_over),
        ended_by: values(raw.ended_by),
        steps: steps.into_iter().collect::<Option<_>>()?,
    })
}

fn step(raw: RawStep, problems: &mut Problems) -> Option<Step> {
    let at = At::text(FILE, &raw.id);
    let id = raw.id.value.clone();
    let named = [raw.asks.is_some(), raw.does.is_some(), raw.waits_for.is_some()];
    if named.iter().filter(|named| **named).count() != 1 {
        problems.error(at, format!("the step `{id}` needs one of `asks`, `does`, `waits_for`"));
        return None;
    }
    let minutes = |hours: Option<u32>, minutes: Option<u32>| {
        let minutes = hours.map(|hours| i64::from(hours) * 60).or(minutes.map(i64::from))?;
        Some(SignedDuration::from_mins(minutes))
    };
    let when = |source: &Option<Text>, problems: &mut Problems| {
        source.as_ref().and_then(|source| condition(FILE, source, problems))
    };
    let step = Step {
        name: raw.name,
        when: when(&raw.when, problems),
        done_when: when(&raw.done_when, problems),
        fails_when: when(&raw.fails_when, problems),
        remind_after: minutes(raw.remind_after_hours, None),
        expires_after: minutes(raw.expires_after_hours, raw.expires_after_minutes),
        kind: match (raw.asks, raw.does, raw.waits_for) {
            (Some(asks), ..) => {
                let options = raw.options.into_iter().map(|option| FlowOption {
                    id: option.id,
                    name: option.name,
                    words: option.words,
                });
                StepKind::Asks(asks_of(&asks, options.collect(), problems)?)
            }
            (_, Some(action), _) => StepKind::Does(action.value),
            (.., Some(party)) => StepKind::WaitsFor(problems.named(FILE, &party, "waits_for")?),
            _ => return None,
        },
        id,
    };
    let waits_for_nothing = matches!(step.kind, StepKind::WaitsFor(_)) && step.done_when.is_none();
    if waits_for_nothing || (step.remind_after.is_some() && !step.waits_for_customer()) {
        let message = format!(
            "the step `{}` needs `done_when` to wait for an event, and reminds only where the customer is waited for",
            step.id
        );
        problems.error(at, message);
    }
    Some(step)
}

fn asks_of(text: &Text, options: Vec<FlowOption>, problems: &mut Problems) -> Option<Asks> {
    let asks = match text.value.as_str() {
        "item" => Asks::Item,
        "sku" => Asks::Sku,
        "choice" => Asks::Choice(options),
        "contact" => Asks::Contact,
        "invoice_title" => Asks::InvoiceTitle,
        "picture" => Asks::Picture,
        "tracking" => Asks::Tracking,
        "text" => Asks::Text,
        "confirm" => Asks::Confirm,
        other => {
            let message = format!(
                "unknown question `{other}`; known are item, sku, choice, contact, invoice_title, picture, tracking, text and confirm"
            );
            problems.error(At::text(FILE, text), message);
            return None;
        }
    };
    if matches!(&asks, Asks::Choice(options) if options.len() < 2) {
        problems.error(At::text(FILE, text), "a choice needs at least two `options`");
    }
    Some(asks)
}

/// What a flow refers to must be there, and everything it comes to must be sayable.
pub(super) fn check(read: &Read, whole: &Whole<'_>, problems: &mut Problems) {
    for kind in read.flows.values() {
        let at = At { file: FILE, line: read.lines.get(&kind.id).copied().unwrap_or_default() };
        check_references(read, kind, whole, at, problems);
        check_order(kind, whole, at, problems);
        for (number, step) in kind.steps.iter().enumerate() {
            check_step(kind, (number, step), whole, at, problems);
        }
        let ends_by_itself = matches!(kind.steps.last().map(|step| &step.kind), Some(StepKind::Does(_)));
        if !ends_by_itself {
            check_said(
                &Said { kind, known: kind.steps.len(), later: true },
                (&place_of(&kind.id, DONE), Goal::Answer),
                whole,
                at,
                problems,
            );
        }
    }
    if read.flows.is_empty() {
        return;
    }
    for (name, goal) in FLOW_PLACES {
        let place = common_place_of(name);
        let sayable = |wording: &Wording| {
            wording.when.is_none() && wording.slots.iter().all(|slot| is_always_there(slot, None))
        };
        if !problems.may_have_wording(&place) && !variants(whole, &place, goal).any(sayable) {
            let message =
                format!("`{place}` needs a wording with no more than `flow.name`, `flow.at` and a time");
            problems.error(At::file("wording"), message);
        }
    }
}

fn check_references(read: &Read, kind: &FlowKind, whole: &Whole<'_>, at: At<'_>, problems: &mut Problems) {
    for other in kind.takes_over.iter().filter(|other| !read.flows.contains_key(*other)) {
        problems.error(at, format!("`takes_over` of `{}` names the unknown flow `{other}`", kind.id));
    }
    let known = |id: &String| {
        whole.scenarios.scenarios.iter().any(|located| located.scenario.id == *id)
            || problems.may_be_scenario(id)
    };
    let unknown: Vec<&String> = kind.ended_by.iter().filter(|id| !known(id)).collect();
    for scenario in unknown {
        problems.error(at, format!("`ended_by` of `{}` names the unknown scenario `{scenario}`", kind.id));
    }
}

/// Actions are begun where the customer has just answered, and what cannot be undone right after a yes.
fn check_order(kind: &FlowKind, whole: &Whole<'_>, at: At<'_>, problems: &mut Problems) {
    let mut before: Option<&Step> = None;
    for step in &kind.steps {
        if let StepKind::Does(action) = &step.kind {
            let known = whole.actions.and_then(|read| read.actions.kinds.get(action));
            if whole.actions.is_some() && known.is_none() && !problems.broken.contains(action) {
                problems.error(at, format!("`{}` does the unknown action `{action}`", kind.id));
            }
            let follows_answer = before.is_some_and(|before| !matches!(before.kind, StepKind::WaitsFor(_)));
            if !follows_answer {
                let message = format!(
                    "the step `{}` of `{}` does something, so it has to follow a question",
                    step.id, kind.id
                );
                problems.error(at, message);
            }
            let confirmed = before.is_some_and(|before| before.kind == StepKind::Asks(Asks::Confirm));
            if known.is_some_and(|action| action.confirm) && !confirmed {
                let message = format!(
                    "`{action}` cannot be undone (`confirm: true`); the step before `{}` has to be `asks: confirm`",
                    step.id
                );
                problems.error(at, message);
            }
        }
        before = Some(step);
    }
}

/// Of which flow something is said, and what of it is known then.
struct Said<'a> {
    kind: &'a FlowKind,
    /// So many of its steps are over.
    known: usize,
    /// Whether it is said later than a turn.
    later: bool,
}

fn check_step(
    kind: &FlowKind,
    (number, step): (usize, &Step),
    whole: &Whole<'_>,
    at: At<'_>,
    problems: &mut Problems,
) {
    let said = Said { kind, known: number, later: kind.has_done_before(&step.id) };
    let place = place_of(&kind.id, &step.id);
    check_said(&said, (&place, step.goal()), whole, at, problems);
    if step.remind_after.is_some() {
        let later = Said { later: true, ..said };
        check_said(&later, (&format!("{place}.{REMIND}"), step.goal()), whole, at, problems);
    }
}

/// Whether a place always has something to say, and names nothing that is not known then.
fn check_said(
    said: &Said<'_>,
    (place, goal): (&str, Goal),
    whole: &Whole<'_>,
    at: At<'_>,
    problems: &mut Problems,
) {
    if problems.may_have_wording(place) {
        return;
    }
    let answered = |slot: &str| is_always_there(slot, Some(said));
    if !variants(whole, place, goal)
        .any(|wording| wording.when.is_none() && wording.slots.iter().all(|slot| answered(slot)))
    {
        let message = format!(
            "`{place}` needs a wording for `{}` without facts that may be missing and `when`",
            super::wording::name_of(goal)
        );
        problems.error(at, message);
    }
    for wording in variants(whole, place, goal) {
        for slot in &wording.slots {
            let root = slot.split('.').next().unwrap_or_default();
            if said.later
                && !matches!(root, "flow" | "order" | "aftersale" | "commitment" | "shop" | "assistant")
            {
                let message = format!(
                    "`{slot}` is not known any more when this is said; use `flow.…`, `order.…` or `aftersale.…`"
                );
                problems.error(whole.wording.at(&wording.id), message);
            }
        }
    }
}

/// Whether a slot always has a value: the names of flow and step, and what has been asked of everybody by then.
fn is_always_there(slot: &str, said: Option<&Said<'_>>) -> bool {
    let answered = |id: &str| {
        said.is_some_and(|said| {
            said.kind.steps[..said.known]
                .iter()
                .any(|step| step.id == id && step.when.is_none() && matches!(step.kind, StepKind::Asks(_)))
        })
    };
    ALWAYS.contains(&slot)
        || matches!(slot, "flow.name" | "flow.at")
        || slot.strip_prefix("flow.said.").is_some_and(answered)
        || (slot == "flow.until"
            && said.is_some_and(|said| {
                said.kind.steps.get(said.known).is_some_and(|step| step.expires_after.is_some())
            }))
}

fn variants<'a>(whole: &'a Whole<'_>, place: &'a str, goal: Goal) -> impl Iterator<Item = &'a Wording> {
    let tiers = [Tier::Standard, Tier::Proactive, Tier::Soothing, Tier::Handoff];
    let lists = tiers
        .into_iter()
        .filter_map(move |tier| whole.wording.book.variants.get(&(place.to_owned(), goal, tier)));
    lists.flatten()
}

/// `flow.resume`, `flow.exchange.wanted`, `flow.exchange.wanted.again`, `flow.exchange.expired`.
pub(super) fn is_place(read: Option<&Read>, place: &str) -> bool {
    let Some(rest) = place.strip_prefix("flow.") else { return false };
    let Some(read) = read else { return true };
    let common = |name: &str| FLOW_PLACES.iter().any(|(known, _)| *known == name);
    let Some((flow, name)) = rest.split_once('.') else { return common(rest) };
    let Some(kind) = read.flows.get(flow) else { return false };
    let (step, moment) = name.split_once('.').unwrap_or((name, ""));
    common(name)
        || name == DONE
        || (kind.step(step).is_some() && (moment.is_empty() || moment == AGAIN || moment == REMIND))
}

/// What is wrong with a slot of a flow: `flow.said.wanted` needs a step `wanted`.
pub(super) fn unprovided(read: &Read, slot: &str) -> Option<String> {
    let field = slot.strip_prefix("flow.")?;
    let step = field.strip_prefix("said.").unwrap_or(field);
    let known = (step == field && FIELDS.contains(&field))
        || field == "unavailable"
        || read.flows.values().any(|kind| kind.step(step).is_some());
    (!known).then(|| format!("nothing provides the slot `{slot}`; no flow has a step `{step}`"))
}

/// A goal that begins a flow must name one that there is, whose policy is judged, and a promise for where it may not begin.
pub(super) fn check_goal(
    whole: &Whole<'_>,
    located: &Located,
    (flow, promise): (&str, &str),
    at: At<'_>,
    problems: &mut Problems,
) {
    if whole.promises.is_some_and(|known| !known.contains_key(promise)) {
        problems.error(at, format!("unknown promise `{promise}`; promises.yaml says which there are"));
    }
    let Some(read) = whole.flows else { return };
    let Some(kind) = read.flows.get(flow) else {
        if !problems.broken.contains(flow) {
            problems.error(at, format!("unknown flow `{flow}`; flows.yaml says which there are"));
        }
        return;
    };
    let judged = |about: &String| {
        let goals = located.scenario.goals.iter();
        goals.map(|plan| &plan.by).any(|by| matches!(by, GoalSource::Verdict { about: of } if of == about))
    };
    if let Some(policy) = kind.policy.as_ref().filter(|policy| !judged(policy)) {
        let message = format!(
            "`{flow}` only begins where the policy about `{policy}` allows it; give the scenario a goal `verdict: {{ about: {policy} }}`"
        );
        problems.error(at, message);
    }
}
