//! Settings: one file, checked, with every default written down in `warmdesk.example.toml`.
//!
//! A flag beats its variable, which beats the file, which beats the default; the first two are the business of
//! `cli`, this module only knows the file. A test keeps the example equal to the defaults.

mod connect;
mod desk;

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

pub use connect::{ActionsConfig, ConnectConfig, OrdersConfig, WebhooksConfig};

use crate::conversation::PromiseTimes;
use crate::desk::hours::BusinessHours;
use crate::pictures::PictureLimits;
use crate::store::ProofLimits;
pub use desk::DeskConfig;

/// Everything that can be set.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The shop.
    pub shop: ShopConfig,
    /// The HTTP server.
    pub server: ServerConfig,
    /// The model.
    pub model: ModelConfig,
    /// The desk.
    pub desk: DeskConfig,
    /// How promises are kept.
    pub promises: PromisesConfig,
    /// The shop's other systems.
    pub connect: ConnectConfig,
    /// Other systems that are told what happens.
    pub webhooks: WebhooksConfig,
    /// Limits against abuse.
    pub limits: LimitsConfig,
    /// Orders for customers who have not signed in.
    pub proof: ProofConfig,
    /// Logs.
    pub log: LogConfig,
}

/// The shop.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ShopConfig {
    /// Which pack is in force: `zh-CN` or `en`. Default: `zh-CN`.
    pub language: String,
    /// The shop's time zone by its IANA name. Times without zone are read in it. Default: `Asia/Shanghai`.
    pub timezone: String,
    /// The shop's name as customers read it. Default: the pack's.
    pub name: Option<String>,
    /// The assistant's name as customers read it. Default: the pack's.
    pub assistant: Option<String>,
}

impl Default for ShopConfig {
    fn default() -> Self {
        Self { language: "zh-CN".into(), timezone: "Asia/Shanghai".into(), name: None, assistant: None }
    }
}

/// The HTTP server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerConfig {
    /// The address to listen on. Default: `127.0.0.1`, which only this machine reaches.
    pub host: String,
    /// The port. Default: `8080`; `0` takes a free one.
    pub port: u16,
    /// Origins whose pages may use the widget, as in `https://shop.example`. Default: none but the server's own.
    pub origins: Vec<String>,
    /// Seconds that running turns get to finish when the server is told to stop. Default: `20`.
    pub shutdown_seconds: u64,
    /// Whether browsers send the cookie of signed-in staff over HTTPS only. Default: yes, unless the desk was opened over
    /// plain HTTP at `localhost` or a loopback address. Say `false` for plain HTTP within a trusted network.
    pub secure_cookie: Option<bool>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            host: "127.0.0.1".into(),
            port: 8080,
            origins: Vec::new(),
            shutdown_seconds: 20,
            secure_cookie: None,
        }
    }
}

/// The model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelConfig {
    /// A card's name, the path of a GGUF file, or `none`. Default: the default card.
    pub name: Option<String>,
    /// Where it computes: `cpu`, `cuda`, `cuda:1`, `metal`. Default: `cpu`.
    pub device: String,
    /// Tokens of a prompt at most. Default: `450`.
    pub prompt_tokens: usize,
    /// Tokens of an answer at most. Default: `80`.
    pub answer_tokens: usize,
    /// Seconds from the door to the end of a reply. Default: `30`.
    pub deadline_seconds: u64,
    /// Generations that may wait for the engine; beyond it turns go on by wording and evidence. Default: `4`.
    pub queue: usize,
    /// How freely words are chosen, from 0 (always the likeliest) to 1. Default: `0`.
    pub temperature: f64,
    /// The likeliest tokens that together have this probability are considered. Default: `0.9`.
    pub top_p: f64,
    /// The seed of the choice, so that a reply can be repeated. Default: `1`.
    pub seed: u64,
    /// The base address of an OpenAI-compatible server to use instead of a model in the process. Default: none.
    pub remote_url: Option<String>,
    /// The name of the model on that server. Default: none.
    pub remote_model: Option<String>,
}

impl Default for ModelConfig {
    fn default() -> Self {
        Self {
            name: None,
            device: "cpu".into(),
            prompt_tokens: 450,
            answer_tokens: 80,
            deadline_seconds: 30,
            queue: 4,
            temperature: 0.0,
            top_p: 0.9,
            seed: 1,
            remote_url: None,
            remote_model: None,
        }
    }
}

