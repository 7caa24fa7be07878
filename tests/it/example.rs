//! Does the example of a shop's own system work with Warmdesk through the doors alone, and does its log say what the audit says?

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};
use warmdesk::actions::{Executor, Outcome};
use warmdesk::example::{Options, Pace, Port, ShopSystem};
use warmdesk::identity::{CustomerId, Scope, ShopId};
use warmdesk::record::{RecordKind, parse_ndjson};
use warmdesk::store::{Brought, NewAction, NewConversation, NewPromise, NewTicket, Undertaking};
use warmdesk::time::SystemClock;
use warmdesk::turn::types::Memory;

use crate::actions::system::{FOUND, Mood, SECRET, ShopSystem as Moody, TOKEN, credentials, options};
use crate::actions::{actions, audit, promises, staff, until, until_state, until_words, wait_a_while, words};
use crate::app::{ADMIN, REFERENCE, RunningShop, client, config, message, mute, read, records, repository};
use crate::program::{run, warmdesk};

/// The sample shop with the example beside it; after-sale cases go on when their door says so.
async fn beside() -> (RunningShop, ShopSystem) {
    let port = Port::take().await.unwrap();
    let shop = RunningShop::acting(options(&port.url)).await;
    let records = parse_ndjson(records(&repository("tests/shop")).as_bytes(), "").unwrap();
    let system = ShopSystem::start(
        port,
        Options {
            credentials: credentials(),
            warmdesk: shop.url.clone(),
            key: ADMIN.into(),
            records,
            pace: Pace { finding: Duration::from_millis(300), step: None },
            clock: shop.clock(),
        },
    );
    (shop, system.unwrap())
}

/// What the audit says of the actions that the system was asked for: how each ended.
async fn audited(shop: &RunningShop, talks: &[&Value]) -> BTreeMap<String, Option<Outcome>> {
    let mut ended = BTreeMap::new();
    for talk in talks {
        for action in actions(shop, talk).await {
            let log = audit(shop, &action).await;
            let count = |name: &str| log.iter().filter(|line| *line == name).count();
            if count("begin_action") == 0 {
                continue;
            }
            let (done, failed) = (count("finish_action"), count("fail_action"));
            assert!(done + failed <= 1, "ended twice: {log:?}");
            let outcome = match (done, failed) {
                (1, 0) => Some(Outcome::Done),
                (0, 1) => Some(Outcome::Failed),
                _ => None,
            };
            let known = ended.insert(action["id"].as_str().unwrap().to_owned(), outcome);
            assert!(known.is_none() || known == Some(outcome));
        }
    }
    ended
}

