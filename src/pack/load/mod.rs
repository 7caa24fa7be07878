//! Is this pack fit to be in force? Reads its files, and either gives a complete pack or every reason why not.
//!
//! A pack is a folder: `pack.yaml` (names, headings), `scenarios/*.yaml`, `examples/*.yaml`, `wording/*.yaml`, `handoff.yaml`,
//! `redlines.yaml`, `promises.yaml`, `actions.yaml`, `flows.yaml`, `proactive.yaml`, `emotions.yaml`, `guard.yaml`, `desk.yaml`,
//! `phrases.yaml` and `templates/*.j2`. Everything that is wrong is collected, with file, line and reason; one error refuses the
//! whole pack, so that it is never half in force.

mod actions;
mod check;
mod desk;
mod examples;
mod files;
mod flows;
mod proactive;
mod problem;
mod raw;
mod reach;
mod rows;
mod rules;
mod scenarios;
mod wording;
mod yaml;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

pub use check::{PLACES, SLOTS};
pub use files::{PackFiles, PackSource};
pub use problem::{PackError, Problem, Severity};
pub use rows::{ExampleRow, Rows, WordingRow, rows};

use super::prompt::HEADING;
use super::types::{Intent, Pack, Scenario, Voice};
use problem::{At, Problems};
use raw::{RawHeadings, RawPack};
use reach::OwnExamples;

/// A pack that may be in force.
#[derive(Debug)]
pub struct Loaded {
    /// The pack.
    pub pack: Pack,
    /// What somebody should look at.
    pub warnings: Vec<Problem>,
}

/// Reads and checks a pack.
///
/// # Errors
/// [`PackError::Refused`] with all problems if there is any error among them.
pub fn load(files: &PackFiles) -> Result<Loaded, PackError> {
    let mut problems = Problems::default();
    let (pack, _) = read(files, &mut problems);
    match pack {
        Some(pack) if !problems.has_errors() => Ok(Loaded { pack, warnings: problems.sorted() }),
        _ => Err(PackError::Refused { root: files.root.clone(), problems: problems.sorted() }),
    }
}

/// Everything that is wrong with a pack, errors and warnings, by file and line: what [`load`] refuses, and whether the
/// examples of each scenario lead to it, which takes longer.
pub fn check(files: &PackFiles) -> Vec<Problem> {
    let mut problems = Problems::default();
    if let (Some(pack), examples) = read(files, &mut problems) {
        reach::check(pack, &examples, &mut problems);
    }
    problems.sorted()
}

/// Reads every file, then looks at the whole. No pack if there is too little for one; then there are errors.
fn read(files: &PackFiles, problems: &mut Problems) -> (Option<Pack>, Vec<OwnExamples>) {
    name_unreadable(files, problems);
    let head = one::<RawPack>(files, "pack.yaml", problems);
    let mut scenarios = scenarios::read(files, problems);
    let language = head.as_ref().map(|head| head.language.clone()).unwrap_or_default();
    let wording = wording::read(files, &language, problems);
    let promises = rules::promises(files, problems);
    let actions = actions::read(files, problems);
    if let Some(read) = &actions {
        actions::resolve(&mut scenarios.scenarios, &read.actions);
        actions::check(read, promises.as_ref(), &wording, problems);
    }
    let flows = flows::read(files, problems);
    let proactive = proactive::read(files, problems);
    let handoff = rules::handoff(files, problems);
    let red_lines = rules::red_lines(files, problems);
    let emotions = rules::emotions(files, problems);
    let guard = rules::guard(files, problems);
    let mut templates = rules::templates(files, problems);
    let (desk, phrases) = desk::read(files, &language, (&red_lines, &guard), problems);
    let whole = check::Whole {
        scenarios: &scenarios,
        wording: &wording,
        promises: promises.as_ref(),
        actions: actions.as_ref(),
        flows: flows.as_ref(),
        proactive: proactive.as_ref(),
        red_lines: &red_lines,
        language: &language,
    };
    check::check(&whole, problems);
    let examples = OwnExamples::of(&scenarios.scenarios);
    let (Some(head), Some(handoff), Some(promises), Some(actions), Some(flows), Some(proactive), Some(desk)) =
        (head, handoff, promises, actions, flows, proactive, desk)
    else {
        return (None, examples);
    };
    let voice = names(head, &mut templates);
    let (scenarios, intents) = by_priority(scenarios);
    let pack = Pack {
        language,
        version: files.version(),
        voice,
        scenarios,
        intents,
        wording: wording.book,
        handoff,
        red_lines,
        emotions,
        promises,
        actions: actions.actions,
        flows: flows.flows,
        proactive: proactive.proactive,
        templates,
        guard,
        desk,
        phrases,
    };
    (Some(pack), examples)
}

fn by_priority(read: scenarios::Scenarios) -> (Vec<Scenario>, Vec<Intent>) {
    let mut scenarios: Vec<_> = read.scenarios.into_iter().map(|located| located.scenario).collect();
    scenarios.sort_by_key(|scenario| std::cmp::Reverse(scenario.priority));
    (scenarios, read.intents)
}

fn name_unreadable(files: &PackFiles, problems: &mut Problems) {
    for (path, reason) in &files.refused {
        problems.unreadable(path);
        problems.error(At::file(path), reason);
    }
}

/// Takes the names out of `pack.yaml`, and puts the headings of the prompt beside the templates.
fn names(head: RawPack, templates: &mut BTreeMap<String, String>) -> Voice {
    let RawHeadings { evidence, history, question, customer, shop } = head.prompt;
    for (name, heading) in [
        ("evidence", evidence),
        ("history", history),
        ("question", question),
        ("customer", customer),
        ("shop", shop),
    ] {
        templates.insert(format!("{HEADING}{name}"), heading);
    }
    Voice {
        shop: head.voice.shop,
        assistant: head.voice.assistant,
        reply_characters: head.voice.reply_characters,
    }
}

/// Reads a file the pack must have.
fn one<T: DeserializeOwned>(files: &PackFiles, path: &str, problems: &mut Problems) -> Option<T> {
    match files.texts.get(path) {
        Some(text) => yaml::whole(path, text, problems),
        None if files.refused.contains_key(path) => None,
        None => {
            problems.error(At::file(path), "this file is missing");
            None
        }
    }
}

#[cfg(test)]
mod tests;
