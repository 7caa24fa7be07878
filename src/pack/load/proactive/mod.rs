//! What does `proactive.yaml` say? Reads the rules by which the assistant speaks first, and the brakes.
//!
//! Whether a rule makes sense is asked by `sense.rs`, whether it has something to say by `said.rs`, which names its
//! conditions and wording may use by `names.rs`.

mod names;
mod raw;
mod said;
mod sense;

use std::collections::BTreeMap;

use jiff::SignedDuration;
use jiff::civil::Time;

use super::check::Whole;
use super::files::PackFiles;
use super::problem::{At, Problems};
use super::raw::Text;
use crate::pack::proactive::{Brakes, Moment, NudgeChoice, NudgeRule, Proactive};
use crate::proactive::EventType;
use names::Names;
use raw::{Number, RawBrakes, RawCounted, RawMoment, RawProactive, RawRule};

pub(super) use said::is_place;

/// The file. A pack may be without it: then nothing is said first.
const FILE: &str = "proactive.yaml";

/// The rules with the line of each.
#[derive(Default)]
pub(super) struct Read {
    pub proactive: Proactive,
    lines: BTreeMap<String, u64>,
    /// The lines of the scenarios that stop offers.
    stopped_by: Vec<u64>,
}

impl Read {
    /// Where a rule stands.
    fn at(&self, rule: &str) -> At<'_> {
        At { file: FILE, line: self.lines.get(rule).copied().unwrap_or_default() }
    }
}

/// Reads `proactive.yaml`. `None` if it is there and cannot be read.
pub(super) fn read(files: &PackFiles, problems: &mut Problems) -> Option<Read> {
    let mut read = Read::default();
    if !files.texts.contains_key(FILE) && !files.refused.contains_key(FILE) {
        return Some(read);
    }
    let raw: RawProactive = super::one(files, FILE, problems)?;
    read.proactive.brakes = brakes(&raw.brakes, problems);
    read.stopped_by = raw.stopped_by.iter().map(|scenario| scenario.referenced.line()).collect();
    read.proactive.stopped_by = raw.stopped_by.into_iter().map(|scenario| scenario.value).collect();
    for rule in raw.rules {
        let (line, id) = (rule.id.referenced.line(), rule.id.value.clone());
        if read.lines.insert(id.clone(), line).is_some() {
            problems.error(At::text(FILE, &rule.id), format!("the id `{id}` is used twice"));
            continue;
        }
        match self::rule(rule, problems) {
            Some(rule) => read.proactive.rules.push(rule),
            None => drop(problems.broken.insert(id)),
        }
    }
    read.proactive.rules.sort_by_key(|rule| std::cmp::Reverse(rule.priority));
    Some(read)
}

/// What a rule refers to must be there, must make sense, and must be sayable.
pub(super) fn check(read: &Read, whole: &Whole<'_>, problems: &mut Problems) {
    sense::check(read, whole, problems);
    said::check(read, whole, problems);
}

fn brakes(raw: &RawBrakes, problems: &mut Problems) -> Brakes {
    let mut brakes = Brakes::default();
    brakes.enabled = raw.enabled.unwrap_or(brakes.enabled);
    brakes.dry_run = raw.dry_run.unwrap_or(brakes.dry_run);
    if let Some(quiet) = &raw.quiet {
        let (from, until) = (time(&quiet.from, problems), time(&quiet.until, problems));
        if from.is_some() && from == until {
            let message = format!(
                "`quiet` begins and ends at {}: nobody could tell whether that is all day or never",
                quiet.from.value
            );
            problems.error(At::text(FILE, &quiet.from), message);
        }
        brakes.quiet_from = from.unwrap_or(brakes.quiet_from);
        brakes.quiet_until = until.unwrap_or(brakes.quiet_until);
    }
    let numbers: [(&str, &Option<Number>, &mut u32); 7] = [
        ("a_day", &raw.a_day, &mut brakes.a_day),
        ("a_week", &raw.a_week, &mut brakes.a_week),
        ("orders_a_day", &raw.orders_a_day, &mut brakes.orders_a_day),
        ("after_dismissal_days", &raw.after_dismissal_days, &mut brakes.after_dismissal_days),
        ("rule_an_hour", &raw.rule_an_hour, &mut brakes.rule_an_hour),
        ("shop_an_hour", &raw.shop_an_hour, &mut brakes.shop_an_hour),
        ("holdout_percent", &raw.holdout_percent, &mut brakes.holdout_percent),
    ];
    for (name, written, brake) in numbers {
        let Some(written) = written else { continue };
        *brake = written.value;
        sense::check_brake(name, written, problems);
    }
    if let Some(minutes) = &raw.apart_minutes {
        brakes.apart = SignedDuration::from_mins(i64::from(minutes.value));
    }
    if let Some(hours) = &raw.after_trouble_hours {
        brakes.after_trouble = SignedDuration::from_hours(i64::from(hours.value));
    }
    brakes
}