/// How promises are kept: when whoever owes one is reminded, and when the word comes that was put off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PromisesConfig {
    /// Minutes before its time at which whoever owes a promise is reminded; `0` reminds nobody. Default: `30`.
    pub remind_minutes: u32,
    /// Within how many business minutes the word comes that could not be given in time. It is said to customers, so it
    /// has to be kept. Default: `120`.
    pub put_off_minutes: u32,
}

impl Default for PromisesConfig {
    fn default() -> Self {
        Self { remind_minutes: 30, put_off_minutes: 120 }
    }
}

impl PromisesConfig {
    /// The times.
    pub fn times(&self) -> PromiseTimes {
        PromiseTimes {
            remind_before: SignedDuration::from_mins(self.remind_minutes.into()),
            put_off_minutes: self.put_off_minutes,
        }
    }
}

impl Config {
    /// The shop's time zone.
    ///
    /// # Errors
    /// If it has no such name.
    pub fn zone(&self) -> Result<TimeZone, ConfigError> {
        TimeZone::get(&self.shop.timezone).map_err(|_| ConfigError::Value {
            field: "shop.timezone",
            value: self.shop.timezone.clone(),
            hint: "an IANA name such as `Asia/Shanghai`",
        })
    }

    /// When people work.
    ///
    /// # Errors
    /// With the first value that cannot be read.
    pub fn business_hours(&self) -> Result<BusinessHours, ConfigError> {
        BusinessHours::new(self.zone()?, &self.desk.hours, &self.desk.holidays)
            .map_err(|error| ConfigError::Hours(error.to_string()))
    }
}

/// Limits against abuse. They protect the machine; a shop's busy day stays far below them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LimitsConfig {
    /// Messages a minute of one customer or visitor. Default: `60`.
    pub messages_per_minute: u32,
    /// Events a minute that the browser of one customer or visitor may report; `0` switches the limit off. Default: `240`.
    pub events_per_minute: u32,
    /// Requests a minute from one address. Default: `600`.
    pub requests_per_minute: u32,
    /// Pictures an hour of one customer or visitor. Default: `30`.
    pub pictures_per_hour: u32,
    /// Megabytes of pictures within a day of one customer or visitor. Default: `60`.
    pub picture_megabytes_per_day: u32,
    /// Megabytes of pictures within a day of all customers together: what the disk can lose to them. Default: `2000`.
    pub all_picture_megabytes_per_day: u32,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            messages_per_minute: 60,
            events_per_minute: 240,
            requests_per_minute: 600,
            pictures_per_hour: 30,
            picture_megabytes_per_day: 60,
            all_picture_megabytes_per_day: 2000,
        }
    }
}

impl LimitsConfig {
    /// How many pictures are taken.
    pub fn of_pictures(&self) -> PictureLimits {
        let bytes = |megabytes: u32| u64::from(megabytes) * 1024 * 1024;
        PictureLimits {
            per_person_an_hour: self.pictures_per_hour,
            bytes_per_person_a_day: bytes(self.picture_megabytes_per_day),
            bytes_a_day: bytes(self.all_picture_megabytes_per_day),
        }
    }
}

/// How customers who have not signed in open an order: by its number and the last four digits of its phone, that one
/// order in that one conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProofConfig {
    /// Whether they may. Without it orders are shown only to those who sign in. Default: `true`.
    pub enabled: bool,
    /// Wrong tries of one visitor after which nothing more is compared. Default: `5`.
    pub wrong_per_visitor: u32,
    /// Wrong tries from one address, behind which a whole office may sit. Default: `20`.
    pub wrong_per_address: u32,
    /// Wrong tries for one order number, whoever tries. Default: `5`.
    pub wrong_per_order: u32,
    /// Hours without a wrong try after which the count begins anew. Default: `24`.
    pub lock_hours: u32,
    /// Hours for which an order stays open in its conversation; it closes earlier when people close the conversation.
    /// Default: `24`.
    pub open_hours: u32,
}

impl Default for ProofConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            wrong_per_visitor: 5,
            wrong_per_address: 20,
            wrong_per_order: 5,
            lock_hours: 24,
            open_hours: 24,
        }
    }
}

impl ProofConfig {
    /// What the store is to keep to; none if nobody may prove an order.
    pub fn limits(&self) -> Option<ProofLimits> {
        self.enabled.then_some(ProofLimits {
            wrong_per_visitor: self.wrong_per_visitor,
            wrong_per_address: self.wrong_per_address,
            wrong_per_order: self.wrong_per_order,
            lock_hours: self.lock_hours,
            open_hours: self.open_hours,
        })
    }

