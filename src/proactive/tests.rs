use std::collections::BTreeSet;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::identity::{ConversationId, CustomerId};
use crate::pack::proactive::{Brakes, Cause, Moment, NudgeRule, Proactive, Purpose};
use crate::record::Record;
use crate::time::{Now, parse_shop_time};

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

fn moment(text: &str) -> Timestamp {
    parse_shop_time(text, &zone()).unwrap()
}

fn now(at: Timestamp) -> Now {
    Now::new(at, zone())
}

fn start() -> Timestamp {
    moment("2026-11-18T10:00:00")
}

fn after(seconds: i64) -> Timestamp {
    start().checked_add(SignedDuration::from_secs(seconds)).unwrap()
}

fn customer() -> Person {
    Person::Customer(CustomerId::new("c1").unwrap())
}

fn event(id: &str, kind: EventType, at: Timestamp) -> ShopEvent {
    ShopEvent {
        id: id.to_owned(),
        kind,
        person: Some(customer()),
        product: Some("p1".to_owned()),
        order: None,
        conversation: None,
        detail: Map::new(),
        at,
    }
}

fn rule(id: &str, purpose: Purpose, a_day: u32) -> NudgeRule {
    NudgeRule {
        id: id.to_owned(),
        name: id.to_owned(),
        enabled: true,
        on: vec![EventType::ProductViewed, EventType::OrderShipped, EventType::ShipmentEvent],
        purpose,
        when: None,
        still: None,
        moment: Moment::Now,
        expires_after: SignedDuration::from_hours(12),
        priority: 10,
        once_per: Cause::Product,
        renewed: false,
        cancelled_by: Vec::new(),
        offers: None,
        does: None,
        choices: Vec::new(),
        a_day,
    }
}

/// What the rule alone plans for an event.
fn planned_of(rule: NudgeRule, event: &ShopEvent, known: &Known, at: Timestamp) -> Vec<Planned> {
    let mut history = History::default();
    history.take(event);
    let rules = Proactive { rules: vec![rule], ..Proactive::default() };
    plan(&rules, Begun { event, history: &history, known, now: &now(at) })
}

fn agreed() -> Standing {
    let consents = Consents { marketing: Some(true), child_profile: Some(true), ..Consents::default() };
    Standing { consents, ..Standing::default() }
}

/// Looks counted one by one: of those of the last day, each that is ten seconds or more after the last counted one.
fn counted_by_hand(looks: &[i64], until: i64) -> usize {
    let mut of_day: Vec<i64> =
        looks.iter().copied().filter(|at| *at <= until && until - at <= 86_400).collect();
    of_day.sort_unstable();
    let mut counted: Vec<i64> = Vec::new();
    for at in of_day {
        if counted.last().is_none_or(|last| at - last >= 10) {
            counted.push(at);
        }
    }
    counted.len()
}

