//! Whether people take over, and what somebody who waits for them hears.

use jiff::tz::TimeZone;

use super::*;
use crate::turn::decide::handoff::declines;
use crate::turn::types::{HandoffPlan, Reading, Stage};

/// What is said to a message of somebody who waits.
#[track_caller]
fn while_waiting_for(text: &str, intents: &[&str], memory: Memory, open: bool) -> Vec<Draft> {
    let pack = pack("zh-CN");
    let mut input = input(text, memory, morning());
    input.desk.open = open;
    input.desk.opens_at = (!open).then(|| moment("2026-11-21T09:00:00+08:00").timestamp());
    let reading = reading(text, intents);
    let facts = facts();
    let hours = BusinessHours::daily(TimeZone::get("Asia/Shanghai").unwrap(), 9 * 60, 22 * 60);
    let situation = Situation { input: &input, reading: &reading, facts: &facts, pack: &pack, hours: &hours };
    let raised: Option<HandoffPlan> = handoff_by_text(&pack, &reading.text);
    let variables = crate::turn::retrieve::variables(&facts, &input);
    while_waiting(situation, variables, raised.as_ref(), false).lines
}

fn reading(text: &str, intents: &[&str]) -> Reading {
    let guess =
        |intent: &&str| IntentMatch { intent: (*intent).to_owned(), confidence: 0.9, why: String::new() };
    Reading {
        text: text.to_owned(),
        question: text.to_owned(),
        masked: text.to_owned(),
        intents: intents.iter().map(guess).collect(),
        ..Reading::default()
    }
}

#[test]
fn who_waits_hears_of_the_queue_or_of_what_they_ask() {
    #[track_caller]
    fn check(text: &str, intents: &[&str], expected: &str) {
        let lines = while_waiting_for(text, intents, Memory::default(), true);
        let texts: Vec<&str> = lines.iter().map(|line| line.text.as_str()).collect();
        assert!(texts.len() == 1 && texts[0].contains(expected), "{text}: {texts:?}");
    }
    #[track_caller]
    fn check_place(text: &str, intents: &[&str], place: &str) {
        // Which of the variants is said first depends on the conversation.
        let lines = while_waiting_for(text, intents, Memory::default(), true);
        let places: Vec<&str> = lines.iter().filter_map(|line| line.wording.as_deref()).collect();
        assert!(places.len() == 1 && places[0].starts_with(place), "{text}: {lines:?}");
    }
    check("人呢", &["presence_check"], "2 位");
    check("还有几个人", &["stock_query"], "2 位");
    check("羽绒服多少钱", &["price_query"], "269.00");
    check("我补充一下 是拉链坏了", &["quality_defect"], "工单");
    check_place("我要投诉你们", &["complaint_escalation"], "waiting.complaint_escalation.");
    check("漏电了", &["safety_incident"], "断电");
    check("你是真人吗", &["bot_identity"], "智能助手");
    check_place("漏电了", &["safety_incident"], "safety_incident.answer.");
    check_place("你是真人吗", &["bot_identity"], "waiting.bot_identity.");
}

#[test]
fn who_waits_with_a_danger_hears_more_of_it() {
    let mut memory = Memory::default();
    let position = Position { danger: true, ..Position::default() };
    let scenario = "health_incident".to_owned();
    memory.put_current(Episode { number: 1, scenario, position, ..Episode::default() });
    let lines = while_waiting_for("现在怎么办", &[], memory.clone(), true);
    // Which of its variants is said first depends on the conversation.
    let place = lines[0].wording.as_deref().unwrap_or_default();
    assert!(place.starts_with("waiting.health_incident."), "{lines:?}");
    let lines = while_waiting_for("人呢", &["presence_check"], memory, true);
    assert!(lines[0].text.contains("2 位"), "{lines:?}");
}

#[test]
fn at_night_the_time_is_said_and_no_queue() {
    let lines = while_waiting_for("有人吗", &["presence_check"], Memory::default(), false);
    assert!(lines[0].text.contains("明天09:00") && !lines[0].text.contains('位'), "{lines:?}");
}

#[test]
fn a_no_to_an_offered_person_is_no_failed_answer() {
    let offered = Memory { pending: Some(Pending::OfferHandoff), ..Memory::default() };
    let check = |text: &str, memory: &Memory, expected: bool| {
        let input = input(text, memory.clone(), morning());
        assert_eq!(declines(&input, &reading(text, &[])), expected, "{text}");
    };
    check("不用", &offered, true);
    check("先不用了 你说就行", &offered, true);
    check("no thanks", &offered, true);
    check("好", &offered, false);
    check("不用", &Memory::default(), false);
}

#[test]
fn harmless_words_are_no_strong_ones() {
    use HandoffReason::{AskedForPerson, ComplexAfterSale, StrongWords};
    let pack = pack("zh-CN");
    let check = |text: &str, reason, detail, expected: bool| {
        assert_eq!(pack.handoff.is_harmless(reason, detail, text), expected, "{text}");
    };
    check("律师函打印纸有吗", StrongWords, Some("legal_media"), true);
    check("你们这价格骗人的吧", StrongWords, None, true);
    check("曝光补偿怎么调", ComplexAfterSale, Some("authority"), true);
    check("没人给我打过电话", AskedForPerson, None, true);
    check("骗子", StrongWords, None, false);
    check("睡袋到哪了", StrongWords, None, false);
}

/// What is decided where more wait than people can take.
fn in_a_crowd(text: &str, read: Reading, memory: Memory) -> Decision {
    in_a_crowd_with(&facts(), text, read, memory)
}

