//! Which rules are in force? Holds them, looks whether the pack's files have changed, and replaces the rules by those
//! of a changed pack only if it has no errors. A turn takes the rules once, at its beginning, and keeps them.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use jiff::Timestamp;

use crate::config::Config;
use crate::pack::load::{Loaded, PackError, PackSource, Problem, load};
use crate::pack::types::Pack;
use crate::time::Clock;
use crate::turn::Rules;

/// How often the files are looked at. They are read when they have not changed between two looks, so that a pack which
/// is just being copied is not taken for a broken one.
const LOOK: Duration = Duration::from_millis(250);

/// Where the pack is found, in which language, and the names that the settings give.
#[derive(Debug, Clone)]
pub struct PackPlace {
    source: PackSource,
    language: String,
    shop: Option<String>,
    assistant: Option<String>,
}

impl PackPlace {
    /// The pack of the settings' language in a source.
    pub fn new(source: PackSource, config: &Config) -> Self {
        Self {
            source,
            language: config.shop.language.clone(),
            shop: config.shop.name.clone(),
            assistant: config.shop.assistant.clone(),
        }
    }

    /// Reads the pack, and gives it the names of the settings.
    ///
    /// # Errors
    /// [`PackError`] if it cannot be read or has errors.
    pub fn load(&self) -> Result<Loaded, PackError> {
        let mut loaded = load(&self.source.files(&self.language)?)?;
        let voice = &mut loaded.pack.voice;
        voice.shop = self.shop.clone().unwrap_or_else(|| std::mem::take(&mut voice.shop));
        voice.assistant = self.assistant.clone().unwrap_or_else(|| std::mem::take(&mut voice.assistant));
        Ok(loaded)
    }
}

/// The rules in force.
pub struct LiveRules {
    rules: Arc<ArcSwap<Rules>>,
    /// Where a changed pack is read from; none for a pack that was made elsewhere.
    place: Option<PackPlace>,
    refused: Mutex<Option<Refused>>,
    /// One reading at a time, so that of two the later one wins.
    reading: tokio::sync::Mutex<()>,
    clock: Arc<dyn Clock>,
}

/// A changed pack that was not taken.
#[derive(Debug, Clone)]
pub struct Refused {
    /// When it was read.
    pub at: Timestamp,
    /// Why.
    pub error: PackError,
}

/// A reading of the files that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// The version that is in force now.
    pub version: String,
    /// Whether it differs from the one before.
    pub changed: bool,
    /// What somebody should look at.
    pub warnings: Vec<Problem>,
}

impl LiveRules {
    /// Puts a pack in force.
    pub fn new(pack: Arc<Pack>, place: Option<PackPlace>, clock: Arc<dyn Clock>) -> Self {
        Self {
            rules: Arc::new(ArcSwap::from_pointee(Rules::new(pack))),
            place,
            refused: Mutex::new(None),
            reading: tokio::sync::Mutex::new(()),
            clock,
        }
    }

    /// Where the rules in force are taken from.
    pub fn handle(&self) -> Arc<ArcSwap<Rules>> {
        Arc::clone(&self.rules)
    }

    /// The version of the pack in force.
    pub fn version(&self) -> String {
        self.rules.load().pack.version.clone()
    }

    /// The changed pack that was not taken, if the files are not those in force.
    pub fn refused(&self) -> Option<Refused> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reads the files again and puts the pack in force if it has no errors.
    ///
    /// # Errors
    /// [`PackError`]; the pack that was in force stays in force.
    pub async fn reload(&self) -> Result<Reloaded, PackError> {
        let _reading = self.reading.lock().await;
        let before = self.version();
        let Some(place) = self.place.clone() else {
            return Ok(Reloaded { version: before, changed: false, warnings: Vec::new() });
        };
        let in_force = before.clone();
        let read = tokio::task::spawn_blocking(move || {
            let Loaded { pack, warnings } = place.load()?;
            // Preparing a pack takes a moment; the same one is in force already.
            let changed = pack.version != in_force;
            Ok((changed.then(|| Arc::new(Rules::new(Arc::new(pack)))), warnings))
        });
        let failed = |error: tokio::task::JoinError| PackError::Read {
            file: "the pack".to_owned(),
            message: error.to_string(),
        };
        let outcome = read.await.map_err(failed).and_then(|read| read);
        self.note(outcome.as_ref().err());
        let (rules, warnings) = outcome?;
        let changed = rules.is_some();
        if let Some(rules) = rules {
            self.rules.store(rules);
            tracing::info!(pack = %self.version(), before = %before, warnings = warnings.len(), "a changed pack is in force");
        }
        Ok(Reloaded { version: self.version(), changed, warnings })
    }

    fn note(&self, error: Option<&PackError>) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(error) = error {
            tracing::error!(error = %error, in_force = %self.version(), "a changed pack is refused; the old one stays");
        }
        *refused = error.map(|error| Refused { at: self.clock.now().timestamp(), error: error.clone() });
    }

    /// Takes changed files up by itself, for as long as it is polled.
    pub async fn keep_fresh(&self) {
        let Some(place) = self.place.clone() else { return };
        let look = || {
            let place = place.clone();
            tokio::task::spawn_blocking(move || place.source.fingerprint(&place.language))
        };
        let mut taken = look().await.ok();
        let mut before = taken;
        // What changed between the first reading and the first look is not missed.
        let _ = self.reload().await;
        loop {
            tokio::time::sleep(LOOK).await;
            let now = look().await.ok();
            if now != taken && now == before {
                taken = now;
                // What is refused is logged and shown where readiness is asked for.
                let _ = self.reload().await;
            }
            before = now;
        }
    }
}
