//! Does the assistant speak first when it should, truthfully, once, and never when it should not? The shipped rules over the
//! sample shop, through the real doors.

mod crashes;
mod visits;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Event, EventStream, Reply, RunningShop, mute, read};

/// A customer's browser: a session, and events that count up.
struct Browser<'a> {
    shop: &'a RunningShop,
    token: String,
    conversation: String,
    count: std::cell::Cell<u32>,
}

impl<'a> Browser<'a> {
    async fn of(shop: &'a RunningShop, customer: &str) -> Self {
        let (token, conversation) = shop.session(customer).await;
        Self { shop, token, conversation, count: std::cell::Cell::new(0) }
    }

    async fn send(&self, mut event: Value) -> Reply {
        self.count.set(self.count.get() + 1);
        if event["id"].is_null() {
            event["id"] = format!("{} of {}", self.count.get(), event["at"]).into();
        }
        let request = self.shop.request(Method::POST, "/api/v1/events").bearer_auth(&self.token);
        read(request.json(&event).send().await.unwrap()).await
    }

    /// Looks at a product so often, half a minute apart. What was said first meanwhile.
    async fn look(&self, product: &str, times: u32, from: &str) -> Vec<Value> {
        let start: jiff::Timestamp = from.parse().unwrap();
        let mut said = Vec::new();
        for number in 0..times {
            let at = start + jiff::SignedDuration::from_secs(i64::from(30 * number));
            self.shop.at(&at.to_string());
            let event = json!({ "type": "product_viewed", "product": product, "at": at.to_string() });
            let taken = self.send(event).await.good();
            said.extend(taken["nudges"].as_array().unwrap().clone());
        }
        said
    }

    async fn outcome(&self, nudge: &Value, outcome: &str) -> Reply {
        let path = format!("/api/v1/nudges/{}", nudge["id"].as_str().unwrap());
        let request = self.shop.request(Method::POST, &path).bearer_auth(&self.token);
        read(request.json(&json!({ "outcome": outcome })).send().await.unwrap()).await
    }

    async fn listen(&self) -> EventStream {
        self.shop.listen(&self.token, &self.conversation).await
    }
}

/// Something the shop's systems report.
async fn happened(shop: &RunningShop, event: Value) -> Value {
    shop.staff_post("/api/v1/events", event).await.good()
}

/// What has been said first by a rule, as the report lists it.
async fn said_by(shop: &RunningShop, rule: &str) -> Vec<Value> {
    let report = shop.staff_get("/api/v1/proactive").await;
    let recent = report["recent"].as_array().unwrap().clone();
    recent.into_iter().filter(|line| line["rule"] == rule && line["state"] == "sent").collect()
}

/// How often a rule was held back for a reason.
async fn suppressed(shop: &RunningShop, rule: &str, reason: &str) -> u64 {
    let report = shop.staff_get("/api/v1/proactive").await;
    let rules = report["rules"].as_array().unwrap();
    let rule = rules.iter().find(|line| line["id"] == rule).unwrap();
    rule["suppressed"][reason].as_u64().unwrap_or_default()
}