/// What the system's own log says, read through its door.
async fn logged(system: &ShopSystem) -> BTreeMap<String, Option<Outcome>> {
    let log = read(client().get(format!("{}/log", system.url())).send().await.unwrap()).await.good();
    let handled = log["actions"].as_array().unwrap();
    let entry = |action: &Value| {
        let outcome = serde_json::from_value(action["outcome"].clone()).unwrap();
        (action["id"].as_str().unwrap().to_owned(), outcome)
    };
    let entries: BTreeMap<_, _> = handled.iter().map(entry).collect();
    assert_eq!(entries.len(), handled.len(), "an action is in the log twice: {log}");
    entries
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_traced_urged_and_reserved_is_told_and_the_log_is_the_audit() {
    let (shop, system) = beside().await;
    // A parcel that stands still is traced by itself; the customer learns what was done and when the next word comes.
    let traced = shop.chat(Some("cus_1001"), "我那个睡袋到哪了 都好几天了").await;
    let reply = traced["reply"].as_str().unwrap();
    assert!(reply.contains("查件") && reply.contains("今天14:15"), "{reply}");
    let said = until_words(&shop, &traced, 1).await.remove(0);
    assert!(said.contains("中通回复：包裹滞留在") && said.contains("今天安排转出"), "{said}");
    let action = until_state(&shop, &traced, "done").await;
    assert_eq!((&action["kind"], &action["by"]), (&json!("trace_parcel"), &json!("shop_system")));

    let urged = shop.chat(Some("cus_1008"), "都两天了还不发货？说好24小时呢").await;
    let said = until_words(&shop, &urged, 1).await.remove(0);
    assert!(said.contains("这单排进今天的发货批次"), "{said}");
    assert_eq!(until_state(&shop, &urged, "done").await["kind"], "urge_dispatch");

    let mut wish = message(Some("cus_1005"), None, "帮我留一件");
    wish["context"] = json!({ "product": "P-DJ26" });
    let reserved = shop.staff_post("/api/v1/chat", wish).await.good();
    let said = until_words(&shop, &reserved, 1).await.remove(0);
    assert!(said.contains("给您留了1件，留到11月21日10:12"), "{said}");
    assert_eq!(until_state(&shop, &reserved, "done").await["kind"], "reserve_stock");

    for talk in [&traced, &urged, &reserved] {
        let promise = until("it is kept", async || {
            promises(&shop, talk).await.pop().filter(|promise| promise["state"] == "kept")
        })
        .await;
        assert_eq!(promise["by"], "assistant");
    }
    // At the time that was told nothing is said again.
    shop.at("2026-11-20T16:15:00+08:00");
    wait_a_while().await;
    let audited = audited(&shop, &[&traced, &urged, &reserved]).await;
    assert_eq!(logged(&system).await, audited);
    assert_eq!(audited.len(), 3);
    assert!(audited.values().all(|outcome| *outcome == Some(Outcome::Done)), "{audited:?}");
    for talk in [&traced, &urged, &reserved] {
        assert_eq!(words(&shop, talk).await.len(), 1);
    }
    shop.stop().await;
}

/// Begins an action as a turn does, for a customer with a conversation of their own.
async fn begin(shop: &RunningShop, customer: &str, (kind, args): (&str, &Value)) -> Value {
    let scope = Scope::customer(ShopId::default(), CustomerId::new(customer).unwrap());
    let now = shop.clock().now();
    let opened = shop
        .store
        .open_conversation(&scope, NewConversation { channel: "api".into(), memory: Memory::default() }, &now)
        .await
        .unwrap();
    let due = now.timestamp() + jiff::SignedDuration::from_hours(4);
    let args: Map<String, Value> = args.as_object().unwrap().clone();
    let action = NewAction {
        kind: kind.to_owned(),
        identity: format!("{kind} {args:?}"),
        args,
        confirmed: false,
        by: Executor::ShopSystem,
        due,
    };
    let task = NewTicket {
        conversation: opened.id.clone(),
        reason: warmdesk::turn::types::HandoffReason::ComplexAfterSale,
        detail: None,
        mode: warmdesk::turn::types::HandoffMode::Async,
        priority: warmdesk::desk::types::Priority::Normal,
        due,
        note: warmdesk::desk::types::HandoffNote::default(),
    };
    let promise = NewPromise { kind: "aftersale_reply".into(), due, brought: Brought::ByNew(action), task };
    let undertaking = Undertaking {
        conversation: opened.id.clone(),
        handoff: None,
        promises: vec![promise],
        flows: Vec::new(),
        remind_before: jiff::SignedDuration::from_mins(30),
    };
    shop.store.undertake(&scope, undertaking, &now).await.unwrap();
    json!({ "conversation": opened.id })
}

/// What was said of an action, and how it ended.
async fn told(shop: &RunningShop, talk: &Value) -> (String, Value) {
    let said = until_words(shop, talk, 1).await.remove(0);
    (said, actions(shop, talk).await.remove(0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_it_answers_is_said_as_it_is() {
    let (shop, system) = beside().await;
    let mut talks = Vec::new();
    for (customer, kind, order, outcome) in [
        ("cus_1006", "intercept", "20261118003360", "done"),
        ("cus_1010", "intercept", "20261117005502", "failed"),
        ("cus_1007", "change_address", "20261119007745", "done"),
        ("cus_1001", "change_address", "20261114008712", "failed"),
        ("cus_1022", "change_phone", "20261119005566", "done"),
        ("cus_1002", "change_phone", "20261112002231", "failed"),
        ("cus_1019", "cancel_order", "20261119004803", "done"),
        ("cus_1026", "cancel_order", "20261116001893", "failed"),
        ("cus_1003", "invoice", "20261109004410", "done"),
        ("cus_1014", "invoice", "20261120000412", "failed"),
        ("cus_1009", "price_protection", "20261112008831", "done"),
        ("cus_1028", "register_gift", "20261116008241", "done"),
        ("cus_1029", "reissue", "20261117008810", "done"),
        ("cus_1013", "urge_parcel", "20261115009914", "done"),
        ("cus_1023", "urge_dispatch", "20261110001156", "failed"),
        ("cus_1027", "trace_parcel", "20261119009530", "failed"),
        ("cus_1018", "cancel_order", "20261119004803", "failed"),
    ] {
        let args = json!({ "order": order, "wish": "麻烦了" });
        let talk = begin(&shop, customer, (kind, &args)).await;
        let (said, action) = told(&shop, &talk).await;
        let text = action["result"]["text"].as_str().unwrap();
        assert_eq!(action["state"], outcome, "{kind}: {action}");
        assert!(said.contains(text), "{kind}: `{text}` is not in `{said}`");
        talks.push(talk);
    }
    let audited = audited(&shop, &talks.iter().collect::<Vec<_>>()).await;
    assert_eq!(logged(&system).await, audited);
    // What changed there is known here.
    until("the order is cancelled here too", async || {
        let asked = shop.chat(Some("cus_1019"), "我的保温吸管杯订单什么状态").await;
        asked["evidence"].to_string().contains("已取消").then_some(())
    })
    .await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_case_goes_on_over_two_days_and_the_customer_is_told_how_it_stands() {
    let (shop, system) = beside().await;
    let args =
        json!({ "order": "20261116005518", "item": "P-BT240", "reason": "想要小一点的", "wanted": "180ml" });
    let talk = begin(&shop, "cus_1005", ("exchange", &args)).await;
    until("it is answered", async || (actions(&shop, &talk).await[0]["state"] == "done").then_some(())).await;
    let case = "AS-20261120-101";
    let stands = async |text: &str| {
        until(text, async || {
            let record = shop.store.record(&staff(), RecordKind::Aftersale, case).await.unwrap()?;
            (record.text("status_text") == Some(text)).then_some(())
        })
        .await;
        // Whoever asks again and again is handed over; that is another matter.
        shop.resolve_all().await;
        let asked = shop.chat(Some("cus_1005"), "我换的奶瓶办到哪一步了").await;
        assert!(asked["evidence"].to_string().contains(text), "{text}: {asked}");
        asked["evidence"].to_string()
    };
    stands("换货已通过，等顾客寄回").await;
    let next = async |with_token: bool| {
        let request = client().post(format!("{}/aftersales/{case}/next", system.url()));
        let request = if with_token { request.bearer_auth(TOKEN) } else { request };
        read(request.send().await.unwrap()).await
    };
    assert_eq!(next(false).await.status, 401);
    shop.at("2026-11-21T10:00:00+08:00");
    next(true).await.good();
    stands("换回的商品在仓库，等验货").await;
    shop.at("2026-11-21T18:00:00+08:00");
    next(true).await.good();
    stands("验货通过，新的一件等仓库发出").await;
    shop.at("2026-11-22T09:30:00+08:00");
    let sent = next(true).await.good();
    let tracking = sent["new_shipment"]["tracking"].as_str().unwrap();
    let evidence = stands("新的一件已发出").await;
    assert!(evidence.contains(tracking), "{evidence}");
    assert_eq!(next(true).await.status, 409, "it is at its end");
    shop.stop().await;
}

/// Waits until something is said in a conversation that holds these words.
async fn until_said(shop: &RunningShop, talk: &Value, words: &str) {
    let path = format!("/api/v1/conversations/{}", talk["conversation"].as_str().unwrap());
    until(words, async || {
        let history = shop.staff_get(&path).await;
        let messages = history["messages"].as_array().unwrap().clone();
        let mut ours = messages.iter().filter(|message| message["author"] == "assistant");
        ours.any(|message| message["text"].as_str().unwrap().contains(words)).then_some(())
    })
    .await;
}

/// The flow of a conversation that was begun last: its step and its state.
async fn flow(shop: &RunningShop, talk: &Value) -> (String, String) {
    let path = format!("/api/v1/flows?conversation={}", talk["conversation"].as_str().unwrap());
    let flows = shop.staff_get(&path).await;
    let last = flows["flows"].as_array().unwrap().last().unwrap().clone();
    (last["step"].as_str().unwrap().to_owned(), last["state"].as_str().unwrap().to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exchange_goes_from_the_first_sentence_to_the_new_parcel_over_two_days() {
    let (shop, system) = beside().await;
    let customer = Some("cus_1005");
    let talk = shop.chat(customer, "重力球奶瓶颜色买错了 想换成海雾蓝的").await;
    let reply = talk["reply"].as_str().unwrap();
    assert!(reply.contains("可以换") && reply.contains("海雾蓝") && reply.contains("确认"), "{reply}");
    assert_eq!(flow(&shop, &talk).await, ("confirm".into(), "open".into()));
    assert!(system.log().actions.is_empty(), "nothing is done before the yes");

    // A yes to something else is none.
    let between = shop.chat_on(customer, &talk, "换的话运费谁出").await;
    assert!(!between["reply"].as_str().unwrap().is_empty());
    shop.chat_on(customer, &talk, "嗯").await;
    assert!(system.log().actions.is_empty());
    shop.chat_on(customer, &talk, "确认").await;
    until_said(&shop, &talk, "余杭区暖芽仓换货组").await;
    until("the next step", async || {
        (flow(&shop, &talk).await == ("send_back".into(), "open".into())).then_some(())
    })
    .await;
    // Who says yes twice has one exchange.
    shop.chat_on(customer, &talk, "确认").await;
    wait_a_while().await;
    assert_eq!(system.log().actions.len(), 1);

    // The next morning it is sent, in a new conversation.
    shop.at("2026-11-21T10:00:00+08:00");
    let morning = shop.chat(customer, "寄出了 中通 78412369990021").await;
    assert_eq!(flow(&shop, &morning).await, ("on_way".into(), "open".into()));
    let next = async || {
        let url = format!("{}/aftersales/AS-20261120-101/next", system.url());
        read(client().post(url).bearer_auth(TOKEN).send().await.unwrap()).await.good()
    };
    shop.at("2026-11-21T16:00:00+08:00");
    next().await;
    until_said(&shop, &morning, "仓库").await;
    until("it is inspected", async || (flow(&shop, &morning).await.0 == "inspect").then_some(())).await;
    shop.at("2026-11-22T09:00:00+08:00");
    next().await;
    until_said(&shop, &morning, "验货通过").await;
    let sent = next().await;
    until_said(&shop, &morning, sent["new_shipment"]["tracking"].as_str().unwrap()).await;
    assert_eq!(flow(&shop, &morning).await.1, "done");
    let audited = audited(&shop, &[&talk, &morning]).await;
    assert_eq!(logged(&system).await, audited);
    assert_eq!(audited.values().collect::<Vec<_>>(), [&Some(Outcome::Done)]);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_warmdesk_is_sent_away() {
    let (shop, system) = beside().await;
    let url = format!("{}/actions", system.url());
    let body = r#"{"type":"action.requested","data":{"id":"act_1","kind":"cancel_order","args":{}}}"#;
    let signer = warmdesk::connect::Signer::new(&credentials().secret).unwrap();
    let now = shop.clock().now().timestamp().as_second();
    let send = async |token: &str, (at, signature): (i64, String), body: &str| {
        let request = client().post(&url).bearer_auth(token).header("webhook-id", "act_1");
        let request = request.header("webhook-timestamp", at).header("webhook-signature", signature);
        read(request.body(body.to_owned()).send().await.unwrap()).await.status
    };
    let sign = |at: i64| (at, signer.sign("act_1", at, body.as_bytes()));
    assert_eq!(send("another", sign(now), body).await, 401);
    assert_eq!(send(TOKEN, (now, "v1,AAAA".into()), body).await, 401);
    assert_eq!(send(TOKEN, sign(now - 301), body).await, 401, "an old request");
    assert_eq!(send(TOKEN, sign(now), &body.replace("cancel", "change")).await, 401, "another body");
    assert_eq!(read(client().post(&url).send().await.unwrap()).await.status, 401);
    assert!(system.log().actions.is_empty());
    assert_eq!(system.log().lines.len(), 5);
    assert_eq!(send(TOKEN, sign(now), body).await, 200);
    assert_eq!(system.log().actions.len(), 1);
    shop.stop().await;
}

/// The settings of a program whose actions this system executes.
fn settings(folder: &Path, url: &str) {
    let settings = format!("[server]\nport = 0\n[connect.actions]\nurl = \"{url}/actions\"\n");
    std::fs::write(folder.join("warmdesk.toml"), settings).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_says_whether_it_is_there_and_knows_who_asks() {
    let port = Port::take().await.unwrap();
    let system = ShopSystem::start(
        port,
        Options {
            credentials: credentials(),
            warmdesk: "http://127.0.0.1:1".into(),
            key: ADMIN.into(),
            records: Vec::new(),
            pace: Pace { finding: Duration::ZERO, step: None },
            clock: Arc::new(SystemClock::new(jiff::tz::TimeZone::UTC)),
        },
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let doctor = |secret: Option<&str>| {
        let mut doctor = warmdesk(folder.path());
        doctor
            .env("WARMDESK_ACTIONS_TOKEN", TOKEN)
            .args(["doctor", "--data"])
            .arg(folder.path().join("data"));
        if let Some(secret) = secret {
            doctor.env("WARMDESK_ACTIONS_SECRET", secret);
        }
        let said = tokio::task::block_in_place(|| run(&mut doctor)).stdout;
        said.lines().find(|line| line.contains("  actions  ")).unwrap().to_owned()
    };
    let check = |secret: Option<&str>, mark: &str, words: &str| {
        let line = doctor(secret);
        assert!(line.starts_with(mark) && line.contains(words), "{line}");
    };
    check(Some(SECRET), "ok", "by people");
    settings(folder.path(), system.url());
    check(Some(SECRET), "ok", "which accepts a ping");
    assert!(system.log().lines.is_empty(), "a ping asks for nothing");
    check(Some("another secret of the tests"), "BAD", "status 401");
    check(None, "BAD", "WARMDESK_ACTIONS_SECRET");
    let strict = Port::take().await.unwrap();
    settings(folder.path(), &strict.url);
    let _strict = strict.serve(axum::Router::new());
    check(Some(SECRET), "note", "status 404");
    settings(folder.path(), "http://127.0.0.1:1");
    check(Some(SECRET), "BAD", "no connection");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_the_terminal_actions_are_executed_too() {
    let system = Moody::start(Mood::AtOnce).await;
    // The program runs by the machine's clock: by that the parcel stands still.
    let shop = RunningShop::empty(mute(), config(), REFERENCE).await;
    let before = |hours: i64| {
        let moment = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
        shop.clock().now().at(moment).strftime("%Y-%m-%d %H:%M:%S").to_string()
    };
    let order = json!({"kind": "order", "id": "88001111", "customer": "cus_1001", "status": "in_transit",
        "status_text": "运输中", "total": 88, "placed_at": before(120),
        "items": [{"title": "婴儿睡袋", "price": 88, "quantity": 1}],
        "shipment": {"carrier": "中通", "tracking": "ZT701", "status": "stalled",
            "events": [{"at": before(75), "place": "武汉转运中心", "text": "到达武汉转运中心"}]}});
    shop.import(&order.to_string()).await;
    let data = shop.leave().await;
    let folder = tempfile::tempdir().unwrap();
    let asked = folder.path().join("asked");
    std::fs::write(&asked, "我那个睡袋到哪了 都好几天了\n").unwrap();
    let chat = || {
        let mut chat = warmdesk(folder.path());
        chat.env("WARMDESK_ACTIONS_TOKEN", TOKEN).env("WARMDESK_ACTIONS_SECRET", SECRET);
        chat.args(["chat", "--model", "none", "--customer", "cus_1001", "--data"]).arg(data.path());
        chat.stdin(std::fs::File::open(&asked).unwrap());
        tokio::task::block_in_place(|| run(&mut chat))
    };
    settings(folder.path(), &system.url);
    let said = chat();
    assert!(said.stderr.contains(&system.url), "{}", said.stderr);
    assert!(said.stdout.contains("查件") && said.stdout.contains(FOUND), "{}{}", said.stdout, said.stderr);
    assert_eq!(system.done().len(), 1);
    std::fs::write(folder.path().join("warmdesk.toml"), "").unwrap();
    let said = chat();
    assert!(said.stderr.contains("left to people"), "{}", said.stderr);
}
