//! Is what was promised done by itself and told in time, exactly once, whatever the shop's own system does?

mod crashes;
pub mod system;

use std::time::Duration;

use serde_json::{Value, json};
use warmdesk::config::Config;
use warmdesk::desk::hours::HoursRow;
use warmdesk::identity::{ShopId, StaffScope};

use crate::app::{REFERENCE, RunningShop, config, mute, records, repository};
use system::{FOUND, Mood, ShopSystem, result};

const OWNER: &str = "cus_1001";
const ORDER: &str = "20261114008712";
const QUESTION: &str = "我那个睡袋到哪了 都好几天了";

/// Orders whose parcels stand still, one a customer.
fn orders() -> String {
    let order = |number: u64| {
        json!({"kind": "order", "id": format!("8800{number:04}"), "customer": format!("cus_k{number}"),
            "status": "in_transit", "status_text": "运输中", "total": 88, "placed_at": "2026-11-15 09:00:00",
            "items": [{"title": "儿童雨靴", "price": 88, "quantity": 1}],
            "shipment": {"carrier": "韵达", "tracking": format!("YD70{number:04}"), "status": "stalled",
                "events": [{"at": "2026-11-17 20:10:00", "status": "运输中", "place": "杭州转运中心", "text": "到达杭州转运中心"}]}})
        .to_string()
    };
    (0..3).map(order).collect::<Vec<_>>().join("\n")
}

pub async fn actions(shop: &RunningShop, talk: &Value) -> Vec<Value> {
    let path = format!("/api/v1/actions?conversation={}", talk["conversation"].as_str().unwrap());
    shop.staff_get(&path).await["actions"].as_array().unwrap().clone()
}

pub async fn promises(shop: &RunningShop, talk: &Value) -> Vec<Value> {
    let path = format!("/api/v1/promises?conversation={}", talk["conversation"].as_str().unwrap());
    shop.staff_get(&path).await["promises"].as_array().unwrap().clone()
}

/// What the assistant said by itself, oldest first.
pub async fn words(shop: &RunningShop, talk: &Value) -> Vec<String> {
    let path = format!("/api/v1/conversations/{}", talk["conversation"].as_str().unwrap());
    let history = shop.staff_get(&path).await;
    let messages = history["messages"].as_array().unwrap().iter();
    let by_itself = |message: &&Value| {
        let notes = message["trace"]["notes"].as_array();
        notes.is_some_and(|notes| notes.iter().any(|note| note.to_string().contains("came due")))
    };
    messages.filter(by_itself).map(|message| message["text"].as_str().unwrap().to_owned()).collect()
}

/// Waits until something holds: actions and promises are worked on behind the replies.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    for _ in 0..200 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not come to that: {what}");
}

pub async fn until_words(shop: &RunningShop, talk: &Value, count: usize) -> Vec<String> {
    until(&format!("{count} words"), async || {
        Some(words(shop, talk).await).filter(|words| words.len() >= count)
    })
    .await
}

pub async fn until_state(shop: &RunningShop, talk: &Value, state: &str) -> Value {
    until(state, async || actions(shop, talk).await.pop().filter(|action| action["state"] == state)).await
}

/// Long enough for several looks of the lanes, to see that nothing happens.
pub async fn wait_a_while() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}

pub fn staff() -> StaffScope {
    StaffScope { shop: ShopId::default(), actor: "test".to_owned() }
}

