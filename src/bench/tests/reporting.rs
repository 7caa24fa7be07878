//! What the report says of turns that are known.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::super::machine::Machine;
use super::super::outcome::{Answer, TurnError, TurnOutcome, code};
use super::super::report::{BackgroundReport, Report, ServerReport};
use super::super::tally::Tally;
use super::super::{BenchPlan, Load, RepeatReport, SaleDay, Verdict, markdown, repeat_table, table};
use super::server::reply;
use super::{ms, plan};

fn answer(first: Option<u64>, total: u64, reply: serde_json::Value) -> TurnOutcome {
    let reply = serde_json::from_value(reply).unwrap();
    TurnOutcome {
        result: Ok(Answer { first_sentence: first.map(ms), total: ms(total), reply }),
        late: Duration::ZERO,
    }
}

fn failure(code: &str) -> TurnOutcome {
    TurnOutcome { result: Err(TurnError::new(code, "what happened")), late: ms(1) }
}

/// Seven turns of each kind there is.
fn turns() -> Vec<TurnOutcome> {
    let silent = |change: fn(&mut serde_json::Value)| {
        let mut silent = reply(&[], None);
        change(&mut silent);
        answer(None, 2, silent)
    };
    let mut handed_off = reply(&["wording"], None);
    handed_off["handoff"] = json!({ "reason": "asked_for_person", "ticket": "tkt_1" });
    vec![
        answer(Some(4), 8, reply(&["wording", "evidence"], None)),
        answer(Some(6), 900, reply(&["wording", "model"], Some(800.0))),
        answer(Some(5), 5, handed_off),
        silent(|reply| reply["handoff"] = json!({ "reason": "strong_words", "ticket": "tkt_2" })),
        silent(|reply| reply["superseded_by"] = json!("msg_9")),
        silent(|_| {}),
        failure(code::TIMEOUT),
    ]
}

fn report_of(turns: &[TurnOutcome], plan: &BenchPlan) -> Report {
    let mut tally = Tally::new();
    for turn in turns {
        tally.add(turn);
    }
    tally.ended(Duration::from_secs(2));
    let server = ServerReport {
        url: "http://127.0.0.1:8080".to_owned(),
        embedded: false,
        version: Some("0.1.0".to_owned()),
        model: Some("ready".to_owned()),
    };
    let mut report = tally.report(plan, server);
    report.version = "0.1.0".to_owned();
    report.machine = Machine {
        cpu: Some("Example CPU".to_owned()),
        cores: 2,
        memory_mb: Some(8192),
        os: "linux x86_64".to_owned(),
    };
    report
}

fn busy(model_busy_share: f64) -> BackgroundReport {
    BackgroundReport {
        clients: 8,
        requests: 9,
        answered: 9,
        with_model: 9,
        model_busy_share,
        ..Default::default()
    }
}

fn sale_day() -> SaleDay {
    SaleDay { clients: 8, questions: Vec::new(), lead_in: ms(0), first_sentence_limit_ms: 100.0 }
}

fn sale_day_plan() -> BenchPlan {
    let load = Load::Rate { per_second: 12.0, duration: Duration::from_secs(60) };
    BenchPlan { load, sale_day: Some(sale_day()), ..plan("http://127.0.0.1:8080") }
}

#[test]
fn the_json_keeps_its_shape() {
    let mut report = report_of(&turns(), &sale_day_plan());
    let background = busy(0.95);
    report.verdict = Some(Verdict::of_sale_day(&report, &background, &sale_day()));
    report.background = Some(background);
    insta::assert_json_snapshot!("report", report);
    let back: Report = serde_json::from_value(serde_json::to_value(&report).unwrap()).unwrap();
    assert_eq!(back, report, "a report can be read again");
}

