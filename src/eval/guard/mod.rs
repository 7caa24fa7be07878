//! How many planted faults does the guard catch, and how many good sentences does it refuse?
//!
//! Sentences come from labelled rows, and from a shop's records, whose own sentences are true by construction. True
//! sentences can be falsified in one place, to see whether the guard notices.

mod mutate;
mod mutations;
mod records;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pack::types::Pack;
use crate::record::RecordKind;
use crate::time::{Now, parse_shop_time};
use crate::turn::guard::{GoalOrder, Grounds, GuardContext, vet};
use crate::turn::types::{By, Draft, Emotion, Fact, Facts, Goal, GuardReason, Stage, Tier};

pub use mutate::{Dice, Ground, Kind, Mutant, mutants};
pub use mutations::{Mutations, Tally};
pub use records::{Told, product_names, told};

/// One labelled question.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What the customer asks.
    pub question: String,
    /// What is known. Any `kind`; values are read from the text.
    pub evidence: Vec<Evidence>,
    /// The moment of the question, if times are relative to it.
    #[serde(default)]
    pub now: Option<String>,
    /// True sentences.
    #[serde(default)]
    pub good: Vec<String>,
    /// Sentences with one planted fault.
    #[serde(default)]
    pub bad: Vec<Planted>,
}

/// One fact of a row.
#[derive(Debug, Clone, Deserialize)]
pub struct Evidence {
    /// Its id.
    pub id: String,
    /// What it is, in any words.
    pub kind: String,
    /// What it says.
    pub text: String,
}

/// A sentence with a planted fault.
#[derive(Debug, Clone, Deserialize)]
pub struct Planted {
    /// The sentence.
    pub text: String,
    /// The fault: `date: 4月7日→4月8日`.
    pub why: String,
}

/// The scores.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Sentences with a planted fault.
    pub bad: usize,
    /// How many of them were refused.
    pub caught: usize,
    /// True sentences.
    pub good: usize,
    /// How many of them were refused.
    pub false_blocks: usize,
    /// By planted fault (the part before the colon): planted and caught.
    pub by_reason: BTreeMap<String, Caught>,
    /// Refusals of planted sentences by the guard's own reason.
    pub refused_for: BTreeMap<String, usize>,
    /// The rows' true sentences with one thing changed, by what was changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutations: Option<Mutations>,
    /// What the records say of themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub records: Option<RecordReport>,
}

/// What became of the sentences of a shop's records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RecordReport {
    /// All of them.
    pub sentences: usize,
    /// How many true sentences were refused as if they were not.
    pub false_blocks: usize,
    /// How many may not be said although they are true: red lines, private data, money from a
    /// description, promises that no policy makes.
    pub not_sayable: usize,
    /// Refusals by the guard's own reason.
    pub refused_for: BTreeMap<String, usize>,
    /// The same sentences with one thing changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mutations: Option<Mutations>,
}

/// How many of one kind were caught.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Caught {
    /// How many there are.
    pub bad: usize,
    /// How many were refused.
    pub caught: usize,
}

/// What became of one sentence.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Each {
    /// The id of its row.
    pub id: String,
    /// The sentence.
    pub text: String,
    /// The planted fault; `null` for a true sentence.
    pub planted: Option<String>,
    /// Whether the guard let it out.
    pub passed: bool,
    /// Why not.
    pub reason: Option<GuardReason>,
    /// The word, value or rule that decided it.
    pub detail: Option<String>,
    /// How long that took, in milliseconds. The first sentence of a row reads the row's evidence for all of them.
    #[serde(skip)]
    pub took_ms: f64,
}

/// How sentences are vetted, and whether true ones are falsified too.
#[derive(Debug)]
pub struct Vetting<'a> {
    /// The rules in force.
    pub pack: &'a Pack,
    /// The time zone of the rows' moments.
    pub zone: &'a TimeZone,
    /// The seed of the changes; `None` changes nothing.
    pub mutate: Option<u64>,
    /// Names of products that a sentence can be made to speak of falsely.
    pub products: &'a BTreeSet<String>,
}

/// Vets every sentence of every row alone, as if the model had written it.
pub fn run(rows: &[Row], by: &Vetting<'_>) -> (Report, Vec<Each>) {
    let mut report = Report { mutations: by.mutate.map(|_| Mutations::default()), ..Report::default() };
    let mut each = Vec::new();
    for row in rows {
        let facts = facts_of(row);
        let now = now_of(row, by.zone);
        let grounds = Grounds::new(by.pack, &row.question, &facts, &now);
        let place = Place { id: &row.id, question: &row.question, facts: &facts, grounds: &grounds };
        for text in &row.good {
            let one = place.vet(text, None);
            report.good += 1;
            report.false_blocks += usize::from(!one.passed);
            if let Some(mutations) = report.mutations.as_mut().filter(|_| one.passed) {
                each.extend(mutations.count(text, &place, by));
            }
            each.push(one);
        }
        for planted in &row.bad {
            let one = place.vet(&planted.text, Some(&planted.why));
            report.count(&planted.why, &one);
            each.push(one);
        }
    }
    (report, each)
}

