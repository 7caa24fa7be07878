//! What the index costs, as an object and as a table, with its limits.

use comfy_table::TableStyle;
use serde::{Deserialize, Serialize};

use crate::bench::distribution::Distribution;
use crate::bench::machine::Machine;
use crate::bench::show::{distributions, new_table, number, verdict_table};
use crate::bench::verdict::{Criterion, Verdict};

/// A shop of this size must be searched within the limits.
const JUDGED_UP_TO: usize = 100_000;

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IndexReport {
    /// The program's version.
    pub version: String,
    /// The machine.
    pub machine: Machine,
    /// How many records the shop has.
    pub records: usize,
    /// Whether they have vectors.
    pub vectors: bool,
    /// Writing them into the store, as an import does.
    pub imported: Part,
    /// Building the index from the store.
    pub built: Part,
    /// Seconds to open the index.
    pub opened_s: f64,
    /// A search by words, in milliseconds.
    pub words_ms: Distribution,
    /// A search by words and vectors, without computing the question's; null without vectors.
    pub fused_ms: Option<Distribution>,
    /// From the sending of a record to the search that finds it; null if it was not measured.
    pub visible_ms: Option<Distribution>,
    /// The most memory the process used, in megabytes, if the system tells it. The generated shop is part of it.
    pub peak_memory_mb: Option<u64>,
    /// Whether it is good enough.
    pub verdict: Verdict,
}

/// One step of making a shop searchable.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// How long it took.
    pub seconds: f64,
    /// Records a second.
    pub per_s: f64,
    /// What it takes on disk, in megabytes.
    pub disk_mb: f64,
}

impl IndexReport {
    /// The report with how soon a change is seen.
    #[must_use]
    pub fn with_visible(mut self, visible: Distribution) -> Self {
        self.visible_ms = Some(visible);
        self.judged()
    }

    /// The report with its verdict. Larger shops than the limits are made for are measured, not judged, in searching.
    #[must_use]
    pub(super) fn judged(mut self) -> Self {
        let mut criteria = Vec::new();
        if !self.vectors {
            criteria.push(Criterion::at_least("records_indexed_per_s", Some(self.built.per_s), 10_000.0));
        }
        if self.records <= JUDGED_UP_TO {
            criteria.push(Criterion::at_most("search_by_words_p99_ms", self.words_ms.p99, 5.0));
            if let Some(fused) = &self.fused_ms {
                criteria.push(Criterion::at_most("search_with_vectors_p99_ms", fused.p99, 40.0));
            }
        }
        if let Some(visible) = &self.visible_ms {
            criteria.push(Criterion::at_most("visible_max_ms", visible.max, 200.0));
        }
        self.verdict = Verdict { passed: criteria.iter().all(|criterion| criterion.passed), criteria };
        self
    }

    /// For people.
    pub(in crate::bench) fn render(&self, preset: TableStyle) -> String {
        let kind = if self.vectors { "with synthetic vectors" } else { "without vectors" };
        let heading = format!(
            "warmdesk bench {}, index of {} generated records {kind}\n{}",
            self.version,
            self.records,
            self.machine.line()
        );
        let mut steps = new_table(preset, &["step", "seconds", "records/s", "disk MB"]);
        for (name, part) in [("import", &self.imported), ("build", &self.built)] {
            let values = [part.seconds, part.per_s, part.disk_mb].map(|value| number(Some(value)));
            steps.add_row([vec![name.to_owned()], values.to_vec()].concat());
        }
        let memory = |value: Option<u64>| value.map_or_else(|| "?".to_owned(), |value| format!("{value} MB"));
        let open = format!(
            "opened in {} s, takes as much memory as disk; the process took {} at most",
            number(Some(self.opened_s)),
            memory(self.peak_memory_mb)
        );
        let mut rows = vec![("search by words".to_owned(), &self.words_ms)];
        rows.extend(self.fused_ms.as_ref().map(|fused| ("search with vectors".to_owned(), fused)));
        rows.extend(self.visible_ms.as_ref().map(|visible| ("change visible".to_owned(), visible)));
        let times = distributions(&rows, preset);
        [heading, steps.to_string(), open, times, verdict_table(&self.verdict, preset)].join("\n\n")
    }
}
