//! What is done about a wait, at which moment, and never twice.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;
use crate::desk::hours::HoursRow;

fn zone() -> TimeZone {
    TimeZone::get("Asia/Shanghai").unwrap()
}

fn at(text: &str) -> Timestamp {
    crate::time::parse_shop_time(text, &zone()).unwrap()
}

fn hours() -> BusinessHours {
    let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].map(str::to_owned).to_vec();
    BusinessHours::new(zone(), &[HoursRow { days, from: "9:00".into(), to: "22:00".into() }], &[]).unwrap()
}

const SETTINGS: WaitSettings = WaitSettings {
    update_minutes: 3,
    most_updates: 2,
    place_seconds: 60,
    most_places: 3,
    remind_minutes: 5,
    escalate_minutes: 10,
    leave_minutes: 30,
};

fn begun(since: &str) -> Wait {
    Wait {
        since: at(since),
        updates: 0,
        told_ahead: Some(0),
        moved_up: 0,
        called_back: false,
        left: false,
        escalation: Escalation::Nobody,
        steps: 1,
    }
}

const NOTHING: Heard = Heard { last_word: None, announced: None, ahead: 0 };

/// The wait after a step.
fn after(wait: Wait, step: WaitStep) -> Wait {
    let steps = wait.steps + 1;
    match step {
        WaitStep::Begin => Wait { steps, ..wait },
        WaitStep::Leave { .. } => Wait { steps, left: true, ..wait },
        WaitStep::CallLead => Wait { steps, escalation: Escalation::Lead, ..wait },
        WaitStep::RemindGroup => Wait { steps, escalation: Escalation::Group, ..wait },
        WaitStep::OfferCallBack => Wait { steps, called_back: true, ..wait },
        WaitStep::Update => Wait { steps, updates: wait.updates + 1, ..wait },
        WaitStep::MovedUp => Wait { steps, moved_up: wait.moved_up + 1, ..wait },
    }
}

#[test]
fn each_step_has_its_moment() {
    let check = |wait: Wait, heard: Heard, now: &str, expected: Result<WaitStep, &str>| {
        let step = due(&wait, heard, (&SETTINGS, &hours()), at(now)).map_err(|next| next.at);
        assert_eq!(step, expected.map_err(|at_time| Some(at(at_time))), "{wait:?} {now}");
    };
    let new = begun("2026-11-20 10:00");
    check(Wait { steps: 0, ..new }, NOTHING, "2026-11-20 10:00", Ok(WaitStep::Begin));
    check(new, NOTHING, "2026-11-20 10:00", Err("2026-11-20 10:03"));
    check(new, NOTHING, "2026-11-20 10:03", Ok(WaitStep::Update));
    // A word of ours puts off the next one.
    let spoken = Heard { last_word: Some(at("2026-11-20 10:02")), announced: None, ahead: 0 };
    check(new, spoken, "2026-11-20 10:03", Err("2026-11-20 10:05"));
    check(new, spoken, "2026-11-20 10:05", Ok(WaitStep::RemindGroup));
    let reminded = Wait { escalation: Escalation::Group, updates: 2, ..new };
    check(reminded, NOTHING, "2026-11-20 10:06", Err("2026-11-20 10:10"));
    check(reminded, NOTHING, "2026-11-20 10:10", Ok(WaitStep::CallLead));
    let announced = Heard { announced: Some(at("2026-11-20 10:08")), ..spoken };
    check(reminded, announced, "2026-11-20 10:08", Ok(WaitStep::OfferCallBack));
    let called = Wait { escalation: Escalation::Lead, called_back: true, ..reminded };
    check(called, announced, "2026-11-20 10:30", Err("2026-11-20 21:30"));
    check(called, announced, "2026-11-20 21:30", Ok(WaitStep::Leave { is_told: false }));
    let left = Wait { left: true, ..called };
    assert_eq!(
        due(&left, announced, (&SETTINGS, &hours()), at("2026-11-21 12:00")),
        Err(NextLook::default())
    );
}

