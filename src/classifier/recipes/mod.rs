//! How are the small classifiers that come with the program made? Which data, which features, which weights; the
//! result is bytes and a card that says all of it.
//!
//! Pure: whoever calls reads the files and writes the result. The same data give the same bytes.

mod card;
mod data;
mod emotion;
mod polarity;
mod understanding;
#[cfg(test)]
mod tests;

pub use card::{Card, Scores, Source};
pub use data::{DataError, LabelledText, read_labelled};
pub use emotion::EMOTIONS;
pub use polarity::{POLARITIES, polarity_label};
pub use understanding::{EmbeddedPack, HEADS, UNDERSTANDING, train_understanding};

use sha2::{Digest, Sha256};

use super::{ClassifierError, LinearModel};
use crate::turn::understand::normalise::{Normalised, normalise};

/// One part in so many is left out of training, by the hash of the text.
const PARTS: u64 = 10;

/// A classifier that comes with the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// Whether a review is positive or negative.
    Polarity,
    /// Which of six emotions a post shows.
    Emotion,
}

/// A file of labelled texts.
#[derive(Debug, Clone)]
pub struct DataFile {
    /// Its place below the data folder.
    pub name: &'static str,
    /// What stands in it.
    pub content: String,
}

/// A finished classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Trained {
    /// The model's file.
    pub bytes: Vec<u8>,
    /// Where it comes from and how good it is.
    pub card: Card,
}

/// Why a classifier cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RecipeError {
    /// The data are not understood.
    #[error(transparent)]
    Data(#[from] DataError),
    /// The model cannot be trained.
    #[error(transparent)]
    Classifier(#[from] ClassifierError),
    /// Too little is left to train and to measure with.
    #[error("{name}: only {rows} different texts with a known label; at least 20 are needed")]
    TooFew {
        /// The recipe.
        name: &'static str,
        /// How many there are.
        rows: usize,
    },
}

impl Recipe {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Polarity, Self::Emotion];

    /// Its name, which is also that of its files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Polarity => "polarity",
            Self::Emotion => "emotion",
        }
    }

    /// The files it needs, by their place below the data folder.
    pub fn files(self) -> &'static [&'static str] {
        match self {
            Self::Polarity => &polarity::FILES,
            Self::Emotion => &emotion::FILES,
        }
    }

    /// Trains and measures. The files come in the order of [`files`](Self::files).
    pub fn train(self, files: &[DataFile]) -> Result<Trained, RecipeError> {
        match self {
            Self::Polarity => polarity::train(files),
            Self::Emotion => emotion::train(files),
        }
    }
}

/// The one spelling in which texts are learned and read: normalised, lower case, pictures at the end.
pub fn spelling(text: &str) -> String {
    spelling_of(&normalise(text))
}

/// The same of a message that is normalised already.
pub fn spelling_of(message: &Normalised) -> String {
    let mut spelled = message.text.to_lowercase();
    spelled.push_str(&message.signs);
    spelled
}

/// Whether a text, in its one spelling, belongs to the tenth that is never trained with.
pub fn held_out(spelled: &str) -> bool {
    part(spelled, PARTS) == 0
}

/// The part of `parts` a text belongs to: it depends on nothing but the text.
fn part(spelled: &str, parts: u64) -> u64 {
    let digest = Sha256::digest(spelled.as_bytes());
    digest.iter().take(8).fold(0, |number, byte| (number << 8 | u64::from(*byte)) % parts)
}

/// The share of right answers and the mean F1 of the classes that occur.
fn measure(model: &LinearModel, rows: &[(String, usize)]) -> Scores {
    let read: Vec<usize> = rows.iter().map(|(text, _)| best(&model.read(text))).collect();
    let gold: Vec<usize> = rows.iter().map(|(_, class)| *class).collect();
    Scores::new(&gold, &read)
}

/// The place of the largest number.
fn best(numbers: &[f32]) -> usize {
    let largest = numbers.iter().enumerate().max_by(|left, right| left.1.total_cmp(right.1));
    largest.map_or(0, |(place, _)| place)
}
