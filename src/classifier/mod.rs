//! Which class does a short text belong to? Hashed groups of characters and a linear model, trained in well under a
//! second from a few thousand examples and read in microseconds.
//!
//! The module knows nothing of shops, packs or files on disk: texts in one spelling go in, probabilities come out.
//! `dense` does the same with vectors of an embedder.
//! `recipes` makes the classifiers that come with the program; `stored` holds them.
//! Everything is deterministic, bit for bit and on every machine: random order comes from a seed, and the few functions
//! that differ between mathematical libraries are our own (see `arithmetic`).
//!
//! ```
//! use warmdesk::classifier::{Example, FeatureOptions, TrainOptions, train};
//!
//! let features = FeatureOptions::default();
//! let examples = [("how much is it", 0), ("what does it cost", 0), ("where is my parcel", 1), ("has it arrived", 1)];
//! let examples: Vec<Example> =
//!     examples.iter().map(|(text, class)| Example::new(features.extract(text), *class)).collect();
//! let classes = vec!["price".to_owned(), "logistics".to_owned()];
//! let model = train(classes, features, &examples, &TrainOptions::default()).unwrap();
//! let probabilities = model.probabilities(&features.extract("how much does it cost"));
//! assert!(probabilities[0] > probabilities[1]);
//! ```

mod arithmetic;
mod calibrate;
mod dense;
mod features;
mod file;
mod linear;
pub mod recipes;
mod stored;
mod train;
#[cfg(test)]
mod tests;

pub use calibrate::{fit_temperature, out_of_fold};
pub use dense::{DenseHeads, centred, dense_features, middle_of};
pub use features::{Counting, FeatureOptions, Features};
pub use linear::LinearModel;
pub use stored::{emotion_model, polarity_model, understanding_heads};
pub use train::{Example, TrainOptions, train};

/// Why a model cannot be made or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClassifierError {
    /// Feature options out of their range.
    #[error("features: {0}")]
    Features(&'static str),
    /// Training options out of their range.
    #[error("training: {0}")]
    Training(&'static str),
    /// There are too few or too many classes.
    #[error("a model needs 2 to 1000 classes, these are {0}")]
    Classes(usize),
    /// Nothing to learn from.
    #[error("there are no examples to learn from")]
    NoExamples,
    /// An example names a class that is not in the list, or has a weight that is none.
    #[error("example {number}: {problem}")]
    Example {
        /// Its place in the list, from 0.
        number: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The bytes are no model at all.
    #[error("this is not a classifier: it does not begin with the bytes WARMLIN")]
    NotAModel,
    /// The bytes were written by another version of the program.
    #[error("this classifier has format {found}, this program reads format {known}: train it again")]
    Version {
        /// The format of the bytes.
        found: u16,
        /// The format that is read here.
        known: u16,
    },
    /// The bytes were changed or cut off after they were written.
    #[error("the classifier is damaged: its checksum does not fit; fetch it or train it again")]
    Checksum,
    /// A field of the bytes makes no sense, although the checksum fits.
    #[error("the classifier is damaged at byte {at}: {problem}")]
    Field {
        /// Where.
        at: usize,
        /// What is wrong.
        problem: &'static str,
    },
}
