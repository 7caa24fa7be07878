//! What do `desk.yaml` and `phrases.yaml` say, and may people send it? A phrase or a draft that crosses a red line is refused.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::files::PackFiles;
use super::problem::{At, Problems};
use super::raw::Text;
use super::yaml;
use crate::pack::desk::{DeskTexts, GivenWords, NextStepTexts, PHRASE_SLOTS, Phrase, StepText, WarningTexts};
use crate::pack::types::{GuardLexicon, RedLine, RedLineLevel};
use crate::pack::wording::{Part, parse_template};

const DESK: &str = "desk.yaml";
const PHRASES: &str = "phrases.yaml";

/// Every reason of a handoff has its next step.
const REASONS: [&str; 8] = [
    "asked_for_person",
    "strong_words",
    "unresolved_turns",
    "complex_after_sale",
    "no_evidence",
    "not_understood",
    "guard_refused",
    "unavailable",
];

/// The slots of the draft of a first sentence.
const OPENING_SLOTS: [&str; 4] = ["wish", "matter", "step", "shop.name"];

/// The longest code and the longest phrase, in characters.
const LONGEST_CODE: usize = 24;
const LONGEST_PHRASE: usize = 500;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDesk {
    next_step: RawNextStep,
    opening: Vec<Text>,
    warnings: RawWarnings,
    machine: Vec<Text>,
    /// Of a pack that was written before there were any, the shipped ones.
    words: Option<RawWords>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWords {
    owed: Vec<Text>,
    timed: Vec<Text>,
    never: Vec<Text>,
    conditions: Vec<Text>,
    questions: Vec<Text>,
    no_gifts: Vec<Text>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawNextStep {
    action: RawStep,
    flow: RawStep,
    promise: RawStep,
    answer: RawStep,
    handoff: BTreeMap<String, RawStep>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawStep {
    text: Text,
    say: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWarnings {
    red_line: Text,
    money: Text,
    time: Text,
    done: Text,
    promise: Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPhrase {
    code: Text,
    title: Text,
    text: Text,
    #[serde(default)]
    tags: Vec<String>,
}

/// What a text has to keep to.
struct Bounds<'a> {
    red_lines: &'a [RedLine],
    guard: &'a GuardLexicon,
}

/// Reads both files.
pub(super) fn read(
    files: &PackFiles,
    language: &str,
    (red_lines, guard): (&[RedLine], &GuardLexicon),
    problems: &mut Problems,
) -> (Option<DeskTexts>, Vec<Phrase>) {
    let bounds = Bounds { red_lines, guard };
    (desk(files, language, &bounds, problems), phrases(files, &bounds, problems))
}

/// Reads `desk.yaml`; of a pack that has none, the one that is shipped in its language.
fn desk(
    files: &PackFiles,
    language: &str,
    bounds: &Bounds<'_>,
    problems: &mut Problems,
) -> Option<DeskTexts> {
    let mut raw: RawDesk = match files.texts.get(DESK) {
        Some(text) => yaml::whole(DESK, text, problems)?,
        None => shipped(language, problems)?,
    };
    let words = match raw.words.take() {
        Some(words) => words,
        None => shipped(language, problems)?.words?,
    };
    let RawNextStep { action, flow, promise, answer, mut handoff } = raw.next_step;
    for reason in REASONS.iter().filter(|reason| !handoff.contains_key(**reason)) {
        problems.error(At::file(DESK), format!("`next_step.handoff` has no `{reason}`"));
    }
    for unknown in handoff.keys().filter(|name| !REASONS.contains(&name.as_str())) {
        let known = REASONS.join(", ");
        problems.error(At::file(DESK), format!("unknown handoff reason `{unknown}`; known are {known}"));
    }
    handoff.retain(|name, _| REASONS.contains(&name.as_str()));
    let mut step = |raw: RawStep, slots: &[&str]| StepText {
        text: template(raw.text, slots, problems),
        say: sayable(raw.say, slots, bounds, problems),
    };
    let next_step = NextStepTexts {
        action: step(action, &["name"]),
        flow: step(flow, &["name", "step"]),
        promise: step(promise, &["task"]),
        answer: step(answer, &[]),
        handoff: handoff.into_iter().map(|(reason, raw)| (reason, step(raw, &[]))).collect(),
    };
    let opening: Vec<String> =
        raw.opening.into_iter().map(|text| sayable(text, &OPENING_SLOTS, bounds, problems)).collect();
    if !opening.iter().any(|text| !text.contains("{{")) {
        let message = "every `opening` needs something that may be missing; add one without slots";
        problems.error(At::file(DESK), message);
    }
    let mut warning = |raw: Text| template(raw, &["found"], problems);
    let warnings = WarningTexts {
        red_line: warning(raw.warnings.red_line),
        money: warning(raw.warnings.money),
        time: warning(raw.warnings.time),
        done: warning(raw.warnings.done),
        promise: warning(raw.warnings.promise),
    };
    let machine = problems.expressions(DESK, &raw.machine);
    Some(DeskTexts { next_step, opening, warnings, machine, words: given_words(&words, problems) })
}

/// The texts of the desk that are shipped in a language.
fn shipped(language: &str, problems: &mut Problems) -> Option<RawDesk> {
    let closest = if language.starts_with("zh") { "zh-CN" } else { "en" };
    let text = PackFiles::embedded(closest).ok()?.texts.remove(DESK)?;
    yaml::whole(DESK, &text, problems)
}

fn given_words(raw: &RawWords, problems: &mut Problems) -> GivenWords {
    let mut forms = |texts: &[Text]| problems.expressions(DESK, texts);
    GivenWords {
        owed: forms(&raw.owed),
        timed: forms(&raw.timed),
        never: forms(&raw.never),
        conditions: forms(&raw.conditions),
        questions: forms(&raw.questions),
        no_gifts: forms(&raw.no_gifts),
    }
}

/// Reads `phrases.yaml`; a pack without it has none.
fn phrases(files: &PackFiles, bounds: &Bounds<'_>, problems: &mut Problems) -> Vec<Phrase> {
    let Some(text) = files.texts.get(PHRASES) else { return Vec::new() };
    let mut codes = BTreeSet::new();
    let mut phrases = Vec::new();
    for raw in yaml::items::<RawPhrase>(PHRASES, text, problems) {
        check_code(&raw.code, &mut codes, problems);
        if raw.title.value.trim().is_empty() {
            problems.error(At::text(PHRASES, &raw.title), "a phrase needs a title by which it is found");
        }
        if let Some(text) = phrase(&raw.text, bounds, problems) {
            phrases.push(Phrase { code: raw.code.value, title: raw.title.value, text, tags: raw.tags });
        }
    }
    phrases
}

fn check_code(code: &Text, codes: &mut BTreeSet<String>, problems: &mut Problems) {
    let at = At::text(PHRASES, code);
    let text = &code.value;
    let length = text.chars().count();
    let typed = text.chars().all(|sign| sign.is_alphanumeric() || matches!(sign, '-' | '_'));
    if length == 0 || length > LONGEST_CODE || !typed {
        let message = format!(
            "`{text}` is no code; write 1 to {LONGEST_CODE} letters, digits, `-` or `_`, without the slash"
        );
        problems.error(at, message);
    } else if !codes.insert(text.to_lowercase()) {
        problems.error(at, format!("the code `{text}` is used twice"));
    }
}

/// The text of a phrase with its slots as the page knows them; none if it is no template.
fn phrase(text: &Text, bounds: &Bounds<'_>, problems: &mut Problems) -> Option<String> {
    let at = At::text(PHRASES, text);
    let parts = match parse_template(&text.value) {
        Ok(parts) => parts,
        Err(error) => {
            problems.error(at, error.to_string());
            return None;
        }
    };
    let length = text.value.chars().count();
    if text.value.trim().is_empty() || length > LONGEST_PHRASE {
        problems.error(at, format!("a phrase has 1 to {LONGEST_PHRASE} characters, this has {length}"));
    }
    let mut written = String::new();
    let mut timed = false;
    for part in &parts {
        match part {
            Part::Text(part) => written.push_str(part),
            Part::Slot(slot) if slot.filters.is_empty() && PHRASE_SLOTS.contains(&slot.path) => {
                timed |= slot.path == "due";
                written.push_str(&format!("{{{{{}}}}}", slot.path));
            }
            Part::Slot(slot) => {
                let known = PHRASE_SLOTS.join(", ");
                problems.error(at, format!("unknown slot `{}`; known are {known}", slot.source));
            }
        }
    }
    let plain = plain(&parts);
    check_red_lines(&plain, timed, at, bounds, problems);
    if let Some(claim) = bounds.guard.done_claims.iter().find_map(|claim| claim.find(&plain)) {
        let message = format!(
            "`{}` says that something is done; a phrase that is sent again and again has no record of it",
            claim.as_str()
        );
        problems.error(at, message);
    }
    Some(written)
}

/// A draft for the customer: a template that crosses no red line.
fn sayable(text: Text, slots: &[&str], bounds: &Bounds<'_>, problems: &mut Problems) -> String {
    if let Ok(parts) = parse_template(&text.value) {
        check_red_lines(&plain(&parts), false, At::text(DESK, &text), bounds, problems);
    }
    template(text, slots, problems)
}

/// A template with no other slots than these.
fn template(text: Text, slots: &[&str], problems: &mut Problems) -> String {
    let at = At::text(DESK, &text);
    match parse_template(&text.value) {
        Err(error) => problems.error(at, error.to_string()),
        Ok(parts) => {
            for part in parts {
                if let Part::Slot(slot) = part
                    && !slots.contains(&slot.path)
                {
                    let known = if slots.is_empty() { "none".to_owned() } else { slots.join(", ") };
                    problems.error(at, format!("unknown slot `{}`; known are {known}", slot.source));
                }
            }
        }
    }
    if text.value.trim().is_empty() {
        problems.error(at, "this text is empty");
    }
    text.value
}

/// A time that is filled in stands behind a promise; nothing else excuses a red line here.
fn check_red_lines(text: &str, timed: bool, at: At<'_>, bounds: &Bounds<'_>, problems: &mut Problems) {
    for line in bounds.red_lines {
        let Some(found) = line.find(text) else { continue };
        if line.level == RedLineLevel::Backed && timed {
            continue;
        }
        problems.error(at, format!("crosses the red line {} {}: `{found}`", line.id, line.name));
    }
}

/// The text with each slot shown as one sign that no rule means.
fn plain(parts: &[Part<'_>]) -> String {
    parts.iter().map(|part| if let Part::Text(text) = part { text } else { "□" }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{load, tests::report};
    use super::*;

    /// The shipped pack with one of its files replaced.
    #[track_caller]
    fn check(file: &str, text: &str, expected: &str) {
        let mut files = PackFiles::embedded("zh-CN").unwrap();
        files.texts.insert(file.to_owned(), text.to_owned());
        let problems = super::super::check(&files);
        let found = report(&problems);
        assert!(found.contains(expected), "expected `{expected}` in:\n{found}");
        assert!(load(&files).is_err(), "a pack with a fault is refused");
    }

    #[test]
    fn a_phrase_that_nobody_may_send_is_refused_by_file_and_line() {
        let one = |text: &str| format!("- code: a\n  title: 试\n  text: \"{text}\"\n");
        for (text, expected) in [
            ("我们的质量全国第一", "phrases.yaml:3: error: crosses the red line R01"),
            ("我尽快回您", "phrases.yaml:3: error: crosses the red line R05"),
            ("亲，您好", "phrases.yaml:3: error: crosses the red line R20"),
            (
                "已经给您退了，{{due}}前到",
                "phrases.yaml:3: error: `已经给您退了` says that something is done",
            ),
            (
                "{{name}}您好",
                "phrases.yaml:3: error: unknown slot `name`; known are customer, order, agent, due",
            ),
            ("{{due | moment}}前回您", "phrases.yaml:3: error: unknown slot `due | moment`"),
            ("{{due}前回您", "phrases.yaml:3: error: a slot is opened"),
            ("", "phrases.yaml:3: error: a phrase has 1 to 500 characters"),
        ] {
            check(PHRASES, &one(text), expected);
        }
        let twice = format!("{}{}", one("您好"), one("在的").replace("code: a", "code: A"));
        check(PHRASES, &twice, "phrases.yaml:4: error: the code `A` is used twice");
        check(
            PHRASES,
            &one("您好").replace("code: a", "code: /a b"),
            "phrases.yaml:1: error: `/a b` is no code",
        );
        check(PHRASES, "- code: a\n  titel: b\n", "phrases.yaml:2: error: unknown field `titel`");
    }

    #[test]
    fn the_texts_of_the_desk_are_checked() {
        let shipped = PackFiles::embedded("zh-CN").unwrap().texts.remove(DESK).unwrap();
        for (from, to, expected) in [
            ("发起“{{ name }}”", "发起“{{ task }}”", "unknown slot `task`; known are name"),
            ("say: \"接着办", "say: \"马上接着办", "crosses the red line R05"),
            ("    no_evidence:", "    no_idea:", "`next_step.handoff` has no `no_evidence`"),
            ("machine:\n  - '", "machine:\n  - '(?=x)", "desk.yaml:37: error: bad expression"),
        ] {
            check(DESK, &shipped.replace(from, to), expected);
        }
    }

    #[test]
    fn both_packs_have_phrases_and_a_pack_of_before_goes_on() {
        for language in ["zh-CN", "en"] {
            let mut files = PackFiles::embedded(language).unwrap();
            let pack = load(&files).unwrap().pack;
            assert!(pack.phrases.len() >= 25, "{language}: {}", pack.phrases.len());
            assert!(pack.phrases.iter().any(|phrase| phrase.text.contains("{{due}}")));
            let (desk, _) = files.texts[DESK].split_once("\nwords:").expect("the words come last");
            files.texts.insert(DESK.to_owned(), desk.to_owned());
            let wordless = load(&files).unwrap().pack;
            assert_eq!(wordless.desk.words.timed.len(), pack.desk.words.timed.len(), "{language}");
            files.texts.remove(PHRASES);
            files.texts.remove(DESK);
            let older = load(&files).unwrap().pack;
            assert!(older.phrases.is_empty());
            assert_eq!(older.desk.next_step, pack.desk.next_step, "the shipped texts stand in");
        }
    }
}
