//! How long does a whole turn take without the model: understand, retrieve, decide, guard, over the sample shop?
//!
//! Records come from memory and what is said goes nowhere, so that neither the disk nor the network is measured.

use std::sync::Arc;
use std::time::Instant;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::tz::TimeZone;
use warmdesk::desk::hours::BusinessHours;
use warmdesk::identity::{CustomerId, Scope, TicketId};
use warmdesk::model::AbsentModel;
use warmdesk::record::{Record, RecordKind};
use warmdesk::turn::guard::Vetted;
use warmdesk::turn::retrieve::{Own, Source};
use warmdesk::turn::types::{Decision, Facts, Handoff, HandoffPlan, Reading, Refusal, TurnInput};
use warmdesk::turn::{Backing, Limits, Rules, Turn, Voice, VoiceError};

#[allow(dead_code, reason = "each bench uses its own part")]
mod common;

/// The sample shop's records in memory, inside the scope of whoever asks.
#[derive(Clone)]
struct Shop(Arc<Vec<Record>>);

impl Shop {
    fn of_kind(&self, kind: RecordKind) -> Vec<Record> {
        self.0.iter().filter(|record| record.kind == kind).cloned().collect()
    }
}

impl Source for Shop {
    type Error = std::convert::Infallible;

    async fn own(&self, scope: &Scope, kinds: &[RecordKind]) -> Result<Own, Self::Error> {
        let customer = scope.verified_customer().map(CustomerId::as_str);
        let own = |record: &&Record| {
            kinds.contains(&record.kind) && customer.is_some() && record.customer() == customer
        };
        Ok(Own { records: self.0.iter().filter(own).cloned().collect(), unreadable: None })
    }
    async fn records(
        &self,
        scope: &Scope,
        wanted: &[(RecordKind, String)],
    ) -> Result<Vec<Record>, Self::Error> {
        let customer = scope.verified_customer().map(CustomerId::as_str);
        let visible = |record: &&Record| !record.kind.is_private() || record.customer() == customer;
        let find = |(kind, id): &(RecordKind, String)| {
            self.0.iter().find(|record| record.kind == *kind && record.id == *id).filter(visible).cloned()
        };
        Ok(wanted.iter().filter_map(find).collect())
    }
    async fn public(&self, _: &Scope, kinds: &[RecordKind]) -> Result<Vec<Arc<Record>>, Self::Error> {
        Ok(kinds.iter().flat_map(|kind| self.of_kind(*kind)).map(Arc::new).collect())
    }
    async fn of_product(
        &self,
        _: &Scope,
        kind: RecordKind,
        product: &str,
    ) -> Result<Vec<Record>, Self::Error> {
        let records = self.of_kind(kind).into_iter();
        Ok(records.filter(|record| record.text("product") == Some(product)).collect())
    }
}

/// Counts what is said.
#[derive(Default)]
struct Counter(usize);

fn handoff(plan: &HandoffPlan) -> Handoff {
    let ticket = TicketId::generate();
    Handoff { reason: plan.reason, detail: plan.detail.clone(), mode: plan.mode, ticket }
}

impl Voice for Counter {
    async fn back(&mut self, decision: &Decision, _: &Reading, _: &Facts) -> Result<Backing, VoiceError> {
        Ok(Backing { handoff: decision.handoff.as_ref().map(handoff), ..Backing::default() })
    }
    async fn say(&mut self, _: &Vetted) -> Result<(), VoiceError> {
        self.0 += 1;
        Ok(())
    }
    async fn open(&mut self, plan: &HandoffPlan, _: &[Refusal]) -> Result<Handoff, VoiceError> {
        Ok(handoff(plan))
    }
    fn announce(&mut self, _: &Handoff) {}
    fn is_heard(&self) -> bool {
        true
    }
}

fn turn(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let records = common::records();
    let knowledge = common::knowledge(folder.path(), &records);
    let zone = TimeZone::fixed(jiff::tz::offset(8));
    let turn = Turn {
        rules: Arc::new(Rules::new(Arc::new(common::pack()))),
        source: Shop(Arc::new(records)),
        knowledge: Arc::new(knowledge),
        model: Arc::new(AbsentModel::new("none", "the bench has no model")),
        hours: Arc::new(BusinessHours::daily(zone, 9 * 60, 22 * 60)),
        limits: Limits::default(),
    };
    let inputs: Vec<TurnInput> = common::questions().iter().map(common::input).collect();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime starts");

    let mut group = criterion.benchmark_group("turn");
    group.throughput(Throughput::Elements(inputs.len() as u64));
    group.bench_function("without_model", |bencher| {
        bencher.iter(|| {
            let mut said = Counter::default();
            for input in &inputs {
                let outcome = runtime.block_on(turn.run(input, Instant::now(), &mut said));
                assert!(outcome.is_ok(), "a turn without trouble in the store always ends");
            }
            said.0
        });
    });
    group.finish();
}

criterion_group!(benches, turn);
criterion_main!(benches);
