//! Does a rule make sense? Whether its events can bring what it needs, whether its moments and limits let it be said at
//! all, and whether nobody is told what they have not agreed to.

use super::names::{name_of, reads_child};
use super::raw::Number;
use super::{FILE, Read};
use crate::pack::actions::{ActionKind, ArgumentSource, Starter};
use crate::pack::condition::Type;
use crate::pack::load::check::Whole;
use crate::pack::load::problem::{At, Problems};
use crate::pack::proactive::{Cause, Moment, NudgeRule, Offer, Purpose};
use crate::proactive::EventType;
use crate::record::schema;

/// More buttons under one word nobody reads.
const MOST_CHOICES: usize = 3;
/// The longest label of a button, in characters.
const LABEL_CHINESE: usize = 10;
const LABEL_LATIN: usize = 24;

/// Events that name no product and no order.
const OF_NOTHING: [EventType; 2] = [EventType::Search, EventType::DayBegun];

/// Events that are about no order.
const OF_NO_ORDER: [EventType; 8] = [
    EventType::ProductViewed,
    EventType::Search,
    EventType::CartAdded,
    EventType::CartLeft,
    EventType::ConversationEnded,
    EventType::PriceDropped,
    EventType::Restocked,
    EventType::DayBegun,
];

/// Adds what is wrong with the brakes' numbers.
pub(super) fn check_brake(name: &str, written: &Number, problems: &mut Problems) {
    let at = At::text(FILE, written);
    match (name, written.value) {
        ("holdout_percent", 101..) => problems.error(at, "`holdout_percent` is a share of 100 at most"),
        ("holdout_percent", 100) => problems.warn(at, "`holdout_percent: 100` sends no offers to anybody"),
        ("holdout_percent", _) => {}
        ("after_dismissal_days", 0) => {
            problems.warn(at, "`after_dismissal_days: 0` shows again at once what a customer has closed");
        }
        (_, 0) => {
            problems.warn(at, format!("`{name}: 0` lets nothing be said; `enabled: false` says so plainly"));
        }
        _ => {}
    }
}

/// Adds what is wrong with the rules, taken by themselves and with the rest of the pack.
pub(super) fn check(read: &Read, whole: &Whole<'_>, problems: &mut Problems) {
    let known = |id: &String| whole.scenarios.scenarios.iter().any(|located| located.scenario.id == *id);
    for (scenario, line) in read.proactive.stopped_by.iter().zip(&read.stopped_by) {
        if !known(scenario) && !problems.may_be_scenario(scenario) {
            let message = format!("`stopped_by` names the unknown scenario `{scenario}`");
            problems.error(At { file: FILE, line: *line }, message);
        }
    }
    let brakes = &read.proactive.brakes;
    if brakes.a_week < brakes.a_day {
        problems.warn(At::file(FILE), "`a_week` allows less than `a_day`, which then says nothing");
    }
    for rule in &read.proactive.rules {
        let at = read.at(&rule.id);
        check_consent(rule, at, problems);
        check_cause(rule, at, problems);
        check_moment(rule, read, at, problems);
        check_contradictions(rule, at, problems);
        check_action(rule, whole, at, problems);
        check_choices(rule, whole, at, problems);
    }
}

/// What is drawn from the child's profile needs the consent to that.
fn check_consent(rule: &NudgeRule, at: At<'_>, problems: &mut Problems) {
    let conditions = rule.when.iter().chain(&rule.still);
    let why = if conditions.flat_map(|condition| condition.paths()).any(|path| reads_child(&path)) {
        "its condition reads the child's profile"
    } else if rule.once_per == Cause::ChildMonth {
        "`once_per: child_month` reads the child's profile"
    } else if rule.offers == Some(Offer::NextStage) {
        "`offers: next_stage` reads the child's profile"
    } else {
        return;
    };
    if rule.purpose != Purpose::Care {
        let message = format!("{why}, so `{}` has to be `purpose: care`: it needs that consent", rule.id);
        problems.error(at, message);
    }
}

/// What it is said once for, and what it offers, must come with each of its events.
fn check_cause(rule: &NudgeRule, at: At<'_>, problems: &mut Problems) {
    let mut lacking = |what: &str, needs: &str, kinds: &[EventType]| {
        if let Some(kind) = rule.on.iter().find(|kind| kinds.contains(kind)) {
            let message = format!("{what} of `{}` needs {needs}; `{}` brings none", rule.id, name_of(*kind));
            problems.error(at, message);
        }
    };
    match rule.once_per {
        Cause::Order => lacking("`once_per: order`", "an order", &OF_NO_ORDER),
        Cause::Item => lacking("`once_per: item`", "an order", &OF_NO_ORDER),
        Cause::Product => lacking("`once_per: product`", "a product", &OF_NOTHING),
        Cause::Conversation => {
            let others: Vec<EventType> =
                EventType::ALL.into_iter().filter(|kind| *kind != EventType::ConversationEnded).collect();
            lacking("`once_per: conversation`", "a conversation", &others);
        }
        Cause::Event | Cause::Day | Cause::ChildMonth | Cause::Year => {}
    }
    if rule.offers == Some(Offer::GoesWith) {
        lacking("`offers: goes_with`", "a product", &OF_NOTHING);
    }
    let of_talk = rule.on.contains(&EventType::ConversationEnded);
    if of_talk && matches!(rule.once_per, Cause::Event | Cause::Product) {
        let message = format!(
            "`{}` would be begun again by the talk that it brings about; write `once_per: conversation`",
            rule.id
        );
        problems.error(at, message);
    }
}

