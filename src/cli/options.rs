//! Options that every command shares, and how they and the environment are laid over the settings file.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use crate::app::PackPlace;
use crate::config::Config;
use crate::model::CacheEnvironment;
use crate::pack::load::PackSource;
use crate::pack::types::Pack;

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub struct GlobalOptions {
    /// The folder with conversations, facts and the index
    #[arg(long, global = true, env = "WARMDESK_DATA", default_value = "data", value_name = "DIR")]
    pub data: PathBuf,
    /// The settings file; without it ./warmdesk.toml is read if it is there
    #[arg(long, global = true, env = "WARMDESK_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The folder with the packs; without it DATA/prompts, ./prompts, and the pack inside the program
    #[arg(long, global = true, env = "WARMDESK_PROMPTS", value_name = "DIR")]
    pub prompts: Option<PathBuf>,
    /// What is logged, as in `info` or `warmdesk=debug`
    #[arg(long, global = true, env = "WARMDESK_LOG", value_name = "LEVEL")]
    pub log: Option<String>,
    /// `text` or `json`
    #[arg(long, global = true, env = "WARMDESK_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<String>,
}

impl GlobalOptions {
    /// The settings with flags and variables laid over the file.
    ///
    /// # Errors
    /// With file, line and field, if the file is bad.
    pub fn settings(&self) -> anyhow::Result<Config> {
        let beside = Path::new("warmdesk.toml");
        let mut config = match &self.config {
            Some(path) => Config::read(path)?,
            None if beside.is_file() => Config::read(beside)?,
            None => Config::default(),
        };
        if let Some(level) = &self.log {
            config.log.level.clone_from(level);
        }
        if let Some(format) = &self.log_format {
            config.log.format.clone_from(format);
        }
        config.check()?;
        Ok(config)
    }

    /// Where the pack is found: the flag, DATA/prompts, ./prompts, the embedded copy.
    pub fn pack_source(&self) -> PackSource {
        match &self.prompts {
            Some(folder) => PackSource::Folder(folder.clone()),
            None => PackSource::First(vec![self.data.join("prompts"), PathBuf::from("prompts")]),
        }
    }

    /// Where the pack in force is read from, again whenever it changes.
    pub fn pack_place(&self, config: &Config) -> PackPlace {
        PackPlace::new(self.pack_source(), config)
    }

    /// Loads the pack in force, with the names that the settings give.
    ///
    /// # Errors
    /// With file, line and reason of every fault.
    pub fn pack(&self, config: &Config) -> anyhow::Result<Arc<Pack>> {
        Ok(Arc::new(self.pack_place(config).load()?.pack))
    }
}

/// What the environment says about weights.
pub fn cache_environment() -> CacheEnvironment {
    CacheEnvironment::from_lookup(|name| std::env::var(name).ok())
}

/// A variable that is set and not empty.
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
