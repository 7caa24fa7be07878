//! Which wording and examples do a pack's files hold, row by row, as they are written there?

use std::collections::BTreeMap;

use super::files::PackFiles;
use super::problem::Problems;
use super::raw::{RawScenario, RawTiers};
use super::yaml;

/// One approved wording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WordingRow {
    /// The file it stands in.
    pub file: String,
    /// Its place, goal and tier, as they are written.
    pub list: (String, String, String),
    /// Its number within the list, from 1.
    pub number: usize,
    /// The text with its slots.
    pub text: String,
    /// Its condition.
    pub when: Option<String>,
    line: u64,
}

/// One example of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleRow {
    /// The file it stands in.
    pub file: String,
    /// The scenario.
    pub scenario: String,
    /// Its number, from 1.
    pub number: usize,
    /// What customers say.
    pub text: String,
}

/// Everything that people change in sheets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Wording, in the order of the files.
    pub wording: Vec<WordingRow>,
    /// Examples, in the order of the files.
    pub examples: Vec<ExampleRow>,
}

/// Reads the rows. What cannot be read is left out; `check` says what that is.
pub fn rows(files: &PackFiles) -> Rows {
    let mut unheard = Problems::default();
    let mut rows = Rows::default();
    for (path, text) in files.in_folder("wording") {
        let first = rows.wording.len();
        for (place, goals) in yaml::entries::<BTreeMap<String, RawTiers>>(path, text, &mut unheard) {
            for (goal, tiers) in goals {
                for (tier, variants) in tiers.0 {
                    rows.wording.extend(variants.into_iter().enumerate().map(|(index, raw)| WordingRow {
                        file: path.to_owned(),
                        list: (place.clone(), goal.clone(), tier.clone()),
                        number: index + 1,
                        line: raw.referenced.line(),
                        text: raw.value.text.trim().to_owned(),
                        when: raw.value.when,
                    }));
                }
            }
        }
        rows.wording[first..].sort_by_key(|row| row.line);
    }
    for (path, text) in files.in_folder("scenarios") {
        for scenario in yaml::items::<RawScenario>(path, text, &mut unheard) {
            let id = scenario.id.value;
            rows.examples.extend(scenario.examples.into_iter().enumerate().map(|(index, example)| {
                ExampleRow {
                    file: path.to_owned(),
                    scenario: id.clone(),
                    number: index + 1,
                    text: example.value,
                }
            }));
        }
    }
    rows
}
