//! What a large import comes to while other writes go on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::*;
use crate::identity::{Scope, ShopId};
use crate::store::{NewConversation, NewMessage, Stamp};
use crate::turn::types::Memory;

fn now() -> Now {
    Now::new("2026-11-20T02:12:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

fn staff() -> StaffScope {
    StaffScope { shop: ShopId::default(), actor: "system".to_owned() }
}

fn product(id: &str, fields: Value) -> NewRecord {
    let Value::Object(mut fields) = fields else { panic!("a record is an object") };
    let mut all = Map::from_iter([("kind".to_owned(), json!("product")), ("id".to_owned(), json!(id))]);
    all.append(&mut fields);
    let record = Record { kind: RecordKind::Product, id: id.to_owned(), fields: all };
    NewRecord { record, source: API_SOURCE.to_owned() }
}

async fn store() -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path()).await.unwrap();
    (folder, store)
}

async fn title(store: &Store, id: &str) -> Option<String> {
    let found = store.record(&staff(), RecordKind::Product, id).await.unwrap()?;
    Some(found.fields["title"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn what_was_written_while_an_import_was_prepared_is_judged_again() {
    let (_folder, store) = store().await;
    store
        .put_records(&staff(), vec![product("a", json!({"title": "old", "version": 1}))], &now())
        .await
        .unwrap();
    let records = ["a", "b", "c", "d"].map(|id| product(id, json!({"title": "import", "version": 2})));
    let import = store.prepare(&staff(), records.to_vec(), &now()).await.unwrap();
    let meanwhile = vec![
        product("a", json!({"title": "newer", "version": 3})),
        product("b", json!({"title": "older", "version": 1})),
    ];
    store.put_records(&staff(), meanwhile, &now()).await.unwrap();
    store
        .withdraw(&staff(), (RecordKind::Product, "c"), Stamp { version: Some(4), updated_at: None }, &now())
        .await
        .unwrap();
    let outcome = store.switch_in(&staff(), import, &now()).await.unwrap().put;
    assert_eq!(outcome, PutOutcome { accepted: 2, unchanged: 0, stale: 2 });
    let mut titles = Vec::new();
    for id in ["a", "b", "c", "d"] {
        titles.push(title(&store, id).await);
    }
    let titles: Vec<Option<&str>> = titles.iter().map(Option::as_deref).collect();
    assert_eq!(titles, [Some("newer"), Some("import"), None, Some("import")]);
}

#[tokio::test]
async fn a_source_keeps_what_another_import_of_it_brought_only_if_it_has_it() {
    let (_folder, store) = store().await;
    let records = |ids: &[&str]| -> Vec<Record> {
        ids.iter().map(|id| product(id, json!({"title": "file"})).record).collect()
    };
    store.replace_source(&staff(), "shop.ndjson", records(&["a", "b"]), &now()).await.unwrap();
    let new = records(&["a", "c"]).into_iter();
    let new = new.map(|record| NewRecord { record, source: "shop.ndjson".to_owned() }).collect();
    let mut import = store.prepare(&staff(), new, &now()).await.unwrap();
    import.source = Some("shop.ndjson".to_owned());
    store.replace_source(&staff(), "shop.ndjson", records(&["a", "b", "d"]), &now()).await.unwrap();
    let outcome = store.switch_in(&staff(), import, &now()).await.unwrap();
    assert_eq!((outcome.put.accepted, outcome.put.unchanged, outcome.withdrawn), (1, 1, 2));
    let all = store.all_records(&staff(), RecordKind::Product).await.unwrap();
    let ids: Vec<&str> = all.iter().map(|record| record.id.as_str()).collect();
    assert_eq!(ids, ["a", "c"]);
}

/// Messages are written one after the other for as long as an import of many records is under way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_written_while_a_large_import_is_prepared() {
    const RECORDS: usize = 20_000;
    let (_folder, store) = store().await;
    let scope = Scope::anonymous(ShopId::default());
    let new = NewConversation { channel: "test".into(), memory: Memory::default() };
    let conversation = store.open_conversation(&scope, new, &now()).await.unwrap();
    let records = (0..RECORDS)
        .map(|number| {
            product(&format!("p{number}"), json!({"title": "量子泡泡机", "description": "好玩".repeat(50)}))
        })
        .collect();
    let done = Arc::new(AtomicBool::new(false));
    let import = {
        let (store, done) = (store.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let outcome = store.put_records(&staff(), records, &now()).await;
            done.store(true, Ordering::SeqCst);
            outcome.unwrap()
        })
    };
    let mut written = 0;
    while !done.load(Ordering::SeqCst) {
        let message = NewMessage { client_id: None, text: "在吗".to_owned(), attachments: Vec::new() };
        store.append_customer_message(&scope, &conversation.id, message, &now()).await.unwrap();
        written += 1;
    }
    assert_eq!(import.await.unwrap().accepted, RECORDS as u64);
    // Two would be one before and one after a transaction that prepares everything itself.
    assert!(written > 5, "{written} messages got in");
}
