//! Killed at random moments while actions are begun, executed and told of: is each done once, none lost, every promise said?
//!
//! Three kills are part of the ordinary tests. CONTRIBUTING.md has the command for five hundred.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use warmdesk::conversation::types::StoredMessage;
use warmdesk::identity::ConversationId;
use warmdesk::store::Store;
use warmdesk::turn::types::Author;

use super::staff;
use super::system::{Mood, SECRET, ShopSystem, TOKEN};
use crate::app::{client, read, sign};
use crate::program::{Server, warmdesk};
use crate::random::Random;

const KEY: &str = "admin-key-of-the-integration-tests";

/// Customers, each with an order of their own that should have been sent long ago.
const CUSTOMERS: u64 = 9;
const QUESTION: &str = "我的订单怎么还没发货";

fn orders() -> String {
    let order = |number: u64| {
        json!({"kind": "order", "id": format!("8800{number:04}"), "customer": format!("cus_k{number}"),
            "status": "paid", "status_text": "待发货", "total": 88, "paid_amount": 88, "placed_at": "2026-11-10 09:00:00",
            "paid_at": "2026-11-10 09:01:00", "ship_by": "2026-11-12 18:00:00",
            "items": [{"title": "儿童雨靴", "price": 88, "quantity": 1}]})
        .to_string()
    };
    (0..CUSTOMERS).map(order).collect::<Vec<_>>().join("\n")
}

fn serve(folder: &Path) -> Command {
    let mut command = warmdesk(folder);
    command
        .env("WARMDESK_ADMIN_KEY", KEY)
        .env("WARMDESK_CUSTOMER_SECRET", KEY)
        .env("WARMDESK_ACTIONS_SECRET", SECRET)
        .env("WARMDESK_ACTIONS_TOKEN", TOKEN)
        .args(["serve", "--test-clock", "--port", "0", "--model", "none", "--config"])
        .arg(folder.join("warmdesk.toml"))
        .arg("--data")
        .arg(folder.join("data"));
    command
}

async fn post(url: &str, path: &str, body: &Value) -> Option<Value> {
    let sent = client().post(format!("{url}{path}")).bearer_auth(KEY).json(body).send().await.ok()?;
    let answer = read(sent).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    Some(answer.json())
}

/// A customer asks, in a conversation whose id is known before anything can go wrong.
async fn ask(url: &str, number: u64) -> Option<ConversationId> {
    let customer = format!("cus_k{number}");
    let proof = json!({ "id": customer, "signature": sign(KEY, &customer) });
    let session = post(url, "/api/v1/session", &json!({ "customer": proof })).await?;
    let conversation = session["conversation"].clone();
    let message = json!({ "customer": proof, "conversation": conversation, "message": QUESTION });
    let (url, id) = (url.to_owned(), conversation.as_str()?.parse().ok()?);
    tokio::spawn(async move { post(&url, "/api/v1/chat", &message).await });
    Some(id)
}

async fn set_clock(url: &str, now: Timestamp) -> Option<Value> {
    post(url, "/api/v1/test/clock", &json!({ "now": now.to_string() })).await
}

async fn crash(runs: u64) {
    let system = ShopSystem::start(Mood::Mixed).await;
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "[connect.actions]\nurl = \"{}/actions\"\ntimeout_milliseconds = 500\nfirst_pause_seconds = 1\n\
         [log]\nlevel = \"error\"\n\
         [limits]\nmessages_per_minute = 100000\nrequests_per_minute = 100000\n",
        system.url
    );
    std::fs::write(folder.path().join("warmdesk.toml"), settings).unwrap();
    // A server begins by the machine's clock; nothing may be due by it that is not by the clock of the test.
    let mut now = Timestamp::now();
    let mut random = Random(20_261_120);
    let mut conversations = Vec::new();
    let server = Server::start(&mut serve(folder.path()));
    let sent = client().post(format!("{}/api/v1/import", server.url)).bearer_auth(KEY).body(orders()).send();
    assert_eq!(read(sent.await.unwrap()).await.good()["rejected"], json!([]));
    server.end();
    for _ in 0..runs {
        let server = Server::start(&mut serve(folder.path()));
        set_clock(&server.url, now).await.unwrap();
        for _ in 0..=random.below(2) {
            conversations.extend(ask(&server.url, random.below(CUSTOMERS)).await);
        }
        tokio::time::sleep(Duration::from_millis(random.below(600))).await;
        now += SignedDuration::from_hours(if random.below(3) == 0 { 2 } else { 26 });
        server.end();
    }
    settle(&folder.path().join("data"), &mut serve(folder.path()), (now, &conversations)).await;
    check(&folder.path().join("data"), &system, &conversations).await;
}

