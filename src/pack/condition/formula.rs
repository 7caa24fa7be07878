//! What does an expression of a policy come to: a truth, an amount, a time?
//!
//! A [`Formula`] is a condition with more knowledge: its names and types are checked against the record schemas when it
//! is read, it may ask for the sums of [`crate::calculation`], and it tells what is unknown apart from what is false,
//! so that what is missing can be asked for.

use jiff::Timestamp;
use serde_json::Value;

use super::compile::{self, Compiled};
use super::types::{Schema, Type};
use super::{ConditionError, context, is_unknown, sums};
use crate::calculation::Money;
use crate::desk::hours::BusinessHours;
use crate::time::Now;

/// A case that policies are judged for.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What expressions read: `order`, `item`, `product`, `prices`, …, as far as they are known.
    pub variables: &'a Value,
    /// The moment.
    pub now: &'a Now,
    /// When people work.
    pub hours: &'a BusinessHours,
}

/// What is known, or that it is not.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer<T> {
    /// It is known.
    Known(T),
    /// The records do not say enough.
    Unknown,
}

impl<T> Answer<T> {
    /// What is known.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown => None,
        }
    }
}

/// A checked expression of a policy.
#[derive(Debug)]
pub struct Formula {
    source: String,
    gives: Type,
    compiled: Compiled,
}

impl Formula {
    /// Reads an expression that must give a type.
    ///
    /// # Errors
    /// If it is no expression, uses a name or function that nothing provides, or its types do not go together.
    pub fn parse(source: &str, schema: &Schema, gives: &Type) -> Result<Self, ConditionError> {
        let refused = |message: String| ConditionError::Syntax { condition: source.to_owned(), message };
        let (compiled, found) = compile::compile(source, Some(schema)).map_err(refused)?;
        let written = found == Type::WrittenTime && *gives == Type::Moment;
        if !found.fits(gives) && !written {
            return Err(refused(format!("it gives {found}, but {gives} is needed")));
        }
        Ok(Self { source: source.to_owned(), gives: gives.clone(), compiled })
    }

    /// Its source.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The fields below a name that it reads and that nobody knows: of `said`, `opened`.
    pub fn unknown_fields<'a>(
        &'a self,
        name: &'a str,
        variables: &'a Value,
    ) -> impl Iterator<Item = &'a str> {
        self.compiled
            .references
            .iter()
            .filter(move |reference| {
                !reference.test && reference.path[0] == name && reference.find(variables).is_none()
            })
            .filter_map(|reference| reference.path.get(1))
            .map(String::as_str)
    }

    /// Whether it speaks of one item of the order.
    pub fn is_about_item(&self) -> bool {
        let reads = self.compiled.references.iter().any(|reference| reference.path[0] == "item");
        reads || sums::SUMS.iter().any(|sum| sum.of_item && self.compiled.sums.contains(&sum.name))
    }

    /// Whether it holds.
    ///
    /// # Errors
    /// If it cannot be decided: what stands in a record is not of the type it should have.
    pub fn holds(&self, case: Case<'_>) -> Result<Answer<bool>, ConditionError> {
        self.evaluate(case, |value| match value {
            cel::Value::Bool(held) => Some(held),
            _ => None,
        })
    }

    /// The amount it gives.
    ///
    /// # Errors
    /// As [`Formula::holds`].
    pub fn money(&self, case: Case<'_>) -> Result<Answer<Money>, ConditionError> {
        self.evaluate(case, |value| Money::from_yuan(as_number(&value)?))
    }

    /// The number it gives.
    ///
    /// # Errors
    /// As [`Formula::holds`].
    pub fn number(&self, case: Case<'_>) -> Result<Answer<f64>, ConditionError> {
        self.evaluate(case, |value| as_number(&value))
    }

    /// The moment it gives.
    ///
    /// # Errors
    /// As [`Formula::holds`].
    pub fn moment(&self, case: Case<'_>) -> Result<Answer<Timestamp>, ConditionError> {
        self.evaluate(case, |value| match value {
            cel::Value::String(written) => case.now.parse(&written),
            #[expect(clippy::cast_possible_truncation, reason = "seconds of a few thousand years")]
            value => Timestamp::from_second(as_number(&value)? as i64).ok(),
        })
    }

    /// The text it gives.
    ///
    /// # Errors
    /// As [`Formula::holds`].
    pub fn text(&self, case: Case<'_>) -> Result<Answer<String>, ConditionError> {
        self.evaluate(case, |value| match value {
            cel::Value::String(text) => Some(text.as_str().to_owned()),
            _ => None,
        })
    }

    fn evaluate<T>(
        &self,
        case: Case<'_>,
        read: impl FnOnce(cel::Value) -> Option<T>,
    ) -> Result<Answer<T>, ConditionError> {
        let undecidable =
            |message: String| ConditionError::Undecidable { condition: self.source.clone(), message };
        let resolved = context(&self.compiled, case.variables, case.now).and_then(|mut context| {
            let failed = |error: cel::DeclarationError| cel::ExecutionError::function_error("sums", error);
            sums::add(&mut context, &self.compiled.sums, case).map_err(failed)?;
            if self.compiled.rounds {
                sums::add_rounding(&mut context).map_err(failed)?;
            }
            context.resolve(&self.compiled.expression)
        });
        match resolved {
            Ok(value) => {
                let shown = format!("{value:?}");
                let wrong = || undecidable(format!("it gives {shown}, not {}", self.gives));
                read(value).map(Answer::Known).ok_or_else(wrong)
            }
            Err(error) if is_unknown(&error) => Ok(Answer::Unknown),
            Err(error) => Err(undecidable(error.to_string())),
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "numbers of records are small")]
fn as_number(value: &cel::Value) -> Option<f64> {
    match value {
        cel::Value::Int(whole) => Some(*whole as f64),
        cel::Value::UInt(whole) => Some(*whole as f64),
        cel::Value::Float(number) => Some(*number),
        _ => None,
    }
}
