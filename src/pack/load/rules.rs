//! What do the other files say: handoff rules, red lines, promises, emotions, word lists, templates?

use std::collections::{BTreeMap, BTreeSet};

use super::files::PackFiles;
use super::problem::{At, Problems};
use super::raw::{RawEmotions, RawGuard, RawHandoff, RawPromise, RawRedLine, Text};
use super::{one, yaml};
use crate::pack::types::{
    EmotionLexicon, GuardLexicon, HandoffRule, HandoffRules, PromiseKind, RedLine, RedLineLevel,
};

/// Reads `handoff.yaml`.
pub(super) fn handoff(files: &PackFiles, problems: &mut Problems) -> Option<HandoffRules> {
    let path = "handoff.yaml";
    let raw: RawHandoff = one(files, path, problems)?;
    let mut ids = BTreeSet::new();
    let mut rules = Vec::new();
    for rule in raw.rules {
        once(&mut ids, path, &rule.id, problems);
        let reason = problems.named(path, &rule.reason, "handoff reason");
        let mode = problems.named(path, &rule.mode, "handoff mode");
        let matches = problems.expressions(path, &rule.matches);
        let unless = problems.expressions(path, &rule.unless);
        let (Some(reason), Some(mode)) = (reason, mode) else { continue };
        rules.push(HandoffRule { id: rule.id.value, matches, unless, reason, detail: rule.detail, mode });
    }
    Some(HandoffRules { unresolved_turns: raw.unresolved_turns, not_understood: raw.not_understood, rules })
}

/// Reads `redlines.yaml`.
pub(super) fn red_lines(files: &PackFiles, problems: &mut Problems) -> Vec<RedLine> {
    let path = "redlines.yaml";
    let raw: Vec<RawRedLine> = one(files, path, problems).unwrap_or_default();
    let mut ids = BTreeSet::new();
    let mut lines = Vec::new();
    for line in raw {
        once(&mut ids, path, &line.id, problems);
        let level = match line.level.value.as_str() {
            "block" => RedLineLevel::Block,
            "backed" => RedLineLevel::Backed,
            "style" => RedLineLevel::Style,
            other => {
                let message = format!("unknown level `{other}`; known are block, backed and style");
                problems.error(At::text(path, &line.level), message);
                continue;
            }
        };
        let matches = problems.expressions(path, &line.matches);
        let unless = problems.expressions(path, &line.unless);
        lines.push(RedLine { id: line.id.value, name: line.name, level, matches, unless });
    }
    lines
}

/// Reads `promises.yaml`. `None` if the file cannot be read, which is reported once and not at every promise.
pub(super) fn promises(files: &PackFiles, problems: &mut Problems) -> Option<BTreeMap<String, PromiseKind>> {
    let path = "promises.yaml";
    let raw: BTreeMap<String, RawPromise> = one(files, path, problems)?;
    for (name, promise) in &raw {
        if promise.within_business_minutes == 0 {
            problems
                .error(At::file(path), format!("`{name}` must be kept within at least one business minute"));
        }
    }
    let kinds = raw.into_iter().map(|(name, promise)| {
        let RawPromise { within_business_minutes, task } = promise;
        (name.clone(), PromiseKind { name, within_business_minutes, task })
    });
    Some(kinds.collect())
}

/// Reads `emotions.yaml`.
pub(super) fn emotions(files: &PackFiles, problems: &mut Problems) -> EmotionLexicon {
    let path = "emotions.yaml";
    let raw: RawEmotions = optional(files, path, problems).unwrap_or_default();
    let mut words = Vec::new();
    for (label, strengths) in raw.words {
        let Some(label) = problems.named(path, &unplaced(label), "emotion") else { continue };
        for (strength, listed) in strengths {
            match strength.parse::<f32>() {
                Ok(value) if (0.0..=1.0).contains(&value) => {
                    words.extend(listed.into_iter().map(|word| (word, label, value)));
                }
                _ => problems.error(
                    At::file(path),
                    format!(
                        "`{strength}` is no strength; write a number between 0 and 1 before its list of words"
                    ),
                ),
            }
        }
    }
    let mut flags = Vec::new();
    for (flag, expressions) in raw.flags {
        let compiled = problems.expressions(path, &expressions);
        if let Some(flag) = problems.named(path, &unplaced(flag), "emotion flag") {
            flags.push((flag, compiled));
        }
    }
    EmotionLexicon {
        words,
        flags,
        negations: raw.negations,
        intensifiers: raw.intensifiers,
        affirmations: raw.affirmations,
        rejections: raw.rejections,
    }
}

/// Reads `guard.yaml`.
pub(super) fn guard(files: &PackFiles, problems: &mut Problems) -> GuardLexicon {
    let path = "guard.yaml";
    let raw: RawGuard = optional(files, path, problems).unwrap_or_default();
    GuardLexicon {
        harmless: raw.harmless,
        carriers: raw.carriers,
        payments: raw.payments,
        polarity: raw.polarity,
        done_claims: problems.expressions(path, &raw.done_claims),
        written_claims: problems.expressions(path, &raw.written_claims),
        promises: problems.expressions(path, &raw.promises),
        grants: problems.expressions(path, &raw.grants),
        courtesies: problems.expressions(path, &raw.courtesies),
        announces: problems.expressions(path, &raw.announces),
        recalls: problems.expressions(path, &raw.recalls),
    }
}

/// Reads `templates/*.j2` and checks that they are templates.
pub(super) fn templates(files: &PackFiles, problems: &mut Problems) -> BTreeMap<String, String> {
    let mut templates = BTreeMap::new();
    for (path, text) in files.in_folder("templates") {
        if let Err(error) = minijinja::Environment::new().template_from_str(text) {
            let line = error.line().and_then(|line| u64::try_from(line).ok()).unwrap_or_default();
            problems.error(At { file: path, line }, error.detail().unwrap_or("bad template").to_owned());
        }
        templates.insert(path.trim_start_matches("templates/").to_owned(), text.to_owned());
    }
    if !templates.contains_key("system.j2") {
        problems.error(At::file("templates/system.j2"), "this file is missing");
    }
    templates
}

/// A file without which the pack works, only less well.
fn optional<T: serde::de::DeserializeOwned>(
    files: &PackFiles,
    path: &str,
    problems: &mut Problems,
) -> Option<T> {
    if let Some(text) = files.texts.get(path) {
        return yaml::whole(path, text, problems);
    }
    problems.warn(
        At::file(path),
        "this file is missing; without it emotions or claims are not recognised by word",
    );
    None
}

fn once(ids: &mut BTreeSet<String>, path: &str, id: &Text, problems: &mut Problems) {
    if !ids.insert(id.value.clone()) {
        problems.error(At::text(path, id), format!("the id `{}` is used twice", id.value));
    }
}

/// A name that is a key of a map, whose line is not kept.
fn unplaced(name: String) -> Text {
    Text::new(name, serde_saphyr::Location::UNKNOWN, serde_saphyr::Location::UNKNOWN)
}
