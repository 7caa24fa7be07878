//! Facts: which write wins, what stays withdrawn, who may read what.

use proptest::prelude::*;

use super::*;
use crate::store::{API_SOURCE, NewRecord, PutOutcome, Stamp, StoreError, Withdrawal};

fn api(record: Record) -> NewRecord {
    NewRecord { record, source: API_SOURCE.to_owned() }
}

fn outcome(accepted: u64, unchanged: u64, stale: u64) -> PutOutcome {
    PutOutcome { accepted, unchanged, stale }
}

async fn put(store: &Store, record: Record) -> PutOutcome {
    store.put_records(&staff(), vec![api(record)], &now()).await.unwrap()
}

fn product(id: &str, fields: Value) -> Record {
    record(RecordKind::Product, id, fields)
}

async fn title(store: &Store, id: &str) -> Option<String> {
    let found = store.record(&staff(), RecordKind::Product, id).await.unwrap()?;
    Some(found.fields["title"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_older_write_never_overwrites_a_newer_one() {
    let (_folder, store) = store().await;
    let mut number = 0;
    let mut check = async |first: Value, second: Value, expected: PutOutcome| {
        number += 1;
        let id = format!("p{number}");
        let with = |title: &str, mut fields: Value| {
            fields["title"] = json!(title);
            product(&id, fields)
        };
        assert_eq!(put(&store, with("first", first.clone())).await, outcome(1, 0, 0));
        assert_eq!(put(&store, with("second", second.clone())).await, expected, "{first} then {second}");
        let wins = if expected.accepted == 1 { "second" } else { "first" };
        assert_eq!(title(&store, &id).await.as_deref(), Some(wins), "{first} then {second}");
    };
    let (accepted, stale) = (outcome(1, 0, 0), outcome(0, 0, 1));
    check(json!({}), json!({}), accepted).await;
    check(json!({"version": 2}), json!({"version": 3}), accepted).await;
    check(json!({"version": 3}), json!({"version": 2}), stale).await;
    check(json!({"version": "10"}), json!({"version": "9"}), stale).await;
    check(json!({"version": 3}), json!({"version": 3}), accepted).await;
    check(json!({"version": 3}), json!({}), accepted).await;
    check(json!({"updated_at": "2026-11-02"}), json!({"updated_at": "2026-11-01 23:59:59"}), stale).await;
    // The same moment in two ways of writing, and one second later.
    check(
        json!({"updated_at": "2026-11-01T00:00:00+08:00"}),
        json!({"updated_at": "2026-10-31T16:00:01Z"}),
        accepted,
    )
    .await;
    check(json!({"updated_at": 1_795_000_000}), json!({"updated_at": 1_794_999_999_000_i64}), stale).await;
    // The version decides before the time.
    check(
        json!({"version": 1, "updated_at": "2026-11-02"}),
        json!({"version": 2, "updated_at": "2026-11-01"}),
        accepted,
    )
    .await;
    check(
        json!({"version": 2, "updated_at": "2026-11-02"}),
        json!({"version": 2, "updated_at": "2026-11-01"}),
        stale,
    )
    .await;
}

#[tokio::test]
async fn a_write_without_a_version_does_not_open_the_door_to_older_ones() {
    let (_folder, store) = store().await;
    put(&store, product("p", json!({"title": "five", "version": 5}))).await;
    put(&store, product("p", json!({"title": "by hand"}))).await;
    assert_eq!(put(&store, product("p", json!({"title": "four", "version": 4}))).await, outcome(0, 0, 1));
    assert_eq!(title(&store, "p").await.as_deref(), Some("by hand"));
}

#[tokio::test]
async fn the_same_content_is_unchanged_whatever_the_order_of_its_fields() {
    let (_folder, store) = store().await;
    put(&store, product("p", json!({"title": "a", "price": 1, "version": 1}))).await;
    let before = store.last_change(&staff()).await.unwrap();
    assert_eq!(
        put(&store, product("p", json!({"version": 1, "price": 1, "title": "a"}))).await,
        outcome(0, 1, 0)
    );
    assert_eq!(store.last_change(&staff()).await.unwrap(), before);
}

#[tokio::test]
async fn a_deletion_is_not_undone_by_an_older_put() {
    let (_folder, store) = store().await;
    let check = async |id: &str, put_first: Option<Value>, version: Option<i64>, expected: Withdrawal| {
        if let Some(fields) = put_first {
            put(&store, product(id, fields)).await;
        }
        let when = Stamp { version, updated_at: None };
        let done = store.withdraw(&staff(), (RecordKind::Product, id), when, &now()).await.unwrap();
        assert_eq!(done, expected, "{id}");
    };
    let v = |version: i64| json!({"title": "t", "version": version});
    check("a", Some(v(3)), None, Withdrawal::Withdrawn).await;
    assert_eq!(put(&store, product("a", v(3))).await, outcome(0, 0, 1));
    assert_eq!(put(&store, product("a", v(4))).await, outcome(1, 0, 0));
    check("b", Some(v(3)), Some(2), Withdrawal::Stale).await;
    assert!(title(&store, "b").await.is_some());
    check("b", None, Some(7), Withdrawal::Withdrawn).await;
    check("b", None, Some(8), Withdrawal::Absent).await;
    assert_eq!(put(&store, product("b", v(8))).await, outcome(0, 0, 1));
    // The deletion may come before the put it undoes.
    check("c", None, Some(3), Withdrawal::Absent).await;
    assert_eq!(put(&store, product("c", v(2))).await, outcome(0, 0, 1));
    assert_eq!(put(&store, product("c", v(4))).await, outcome(1, 0, 0));
    check("d", None, None, Withdrawal::Absent).await;
    assert_eq!(put(&store, product("d", v(1))).await, outcome(1, 0, 0));
    // Without a version the deletion happens now.
    check("e", Some(json!({"title": "t", "updated_at": "2026-11-19"})), None, Withdrawal::Withdrawn).await;
    let stale = product("e", json!({"title": "t", "updated_at": "2026-11-20 10:11"}));
    assert_eq!(put(&store, stale).await, outcome(0, 0, 1));
    let newer = product("e", json!({"title": "t", "updated_at": "2026-11-20 10:13"}));
    assert_eq!(put(&store, newer).await, outcome(1, 0, 0));
    let log = store.audit_log(&staff(), "product:a").await.unwrap();
    assert_eq!((log.len(), log[0].actor.as_str(), log[0].action.as_str()), (1, "system", "withdraw_record"));
}

#[tokio::test]
async fn a_source_is_replaced_and_the_api_stays() {
    let (_folder, store) = store().await;
    let replace = async |ids: &[&str]| {
        let records = ids.iter().map(|id| product(id, json!({"title": "file", "updated_at": "2026-11-01"})));
        let done =
            store.replace_source(&staff(), "products.ndjson", records.collect(), &now()).await.unwrap();
        (done.put.accepted, done.put.unchanged, done.put.stale, done.withdrawn)
    };
    let there = async || {
        let all = store.all_records(&staff(), RecordKind::Product).await.unwrap();
        all.into_iter().map(|record| record.id).collect::<Vec<_>>()
    };
    put(&store, product("api", json!({"title": "api"}))).await;
    assert_eq!(replace(&["a", "b", "c"]).await, (3, 0, 0, 0));
    assert_eq!(replace(&["a", "b"]).await, (0, 2, 0, 1));
    assert_eq!(there().await, ["a", "api", "b"]);
    // What was changed by the API, or put by it without a change, is the API's from then on.
    put(&store, product("a", json!({"title": "file", "updated_at": "2026-11-01"}))).await;
    put(&store, product("b", json!({"title": "newer", "updated_at": "2026-11-02"}))).await;
    assert_eq!(replace(&["b", "c"]).await, (1, 0, 1, 0));
    assert_eq!(there().await, ["a", "api", "b", "c"]);
    assert_eq!(title(&store, "b").await.as_deref(), Some("newer"));
    // What was gone from the file comes back with the file; what was deleted by name does not.
    store.withdraw(&staff(), (RecordKind::Product, "c"), Stamp::default(), &now()).await.unwrap();
    assert_eq!(replace(&["b", "c", "d"]).await, (1, 0, 2, 0));
    assert_eq!(there().await, ["a", "api", "b", "d"]);
    let refused = store.replace_source(&staff(), API_SOURCE, Vec::new(), &now()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))));
}

