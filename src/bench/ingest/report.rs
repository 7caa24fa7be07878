//! What came of reporting events, as an object and as tables, with its limits.

use std::collections::BTreeMap;

use comfy_table::{TableStyle, presets};
use serde::{Deserialize, Serialize};

use super::EventsPlan;
use crate::bench::OutputFormat;
use crate::bench::distribution::Distribution;
use crate::bench::machine::Machine;
use crate::bench::report::ServerReport;
use crate::bench::show::{distributions, new_table, number, verdict_table};
use crate::bench::verdict::{Criterion, Verdict};

/// A server takes so many events a second, where so many are reported.
const EVENTS_PER_SECOND: f64 = 5_000.0;

/// Of what is reported so large a share has to be acknowledged a second: the rest is what is still on its way at the end.
const KEEPS_UP: f64 = 0.99;

/// A pop-up on an idle server comes within so many milliseconds.
const POPUP_MS: f64 = 200.0;

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventsReport {
    /// The version of the program that measured.
    pub version: String,
    /// The machine that measured.
    pub machine: Machine,
    /// The server that was measured.
    pub server: ServerReport,
    /// What was reported.
    pub load: EventsLoad,
    /// Requests, however they ended.
    pub requests: usize,
    /// Events in them.
    pub events: usize,
    /// Events that the server has acknowledged.
    pub acknowledged: usize,
    /// The same, by second from the first that was due to the last answer.
    pub acknowledged_per_s: f64,
    /// Seconds from the first that was due to the last answer.
    pub elapsed_s: f64,
    /// Requests that were refused or not answered.
    pub errors: usize,
    /// The same by code.
    pub errors_by_code: BTreeMap<String, usize>,
    /// One message of each code.
    pub error_examples: BTreeMap<String, String>,
    /// From when a list was due to its acknowledgement.
    pub list_ms: Distribution,
    /// The same of a single event.
    pub single_ms: Distribution,
    /// From when a request was due until it was sent.
    pub sent_late_ms: Distribution,
    /// Whether what was acknowledged is there.
    pub kept: Kept,
    /// How far behind the lanes were that look at events for what they begin; null if the server does not say.
    pub looked_at: Option<LookedAt>,
    /// From a fourth look to its pop-up, on an idle server.
    pub popups_idle: PopUps,
    /// The same while events are reported.
    pub popups_meanwhile: PopUps,
    /// Peak of the process in megabytes, if the server is embedded.
    pub memory_mb: Option<u64>,
    /// Whether it is good enough.
    pub verdict: Verdict,
}

/// What was reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EventsLoad {
    /// Events a second.
    pub per_second: f64,
    /// For so many seconds.
    pub duration_s: f64,
    /// Events in a list.
    pub list: usize,
    /// The share that comes one by one.
    pub single_share: f64,
    /// Systems that report at the same time.
    pub posters: usize,
    /// Customers they are about.
    pub customers: usize,
    /// The seed.
    pub seed: u64,
}

/// What is there of the events that were acknowledged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Events that are there.
    pub found: usize,
    /// Events that are not.
    pub missing: usize,
}

/// How far the lanes were when the last event had been acknowledged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LookedAt {
    /// Events that still waited to be looked at.
    pub waiting_at_end: u64,
    /// The share that had been looked at.
    pub share_at_end: f64,
    /// Seconds until none waited any more; null if some still did after two minutes.
    pub caught_up_s: Option<f64>,
}

/// Pop-ups that were brought about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PopUps {
    /// From the fourth look to the pop-up, in milliseconds.
    pub ms: Distribution,
    /// Pop-ups that did not come.
    pub missing: usize,
    /// The same by what went wrong.
    pub missing_by_code: BTreeMap<String, usize>,
}

impl EventsLoad {
    pub(super) fn of(plan: &EventsPlan) -> Self {
        Self {
            per_second: plan.per_second,
            duration_s: plan.duration.as_secs_f64(),
            list: plan.list,
            single_share: plan.single_share,
            posters: plan.posters,
            customers: plan.customers,
            seed: plan.seed,
        }
    }
}

