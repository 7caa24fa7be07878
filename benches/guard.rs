//! How long does it take to let a true sentence out, and to catch one with a changed digit?

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use warmdesk::record::{Record, RecordKind, shipment_records};
use warmdesk::time::Now;
use warmdesk::turn::guard::{GoalOrder, Grounds, GuardContext, vet};
use warmdesk::turn::types::{By, Draft, Emotion, Fact, Facts, Goal, Stage, Tier};

#[allow(dead_code, reason = "each bench uses its own part")]
mod common;

/// What a turn about an order has as evidence besides the order: as much as a turn may have.
const OTHER_FACTS: usize = 9;

/// Drafts that are checked against the same evidence.
struct Turn {
    facts: Facts,
    drafts: Vec<Draft>,
}

fn guard(criterion: &mut Criterion) {
    let (pack, now, emotion) = (common::pack(), common::now(), Emotion::default());
    let good = turns(&common::records(), &now);
    let bad: Vec<Turn> = good.iter().map(with_changed_digits).collect();
    let passed = |turn: &Turn| {
        let grounds = Grounds::new(&pack, "我的订单到哪了", &turn.facts, &now);
        let context = GuardContext {
            grounds: &grounds,
            emotion: &emotion,
            stage: Stage::AfterSale,
            tier: Tier::Standard,
            backed: &[],
            done: &[],
            order: GoalOrder::default(),
        };
        turn.drafts.iter().filter(|draft| vet(black_box(draft), &context).is_ok()).count()
    };

    let mut group = criterion.benchmark_group("guard");
    for (name, turns) in [("true_sentences", &good), ("changed_digits", &bad)] {
        let drafts: usize = turns.iter().map(|turn| turn.drafts.len()).sum();
        let out: usize = turns.iter().map(passed).sum();
        println!("guard/{name}: {out} of {drafts} are let out");
        group.throughput(Throughput::Elements(drafts as u64));
        group.bench_function(name, |bencher| bencher.iter(|| turns.iter().map(passed).sum::<usize>()));
    }
    group.finish();
}

/// A turn for each order with parcels: the parts of its evidence as drafts of the model.
fn turns(records: &[Record], now: &Now) -> Vec<Turn> {
    let others: Vec<Fact> = records
        .iter()
        .filter(|record| matches!(record.kind, RecordKind::Policy | RecordKind::Knowledge))
        .take(OTHER_FACTS)
        .map(|record| Fact::of(record, now))
        .collect();
    let orders = records.iter().filter(|record| record.kind == RecordKind::Order);
    orders
        .filter_map(|order| {
            let parcels = shipment_records(order, now);
            if parcels.is_empty() {
                return None;
            }
            let own: Vec<Fact> =
                std::iter::once(order).chain(&parcels).map(|record| Fact::of(record, now)).collect();
            let drafts = own.iter().flat_map(sentences).collect();
            let found = own.into_iter().chain(others.iter().cloned()).collect();
            Some(Turn { facts: Facts { found, order: Some(0), relevant: true, ..Facts::default() }, drafts })
        })
        .collect()
}

/// What stands between two semicolons, as a sentence.
fn sentences(fact: &Fact) -> Vec<Draft> {
    let parts = fact.text.split(['；', '。', '\n']).filter(|part| part.chars().count() > 4);
    parts
        .map(|part| Draft {
            text: format!("{part}。"),
            goal: Goal::Answer,
            by: By::Model,
            evidence: vec![fact.id.clone()],
            wording: None,
            slots: Default::default(),
        })
        .collect()
}

/// The drafts that have digits, the last one of each changed.
fn with_changed_digits(turn: &Turn) -> Turn {
    let drafts = turn.drafts.iter().filter_map(|draft| {
        let at = draft.text.rfind(|character: char| character.is_ascii_digit())?;
        let mut text = draft.text.clone();
        let other = if &text[at..=at] == "7" { "3" } else { "7" };
        text.replace_range(at..=at, other);
        Some(Draft { text, ..draft.clone() })
    });
    Turn { drafts: drafts.collect(), facts: turn.facts.clone() }
}

criterion_group!(benches, guard);
criterion_main!(benches);