/// Waits until something holds, at most ten seconds.
async fn until<T>(what: &str, mut holds: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..100 {
        if let Some(found) = holds().await {
            return found;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{what}");
}

/// Long enough for the lanes to look several times.
async fn wait_a_while() {
    tokio::time::sleep(std::time::Duration::from_millis(1500)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_looks_a_fourth_time_is_told_the_true_stock_and_what_is_closed_never_comes_back() {
    let shop = RunningShop::start(mute()).await;
    // Who has refused offers is shown none.
    let refused = Browser::of(&shop, "cus_1003").await;
    assert_eq!(refused.look("P-DJ26", 5, "2026-11-20T10:12:30+08:00").await, Vec::<Value>::new());
    assert_eq!(suppressed(&shop, "viewed_often", "no_consent").await, 1);
    let browser = Browser::of(&shop, "cus_1002").await;
    let mut stream = browser.listen().await;
    assert_eq!(browser.look("P-DJ26", 3, "2026-11-20T10:20:00+08:00").await, Vec::<Value>::new());
    // A page that is loaded again at once is not looked at again.
    let again = json!({ "type": "product_viewed", "product": "P-DJ26", "at": "2026-11-20T10:21:03+08:00" });
    assert_eq!(browser.send(again).await.good()["nudges"], json!([]));
    let said = browser.look("P-DJ26", 1, "2026-11-20T10:23:00+08:00").await;
    let [nudge] = said.as_slice() else { panic!("one word is expected: {said:?}") };
    assert_eq!(nudge["rule"], "viewed_often");
    assert!(!nudge["why"].as_str().unwrap().is_empty());
    let Event { data, .. } = stream.next_named("nudge").await;
    assert_eq!(data, *nudge, "the stream brings the same");
    let history = shop.request(Method::GET, &format!("/api/v1/conversations/{}", browser.conversation));
    let history = read(history.bearer_auth(&browser.token).send().await.unwrap()).await.good();
    let last = history["messages"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["id"], &last["text"]), (&nudge["message"], &nudge["text"]));
    assert_eq!(last["choices"], nudge["choices"]);

    assert_eq!(browser.outcome(nudge, "shown").await.status, 204);
    assert_eq!(browser.outcome(nudge, "dismissed").await.status, 204);
    for day in ["2026-11-20T15:00:00+08:00", "2026-11-21T11:00:00+08:00", "2026-12-05T11:00:00+08:00"] {
        // Sessions end; what was closed stays closed.
        shop.at(day);
        let browser = Browser::of(&shop, "cus_1002").await;
        assert_eq!(browser.look("P-DJ26", 6, day).await, Vec::<Value>::new(), "{day}");
        let other = browser.look("P-MF3", 6, day).await;
        assert!(other.iter().all(|nudge| nudge["rule"] != "viewed_often"), "{day}: {other:?}");
    }
    assert_eq!(said_by(&shop, "viewed_often").await.len(), 1);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn numbers_are_those_of_the_moment() {
    let shop = RunningShop::start(mute()).await;
    let browser = Browser::of(&shop, "cus_1002").await;
    let stock = |pieces: u32| json!({ "title": "婴儿连体衣", "short_title": "连体衣", "price": 89, "currency": "CNY", "status": "on_sale", "stock": pieces });
    shop.staff_put("/api/v1/products/P-TEST", stock(7)).await.good();
    browser.look("P-TEST", 3, "2026-11-20T10:20:00+08:00").await;
    shop.staff_put("/api/v1/products/P-TEST", stock(4)).await.good();
    let said = browser.look("P-TEST", 1, "2026-11-20T10:25:00+08:00").await;
    let text = said[0]["text"].as_str().unwrap();
    assert!(!text.contains('7'), "{text}");
    // What is sold out meanwhile is not spoken of.
    let other = Browser::of(&shop, "cus_1004").await;
    other.look("P-TEST", 3, "2026-11-20T10:30:00+08:00").await;
    shop.staff_put("/api/v1/products/P-TEST", stock(0)).await.good();
    assert_eq!(other.look("P-TEST", 1, "2026-11-20T10:35:00+08:00").await, Vec::<Value>::new());
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paid_order_is_confirmed_once_and_offers_go_to_those_who_agreed() {
    let shop = RunningShop::start(mute()).await;
    let orders = shop.staff_get("/api/v1/search?q=羽绒服&kind=product&limit=1").await;
    assert!(!orders["hits"].as_array().unwrap().is_empty());
    let order = |id: &str, customer: &str| {
        json!({ "id": id, "customer": customer, "status": "paid", "status_text": "待发货",
        "total": 359, "paid_amount": 359, "placed_at": "2026-11-20 10:00:00", "paid_at": "2026-11-20 10:11:00", "ship_by": "2026-11-21 22:00:00",
        "address": { "name": "陈女士", "province": "浙江省", "city": "杭州市", "district": "余杭区", "street": "听涛里 77 号" },
        "items": [{ "product": "P-DJ26", "title": "儿童轻暖羽绒服", "price": 359, "quantity": 1 }] })
    };
    let paid = |id: &str, customer: &str| json!({ "id": format!("paid {id}"), "type": "order_paid", "customer": customer, "order": id, "at": "2026-11-20T10:11:30+08:00" });
    for (id, customer) in [("77001", "cus_1003"), ("77002", "cus_1002")] {
        shop.staff_put(&format!("/api/v1/orders/{id}"), order(id, customer)).await.good();
    }
    let refused = happened(&shop, paid("77001", "cus_1003")).await;
    let agreed = happened(&shop, paid("77002", "cus_1002")).await;
    let text = |taken: &Value| taken["nudges"][0]["text"].as_str().unwrap().to_owned();
    for taken in [&refused, &agreed] {
        assert_eq!(
            (taken["nudges"][0]["rule"].as_str(), taken["accepted"].as_u64()),
            (Some("order_paid"), Some(1))
        );
        assert!(!text(taken).contains("听涛里"), "the address is masked: {}", text(taken));
    }
    assert!(text(&agreed).lines().count() >= text(&refused).lines().count(), "{agreed} {refused}");
    // "好的" to a notice is read as what it is; whoever wants another address says so.
    let session = Browser::of(&shop, "cus_1002").await;
    let body = crate::app::message(Some("cus_1002"), Some(&session.conversation), "好的");
    let reply = shop.staff_post("/api/v1/chat", body).await.good();
    assert!(!reply["reply"].as_str().unwrap().contains("地址"), "{reply}");
    assert!(reply["handoff"].is_null(), "{reply}");
    let path = format!("/api/v1/actions?conversation={}", session.conversation);
    assert_eq!(shop.staff_get(&path).await["actions"], json!([]));
    // The same again, with the same id and with another content, and with another id.
    let again = happened(&shop, paid("77001", "cus_1002")).await;
    assert_eq!((&again["duplicate"], &again["nudges"]), (&json!(1), &json!([])));
    let mut other = paid("77001", "cus_1003");
    other["id"] = "another id".into();
    assert_eq!(happened(&shop, other).await["nudges"], json!([]));
    wait_a_while().await;
    assert_eq!(said_by(&shop, "order_paid").await.len(), 2);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asked_and_did_not_order_is_asked_once_after_a_day_by_daylight() {
    let shop = RunningShop::start(mute()).await;
    // Two customers who agreed to offers ask in the evening; one of them orders in the night.
    shop.at("2026-11-20T21:30:00+08:00");
    for customer in ["cus_1004", "cus_1005"] {
        let mut question = crate::app::message(Some(customer), None, "这件羽绒服有货吗");
        question["context"] = json!({ "product": "P-DJ26" });
        shop.staff_post("/api/v1/chat", question).await.good();
    }
    shop.at("2026-11-20T22:30:00+08:00");
    wait_a_while().await;
    let order = json!({ "id": "placed", "type": "order_placed", "customer": "cus_1005", "order": "77003", "at": "2026-11-20T22:30:00+08:00" });
    happened(&shop, order).await;
    shop.at("2026-11-21T21:29:00+08:00");
    wait_a_while().await;
    assert_eq!(said_by(&shop, "consulted_not_ordered").await, Vec::<Value>::new(), "a day is not over");
    shop.at("2026-11-21T21:31:00+08:00");
    let said = until("the word comes", async || {
        Some(said_by(&shop, "consulted_not_ordered").await).filter(|said| !said.is_empty())
    })
    .await;
    assert_eq!(said.len(), 1);
    assert_eq!(said[0]["person"], "customer:cus_1004");
    for later in ["2026-11-22T12:00:00+08:00", "2026-11-25T12:00:00+08:00"] {
        shop.at(later);
        wait_a_while().await;
    }
    assert_eq!(said_by(&shop, "consulted_not_ordered").await.len(), 1);
    assert_eq!(suppressed(&shop, "consulted_not_ordered", "cause_gone").await, 1);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_talk_that_went_on_is_followed_up_from_its_last_word() {
    let shop = RunningShop::start(mute()).await;
    let ask = async |customer: &str, conversation: &str, text: &str| {
        let mut question = crate::app::message(Some(customer), Some(conversation), text);
        question["context"] = json!({ "product": "P-DJ26" });
        shop.staff_post("/api/v1/chat", question).await.good();
    };
    shop.at("2026-11-20T18:00:00+08:00");
    let (_, one) = shop.session("cus_1004").await;
    let (_, other) = shop.session("cus_1005").await;
    ask("cus_1004", &one, "这件羽绒服有货吗").await;
    ask("cus_1005", &other, "这件羽绒服有货吗").await;
    shop.at("2026-11-20T18:40:00+08:00");
    wait_a_while().await;
    // One comes back in the morning, the other just before the word would be said.
    shop.at("2026-11-21T11:00:00+08:00");
    ask("cus_1004", &one, "这件羽绒服多少钱").await;
    shop.at("2026-11-21T11:40:00+08:00");
    wait_a_while().await;
    shop.at("2026-11-21T17:50:00+08:00");
    ask("cus_1005", &other, "这件羽绒服多少钱").await;
    shop.at("2026-11-21T18:01:00+08:00");
    until("the word is dropped", async || {
        (suppressed(&shop, "consulted_not_ordered", "cause_gone").await == 1).then_some(())
    })
    .await;
    assert_eq!(said_by(&shop, "consulted_not_ordered").await, Vec::<Value>::new());
    shop.at("2026-11-22T11:01:00+08:00");
    let said = until("the word comes", async || {
        Some(said_by(&shop, "consulted_not_ordered").await).filter(|said| !said.is_empty())
    })
    .await;
    assert_eq!((said.len(), &said[0]["person"]), (1, &json!("customer:cus_1004")));
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_trouble_and_wishes_go_before_every_offer() {
    let shop = RunningShop::start(mute()).await;
    // A person is about to take over.
    let browser = Browser::of(&shop, "cus_1002").await;
    shop.chat(Some("cus_1002"), "转人工").await;
    assert_eq!(browser.look("P-DJ26", 5, "2026-11-20T10:20:00+08:00").await, Vec::<Value>::new());
    assert_eq!(suppressed(&shop, "viewed_often", "person_has_it").await, 1);
    // A complaint, long after people have closed it.
    let complaining = Browser::of(&shop, "cus_1006").await;
    shop.chat(Some("cus_1006"), "骗子公司 我要投诉你们").await;
    shop.resolve_all().await;
    assert_eq!(complaining.look("P-DJ26", 5, "2026-11-21T10:20:00+08:00").await, Vec::<Value>::new());
    assert_eq!(suppressed(&shop, "viewed_often", "trouble").await, 1);
    // Whoever asks to be left alone is left alone.
    let tired = Browser::of(&shop, "cus_1004").await;
    let reply = shop.chat(Some("cus_1004"), "别再给我推送广告了").await;
    assert_eq!(reply["scenario"]["id"], "marketing_optout", "{reply}");
    assert_eq!(tired.look("P-DJ26", 5, "2026-11-21T11:20:00+08:00").await, Vec::<Value>::new());
    assert_eq!(suppressed(&shop, "viewed_often", "opted_out").await, 1);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_that_stands_still_is_traced_before_the_customer_asks() {
    let shop = RunningShop::start(mute()).await;
    let shipped = json!({ "id": "scan", "type": "shipment_event", "customer": "cus_1001", "order": "20261114008712", "at": "2026-11-16T22:40:00+08:00" });
    happened(&shop, shipped).await;
    let said = until("the word comes", async || {
        Some(said_by(&shop, "shipment_stalled").await).filter(|said| !said.is_empty())
    })
    .await;
    let text = said[0]["text"].as_str().unwrap();
    assert!(text.contains("14:15"), "by when the result is there is told: {text}");
    let session = Browser::of(&shop, "cus_1001").await;
    let path = format!("/api/v1/actions?conversation={}", session.conversation);
    let actions = shop.staff_get(&path).await;
    assert_eq!(actions["actions"][0]["kind"], "trace_parcel", "{actions}");
    let promises = shop.staff_get(&format!("/api/v1/promises?conversation={}", session.conversation)).await;
    assert_eq!(promises["promises"].as_array().unwrap().len(), 1, "{promises}");
    // Asked about it, the assistant knows that it runs.
    let body =
        crate::app::message(Some("cus_1001"), Some(&session.conversation), "我那个睡袋到哪了 都好几天了");
    let reply = shop.staff_post("/api/v1/chat", body).await.good();
    assert!(reply["reply"].as_str().unwrap().contains("14:15"), "{reply}");
    assert_eq!(shop.staff_get(&path).await["actions"].as_array().unwrap().len(), 1);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_to_what_was_said_first_is_understood() {
    let shop = RunningShop::start(mute()).await;
    let browser = Browser::of(&shop, "cus_1002").await;
    let said = browser.look("P-DJ26", 4, "2026-11-20T10:20:00+08:00").await;
    assert_eq!(said.len(), 1);
    let ask = async |text: &str| {
        let body = crate::app::message(Some("cus_1002"), Some(&browser.conversation), text);
        shop.staff_post("/api/v1/chat", body).await.good()
    };
    let price = ask("多少钱").await;
    assert!(price["reply"].as_str().unwrap().contains("359"), "{price}");
    let thanks = ask("不需要谢谢").await;
    let said = thanks["reply"].as_str().unwrap();
    assert!(!said.contains("羽绒服"), "nobody is pressed: {thanks}");
    assert!(thanks["handoff"].is_null(), "{thanks}");
    let report = shop.staff_get("/api/v1/proactive").await;
    let rule = report["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == "viewed_often").unwrap();
    assert_eq!(rule["answered"], 1, "{rule}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_an_event_is_refused_by_its_field_and_nothing_is_taken() {
    let shop = RunningShop::start(mute()).await;
    let browser = Browser::of(&shop, "cus_1003").await;
    for (event, field) in [
        (json!({ "type": "product_viewed", "at": "2026-11-20T11:30:00+08:00" }), "at"),
        (json!({ "type": "product_viewed", "at": "yesterday" }), "at"),
        (json!({ "type": "order_paid", "order": "1" }), "type"),
        (json!({ "type": "day_begun" }), "type"),
        (json!({ "type": "conversation_ended" }), "type"),
        (json!({ "type": "product_viewed", "id": "" }), "id"),
        (json!({ "type": "product_viewed", "product": "x".repeat(200) }), "product"),
        (json!({ "type": "custom", "note": "x".repeat(5000) }), ""),
        (json!({ "type": "danced" }), "type"),
    ] {
        let refused = browser.send(event.clone()).await;
        assert!((400..=422).contains(&refused.status), "{event}: {}", refused.text);
        assert!(refused.text.contains(field), "{event}: {}", refused.text);
    }
    let good = |number: usize| json!({ "id": format!("list {number}"), "type": "product_viewed", "customer": "cus_1003", "product": "P-DJ26" });
    let mut list: Vec<Value> = (0..10).map(good).collect();
    list[7]["at"] = "2027-01-01T00:00:00".into();
    let refused = shop.staff_post("/api/v1/events", json!(list)).await;
    assert!(refused.text.contains("[7].at"), "{}", refused.text);
    list[7] = good(7);
    assert_eq!(happened(&shop, json!(list)).await["accepted"], 10, "nothing of the refused list was taken");
    let many: Vec<Value> = (0..1001).map(good).collect();
    assert_eq!(shop.staff_post("/api/v1/events", json!(many)).await.status, 422);
    // Last year's events are taken and begin nothing; unknown products and customers do no harm.
    let old = json!({ "id": "old", "type": "order_paid", "customer": "cus_1003", "order": "20261109004410", "at": "2025-11-20T10:00:00" });
    assert_eq!(happened(&shop, old).await["nudges"], json!([]));
    let unknown = json!({ "id": "unknown", "type": "cart_left", "customer": "nobody", "product": "no such" });
    assert_eq!(happened(&shop, unknown).await["accepted"], 1);
    // Without key or session nobody reports anything, and a key needs its scope.
    let nobody = shop.post("/api/v1/events", good(1)).await;
    assert_eq!(nobody.status, 401);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn somebody_elses_word_is_nobodys() {
    let shop = RunningShop::start(mute()).await;
    let browser = Browser::of(&shop, "cus_1002").await;
    let said = browser.look("P-DJ26", 4, "2026-11-20T10:20:00+08:00").await;
    let stranger = Browser::of(&shop, "cus_1006").await;
    let unknown = json!({ "id": "ndg_00000000000000000000000000000000" });
    for nudge in [&said[0], &unknown] {
        let refused = stranger.outcome(nudge, "stop_all").await;
        assert_eq!((refused.status, refused.code()), (404, "not_found".to_owned()));
    }
    let without = shop
        .post(&format!("/api/v1/nudges/{}", said[0]["id"].as_str().unwrap()), json!({ "outcome": "shown" }))
        .await;
    assert_eq!(without.status, 401);
    shop.stop().await;
}
