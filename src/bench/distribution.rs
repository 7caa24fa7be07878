//! How is a measured time spread? Percentiles of milliseconds, to three digits.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Percentiles of a time in milliseconds. Null where nothing was measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Distribution {
    /// How many values there are.
    pub count: u64,
    /// Their mean.
    pub mean: Option<f64>,
    /// Half of them are at most this.
    pub p50: Option<f64>,
    /// 95 of 100 are at most this.
    pub p95: Option<f64>,
    /// 99 of 100 are at most this.
    pub p99: Option<f64>,
    /// The largest.
    pub max: Option<f64>,
}

impl Distribution {
    /// How these milliseconds are spread. What is no time is passed over.
    pub fn of_ms(milliseconds: impl IntoIterator<Item = f64>) -> Self {
        let mut times = Times::new();
        milliseconds.into_iter().for_each(|one| times.add_ms(one));
        times.distribution()
    }
}

/// The longest time that is told apart: an hour, in microseconds.
const LONGEST: u64 = 3_600_000_000;

/// Collects times.
#[derive(Debug, Clone)]
pub(super) struct Times {
    microseconds: Histogram<u64>,
    sum_ms: f64,
    max_ms: f64,
}

impl Times {
    /// Nothing yet.
    pub(super) fn new() -> Self {
        let microseconds =
            Histogram::new_with_bounds(1, LONGEST, 3).expect("the bounds and the three digits are allowed");
        Self { microseconds, sum_ms: 0.0, max_ms: 0.0 }
    }

    /// Adds a duration.
    pub(super) fn add(&mut self, duration: Duration) {
        self.add_ms(duration.as_secs_f64() * 1000.0);
    }

    /// Adds milliseconds. What is no time is passed over.
    pub(super) fn add_ms(&mut self, milliseconds: f64) {
        if !milliseconds.is_finite() || milliseconds < 0.0 {
            return;
        }
        // Saturating by the meaning of `as`; the histogram's own limit is far below.
        self.microseconds.saturating_record((milliseconds * 1000.0).round() as u64);
        self.sum_ms += milliseconds;
        self.max_ms = self.max_ms.max(milliseconds);
    }

    /// What was collected.
    pub(super) fn distribution(&self) -> Distribution {
        let count = self.microseconds.len();
        if count == 0 {
            return Distribution::default();
        }
        // The histogram names the upper edge of a cell, which may lie above the largest value in it.
        let at = |quantile: f64| {
            let milliseconds = self.microseconds.value_at_quantile(quantile) as f64 / 1000.0;
            Some(rounded(milliseconds.min(self.max_ms)))
        };
        Distribution {
            count,
            mean: Some(rounded(self.sum_ms / count as f64)),
            p50: at(0.50),
            p95: at(0.95),
            p99: at(0.99),
            max: Some(rounded(self.max_ms)),
        }
    }
}

/// To three digits after the point, so that reports can be read and compared.
pub(super) fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