proptest! {
    /// In whatever order looks come, those of another product aside, the count is that of counting by hand.
    #[test]
    fn looks_are_counted_as_by_hand(
        looks in prop::collection::vec((0_i64..200_000, 0_u8..4), 0..80),
        until in 0_i64..200_000,
    ) {
        let mut history = History::default();
        for (number, (at, product)) in looks.iter().enumerate() {
            let mut look = event(&number.to_string(), EventType::ProductViewed, after(*at));
            look.product = Some(if *product == 0 { "p2" } else { "p1" }.to_owned());
            history.take(&look);
            history.take(&look);
        }
        let own: Vec<i64> = looks.iter().filter(|(_, product)| *product != 0).map(|(at, _)| *at).collect();
        prop_assert_eq!(history.views("p1", after(until)), counted_by_hand(&own, until));
    }

    /// Quiet hours, across midnight or not: quiet until an end that is not quiet, at most a day away.
    #[test]
    fn quiet_hours_end(from in 0_i8..24, until in 0_i8..24, minute in 0_i64..2 * 24 * 60) {
        let time = |hour| Time::new(hour, 0, 0, 0).unwrap();
        let brakes = Brakes { quiet_from: time(from), quiet_until: time(until), ..Brakes::default() };
        let moment = now(after(minute * 60));
        let hour = moment.zoned().hour();
        // By hand: hour after hour from the first quiet one, until the end comes.
        let quiet: BTreeSet<i8> = (0..24)
            .map(|step| (from + step) % 24)
            .take_while(|hour| *hour != until)
            .collect();
        let end = quiet_until(&brakes, &moment);
        prop_assert_eq!(end.is_some(), quiet.contains(&hour));
        if let Some(end) = end {
            let ahead = end.duration_since(moment.timestamp());
            prop_assert!(ahead > SignedDuration::ZERO && ahead <= SignedDuration::from_hours(24));
            prop_assert_eq!(now(end).zoned().time(), time(until));
            prop_assert!(quiet_until(&brakes, &now(end)).is_none());
        }
    }

    /// A time of day is the next such time, never before the wait is over and never more than a day after it.
    #[test]
    fn times_of_day_are_the_next_ones(minutes in 0_i64..3_000, hour in 0_i8..24, days in 0_i64..10) {
        let at = Time::new(hour, 30, 0, 0).unwrap();
        let mut rule = rule("r", Purpose::Order, 1);
        let wait = SignedDuration::from_hours(24 * days);
        rule.moment = Moment::After { wait, at: Some(at) };
        let began = event("e", EventType::ProductViewed, after(minutes * 60));
        let planned = planned_of(rule, &began, &Known::default(), began.at);
        let due = planned[0].due;
        let earliest = began.at.checked_add(wait).unwrap();
        prop_assert_eq!(now(due).zoned().time(), at);
        prop_assert!(due >= earliest && due.duration_since(earliest) < SignedDuration::from_hours(24));
        prop_assert_eq!(planned[0].expires, due.checked_add(SignedDuration::from_hours(12)).unwrap());
    }

    /// Whatever comes at whatever time, no window of a day or a week holds more than the brakes allow, offers keep their
    /// distance, and one that was dropped for being too many stays dropped when more has been shown.
    #[test]
    fn caps_are_never_exceeded(
        tries in prop::collection::vec((0_usize..4, 1_i64..40_000), 1..80),
        caps in (1_u32..4, 1_u32..6, 1_u32..4),
    ) {
        let (a_day, a_week, orders_a_day) = caps;
        let brakes = Brakes { a_day, a_week, orders_a_day, ..Brakes::default() };
        let rules = [
            rule("a", Purpose::Offer, 1),
            rule("b", Purpose::Care, 2),
            rule("c", Purpose::Order, 2),
            rule("d", Purpose::Order, 6),
        ];
        let mut standing = agreed();
        let mut clock = 0;
        for (number, wait) in tries {
            clock += wait;
            let rule = &rules[number];
            // The event is a look of just now, so that no night holds it.
            let began = event("e", EventType::ProductViewed, after(clock));
            let judged = may_send(rule, &began, &standing, &brakes, &now(after(clock)));
            let shown = Shown { rule: rule.id.clone(), purpose: rule.purpose, at: after(clock) };
            match judged {
                Ok(()) => standing.shown.push(shown),
                Err(Held::Dropped(reason)) => {
                    prop_assert!(matches!(reason, Reason::DayFull | Reason::WeekFull));
                    let mut more = standing.clone();
                    more.shown.push(shown);
                    let again = may_send(rule, &began, &more, &brakes, &now(after(clock)));
                    prop_assert!(matches!(again, Err(Held::Dropped(_))), "{again:?}");
                }
                Err(Held::Until(time)) => prop_assert!(time > after(clock)),
            }
        }
        let shown = &standing.shown;
        for last in shown {
            let of = |hours: i64, holds: &dyn Fn(&Shown) -> bool| {
                let within = |other: &&Shown| {
                    other.at <= last.at && last.at.duration_since(other.at) < SignedDuration::from_hours(hours)
                };
                u32::try_from(shown.iter().filter(within).filter(|other| holds(other)).count()).unwrap()
            };
            let is_order = |shown: &Shown| shown.purpose == Purpose::Order;
            prop_assert!(of(24, &|shown| !is_order(shown)) <= a_day);
            prop_assert!(of(24 * 7, &|shown| !is_order(shown)) <= a_week);
            prop_assert!(of(24, &is_order) <= orders_a_day);
            for rule in &rules {
                prop_assert!(of(24, &|shown| shown.rule == rule.id) <= rule.a_day);
            }
            let closest = shown.iter().filter(|other| other.at < last.at).map(|other| last.at.duration_since(other.at)).min();
            prop_assert!(is_order(last) || closest.is_none_or(|closest| closest >= brakes.apart));
        }
    }

    /// However many looks come after it, an order is not forgotten.
    #[test]
    fn no_number_of_looks_hides_an_order(looks in 1_usize..700) {
        let mut history = History::default();
        let mut ordered = event("order", EventType::OrderPlaced, after(1));
        ordered.order = Some("o1".to_owned());
        history.take(&ordered);
        for number in 0..looks {
            let at = after(2 + i64::try_from(number).unwrap());
            history.take(&event(&number.to_string(), EventType::ProductViewed, at));
        }
        prop_assert_eq!(history.last_order(), Some(after(1)));
        prop_assert!(history.came_after(&[EventType::OrderPlaced], None, after(0)));
        history.forget_before(after(2));
        prop_assert_eq!(history.last_order(), None);
    }
}

