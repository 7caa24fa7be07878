//! How is money kept while it is computed with? In whole cents: 0.1 + 0.2 is 0.30, and nothing is lost in between.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, Sub};

use serde_json::Value;

/// No amount is above this many yuan; the records allow no more.
const MOST_YUAN: f64 = 1e9;

/// An amount of money in whole cents (分). It may be negative, as a difference is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount in cents.
    pub const fn cents(cents: i64) -> Self {
        Self(cents)
    }

    /// An amount as records write it, in yuan, rounded to the nearest cent. `None` if it is no possible amount.
    #[expect(clippy::cast_possible_truncation, reason = "the amount is bounded well below 2^53 cents")]
    pub fn from_yuan(yuan: f64) -> Option<Self> {
        (yuan.abs() <= MOST_YUAN).then(|| Self((yuan * 100.0).round() as i64))
    }

    /// The amount in a field of a record.
    pub fn of(record: &Value, field: &str) -> Option<Self> {
        Self::from_yuan(record.get(field)?.as_f64()?)
    }

    /// The amount in cents.
    pub const fn as_cents(self) -> i64 {
        self.0
    }

    /// The amount in yuan: the double that is nearest to the decimal, so that equal amounts are equal doubles.
    #[expect(clippy::cast_precision_loss, reason = "amounts are below 2^53 cents")]
    pub fn yuan(self) -> f64 {
        self.0 as f64 / 100.0
    }

    /// `part` of `whole` of it, half a cent rounded up. Nothing where there is no whole.
    pub fn share(self, part: i64, whole: i64) -> Self {
        if whole <= 0 {
            return Self::ZERO;
        }
        let (product, whole) = (i128::from(self.0) * i128::from(part), i128::from(whole));
        let rounded = (2 * product + whole).div_euclid(2 * whole);
        Self(i64::try_from(rounded).unwrap_or(i64::MAX))
    }

    /// Not less than nothing.
    #[must_use]
    pub fn or_nothing(self) -> Self {
        self.max(Self::ZERO)
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Money {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// As it is written for people: `248.00`.
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let cents = self.0.unsigned_abs();
        write!(formatter, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}
