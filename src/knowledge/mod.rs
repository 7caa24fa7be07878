//! What the shop knows, made findable: sources are read, cut into records, and indexed in generations that are
//! swapped whole; a live handle searches the current one and takes single changes at once.
//!
//! The index gives ids and scores only. What is shown always comes from the store, so nothing stale or foreign
//! can be told because of an old index.

pub mod analyzer;
mod background;
mod dictionary;
mod fusion;
mod generation;
mod live;
mod meanings;
mod question;
mod schema;
mod search;
mod sounds;
pub mod sources;
mod tally;
mod vectors;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use dictionary::Dictionaries;
pub use generation::{
    Builder, Manifest, build_generation, current_generation, forget_earlier_generations, index_folder,
};
pub use live::{Change, Knowledge};
pub use question::{Among, Question};
pub use search::{Hit, Method, SearchQuery};

/// Something about the index failed.
#[derive(Debug, thiserror::Error)]
pub enum KnowledgeError {
    /// A file cannot be read or written.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A dictionary has a bad line.
    #[error("{file}:{line}: {message}")]
    Dictionary {
        /// The file.
        file: String,
        /// The line.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// There is no generation to open.
    #[error("{0} holds no index yet; run `warmdesk index SOURCE… --data DIR`")]
    NoGeneration(PathBuf),
    /// The generation was built by another version of the analyzer.
    #[error(
        "the index was built by analyzer {found}, this program has {expected}; run `warmdesk index` again"
    )]
    OtherAnalyzer {
        /// The version in the manifest.
        found: String,
        /// The version of this program and its dictionaries.
        expected: String,
    },
    /// A manifest cannot be read.
    #[error("{path}: the manifest is damaged: {message}")]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// Somebody else builds a generation.
    #[error("another process is building the index in {0}; wait until it has finished")]
    Busy(PathBuf),
    /// The texts could not be embedded.
    #[error(transparent)]
    Embed(#[from] crate::model::EmbedError),
    /// The search engine failed.
    #[error("the index failed: {0}")]
    Engine(#[from] tantivy::TantivyError),
}

impl KnowledgeError {
    fn file(path: impl Into<PathBuf>) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.into();
        |source| Self::File { path, source }
    }
}