#[tokio::test]
async fn an_import_may_name_a_record_twice_and_be_longer_than_a_chunk() {
    let (_folder, store) = store().await;
    let mut records: Vec<NewRecord> =
        (0..1203).map(|n| api(product(&format!("p{n}"), json!({"title": "t", "version": 2})))).collect();
    records.push(api(product("p0", json!({"title": "old", "version": 1}))));
    records.push(api(product("p1202", json!({"title": "new", "version": 3}))));
    let done = store.put_records(&staff(), records, &now()).await.unwrap();
    assert_eq!(done, outcome(1204, 0, 1));
    assert_eq!(store.counts(&staff()).await.unwrap(), [(RecordKind::Product, 1203)].into());
    assert_eq!(title(&store, "p0").await.as_deref(), Some("t"));
    assert_eq!(title(&store, "p1202").await.as_deref(), Some("new"));
}

fn order(id: &str, customer: &str, mut fields: Value) -> Record {
    fields["customer"] = json!(customer);
    record(RecordKind::Order, id, fields)
}

#[tokio::test]
async fn private_records_are_seen_by_their_customer_only() {
    let (_folder, store) = store().await;
    put(&store, order("o1", "c1", json!({"placed_at": "2026-11-01 10:00"}))).await;
    put(&store, order("o2", "c2", json!({"placed_at": "2026-11-02"}))).await;
    put(&store, record(RecordKind::Coupon, "k1", json!({"customer": "c1"}))).await;
    put(&store, record(RecordKind::Coupon, "k0", json!({}))).await;
    put(&store, record(RecordKind::Aftersale, "s1", json!({"customer": "c1", "order": "o1"}))).await;
    put(&store, record(RecordKind::Customer, "c1", json!({"name": "吴"}))).await;
    put(&store, record(RecordKind::Policy, "r1", json!({"title": "退换"}))).await;
    put(&store, record(RecordKind::Notice, "n1", json!({"text": "台风"}))).await;
    let wanted: Vec<(RecordKind, String)> = [
        (RecordKind::Notice, "n1"),
        (RecordKind::Order, "o2"),
        (RecordKind::Order, "o1"),
        (RecordKind::Coupon, "k1"),
        (RecordKind::Coupon, "k0"),
        (RecordKind::Aftersale, "s1"),
        (RecordKind::Customer, "c1"),
        (RecordKind::Product, "none"),
    ]
    .map(|(kind, id)| (kind, id.to_owned()))
    .into();
    let check = async |scope: Scope, own: [usize; 4], visible: &[&str]| {
        let counts = [
            store.own(&scope, &[RecordKind::Order]).await.unwrap().len(),
            store.own(&scope, &[RecordKind::Aftersale]).await.unwrap().len(),
            store.own(&scope, &[RecordKind::Coupon]).await.unwrap().len(),
            store.own(&scope, &[RecordKind::Customer]).await.unwrap().len(),
        ];
        assert_eq!(counts, own, "{scope:?}");
        let found = store.records(&scope, &wanted).await.unwrap();
        let ids: Vec<&str> = found.iter().map(|record| record.id.as_str()).collect();
        assert_eq!(ids, visible, "{scope:?}");
        assert!(store.public_records(&scope, &[RecordKind::Order]).await.unwrap().is_empty());
    };
    check(customer("c1"), [1, 1, 1, 1], &["n1", "o1", "k1", "s1", "c1"]).await;
    check(customer("c2"), [1, 0, 0, 0], &["n1", "o2"]).await;
    check(customer("c3"), [0, 0, 0, 0], &["n1"]).await;
    check(nobody(), [0, 0, 0, 0], &["n1"]).await;
    check(visitor(), [0, 0, 0, 0], &["n1"]).await;
    let elsewhere = Scope::customer(ShopId::new("other").unwrap(), CustomerId::new("c1").unwrap());
    check(elsewhere.clone(), [0, 0, 0, 0], &[]).await;
    assert_eq!(store.public_records(&nobody(), &[RecordKind::Policy]).await.unwrap().len(), 1);
    assert_eq!(
        store.public_records(&nobody(), &[RecordKind::Notice]).await.unwrap()[0].fields["text"],
        "台风"
    );
    // A notice that changes is not told as it was.
    put(&store, record(RecordKind::Notice, "n1", json!({"text": "台风过去了"}))).await;
    let notices = store.public_records(&nobody(), &[RecordKind::Notice]).await.unwrap();
    assert_eq!(notices[0].fields["text"], "台风过去了");
    assert!(store.public_records(&elsewhere, &[RecordKind::Notice]).await.unwrap().is_empty());
    // An order that changes hands is no longer the first customer's.
    put(&store, order("o1", "c2", json!({"placed_at": "2026-11-01 10:00"}))).await;
    assert!(store.own(&customer("c1"), &[RecordKind::Order]).await.unwrap().is_empty());
    store.withdraw(&staff(), (RecordKind::Order, "o1"), Stamp::default(), &now()).await.unwrap();
    assert_eq!(store.own(&customer("c2"), &[RecordKind::Order]).await.unwrap().len(), 1);
    assert!(store.records(&customer("c2"), &[(RecordKind::Order, "o1".into())]).await.unwrap().is_empty());
}

