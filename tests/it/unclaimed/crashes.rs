//! Killed at random moments while customers wait and agents work: is nothing lost, nothing said twice, and does everybody who
//! waits stand in the queue?
//!
//! Three kills are part of the ordinary tests. CONTRIBUTING.md has the command for more.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use warmdesk::desk::types::{ConversationState, TicketStatus};
use warmdesk::identity::{ConversationId, ShopId, StaffScope};
use warmdesk::store::{Store, TicketFilter};
use warmdesk::turn::types::{Author, HandoffMode};

use crate::app::{client, read, sign};
use crate::program::{Server, warmdesk};
use crate::random::Random;

const KEY: &str = "admin-key-of-the-integration-tests";
const CUSTOMERS: u64 = 5;

fn serve(folder: &Path) -> Command {
    let mut command = warmdesk(folder);
    command
        .env("WARMDESK_ADMIN_KEY", KEY)
        .env("WARMDESK_CUSTOMER_SECRET", KEY)
        .args(["serve", "--test-clock", "--port", "0", "--model", "none", "--config"])
        .arg(folder.join("warmdesk.toml"))
        .arg("--data")
        .arg(folder.join("data"));
    command
}

/// What a door answers; none if the program is gone or refuses.
async fn post(url: &str, path: &str, body: &Value) -> Option<Value> {
    let sent = client().post(format!("{url}{path}")).bearer_auth(KEY).json(body).send().await.ok()?;
    let answer = read(sent).await;
    assert!(matches!(answer.status, 200 | 409), "{path}: {}", answer.text);
    (answer.status == 200).then(|| answer.json())
}

/// A customer writes, each message under an id of its own, so that it may be sent again.
async fn write(url: &str, customer: u64, number: u64) -> Option<ConversationId> {
    let name = format!("cus_k{customer}");
    let proof = json!({ "id": name, "signature": sign(KEY, &name) });
    let session = post(url, "/api/v1/session", &json!({ "customer": proof })).await?;
    let conversation = session["conversation"].clone();
    let text = if number.is_multiple_of(3) { "还有人吗" } else { "转人工" };
    let message = json!({ "customer": proof, "conversation": conversation, "message": text, "id": format!("m{number}") });
    post(url, "/api/v1/chat", &message).await;
    conversation.as_str()?.parse().ok()
}

/// An agent does something with a ticket of the queue.
async fn work(url: &str, random: &mut Random) -> Option<()> {
    let sent = client().get(format!("{url}/api/v1/tickets")).bearer_auth(KEY).send().await.ok()?;
    let queue = read(sent).await.json();
    let tickets = queue["tickets"].as_array()?;
    let count = u64::try_from(tickets.len()).ok()?;
    if count == 0 {
        return None;
    }
    let ticket = tickets[usize::try_from(random.below(count)).ok()?]["id"].as_str()?;
    let verb = ["claim", "claim", "messages", "return", "resolve", "transfer"]
        [usize::try_from(random.below(6)).ok()?];
    post(url, &format!("/api/v1/tickets/{ticket}/{verb}"), &json!({ "text": "今天16:00前回复您" })).await;
    Some(())
}

async fn crash(runs: u64) {
    let folder = tempfile::tempdir().unwrap();
    let settings =
        "[log]\nlevel = \"error\"\n[limits]\nmessages_per_minute = 100000\nrequests_per_minute = 100000\n";
    std::fs::write(folder.path().join("warmdesk.toml"), settings).unwrap();
    // A server begins by the machine's clock; nothing may be due by it that is not by the clock of the test.
    let mut now = morning_after(Timestamp::now());
    let mut random = Random(20_261_120);
    let mut conversations = Vec::new();
    for run in 0..runs {
        let server = Server::start(&mut serve(folder.path()));
        for step in 0..=random.below(4) {
            let clock = json!({ "now": now.to_string() });
            post(&server.url, "/api/v1/test/clock", &clock).await;
            conversations.extend(write(&server.url, random.below(CUSTOMERS), run * 10 + step).await);
            work(&server.url, &mut random).await;
            now += SignedDuration::from_mins(i64::try_from(random.below(9)).unwrap());
        }
        post(&server.url, "/api/v1/test/clock", &json!({ "now": now.to_string() })).await;
        tokio::time::sleep(Duration::from_millis(random.below(500))).await;
        server.end();
    }
    let server = Server::start(&mut serve(folder.path()));
    conversations.push(wait_for_a_word(&server.url, morning_after(now)).await);
    server.end();
    check(&folder.path().join("data"), &conversations).await;
}