#[test]
fn an_event_is_said_once_for_its_cause() {
    let check = |once_per: Cause, expected: &[&str]| {
        let mut began = event("e 1", EventType::ShipmentEvent, start());
        began.order = Some("o1".to_owned());
        began.conversation = Some("conv_1".parse::<ConversationId>().unwrap());
        let order = Record::from_value(json!({
            "kind": "order", "id": "o1", "customer": "c1", "status": "paid",
            "items": [{ "product": "p1" }, { "product": "p2" }, { "product": "p1" }, { "product": "p3", "gift": true }],
        }));
        let child = Record::from_value(json!({
            "kind": "customer", "id": "c1", "profile": { "child_birthday": "2026-05-18" },
            "consent": { "child_profile": true },
        }));
        let records = [order.unwrap(), child.unwrap()];
        let facts = own_facts(records.iter(), &began, &now(start()));
        let known = Known { facts, ..Known::default() };
        let rule = NudgeRule { once_per, ..rule("r", Purpose::Order, 1) };
        let planned = planned_of(rule, &began, &known, start());
        let causes: Vec<&str> = planned.iter().map(|planned| planned.cause.as_str()).collect();
        assert_eq!(causes, expected, "{once_per:?}");
    };
    check(Cause::Product, &["product:p1"]);
    check(Cause::Order, &["order:o1"]);
    check(Cause::Item, &["order:o1 product:p1", "order:o1 product:p2"]);
    check(Cause::Conversation, &["conversation:conv_1"]);
    check(Cause::Event, &["event:e 1"]);
    check(Cause::Day, &["day:2026-11-18"]);
    check(Cause::Year, &["year:2026"]);
    check(Cause::ChildMonth, &["child_month:6"]);
}

#[test]
fn what_a_cause_needs_must_be_there() {
    let mut began = event("e", EventType::ProductViewed, start());
    began.product = None;
    for once_per in [Cause::Product, Cause::Order, Cause::Item, Cause::Conversation, Cause::ChildMonth] {
        let rule = NudgeRule { once_per, ..rule("r", Purpose::Order, 1) };
        assert_eq!(planned_of(rule, &began, &Known::default(), start()), [], "{once_per:?}");
    }
}

#[test]
fn only_a_rule_that_is_renewed_begins_its_time_anew() {
    for renewed in [false, true] {
        let wait = SignedDuration::from_hours(49);
        let later = || NudgeRule {
            renewed,
            once_per: Cause::Order,
            moment: Moment::After { wait, at: None },
            ..rule("r", Purpose::Order, 1)
        };
        let moved = |id: &str, at: Timestamp| ShopEvent {
            order: Some("o1".to_owned()),
            ..event(id, EventType::ShipmentEvent, at)
        };
        let first = planned_of(later(), &moved("a", start()), &Known::default(), start());
        let second = planned_of(later(), &moved("b", after(3_600)), &Known::default(), after(3_600));
        assert_eq!(first[0].cause, second[0].cause);
        assert_eq!((first[0].renews, second[0].renews), (renewed, renewed));
        assert_eq!(second[0].due.duration_since(first[0].due), SignedDuration::from_hours(1));
    }
}

#[test]
fn what_could_only_be_said_too_late_is_not_planned() {
    let began = event("e", EventType::ProductViewed, start());
    let last_year = start().to_zoned(zone()).checked_add(1.year()).unwrap().timestamp();
    let plan = |at: Timestamp| planned_of(rule("r", Purpose::Order, 1), &began, &Known::default(), at).len();
    assert_eq!(
        (plan(start()), plan(after(12 * 3_600 - 1)), plan(after(12 * 3_600)), plan(last_year)),
        (1, 1, 0, 0)
    );
}