impl EventsReport {
    /// The report with its verdict.
    #[must_use]
    pub(super) fn judged(mut self) -> Self {
        let count = |count: usize| Some(count as f64);
        let rate = (self.load.per_second * KEEPS_UP).min(EVENTS_PER_SECOND);
        let mut criteria = vec![
            Criterion::at_least("acknowledged_per_s", Some(self.acknowledged_per_s), rate),
            Criterion::at_most("errors", count(self.errors), 0.0),
            Criterion::at_most("acknowledged_and_missing", count(self.kept.missing), 0.0),
        ];
        let popups = [&self.popups_idle, &self.popups_meanwhile];
        if popups.iter().any(|popups| popups.ms.count > 0 || popups.missing > 0) {
            let missing: usize = popups.iter().map(|popups| popups.missing).sum();
            criteria.push(Criterion::at_most("popup_idle_p99_ms", self.popups_idle.ms.p99, POPUP_MS));
            criteria.push(Criterion::at_most("popups_missing", count(missing), 0.0));
        }
        self.verdict = Verdict { passed: criteria.iter().all(|criterion| criterion.passed), criteria };
        self
    }

    /// The report as it is printed.
    pub fn show(&self, format: OutputFormat) -> String {
        match format {
            OutputFormat::Table => self.render(presets::UTF8_FULL_CONDENSED),
            OutputFormat::Markdown => self.render(presets::ASCII_MARKDOWN),
            OutputFormat::Json => serde_json::to_string_pretty(self).expect("a report has text keys only"),
        }
    }

    fn render(&self, preset: TableStyle) -> String {
        let mut rows = vec![
            ("acknowledgement of a list".to_owned(), &self.list_ms),
            ("acknowledgement of one".to_owned(), &self.single_ms),
            ("sent late".to_owned(), &self.sent_late_ms),
        ];
        rows.push(("pop-up, idle".to_owned(), &self.popups_idle.ms));
        rows.push(("pop-up, meanwhile".to_owned(), &self.popups_meanwhile.ms));
        let times = distributions(&rows, preset);
        let mut parts = vec![self.heading(), self.counts(preset), times];
        parts.extend(self.problems());
        parts.push(verdict_table(&self.verdict, preset));
        parts.join("\n\n")
    }

    fn heading(&self) -> String {
        let load = &self.load;
        let place = if self.server.embedded { "embedded" } else { self.server.url.as_str() };
        format!(
            "warmdesk bench {}, {} events a second for {} s, lists of {}, {} of them single, {} posters, {} customers\n\
             server {place}\n{}",
            self.version,
            number(Some(load.per_second)),
            load.duration_s,
            load.list,
            load.single_share,
            load.posters,
            load.customers,
            self.machine.line()
        )
    }

    fn counts(&self, preset: TableStyle) -> String {
        let count = |count: usize| count.to_string();
        let mut table = new_table(preset, &["events", ""]);
        table.add_row(["reported".to_owned(), count(self.events)]);
        table.add_row(["acknowledged".to_owned(), count(self.acknowledged)]);
        table.add_row(["acknowledged a second".to_owned(), number(Some(self.acknowledged_per_s))]);
        table.add_row(["acknowledged and there".to_owned(), count(self.kept.found)]);
        table.add_row(["acknowledged and missing".to_owned(), count(self.kept.missing)]);
        if let Some(looked_at) = &self.looked_at {
            table.add_row(["not looked at yet at the end".to_owned(), looked_at.waiting_at_end.to_string()]);
            table.add_row(["seconds until all were".to_owned(), number(looked_at.caught_up_s)]);
        }
        table.to_string()
    }

    fn problems(&self) -> Option<String> {
        let popups = [&self.popups_idle.missing_by_code, &self.popups_meanwhile.missing_by_code];
        let missing = popups.into_iter().flatten();
        let missing = missing.map(|(code, times)| format!("{times} pop-ups did not come: {code}"));
        let refused = self.errors_by_code.iter().map(|(code, times)| {
            let example = self.error_examples.get(code).map(String::as_str).unwrap_or_default();
            format!("{times} requests, {code}: {example}")
        });
        let lines: Vec<String> = refused.chain(missing).collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}
