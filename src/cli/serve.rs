//! `warmdesk serve`: answers customers over HTTP. It never downloads; without weights it runs by wording and evidence.

use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use tokio::net::TcpListener;

use super::options::{GlobalOptions, cache_environment, variable};
use crate::app::{App, AppOptions};
use crate::config::{ActionsConfig, Config};
use crate::connect::{ActionsOptions, Orders, OrdersOptions, ShopActions};
use crate::identity::ConversationIds;
use crate::model::{
    self, Catalogue, ChatModel, DeviceChoice, Embedder, EngineOptions, ModelChoice, RemoteOptions,
};
use crate::telemetry::{logging, metrics};
use crate::time::{Clock, SystemClock, TestClock};

/// Options of `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeOptions {
    /// The address to listen on
    #[arg(long, env = "WARMDESK_HOST", value_name = "ADDRESS")]
    pub host: Option<String>,
    /// The port; 0 takes a free one
    #[arg(long, env = "WARMDESK_PORT", value_name = "PORT")]
    pub port: Option<u16>,
    /// What generates text
    #[command(flatten)]
    pub model: ModelOptions,
    /// Let `POST /api/v1/test/clock` set the time, for demonstrations and tests; only on a loopback address
    #[arg(long)]
    pub test_clock: bool,
}

/// Which model, and where it computes.
#[derive(Debug, Clone, Default, Args)]
pub struct ModelOptions {
    /// A card's name, the path of a GGUF file, or `none`
    #[arg(long, env = "WARMDESK_MODEL", value_name = "CARD|PATH|none")]
    pub model: Option<String>,
    /// `cpu`, `cuda`, `cuda:1` or `metal`
    #[arg(long, env = "WARMDESK_DEVICE", value_name = "DEVICE")]
    pub device: Option<String>,
}

impl ModelOptions {
    /// Lays the flags over the settings.
    pub fn apply(&self, config: &mut Config) {
        if let Some(name) = &self.model {
            config.model.name = Some(name.clone());
            config.model.remote_url = None;
            config.model.remote_model = None;
        }
        if let Some(device) = &self.device {
            config.model.device.clone_from(device);
        }
    }
}

/// Runs the command.
pub fn run(options: &GlobalOptions, command: ServeOptions) -> anyhow::Result<ExitCode> {
    let mut config = options.settings()?;
    command.model.apply(&mut config);
    if let Some(host) = command.host {
        config.server.host = host;
    }
    if let Some(port) = command.port {
        config.server.port = port;
    }
    start_logging(&config)?;
    runtime()?.block_on(async {
        let listener = bind(&config).await?;
        let address = listener.local_addr()?;
        allow_test_clock(command.test_clock, address)?;
        let (clock, test_clock) = clock(&config, command.test_clock)?;
        let app = App::start(AppOptions {
            data: options.data.clone(),
            pack: options.pack(&config)?,
            pack_place: Some(options.pack_place(&config)),
            model: open_model(&config)?,
            embedder: open_embedder().await?,
            orders: open_orders(&config, &clock)?,
            actions: open_actions(&config)?,
            ids: ConversationIds::default(),
            clock,
            test_clock,
            admin_key: variable("WARMDESK_ADMIN_KEY").map(SecretString::from),
            customer_secret: variable("WARMDESK_CUSTOMER_SECRET").map(SecretString::from),
            config,
        })
        .await?;
        announce(&app, address);
        reload_on_hang_up(&app);
        let state = app.state(None).with_metrics(metrics::install()?);
        app.serve(listener, state, stop_signal()).await
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Says where the server is, and shows what was just made and is never shown again.
fn announce(app: &App, address: SocketAddr) {
    let model = app.conversations.services().model.name().to_owned();
    let mut text = format!("warmdesk answers on http://{address} (model: {model})\n");
    if let Some(key) = &app.new_key {
        text += &format!("all-scopes key, shown only now:       {}\n", key.key.expose_secret());
        text += "an account for the desk:              warmdesk staff add NAME --role admin\n";
    }
    if app.secret.is_new {
        text += &format!("customer secret, shown only now:      {}\n", app.secret.secret.expose_secret());
    }
    tell(&text);
}

/// Prints what a server has to say. Nobody has to read it: a closed pipe must not end the server.
pub fn tell(text: &str) {
    let mut stdout = std::io::stdout().lock();
    let told = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush());
    if let Err(error) = told {
        tracing::debug!(error = %error, "standard output is closed");
    }
}

/// Sets logging up for this process.
pub fn start_logging(config: &Config) -> anyhow::Result<()> {
    let format = match config.log.format.as_str() {
        "json" => logging::LogFormat::Json,
        _ => logging::LogFormat::Text,
    };
    let filter = match config.log.level.as_str() {
        "info" => logging::DEFAULT_FILTER.to_owned(),
        level if ["error", "warn", "debug", "trace"].contains(&level) => format!("warn,warmdesk={level}"),
        filter => filter.to_owned(),
    };
    Ok(logging::start(format, &filter)?)
}

/// The runtime of a server: replies need few threads, because all computing happens on the engine's own.
pub fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get).clamp(2, 8);
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .context("the asynchronous runtime cannot be started")
}

