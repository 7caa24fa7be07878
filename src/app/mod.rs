//! How the services are put together and wired to the doors.
//!
//! `App::start` opens the store, the index and the model of a data folder; each file beside this one implements one
//! port of `http::ports` over them.

mod access;
mod accounts;
mod actions;
mod assist;
mod chat;
mod conversations;
pub mod customers;
mod facts;
mod gaps;
mod health;
mod live;
mod pictures;
mod promises;
mod proactive;
mod ratings;
mod references;
mod rehearsal;
mod rules;
mod suggester;
mod trial;
mod tickets;
mod typing;
mod vectors;
mod webhooks;
mod errors;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::actions::worker::Worker;
use crate::config::Config;
use crate::connect::{Orders, ShopActions, ShopSource};
use crate::conversation::{AtDesk, Conversations, Services};
use crate::http::ports::Ports;
use crate::http::{AppState, DoorSettings};
use crate::identity::{ConversationIds, ShopId, StaffScope};
use crate::knowledge::{Dictionaries, Knowledge, analyzer::Analyzer};
use crate::model::{ChatModel, Embedder, Sampling};
use crate::pack::types::Pack;
use crate::record::Record;
use crate::store::{NewKey, ServingLock, ShopSecret, Store};
use crate::time::{Clock, Now, TestClock};
use crate::turn::Limits;
use crate::web::DemoPage;

pub use references::{Dangling, dangling};
pub use rules::{LiveRules, PackPlace, Refused, Reloaded};
pub use trial::Trial;

/// How often a new index generation is looked for, built by `warmdesk index` beside the running server.
const REFRESH: Duration = Duration::from_secs(2);

/// What an application is made of.
pub struct AppOptions {
    /// The data folder.
    pub data: PathBuf,
    /// The settings.
    pub config: Config,
    /// The pack in force.
    pub pack: Arc<Pack>,
    /// Where it was read from; a changed one is taken up from there. None for a pack that was made elsewhere.
    pub pack_place: Option<PackPlace>,
    /// The model.
    pub model: Arc<dyn ChatModel>,
    /// What finds by meaning; without it everything is found by words.
    pub embedder: Option<Arc<dyn Embedder>>,
    /// Where orders are looked up, for a shop that keeps them in another system.
    pub orders: Option<Orders>,
    /// What executes actions, for a shop whose own system does.
    pub actions: Option<ShopActions>,
    /// How new conversations are named.
    pub ids: ConversationIds,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// The same clock, if it can be set from outside.
    pub test_clock: Option<Arc<TestClock>>,
    /// The first all-scopes key of an empty data folder; one is made if none is given.
    pub admin_key: Option<SecretString>,
    /// The shop's signing secret of an empty data folder; one is made if none is given.
    pub customer_secret: Option<SecretString>,
}

/// Everything that answers.
pub struct App {
    /// The services.
    pub conversations: Conversations,
    /// The store.
    pub store: Store,
    /// The index.
    pub knowledge: Arc<Knowledge>,
    /// The rules in force.
    pub rules: Arc<LiveRules>,
    /// The first key, if it was just made: it is shown once.
    pub new_key: Option<NewKey>,
    /// The shop's signing secret.
    pub secret: ShopSecret,
    config: Config,
    clock: Arc<dyn Clock>,
    test_clock: Option<Arc<TestClock>>,
    worker: Worker,
    _vectors: vectors::Lane,
    _gaps: gaps::Lane,
    /// Kept for as long as the application runs: a second server on the same data is refused.
    _lock: ServingLock,
}