#[test]
fn the_end_of_the_day_is_told_in_time_and_nobody_is_sent_away_at_once() {
    let check = |since: &str, now: &str, expected: Option<WaitStep>| {
        let wait = Wait { escalation: Escalation::Lead, updates: 2, called_back: true, ..begun(since) };
        assert_eq!(due(&wait, NOTHING, (&SETTINGS, &hours()), at(now)).ok(), expected, "{since} {now}");
    };
    let told = Some(WaitStep::Leave { is_told: false });
    check("2026-11-20 21:40", "2026-11-20 21:41", None);
    check("2026-11-20 21:40", "2026-11-20 21:45", told);
    check("2026-11-20 21:58", "2026-11-20 21:59", None);
    check("2026-11-20 21:58", "2026-11-20 22:00", told);
    // After a stop over night it is still told.
    check("2026-11-20 21:58", "2026-11-21 08:00", told);
    // Who was handed over at night has heard the time in the very line.
    check("2026-11-20 23:00", "2026-11-20 23:00", Some(WaitStep::Leave { is_told: true }));
}

#[test]
fn nobody_is_reminded_and_nothing_is_said_while_nobody_is_there() {
    let night = Wait { left: true, ..begun("2026-11-20 23:00") };
    let next = due(&night, NOTHING, (&SETTINGS, &hours()), at("2026-11-21 03:00"));
    assert_eq!(next.map_err(|next| next.at), Err(Some(at("2026-11-21 09:05"))));
    assert_eq!(
        due(&night, NOTHING, (&SETTINGS, &hours()), at("2026-11-21 09:05")),
        Ok(WaitStep::RemindGroup)
    );
}

#[test]
fn what_is_set_to_nothing_never_happens() {
    let off = WaitSettings { update_minutes: 0, remind_minutes: 0, escalate_minutes: 0, ..SETTINGS };
    let next = due(&begun("2026-11-20 10:00"), NOTHING, (&off, &hours()), at("2026-11-20 12:00"));
    assert_eq!(next.map_err(|next| next.at), Err(Some(at("2026-11-20 21:30"))));
}

#[test]
fn who_moves_up_hears_it_and_not_too_often() {
    const EARLY: (Option<WaitStep>, Option<&str>) = (None, Some("2026-11-20 10:02"));
    const NEVER: (Option<WaitStep>, Option<&str>) = (None, None);
    let told = (Some(WaitStep::MovedUp), None);
    let spoken = |ahead| Heard { last_word: Some(at("2026-11-20 10:01")), ahead, ..NOTHING };
    let was = |told_ahead| Wait { told_ahead, ..begun("2026-11-20 10:00") };
    let check = |wait: Wait, ahead: u32, now: &str, (step, when_moved): (Option<WaitStep>, Option<&str>)| {
        let came = due(&wait, spoken(ahead), (&SETTINGS, &hours()), at(now));
        assert_eq!(came.ok(), step, "{wait:?} {ahead} {now}");
        let next = came.err().and_then(|next| next.when_moved);
        assert_eq!(next, when_moved.map(at), "{wait:?} {ahead} {now}");
    };
    // A minute after the last word, and not before.
    check(was(Some(5)), 3, "2026-11-20 10:01:59", EARLY);
    check(was(Some(5)), 3, "2026-11-20 10:02", told);
    check(was(Some(1)), 0, "2026-11-20 10:02", told);
    // Nothing has changed, or it has become worse: that is looked for when somebody is taken.
    check(was(Some(5)), 5, "2026-11-20 10:02", EARLY);
    check(was(Some(5)), 8, "2026-11-20 10:02", EARLY);
    // Whoever is first, or has heard nothing to compare with, cannot move up.
    check(was(Some(0)), 0, "2026-11-20 10:02", NEVER);
    check(was(None), 3, "2026-11-20 10:02", NEVER);
    check(Wait { moved_up: 3, ..was(Some(5)) }, 3, "2026-11-20 10:02", NEVER);
    // Three words are spread over twelve places, and the last one over what is left.
    check(was(Some(12)), 9, "2026-11-20 10:02", EARLY);
    check(was(Some(12)), 8, "2026-11-20 10:02", told);
    check(Wait { moved_up: 2, updates: 2, ..was(Some(5)) }, 1, "2026-11-20 10:02", EARLY);
    check(Wait { moved_up: 2, updates: 2, ..was(Some(5)) }, 0, "2026-11-20 10:02", told);
    check(Wait { left: true, ..was(Some(5)) }, 3, "2026-11-20 10:02", NEVER);
    // The word of every few minutes says it too.
    check(was(Some(5)), 3, "2026-11-20 10:04", (Some(WaitStep::Update), None));
    // A look that comes early is repeated in time.
    let early = due(&was(Some(5)), spoken(3), (&SETTINGS, &hours()), at("2026-11-20 10:01:30"));
    assert_eq!(early.map_err(|next| next.at), Err(Some(at("2026-11-20 10:02"))));
    let off = WaitSettings { place_seconds: 0, ..SETTINGS };
    let next = due(&was(Some(5)), spoken(3), (&off, &hours()), at("2026-11-20 10:02"));
    assert_eq!(next, Err(NextLook { at: Some(at("2026-11-20 10:04")), when_moved: None }));
}

