//! `warmdesk doctor`: looks at this machine and says what is there, what is missing, and what to do about it.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, ExitCode};

use clap::Args;

use super::options::{GlobalOptions, cache_environment};
use super::serve;
use crate::config::Config;
use crate::connect::Probed;
use crate::knowledge::current_generation;
use crate::model::{Catalogue, card_status};
use crate::pack::load::{Severity, check};

/// Options of `doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorOptions {}

/// How one thing is.
enum Finding {
    Good(String),
    Note(String),
    Bad(String),
}

/// Runs the command. The exit code is 1 if something keeps the program from serving.
pub fn run(options: &GlobalOptions, _: DoctorOptions) -> anyhow::Result<ExitCode> {
    let config = options.settings()?;
    let findings = [
        ("processor", processor()),
        ("memory", memory()),
        ("settings", Finding::Good(settings(options))),
        ("pack", pack(options, &config)),
        ("data folder", data_folder(&options.data)),
        ("index", index(&options.data)),
        ("model", model(&config)),
        ("orders", orders(&config)?),
        ("actions", actions(&config)?),
        ("pip", pip()),
        ("port", port(&config)),
        ("compliance", Finding::Note("say in your terms that an assistant answers; generative services offered to the public may have to be registered where you are".into())),
    ];
    let mut bad = 0;
    for (name, finding) in findings {
        let (mark, text) = match finding {
            Finding::Good(text) => ("ok  ", text),
            Finding::Note(text) => ("note", text),
            Finding::Bad(text) => {
                bad += 1;
                ("BAD ", text)
            }
        };
        println!("{mark}  {name:<12} {text}");
    }
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn processor() -> Finding {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let features = if cfg!(target_arch = "x86_64") { "AVX2 and FMA in use" } else { std::env::consts::ARCH };
    Finding::Good(format!("{cores} cores, {features}"))
}

/// Linux tells in /proc; elsewhere nothing is claimed.
fn memory() -> Finding {
    let Ok(text) = std::fs::read_to_string("/proc/meminfo") else {
        return Finding::Note("unknown on this system; the default model needs about 3.5 GB".into());
    };
    let available = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    let kilobytes =
        available.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or(0);
    let gigabytes = kilobytes / 1_048_576;
    let text = format!("{gigabytes} GB available");
    if gigabytes < 4 {
        Finding::Note(format!("{text}; the default model needs about 3.5 GB"))
    } else {
        Finding::Good(text)
    }
}

fn settings(options: &GlobalOptions) -> String {
    match &options.config {
        Some(path) => path.display().to_string(),
        None if Path::new("warmdesk.toml").is_file() => "warmdesk.toml".to_owned(),
        None => "the defaults".to_owned(),
    }
}

fn pack(options: &GlobalOptions, config: &Config) -> Finding {
    let files = match options.pack_source().files(&config.shop.language) {
        Ok(files) => files,
        Err(error) => return Finding::Bad(error.to_string()),
    };
    let problems = check(&files);
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    if errors > 0 {
        return Finding::Bad(format!("{errors} errors; `warmdesk check` names them"));
    }
    Finding::Good(format!("{}, {} warnings", config.shop.language, problems.len()))
}

fn data_folder(data: &Path) -> Finding {
    let existing = data.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    match tempfile::tempfile_in(existing) {
        Ok(_) if data.is_dir() => Finding::Good(data.display().to_string()),
        Ok(_) => Finding::Good(format!("{} will be made", data.display())),
        Err(error) => {
            Finding::Bad(format!("{} cannot be written: {error}; choose another with --data", data.display()))
        }
    }
}

fn index(data: &Path) -> Finding {
    match current_generation(data) {
        Ok(Some((manifest, _))) => {
            let documents: usize = manifest.documents.values().sum();
            Finding::Good(format!("generation {}, {documents} documents", manifest.id))
        }
        Ok(None) => Finding::Note(
            "nothing indexed yet; run `warmdesk index FILES…` or send records to the API".into(),
        ),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

fn model(config: &Config) -> Finding {
    if let Some(url) = &config.model.remote_url {
        return Finding::Good(format!("remote, {url}"));
    }
    let catalogue = match Catalogue::embedded() {
        Ok(catalogue) => catalogue,
        Err(error) => return Finding::Bad(error.to_string()),
    };
    let name = config.model.name.as_deref();
    if name == Some("none") {
        return Finding::Note("none: wording and evidence answer".into());
    }
    if let Some(path) = name.filter(|name| Path::new(name).is_file()) {
        return Finding::Good(path.to_owned());
    }
    let card = match name {
        Some(name) => catalogue.find(name),
        None => catalogue.default_card(),
    };
    match card {
        Ok(card) => {
            let status = card_status(card, &cache_environment());
            if status == "absent" {
                Finding::Note(format!("{} is not here; run `warmdesk model pull {}`", card.name, card.name))
            } else {
                Finding::Good(format!("{}: {status}", card.name))
            }
        }
        Err(error) => Finding::Bad(error.to_string()),
    }
}

/// Asks the shop's order system once for a customer who has nothing: address, token, signature and answer fit then.
fn orders(config: &Config) -> anyhow::Result<Finding> {
    let clock = serve::clock(config, false)?.0;
    let orders = match serve::open_orders(config, &clock) {
        Ok(Some(orders)) => orders,
        Ok(None) => return Ok(Finding::Good("kept here".into())),
        Err(error) => return Ok(Finding::Bad(format!("{error:#}"))),
    };
    let host = orders.host();
    Ok(match serve::runtime()?.block_on(orders.probe()) {
        Err(outage) => {
            Finding::Bad(format!("looked up at {host}, and {outage}; docs/connect.md says what is expected"))
        }
        Ok(()) if orders.is_readable_on_the_way() => Finding::Note(format!(
            "looked up at {host}, which answers; use https, plain http can be read on the way"
        )),
        Ok(()) => Finding::Good(format!("looked up at {host}, which answers")),
    })
}

fn actions(config: &Config) -> anyhow::Result<Finding> {
    let system = match serve::open_actions(config) {
        Ok(Some(system)) => system,
        Ok(None) => return Ok(Finding::Good("executed by people, by tickets with the same time".into())),
        Err(error) => return Ok(Finding::Bad(format!("{error:#}"))),
    };
    let host = system.host();
    let now = serve::clock(config, false)?.0.now();
    Ok(match serve::runtime()?.block_on(system.probe(&now)) {
        Err(outage) => {
            Finding::Bad(format!("executed by {host}, and {outage}; docs/actions.md says what is expected"))
        }
        Ok(Probed::Unknown(status)) => Finding::Note(format!(
            "executed by {host}, which is there and answers a ping with status {status}: whether token and signature fit is not known"
        )),
        Ok(Probed::Accepted) if system.is_readable_on_the_way() => Finding::Note(format!(
            "executed by {host}, which accepts a ping; use https, plain http can be read on the way"
        )),
        Ok(Probed::Accepted) => Finding::Good(format!("executed by {host}, which accepts a ping")),
    })
}

/// Only needed to fetch weights where the hub cannot be reached.
fn pip() -> Finding {
    let python = cache_environment().python.unwrap_or_else(|| "python3".into());
    match Command::new(&python).args(["-m", "pip", "--version"]).output() {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout);
            Finding::Good(text.split(" from ").next().unwrap_or_default().trim().to_owned())
        }
        _ => {
            Finding::Note("python3 with pip is not here; only needed to fetch weights without the hub".into())
        }
    }
}

fn port(config: &Config) -> Finding {
    let address = format!("{}:{}", config.server.host, config.server.port);
    match TcpListener::bind(&address) {
        Ok(_) => Finding::Good(address),
        Err(error) => Finding::Bad(format!("{address}: {error}; choose another with --port")),
    }
}