impl App {
    /// Opens everything. The model may still be loading when this returns.
    ///
    /// # Errors
    /// If the data folder cannot be used, or the settings make no sense.
    pub async fn start(options: AppOptions) -> anyhow::Result<Self> {
        let AppOptions {
            data,
            config,
            pack,
            pack_place,
            model,
            embedder,
            orders,
            actions,
            ids,
            clock,
            test_clock,
            admin_key,
            customer_secret,
        } = options;
        let lock = ServingLock::take(&data)?;
        let store = Store::open(&data).await?.naming(ids);
        let shop = ShopId::default();
        let (new_key, secret) = secrets(&store, &shop, (admin_key, customer_secret), &clock.now()).await?;
        let knowledge = Arc::new(open_knowledge(&data, &store, embedder).await?);
        let rules = Arc::new(LiveRules::new(pack, pack_place, Arc::clone(&clock)));
        let conversations = Conversations::new(Services {
            source: ShopSource::new(store.clone(), orders),
            store: store.clone(),
            rules: rules.handle(),
            knowledge: Arc::clone(&knowledge),
            model,
            hours: Arc::new(config.business_hours()?),
            answer_within_business_minutes: config.desk.answer_within_minutes,
            clock: Arc::clone(&clock),
            limits: limits(&config),
            proofs: config.proof.limits(),
            promises: config.promises.times(),
            desk: config.desk.settings(),
            at_desk: AtDesk::new(Arc::clone(&clock)),
            executes: actions.is_some(),
        });
        let worker = resume(&conversations, actions, &shop).await?;
        rehearsal::run(conversations.services(), &shop).await;
        let vectors = embed(&knowledge, &store, &shop).await?;
        let gaps = gaps::Lane::start(store.clone(), Arc::clone(&knowledge), Arc::clone(&clock), staff(&shop));
        Ok(Self {
            conversations,
            store,
            knowledge,
            rules,
            new_key,
            secret,
            config,
            clock,
            test_clock,
            worker,
            _vectors: vectors,
            _gaps: gaps,
            _lock: lock,
        })
    }

    /// Executes the actions, keeps the promises, goes on with the flows whose time has come and says first what is due, once; a server
    /// does so by itself. How many words were said.
    ///
    /// # Errors
    /// If the store does not answer.
    pub async fn keep_word(&self) -> anyhow::Result<usize> {
        self.worker.work_off().await?;
        let kept = self.conversations.keep_promises(&self.worker.staff).await?
            + self.conversations.look_after_waits(&self.worker.staff).await?;
        let moved = self.conversations.go_on_with_flows(&self.worker.staff).await?;
        Ok(kept + moved + proactive::work_off(&self.conversations, &self.worker.staff).await?)
    }

    /// Has everything embedded in the background that has no vectors yet.
    ///
    /// # Errors
    /// If the records cannot be read.
    pub async fn want_vectors(&self) -> anyhow::Result<()> {
        vectors::want_missing(&self.knowledge, &self.store, &ShopId::default()).await
    }

    /// Waits until no record waits for its vectors, at most `limit`.
    pub async fn vectors_ready(&self, limit: Duration) {
        vectors::ready(&self.knowledge, limit).await;
    }

