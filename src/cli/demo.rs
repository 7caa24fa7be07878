//! `warmdesk demo`: the sample shop with the chat on its page, from nothing to answering in one command.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::options::{GlobalOptions, cache_environment};
use super::serve::{self, ModelOptions};
use super::{demo_page, sample};
use crate::app::{App, AppOptions};
use crate::config::Config;
use crate::connect::{ActionsOptions, ShopActions};
use crate::example::{self, Credentials, Pace, Port, ShopSystem};
use crate::http::auth::sign_customer;
use crate::identity::{ConversationIds, CustomerId, KeyScope, ShopId, StaffScope};
use crate::model::{Catalogue, ChatModel};
use crate::pack::types::Pack;
use crate::record::{Record, RecordKind};
use crate::staff::{NewStaff, Password, Role, StaffAccount, StaffName};
use crate::store::fresh_secret;
use crate::telemetry::metrics;
use crate::time::Clock;
use crate::web::{DemoCustomer, DemoPage};

/// Options of `demo`.
#[derive(Debug, Clone, Args)]
pub struct DemoOptions {
    /// The port; 0 takes a free one
    #[arg(long, env = "WARMDESK_PORT", value_name = "PORT")]
    pub port: Option<u16>,
    /// How many seconds the example of the shop's own system takes for each of its steps
    #[arg(long, default_value_t = 20, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub pace: u64,
    /// What generates text; `none` starts without fetching weights
    #[command(flatten)]
    pub model: ModelOptions,
    /// Let `POST /api/v1/test/clock` and the page set the time; only on a loopback address
    #[arg(long)]
    pub test_clock: bool,
}

/// The sample shop, answered by an application on a data folder that goes when this is dropped.
pub struct Sample {
    /// The application.
    pub app: App,
    /// The sample shop's records as they were imported.
    pub records: Vec<Record>,
    clock: Arc<dyn Clock>,
    folder: tempfile::TempDir,
}

/// An account of the demo with its password.
struct DemoAccount {
    account: StaffAccount,
    password: SecretString,
}

/// The example of the shop's own system before it answers: its port, and how the two programs know each other.
struct SystemPlace {
    port: Port,
    credentials: Credentials,
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: DemoOptions) -> anyhow::Result<ExitCode> {
    let mut config = options.settings()?;
    command.model.apply(&mut config);
    if let Some(port) = command.port {
        config.server.port = port;
    }
    serve::start_logging(&config)?;
    fetch_weights(&config)?;
    serve::runtime()?.block_on(async {
        let listener = serve::bind(&config).await?;
        let address = listener.local_addr()?;
        serve::allow_test_clock(command.test_clock, address)?;
        sample::name_shop(&mut config)?;
        let pack = options.pack(&config)?;
        let model = serve::open_model(&config)?;
        let place = SystemPlace::take(&config).await?;
        let actions = match &place {
            Some(place) => Some(ShopActions::new(place.options(&config))?),
            None => serve::open_actions(&config)?,
        };
        let sample = Sample::start(config, pack, model, actions, command.test_clock).await?;
        let system = match place {
            Some(place) => Some(place.start(&sample, address, Duration::from_secs(command.pace)).await?),
            None => None,
        };
        let accounts = sample.accounts().await?;
        let page =
            DemoPage { system: system.as_ref().map(|system| system.url().to_owned()), ..sample.page()? };
        introduce(&sample, &page, &accounts, address);
        let mut state = sample.app.state(Some(page)).with_metrics(metrics::install()?);
        if let Some(system) = &system {
            state = state.with_shop_system(system.shown());
        }
        // Folder and system live until the server has stopped.
        let Sample { app, folder, .. } = sample;
        let result = app.serve(listener, state, serve::stop_signal()).await;
        drop((folder, system));
        result
    })?;
    Ok(ExitCode::SUCCESS)
}

