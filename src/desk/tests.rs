//! The desk's rules: moves, hours, queue, note.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::hours::{BusinessHours, HolidayRow, HoursError, HoursRow};
use super::moves::{Move, next, next_ticket};
use super::note::{NoteSource, build};
use super::queue::{DeskCounts, desk_status, is_crowded};
use super::types::{ConversationState, EmotionPoint, TicketStatus};
use crate::identity::{CustomerId, Identity, MessageId};
use crate::record::RecordKind;
use crate::time::Now;
use crate::turn::types::{Author, Emotion, EmotionLabel, Fact, Facts, PastMessage, Reading};

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

fn at(text: &str) -> Now {
    let moment = crate::time::parse_shop_time(text, &zone()).unwrap();
    Now::new(moment, zone())
}

fn shown(moment: Timestamp) -> String {
    moment.to_zoned(zone()).strftime("%Y-%m-%d %H:%M").to_string()
}

fn row(days: &[&str], from: &str, to: &str) -> HoursRow {
    HoursRow {
        days: days.iter().map(|day| (*day).to_owned()).collect(),
        from: from.to_owned(),
        to: to.to_owned(),
    }
}

const WEEK: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

fn nine_to_ten() -> BusinessHours {
    BusinessHours::new(zone(), &[row(&WEEK, "9:00", "22:00")], &[]).unwrap()
}

fn office() -> BusinessHours {
    let holiday = |date: &str, hours: Option<(&str, &str)>| HolidayRow {
        date: date.to_owned(),
        from: hours.map(|(from, _)| from.to_owned()),
        to: hours.map(|(_, to)| to.to_owned()),
    };
    BusinessHours::new(
        zone(),
        &[row(&WEEK[..5], "9:00", "12:00"), row(&WEEK[..5], "13:30", "18:10")],
        &[holiday("2026-11-23", None), holiday("2026-11-28", Some(("10:00", "16:00")))],
    )
    .unwrap()
}

#[test]
fn promises_fall_into_business_hours_on_a_round_quarter() {
    let check = |hours: &BusinessHours, now: &str, minutes: u32, expected: &str| {
        assert_eq!(
            shown(hours.due_in_business_minutes(&at(now), minutes)),
            expected,
            "{minutes} after {now}"
        );
    };
    let late = nine_to_ten();
    check(&late, "2026-11-20 10:12:00", 240, "2026-11-20 14:15");
    check(&late, "2026-11-20 10:15:00", 240, "2026-11-20 14:15");
    check(&late, "2026-11-20 10:15:01", 240, "2026-11-20 14:30");
    check(&late, "2026-11-20 21:00:00", 60, "2026-11-20 22:00");
    check(&late, "2026-11-20 21:00:00", 61, "2026-11-21 09:15");
    check(&late, "2026-11-20 23:30:00", 30, "2026-11-21 09:30");
    check(&late, "2026-11-20 03:00:00", 0, "2026-11-20 09:00");
    check(&late, "2026-12-31 21:50:00", 780, "2027-01-01 22:00");
    let office = office();
    check(&office, "2026-11-20 11:30:00", 60, "2026-11-20 14:00");
    // Rounding never promises a time at which nobody is there any more.
    check(&office, "2026-11-20 18:02:00", 5, "2026-11-20 18:10");
    // Friday evening, the weekend, a closed Monday.
    check(&office, "2026-11-20 18:00:00", 30, "2026-11-24 09:30");
    // A Saturday that has hours of its own.
    check(&office, "2026-11-27 18:10:00", 45, "2026-11-28 10:45");
    let never = BusinessHours::new(zone(), &[], &[]).unwrap();
    check(&never, "2026-11-20 10:12:00", 240, "2026-11-20 14:15");
    let always = BusinessHours::daily(zone(), 0, 1440);
    check(&always, "2026-11-20 23:50:00", 30, "2026-11-21 00:30");
}

