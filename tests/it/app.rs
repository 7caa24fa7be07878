//! The whole program on a temporary folder, listening on a port of its own, and short ways to call it.

use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use jiff::tz::TimeZone;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use warmdesk::app::{App, AppOptions};
use warmdesk::config::Config;
use warmdesk::connect::{ActionsOptions, Orders, OrdersOptions, ShopActions};
use warmdesk::http::auth::sign_customer;
use warmdesk::identity::{ConversationIds, CustomerId};
use warmdesk::model::{ChatModel, ScriptedModel};
use warmdesk::pack::load::{PackSource, load};
use warmdesk::pack::types::Pack;
use warmdesk::store::Store;
use warmdesk::time::{Clock, Now, TestClock};
use warmdesk::turn::Rules;

/// The moment for which the sample shop's records are written.
pub const REFERENCE: &str = "2026-11-20T10:12:00+08:00";
/// The key with all scopes.
pub const ADMIN: &str = "admin-key-of-the-integration-tests";
const SECRET: &str = "customer-secret-of-the-integration-tests";

/// A server that answers for a shop, until it is dropped.
pub struct RunningShop {
    pub url: String,
    /// What the server keeps, for what no door does.
    pub store: Store,
    clock: Arc<TestClock>,
    client: reqwest::Client,
    stop: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<anyhow::Result<()>>>,
    data: TempDir,
}

/// The shop's other systems.
#[derive(Default)]
struct Systems {
    orders: Option<OrdersOptions>,
    actions: Option<ActionsOptions>,
}

/// What a server answered.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }

    /// The JSON of an answer that must be a good one.
    pub fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }
}

/// One server-sent event, and with how many other events it arrived.
#[derive(Debug, Clone)]
pub struct Event {
    pub name: String,
    pub data: Value,
    /// The number of the piece of the body in which it ended.
    pub piece: usize,
}

/// A folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The pack of the repository with the sample shop's names, prepared once for all tests.
pub fn rules() -> Arc<Rules> {
    static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| Arc::new(Rules::new(pack())));
    Arc::clone(&RULES)
}

/// The English pack of the repository, with the names of the sample shop's English sister.
pub fn english_rules() -> Arc<Rules> {
    Arc::new(Rules::new(named("en", "Warm Sprout", "Sunny")))
}

fn pack() -> Arc<Pack> {
    named("zh-CN", "暖芽母婴", "小暖")
}

fn named(language: &str, shop: &str, assistant: &str) -> Arc<Pack> {
    let files = PackSource::Folder(repository("prompts")).files(language).unwrap();
    let mut pack = load(&files).unwrap().pack;
    shop.clone_into(&mut pack.voice.shop);
    assistant.clone_into(&mut pack.voice.assistant);
    Arc::new(pack)
}

/// A moment in the shop's zone.
pub fn moment(text: &str) -> Now {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    Now::new(text.parse().unwrap(), zone)
}

/// The files of records in a folder, by name.
pub fn record_files(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|end| end == "ndjson")).collect();
    files.sort();
    files
}

/// All records of a folder, as one body of an import.
pub fn records(folder: &Path) -> String {
    record_files(folder)
        .iter()
        .map(|path| std::fs::read_to_string(path).unwrap().trim_end().to_owned() + "\n")
        .collect()
}

/// A real shop beside the repository, if this machine has it.
pub fn appliance_shop() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().map(|folder| folder.join("shared/data/appliance_shop")).find(|folder| folder.is_dir())
}

