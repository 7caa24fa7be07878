//! The parts that need no server.

use std::time::Duration;

use proptest::prelude::*;

use super::super::client::sign;
use super::super::deck::Deck;
use super::super::distribution::{Distribution, Times};
use super::super::events::{EventReader, ServerEvent};
use super::super::machine::Machine;
use super::super::options::duration;
use super::super::schedule::{self, Schedule};
use super::super::{BenchError, Question};
use super::{ms, question};

#[test]
fn a_questions_file_is_read_line_by_line() {
    let text = "\u{feff}# 示例\ncus_1001\t我的订单到哪了\n\n  羽绒服130还有货吗 \n\t转人工\r\n";
    let expected = [
        question(Some("cus_1001"), "我的订单到哪了"),
        question(None, "羽绒服130还有货吗"),
        question(None, "转人工"),
    ];
    assert_eq!(Question::parse_file(text).unwrap(), expected);
    assert_eq!(Question::parse_file("# 没有\n").unwrap(), []);
}

#[test]
fn a_bad_line_is_named() {
    for (text, line) in [("在吗\ncus_1\t \n", 2), ("a\u{7}b\t在吗\n", 1)] {
        match Question::parse_file(text) {
            Err(BenchError::Question { line: found, .. }) => assert_eq!(found, line, "{text:?}"),
            other => panic!("{text:?} gives {other:?}"),
        }
    }
}

#[test]
fn the_sample_questions_are_questions() {
    let questions = Question::parse_file(include_str!("../../../tests/shop/questions.txt")).unwrap();
    assert!(questions.iter().any(|question| question.customer.is_some()));
    assert!(questions.iter().any(|question| question.customer.is_none()));
}

fn events_of(pieces: &[&[u8]]) -> Result<Vec<ServerEvent>, String> {
    let mut reader = EventReader::default();
    let mut events = Vec::new();
    for piece in pieces {
        events.extend(reader.push(piece)?);
    }
    Ok(events)
}

#[test]
fn events_are_read_as_the_standard_says() {
    let check = |text: &str, expected: &[(&str, &str)]| {
        let events = events_of(&[text.as_bytes()]).unwrap();
        let found: Vec<(&str, &str)> =
            events.iter().map(|event| (event.name.as_str(), event.data.as_str())).collect();
        assert_eq!(found, expected, "{text:?}");
    };
    check("event: done\ndata: {}\n\n", &[("done", "{}")]);
    check("data:a\ndata: b\n\n", &[("message", "a\nb")]);
    check("event: x\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", &[("x", "1"), ("message", "2")]);
    check("event: x\rdata: 1\r\r", &[("x", "1")]);
    check(": keep-alive\n\nid: 7\nretry: 1\ndata: a: b\n\n", &[("message", "a: b")]);
    check("event: nothing\n\ndata: 1\n\n", &[("message", "1")]);
    check("data: unfinished\n", &[]);
    assert!(events_of(&[b"data: \xff\n"]).is_err());
}

proptest! {
    #[test]
    fn pieces_may_break_anywhere(cuts in proptest::collection::vec(0_usize..80, 0..6)) {
        let text = "event: sentence\r\ndata: {\"text\":\"您好，已为您查到。\"}\r\n\r\n: x\n\ndata: 好\n\n".as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
        prop_assert_eq!(events_of(&pieces), events_of(&[text]));
    }

    #[test]
    fn arrivals_rise_within_the_duration_and_repeat_with_the_seed(seed: u64, rate in 0.5_f64..200.0) {
        let length = Duration::from_secs(20);
        let schedule = Schedule::poisson(rate, length, seed);
        let arrivals: Vec<Duration> = schedule.iter().collect();
        prop_assert!(arrivals.is_sorted());
        prop_assert!(arrivals.iter().all(|arrival| *arrival < length));
        prop_assert_eq!(&schedule, &Schedule::poisson(rate, length, seed));
        // Six standard deviations around the mean of a Poisson distribution.
        let (expected, found) = (rate * 20.0, arrivals.len() as f64);
        prop_assert!((found - expected).abs() <= 6.0 * expected.sqrt() + 1.0, "{} of {}", found, expected);
    }
}