    /// The state behind the doors.
    pub fn state(&self, demo: Option<DemoPage>) -> AppState {
        let facts = Arc::new(self.facts_port());
        let suggester = Arc::new(suggester::Suggester::new(self.conversations.clone()));
        let at_desk = &self.conversations.services().at_desk;
        let ports = Ports {
            access: Arc::new(access::AccessPort {
                at_desk: at_desk.clone(),
                store: self.store.clone(),
                clock: Arc::clone(&self.clock),
                secret: self.secret.secret.clone(),
            }),
            accounts: Arc::new(accounts::AccountsPort {
                at_desk: at_desk.clone(),
                store: self.store.clone(),
                clock: Arc::clone(&self.clock),
            }),
            chat: Arc::new(chat::ChatPort { conversations: self.conversations.clone() }),
            conversations: Arc::new(conversations::ConversationsPort { store: self.store.clone() }),
            tickets: Arc::new(tickets::TicketsPort {
                store: self.store.clone(),
                clock: Arc::clone(&self.clock),
                conversations: self.conversations.clone(),
                suggester: Arc::clone(&suggester),
            }),
            pictures: Arc::new(pictures::PicturesPort {
                store: self.store.clone(),
                clock: Arc::clone(&self.clock),
                limits: self.config.limits.of_pictures(),
            }),
            typing: Arc::new(typing::TypingPort::new(self.store.clone())),
            ratings: Arc::new(ratings::RatingsPort {
                store: self.store.clone(),
                clock: Arc::clone(&self.clock),
            }),
            assist: Arc::new(assist::AssistPort { suggester, conversations: self.conversations.clone() }),
            actions: Arc::new(actions::ActionsPort {
                store: self.store.clone(),
                conversations: self.conversations.clone(),
                clock: Arc::clone(&self.clock),
            }),
            proactive: Arc::new(proactive::ProactivePort {
                store: self.store.clone(),
                conversations: self.conversations.clone(),
                clock: Arc::clone(&self.clock),
            }),
            facts: Arc::clone(&facts) as _,
            customers: Arc::new(customers::CustomersPort { facts }),
            gaps: Arc::new(gaps::GapsPort { store: self.store.clone(), clock: Arc::clone(&self.clock) }),
            webhooks: Arc::new(webhooks::WebhooksPort {
                store: self.store.clone(),
                clock: Arc::clone(&self.clock),
                allow_private: self.config.webhooks.allow_private,
            }),
            health: Arc::new(health::HealthPort {
                conversations: self.conversations.clone(),
                knowledge: Arc::clone(&self.knowledge),
                rules: Arc::clone(&self.rules),
            }),
        };
        let state = AppState::new(ports, self.door_settings(demo));
        self.test_clock.iter().fold(state, |state, clock| state.with_test_clock(Arc::clone(clock)))
    }

    /// Stores records and shows them to searches, as the doors for facts do.
    ///
    /// # Errors
    /// If the store or the index fails.
    pub async fn take_records(&self, staff: &StaffScope, records: Vec<Record>) -> anyhow::Result<()> {
        self.facts_port()
            .write(staff, records)
            .await
            .map_err(|error| anyhow::anyhow!("the records cannot be taken: {error}"))?;
        Ok(())
    }

    fn facts_port(&self) -> facts::FactsPort {
        facts::FactsPort {
            store: self.store.clone(),
            knowledge: Arc::clone(&self.knowledge),
            clock: Arc::clone(&self.clock),
            writing: tokio::sync::Mutex::new(()),
        }
    }

    fn door_settings(&self, demo: Option<DemoPage>) -> DoorSettings {
        let defaults = DoorSettings::default();
        let services = self.conversations.services();
        DoorSettings {
            shop_name: services.rules.load().pack.voice.shop.clone(),
            zone: services.clock.now().zoned().time_zone().clone(),
            served_model: services.model.name().to_owned(),
            allowed_origins: self.config.server.origins.clone(),
            shutdown_grace: Duration::from_secs(self.config.server.shutdown_seconds),
            limits: crate::http::limits::LimitSettings {
                per_person_a_minute: self.config.limits.messages_per_minute,
                events_a_minute: self.config.limits.events_per_minute,
                per_address_a_minute: self.config.limits.requests_per_minute,
            },
            secure_cookie: self.config.server.secure_cookie,
            demo,
            ..defaults
        }
    }

