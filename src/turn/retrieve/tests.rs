use std::convert::Infallible;
use std::sync::OnceLock;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::identity::{CustomerId, Identity, OrderHolder, ShopId};
use crate::knowledge::analyzer::Analyzer;
use crate::knowledge::{Change, Dictionaries};
use crate::time::Now;
use crate::turn::types::{Entity, EntityKind, IntentMatch, Pending};

fn analyzer() -> Analyzer {
    static SHARED: OnceLock<Analyzer> = OnceLock::new();
    SHARED.get_or_init(|| Analyzer::new(&Dictionaries::load(None).unwrap())).clone()
}

fn record(value: Value) -> Record {
    Record::from_value(value).unwrap()
}

/// A shop in memory. One that leaks gives every record to anybody, as a broken store would.
#[derive(Default)]
struct Shelf {
    records: Vec<Record>,
    leaks: bool,
    /// What is kept in another system, which is down.
    down: Vec<RecordKind>,
}

impl Shelf {
    fn of(&self, scope: &Scope, kind: RecordKind) -> Vec<Record> {
        let may_see = |record: &&Record| {
            record.kind == kind
                && (self.leaks
                    || !kind.is_private()
                    || record.customer() == scope.verified_customer().map(CustomerId::as_str))
        };
        self.records.iter().filter(may_see).cloned().collect()
    }
}

impl Source for Shelf {
    type Error = Infallible;

    async fn own(&self, scope: &Scope, kinds: &[RecordKind]) -> Result<Own, Infallible> {
        let (down, up): (Vec<RecordKind>, Vec<RecordKind>) =
            kinds.iter().partition(|kind| self.down.contains(kind));
        let records = up.iter().flat_map(|kind| self.of(scope, *kind)).collect();
        let unreadable = (!down.is_empty()).then(|| Unreadable { kinds: down, why: "it is down".to_owned() });
        Ok(Own { records, unreadable })
    }
    async fn records(
        &self,
        scope: &Scope,
        wanted: &[(RecordKind, String)],
    ) -> Result<Vec<Record>, Infallible> {
        let find = |(kind, id): &(RecordKind, String)| {
            self.of(scope, *kind).into_iter().find(|record| record.id == *id)
        };
        Ok(wanted.iter().filter_map(find).collect())
    }
    async fn public(&self, scope: &Scope, kinds: &[RecordKind]) -> Result<Vec<Arc<Record>>, Infallible> {
        Ok(kinds.iter().flat_map(|kind| self.of(scope, *kind)).map(Arc::new).collect())
    }
    async fn of_product(
        &self,
        scope: &Scope,
        kind: RecordKind,
        product: &str,
    ) -> Result<Vec<Record>, Infallible> {
        let mut records = self.of(scope, kind);
        records.retain(|record| record.text("product") == Some(product));
        Ok(records)
    }
}

fn order(id: &str, customer: &str, status: &str, product: (&str, &str)) -> Record {
    record(json!({"kind": "order", "id": id, "customer": customer, "status": status, "total": 269,
        "items": [{"product": product.0, "title": product.1, "price": 269, "quantity": 1}],
        "address": {"name": "陈晓禾", "province": "黑龙江省", "city": "哈尔滨市"},
        "shipment": {"carrier": "中通", "tracking": format!("ZT{id}"),
                     "events": [{"at": "2026-11-20 08:00:00", "status": "运输中", "text": "到达哈尔滨"}]}}))
}

const BAG: (&str, &str) = ("P-SB", "婴儿恒温睡袋");
const CART: (&str, &str) = ("P-ST", "轻便婴儿推车");