#[test]
fn nobody_hears_of_the_queue_while_nobody_is_there() {
    let wait = Wait { told_ahead: Some(5), updates: 2, ..begun("2026-11-20 21:59") };
    let heard = Heard { ahead: 3, ..NOTHING };
    let wait = Wait { escalation: Escalation::Lead, left: false, ..wait };
    let late = due(&wait, heard, (&SETTINGS, &hours()), at("2026-11-20 22:00"));
    assert_eq!(late, Ok(WaitStep::Leave { is_told: false }));
    let before = due(&wait, heard, (&SETTINGS, &hours()), at("2026-11-20 21:59:30"));
    let tomorrow = Some(at("2026-11-21 09:00"));
    assert_eq!(before, Err(NextLook { at: Some(at("2026-11-20 22:00")), when_moved: tomorrow }));
}

proptest! {
    /// However the clock jumps, every step is done at most as often as it may be, and looking again comes to an end.
    #[test]
    fn a_wait_comes_to_an_end(start in 0_i64..3 * 24 * 60, jumps in prop::collection::vec((0_i64..300, 0_u32..9), 1..40)) {
        let hours = hours();
        let since = at("2026-11-20 00:00") + jiff::SignedDuration::from_mins(start);
        let mut wait = Wait { since, steps: 0, ..begun("2026-11-20 10:00") };
        let (mut now, mut heard, mut done) = (since, NOTHING, Vec::new());
        heard.announced = Some(since + jiff::SignedDuration::from_mins(20));
        for (jump, ahead) in jumps {
            now += jiff::SignedDuration::from_mins(jump);
            heard.ahead = ahead;
            for _ in 0..20 {
                match due(&wait, heard, (&SETTINGS, &hours), now) {
                    Ok(step) => {
                        wait = after(wait, step);
                        if matches!(step, WaitStep::Update | WaitStep::MovedUp | WaitStep::OfferCallBack) {
                            prop_assert!(hours.is_open(now), "{step:?} at {now}");
                            heard.last_word = Some(now);
                            wait.told_ahead = Some(ahead);
                        }
                        done.push(step);
                    }
                    Err(next) => {
                        prop_assert!(next.at.is_none_or(|next| next > now), "{next:?} is not after {now}");
                        break;
                    }
                }
            }
            prop_assert!(due(&wait, heard, (&SETTINGS, &hours), now).is_err(), "{done:?}");
        }
        let count = |wanted: fn(&WaitStep) -> bool| done.iter().filter(|step| wanted(step)).count();
        prop_assert!(count(|step| *step == WaitStep::Begin) == 1);
        prop_assert!(count(|step| *step == WaitStep::Update) <= 2);
        prop_assert!(count(|step| *step == WaitStep::MovedUp) <= 3);
        prop_assert!(count(|step| *step == WaitStep::RemindGroup) <= 1);
        prop_assert!(count(|step| *step == WaitStep::CallLead) <= 1);
        prop_assert!(count(|step| *step == WaitStep::OfferCallBack) <= 1);
        let left = count(|step| matches!(step, WaitStep::Leave { .. }));
        prop_assert!(left <= 1);
    }
}
