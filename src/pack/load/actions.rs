//! What does `actions.yaml` say, and does it fit the rest of the pack: promises, policies, wording, scenarios?

use std::collections::{BTreeMap, BTreeSet};

use super::check::ALWAYS;
use super::files::PackFiles;
use super::one;
use super::problem::{At, Problems};
use super::raw::{RawAction, RawActions, RawArgument, Text};
use super::scenarios::Located;
use super::wording::Book;
use crate::pack::actions::{
    ActionKind, Actions, Argument, ArgumentKind, ArgumentSource, Carried, LEAD_REPLY, MOMENTS, common_place,
    place,
};
use crate::pack::condition::VARIABLES;
use crate::pack::types::{GoalSource, PromiseKind, Wording};
use crate::turn::types::{EntityKind, Goal, Tier};

/// The file.
pub(super) const FILE: &str = "actions.yaml";

/// Records that are no actions and that every pack gives words to.
const RECORDS: [&str; 2] = ["ticket_opened", "handoff"];

/// Records that a pack may give words to besides: offers were stopped for the customer, see `stopped_by` in proactive.yaml.
const FURTHER_RECORDS: [&str; 1] = ["offers_stopped"];

/// Slots that any wording of an action may name.
const FIELDS: [&str; 2] = ["name", "result"];

/// The actions with the line of each.
#[derive(Default)]
pub(super) struct Read {
    pub actions: Actions,
    lines: BTreeMap<String, u64>,
}

/// Reads `actions.yaml`. `None` if the file cannot be read, which is reported once and not at every action.
pub(super) fn read(files: &PackFiles, problems: &mut Problems) -> Option<Read> {
    let raw: RawActions = one(files, FILE, problems)?;
    for record in RECORDS {
        if raw.records.get(record).is_none_or(Vec::is_empty) {
            problems.error(At::file(FILE), format!("`records` says no words for `{record}`"));
        }
    }
    let known: Vec<&str> = RECORDS.into_iter().chain(FURTHER_RECORDS).collect();
    for other in raw.records.keys().filter(|name| !known.contains(&name.as_str())) {
        let known = known.join(", ");
        problems.error(At::file(FILE), format!("unknown record `{other}`; known are {known}"));
    }
    let mut read =
        Read { actions: Actions { records: raw.records, ..Actions::default() }, ..Read::default() };
    for action in raw.actions {
        let (line, id) = (action.id.referenced.line(), action.id.value.clone());
        if read.lines.insert(id.clone(), line).is_some() {
            problems.error(At::text(FILE, &action.id), format!("the id `{id}` is used twice"));
            continue;
        }
        if let Some(kind) = kind(action, problems) {
            read.actions.kinds.insert(id, kind);
        } else {
            problems.broken.insert(id);
        }
    }
    Some(read)
}

fn kind(raw: RawAction, problems: &mut Problems) -> Option<ActionKind> {
    let at = At::text(FILE, &raw.id);
    let id = raw.id.value.clone();
    if raw.started_by.is_empty() {
        problems.error(at, format!("`started_by` of `{id}` is empty; nobody could have it done"));
    }
    if raw.task.trim().is_empty() {
        problems.error(at, format!("`{id}` has no `task`; a person would not know what to do"));
    }
    let mut names = BTreeSet::new();
    for argument in &raw.arguments {
        if !names.insert(argument.name.value.clone()) || FIELDS.contains(&argument.name.value.as_str()) {
            let message = format!(
                "the argument `{}` of `{id}` stands there twice, or is a name of its own",
                argument.name.value
            );
            problems.error(At::text(FILE, &argument.name), message);
        }
    }
    let arguments: Vec<Option<Argument>> =
        raw.arguments.into_iter().map(|argument| self::argument(argument, problems)).collect();
    let started_by: Vec<_> =
        raw.started_by.iter().filter_map(|who| problems.named(FILE, who, "started_by")).collect();
    let by = problems.named(FILE, &raw.by, "by");
    Some(ActionKind {
        id,
        name: raw.name,
        arguments: arguments.into_iter().collect::<Option<_>>()?,
        started_by,
        policy: raw.policy.map(|policy| policy.value),
        confirm: raw.confirm,
        by: by?,
        promise: raw.promise.value,
        task: raw.task,
        carries: Carried { started: raw.carries.started, done: raw.carries.done },
    })
}

