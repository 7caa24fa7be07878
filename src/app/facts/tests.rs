//! However writes of one record are shuffled, repeated and mixed, the newest one decides, and a search sees what is stored.

use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::knowledge::Dictionaries;
use crate::knowledge::analyzer::Analyzer;
use crate::time::{Now, TestClock};

/// Every write of the tests is about this record.
const ID: &str = "P-1";

/// What orders the writes of a shop.
#[derive(Debug, Clone, Copy, PartialEq)]
enum By {
    Version,
    Time,
}

/// One change of the record in the shop, numbered upwards; how it is delivered is another matter.
#[derive(Debug, Clone, Copy)]
struct Written {
    number: u16,
    is_put: bool,
}

/// By which door a change comes.
#[derive(Debug, Clone, Copy)]
enum Door {
    Single,
    Import,
    /// An import so large that it is judged beside the writer.
    LargeImport,
}

fn moment(seconds: i64) -> Timestamp {
    let start: Timestamp = "2026-11-20T00:00:00Z".parse().unwrap();
    start + jiff::SignedDuration::from_secs(seconds)
}

struct Shop {
    port: FactsPort,
    clock: Arc<TestClock>,
    staff: StaffScope,
    _folder: tempfile::TempDir,
}

impl Shop {
    async fn open() -> Self {
        static ANALYZER: std::sync::OnceLock<Analyzer> = std::sync::OnceLock::new();
        let analyzer = ANALYZER.get_or_init(|| Analyzer::new(&Dictionaries::load(None).unwrap())).clone();
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(TestClock::new(Now::new(moment(100_000), TimeZone::UTC)));
        let port = FactsPort {
            store: Store::open(folder.path()).await.unwrap(),
            knowledge: Arc::new(Knowledge::empty(analyzer).unwrap()),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            writing: tokio::sync::Mutex::new(()),
        };
        let staff = StaffScope { shop: ShopId::default(), actor: "test".to_owned() };
        Self { port, clock, staff, _folder: folder }
    }

    async fn deliver(&self, written: Written, by: By, door: Door) {
        let number = i64::from(written.number);
        if !written.is_put {
            let when = match by {
                By::Version => DeletedWhen { version: Some(number), updated_at: None },
                By::Time => DeletedWhen { version: None, updated_at: Some(moment(number)) },
            };
            let gone = self.port.delete(self.staff.clone(), RecordKind::Product, ID.into(), when).await;
            assert!(matches!(gone, Ok(_) | Err(PortError::NotFound(_))), "{gone:?}");
            return;
        }
        let mut fields = json!({ "title": title(written.number) });
        match by {
            By::Version => fields["version"] = json!(number),
            By::Time => fields["updated_at"] = json!(moment(number).to_string()),
        }
        match door {
            Door::Single => {
                let Value::Object(fields) = fields else { unreachable!() };
                let put = self.port.put(self.staff.clone(), RecordKind::Product, ID.into(), fields).await;
                put.unwrap();
            }
            Door::Import | Door::LargeImport => {
                fields["kind"] = json!("product");
                fields["id"] = json!(ID);
                let others = if matches!(door, Door::LargeImport) { 600 } else { 1 };
                let mut lines = fields.to_string();
                for other in 0..others {
                    lines +=
                        &format!("\n{{\"kind\":\"knowledge\",\"id\":\"k{other}\",\"text\":\"洗涤说明\"}}");
                }
                let report = self.port.import(self.staff.clone(), lines.into_bytes()).await.unwrap();
                assert!(report.rejected.is_empty(), "{report:?}");
            }
        }
    }

