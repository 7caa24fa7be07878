//! Killed at random moments while events come in and words become due: is every acknowledged event kept, and every word said
//! at most once and not lost?
//!
//! A few kills are part of the ordinary tests. CONTRIBUTING.md has the command for five hundred.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use warmdesk::identity::{ShopId, StaffScope};
use warmdesk::store::Store;

use crate::app::{client, read};
use crate::program::{Server, warmdesk};
use crate::random::Random;

const KEY: &str = "admin-key-of-the-integration-tests";

fn serve(folder: &Path) -> Command {
    let mut command = warmdesk(folder);
    command
        .env("WARMDESK_ADMIN_KEY", KEY)
        .env("WARMDESK_CUSTOMER_SECRET", KEY)
        .args(["serve", "--test-clock", "--port", "0", "--model", "none"])
        .arg("--data")
        .arg(folder.join("data"));
    command
}

async fn post(url: &str, path: &str, body: &Value) -> Option<Value> {
    let sent = client().post(format!("{url}{path}")).bearer_auth(KEY).json(body).send().await.ok()?;
    let answer = read(sent).await;
    (answer.status == 200).then(|| answer.json())
}

fn records(orders: u64) -> String {
    let order = |number: u64| {
        json!({ "kind": "order", "id": format!("9900{number:05}"), "customer": format!("cus_n{number}"), "status": "paid",
            "status_text": "待发货", "total": 88, "paid_amount": 88, "placed_at": "2026-11-10 09:00:00",
            "paid_at": "2026-11-10 09:01:00", "ship_by": "2027-11-12 18:00:00",
            "items": [{ "title": "儿童雨靴", "price": 88, "quantity": 1 }] })
        .to_string()
    };
    (0..orders).map(order).collect::<Vec<_>>().join("\n")
}

async fn crash(runs: u64) {
    let folder = tempfile::tempdir().unwrap();
    // By day, so that nothing is put off to the morning.
    let mut now: Timestamp = "2026-11-20T10:00:00+08:00".parse().unwrap();
    let mut random = Random(20_261_129);
    let (mut sent, mut acknowledged) = (0_u64, BTreeSet::new());
    let server = Server::start(&mut serve(folder.path()));
    let orders = runs * 3;
    let import =
        client().post(format!("{}/api/v1/import", server.url)).bearer_auth(KEY).body(records(orders));
    assert_eq!(read(import.send().await.unwrap()).await.good()["rejected"], json!([]));
    server.end();
    for _ in 0..runs {
        let server = Server::start(&mut serve(folder.path()));
        post(&server.url, "/api/v1/test/clock", &json!({ "now": now.to_string() })).await.unwrap();
        let kill_after = Duration::from_millis(random.below(250));
        let url = server.url.clone();
        let wanted: Vec<u64> = (sent..sent + 1 + random.below(3)).collect();
        sent += wanted.len() as u64;
        let at = now.to_string();
        let reporting = tokio::spawn(async move {
            let mut taken = Vec::new();
            for number in wanted {
                let event = json!({ "id": format!("paid {number}"), "type": "order_paid", "at": at,
                    "customer": format!("cus_n{number}"), "order": format!("9900{number:05}") });
                if post(&url, "/api/v1/events", &event).await.is_some() {
                    taken.push(number);
                }
            }
            taken
        });
        tokio::time::sleep(kill_after).await;
        server.end();
        acknowledged.extend(reporting.await.unwrap());
        now += SignedDuration::from_secs(20);
    }
    // A last start without a kill says what is left.
    let server = Server::start(&mut serve(folder.path()));
    post(&server.url, "/api/v1/test/clock", &json!({ "now": now.to_string() })).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3)).await;
    server.end();
    check(&folder.path().join("data"), &acknowledged).await;
}

async fn check(data: &Path, acknowledged: &BTreeSet<u64>) {
    let store = Store::open(data).await.unwrap();
    let staff = StaffScope { shop: ShopId::default(), actor: "test".to_owned() };
    let lines = store.latest_nudges(&staff, 100_000).await.unwrap();
    let mut said: BTreeMap<String, u32> = BTreeMap::new();
    for line in lines.iter().filter(|line| line.rule == "order_paid") {
        assert_ne!(line.state, warmdesk::proactive::NudgeState::Planned, "left unsaid: {line:?}");
        if line.state == warmdesk::proactive::NudgeState::Sent {
            *said.entry(line.person.clone()).or_default() += 1;
        }
    }
    for number in acknowledged {
        let person = format!("customer:cus_n{number}");
        assert_eq!(said.get(&person), Some(&1), "{person} was acknowledged");
        let scope = warmdesk::proactive::Person::Customer(format!("cus_n{number}").try_into().unwrap())
            .scope(&ShopId::default());
        let now = crate::app::moment("2026-11-20T10:00:00+08:00");
        let talk = store.unfinished_conversation(&scope, &now).await.unwrap().unwrap();
        let messages = store.messages_for_staff(&staff, &talk.id).await.unwrap();
        assert_eq!(messages.len(), 1, "said once: {messages:?}");
    }
    assert!(said.values().all(|times| *times == 1), "{said:?}");
    store.close().await;
    println!("{} events acknowledged, {} words said, none twice, none lost", acknowledged.len(), said.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_killed_is_said_first_once() {
    crash(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "long: WARMDESK_KILLS times, 500 by default"]
async fn hundreds_of_kills_and_no_word_said_twice() {
    let runs = std::env::var("WARMDESK_KILLS").ok().and_then(|runs| runs.parse().ok());
    crash(runs.unwrap_or(500)).await;
}
