//! Live streams: what a broken connection loses, and what an idle one costs.

use std::path::Path;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use proptest::collection::vec;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, TestRunner};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::app::{RunningShop, client, config, mute, read};
use crate::program::{Server, warmdesk};

/// A part of a listener's life: so many messages are written while it is away and while it listens, and its connection breaks
/// after so many bytes.
#[derive(Debug, Clone)]
struct Stretch {
    away: usize,
    listening: usize,
    bytes: usize,
}

fn stretches() -> impl Strategy<Value = Vec<Stretch>> {
    let stretch = (0..3_usize, 0..4_usize, 0..900_usize);
    vec(stretch.prop_map(|(away, listening, bytes)| Stretch { away, listening, bytes }), 1..6)
}

/// Somebody who listens to a stream and comes back to it by `Last-Event-ID`.
struct Listener<'a> {
    shop: &'a RunningShop,
    path: String,
    /// The customer's token; none at the desk.
    token: Option<String>,
    last: String,
    /// The events named `message`.
    messages: Vec<Value>,
}

impl Listener<'_> {
    async fn connect(&self) -> reqwest::Response {
        let request = match &self.token {
            Some(token) => self.shop.request(Method::GET, &self.path).bearer_auth(token),
            None => self.shop.staff(Method::GET, &self.path),
        };
        let response = request.header("last-event-id", &self.last).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        response
    }

    /// Reads until the connection breaks after so many bytes, or until the end is heard.
    async fn hear(&mut self, mut response: reqwest::Response, bytes: usize, end: impl Fn(&[Value]) -> bool) {
        let (mut left, mut text) = (bytes, Vec::new());
        while left > 0 && !end(&self.messages) {
            let piece = tokio::time::timeout(Duration::from_secs(30), response.chunk());
            let piece = piece.await.expect("the events come").unwrap().expect("the stream goes on");
            let taken = piece.len().min(left);
            left -= taken;
            text.extend_from_slice(&piece[..taken]);
            while let Some(end) = text.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = text.drain(..end + 2).collect();
                self.take(&String::from_utf8(block).unwrap());
            }
        }
    }

    fn take(&mut self, block: &str) {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        if let Some(id) = field("id") {
            id.clone_into(&mut self.last);
        }
        if field("event") == Some("message") {
            self.messages.push(serde_json::from_str(field("data").unwrap()).unwrap());
        }
    }
}

/// A conversation that people have, in which both sides write.
struct Talk<'a> {
    shop: &'a RunningShop,
    token: String,
    conversation: String,
    ticket: String,
    written: usize,
}

impl<'a> Talk<'a> {
    async fn open(shop: &'a RunningShop, customer: &str) -> Self {
        let (token, conversation) = shop.session(customer).await;
        let mut talk = Self { shop, token, conversation, ticket: String::new(), written: 0 };
        let handed = talk.say("转人工").await;
        handed["handoff"]["ticket"].as_str().unwrap().clone_into(&mut talk.ticket);
        shop.staff_post(&format!("/api/v1/tickets/{}/claim", talk.ticket), json!({})).await.good();
        talk
    }

    async fn say(&self, text: &str) -> Value {
        let request = self.shop.request(Method::POST, "/api/v1/chat").bearer_auth(&self.token);
        read(request.json(&json!({ "message": text })).send().await.unwrap()).await.good()
    }

    /// Staff write two messages, then the customer one, and so on.
    async fn write(&mut self, messages: usize) {
        for _ in 0..messages {
            self.written += 1;
            let text = format!("第{}条", self.written);
            if self.written.is_multiple_of(3) {
                self.say(&text).await;
            } else {
                let path = format!("/api/v1/tickets/{}/messages", self.ticket);
                self.shop.staff_post(&path, json!({ "text": text })).await.good();
            }
        }
    }

    /// The ids of what was written, in order.
    async fn expected(&self) -> Vec<String> {
        let history = self.shop.staff_get(&format!("/api/v1/conversations/{}", self.conversation)).await;
        let written = history["messages"].as_array().unwrap().iter().filter(|message| {
            message["text"].as_str().unwrap().starts_with('第') && message["author"] != "assistant"
        });
        written.map(|message| message["id"].as_str().unwrap().to_owned()).collect()
    }
}

/// Lives through all stretches and listens to the end; what was heard, by the field that names the message.
async fn heard(
    listener: &mut Listener<'_>,
    talk: &mut Talk<'_>,
    field: &str,
    life: &[Stretch],
) -> Vec<String> {
    listener.messages.clear();
    for stretch in life {
        talk.write(stretch.away).await;
        let response = listener.connect().await;
        talk.write(stretch.listening).await;
        let last = talk.expected().await.pop();
        let is_last = |messages: &[Value]| {
            last.is_none() || messages.iter().any(|message| message[field].as_str() == last.as_deref())
        };
        listener.hear(response, stretch.bytes, is_last).await;
    }
    talk.write(1).await;
    // Who comes back after the matter is over still hears what was written in it.
    talk.shop.staff_post(&format!("/api/v1/tickets/{}/resolve", talk.ticket), json!({})).await.good();
    let last = talk.expected().await.pop();
    let response = listener.connect().await;
    let is_last =
        |messages: &[Value]| messages.iter().any(|message| message[field].as_str() == last.as_deref());
    listener.hear(response, usize::MAX, is_last).await;
    listener.messages.iter().map(|message| message[field].as_str().unwrap().to_owned()).collect()
}