/// A client that talks to this machine only.
pub fn client() -> reqwest::Client {
    // reqwest wants a provider even for plain HTTP. Another test may have chosen one already.
    rustls::crypto::ring::default_provider().install_default().ok();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// A model that is asked and has nothing to say.
pub fn mute() -> Arc<ScriptedModel> {
    Arc::new(ScriptedModel::new(|_| String::new()))
}

/// Settings for tests: no limits that a test could touch by being quick.
pub fn config() -> Config {
    let mut config = Config::default();
    config.limits.messages_per_minute = 100_000;
    config.limits.requests_per_minute = 100_000;
    config
}

impl RunningShop {
    /// The sample shop on the morning of its reference day.
    pub async fn start(model: Arc<dyn ChatModel>) -> Self {
        let shop = Self::empty(model, config(), REFERENCE).await;
        shop.import(&records(&repository("tests/shop"))).await;
        shop
    }

    /// The sample shop, whose orders are looked up in another system.
    pub async fn looking_up(orders: OrdersOptions) -> Self {
        let data = tempfile::tempdir().unwrap();
        let systems = Systems { orders: Some(orders), ..Systems::default() };
        let shop = Self::begin(data, (mute(), config()), REFERENCE, systems).await;
        shop.import(&records(&repository("tests/shop"))).await;
        shop
    }

    /// A shop without any records.
    pub async fn empty(model: Arc<dyn ChatModel>, config: Config, now: &str) -> Self {
        Self::begin(tempfile::tempdir().unwrap(), (model, config), now, Systems::default()).await
    }

    /// A shop on data that an earlier one has left.
    pub async fn on(data: TempDir, now: &str) -> Self {
        Self::begin(data, (mute(), config()), now, Systems::default()).await
    }

    /// The same with other settings.
    pub async fn with(data: TempDir, config: Config, now: &str) -> Self {
        Self::begin(data, (mute(), config), now, Systems::default()).await
    }

    /// The sample shop, whose actions another system executes.
    pub async fn acting(actions: ActionsOptions) -> Self {
        let shop = Self::acting_on(tempfile::tempdir().unwrap(), REFERENCE, actions).await;
        shop.import(&records(&repository("tests/shop"))).await;
        shop
    }

    /// The same on data that an earlier one has left.
    pub async fn acting_on(data: TempDir, now: &str, actions: ActionsOptions) -> Self {
        let systems = Systems { actions: Some(actions), ..Systems::default() };
        Self::begin(data, (mute(), config()), now, systems).await
    }

    async fn begin(
        data: TempDir,
        (model, config): (Arc<dyn ChatModel>, Config),
        now: &str,
        Systems { orders, actions }: Systems,
    ) -> Self {
        let clock = Arc::new(TestClock::new(moment(now)));
        let app = App::start(AppOptions {
            data: data.path().to_owned(),
            config,
            pack: Arc::clone(&rules().pack),
            pack_place: None,
            model,
            embedder: None,
            orders: orders.map(|orders| Orders::new(orders, clock.clone()).unwrap()),
            actions: actions.map(|actions| ShopActions::new(actions).unwrap()),
            ids: ConversationIds::default(),
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            test_clock: Some(Arc::clone(&clock)),
            admin_key: Some(SecretString::from(ADMIN)),
            customer_secret: Some(SecretString::from(SECRET)),
        })
        .await
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = app.state(None);
        let store = app.store.clone();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(app.serve(listener, state, async {
            // A dropped sender stops the server too.
            let _ = stopped.await;
        }));
        let client = client();
        Self { url, store, clock, client, stop: Some(stop), served: Some(served), data }
    }

    /// Stops the server as `warmdesk serve` is stopped, and waits for it.
    pub async fn stop(self) {
        self.leave().await;
    }

    /// Stops the server and leaves its data.
    pub async fn leave(mut self) -> TempDir {
        self.stop.take().unwrap().send(()).ok();
        self.served.take().unwrap().await.unwrap().unwrap();
        self.data
    }

    /// Resolves every ticket, so that the next message finds the assistant.
    pub async fn resolve_all(&self) {
        let queue = self.staff_get("/api/v1/tickets").await;
        for ticket in queue["tickets"].as_array().unwrap() {
            let ticket = ticket["id"].as_str().unwrap();
            self.staff_post(&format!("/api/v1/tickets/{ticket}/claim"), json!({})).await.good();
            self.staff_post(&format!("/api/v1/tickets/{ticket}/resolve"), json!({})).await.good();
        }
    }

    /// Puts the clock to another moment.
    pub fn at(&self, now: &str) {
        self.clock.set(moment(now));
    }

    /// What time it is there.
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock) as Arc<dyn Clock>
    }

    /// Sends records and expects that all of them are taken.
    pub async fn import(&self, records: &str) -> Value {
        let report = self.staff(Method::POST, "/api/v1/import").body(records.to_owned()).send().await;
        let report = read(report.unwrap()).await.good();
        assert_eq!(report["rejected"], json!([]));
        report
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    /// A request under the all-scopes key.
    pub fn staff(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request(method, path).bearer_auth(ADMIN)
    }

    pub async fn staff_get(&self, path: &str) -> Value {
        read(self.staff(Method::GET, path).send().await.unwrap()).await.good()
    }

    pub async fn staff_post(&self, path: &str, body: Value) -> Reply {
        read(self.staff(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    pub async fn staff_put(&self, path: &str, body: Value) -> Reply {
        read(self.staff(Method::PUT, path).json(&body).send().await.unwrap()).await
    }

    /// What anybody may do without a key.
    pub async fn post(&self, path: &str, body: Value) -> Reply {
        read(self.request(Method::POST, path).json(&body).send().await.unwrap()).await
    }

    pub async fn post_raw(&self, path: &str, body: impl Into<reqwest::Body>) -> Reply {
        read(self.request(Method::POST, path).body(body).send().await.unwrap()).await
    }

    /// A message in a new conversation, with everything that staff see of the answer.
    pub async fn chat(&self, customer: Option<&str>, text: &str) -> Value {
        self.staff_post("/api/v1/chat", message(customer, None, text)).await.good()
    }

    /// A message in the conversation of an earlier answer.
    pub async fn chat_on(&self, customer: Option<&str>, earlier: &Value, text: &str) -> Value {
        let body = message(customer, earlier["conversation"].as_str(), text);
        self.staff_post("/api/v1/chat", body).await.good()
    }

    /// A message whose answer is streamed to the customer.
    pub async fn stream(&self, customer: Option<&str>, text: &str) -> Vec<Event> {
        let request = self.request(Method::POST, "/api/v1/chat").json(&message(customer, None, text));
        let response = request.header("accept", "text/event-stream").send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        let mut stream = EventStream::new(response);
        let mut events = Vec::new();
        while let Some(event) = stream.next().await {
            events.push(event);
        }
        events
    }

    /// Opens a session and gives its token and its conversation.
    pub async fn session(&self, customer: &str) -> (String, String) {
        let opened = self.post("/api/v1/session", json!({ "customer": proof(customer) })).await.good();
        let text = |field: &str| opened[field].as_str().unwrap().to_owned();
        (text("token"), text("conversation"))
    }

    /// What arrives for a customer in a conversation from now on.
    pub async fn listen(&self, token: &str, conversation: &str) -> EventStream {
        let path = format!("/api/v1/conversations/{conversation}/stream");
        let response = self.request(Method::GET, &path).bearer_auth(token).send().await.unwrap();
        assert_eq!(response.status().as_u16(), 200);
        EventStream::new(response)
    }
}

/// Reads an answer to its end.
pub async fn read(response: reqwest::Response) -> Reply {
    let status = response.status().as_u16();
    Reply { status, text: response.text().await.unwrap() }
}

/// Server-sent events as they come.
pub struct EventStream {
    response: reqwest::Response,
    pieces: usize,
    /// What came and is not read yet; a piece may end in the middle of a character.
    bytes: Vec<u8>,
}

impl EventStream {
    pub fn new(response: reqwest::Response) -> Self {
        Self { response, pieces: 0, bytes: Vec::new() }
    }

    /// The next event; comments that keep the connection alive are passed over.
    pub async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(end) = self.bytes.windows(2).position(|pair| pair == b"\n\n") {
                let rest = self.bytes.split_off(end + 2);
                let block = std::mem::replace(&mut self.bytes, rest);
                let block = String::from_utf8(block).unwrap();
                if let Some(event) = event(&block, self.pieces) {
                    return Some(event);
                }
                continue;
            }
            let piece = self.response.chunk().await.unwrap()?;
            self.pieces += 1;
            self.bytes.extend_from_slice(&piece);
        }
    }

    /// The next event of a name, within ten seconds.
    pub async fn next_named(&mut self, name: &str) -> Event {
        let found = async {
            loop {
                let event = self.next().await.expect("the stream goes on");
                if event.name == name {
                    return event;
                }
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), found).await.expect("the event comes")
    }
}

fn event(block: &str, piece: usize) -> Option<Event> {
    let field = |name: &str| {
        let lines = block.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        lines.collect::<Vec<_>>().join("\n")
    };
    let data = serde_json::from_str(&field("data")).ok()?;
    Some(Event { name: field("event"), data, piece })
}

/// A customer with the proof.
pub fn proof(customer: &str) -> Value {
    json!({ "id": customer, "signature": signature(customer) })
}

/// A customer's signature under the secret of the tests.
pub fn signature(customer: &str) -> String {
    sign(SECRET, customer)
}

/// A customer's signature under any secret.
pub fn sign(secret: &str, customer: &str) -> String {
    sign_customer(&SecretString::from(secret), &CustomerId::new(customer).unwrap())
}

/// The body of a chat request.
pub fn message(customer: Option<&str>, conversation: Option<&str>, text: &str) -> Value {
    let mut body = Map::new();
    body.insert("message".to_owned(), json!(text));
    if let Some(customer) = customer {
        body.insert("customer".to_owned(), proof(customer));
    }
    if let Some(conversation) = conversation {
        body.insert("conversation".to_owned(), json!(conversation));
    }
    Value::Object(body)
}

/// The texts of an answer's sentences.
pub fn sentences(reply: &Value) -> Vec<String> {
    let sentences = reply["sentences"].as_array().unwrap();
    sentences.iter().map(|sentence| sentence["text"].as_str().unwrap().to_owned()).collect()
}
