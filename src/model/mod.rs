//! The only module that knows how text is generated and embedded: cards and download, engine thread, sampling, chat
//! template, embedder.
//!
//! The rest of the program sees [`ChatModel`]: it hands over a [`GenerationRequest`] and reads a [`Generation`],
//! a stream of text pieces that ends with the usage. Dropping the stream cancels the work. There are five
//! implementations: the local engine ([`engine::Engine`]), an OpenAI-compatible endpoint
//! ([`remote::RemoteModel`]), a scripted one for tests and measurements ([`scripted::ScriptedModel`]), and one
//! that is never there ([`absent::AbsentModel`]), because the program must be useful without any. Texts become
//! vectors through [`Embedder`].

use std::time::Instant;

mod absent;
mod cache;
mod card;
pub mod embed;
pub mod engine;
mod generation;
mod gguf;
mod open;
mod prompt;
pub mod pull;
mod recording;
mod remote;
mod scripted;
pub mod selftest;
mod template;
mod tokens;

#[cfg(test)]
mod tests;

pub use absent::AbsentModel;
pub use cache::{CacheEnvironment, FileCheck, FileStatus, card_status, verify_card, weights_path};
pub use card::{
    CardError, Catalogue, FileKind, ModelCard, ModelFile, ModelTask, Source, default_card, embedder_card,
    find_card,
};
pub use embed::{EmbedError, Embedder, Purpose, ScriptedEmbedder, Vector, open_embedder};
pub use engine::{DeviceChoice, Engine, EngineOptions};
pub use generation::{Finish, Generation, GenerationUsage, Piece};
pub use open::{ModelChoice, open};
pub use prompt::{Prompt, PromptMessage, PromptPart, Role};
pub use recording::{Recorded, RecordingModel};
pub use remote::{RemoteModel, RemoteOptions};
pub use scripted::{Behaviour, ScriptedModel};

/// Something that continues a conversation: the one door through which the program asks for generated text.
pub trait ChatModel: Send + Sync {
    /// The served model's name, as it appears in traces and in `/v1/models`.
    fn name(&self) -> &str;

    /// Whether a request would be served now.
    fn state(&self) -> ModelState;

    /// Accepts or refuses a request at once; the text arrives through the returned stream.
    ///
    /// `Err(Busy)` means that the bounded queue is full, `Err(Unavailable)` that the model is absent, still
    /// loading or broken: in both cases the turn goes on by wording and evidence.
    fn generate(&self, request: GenerationRequest) -> Result<Generation, ModelError>;

    /// How many tokens `text` takes, for prompt budgets. Exact once the local engine is ready, otherwise an
    /// estimate that errs on the high side.
    fn count_tokens(&self, text: &str) -> usize;

    /// How many accepted requests wait for their turn, for metrics and for telling others when to come back.
    fn waiting(&self) -> usize {
        0
    }
}

/// Whether a model can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelState {
    /// Requests are served.
    Ready,
    /// The weights are being read; requests are refused until they are.
    Loading,
    /// There is no model, for a stated reason that also names the way to get one.
    Absent {
        /// Why, and what to do about it.
        reason: String,
    },
    /// The model was there and could not be used.
    Failed {
        /// What went wrong.
        reason: String,
    },
}

impl ModelState {
    /// The word shown by `/readyz`: `ready`, `loading`, `absent` or `failed`.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Loading => "loading",
            Self::Absent { .. } => "absent",
            Self::Failed { .. } => "failed",
        }
    }

    /// The reason of an absent or failed model.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ready | Self::Loading => None,
            Self::Absent { reason } | Self::Failed { reason } => Some(reason),
        }
    }

    /// The refusal a request gets in this state, none when the model is ready.
    pub(crate) fn refusal(&self) -> Option<ModelError> {
        let reason = match self {
            Self::Ready => return None,
            Self::Loading => "the model is still loading".to_owned(),
            Self::Absent { reason } | Self::Failed { reason } => reason.clone(),
        };
        Some(ModelError::Unavailable { reason })
    }
}

/// What is to be written, and within which bounds.
#[derive(Debug, Clone)]
pub struct GenerationRequest {
    /// The conversation to continue.
    pub prompt: Prompt,
    /// The answer is cut after this many tokens ([`Finish::Length`]).
    pub max_tokens: usize,
    /// How the next token is chosen.
    pub sampling: Sampling,
    /// The generation ends here at the latest ([`Finish::Deadline`]), also while it is still queued.
    pub deadline: Instant,
}

/// How the next token is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Sampling {
    /// Always the most likely token: the same prompt gives the same text.
    Greedy,
    /// Drawn from the most likely tokens with a seeded generator: the same seed gives the same text.
    Seeded {
        /// Seed of the generator.
        seed: u64,
        /// Flattens (above 1) or sharpens (below 1) the distribution; 0 is greedy.
        temperature: f64,
        /// Only the most likely tokens that together reach this probability are drawn from.
        top_p: f64,
    },
}

/// Why a model gave no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// The bounded queue is full.
    #[error("the model's queue is full")]
    Busy,
    /// There is no model that could answer now.
    #[error("the model is unavailable: {reason}")]
    Unavailable {
        /// Why, and where possible what to do about it.
        reason: String,
    },
    /// The prompt is refused rather than cut, because a cut prompt loses its evidence or its question.
    #[error(
        "the prompt has {tokens} tokens, at most {limit} are allowed; give less evidence or raise the limit"
    )]
    PromptTooLong {
        /// Tokens of the prompt; a lower bound when it was refused for its bytes alone.
        tokens: usize,
        /// The limit in force.
        limit: usize,
    },
    /// The chat template or the tokenizer could not turn the prompt into tokens.
    #[error("the prompt could not be prepared: {0}")]
    Prompt(String),
    /// The weights could not be read or used.
    #[error("the model could not be loaded: {0}")]
    Load(String),
    /// The computation failed.
    #[error("the model failed while generating: {0}")]
    Inference(String),
    /// The remote endpoint refused or broke off.
    #[error("the remote model failed: {0}")]
    Remote(String),
}

/// A token estimate for when no tokenizer is at hand: one for each Chinese character or other symbol, one for
/// each three bytes of Latin text.
pub(crate) fn estimate_tokens(text: &str) -> usize {
    let (mut latin, mut other) = (0_usize, 0_usize);
    for character in text.chars() {
        if character.is_ascii_alphabetic() || character == ' ' {
            latin += 1;
        } else {
            other += 1;
        }
    }
    latin.div_ceil(3) + other
}
