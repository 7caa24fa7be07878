//! Which pack is in force? Holds it, and replaces it by a changed one only if that one has no errors.

use std::sync::Arc;

use arc_swap::ArcSwap;

use super::files::PackSource;
use super::load;
use super::problem::{PackError, Problem};
use crate::pack::types::Pack;

/// The pack in force. A turn takes it once, at its beginning, and keeps it to its end.
#[derive(Debug)]
pub struct PackHandle {
    source: PackSource,
    language: String,
    present: ArcSwap<Pack>,
}

/// A reload that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reloaded {
    /// The version that is in force now.
    pub version: String,
    /// Whether it differs from the one before.
    pub changed: bool,
    /// What somebody should look at.
    pub warnings: Vec<Problem>,
}

impl PackHandle {
    /// Loads a pack for the first time.
    ///
    /// # Errors
    /// [`PackError`] if it cannot be read or has errors.
    pub fn open(source: PackSource, language: &str) -> Result<(Self, Vec<Problem>), PackError> {
        let loaded = load(&source.files(language)?)?;
        let present = ArcSwap::from_pointee(loaded.pack);
        Ok((Self { source, language: language.to_owned(), present }, loaded.warnings))
    }

    /// A pack that was made elsewhere; `reload` reads the embedded one of its language.
    pub fn of(pack: Pack) -> Self {
        let language = pack.language.clone();
        Self { source: PackSource::Embedded, language, present: ArcSwap::from_pointee(pack) }
    }

    /// The pack in force.
    pub fn get(&self) -> Arc<Pack> {
        self.present.load_full()
    }

    /// Reads the files again and puts the pack in force if it has no errors.
    ///
    /// # Errors
    /// [`PackError`]; the pack that was in force stays in force.
    pub fn reload(&self) -> Result<Reloaded, PackError> {
        let loaded = load(&self.source.files(&self.language)?)?;
        let version = loaded.pack.version.clone();
        let changed = self.present.load().version != version;
        if changed {
            self.present.store(Arc::new(loaded.pack));
        }
        Ok(Reloaded { version, changed, warnings: loaded.warnings })
    }
}
