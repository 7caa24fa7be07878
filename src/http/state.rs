//! What every handler can reach: the services, the settings of the doors, the limits.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio_util::sync::CancellationToken;

use super::limits::{LimitSettings, Limits};
use super::ports::{Ports, ShopSystemPort};
use crate::identity::ShopId;
use crate::time::TestClock;
use crate::web::DemoPage;

/// How the doors behave. Everything has a default that suits one shop on one machine.
#[derive(Debug, Clone)]
pub struct DoorSettings {
    /// The shop that is served; default `default`.
    pub shop: ShopId,
    /// The shop's name on the pages.
    pub shop_name: String,
    /// The shop's time zone, in which times are shown; default Asia/Shanghai.
    pub zone: TimeZone,
    /// The name of the model at the OpenAI-compatible door; default `warmdesk`.
    pub served_model: String,
    /// Origins of the shop's pages that carry the widget, as in `https://shop.example`. Default none: only pages of
    /// this server may use the doors from a browser.
    pub allowed_origins: Vec<String>,
    /// The largest body, in bytes; default 1 MB.
    pub body_limit: usize,
    /// The largest import, in bytes; default 64 MB.
    pub import_limit: usize,
    /// How long an answer may take to begin; default 60 s, twice the deadline of a turn.
    pub request_timeout: Duration,
    /// How long an import may take; default 15 min.
    pub import_timeout: Duration,
    /// How long open answers may go on after shutdown began; default 35 s.
    pub shutdown_grace: Duration,
    /// Whether `X-Forwarded-For` names the caller's address. Only behind a proxy that sets it; default no.
    pub trust_forwarded_for: bool,
    /// Whether the cookie of signed-in staff is for HTTPS only; by default unless the browser asked this very machine
    /// over plain HTTP.
    pub secure_cookie: Option<bool>,
    /// How much one caller may ask.
    pub limits: LimitSettings,
    /// The demo's customers and examples; none outside `warmdesk demo`.
    pub demo: Option<DemoPage>,
}

impl Default for DoorSettings {
    fn default() -> Self {
        Self {
            shop: ShopId::default(),
            shop_name: "Warmdesk".to_owned(),
            zone: TimeZone::get("Asia/Shanghai").unwrap_or_else(|_| TimeZone::fixed(jiff::tz::offset(8))),
            served_model: "warmdesk".to_owned(),
            allowed_origins: Vec::new(),
            body_limit: 1024 * 1024,
            import_limit: 64 * 1024 * 1024,
            request_timeout: Duration::from_secs(60),
            import_timeout: Duration::from_secs(15 * 60),
            shutdown_grace: Duration::from_secs(35),
            trust_forwarded_for: false,
            secure_cookie: None,
            limits: LimitSettings::default(),
            demo: None,
        }
    }
}

/// What every handler can reach. Cloning is cheap.
#[derive(Clone)]
pub struct AppState {
    /// The services.
    pub ports: Ports,
    /// The settings.
    pub settings: Arc<DoorSettings>,
    /// The limits.
    pub limits: Arc<Limits>,
    /// Renders the metrics; none where metrics are not installed.
    pub metrics: Option<PrometheusHandle>,
    /// The clock to be set from outside; only with `--test-clock`.
    pub test_clock: Option<Arc<TestClock>>,
    /// The example of a shop's own system; only in the demo.
    pub shop_system: Option<Arc<dyn ShopSystemPort>>,
    /// Ends the streams that would otherwise never end.
    pub shutdown: CancellationToken,
}

impl AppState {
    /// Puts services and settings together.
    pub fn new(ports: Ports, settings: DoorSettings) -> Self {
        Self {
            ports,
            limits: Arc::new(Limits::new(settings.limits)),
            settings: Arc::new(settings),
            metrics: None,
            test_clock: None,
            shop_system: None,
            shutdown: CancellationToken::new(),
        }
    }

    /// With metrics.
    #[must_use]
    pub fn with_metrics(mut self, handle: PrometheusHandle) -> Self {
        self.metrics = Some(handle);
        self
    }

    /// With the example of a shop's own system, for the demo page.
    #[must_use]
    pub fn with_shop_system(mut self, system: Arc<dyn ShopSystemPort>) -> Self {
        self.shop_system = Some(system);
        self
    }

    /// With a clock that can be set from outside.
    #[must_use]
    pub fn with_test_clock(mut self, clock: Arc<TestClock>) -> Self {
        self.test_clock = Some(clock);
        self
    }
}
