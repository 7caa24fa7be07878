//! Does a real model, with its real weights, answer real questions of the sample shop through the whole program?

use std::sync::Arc;

use serde_json::Value;
use warmdesk::model::pull::{PullProgress, pull};
use warmdesk::model::{CacheEnvironment, Catalogue, ChatModel, Engine, EngineOptions, selftest};

use crate::app::{RunningShop, sentences};

/// The small model: quick enough for a test on two cores.
const CARD: &str = "qwen2.5-coder-0.5b-instruct-q4_k_m";

/// Questions that no typed field and no policy answers, so that the model has a part in them.
const QUESTIONS: [&str; 3] = ["ppsu和玻璃哪个好", "没有isofix能装安全座椅吗", "孩子一岁学饮杯还是吸管杯"];

/// Tells on standard error what is being fetched: half a gigabyte takes its time.
struct Told;

impl PullProgress for Told {
    fn begin(&self, what: &str, _total: Option<u64>) {
        eprintln!("{what}");
    }
    fn position(&self, _bytes: u64) {}
    fn note(&self, line: &str) {
        eprintln!("{line}");
    }
    fn end(&self) {}
}

/// The engine with the small model's weights, fetched into the user's cache if they are not there.
fn engine() -> Option<Engine> {
    let environment = CacheEnvironment::from_lookup(|name| std::env::var(name).ok());
    let catalogue = Catalogue::embedded().unwrap();
    let card = catalogue.find(CARD).unwrap();
    if let Err(error) = pull(card, None, &environment, &Told) {
        eprintln!("skipped: the weights of {CARD} are not here and cannot be fetched: {error}");
        return None;
    }
    selftest::engine_if_present(card, &environment, EngineOptions::default())
}

/// The engine that `warmdesk serve` takes, if its weights are in the user's cache.
pub fn default_engine() -> Option<Engine> {
    let environment = CacheEnvironment::from_lookup(|name| std::env::var(name).ok());
    let catalogue = Catalogue::embedded().unwrap();
    let card = catalogue.default_card().unwrap();
    selftest::engine_if_present(card, &environment, EngineOptions::default())
}

/// What is wrong with an answer.
fn fault(question: &str, reply: &Value) -> Option<String> {
    if reply["reply"].as_str().unwrap_or_default().trim().is_empty() {
        return Some(format!("{question}: silence"));
    }
    let unknown = reply["sentences"].as_array()?.iter().find(|sentence| {
        let evidence = sentence["evidence"].as_array().is_some_and(|evidence| !evidence.is_empty());
        match sentence["by"].as_str() {
            Some("wording" | "evidence") => false,
            // What the model says rests on records.
            Some("model") => !evidence,
            _ => true,
        }
    });
    unknown.map(|sentence| format!("{question}: {sentence}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_model_answers_and_the_guard_has_the_last_word() {
    let Some(engine) = tokio::task::spawn_blocking(engine).await.unwrap() else { return };
    assert_eq!(engine.state().label(), "ready", "{:?}", engine.state());
    let shop = RunningShop::start(Arc::new(engine)).await;
    let mut asked = 0;
    let mut unspoken = 0;
    for question in QUESTIONS {
        let reply = shop.chat(None, question).await;
        assert_eq!(fault(question, &reply), None);
        let model = &reply["timing"]["model"];
        let refused = reply["guard"]["refused"].as_array().unwrap().len();
        eprintln!("{question}: {:?}, refused {refused}, {model}", sentences(&reply));
        asked += usize::from(model.is_object() || refused > 0);
        let spoke = reply["sentences"].as_array().unwrap().iter().any(|sentence| sentence["by"] == "model");
        unspoken += usize::from(model.is_object() && !spoke);
        if model.is_object() {
            assert!(model["prompt_tokens"].as_u64().unwrap() > 50, "{model}");
            assert!(model["generated_tokens"].as_u64().unwrap() > 0 || refused > 0, "{model}");
        }
    }
    assert!(asked > 0, "the model had no part in any of {QUESTIONS:?}");
    eprintln!("the model was asked {asked} times and got no word in {unspoken} times");
    shop.stop().await;
}
