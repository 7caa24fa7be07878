//! Which of an agent's sentences give the customer a word, and by when? The sentences are data.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::tz::TimeZone;
use serde::Deserialize;

use super::*;
use crate::config::Config;
use crate::pack::load::{PackSource, load};

/// Sentences of agents in one language.
#[derive(Deserialize)]
pub(crate) struct AgentWords {
    /// Those that give a word.
    pub promises: Vec<Written>,
    /// Those that give none.
    pub none: Vec<String>,
}

/// A sentence that gives a word.
#[derive(Deserialize)]
pub(crate) struct Written {
    /// What an agent writes.
    pub text: String,
    /// By when it is owed, in shop time, or `soon`.
    pub due: String,
    /// Whether the agent is warned nevertheless.
    #[serde(default)]
    pub warned: bool,
}

/// The sentences by language.
pub(crate) fn agent_words() -> BTreeMap<String, AgentWords> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/agent_words.yaml");
    serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// The shipped pack of a language.
pub(crate) fn pack(language: &str) -> Pack {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    load(&PackSource::Folder(folder).files(language).unwrap()).unwrap().pack
}

/// Minutes within which an answer is owed.
const ANSWER: u32 = 60;

fn now(moment: &str) -> Now {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    Now::new(moment.parse().unwrap(), zone)
}

/// Those that are read wrongly, with how they are read.
fn misread(language: &str, moment: &str, cases: &[(&str, Option<&str>)]) -> Vec<String> {
    let pack = pack(language);
    let hours = Config::default().business_hours().unwrap();
    let now = now(moment);
    let grounds = WordGrounds { pack: &pack, hours: &hours, now: &now };
    let mut wrong = Vec::new();
    for (text, due) in cases {
        let expected = due.map(|due| match due {
            "soon" => hours.due_in_business_minutes(&now, ANSWER),
            due => now.parse(due).unwrap(),
        });
        let found = promised(text, &grounds, ANSWER);
        if found != expected {
            wrong.push(format!("{text}: {:?}, not {due:?}", found.map(|due| now.at(due).datetime())));
        }
    }
    wrong
}

#[track_caller]
fn check(language: &str, moment: &str, cases: &[(&str, Option<&str>)]) {
    let wrong = misread(language, moment, cases);
    assert!(wrong.is_empty(), "{} of {} are read wrongly:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// Every word of the list is caught and owed by its time, and nothing else is taken for one; `--nocapture` shows how many.
#[test]
fn words_are_told_from_everything_else_and_owed_by_their_time() {
    let mut all_wrong = Vec::new();
    for (language, words) in agent_words() {
        let given: Vec<_> =
            words.promises.iter().map(|word| (word.text.as_str(), Some(word.due.as_str()))).collect();
        let others: Vec<_> = words.none.iter().map(|text| (text.as_str(), None)).collect();
        let moment = "2026-11-20T10:12:00+08:00";
        let (missed, mistaken) = (misread(&language, moment, &given), misread(&language, moment, &others));
        println!(
            "{language}: {} of {} words are caught; {} of {} other sentences are taken for one",
            given.len() - missed.len(),
            given.len(),
            mistaken.len(),
            others.len()
        );
        all_wrong.extend(missed.into_iter().chain(mistaken));
    }
    assert!(all_wrong.is_empty(), "read wrongly:\n{}", all_wrong.join("\n"));
}

#[test]
fn a_clock_means_the_next_time_it_shows_so() {
    // At night, on Friday.
    check(
        "zh-CN",
        "2026-11-20T22:05:00+08:00",
        &[
            ("9点前给您答复", Some("2026-11-21T09:00")),
            ("4点前给您答复", Some("2026-11-21T16:00")),
            ("23点前给您答复", Some("2026-11-20T23:00")),
            ("今晚12点前给您答复", Some("2026-11-20T23:59")),
            // Its time is over: what a sentence says of the past is no word.
            ("今天下午4点前给您答复", None),
            ("周五给您答复", Some("2026-11-20T23:59")),
            ("周四给您答复", Some("2026-11-26T23:59")),
        ],
    );
    check(
        "en",
        "2026-11-20T22:05:00+08:00",
        &[
            ("I'll call you by 9 am", Some("2026-11-21T09:00")),
            ("I'll call you by 9:30 pm", Some("2026-11-21T21:30")),
            ("I'll call you on Friday", Some("2026-11-20T23:59")),
            ("I'll call you next Friday", Some("2026-11-27T23:59")),
            ("I'll call you by 5 today", Some("soon")),
        ],
    );
}

#[test]
fn the_first_of_several_words_counts_and_what_is_no_clock_is_none() {
    check(
        "zh-CN",
        "2026-11-20T10:12:00+08:00",
        &[
            ("明天上午给您单号。今天下午5点前先给您答复。", Some("2026-11-20T17:00")),
            ("您上午问的我下午三点四十分前给您答复", Some("2026-11-20T15:40")),
            ("快一点给您答复", None),
            ("给您两点建议", None),
            ("13日16:30您问的事，我会给您答复", Some("soon")),
        ],
    );
}