#[test]
fn at_night_only_what_somebody_did_just_now_is_answered() {
    let check = |kind: EventType, minutes: i64, at_once: bool, free: bool| {
        let night = moment("2026-11-18T23:30:00");
        let began = event("e", kind, night.checked_sub(SignedDuration::from_mins(minutes)).unwrap());
        let mut rule = rule("r", Purpose::Order, 1);
        if !at_once {
            rule.moment = Moment::After { wait: SignedDuration::from_mins(minutes), at: None };
        }
        let judged = may_send(&rule, &began, &agreed(), &Brakes::default(), &now(night));
        let morning = Err(Held::Until(moment("2026-11-19T09:00:00")));
        assert_eq!(judged, if free { Ok(()) } else { morning }, "{kind:?} {minutes} {at_once}");
    };
    check(EventType::ProductViewed, 0, true, true);
    check(EventType::OrderPaid, 30, true, true);
    check(EventType::OrderPaid, 31, true, false);
    check(EventType::OrderShipped, 0, true, false);
    check(EventType::CartLeft, 0, false, false);
}

#[test]
fn consents_are_asked_for_what_they_are_about() {
    use Purpose::{Care, Offer, Order};
    let check = |said: [Option<bool>; 3], purpose: Purpose, on_the_page: bool, allowed: bool| {
        let [transactional, marketing, child_profile] = said;
        let consents = Consents { proactive: None, transactional, marketing, child_profile };
        let kind = if on_the_page { EventType::ProductViewed } else { EventType::OrderShipped };
        let judged = may_send(
            &rule("r", purpose, 1),
            &event("e", kind, start()),
            &Standing { consents, ..Standing::default() },
            &Brakes::default(),
            &now(start()),
        );
        let expected = if allowed { Ok(()) } else { Err(Held::Dropped(Reason::NoConsent)) };
        assert_eq!(judged, expected, "{said:?} {purpose:?} {on_the_page}");
    };
    let (yes, no) = (Some(true), Some(false));
    check([None, None, None], Order, false, true);
    check([no, yes, yes], Order, false, false);
    check([None, None, None], Offer, true, true);
    check([None, no, None], Offer, true, false);
    check([yes, None, None], Offer, false, false);
    check([None, yes, None], Offer, false, true);
    check([yes, yes, None], Care, true, false);
    check([yes, None, yes], Care, false, false);
    check([None, yes, yes], Care, false, true);
    // What could not be said while the page was looked at is an offer like any other.
    let began = event("e", EventType::ProductViewed, start());
    for (minutes, expected) in [(30, Ok(())), (31, Err(Held::Dropped(Reason::NoConsent)))] {
        let (rule, moment) = (rule("r", Offer, 1), now(after(60 * minutes)));
        assert_eq!(may_send(&rule, &began, &Standing::default(), &Brakes::default(), &moment), expected);
    }
}

#[test]
fn whoever_refused_to_be_spoken_to_first_is_not_spoken_to() {
    let record = json!({ "consent": { "proactive": false, "transactional": true, "marketing": true } });
    let standing = Standing { consents: Consents::of(Some(&record)), ..Standing::default() };
    for purpose in [Purpose::Order, Purpose::Offer] {
        let began = event("e", EventType::ProductViewed, start());
        let judged = may_send(&rule("r", purpose, 1), &began, &standing, &Brakes::default(), &now(start()));
        assert_eq!(judged, Err(Held::Dropped(Reason::NoConsent)), "{purpose:?}");
    }
}

#[test]
fn in_trouble_orders_are_told_of_and_talks_are_not_followed_up() {
    let standing = Standing { trouble: Some(start()), ..agreed() };
    let check = |purpose: Purpose, kind: EventType, told: bool| {
        let began = event("e", kind, start());
        let judged = may_send(&rule("r", purpose, 1), &began, &standing, &Brakes::default(), &now(after(60)));
        assert_eq!(judged == Err(Held::Dropped(Reason::Trouble)), !told, "{purpose:?} {kind:?}");
    };
    check(Purpose::Order, EventType::OrderShipped, true);
    check(Purpose::Order, EventType::ConversationEnded, false);
    check(Purpose::Offer, EventType::ProductViewed, false);
}

