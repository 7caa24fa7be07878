//! Where weights lie on this machine, and whether they are what they should be.
//!
//! Weights live in the user's cache, so that a second clone downloads nothing. Beside each file lies a small
//! record of its verified hash: start-up compares size and modification time with it instead of hashing a
//! gigabyte; `model verify` always hashes.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::UNIX_EPOCH,
};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::card::{ModelCard, ModelFile};

/// The environment's share in finding and fetching weights, read by the command line and passed in.
#[derive(Debug, Clone, Default)]
pub struct CacheEnvironment {
    /// `XDG_CACHE_HOME`: the folder of caches, `HOME/.cache` when absent.
    pub cache_home: Option<PathBuf>,
    /// `HOME`: the user's folder.
    pub home: Option<PathBuf>,
    /// `HF_HUB_CACHE`: the Hugging Face cache.
    pub hub_cache: Option<PathBuf>,
    /// `HF_HOME`: the folder with the Hugging Face cache and token.
    pub hub_home: Option<PathBuf>,
    /// `HF_ENDPOINT`: a mirror instead of the hub.
    pub hub_endpoint: Option<String>,
    /// `HF_TOKEN`: proves who asks the hub.
    pub hub_token: Option<SecretString>,
    /// `HF_HUB_OFFLINE`: the hub is not to be asked.
    pub hub_offline: bool,
    /// The Python whose pip fetches wheels; `python3` when absent.
    pub python: Option<PathBuf>,
}

impl CacheEnvironment {
    /// Builds it from a look-up of variables, such as `|name| std::env::var(name).ok()`. Empty values count as
    /// absent.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let value = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let path = |name: &str| value(name).map(PathBuf::from);
        let yes = |value: String| matches!(value.trim().to_lowercase().as_str(), "1" | "true" | "yes" | "on");
        Self {
            cache_home: path("XDG_CACHE_HOME").filter(|folder| folder.is_absolute()),
            home: path("HOME").or_else(|| path("USERPROFILE")),
            hub_cache: path("HF_HUB_CACHE"),
            hub_home: path("HF_HOME"),
            hub_endpoint: value("HF_ENDPOINT").map(|url| url.trim().trim_end_matches('/').to_owned()),
            hub_token: value("HF_TOKEN").map(|token| SecretString::from(token.trim().to_owned())),
            hub_offline: value("HF_HUB_OFFLINE").is_some_and(yes),
            python: path("WARMDESK_PYTHON"),
        }
    }

    /// The folder that holds a folder of weights for each model, if the environment names one.
    pub fn models_folder(&self) -> Option<PathBuf> {
        let cache = self.cache_home.clone().or_else(|| self.home.as_ref().map(|home| home.join(".cache")))?;
        Some(cache.join("warmdesk").join("models"))
    }

    /// The Hugging Face caches to look into, in order.
    pub(super) fn hub_caches(&self) -> Vec<PathBuf> {
        let home = self.home.as_ref().map(|home| home.join(".cache/huggingface/hub"));
        [self.hub_cache.clone(), self.hub_home.as_ref().map(|home| home.join("hub")), home]
            .into_iter()
            .flatten()
            .collect()
    }

    /// The file where `hf auth login` leaves a token.
    pub(super) fn hub_token_file(&self) -> Option<PathBuf> {
        let default = || self.home.as_ref().map(|home| home.join(".cache/huggingface"));
        Some(self.hub_home.clone().or_else(default)?.join("token"))
    }
}

/// Where a card's file lies, or would lie, in the user's cache.
pub(super) fn file_path(
    card: &ModelCard,
    file: &ModelFile,
    environment: &CacheEnvironment,
) -> Option<PathBuf> {
    Some(environment.models_folder()?.join(&card.name).join(&file.name))
}

/// Where a card's weights lie, or would lie, in the user's cache.
pub fn weights_path(card: &ModelCard, environment: &CacheEnvironment) -> Option<PathBuf> {
    file_path(card, card.weights()?, environment)
}

/// What a glance at a file tells, without hashing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FileStatus {
    /// There is none.
    Absent,
    /// Its hash was verified, and it has not been touched since.
    Verified,
    /// It is there, but its hash was not verified since it was last touched.
    Unchecked,
    /// It has another size than the card says.
    WrongSize {
        /// The card's size.
        expected: u64,
        /// The file's size.
        actual: u64,
    },
}

/// The result of hashing one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileCheck {
    /// The file.
    pub path: PathBuf,
    /// The hash if it is the expected one, or what is wrong and the way out.
    pub outcome: Result<String, String>,
}

/// The record beside a verified file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct VerifiedRecord {
    pub(super) size: u64,
    pub(super) modified_ms: u64,
    pub(super) sha256: String,
    pub(super) source: String,
    pub(super) stated_by: StatedBy,
}

/// Who said which hash a file must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum StatedBy {
    /// Our card.
    Card,
    /// The hub, which may have another build of the same model than our card names.
    Hub,
    /// Nobody: the hash was recorded when the file was fetched.
    Nobody,
}

