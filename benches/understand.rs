//! How long does it take to read a message, and to prepare a pack for reading?

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use warmdesk::turn::types::{Author, PastMessage, TurnInput};
use warmdesk::turn::understand::{Reader, read};

#[allow(dead_code, reason = "each bench uses its own part")]
mod common;

fn understand(criterion: &mut Criterion) {
    let pack = common::pack();
    let reader = Reader::new(&pack);
    let questions = common::questions();
    let first: Vec<TurnInput> = questions.iter().map(common::input).collect();
    // The same questions with ten earlier messages, against which each is resolved.
    let later: Vec<TurnInput> = first
        .iter()
        .enumerate()
        .map(|(place, input)| TurnInput { history: earlier(&first, place), ..input.clone() })
        .collect();

    let mut group = criterion.benchmark_group("understand");
    group.throughput(Throughput::Elements(questions.len() as u64));
    for (name, inputs) in [("first_messages", &first), ("in_conversation", &later)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                inputs.iter().map(|input| read(black_box(input), &pack, &reader).intents.len()).sum::<usize>()
            });
        });
    }
    group.finish();
    criterion
        .bench_function("understand/prepare_pack", |bencher| bencher.iter(|| Reader::new(black_box(&pack))));
}

fn earlier(inputs: &[TurnInput], place: usize) -> Vec<PastMessage> {
    (1..=10)
        .map(|back| {
            let input = &inputs[(place + back) % inputs.len()];
            let author = if back % 2 == 0 { Author::Assistant } else { Author::Customer };
            let at = input.now.timestamp();
            PastMessage { id: input.message.clone(), author, text: input.text.clone(), at }
        })
        .collect()
}

criterion_group!(benches, understand);
criterion_main!(benches);
