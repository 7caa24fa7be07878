//! How does a changed pack get in force? As a draft that is checked and tried first, is put in force as a whole or not
//! at all, and can be taken back.
//!
//! In the data folder, `prompts-draft/LANGUAGE` is the draft, `prompts-versions/LANGUAGE` holds a copy of every pack
//! that was in force with `history.jsonl`, one line each: when, who and why. A server takes up what is published.

mod swap;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::load::{PackError, PackFiles, PackSource, Problem, Severity, check};

/// The draft and the versions of the pack of one language.
#[derive(Debug, Clone)]
pub struct Workshop {
    source: PackSource,
    language: String,
    target: PathBuf,
    draft: PathBuf,
    versions: PathBuf,
}

/// A pack that was put in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its number, from 1.
    pub number: u32,
    /// The hash of its files, as `/version` shows it.
    pub pack: String,
    /// When it was put in force, or found there.
    pub at: Timestamp,
    /// Who did it.
    pub who: String,
    /// Why.
    pub why: String,
    /// The version it is a copy of, if an earlier one was taken back.
    pub copy_of: Option<u32>,
}

/// Who publishes what, and why; for the history.
#[derive(Debug, Clone)]
pub struct Reason {
    /// Who does it.
    pub who: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: Timestamp,
}

/// The draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Its folder.
    pub folder: PathBuf,
    /// Whether it was just made.
    pub is_new: bool,
    /// Files that differ from the pack in force, each with how.
    pub changes: Vec<(String, FileChange)>,
}

/// How a file of the draft differs from the pack in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileChange {
    /// It is new.
    Added,
    /// It says something else.
    Changed,
    /// It is gone.
    Removed,
}

/// A draft was not made, published or taken back.
#[derive(Debug, thiserror::Error)]
pub enum VersionError {
    /// The pack cannot be read.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The pack has errors.
    #[error("the pack has errors and is not published:\n{}", .0.iter().map(Problem::to_string).collect::<Vec<_>>().join("\n"))]
    Faulty(Vec<Problem>),
    /// There is no draft.
    #[error("there is no draft in {}; `warmdesk pack draft` makes one", .0.display())]
    NoDraft(PathBuf),
    /// The draft says what is in force already.
    #[error("the draft does not differ from the pack in force")]
    Unchanged,
    /// Another change was put in force since the draft was made.
    #[error(
        "the pack in force is {in_force}, the draft was made from {base}; look at the difference and publish with --over, or discard the draft"
    )]
    Overtaken {
        /// What is in force.
        in_force: String,
        /// What the draft was made from.
        base: String,
    },
    /// There is no such version.
    #[error("there is no version {0}; `warmdesk pack history` lists them")]
    NoVersion(u32),
    /// Nothing was in force before.
    #[error("there is no earlier version to go back to")]
    NoEarlier,
    /// Somebody else is publishing.
    #[error("another publication is under way")]
    Busy,
    /// A file cannot be read or written.
    #[error("{}: {source}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

fn at(path: &Path) -> impl FnOnce(std::io::Error) -> VersionError {
    let path = path.to_owned();
    move |source| VersionError::File { path, source }
}

impl Workshop {
    /// The workshop of a data folder for the pack that `source` puts in force. What is published goes to `published`,
    /// the folder of packs that the source looks at first.
    pub fn new(data: &Path, source: PackSource, published: &Path, language: &str) -> Self {
        let itself = published.join("pack.yaml").is_file();
        Self {
            source,
            language: language.to_owned(),
            target: if itself { published.to_owned() } else { published.join(language) },
            draft: data.join("prompts-draft").join(language),
            versions: data.join("prompts-versions").join(language),
        }
    }

    /// The draft's folder, whether or not there is one.
    pub fn draft_folder(&self) -> &Path {
        &self.draft
    }

    /// Where published packs go.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// The files in force.
    ///
    /// # Errors
    /// If they cannot be read.
    pub fn in_force(&self) -> Result<PackFiles, VersionError> {
        Ok(self.source.files(&self.language)?)
    }

    /// The draft's files.
    ///
    /// # Errors
    /// If there is no draft, or it cannot be read.
    pub fn draft_files(&self) -> Result<PackFiles, VersionError> {
        if !self.draft.is_dir() {
            return Err(VersionError::NoDraft(self.draft.clone()));
        }
        Ok(PackFiles::from_folder(&self.draft, &self.language)?)
    }

    /// The draft; a copy of the pack in force, if there was none.
    ///
    /// # Errors
    /// If a file cannot be read or written.
    pub fn draft(&self) -> Result<Draft, VersionError> {
        let in_force = self.in_force()?;
        let is_new = !self.draft.is_dir();
        if is_new {
            swap::write_folder(&in_force, &self.draft)?;
            let base = self.base_file();
            fs::write(&base, in_force.version()).map_err(at(&base))?;
        }
        let changes = changes(&in_force, &self.draft_files()?);
        Ok(Draft { folder: self.draft.clone(), is_new, changes })
    }

