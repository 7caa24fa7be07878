//! How many planted faults does the guard catch, and how many good sentences does it refuse?

use std::collections::BTreeMap;

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pack::types::Pack;
use crate::record::RecordKind;
use crate::time::{Now, parse_shop_time};
use crate::turn::guard::{GoalOrder, Grounds, GuardContext, vet};
use crate::turn::types::{By, Draft, Emotion, Fact, Facts, Goal, GuardReason, Stage, Tier};

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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
}

/// Vets every sentence of every row alone, as if the model had written it.
pub fn run(rows: &[Row], pack: &Pack, zone: &TimeZone) -> (Report, Vec<Each>) {
    let mut report = Report::default();
    let mut each = Vec::new();
    for row in rows {
        let facts = facts_of(row);
        let now = now_of(row, zone);
        let grounds = Grounds::new(pack, &row.question, &facts, &now);
        for text in &row.good {
            let one = vet_one(row, text, None, &grounds);
            report.good += 1;
            report.false_blocks += usize::from(!one.passed);
            each.push(one);
        }
        for planted in &row.bad {
            let one = vet_one(row, &planted.text, Some(&planted.why), &grounds);
            report.count(&planted.why, &one);
            each.push(one);
        }
    }
    (report, each)
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
            let name = serde_json::to_value(reason).ok().and_then(|name| name.as_str().map(str::to_owned));
            *self.refused_for.entry(name.unwrap_or_default()).or_default() += 1;
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

fn vet_one(row: &Row, text: &str, planted: Option<&str>, grounds: &Grounds<'_>) -> Each {
    let draft = Draft {
        text: text.to_owned(),
        goal: Goal::Answer,
        by: By::Model,
        evidence: Vec::new(),
        wording: None,
        slots: BTreeMap::new(),
    };
    let context = GuardContext {
        grounds,
        emotion: &Emotion::default(),
        stage: Stage::Service,
        tier: Tier::Standard,
        backed: &[],
        done: &[],
        order: GoalOrder::default(),
    };
    let refusal = vet(&draft, &context).err();
    Each {
        id: row.id.clone(),
        text: text.to_owned(),
        planted: planted.map(str::to_owned),
        passed: refusal.is_none(),
        reason: refusal.as_ref().map(|refusal| refusal.reason),
        detail: refusal.map(|refusal| refusal.detail),
    }
}

#[cfg(test)]
#[path = "guard_tests.rs"]
mod tests;
