//! The shop's records from outside.

use axum::http::Method;
use serde_json::{Value, json};
use warmdesk::http::DoorSettings;
use warmdesk::record::RecordKind;

use super::app::{Reply, TestApp};

async fn put(app: &TestApp, path: &str, body: Value) -> Reply {
    app.call(Method::PUT, path).key("key-facts").json(body).send().await
}

#[tokio::test]
async fn every_collection_takes_its_kind() {
    let app = TestApp::new();
    let collections = [
        ("knowledge", RecordKind::Knowledge),
        ("policies", RecordKind::Policy),
        ("promotions", RecordKind::Promotion),
        ("products", RecordKind::Product),
        ("orders", RecordKind::Order),
        ("customers", RecordKind::Customer),
    ];
    for (collection, kind) in collections {
        let path = format!("/api/v1/{collection}/%E8%AE%A2%E5%8D%95%2F1");
        let reply = put(&app, &path, json!({ "title": "t", "anything": [1] })).await;
        assert_eq!(reply.status, 200, "{collection}: {}", reply.text);
        assert_eq!(
            reply.json(),
            json!({ "id": format!("{kind}:订单/1"), "result": "written", "warnings": [] })
        );
        let written = app.fake.record(kind, "订单/1").unwrap();
        assert_eq!(written["anything"], json!([1]), "the body goes on as it came");
        assert_eq!(
            put(&app, &path, json!({ "title": "t", "anything": [1] })).await.json()["result"],
            "unchanged"
        );
        let gone = app.call(Method::DELETE, &path).key("key-facts").send().await;
        assert_eq!(gone.json()["deleted"], true);
        let again = app.call(Method::DELETE, &path).key("key-facts").send().await;
        assert_eq!((again.status.as_u16(), again.code().as_str()), (404, "record_not_found"));
    }
}

#[tokio::test]
async fn a_removal_may_say_when_it_happened() {
    let app = TestApp::new();
    let check = async |query: &str, version: Option<i64>, updated_at: Option<&str>| {
        put(&app, "/api/v1/products/P-1", json!({ "title": "t" })).await;
        let path = format!("/api/v1/products/P-1{query}");
        let gone = app.call(Method::DELETE, &path).key("key-facts").send().await;
        assert_eq!(gone.status, 200, "{query}: {}", gone.text);
        let when = app.fake.newest_deletion();
        let updated_at = updated_at.map(|text| text.parse().unwrap());
        assert_eq!((when.version, when.updated_at), (version, updated_at), "{query}");
    };
    check("", None, None).await;
    check("?version=7", Some(7), None).await;
    check("?updated_at=2026-11-20T10:00:00Z", None, Some("2026-11-20T10:00:00Z")).await;
    check("?updated_at=2026-11-20%2010:00", None, Some("2026-11-20T10:00:00+08:00")).await;
    for query in ["?version=new", "?updated_at=yesterday"] {
        let path = format!("/api/v1/products/P-1{query}");
        let refused = app.call(Method::DELETE, &path).key("key-facts").send().await;
        assert_eq!((refused.status.as_u16(), refused.code().as_str()), (400, "invalid_parameter"), "{query}");
    }
}

#[tokio::test]
async fn a_record_that_is_none_is_refused() {
    let app = TestApp::new();
    let check = async |path: &str, body: Value, code: &str| {
        let reply = put(&app, path, body).await;
        assert_eq!(reply.code(), code, "{path}: {}", reply.text);
    };
    check("/api/v1/products/P-1", json!([]), "invalid_field").await;
    check("/api/v1/products/P-1", json!({ "id": "P-2" }), "invalid_record").await;
    check("/api/v1/products/P-1", json!({ "id": 1 }), "invalid_record").await;
    check("/api/v1/products/P-1", json!({ "kind": "order" }), "invalid_record").await;
    check("/api/v1/products/P-1", json!({ "price": "dear" }), "invalid_record").await;
    check("/api/v1/products/%20", json!({}), "invalid_id").await;
    check("/api/v1/things/P-1", json!({}), "route_not_found").await;
    check(&format!("/api/v1/products/{}", "a".repeat(129)), json!({}), "invalid_id").await;
    check("/api/v1/orders/O-1/shipment", json!({}), "record_not_found").await;
    assert!(app.fake.record(RecordKind::Product, "P-1").is_none());
}

#[tokio::test]
async fn a_shipment_goes_into_its_order() {
    let app = TestApp::new();
    put(&app, "/api/v1/orders/O-1", json!({ "customer": "C-1" })).await;
    let shipment = json!({ "carrier": "中通", "tracking": "78412365509821" });
    assert_eq!(put(&app, "/api/v1/orders/O-1/shipment", shipment.clone()).await.json()["id"], "order:O-1");
    assert_eq!(app.fake.record(RecordKind::Order, "O-1").unwrap()["shipment"], shipment);
}

#[tokio::test]
async fn an_import_reports_its_lines() {
    let app = TestApp::new();
    let import = async |body: &str| {
        let reply = app.post("/api/v1/import").key("key-facts").body(body.to_owned()).send().await;
        (reply.status.as_u16(), reply.json())
    };
    let (status, report) = import("{\"kind\":\"product\"}\n\n{\"kind\":\"order\"}\n").await;
    assert_eq!((status, &report["accepted"], &report["rejected"]), (200, &json!(2), &json!([])));
    let (status, report) = import("{\"kind\":\"product\"}\n{\"kind\":\n").await;
    assert_eq!((status, &report["accepted"]), (422, &json!(0)));
    assert_eq!(
        (&report["rejected"][0]["line"], &report["rejected"][0]["code"]),
        (&json!(2), &json!("malformed_json"))
    );
}

#[tokio::test]
async fn an_import_may_be_large_and_a_record_not() {
    let settings = DoorSettings { body_limit: 1000, import_limit: 5000, ..DoorSettings::default() };
    let app = TestApp::with(settings);
    let lines = |bytes: usize| "{\"kind\":\"product\"}\n".repeat(bytes / 19);
    let import =
        async |bytes: usize| app.post("/api/v1/import").key("key-facts").body(lines(bytes)).send().await;
    assert_eq!(import(4000).await.status, 200);
    let refused = import(6000).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (413, "body_too_large"));
    let big = put(&app, "/api/v1/products/P-1", json!({ "text": "x".repeat(2000) })).await;
    assert_eq!(big.code(), "body_too_large");
}

#[tokio::test]
async fn search_passes_on_what_was_asked() {
    let app = TestApp::new();
    let search =
        async |query: &str| app.get(&format!("/api/v1/search?{query}")).key("key-facts").send().await;
    let hits = search("q=%E7%9D%A1%E8%A2%8B&kind=knowledge&limit=3").await.json();
    assert_eq!(
        hits,
        json!({ "hits": [{ "id": "knowledge:1", "kind": "knowledge", "title": "睡袋", "text": "limit 3", "score": 0.5, "why": "words" }] })
    );
    assert_eq!(search("q=a").await.json()["hits"][0]["text"], "limit 10");
    for query in ["", "q=%20", "q=a&kind=thing", "q=a&limit=0", "q=a&limit=many"] {
        assert_eq!(search(query).await.code(), "invalid_parameter", "{query}");
    }
}