    /// The first number that makes no sense. Four digits are guessed in a few thousand tries, so no more than a hundred
    /// may be wrong.
    fn wrong_number(&self) -> Option<(&'static str, u32)> {
        let tries = [
            ("proof.wrong_per_visitor", self.wrong_per_visitor),
            ("proof.wrong_per_address", self.wrong_per_address),
            ("proof.wrong_per_order", self.wrong_per_order),
        ];
        let hours = [("proof.lock_hours", self.lock_hours), ("proof.open_hours", self.open_hours)];
        let tries = tries.into_iter().find(|(_, number)| !(1..=100).contains(number));
        tries.or_else(|| hours.into_iter().find(|(_, number)| !(1..=24 * 365).contains(number)))
    }
}

/// Logs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LogConfig {
    /// What is logged, as in `info` or `warmdesk=debug`. Customers' words never appear above `debug`. Default: `info`.
    pub level: String,
    /// `text` or `json`. Default: `text`.
    pub format: String,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".into(), format: "text".into() }
    }
}

/// A settings file was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It cannot be read.
    #[error("cannot read the settings file {path}: {message}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        message: String,
    },
    /// It is no valid TOML, or names something that cannot be set. The message shows line and column.
    #[error("the settings file {path} is not valid: {message}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong and where.
        message: String,
    },
    /// The desk's hours make no sense.
    #[error("the settings `desk.hours` or `desk.holidays` are not valid: {0}")]
    Hours(String),
    /// A value makes no sense.
    #[error("the setting `{field}` = `{value}` is not valid: {hint}")]
    Value {
        /// Its name.
        field: &'static str,
        /// Its value.
        value: String,
        /// What would be.
        hint: &'static str,
    },
}

impl Config {
    /// Reads a settings file.
    ///
    /// # Errors
    /// With file, line and field, if it cannot be read or makes no sense.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::Unreadable { path: path.to_owned(), message: error.to_string() })?;
        let config: Self = toml::from_str(&text)
            .map_err(|error| ConfigError::Invalid { path: path.to_owned(), message: error.to_string() })?;
        config.check()?;
        Ok(config)
    }

    /// Checks what types alone cannot.
    ///
    /// # Errors
    /// With the first field that makes no sense.
    pub fn check(&self) -> Result<(), ConfigError> {
        let refuse =
            |field, value: &str, hint| Err(ConfigError::Value { field, value: value.to_owned(), hint });
        if !["zh-CN", "en"].contains(&self.shop.language.as_str()) {
            return refuse("shop.language", &self.shop.language, "`zh-CN` or `en`");
        }
        self.business_hours()?;
        if let Some((field, number)) = self.desk.wrong_number() {
            return refuse(field, &number.to_string(), "at most 44640, a month in minutes");
        }
        if let Some((field, number)) = self.desk.wrong_seconds() {
            return refuse(field, &number.to_string(), "0, or from 10 seconds to a day, 86400");
        }
        if let Some((field, number)) = self.proof.wrong_number() {
            return refuse(field, &number.to_string(), "1 to 100 wrong tries, 1 hour to a year");
        }
        if !["text", "json"].contains(&self.log.format.as_str()) {
            return refuse("log.format", &self.log.format, "`text` or `json`");
        }
        if !(0.0..=1.0).contains(&self.model.temperature) {
            return refuse("model.temperature", &self.model.temperature.to_string(), "from 0 to 1");
        }
        if !(self.model.top_p > 0.0 && self.model.top_p <= 1.0) {
            return refuse("model.top_p", &self.model.top_p.to_string(), "more than 0, at most 1");
        }
        if self.model.remote_url.is_some() != self.model.remote_model.is_some() {
            return refuse("model.remote_url", "", "set `remote_url` and `remote_model` together");
        }
        self.connect.orders.check(self.model.deadline_seconds)?;
        self.connect.actions.check()?;
        self.webhooks.check()?;
        if !(1..=60 * 24 * 7).contains(&self.promises.put_off_minutes) {
            let value = self.promises.put_off_minutes.to_string();
            return refuse("promises.put_off_minutes", &value, "1 minute to a week");
        }
        if self.model.prompt_tokens < 100 || self.model.answer_tokens == 0 || self.model.deadline_seconds == 0
        {
            let value = format!("{}/{}", self.model.prompt_tokens, self.model.answer_tokens);
            return refuse(
                "model.prompt_tokens",
                &value,
                "at least 100 prompt tokens, 1 answer token and 1 second",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
