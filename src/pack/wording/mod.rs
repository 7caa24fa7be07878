//! Which approved wording is said, and what does it say? Picks a variant whose slots all have values and fills them.
//!
//! A wording is plain text with slots: `{{ shipment.last_event_at | moment }}`. A slot is a path of fields and
//! filters, nothing else; what depends on a condition is a variant of its own with `when`. Filters:
//!
//! | filter | from | to |
//! |---|---|---|
//! | `moment` | `2026-11-16 22:40` | `11月16日22:40`, `今天22:40`, `明天10:00`; with the year if it is another one; the last second of a day is its `24:00` |
//! | `day` | the same | `11月16日` |
//! | `money` | `269` | `269.00` |
//! | `tail`, `tail(6)` | `78412365509821` | `9821`, `509821` |
//!
//! In an English pack times read `2026-11-16 22:40`, `today 22:40`, `tomorrow 10:00`.

use std::collections::BTreeMap;

use jiff::{ToSpan, Zoned};
use serde_json::Value;

use super::types::{Wording, WordingBook};
use crate::time::{Now, clock};
use crate::turn::types::{Goal, Tier};

/// The place that is asked when a place of its own has nothing unsaid.
pub const COMMON: &str = "common";

/// What is wanted of the book.
#[derive(Debug, Clone, Copy)]
pub struct WordingRequest<'a> {
    /// The scenario's id, or a named place: `introduce`, `handoff.asked_for_person`, `waiting`, ….
    pub place: &'a str,
    /// What the sentence is for.
    pub goal: Goal,
    /// The tier; a lower one is taken where this one has nothing left.
    pub tier: Tier,
    /// What conditions and slots read.
    pub variables: &'a Value,
    /// Ids of wordings already said in this conversation.
    pub said: &'a [String],
    /// The moment of the turn.
    pub now: &'a Now,
    /// Any number that differs between conversations, so that not all customers read the same variant.
    pub seed: u64,
}

/// An approved wording with its slots filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenderedWording {
    /// Its id in the pack.
    pub id: String,
    /// The text.
    pub text: String,
    /// What was put into its slots, by path, as it stands in the text.
    pub slots: BTreeMap<String, String>,
}

/// Why a template is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A slot is not closed.
    #[error("a slot is opened with `{{{{` and not closed with `}}}}`")]
    Unclosed,
    /// A template statement.
    #[error("`{{%` and `{{#` are not allowed in wording; write a variant of its own with `when`")]
    Statement,
    /// A slot that is no path.
    #[error("`{0}` is not a slot; write a path of fields, as in `order.total | money`")]
    Path(String),
    /// An unknown filter.
    #[error("unknown filter `{0}`; known are moment, day, money and tail")]
    Filter(String),
}

impl WordingBook {
    /// The wording to say: the first variant, in the order of the file, that was not said yet in this
    /// conversation, whose condition holds and whose slots all have values. Of variants that follow each other with the same slots
    /// and the same condition, the seed chooses one. Looks at the tier, then at lower tiers, then the same way at the place [`COMMON`].
    /// `None` when everything that fits was said: nothing is repeated.
    pub fn pick(&self, request: &WordingRequest<'_>) -> Option<RenderedWording> {
        self.pick_own(request).or_else(|| self.pick_own(&WordingRequest { place: COMMON, ..*request }))
    }

    /// The same, but never from [`COMMON`]: for a place that gives way to another one before that.
    pub fn pick_own(&self, request: &WordingRequest<'_>) -> Option<RenderedWording> {
        tiers_down(request.tier).find_map(|tier| {
            let variants = self.variants.get(&(request.place.to_owned(), request.goal, tier))?;
            self.pick_of(variants, request)
        })
    }

    fn pick_of(&self, variants: &[Wording], request: &WordingRequest<'_>) -> Option<RenderedWording> {
        let usable: Vec<(&Wording, RenderedWording)> = variants
            .iter()
            .filter(|wording| !request.said.contains(&wording.id) && wording.fits(request))
            .filter_map(|wording| Some((wording, self.render(wording, request)?)))
            .collect();
        let first = usable.first()?.0;
        let peers = usable
            .iter()
            .take_while(|(wording, _)| {
                wording.slots == first.slots && wording.condition() == first.condition()
            })
            .count();
        let chosen = usize::try_from(request.seed % u64::try_from(peers).ok()?).ok()?;
        usable.into_iter().nth(chosen).map(|(_, rendered)| rendered)
    }

    fn render(&self, wording: &Wording, request: &WordingRequest<'_>) -> Option<RenderedWording> {
        let (text, slots) =
            render_template(&wording.template, request.variables, request.now, self.is_english())?;
        Some(RenderedWording { id: wording.id.clone(), text, slots })
    }

    fn is_english(&self) -> bool {
        self.language.starts_with("en")
    }
}

/// Fills the slots of a template: the text, and what stands in each slot, by path. `None` if a slot has no value.
pub fn render_template(
    template: &str,
    variables: &Value,
    now: &Now,
    english: bool,
) -> Option<(String, BTreeMap<String, String>)> {
    let mut text = String::new();
    let mut slots = BTreeMap::new();
    for part in parse_template(template).ok()? {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Slot(slot) => {
                let value = slot.render(variables, now, english)?;
                text.push_str(&value);
                let taken = slots.get(slot.path).is_some_and(|known| *known != value);
                let key = if taken { slot.source } else { slot.path };
                slots.insert(key.to_owned(), value);
            }
        }
    }
    Some((text, slots))
}

