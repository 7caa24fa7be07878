//! Does the guard let out what the desk makes the assistant say, in every variant of both packs?

use jiff::tz::TimeZone;
use serde_json::json;

use super::*;
use crate::pack::load::{PackSource, load};

const LANGUAGES: [&str; 2] = ["zh-CN", "en"];

fn pack(language: &str) -> Pack {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("prompts");
    load(&PackSource::Folder(folder).files(language).unwrap()).unwrap().pack
}

fn now() -> Now {
    Now::new("2026-11-20T10:12:00+08:00".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

/// Everything that is said at a place, whichever variant has its turn.
#[track_caller]
fn said(pack: &Pack, place: &str, desk: &Value) -> Vec<String> {
    let now = now();
    let mut all = Vec::new();
    for seed in 0..32 {
        let speech = Speech {
            pack,
            history: &[],
            now: &now,
            seed,
            variables: json!({ "desk": desk }),
            facts: Vec::new(),
            done: vec!["ticket_opened".to_owned(), "handoff".to_owned()],
        };
        let mut refused = Vec::new();
        let kind = Kind { places: vec![place.to_owned()], goal: Goal::Handoff };
        let word = speech.say(&kind, &mut refused);
        assert!(refused.is_empty(), "{place} {desk}: {refused:?}");
        all.push(word.unwrap_or_else(|| panic!("{place} {desk}: nothing is said")).vetted.text().to_owned());
    }
    all
}

fn desk(open: bool, ahead: u32) -> Value {
    json!({ "open": open, "ahead": ahead, "crowded": false, "due": "2026-11-20T16:30:00+08:00[Asia/Shanghai]" })
}

#[test]
fn who_lost_their_colleague_hears_where_the_case_is() {
    for (language, at_the_head, time) in [("zh-CN", "最前面", "16:30"), ("en", "head of the queue", "16:30")]
    {
        let pack = pack(language);
        let check = |desk: Value, expected: &str| {
            for text in said(&pack, "agent_gone", &desk) {
                assert!(text.contains(expected), "{language} {desk}: {text}");
            }
        };
        check(desk(true, 0), at_the_head);
        check(desk(true, 3), "3");
        check(desk(false, 0), time);
    }
}

#[test]
fn who_is_left_a_message_hears_its_time() {
    for language in LANGUAGES {
        let pack = pack(language);
        for place in ["crowded", "crowded.offer"] {
            let texts = said(&pack, place, &desk(true, 20));
            assert!(texts.iter().all(|text| text.contains("16:30")), "{language} {place}: {texts:?}");
        }
    }
}
