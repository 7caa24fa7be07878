//! What do people do with a conversation that they have: give it back, pass it on, put it off, find it again?

use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use warmdesk::identity::{KeyScope, ShopId, StaffScope};

use crate::actions::{promises, until};
use crate::app::{Reply, RunningShop, mute, read};

const CUSTOMER: Option<&str> = Some("cus_1006");

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A shop with a conversation that the colleague of all keys has.
struct Desk {
    shop: RunningShop,
    talk: Value,
    ticket: String,
}

impl Desk {
    async fn claimed() -> Self {
        let shop = RunningShop::start(mute()).await;
        let talk = shop.chat(CUSTOMER, "转人工").await;
        let ticket = text(&talk["handoff"], "ticket").to_owned();
        let desk = Self { shop, talk, ticket };
        desk.post("claim", json!({})).await.good();
        desk
    }

    fn path(&self, verb: &str) -> String {
        format!("/api/v1/tickets/{}/{verb}", self.ticket)
    }

    async fn post(&self, verb: &str, body: Value) -> Reply {
        self.shop.staff_post(&self.path(verb), body).await
    }

    async fn shown(&self) -> Value {
        self.shop.staff_get(&format!("/api/v1/tickets/{}", self.ticket)).await
    }

    /// The latest message.
    async fn last(&self) -> Value {
        let path = format!("/api/v1/conversations/{}", text(&self.talk, "conversation"));
        self.shop.staff_get(&path).await["messages"].as_array().unwrap().last().unwrap().clone()
    }

    async fn writes(&self, message: &str) -> Value {
        self.shop.chat_on(CUSTOMER, &self.talk, message).await
    }

    /// The key of another colleague.
    async fn colleague(&self, name: &str) -> String {
        let staff = StaffScope { shop: ShopId::default(), actor: "admin".to_owned() };
        let now = self.shop.clock().now();
        let key = self.shop.store.create_key(&staff, name, &[KeyScope::Desk], &now).await.unwrap();
        key.key.expose_secret().to_owned()
    }

