//! Is this pack fit to be in force? Reads its files, and either gives a complete pack or every reason why not.
//!
//! A pack is a folder: `pack.yaml` (names, headings), `scenarios/*.yaml`, `examples/*.yaml`, `wording/*.yaml`, `handoff.yaml`,
//! `redlines.yaml`, `promises.yaml`, `emotions.yaml`, `guard.yaml` and `templates/*.j2`. Everything that is wrong is collected,
//! with file, line and reason; one error refuses the whole pack, so that it is never half in force.

mod check;
mod examples;
mod files;
mod handle;
mod problem;
mod raw;
mod rules;
mod scenarios;
mod wording;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

pub use check::{PLACES, SLOTS};
pub use files::{PackFiles, PackSource};
pub use handle::{PackHandle, Reloaded};
pub use problem::{PackError, Problem, Severity};

use super::prompt::HEADING;
use super::types::{Pack, Voice};
use problem::{At, Problems};
use raw::{RawHeadings, RawPack};

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
    let pack = read(files, &mut problems);
    problems.0.sort();
    match pack {
        Some(pack) if !problems.has_errors() => Ok(Loaded { pack, warnings: problems.0 }),
        _ => Err(PackError::Refused { root: files.root.clone(), problems: problems.0 }),
    }
}

/// Everything that is wrong with a pack, errors and warnings, by file and line.
pub fn check(files: &PackFiles) -> Vec<Problem> {
    let mut problems = Problems::default();
    read(files, &mut problems);
    problems.0.sort();
    problems.0
}

/// Reads every file, then looks at the whole. `None` if there is too little for a pack; then there are errors.
fn read(files: &PackFiles, problems: &mut Problems) -> Option<Pack> {
    let head = one::<RawPack>(files, "pack.yaml", problems);
    let scenarios = scenarios::read(files, problems);
    let language = head.as_ref().map(|head| head.language.clone()).unwrap_or_default();
    let wording = wording::read(files, &language, problems);
    let promises = rules::promises(files, problems);
    let handoff = rules::handoff(files, problems);
    let red_lines = rules::red_lines(files, problems);
    let emotions = rules::emotions(files, problems);
    let guard = rules::guard(files, problems);
    let mut templates = rules::templates(files, problems);
    check::check(
        &check::Whole {
            scenarios: &scenarios,
            wording: &wording,
            promises: promises.as_ref(),
            red_lines: &red_lines,
            language: &language,
        },
        problems,
    );
    let head = head?;
    let voice = names(head, &mut templates);
    let intents = scenarios.intents;
    let mut scenarios: Vec<_> = scenarios.scenarios.into_iter().map(|located| located.scenario).collect();
    scenarios.sort_by_key(|scenario| std::cmp::Reverse(scenario.priority));
    Some(Pack {
        language,
        version: files.version(),
        voice,
        scenarios,
        intents,
        wording: wording.book,
        handoff: handoff?,
        red_lines,
        emotions,
        promises: promises?,
        templates,
        guard,
    })
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
        Some(text) => parse(path, text, problems),
        None => {
            problems.error(At::file(path), "this file is missing");
            None
        }
    }
}

fn parse<T: DeserializeOwned>(path: &str, text: &str, problems: &mut Problems) -> Option<T> {
    match serde_saphyr::from_str(text) {
        Ok(value) => Some(value),
        Err(error) => {
            let line = error.location().map_or(0, |location| location.line());
            let message = error.without_snippet().to_string();
            let message = message.lines().next().unwrap_or_default().trim();
            let message = message.rsplit_once(" at line ").map_or(message, |(reason, _)| reason);
            problems.error(At { file: path, line }, message);
            None
        }
    }
}

#[cfg(test)]
mod tests;
