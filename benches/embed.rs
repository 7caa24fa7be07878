//! How long does a question take to become a vector, and how many records a second do? Needs the embedder's weights;
//! without them it says so and measures nothing.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use warmdesk::model::{CacheEnvironment, Catalogue, Purpose, open_embedder};

const QUESTIONS: [(&str, &str); 3] = [
    ("short", "在吗"),
    ("usual", "我上周买的睡袋怎么还没到"),
    (
        "long",
        "你好，我上周三在你们家买了一个恒温睡袋和两罐奶粉，睡袋已经到了，奶粉一直没有物流信息，孩子马上要断粮了，\
         能不能帮我催一下，或者先补发一罐，实在不行就退款吧，我去别的地方买",
    ),
];

fn embed(criterion: &mut Criterion) {
    let environment = CacheEnvironment::from_lookup(|name| std::env::var(name).ok());
    let catalogue = Catalogue::embedded().expect("the bundled cards can be read");
    let Some(embedder) = open_embedder(&catalogue, &environment).expect("the weights can be used") else {
        println!("embed: skipped, the embedder's weights are not here; run `warmdesk model pull`");
        return;
    };
    let mut group = criterion.benchmark_group("embed");
    for (name, question) in QUESTIONS {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                embedder.embed_one(black_box(question), Purpose::Query).expect("a vector comes back")
            });
        });
    }
    let records = vec![
        "恒温睡袋适合室温十八到二十二度，内里为全棉，可以机洗，不可漂白，不建议烘干。";
        64
    ];
    group.throughput(Throughput::Elements(records.len() as u64));
    group.sample_size(10);
    group.bench_function("records", |bencher| {
        bencher.iter(|| embedder.embed(black_box(&records), Purpose::Passage).expect("vectors come back"));
    });
    group.finish();
}

criterion_group!(benches, embed);
criterion_main!(benches);
