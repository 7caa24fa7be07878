//! Are other systems told what happens, signed, in order, each thing once, whatever they answer and wherever they are?

mod receiver;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use warmdesk::config::Config;

use crate::actions::{until, wait_a_while};
use crate::app::{REFERENCE, Reply, RunningShop, config, mute, read};
use receiver::{Mood, Receiver};

/// Settings of a shop whose other systems are on the same machine, as those of the tests are.
fn intranet() -> Config {
    let mut config = config();
    config.webhooks.allow_private = true;
    config.webhooks.timeout_seconds = 1;
    config
}

async fn shop() -> RunningShop {
    RunningShop::empty(mute(), intranet(), REFERENCE).await
}

async fn on(data: TempDir) -> RunningShop {
    RunningShop::with(data, intranet(), REFERENCE).await
}

/// Subscribes a receiver, which from then on checks signatures; gives the subscription's id.
async fn subscribe(shop: &RunningShop, receiver: &Receiver, events: &[&str]) -> String {
    let body = json!({ "url": format!("{}/hook", receiver.url), "events": events, "description": "ERP" });
    let made = shop.staff_post("/api/v1/webhooks", body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    receiver.knows(made["secret"].as_str().unwrap());
    made["id"].as_str().unwrap().to_owned()
}

async fn webhook(shop: &RunningShop, id: &str) -> Value {
    let list = shop.staff_get("/api/v1/webhooks").await;
    let found = list["webhooks"].as_array().unwrap().iter().find(|webhook| webhook["id"] == id);
    found.expect("it is listed").clone()
}

async fn deliveries(shop: &RunningShop, id: &str, query: &str) -> Vec<Value> {
    let path = format!("/api/v1/webhooks/{id}/deliveries?{query}");
    shop.staff_get(&path).await["deliveries"].as_array().unwrap().clone()
}

async fn until_delivery(shop: &RunningShop, id: &str, state: &str, attempts: u64) -> Value {
    until(&format!("{state} after {attempts} attempts"), async || {
        let found = deliveries(shop, id, &format!("state={state}")).await;
        found.into_iter().find(|delivery| delivery["attempts"] == attempts)
    })
    .await
}

async fn until_told(receiver: &Receiver, what: &str, is_there: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    until(what, async || Some(receiver.taken()).filter(|taken| is_there(taken))).await
}

async fn change(shop: &RunningShop, id: &str, body: Value) -> Reply {
    let request = shop.staff(Method::PATCH, &format!("/api/v1/webhooks/{id}")).json(&body);
    read(request.send().await.unwrap()).await
}

fn names(taken: &[Value]) -> Vec<&str> {
    taken.iter().map(|body| body["event"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_subscribes_is_told_everything_in_order_and_signed() {
    let (all, notes) = (Receiver::start(Mood::Takes).await, Receiver::start(Mood::Takes).await);
    let shop = shop().await;
    let id = subscribe(&shop, &all, &["*"]).await;
    subscribe(&shop, &notes, &["note_created"]).await;
    let talk = shop.chat(Some("cus_1"), "你们好 <script>alert(1)</script>").await;
    let handed = shop.chat_on(Some("cus_1"), &talk, "转人工").await;
    let ticket = handed["handoff"]["ticket"].as_str().unwrap();
    let at = |step: &str| format!("/api/v1/tickets/{ticket}/{step}");
    shop.staff_post(&at("claim"), json!({})).await.good();
    shop.staff_post(&at("notes"), json!({ "text": "急，先核实" })).await.good();
    shop.staff_post(&at("messages"), json!({ "text": "您好，我在看。" })).await.good();
    shop.staff_post(&at("resolve"), json!({})).await.good();
    let resolved = |taken: &[Value]| {
        let is_end = |body: &Value| {
            body["event"] == "conversation_status_changed" && body["conversation"]["state"] == "resolved"
        };
        taken.iter().any(is_end)
    };
    let told = until_told(&all, "it is told of the end", resolved).await;
    let order = names(&told);
    assert_eq!(&order[..2], ["conversation_created", "message_created"], "{order:?}");
    assert_eq!(told[1]["message"]["text"], "你们好 <script>alert(1)</script>");
    assert_eq!(
        (&told[1]["account"]["shop"], &told[1]["conversation"]["customer"]),
        (&json!("default"), &json!("cus_1"))
    );
    let expected = ["handoff", "ticket_created", "ticket_updated", "conversation_updated"];
    assert!(expected.iter().all(|name| order.contains(name)), "{order:?}");
    assert!(!order.contains(&"note_created"), "notes are only told to those who name them");
    let place = |name: &str| order.iter().position(|told| *told == name).unwrap();
    assert!(place("handoff") < place("ticket_updated"), "{order:?}");
    let states: Vec<&str> = told
        .iter()
        .filter(|body| body["event"] == "conversation_status_changed")
        .map(|body| body["conversation"]["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["waiting", "human", "resolved"], "each as it was then");
    let messages: Vec<&str> = told
        .iter()
        .filter(|body| body["event"] == "message_created")
        .map(|body| body["message"]["author"].as_str().unwrap())
        .collect();
    assert_eq!(messages.last(), Some(&"staff"));
    let ids: BTreeSet<&str> = told.iter().map(|body| body["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), told.len(), "each once");
    let noted = until_told(&notes, "it is told of the note", |taken| !taken.is_empty()).await;
    assert_eq!((names(&noted), &noted[0]["note"]["text"]), (vec!["note_created"], &json!("急，先核实")));
    assert_eq!((all.refused(), notes.refused()), (Vec::new(), Vec::new()), "every signature is right");
    let stands = webhook(&shop, &id).await;
    assert_eq!((&stands["failures"], &stands["dead"], stands.get("secret")), (&json!(0), &json!(0), None));
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_fails_is_tried_again_under_the_same_id_and_in_its_order() {
    let receiver = Receiver::start(Mood::Status(500)).await;
    let shop = shop().await;
    let id = subscribe(&shop, &receiver, &["message_created"]).await;
    let talk = shop.chat(Some("cus_1"), "第一句").await;
    shop.chat_on(Some("cus_1"), &talk, "第二句").await;
    let failed = until_delivery(&shop, &id, "failed", 1).await;
    assert_eq!((&failed["status"], &failed["next_at"]), (&json!(500), &json!("2026-11-20T10:12:05+08:00")));
    assert_eq!(failed["error"], "it answered with status 500");
    wait_a_while().await;
    assert_eq!(receiver.asked().len(), 1, "what comes later in the conversation waits");
    receiver.is(Mood::Takes);
    shop.at("2026-11-20T10:12:04+08:00");
    wait_a_while().await;
    assert_eq!(receiver.asked().len(), 1, "its time has not come");
    shop.at("2026-11-20T10:12:05+08:00");
    let said = |taken: &[Value]| taken.iter().any(|body| body["message"]["text"] == "第二句");
    let told = until_told(&receiver, "both are told", said).await;
    assert_eq!(told[0]["message"]["text"], "第一句");
    let asked = receiver.asked();
    assert_eq!((&asked[0], &asked[0]), (&asked[1], &failed["id"].as_str().unwrap().to_owned()));
    assert_eq!(until_delivery(&shop, &id, "delivered", 2).await["id"], failed["id"]);
    assert_eq!(receiver.refused(), Vec::<String>::new());
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_hangs_or_sends_on_holds_nobody_up_and_leads_nowhere() {
    let (hangs, takes) = (Receiver::start(Mood::Hangs).await, Receiver::start(Mood::Takes).await);
    let sends_on = Receiver::start(Mood::SendsOn).await;
    let shop = shop().await;
    let hanging = subscribe(&shop, &hangs, &["message_created"]).await;
    let sending = subscribe(&shop, &sends_on, &["message_created"]).await;
    subscribe(&shop, &takes, &["message_created"]).await;
    for customer in ["cus_1", "cus_2"] {
        shop.chat(Some(customer), "在吗").await;
    }
    let answered =
        |taken: &[Value]| taken.iter().filter(|body| body["message"]["text"] == "在吗").count() == 2;
    until_told(&takes, "it is told while the other hangs", answered).await;
    assert_eq!(hangs.taken().len(), 0);
    let failed = until_delivery(&shop, &hanging, "failed", 1).await;
    assert!(failed["error"].as_str().unwrap().contains("1000 ms"), "{failed}");
    let failed = until_delivery(&shop, &sending, "failed", 1).await;
    assert_eq!((&failed["status"], sends_on.strangers()), (&json!(307), 0));
    assert!(failed["error"].as_str().unwrap().contains("redirects are not followed"), "{failed}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_addresses_are_refused_unless_they_are_allowed() {
    let receiver = Receiver::start(Mood::Takes).await;
    let shop = shop().await;
    let id = subscribe(&shop, &receiver, &["message_created"]).await;
    let data = shop.leave().await;
    // By default: neither what is set up now, nor what was set up while it was allowed.
    let shop = RunningShop::with(data, config(), REFERENCE).await;
    for url in [
        &format!("{}/hook", receiver.url),
        "http://localhost:9/",
        "http://192.168.1.1/",
        "http://2130706433/",
    ] {
        let refused = shop.staff_post("/api/v1/webhooks", json!({ "url": url, "events": ["*"] })).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "invalid_field"), "{url}");
        assert!(refused.text.contains("url: ") && refused.text.contains("allow_private"), "{}", refused.text);
        let refused = change(&shop, &id, json!({ "url": url })).await;
        assert_eq!(refused.status, 422, "{url}");
    }
    shop.chat(Some("cus_1"), "在吗").await;
    let failed = until_delivery(&shop, &id, "failed", 1).await;
    assert!(failed["error"].as_str().unwrap().contains("webhooks.allow_private"), "{failed}");
    assert_eq!(receiver.asked(), Vec::<String>::new());
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_takes_is_given_up_and_can_be_replayed() {
    let receiver = Receiver::start(Mood::Page).await;
    let shop = shop().await;
    let id = subscribe(&shop, &receiver, &["handoff"]).await;
    let test = shop.staff_post(&format!("/api/v1/webhooks/{id}/test"), json!({})).await;
    assert_eq!((test.status, &test.json()["event"]), (202, &json!("webhook_test")), "{}", test.text);
    let times = ["10:12:05", "10:12:35", "10:14:35", "10:24:35", "11:24:35", "17:24:35"];
    for (number, time) in times.iter().enumerate() {
        let failed = until_delivery(&shop, &id, "failed", number as u64 + 1).await;
        let next = format!("2026-11-20T{time}+08:00");
        assert_eq!(failed["next_at"], next, "after {number}");
        shop.at(&next);
    }
    until_delivery(&shop, &id, "failed", 7).await;
    shop.at("2026-11-21T17:24:35+08:00");
    let dead = until_delivery(&shop, &id, "dead", 8).await;
    let answer = dead["answer"].as_str().unwrap();
    assert!(answer.starts_with("<html><script>") && answer.len() <= 4096, "{answer}");
    assert_eq!((&dead["next_at"], &webhook(&shop, &id).await["dead"]), (&Value::Null, &json!(1)));
    let replay = format!("/api/v1/webhooks/deliveries/{}/replay", dead["id"].as_str().unwrap());
    receiver.is(Mood::Status(410));
    assert_eq!(shop.staff_post(&replay, json!({})).await.status, 202);
    let ended = until("it is switched off", async || {
        Some(webhook(&shop, &id).await).filter(|webhook| webhook["active"] == false)
    })
    .await;
    assert!(ended["ended"].as_str().unwrap().contains("410"), "{ended}");
    let refused = shop.staff_post(&replay, json!({})).await;
    assert_eq!((refused.status, refused.code().as_str()), (409, "conflict"));
    receiver.is(Mood::Takes);
    assert_eq!(change(&shop, &id, json!({ "active": true })).await.good()["ended"], Value::Null);
    assert_eq!(shop.staff_post(&replay, json!({})).await.status, 202);
    let delivered = until_delivery(&shop, &id, "delivered", 1).await;
    assert_eq!(delivered["id"], dead["id"]);
    assert_eq!(receiver.asked().iter().collect::<BTreeSet<_>>().len(), 1, "always the same id");
    assert_eq!(receiver.refused(), Vec::<String>::new());
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_loses_nothing_and_tells_nothing_under_two_ids() {
    let receiver = Receiver::start(Mood::Hangs).await;
    let mut shop = shop().await;
    let id = subscribe(&shop, &receiver, &["message_created"]).await;
    let mut said = Vec::new();
    let mut talk = serde_json::Value::Null;
    for number in 0..6 {
        let text = format!("第{number}句");
        // One conversation, because within one the order is kept.
        talk = shop.chat_on(Some("cus_1"), &talk, &text).await;
        said.push(text);
        if number % 2 == 0 {
            // In the middle of an attempt, or before the event was looked at.
            shop = on(shop.leave().await).await;
        }
    }
    receiver.is(Mood::Takes);
    // The attempt that is being made hangs, and fails after the first of these moments.
    for time in ["11:12", "12:12", "13:12"] {
        shop.at(&format!("2026-11-20T{time}:00+08:00"));
        wait_a_while().await;
        wait_a_while().await;
    }
    let everything = |taken: &[Value]| {
        let told = |text: &String| taken.iter().any(|body| body["message"]["text"] == text.as_str());
        said.iter().all(told)
    };
    let told = until_told(&receiver, "everything is told", everything).await;
    let by_customer = told.iter().filter(|body| body["message"]["author"] == "customer");
    let texts: Vec<&str> = by_customer.map(|body| body["message"]["text"].as_str().unwrap()).collect();
    assert_eq!(texts, said, "in order");
    until("nothing waits", async || (webhook(&shop, &id).await["waiting"] == 0).then_some(())).await;
    let messages: Vec<String> =
        receiver.taken().iter().map(|body| body["message"]["id"].as_str().unwrap().to_owned()).collect();
    let ids: BTreeSet<String> = receiver.asked().into_iter().collect();
    assert_eq!(messages.iter().collect::<BTreeSet<_>>().len(), ids.len(), "one id a message");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_with_its_field() {
    let shop = shop().await;
    let check = async |body: Value, field: &str| {
        let refused = shop.staff_post("/api/v1/webhooks", body.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (422, "invalid_field"), "{body}");
        assert!(refused.text.contains(field), "{body}: {}", refused.text);
    };
    let url = "https://shop.example/hook";
    check(json!({ "url": url, "events": [] }), "events: ").await;
    check(json!({ "url": url, "events": ["message_updated"] }), "message_created").await;
    check(json!({ "url": url, "events": "*" }), "sequence").await;
    check(json!({ "url": url }), "events").await;
    check(json!({ "url": "ftp://shop.example", "events": ["*"] }), "url: ").await;
    check(json!({ "url": "https://a:b@shop.example", "events": ["*"] }), "url: ").await;
    check(json!({ "url": url, "events": ["*"], "description": "长".repeat(201) }), "description: ").await;
    let post = async |path: &str| shop.staff_post(path, json!({})).await.status;
    for path in [
        "/api/v1/webhooks/whk_none/test",
        "/api/v1/webhooks/none/test",
        "/api/v1/webhooks/deliveries/whd_none/replay",
    ] {
        assert_eq!(post(path).await, 404, "{path}");
    }
    let nobody = shop.post("/api/v1/webhooks", json!({ "url": url, "events": ["*"] })).await;
    assert_eq!((nobody.status, nobody.code().as_str()), (401, "key_required"));
    let made = shop.staff_post("/api/v1/webhooks", json!({ "url": url, "events": ["*"] })).await.json();
    let id = made["id"].as_str().unwrap();
    assert_eq!(change(&shop, id, json!({ "activ": false })).await.status, 422);
    assert_eq!(change(&shop, id, json!({ "active": false })).await.good()["active"], false);
    assert_eq!(post(&format!("/api/v1/webhooks/{id}/test")).await, 409);
    let path = format!("/api/v1/webhooks/{id}");
    let delete = async || read(shop.staff(Method::DELETE, &path).send().await.unwrap()).await.status;
    assert_eq!((delete().await, delete().await), (204, 404));
    // The shop's records have doors of the same shape.
    let put = shop.staff_put("/api/v1/knowledge/k1", json!({ "title": "t", "text": "x" })).await;
    assert_eq!(put.status, 200, "{}", put.text);
    shop.stop().await;
}
