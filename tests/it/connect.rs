//! Are orders that a shop keeps elsewhere looked up for their own customer alone, and is it said honestly when they cannot be?

mod shop_system;

use std::time::Duration;

use serde_json::{Value, json};
use warmdesk::connect::{Orders, OrdersOptions, Outage};
use warmdesk::identity::{CustomerId, Scope, ShopId};
use warmdesk::time::{Clock, TestClock};

use crate::app::{REFERENCE, RunningShop, message, moment, sentences};
use crate::program::{run, warmdesk};
use shop_system::{Mood, SECRET, ShopSystem, TOKEN};

const QUESTION: &str = "我的订单到哪了";
const OWNER: &str = "cus_9001";

/// A parcel on its way, as the other system tells of it.
fn order(id: &str, customer: &str, tracking: &str) -> Value {
    json!({"kind": "order", "id": id, "customer": customer, "status": "in_transit", "status_text": "运输中", "total": 88,
        "placed_at": "2026-11-18 09:00:00", "items": [{"title": "儿童雨靴", "price": 88, "quantity": 1}],
        "shipment": {"carrier": "韵达", "tracking": tracking,
                     "events": [{"at": "2026-11-19 20:10:00", "status": "运输中", "place": "杭州转运中心", "text": "到达杭州转运中心"}]}})
}

fn options(system: &ShopSystem) -> OrdersOptions {
    OrdersOptions {
        url: format!("{}/{{shop}}/orders?of={{customer}}", system.url),
        token: Some(TOKEN.into()),
        secret: SECRET.into(),
        kinds: warmdesk::connect::OUTSIDE_KINDS.to_vec(),
        timeout: Duration::from_secs(5),
        cache_life: Duration::ZERO,
        max_parallel: 4,
        failures: 100,
        pause: Duration::from_secs(3600),
    }
}

fn connector(options: OrdersOptions) -> Orders {
    let clock: std::sync::Arc<dyn Clock> = std::sync::Arc::new(TestClock::new(moment(REFERENCE)));
    Orders::new(options, clock).unwrap()
}

fn scope(customer: &str) -> Scope {
    Scope::customer(ShopId::default(), CustomerId::new(customer).unwrap())
}

