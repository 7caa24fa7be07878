//! Does a whole shop day keep every brake? Days made from seeds are played against the shipped rules, and a verifier that
//! knows nothing of the program's judging looks at what was said. That it would find something is shown too: each brake is
//! loosened once.

mod verifier;

use std::time::Instant;

use jiff::SignedDuration;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use serde_json::Value;
use warmdesk::eval::proactive::{Arrived, Day, Making, NudgeLine, Simulated, make_day, simulate};
use warmdesk::pack::load::{PackSource, load};
use warmdesk::pack::proactive::{Moment, NudgeRule, Proactive};
use warmdesk::proactive::{NudgeState, Reason};
use warmdesk::record::RecordKind;

use crate::program::{run, warmdesk};
use verifier::{Limits, Verifier, Violations};

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

fn shipped() -> Proactive {
    load(&PackSource::Embedded.files("zh-CN").unwrap()).unwrap().pack.proactive
}

fn day(seed: u64, customers: usize, events: usize) -> Day {
    make_day(Making { seed, customers, events }, &zone())
}

/// Gives the rules the numbers of a verifier.
fn limited(mut rules: Proactive, limits: &Limits) -> Proactive {
    let number = |number: usize| u32::try_from(number).unwrap();
    let hour = |hour: i8| Time::new(hour, 0, 0, 0).unwrap();
    let brakes = &mut rules.brakes;
    (brakes.quiet_from, brakes.quiet_until) = (hour(limits.quiet.0), hour(limits.quiet.1));
    (brakes.a_day, brakes.a_week) = (number(limits.a_day), number(limits.a_week));
    brakes.orders_a_day = number(limits.orders_a_day);
    brakes.apart = SignedDuration::from_mins(limits.apart_minutes);
    brakes.after_trouble = SignedDuration::from_hours(limits.after_trouble_hours);
    (brakes.rule_an_hour, brakes.shop_an_hour) = (number(limits.rule_an_hour), number(limits.shop_an_hour));
    brakes.holdout_percent = u32::try_from(limits.holdout_percent).unwrap();
    rules
}

fn sent(simulated: &Simulated, rule: &str) -> usize {
    let is_sent = |line: &&NudgeLine| line.rule == rule && line.state == NudgeState::Sent;
    simulated.nudges.iter().filter(is_sent).count()
}

/// Plays a day by the shipped rules as they are and verifies it.
fn verified(day: Day) -> (Simulated, Violations) {
    let simulated = simulate(&shipped(), day.clone(), None, &zone());
    let limits = Limits::default();
    let found = Verifier::of(&day, &limits, &zone()).verify(&simulated.nudges);
    (simulated, found)
}

#[test]
fn a_shop_day_keeps_every_brake() {
    for seed in [1, 2] {
        let (simulated, found) = verified(day(seed, 500, 20_000));
        let report = &simulated.report;
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
        assert!(report.events > 19_000 && report.duplicates > 100, "{report:?}");
        // A day on which nothing is said keeps every brake too: what the day holds must have been said.
        for rule in [
            "viewed_often",
            "cart_left",
            "unpaid_order",
            "order_paid",
            "order_shipped",
            "order_delivered",
            "arrived_not_collected",
            "after_sale_solved",
            "consulted_not_ordered",
            "price_dropped",
            "restocked",
            "next_stage",
            "child_birthday",
        ] {
            assert!(sent(&simulated, rule) > 0, "seed {seed}: {rule}: {report:#?}");
        }
        use Reason::{CauseGone, DayFull, Expired, NoConsent, NotTrueAnyMore, Trouble};
        for reason in [CauseGone, DayFull, Expired, NoConsent, NotTrueAnyMore, Trouble] {
            assert!(
                report.total.dropped.contains_key(&reason),
                "seed {seed}: {reason:?}: {:#?}",
                report.total
            );
        }
        let counted = report.total.sent + report.total.waiting + report.total.dropped.values().sum::<u64>();
        assert_eq!(counted, report.total.planned, "everything that was planned went somewhere");
    }
}

/// Seconds on a machine on which nothing else runs:
/// `cargo test --release --test it proactive_day::a_full_shop_day -- --ignored --nocapture`
#[test]
#[ignore = "half a million events; run it by its name"]
fn a_full_shop_day_keeps_every_brake() {
    let day = day(1, 10_000, 500_000);
    let rules = shipped();
    let (played, from) = (day.clone(), Instant::now());
    let simulated = simulate(&rules, played, None, &zone());
    let seconds = from.elapsed().as_secs_f64();
    println!("{}", serde_json::to_string_pretty(&simulated.report).unwrap());
    println!("played in {seconds:.1} s");
    let limits = Limits::default();
    let found = Verifier::of(&day, &limits, &zone()).verify(&simulated.nudges);
    println!("violations: {}", found.values().map(Vec::len).sum::<usize>());
    assert!(found.is_empty(), "{found:#?}");
}

