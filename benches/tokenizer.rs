//! How long does it take to cut Chinese text into terms? Questions are cut at every turn, records when they are
//! indexed.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use warmdesk::record::RecordKind;

#[allow(dead_code, reason = "each bench uses its own part")]
mod common;

fn tokenizer(criterion: &mut Criterion) {
    let analyzer = common::analyzer();
    let questions: Vec<String> = common::questions().into_iter().map(|question| question.text).collect();
    let knowledge: Vec<String> = common::records()
        .into_iter()
        .filter(|record| record.kind == RecordKind::Knowledge)
        .filter_map(|record| record.text("text").map(str::to_owned))
        .collect();
    // The longest message that is accepted, of words a customer would use.
    let longest: String = questions.join("，").chars().cycle().take(10_000).collect();

    let mut group = criterion.benchmark_group("tokenizer");
    for (name, texts) in
        [("questions", &questions), ("knowledge", &knowledge), ("longest_message", &vec![longest])]
    {
        group.throughput(Throughput::Bytes(texts.iter().map(|text| text.len() as u64).sum()));
        group.bench_function(format!("terms/{name}"), |bencher| {
            bencher
                .iter(|| texts.iter().map(|text| analyzer.query(black_box(text)).words.len()).sum::<usize>());
        });
        group.bench_function(format!("normalise/{name}"), |bencher| {
            bencher
                .iter(|| texts.iter().map(|text| analyzer.normalise(black_box(text)).len()).sum::<usize>());
        });
    }
    group.finish();
}

criterion_group!(benches, tokenizer);
criterion_main!(benches);