/// Listens, or says who else may.
pub async fn bind(config: &Config) -> anyhow::Result<TcpListener> {
    let address = format!("{}:{}", config.server.host, config.server.port);
    TcpListener::bind(&address).await.with_context(|| {
        format!("cannot listen on {address}; another program may have the port: choose one with --port")
    })
}

/// A clock, and the same one again if it can be set.
pub type ShopClock = (Arc<dyn Clock>, Option<Arc<TestClock>>);

/// Refuses a clock that can be set where others than this machine reach the server.
///
/// # Errors
/// If one is wanted and the address is no loopback address.
pub fn allow_test_clock(wanted: bool, address: SocketAddr) -> anyhow::Result<()> {
    if wanted && !address.ip().is_loopback() {
        bail!("--test-clock lets anybody who reaches the server set its time; it is refused on {address}");
    }
    Ok(())
}

/// The machine's clock, or one that can be set and begins at the present moment.
pub fn clock(config: &Config, settable: bool) -> anyhow::Result<ShopClock> {
    let system = SystemClock::new(config.zone()?);
    if !settable {
        return Ok((Arc::new(system), None));
    }
    let clock = Arc::new(TestClock::new(system.now()));
    Ok((Arc::clone(&clock) as Arc<dyn Clock>, Some(clock)))
}

/// Starts the model that the settings name. Missing weights are no error: the server is useful without.
pub fn open_model(config: &Config) -> anyhow::Result<Arc<dyn ChatModel>> {
    let choice = match (&config.model.remote_url, &config.model.remote_model) {
        (Some(url), Some(name)) => {
            let mut remote = RemoteOptions::new(url, name);
            remote.api_key = variable("WARMDESK_REMOTE_KEY").map(SecretString::from);
            ModelChoice::Remote(remote)
        }
        _ => config.model.name.as_deref().map_or(ModelChoice::Default, ModelChoice::from_flag),
    };
    let engine = EngineOptions {
        device: config.model.device.parse::<DeviceChoice>().map_err(anyhow::Error::msg)?,
        queue: config.model.queue,
        max_prompt_tokens: config.model.prompt_tokens,
        ..EngineOptions::default()
    };
    let model = model::open(&choice, &Catalogue::embedded()?, &cache_environment(), &engine)?;
    if let model::ModelState::Absent { reason } = model.state() {
        tracing::warn!(model = model.name(), %reason, "answering by wording and evidence only");
    }
    Ok(model)
}

/// Opens the embedder if its weights are here; without it everything is found by words.
pub async fn open_embedder() -> anyhow::Result<Option<Arc<dyn Embedder>>> {
    let opening = || anyhow::Ok(model::open_embedder(&Catalogue::embedded()?, &cache_environment())?);
    match tokio::task::spawn_blocking(opening).await? {
        Ok(Some(embedder)) => Ok(Some(embedder)),
        Ok(None) => {
            tracing::warn!(
                "the embedder's weights are not here (`warmdesk model pull`): finding by words alone"
            );
            Ok(None)
        }
        Err(error) => {
            tracing::error!(%error, "the embedder cannot be used: finding by words alone");
            Ok(None)
        }
    }
}

