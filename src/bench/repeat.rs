//! The same measurement several times: medians, and how far the runs lie apart.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::distribution::{Distribution, rounded};
use super::report::Report;
use super::{BenchError, BenchPlan, Progress, run};

/// Several runs of one plan. The names that it shares with [`Report`] mean the same: counts are sums over the runs,
/// times are medians of the runs' values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatReport {
    /// How many runs.
    pub runs: usize,
    /// Turns of all runs.
    pub requests: usize,
    /// Answered turns of all runs.
    pub answered: usize,
    /// Errors of all runs.
    pub errors: usize,
    /// Empty replies of all runs.
    pub empty_replies: usize,
    /// Medians over the runs; `max` is the largest of all, `count` the sum.
    pub first_sentence_ms: Distribution,
    /// As above.
    pub first_approved_sentence_ms: Distribution,
    /// As above.
    pub total_ms: Distribution,
    /// As above.
    pub path_ms: Distribution,
    /// As above.
    pub queue_ms: Distribution,
    /// The median.
    pub throughput_per_s: f64,
    /// How far the runs lie apart, by value: `first_sentence_ms.p50`, `throughput_per_s`, …
    pub spread: BTreeMap<String, Spread>,
    /// Whether every run was good enough, for a sale day.
    pub passed: Option<bool>,
    /// The runs.
    pub each: Vec<Report>,
}

/// How far the values of several runs lie apart.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The smallest.
    pub min: f64,
    /// The median.
    pub median: f64,
    /// The largest.
    pub max: f64,
}

/// Runs a plan several times, one after the other. `progress` also hears which run it is, from 1.
///
/// # Errors
/// As [`run`], for the first run that cannot be made.
pub async fn run_repeatedly(
    plan: &BenchPlan,
    runs: usize,
    progress: &(dyn Fn(usize, Progress) + Send + Sync),
) -> Result<RepeatReport, BenchError> {
    if runs == 0 {
        return Err(BenchError::Plan("at least one run is needed".to_owned()));
    }
    let mut each = Vec::with_capacity(runs);
    for number in 1..=runs {
        each.push(run(plan, &|step| progress(number, step)).await?);
    }
    Ok(RepeatReport::of(each))
}

impl RepeatReport {
    /// Sums and medians of some runs.
    pub(super) fn of(each: Vec<Report>) -> Self {
        let sum = |value: fn(&Report) -> usize| each.iter().map(value).sum();
        let mut spread = BTreeMap::new();
        let mut over = |name: &str, value: fn(&Report) -> &Distribution| {
            let runs: Vec<&Distribution> = each.iter().map(value).collect();
            medians(name, &runs, &mut spread)
        };
        let first_sentence_ms = over("first_sentence_ms", |report| &report.first_sentence_ms);
        let first_approved_sentence_ms =
            over("first_approved_sentence_ms", |report| &report.first_approved_sentence_ms);
        let total_ms = over("total_ms", |report| &report.total_ms);
        let path_ms = over("path_ms", |report| &report.path_ms);
        let queue_ms = over("queue_ms", |report| &report.queue_ms);
        let throughput = Spread::of(each.iter().map(|report| report.throughput_per_s));
        spread.extend(throughput.map(|spread| ("throughput_per_s".to_owned(), spread)));
        let verdicts: Vec<bool> =
            each.iter().filter_map(|report| report.verdict.as_ref()).map(|verdict| verdict.passed).collect();
        Self {
            runs: each.len(),
            requests: sum(|report| report.requests),
            answered: sum(|report| report.answered),
            errors: sum(|report| report.errors),
            empty_replies: sum(|report| report.empty_replies),
            first_sentence_ms,
            first_approved_sentence_ms,
            total_ms,
            path_ms,
            queue_ms,
            throughput_per_s: throughput.map_or(0.0, |spread| spread.median),
            spread,
            passed: (!verdicts.is_empty()).then(|| verdicts.iter().all(|passed| *passed)),
            each,
        }
    }
}

fn medians(name: &str, runs: &[&Distribution], spread: &mut BTreeMap<String, Spread>) -> Distribution {
    let mut over = |field: &str, value: fn(&Distribution) -> Option<f64>| {
        let found = Spread::of(runs.iter().filter_map(|run| value(run)))?;
        spread.insert(format!("{name}.{field}"), found);
        Some(found)
    };
    let mut median = |field: &str, value| over(field, value).map(|found: Spread| found.median);
    Distribution {
        count: runs.iter().map(|run| run.count).sum(),
        mean: median("mean", |run| run.mean),
        p50: median("p50", |run| run.p50),
        p95: median("p95", |run| run.p95),
        p99: median("p99", |run| run.p99),
        max: over("max", |run| run.max).map(|found| found.max),
    }
}

impl Spread {
    /// The spread of some values; none of no values.
    fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let (min, max) = (*values.first()?, *values.last()?);
        let middle = values.len() / 2;
        let median = if values.len() % 2 == 1 {
            values[middle]
        } else {
            f64::midpoint(values[middle - 1], values[middle])
        };
        Some(Self { min, median: rounded(median), max })
    }
}
