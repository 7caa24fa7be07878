//! Who is missed, and since when?

use proptest::prelude::*;

use super::*;

fn who(name: &str) -> StaffScope {
    StaffScope { shop: ShopId::default(), actor: name.to_owned() }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_140_720 + seconds).unwrap()
}

/// What happens to somebody, at a second.
#[derive(Debug, Clone, Copy)]
enum Happens {
    Arrives(i64),
    Leaves(i64),
    Shows(i64),
}

use Happens::{Arrives, Leaves, Shows};

fn after(happened: &[Happens]) -> Presence {
    let mut presence = Presence::new(at(0));
    for one in happened {
        match one {
            Arrives(second) => presence.arrives(&who("lin"), at(*second)),
            Leaves(second) => presence.leaves(&who("lin"), at(*second)),
            Shows(second) => presence.shows(&who("lin"), at(*second)),
        }
    }
    presence
}

#[test]
fn whoever_is_gone_is_missed_from_the_last_sign_on() {
    #[track_caller]
    fn check(happened: &[Happens], now: i64, expected: i64) {
        let gone = after(happened).gone_for(&who("lin"), at(now));
        assert_eq!(gone, SignedDuration::from_secs(expected), "{happened:?} at {now}");
    }
    // After a start everybody counts as having been there.
    check(&[], 0, 0);
    check(&[], 59, 59);
    check(&[Arrives(5)], 500, 0);
    check(&[Arrives(5), Leaves(100)], 130, 30);
    check(&[Arrives(5), Leaves(100), Arrives(110)], 500, 0);
    // Two windows: the desk is open until both are closed.
    check(&[Arrives(5), Arrives(6), Leaves(100)], 500, 0);
    check(&[Arrives(5), Arrives(6), Leaves(100), Leaves(200)], 500, 300);
    // A request is a sign too.
    check(&[Arrives(5), Leaves(100), Shows(150)], 180, 30);
    check(&[Shows(20)], 50, 30);
    // The clock is set back.
    check(&[], -3600, 0);
    check(&[Arrives(5), Leaves(100)], -3600, 0);
}

#[test]
fn nobody_is_missed_for_a_time_in_which_no_door_was_open() {
    let mut presence = Presence::new(at(0));
    presence.doors_open(at(300));
    assert_eq!(presence.gone_for(&who("lin"), at(301)), SignedDuration::from_secs(1));
    assert_eq!(presence.gone_for(&who("lin"), at(360)), SignedDuration::from_secs(60));
}

#[test]
fn a_clock_that_was_set_back_is_not_waited_for() {
    let mut presence = after(&[Arrives(5), Leaves(100)]);
    for name in ["lin", "mei"] {
        assert_eq!(presence.gone_for(&who(name), at(-3600)), SignedDuration::ZERO);
        assert_eq!(presence.gone_for(&who(name), at(-3540)), SignedDuration::from_secs(60), "{name}");
    }
}

#[test]
fn the_people_of_one_shop_are_counted_once_each() {
    let mut presence = after(&[Arrives(1), Arrives(2)]);
    presence.arrives(&who("mei"), at(3));
    presence.shows(&who("zhou"), at(3));
    assert_eq!(presence.here(&ShopId::default()), 2);
    assert!(presence.is_here(&who("mei")) && !presence.is_here(&who("zhou")));
    presence.leaves(&who("mei"), at(4));
    assert_eq!(presence.here(&ShopId::default()), 1);
}

proptest! {
    /// However the clock runs, nobody who has the desk open is missed, and nobody longer than the clock has run since.
    #[test]
    fn nobody_is_missed_too_early(steps in prop::collection::vec((0_u8..4, -100_i64..300), 1..60)) {
        let (mut presence, mut open, mut now, mut run) = (Presence::new(at(0)), 0_u32, 0_i64, 0_i64);
        for (what, passed) in steps {
            now += passed;
            run += passed.max(0);
            match what {
                0 => { presence.arrives(&who("lin"), at(now)); open += 1; }
                1 if open > 0 => { presence.leaves(&who("lin"), at(now)); open -= 1; run = 0; }
                2 => { presence.shows(&who("lin"), at(now)); run = 0; }
                _ => {
                    let gone = presence.gone_for(&who("lin"), at(now));
                    prop_assert!(!gone.is_negative());
                    prop_assert!(open == 0 || gone.is_zero());
                    prop_assert!(gone <= SignedDuration::from_secs(run));
                }
            }
        }
    }
}
