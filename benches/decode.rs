//! How long do a prompt token and a written token take? Needs the small model's weights; without them it says so
//! and measures nothing.

use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use warmdesk::model::{CacheEnvironment, Engine, EngineOptions, GenerationUsage, find_card, selftest};

/// The smallest model with a verified card; the large one scales with its size.
const MODEL: &str = "qwen2.5-coder-0.5b";

/// About 200 tokens, as a grounded prompt has.
const EVIDENCE: &str = "订单已于周一下午发货，承运方是顺丰，最后一条记录显示包裹在武汉转运中心停留，等待下一班车。\
    本店承诺签收后七天内无理由退换，运费由责任方承担；贴身用品拆封后不支持无理由退货，质量问题除外。\
    睡袋适合室温十八到二十二度，内里为全棉，可以机洗，不可漂白，不建议烘干。";

fn decode(criterion: &mut Criterion) {
    let environment = CacheEnvironment::from_lookup(|name| std::env::var(name).ok());
    let card = find_card(MODEL).expect("the small model has a card");
    let Some(engine) = selftest::engine_if_present(&card, &environment, EngineOptions::default()) else {
        println!("decode: skipped, the weights of {MODEL} are not here; run `warmdesk model pull {MODEL}`");
        return;
    };
    let mut group = criterion.benchmark_group("decode");
    group.sample_size(10);
    group.warm_up_time(Duration::from_millis(500));
    group.bench_function("prompt_token", |bencher| {
        bencher.iter_custom(|rounds| {
            // The question differs each time, so that no kept prefix spares the work.
            let each = (0..rounds).map(|round| {
                let usage = generate(&engine, &format!("第{round}位顾客问：{EVIDENCE}"), 1);
                per_token(usage.prompt_ms, usage.prompt_tokens - usage.cached_tokens)
            });
            each.sum()
        });
    });
    group.bench_function("written_token", |bencher| {
        bencher.iter_custom(|rounds| {
            let each = (0..rounds).map(|_| {
                let usage = generate(&engine, EVIDENCE, 32);
                per_token(usage.decode_ms, usage.generated_tokens)
            });
            each.sum()
        });
    });
    group.finish();
}

fn generate(engine: &Engine, text: &str, most_tokens: usize) -> GenerationUsage {
    let prompt = selftest::question("你是网店客服，请用一段话详细解释下面的资料。", text);
    let request = selftest::greedy(prompt, most_tokens, Duration::from_secs(60));
    let (_, usage) = selftest::ask(engine, request).expect("the model answers");
    usage
}

fn per_token(milliseconds: f64, tokens: usize) -> Duration {
    Duration::from_secs_f64(milliseconds / 1000.0 / tokens.max(1) as f64)
}

criterion_group!(benches, decode);
criterion_main!(benches);