/// A demo is the one command that fetches weights by itself; `--model none` and paths fetch no chat model. Without
/// the embedder the demo still answers, so a failure to fetch it is only told.
fn fetch_weights(config: &Config) -> anyhow::Result<()> {
    let catalogue = Catalogue::embedded()?;
    let chat = match config.model.name.as_deref() {
        _ if config.model.remote_url.is_some() => None,
        Some("none") => return Ok(()),
        Some(name) => catalogue.find(name).ok(),
        None => Some(catalogue.default_card()?),
    };
    if let Some(card) = chat {
        super::model::pull_card(card, None, &cache_environment())?;
    }
    if let Err(error) = super::model::pull_card(catalogue.embedder_card()?, None, &cache_environment()) {
        eprintln!("without the embedder, answers are found by words alone: {error:#}");
    }
    Ok(())
}

impl SystemPlace {
    /// Takes a port and makes the secrets; nothing if the settings name a system of their own.
    async fn take(config: &Config) -> anyhow::Result<Option<Self>> {
        if config.connect.actions.url.is_some() {
            return Ok(None);
        }
        let credentials = Credentials { secret: fresh_secret()?, token: fresh_secret()? };
        Ok(Some(Self { port: Port::take().await?, credentials }))
    }

    /// How the application asks it.
    fn options(&self, config: &Config) -> ActionsOptions {
        let url = format!("{}/actions", self.port.url);
        let Credentials { secret, token } = self.credentials.clone();
        serve::actions_options(&config.connect.actions, url, (secret, Some(token)))
    }

    /// Begins to answer, with a key of the application for results and records.
    async fn start(self, sample: &Sample, address: SocketAddr, pace: Duration) -> anyhow::Result<ShopSystem> {
        let staff = StaffScope { shop: ShopId::default(), actor: "demo".to_owned() };
        let now = sample.clock.now();
        let scopes = [KeyScope::Facts, KeyScope::Events];
        let key = sample.app.store.create_key(&staff, "shop system", &scopes, &now).await?;
        ShopSystem::start(
            self.port,
            example::Options {
                credentials: self.credentials,
                warmdesk: format!("http://{}", reachable(address)),
                key: key.key,
                records: sample.records.clone(),
                pace: Pace { finding: pace, step: Some(pace) },
                clock: Arc::clone(&sample.clock),
            },
        )
    }
}

/// The address under which a server on this machine is reached from this machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    if !address.ip().is_unspecified() {
        return address;
    }
    let here = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
    SocketAddr::new(here, address.port())
}