fn argument(raw: RawArgument, problems: &mut Problems) -> Option<Argument> {
    let kind: ArgumentKind = problems.named(FILE, &raw.kind, "type")?;
    let from = source(&raw.from, problems)?;
    let fits = match &from {
        ArgumentSource::Message => matches!(kind, ArgumentKind::Text | ArgumentKind::Address),
        ArgumentSource::Entity(entity) => kind == ArgumentKind::Text || kind == kind_of(*entity),
        ArgumentSource::Field(_) => true,
    };
    if !fits {
        let message = format!("`{}` gives no {}", raw.from.value, raw.kind.value);
        problems.error(At::text(FILE, &raw.from), message);
        return None;
    }
    Some(Argument { name: raw.name.value, kind, from, optional: raw.optional })
}

fn kind_of(entity: EntityKind) -> ArgumentKind {
    match entity {
        EntityKind::Order => ArgumentKind::Order,
        EntityKind::Tracking => ArgumentKind::Parcel,
        EntityKind::Phone => ArgumentKind::Phone,
        EntityKind::Product => ArgumentKind::Product,
        EntityKind::Amount => ArgumentKind::Money,
        EntityKind::Quantity => ArgumentKind::Quantity,
        EntityKind::Date | EntityKind::Size | EntityKind::Private => ArgumentKind::Text,
    }
}

fn source(from: &Text, problems: &mut Problems) -> Option<ArgumentSource> {
    if from.value == "message" {
        return Some(ArgumentSource::Message);
    }
    let (root, rest) = from.value.split_once('.').unwrap_or((&from.value, ""));
    if root == "entity" {
        let entity = Text::new(rest.to_owned(), from.referenced, from.defined);
        return problems.named(FILE, &entity, "entity").map(ArgumentSource::Entity);
    }
    if !VARIABLES.contains(&root) || rest.is_empty() {
        let known = VARIABLES.join(", ");
        let message = format!(
            "nothing provides `{}`; write a field such as `order.id` (known are {known}), `entity.phone`, or `message`",
            from.value
        );
        problems.error(At::text(FILE, from), message);
        return None;
    }
    Some(ArgumentSource::Field(from.value.clone()))
}

/// Gives each goal that begins an action the promise of the action.
pub(super) fn resolve(scenarios: &mut [Located], actions: &Actions) {
    for plan in scenarios.iter_mut().flat_map(|located| &mut located.scenario.goals) {
        if let GoalSource::Promise { kind, action: Some(action) } = &mut plan.by
            && let Some(known) = actions.kinds.get(action)
        {
            kind.clone_from(&known.promise);
        }
    }
}

/// What an action refers to must be there: its promise, what is said of it, and no word that nothing provides.
pub(super) fn check(
    read: &Read,
    promises: Option<&BTreeMap<String, PromiseKind>>,
    book: &Book,
    problems: &mut Problems,
) {
    for kind in read.actions.kinds.values() {
        let at = At { file: FILE, line: read.lines.get(&kind.id).copied().unwrap_or_default() };
        if promises.is_some_and(|known| !known.contains_key(&kind.promise)) {
            let message = format!("unknown promise `{}`; promises.yaml says which there are", kind.promise);
            problems.error(at, message);
        }
        for moment in MOMENTS {
            check_moment(kind, moment, book, at, problems);
        }
    }
    if promises.is_some_and(|known| !known.contains_key(LEAD_REPLY)) {
        let message =
            format!("the promise `{LEAD_REPLY}` is missing; a lead answers what was not kept twice");
        problems.error(At::file("promises.yaml"), message);
    }
}

/// The goal under which a moment of an action is said.
pub(super) fn goal_of(moment: &str) -> Goal {
    if matches!(moment, "done" | "failed" | "cancelled") { Goal::Answer } else { Goal::Commit }
}

