use proptest::prelude::*;

use super::*;

const PAUSE: Duration = Duration::from_secs(10);

fn at(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

#[test]
fn it_opens_after_failures_in_a_row_and_closes_after_one_answer() {
    let (start, breaker) = (Instant::now(), Breaker::new(3, PAUSE));
    let fail = |seconds| breaker.admit(at(start, seconds)).map(|permit| permit.failed(at(start, seconds)));
    assert_eq!((fail(0), fail(1)), (Some(false), Some(false)));
    breaker.admit(at(start, 2)).unwrap().answered();
    assert_eq!((fail(3), fail(4)), (Some(false), Some(false)), "an answer begins the count anew");
    assert_eq!(breaker.state(at(start, 4)), BreakerState::Closed);
    assert_eq!(fail(5), Some(true), "the third in a row opens it");
    assert_eq!(breaker.state(at(start, 6)), BreakerState::Open);
    assert!(breaker.admit(at(start, 14)).is_none(), "it is left alone for the pause");

    assert_eq!(breaker.state(at(start, 15)), BreakerState::HalfOpen);
    let trying = breaker.admit(at(start, 15)).unwrap();
    assert!(breaker.admit(at(start, 15)).is_none(), "only one tries");
    assert!(trying.failed(at(start, 16)), "the try decides at once");
    assert!(breaker.admit(at(start, 25)).is_none(), "the pause begins anew");
    breaker.admit(at(start, 26)).unwrap().answered();
    assert_eq!(breaker.state(at(start, 26)), BreakerState::Closed);
    assert_eq!(fail(27), Some(false), "one failure is one failure again");
}

#[test]
fn a_try_that_is_given_up_leaves_the_next_one_to_try() {
    let (start, breaker) = (Instant::now(), Breaker::new(1, PAUSE));
    assert!(breaker.admit(start).unwrap().failed(start));
    drop(breaker.admit(at(start, 10)).unwrap());
    assert!(breaker.admit(at(start, 10)).is_some(), "a customer who left must not keep the breaker open");
}

#[test]
fn a_late_failure_neither_opens_nor_prolongs() {
    let (start, breaker) = (Instant::now(), Breaker::new(1, PAUSE));
    let (slow, fast) = (breaker.admit(start).unwrap(), breaker.admit(start).unwrap());
    assert!(fast.failed(at(start, 1)));
    assert!(!slow.failed(at(start, 9)));
    assert!(breaker.admit(at(start, 11)).is_some(), "the pause counts from the failure that opened it");
}

proptest! {
    /// Whatever happens, it never stays shut for longer than the pause after the last failure, and never lets more
    /// than one try through.
    #[test]
    fn it_always_recovers(failures in 1_u32..4, outcomes in prop::collection::vec(0_u8..4, 0..40)) {
        let (start, breaker) = (Instant::now(), Breaker::new(failures, PAUSE));
        let (mut now, mut held) = (start, Vec::new());
        for outcome in outcomes {
            now += Duration::from_secs(1);
            let Some(permit) = breaker.admit(now) else { continue };
            match outcome {
                0 => permit.answered(),
                1 => { permit.failed(now); }
                2 => drop(permit),
                _ => held.push(permit),
            }
            prop_assert!(held.iter().filter(|permit: &&Permit| permit.is_try).count() <= 1);
        }
        held.clear();
        now += PAUSE;
        let permit = breaker.admit(now);
        prop_assert!(permit.is_some());
        permit.unwrap().answered();
        prop_assert_eq!(breaker.state(now), BreakerState::Closed);
    }
}
