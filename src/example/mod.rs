//! What does a shop's own system look like that Warmdesk talks to? An example of one: a small ERP with a carrier behind it.
//!
//! It is somebody else's program, as a shop would write it: it knows Warmdesk by its doors alone (docs/actions.md), checks who
//! asks, does each action once by its id, brings late results, and writes what becomes of an after-sale case back as a record.
//! It keeps a log of all that in memory. `warmdesk demo` starts one beside the server, and the tests talk to it. It speaks
//! Chinese, as the sample shop does.

mod books;
mod cases;
mod door;
mod log;
mod orders;
mod outbox;
mod parcels;
mod proof;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::http::ports::ShopSystemPort;
use crate::record::Record;
use crate::time::Clock;

pub use log::{Handled, Line, Log, What};
pub use proof::{Credentials, Received, check, is_recent};

use books::Books;
use door::Desk;
use outbox::Outbox;

/// A loopback port that is taken and not answered yet, so that others can be told of it first.
#[derive(Debug)]
pub struct Port {
    /// Where it will answer, as in `http://127.0.0.1:41234`.
    pub url: String,
    listener: TcpListener,
}

impl Port {
    /// Takes a free one.
    ///
    /// # Errors
    /// If the machine gives none.
    pub async fn take() -> io::Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        Ok(Self { url: format!("http://{}", listener.local_addr()?), listener })
    }

    /// Answers with these routes until what comes back is dropped.
    pub fn serve(self, router: axum::Router) -> Serving {
        let Self { listener, .. } = self;
        Serving(tokio::spawn(async move {
            // It ends with its task; a listener on this machine does not fail otherwise.
            let _ = axum::serve(listener, router).await;
        }))
    }
}

/// A server that ends when this is dropped.
#[derive(Debug)]
pub struct Serving(JoinHandle<()>);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How fast things go there.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// So long after it was asked the carrier says where a parcel is.
    pub finding: Duration,
    /// So long an after-sale case stands before it goes on by itself; without it, it goes on when its door says so.
    pub step: Option<Duration>,
}

/// What it needs.
pub struct Options {
    /// What requests are signed with, and the token that it wants.
    pub credentials: Credentials,
    /// Where Warmdesk answers, as in `http://127.0.0.1:8080`.
    pub warmdesk: String,
    /// A key of Warmdesk with the scope `facts`: for results and records.
    pub key: SecretString,
    /// The shop's records: it knows the orders and the stock.
    pub records: Vec<Record>,
    /// How fast things go.
    pub pace: Pace,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
}

/// The running system. It ends when this is dropped.
pub struct ShopSystem {
    url: String,
    desk: Arc<Desk>,
    _serving: Serving,
    _ending: DropGuard,
}

impl ShopSystem {
    /// Begins to answer.
    ///
    /// # Errors
    /// If no client for Warmdesk's doors can be made.
    pub fn start(port: Port, options: Options) -> anyhow::Result<Self> {
        let ending = CancellationToken::new();
        let log = Arc::new(Mutex::new(Log::default()));
        let outbox =
            Outbox::start(&options.warmdesk, options.key, (Arc::clone(&log), Arc::clone(&options.clock)))?;
        let desk = Arc::new(Desk {
            credentials: options.credentials,
            books: Mutex::new(Books::new(options.records)),
            log,
            outbox,
            pace: options.pace,
            clock: options.clock,
            ending: ending.clone(),
        });
        let url = port.url.clone();
        let serving = port.serve(door::router(Arc::clone(&desk)));
        Ok(Self { url, desk, _serving: serving, _ending: ending.drop_guard() })
    }

    /// Where it answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// What it was asked and what it did.
    pub fn log(&self) -> Log {
        self.desk.read_log()
    }

    /// What the demo page shows of it.
    pub fn shown(&self) -> Arc<dyn ShopSystemPort> {
        Arc::clone(&self.desk) as Arc<dyn ShopSystemPort>
    }
}

#[cfg(test)]
mod tests;
