//! What do the wording files say? Turns them into the book and remembers where each variant stands.

use std::collections::BTreeMap;

use serde_saphyr::Spanned;

use super::files::PackFiles;
use super::problem::{At, Problems};
use super::raw::{RawTiers, RawWording, Text};
use crate::pack::condition::Condition;
use crate::pack::types::{Wording, WordingBook};
use crate::pack::wording::{Part, parse_template};
use crate::turn::types::{Goal, Tier};

/// The book with the place of each variant.
#[derive(Default)]
pub(super) struct Book {
    pub book: WordingBook,
    /// File and line by the wording's id.
    pub places: BTreeMap<String, (String, u64)>,
}

impl Book {
    pub fn at(&self, id: &str) -> At<'_> {
        self.places.get(id).map_or(At { file: "wording", line: 0 }, |(file, line)| At { file, line: *line })
    }
}

/// Reads `wording/*.yaml`.
pub(super) fn read(files: &PackFiles, language: &str, problems: &mut Problems) -> Book {
    let mut book = Book::default();
    book.book.language = language.to_owned();
    for (path, text) in files.in_folder("wording") {
        for (place, goals) in super::yaml::entries::<BTreeMap<String, RawTiers>>(path, text, problems) {
            for (goal, tiers) in goals {
                read_goal(&mut book, path, (&place, &goal), tiers, problems);
            }
        }
    }
    book
}

fn read_goal(
    book: &mut Book,
    path: &str,
    (place, goal): (&str, &str),
    tiers: RawTiers,
    problems: &mut Problems,
) {
    for (tier, variants) in tiers.0 {
        let Some(first) = variants.first() else {
            let message = format!("`{place}` has an empty list for `{goal}` at the tier `{tier}`");
            problems.error(At::file(path), message);
            continue;
        };
        let named = |name: &str| Text::new(name.to_owned(), first.referenced, first.defined);
        let goal: Option<Goal> = problems.named(path, &named(goal), "goal");
        let level: Option<Tier> = problems.named(path, &named(&tier), "tier");
        let (Some(goal), Some(level)) = (goal, level) else { continue };
        let key = (place.to_owned(), goal, level);
        if book.book.variants.contains_key(&key) {
            problems.error(
                At::text(path, first),
                format!("`{place}` already has wording for this goal and tier in another file"),
            );
            continue;
        }
        let mut read = Vec::new();
        for (number, raw) in variants.into_iter().enumerate() {
            let at = At::text(path, &raw);
            let id = format!("{place}.{}.{tier}.{}", name_of(goal), number + 1);
            if let Some(wording) = variant(id, path, raw, problems) {
                book.places.insert(wording.id.clone(), (path.to_owned(), at.line));
                read.push(wording);
            }
        }
        book.book.variants.insert(key, read);
    }
}

fn variant(id: String, path: &str, raw: Spanned<RawWording>, problems: &mut Problems) -> Option<Wording> {
    let at = At::text(path, &raw);
    let template = raw.value.text.trim().to_owned();
    let slots = match parse_template(&template) {
        Ok(parts) => parts
            .into_iter()
            .filter_map(|part| match part {
                Part::Slot(slot) => Some(slot.path.to_owned()),
                Part::Text(_) => None,
            })
            .collect(),
        Err(error) => {
            problems.error(at, error.to_string());
            return None;
        }
    };
    let when = match raw.value.when.as_deref().map(Condition::parse).transpose() {
        Ok(when) => when,
        Err(error) => {
            problems.error(at, error.to_string());
            return None;
        }
    };
    Some(Wording { id, template, when, slots })
}

/// The name of a goal in files.
pub(super) fn name_of(goal: Goal) -> String {
    serde_json::to_value(goal).ok().and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}