/// Ten o'clock in the shop on the next day.
fn morning_after(moment: Timestamp) -> Timestamp {
    let day = moment.as_second().div_euclid(86_400) + 1;
    Timestamp::from_second(day * 86_400 + 2 * 3_600).unwrap()
}

/// Somebody waits without a kill until the program speaks by itself.
async fn wait_for_a_word(url: &str, now: Timestamp) -> ConversationId {
    post(url, "/api/v1/test/clock", &json!({ "now": now.to_string() })).await.unwrap();
    let conversation = write(url, CUSTOMERS + 1, 1).await.unwrap();
    let later = now + SignedDuration::from_mins(4);
    post(url, "/api/v1/test/clock", &json!({ "now": later.to_string() })).await.unwrap();
    for _ in 0..200 {
        let path = format!("{url}/api/v1/conversations/{conversation}");
        let sent = client().get(path).bearer_auth(KEY).send().await.unwrap();
        if read(sent).await.good().to_string().contains("nobody has taken the ticket") {
            return conversation;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("nobody was told how the wait stands");
}

async fn check(data: &Path, conversations: &[ConversationId]) {
    let store = Store::open(data).await.unwrap();
    let staff = StaffScope { shop: ShopId::default(), actor: "test".to_owned() };
    let (mut said, mut waiting) = (0, 0);
    for id in conversations.iter().collect::<std::collections::BTreeSet<_>>() {
        let conversation = store.conversation_for_staff(&staff, id).await.unwrap();
        let filter = TicketFilter { limit: Some(500), ..TicketFilter::default() };
        let tickets = store.tickets(&staff, &filter).await.unwrap();
        let owed: Vec<TicketStatus> = tickets
            .iter()
            .filter(|ticket| {
                ticket.conversation == *id && ticket.mode == HandoffMode::Now && ticket.status.is_owed()
            })
            .map(|ticket| ticket.status)
            .collect();
        let expected = match conversation.state {
            ConversationState::Waiting => vec![TicketStatus::Open],
            ConversationState::Human => vec![TicketStatus::Claimed],
            ConversationState::Snoozed => vec![TicketStatus::Snoozed],
            ConversationState::Bot | ConversationState::Resolved => Vec::new(),
        };
        assert_eq!(owed, expected, "{:?}", conversation.state);
        waiting += usize::from(conversation.state == ConversationState::Waiting);
        let messages = store.messages_for_staff(&staff, id).await.unwrap();
        let mut previous = "";
        for message in messages.iter().filter(|message| message.author == Author::Assistant) {
            let of_wait = message
                .trace
                .iter()
                .flat_map(|trace| &trace.notes)
                .any(|note| note.contains("nobody has taken"));
            said += usize::from(of_wait);
            assert!(!of_wait || message.text != previous, "twice in a row: {previous}");
            previous = &message.text;
        }
        for ticket in tickets.iter().filter(|ticket| ticket.conversation == *id) {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            for line in store.audit_log(&staff, ticket.id.as_str()).await.unwrap() {
                *counts.entry(line.action).or_default() += 1;
            }
            let count = |name: &str| counts.get(name).copied().unwrap_or_default();
            let waits = 1 + count("pass_on");
            for once in ["remind_group", "call_lead", "offer_call_back", "leave_for_later"] {
                assert!(count(once) <= waits, "{once} too often: {counts:?}");
            }
            assert!(count("return") + count("resolve") <= 1, "closed twice: {counts:?}");
        }
    }
    store.close().await;
    assert!(said > 0, "nobody waited long enough");
    println!("{} conversations, {said} words for those who wait, {waiting} still wait", conversations.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_killed_is_said_once_and_nobody_falls_out_of_the_queue() {
    crash(4).await;
}

/// `WARMDESK_KILLS` says how many, for a machine that has less time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes half an hour; run after a change of tickets, waits or the store's writing"]
async fn a_thousand_kills_lose_nobody_and_say_nothing_twice() {
    let kills = std::env::var("WARMDESK_KILLS").ok().and_then(|number| number.parse().ok());
    crash(kills.unwrap_or(1000)).await;
}