/// Vets what records say of themselves, each sentence beside other records of the shop, as a turn has them.
pub fn run_records(told: &[Told], by: &Vetting<'_>, now: &Now) -> (RecordReport, Vec<Each>) {
    let mut report =
        RecordReport { mutations: by.mutate.map(|_| Mutations::default()), ..RecordReport::default() };
    let mut each = Vec::new();
    for one in told {
        let grounds = Grounds::new(by.pack, &one.question, &one.facts, now);
        let place = Place { id: &one.id, question: &one.question, facts: &one.facts, grounds: &grounds };
        for text in &one.sentences {
            let vetted = place.vet(text, None);
            report.sentences += 1;
            if let Some(reason) = vetted.reason {
                *report.refused_for.entry(name_of(reason)).or_default() += 1;
                match is_about_saying(reason, &one.facts.found[0]) {
                    true => report.not_sayable += 1,
                    false => report.false_blocks += 1,
                }
            } else if let Some(mutations) = &mut report.mutations {
                each.extend(mutations.count(text, &place, by));
            }
            each.push(vetted);
        }
    }
    (report, each)
}

/// Whether a refusal says nothing about truth: evidence is no permission to say it, and only what the shop marks as policy
/// promises anything.
fn is_about_saying(reason: GuardReason, record: &Fact) -> bool {
    match reason {
        GuardReason::RedLine | GuardReason::PrivateData | GuardReason::MoneySource => true,
        GuardReason::PromiseNotBacked | GuardReason::ActionNotDone => !record.policy,
        _ => false,
    }
}

fn name_of(reason: GuardReason) -> String {
    let name = serde_json::to_value(reason).ok().and_then(|name| name.as_str().map(str::to_owned));
    name.unwrap_or_default()
}

impl Report {
    fn count(&mut self, why: &str, one: &Each) {
        let name = why.split([':', '：']).next().unwrap_or(why).trim().to_owned();
        let kind = self.by_reason.entry(name).or_default();
        kind.bad += 1;
        kind.caught += usize::from(!one.passed);
        self.bad += 1;
        self.caught += usize::from(!one.passed);
        if let Some(reason) = one.reason {
            *self.refused_for.entry(name_of(reason)).or_default() += 1;
        }
    }
}

/// The facts of a row. A kind that is no record kind is read as something the shop states.
fn facts_of(row: &Row) -> Facts {
    let found = row
        .evidence
        .iter()
        .map(|evidence| {
            let kind = match evidence.kind.as_str() {
                "logistics" | "parcel" | "delivery" => RecordKind::Shipment,
                other => RecordKind::parse(other).unwrap_or(RecordKind::Policy),
            };
            Fact {
                id: evidence.id.clone(),
                kind,
                title: String::new(),
                text: evidence.text.clone(),
                fields: Value::Null,
                score: 1.0,
                why: String::new(),
                policy: true,
            }
        })
        .collect();
    Facts { found, relevant: true, ..Facts::default() }
}

/// The moment of a row; without one, no relative day is ever right.
fn now_of(row: &Row, zone: &TimeZone) -> Now {
    let moment = row.now.as_deref().and_then(|text| parse_shop_time(text, zone));
    Now::new(moment.unwrap_or(Timestamp::UNIX_EPOCH), zone.clone())
}

/// Where a sentence is said.
struct Place<'a> {
    /// What the question goes by.
    id: &'a str,
    question: &'a str,
    facts: &'a Facts,
    grounds: &'a Grounds<'a>,
}

impl Place<'_> {
    /// Vets one sentence as if the model had written it.
    fn vet(&self, text: &str, planted: Option<&str>) -> Each {
        let draft = Draft {
            text: text.to_owned(),
            goal: Goal::Answer,
            by: By::Model,
            evidence: Vec::new(),
            wording: None,
            slots: BTreeMap::new(),
        };
        let context = GuardContext {
            grounds: self.grounds,
            emotion: &Emotion::default(),
            stage: Stage::Service,
            tier: Tier::Standard,
            backed: &[],
            done: &[],
            order: GoalOrder::default(),
        };
        let started = Instant::now();
        let refusal = vet(&draft, &context).err();
        let took_ms = 1_000.0 * started.elapsed().as_secs_f64();
        Each {
            id: self.id.to_owned(),
            text: text.to_owned(),
            planted: planted.map(str::to_owned),
            passed: refusal.is_none(),
            reason: refusal.as_ref().map(|refusal| refusal.reason),
            detail: refusal.map(|refusal| refusal.detail),
            took_ms,
        }
    }
}

#[cfg(test)]
mod tests;