/// Opens the look-up of orders if the settings name a system for it.
///
/// # Errors
/// If it is named and cannot be used: a shop whose orders are elsewhere must not seem to have none.
pub fn open_orders(config: &Config, clock: &Arc<dyn Clock>) -> anyhow::Result<Option<Orders>> {
    let settings = &config.connect.orders;
    let Some(url) = &settings.url else { return Ok(None) };
    let signing = secret("WARMDESK_ORDERS_SECRET", settings.secret_file.as_deref())?.context(
        "look-ups of orders are signed: set WARMDESK_ORDERS_SECRET, or `connect.orders.secret_file` to a file with the secret",
    )?;
    let options = OrdersOptions {
        url: url.clone(),
        token: secret("WARMDESK_ORDERS_TOKEN", settings.token_file.as_deref())?,
        secret: signing,
        kinds: settings.kinds.clone(),
        timeout: Duration::from_millis(settings.timeout_milliseconds),
        cache_life: Duration::from_secs(settings.cache_seconds),
        max_parallel: settings.max_parallel,
        failures: settings.failures,
        pause: Duration::from_secs(settings.pause_seconds),
    };
    Ok(Some(Orders::new(options, Arc::clone(clock))?))
}

/// Opens what executes actions if the settings name a system for it.
///
/// # Errors
/// If it is named and cannot be used: customers would be told that something was begun.
pub fn open_actions(config: &Config) -> anyhow::Result<Option<ShopActions>> {
    let settings = &config.connect.actions;
    let Some(url) = &settings.url else { return Ok(None) };
    let signing = secret("WARMDESK_ACTIONS_SECRET", settings.secret_file.as_deref())?.context(
        "actions are signed: set WARMDESK_ACTIONS_SECRET, or `connect.actions.secret_file` to a file with the secret",
    )?;
    let token = secret("WARMDESK_ACTIONS_TOKEN", settings.token_file.as_deref())?;
    Ok(Some(ShopActions::new(actions_options(settings, url.clone(), (signing, token)))?))
}

/// How a system is asked to execute actions: where, under which secret and token, and by the settings' limits.
pub fn actions_options(
    settings: &ActionsConfig,
    url: String,
    (secret, token): (SecretString, Option<SecretString>),
) -> ActionsOptions {
    ActionsOptions {
        url,
        token,
        secret,
        timeout: Duration::from_millis(settings.timeout_milliseconds),
        most_attempts: settings.most_attempts,
        first_pause: Duration::from_secs(settings.first_pause_seconds),
        failures: settings.failures,
        pause: Duration::from_secs(settings.pause_seconds),
    }
}

/// A secret from its variable, or else from its file.
fn secret(name: &str, file: Option<&Path>) -> anyhow::Result<Option<SecretString>> {
    if let Some(value) = variable(name) {
        return Ok(Some(value.trim().into()));
    }
    let Some(file) = file else { return Ok(None) };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("the secret in {} cannot be read", file.display()))?;
    let text = text.trim();
    anyhow::ensure!(!text.is_empty(), "{} holds no secret", file.display());
    Ok(Some(text.into()))
}

/// Waits for a model that is being read from disk.
pub async fn wait_until_loaded(model: &dyn ChatModel) {
    while model.state() == model::ModelState::Loading {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

/// Reads the pack again when the process is sent SIGHUP, as servers do. Changed files are noticed anyway.
fn reload_on_hang_up(app: &App) {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let rules = Arc::clone(&app.rules);
        let Ok(mut hang_up) = signal(SignalKind::hangup()) else { return };
        tokio::spawn(async move {
            while hang_up.recv().await.is_some() {
                // What comes of it is logged there.
                let _ = rules.reload().await;
            }
        });
    }
    #[cfg(not(unix))]
    let _ = app;
}

/// Completes when the process is told to stop.
pub async fn stop_signal() {
    let interrupt = async {
        // Without a handler the process ends on Ctrl-C anyway, only less tidily.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => tokio::select! {
                () = interrupt => {}
                _ = terminate.recv() => {}
            },
            Err(_) => interrupt.await,
        }
    }
    #[cfg(not(unix))]
    interrupt.await;
}
