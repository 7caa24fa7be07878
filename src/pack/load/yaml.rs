//! How is one file of a pack read? Within limits, and with everything that is wrong in it, not only the first thing.
//!
//! A fault in one scenario or in the wording of one place must not hide those of the others: what cannot be read as a
//! whole is read part by part, and only the parts that are broken are left out.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_saphyr::{Budget, Options};

use super::problem::{At, Problems};

/// The most values that anchors may repeat in one file. A pack needs none; an exploding one needs millions.
const REPEATED: usize = 20_000;
/// The most values of one file, and the deepest nesting.
const VALUES: usize = 200_000;
const DEPTH: usize = 32;

/// What is wrong with a text, and where.
struct Fault {
    line: u64,
    message: String,
}

/// Reads a file as one value.
pub(super) fn whole<T: DeserializeOwned>(path: &str, text: &str, problems: &mut Problems) -> Option<T> {
    match read(text) {
        Ok(value) => Some(value),
        Err(fault) => {
            problems.unreadable(path);
            report(path, fault, problems);
            None
        }
    }
}

/// Reads a file that is a list; items that are broken are reported and left out.
pub(super) fn items<T: DeserializeOwned>(path: &str, text: &str, problems: &mut Problems) -> Vec<T> {
    let parts = || parts(text, |line| line == "-" || line.starts_with("- "));
    read_parts::<Vec<T>>(path, text, parts, problems).into_iter().flatten().collect()
}

/// Reads a file that is a map; entries that are broken are reported and left out.
pub(super) fn entries<T: DeserializeOwned>(
    path: &str,
    text: &str,
    problems: &mut Problems,
) -> BTreeMap<String, T> {
    let begins = |line: &str| !line.starts_with([' ', '\t', '#', '-', '}', ']']) && line.contains(':');
    let mut all = BTreeMap::new();
    for part in read_parts::<BTreeMap<String, T>>(path, text, || parts(text, begins), problems) {
        all.extend(part);
    }
    all
}

fn read_parts<T: DeserializeOwned>(
    path: &str,
    text: &str,
    parts: impl FnOnce() -> Vec<String>,
    problems: &mut Problems,
) -> Vec<T> {
    let fault = match read::<Option<T>>(text) {
        Ok(value) => return value.into_iter().collect(),
        Err(fault) => fault,
    };
    let parts = parts();
    let read: Vec<Result<Option<T>, Fault>> = parts.iter().map(|part| self::read(part)).collect();
    // What only goes wrong as a whole (a key that stands there twice, too many values) is no fault of a part.
    if parts.len() < 2 || read.iter().all(Result::is_ok) || read.iter().all(Result::is_err) {
        problems.unreadable(path);
        report(path, fault, problems);
        return Vec::new();
    }
    let mut good = Vec::new();
    for (part, result) in parts.iter().zip(read) {
        match result {
            Ok(value) => good.extend(value),
            Err(fault) => {
                problems.broken.extend(name_of(part));
                report(path, fault, problems);
            }
        }
    }
    good
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let mut budget = Budget::default();
    budget.max_nodes = VALUES;
    budget.max_events = 2 * VALUES;
    budget.max_depth = DEPTH;
    let mut options = Options::default();
    options.budget = Some(budget);
    options.alias_limits.max_total_replayed_events = REPEATED;
    serde_saphyr::from_str_with_options(text, options).map_err(|error| {
        let line = error.location().map_or(0, |location| location.line());
        let message = error.without_snippet().to_string();
        let message = message.lines().next().unwrap_or_default().trim();
        let message = message.rsplit_once(" at line ").map_or(message, |(reason, _)| reason);
        Fault { line, message: message.to_owned() }
    })
}

fn report(path: &str, fault: Fault, problems: &mut Problems) {
    problems.error(At { file: path, line: fault.line }, fault.message);
}

/// The parts of a text, each behind as many empty lines as stand before it, so that its lines keep their numbers.
fn parts(text: &str, begins: impl Fn(&str) -> bool) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for (number, line) in text.lines().enumerate() {
        if begins(line) {
            parts.push("\n".repeat(number));
        }
        if let Some(part) = parts.last_mut() {
            part.push_str(line);
            part.push('\n');
        }
    }
    parts
}

/// What a broken part would have been called: the `id` of a scenario, the place of wording.
fn name_of(part: &str) -> Option<String> {
    let clean =
        |name: &str| name.split(" #").next().unwrap_or(name).trim().trim_matches(['"', '\'']).to_owned();
    let mut lines = part.lines().filter(|line| !line.is_empty());
    let first = lines.next()?;
    if !first.starts_with('-') {
        return first.split_once(':').map(|(name, _)| clean(name));
    }
    std::iter::once(first)
        .chain(lines)
        .find_map(|line| line.trim_start_matches(['-', ' ']).strip_prefix("id:").map(clean))
}
