//! Where do a pack's files come from? A folder the shop edits, or the copy inside the program.

use std::collections::BTreeMap;
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
    /// The copy inside the program.
    Embedded,
}

impl PackSource {
    /// Reads all files of the pack in a language.
    ///
    /// # Errors
    /// [`PackError::Read`] if the folder or a file cannot be read, [`PackError::Absent`] if there is no such pack.
    pub fn files(&self, language: &str) -> Result<PackFiles, PackError> {
        match self {
            Self::Folder(folder) => PackFiles::from_folder(folder, language),
            Self::Embedded => PackFiles::embedded(language),
        }
    }
}

/// The texts of a pack's files by their path inside the pack, with `/` between folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PackFiles {
    /// What to call the folder in messages.
    pub root: String,
    /// The files.
    pub texts: BTreeMap<String, String>,
}

impl PackFiles {
    /// Reads a folder: itself if it holds `pack.yaml`, else its folder for the language.
    ///
    /// # Errors
    /// [`PackError::Read`] and [`PackError::Absent`].
    pub fn from_folder(folder: &Path, language: &str) -> Result<Self, PackError> {
        let folder =
            if folder.join("pack.yaml").is_file() { folder.to_owned() } else { folder.join(language) };
        if !folder.join("pack.yaml").is_file() {
            return Err(PackError::Absent { place: folder.display().to_string(), language: language.into() });
        }
        let mut texts = BTreeMap::new();
        read_folder(&folder, "", &mut texts)?;
        Ok(Self { root: folder.display().to_string(), texts })
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
        Ok(Self { root, texts })
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

fn read_folder(folder: &Path, prefix: &str, texts: &mut BTreeMap<String, String>) -> Result<(), PackError> {
    let failed = |path: &Path, source: std::io::Error| PackError::Read {
        file: path.display().to_string(),
        message: source.to_string(),
    };
    for entry in std::fs::read_dir(folder).map_err(|source| failed(folder, source))? {
        let path = entry.map_err(|source| failed(folder, source))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        let inner = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
        if path.is_dir() && prefix.is_empty() {
            read_folder(&path, name, texts)?;
        } else if is_pack_file(&inner) {
            let text = std::fs::read_to_string(&path).map_err(|source| failed(&path, source))?;
            texts.insert(inner, text);
        }
    }
    Ok(())
}