/// Every message that was written is heard once and in order, and none of the others twice.
fn check(expected: &[String], heard: &[String], life: &[Stretch]) {
    let written: Vec<&String> = heard.iter().filter(|id| expected.contains(id)).collect();
    assert_eq!(written, expected.iter().collect::<Vec<_>>(), "{life:?}");
    let distinct: std::collections::BTreeSet<&String> = heard.iter().collect();
    assert_eq!(distinct.len(), heard.len(), "something was heard twice: {heard:?} {life:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_cut_anywhere_loses_and_doubles_nothing() {
    let shop = RunningShop::empty(mute(), config(), crate::app::REFERENCE).await;
    let handle = tokio::runtime::Handle::current();
    let customers = std::cell::Cell::new(0);
    // The desk is there from the first case to the last.
    let desk = tokio::sync::Mutex::new(Listener {
        shop: &shop,
        path: "/api/v1/desk/stream".to_owned(),
        token: None,
        last: "0".to_owned(),
        messages: Vec::new(),
    });
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    let lived = tokio::task::block_in_place(|| {
        runner.run(&stretches(), |life| {
            customers.set(customers.get() + 1);
            handle.block_on(async {
                let mut talk = Talk::open(&shop, &format!("cus_{}_stream", customers.get())).await;
                let path = format!("/api/v1/conversations/{}/stream", talk.conversation);
                let token = Some(talk.token.clone());
                let mut customer =
                    Listener { shop: &shop, path, token, last: "0".to_owned(), messages: Vec::new() };
                let of_customer = heard(&mut customer, &mut talk, "id", &life).await;
                check(&talk.expected().await, &of_customer, &life);

                let mut talk = Talk::open(&shop, &format!("cus_{}_desk", customers.get())).await;
                let at_desk = heard(&mut *desk.lock().await, &mut talk, "message", &life).await;
                check(&talk.expected().await, &at_desk, &life);
            });
            Ok(())
        })
    });
    lived.unwrap();
    shop.stop().await;
}

const KEY: &str = "admin-key-of-the-integration-tests";

/// How many streams are opened.
const STREAMS: usize = 2_000;

/// What all of them together may cost, in kB.
const MOST: u64 = 200 * 1024;

/// The memory of a process that is in use, in kB.
fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse().unwrap()
}

fn serve(data: &Path) -> std::process::Command {
    let mut command = warmdesk(data.parent().unwrap());
    command
        .env("WARMDESK_ADMIN_KEY", KEY)
        .args(["serve", "--port", "0", "--model", "none", "--data"])
        .arg(data);
    command
}

/// A session of a visitor. The key is exempt from limits, as this one address asks for all of them.
async fn session(client: &reqwest::Client, url: &str) -> (String, String) {
    let sent = client.post(format!("{url}/api/v1/session")).bearer_auth(KEY).json(&json!({}));
    let opened = read(sent.send().await.unwrap()).await.good();
    let text = |field: &str| opened[field].as_str().unwrap().to_owned();
    (text("token"), text("conversation"))
}

/// A stream that was opened and has begun, with nothing of a client's own buffers.
async fn listening(address: &str, token: &str, conversation: &str) -> TcpStream {
    let mut connection = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "GET /api/v1/conversations/{conversation}/stream HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    let (mut seen, mut buffer) = (Vec::new(), [0; 2048]);
    while !seen.ends_with(b": listening\n\n\r\n") {
        let read = connection.read(&mut buffer).await.unwrap();
        assert_ne!(read, 0, "{}", String::from_utf8_lossy(&seen));
        seen.extend_from_slice(&buffer[..read]);
    }
    connection
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "opens 2,000 connections; docs/quality.md has the command"]
async fn two_thousand_idle_streams_are_cheap() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&mut serve(&folder.path().join("data")));
    let (client, url) = (client(), server.url.clone());
    let asked = client.post(format!("{url}/api/v1/chat")).bearer_auth(KEY).json(&json!({"message": "在吗"}));
    read(asked.send().await.unwrap()).await.good();
    let sessions: Vec<(String, String)> =
        stream::iter(0..STREAMS).map(|_| session(&client, &url)).buffer_unordered(16).collect().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = resident(server.process());
    let address = url.trim_start_matches("http://");
    let streams: Vec<TcpStream> = stream::iter(&sessions)
        .map(|(token, conversation)| listening(address, token, conversation))
        .buffer_unordered(16)
        .collect()
        .await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let more = resident(server.process()).saturating_sub(before);
    println!(
        "{} idle streams: {more} kB above {before} kB, {:.1} kB a stream",
        streams.len(),
        more as f64 / streams.len() as f64
    );
    assert!(more < MOST, "{more} kB");
}
