//! What kinds of value may a policy work out, and how is each shown to conditions, to wording and to the guard?

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::calculation::Money;
use crate::pack::condition::{Answer, Case, ConditionError, Formula, Type};
use crate::time::Now;

/// The kind of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// An amount of money.
    Money,
    /// A moment.
    Time,
    /// A share in percent.
    Percent,
    /// A number of things.
    Count,
    /// A word, such as a size.
    Text,
}

impl ValueKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Money, Self::Time, Self::Percent, Self::Count, Self::Text];

    /// Its name in policy records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Time => "time",
            Self::Percent => "percent",
            Self::Count => "count",
            Self::Text => "text",
        }
    }

    /// The kind with a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// What conditions see of it.
    pub(super) fn shown_as(self) -> Type {
        match self {
            Self::Money => Type::Money,
            Self::Time => Type::Moment,
            Self::Percent | Self::Count => Type::Number,
            Self::Text => Type::Text,
        }
    }

    /// The filter that shows it in a text which names none.
    pub(super) fn filter(self) -> Option<&'static str> {
        match self {
            Self::Money => Some("money"),
            Self::Time => Some("moment"),
            Self::Percent | Self::Count | Self::Text => None,
        }
    }

    /// Works it out.
    pub(super) fn work(self, formula: &Formula, case: Case<'_>) -> Result<Option<Worked>, ConditionError> {
        Ok(match self {
            Self::Money => formula.money(case)?.known().map(Worked::Money),
            Self::Time => formula.moment(case)?.known().map(Worked::Time),
            Self::Percent => formula.number(case)?.known().map(Worked::Percent),
            Self::Count => formula.number(case)?.known().map(Worked::Count),
            Self::Text => match formula.text(case)? {
                Answer::Known(text) => Some(Worked::Text(text)),
                Answer::Unknown => None,
            },
        })
    }
}

/// A value that was worked out.
#[derive(Debug, Clone, PartialEq)]
pub enum Worked {
    /// An amount of money.
    Money(Money),
    /// A moment.
    Time(Timestamp),
    /// A share in percent.
    Percent(f64),
    /// A number of things.
    Count(f64),
    /// A word.
    Text(String),
}

impl Worked {
    /// As conditions read it: moments are seconds since 1970.
    pub(super) fn for_conditions(&self) -> Value {
        match self {
            Self::Money(amount) => json!(amount.yuan()),
            Self::Time(moment) => json!(moment.as_second()),
            Self::Percent(number) | Self::Count(number) => plain(*number),
            Self::Text(text) => json!(text),
        }
    }

    /// As slots read it: a moment in shop time, a share with its sign.
    pub fn for_words(&self, now: &Now) -> Value {
        match self {
            Self::Money(amount) => json!(amount.yuan()),
            Self::Time(moment) => json!(now.at(*moment).strftime("%Y-%m-%d %H:%M:%S").to_string()),
            Self::Percent(number) => json!(format!("{}%", plain(*number))),
            Self::Count(number) => plain(*number),
            Self::Text(text) => json!(text),
        }
    }

    /// As evidence: under the name of its kind, so that it is read as what it is whatever the policy calls it.
    pub fn as_evidence(&self, now: &Now) -> Value {
        let kind = match self {
            Self::Money(_) => ValueKind::Money,
            Self::Time(_) => ValueKind::Time,
            Self::Percent(_) => ValueKind::Percent,
            Self::Count(_) => ValueKind::Count,
            Self::Text(_) => ValueKind::Text,
        };
        json!({ kind.as_str(): self.for_words(now) })
    }
}

/// A whole number without a decimal point.
fn plain(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "whole numbers of a sane size only")]
    if number.fract() == 0.0 && number.abs() < 1e15 { json!(number as i64) } else { json!(number) }
}
