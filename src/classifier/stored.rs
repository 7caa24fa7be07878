//! Which classifiers come with the program? Those that `warmdesk train` wrote to `models/`, compiled in.

use std::sync::{Arc, LazyLock};

use super::{DenseHeads, LinearModel};

static POLARITY: LazyLock<Option<LinearModel>> = LazyLock::new(|| read(POLARITY_BYTES));
static EMOTION: LazyLock<Option<LinearModel>> = LazyLock::new(|| read(EMOTION_BYTES));
static UNDERSTANDING: LazyLock<Option<Arc<DenseHeads>>> =
    LazyLock::new(|| DenseHeads::from_bytes(UNDERSTANDING_BYTES).ok().map(Arc::new));
static POLARITY_BYTES: &[u8] = include_bytes!("../../models/polarity.bin");
static EMOTION_BYTES: &[u8] = include_bytes!("../../models/emotion.bin");
static UNDERSTANDING_BYTES: &[u8] = include_bytes!("../../models/understanding.bin");

/// Positive or negative, of texts in the spelling of [`recipes::spelling`](super::recipes::spelling).
pub fn polarity_model() -> Option<&'static LinearModel> {
    POLARITY.as_ref()
}

/// Six emotions, of texts in the spelling of [`recipes::spelling`](super::recipes::spelling).
pub fn emotion_model() -> Option<&'static LinearModel> {
    EMOTION.as_ref()
}

/// The topic and the stage of a message by its vector, in this order of heads (see
/// [`recipes::HEADS`](super::recipes::HEADS)).
pub fn understanding_heads() -> Option<Arc<DenseHeads>> {
    UNDERSTANDING.clone()
}

/// A test reads all, so that a program with a broken one is never built and delivered; nothing needs to be said here.
fn read(bytes: &[u8]) -> Option<LinearModel> {
    LinearModel::from_bytes(bytes).ok()
}
