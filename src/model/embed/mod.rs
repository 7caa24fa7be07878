//! How is a text turned into a vector that lies near those of texts that mean the same?
//!
//! The rest of the program sees [`Embedder`]. The local one ([`local::LocalEmbedder`]) runs multilingual-e5-small in
//! this process; the scripted one ([`scripted::ScriptedEmbedder`]) serves tests. Without an embedder everything works
//! by words alone.

use std::sync::Arc;

mod encoder;
mod file;
mod local;
mod matrix;
mod pieces;
mod scripted;

#[cfg(test)]
mod tests;

pub use local::LocalEmbedder;
pub use scripted::ScriptedEmbedder;

use super::cache::{self, FileStatus, file_path};
use super::{CacheEnvironment, Catalogue, ModelCard};

/// Turns texts into vectors. Calls compute and block; from asynchronous code they belong on a blocking thread.
pub trait Embedder: Send + Sync {
    /// The vectors of `texts`, in their order, each of length 1.
    ///
    /// # Errors
    /// The computation failed. No text is too long or too strange: of an empty one the vector means nothing.
    fn embed(&self, texts: &[&str], purpose: Purpose) -> Result<Vec<Vector>, EmbedError>;

    /// What made the vectors: those of different names cannot be compared.
    fn name(&self) -> &str;

    /// How many numbers a vector has.
    fn dimensions(&self) -> usize;
}

impl dyn Embedder + '_ {
    /// The vector of one text.
    ///
    /// # Errors
    /// The computation failed.
    pub fn embed_one(&self, text: &str, purpose: Purpose) -> Result<Vector, EmbedError> {
        let made = self.embed(&[text], purpose)?;
        made.into_iter().next().ok_or_else(|| EmbedError::Failed("no vector came back".to_owned()))
    }
}

/// What a text is to the search. A question and what answers it are told apart by the model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// It asks. Also for comparing two questions with each other.
    Query,
    /// It is searched.
    Passage,
}

impl Purpose {
    /// What the model was trained to see before such a text.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Query => "query: ",
            Self::Passage => "passage: ",
        }
    }
}

/// A direction in the space of meanings, of length 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Vector(Vec<f32>);

impl Vector {
    /// Scales to length 1; a vector of nothing stays so.
    pub fn normalised(mut numbers: Vec<f32>) -> Self {
        let length = numbers.iter().map(|number| number * number).sum::<f32>().sqrt();
        if length > 1e-6 {
            numbers.iter_mut().for_each(|number| *number /= length);
        }
        Self(numbers)
    }

    /// The numbers.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// How alike two vectors are: 1 for the same direction. What multilingual-e5 makes of unrelated texts still lies
    /// around 0.75 to 0.8. Vectors of different lengths are not alike at all.
    pub fn cosine(&self, other: &Self) -> f32 {
        if self.0.len() != other.0.len() {
            return 0.0;
        }
        self.0.iter().zip(&other.0).map(|(one, two)| one * two).sum()
    }
}

/// A text has no vector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmbedError {
    /// The file is not what it should be.
    #[error("{file}: {reason}; run `warmdesk model pull` to fetch it again")]
    File {
        /// The file.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The computation failed.
    #[error("the embedder failed: {0}")]
    Failed(String),
}

/// The default embedder, if its weights are on this machine. Never downloads.
///
/// # Errors
/// The weights are there and cannot be used.
pub fn open_embedder(
    catalogue: &Catalogue,
    environment: &CacheEnvironment,
) -> Result<Option<Arc<dyn Embedder>>, EmbedError> {
    let card = catalogue.embedder_card().map_err(|error| EmbedError::Failed(error.to_string()))?;
    Ok(open_card(card, environment)?.map(|embedder| Arc::new(embedder) as Arc<dyn Embedder>))
}

/// The embedder of a card, or nothing if its weights are not on this machine.
pub(super) fn open_card(
    card: &ModelCard,
    environment: &CacheEnvironment,
) -> Result<Option<LocalEmbedder>, EmbedError> {
    let Some((file, path)) =
        card.weights().and_then(|file| Some((file, file_path(card, file, environment)?)))
    else {
        return Ok(None);
    };
    let broken = |reason: String| EmbedError::File { file: path.display().to_string(), reason };
    match cache::glance(&path, file) {
        FileStatus::Absent => return Ok(None),
        FileStatus::Verified => {}
        FileStatus::WrongSize { expected, actual } => {
            return Err(broken(format!("it has {actual} bytes instead of {expected}")));
        }
        FileStatus::Unchecked => {
            cache::verify_file(&path, file, &mut |_| ()).map_err(broken)?;
        }
    }
    LocalEmbedder::open(&path, &card.name).map(Some)
}