/// What a moment is counted from must be a number or a time of the product or the order, and its time of day one at which
/// somebody may be spoken to.
fn check_moment(rule: &NudgeRule, read: &Read, at: At<'_>, problems: &mut Problems) {
    let (field, wanted, time) = match &rule.moment {
        Moment::Now => return,
        Moment::After { at, .. } => (None, Type::Anything, *at),
        Moment::DaysOf { field, at, .. } => (Some(field), Type::Number, *at),
        Moment::Before { field, .. } => (Some(field), Type::WrittenTime, None),
    };
    if let Some(field) = field {
        match (field.split('.').next(), schema().path(field)) {
            (Some("product" | "order"), Ok(found)) if found == wanted || found == Type::Anything => {}
            (Some("product" | "order"), Ok(found)) => {
                problems
                    .error(at, format!("`{field}` is {found}; the moment of `{}` needs {wanted}", rule.id));
            }
            (Some("product" | "order"), Err(message)) => problems.error(at, message),
            _ => {
                let message = format!(
                    "the moment of `{}` is counted from `{field}`; it has to be a field `product.…` or `order.…`",
                    rule.id
                );
                problems.error(at, message);
            }
        }
        let lacks = if field.starts_with("order.") { &OF_NO_ORDER[..] } else { &OF_NOTHING[..] };
        if let Some(kind) = rule.on.iter().find(|kind| lacks.contains(kind)) {
            problems.error(at, format!("the event `{}` has no `{field}` to count from", name_of(*kind)));
        }
    }
    if let Some(time) = time.filter(|time| read.proactive.brakes.is_quiet(*time)) {
        let message = format!(
            "`at: {}` of `{}` lies in the quiet hours; it would always wait until they end",
            time.strftime("%H:%M"),
            rule.id
        );
        problems.warn(at, message);
    }
}

/// Rules that could never be said, or that begin themselves.
fn check_contradictions(rule: &NudgeRule, at: At<'_>, problems: &mut Problems) {
    let id = &rule.id;
    let by_itself = rule.cancelled_by.iter().find(|kind| rule.on.contains(kind));
    if let Some(kind) = by_itself.filter(|_| !rule.renewed) {
        let message = format!(
            "`{id}` is cancelled by `{}`, which begins it; write `renewed: true` if a later one begins its time anew",
            name_of(*kind)
        );
        problems.error(at, message);
    }
    if rule.renewed && rule.moment == Moment::Now {
        problems.error(
            at,
            format!("`{id}` is said at once, so there is no time that `renewed` could begin anew"),
        );
    }
    if rule.a_day == 0 {
        problems.warn(at, format!("`a_day: 0` never lets `{id}` be said; `enabled: false` says so plainly"));
    }
    if let Moment::Before { lead, .. } = &rule.moment
        && rule.expires_after > *lead
    {
        let message = format!(
            "`{id}` may be said after the time it comes before: it expires later than its `before` leaves time"
        );
        problems.error(at, message);
    }
}

/// An action that nobody asked for must be one that harms nobody, and whose arguments are known without anybody's words.
fn check_action(rule: &NudgeRule, whole: &Whole<'_>, at: At<'_>, problems: &mut Problems) {
    let (Some(action), Some(read)) = (&rule.does, whole.actions) else { return };
    if rule.purpose != Purpose::Order {
        let message = format!(
            "`{}` does `{action}`, so it is about an own order: it has to be `purpose: order`",
            rule.id
        );
        problems.error(at, message);
    }
    let Some(kind) = read.actions.kinds.get(action) else {
        if !problems.broken.contains(action) {
            problems.error(at, format!("unknown action `{action}`; actions.yaml says which there are"));
        }
        return;
    };
    if let Some(reason) = why_not_unasked(kind) {
        problems.error(at, format!("`{action}` cannot be begun unasked: {reason}"));
    }
}

fn why_not_unasked(kind: &ActionKind) -> Option<String> {
    if kind.confirm {
        return Some("it needs the customer's yes (`confirm: true`)".to_owned());
    }
    if let Some(policy) = &kind.policy {
        return Some(format!("the policy about `{policy}` has to allow it first"));
    }
    if !kind.started_by.contains(&Starter::Assistant) {
        return Some("its `started_by` has no `assistant`".to_owned());
    }
    let needs = kind.arguments.iter().filter(|argument| !argument.optional);
    let mut unknown = needs.filter(|argument| match &argument.from {
        ArgumentSource::Field(path) => path.starts_with("flow.") || path.starts_with("item."),
        ArgumentSource::Entity(_) | ArgumentSource::Message => true,
    });
    unknown.next().map(|argument| format!("its `{}` is only known from what somebody says", argument.name))
}

fn check_choices(rule: &NudgeRule, whole: &Whole<'_>, at: At<'_>, problems: &mut Problems) {
    let longest = if whole.language.starts_with("zh") { LABEL_CHINESE } else { LABEL_LATIN };
    if rule.choices.len() > MOST_CHOICES {
        let message =
            format!("`{}` has {} choices, at most {MOST_CHOICES} are read", rule.id, rule.choices.len());
        problems.error(at, message);
    }
    if rule.choices.iter().filter(|choice| choice.yes).count() > 1 {
        let message = format!("a plain yes to `{}` takes several choices; one may have `yes: true`", rule.id);
        problems.error(at, message);
    }
    for (number, choice) in rule.choices.iter().enumerate() {
        let length = choice.label.chars().count();
        if length == 0 || length > longest {
            let message = format!("a label has 1 to {longest} characters, `{}` has {length}", choice.label);
            problems.error(at, message);
        }
        if choice.say.is_empty() {
            problems.error(at, format!("the choice `{}` says nothing when it is pressed", choice.label));
        }
        if rule.choices[..number].iter().any(|other| other.label == choice.label) {
            problems.error(at, format!("two choices are called `{}`", choice.label));
        }
    }
}
