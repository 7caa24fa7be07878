//! Which classifiers come with the program? Those that `warmdesk train` wrote to `models/`, compiled in.

use std::sync::LazyLock;

use super::LinearModel;

static POLARITY: LazyLock<Option<LinearModel>> = LazyLock::new(|| read(POLARITY_BYTES));
static EMOTION: LazyLock<Option<LinearModel>> = LazyLock::new(|| read(EMOTION_BYTES));
static POLARITY_BYTES: &[u8] = include_bytes!("../../models/polarity.bin");
static EMOTION_BYTES: &[u8] = include_bytes!("../../models/emotion.bin");

/// Positive or negative, of texts in the spelling of [`recipes::spelling`](super::recipes::spelling).
pub fn polarity_model() -> Option<&'static LinearModel> {
    POLARITY.as_ref()
}

/// Six emotions, of texts in the spelling of [`recipes::spelling`](super::recipes::spelling).
pub fn emotion_model() -> Option<&'static LinearModel> {
    EMOTION.as_ref()
}

/// A test reads both, so that a program with a broken one is never built and delivered; nothing needs to be said here.
fn read(bytes: &[u8]) -> Option<LinearModel> {
    LinearModel::from_bytes(bytes).ok()
}
