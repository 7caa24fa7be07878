//! What happens while nobody takes a conversation: is everything said that has to be said, once, and is everybody called in time?

mod crashes;

use serde_json::{Value, json};

use crate::actions::{promises, staff, until, wait_a_while};
use crate::app::{RunningShop, config, mute, records, repository};

const CUSTOMER: Option<&str> = Some("cus_1006");

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// The sample shop at a moment of its reference day.
async fn at(now: &str) -> RunningShop {
    let shop = RunningShop::empty(mute(), config(), now).await;
    shop.import(&records(&repository("tests/shop"))).await;
    shop
}

/// What was said because nobody took it, oldest first.
async fn words(shop: &RunningShop, talk: &Value) -> Vec<String> {
    let history = shop.staff_get(&format!("/api/v1/conversations/{}", text(talk, "conversation"))).await;
    let messages = history["messages"].as_array().unwrap().iter();
    let of_wait =
        |message: &&Value| message["trace"]["notes"].to_string().contains("nobody has taken the ticket");
    messages.filter(of_wait).map(|message| text(message, "text").to_owned()).collect()
}

async fn wait_for_words(shop: &RunningShop, talk: &Value, count: usize) -> Vec<String> {
    until(&format!("{count} words"), async || {
        Some(words(shop, talk).await).filter(|said| said.len() == count)
    })
    .await
}

async fn ticket(shop: &RunningShop, talk: &Value) -> Value {
    shop.staff_get(&format!("/api/v1/tickets/{}", text(&talk["handoff"], "ticket"))).await
}

async fn wait_for_escalation(shop: &RunningShop, talk: &Value, to: &str) -> Value {
    let look = async || Some(ticket(shop, talk).await).filter(|ticket| ticket["escalation"] == to);
    until(&format!("the {to} is called"), look).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_customer_hears_how_it_stands_and_people_are_called() {
    let shop = at("2026-11-20T10:12:00+08:00").await;
    let talk = shop.chat(CUSTOMER, "转人工").await;
    shop.at("2026-11-20T10:15:10+08:00");
    wait_for_words(&shop, &talk, 1).await;
    shop.at("2026-11-20T10:17:10+08:00");
    let reminded = wait_for_escalation(&shop, &talk, "group").await;
    assert_eq!(reminded["priority"], "high");
    shop.at("2026-11-20T10:18:20+08:00");
    wait_for_words(&shop, &talk, 2).await;
    shop.at("2026-11-20T10:22:10+08:00");
    let called = wait_for_escalation(&shop, &talk, "lead").await;
    assert_eq!(called["priority"], "urgent");
    wait_for_words(&shop, &talk, 3).await;
    // Half an hour was announced, and nobody has come.
    shop.at("2026-11-20T10:46:00+08:00");
    let late = wait_for_words(&shop, &talk, 4).await.pop().unwrap();
    assert!(late.contains("对不起") && late.contains("15:00"), "{late}");
    let owed = promises(&shop, &talk).await;
    assert_eq!(owed.len(), 1, "{owed:?}");
    assert_eq!((text(&owed[0], "kind"), text(&owed[0], "due")), ("callback", "2026-11-20T15:00:00+08:00"));
    assert_eq!(owed[0]["backed_by"], talk["handoff"]["ticket"]);
    shop.at("2026-11-20T10:50:00+08:00");
    wait_for_words(&shop, &talk, 5).await;
    // The customer who asks now is answered, and nobody is handed over twice.
    let asked = shop.chat_on(CUSTOMER, &talk, "人呢").await;
    assert_eq!(asked["handoff"]["ticket"], talk["handoff"]["ticket"]);
    shop.at("2026-11-20T11:30:00+08:00");
    shop.resolve_all().await;
    let said = words(&shop, &talk).await;
    assert_eq!(said.len(), 5, "four words of how it stands and one apology: {said:?}");
    assert!(said.windows(2).all(|pair| pair[0] != pair[1]), "{said:?}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stop_in_between_neither_doubles_nor_loses_a_word() {
    let shop = at("2026-11-20T10:12:00+08:00").await;
    let talk = shop.chat(CUSTOMER, "转人工").await;
    shop.at("2026-11-20T10:15:10+08:00");
    let before = wait_for_words(&shop, &talk, 1).await;
    let data = shop.leave().await;
    let shop = RunningShop::on(data, "2026-11-20T10:16:00+08:00").await;
    shop.at("2026-11-20T10:18:20+08:00");
    let after = wait_for_words(&shop, &talk, 2).await;
    assert_eq!(after[0], before[0]);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_the_end_of_the_day_it_becomes_a_message_with_its_time() {
    let shop = at("2026-11-20T21:20:00+08:00").await;
    let talk = shop.chat(CUSTOMER, "转人工").await;
    shop.at("2026-11-20T21:31:00+08:00");
    let said = wait_for_words(&shop, &talk, 1).await;
    assert!(said[0].contains("明天09:30"), "{said:?}");
    let owed = promises(&shop, &talk).await;
    assert_eq!(text(&owed[0], "due"), "2026-11-21T09:30:00+08:00");
    assert_eq!(text(&ticket(&shop, &talk).await, "due"), "2026-11-21T09:30:00+08:00");
    // Nobody keeps it the next morning: that is owned up to, and there is still one ticket.
    shop.at("2026-11-21T09:31:00+08:00");
    let put_off = async || {
        let owed = promises(&shop, &talk).await;
        owed.into_iter().find(|promise| promise["state"] == "renegotiated")
    };
    until("another time is told", put_off).await;
    let queue = shop.staff_get("/api/v1/tickets").await;
    assert_eq!(queue["tickets"].as_array().unwrap().len(), 1, "{queue}");
    assert_eq!(words(&shop, &talk).await.len(), 1, "the time was told once");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_at_night_is_owed_what_the_line_has_told() {
    let shop = at("2026-11-20T23:10:00+08:00").await;
    let talk = shop.chat(CUSTOMER, "转人工").await;
    let owed = until("the promise", async || promises(&shop, &talk).await.pop()).await;
    assert_eq!(text(&owed, "due"), "2026-11-21T09:30:00+08:00");
    assert!(text(&talk, "reply").contains("明天09:30"), "{talk}");
    assert_eq!(words(&shop, &talk).await, Vec::<String>::new());
    // In the morning people are called, from the opening on.
    shop.at("2026-11-21T09:05:10+08:00");
    wait_for_escalation(&shop, &talk, "group").await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_moves_up_hears_it_once() {
    let shop = at("2026-11-20T10:12:00+08:00").await;
    let first = shop.chat(CUSTOMER, "转人工").await;
    let second = shop.chat(Some("cus_1001"), "转人工").await;
    let staff = staff();
    until("both waits are looked at", async || {
        shop.store.due_waits(&staff, 32, &shop.clock().now()).await.unwrap().is_empty().then_some(())
    })
    .await;
    shop.at("2026-11-20T10:12:30+08:00");
    let path = format!("/api/v1/tickets/{}/claim", text(&first["handoff"], "ticket"));
    shop.staff_post(&path, json!({})).await.good();
    shop.at("2026-11-20T10:13:10+08:00");
    let said = wait_for_words(&shop, &second, 1).await;
    assert!(said[0].contains("前面没有") || said[0].contains("最前面"), "{said:?}");
    shop.at("2026-11-20T10:15:00+08:00");
    wait_a_while().await;
    assert_eq!(words(&shop, &second).await.len(), 1, "nothing has changed since");
    shop.stop().await;
}
