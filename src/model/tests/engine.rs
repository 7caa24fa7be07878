//! The engine with a tiny model: corrupt files, states, limits, the queue, cancelling.

use std::{fs, path::Path, sync::Arc, time::Duration, time::Instant};

use proptest::prelude::*;

use super::tiny::Tiny;
use crate::model::{
    CacheEnvironment, Catalogue, ChatModel, DeviceChoice, Engine, EngineOptions, Finish, ModelChoice,
    ModelError, ModelState, Sampling,
    engine::{EngineSource, mask_memory, scores_by_chunk},
    open,
    selftest::{greedy, question},
};

const SOON: Duration = Duration::from_secs(30);

fn start(path: &Path, options: EngineOptions) -> Engine {
    let source = EngineSource {
        name: "tiny".into(),
        weights: path.into(),
        tokenizer: None,
        stated: None,
        architecture: None,
    };
    Engine::start(source, options).unwrap()
}

fn tiny(options: EngineOptions) -> (tempfile::TempDir, Engine) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    Tiny::default().write(&path);
    let engine = start(&path, options);
    assert_eq!(engine.wait_until_settled(SOON), ModelState::Ready);
    (folder, engine)
}

#[test]
fn corrupt_files_fail_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    Tiny::default().write(&path);
    let whole = fs::read(&path).unwrap();
    let check = |bytes: &[u8], expected: &str| {
        fs::write(&path, bytes).unwrap();
        let engine = start(&path, EngineOptions::default());
        let ModelState::Failed { reason } = engine.wait_until_settled(SOON) else { panic!("it should fail") };
        assert!(reason.contains(expected), "{reason:?} should mention {expected:?}");
        let refused = engine.generate(greedy(question("s", "q"), 4, SOON)).unwrap_err();
        assert!(matches!(refused, ModelError::Unavailable { .. }));
    };
    check(b"", "no GGUF file");
    check(b"<html>sorry</html>", "no GGUF file");
    check(&whole[..200], "damaged or cut off");
    check(&whole[..whole.len() - 1000], "is cut off: the tensor");
    let mut version = whole.clone();
    version[4] = 99;
    check(&version, "header");
    let mut garbage = whole.clone();
    garbage[24..4000].fill(0xff);
    check(&garbage, "header");
    Tiny { architecture: "mamba", ..Tiny::default() }.write(&path);
    check(&fs::read(&path).unwrap(), "\"mamba\" is not supported");
    fs::remove_file(&path).unwrap();
    let engine = start(&path, EngineOptions::default());
    assert!(matches!(engine.wait_until_settled(SOON), ModelState::Failed { .. }));
}

#[test]
fn prompts_beyond_the_limit_are_refused_not_cut() {
    let (_folder, engine) = tiny(EngineOptions { max_prompt_tokens: 100, ..EngineOptions::default() });
    let long = "长".repeat(60);
    let error = engine.generate(greedy(question("s", &long), 4, SOON)).unwrap_err();
    assert!(matches!(error, ModelError::PromptTooLong { tokens, limit: 100 } if tokens > 180), "{error}");
    let huge = "长".repeat(1 << 20);
    assert!(matches!(
        engine.generate(greedy(question("s", &huge), 4, SOON)).unwrap_err(),
        ModelError::PromptTooLong { .. }
    ));
    assert!(
        engine.generate(greedy(question("s", "q"), 4096, SOON)).is_err(),
        "prompt and answer exceed the context"
    );
}

#[test]
fn answers_end_by_length_and_repeat_with_their_seed() {
    let (_folder, engine) = tiny(EngineOptions { prompt_chunk: 7, ..EngineOptions::default() });
    let (text, usage) = engine.generate(greedy(question("s", "q"), 5, SOON)).unwrap().blocking_collect();
    let usage = usage.unwrap();
    assert_eq!((usage.finish, usage.generated_tokens, usage.cached_tokens), (Finish::Length, 5, 0));
    assert_eq!(usage.prompt_tokens, engine.count_tokens("system\ns\nuser\nq\nassistant\n") + 5);
    assert!(!text.is_empty());
    let draw = |seed| {
        let sampling = Sampling::Seeded { seed, temperature: 1.0, top_p: 0.99 };
        let request = crate::model::GenerationRequest { sampling, ..greedy(question("s", "q"), 12, SOON) };
        let (text, usage) = engine.generate(request).unwrap().blocking_collect();
        (text, usage.unwrap().generated_tokens)
    };
    assert_eq!(draw(7), draw(7));
    assert_ne!(draw(7), draw(8));
}

/// With plain 32-bit weights nothing is rounded away, so a wrong mask, position or left-over of an earlier
/// conversation would show at once.
#[test]
fn every_family_reads_alike_in_chunks_whole_and_token_by_token() {
    let prompt =
        question("instruction", "a question that takes more than one chunk to read, and then some more");
    for architecture in ["qwen2", "qwen3", "llama"] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiny.gguf");
        Tiny { architecture, seed: Some(7), ..Tiny::default() }.write(&path);
        let scores = scores_by_chunk(&path, &prompt, &[usize::MAX, 64, 7, 1, usize::MAX]).unwrap();
        let size = scores[0].iter().fold(0.0_f32, |size, score| size.max(score.abs()));
        for (index, other) in scores.iter().enumerate() {
            let gap = scores[0].iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
            assert!(gap <= size * 1e-3, "{architecture}, way {index}: {gap} of {size}");
        }
        let swapped =
            question("instruction", "another question that takes more than one chunk to read, and then");
        let different = scores_by_chunk(&path, &swapped, &[64]).unwrap();
        let gap = scores[0].iter().zip(&different[0]).map(|(a, b)| (a - b).abs()).fold(0.0_f32, f32::max);
        assert!(gap > size * 1e-2, "{architecture}: the scores do not depend on what was read");
    }
}

