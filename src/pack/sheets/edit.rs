//! How is one list in a YAML file replaced, so that everything else in the file, comments included, stays as it is?
//!
//! Lines that do not change are taken over as they are written, with the comments above them. A list in brackets is
//! written anew, one line an item.

use std::fmt;
use std::ops::Range;

/// Which list.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ListAt {
    /// The wording of a place, goal and tier.
    Wording(String, String, String),
    /// The examples of a scenario.
    Examples(String),
}

impl fmt::Display for ListAt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wording(place, goal, tier) => write!(formatter, "{place}.{goal}.{tier}"),
            Self::Examples(scenario) => write!(formatter, "{scenario}"),
        }
    }
}

/// What becomes of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// It stays; its index.
    Keep(usize),
    /// It says this from now on.
    Change(String),
    /// It goes.
    Remove,
    /// It comes.
    New(String),
}

/// The text with one list replaced. `items` has one entry for each item there is, in order, and then the new ones;
/// `originals` is how each would be written anew. `None` if the list cannot be found or is written in another way.
pub(super) fn replace(text: &str, at: &ListAt, items: &[Item], originals: &[String]) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (key, body) = find(&lines, at)?;
    let list = List::read(&lines, key, body.clone())?;
    if list.chunks.as_ref().is_some_and(|chunks| chunks.len() != originals.len()) {
        return None;
    }
    let mut out: String = lines[..key].concat();
    out += &list.key;
    for (index, item) in items.iter().enumerate() {
        let chunk = list.chunks.as_ref().and_then(|chunks| chunks.get(index));
        match item {
            Item::Remove => {}
            Item::Keep(index) => match chunk {
                Some(chunk) => out += &ended(&lines[chunk.lead.start..chunk.lines.end].concat()),
                None => out += &format!("{}- {}\n", list.indent, originals.get(*index)?),
            },
            Item::Change(new) => {
                if let Some(chunk) = chunk {
                    out += &lines[chunk.lead.clone()].concat();
                }
                out += &format!("{}- {new}\n", list.indent);
            }
            Item::New(new) => out += &format!("{}- {new}\n", list.indent),
        }
    }
    out += &lines[list.end..].concat();
    Some(out)
}

/// A text in double quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            '\n' => out += "\\n",
            '\t' => out += "\\t",
            other if other.is_control() => out += &format!("\\u{:04X}", u32::from(other)),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A text as people write it in a list, quoted only if YAML would read it as something else.
pub(super) fn plain_or_quoted(text: &str) -> String {
    let harmless = |character: char| character.is_alphanumeric() || " ，。？！、".contains(character);
    let begins = text.chars().next().is_some_and(|first| first.is_alphabetic() && !first.is_ascii());
    if begins && text.chars().all(harmless) { text.to_owned() } else { quoted(text) }
}

fn ended(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// Where the key of a list stands, and the lines below it that may belong to it.
fn find(lines: &[&str], at: &ListAt) -> Option<(usize, Range<usize>)> {
    match at {
        ListAt::Wording(place, goal, tier) => {
            let (_, place) = entry(lines, 0..lines.len(), place)?;
            let goal = entry(lines, place, goal)?;
            // A plain list is that of the tier `standard`.
            entry(lines, goal.1.clone(), tier).or_else(|| (tier == "standard").then_some(goal))
        }
        ListAt::Examples(scenario) => {
            let starts: Vec<usize> = (0..lines.len()).filter(|line| lines[*line].starts_with("- ")).collect();
            starts.iter().enumerate().find_map(|(number, start)| {
                let end = starts.get(number + 1).copied().unwrap_or(lines.len());
                let (id, _) = entry(lines, *start..end, "id")?;
                let (_, name) = lines[id].split_once("id:")?;
                let name = name.split(" #").next().unwrap_or(name).trim().trim_matches(['"', '\'']);
                if name == scenario { entry(lines, *start..end, "examples") } else { None }
            })
        }
    }
}

/// The entry of a map: the line of its key, and the lines below it.
fn entry(lines: &[&str], range: Range<usize>, key: &str) -> Option<(usize, Range<usize>)> {
    let level = range.clone().find(|line| is_content(lines[*line])).map(|line| key_indent(lines[line]))?;
    let place = range.clone().find(|line| {
        let content = lines[*line].trim_start_matches(['-', ' ']);
        let rest = content.strip_prefix(key).or_else(|| {
            content
                .strip_prefix('"')
                .and_then(|rest| rest.strip_prefix(key))
                .and_then(|rest| rest.strip_prefix('"'))
        });
        is_content(lines[*line])
            && key_indent(lines[*line]) == level
            && rest.is_some_and(|rest| rest.starts_with(':'))
    })?;
    let end = (place + 1..range.end)
        .find(|line| {
            let indent = indent(lines[*line]);
            is_content(lines[*line])
                && (indent < level || indent == level && !lines[*line].trim_start().starts_with('-'))
        })
        .unwrap_or(range.end);
    Some((place, place + 1..end))
}

fn is_content(line: &str) -> bool {
    let text = line.trim();
    !text.is_empty() && !text.starts_with('#')
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Where a key begins; the first one of a list item stands behind its dash.
fn key_indent(line: &str) -> usize {
    let text = line.trim_start_matches(' ');
    indent(line)
        + if text.starts_with("- ") { text.len() - text[1..].trim_start_matches(' ').len() } else { 0 }
}

/// A list as it is written.
struct List {
    /// The line of its key, without brackets.
    key: String,
    /// What stands before each dash.
    indent: String,
    /// Its items; none if it is written in brackets.
    chunks: Option<Vec<Chunk>>,
    /// The line after it.
    end: usize,
}

/// One item: the comments above it, and its lines.
struct Chunk {
    lead: Range<usize>,
    lines: Range<usize>,
}

impl List {
    fn read(lines: &[&str], key: usize, body: Range<usize>) -> Option<Self> {
        let line = lines[key];
        let name_end = key_indent(line) + line[key_indent(line)..].find(':')? + 1;
        let value = line[name_end..].split(" #").next().unwrap_or_default().trim();
        let first = body.clone().find(|line| is_content(lines[*line]));
        // Comments and empty lines at the end belong to what follows.
        let last = body.clone().rev().find(|line| is_content(lines[*line]));
        let end = last.map_or(key + 1, |last| last + 1);
        let in_brackets = value.starts_with('[') || value.is_empty() && lines[first?].trim().starts_with('[');
        if in_brackets {
            let indent = " ".repeat(key_indent(line) + 2);
            return Some(Self { key: format!("{}\n", &line[..name_end]), indent, chunks: None, end });
        }
        let first = first.filter(|first| value.is_empty() && lines[*first].trim_start().starts_with('-'))?;
        let level = indent(lines[first]);
        let mut chunks: Vec<Chunk> = Vec::new();
        let mut lead = key + 1;
        for (at, text) in lines.iter().enumerate().take(end).skip(key + 1) {
            let begins = is_content(text) && indent(text) == level && text.trim_start().starts_with('-');
            if begins {
                chunks.push(Chunk { lead: lead..at, lines: at..at + 1 });
            } else if let Some(open) = chunks.last_mut()
                && is_content(text)
            {
                open.lines.end = at + 1;
            }
            if let Some(open) = chunks.last() {
                lead = open.lines.end;
            }
        }
        Some(Self { key: line.to_owned(), indent: " ".repeat(level), chunks: Some(chunks), end })
    }
}