fn shop() -> Shelf {
    let mut records = vec![
        order("20261114008712", "a", "shipped", BAG),
        order("20261101000001", "b", "shipped", CART),
        order("20261102000002", "b", "delivered", BAG),
        order("20261103000003", "c", "shipped", BAG),
        order("20261104000004", "c", "shipped", CART),
    ];
    for product in [BAG, CART] {
        records.push(record(json!({"kind": "product", "id": product.0, "title": product.1, "price": 269, "status": "on_sale"})));
        records.push(record(
            json!({"kind": "knowledge", "id": format!("wash-{}", product.0), "title": "清洗方法",
            "text": "三十度手洗。", "product": product.0}),
        ));
    }
    records.extend([
        record(json!({"kind": "knowledge", "id": "old", "title": "清洗活动", "text": "免费清洗", "valid_text": "2025年5月24日-6月18日"})),
        record(json!({"kind": "knowledge", "id": "hours", "title": "人工客服时间", "text": "每天九点到二十二点。"})),
        record(json!({"kind": "policy", "id": "cancel", "title": "取消订单", "text": "未发货可以取消。", "about": "cancel", "then": "allowed"})),
        record(json!({"kind": "policy", "id": "invoice", "title": "开发票", "text": "确认收货后可开。", "about": "invoice", "then": "allowed"})),
        record(json!({"kind": "promotion", "id": "bag-off", "title": "睡袋满减", "products": ["P-SB"], "valid_until": "2026-12-01"})),
        record(json!({"kind": "promotion", "id": "gone", "title": "睡袋旧活动", "valid_until": "2026-11-01"})),
        record(json!({"kind": "promotion", "id": "secret", "title": "睡袋内部价", "public": false})),
        record(json!({"kind": "notice", "id": "snow", "text": "黑龙江降雪，包裹变慢。", "scope": {"regions": ["黑龙江省"]}})),
        record(json!({"kind": "notice", "id": "rain", "text": "广东暴雨，包裹变慢。", "scope": {"regions": ["广东省"]}})),
        record(json!({"kind": "aftersale", "id": "as-b", "customer": "b", "order": "20261102000002", "status": "refunding"})),
        record(json!({"kind": "coupon", "id": "cp-b", "customer": "b", "title": "睡袋券", "status": "unused"})),
        record(json!({"kind": "customer", "id": "a", "name": "陈晓禾", "profile": {"member_level": "金芽"}})),
    ]);
    Shelf { records, ..Shelf::default() }
}

fn indexed(shelf: &Shelf) -> Knowledge {
    let knowledge = Knowledge::empty(analyzer()).unwrap();
    let changes: Vec<Change> = shelf.records.iter().cloned().map(Change::Put).collect();
    knowledge.apply(&ShopId::default(), &changes).unwrap();
    knowledge
}