/// What a glance at the file tells.
pub(super) fn glance(path: &Path, file: &ModelFile) -> FileStatus {
    let Ok(metadata) = fs::metadata(path) else { return FileStatus::Absent };
    match read_record(path) {
        Some(record)
            if record.size == metadata.len() && Some(record.modified_ms) == modified_ms(&metadata) =>
        {
            FileStatus::Verified
        }
        Some(record) if record.stated_by != StatedBy::Card => FileStatus::Unchecked,
        _ => match file.size {
            Some(expected) if expected != metadata.len() => {
                FileStatus::WrongSize { expected, actual: metadata.len() }
            }
            _ => FileStatus::Unchecked,
        },
    }
}

/// One word for people on whether a card's files are here: `absent`, `verified`, `unchecked` or `wrong size`.
pub fn card_status(card: &ModelCard, environment: &CacheEnvironment) -> String {
    let mut word = "verified";
    for file in &card.files {
        match file_path(card, file, environment).map_or(FileStatus::Absent, |path| glance(&path, file)) {
            FileStatus::Absent => return "absent".to_owned(),
            FileStatus::WrongSize { .. } => word = "wrong size",
            FileStatus::Unchecked if word == "verified" => word = "unchecked",
            FileStatus::Unchecked | FileStatus::Verified => {}
        }
    }
    word.to_owned()
}

/// Hashes every file of a card and compares; a file that is right is recorded as verified, the record of one
/// that is wrong is removed.
pub fn verify_card(
    card: &ModelCard,
    environment: &CacheEnvironment,
    mut progress: impl FnMut(&ModelFile, u64),
) -> Vec<FileCheck> {
    let mut checks = Vec::new();
    for file in &card.files {
        let Some(path) = file_path(card, file, environment) else { continue };
        let outcome = verify_file(&path, file, &mut |bytes| progress(file, bytes))
            .map_err(|reason| format!("{reason}; run `warmdesk model pull {}` to fetch it again", card.name));
        checks.push(FileCheck { path, outcome });
    }
    checks
}

/// Hashes one file and compares it with what the record or the card says.
pub(super) fn verify_file(
    path: &Path,
    file: &ModelFile,
    progress: &mut dyn FnMut(u64),
) -> Result<String, String> {
    let record = read_record(path);
    let (expected, stated_by, source) = match (&record, &file.sha256) {
        (Some(record), _) if record.stated_by == StatedBy::Hub => {
            (Some(record.sha256.clone()), StatedBy::Hub, record.source.clone())
        }
        (_, Some(stated)) => (Some(stated.clone()), StatedBy::Card, "found in the cache".to_owned()),
        (Some(record), None) => (Some(record.sha256.clone()), record.stated_by, record.source.clone()),
        (None, None) => (None, StatedBy::Nobody, "found in the cache".to_owned()),
    };
    let actual = hash_file(path, progress).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "the file is absent".to_owned(),
        _ => format!("it cannot be read: {error}"),
    })?;
    // A file with the card's own hash is right whatever an older record says.
    let of_card = file.sha256.as_ref() == Some(&actual);
    let stated_by = if of_card { StatedBy::Card } else { stated_by };
    if let Some(expected) = expected.filter(|expected| !of_card && *expected != actual) {
        fs::remove_file(record_path(path)).ok();
        return Err(format!("its SHA-256 is {actual}, it should be {expected}"));
    }
    // A folder that cannot be written (a container image) only means that the next start hashes again.
    write_record(path, &actual, &source, stated_by).ok();
    Ok(actual)
}

/// The SHA-256 of a file in lower-case hex; `progress` is told the bytes read so far.
pub(super) fn hash_file(path: &Path, progress: &mut dyn FnMut(u64)) -> io::Result<String> {
    let mut reader = File::open(path)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 20];
    let mut total = 0;
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(hex(hasher));
        }
        hasher.update(&buffer[..count]);
        total += count as u64;
        progress(total);
    }
}

/// A finished hash in lower-case hex.
pub(super) fn hex(hasher: Sha256) -> String {
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Notes that a file has the right hash.
pub(super) fn write_record(path: &Path, sha256: &str, source: &str, stated_by: StatedBy) -> io::Result<()> {
    let metadata = fs::metadata(path)?;
    let record = VerifiedRecord {
        size: metadata.len(),
        modified_ms: modified_ms(&metadata).unwrap_or(0),
        sha256: sha256.to_owned(),
        source: source.to_owned(),
        stated_by,
    };
    write_whole(&record_path(path), &serde_json::to_vec_pretty(&record)?)
}

/// Replaces a small file in one step, so that a reader sees the old or the new text and never half of it.
pub(super) fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut temporary = tempfile::NamedTempFile::new_in(folder)?;
    temporary.write_all(content)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path)?;
    Ok(())
}

/// The record beside a file, if there is a readable one.
pub(super) fn read_record(path: &Path) -> Option<VerifiedRecord> {
    serde_json::from_slice(&fs::read(record_path(path)).ok()?).ok()
}

/// `NAME.suffix` beside `NAME`.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    path.with_file_name(name)
}

fn record_path(path: &Path) -> PathBuf {
    beside(path, ".verified.json")
}

fn modified_ms(metadata: &fs::Metadata) -> Option<u64> {
    let since = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    u64::try_from(since.as_millis()).ok()
}
