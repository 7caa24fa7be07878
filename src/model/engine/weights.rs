//! The weights in memory: which family, one forward pass, one forgetting.

use candle_core::{Device, Tensor};
use candle_transformers::models::{quantized_llama, quantized_qwen2, quantized_qwen3};

use crate::model::{ModelError, gguf::GgufFile, gguf::first_line};

/// Positions that the llama and qwen3 code of candle is laid out for, whatever the file says.
const FIXED_CONTEXT: usize = 4096;

/// A loaded model with the attention state of one conversation.
pub(super) struct Weights {
    family: Family,
    device: Device,
    context: usize,
}

enum Family {
    Qwen2(quantized_qwen2::ModelWeights),
    Qwen3(quantized_qwen3::ModelWeights),
    Llama(quantized_llama::ModelWeights),
}

impl Weights {
    /// Reads the tensors of an opened file.
    pub(super) fn load(file: GgufFile, device: Device) -> Result<Self, ModelError> {
        let architecture = file.architecture()?;
        file.check_sizes(&architecture)?;
        let stated = file.context_length(&architecture).unwrap_or(FIXED_CONTEXT);
        let GgufFile { content, mut reader, .. } = file;
        let reader = &mut reader;
        let (family, context) = match architecture.as_str() {
            "qwen2" => (
                quantized_qwen2::ModelWeights::from_gguf(content, reader, &device).map(Family::Qwen2),
                stated,
            ),
            "qwen3" => (
                quantized_qwen3::ModelWeights::from_gguf(content, reader, &device).map(Family::Qwen3),
                stated.min(FIXED_CONTEXT),
            ),
            "llama" => (
                quantized_llama::ModelWeights::from_gguf(content, reader, &device).map(Family::Llama),
                stated.min(FIXED_CONTEXT),
            ),
            other => {
                return Err(ModelError::Load(format!(
                    "the architecture {other:?} is not supported; qwen2, qwen3 and llama are"
                )));
            }
        };
        let family = family.map_err(|error| ModelError::Load(format!("tensors: {}", first_line(&error))))?;
        Ok(Self { family, device, context })
    }

    /// How many positions fit.
    pub(super) fn context(&self) -> usize {
        self.context
    }

    /// Reads `tokens` at `position` and gives the scores of what may come next.
    ///
    /// Several tokens at a position above 0 are masked correctly by all three families, so a prompt may be read
    /// in chunks. Their masks are kept by shape for ever (qwen2, llama); see [`mask_memory`] for how much that is.
    pub(super) fn forward(&mut self, tokens: &[u32], position: usize) -> Result<Tensor, ModelError> {
        let input = Tensor::new(tokens, &self.device).and_then(|ids| ids.unsqueeze(0));
        input
            .and_then(|input| match &mut self.family {
                Family::Qwen2(model) => model.forward(&input, position),
                Family::Qwen3(model) => model.forward(&input, position),
                Family::Llama(model) => model.forward(&input, position),
            })
            .and_then(|scores| scores.flatten_all())
            .map_err(|error| ModelError::Inference(first_line(&error)))
    }

    /// Runs once over several tokens and once over one. The libraries rearrange the weights for the processor when
    /// they are first used, which takes seconds: better before the model is called ready than in the first answer.
    pub(super) fn warm_up(&mut self) -> Result<(), ModelError> {
        self.forward(&[0, 0], 0)?;
        self.forward(&[0], 2)?;
        self.forget();
        Ok(())
    }

    /// Forgets the conversation, so that the next one starts at position 0 with nothing before it.
    pub(super) fn forget(&mut self) {
        match &mut self.family {
            Family::Qwen2(model) => model.clear_kv_cache(),
            Family::Qwen3(model) => model.clear_kv_cache(),
            Family::Llama(model) => model.clear_kv_cache(),
        }
    }
}

/// The most bytes that candle's masks can ever take, one byte a cell, when prompts of up to `longest` tokens are
/// read in chunks of `chunk`: one mask for each full chunk, and one for each possible last chunk.
///
/// With the defaults (450 and 64) that is 3.3 MB, so the cache that is never emptied does no harm; it is the
/// prompt limit that keeps it harmless.
pub fn mask_memory(longest: usize, chunk: usize) -> usize {
    let full: usize = (1..=longest / chunk.max(1)).map(|count| chunk * (count * chunk)).sum();
    let last: usize = (1..=longest).map(|length| (length % chunk.max(1)) * length).sum();
    full + last
}