#[test]
fn the_desk_is_open_from_the_first_minute_to_the_last() {
    let check = |hours: &BusinessHours, now: &str, opens: Option<&str>| {
        let moment = at(now).timestamp();
        assert_eq!(hours.opens_at(moment).map(shown).as_deref(), opens, "{now}");
        assert_eq!(hours.is_open(moment), opens.is_none(), "{now}");
    };
    let late = nine_to_ten();
    check(&late, "2026-11-20 08:59:59", Some("2026-11-20 09:00"));
    check(&late, "2026-11-20 09:00:00", None);
    check(&late, "2026-11-20 21:59:59", None);
    check(&late, "2026-11-20 22:00:00", Some("2026-11-21 09:00"));
    let office = office();
    check(&office, "2026-11-20 12:30:00", Some("2026-11-20 13:30"));
    check(&office, "2026-11-21 12:00:00", Some("2026-11-24 09:00"));
    check(&office, "2026-11-28 12:00:00", None);
    let night = BusinessHours::new(zone(), &[row(&["fri"], "20:00", "02:00")], &[]).unwrap();
    check(&night, "2026-11-21 01:59:00", None);
    check(&night, "2026-11-21 02:00:00", Some("2026-11-27 20:00"));
    let never = BusinessHours::new(zone(), &[], &[]).unwrap();
    assert!(!never.is_open(at("2026-11-20 12:00").timestamp()));
    assert_eq!(never.opens_at(at("2026-11-20 12:00").timestamp()), None);
}

#[test]
fn hours_follow_the_clock_on_the_wall_when_it_is_changed() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let hours = BusinessHours::new(berlin.clone(), &[row(&WEEK, "9:00", "17:00")], &[]).unwrap();
    let night = Now::new("2026-03-29T00:30:00Z".parse().unwrap(), berlin);
    let due = hours.due_in_business_minutes(&night, 60);
    assert_eq!(due, "2026-03-29T08:00:00Z".parse().unwrap());
}

#[test]
fn hours_that_cannot_be_read_are_refused() {
    let check = |rows: &[HoursRow], holidays: &[HolidayRow], expected: HoursError| {
        assert_eq!(BusinessHours::new(zone(), rows, holidays), Err(expected));
    };
    check(&[row(&["montag"], "9:00", "18:00")], &[], HoursError::Day("montag".into()));
    for wrong in ["9", "9:60", "24:01", "-1:00", "9:0", "", "9:00 Uhr", "９:00"] {
        check(&[row(&["mon"], wrong, "18:00")], &[], HoursError::Time(wrong.into()));
    }
    check(&[row(&["mon"], "9:00", "9:00")], &[], HoursError::Empty("9:00–9:00".into()));
    let holiday = |date: &str, from: Option<&str>| HolidayRow {
        date: date.into(),
        from: from.map(str::to_owned),
        to: None,
    };
    check(&[], &[holiday("2026-02-30", None)], HoursError::Date("2026-02-30".into()));
    check(&[], &[holiday("2026-10-01", Some("9:00"))], HoursError::HalfHoliday("2026-10-01".into()));
}

#[test]
fn it_is_crowded_where_more_wait_than_people_can_take() {
    let check = |waiting: u32, people: u32, times: u32, expected: bool| {
        assert_eq!(is_crowded(waiting, people, times), expected, "{waiting} {people} {times}");
    };
    check(12, 2, 6, false);
    check(13, 2, 6, true);
    check(1, 0, 6, false);
    check(1000, 2, 0, false);
    check(u32::MAX, u32::MAX, 6, false);
}

#[test]
fn in_a_crowd_nobody_is_promised_to_come_before_those_who_wait() {
    let check = |now: &str, pace: Option<i64>, (crowded, due): (bool, &str)| {
        let counts = DeskCounts { ahead: 19, milliseconds_a_place: pace, is_crowded: true };
        let status = desk_status(&nine_to_ten(), counts, 30, &at(now));
        assert_eq!((status.crowded, shown(status.answer_due).as_str()), (crowded, due), "{now} {pace:?}");
    };
    check("2026-11-20 10:00", None, (true, "2026-11-20 10:30"));
    check("2026-11-20 10:00", Some(60_000), (true, "2026-11-20 10:30"));
    check("2026-11-20 10:00", Some(300_000), (true, "2026-11-20 11:45"));
    check("2026-11-20 21:00", Some(600_000), (true, "2026-11-21 11:30"));
    check("2026-11-20 23:00", Some(300_000), (false, "2026-11-21 09:30"));
}

