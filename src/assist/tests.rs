//! What may a person say of what the assistant would have said?

use jiff::tz::TimeZone;

use super::*;
use crate::config::Config;
use crate::desk::promised::tests::{Written, agent_words, pack};
use crate::time::Now;
use crate::turn::trace::SentenceTrace;
use crate::turn::types::{By, Emotion, EmotionFlag, Facts, Goal, HandoffReason};

fn now() -> Now {
    Now::new("2026-11-20T02:12:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

#[track_caller]
fn opens(wish: &str, emotion: &Emotion, said_back: bool) {
    let pack = pack("zh-CN");
    let opening = Opening { wish, matter: Some("包裹到哪了"), step: Some("给您办查件"), emotion };
    let (openings, refused) = openings(&opening, &pack, &now());
    assert_eq!(openings.len(), MOST_SUGGESTIONS, "{wish}: {refused:?}");
    let first = &openings[0].text;
    assert!(first.contains("给您办查件"), "the first sentence carries the next step: {first}");
    assert_eq!(first.contains(wish.trim()), said_back, "{first}");
    assert!(said_back || first.contains("包裹到哪了"), "the matter is named instead: {first}");
    assert!(differs(&openings[0], &openings[1]));
}

#[test]
fn the_first_sentence_says_the_wish_back_unless_it_must_not() {
    let calm = Emotion::default();
    opens("包裹三天没动了，到底在哪", &calm, true);
    opens("打我电话13800138000", &calm, false);
    opens("你们必须赔我500元", &calm, false);
    opens(&"说来话长".repeat(20), &calm, false);
    opens("一群骗子", &Emotion { flags: vec![EmotionFlag::Abusive], ..Emotion::default() }, false);
    opens("他们说“明天到”", &calm, false);
}

#[test]
fn every_reason_of_a_handoff_has_its_next_step_in_both_languages() {
    let reasons = [
        HandoffReason::AskedForPerson,
        HandoffReason::StrongWords,
        HandoffReason::UnresolvedTurns,
        HandoffReason::ComplexAfterSale,
        HandoffReason::NoEvidence,
        HandoffReason::NotUnderstood,
        HandoffReason::GuardRefused,
        HandoffReason::Unavailable,
    ];
    for language in ["zh-CN", "en"] {
        let pack = pack(language);
        for reason in reasons {
            let step = for_handoff(reason, &pack, &now()).unwrap_or_else(|| panic!("{language} {reason:?}"));
            assert_eq!(step.kind, NextStepKind::Handoff);
            let opening =
                Opening { wish: "", matter: None, step: Some(&step.say), emotion: &Emotion::default() };
            let (openings, refused) = openings(&opening, &pack, &now());
            assert!(openings[0].text.contains(&step.say), "{language} {reason:?}: {openings:?} {refused:?}");
        }
    }
}

fn suggestion(sentences: &[(Goal, &str)]) -> Suggestion {
    let traced = sentences.iter().map(|(goal, record)| SentenceTrace {
        text: format!("{goal:?} {record}"),
        goal: *goal,
        by: By::Wording,
        evidence: (*record).split_whitespace().map(str::to_owned).collect(),
    });
    Suggestion::of(traced.collect()).unwrap()
}

#[test]
fn what_is_only_polite_comes_after_what_says_something() {
    let check = |sentences: &[(Goal, &str)], is_only_polite: bool| {
        let one = suggestion(sentences);
        assert_eq!(one.is_only_polite(), is_only_polite, "{sentences:?}");
        one
    };
    let sorry = check(&[(Goal::Acknowledge, ""), (Goal::Apologize, ""), (Goal::Soothe, "")], true);
    let thanks = check(&[(Goal::Close, "")], true);
    let late = check(&[(Goal::Acknowledge, "parcel:1")], false);
    let answer = check(&[(Goal::Soothe, ""), (Goal::Answer, "")], false);
    let asks = check(&[(Goal::Collect, "")], false);
    let ranked = polite_last(vec![sorry.clone(), late.clone(), thanks.clone(), answer.clone(), asks.clone()]);
    assert_eq!(ranked, [late, answer, asks, sorry, thanks], "among themselves they keep their order");
}

#[track_caller]
fn warns(language: &str, text: &str, expected: &[&str]) {
    let pack = pack(language);
    let warned = Warned {
        text,
        said_before: "我上午10点下的单",
        suggested: &["补您20元。".to_owned()],
        facts: &Facts::default(),
        done: &["ticket_opened".to_owned()],
        hours: &Config::default().business_hours().unwrap(),
    };
    let warnings = warnings(&warned, &pack, &now());
    assert_eq!(warnings.is_empty(), expected.is_empty(), "{text}: {warnings:?}");
    for part in expected {
        assert!(warnings.iter().any(|warning| warning.contains(part)), "{text}: {warnings:?} lack {part}");
    }
}

#[test]
fn a_person_is_warned_of_what_no_record_carries() {
    warns("zh-CN", "您好，我看一下您的订单。", &[]);
    warns("zh-CN", "您上午10点下的单我看到了。", &[]);
    warns("zh-CN", "我核实一下，今天下午4点前会回复您。", &[]);
    warns("zh-CN", "补您20元。", &["R07"]);
    warns("zh-CN", "这件衣服是58元。", &["“58元”这个金额"]);
    warns("zh-CN", "运费12元，后天15点到。", &["12元", "后天", "15点"]);
    warns("en", "It costs ¥58.", &["this amount"]);
}

/// A word by a time enters the promises, and is nothing to warn of; what it gives away is. `--nocapture` shows how many are
/// warned of.
#[test]
fn a_word_that_is_owed_is_no_reason_to_warn() {
    let hours = Config::default().business_hours().unwrap();
    let mut wrong = Vec::new();
    for (language, words) in agent_words() {
        let pack = pack(&language);
        let timed: Vec<&Written> = words.promises.iter().filter(|word| word.due != "soon").collect();
        let (mut falsely, mut let_pass) = (0, 0);
        for Written { text, due, warned } in &timed {
            let message = Warned {
                text,
                said_before: "",
                suggested: &[],
                facts: &Facts::default(),
                done: &["ticket_opened".to_owned()],
                hours: &hours,
            };
            let warnings = warnings(&message, &pack, &now());
            match (warned, warnings.is_empty()) {
                (false, false) => falsely += 1,
                (true, true) => let_pass += 1,
                _ => continue,
            }
            wrong.push(format!("{text} (due {due}): {warnings:?}"));
        }
        println!(
            "{language}: of {} words {falsely} are warned of falsely, {let_pass} give away unwarned",
            timed.len()
        );
    }
    assert!(wrong.is_empty(), "warned of wrongly:\n{}", wrong.join("\n"));
}