/// A brake that is let go in the simulation and holds for the verifier.
struct Loosened {
    /// What the verifier must call it.
    brake: &'static str,
    /// The numbers for both, so that there is something to exceed.
    limits: Limits,
    loosen: fn(&mut Proactive, &mut Day),
}

fn loosened(brake: &'static str, limits: Limits, loosen: fn(&mut Proactive, &mut Day)) -> Loosened {
    Loosened { brake, limits, loosen }
}

const HUGE: u32 = 1_000_000;

/// Everything that is true for a rule is true for ever.
fn without_conditions(rule: &mut NudgeRule) {
    (rule.when, rule.still) = (None, None);
}

fn rule_of<'a>(rules: &'a mut Proactive, id: &str) -> &'a mut NudgeRule {
    rules.rules.iter_mut().find(|rule| rule.id == id).unwrap()
}

fn everybody_agrees(_: &mut Proactive, day: &mut Day) {
    for record in day.records.iter_mut().filter(|record| record.kind == RecordKind::Customer) {
        let consent = serde_json::json!({ "transactional": true, "marketing": true, "child_profile": true });
        record.fields.insert("consent".to_owned(), consent);
    }
}

fn nothing_is_cancelled(rules: &mut Proactive, _: &mut Day) {
    for rule in rules.rules.iter_mut().filter(|rule| !rule.cancelled_by.is_empty()) {
        rule.cancelled_by.clear();
        without_conditions(rule);
    }
}

/// Everybody agrees as well, because what comes late is no answer to what is looked at; and what comes before a time would
/// end with it, so that it comes after another.
fn nothing_expires(rules: &mut Proactive, day: &mut Day) {
    everybody_agrees(rules, day);
    for rule in &mut rules.rules {
        if matches!(rule.moment, Moment::Before { .. }) {
            rule.moment = Moment::After { wait: SignedDuration::from_mins(90), at: None };
        }
        rule.expires_after = SignedDuration::from_hours(24 * 800);
        without_conditions(rule);
    }
}

fn of_brakes() -> Vec<Loosened> {
    let usual = Limits::default();
    let many = Limits { a_day: 100, a_week: 100, ..usual.clone() };
    vec![
        loosened("consents", usual.clone(), everybody_agrees),
        loosened("quiet hours", usual.clone(), |rules, _| {
            rules.brakes.quiet_from = rules.brakes.quiet_until;
        }),
        loosened("a day", Limits { a_day: 1, ..many.clone() }, |rules, _| rules.brakes.a_day = HUGE),
        loosened("a week", Limits { a_week: 1, ..many.clone() }, |rules, _| rules.brakes.a_week = HUGE),
        loosened("orders a day", Limits { orders_a_day: 1, ..usual.clone() }, |rules, _| {
            rules.brakes.orders_a_day = HUGE;
        }),
        loosened("a day of the rule", many.clone(), |rules, _| {
            rules.rules.iter_mut().for_each(|rule| rule.a_day = HUGE);
        }),
        loosened("apart", many.clone(), |rules, _| rules.brakes.apart = SignedDuration::ZERO),
        loosened("trouble", usual.clone(), |rules, _| rules.brakes.after_trouble = SignedDuration::ZERO),
        loosened("an hour", Limits { rule_an_hour: 2, ..usual.clone() }, |rules, _| {
            rules.brakes.rule_an_hour = HUGE;
        }),
        loosened("an hour", Limits { shop_an_hour: 5, ..usual.clone() }, |rules, _| {
            rules.brakes.shop_an_hour = HUGE;
        }),
        loosened("holdout", Limits { holdout_percent: 30, ..usual.clone() }, |rules, _| {
            rules.brakes.holdout_percent = 0;
        }),
        loosened("cancelled", usual.clone(), nothing_is_cancelled),
        loosened("expired", usual.clone(), nothing_expires),
        loosened("looks", usual.clone(), |rules, _| without_conditions(rule_of(rules, "viewed_often"))),
        // A child that is not born yet, or whose birthday is no day.
        loosened("consents", usual, |rules, _| without_conditions(rule_of(rules, "child_birthday"))),
    ]
}

