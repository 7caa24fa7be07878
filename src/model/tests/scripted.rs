//! The scripted model keeps the promises of the trait, and misbehaves when told to.

use std::time::{Duration, Instant};

use crate::model::{
    AbsentModel, Behaviour, ChatModel, Finish, ModelError, ModelState, ScriptedModel,
    selftest::{greedy, question},
};

const SOON: Duration = Duration::from_secs(5);

fn model() -> ScriptedModel {
    ScriptedModel::by_substring([("容量", "容量是260毫升。"), ("hello", "Hello, how are you?")], "好的。")
}

#[tokio::test]
async fn replies_are_chosen_by_the_prompt_and_come_in_words() {
    let model = model();
    for (asked, expected) in
        [("多大容量", "容量是260毫升。"), ("say hello", "Hello, how are you?"), ("嗯", "好的。")]
    {
        let generation = model.generate(greedy(question("s", asked), 80, SOON)).unwrap();
        let (text, usage) = generation.collect().await;
        assert_eq!(text, expected);
        let usage = usage.unwrap();
        assert!(usage.generated_tokens > 1 && usage.finish == Finish::Stop, "{usage:?}");
    }
    assert_eq!(model.prompts().len(), 3);
    let cut = model.generate(greedy(question("s", "hello"), 2, SOON)).unwrap().collect().await;
    assert_eq!(cut.1.unwrap().finish, Finish::Length);
    assert!("Hello, how are you?".starts_with(&cut.0) && cut.0.len() < 12);
}

#[tokio::test]
async fn misbehaviour_is_visible_as_from_a_real_model() {
    let model = model();
    let ask = |limit| model.generate(greedy(question("s", "hello"), 80, limit));
    model.behave(Behaviour::Busy);
    assert_eq!(ask(SOON).unwrap_err(), ModelError::Busy);
    model.behave(Behaviour::Absent);
    assert!(matches!(ask(SOON).unwrap_err(), ModelError::Unavailable { .. }));
    assert_eq!(model.state().label(), "absent");
    model.behave(Behaviour::Loading);
    assert!(matches!(ask(SOON).unwrap_err(), ModelError::Unavailable { .. }));
    model.behave(Behaviour::FailHalfway);
    let (text, end) = ask(SOON).unwrap().collect().await;
    assert!(!text.is_empty() && end.is_err());
    model.behave(Behaviour::Hang);
    let (text, end) = ask(Duration::from_millis(30)).unwrap().collect().await;
    assert_eq!((text.as_str(), end.unwrap().finish), ("", Finish::Deadline));
}

#[test]
fn a_deadline_ends_a_slow_answer() {
    let model = model().with_delays(Duration::from_millis(5), Duration::from_secs(60));
    let started = Instant::now();
    let generation = model.generate(greedy(question("s", "hello"), 80, Duration::from_millis(60))).unwrap();
    let (text, end) = generation.blocking_collect();
    assert_eq!((text.as_str(), end.unwrap().finish), ("Hello", Finish::Deadline));
    assert!(started.elapsed() < Duration::from_secs(30));
}

#[test]
fn the_absent_model_says_why() {
    let model = AbsentModel::new("small", "run `warmdesk model pull`");
    assert_eq!(model.state(), ModelState::Absent { reason: "run `warmdesk model pull`".to_owned() });
    let error = model.generate(greedy(question("s", "hello"), 80, SOON)).unwrap_err();
    assert!(error.to_string().contains("model pull"), "{error}");
    assert!(model.count_tokens("奶瓶有260毫升") >= 5);
}
