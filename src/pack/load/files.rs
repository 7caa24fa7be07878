//! Where do a pack's files come from? A folder the shop edits, or the copy inside the program.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

use super::PackError;

/// The packs that are shipped.
#[derive(RustEmbed)]
#[folder = "prompts/"]
struct Shipped;

/// Where a pack is read from, again at every reload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackSource {
    /// A folder that holds a pack's files, or one folder a language.
    Folder(PathBuf),
    /// The first of these folders that is there, otherwise the copy inside the program; looked for at every reading.
    First(Vec<PathBuf>),
    /// The copy inside the program.
    Embedded,
}

impl PackSource {
    /// Reads all files of the pack in a language.
    ///
    /// # Errors
    /// [`PackError::Read`] if the folder or a file cannot be read, [`PackError::Absent`] if there is no such pack.
    pub fn files(&self, language: &str) -> Result<PackFiles, PackError> {
        match self.folder() {
            Some(folder) => PackFiles::from_folder(folder, language),
            None => PackFiles::embedded(language),
        }
    }

    /// The folder that is read now; none for the copy inside the program.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(folder) => Some(folder),
            Self::First(folders) => folders.iter().find(|folder| folder.is_dir()).map(PathBuf::as_path),
            Self::Embedded => None,
        }
    }

    /// A number that changes when a file of the pack does: from names, sizes and times, without reading any.
    pub fn fingerprint(&self, language: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        if let Some(folder) = self.folder() {
            let folder = pack_folder(folder, language);
            folder.hash(&mut hasher);
            fingerprint(&folder, true, &mut hasher);
        }
        hasher.finish()
    }
}

/// The folder of a pack: itself if it holds `pack.yaml`, else its folder for the language.
fn pack_folder(folder: &Path, language: &str) -> PathBuf {
    if folder.join("pack.yaml").is_file() { folder.to_owned() } else { folder.join(language) }
}

/// What cannot be read counts as not there; reading the pack will say why.
fn fingerprint(folder: &Path, deeper: bool, hasher: &mut DefaultHasher) {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    let mut entries: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries {
        let Ok(metadata) = std::fs::metadata(&path) else { continue };
        if metadata.is_dir() && deeper {
            fingerprint(&path, false, hasher);
        } else {
            (path, metadata.len(), metadata.modified().ok()).hash(hasher);
        }
    }
}

impl PackSource {
    /// The languages there are. A folder that is a pack itself says its language inside, so that any may be asked for.
    ///
    /// # Errors
    /// [`PackError::Read`] if the folder cannot be read.
    pub fn languages(&self) -> Result<Vec<String>, PackError> {
        let mut languages: Vec<String> = match self.folder() {
            None => {
                Shipped::iter().filter_map(|path| Some(path.strip_suffix("/pack.yaml")?.to_owned())).collect()
            }
            Some(folder) => {
                let failed = |source: std::io::Error| PackError::Read {
                    file: folder.display().to_string(),
                    message: source.to_string(),
                };
                let entries = std::fs::read_dir(folder).map_err(failed)?.filter_map(Result::ok);
                entries
                    .filter(|entry| entry.path().join("pack.yaml").is_file())
                    .filter_map(|entry| entry.file_name().into_string().ok())
                    .filter(|name| !name.starts_with('.'))
                    .collect()
            }
        };
        languages.sort();
        Ok(languages)
    }
}

/// The texts of a pack's files by their path inside the pack, with `/` between folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackFiles {
    /// What to call the folder in messages.
    pub root: String,
    /// The files.
    pub texts: BTreeMap<String, String>,
    /// Files that are not taken, and why.
    pub refused: BTreeMap<String, String>,
}

/// The largest file of a pack, and the largest pack, in bytes.
const MAX_FILE: u64 = 2 << 20;
const MAX_PACK: u64 = 16 << 20;

impl PackFiles {
    /// Reads a folder: itself if it holds `pack.yaml`, else its folder for the language.
    ///
    /// # Errors
    /// [`PackError::Read`] and [`PackError::Absent`].
    pub fn from_folder(folder: &Path, language: &str) -> Result<Self, PackError> {
        let folder = pack_folder(folder, language);
        if !folder.join("pack.yaml").is_file() {
            return Err(PackError::Absent { place: folder.display().to_string(), language: language.into() });
        }
        let mut files = Self { root: folder.display().to_string(), ..Self::default() };
        read_folder(&folder, "", &mut files)?;
        Ok(files)
    }

    /// The shipped pack of a language.
    ///
    /// # Errors
    /// [`PackError::Absent`] if none is shipped in that language.
    pub fn embedded(language: &str) -> Result<Self, PackError> {
        let root = format!("prompts/{language}");
        let prefix = format!("{language}/");
        let texts: BTreeMap<String, String> = Shipped::iter()
            .filter(|path| is_pack_file(path))
            .filter_map(|path| {
                let inner = path.strip_prefix(&prefix)?.to_owned();
                let text = String::from_utf8(Shipped::get(&path)?.data.into_owned()).ok()?;
                Some((inner, text))
            })
            .collect();
        if texts.is_empty() {
            return Err(PackError::Absent { place: "the program".into(), language: language.into() });
        }
        Ok(Self { root, texts, refused: BTreeMap::new() })
    }

    /// A short hash of all files.
    pub fn version(&self) -> String {
        let mut hash = Sha256::new();
        for (path, text) in &self.texts {
            hash.update(path.as_bytes());
            hash.update([0]);
            hash.update(text.as_bytes());
            hash.update([0]);
        }
        hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }

    /// The files of a folder of the pack.
    pub(super) fn in_folder<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let prefix = format!("{folder}/");
        self.texts
            .iter()
            .filter(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }
}

fn is_pack_file(path: &str) -> bool {
    [".yaml", ".j2"].iter().any(|ending| path.ends_with(ending))
        && !path.split('/').any(|part| part.starts_with('.'))
}

fn read_folder(folder: &Path, prefix: &str, files: &mut PackFiles) -> Result<(), PackError> {
    let failed = |path: &Path, source: std::io::Error| PackError::Read {
        file: path.display().to_string(),
        message: source.to_string(),
    };
    for entry in std::fs::read_dir(folder).map_err(|source| failed(folder, source))? {
        let path = entry.map_err(|source| failed(folder, source))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let inner = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        if path.is_dir() && prefix.is_empty() {
            read_folder(&path, name, files)?;
        } else if is_pack_file(&inner) {
            let bytes = std::fs::metadata(&path).map_err(|source| failed(&path, source))?.len();
            let before: u64 = files.texts.values().map(|text| text.len() as u64).sum();
            if bytes > MAX_FILE || before + bytes > MAX_PACK {
                let reason = format!(
                    "has {bytes} bytes; a file of a pack has at most {MAX_FILE}, and all together {MAX_PACK}"
                );
                files.refused.insert(inner, reason);
                continue;
            }
            match String::from_utf8(std::fs::read(&path).map_err(|source| failed(&path, source))?) {
                Ok(text) => drop(files.texts.insert(inner, text)),
                Err(error) => {
                    let reason = format!("is not UTF-8 ({}); save it as UTF-8", error.utf8_error());
                    files.refused.insert(inner, reason);
                }
            }
        }
    }
    Ok(())
}