#[tokio::test]
async fn orders_come_newest_first() {
    let (_folder, store) = store().await;
    for (id, fields) in [
        ("9", json!({"placed_at": "2026-11-03"})),
        ("20", json!({"placed_at": "2026-11-04T01:00:00+08:00"})),
        ("7", json!({"shipment": {"events": [{"at": "2026-11-02 09:00:00"}, {"at": "2026-11-05"}]}})),
        ("100", json!({"status": "processing"})),
        ("99", json!({"status": "processing"})),
    ] {
        put(&store, order(id, "c", fields)).await;
    }
    let ids: Vec<String> = store
        .own(&customer("c"), &[RecordKind::Order])
        .await
        .unwrap()
        .into_iter()
        .map(|order| order.id)
        .collect();
    assert_eq!(ids, ["100", "99", "20", "9", "7"]);
}

#[tokio::test]
async fn a_parcel_is_merged_into_its_order_and_kept() {
    let (_folder, store) = store().await;
    put(&store, order("o1", "c1", json!({"total": 10, "version": 1}))).await;
    let put_parcel = async |fields: Value| {
        let Value::Object(fields) = fields else { panic!() };
        store.put_shipment(&staff(), "o1", fields, &now()).await
    };
    let parcels = async || {
        let order = store.own(&customer("c1"), &[RecordKind::Order]).await.unwrap().remove(0);
        (order.fields.get("shipment").cloned(), order.fields.get("shipments").cloned())
    };
    let first = json!({"carrier": "中通", "tracking": "1", "updated_at": "2026-11-02"});
    assert_eq!(put_parcel(first.clone()).await.unwrap(), outcome(1, 0, 0));
    assert_eq!(put_parcel(first.clone()).await.unwrap(), outcome(0, 1, 0));
    let older = json!({"carrier": "中通", "tracking": "1", "updated_at": "2026-11-01"});
    assert_eq!(put_parcel(older).await.unwrap(), outcome(0, 0, 1));
    assert_eq!(parcels().await, (Some(first.clone()), None));
    // The order's own system knows nothing of parcels and must not lose one.
    assert_eq!(put(&store, order("o1", "c1", json!({"total": 11, "version": 2}))).await, outcome(1, 0, 0));
    assert_eq!(parcels().await, (Some(first), None));
    // With several parcels the one with the same number is replaced, a new one is added.
    let several = json!({"version": 3, "shipments": [{"tracking": "1"}, {"tracking": "2"}]});
    put(&store, order("o1", "c1", several)).await;
    put_parcel(json!({"tracking": "2", "status": "moving"})).await.unwrap();
    put_parcel(json!({"tracking": "3"})).await.unwrap();
    let expected = json!([{"tracking": "1"}, {"tracking": "2", "status": "moving"}, {"tracking": "3"}]);
    assert_eq!(parcels().await.1, Some(expected));
    let Value::Object(parcel) = json!({"tracking": "1"}) else { panic!() };
    let unknown = store.put_shipment(&staff(), "o9", parcel, &now()).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn an_index_can_catch_up_with_what_changed() {
    let (_folder, store) = store().await;
    put(&store, product("a", json!({"title": "a"}))).await;
    put(&store, product("b", json!({"title": "b"}))).await;
    let built = store.last_change(&staff()).await.unwrap();
    put(&store, product("b", json!({"title": "B"}))).await;
    put(&store, product("c", json!({"title": "c"}))).await;
    store.withdraw(&staff(), (RecordKind::Product, "a"), Stamp::default(), &now()).await.unwrap();
    let changes = store.changes(&staff(), built).await.unwrap();
    let seen: Vec<(&str, bool)> =
        changes.iter().map(|change| (change.id.as_str(), change.record.is_some())).collect();
    assert_eq!(seen, [("b", true), ("c", true), ("a", false)]);
    assert_eq!(changes.last().unwrap().change, store.last_change(&staff()).await.unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However versioned puts and deletions are shuffled, the highest version decides.
    #[test]
    fn the_highest_version_wins_in_every_order(
        writes in Just((1_i64..=8).zip([true, false, true, true, false, true, false, true]).collect::<Vec<_>>()).prop_shuffle(),
        last in 1_usize..=8,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let writes = &writes[..last];
        let expected = writes.iter().max().filter(|(_, put)| *put).map(|(version, _)| version.to_string());
        let found = runtime.block_on(async {
            let (_folder, store) = store().await;
            for (version, is_put) in writes {
                if *is_put {
                    put(&store, product("p", json!({"title": version.to_string(), "version": version}))).await;
                } else {
                    let when = Stamp { version: Some(*version), updated_at: None };
                    store.withdraw(&staff(), (RecordKind::Product, "p"), when, &now()).await.unwrap();
                }
            }
            title(&store, "p").await
        });
        prop_assert_eq!(found, expected);
    }
}