#[test]
fn each_brake_that_is_loosened_is_found() {
    let day = day(3, 300, 12_000);
    for Loosened { brake, limits, loosen } in of_brakes() {
        let played = |rules: &Proactive, played: Day| {
            let simulated = simulate(rules, played, None, &zone());
            Verifier::of(&day, &limits, &zone()).verify(&simulated.nudges)
        };
        let mut rules = limited(shipped(), &limits);
        let found = played(&rules, day.clone());
        assert!(found.is_empty(), "{brake} holds: {found:#?}");
        let mut changed = day.clone();
        loosen(&mut rules, &mut changed);
        let found = played(&rules, changed);
        assert!(found.contains_key(brake), "{brake} was loosened and not found: {:?}", found.keys());
    }
}

#[test]
fn what_is_said_twice_or_made_up_is_found() {
    let day = day(3, 300, 12_000);
    let (simulated, _) = verified(day.clone());
    let limits = Limits::default();
    let is_sent = |line: &&NudgeLine| line.rule == "order_paid" && line.state == NudgeState::Sent;
    let one = simulated.nudges.iter().find(is_sent).unwrap();
    let check = |brake: &str, line: NudgeLine| {
        let mut nudges = simulated.nudges.clone();
        nudges.push(line);
        let found = Verifier::of(&day, &limits, &zone()).verify(&nudges);
        assert!(found.contains_key(brake), "{brake}: {found:#?}");
    };
    check("twice", one.clone());
    check(
        "made up",
        NudgeLine { event: "nothing".to_owned(), cause: "order:nothing".to_owned(), ..one.clone() },
    );
}

#[test]
fn a_held_out_share_is_sent_no_offers_and_is_about_as_large_as_it_says() {
    let limits = Limits { holdout_percent: 30, ..Limits::default() };
    let day = day(4, 500, 20_000);
    let views = day.arrivals.iter().filter(|arrival| matches!(arrival.what, Arrived::Event(_))).count();
    assert!(views >= 20_000);
    let simulated = simulate(&limited(shipped(), &limits), day.clone(), None, &zone());
    let found = Verifier::of(&day, &limits, &zone()).verify(&simulated.nudges);
    assert!(found.is_empty(), "{found:#?}");
    let of_rule = |line: &&NudgeLine| line.rule == "viewed_often";
    let held: Vec<&NudgeLine> =
        simulated.nudges.iter().filter(of_rule).filter(|line| line.reason == Some(Reason::HeldOut)).collect();
    let people = |lines: &[&NudgeLine]| {
        lines.iter().map(|line| line.person.clone()).collect::<std::collections::HashSet<_>>()
    };
    let told: Vec<&NudgeLine> =
        simulated.nudges.iter().filter(of_rule).filter(|line| line.sent_at.is_some()).collect();
    let (held, told) = (people(&held), people(&told));
    let share = held.len() * 100 / (held.len() + told.len());
    assert!((15..=45).contains(&share), "{share} percent");
    assert!(held.is_disjoint(&told));
}

#[test]
fn the_command_prints_what_a_day_would_bring() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = warmdesk(folder.path());
    command.args(["proactive", "simulate", "--generate", "1,50,2000", "--json", "--each", "each.jsonl"]);
    let said = run(&mut command);
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let each = std::fs::read_to_string(folder.path().join("each.jsonl")).unwrap();
    let each: Vec<Value> = each.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sent = each.iter().filter(|line| line["state"] == "sent").count();
    assert_eq!(report["total"]["planned"], each.len());
    assert_eq!(report["total"]["sent"], sent);
    assert!(sent > 0 && each.iter().all(|line| line["rule"].is_string() && line["person"].is_string()));

    let events = [
        r#"{"id":"e1","type":"search","at":"2026-11-18T10:00:00"}"#,
        r#"{"id":"e2","type":"looked","at":"2026-11-18T10:00:00"}"#,
    ];
    std::fs::write(folder.path().join("events.ndjson"), events.join("\n")).unwrap();
    let said = run(warmdesk(folder.path()).args(["proactive", "simulate", "--events", "events.ndjson"]));
    assert_eq!((said.code, said.stdout.as_str()), (Some(1), ""));
    assert!(said.stderr.contains("events.ndjson:2: `type`: `looked`"), "{}", said.stderr);

    std::fs::write(folder.path().join("events.ndjson"), events[0]).unwrap();
    let said = run(warmdesk(folder.path()).args(["proactive", "simulate", "--events", "events.ndjson"]));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("1 events of 0 people") && said.stdout.contains("viewed_often"));
}