#[test]
fn a_wait_is_named_only_where_it_is_known() {
    let check = |now: &str, pace: Option<i64>, ahead: u32, expected: Option<u32>| {
        let counts = DeskCounts { ahead, milliseconds_a_place: pace, is_crowded: false };
        let status = desk_status(&nine_to_ten(), counts, 240, &at(now));
        assert_eq!(status.wait_minutes, expected, "{now} {pace:?} {ahead}");
        assert_eq!(status.ahead, ahead);
    };
    check("2026-11-20 10:00", Some(60_000), 2, Some(3));
    check("2026-11-20 10:00", Some(1), 0, Some(1));
    check("2026-11-20 10:00", Some(61_000), 0, Some(2));
    check("2026-11-20 10:00", None, 2, None);
    check("2026-11-20 23:00", Some(60_000), 2, None);
    check("2026-11-20 10:00", Some(3_600_000), 9, None);
    let closed = desk_status(&nine_to_ten(), DeskCounts::default(), 60, &at("2026-11-20 23:00"));
    assert!(!closed.open);
    assert_eq!(closed.opens_at.map(shown).as_deref(), Some("2026-11-21 09:00"));
    assert_eq!(shown(closed.answer_due), "2026-11-21 10:00");
}

/// A conversation with its ticket for now, moved as the store moves them: both together or not at all.
#[derive(Debug, Default)]
struct Desk {
    state: ConversationState,
    ticket: Option<TicketStatus>,
}

impl Desk {
    fn apply(&mut self, step: Move) {
        let Ok(state) = next(self.state, step) else { return };
        let ticket = match (step, self.open_ticket()) {
            (Move::HandOver, None) => Some(TicketStatus::Open),
            (Move::CustomerMessage, None) => self.ticket,
            (_, Some(status)) => match next_ticket(status, step) {
                Ok(status) => Some(status),
                Err(_) => return,
            },
            (_, None) => return,
        };
        self.state = state;
        self.ticket = ticket;
    }

    fn open_ticket(&self) -> Option<TicketStatus> {
        self.ticket.filter(|status| status.is_owed())
    }
}

proptest! {
    #[test]
    fn a_conversation_and_its_ticket_never_disagree(steps in prop::collection::vec(prop::sample::select(&Move::ALL[..]), 0..60)) {
        let mut desk = Desk::default();
        for step in steps {
            let before = desk.state;
            desk.apply(step);
            match desk.state {
                ConversationState::Waiting => prop_assert_eq!(desk.ticket, Some(TicketStatus::Open)),
                ConversationState::Human => prop_assert_eq!(desk.ticket, Some(TicketStatus::Claimed)),
                ConversationState::Snoozed => prop_assert_eq!(desk.ticket, Some(TicketStatus::Snoozed)),
                ConversationState::Bot | ConversationState::Resolved => prop_assert_eq!(desk.open_ticket(), None),
            }
            // Only an agent, or being gone, takes a conversation out of people's hands, and only a claim puts it into one's.
            if before.is_with_person() && !desk.state.is_with_person() {
                prop_assert!(matches!(step, Move::Return | Move::Resolve | Move::PassOn | Move::FallBack));
            }
            if desk.state.is_with_person() && !before.is_with_person() {
                prop_assert_eq!((before, step), (ConversationState::Waiting, Move::Claim));
            }
        }
    }

    #[test]
    fn a_customer_can_always_write_and_always_get_a_person(steps in prop::collection::vec(prop::sample::select(&Move::ALL[..]), 0..30)) {
        let mut state = ConversationState::default();
        for step in steps {
            state = next(state, step).unwrap_or(state);
            prop_assert!(next(state, Move::CustomerMessage).is_ok());
            prop_assert!(matches!(next(state, Move::HandOver), Ok(ConversationState::Waiting | ConversationState::Human)));
            // What was put off comes back when the customer writes.
            prop_assert!(next(state, Move::CustomerMessage) != Ok(ConversationState::Snoozed));
        }
    }

    #[test]
    fn a_promise_is_never_early_and_always_within_hours(start in 0_i64..60 * 24 * 3600, minutes in 0_u32..3000) {
        for hours in [nine_to_ten(), office()] {
            let now = Now::new(Timestamp::from_second(1_795_000_000 + start).unwrap(), zone());
            let due = hours.due_in_business_minutes(&now, minutes);
            prop_assert!(due >= now.timestamp());
            prop_assert!(due.duration_since(now.timestamp()).as_mins() >= i64::from(minutes));
            // The moment before the due time people are there (a due time may be the closing time itself).
            let just_before = due - jiff::SignedDuration::from_secs(1);
            prop_assert!(hours.is_open(due) || hours.is_open(just_before), "{due}");
            let longer = hours.due_in_business_minutes(&now, minutes + 15);
            prop_assert!(longer >= due);
        }
    }
}

