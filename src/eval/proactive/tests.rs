use jiff::tz::TimeZone;

use super::*;
use crate::proactive::{EventType, NudgeState, Reason};

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

fn records(lines: &[&str]) -> Vec<Record> {
    lines.iter().map(|line| Record::parse(line).unwrap()).collect()
}

const PRODUCT: &str = r#"{"kind":"product","id":"p1","title":"睡袋","price":269,"status":"on_sale","stock":3,"life_stage":{"from_month":0}}"#;
const AGREED: &str = r#"{"kind":"customer","id":"c1","consent":{"transactional":true,"marketing":true}}"#;
const REFUSED: &str = r#"{"kind":"customer","id":"c2","consent":{"marketing":false}}"#;

/// Four looks at a product, half a minute apart.
fn looks(customer: &str, from: &str) -> String {
    let start = crate::time::parse_shop_time(from, &zone()).unwrap();
    let look = |number: i64| {
        let at = start.checked_add(SignedDuration::from_secs(30 * number)).unwrap();
        format!(
            r#"{{"id":"{customer}{number}","type":"product_viewed","customer":"{customer}","product":"p1","at":"{at}"}}"#
        )
    };
    (0..4).map(look).collect::<Vec<_>>().join("\n")
}

fn played(lines: &str) -> Simulated {
    let rules = crate::pack::load::PackSource::Embedded.files("zh-CN").unwrap();
    let rules = crate::pack::load::load(&rules).unwrap().pack.proactive;
    let arrivals = parse_events("day.ndjson", lines, &zone()).unwrap();
    simulate(&rules, Day { records: records(&[PRODUCT, AGREED, REFUSED]), arrivals }, None, &zone())
}

#[test]
fn a_day_is_played_as_the_server_would_have_it() {
    let order = |status: &str, at: &str| {
        format!(
            r#"{{"record":{{"kind":"order","id":"o1","customer":"c1","status":"{status}","items":[{{"product":"p1"}}]}},"at":"{at}"}}"#
        )
    };
    let lines = [
        looks("c1", "2026-11-18T10:00:00"),
        looks("c2", "2026-11-18T10:00:00"),
        // The same event again, and a cart that becomes an order before the half hour is over.
        looks("c1", "2026-11-18T10:00:00"),
        r#"{"id":"a","type":"cart_added","customer":"c1","product":"p1","at":"2026-11-18T11:00:00"}"#.to_owned(),
        r#"{"id":"b","type":"cart_left","customer":"c1","product":"p1","at":"2026-11-18T11:10:00"}"#.to_owned(),
        order("unpaid", "2026-11-18T11:20:00"),
        r#"{"id":"c","type":"order_placed","customer":"c1","order":"o1","at":"2026-11-18T11:20:00"}"#.to_owned(),
        // Paid in the evening, told in the night by a system that was slow: it waits until the morning.
        order("paid", "2026-11-18T20:00:00"),
        r#"{"id":"d","type":"order_paid","customer":"c1","order":"o1","at":"2026-11-18T21:00:00","received_at":"2026-11-18T23:00:00"}"#.to_owned(),
    ];
    let simulated = played(&lines.join("\n"));
    let found: Vec<_> = simulated
        .nudges
        .iter()
        .map(|line| (line.rule.as_str(), line.person.as_str(), line.state, line.reason))
        .collect();
    let expected = [
        ("viewed_often", "customer:c1", NudgeState::Sent, None),
        ("viewed_often", "customer:c2", NudgeState::Dropped, Some(Reason::NoConsent)),
        ("cart_left", "customer:c1", NudgeState::Dropped, Some(Reason::CauseGone)),
        ("order_paid", "customer:c1", NudgeState::Dropped, Some(Reason::Expired)),
    ];
    assert_eq!(found, expected);
    assert_eq!((simulated.report.events, simulated.report.duplicates), (12, 4));
    assert_eq!((simulated.report.total.planned, simulated.report.total.sent), (4, 1));
}

#[test]
fn bad_lines_are_named_with_file_line_and_field() {
    let check = |line: &str, expected: &str| {
        let text = format!("\n{line}\n");
        let faults = parse_events("day.ndjson", &text, &zone()).unwrap_err();
        let said = faults[0].to_string();
        assert!(said.starts_with(&format!("day.ndjson:2: {expected}")), "{line}: {said}");
    };
    check("[1]", "the line is no JSON object");
    check(r#"{"type":"search","at":"2026-11-18"}"#, "`id`: is missing");
    check(r#"{"id":"a","at":"2026-11-18"}"#, "`type`: is missing");
    check(r#"{"id":"a","type":"viewed","at":"2026-11-18"}"#, "`type`: `viewed` is no type of event");
    check(r#"{"id":"a","type":"day_begun","at":"2026-11-18"}"#, "`type`: days begin by themselves");
    check(r#"{"id":"a","type":"search"}"#, "`at`: is missing");
    check(r#"{"id":"a","type":"search","at":"soon"}"#, "`at`: `soon` is no time");
    check(r#"{"id":"a","type":"search","at":"2026-11-18","visitor":"me"}"#, "`visitor`: ");
    check(r#"{"id":"a","type":"search","at":"2026-11-18","product":7}"#, "`product`: a text is expected");
    check(
        r#"{"id":"a","type":"search","at":"2099-01-01","received_at":"2026-11-18"}"#,
        "`at`: lies after `received_at`",
    );
    check(r#"{"record":{"kind":"product","id":"p"},"at":"2026-11-18"}"#, "`record.title`: ");
}

#[test]
fn a_made_day_is_the_same_for_a_seed_and_has_everything_that_goes_wrong() {
    let making: Making = "7,50,6000".parse().unwrap();
    let day = make_day(making, &zone());
    assert_eq!(day, make_day(making, &zone()));
    assert_ne!(day, make_day(Making { seed: 8, ..making }, &zone()));
    let events: Vec<(Timestamp, &ShopEvent)> = day
        .arrivals
        .iter()
        .filter_map(|arrival| match &arrival.what {
            Arrived::Event(event) => Some((arrival.at, &**event)),
            Arrived::Record(_) => None,
        })
        .collect();
    let count = |holds: &dyn Fn(Timestamp, &ShopEvent) -> bool| {
        events.iter().filter(|(at, event)| holds(*at, event)).count()
    };
    let ids: std::collections::HashSet<&str> = events.iter().map(|(_, event)| event.id.as_str()).collect();
    assert!(ids.len() < events.len(), "some come twice");
    let year = SignedDuration::from_hours(24 * 300);
    assert!(count(&|at, event| at.duration_since(event.at) > year) > 0, "some are of last year");
    assert!(count(&|at, event| at > event.at) > events.len() / 50, "some come late");
    let views = count(&|_, event| event.kind == EventType::ProductViewed);
    let of_one = count(&|_, event| {
        event.kind == EventType::ProductViewed
            && event.person.as_ref().is_some_and(|person| person.key() == "customer:c0")
    });
    assert!((15..=30).contains(&(of_one * 100 / views)), "{of_one} of {views}");
    for kind in EventType::ALL {
        let own = matches!(kind, EventType::DayBegun | EventType::PriceDropped | EventType::Restocked);
        assert_eq!(count(&|_, event| event.kind == kind) > 0, !own, "{kind:?}");
    }
    for wrong in ["", "1,2", "a,b,c", "1,0,5", "1,5,0", "1,2,3,4"] {
        assert!(wrong.parse::<Making>().is_err(), "{wrong}");
    }
}
