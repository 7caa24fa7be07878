//! What happens to the customers of somebody whose desk is closed, of a whole desk after a restart, and where too many wait?

use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use warmdesk::identity::{KeyScope, ShopId, StaffScope};

use crate::actions::{promises, until, wait_a_while};
use crate::app::{EventStream, Reply, RunningShop, config, mute, read, records, repository};

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

async fn at(now: &str) -> RunningShop {
    let shop = RunningShop::empty(mute(), config(), now).await;
    shop.import(&records(&repository("tests/shop"))).await;
    shop
}

/// Somebody who works at the desk by a key of their own.
struct Colleague(String);

impl Colleague {
    async fn new(shop: &RunningShop, name: &str) -> Self {
        let staff = StaffScope { shop: ShopId::default(), actor: "admin".to_owned() };
        let now = shop.clock().now();
        let key = shop.store.create_key(&staff, name, &[KeyScope::Desk], &now).await.unwrap();
        Self(key.key.expose_secret().to_owned())
    }

    async fn opens_the_desk(&self, shop: &RunningShop) -> EventStream {
        let response =
            shop.request(Method::GET, "/api/v1/desk/stream").bearer_auth(&self.0).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        EventStream::new(response)
    }

    async fn post(&self, shop: &RunningShop, ticket: &str, verb: &str, body: Value) -> Reply {
        let path = format!("/api/v1/tickets/{ticket}/{verb}");
        read(shop.request(Method::POST, &path).bearer_auth(&self.0).json(&body).send().await.unwrap()).await
    }
}

async fn handed_over(shop: &RunningShop, customer: &str) -> (Value, String) {
    let talk = shop.chat(Some(customer), "转人工").await;
    let ticket = text(&talk["handoff"], "ticket").to_owned();
    (talk, ticket)
}

async fn ticket(shop: &RunningShop, id: &str) -> Value {
    shop.staff_get(&format!("/api/v1/tickets/{id}")).await
}

async fn wait_for_status(shop: &RunningShop, id: &str, status: &str) -> Value {
    let look = async || Some(ticket(shop, id).await).filter(|ticket| ticket["status"] == status);
    until(&format!("the ticket is {status}"), look).await
}