    /// What is stored under the id, and what a search for the newest words finds of it.
    async fn stands(&self) -> (Option<String>, bool) {
        let stored = self.port.store.record(&self.staff, RecordKind::Product, ID).await.unwrap();
        let stored = stored.and_then(|record| record.text("title").map(str::to_owned));
        let text = stored.clone().unwrap_or_else(|| "羽毛枕".to_owned());
        let query =
            SearchQuery { text, kinds: vec![RecordKind::Product], limit: 3, ..SearchQuery::default() };
        let hits = self.port.knowledge.search(&Scope::anonymous(self.staff.shop.clone()), &query).unwrap();
        (stored, hits.iter().any(|hit| hit.id == ID && hit.score > 0.9))
    }
}

fn title(number: u16) -> String {
    format!("羽毛枕 N{number}X")
}

fn delivery() -> impl Strategy<Value = (By, Vec<(Written, Door)>)> {
    let by = prop::sample::select(vec![By::Version, By::Time]);
    let puts = prop::collection::vec(prop::bool::weighted(0.7), 1..6);
    let doors = prop::collection::vec(prop::sample::select(vec![Door::Single, Door::Import]), 12);
    (by, puts, doors, any::<prop::sample::Index>()).prop_flat_map(|(by, puts, doors, large)| {
        let changes: Vec<Written> =
            (1..).zip(puts).map(|(number, is_put)| Written { number, is_put }).collect();
        // Each is delivered twice, as a shop does that lost the answer.
        let twice: Vec<Written> = changes.iter().chain(&changes).copied().collect();
        let large = large.index(twice.len());
        Just(twice).prop_shuffle().prop_map(move |shuffled| {
            let door =
                |place: usize| if place == large { Door::LargeImport } else { doors[place % doors.len()] };
            (by, shuffled.into_iter().enumerate().map(|(place, one)| (one, door(place))).collect())
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn the_newest_write_decides_in_every_order((by, deliveries) in delivery()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let shop = Shop::open().await;
            let mut newest: Option<Written> = None;
            for (written, door) in &deliveries {
                shop.deliver(*written, by, *door).await;
                if newest.is_none_or(|newest| written.number > newest.number) {
                    newest = Some(*written);
                }
                // At every moment, not only at the end, the newest of what has come is what there is.
                let expected = newest.filter(|newest| newest.is_put).map(|newest| title(newest.number));
                let found = expected.is_some();
                prop_assert_eq!(shop.stands().await, (expected, found), "after {:?} by {:?}", written, by);
            }
            Ok(())
        })?;
    }
}

#[tokio::test]
async fn a_deletion_without_a_stamp_happens_when_it_arrives() {
    let shop = Shop::open().await;
    let deletion =
        || shop.port.delete(shop.staff.clone(), RecordKind::Product, ID.into(), DeletedWhen::default());
    let put = |number| shop.deliver(Written { number, is_put: true }, By::Time, Door::Single);
    put(5).await;
    assert!(deletion().await.unwrap());
    put(5).await;
    put(9).await;
    assert_eq!(shop.stands().await, (None, false), "what the shop wrote before the deletion came stays away");
    assert!(matches!(deletion().await, Err(PortError::NotFound(_))), "a repeated deletion finds nothing");
    shop.clock.set(Now::new(moment(200_000), TimeZone::UTC));
    let mut fields = Map::new();
    fields.insert("title".into(), "羽毛枕 再上架".into());
    fields.insert("updated_at".into(), moment(150_000).to_string().into());
    shop.port.put(shop.staff.clone(), RecordKind::Product, ID.into(), fields).await.unwrap();
    assert_eq!(shop.stands().await, (Some("羽毛枕 再上架".to_owned()), true), "a later write brings it back");
}

#[tokio::test]
async fn writers_at_the_same_time_leave_the_newest() {
    let shop = Shop::open().await;
    let writes = (1..=24_u16).map(|number| {
        // An order that is not the one of the numbers.
        let written = Written { number: number * 7 % 25, is_put: true };
        shop.deliver(written, By::Version, if number % 3 == 0 { Door::Import } else { Door::Single })
    });
    futures_util::future::join_all(writes).await;
    assert_eq!(shop.stands().await, (Some(title(24)), true));
}
