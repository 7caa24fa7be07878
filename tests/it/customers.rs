//! Is everything that is kept of a customer given out, and nothing left of who was erased, in the program as it runs?

use std::path::Path;

use reqwest::Method;
use serde_json::{Value, json};
use warmdesk::identity::{CustomerId, Scope, ShopId};
use warmdesk::knowledge::{Knowledge, SearchQuery};

use crate::app::{REFERENCE, Reply, RunningShop, mute, read};
use crate::program::{run, warmdesk};

const OWNER: &str = "cus_ZQ7ERASE";
const MARK: &str = "ZQ7ERASE";

fn records() -> String {
    [
        json!({ "kind": "customer", "id": OWNER, "name": "ZQ7ERASE 林" }),
        json!({ "kind": "order", "id": "ZQ-8801", "customer": OWNER, "status": "in_transit", "total": 88,
            "placed_at": "2026-11-15 09:00:00", "address": { "name": "ZQ7ERASE", "phone": "13800001111" },
            "items": [{ "title": "雨靴 ZQ7ERASE 款", "price": 88, "quantity": 1 }] }),
        json!({ "kind": "knowledge", "id": "k1", "title": "洗涤", "text": "用温水手洗。" }),
    ]
    .map(|record| record.to_string())
    .join("\n")
}

async fn get(shop: &RunningShop, path: &str) -> Reply {
    read(shop.staff(Method::GET, path).send().await.unwrap()).await
}

async fn erase(shop: &RunningShop, query: &str) -> Reply {
    let path = format!("/api/v1/customers/{OWNER}/data{query}");
    read(shop.staff(Method::DELETE, &path).send().await.unwrap()).await
}

/// The files under a folder in which the mark stands.
fn marked_files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(marked_files(&path));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        if bytes.windows(MARK.len()).any(|window| window.eq_ignore_ascii_case(MARK.as_bytes())) {
            found.push(path.display().to_string());
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_is_given_everything_and_then_erased() {
    let shop = RunningShop::start(mute()).await;
    shop.import(&records()).await;
    let talk = shop.chat(Some(OWNER), "ZQ7ERASE 我的雨靴到哪了").await;
    let handed = shop.chat_on(Some(OWNER), &talk, "转人工").await;
    let ticket = handed["handoff"]["ticket"].as_str().unwrap();
    let at = |step: &str| format!("/api/v1/tickets/{ticket}/{step}");
    shop.staff_post(&at("claim"), json!({})).await.good();
    shop.staff_post(&at("notes"), json!({ "text": "ZQ7ERASE 很急" })).await.good();

    let export = get(&shop, &format!("/api/v1/customers/{OWNER}/export")).await.good();
    let kinds: Vec<&Value> =
        export["records"].as_array().unwrap().iter().map(|record| &record["kind"]).collect();
    assert_eq!(kinds, ["customer", "order"], "{export}");
    let conversation = &export["conversations"][0];
    assert_eq!(conversation["messages"][0]["text"], "ZQ7ERASE 我的雨靴到哪了");
    assert_eq!(conversation["tickets"][0]["agent_notes"][0]["text"], "ZQ7ERASE 很急");
    for list in ["actions", "promises", "flows"] {
        assert!(conversation[list].is_array(), "{list}: {conversation}");
    }
    for path in [format!("/api/v1/customers/{OWNER}/export"), format!("/api/v1/customers/{OWNER}/data")] {
        let method = if path.ends_with("data") { Method::DELETE } else { Method::GET };
        let nobody = read(shop.request(method, &path).send().await.unwrap()).await;
        assert_eq!(nobody.status, 401, "{path}");
    }

    let refused = erase(&shop, "").await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "conflict"), "{}", refused.text);
    assert!(refused.text.contains("tickets"), "{}", refused.text);
    let erased = erase(&shop, "?force=true").await.good();
    assert_eq!((&erased["conversations"], &erased["records"]), (&json!(1), &json!(2)), "{erased}");
    assert_eq!(get(&shop, &format!("/api/v1/customers/{OWNER}/export")).await.status, 404);
    assert_eq!(erase(&shop, "?force=true").await.status, 404);
    assert_eq!(
        get(&shop, &format!("/api/v1/customers/{OWNER}")).await.status,
        405,
        "records have no door to read"
    );

    // The customer comes back as somebody new.
    let again = shop.chat(Some(OWNER), "你们几点上班").await;
    assert_ne!(again["conversation"], talk["conversation"]);
    erase(&shop, "?force=true").await.good();
    let data = shop.leave().await;
    assert_eq!(marked_files(data.path()), Vec::<String>::new());
    RunningShop::on(data, REFERENCE).await.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_does_the_same_and_takes_it_from_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("records.ndjson");
    std::fs::write(&file, records()).unwrap();
    let data = folder.path().join("data");
    let call = |arguments: &[&str]| {
        let mut command = warmdesk(folder.path());
        command.arg("--data").arg(&data).args(arguments);
        run(&mut command)
    };
    let good = |arguments: &[&str]| {
        let done = call(arguments);
        assert_eq!(done.code, Some(0), "{arguments:?}: {}", done.stderr);
        done.stdout
    };
    for _ in 0..2 {
        good(&["index", file.to_str().unwrap()]);
    }
    let hits = || {
        let knowledge = Knowledge::open(&data, warmdesk::app::analyzer(&data).unwrap()).unwrap();
        let scope = Scope::customer(ShopId::default(), CustomerId::new(OWNER).unwrap());
        let query =
            SearchQuery { text: "雨靴".into(), kinds: Vec::new(), limit: 10, product: None, vector: None };
        let hits = knowledge.search(&scope, &query).unwrap();
        hits.iter().filter(|hit| hit.id == "ZQ-8801").count()
    };
    let generations = || std::fs::read_dir(data.join("index/generations")).unwrap().count();
    assert!(!marked_files(&data).is_empty() && hits() == 1, "store and index know the customer");
    assert_eq!(generations(), 2);
    let export: Value = serde_json::from_str(&good(&["customer", "export", OWNER])).unwrap();
    assert_eq!(export["records"].as_array().unwrap().len(), 2);
    let erased: Value = serde_json::from_str(&good(&["customer", "erase", OWNER])).unwrap();
    assert_eq!(erased["records"], 2);
    assert_eq!(marked_files(&data), Vec::<String>::new());
    assert_eq!((hits(), generations()), (0, 1));
    let unknown = call(&["customer", "erase", OWNER]);
    assert!(unknown.code != Some(0) && unknown.stderr.contains("is unknown"), "{}", unknown.stderr);
}