/// What was said because the agent was gone.
async fn words(shop: &RunningShop, talk: &Value) -> Vec<String> {
    let history = shop.staff_get(&format!("/api/v1/conversations/{}", text(talk, "conversation"))).await;
    let messages = history["messages"].as_array().unwrap().iter();
    let of_absence = |message: &&Value| message["trace"]["notes"].to_string().contains("is gone");
    messages.filter(of_absence).map(|message| text(message, "text").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_gone_loses_the_tickets_whose_customers_wait() {
    let shop = at("2026-11-20T10:12:00+08:00").await;
    let lin = Colleague::new(&shop, "小林").await;
    let mut watching = Colleague::new(&shop, "小陈").await.opens_the_desk(&shop).await;
    let desk = lin.opens_the_desk(&shop).await;
    let (waits, owed) = handed_over(&shop, "cus_1006").await;
    let (has_word, answered) = handed_over(&shop, "cus_1001").await;
    for id in [&owed, &answered] {
        lin.post(&shop, id, "claim", json!({})).await.good();
    }
    lin.post(&shop, &answered, "messages", json!({ "text": "我在看了。" })).await.good();
    // With the desk open nobody is gone, however long nothing happens.
    shop.at("2026-11-20T10:20:00+08:00");
    drop(desk);
    wait_a_while().await;
    assert_eq!(ticket(&shop, &owed).await["status"], "claimed");
    // The connection is noticed to be closed a moment later, so that the clock has to go on.
    let mut moment: Timestamp = "2026-11-20T10:21:01+08:00".parse().unwrap();
    let fallen = until("the ticket falls back", async || {
        shop.at(&moment.to_string());
        moment += SignedDuration::from_secs(5);
        Some(ticket(&shop, &owed).await).filter(|ticket| ticket["status"] == "open")
    })
    .await;
    assert_eq!((&fallen["agent"], &fallen["goes_first"]), (&Value::Null, &Value::Bool(true)));
    assert_eq!(fallen["wait"]["ahead"], 0, "{fallen}");
    let said = words(&shop, &waits).await;
    assert!(said.len() == 1 && said[0].contains("不在线"), "{said:?}");
    assert_eq!(ticket(&shop, &answered).await["status"], "claimed", "its customer has had a word");
    assert_eq!(words(&shop, &has_word).await, Vec::<String>::new());
    // The desk hears of it, and the audit has it once.
    let heard = async {
        loop {
            let event = watching.next().await.expect("the stream goes on");
            if event.name == "ticket" && event.data["id"] == owed.as_str() && event.data["goes_first"] == true
            {
                return;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), heard).await.expect("the desk hears of it");
    let audit = shop.staff_get(&format!("/api/v1/audit?subject={owed}")).await;
    let lines = audit.to_string().matches("\"fall_back\"").count();
    assert_eq!(lines, 1, "{audit}");
    // Once the customer of the other ticket writes, that goes back too.
    shop.chat_on(Some("cus_1001"), &has_word, "怎么样了").await;
    wait_for_status(&shop, &answered, "open").await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_makes_nobody_gone_who_comes_back() {
    let shop = at("2026-11-20T10:12:00+08:00").await;
    let (lin, chen) = (Colleague::new(&shop, "小林").await, Colleague::new(&shop, "小陈").await);
    let desks = (lin.opens_the_desk(&shop).await, chen.opens_the_desk(&shop).await);
    let (_, of_lin) = handed_over(&shop, "cus_1006").await;
    let (_, of_chen) = handed_over(&shop, "cus_1001").await;
    lin.post(&shop, &of_lin, "claim", json!({})).await.good();
    chen.post(&shop, &of_chen, "claim", json!({})).await.good();
    let data = shop.leave().await;
    drop(desks);
    // The server was away for longer than anybody is waited for.
    let shop = RunningShop::on(data, "2026-11-20T10:18:00+08:00").await;
    let back = lin.opens_the_desk(&shop).await;
    shop.at("2026-11-20T10:18:50+08:00");
    assert_eq!(ticket(&shop, &of_chen).await["status"], "claimed", "there was no time to come back yet");
    shop.at("2026-11-20T10:19:10+08:00");
    wait_for_status(&shop, &of_chen, "open").await;
    assert_eq!(ticket(&shop, &of_lin).await["status"], "claimed", "who has come back keeps theirs");
    drop(back);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_too_many_wait_only_what_cannot_wait_is_handed_over_at_once() {
    let mut crowded = config();
    crowded.desk.waiting_per_person = 1;
    let shop = RunningShop::empty(mute(), crowded, "2026-11-20T10:12:00+08:00").await;
    shop.import(&records(&repository("tests/shop"))).await;
    let desk = Colleague::new(&shop, "小林").await.opens_the_desk(&shop).await;
    for customer in ["cus_1006", "cus_1001"] {
        handed_over(&shop, customer).await;
    }
    let mut talk = shop.chat(None, "嘟嘟噜噜").await;
    for _ in 0..3 {
        if !talk["handoff"].is_null() {
            break;
        }
        talk = shop.chat_on(None, &talk, "嘟嘟噜噜哒哒").await;
    }
    assert_eq!(talk["handoff"]["mode"], "async", "{talk}");
    assert!(text(&talk, "reply").contains("留言"), "{talk}");
    let owed = promises(&shop, &talk).await;
    assert_eq!(owed.len(), 1, "{owed:?}");
    assert_eq!((text(&owed[0], "kind"), &owed[0]["backed_by"]), ("callback", &talk["handoff"]["ticket"]));
    assert_eq!(text(&owed[0], "due"), text(&ticket(&shop, text(&talk["handoff"], "ticket")).await, "due"));
    let asked = shop.chat_on(None, &talk, "转人工").await;
    assert_eq!(asked["handoff"]["mode"], "now", "{asked}");
    drop(desk);
    shop.stop().await;
}
