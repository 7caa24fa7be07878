//! The options of `warmdesk bench --events`.

use clap::Args;

/// What is reported, and in which pieces.
#[derive(Debug, Clone, Args)]
pub struct EventsOptions {
    /// Report so many events of a shop a second, for --duration, and measure how they are taken and how soon a pop-up comes.
    #[arg(long, value_name = "EVENTS_PER_SECOND",
        conflicts_with_all = ["questions", "profile", "rate", "requests", "conversations", "repeat", "index"])]
    pub events: Option<f64>,
    /// How many events a list has, as a shop's system sends them: at most 1000.
    #[arg(long, value_name = "EVENTS", default_value_t = 100, requires = "events")]
    pub list: usize,
    /// The share of the events that come one by one, as pages and small systems send them.
    #[arg(long, value_name = "SHARE", default_value_t = 0.02, requires = "events")]
    pub single_share: f64,
    /// How many systems report at the same time.
    #[arg(long, value_name = "POSTERS", default_value_t = 8, requires = "events")]
    pub posters: usize,
    /// How many customers the events are about.
    #[arg(long, value_name = "CUSTOMERS", default_value_t = 50_000, requires = "events")]
    pub customers: usize,
    /// How often a pop-up is brought about, on the idle server and again while events are reported.
    #[arg(long, value_name = "POPUPS", default_value_t = 50, requires = "events")]
    pub popups: usize,
    /// A product that events are about, in stock; may be given several times. Embedded: those of the sample shop.
    #[arg(long = "product", value_name = "ID", requires = "events")]
    pub products: Vec<String>,
}