/// Lets everything come to its end, without a kill.
async fn settle(data: &Path, serve: &mut Command, (mut now, conversations): (Timestamp, &[ConversationId])) {
    let server = Server::start(serve);
    let mut open = usize::MAX;
    for _ in 0..200 {
        set_clock(&server.url, now).await.unwrap();
        tokio::time::sleep(Duration::from_millis(700)).await;
        open = 0;
        for conversation in conversations {
            let path = format!("{}/api/v1/promises?conversation={conversation}", server.url);
            let answer = client().get(path).bearer_auth(KEY).send().await.unwrap();
            let promises = read(answer).await.good();
            let owed = |promise: &&Value| promise["settled_at"].is_null();
            open += promises["promises"].as_array().unwrap().iter().filter(owed).count();
        }
        if open == 0 {
            break;
        }
        now += SignedDuration::from_hours(3);
    }
    let said = server.end();
    assert_eq!(open, 0, "promises are still owed in {}: {said}", data.display());
}

async fn check(data: &Path, system: &ShopSystem, conversations: &[ConversationId]) {
    let store = Store::open(data).await.unwrap();
    let log = system.log();
    let (mut known, mut promised, mut said) = (BTreeSet::new(), 0, 0);
    // Who comes back goes on in the conversation that is unfinished.
    let conversations: BTreeSet<&ConversationId> = conversations.iter().collect();
    for conversation in &conversations {
        for action in store.actions(&staff(), conversation).await.unwrap() {
            let audit = store.audit_log(&staff(), action.id.as_str()).await.unwrap();
            let count = |name: &str| audit.iter().filter(|line| line.action == name).count();
            assert!(!action.state.is_open() || action.ticket.is_some(), "lost: {action:?}");
            assert!(count("finish_action") + count("fail_action") <= 1, "ended twice: {audit:?}");
            // Every attempt that reached the system stands in the audit before it was made.
            let (_, times) =
                log.get(action.id.as_str()).unwrap_or_else(|| panic!("never asked for: {action:?}"));
            assert!(count("begin_action") >= *times as usize, "{times} attempts of {audit:?}");
            known.insert(action.id.to_string());
        }
        let messages = store.messages_for_staff(&staff(), conversation).await.unwrap();
        for promise in store.promises(&staff(), conversation).await.unwrap() {
            let audit = store.audit_log(&staff(), promise.id.as_str()).await.unwrap();
            let names = |note: &String| note.contains(promise.id.as_str());
            let is_word =
                |message: &&StoredMessage| message.trace.iter().any(|trace| trace.notes.iter().any(names));
            let words: Vec<Timestamp> = messages.iter().filter(is_word).map(|message| message.at).collect();
            assert!(!promise.state.is_open(), "unsaid: {promise:?}");
            // Each move has its one word; a turn that told another time was the answer to the customer's message.
            let mut left = words.clone();
            for step in audit.iter().filter(|line| line.action != "promise") {
                match left.iter().position(|at| *at == step.at) {
                    Some(place) => drop(left.remove(place)),
                    None => {
                        let mut asked = messages.iter().filter(|message| message.author == Author::Customer);
                        assert!(asked.any(|message| message.at == step.at), "without a word: {step:?}");
                    }
                }
            }
            assert_eq!(left, [], "words without a move: {audit:?}");
            let words = words.len();
            (promised, said) = (promised + 1, said + words);
        }
    }
    store.close().await;
    assert!(!known.is_empty() && promised > 0, "nothing was begun");
    assert_eq!(system.refused(), Vec::<String>::new());
    assert!(log.keys().all(|id| known.contains(id)), "the system was asked for what nobody began");
    let done: BTreeSet<String> = system.done().into_iter().collect();
    assert_eq!(done.len(), system.done().len(), "an action was done twice");
    println!(
        "{} conversations, {} actions ({} done by the system), {promised} promises, {said} words",
        conversations.len(),
        known.len(),
        done.len()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_killed_is_done_once_and_said_once() {
    crash(3).await;
}

/// `WARMDESK_KILLS` says how many, for a machine that has less time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a quarter of an hour or more; run after a change of actions, promises or the store's writing"]
async fn five_hundred_kills_do_nothing_twice_and_leave_nothing_unsaid() {
    let kills = std::env::var("WARMDESK_KILLS").ok().and_then(|number| number.parse().ok());
    crash(kills.unwrap_or(500)).await;
}
