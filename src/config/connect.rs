//! Settings of the shop's other systems. Secrets are no settings: they come from the environment or from files of their
//! own.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::ConfigError;
use crate::connect::OUTSIDE_KINDS;
use crate::record::RecordKind;

/// The shop's other systems.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectConfig {
    /// Where orders are looked up.
    pub orders: OrdersConfig,
    /// Where actions are executed.
    pub actions: ActionsConfig,
}

/// Where orders are looked up at the moment of a question, for a shop that keeps them in another system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OrdersConfig {
    /// The address of the system. `{customer}` and `{shop}` in its path or query are filled in. Default: none, orders
    /// are kept here.
    pub url: Option<String>,
    /// A file with the bearer token, if the system wants one. Default: none.
    pub token_file: Option<PathBuf>,
    /// A file with the secret under which look-ups are signed. Default: none.
    pub secret_file: Option<PathBuf>,
    /// What is kept there: of `order`, `aftersale`, `coupon`. The rest stays here. Default: all three.
    pub kinds: Vec<RecordKind>,
    /// Milliseconds that a look-up may take. Default: `1000`.
    pub timeout_milliseconds: u64,
    /// Seconds for which an answer is used again; `0` asks every time. Default: `10`.
    pub cache_seconds: u64,
    /// Look-ups that run at once. Default: `8`.
    pub max_parallel: usize,
    /// Failures in a row after which the system is left alone. Default: `5`.
    pub failures: u32,
    /// Seconds for which it is then left alone. Default: `15`.
    pub pause_seconds: u64,
}

impl Default for OrdersConfig {
    fn default() -> Self {
        Self {
            url: None,
            token_file: None,
            secret_file: None,
            kinds: OUTSIDE_KINDS.to_vec(),
            timeout_milliseconds: 1000,
            cache_seconds: 10,
            max_parallel: 8,
            failures: 5,
            pause_seconds: 15,
        }
    }
}

impl OrdersConfig {
    /// Checks what types alone cannot; a look-up has to end inside a turn's deadline.
    ///
    /// # Errors
    /// With the first field that makes no sense.
    pub(super) fn check(&self, deadline_seconds: u64) -> Result<(), ConfigError> {
        let refuse = |field, value: String, hint| Err(ConfigError::Value { field, value, hint });
        if !(1..deadline_seconds.saturating_mul(1000)).contains(&self.timeout_milliseconds) {
            let hint = "more than 0, less than `model.deadline_seconds`";
            return refuse(
                "connect.orders.timeout_milliseconds",
                self.timeout_milliseconds.to_string(),
                hint,
            );
        }
        if self.max_parallel == 0 || self.failures == 0 {
            let value = format!("{}/{}", self.max_parallel, self.failures);
            return refuse("connect.orders.max_parallel", value, "at least 1, and so are `failures`");
        }
        let other = self.kinds.iter().find(|kind| !OUTSIDE_KINDS.contains(kind));
        if let Some(other) = other {
            return refuse("connect.orders.kinds", other.to_string(), "of `order`, `aftersale`, `coupon`");
        }
        if self.kinds.is_empty() {
            return refuse(
                "connect.orders.kinds",
                String::new(),
                "at least one; without `url` nothing is looked up",
            );
        }
        Ok(())
    }
}

/// Where actions are executed: tracing a parcel, reminding the warehouse. Without it people do them by tickets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ActionsConfig {
    /// The address of the system. Default: none, people execute actions.
    pub url: Option<String>,
    /// A file with the bearer token, if the system wants one. Default: none.
    pub token_file: Option<PathBuf>,
    /// A file with the secret under which actions are signed. Default: none.
    pub secret_file: Option<PathBuf>,
    /// Milliseconds that one attempt may take. Default: `10000`.
    pub timeout_milliseconds: u64,
    /// Attempts after which a person is asked instead. Default: `6`.
    pub most_attempts: u32,
    /// Seconds from the first failed attempt to the next; each pause is twice as long, up to ten minutes. Default: `10`.
    pub first_pause_seconds: u64,
    /// Failures in a row after which the system is left alone. Default: `5`.
    pub failures: u32,
    /// Seconds for which it is then left alone. Default: `30`.
    pub pause_seconds: u64,
}

impl Default for ActionsConfig {
    fn default() -> Self {
        Self {
            url: None,
            token_file: None,
            secret_file: None,
            timeout_milliseconds: 10_000,
            most_attempts: 6,
            first_pause_seconds: 10,
            failures: 5,
            pause_seconds: 30,
        }
    }
}

impl ActionsConfig {
    /// Checks what types alone cannot.
    ///
    /// # Errors
    /// With the first field that makes no sense.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let refuse =
            |field, value: u64, hint| Err(ConfigError::Value { field, value: value.to_string(), hint });
        if !(1..=120_000).contains(&self.timeout_milliseconds) {
            let hint = "1 millisecond to 2 minutes";
            return refuse("connect.actions.timeout_milliseconds", self.timeout_milliseconds, hint);
        }
        if !(1..=50).contains(&self.most_attempts) {
            return refuse("connect.actions.most_attempts", self.most_attempts.into(), "1 to 50");
        }
        if !(1..=600).contains(&self.first_pause_seconds) {
            let hint = "1 second to 10 minutes";
            return refuse("connect.actions.first_pause_seconds", self.first_pause_seconds, hint);
        }
        if self.failures == 0 {
            return refuse("connect.actions.failures", 0, "at least 1");
        }
        Ok(())
    }
}

/// Other systems that are told what happens. Which ones there are is set up at `/api/v1/webhooks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Whether they may be on this machine or in a private network, as systems of an intranet are. Default: `false`.
    pub allow_private: bool,
    /// Seconds that one attempt may take. Default: `10`.
    pub timeout_seconds: u64,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self { allow_private: false, timeout_seconds: 10 }
    }
}

impl WebhooksConfig {
    /// Checks what types alone cannot.
    ///
    /// # Errors
    /// If an attempt may take no time, or more than a minute.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if (1..=60).contains(&self.timeout_seconds) {
            return Ok(());
        }
        Err(ConfigError::Value {
            field: "webhooks.timeout_seconds",
            value: self.timeout_seconds.to_string(),
            hint: "1 to 60 seconds",
        })
    }
}
