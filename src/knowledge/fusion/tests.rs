//! Searching by words and meaning together, over an embedder that knows two ways of saying a few things.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::identity::{CustomerId, Scope, ShopId};
use crate::knowledge::analyzer::Analyzer;
use crate::knowledge::{Builder, Change, Dictionaries, Knowledge, SearchQuery, build_generation};
use crate::model::{Embedder, ScriptedEmbedder};
use crate::record::{Record, RecordKind};
use crate::time::Now;

fn embedder() -> Arc<dyn Embedder> {
    Arc::new(ScriptedEmbedder::new().with_same("coche de paseo", "婴儿推车").with_same("vuelo", "上飞机"))
}

fn analyzer() -> Analyzer {
    Analyzer::new(&Dictionaries::load(None).unwrap())
}

fn now() -> Now {
    Now::new("2026-11-20T04:00:00Z".parse().unwrap(), jiff::tz::TimeZone::UTC)
}

fn knowledge(id: &str, title: &str, text: &str) -> Record {
    Record::from_value(json!({"kind": "knowledge", "id": id, "title": title, "text": text})).unwrap()
}

fn records() -> Vec<Record> {
    let order = json!({"kind": "order", "id": "o1", "customer": "c1", "status": "paid", "total": 1.0,
        "items": [{"title": "婴儿推车上飞机", "price": 1.0, "quantity": 1}]});
    vec![
        knowledge("plane", "婴儿推车上飞机", "收合以后可以放行李架"),
        knowledge("wash", "睡袋怎么洗", "三十度水洗"),
        Record::from_value(order).unwrap(),
    ]
}

fn filled(embedder: Option<Arc<dyn Embedder>>) -> Knowledge {
    let all = Knowledge::empty(analyzer()).unwrap().with_embedder(embedder).unwrap();
    let changes: Vec<Change> = records().into_iter().map(Change::Put).collect();
    all.apply(&ShopId::default(), &changes).unwrap();
    all
}

fn search(all: &Knowledge, scope: &Scope, text: &str) -> Vec<Hit> {
    let vector = all.question_vector(text);
    let query = SearchQuery { text: text.into(), limit: 10, vector, ..SearchQuery::default() };
    all.search(scope, &query).unwrap()
}

#[test]
fn other_words_find_what_means_the_same_once_its_vectors_are_there() {
    let public = Scope::anonymous(ShopId::default());
    let all = filled(Some(embedder()));
    let question = "coche de paseo vuelo";
    assert!(search(&all, &public, question).is_empty());
    assert_eq!(search(&all, &public, "睡袋怎么洗")[0].id, "wash");
    assert_eq!(all.waiting_for_vectors(), 2);
    assert_eq!(all.embed_waiting().unwrap(), 2);
    let hits = search(&all, &public, question);
    assert_eq!(hits[0].id, "plane");
    assert!(hits[0].meaning.unwrap() > 0.95 && hits[0].words < 0.1, "{hits:?}");
    assert!(hits[0].explained().contains("meaning"), "{}", hits[0].explained());

    let words_alone = filled(None);
    assert!(search(&words_alone, &public, question).is_empty());
    assert_eq!(words_alone.waiting_for_vectors(), 0);
}

#[test]
fn what_is_private_is_never_found_by_meaning() {
    let all = filled(Some(embedder()));
    all.embed_waiting().unwrap();
    let owner = Scope::customer(ShopId::default(), CustomerId::new("c1").unwrap());
    let others = [
        Scope::anonymous(ShopId::default()),
        Scope::customer(ShopId::default(), CustomerId::new("c2").unwrap()),
        Scope::anonymous(ShopId::new("another").unwrap()),
    ];
    let kinds = |scope: &Scope| -> Vec<RecordKind> {
        search(&all, scope, "婴儿推车上飞机").into_iter().map(|hit| hit.kind).collect()
    };
    assert!(kinds(&owner).contains(&RecordKind::Order));
    for scope in &others {
        assert!(!kinds(scope).contains(&RecordKind::Order), "{scope:?}");
    }
    assert!(kinds(&others[2]).is_empty());
}

#[test]
fn a_changed_record_loses_its_old_meaning_at_once() {
    let public = Scope::anonymous(ShopId::default());
    let shop = ShopId::default();
    let all = filled(Some(embedder()));
    all.embed_waiting().unwrap();
    all.apply(&shop, &[Change::Put(knowledge("plane", "发票", "电子发票"))]).unwrap();
    let found = |text: &str| search(&all, &public, text).first().map(|hit| hit.id.clone());
    assert_ne!(found("coche de paseo vuelo").as_deref(), Some("plane"));
    all.embed_waiting().unwrap();
    assert_eq!(found("发票").as_deref(), Some("plane"));
    all.apply(&shop, &[Change::Remove(RecordKind::Knowledge, "plane".into())]).unwrap();
    assert_ne!(found("发票").as_deref(), Some("plane"));
    assert_eq!(all.waiting_for_vectors(), 0);
}

#[test]
fn a_failing_embedder_leaves_everything_found_by_words() {
    let all = filled(Some(Arc::new(ScriptedEmbedder::new().broken())));
    assert!(all.embed_waiting().is_err());
    assert_eq!(all.waiting_for_vectors(), 0);
    assert_eq!(search(&all, &Scope::anonymous(ShopId::default()), "睡袋怎么洗")[0].id, "wash");
}

#[test]
fn a_generation_keeps_its_vectors_and_a_second_build_computes_none() {
    let data = tempfile::tempdir().unwrap();
    let (analyzer, shop, records) = (analyzer(), ShopId::default(), records());
    let build = |embedder: &dyn Embedder| {
        let builder = Builder { analyzer: &analyzer, embedder: Some(embedder), change: None };
        build_generation(data.path(), builder, records.iter().map(|record| (&shop, record)), &now())
    };
    build(embedder().as_ref()).unwrap();
    let found = || {
        let all = Knowledge::open(data.path(), analyzer.clone()).unwrap();
        let all = all.with_embedder(Some(embedder())).unwrap();
        assert_eq!(all.waiting_for_vectors(), 0);
        search(&all, &Scope::anonymous(ShopId::default()), "coche de paseo vuelo").remove(0)
    };
    let before = found();
    assert_eq!(before.id, "plane");
    // One that fails is not asked, because everything is kept.
    build(&ScriptedEmbedder::new().broken()).unwrap();
    assert_eq!(found(), before);
}