fn rule(raw: RawRule, problems: &mut Problems) -> Option<NudgeRule> {
    let at = At::text(FILE, &raw.id);
    let on = events(&raw.on, "on", problems);
    if raw.on.is_empty() {
        problems.error(at, format!("`on` of `{}` is empty; nothing would begin it", raw.id.value));
    }
    let names = Names { on: &on, does: raw.does.is_some() };
    let expires = duration([raw.expires_after_minutes, raw.expires_after_hours, raw.expires_after_days]);
    if expires.is_none_or(|expires| expires.is_zero()) {
        let message = format!(
            "`{}` needs one of `expires_after_minutes`, `expires_after_hours` and `expires_after_days`, above zero: after it a word comes too late",
            raw.id.value
        );
        problems.error(at, message);
    }
    let when = raw.when.as_ref().and_then(|when| names.condition(when, problems));
    let still = raw.still.as_ref().and_then(|still| names.condition(still, problems));
    let moment = moment(&raw.moment, problems);
    let purpose = problems.named(FILE, &raw.purpose, "purpose");
    let once_per = problems.named(FILE, &raw.once_per, "once_per");
    let offers = raw.offers.as_ref().map(|offers| problems.named(FILE, offers, "offers"));
    let cancelled_by = events(&raw.cancelled_by, "cancelled_by", problems);
    let choices = raw.choices.into_iter().map(|choice| NudgeChoice {
        label: choice.label.value.trim().to_owned(),
        say: choice.say.trim().to_owned(),
        yes: choice.yes,
    });
    Some(NudgeRule {
        name: raw.name,
        enabled: raw.enabled.unwrap_or(true),
        purpose: purpose?,
        when,
        still,
        moment: moment?,
        expires_after: expires?,
        priority: raw.priority,
        once_per: once_per?,
        renewed: raw.renewed,
        cancelled_by,
        offers: offers.unwrap_or_default(),
        does: raw.does.map(|action| action.value),
        choices: choices.collect(),
        a_day: raw.a_day.unwrap_or(1),
        id: raw.id.value,
        on,
    })
}

fn events(names: &[Text], field: &str, problems: &mut Problems) -> Vec<EventType> {
    names.iter().filter_map(|name| problems.named(FILE, name, field)).collect()
}

/// The one of these that is written, in minutes, hours and days.
fn duration([minutes, hours, days]: [Option<u32>; 3]) -> Option<SignedDuration> {
    match (minutes, hours, days) {
        (Some(minutes), None, None) => Some(SignedDuration::from_mins(i64::from(minutes))),
        (None, Some(hours), None) => Some(SignedDuration::from_hours(i64::from(hours))),
        (None, None, Some(days)) => Some(SignedDuration::from_hours(i64::from(days) * 24)),
        _ => None,
    }
}

const MOMENTS: &str = "known are `now`, `{ after_hours: 24 }` (or `after_minutes`, `after_days`; with `at: \"10:00\"` the next such time of day), `{ days_of: product.replenish_days, less: 3 }` and `{ before: order.close_at, minutes: 30 }` (or `hours`)";

fn moment(raw: &serde_saphyr::Spanned<RawMoment>, problems: &mut Problems) -> Option<Moment> {
    let at = At::text(FILE, raw);
    let read = match &raw.value {
        RawMoment::Named(name) if name == "now" => return Some(Moment::Now),
        RawMoment::Named(_) => None,
        RawMoment::Counted(counted) => counted_moment(counted),
    };
    if read.is_none() {
        problems.error(at, format!("this is no moment; {MOMENTS}"));
    }
    read
}

fn counted_moment(raw: &RawCounted) -> Option<Moment> {
    let time = match &raw.at {
        Some(text) => Some(time_of(text)?),
        None => None,
    };
    let after = duration([raw.after_minutes, raw.after_hours, raw.after_days]);
    let no_after = [raw.after_minutes, raw.after_hours, raw.after_days].iter().all(Option::is_none);
    let lead = duration([raw.minutes, raw.hours, None]);
    let no_lead = raw.minutes.is_none() && raw.hours.is_none();
    match (after, &raw.days_of, &raw.before) {
        (Some(wait), None, None) if no_lead && raw.less.is_none() => {
            // Nothing to wait for and no time of day is `now`, which is judged in another way.
            (time.is_some() || !wait.is_zero()).then_some(Moment::After { wait, at: time })
        }
        (None, Some(field), None) if no_after && no_lead => {
            Some(Moment::DaysOf { field: field.clone(), less: i64::from(raw.less.unwrap_or(0)), at: time })
        }
        (None, None, Some(field)) if no_after && time.is_none() && raw.less.is_none() => {
            Some(Moment::Before { field: field.clone(), lead: lead? })
        }
        _ => None,
    }
}

fn time(text: &Text, problems: &mut Problems) -> Option<Time> {
    let time = time_of(&text.value);
    if time.is_none() {
        let message = format!("`{}` is no time of day; write it as \"22:00\"", text.value);
        problems.error(At::text(FILE, text), message);
    }
    time
}

/// `9:00`, `22:30`.
fn time_of(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

#[cfg(test)]
mod tests;