    async fn post_as(&self, key: &str, verb: &str, body: Value) -> Reply {
        let request = self.shop.request(Method::POST, &self.path(verb)).bearer_auth(key).json(&body);
        read(request.send().await.unwrap()).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_back_says_who_goes_on_and_by_when_the_customer_hears() {
    let desk = Desk::claimed().await;
    desk.post("messages", json!({ "text": "我去仓库核一下，今天16:00前回复您。" })).await.good();
    let returned = desk.post("return", json!({ "note": "仓库下午点货" })).await.good();
    assert_eq!(text(&returned, "status"), "returned");
    let said = desk.last().await;
    assert_eq!(said["author"], "assistant");
    assert!(text(&said, "text").contains("16:00"), "{said}");
    assert_eq!(desk.shown().await["notes"][0]["text"], "仓库下午点货");
    // The assistant answers, and what was handed over before is not handed over again.
    let answered = desk.writes("包邮吗 运费多少").await;
    assert_eq!(
        (text(&answered, "reply").is_empty(), &answered["handoff"]),
        (false, &Value::Null),
        "{answered}"
    );
    // The word is owed by whoever gave it, and kept by the next one.
    let owed = promises(&desk.shop, &desk.talk).await;
    assert_eq!((owed.len(), text(&owed[0], "kind")), (1, "agent_word"), "{owed:?}");
    let work = text(&owed[0], "backed_by").to_owned();
    assert_ne!(work, desk.ticket);
    let path = format!("/api/v1/tickets/{work}/messages");
    desk.shop.staff_post(&path, json!({ "text": "有货，今天就发。" })).await.good();
    assert_eq!(promises(&desk.shop, &desk.talk).await[0]["state"], "kept");
    desk.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn giving_back_without_a_promise_promises_nothing() {
    let desk = Desk::claimed().await;
    desk.post("messages", json!({ "text": "您好，地址已经改好。" })).await.good();
    desk.post("return", json!({})).await.good();
    let said = desk.last().await;
    assert_eq!(said["author"], "assistant");
    assert!(!text(&said, "text").contains('前') || text(&said, "text").contains("前面"), "{said}");
    assert_eq!(promises(&desk.shop, &desk.talk).await, Vec::<Value>::new());
    assert_eq!(desk.post("return", json!({})).await.code(), "conflict", "it is given back once");
    desk.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passing_on_names_the_colleague_who_then_has_it() {
    let desk = Desk::claimed().await;
    let lin = desk.colleague("小林").await;
    let to = json!({ "to": "小林", "group": "售后组", "note": "顾客要换货" });
    let by_another = desk.post_as(&lin, "transfer", json!({ "to": "小李" })).await;
    assert_eq!(by_another.code(), "conflict", "who does not have it");
    let to_self = desk.post("transfer", json!({ "to": "admin" })).await;
    assert_eq!((to_self.status, to_self.code().as_str()), (422, "invalid_field"));
    let passed = desk.post("transfer", to).await.good();
    assert_eq!(
        (text(&passed, "status"), text(&passed, "assignee"), &passed["agent"]),
        ("open", "小林", &Value::Null)
    );
    assert_eq!(passed["wait"]["ahead"], 0);
    let said = desk.last().await;
    assert_eq!(
        (text(&said, "author"), text(&said, "text")),
        ("assistant", "这件事交给售后组的小林接着办，前面的记录都在，您不用重说。")
    );
    assert_eq!(desk.shown().await["state"], "waiting");
    let mine = desk.shop.staff_get("/api/v1/tickets?agent=小林").await;
    assert_eq!(text(&mine["tickets"][0], "id"), desk.ticket);
    let claimed = desk.post_as(&lin, "claim", json!({})).await.good();
    assert_eq!(text(&claimed, "agent"), "小林");
    assert_eq!(desk.post("messages", json!({ "text": "我再说一句" })).await.code(), "conflict");
    let back = desk.post_as(&lin, "transfer", json!({ "to": null })).await.good();
    assert_eq!((&back["assignee"], text(&back, "priority")), (&Value::Null, "high"));
    desk.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_put_off_comes_back_by_its_time_or_by_the_customer() {
    let desk = Desk::claimed().await;
    for wrong in ["tomorrow", "2026-11-20T10:00:00+08:00", "2027-11-20T10:00:00+08:00"] {
        assert_eq!(desk.post("snooze", json!({ "until": wrong })).await.code(), "invalid_field", "{wrong}");
    }
    let until_eleven = json!({ "until": "2026-11-20T11:00:00" });
    let snoozed = desk.post("snooze", until_eleven.clone()).await.good();
    assert_eq!(
        (text(&snoozed, "status"), text(&snoozed, "snoozed_until")),
        ("snoozed", "2026-11-20T11:00:00+08:00")
    );
    assert_eq!(desk.shop.staff_get("/api/v1/tickets").await["tickets"], json!([]));
    let put_off = desk.shop.staff_get("/api/v1/tickets?status=snoozed").await;
    assert_eq!(text(&put_off["tickets"][0], "id"), desk.ticket);
    // The customer writes: it is there again, and the assistant is silent.
    let answer = desk.writes("还在吗").await;
    assert_eq!(text(&answer, "reply"), "");
    let back = desk.shown().await;
    assert_eq!(
        (text(&back, "status"), text(&back, "state"), &back["snoozed_until"]),
        ("claimed", "human", &Value::Null)
    );
    assert_ne!(back["waiting_since"], Value::Null);
    desk.post("snooze", until_eleven).await.good();
    desk.shop.at("2026-11-20T11:00:10+08:00");
    until("it comes back", async || Some(desk.shown().await).filter(|ticket| ticket["status"] == "claimed"))
        .await;
    desk.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clocks_run_while_the_customer_waits() {
    let desk = Desk::claimed().await;
    let clocks = |ticket: &Value| ticket["clocks"].clone();
    let shown = desk.shown().await;
    assert_eq!(text(&shown, "waiting_since"), "2026-11-20T10:12:00+08:00");
    assert_eq!(
        clocks(&shown),
        json!({
            "first_response": { "due": "2026-11-20T10:17:00+08:00", "met_at": null },
            "next_response": { "due": null },
            "resolution": { "due": "2026-11-21T10:12:00+08:00", "met_at": null },
        })
    );
    desk.shop.at("2026-11-20T10:14:00+08:00");
    desk.post("messages", json!({ "text": "您好，我是小李。" })).await.good();
    let answered = desk.shown().await;
    assert_eq!(answered["waiting_since"], Value::Null);
    assert_eq!(answered["clocks"]["first_response"]["met_at"], "2026-11-20T10:14:00+08:00");
    desk.shop.at("2026-11-20T10:20:00+08:00");
    desk.writes("那什么时候发").await;
    let waits = desk.shown().await;
    assert_eq!(text(&waits, "waiting_since"), "2026-11-20T10:20:00+08:00");
    assert_eq!(waits["clocks"]["next_response"]["due"], "2026-11-20T10:30:00+08:00");
    desk.shop.at("2026-11-20T10:40:00+08:00");
    let done = desk.post("resolve", json!({})).await.good();
    assert_eq!(done["clocks"]["resolution"]["met_at"], "2026-11-20T10:40:00+08:00");
    desk.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_back_after_the_end_is_known() {
    let desk = Desk::claimed().await;
    desk.post("messages", json!({ "text": "已经处理好了。" })).await.good();
    desk.post("tags", json!({ "tags": ["换货", "vip"] })).await.good();
    desk.post("resolve", json!({})).await.good();
    desk.shop.at("2026-11-22T10:00:00+08:00");
    let again = desk.writes("还是不行 转人工").await;
    let ticket = text(&again["handoff"], "ticket").to_owned();
    assert_ne!(ticket, desk.ticket);
    let reopened = async || {
        let ticket = desk.shop.staff_get(&format!("/api/v1/tickets/{ticket}")).await;
        Some(ticket).filter(|ticket| ticket["reopens"] == desk.ticket.as_str())
    };
    let reopened = until("the old ticket is linked", reopened).await;
    assert_eq!(text(&reopened, "priority"), "high");
    let tagged = desk.shop.staff_get("/api/v1/tickets?status=resolved&tag=vip").await;
    assert_eq!(tagged["tickets"][0]["tags"], json!(["vip", "换货"]));
    let found = desk.shop.staff_get("/api/v1/tickets?q=还是不行").await;
    assert_eq!(text(&found["tickets"][0], "id"), ticket);
    let nothing = desk.shop.staff_get("/api/v1/tickets?q=没有人说过").await;
    assert_eq!(nothing["tickets"], json!([]));
    desk.shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_who_claim_at_once_one_has_it_and_nobody_after_the_end() {
    let desk = Desk::claimed().await;
    desk.post("transfer", json!({ "to": null })).await.good();
    let keys = [desk.colleague("小林").await, desk.colleague("小周").await];
    let claims =
        futures_util::future::join_all(keys.iter().map(|key| desk.post_as(key, "claim", json!({})))).await;
    let mut statuses: Vec<u16> = claims.iter().map(|claim| claim.status).collect();
    let winner = usize::from(statuses[0] != 200);
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    desk.post_as(&keys[winner], "resolve", json!({})).await.good();
    for verb in ["claim", "resolve", "return", "transfer", "messages", "assign"] {
        let refused = desk.post_as(&keys[winner], verb, json!({ "text": "在", "to": "小李" })).await;
        assert_eq!((refused.status, refused.code().as_str()), (409, "conflict"), "{verb}");
    }
    desk.shop.stop().await;
}