fn past(number: u32, author: Author, text: &str) -> PastMessage {
    PastMessage {
        id: format!("msg_{number}").parse().unwrap(),
        author,
        text: text.to_owned(),
        at: at("2026-11-20 10:00").timestamp(),
    }
}

fn fact(kind: RecordKind, id: &str) -> Fact {
    Fact {
        id: format!("{kind}:{id}"),
        kind,
        title: format!("title {id}"),
        text: format!("text {id}"),
        fields: serde_json::Value::Null,
        score: 1.0,
        why: String::new(),
        policy: false,
    }
}

#[test]
fn the_note_quotes_and_links() {
    let history = [
        past(1, Author::Customer, "睡袋怎么还没到"),
        past(2, Author::Customer, "都三天了"),
        past(3, Author::Assistant, "这件在武汉\n停了三天"),
        past(4, Author::Staff, "我看一下"),
    ];
    let identity = Identity::Customer(CustomerId::new("c1").unwrap());
    let message: MessageId = "msg_5".parse().unwrap();
    let reading = Reading {
        text: "转人工！！".into(),
        emotion: Emotion { label: EmotionLabel::Angry, intensity: 0.9, ..Emotion::default() },
        ..Reading::default()
    };
    let facts = Facts {
        found: vec![
            fact(RecordKind::Order, "o1"),
            fact(RecordKind::Customer, "c1"),
            fact(RecordKind::Product, "p1"),
            fact(RecordKind::Policy, "r1"),
        ],
        ..Facts::default()
    };
    let earlier =
        [EmotionPoint { message: history[0].id.clone(), label: EmotionLabel::Anxious, intensity: 0.6 }];
    let note = build(&NoteSource {
        identity: &identity,
        history: &history,
        message: &message,
        reading: &reading,
        facts: &facts,
        emotions: &earlier,
        refused: &[],
        promises: &[],
        suggestions: &["您好".to_owned()],
    });
    let lines: Vec<(&str, usize)> =
        note.summary.iter().map(|line| (line.text.as_str(), line.messages.len())).collect();
    assert_eq!(
        lines,
        [
            ("顾客：睡袋怎么还没到 / 都三天了", 2),
            ("助手：这件在武汉 停了三天", 1),
            ("同事：我看一下", 1),
            ("顾客：转人工！！", 1)
        ]
    );
    assert_eq!(note.summary[3].messages, [message]);
    // The wish is what the customer said before asking for a person.
    assert_eq!(note.wish, "都三天了");
    assert_eq!(note.identity, "verified c1");
    assert_eq!(note.emotion.len(), 2);
    assert_eq!(note.orders[0].id, "order:o1");
    assert_eq!(note.products[0].id, "product:p1");
    assert_eq!(note.evidence.iter().map(|fact| fact.id.as_str()).collect::<Vec<_>>(), ["policy:r1"]);
    assert_eq!(note.tried, ["这件在武汉 停了三天"]);
    assert_eq!(note.suggestions, ["您好"]);
}

#[test]
fn a_wish_for_a_person_alone_is_no_wish() {
    let check = |history: &[&str], message: &str, expected: &str| {
        let history: Vec<PastMessage> =
            history.iter().enumerate().map(|(n, text)| past(n as u32, Author::Customer, text)).collect();
        let reading = Reading { text: message.into(), ..Reading::default() };
        let (message, facts) = ("msg_9".parse().unwrap(), Facts::default());
        let note = build(&NoteSource {
            identity: &Identity::Anonymous(None),
            history: &history,
            message: &message,
            reading: &reading,
            facts: &facts,
            emotions: &[],
            refused: &[],
            promises: &[],
            suggestions: &[],
        });
        assert_eq!(note.wish, expected);
        assert_eq!(note.identity, "anonymous");
    };
    check(&["我要退款"], "有没有活人", "我要退款");
    check(&["我要退款"], "让你们老板来", "我要退款");
    check(&["在吗"], "转人工，我收到的是坏的", "转人工，我收到的是坏的");
    check(&[], "人工", "人工");
    let long = "退".repeat(20);
    let many: Vec<&str> = vec![&long; 30];
    check(&many, "人工", &long);
}