fn input(customer: Option<&str>, text: &str) -> TurnInput {
    let now = Now::new("2026-11-20T04:00:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap());
    let identity = match customer {
        Some(id) => Identity::Customer(CustomerId::new(id).unwrap()),
        None => Identity::Anonymous(None),
    };
    TurnInput { scope: Scope { shop: ShopId::default(), identity }, ..TurnInput::first(text, now) }
}

fn reading(text: &str) -> Reading {
    Reading { text: text.into(), question: text.into(), masked: text.into(), ..Reading::default() }
}

fn gathered(shelf: &Shelf, input: &TurnInput, reading: &Reading, wanted: &[RecordKind]) -> Facts {
    let knowledge = indexed(shelf);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let wanted = Wanted { kinds: wanted.to_vec(), ..Wanted::default() };
    runtime.block_on(gather(shelf, &knowledge, reading, input, &wanted)).unwrap()
}

const LOGISTICS: [RecordKind; 2] = [RecordKind::Order, RecordKind::Shipment];

fn found(facts: &Facts) -> Vec<&str> {
    facts.found.iter().map(|fact| fact.id.as_str()).collect()
}

#[test]
fn the_order_that_is_meant_is_found() {
    let check = |customer: Option<&str>,
                 text: &str,
                 change: fn(&mut TurnInput),
                 order: Option<&str>,
                 choices: usize| {
        let mut input = input(customer, text);
        change(&mut input);
        let facts = gathered(&shop(), &input, &reading(text), &LOGISTICS);
        assert_eq!(facts.order().map(|fact| fact.id.as_str()), order, "{text}: {:?}", found(&facts));
        assert_eq!(facts.order_choices.len(), choices, "{text}");
    };
    let nothing: fn(&mut TurnInput) = |_| {};
    check(Some("a"), "我的订单到哪了", nothing, Some("order:20261114008712"), 0);
    check(Some("b"), "我的订单到哪了", nothing, Some("order:20261101000001"), 0);
    check(Some("b"), "睡袋到哪了", nothing, Some("order:20261102000002"), 0);
    check(Some("c"), "我的订单到哪了", nothing, None, 2);
    check(Some("c"), "推车到哪了", nothing, Some("order:20261104000004"), 0);
    check(Some("c"), "20261103000003到哪了", nothing, Some("order:20261103000003"), 0);
    check(Some("c"), "单号ZT20261104000004到哪了", nothing, Some("order:20261104000004"), 0);
    check(
        Some("c"),
        "到哪了",
        |input| input.page.order = Some("20261104000004".into()),
        Some("order:20261104000004"),
        0,
    );
    check(
        Some("c"),
        "到哪了",
        |input| input.memory.order = Some("order:20261103000003".into()),
        Some("order:20261103000003"),
        0,
    );
    check(
        Some("c"),
        "那推车呢",
        |input| input.memory.order = Some("order:20261103000003".into()),
        Some("order:20261104000004"),
        0,
    );
    let offered: fn(&mut TurnInput) = |input| {
        let orders = vec!["order:20261103000003".into(), "order:20261104000004".into()];
        input.memory.pending = Some(Pending::ChooseOrder { orders });
    };
    check(Some("c"), "第二个", offered, Some("order:20261104000004"), 0);
    check(Some("c"), "1", offered, Some("order:20261103000003"), 0);
    // Orders of somebody else do not exist, wherever they are named.
    check(Some("a"), "20261101000001到哪了", nothing, Some("order:20261114008712"), 0);
    check(Some("c"), "到哪了", |input| input.page.order = Some("20261101000001".into()), None, 2);
    check(None, "20261101000001到哪了", |input| input.page.order = Some("20261101000001".into()), None, 0);
    check(None, "我的订单到哪了", |input| input.memory.order = Some("order:20261101000001".into()), None, 0);
}

#[test]
fn an_order_comes_with_its_parcel_product_and_notice() {
    let input = input(Some("a"), "我的订单到哪了");
    let wanted = [RecordKind::Order, RecordKind::Shipment, RecordKind::Promotion];
    let facts = gathered(&shop(), &input, &reading("我的订单到哪了"), &wanted);
    let ids = found(&facts);
    for expected in [
        "order:20261114008712",
        "shipment:ZT20261114008712",
        "product:P-SB",
        "promotion:bag-off",
        "notice:snow",
    ] {
        assert!(ids.contains(&expected), "{expected} in {ids:?}");
    }
    for absent in ["promotion:gone", "promotion:secret", "notice:rain", "customer:a"] {
        assert!(!ids.contains(&absent), "{absent} in {ids:?}");
    }
    let variables = variables(&facts, &input);
    assert_eq!(variables["order"]["id_tail"], "8712");
    assert_eq!(variables["shipment"]["status"], "moving");
    assert_eq!(variables["shipment"]["last_event_text"], "到达哈尔滨");
    assert_eq!(variables["product"]["short_title"], "婴儿恒温睡袋");
    assert_eq!(variables["customer"], json!({"member_level": "金芽"}));
    assert_eq!(variables["conversation"], json!({"unresolved_turns": 0, "first_turn": true}));
    assert_eq!(variables["desk"]["open"], true);
    assert!(!serde_json::to_string(&facts).unwrap().contains("陈晓禾"));
}

#[test]
fn what_cannot_be_read_is_known_and_everything_else_is_there() {
    let shelf = Shelf { down: vec![RecordKind::Order, RecordKind::Aftersale], ..shop() };
    let wanted = [RecordKind::Order, RecordKind::Coupon, RecordKind::Product];
    let mut input = input(Some("b"), "睡袋到哪了");
    input.page.product = Some("P-SB".into());
    let facts = gathered(&shelf, &input, &reading("睡袋到哪了"), &wanted);
    for kind in [RecordKind::Order, RecordKind::Shipment, RecordKind::Aftersale] {
        assert_eq!(facts.why_unreadable(kind), Some("it is down"), "{kind}");
    }
    assert_eq!(facts.why_unreadable(RecordKind::Coupon), None);
    let ids = found(&facts);
    assert!(ids.contains(&"coupon:cp-b") && ids.contains(&"product:P-SB"), "{ids:?}");
    assert!(!ids.iter().any(|id| id.starts_with("order:")), "{ids:?}");
    let stranger = TurnInput { scope: Scope::anonymous(ShopId::default()), ..input };
    let facts = gathered(&shelf, &stranger, &reading("睡袋到哪了"), &wanted);
    assert_eq!(facts.unreadable, None);
}

#[test]
fn a_product_comes_with_its_youngest_batches_where_dates_are_asked_for() {
    let mut shelf = shop();
    for (id, product, produced) in [
        ("old", "P-SB", "2026-01-05"),
        ("young", "P-SB", "2026-09-01"),
        ("middle", "P-SB", "2026-05-01"),
        ("other", "P-ST", "2026-10-01"),
    ] {
        shelf.records.push(record(
            json!({"kind": "batch", "id": id, "product": product, "lot": id, "produced_at": produced, "expires_at": "2028-01-01"}),
        ));
    }
    let mut input = input(None, "生产日期是哪天");
    input.page.product = Some("P-SB".into());
    let facts = gathered(&shelf, &input, &reading("生产日期是哪天"), &[RecordKind::Batch]);
    let batches: Vec<&str> = facts.of_kind(RecordKind::Batch).map(|fact| fact.id.as_str()).collect();
    assert_eq!(batches, ["batch:young", "batch:middle"]);
    assert_eq!(variables(&facts, &input)["batch"]["produced_at"], "2026-09-01");
    let facts = gathered(&shelf, &input, &reading("生产日期是哪天"), &[RecordKind::Product]);
    assert_eq!(facts.of_kind(RecordKind::Batch).count(), 0);
}

#[test]
fn products_are_named_seen_or_remembered() {
    let check = |text: &str, change: fn(&mut TurnInput, &mut Reading), product: Option<&str>| {
        let (mut input, mut reading) = (input(None, text), reading(text));
        change(&mut input, &mut reading);
        let facts = gathered(&shop(), &input, &reading, &[RecordKind::Product, RecordKind::Knowledge]);
        assert_eq!(facts.product().map(|fact| fact.id.as_str()), product, "{text}: {:?}", found(&facts));
        if let Some(product) = product {
            let other = if product == "product:P-SB" { "knowledge:wash-P-ST" } else { "knowledge:wash-P-SB" };
            assert!(!found(&facts).contains(&other), "{text}: {:?}", found(&facts));
        }
        assert!(!found(&facts).contains(&"knowledge:old"));
    };
    check("怎么清洗", |_, _| {}, None);
    check("怎么清洗", |input, _| input.page.product = Some("P-ST".into()), Some("product:P-ST"));
    check("怎么清洗", |input, _| input.page.product = Some("nonsense".into()), None);
    check("怎么清洗", |input, _| input.memory.products = vec!["product:P-SB".into()], Some("product:P-SB"));
    check(
        "睡袋怎么清洗",
        |input, reading| {
            input.page.product = Some("P-ST".into());
            reading.entities.push(Entity {
                kind: EntityKind::Product,
                text: "睡袋".into(),
                value: "睡袋".into(),
            });
        },
        Some("product:P-SB"),
    );
}

#[test]
fn policies_follow_the_intent_and_the_words() {
    let check = |text: &str, intent: Option<&str>, expected: &str, absent: &str| {
        let mut reading = reading(text);
        reading.intents.extend(intent.map(|intent| IntentMatch {
            intent: intent.into(),
            confidence: 0.9,
            why: String::new(),
        }));
        let facts = gathered(&shop(), &input(Some("a"), text), &reading, &[RecordKind::Policy]);
        let ids = found(&facts);
        assert!(ids.contains(&expected), "{text}: {ids:?}");
        assert!(!ids.contains(&absent), "{text}: {ids:?}");
        assert!(facts.get(expected).unwrap().policy);
    };
    check("不想要了", Some("cancel_order"), "policy:cancel", "policy:invoice");
    check("能开发票吗", None, "policy:invoice", "policy:cancel");
}

/// Fewer of them would come to another verdict, and none to no verdict at all.
#[test]
fn all_policies_of_a_matter_that_is_judged_are_there() {
    let mut shelf = shop();
    let policies = MOST_FACTS + 1;
    shelf.records.extend((0..policies).map(|number| {
        record(json!({"kind": "policy", "id": format!("back-{number}"), "title": "退货", "text": "七天内可以退。", "about": "return", "then": "allowed"}))
    }));
    let (input, reading) = (input(Some("a"), "取消订单"), reading("取消订单"));
    let knowledge = indexed(&shelf);
    let judged = |matters: &[&str]| {
        let matters = matters.iter().map(|matter| (*matter).to_owned()).collect();
        let wanted = Wanted { kinds: vec![RecordKind::Policy], matters, ..Wanted::default() };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let facts = runtime.block_on(gather(&shelf, &knowledge, &reading, &input, &wanted)).unwrap();
        let about = |about: &str| {
            let of = facts.of_kind(RecordKind::Policy);
            of.filter(|fact| fact.fields.get("about").and_then(Value::as_str) == Some(about)).count()
        };
        (about("cancel"), about("return"))
    };
    assert_eq!(judged(&["return"]), (0, policies), "what the words lead to has no room beside them");
    assert_eq!(judged(&["cancel", "return"]), (1, policies));
    assert_eq!(judged(&["cancel"]), (1, 0), "a matter that is only found by words is left out as a whole");
}

#[test]
fn search_says_whether_it_found_enough() {
    let check = |text: &str, expected: bool| {
        let facts = gathered(&shop(), &input(None, text), &reading(text), &[]);
        assert_eq!(facts.relevant, expected, "{text}");
    };
    check("睡袋怎么清洗", true);
    check("人工客服什么时间在", true);
    check("今天的股票行情", false);
}

#[test]
fn the_holder_of_an_order_gets_that_order_even_from_a_source_that_leaks() {
    let check = |open: &str, text: &str| {
        let mut input = input(None, text);
        let holder = OrderHolder::new(None, input.conversation.clone(), vec![open.to_owned()]);
        input.scope.identity = Identity::Holder(holder);
        let shelf = Shelf { leaks: true, ..shop() };
        let facts = gathered(&shelf, &input, &reading(text), &RecordKind::ALL);
        assert_eq!(facts.customer, None, "a profile is not the order");
        for fact in facts.found.iter().filter(|fact| fact.kind.is_private()) {
            let of_order = fact.id == format!("order:{open}")
                || fact.fields.get("order").and_then(Value::as_str) == Some(open);
            assert!(of_order, "{open}, {text}: {}", fact.id);
        }
        facts.get(&format!("order:{open}")).is_some()
    };
    assert!(check("20261104000004", "20261104000004到哪了"));
    assert!(check("20261102000002", "20261102000002退款好了吗"));
    assert!(!check("20261104000004", "20261101000001到哪了"));
    assert!(!check("nothing", "as-b cp-b 我的订单到哪了"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]
    #[test]
    fn nobody_gets_what_is_not_theirs(
        text in prop::sample::select(vec!["我的订单到哪了", "20261101000001", "退款好了吗", "as-b cp-b", "睡袋", "ZT20261102000002", "第一个"]),
        who in prop::option::of(prop::sample::select(vec!["a", "c", "nobody"])),
        foreign in prop::sample::select(vec!["20261101000001", "20261102000002"]),
        kinds in prop::collection::vec(prop::sample::select(RecordKind::ALL.to_vec()), 0..8),
        leaks in any::<bool>(),
    ) {
        static SHARED: OnceLock<Knowledge> = OnceLock::new();
        let shelf = Shelf { leaks, ..shop() };
        let knowledge = SHARED.get_or_init(|| indexed(&shelf));
        let mut input = input(who, text);
        input.page.order = Some(foreign.into());
        input.memory.order = Some(format!("order:{foreign}"));
        input.memory.pending = Some(Pending::ChooseOrder { orders: vec![format!("order:{foreign}")] });
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let wanted = Wanted { kinds, ..Wanted::default() };
        let facts = runtime.block_on(gather(&shelf, knowledge, &reading(text), &input, &wanted)).unwrap();
        prop_assert!(facts.found.len() <= MOST_FACTS);
        for fact in &facts.found {
            for secret in ["20261101000001", "20261102000002", "as-b", "cp-b"] {
                prop_assert!(!fact.id.contains(secret) && !fact.text.contains(secret), "{} for {:?}", fact.id, who);
            }
            prop_assert!(fact.kind != RecordKind::Customer);
        }
        for index in facts.order.iter().chain(&facts.product).chain(&facts.order_choices) {
            prop_assert!(*index < facts.found.len());
        }
    }
}

#[test]
fn a_real_customer_gets_the_own_parcel() {
    let Some(folder) = crate::record::tests::shared("data/appliance_shop") else { return };
    let mut records = Vec::new();
    for file in ["products.ndjson", "knowledge.ndjson", "customers.ndjson", "orders.ndjson"] {
        records
            .extend(crate::record::parse_ndjson(&std::fs::read(folder.join(file)).unwrap(), file).unwrap());
    }
    let shelf = Shelf { records, ..Shelf::default() };
    let text = "我的订单到哪了";
    let orders = shelf.records.iter().filter(|record| record.kind == RecordKind::Order);
    let customers: std::collections::BTreeSet<&str> = orders.filter_map(Record::customer).collect();
    let knowledge = indexed(&shelf);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let wanted = Wanted { kinds: LOGISTICS.to_vec(), ..Wanted::default() };
    for customer in customers {
        let input = input(Some(customer), text);
        let facts = runtime.block_on(gather(&shelf, &knowledge, &reading(text), &input, &wanted)).unwrap();
        assert!(facts.order.is_some() || facts.order_choices.len() > 1, "{customer}: {:?}", found(&facts));
        for fact in facts.of_kind(RecordKind::Order) {
            let own = shelf.records.iter().find(|record| record.fact_id() == fact.id).unwrap();
            assert_eq!(own.customer(), Some(customer));
        }
        if let Some(parcel) = facts.of_kind(RecordKind::Shipment).next() {
            assert!(parcel.text.contains("京东快递"), "{}", parcel.text);
        }
    }
}
