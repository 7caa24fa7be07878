//! Do a customer's picture, typing and rating reach the people they are for, over the whole program?

use reqwest::{Method, Response};
use serde_json::{Value, json};

use crate::app::{EventStream, REFERENCE, Reply, RunningShop, config, mute, read};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR as it came from a phone \xff\x00\xfe";

/// So many pictures an hour are taken here.
const AN_HOUR: u32 = 2;

async fn start() -> RunningShop {
    let mut config = config();
    config.limits.pictures_per_hour = AN_HOUR;
    RunningShop::empty(mute(), config, REFERENCE).await
}

async fn upload(shop: &RunningShop, token: &str, content_type: &str, bytes: Vec<u8>) -> Response {
    let request = shop.request(Method::POST, "/api/v1/pictures").bearer_auth(token);
    request.header("content-type", content_type).body(bytes).send().await.unwrap()
}

async fn uploaded(shop: &RunningShop, token: &str) -> String {
    let reply = read(upload(shop, token, "image/png", PNG.to_vec()).await).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()["url"].as_str().unwrap().to_owned()
}

async fn say(shop: &RunningShop, token: &str, body: Value) -> Reply {
    read(shop.request(Method::POST, "/api/v1/chat").bearer_auth(token).json(&body).send().await.unwrap())
        .await
}

async fn get(shop: &RunningShop, token: Option<&str>, path: &str) -> Response {
    let request = shop.request(Method::GET, path);
    match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
    .send()
    .await
    .unwrap()
}

/// A message with a picture, then the wish for a person: the ticket.
async fn shown_to_people(shop: &RunningShop, token: &str, url: &str) -> String {
    let body = json!({"message": "瓶口裂了，您看", "attachments": [{"type": "image", "url": url}]});
    say(shop, token, body).await.good();
    let handed = say(shop, token, json!({"message": "转人工"})).await.good();
    handed["handoff"]["ticket"].as_str().unwrap().to_owned()
}

