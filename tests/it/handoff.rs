//! Does a handoff happen as it is said, and does the assistant keep quiet while people have the conversation?

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{Event, RunningShop, mute, read, sentences};

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// Every sentence is approved wording.
fn only_wording(reply: &Value) {
    for sentence in reply["sentences"].as_array().unwrap() {
        assert_eq!(sentence["by"], "wording", "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_approved_line_is_said_before_the_handoff_is_announced() {
    let shop = RunningShop::start(mute()).await;
    let events: Vec<Event> = shop.stream(Some("cus_1006"), "转人工").await;
    let place = |name: &str| events.iter().position(|event| event.name == name);
    let last_sentence = events.iter().rposition(|event| event.name == "sentence");
    assert!(last_sentence.is_some() && last_sentence < place("handoff"), "{events:?}");
    assert!(place("handoff") < place("done"), "{events:?}");
    let line = &events[last_sentence.unwrap()].data;
    assert_eq!((text(line, "goal"), text(line, "by")), ("handoff", "wording"));
    let handoff = &events[place("handoff").unwrap()].data;
    assert_eq!((text(handoff, "reason"), text(handoff, "mode")), ("asked_for_person", "now"));
    assert_eq!(events[place("done").unwrap()].data["handoff"], *handoff);
    let queue = shop.staff_get("/api/v1/tickets").await;
    let tickets: Vec<&str> =
        queue["tickets"].as_array().unwrap().iter().map(|ticket| text(ticket, "id")).collect();
    assert_eq!(tickets, [text(handoff, "ticket")], "exactly one ticket was opened");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_line_tells_the_true_place_in_the_queue_or_the_true_time() {
    let shop = RunningShop::start(mute()).await;
    shop.chat(Some("cus_1006"), "转人工").await;
    let second = shop.chat(Some("cus_1007"), "转人工").await;
    assert!(text(&second, "reply").contains("前面 1 位"), "{}", second["reply"]);
    let third = shop.chat(Some("cus_1010"), "转人工").await;
    assert!(text(&third, "reply").contains("前面 2 位"), "{}", third["reply"]);
    shop.at("2026-11-20T23:10:00+08:00");
    let night = shop.chat(Some("cus_1011"), "转人工").await;
    assert!(text(&night, "reply").contains("明天09:30"), "{}", night["reply"]);
    assert!(
        !text(&night, "reply").contains("位"),
        "nobody works through a queue at night: {}",
        night["reply"]
    );
    shop.stop().await;
}

/// What opens a ticket at once, and why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_reason_hands_off_at_once() {
    let shop = RunningShop::start(mute()).await;
    for (message, reason, detail) in [
        ("转人工", "asked_for_person", None),
        ("你们有没有活人啊", "asked_for_person", None),
        ("让你们经理联系我", "asked_for_person", None),
        ("再不解决我就12315投诉", "strong_words", None),
        ("骗子公司 差评", "strong_words", None),
        ("我已经找律师了，法院见", "strong_words", Some("legal_media")),
        ("喝了你们奶粉一直拉肚子怎么回事", "complex_after_sale", Some("health")),
        ("调奶器冒烟了！", "complex_after_sale", Some("safety")),
        ("你们必须赔我500", "complex_after_sale", Some("authority")),
    ] {
        let reply = shop.chat(None, message).await;
        let handoff = &reply["handoff"];
        assert_eq!((text(handoff, "reason"), text(handoff, "mode")), (reason, "now"), "{message}: {reply}");
        if let Some(detail) = detail {
            assert_eq!(text(handoff, "detail"), detail, "{message}");
        }
        only_wording(&reply);
        let last =
            reply["sentences"].as_array().unwrap().last().unwrap_or_else(|| panic!("{message}: silence"));
        assert_eq!(last["goal"], "handoff", "{message}: {reply}");
        let ticket = shop.staff_get(&format!("/api/v1/tickets/{}", text(handoff, "ticket"))).await;
        assert_eq!((text(&ticket, "reason"), text(&ticket, "status")), (reason, "open"), "{message}");
    }
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strong_words_of_others_are_no_handoff() {
    let shop = RunningShop::start(mute()).await;
    for message in ["看到有差评说羽绒服掉毛 真的假的", "投诉电话是多少", "你们是人工智能吗"]
    {
        let reply = shop.chat(None, message).await;
        let reason = text(&reply["handoff"], "reason");
        let urgent =
            reply["handoff"]["mode"] == "now" && ["strong_words", "asked_for_person"].contains(&reason);
        assert!(!urgent, "{message}: {reply}");
    }
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_waiting_only_wording_answers_and_no_second_ticket_is_opened() {
    let shop = RunningShop::start(mute()).await;
    let asked = shop.chat(Some("cus_1001"), "转人工").await;
    let mut said = sentences(&asked);
    for message in ["人呢？？？？", "我的订单到哪了", "骗子！！再没人理我就12315投诉你们"]
    {
        let reply = shop.chat_on(Some("cus_1001"), &asked, message).await;
        only_wording(&reply);
        let now = sentences(&reply);
        assert!(now.len() <= 1, "at most one acknowledgement: {now:?}");
        assert!(now.iter().all(|line| !said.contains(line)), "nothing is said twice: {now:?} after {said:?}");
        said.extend(now);
        assert_eq!(reply["handoff"]["ticket"], asked["handoff"]["ticket"], "{message}");
    }
    let queue = shop.staff_get("/api/v1/tickets").await;
    assert_eq!(queue["tickets"].as_array().unwrap().len(), 1);
    assert_eq!(queue["tickets"][0]["priority"], "urgent", "the strong word raised the open ticket: {queue}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_takes_over_and_gives_back() {
    let shop = RunningShop::start(mute()).await;
    let (token, conversation) = shop.session("cus_1001").await;
    let mut stream = shop.listen(&token, &conversation).await;
    let said = json!({ "conversation": conversation });
    let asked = shop.chat_on(Some("cus_1001"), &said, "转人工").await;
    let ticket = text(&asked["handoff"], "ticket").to_owned();
    let path = |verb: &str| format!("/api/v1/tickets/{ticket}/{verb}");

    let claimed = shop.staff_post(&path("claim"), json!({})).await.good();
    assert_eq!(text(&claimed, "status"), "claimed");
    assert_eq!(shop.staff_post(&path("claim"), json!({})).await.status, 200, "again by the same agent");

    for message in ["我的订单到哪了", "转人工", "骗子"] {
        let silent = shop.chat_on(Some("cus_1001"), &said, message).await;
        assert_eq!((text(&silent, "reply"), &silent["sentences"]), ("", &json!([])), "{message}");
        assert_eq!(text(&silent["handoff"], "ticket"), ticket, "{message}");
    }

    let words = "陈女士，我是售后小林，睡袋的情况我看到了。";
    let sent = shop.staff_post(&path("messages"), json!({ "text": words })).await.good();
    let arrived = loop {
        let event = stream.next_named("message").await;
        if event.data["author"] == "staff" {
            break event.data;
        }
    };
    assert_eq!(text(&arrived, "text"), words);
    assert_eq!(arrived["id"], sent["message"]["id"]);

    let note = shop.staff_post(&path("notes"), json!({ "text": "等顺丰单号" })).await.good();
    assert_eq!(text(&note, "text"), "等顺丰单号");
    shop.staff_post(&path("return"), json!({})).await.good();
    let answered = shop.chat_on(Some("cus_1001"), &said, "我的订单到哪了").await;
    assert!(text(&answered, "reply").contains("9821"), "the assistant answers again: {answered}");

    let history = shop.staff_get(&format!("/api/v1/conversations/{conversation}")).await;
    let texts: Vec<&str> =
        history["messages"].as_array().unwrap().iter().map(|one| text(one, "text")).collect();
    assert!(texts.contains(&words) && !texts.contains(&"等顺丰单号"), "a note is no message: {texts:?}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_resolved_ticket_leaves_the_queue_and_the_assistant_answers() {
    let shop = RunningShop::start(mute()).await;
    let asked = shop.chat(Some("cus_1006"), "转人工").await;
    let ticket = text(&asked["handoff"], "ticket");
    shop.staff_post(&format!("/api/v1/tickets/{ticket}/claim"), json!({})).await.good();
    let resolved = shop.staff_post(&format!("/api/v1/tickets/{ticket}/resolve"), json!({})).await.good();
    assert_eq!(text(&resolved, "status"), "resolved");
    let queue = shop.staff_get("/api/v1/tickets").await;
    assert_eq!(queue["tickets"], json!([]));
    let again = shop.staff_post(&format!("/api/v1/tickets/{ticket}/claim"), json!({})).await;
    assert_eq!((again.status, again.code().as_str()), (409, "conflict"));
    let after = shop.chat_on(Some("cus_1006"), &asked, "包邮吗 运费多少").await;
    assert_ne!(text(&after, "reply"), "", "{after}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_record_answers_is_left_for_a_person_with_a_due_time() {
    let shop = RunningShop::empty(mute(), crate::app::config(), crate::app::REFERENCE).await;
    let reply = shop.chat(None, "包邮吗 运费多少").await;
    assert_eq!(text(&reply["handoff"], "reason"), "no_evidence", "{reply}");
    only_wording(&reply);
    let ticket = shop.staff_get(&format!("/api/v1/tickets/{}", text(&reply["handoff"], "ticket"))).await;
    assert!(text(&ticket, "due") > "2026-11-20T10:12", "{}", ticket["due"]);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_tells_everything_so_that_the_customer_repeats_nothing() {
    let shop = RunningShop::start(mute()).await;
    let first = shop.chat(Some("cus_1001"), "我那个睡袋到哪了 都好几天了").await;
    let asked = shop.chat_on(Some("cus_1001"), &first, "别跟我说这些 转人工！").await;
    let ticket = shop.staff_get(&format!("/api/v1/tickets/{}", text(&asked["handoff"], "ticket"))).await;
    let history = shop.staff_get(&format!("/api/v1/conversations/{}", text(&asked, "conversation"))).await;
    let ids: Vec<&str> = history["messages"].as_array().unwrap().iter().map(|one| text(one, "id")).collect();

    assert_eq!(text(&ticket, "reason"), "asked_for_person");
    assert!(text(&ticket, "identity").contains("cus_1001"), "{}", ticket["identity"]);
    assert_ne!(text(&ticket, "wish"), "");
    let lines = ticket["summary"].as_array().unwrap();
    assert!(!lines.is_empty());
    for line in lines {
        let messages = line["messages"].as_array().unwrap();
        assert!(!messages.is_empty(), "every line links to messages: {line}");
        assert!(messages.iter().all(|id| ids.contains(&id.as_str().unwrap())), "{line} against {ids:?}");
    }
    let orders = ticket["orders"].to_string();
    assert!(orders.contains("20261114008712"), "{orders}");
    assert!(ticket["emotion"].as_array().unwrap().len() >= 2, "{}", ticket["emotion"]);
    assert_eq!(ticket["history"].as_array().unwrap().len(), 4);
    assert!(!ticket["tried"].as_array().unwrap().is_empty(), "what was tried: {}", ticket["tried"]);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tickets_are_for_staff_only() {
    let shop = RunningShop::start(mute()).await;
    let asked = shop.chat(Some("cus_1006"), "转人工").await;
    let ticket = text(&asked["handoff"], "ticket");
    let (token, _) = shop.session("cus_1006").await;
    for path in ["/api/v1/tickets".to_owned(), format!("/api/v1/tickets/{ticket}")] {
        let without = read(shop.request(Method::GET, &path).send().await.unwrap()).await;
        assert_eq!((without.status, without.code().as_str()), (401, "key_required"), "{path}");
        let session = read(shop.request(Method::GET, &path).bearer_auth(&token).send().await.unwrap()).await;
        assert_eq!((session.status, session.code().as_str()), (401, "key_required"), "{path}");
    }
    shop.stop().await;
}
