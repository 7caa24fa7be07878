//! Is it good enough for a sale day? Each criterion with its value and its limit.

use serde::{Deserialize, Serialize};

use super::SaleDay;
use super::report::{BackgroundReport, Report};

/// The model counts as saturated if it was at work for at least this share of the time. The rest is what lies
/// between two turns of the clients that keep it busy.
const SATURATED: f64 = 0.8;

/// The server's code for a refused request.
const TOO_MANY_REQUESTS: &str = "too_many_requests";

/// Whether a measurement is good enough, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether every criterion is met.
    pub passed: bool,
    /// The criteria.
    pub criteria: Vec<Criterion>,
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    /// Its name.
    pub name: String,
    /// Whether it is met.
    pub passed: bool,
    /// What was measured; null if nothing was.
    pub value: Option<f64>,
    /// `at_least` or `at_most`.
    pub bound: String,
    /// The limit.
    pub limit: f64,
}

impl Verdict {
    /// Judges a sale day.
    pub(super) fn of_sale_day(report: &Report, background: &BackgroundReport, sale_day: &SaleDay) -> Self {
        let count = |turns: usize| Some(turns as f64);
        let refused = background.errors_by_code.get(TOO_MANY_REQUESTS).copied().unwrap_or(0);
        let criteria = vec![
            Criterion::at_least("turns_answered", count(report.answered), report.requests.max(1) as f64),
            Criterion::at_most("errors", count(report.errors + background.errors), 0.0),
            Criterion::at_most(
                "too_many_requests",
                count(report.errors_with(TOO_MANY_REQUESTS) + refused),
                0.0,
            ),
            Criterion::at_most("empty_replies", count(report.empty_replies + background.empty_replies), 0.0),
            Criterion::at_most(
                "first_approved_sentence_p99_ms",
                report.first_approved_sentence_ms.p99,
                sale_day.first_sentence_limit_ms,
            ),
            Criterion::at_least("model_busy_share", Some(background.model_busy_share), SATURATED),
        ];
        Self { passed: criteria.iter().all(|criterion| criterion.passed), criteria }
    }
}

impl Criterion {
    pub(super) fn at_least(name: &str, value: Option<f64>, limit: f64) -> Self {
        let passed = value.is_some_and(|value| value >= limit);
        Self { name: name.to_owned(), passed, value, bound: "at_least".to_owned(), limit }
    }

    pub(super) fn at_most(name: &str, value: Option<f64>, limit: f64) -> Self {
        let passed = value.is_some_and(|value| value <= limit);
        Self { name: name.to_owned(), passed, value, bound: "at_most".to_owned(), limit }
    }
}