    /// Serves until `shutdown` completes, then lets running turns finish and closes the store.
    ///
    /// # Errors
    /// If the listener fails.
    pub async fn serve(
        self,
        listener: TcpListener,
        state: AppState,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> anyhow::Result<()> {
        let refresh = tokio::spawn(keep_fresh(Arc::clone(&self.knowledge), self.store.clone()));
        let rules = Arc::clone(&self.rules);
        let pack = tokio::spawn(async move { rules.keep_fresh().await });
        self.conversations.services().at_desk.doors_open();
        let lanes = promises::Lanes::start(self.worker.clone());
        let staff = self.worker.staff.clone();
        let telling =
            webhooks::Lane::start(self.store.clone(), &self.config.webhooks, Arc::clone(&self.clock), staff)?;
        let result = crate::http::serve(listener, state, shutdown).await;
        refresh.abort();
        pack.abort();
        drop((lanes, telling));
        let grace = Duration::from_secs(self.config.server.shutdown_seconds);
        if tokio::time::timeout(grace, self.conversations.finish()).await.is_err() {
            tracing::warn!("some turns were still running; their messages are answered after the next start");
        }
        self.store.close().await;
        result.map_err(Into::into)
    }
}

/// The first key, if it is made now, and the secret with which the shop signs its customers.
async fn secrets(
    store: &Store,
    shop: &ShopId,
    (admin_key, customer_secret): (Option<SecretString>, Option<SecretString>),
    now: &Now,
) -> anyhow::Result<(Option<NewKey>, ShopSecret)> {
    let given = admin_key.as_ref().map(secrecy::ExposeSecret::expose_secret);
    let new_key = store.ensure_admin_key(shop, given, now).await?;
    Ok((new_key, store.shop_secret(shop, customer_secret, now).await?))
}

/// Goes on with what the last stop left open. One server has the folder: what an earlier one was doing when it ended is done
/// by this one.
async fn resume(
    conversations: &Conversations,
    system: Option<ShopActions>,
    shop: &ShopId,
) -> anyhow::Result<Worker> {
    let staff = staff(shop);
    conversations.settle_interrupted(&staff).await?;
    conversations.services().store.free_leases(&staff).await?;
    conversations.services().store.sweep_pictures(&staff).await?;
    Ok(Worker { conversations: conversations.clone(), system, staff })
}

/// Embeds in the background, beginning with everything that has no vectors yet.
async fn embed(knowledge: &Arc<Knowledge>, store: &Store, shop: &ShopId) -> anyhow::Result<vectors::Lane> {
    let lane = vectors::Lane::start(Arc::clone(knowledge));
    vectors::want_missing(knowledge, store, shop).await?;
    Ok(lane)
}

/// The index of a data folder, with every change the store took after it was built.
async fn open_knowledge(
    data: &std::path::Path,
    store: &Store,
    embedder: Option<Arc<dyn Embedder>>,
) -> anyhow::Result<Knowledge> {
    let analyzer = analyzer(data)?;
    let knowledge = Knowledge::open_or_empty(data, analyzer)?.with_embedder(embedder)?;
    let shop = ShopId::default();
    facts::catch_up(&knowledge, store, &shop).await?;
    Ok(knowledge)
}

/// The analyzer with the shop's own dictionaries, if DATA/dictionaries is there.
///
/// # Errors
/// With file and line, if a dictionary has a bad line.
pub fn analyzer(data: &std::path::Path) -> anyhow::Result<Analyzer> {
    let own = data.join("dictionaries");
    let dictionaries = Dictionaries::load(own.is_dir().then_some(own.as_path()))?;
    Ok(Analyzer::new(&dictionaries))
}

/// Picks up generations that another process has built.
async fn keep_fresh(knowledge: Arc<Knowledge>, store: Store) {
    loop {
        tokio::time::sleep(REFRESH).await;
        let fresh = Arc::clone(&knowledge);
        match tokio::task::spawn_blocking(move || fresh.refresh()).await {
            Ok(Ok(Some(manifest))) => {
                tracing::info!(generation = %manifest.id, "a new index is in use");
                // It may have been built without the embedder.
                if let Err(error) = vectors::want_missing(&knowledge, &store, &ShopId::default()).await {
                    tracing::error!(%error, "what has no vectors could not be found out");
                }
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => {
                tracing::error!(error = %error, "a new index cannot be used; the old one stays")
            }
            Err(error) => tracing::error!(error = %error, "the index could not be looked at"),
        }
    }
}

fn staff(shop: &ShopId) -> StaffScope {
    StaffScope { shop: shop.clone(), actor: "assistant".to_owned() }
}

fn limits(config: &Config) -> Limits {
    let model = &config.model;
    let sampling = if model.temperature > 0.0 {
        Sampling::Seeded { seed: model.seed, temperature: model.temperature, top_p: model.top_p }
    } else {
        Sampling::Greedy
    };
    Limits {
        prompt_tokens: model.prompt_tokens,
        answer_tokens: model.answer_tokens,
        deadline: Duration::from_secs(model.deadline_seconds),
        sampling,
    }
}
