//! What does an action's start add to a turn's commit, and how long does one look of the promises' clock take over a hundred
//! thousand open promises of which none or a few are due? Over a database file as a shop has it.

use std::sync::atomic::{AtomicU32, Ordering};

use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use warmdesk::actions::Executor;
use warmdesk::desk::types::{HandoffNote, Priority};
use warmdesk::identity::{ConversationId, CustomerId, Scope, ShopId, StaffScope};
use warmdesk::store::{
    Brought, NewAction, NewConversation, NewPromise, NewTicket, Store, Undertaken, Undertaking,
};
use warmdesk::time::Now;
use warmdesk::turn::types::{HandoffMode, HandoffReason, Memory};

#[allow(dead_code, reason = "each bench uses its own part")]
mod common;

/// Conversations, each of a customer of its own.
const CONVERSATIONS: u32 = 1000;
/// Promises that are open in each.
const OPEN_IN_EACH: u32 = 100;
/// How many of them come due before the others.
const FEW: usize = 5;
/// As many promises as the clock looks at in one go.
const AT_ONCE: u32 = 32;

/// Before a promise comes due whoever owes it is reminded.
const REMIND_BEFORE: SignedDuration = SignedDuration::from_mins(30);
/// When the few come due, and when all others do.
const FEW_DUE_AFTER: SignedDuration = SignedDuration::from_hours(1);
const OTHERS_DUE_AFTER: SignedDuration = SignedDuration::from_hours(4);

/// A shop to which much is owed.
struct Shop {
    _folder: TempDir,
    runtime: Runtime,
    store: Store,
    conversations: Vec<(Scope, ConversationId)>,
    /// Actions begun until now; none is like another.
    begun: AtomicU32,
}

fn after(by: SignedDuration) -> Now {
    let now = common::now();
    Now::new(now.timestamp() + by, now.zoned().time_zone().clone())
}

impl Shop {
    fn open() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let runtime = Runtime::new().expect("a runtime starts");
        let store = runtime.block_on(Store::open(folder.path())).expect("a new database can be made");
        let conversations = runtime.block_on(conversations(&store));
        let shop = Self { _folder: folder, runtime, store, conversations, begun: AtomicU32::new(0) };
        shop.owe_much();
        shop
    }

    fn owe_much(&self) {
        let (few, others) = (after(FEW_DUE_AFTER).timestamp(), after(OTHERS_DUE_AFTER).timestamp());
        for (number, owner) in self.conversations.iter().enumerate() {
            let first = if number < FEW { few } else { others };
            let dues = (0..OPEN_IN_EACH).map(|place| if place == 0 { first } else { others });
            self.take_on(owner, dues.map(|due| self.promise(&owner.1, Executor::ShopSystem, due)).collect());
        }
    }

    /// A promise with an action that is begun for it.
    fn promise(&self, conversation: &ConversationId, by: Executor, due: Timestamp) -> NewPromise {
        let order = self.begun.fetch_add(1, Ordering::Relaxed).to_string();
        let args = json!({ "order": order, "parcel": format!("SF{order}") });
        NewPromise {
            kind: "trace_reply".into(),
            due,
            brought: Brought::ByNew(NewAction {
                kind: "trace_parcel".into(),
                args: args.as_object().cloned().unwrap_or_default(),
                identity: format!("trace_parcel order={order}"),
                confirmed: false,
                by,
                due,
            }),
            task: NewTicket {
                conversation: conversation.clone(),
                reason: HandoffReason::ComplexAfterSale,
                detail: Some("trace_reply".into()),
                mode: HandoffMode::Async,
                priority: Priority::Normal,
                due,
                note: HandoffNote::default(),
            },
        }
    }

    /// What a turn takes on, in its one transaction.
    fn take_on(
        &self,
        (scope, conversation): &(Scope, ConversationId),
        promises: Vec<NewPromise>,
    ) -> Undertaken {
        let undertaking = Undertaking {
            conversation: conversation.clone(),
            handoff: None,
            promises,
            flows: Vec::new(),
            remind_before: REMIND_BEFORE,
        };
        let now = common::now();
        let taken_on = self.store.undertake(scope, undertaking, &now);
        self.runtime.block_on(taken_on).expect("what a turn takes on can be stored")
    }
}

async fn conversations(store: &Store) -> Vec<(Scope, ConversationId)> {
    let mut conversations = Vec::new();
    for number in 0..CONVERSATIONS {
        let customer = CustomerId::new(format!("cus_{number}")).expect("a well-formed id");
        let scope = Scope::customer(ShopId::default(), customer);
        let new = NewConversation { channel: "bench".into(), memory: Memory::default() };
        let opened = store.open_conversation(&scope, new, &common::now()).await;
        conversations.push((scope, opened.expect("a conversation can be opened").id));
    }
    conversations
}

fn actions(criterion: &mut Criterion) {
    let shop = Shop::open();
    let staff = StaffScope { shop: ShopId::default(), actor: "bench".to_owned() };

    let mut group = criterion.benchmark_group("promise_clock");
    for (name, at, due) in [("none_due", common::now(), 0), ("few_due", after(FEW_DUE_AFTER), FEW)] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let looked = shop.runtime.block_on(shop.store.due_promises(&staff, AT_ONCE, &at));
                assert_eq!(looked.expect("the clock can look").len(), due);
            });
        });
    }
    group.finish();

    let mut group = criterion.benchmark_group("action_start");
    let due = after(OTHERS_DUE_AFTER).timestamp();
    for (name, by) in [("by_the_shops_system", Executor::ShopSystem), ("by_a_person", Executor::Person)] {
        let mut owners = shop.conversations.iter().cycle();
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let owner = owners.next().expect("the shop has conversations");
                shop.take_on(owner, vec![shop.promise(&owner.1, by, due)])
            });
        });
    }
    group.finish();
}

criterion_group!(benches, actions);
criterion_main!(benches);
