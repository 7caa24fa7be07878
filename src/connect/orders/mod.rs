//! What does the shop's own order system say of a customer, at the moment of a question? One signed look-up for the one
//! verified customer, shared by all who ask at the same time, kept for a few seconds, and given up in time.

mod address;
mod answer;
mod cache;
mod call;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use tokio::sync::Semaphore;
use tokio::time::timeout_at;

use super::breaker::{Breaker, BreakerState};
use super::post::milliseconds;
use super::signature::SignatureError;
use crate::identity::{CustomerId, Scope, ShopId};
use crate::record::{Record, RecordKind, newest_first};
use crate::telemetry::metrics;
use crate::time::Clock;
use answer::{Answer, Asked};
use cache::{Cache, Found};
use call::Caller;

/// The kinds of record that another system may keep.
pub const OUTSIDE_KINDS: [RecordKind; 3] = [RecordKind::Order, RecordKind::Aftersale, RecordKind::Coupon];

/// For whom `warmdesk doctor` asks: a customer who has nothing.
const NOBODY: &str = "warmdesk-doctor";

/// Where the system is and how it is asked.
#[derive(Debug, Clone)]
pub struct OrdersOptions {
    /// Its address; `{customer}` and `{shop}` in path or query are filled in.
    pub url: String,
    /// Sent as a bearer token, if there is one.
    pub token: Option<SecretString>,
    /// What look-ups are signed with.
    pub secret: SecretString,
    /// What is kept there, of [`OUTSIDE_KINDS`]; the rest stays with the store.
    pub kinds: Vec<RecordKind>,
    /// So long a look-up may take, waiting for its turn included.
    pub timeout: Duration,
    /// So long an answer is used again; zero means never.
    pub cache_life: Duration,
    /// So many look-ups run at once.
    pub max_parallel: usize,
    /// So many failures in a row open the breaker.
    pub failures: u32,
    /// So long it then stays open.
    pub pause: Duration,
}

/// A connector that cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is none.
    #[error("`{address}` cannot be asked for orders: {why}")]
    Address {
        /// As it was configured.
        address: String,
        /// What is wrong.
        why: &'static str,
    },
    /// The address holds a name or password.
    #[error("the address of the order system holds a name or password; set WARMDESK_ORDERS_TOKEN instead")]
    PasswordInAddress,
    /// The secret cannot be signed with.
    #[error("look-ups of orders cannot be signed: {0}")]
    Secret(#[from] SignatureError),
    /// The HTTP client cannot be made.
    #[error("orders cannot be looked up: {0}")]
    Client(String),
}

/// Why a look-up gave nothing. No text of it names the customer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Outage {
    /// It took too long.
    #[error("it did not answer within {0} ms")]
    TimedOut(u64),
    /// There is no connection, or it broke off.
    #[error("no connection, or a broken one: {0}")]
    Unreachable(String),
    /// It answered with something else than 200. Redirects are not followed.
    #[error("it answered with status {0}")]
    Status(u16),
    /// Its answer is none.
    #[error("its answer cannot be used: {0}")]
    Unusable(String),
    /// It failed too often and is left alone.
    #[error("it failed several times in a row and is left alone for now")]
    LeftAlone,
    /// As many look-ups as may run at once are running, and none of them ended in time.
    #[error("too many look-ups are running already")]
    Busy,
}

impl Outage {
    /// Its name as a label.
    fn label(&self) -> &'static str {
        match self {
            Self::TimedOut(_) => "timeout",
            Self::Unreachable(_) => "unreachable",
            Self::Status(_) => "status",
            Self::Unusable(_) => "unusable",
            Self::LeftAlone => "left_alone",
            Self::Busy => "busy",
        }
    }
}

/// How the connector stands. Anybody may read it, so that it names neither host nor customer.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct OrdersState {
    /// Whether it is asked: `closed` yes, `open` not for now, `half_open` once to see.
    pub breaker: BreakerState,
    /// Why the newest look-up failed; null if it did not.
    pub failure: Option<String>,
}

/// What a customer has in the other system.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OutsideRecords {
    /// The records, newest first.
    pub records: Vec<Record>,
    /// Kinds of which nothing could be read although something is there: every record of them was broken.
    pub unreadable: Vec<RecordKind>,
}

/// What comes of a look-up; shared by all who wait for it.
pub(super) type Looked = Result<Arc<OutsideRecords>, Outage>;

/// Looks orders up in the shop's own system. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct Orders {
    inner: Arc<Inner>,
}

struct Inner {
    options: OrdersOptions,
    caller: Caller,
    clock: Arc<dyn Clock>,
    breaker: Breaker,
    slots: Semaphore,
    cache: Cache,
    failure: Mutex<Option<String>>,
}

impl std::fmt::Debug for Orders {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Orders").field("host", &self.host()).finish_non_exhaustive()
    }
}