fn attachments(messages: &Value) -> Vec<&Value> {
    let all = messages.as_array().unwrap().iter();
    all.flat_map(|message| message["attachments"].as_array().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_picture_reaches_the_agent_and_nobody_else() {
    let shop = start().await;
    let (token, conversation) = shop.session("cus_1001").await;
    let url = uploaded(&shop, &token).await;
    let ticket = shown_to_people(&shop, &token, &url).await;

    let ticket = shop.staff_get(&format!("/api/v1/tickets/{ticket}")).await;
    let seen = attachments(&ticket["history"]);
    assert_eq!((seen.len(), &seen[0]["url"], &seen[0]["bytes"]), (1, &json!(url), &json!(PNG.len())));
    let fetched = shop.staff(Method::GET, &url).send().await.unwrap();
    assert_eq!(fetched.headers()["content-type"], "image/png");
    assert_eq!(fetched.headers()["content-security-policy"], "default-src 'none'; sandbox");
    assert_eq!(fetched.bytes().await.unwrap(), PNG);
    let history =
        read(get(&shop, Some(&token), &format!("/api/v1/conversations/{conversation}")).await).await;
    assert_eq!(attachments(&history.good()["messages"]).len(), 1);
    assert_eq!(get(&shop, Some(&token), &url).await.bytes().await.unwrap(), PNG);

    let (stranger, _) = shop.session("cus_1002").await;
    let visitor = shop.post("/api/v1/session", json!({})).await.good()["token"].as_str().unwrap().to_owned();
    for other in [&stranger, &visitor] {
        let reply = read(get(&shop, Some(other), &url).await).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "not_found"));
        let body = json!({"message": "我的", "attachments": [{"type": "image", "url": url}]});
        assert_eq!(say(&shop, other, body).await.code(), "invalid_field");
    }
    assert_eq!(get(&shop, None, &url).await.status().as_u16(), 401);
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_picture_leaves_nothing() {
    let shop = start().await;
    let (token, _) = shop.session("cus_1001").await;
    let mut six_megabytes = PNG.to_vec();
    six_megabytes.resize(6 * 1024 * 1024, 7);
    let html = b"<!doctype html><script>fetch('/api/v1/tickets')</script>".to_vec();
    for (content_type, bytes, status) in [
        ("image/png", html, 415),
        ("image/png", b"\xff\xd8\xff\xe0 a jpeg".to_vec(), 415),
        ("image/svg+xml", b"<svg onload=alert(1)>".to_vec(), 415),
        ("image/png", six_megabytes, 413),
    ] {
        let reply = read(upload(&shop, &token, content_type, bytes).await).await;
        assert_eq!(reply.status, status, "{content_type}: {}", reply.text);
    }
    assert!(!shop.store.folder().join("pictures").exists(), "nothing was written");
    for _ in 0..AN_HOUR {
        uploaded(&shop, &token).await;
    }
    let refused = upload(&shop, &token, "image/png", PNG.to_vec()).await;
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (429, &"3600".parse().unwrap())
    );
    shop.at("2026-11-20T11:13:00+08:00");
    uploaded(&shop, &token).await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pictures_outlive_a_restart_and_orphans_do_not() {
    let shop = start().await;
    let (token, _) = shop.session("cus_1001").await;
    let url = uploaded(&shop, &token).await;
    let folder = shop.store.folder().join("pictures/00");
    std::fs::create_dir_all(&folder).unwrap();
    let orphan = folder.join("pic_orphan.png");
    std::fs::write(&orphan, PNG).unwrap();
    let shop = RunningShop::on(shop.leave().await, REFERENCE).await;
    assert!(!orphan.exists(), "nobody knows of it");
    assert_eq!(get(&shop, Some(&token), &url).await.bytes().await.unwrap(), PNG);
    shop.stop().await;
}

/// Typing by whoever has the key or token.
async fn types(shop: &RunningShop, path: &str, token: Option<&str>) {
    let request = shop.request(Method::POST, path);
    let request = match token {
        Some(token) => request.bearer_auth(token),
        None => shop.staff(Method::POST, path),
    };
    assert_eq!(request.send().await.unwrap().status().as_u16(), 204, "{path}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_and_rating_reach_the_other_side() {
    let shop = start().await;
    let (token, conversation) = shop.session("cus_1001").await;
    let mut customer = shop.listen(&token, &conversation).await;
    let mut desk = EventStream::new(shop.staff(Method::GET, "/api/v1/desk/stream").send().await.unwrap());
    let of_customer = format!("/api/v1/conversations/{conversation}");
    types(&shop, &format!("{of_customer}/typing"), Some(&token)).await;
    let handed = say(&shop, &token, json!({"message": "转人工"})).await.good();
    let ticket = handed["handoff"]["ticket"].as_str().unwrap();
    let of_ticket = format!("/api/v1/tickets/{ticket}");
    types(&shop, &format!("{of_customer}/typing"), Some(&token)).await;
    let sign = desk.next_named("typing").await.data;
    let expected = json!({"who": "customer", "name": null, "ticket": ticket, "conversation": conversation});
    assert_eq!(sign, expected, "only since people have it");

    // Who has not taken the ticket is not shown to the customer.
    types(&shop, &format!("{of_ticket}/typing"), None).await;
    shop.staff_post(&format!("{of_ticket}/claim"), json!({})).await.good();
    loop {
        let event = customer.next().await.unwrap();
        assert_ne!(event.name, "typing", "not before the claim");
        if event.data["state"] == "human" {
            break;
        }
    }
    types(&shop, &format!("{of_ticket}/typing"), None).await;
    let sign = customer.next_named("typing").await.data;
    assert_eq!(sign["who"], "staff");
    assert!(sign["name"].as_str().is_some_and(|name| !name.is_empty()), "{sign}");

    let rate = async |body: Value| {
        let request = shop.request(Method::POST, &format!("{of_customer}/rating")).bearer_auth(&token);
        read(request.json(&body).send().await.unwrap()).await
    };
    assert_eq!(rate(json!({"score": 5})).await.code(), "conflict");
    shop.staff_post(&format!("{of_ticket}/resolve"), json!({})).await.good();
    while customer.next_named("state").await.data["state"] != "resolved" {}
    rate(json!({"score": 4, "text": "回复很快"})).await.good();
    assert_eq!(rate(json!({"score": 1})).await.code(), "conflict", "once");
    let told = desk.next_named("rating").await.data;
    assert_eq!((&told["ticket"], &told["score"]), (&json!(ticket), &json!(4)));
    let shown = shop.staff_get(&of_ticket).await;
    assert_eq!((&shown["rating"]["score"], &shown["rating"]["text"]), (&json!(4), &json!("回复很快")));
    shop.stop().await;
}