fn check_moment(kind: &ActionKind, moment: &str, book: &Book, at: At<'_>, problems: &mut Problems) {
    let goal = goal_of(moment);
    let of_place = |place: &str| -> Vec<&Wording> {
        let tiers = [Tier::Standard, Tier::Proactive, Tier::Soothing, Tier::Handoff];
        let lists =
            tiers.into_iter().filter_map(|tier| book.book.variants.get(&(place.to_owned(), goal, tier)));
        lists.flatten().collect()
    };
    let own = of_place(&place(&kind.id, moment));
    for wording in &own {
        check_slots(kind, moment, wording, book.at(&wording.id), problems);
    }
    let common = of_place(&common_place(moment));
    if problems.may_have_wording(&place(&kind.id, moment)) {
        return;
    }
    let place = place(&kind.id, moment);
    if own.is_empty() && common.is_empty() {
        let message =
            format!("nothing is said when `{}` is {moment}; write `{place}` in wording/*.yaml", kind.id);
        problems.error(at, message);
    } else if !own.iter().chain(&common).any(|wording| is_always_sayable(kind, wording)) {
        let message = format!(
            "every wording of `{place}` needs something that may be missing; add one without `action.result`, facts and `when`"
        );
        problems.error(at, message);
    }
}

/// Whether a wording needs nothing that may be missing when it is said.
fn is_always_sayable(kind: &ActionKind, wording: &Wording) -> bool {
    let required = |slot: &str| {
        let field = slot.strip_prefix("action.").unwrap_or_default();
        let argument = kind.arguments.iter().find(|argument| argument.name == field);
        field == "name" || argument.is_some_and(|argument| !argument.optional)
    };
    wording.when.is_none()
        && wording.slots.iter().all(|slot| ALWAYS.contains(&slot.as_str()) || required(slot))
}

/// What comes later than the turn knows no order and no parcel any more, only what the action keeps.
fn check_slots(kind: &ActionKind, moment: &str, wording: &Wording, at: At<'_>, problems: &mut Problems) {
    let later = !matches!(moment, "started" | "running");
    for slot in &wording.slots {
        let (root, field) = slot.split_once('.').unwrap_or((slot, ""));
        let known = FIELDS.contains(&field) || kind.arguments.iter().any(|argument| argument.name == field);
        if root == "action" && !known {
            let names: Vec<&str> = kind.arguments.iter().map(|argument| argument.name.as_str()).collect();
            let message =
                format!("`{}` has no `{field}`; it has name, result, {}", kind.id, names.join(", "));
            problems.error(at, message);
        }
        if later && !matches!(root, "action" | "commitment" | "shop" | "assistant") {
            let message =
                format!("`{slot}` is not known any more when `{}` is {moment}; use `action.…`", kind.id);
            problems.error(at, message);
        }
    }
}

/// A goal that begins an action must name one that there is, that may be begun here, and whose policy is judged.
pub(super) fn check_goal(
    actions: Option<&Read>,
    located: &Located,
    name: &str,
    at: At<'_>,
    problems: &mut Problems,
) {
    use crate::pack::actions::Starter;
    let Some(read) = actions else { return };
    let Some(kind) = read.actions.kinds.get(name) else {
        if !problems.broken.contains(name) {
            problems.error(at, format!("unknown action `{name}`; actions.yaml says which there are"));
        }
        return;
    };
    if !kind.started_by.iter().any(|who| matches!(who, Starter::Assistant | Starter::Customer)) {
        problems.error(at, format!("`{name}` is started by agents only"));
    }
    let judged = |about: &String| {
        let goals = located.scenario.goals.iter();
        goals.map(|plan| &plan.by).any(|by| matches!(by, GoalSource::Verdict { about: of } if of == about))
    };
    if kind.confirm {
        let message = format!(
            "`{name}` cannot be undone (`confirm: true`), so the customer has to say yes to it first; begin a flow that does it"
        );
        problems.error(at, message);
    }
    if let Some(policy) = kind.policy.as_ref().filter(|policy| !judged(policy)) {
        let message = format!(
            "`{name}` is only begun where the policy about `{policy}` allows it; give the scenario a goal `verdict: {{ about: {policy} }}`"
        );
        problems.error(at, message);
    }
}