impl Sample {
    /// Starts an application with the sample shop in a new folder; `settable` gives it a clock that can be set.
    pub async fn start(
        config: Config,
        pack: Arc<Pack>,
        model: Arc<dyn ChatModel>,
        actions: Option<ShopActions>,
        settable: bool,
    ) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("warmdesk-demo-").tempdir()?;
        let (clock, test_clock) = serve::clock(&config, settable)?;
        let app = App::start(AppOptions {
            data: folder.path().to_owned(),
            orders: serve::open_orders(&config, &clock)?,
            actions,
            config,
            pack,
            pack_place: None,
            model,
            embedder: serve::open_embedder().await?,
            ids: ConversationIds::default(),
            clock: Arc::clone(&clock),
            test_clock,
            admin_key: None,
            customer_secret: None,
        })
        .await?;
        let now = clock.now();
        let records = sample::records(&now)?;
        let staff = StaffScope { shop: ShopId::default(), actor: "demo".to_owned() };
        app.store.replace_source(&staff, sample::SOURCE, records.clone(), &now).await?;
        // The vectors follow in the background, so that the page is there at once.
        super::index::build(&app.store, folder.path(), None, &now).await?;
        app.knowledge.refresh()?;
        app.want_vectors().await?;
        Ok(Self { app, records, clock, folder })
    }

    /// An agent and a lead to sign in as at the desk, made for this run.
    async fn accounts(&self) -> anyhow::Result<Vec<DemoAccount>> {
        let staff = StaffScope { shop: ShopId::default(), actor: "demo".to_owned() };
        let mut accounts = Vec::new();
        for (name, role) in [("小林", Role::Agent), ("周敏", Role::Lead)] {
            // People type it; nobody but this machine reaches the demo.
            let password: String = fresh_secret()?.expose_secret().chars().take(16).collect();
            let password = SecretString::from(password);
            let name = StaffName::new(name)?;
            let new = NewStaff {
                display_name: name.clone().into(),
                name,
                role,
                password: Password::new(password.clone())?,
            };
            let account = self.app.store.create_staff(&staff, new, &self.clock.now()).await?;
            accounts.push(DemoAccount { account, password });
        }
        Ok(accounts)
    }

    /// A key with all scopes, made for this run.
    pub fn key(&self) -> Option<&SecretString> {
        self.app.new_key.as_ref().map(|key| &key.key)
    }

    fn page(&self) -> anyhow::Result<DemoPage> {
        let questions = sample::questions()?;
        let asked_by = |id: &str| -> Vec<String> {
            let theirs = questions.iter().filter(|(customer, _)| customer.as_deref() == Some(id));
            theirs.map(|(_, question)| question.clone()).take(6).collect()
        };
        let customers = sample::customers(&self.records)
            .into_iter()
            .map(|(id, name)| DemoCustomer {
                about: self.about(&id),
                signature: CustomerId::new(&id)
                    .map_or_else(|_| String::new(), |id| sign_customer(&self.app.secret.secret, &id)),
                questions: asked_by(&id),
                orders: demo_page::orders(&self.records, &id),
                id,
                name,
            })
            .filter(|customer| !customer.questions.is_empty() || !customer.about.is_empty())
            .collect();
        Ok(DemoPage {
            customers,
            questions: questions
                .iter()
                .filter(|(customer, _)| customer.is_none())
                .map(|(_, q)| q.clone())
                .take(8)
                .collect(),
            products: demo_page::products(&self.records),
            system: None,
        })
    }

    /// The customer's orders in a few words: "婴儿恒温睡袋（已发货）".
    fn about(&self, customer: &str) -> String {
        let theirs = self
            .records
            .iter()
            .filter(|record| record.kind == RecordKind::Order && record.customer() == Some(customer));
        let words = theirs.filter_map(|order| {
            let title = order.short_title()?;
            Some(format!("{title}（{}）", order.text("status_text").or(order.text("status"))?))
        });
        words.take(2).collect::<Vec<_>>().join("、")
    }
}

fn introduce(sample: &Sample, page: &DemoPage, accounts: &[DemoAccount], address: SocketAddr) {
    let mut text = format!("\n  样例店 sample shop    http://{address}/\n");
    text += &format!("  客服工作台 desk        http://{address}/desk\n");
    if let Some(key) = sample.key() {
        let key = key.expose_secret();
        text += &format!("  密钥 key              {key}\n");
        text += &format!("  带密钥的店 with key    http://{address}/#key={key}\n");
    }
    for DemoAccount { account, password } in accounts {
        let line = format!("{}（{}）  {}", account.name, account.role, password.expose_secret());
        text += &format!("  账号 account          {line}\n");
    }
    if let Some(system) = &page.system {
        text += &format!("  店里系统 shop system   {system}/log\n");
    }
    text += "\n  试着问 try asking:\n";
    for customer in page.customers.iter().filter(|customer| !customer.questions.is_empty()).take(4) {
        text += &format!("    {}（{}）：{}\n", customer.name, customer.id, customer.questions[0]);
    }
    for question in page.questions.iter().take(4) {
        text += &format!("    游客：{question}\n");
    }
    text += "\n  Everything is kept in a temporary folder and gone when this stops (Ctrl-C).\n\n";
    serve::tell(&text);
}
