//! Does a customer learn where the own order is, and does nobody else?

use reqwest::Method;
use serde_json::{Value, json};
use warmdesk::config::Config;
use warmdesk::model::{Behaviour, ScriptedModel};

use crate::app::{
    Event, REFERENCE, RunningShop, appliance_shop, config, message, moment, mute, proof, read, records,
    repository, sentences, signature,
};
use std::path::Path;
use std::sync::Arc;

const QUESTION: &str = "我的订单到哪了";

/// An order with a parcel, as it stands in a file of the shop.
struct Shipped {
    order: String,
    customer: String,
    carrier: String,
    tracking: String,
    /// What the last event may be told by: its time as it is read aloud, its text, its place, the signing time.
    last_event: Vec<String>,
    /// Every value of the order that nobody else may see.
    private: Vec<String>,
}

fn orders(folder: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(folder.join("orders.ndjson")).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// A time as it is read aloud on a day.
fn aloud(time: &str, now: &str) -> Option<String> {
    let now = moment(now);
    let at = now.at(now.parse(time)?);
    let hour = at.strftime("%H:%M");
    let (year, day) = (now.zoned().year(), now.zoned().date());
    Some(if at.date() == day {
        format!("今天{hour}")
    } else if at.year() == year {
        at.strftime("%-m月%-d日%H:%M").to_string()
    } else {
        at.strftime("%Y年%-m月%-d日%H:%M").to_string()
    })
}

/// The orders of a folder with exactly one parcel, as a question about them reads at a moment.
fn shipped(folder: &Path, now: &str) -> Vec<Shipped> {
    let with_parcel = |order: &Value| {
        let shipment = order.get("shipment").filter(|shipment| shipment.is_object())?;
        let events = shipment["events"].as_array().cloned().unwrap_or_default();
        // What is closed is said to be closed, without a parcel's way.
        if ["cancelled", "returned"].contains(&text(order, "status")) {
            return None;
        }
        let last = events.last().cloned().unwrap_or_default();
        let times = [text(&last, "at"), text(shipment, "delivered_at")];
        let mut last_event: Vec<String> = times.iter().filter_map(|time| aloud(time, now)).collect();
        if events.len() < 2 {
            // Nothing has happened but the label: that is what there is to say.
            last_event.push("还没有揽收记录".to_owned());
        }
        let event_texts = events.iter().map(|event| text(event, "text").to_owned());
        let mut private = vec![text(order, "id").to_owned(), text(shipment, "tracking").to_owned()];
        private.extend(event_texts.filter(|text| text.chars().count() > 6));
        private.retain(|value| !value.is_empty());
        Some(Shipped {
            order: text(order, "id").to_owned(),
            customer: text(order, "customer").to_owned(),
            carrier: text(shipment, "carrier").to_owned(),
            tracking: text(shipment, "tracking").to_owned(),
            last_event,
            private,
        })
    };
    orders(folder).iter().filter_map(with_parcel).collect()
}

fn tail(tracking: &str) -> String {
    let characters: Vec<char> = tracking.chars().collect();
    characters[characters.len().saturating_sub(4)..].iter().collect()
}

/// Asks about one order as its owner, who is looking at it.
async fn ask(shop: &RunningShop, shipped: &Shipped) -> Value {
    let mut body = message(Some(&shipped.customer), None, QUESTION);
    body["context"] = json!({ "order": shipped.order });
    shop.staff_post("/api/v1/chat", body).await.good()
}

/// What a true answer to "where is it" lacks.
fn lacking(shipped: &Shipped, reply: &Value) -> Option<String> {
    let said = reply["reply"].as_str().unwrap();
    let number = [shipped.tracking.clone(), tail(&shipped.tracking)];
    let told =
        |values: &[String]| values.iter().any(|value| !value.is_empty() && said.contains(value.as_str()));
    let mut lacks = Vec::new();
    if !said.contains(&shipped.carrier) {
        lacks.push(format!("the carrier {}", shipped.carrier));
    }
    if !told(&number) {
        lacks.push(format!("the tracking number {}", shipped.tracking));
    }
    if !told(&shipped.last_event) {
        lacks.push(format!("the last event {:?}", shipped.last_event));
    }
    let scenario = reply["scenario"]["id"].as_str().unwrap_or_default();
    (!lacks.is_empty()).then(|| {
        format!(
            "{} ({scenario}): {said:?} lacks {lacks:?}, refused {}",
            shipped.order, reply["guard"]["refused"]
        )
    })
}

/// Every owner gets the truth about every parcel, and only about the own one.
async fn check_owners(shop: &RunningShop, all: &[Shipped]) {
    let mut faults = Vec::new();
    for shipped in all {
        let reply = ask(shop, shipped).await;
        faults.extend(lacking(shipped, &reply));
        let body = reply.to_string();
        let others = all.iter().filter(|other| other.customer != shipped.customer);
        // A real shop has made-up tracking numbers of which one is the beginning of another.
        let shows = |other: &&Shipped| {
            body.contains(&other.order)
                || (body.contains(&other.tracking) && !shipped.tracking.contains(&other.tracking))
        };
        for other in others.filter(shows) {
            faults.push(format!("{} is shown of {}'s {}", shipped.customer, other.customer, other.order));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// What somebody who does not own the order gets to read of it, byte by byte.
async fn check_others(shop: &RunningShop, folder: &Path, now: &str, stranger: &str) {
    let own: Vec<Value> =
        orders(folder).into_iter().filter(|order| text(order, "customer") == stranger).collect();
    let own = json!(own).to_string();
    let all = shipped(folder, now);
    let mut faults = Vec::new();
    for shipped in all.iter().filter(|shipped| shipped.customer != stranger) {
        for (who, customer) in [("nobody in particular", None), ("another customer", Some(stranger))] {
            for question in [QUESTION.to_owned(), format!("我的订单{}到哪了", shipped.order)] {
                let mut body = message(customer, None, &question);
                body["context"] = json!({ "order": shipped.order });
                let reply = shop.staff_post("/api/v1/chat", body).await;
                assert_eq!(reply.status, 200, "{}", reply.text);
                let mut seen = reply.text.clone();
                // The customer's own words are no leak.
                if question.contains(&shipped.order) {
                    seen = seen.replace(&shipped.order, "");
                }
                // In a real shop two parcels may well have the same text; what is in the own order is no leak.
                let foreign = |value: &&String| customer.is_none() || !own.contains(value.as_str());
                let leaked =
                    shipped.private.iter().filter(foreign).find(|value| seen.contains(value.as_str()));
                faults.extend(
                    leaked.map(|value| format!("{who} reads {value} of {}: {}", shipped.order, reply.text)),
                );
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_owner_of_a_parcel_learns_where_it_is_and_nobody_else_does() {
    let shop = RunningShop::start(mute()).await;
    let all = shipped(&repository("tests/shop"), REFERENCE);
    assert!(all.len() > 20, "the sample shop has parcels in every state");
    check_owners(&shop, &all).await;
    check_others(&shop, &repository("tests/shop"), REFERENCE, "cus_1004").await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_real_shop_imports_without_loss_and_its_owners_learn_where_their_parcels_are() {
    let Some(folder) = appliance_shop() else {
        eprintln!("skipped: no shared/data/appliance_shop above {}", env!("CARGO_MANIFEST_DIR"));
        return;
    };
    const NOW: &str = "2025-06-16T10:12:00+08:00";
    let shop = RunningShop::empty(mute(), config(), NOW).await;
    let lines = records(&folder);
    let report = shop.import(&lines).await;
    assert_eq!(report["accepted"], lines.lines().count());
    let again = shop.import(&lines).await;
    assert_eq!(again["unchanged"], lines.lines().count(), "nothing was lost or changed on the way in");
    let all = shipped(&folder, NOW);
    assert!(!all.is_empty());
    check_owners(&shop, &all).await;
    let stranger =
        orders(&folder).iter().map(|order| text(order, "customer").to_owned()).next_back().unwrap();
    check_others(&shop, &folder, NOW, &stranger).await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_order_needs_no_naming() {
    let shop = RunningShop::start(mute()).await;
    let reply = shop.chat(Some("cus_1001"), QUESTION).await;
    let said = reply["reply"].as_str().unwrap();
    for value in ["中通", "9821", "11月16日22:40", "武汉转运中心"] {
        assert!(said.contains(value), "{value} is missing in {said}");
    }
    let evidence: Vec<&str> =
        reply["evidence"].as_array().unwrap().iter().map(|fact| text(fact, "id")).collect();
    assert!(evidence.contains(&"order:20261114008712"), "{evidence:?}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_answer_is_streamed_sentence_by_sentence() {
    let shop = RunningShop::start(mute()).await;
    let events = shop.stream(Some("cus_1001"), QUESTION).await;
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    let sentence_count = names.iter().filter(|name| **name == "sentence").count();
    assert!(sentence_count >= 2, "{names:?}");
    assert_eq!((names[0], names[names.len() - 1]), ("reading", "done"), "{names:?}");
    assert!(names[1..names.len() - 1].iter().all(|name| *name == "sentence"), "{names:?}");
    let done = &events[events.len() - 1].data;
    let streamed: Vec<&Value> =
        events.iter().filter(|event| event.name == "sentence").map(|event| &event.data).collect();
    assert_eq!(json!(streamed), done["sentences"], "the stream and the whole answer are the same");
    assert_eq!(done["reply"].as_str().unwrap(), sentences(done).join("\n"));
    assert_eq!(done["evidence"], json!([]), "a customer's copy shows no records");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_first_sentence_is_out_while_the_model_is_still_silent() {
    let model = Arc::new(ScriptedModel::new(|_| String::new()));
    model.behave(Behaviour::Hang);
    let mut settings: Config = config();
    settings.model.deadline_seconds = 1;
    let shop = RunningShop::empty(Arc::clone(&model) as _, settings, REFERENCE).await;
    shop.import(&records(&repository("tests/shop"))).await;
    let events: Vec<Event> = shop.stream(None, "吸奶器半夜用吵不吵").await;
    let piece = |name: &str| events.iter().find(|event| event.name == name).map(|event| event.piece);
    assert!(!model.prompts().is_empty(), "this question is one for the model: {events:?}");
    assert!(piece("sentence") < piece("done"), "{events:?}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_signature_is_refused() {
    let shop = RunningShop::start(mute()).await;
    let of_another = signature("cus_1002");
    for wrong in ["", "00", "not hex", of_another.as_str(), &signature("cus_1001")[1..]] {
        let body = json!({ "message": QUESTION, "customer": { "id": "cus_1001", "signature": wrong } });
        let reply = shop.post("/api/v1/chat", body).await;
        assert_eq!(
            (reply.status, reply.code().as_str()),
            (401, "invalid_signature"),
            "{wrong:?}: {}",
            reply.text
        );
    }
    let unsigned = json!({ "message": QUESTION, "customer": { "id": "cus_1001" } });
    let reply = shop.post("/api/v1/chat", unsigned).await.good();
    assert!(!reply.to_string().contains("9821"), "an id without its signature proves nothing: {reply}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_belongs_to_its_customer() {
    let shop = RunningShop::start(mute()).await;
    let own = shop.chat(Some("cus_1001"), QUESTION).await;
    let conversation = text(&own, "conversation");
    for intruder in [None, Some("cus_1002")] {
        let reply = shop.post("/api/v1/chat", message(intruder, Some(conversation), "到哪了")).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "conversation_not_found"), "{intruder:?}");
    }
    let (token, _) = shop.session("cus_1002").await;
    for path in ["", "/stream"] {
        let path = format!("/api/v1/conversations/{conversation}{path}");
        let reply = read(shop.request(Method::GET, &path).bearer_auth(&token).send().await.unwrap()).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "conversation_not_found"), "{path}");
        assert!(!reply.text.contains("9821"));
    }
    let known = shop.staff_get(&format!("/api/v1/conversations/{conversation}")).await;
    assert_eq!(known["messages"].as_array().unwrap().len(), 2, "the intruders left nothing behind");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_parcel_that_moves_has_moved_for_the_next_message() {
    let shop = RunningShop::start(mute()).await;
    let first = shop.chat(Some("cus_1001"), QUESTION).await;
    let shipment = json!({
        "carrier": "顺丰", "tracking": "SF1417730653306", "expected_at": "2026-11-20T20:00:00",
        "events": [
            { "at": "2026-11-20T08:10:00", "status": "in_transit", "place": "武汉江岸营业部", "text": "到达武汉江岸营业部" },
            { "at": "2026-11-20T09:41:00", "status": "out_for_delivery", "place": "武汉江岸营业部", "text": "派送员正在派送" },
        ],
    });
    let put = shop.staff_put("/api/v1/orders/20261114008712/shipment", shipment).await.good();
    assert_eq!(put["id"], "order:20261114008712");
    for earlier in [None, Some(&first)] {
        let reply = match earlier {
            None => shop.chat(Some("cus_1001"), QUESTION).await,
            Some(earlier) => shop.chat_on(Some("cus_1001"), earlier, "现在到哪了").await,
        };
        let said = reply["reply"].as_str().unwrap();
        assert!(said.contains("顺丰") && said.contains("3306") && said.contains("今天09:41"), "{said}");
        assert!(!said.contains("9821") && !said.contains("22:40"), "{said}");
    }
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_several_orders_chooses_one() {
    let shop = RunningShop::start(mute()).await;
    let asked = shop.chat(Some("cus_1005"), QUESTION).await;
    let said = asked["reply"].as_str().unwrap();
    assert!(said.contains("①") && said.contains("②") && said.contains("儿童餐具套装"), "{said}");
    let chosen = shop.chat_on(Some("cus_1005"), &asked, "第二个").await;
    let said = chosen["reply"].as_str().unwrap();
    assert!(said.contains("78412364788132") || said.contains("8132"), "{said}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_offered_comes_as_cards_beside_the_text() {
    let shop = RunningShop::start(mute()).await;
    let mut question = message(Some("cus_1005"), None, QUESTION);
    question["id"] = json!("first");
    let asked = shop.post("/api/v1/chat", question.clone()).await.good();
    let cards = asked["choices"].as_array().unwrap().clone();
    assert_eq!(cards.len(), 2, "{asked}");
    for card in &cards {
        let (label, say) = (text(card, "label"), text(card, "say"));
        assert!(text(&asked, "reply").contains(label) && label.starts_with(say), "{asked}");
    }
    let again = shop.post("/api/v1/chat", question).await.good();
    assert_eq!(again["choices"], asked["choices"], "the same message again is answered the same");
    // Whoever comes back to the page finds them with the message, a customer too.
    let (token, conversation) = shop.session("cus_1005").await;
    assert_eq!(asked["conversation"], conversation.as_str());
    let path = format!("/api/v1/conversations/{conversation}");
    let request = shop.request(Method::GET, &path).bearer_auth(token);
    let history = read(request.send().await.unwrap()).await.good();
    assert_eq!(history["messages"][1]["choices"], asked["choices"], "{history}");
    assert_eq!(history["messages"][0]["choices"], json!([]));
    // A card says its words as the customer's message, and that chooses.
    let chosen = shop.chat_on(Some("cus_1005"), &asked, text(&cards[1], "say")).await;
    assert!(text(&chosen, "reply").contains("8132"), "{chosen}");
    assert_eq!(chosen["choices"], json!([]), "nothing is offered any more");
    let streamed = shop.stream(Some("cus_1015"), "我的订单发货没").await;
    let done = &streamed.last().unwrap().data;
    assert_eq!(
        done["choices"].as_array().map(|cards| cards.is_empty()),
        Some(true),
        "one order is no choice"
    );
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_items_of_an_order_are_offered_too() {
    let shop = RunningShop::start(mute()).await;
    let asked = shop.chat(Some("cus_1017"), "我要退货").await;
    let cards = asked["choices"].as_array().unwrap();
    let labels: Vec<&str> = cards.iter().map(|card| text(card, "label")).collect();
    assert_eq!(labels, ["① 儿童轻暖羽绒服", "② 儿童护耳帽"], "{asked}");
    let chosen = shop.chat_on(Some("cus_1017"), &asked, text(&cards[1], "say")).await;
    // The return goes on with the item that was chosen, and what is offered now are its reasons.
    let said = text(&chosen, "reply");
    assert!(said.contains("49.00") && !said.contains("哪一件"), "{said}");
    let offered = chosen["choices"].as_array().unwrap();
    assert!(!offered.iter().any(|card| labels.contains(&text(card, "label"))), "{chosen}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_opens_the_own_history_and_nothing_else() {
    let shop = RunningShop::start(mute()).await;
    let opened = shop.post("/api/v1/session", json!({ "customer": proof("cus_1001") })).await.good();
    let (token, conversation) = (text(&opened, "token"), text(&opened, "conversation"));
    let body = json!({ "message": QUESTION });
    let asked =
        shop.request(Method::POST, "/api/v1/chat").bearer_auth(token).json(&body).send().await.unwrap();
    let reply = read(asked).await.good();
    assert_eq!(reply["conversation"], conversation);
    assert!(reply["reply"].as_str().unwrap().contains("9821"), "the session proves the customer: {reply}");
    let path = format!("/api/v1/conversations/{conversation}");
    let history =
        read(shop.request(Method::GET, &path).bearer_auth(token).send().await.unwrap()).await.good();
    let authors: Vec<&str> =
        history["messages"].as_array().unwrap().iter().map(|one| text(one, "author")).collect();
    assert_eq!(authors, ["customer", "assistant"]);
    assert!(history["messages"].as_array().unwrap().iter().all(|one| one["trace"].is_null()));
    shop.stop().await;
}