#[test]
fn a_full_queue_refuses_and_the_dead_make_room() {
    let (_folder, engine) = tiny(EngineOptions { queue: 2, ..EngineOptions::default() });
    let ask = |limit| engine.generate(greedy(question("s", "q"), 3000, limit));
    let mut running = ask(SOON).unwrap();
    assert!(running.blocking_next().is_some());
    let expiring = ask(Duration::from_millis(50)).unwrap();
    let abandoned = ask(SOON).unwrap();
    assert_eq!(ask(SOON).unwrap_err(), ModelError::Busy);
    drop(abandoned);
    let patient = ask(SOON).unwrap();
    let (text, end) = expiring.blocking_collect();
    assert_eq!((text.as_str(), end.unwrap().finish), ("", Finish::Deadline));
    drop(running);
    let started = Instant::now();
    drop(patient);
    let (_, end) = engine.generate(greedy(question("s", "q"), 2, SOON)).unwrap().blocking_collect();
    assert_eq!(end.unwrap().generated_tokens, 2);
    assert!(started.elapsed() < SOON);
}

#[test]
fn a_dropped_engine_ends_its_listeners() {
    let (_folder, engine) = tiny(EngineOptions::default());
    let running = engine.generate(greedy(question("s", "q"), 3000, SOON)).unwrap();
    let waiting = engine.generate(greedy(question("s", "q"), 3000, SOON)).unwrap();
    drop(engine);
    let (_, end) = waiting.blocking_collect();
    assert!(!matches!(end, Ok(usage) if usage.finish == Finish::Stop));
    let (_, end) = running.blocking_collect();
    assert!(!matches!(end, Ok(usage) if usage.finish == Finish::Length));
}

#[test]
fn devices_are_read_and_unbuilt_ones_refused() {
    let check =
        |text: &str, expected: Option<DeviceChoice>| assert_eq!(text.parse().ok(), expected, "{text}");
    check("cpu", Some(DeviceChoice::Cpu));
    check("CUDA", Some(DeviceChoice::Cuda(0)));
    check("cuda:3", Some(DeviceChoice::Cuda(3)));
    check("metal", Some(DeviceChoice::Metal));
    check("cuda:x", None);
    check("tpu", None);
    if !cfg!(feature = "cuda") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiny.gguf");
        Tiny::default().write(&path);
        let engine =
            start(&path, EngineOptions { device: DeviceChoice::Cuda(0), ..EngineOptions::default() });
        let state = engine.wait_until_settled(SOON);
        assert!(state.reason().is_some_and(|reason| reason.contains("--features cuda")), "{state:?}");
    }
}

#[test]
fn what_is_not_there_is_absent_and_says_how_to_get_it() {
    let home = tempfile::tempdir().unwrap();
    let environment = CacheEnvironment { home: Some(home.path().to_owned()), ..CacheEnvironment::default() };
    let catalogue = Catalogue::embedded().unwrap();
    let opened = |flag: &str| -> Result<Arc<dyn ChatModel>, ModelError> {
        open(&ModelChoice::from_flag(flag), &catalogue, &environment, &EngineOptions::default())
    };
    let reason = |flag: &str| opened(flag).ok().unwrap().state().reason().unwrap().to_owned();
    assert!(reason("").contains("model pull qwen2.5-coder-1.5b"));
    assert!(reason("qwen3-4b").contains("model pull qwen3-4b"));
    assert!(reason("none").contains("--model none"));
    assert!(reason("/nowhere/x.gguf").contains("/nowhere/x.gguf"));
    assert!(opened("unheard-of").is_err());
    let path = home.path().join("tiny.gguf");
    Tiny::default().write(&path);
    let model = opened(&path.display().to_string()).ok().unwrap();
    assert_eq!(model.name(), "tiny");
    assert!(matches!(model.state(), ModelState::Loading | ModelState::Ready));
}

#[test]
fn the_kept_masks_stay_small_with_the_defaults() {
    let EngineOptions { max_prompt_tokens, prompt_chunk, .. } = EngineOptions::default();
    assert!(mask_memory(max_prompt_tokens, prompt_chunk) < 3_500_000);
}

#[test]
fn numbers_that_would_take_all_memory_are_refused_by_name() {
    #[track_caller]
    fn check(name: &str) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiny.gguf");
        Tiny::default().write(&path);
        let mut bytes = fs::read(&path).unwrap();
        let at = bytes.windows(name.len()).position(|window| window == name.as_bytes()).unwrap();
        // The key is followed by the four bytes of its type and the four of its number, the least first.
        bytes[at + name.len() + 7] = 0xAA;
        fs::write(&path, bytes).unwrap();
        let state = start(&path, EngineOptions::default()).wait_until_settled(SOON);
        assert!(state.reason().is_some_and(|reason| reason.contains(name)), "{name}: {state:?}");
    }
    check("qwen2.context_length");
    check("qwen2.block_count");
}

proptest! {
    #[test]
    fn damaged_files_never_bring_the_program_down(at in 0_usize..30_000, with in any::<u8>()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tiny.gguf");
        Tiny::default().write(&path);
        let mut bytes = fs::read(&path).unwrap();
        let at = at % bytes.len();
        bytes[at] = with;
        fs::write(&path, bytes).unwrap();
        let engine = start(&path, EngineOptions::default());
        let state = engine.wait_until_settled(SOON);
        prop_assert!(state != ModelState::Loading, "still loading");
    }
}