fn in_a_crowd_with(facts: &Facts, text: &str, read: Reading, memory: Memory) -> Decision {
    let mut input = input(text, Memory { introduced: true, ..memory }, morning());
    (input.desk.crowded, input.desk.ahead, input.desk.wait_minutes) = (true, 13, None);
    input.desk.answer_due = moment("2026-11-20T11:45:00+08:00").timestamp();
    Shop::open().decide(&input, &read, facts)
}

/// The places of the lines that hand over, leave or offer.
fn handoff_places(decision: &Decision) -> Vec<String> {
    let lines = drafts(decision).filter(|draft| draft.goal == Goal::Handoff);
    lines.filter_map(|draft| draft.wording.clone()).collect()
}

#[test]
fn in_a_crowd_only_what_cannot_wait_is_handed_over_at_once() {
    #[track_caller]
    fn check(decision: &Decision, expected: (HandoffReason, HandoffMode)) {
        let plan = decision.handoff.as_ref().expect("people have it");
        assert_eq!((plan.reason, plan.mode), expected, "{plan:?}");
        let places = handoff_places(decision);
        let told = places.iter().any(|place| place.starts_with("crowded."));
        assert_eq!(told, plan.mode == HandoffMode::Async, "{places:?}");
        assert!(!told || places.len() == 1, "it is either left or handed over: {places:?}");
        let text = drafts(decision).map(|draft| draft.text.as_str()).collect::<String>();
        assert!(!told || text.contains("11:45"), "the time is said: {text}");
    }
    use HandoffMode::{Async, Now};
    use HandoffReason::{AskedForPerson, ComplexAfterSale, NotUnderstood, StrongWords, UnresolvedTurns};
    let about = |text: &str, intent: &str| in_a_crowd(text, reading(text, &[intent]), Memory::default());
    check(&about("转人工", "person_request"), (AskedForPerson, Now));
    check(&about("我要投诉你们", "complaint_escalation"), (StrongWords, Now));
    check(&about("漏电了 手被电了", "safety_incident"), (ComplexAfterSale, Now));
    let lost = Memory { not_understood: 5, ..Memory::default() };
    let unclear = in_a_crowd_with(&Facts::default(), "嘟嘟噜噜", reading("嘟嘟噜噜", &[]), lost);
    check(&unclear, (NotUnderstood, Async));
    assert_eq!(unclear.memory.not_understood, 0, "it is left once, and counted anew");
    let offered = Memory { pending: Some(Pending::OfferHandoff), ..Memory::default() };
    let yes = Reading { feedback: Feedback::Affirmed, ..reading("好", &[]) };
    check(&in_a_crowd("好", yes, offered), (UnresolvedTurns, Async));
    let mut often = Memory::default();
    let points = Position { points: 6, ..Position::default() };
    often.put_current(Episode {
        number: 1,
        matter: Concern::Parcel,
        scenario: "logistics_stalled".into(),
        intent: "where_is_parcel".into(),
        question: "到哪了".into(),
        position: points,
        contacts: 1,
        last_at: morning().timestamp(),
        ..Episode::default()
    });
    check(&in_a_crowd("到哪了", reading("到哪了", &["where_is_parcel"]), often), (UnresolvedTurns, Async));
}

#[test]
fn in_a_crowd_a_message_is_offered_and_no_person_who_comes_at_once() {
    let mut memory = Memory::default();
    memory.put_current(Episode {
        number: 1,
        matter: Concern::Parcel,
        scenario: "where_is_parcel".into(),
        intent: "where_is_parcel".into(),
        question: "到哪了".into(),
        unresolved_turns: 9,
        contacts: 1,
        last_at: morning().timestamp(),
        ..Episode::default()
    });
    let failed = Reading { feedback: Feedback::Repeated, ..reading("到哪了", &["where_is_parcel"]) };
    let decision = in_a_crowd("到哪了", failed, memory);
    assert_eq!(decision.handoff.as_ref().map(|plan| plan.mode), None, "{:?}", decision.handoff);
    assert_eq!(decision.memory.pending, Some(Pending::OfferHandoff));
    let places = handoff_places(&decision);
    assert!(places.len() == 1 && places[0].starts_with("crowded.offer."), "{places:?}");
}

#[test]
fn what_turns_out_while_speaking_waits_in_a_crowd_too() {
    let pack = pack("zh-CN");
    let hours = BusinessHours::daily(TimeZone::get("Asia/Shanghai").unwrap(), 9 * 60, 22 * 60);
    let (reading, facts) = (reading("能退吗", &["return_request"]), facts());
    let check = |crowded: bool, reason: HandoffReason, expected: HandoffMode| {
        let mut input = input("能退吗", Memory::default(), morning());
        input.desk.crowded = crowded;
        let situation =
            Situation { input: &input, reading: &reading, facts: &facts, pack: &pack, hours: &hours };
        let variables = crate::turn::retrieve::variables(&facts, &input);
        let mut words = Words::new(situation, with_voice(variables, &pack), Tier::Standard);
        let (plan, line) = late_handoff(reason, Stage::AfterSale, "a test", &mut words);
        assert_eq!((plan.mode, line.is_some()), (expected, true), "{crowded} {reason:?}");
    };
    check(false, HandoffReason::NoEvidence, HandoffMode::Now);
    check(true, HandoffReason::NoEvidence, HandoffMode::Async);
    check(true, HandoffReason::GuardRefused, HandoffMode::Async);
    check(true, HandoffReason::Unavailable, HandoffMode::Async);
}
