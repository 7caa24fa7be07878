//! The small real model, when its weights are in the user's cache.

use crate::model::{CacheEnvironment, ChatModel, EngineOptions, find_card, selftest};

fn with_small_model(check: impl FnOnce(&dyn ChatModel)) {
    let environment = CacheEnvironment::from_lookup(|name| std::env::var(name).ok());
    let card = find_card("qwen2.5-coder-0.5b").unwrap();
    let Some(engine) = selftest::engine_if_present(&card, &environment, EngineOptions::default()) else {
        return;
    };
    assert_eq!(engine.state().label(), "ready", "{:?}", engine.state());
    check(&engine);
}

#[test]
fn the_small_model_answers_from_evidence_and_stops_when_told() {
    with_small_model(|model| {
        let (answer, usage) = selftest::answers_from_evidence(model).unwrap();
        eprintln!("{answer} {usage:?}");
        selftest::stops_when_told(model).unwrap();
    });
}

#[test]
fn the_small_model_reads_alike_in_chunks_and_whole() {
    let environment = CacheEnvironment::from_lookup(|name| std::env::var(name).ok());
    let card = find_card("qwen2.5-coder-0.5b").unwrap();
    let Some(difference) = selftest::chunking_difference(&card, &environment) else { return };
    let difference = difference.unwrap();
    eprintln!("{difference:?}");
    assert!(difference.same_choice, "{difference:?}");
    assert!(difference.largest < 0.4, "{difference:?}");
}