#[test]
fn an_impossible_load_is_refused() {
    for (rate, length) in [(0.0, 10), (-1.0, 10), (f64::NAN, 10), (1e9, 10), (0.01, 10)] {
        assert!(schedule::check(rate, Duration::from_secs(length)).is_err(), "{rate}");
    }
    assert!(schedule::check(12.0, Duration::from_secs(60)).is_ok());
}

#[test]
fn percentiles_are_those_of_a_known_distribution() {
    let mut times = Times::new();
    for millisecond in (1..=1000).rev() {
        times.add(ms(millisecond));
    }
    let found = times.distribution();
    let close = |value: Option<f64>, expected: f64| {
        let value = value.unwrap();
        assert!((value - expected).abs() <= expected / 1000.0, "{value} is not {expected}");
    };
    assert_eq!(found.count, 1000);
    close(found.p50, 500.0);
    close(found.p95, 950.0);
    close(found.p99, 990.0);
    assert_eq!((found.mean, found.max), (Some(500.5), Some(1000.0)));
}

#[test]
fn no_percentile_lies_above_the_largest_value() {
    let mut times = Times::new();
    times.add_ms(3.1);
    times.add_ms(f64::NAN);
    times.add_ms(-1.0);
    let all = Some(3.1);
    assert_eq!(
        times.distribution(),
        Distribution { count: 1, mean: all, p50: all, p95: all, p99: all, max: all }
    );
    assert_eq!(Times::new().distribution(), Distribution::default());
}

#[test]
fn nobody_has_two_questions_open() {
    let questions = vec![question(Some("a"), "1"), question(Some("a"), "2"), question(Some("b"), "3")];
    let mut deck = Deck::new(questions, None, 7);
    let (one, two) = (deck.deal(), deck.deal());
    assert_ne!(one.question.customer, two.question.customer);
    // Both are being answered, so there is nothing for it.
    let three = deck.deal();
    for dealt in [one, two, three] {
        deck.give_back(dealt, Some("conv_1".to_owned()));
    }
    assert_eq!(deck.deal().conversation, None, "a new conversation each time");
}

#[test]
fn every_question_has_its_turn() {
    let questions: Vec<Question> = (0..5).map(|number| question(None, &number.to_string())).collect();
    let mut deck = Deck::new(questions, None, 3);
    for _ in 0..3 {
        let mut round: Vec<String> = (0..5).map(|_| deck.deal().question.text).collect();
        round.sort();
        assert_eq!(round, ["0", "1", "2", "3", "4"]);
    }
}

#[test]
fn conversations_are_gone_on_with() {
    let mut deck = Deck::new(vec![question(None, "在吗")], Some(2), 3);
    let (one, two) = (deck.deal(), deck.deal());
    deck.give_back(one, Some("conv_1".to_owned()));
    deck.give_back(two, Some("conv_2".to_owned()));
    let (one, two) = (deck.deal(), deck.deal());
    assert_eq!((one.conversation.as_deref(), two.conversation.as_deref()), (Some("conv_1"), Some("conv_2")));
    deck.give_back(one, None);
    assert_eq!(deck.deal().conversation, None, "one that cannot be gone on with is forgotten");
}

#[test]
fn a_customer_is_signed_as_the_shop_would() {
    // printf cus_1001 | openssl dgst -sha256 -hmac geheim
    let expected = "ff844768d60da3776b545f9179930fb218b58160715cf0a977b838160f7f28a8";
    assert_eq!(sign(&"geheim".into(), "cus_1001"), expected);
}

#[test]
fn times_are_read_with_and_without_unit() {
    for (text, expected) in [("60", 60_000), ("90s", 90_000), ("1.5m", 90_000), ("250ms", 250)] {
        assert_eq!(duration(text), Ok(ms(expected)), "{text}");
    }
    for text in ["", "s", "-1", "0", "1h", "NaN", "1e400"] {
        assert!(duration(text).is_err(), "{text}");
    }
}

#[test]
fn the_machine_has_cores() {
    let machine = Machine::here();
    assert!(machine.cores > 0);
    assert!(machine.line().contains(&machine.os));
}