/// The outcome of one look-up: ids of the records, or why there are none.
async fn looked_up(orders: &Orders, customer: &str) -> Result<Vec<String>, Outage> {
    let found = orders.own(&scope(customer)).await?;
    Ok(found.records.iter().map(|record| record.fact_id()).collect())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_customer_learns_of_an_order_that_only_the_other_system_has() {
    let system = ShopSystem::start().await;
    system.give(OWNER, [order("88010001", OWNER, "YD7001")]);
    let shop = RunningShop::looking_up(options(&system)).await;
    let reply = shop.chat(Some(OWNER), QUESTION).await;
    let said = reply["reply"].as_str().unwrap();
    assert!(said.contains("韵达") && said.contains("7001"), "{said}");
    assert!(reply["evidence"].to_string().contains("order:88010001"), "{}", reply["evidence"]);

    // It changes there, and the next message knows.
    system.give(OWNER, [order("88010001", OWNER, "YD7002")]);
    let reply = shop.chat(Some(OWNER), QUESTION).await;
    assert!(reply["reply"].as_str().unwrap().contains("7002"), "{reply}");

    // Every look-up named the verified customer and nobody else, and was signed.
    let asked = system.asked();
    assert!(!asked.is_empty() && asked.iter().all(|one| one.customer == OWNER), "{asked:?}");
    assert!(asked.iter().all(|one| one.query == format!("of={OWNER}") && one.path == "/default/orders"));
    assert_eq!(system.refused(), Vec::<String>::new());

    // What an import once brought of orders is not told: it would be what was.
    let stale = shop.chat(Some("cus_1001"), QUESTION).await;
    assert!(!stale["evidence"].to_string().contains("order:"), "{}", stale["evidence"]);
    assert_eq!(stale["handoff"], Value::Null, "having no order is no outage: {stale}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_asked_for_somebody_who_is_not_verified() {
    let system = ShopSystem::start().await;
    system.give(OWNER, [order("88010001", OWNER, "YD7001")]);
    let shop = RunningShop::looking_up(options(&system)).await;
    for text in [QUESTION, "订单88010001到哪了", "我是cus_9001，查一下我的订单"] {
        let reply = shop.chat(None, text).await;
        assert!(!reply.to_string().contains("YD7001"), "{reply}");
    }
    let mut forged = message(Some(OWNER), None, QUESTION);
    forged["customer"]["signature"] = json!("00");
    assert_eq!(shop.staff_post("/api/v1/chat", forged).await.status, 401);
    assert!(system.asked().is_empty(), "{:?}", system.asked());
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_order_of_another_customer_is_dropped() {
    let system = ShopSystem::start().await;
    system.give(OWNER, [order("88010001", OWNER, "YD7001"), order("66020002", "cus_9002", "YD9009")]);
    let shop = RunningShop::looking_up(options(&system)).await;
    for text in [QUESTION, "66020002到哪了", "单号YD9009到哪了"] {
        let reply = shop.chat(Some(OWNER), text).await.to_string();
        assert!(!reply.contains("order:66020002") && !reply.contains("YD9009\""), "{text}: {reply}");
        assert!(!reply.contains("尾号9009"), "{text}: {reply}");
    }
    assert_eq!(looked_up(&connector(options(&system)), OWNER).await, Ok(vec!["order:88010001".to_owned()]));
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_it_is_down_that_is_said_and_only_orders_are_handed_over() {
    let system = ShopSystem::start().await;
    let shop = RunningShop::looking_up(options(&system)).await;
    let moods = [
        Mood::Fails(500),
        Mood::Fails(404),
        Mood::Says("<html>down for maintenance</html>"),
        Mood::Says("{\"orders\": []}"),
        Mood::SendsOn,
        Mood::Talks(2 * 1024 * 1024),
        Mood::HangsUp,
    ];
    for (number, mood) in moods.into_iter().enumerate() {
        // Each time another customer: who comes back with the same matter is handed over for that.
        let who = format!("cus_91{number:02}");
        system.give(&who, [order("88010001", &who, "YD7001")]);
        system.is(mood);
        let reply = shop.chat(Some(&who), QUESTION).await;
        assert_eq!(reply["handoff"]["reason"], "unavailable", "{mood:?}: {reply}");
        assert_eq!(reply["handoff"]["detail"], "orders", "{mood:?}: {reply}");
        let said = reply["reply"].as_str().unwrap();
        assert!(said.contains("订单") && said.contains("读不"), "{mood:?}: {said}");
        assert!(!said.contains("没有查到") && !said.contains("没查到"), "{mood:?}: {said}");
        let by: Vec<&str> =
            reply["sentences"].as_array().unwrap().iter().map(|one| one["by"].as_str().unwrap()).collect();
        assert!(by.iter().all(|by| *by == "wording"), "{mood:?}: {by:?}");

        // Whatever needs no order is answered as ever, for the same customer in a new conversation.
        shop.resolve_all().await;
        let other = shop.chat(Some(&who), "重力球奶瓶能进微波炉吗").await;
        assert_eq!(other["handoff"], Value::Null, "{mood:?}: {other}");
        assert!(sentences(&other).iter().any(|said| said.contains("微波炉")), "{mood:?}: {other}");
    }
    assert!(system.strangers().is_empty(), "a redirect was followed");
    system.is(Mood::Well);
    system.give(OWNER, [order("88010001", OWNER, "YD7001")]);
    let reply = shop.chat(Some(OWNER), QUESTION).await;
    assert!(reply["reply"].as_str().unwrap().contains("7001"), "{reply}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_paid_while_it_is_down_is_confirmed_when_it_is_there_again() {
    let system = ShopSystem::start().await;
    system.is(Mood::Fails(503));
    let shop = RunningShop::looking_up(options(&system)).await;
    let paid = json!({ "id": "paid", "type": "order_paid", "customer": OWNER, "order": "88010001", "at": "2026-11-20T10:11:30+08:00" });
    let taken = shop.staff_post("/api/v1/events", paid).await.good();
    assert_eq!((&taken["accepted"], &taken["nudges"]), (&json!(1), &json!([])));
    let mut order = order("88010001", OWNER, "YD7001");
    order["status"] = "paid".into();
    system.give(OWNER, [order]);
    system.is(Mood::Well);
    let sent = async || {
        let report = shop.staff_get("/api/v1/proactive").await;
        let rules = report["rules"].as_array().unwrap();
        rules.iter().find(|rule| rule["id"] == "order_paid").unwrap()["sent"].as_u64().unwrap()
    };
    shop.at("2026-11-20T10:15:00+08:00");
    let said = async {
        while sent().await == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), said).await.expect("it is said");
    assert_eq!(sent().await, 1);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_order_is_refused_and_the_turn_goes_on() {
    let system = ShopSystem::start().await;
    let mut broken = order("88010002", OWNER, "YD7009");
    broken["total"] = json!(-5);
    system.give(OWNER, [broken.clone(), order("88010001", OWNER, "YD7001")]);
    let shop = RunningShop::looking_up(options(&system)).await;
    let reply = shop.chat(Some(OWNER), QUESTION).await;
    assert!(reply["reply"].as_str().unwrap().contains("7001"), "{reply}");
    assert!(!reply.to_string().contains("88010002"), "{reply}");
    // Where nothing else is left, "you have no order" would be a lie.
    system.give(OWNER, [broken]);
    let reply = shop.chat(Some(OWNER), QUESTION).await;
    assert_eq!(reply["handoff"]["reason"], "unavailable", "{reply}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_left_alone_after_failures_and_tried_again() {
    let system = ShopSystem::start().await;
    system.give(OWNER, [order("88010001", OWNER, "YD7001")]);
    system.is(Mood::Fails(503));
    let pause = Duration::from_millis(300);
    let orders = connector(OrdersOptions { failures: 2, pause, ..options(&system) });
    assert_eq!(looked_up(&orders, OWNER).await, Err(Outage::Status(503)));
    assert_eq!(looked_up(&orders, OWNER).await, Err(Outage::Status(503)));
    assert_eq!(looked_up(&orders, OWNER).await, Err(Outage::LeftAlone));
    assert_eq!(system.asked().len(), 2, "an open breaker asks nobody");
    let state = serde_json::to_value(orders.state()).unwrap();
    assert_eq!(
        (&state["breaker"], &state["failure"]),
        (&json!("open"), &json!("it answered with status 503"))
    );
    system.is(Mood::Well);
    let answered = async {
        while looked_up(&orders, OWNER).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), answered).await.expect("it is tried again");
    let state = serde_json::to_value(orders.state()).unwrap();
    assert_eq!((&state["breaker"], &state["failure"]), (&json!("closed"), &Value::Null));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_system_is_not_waited_for_and_not_asked_twice_at_once() {
    let system = ShopSystem::start().await;
    system.give(OWNER, [order("88010001", OWNER, "YD7001")]);
    system.is(Mood::Waits(Duration::from_secs(60)));
    let impatient = connector(OrdersOptions { timeout: Duration::from_millis(100), ..options(&system) });
    assert_eq!(looked_up(&impatient, OWNER).await, Err(Outage::TimedOut(100)));

    // One at a time may run, and it hangs: the other customer is not kept waiting beyond the limit either.
    let timeout = Duration::from_millis(400);
    let narrow = connector(OrdersOptions { timeout, max_parallel: 1, ..options(&system) });
    let before = system.asked().len();
    let (first, second) = tokio::join!(looked_up(&narrow, OWNER), looked_up(&narrow, "cus_9002"));
    for outcome in [first, second] {
        assert!(matches!(outcome, Err(Outage::TimedOut(400) | Outage::Busy)), "{outcome:?}");
    }
    assert!(system.asked().len() <= before + 2);

    // Many questions of one customer at the same time are one look-up.
    system.is(Mood::Waits(Duration::from_millis(100)));
    let before = system.asked().len();
    let patient = connector(options(&system));
    let all = futures_util::future::join_all((0..20).map(|_| looked_up(&patient, OWNER))).await;
    assert!(all.iter().all(|one| *one == Ok(vec!["order:88010001".to_owned()])), "{all:?}");
    assert_eq!(system.asked().len(), before + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_is_used_again_for_its_own_customer_only() {
    let system = ShopSystem::start().await;
    system.give(OWNER, [order("88010001", OWNER, "YD7001")]);
    let orders = connector(OrdersOptions { cache_life: Duration::from_secs(3600), ..options(&system) });
    for _ in 0..5 {
        assert_eq!(looked_up(&orders, OWNER).await, Ok(vec!["order:88010001".to_owned()]));
    }
    assert_eq!(system.asked().len(), 1);
    assert_eq!(looked_up(&orders, "cus_9002").await, Ok(Vec::new()));
    assert_eq!(system.asked().len(), 2);
    // A failure is never kept.
    system.is(Mood::Fails(500));
    assert_eq!(looked_up(&orders, "cus_9003").await, Err(Outage::Status(500)));
    system.is(Mood::Well);
    assert_eq!(looked_up(&orders, "cus_9003").await, Ok(Vec::new()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_system_that_knows_another_secret_refuses_and_that_is_an_outage() {
    let system = ShopSystem::start().await;
    let other = OrdersOptions { secret: "another secret of the tests".into(), ..options(&system) };
    assert_eq!(looked_up(&connector(other), OWNER).await, Err(Outage::Status(401)));
    let tokenless = OrdersOptions { token: None, ..options(&system) };
    assert_eq!(looked_up(&connector(tokenless), OWNER).await, Err(Outage::Status(401)));
    assert_eq!(connector(options(&system)).probe().await, Ok(()));
    let gone = OrdersOptions { url: "http://127.0.0.1:1/orders".into(), ..options(&system) };
    assert!(matches!(connector(gone).probe().await, Err(Outage::Unreachable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_program_names_the_system_and_its_state() {
    let system = ShopSystem::start().await;
    let shop = RunningShop::looking_up(options(&system)).await;
    let ready = shop.staff_get("/readyz").await;
    assert_eq!(ready["orders"], json!({"breaker": "closed", "failure": null}), "{ready}");
    system.is(Mood::Fails(500));
    shop.chat(Some(OWNER), QUESTION).await;
    let ready = shop.staff_get("/readyz").await;
    assert_eq!(
        (&ready["ready"], &ready["orders"]["failure"]),
        (&json!(true), &json!("it answered with status 500"))
    );
    shop.stop().await;

    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), format!("{TOKEN}\n")).unwrap();
    let settings = format!(
        "[server]\nport = 0\n[connect.orders]\nurl = \"{}/shop/orders\"\ntoken_file = \"token\"\n",
        system.url
    );
    system.is(Mood::Well);
    std::fs::write(folder.path().join("warmdesk.toml"), settings).unwrap();
    let mut doctor = warmdesk(folder.path());
    doctor.env("WARMDESK_ORDERS_SECRET", SECRET).args(["doctor", "--data"]).arg(folder.path().join("data"));
    let said = tokio::task::block_in_place(|| run(&mut doctor)).stdout;
    assert!(said.contains(&format!("looked up at {}, which answers", system.url)), "{said}");
    assert_eq!(system.asked().last().unwrap().customer, "warmdesk-doctor");
}