impl Wording {
    fn fits(&self, request: &WordingRequest<'_>) -> bool {
        // A condition that mixes types is reported by `check`; here it only keeps its own variant back.
        self.when.as_ref().is_none_or(|when| when.holds(request.variables, request.now).unwrap_or(false))
    }

    fn condition(&self) -> Option<&str> {
        self.when.as_ref().map(super::condition::Condition::source)
    }
}

fn tiers_down(from: Tier) -> impl Iterator<Item = Tier> {
    [Tier::Handoff, Tier::Soothing, Tier::Proactive, Tier::Standard]
        .into_iter()
        .filter(move |tier| *tier <= from)
}

/// A piece of a template.
#[derive(Debug, PartialEq)]
pub(crate) enum Part<'a> {
    /// Said as it is.
    Text(&'a str),
    /// Filled in.
    Slot(Slot<'a>),
}

/// `path | filter | filter`.
#[derive(Debug, PartialEq)]
pub(crate) struct Slot<'a> {
    pub source: &'a str,
    pub path: &'a str,
    pub filters: Vec<Filter>,
}

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Filter {
    Moment,
    Day,
    Money,
    Tail(usize),
}

/// Reads a template.
pub(crate) fn parse_template(template: &str) -> Result<Vec<Part<'_>>, TemplateError> {
    if template.contains("{%") || template.contains("{#") {
        return Err(TemplateError::Statement);
    }
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((text, after)) = rest.split_once("{{") {
        if !text.is_empty() {
            parts.push(Part::Text(text));
        }
        let (slot, after) = after.split_once("}}").ok_or(TemplateError::Unclosed)?;
        parts.push(Part::Slot(parse_slot(slot.trim())?));
        rest = after;
    }
    if !rest.is_empty() {
        parts.push(Part::Text(rest));
    }
    Ok(parts)
}

fn parse_slot(source: &str) -> Result<Slot<'_>, TemplateError> {
    let mut pieces = source.split('|').map(str::trim);
    let path = pieces.next().unwrap_or_default();
    let is_name = |name: &str| {
        name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    };
    if !path.split('.').all(is_name) {
        return Err(TemplateError::Path(source.to_owned()));
    }
    let filters = pieces.map(parse_filter).collect::<Result<_, _>>()?;
    Ok(Slot { source, path, filters })
}

fn parse_filter(source: &str) -> Result<Filter, TemplateError> {
    match source {
        "moment" => Ok(Filter::Moment),
        "day" => Ok(Filter::Day),
        "money" => Ok(Filter::Money),
        "tail" => Ok(Filter::Tail(4)),
        _ => source
            .strip_prefix("tail(")
            .and_then(|rest| rest.strip_suffix(')'))
            .and_then(|length| length.trim().parse().ok())
            .map(Filter::Tail)
            .ok_or_else(|| TemplateError::Filter(source.to_owned())),
    }
}

impl Slot<'_> {
    /// `None` if there is no value, or one that its filter cannot read.
    fn render(&self, variables: &Value, now: &Now, english: bool) -> Option<String> {
        let found = self.path.split('.').try_fold(variables, |value, key| value.get(key))?;
        let mut text = match found {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        for filter in &self.filters {
            text = match filter {
                Filter::Moment => moment(&text, now, english)?,
                Filter::Day => day(&now.at(now.parse(&text)?), now, english),
                Filter::Money => format!("{:.2}", text.parse::<f64>().ok()?),
                Filter::Tail(length) => {
                    let all: Vec<char> = text.chars().collect();
                    all[all.len().saturating_sub(*length)..].iter().collect()
                }
            };
        }
        Some(text).filter(|text| !text.is_empty())
    }
}

/// A time for people. A bare date stays a date.
fn moment(text: &str, now: &Now, english: bool) -> Option<String> {
    let moment = now.at(now.parse(text)?);
    let today = now.zoned().date();
    let is_date = text.len() == "2026-11-18".len();
    let named = if moment.date() == today {
        Some(if english { "today" } else { "今天" })
    } else if Some(moment.date()) == today.checked_add(1.day()).ok() {
        Some(if english { "tomorrow" } else { "明天" })
    } else {
        None
    };
    let date = named.map_or_else(|| day(&moment, now, english), str::to_owned);
    if is_date {
        return Some(date);
    }
    let separator = if english { " " } else { "" };
    Some(format!("{date}{separator}{}", clock(&moment)))
}

/// In English the date is written as in the records, which is read the same everywhere.
fn day(moment: &Zoned, now: &Now, english: bool) -> String {
    let format = match (english, moment.year() == now.zoned().year()) {
        (false, true) => "%-m月%-d日",
        (false, false) => "%Y年%-m月%-d日",
        (true, _) => "%Y-%m-%d",
    };
    moment.strftime(format).to_string()
}

#[cfg(test)]
mod tests;