/// What the audit says of an action.
pub async fn audit(shop: &RunningShop, action: &Value) -> Vec<String> {
    let log = shop.store.audit_log(&staff(), action["id"].as_str().unwrap()).await.unwrap();
    log.into_iter().map(|entry| entry.action).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stalled_parcel_is_traced_by_itself_and_the_word_comes() {
    let system = ShopSystem::start(Mood::Later).await;
    let shop = RunningShop::acting(system.options()).await;
    let (token, conversation) = shop.session(OWNER).await;
    let mut stream = shop.listen(&token, &conversation).await;
    let mut body = crate::app::message(Some(OWNER), Some(&conversation), QUESTION);
    body["id"] = json!("first");
    let talk = shop.staff_post("/api/v1/chat", body).await.good();
    let reply = talk["reply"].as_str().unwrap();
    assert!(reply.contains("查件") && reply.contains("今天14:15"), "{reply}");
    let backed_by = talk["commitments"][0]["backed_by"].as_str().unwrap().to_owned();
    assert!(backed_by.starts_with("act_"), "{talk}");
    assert_eq!(talk["handoff"], Value::Null);

    let action = until_state(&shop, &talk, "running").await;
    assert_eq!((&action["id"], &action["kind"]), (&json!(backed_by), &json!("trace_parcel")));
    assert_eq!(action["args"]["order"], ORDER);
    assert_eq!(action["due"], "2026-11-20T14:15:00+08:00");
    until("the system has it", async || (system.done() == [backed_by.clone()]).then_some(())).await;

    // Asked again, the customer hears what is running and until when; nothing is begun a second time.
    shop.at("2026-11-20T11:00:00+08:00");
    let other = shop.chat(Some(OWNER), QUESTION).await;
    assert!(other["reply"].as_str().unwrap().contains("今天14:15"), "{other}");
    assert_eq!(other["commitments"], json!([]), "{other}");
    wait_a_while().await;
    assert_eq!(system.log().len(), 1);

    // The carrier answers before the time, and the customer hears of it.
    shop.at("2026-11-20T13:52:00+08:00");
    let path = format!("/api/v1/actions/{backed_by}/result");
    let taken = shop.staff_post(&path, result(&json!(ORDER))).await.good();
    assert_eq!((&taken["state"], &taken["result"]["text"]), (&json!("done"), &json!(FOUND)));
    let told = loop {
        let told = stream.next_named("message").await.data;
        if told["text"].as_str().unwrap().contains(FOUND) {
            break told;
        }
    };
    assert_eq!(told["author"], "assistant");
    let promise = promises(&shop, &talk).await.remove(0);
    assert_eq!((&promise["state"], &promise["by"]), (&json!("kept"), &json!("assistant")));

    // At its time nothing is said again.
    shop.at("2026-11-20T14:15:00+08:00");
    wait_a_while().await;
    assert_eq!(words(&shop, &talk).await.len(), 1);
    assert_eq!(
        audit(&shop, &action).await,
        ["request_action", "begin_action", "accept_action", "finish_action"],
        "the audit tells what the system's log tells"
    );
    assert_eq!(system.log()[&backed_by], ("trace_parcel".to_owned(), 1));
    assert_eq!(system.refused(), Vec::<String>::new());
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_result_a_new_time_is_told_once_and_then_a_lead_has_it() {
    let system = ShopSystem::start(Mood::Later).await;
    let shop = RunningShop::acting(system.options()).await;
    let talk = shop.chat(Some(OWNER), QUESTION).await;
    until_state(&shop, &talk, "running").await;
    shop.at("2026-11-20T14:14:59+08:00");
    wait_a_while().await;
    assert_eq!(words(&shop, &talk).await, Vec::<String>::new());
    shop.at("2026-11-20T14:15:00+08:00");
    let first = until_words(&shop, &talk, 1).await.remove(0);
    assert!(first.contains("今天14:15") && first.contains("今天16:15"), "{first}");
    let promise = promises(&shop, &talk).await.remove(0);
    assert_eq!(
        (&promise["state"], &promise["due"]),
        (&json!("renegotiated"), &json!("2026-11-20T16:15:00+08:00"))
    );
    assert_eq!(until_state(&shop, &talk, "overdue").await["by"], "shop_system");
    let tickets = shop.staff_get("/api/v1/tickets").await["tickets"].clone();
    assert_eq!((&tickets[0]["priority"], &tickets[0]["detail"]), (&json!("high"), &json!("trace_reply")));

    shop.at("2026-11-20T16:15:00+08:00");
    let second = until_words(&shop, &talk, 2).await.remove(1);
    assert!(second.contains("主管") && second.contains("今天18:15"), "{second}");
    let all = promises(&shop, &talk).await;
    let states: Vec<(&Value, &Value)> =
        all.iter().map(|promise| (&promise["kind"], &promise["state"])).collect();
    assert_eq!(states, [(&json!("trace_reply"), &json!("broken")), (&json!("lead_reply"), &json!("open"))]);
    let tickets = shop.staff_get("/api/v1/tickets").await["tickets"].clone();
    assert_eq!(
        (&tickets[0]["priority"], &tickets[0]["detail"]),
        (&json!("urgent"), &json!("promise_broken"))
    );

    // Late is better than never: the result is told, and nothing more is owed.
    let action = actions(&shop, &talk).await.remove(0);
    let path = format!("/api/v1/actions/{}/result", action["id"].as_str().unwrap());
    shop.staff_post(&path, result(&json!(ORDER))).await.good();
    let third = until_words(&shop, &talk, 3).await.remove(2);
    assert!(third.contains(FOUND), "{third}");
    for now in ["2026-11-20T18:15:00+08:00", "2026-11-23T10:00:00+08:00"] {
        shop.at(now);
        wait_a_while().await;
    }
    assert_eq!(words(&shop, &talk).await.len(), 3);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_again_after_a_new_time_is_not_told_twice_that_it_is_late() {
    let system = ShopSystem::start(Mood::Later).await;
    let shop = RunningShop::acting(system.options()).await;
    let talk = shop.chat(Some(OWNER), QUESTION).await;
    until_state(&shop, &talk, "running").await;
    shop.at("2026-11-20T14:15:00+08:00");
    until_words(&shop, &talk, 1).await;
    // The new time stands, and nobody apologises for it a second time.
    let asked = shop.chat_on(Some(OWNER), &talk, QUESTION).await;
    assert!(!asked["reply"].as_str().unwrap().contains("没做到"), "{asked}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn promises_are_kept_in_business_hours_over_a_weekend() {
    let weekdays = ["mon", "tue", "wed", "thu", "fri"].map(str::to_owned).to_vec();
    let mut config: Config = config();
    config.desk.hours = vec![HoursRow { days: weekdays, from: "9:00".into(), to: "18:00".into() }];
    let friday = "2026-11-20T17:00:00+08:00";
    let shop = RunningShop::empty(mute(), config, friday).await;
    shop.import(&records(&repository("tests/shop"))).await;
    let talk = shop.chat(Some(OWNER), QUESTION).await;
    assert!(talk["reply"].as_str().unwrap().contains("11月23日12:00"), "{talk}");
    assert!(talk["commitments"][0]["backed_by"].as_str().unwrap().starts_with("tkt_"), "{talk}");
    assert_eq!(actions(&shop, &talk).await[0]["by"], "person", "nothing is connected");
    for now in ["2026-11-21T12:00:00+08:00", "2026-11-22T23:59:00+08:00", "2026-11-23T11:59:59+08:00"] {
        shop.at(now);
        wait_a_while().await;
        assert_eq!(words(&shop, &talk).await, Vec::<String>::new(), "{now}");
    }
    shop.at("2026-11-23T12:00:00+08:00");
    let said = until_words(&shop, &talk, 1).await.remove(0);
    assert!(said.contains("今天12:00") && said.contains("今天14:00"), "{said}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_none_is_asked_for_again_and_then_a_person_is() {
    let moods =
        [Mood::Page, Mood::OfAnother, Mood::Status(503), Mood::SendsOn, Mood::Never, Mood::Status(422)];
    for mood in moods {
        let system = ShopSystem::start(mood).await;
        let shop = RunningShop::acting(system.options()).await;
        let talk = shop.chat(Some(OWNER), QUESTION).await;
        let refuses = mood == Mood::Status(422);
        let times = if refuses { 1 } else { 3 };
        let clock = ["2026-11-20T10:12:10+08:00", "2026-11-20T10:12:30+08:00"];
        for (number, now) in (1..).zip(clock).take(times - 1) {
            let attempts = json!(number);
            until("the attempt is over", async || {
                let action = actions(&shop, &talk).await.remove(0);
                let log = audit(&shop, &action).await;
                let over = log.iter().filter(|line| *line == "put_off_action").count() == number as usize;
                (over && action["attempts"] == attempts).then_some(())
            })
            .await;
            shop.at(now);
        }
        let action = until("a person has it", async || {
            actions(&shop, &talk).await.pop().filter(|action| action["by"] == "person")
        })
        .await;
        assert_eq!(action["attempts"], times, "{mood:?}: {action}");
        assert_eq!(action["result"], Value::Null, "{mood:?}: {action}");
        let promise = promises(&shop, &talk).await.remove(0);
        assert_eq!(
            (&promise["state"], &promise["backed_by"]),
            (&json!("open"), &action["ticket"]),
            "{mood:?}"
        );
        assert_eq!(promise["due"], "2026-11-20T14:15:00+08:00", "the same clock: {mood:?}");
        assert_eq!(words(&shop, &talk).await, Vec::<String>::new(), "{mood:?}");
        assert_eq!((system.strangers(), system.done().len()), (0, 0), "{mood:?}");
        let log = system.log();
        assert_eq!(log.values().map(|(_, times)| *times).collect::<Vec<_>>(), [times as u32], "{mood:?}");
        shop.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_at_once_twice_of_another_and_too_late() {
    let system = ShopSystem::start(Mood::AtOnce).await;
    let shop = RunningShop::acting(system.options()).await;
    shop.import(&orders()).await;
    let talk = shop.chat(Some("cus_k0"), QUESTION).await;
    let said = until_words(&shop, &talk, 1).await.remove(0);
    assert!(said.contains(FOUND), "{said}");
    let action = until_state(&shop, &talk, "done").await;
    let path = |action: &Value| format!("/api/v1/actions/{}/result", action["id"].as_str().unwrap());
    let send = async |action: &Value, result: Value| shop.staff_post(&path(action), result).await;
    send(&action, result(&json!("88000000"))).await.good();
    let differs = send(&action, json!({ "outcome": "failed" })).await;
    assert_eq!((differs.status, differs.code().as_str()), (409, "result_differs"));

    system.is(Mood::Later);
    let again = shop.chat(Some("cus_k1"), QUESTION).await;
    let second = until_state(&shop, &again, "running").await;
    let foreign = send(&second, result(&json!("99999999"))).await;
    assert_eq!((foreign.status, foreign.code().as_str()), (409, "result_of_another"));
    for (bad, field) in [
        (json!({ "outcome": "done", "text": "<b>找到了</b>" }), "text"),
        (json!({ "outcome": "done", "text": "长".repeat(201) }), "text"),
        (json!({ "outcome": "perhaps" }), "outcome"),
        (json!({ "outcome": "done", "txt": "x" }), "txt"),
    ] {
        let refused = send(&second, bad.clone()).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (422, "invalid_field"),
            "{bad}: {}",
            refused.text
        );
        assert!(refused.text.contains(field) || field == "outcome", "{bad}: {}", refused.text);
    }
    let id = second["id"].as_str().unwrap();
    shop.staff_post(&format!("/api/v1/actions/{id}/cancel"), json!({ "reason": "the customer has it" }))
        .await
        .good();
    let late = send(&second, result(&json!("88000001"))).await;
    assert_eq!((late.status, late.code().as_str()), (409, "action_over"));
    assert_eq!(
        shop.staff_post("/api/v1/actions/act_unknown/result", json!({ "outcome": "done" })).await.status,
        404
    );
    assert_eq!(shop.post(&path(&second), json!({ "outcome": "done" })).await.status, 401, "only with a key");

    system.is(Mood::Fails);
    let third = shop.chat(Some("cus_k2"), QUESTION).await;
    let said = until_words(&shop, &third, 1).await.remove(0);
    assert!(said.contains("中通没有这件的记录"), "{said}");
    assert_eq!(until_state(&shop, &third, "failed").await["attempts"], 1);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_cancelled_is_told_once_and_goes_no_further() {
    let system = ShopSystem::start(Mood::Later).await;
    let shop = RunningShop::acting(system.options()).await;
    let talk = shop.chat(Some(OWNER), QUESTION).await;
    let action = until_state(&shop, &talk, "running").await;
    let path = |step: &str| format!("/api/v1/actions/{}/{step}", action["id"].as_str().unwrap());
    let cancelled = shop.staff_post(&path("cancel"), json!({ "reason": "包裹找到了" })).await.good();
    assert_eq!((&cancelled["state"], &cancelled["result"]), (&json!("cancelled"), &Value::Null));
    let said = until_words(&shop, &talk, 1).await.remove(0);
    assert!(said.contains("查件") && !said.contains("包裹找到了"), "{said}");
    assert!(["不往下办", "不再往下走", "不继续办"].iter().any(|word| said.contains(word)), "{said}");
    let promise = promises(&shop, &talk).await.remove(0);
    assert_eq!(promise["state"], "kept", "by that word: {promise}");
    let again = shop.staff_post(&path("cancel"), json!({})).await;
    assert_eq!((again.status, again.code().as_str()), (409, "conflict"));
    let late = shop.staff_post(&path("result"), result(&json!(ORDER))).await;
    assert_eq!((late.status, late.code().as_str()), (409, "action_over"));
    shop.at("2026-11-20T14:15:00+08:00");
    wait_a_while().await;
    assert_eq!(words(&shop, &talk).await.len(), 1, "nothing is said a second time");
    let log = audit(&shop, &action).await;
    let expected = ["request_action", "begin_action", "accept_action", "cancel_action", "refuse_result"];
    assert_eq!(log, expected);
    // What is over may be wanted again.
    let asked = shop.chat(Some(OWNER), QUESTION).await;
    let second = until_state(&shop, &asked, "running").await;
    assert_ne!(second["id"], action["id"]);
    // A person who has the conversation is the one who says it.
    let handed = shop.chat_on(Some(OWNER), &asked, "转人工").await;
    let ticket = handed["handoff"]["ticket"].as_str().unwrap().to_owned();
    shop.staff_post(&format!("/api/v1/tickets/{ticket}/claim"), json!({})).await.good();
    let path = format!("/api/v1/actions/{}/cancel", second["id"].as_str().unwrap());
    shop.staff_post(&path, json!({})).await.good();
    let promise = until("it is due at the desk", async || {
        promises(&shop, &asked).await.pop().filter(|promise| promise["with_person"] == true)
    })
    .await;
    assert_eq!(promise["state"], "open", "nothing was said yet");
    let told = json!({ "text": "包裹找到了，查件撤了。" });
    shop.staff_post(&format!("/api/v1/tickets/{ticket}/messages"), told).await.good();
    assert_eq!(promises(&shop, &asked).await.pop().unwrap()["state"], "kept");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_that_the_guard_refuses_is_not_said() {
    let system = ShopSystem::start(Mood::Later).await;
    let shop = RunningShop::acting(system.options()).await;
    let talk = shop.chat(Some(OWNER), QUESTION).await;
    let action = until_state(&shop, &talk, "running").await;
    let path = format!("/api/v1/actions/{}/result", action["id"].as_str().unwrap());
    let text = "快递员电话13812345678，加我微信处理，这是全网第一快的快递";
    shop.staff_post(&path, json!({ "outcome": "done", "text": text })).await.good();
    let said = until_words(&shop, &talk, 1).await.remove(0);
    assert!(!said.contains("13812345678") && !said.contains("微信") && said.contains("查件"), "{said}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_who_has_the_conversation_is_told_instead_of_the_customer() {
    let system = ShopSystem::start(Mood::Later).await;
    let shop = RunningShop::acting(system.options()).await;
    let talk = shop.chat(Some(OWNER), QUESTION).await;
    until_state(&shop, &talk, "running").await;
    let handed = shop.chat_on(Some(OWNER), &talk, "转人工").await;
    let ticket = handed["handoff"]["ticket"].as_str().unwrap().to_owned();
    shop.staff_post(&format!("/api/v1/tickets/{ticket}/claim"), json!({})).await.good();
    shop.at("2026-11-20T14:15:00+08:00");
    let promise = until("it is due at the desk", async || {
        promises(&shop, &talk).await.pop().filter(|promise| promise["with_person"] == true)
    })
    .await;
    assert_eq!(promise["state"], "open");
    wait_a_while().await;
    assert_eq!(words(&shop, &talk).await, Vec::<String>::new());
    let detail = shop.staff_get(&format!("/api/v1/tickets/{ticket}")).await;
    assert_eq!(
        (&detail["promises"][0]["with_person"], &detail["actions"][0]["kind"]),
        (&json!(true), &json!("trace_parcel"))
    );
    // Given back without a word, it is said.
    shop.staff_post(&format!("/api/v1/tickets/{ticket}/return"), json!({})).await.good();
    let said = until_words(&shop, &talk, 1).await.remove(0);
    assert!(said.contains("今天16:15"), "{said}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_colleague_who_resolves_without_a_word_leaves_the_word_to_the_assistant() {
    let shop = RunningShop::start(mute()).await;
    shop.import(&orders()).await;
    let check = async |customer: &str, writes: bool, expected: usize| {
        let talk = shop.chat(Some(customer), QUESTION).await;
        let ticket = actions(&shop, &talk).await[0]["ticket"].as_str().unwrap().to_owned();
        let post = async |step: &str, body: Value| {
            shop.staff_post(&format!("/api/v1/tickets/{ticket}/{step}"), body).await.good()
        };
        post("claim", json!({})).await;
        assert_eq!(actions(&shop, &talk).await[0]["state"], "running");
        if writes {
            post("messages", json!({ "text": "查到了，明天转出。" })).await;
            assert_eq!(promises(&shop, &talk).await[0]["state"], "kept");
        }
        post("resolve", json!({})).await;
        assert_eq!(actions(&shop, &talk).await[0]["state"], "done");
        until("it is kept", async || (promises(&shop, &talk).await[0]["state"] == "kept").then_some(()))
            .await;
        wait_a_while().await;
        assert_eq!(words(&shop, &talk).await.len(), expected, "writes: {writes}");
    };
    check("cus_k0", true, 0).await;
    check("cus_k1", false, 1).await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_begun_before_a_restart_is_ended_after_it_exactly_once() {
    let system = ShopSystem::start(Mood::Never).await;
    let shop = RunningShop::acting(system.options()).await;
    let talk = shop.chat(Some(OWNER), QUESTION).await;
    // It ends in the middle of the first attempt.
    until("it is asked", async || (!system.log().is_empty()).then_some(())).await;
    let data = shop.leave().await;
    system.is(Mood::Later);
    let shop = RunningShop::acting_on(data, REFERENCE, system.options()).await;
    let action = until_state(&shop, &talk, "running").await;
    until("it is accepted", async || {
        audit(&shop, &action).await.contains(&"accept_action".to_owned()).then_some(())
    })
    .await;
    assert_eq!(system.done(), [action["id"].as_str().unwrap()]);
    let data = shop.leave().await;
    // Its time comes while nothing runs.
    let late = "2026-11-20T15:00:00+08:00";
    let shop = RunningShop::acting_on(data, late, system.options()).await;
    let said = until_words(&shop, &talk, 1).await.remove(0);
    assert!(said.contains("今天17:00"), "{said}");
    let data = shop.leave().await;
    let shop = RunningShop::acting_on(data, late, system.options()).await;
    wait_a_while().await;
    assert_eq!(words(&shop, &talk).await.len(), 1);
    assert_eq!(system.log().len(), 1);
    shop.stop().await;
}