impl Orders {
    /// A connector; the system is not asked before the first look-up.
    ///
    /// # Errors
    /// If address or secret cannot be used.
    pub fn new(options: OrdersOptions, clock: Arc<dyn Clock>) -> Result<Self, ConnectError> {
        let inner = Inner {
            caller: Caller::new(&options)?,
            clock,
            breaker: Breaker::new(options.failures, options.pause),
            slots: Semaphore::new(options.max_parallel.max(1)),
            cache: Cache::new(options.cache_life),
            failure: Mutex::default(),
            options,
        };
        metrics::lookup_breaker(BreakerState::Closed);
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Whether records of a kind are kept there and not in the store.
    pub fn keeps(&self, kind: RecordKind) -> bool {
        self.inner.options.kinds.contains(&kind)
    }

    /// Scheme, host and port of the system.
    pub fn host(&self) -> String {
        self.inner.caller.address.host()
    }

    /// Whether look-ups can be read on the way: plain HTTP to another machine.
    pub fn is_readable_on_the_way(&self) -> bool {
        self.inner.caller.address.is_readable_on_the_way()
    }

    /// What the verified customer has there; nothing for anybody else, without asking.
    ///
    /// # Errors
    /// If it cannot be read now.
    pub async fn own(&self, scope: &Scope) -> Looked {
        let Some(customer) = scope.verified_customer() else { return Ok(Arc::default()) };
        let whose = (scope.shop.clone(), customer.clone());
        let looking = || {
            let (inner, whose) = (Arc::clone(&self.inner), whose.clone());
            // Its own task: whoever asked may leave, and the answer is still of use to the next.
            tokio::spawn(async move {
                let looked = inner.look_up(&whose).await;
                inner.cache.settle(&whose, &looked, Instant::now());
                looked
            })
        };
        match self.inner.cache.find(&whose, Instant::now(), looking) {
            Found::Kept(records) => {
                metrics::lookup("kept", None);
                Ok(records)
            }
            Found::Running(looking) => looking.await,
        }
    }

    /// Asks once for a customer who has nothing, past the breaker: does everything fit together? For `doctor`.
    ///
    /// # Errors
    /// What is wrong.
    pub async fn probe(&self) -> Result<(), Outage> {
        let nobody = CustomerId::new(NOBODY).map_err(|error| Outage::Unusable(error.to_string()))?;
        let until = tokio::time::Instant::now() + self.inner.options.timeout;
        self.inner.ask(&(ShopId::default(), nobody), until).await.map(drop)
    }

    /// How it stands.
    pub fn state(&self) -> OrdersState {
        let failure = self.inner.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        OrdersState { breaker: self.inner.breaker.state(Instant::now()), failure }
    }
}

/// Whose records: the shop and the customer.
pub(super) type Whose = (ShopId, CustomerId);

impl Inner {
    /// Asks, unless the system is left alone, and remembers whether it answered.
    async fn look_up(&self, whose: &Whose) -> Looked {
        let started = Instant::now();
        let until = tokio::time::Instant::from_std(started + self.options.timeout);
        let looked = match timeout_at(until, self.slots.acquire()).await {
            Ok(Ok(_slot)) => self.ask_if_admitted(whose, until).await,
            Ok(Err(_)) | Err(_) => Err(Outage::Busy),
        };
        let outcome = looked.as_ref().err().map_or("read", Outage::label);
        let asked = !matches!(looked, Err(Outage::LeftAlone | Outage::Busy));
        metrics::lookup(outcome, asked.then(|| started.elapsed()));
        looked
    }

    async fn ask_if_admitted(&self, whose: &Whose, until: tokio::time::Instant) -> Looked {
        let Some(permit) = self.breaker.admit(Instant::now()) else { return Err(Outage::LeftAlone) };
        let answer = self.ask(whose, until).await;
        match &answer {
            Ok(_) => permit.answered(),
            Err(outage) => {
                tracing::warn!(%outage, "the shop's order system could not be read");
                if permit.failed(Instant::now()) {
                    let pause = self.options.pause.as_secs();
                    tracing::error!(
                        pause_seconds = pause,
                        "the shop's order system is left alone for a while"
                    );
                }
            }
        }
        let failure = answer.as_ref().err().map(ToString::to_string);
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
        metrics::lookup_breaker(self.breaker.state(Instant::now()));
        answer.map(|answer| Arc::new(self.in_order(answer)))
    }

    async fn ask(&self, whose: &Whose, until: tokio::time::Instant) -> Result<Answer, Outage> {
        let (shop, customer) = whose;
        let kinds = &self.options.kinds;
        let now = self.clock.now();
        let asking = self.caller.ask((shop, customer), kinds, &now);
        let bytes = timeout_at(until, asking)
            .await
            .map_err(|_| Outage::TimedOut(milliseconds(self.options.timeout)))??;
        let (customer, kinds) = (customer.clone(), kinds.clone());
        // A large answer takes milliseconds to check; the threads that serve everybody are not for that.
        tokio::task::spawn_blocking(move || {
            answer::read(&bytes, Asked { customer: &customer, kinds: &kinds })
        })
        .await
        .map_err(|error| Outage::Unusable(error.to_string()))?
        .map_err(Outage::Unusable)
    }

    fn in_order(&self, answer: Answer) -> OutsideRecords {
        let Answer { mut records, broken } = answer;
        newest_first(&mut records, &self.clock.now());
        let lost = |kind: &RecordKind| !records.iter().any(|record| record.kind == *kind);
        let unreadable: BTreeSet<RecordKind> = broken.into_iter().filter(lost).collect();
        OutsideRecords { records, unreadable: unreadable.into_iter().collect() }
    }
}
