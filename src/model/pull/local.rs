//! Files that are already on this machine: a path, or the Hugging Face cache.

use std::{
    fs::{self, File},
    io::{Read, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{Fetched, PullProgress, Target};
use crate::model::cache::{beside, hash_file, hex};

/// Copies a file of the user's, which may change later, and hashes what was copied.
pub(in crate::model) fn copy(
    path: &Path,
    target: &Target<'_>,
    progress: &dyn PullProgress,
) -> Result<Fetched, String> {
    let mut reader = File::open(path).map_err(|error| format!("cannot be opened: {error}"))?;
    let size = reader.metadata().map_err(|error| error.to_string())?;
    if !size.is_file() {
        return Err("is not a file".to_owned());
    }
    if let Some(expected) = target.file.size.filter(|expected| *expected != size.len()) {
        return Err(format!("has {} bytes, it should have {expected}", size.len()));
    }
    let working = beside(target.path, ".copy");
    progress.begin(&format!("copying {}", path.display()), Some(size.len()));
    let copied = copy_hashed(&mut reader, &working, progress);
    progress.end();
    let sha256 = copied.map_err(|error| {
        fs::remove_file(&working).ok();
        format!("cannot be copied: {error}")
    })?;
    Ok(Fetched { working, sha256, stated: None })
}

fn copy_hashed(reader: &mut File, working: &Path, progress: &dyn PullProgress) -> std::io::Result<String> {
    let mut writer = File::create(working)?;
    let mut hasher = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 20];
    let mut total = 0;
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(hex(hasher));
        }
        hasher.update(&buffer[..count]);
        writer.write_all(&buffer[..count])?;
        total += count as u64;
        progress.position(total);
    }
}

/// Uses a file that a hub client has put into its cache: linked where possible, since what lies in that cache
/// never changes, copied otherwise.
pub(in crate::model) fn from_hub_cache(
    caches: &[PathBuf],
    [repository, file]: [&str; 2],
    target: &Target<'_>,
    progress: &dyn PullProgress,
) -> Result<Fetched, String> {
    let found = caches.iter().flat_map(|cache| snapshots(cache, repository, file)).next();
    let blob = found.ok_or_else(|| {
        let places: Vec<String> = caches.iter().map(|cache| cache.display().to_string()).collect();
        format!(
            "not found in {}",
            if places.is_empty() { "any folder".to_owned() } else { places.join(", ") }
        )
    })?;
    let stated =
        blob.file_name().and_then(|name| name.to_str()).filter(|name| is_sha256(name)).map(str::to_owned);
    if stated.is_none() && target.file.sha256.is_none() {
        return Err("the file there does not carry the hash stated by the hub".to_owned());
    }
    let working = beside(target.path, ".linked");
    fs::remove_file(&working).ok();
    if fs::hard_link(&blob, &working).is_err() {
        return Ok(Fetched {
            stated,
            ..copy(&blob, &Target { path: target.path, file: &unsized_of(target) }, progress)?
        });
    }
    progress.begin(&format!("checking {}", blob.display()), fs::metadata(&blob).ok().map(|data| data.len()));
    let hashed = hash_file(&working, &mut |bytes| progress.position(bytes));
    progress.end();
    let sha256 = hashed.map_err(|error| format!("{} cannot be read: {error}", blob.display()))?;
    Ok(Fetched { working, sha256, stated })
}

/// The hub may hold another build than the card describes, so its size must not be held against it.
fn unsized_of(target: &Target<'_>) -> crate::model::card::ModelFile {
    crate::model::card::ModelFile { size: None, ..target.file.clone() }
}

/// The real files behind `models--organisation--name/snapshots/*/file`.
fn snapshots(cache: &Path, repository: &str, file: &str) -> Vec<PathBuf> {
    let folder = cache.join(format!("models--{}", repository.replace('/', "--"))).join("snapshots");
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> =
        entries.flatten().filter_map(|entry| fs::canonicalize(entry.path().join(file)).ok()).collect();
    found.sort();
    found
}

/// Whether a name is a SHA-256 in lower-case hex, as the hub names large files.
pub(super) fn is_sha256(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
