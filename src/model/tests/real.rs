//! The small real model, when its weights are in the user's cache.

use crate::model::{CacheEnvironment, ChatModel, EngineOptions, find_card, selftest};

fn with_small_model(check: impl FnOnce(&dyn ChatModel)) {
    let environment = CacheEnvironment::from_lookup(|name| std::env::var(name).ok());
    let card = find_card("qwen2.5-coder-0.5b").unwrap();
    let Some(engine) = selftest::engine_if_present(&card, &environment, EngineOptions::default()) else { return };
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

#[test]
fn zz_measure() {
    use std::time::{Duration, Instant};
    let environment = CacheEnvironment::from_lookup(|name| std::env::var(name).ok());
    for name in ["qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b"] {
        let card = find_card(name).unwrap();
        for round in 0..2 {
            let t = Instant::now();
            let engine = selftest::engine_if_present(&card, &environment, EngineOptions::default()).unwrap();
            eprintln!("{name} round {round} load {:?}", t.elapsed());
            let evidence = "资料：订单已于周一下午发货，承运方是顺丰，最后一条记录显示包裹在武汉转运中心停留，等待下一班车。本店承诺七天内无理由退换，运费由责任方承担。".repeat(4);
            for _ in 0..2 {
                let prompt = selftest::question("你是网店客服，语气温和，先安抚顾客的情绪，再说明情况，最后给出办法。", &format!("{evidence}\n问题：我的包裹三天没有更新了，怎么回事？"));
                let (text, usage) = selftest::ask(&engine, selftest::greedy(prompt, 64, Duration::from_secs(120))).unwrap();
                eprintln!("{text}\n{usage:?} prompt {:.1} tok/s decode {:.1} tok/s", usage.prompt_tokens as f64 / usage.prompt_ms * 1000.0, usage.generated_tokens as f64 / usage.decode_ms * 1000.0);
            }
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            eprintln!("{}", status.lines().filter(|l| l.starts_with("VmHWM") || l.starts_with("VmRSS")).collect::<Vec<_>>().join(" "));
        }
    }
}