    /// Throws the draft away. Whether there was one.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn discard(&self) -> Result<bool, VersionError> {
        if !self.draft.is_dir() {
            return Ok(false);
        }
        fs::remove_dir_all(&self.draft).map_err(at(&self.draft))?;
        let _ = fs::remove_file(self.base_file());
        Ok(true)
    }

    /// Puts the draft in force, if it has no errors, and removes it. `over` also if something else was put in force
    /// since the draft was made.
    ///
    /// # Errors
    /// [`VersionError::Faulty`] with every problem; nothing has changed then.
    pub fn publish(&self, reason: &Reason, over: bool) -> Result<Version, VersionError> {
        let files = self.draft_files()?;
        let in_force = self.in_force()?.version();
        if files.version() == in_force {
            return Err(VersionError::Unchanged);
        }
        let base = fs::read_to_string(self.base_file()).unwrap_or_default();
        if base != in_force && !over {
            return Err(VersionError::Overtaken { in_force, base });
        }
        let version = self.put_in_force(&files, reason, None)?;
        self.discard()?;
        Ok(version)
    }

    /// Puts an earlier version in force again: the one before, or the named one.
    ///
    /// # Errors
    /// If there is none, or the program no longer takes it.
    pub fn roll_back(&self, number: Option<u32>, reason: &Reason) -> Result<Version, VersionError> {
        let history = self.history()?;
        let in_force = self.in_force()?.version();
        let wanted = match number {
            Some(number) => history.iter().find(|version| version.number == number),
            // The last pack that was another one than now.
            None => history.iter().rev().find(|version| version.pack != in_force),
        };
        let wanted = wanted.ok_or(number.map_or(VersionError::NoEarlier, VersionError::NoVersion))?;
        let files = PackFiles::from_folder(&self.folder_of(wanted), &self.language)?;
        if files.version() == in_force {
            return Err(VersionError::Unchanged);
        }
        self.put_in_force(&files, reason, Some(wanted.number))
    }

    /// Every pack that was put in force here, oldest first.
    ///
    /// # Errors
    /// If the history cannot be read.
    pub fn history(&self) -> Result<Vec<Version>, VersionError> {
        let path = self.versions.join("history.jsonl");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(at(&path)(error)),
        };
        let read = |line: &str| {
            serde_json::from_str(line).map_err(|error| at(&path)(std::io::Error::other(error.to_string())))
        };
        text.lines().filter(|line| !line.trim().is_empty()).map(read).collect()
    }

    fn put_in_force(
        &self,
        files: &PackFiles,
        reason: &Reason,
        copy_of: Option<u32>,
    ) -> Result<Version, VersionError> {
        let _lock = self.lock()?;
        let faults: Vec<Problem> =
            check(files).into_iter().filter(|problem| problem.severity == Severity::Error).collect();
        if !faults.is_empty() {
            return Err(VersionError::Faulty(faults));
        }
        self.keep_what_is_there(reason.at)?;
        let version = self.archive(files, reason, copy_of)?;
        swap::replace_folder(files, &self.target)?;
        self.note(&version)?;
        Ok(version)
    }

    /// What is in force and in no version (the pack as it was delivered, a file edited by hand) can be gone back to.
    fn keep_what_is_there(&self, at: Timestamp) -> Result<(), VersionError> {
        let there = self.in_force()?;
        if self.history()?.iter().any(|version| version.pack == there.version()) {
            return Ok(());
        }
        let why = format!("was in force, from {}", there.root);
        let reason = Reason { who: "nobody by name".to_owned(), why, at };
        let version = self.archive(&there, &reason, None)?;
        self.note(&version)
    }

    fn archive(
        &self,
        files: &PackFiles,
        reason: &Reason,
        copy_of: Option<u32>,
    ) -> Result<Version, VersionError> {
        let number = self.history()?.last().map_or(1, |version| version.number + 1);
        let version = Version {
            number,
            pack: files.version(),
            at: reason.at,
            who: reason.who.clone(),
            why: reason.why.clone(),
            copy_of,
        };
        swap::write_folder(files, &self.folder_of(&version))?;
        Ok(version)
    }

    fn note(&self, version: &Version) -> Result<(), VersionError> {
        let path = self.versions.join("history.jsonl");
        let line = serde_json::to_string(version).map_err(|error| at(&path)(error.into()))?;
        let mut file = fs::OpenOptions::new().create(true).append(true).open(&path).map_err(at(&path))?;
        file.write_all(format!("{line}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(at(&path))
    }

    fn folder_of(&self, version: &Version) -> PathBuf {
        self.versions.join(format!("{:04}-{}", version.number, version.pack))
    }

    fn base_file(&self) -> PathBuf {
        self.draft.with_extension("base")
    }

    fn lock(&self) -> Result<fs::File, VersionError> {
        fs::create_dir_all(&self.versions).map_err(at(&self.versions))?;
        let path = self.versions.join("lock");
        let file = fs::File::create(&path).map_err(at(&path))?;
        file.try_lock().map_err(|_| VersionError::Busy)?;
        Ok(file)
    }
}

/// The files of `draft` that differ from those of `in_force`.
fn changes(in_force: &PackFiles, draft: &PackFiles) -> Vec<(String, FileChange)> {
    let mut changes: Vec<(String, FileChange)> = Vec::new();
    for (path, text) in &draft.texts {
        match in_force.texts.get(path) {
            None => changes.push((path.clone(), FileChange::Added)),
            Some(before) if before != text => changes.push((path.clone(), FileChange::Changed)),
            Some(_) => {}
        }
    }
    let gone = in_force.texts.keys().filter(|path| !draft.texts.contains_key(*path));
    changes.extend(gone.map(|path| (path.clone(), FileChange::Removed)));
    changes.sort_by(|one, other| one.0.cmp(&other.0));
    changes
}

#[cfg(test)]
mod tests;
