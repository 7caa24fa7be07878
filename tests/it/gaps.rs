//! Do questions that nothing answers reach the people who write the knowledge, and leave the list when they are answered?

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{REFERENCE, RunningShop, config, mute, read};

/// A shop that knows nothing cannot answer it.
const QUESTION: &str = "包邮吗 运费多少";

async fn gaps(shop: &RunningShop, query: &str) -> Vec<Value> {
    let page = shop.staff_get(&format!("/api/v1/gaps{query}")).await;
    page["gaps"].as_array().unwrap().clone()
}

/// Waits until a condition holds: gaps are written and closed behind the replies.
async fn until(shop: &RunningShop, query: &str, holds: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    for _ in 0..200 {
        let found = gaps(shop, query).await;
        if holds(&found) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not come to that: {:?}", gaps(shop, query).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn questions_without_an_answer_are_grouped_and_close_when_knowledge_comes() {
    let shop = RunningShop::empty(mute(), config(), REFERENCE).await;
    let mut conversations = Vec::new();
    for text in [QUESTION, "请问包邮吗 运费多少呢", "你们会不会修火星车 我手机13812345678"]
    {
        let reply = shop.chat(None, text).await;
        conversations.push(reply["conversation"].clone());
    }
    let open = until(&shop, "?state=open", |gaps| {
        gaps.iter().map(|gap| gap["times"].as_u64().unwrap()).sum::<u64>() == 3
    })
    .await;
    assert_eq!(open.len(), 2, "{open:?}");
    assert_eq!(open[0]["question"], QUESTION);
    assert_eq!((&open[0]["times"], &open[0]["ways"][0]), (&json!(2), &json!("请问包邮吗 运费多少呢")));
    assert!(open[0]["conversations"].as_array().unwrap().contains(&conversations[0]));
    assert!(!json!(open).to_string().contains("13812345678"), "private data is masked: {open:?}");
    // Nothing closes by what has nothing to do with it.
    shop.staff_put("/api/v1/knowledge/other", json!({ "title": "包装", "text": "用纸箱包装。" }))
        .await
        .good();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(gaps(&shop, "?state=open").await.len(), 2);
    let entry = json!({
        "title": "运费", "questions": ["运费怎么算", QUESTION], "text": "满 99 元包邮，不满收 8 元。",
    });
    shop.staff_put("/api/v1/knowledge/k-freight", entry).await.good();
    let answered = until(&shop, "?state=answered", |gaps| !gaps.is_empty()).await;
    assert_eq!(answered[0]["question"], QUESTION);
    assert_eq!(
        (&answered[0]["answered_by"], &answered[0]["settled_by"]),
        (&json!("knowledge:k-freight"), &json!("knowledge"))
    );
    let open = gaps(&shop, "?state=open").await;
    assert_eq!(open.len(), 1);
    settled_by_hand(&shop, open[0]["id"].as_str().unwrap()).await;
    shop.stop().await;
}

async fn settled_by_hand(shop: &RunningShop, id: &str) {
    let path = format!("/api/v1/gaps/{id}");
    let check = async |body: Value, status: u16, state: &str| {
        let reply = shop.staff_post(&path, body.clone()).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text);
        if status == 200 {
            assert_eq!(reply.json()["state"], state, "{body}");
        }
    };
    check(json!({ "state": "answered" }), 422, "").await;
    check(json!({ "state": "answered", "knowledge": "nothing" }), 422, "").await;
    check(json!({ "state": "dismissed", "knowledge": "k-freight" }), 422, "").await;
    check(json!({ "state": "solved" }), 422, "").await;
    check(json!({ "state": "dismissed" }), 200, "dismissed").await;
    check(json!({ "state": "answered", "knowledge": "k-freight" }), 200, "answered").await;
    check(json!({ "state": "answered", "knowledge": "knowledge:k-freight" }), 200, "answered").await;
    check(json!({ "state": "open" }), 200, "open").await;
    for (id, status) in [("gap_0", 404), ("nonsense", 404)] {
        let reply = shop.staff_post(&format!("/api/v1/gaps/{id}"), json!({ "state": "dismissed" })).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, "not_found"), "{id}");
    }
    for query in ["?state=solved", "?limit=0", "?limit=501", "?offset=-1"] {
        let reply =
            read(shop.staff(Method::GET, &format!("/api/v1/gaps{query}")).send().await.unwrap()).await;
        assert_eq!(reply.status, 400, "{query}: {}", reply.text);
    }
    let page = shop.staff_get("/api/v1/gaps?limit=1").await;
    assert_eq!((page["total"].as_u64(), page["next"].as_u64()), (Some(2), Some(1)), "{page}");
    let last = shop.staff_get("/api/v1/gaps?limit=1&offset=1").await;
    assert_eq!((last["gaps"].as_array().unwrap().len(), &last["next"]), (1, &Value::Null));
}
