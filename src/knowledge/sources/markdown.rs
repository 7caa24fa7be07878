//! Markdown as knowledge: every heading opens an entry, and its place gives it an id that stays.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::fitting_id;
use crate::record::{FaultCode, LineFault, Record, RecordKind};

/// An entry longer than this is cut between paragraphs.
const LONGEST_ENTRY: usize = 1200;

static LINK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"!?\[([^\]]*)\]\([^)]*\)").expect("the expression is a constant"));
static COMMENT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)<!--.*?-->").expect("the expression is a constant"));

/// One heading with what stands below it.
struct Section {
    path: Vec<String>,
    text: String,
}

/// Reads a Markdown text. `relative` is the file's path below the source, which becomes part of the ids; `source` is
/// its name for faults.
///
/// # Errors
/// The text is not UTF-8.
pub fn parse_markdown(bytes: &[u8], relative: &str, source: &str) -> Result<Vec<Record>, Vec<LineFault>> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let line = bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count() + 1;
        vec![LineFault {
            line,
            field: String::new(),
            code: FaultCode::InvalidJson,
            message: "the file is not UTF-8; save it as UTF-8".into(),
            source: source.to_owned(),
            place: None,
        }]
    })?;
    let text = text.trim_start_matches('\u{feff}');
    let without_comments = COMMENT.replace_all(text, |found: &regex::Captures<'_>| {
        // Line ends stay, so that nothing moves.
        "\n".repeat(found[0].matches('\n').count())
    });
    let mut used: HashMap<String, usize> = HashMap::new();
    let mut records = Vec::new();
    for section in sections(&without_comments, relative) {
        let title = section.path.join(" / ");
        let heading = section.path.last().cloned().unwrap_or_default();
        for text in portions(&section.text) {
            let stem = format!("{relative}#{}", section.path.join("/"));
            let number = used.entry(stem.clone()).or_default();
            *number += 1;
            let id = fitting_id(&stem, *number);
            records.push(entry(id, &title, &heading, text));
        }
    }
    Ok(records)
}

fn entry(id: String, title: &str, heading: &str, text: String) -> Record {
    let mut fields = Map::new();
    fields.insert("kind".into(), RecordKind::Knowledge.as_str().into());
    fields.insert("id".into(), id.clone().into());
    fields.insert("title".into(), title.into());
    if heading.ends_with(['?', '？']) || heading.ends_with('吗') {
        fields.insert("questions".into(), Value::Array(vec![heading.into()]));
    }
    fields.insert("text".into(), text.into());
    Record { kind: RecordKind::Knowledge, id, fields }
}

fn sections(text: &str, relative: &str) -> Vec<Section> {
    let file = relative.rsplit('/').next().unwrap_or(relative);
    let file_title = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
    let mut path: Vec<(usize, String)> = Vec::new();
    let mut found = vec![Section { path: vec![file_title.to_owned()], text: String::new() }];
    let mut in_code = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            in_code = !in_code;
            continue;
        }
        match heading(line).filter(|_| !in_code) {
            Some((level, title)) => {
                path.retain(|(other, _)| *other < level);
                path.push((level, title));
                let path = path.iter().map(|(_, title)| title.clone()).collect();
                found.push(Section { path, text: String::new() });
            }
            None => {
                if let Some(section) = found.last_mut() {
                    section.text.push_str(&plain(line));
                    section.text.push('\n');
                }
            }
        }
    }
    found.retain(|section| !section.text.trim().is_empty());
    found
}

fn heading(line: &str) -> Option<(usize, String)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    let rest = line.get(level..)?;
    if !(1..=6).contains(&level) || !(rest.is_empty() || rest.starts_with([' ', '\t'])) {
        return None;
    }
    let title = plain(rest.trim().trim_end_matches('#').trim());
    (!title.is_empty()).then_some((level, title))
}

/// A line without the marks of Markdown that are not meant to be read.
fn plain(line: &str) -> String {
    let line = LINK.replace_all(line, "$1");
    let line = line.replace("**", "").replace("__", "").replace('`', "");
    line.trim_start_matches('>').trim_end().to_owned()
}

/// The text in portions that are not too long, cut between paragraphs or lines.
fn portions(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    for line in text.trim().split_inclusive('\n') {
        if !current.trim().is_empty() && current.chars().count() + line.chars().count() > LONGEST_ENTRY {
            found.push(current.trim().to_owned());
            current.clear();
        }
        current.push_str(line);
    }
    if !current.trim().is_empty() {
        found.push(current.trim().to_owned());
    }
    found
}