#[test]
fn every_turn_is_counted_once() {
    let report = report_of(&turns(), &plan("http://127.0.0.1:8080"));
    assert_eq!(report.requests, report.answered + report.errors + report.empty_replies);
    assert_eq!((report.requests, report.answered, report.errors, report.empty_replies), (7, 5, 1, 1));
    assert_eq!((report.with_people, report.superseded), (1, 1));
    assert_eq!(report.errors_by_code, BTreeMap::from([(code::TIMEOUT.to_owned(), 1)]));
    assert_eq!(report.with_model.turns + report.without_model.turns, 6);
    assert_eq!(report.with_model.total_ms.max, Some(900.0));
    assert_eq!(report.without_model.total_ms.max, Some(8.0));
    assert_eq!(report.path_ms.max, Some(2.0), "the four stages without the store");
    assert_eq!(report.queue_ms.count, 1);
    assert_eq!(report.tokens.generated_per_s, Some(100.0));
    assert_eq!(report.throughput_per_s, 2.5);
}

#[test]
fn lost_turns_are_errors() {
    let mut tally = Tally::new();
    tally.lost(2);
    tally.ended(Duration::from_secs(1));
    let report = tally.report(&plan("http://127.0.0.1:8080"), ServerReport::default());
    assert_eq!((report.requests, report.errors), (2, 2));
    assert_eq!(report.first_sentence_ms.p50, None);
}

#[test]
fn a_sale_day_passes_only_if_every_criterion_is_met() {
    let judge = |turns: &[TurnOutcome], background: &BackgroundReport| {
        let verdict = Verdict::of_sale_day(&report_of(turns, &sale_day_plan()), background, &sale_day());
        let missed: Vec<String> =
            verdict.criteria.into_iter().filter(|one| !one.passed).map(|one| one.name).collect();
        assert_eq!(verdict.passed, missed.is_empty());
        missed
    };
    let good = || answer(Some(4), 8, reply(&["wording"], None));
    assert!(judge(&[good()], &busy(0.9)).is_empty());
    assert_eq!(judge(&[good()], &busy(0.5)), ["model_busy_share"]);
    assert_eq!(
        judge(&[good(), failure("too_many_requests")], &busy(0.9)),
        ["turns_answered", "errors", "too_many_requests"]
    );
    assert_eq!(
        judge(&[good(), answer(None, 2, reply(&[], None))], &busy(0.9)),
        ["turns_answered", "empty_replies"]
    );
    let slow = answer(Some(101), 200, reply(&["evidence"], None));
    assert_eq!(judge(&[slow], &busy(0.9)), ["first_approved_sentence_p99_ms"]);
    let written = answer(Some(4_000), 5_000, reply(&["model"], Some(900.0)));
    assert!(judge(&[good(), written], &busy(0.9)).is_empty(), "only approved first sentences have a limit");
    let turned_away = BackgroundReport {
        errors: 1,
        errors_by_code: BTreeMap::from([("too_many_requests".to_owned(), 1)]),
        ..busy(0.9)
    };
    assert_eq!(judge(&[good()], &turned_away), ["errors", "too_many_requests"]);
    assert!(!judge(&[], &busy(0.9)).is_empty(), "no turn is no proof");
}

#[test]
fn several_runs_give_medians_and_spread() {
    let plan = plan("http://127.0.0.1:8080");
    let run = |first| report_of(&[answer(Some(first), first, reply(&["wording"], None))], &plan);
    let three = RepeatReport::of(vec![run(9), run(3), run(4)]);
    assert_eq!((three.runs, three.requests, three.answered), (3, 3, 3));
    assert_eq!(three.first_sentence_ms.p50, Some(4.0));
    assert_eq!(three.first_sentence_ms.max, Some(9.0));
    let spread = three.spread["first_sentence_ms.p50"];
    assert_eq!((spread.min, spread.median, spread.max), (3.0, 4.0, 9.0));
    assert_eq!(three.passed, None);
    assert_eq!(RepeatReport::of(vec![run(3), run(4)]).first_sentence_ms.p50, Some(3.5));
    assert!(repeat_table(&three).contains("first_sentence_ms.p50"));
}

#[test]
fn people_see_the_same_numbers() {
    let mut report = report_of(&turns(), &sale_day_plan());
    report.verdict = Some(Verdict::of_sale_day(&report, &busy(0.2), &sale_day()));
    insta::assert_snapshot!("table", table(&report));
    insta::assert_snapshot!("markdown", markdown(&report));
}
