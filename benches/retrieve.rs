//! How long does it take to search the sample shop, and to make it searchable?

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use warmdesk::identity::{Scope, ShopId};
use warmdesk::knowledge::{Change, Knowledge, SearchQuery};
use warmdesk::record::RecordKind;

#[allow(dead_code, reason = "each bench uses its own part")]
mod common;

fn searching(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let knowledge = common::knowledge(folder.path(), &common::records());
    let queries: Vec<(Scope, SearchQuery)> = common::questions()
        .iter()
        .map(|question| {
            let query = SearchQuery { text: question.text.clone(), limit: 12, ..SearchQuery::default() };
            (common::scope(question), query)
        })
        .collect();
    let mut group = criterion.benchmark_group("retrieve");
    // Time and throughput are of all questions once; divide by their number for one.
    group.throughput(Throughput::Elements(queries.len() as u64));
    for (name, kinds) in [("everything", Vec::new()), ("knowledge", vec![RecordKind::Knowledge])] {
        let queries: Vec<(Scope, SearchQuery)> = queries
            .iter()
            .map(|(scope, query)| (scope.clone(), SearchQuery { kinds: kinds.clone(), ..query.clone() }))
            .collect();
        group.bench_function(format!("search/{name}"), |bencher| {
            bencher.iter(|| {
                queries
                    .iter()
                    .map(|(scope, query)| hits(&knowledge, black_box(scope), black_box(query)))
                    .sum::<usize>()
            });
        });
    }
    group.finish();
}

fn hits(knowledge: &Knowledge, scope: &Scope, query: &SearchQuery) -> usize {
    knowledge.search(scope, query).expect("the index can be searched").len()
}

fn indexing(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let records = common::records();
    let knowledge = common::knowledge(folder.path(), &records);
    let shop = ShopId::default();
    let changed = records.iter().find(|record| record.kind == RecordKind::Knowledge).cloned();
    let change = [Change::Put(changed.expect("the sample shop has knowledge"))];
    let mut group = criterion.benchmark_group("index");
    group.sample_size(10);
    group.bench_function("one_change", |bencher| {
        bencher.iter(|| knowledge.apply(&shop, black_box(&change)).expect("the change can be applied"));
    });
    group.throughput(Throughput::Elements(records.len() as u64));
    group.bench_function("sample_shop", |bencher| {
        bencher.iter_batched(
            || tempfile::tempdir().expect("a temporary folder can be made"),
            |folder| {
                common::knowledge(folder.path(), &records);
                folder
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, searching, indexing);
criterion_main!(benches);
