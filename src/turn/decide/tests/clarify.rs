//! What is asked about a message that was not understood, and what counts as not understood.

use super::*;

/// A message of which only guesses were read.
fn guessed(text: &str, guesses: &[&str]) -> Reading {
    let guesses = guesses.iter().map(|intent| (*intent).to_owned()).collect();
    Reading { intents: Vec::new(), guesses, ..reading(text, "") }
}

fn asked_with(memory: Memory, reading: &Reading) -> (Decision, Memory) {
    Shop::open().turn(&input(&reading.text, memory, morning()), reading, &Facts::default())
}

#[test]
fn the_two_best_guesses_are_named_in_one_question() {
    let read = guessed("那个黑的怎么说", &["size_recommend", "dispatch_when", "price_query"]);
    let (decision, memory) = asked_with(Memory::default(), &read);
    let question = drafts(&decision).find(|draft| draft.goal == Goal::Collect).unwrap();
    assert!(question.text.contains("选什么码") && question.text.contains("发货时间"), "{}", question.text);
    assert!(asks(&question.text) && question.text.matches('？').count() == 1, "{}", question.text);
    let guesses = vec!["size_recommend".to_owned(), "dispatch_when".to_owned()];
    assert_eq!(memory.pending, Some(Pending::Clarify { guesses, question: "那个黑的怎么说".into() }));
    assert_eq!((memory.not_understood, decision.handoff.is_some()), (1, false));
}

#[test]
fn without_two_names_the_question_stays_open() {
    let check = |guesses: &[&str]| {
        let (decision, memory) = asked_with(Memory::default(), &guessed("那个怎么说", guesses));
        assert!(matches!(&memory.pending, Some(Pending::Clarify { guesses, .. }) if guesses.is_empty()));
        assert!(drafts(&decision).any(|draft| draft.goal == Goal::Collect), "{guesses:?}");
    };
    check(&[]);
    check(&["price_query"]);
    check(&["price_query", "crisis_message"]);
}

#[test]
fn what_is_not_understood_twice_goes_to_a_person() {
    let check = |second: &Reading| {
        let first = guessed("那个怎么说", &["price_query", "dispatch_when"]);
        let before = Memory { intent: Some("where_is_parcel".into()), ..Memory::default() };
        let (_, memory) = asked_with(before, &first);
        let (decision, memory) = asked_with(memory, second);
        let reason = decision.handoff.map(|plan| plan.reason);
        assert_eq!(reason, Some(HandoffReason::NotUnderstood), "{}", second.text);
        assert_eq!(memory.not_understood, 0);
    };
    check(&guessed("那个那个", &["gift_query", "price_query"]));
    check(&reading("阿斯蒂芬", "unclear"));
    check(&Reading { feedback: Feedback::Negated, ..guessed("都不是", &[]) });
}

#[test]
fn guesses_survive_in_a_stored_conversation_of_an_older_version() {
    let stored: Pending = serde_json::from_value(json!({ "kind": "clarify" })).unwrap();
    assert_eq!(stored, Pending::Clarify { guesses: Vec::new(), question: String::new() });
}