#[test]
fn offers_are_withheld_from_a_share_and_everything_in_a_dry_run() {
    let check = |purpose: Purpose, holdout_percent: u32, dry_run: bool, expected: Option<Reason>| {
        let brakes = Brakes { holdout_percent, dry_run, ..Brakes::default() };
        let found = withheld(&rule("r", purpose, 1), &customer(), &brakes);
        assert_eq!(found, expected, "{purpose:?} {holdout_percent} {dry_run}");
    };
    check(Purpose::Offer, 0, false, None);
    check(Purpose::Offer, 100, false, Some(Reason::HeldOut));
    check(Purpose::Care, 100, true, Some(Reason::HeldOut));
    check(Purpose::Order, 100, false, None);
    check(Purpose::Order, 100, true, Some(Reason::DryRun));
    // Who may be told nothing now is none of those to compare with, whatever the share.
    let told = Shown { rule: "r".to_owned(), purpose: Purpose::Offer, at: start() };
    let standing = Standing { shown: vec![told], ..agreed() };
    let brakes = Brakes { holdout_percent: 100, ..Brakes::default() };
    let began = event("e", EventType::ProductViewed, start());
    let judged = may_send(&rule("r", Purpose::Offer, 1), &began, &standing, &brakes, &now(after(60)));
    assert_eq!(judged, Err(Held::Dropped(Reason::DayFull)));
    assert_eq!(may_send(&rule("r", Purpose::Offer, 1), &began, &agreed(), &brakes, &now(after(60))), Ok(()));
}

/// Somebody who has just placed an order is left alone for at least half of the time in which it can be paid.
#[test]
fn a_word_before_a_time_leaves_half_of_the_time_and_never_comes_after_it() {
    let check = |minutes: i64, told_after: i64, due: i64| {
        let placed =
            ShopEvent { order: Some("o1".to_owned()), ..event("e", EventType::OrderShipped, start()) };
        let closes = now(after(60 * minutes)).zoned().strftime("%Y-%m-%dT%H:%M:%S").to_string();
        let order =
            json!({ "kind": "order", "id": "o1", "customer": "c1", "status": "unpaid", "close_at": closes });
        let facts = own_facts([Record::from_value(order).unwrap()].iter(), &placed, &now(start()));
        let lead = SignedDuration::from_mins(30);
        let rule = NudgeRule {
            once_per: Cause::Order,
            moment: Moment::Before { field: "order.close_at".to_owned(), lead },
            ..rule("r", Purpose::Offer, 1)
        };
        let known = Known { facts, ..Known::default() };
        let planned = planned_of(rule, &placed, &known, after(60 * told_after));
        assert_eq!(planned[0].due, after(60 * due), "{minutes} {told_after}");
        assert_eq!(planned[0].expires, after(60 * minutes), "{minutes} {told_after}");
    };
    check(120, 0, 90);
    check(60, 0, 30);
    check(30, 0, 15);
    check(14, 0, 7);
    // The event came late: there is still the time until the end.
    check(30, 20, 20);
}

#[test]
fn a_birthday_to_come_says_nothing_of_a_child() {
    let check = |birthday: &str, agreed: bool, months: Option<i64>, today: bool| {
        let record = Record::from_value(json!({
            "kind": "customer", "id": "c1", "profile": { "child_birthday": birthday },
            "consent": { "child_profile": agreed },
        }));
        let fact = customer_fact(&record.unwrap(), &now(start()));
        assert_eq!(fact.fields.get("child_months").and_then(Value::as_i64), months, "{birthday}");
        assert_eq!(fact.fields["child_birthday_today"] == true, today, "{birthday}");
        assert!(!fact.fields.to_string().contains(birthday), "the day itself is not known: {birthday}");
    };
    check("2026-05-18", true, Some(6), false);
    check("2025-11-18", true, Some(12), true);
    check("2025-11-18", false, None, false);
    check("2099-11-18", true, None, false);
    check("明年春天", true, None, false);
}

#[test]
fn every_type_is_named_as_the_api_names_it() {
    for kind in EventType::ALL {
        assert_eq!(json!(kind), kind.as_str());
    }
}
