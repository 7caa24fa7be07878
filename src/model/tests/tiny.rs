//! A GGUF file small enough for a test, with a real byte-level vocabulary, control tokens and a chat template.

use std::{fs::File, path::Path};

use candle_core::{
    Device, Tensor,
    quantized::{GgmlDType, QTensor, gguf_file, gguf_file::Value},
};

/// Plain ChatML, with Python methods and blocks as in real files.
pub(super) const TEMPLATE: &str = "{%- for message in messages %}\n    {%- if message['role'].strip() == 'tool' %}\n        {{- raise_exception('no tools') }}\n    {%- endif %}\n    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n{%- endfor %}\n{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}\n";

/// What a tiny file is to say; the default is sound.
pub(super) struct Tiny {
    pub(super) architecture: &'static str,
    pub(super) splitting: &'static str,
    pub(super) vocabulary: &'static str,
    pub(super) template: Option<&'static str>,
    /// Weights drawn with this seed instead of zeros, so that tokens and their order matter.
    pub(super) seed: Option<u64>,
}

impl Default for Tiny {
    fn default() -> Self {
        Self {
            architecture: "qwen2",
            splitting: "qwen2",
            vocabulary: "gpt2",
            template: Some(TEMPLATE),
            seed: None,
        }
    }
}

const WIDTH: usize = 32;
const HEADS: usize = 2;

/// The 256 bytes as byte-level vocabularies write them, then some control tokens.
fn tokens() -> (Vec<Value>, Vec<Value>) {
    let mut extra = 256_u32;
    let mut texts: Vec<String> = (0..=255_u32)
        .map(|byte| {
            let printable = matches!(byte, 33..=126 | 161..=172 | 174..=255);
            let code = if printable { byte } else { extra };
            extra += u32::from(!printable);
            char::from_u32(code).unwrap().to_string()
        })
        .collect();
    let mut kinds = vec![1; texts.len()];
    for control in ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>"] {
        texts.push(control.to_owned());
        kinds.push(3);
    }
    (texts.into_iter().map(Value::String).collect(), kinds.into_iter().map(Value::I32).collect())
}

impl Tiny {
    /// Writes the file; its weights are zeros, so every next token is equally likely and greedy takes the first.
    pub(super) fn write(&self, path: &Path) {
        let (tokens, kinds) = tokens();
        let count = tokens.len();
        let text = |text: &str| Value::String(text.to_owned());
        let mut metadata = vec![
            ("general.architecture".to_owned(), text(self.architecture)),
            ("tokenizer.ggml.model".to_owned(), text(self.vocabulary)),
            ("tokenizer.ggml.pre".to_owned(), text(self.splitting)),
            ("tokenizer.ggml.tokens".to_owned(), Value::Array(tokens)),
            ("tokenizer.ggml.token_type".to_owned(), Value::Array(kinds)),
            ("tokenizer.ggml.merges".to_owned(), Value::Array(Vec::new())),
            ("tokenizer.ggml.eos_token_id".to_owned(), Value::U32(258)),
            ("tokenizer.ggml.bos_token_id".to_owned(), Value::U32(256)),
        ];
        if let Some(template) = self.template {
            metadata.push(("tokenizer.chat_template".to_owned(), text(template)));
        }
        let mut number = |key: &str, value| metadata.push((format!("{}.{key}", self.architecture), value));
        number("attention.head_count", Value::U32(HEADS as u32));
        number("attention.head_count_kv", Value::U32(1));
        number("embedding_length", Value::U32(WIDTH as u32));
        number("context_length", Value::U32(4096));
        number("block_count", Value::U32(1));
        number("attention.layer_norm_rms_epsilon", Value::F32(1e-6));
        number("attention.key_length", Value::U32((WIDTH / HEADS) as u32));
        number("rope.dimension_count", Value::U32((WIDTH / HEADS) as u32));
        number("rope.freq_base", Value::F32(10_000.0));
        let metadata: Vec<(&str, &Value)> =
            metadata.iter().map(|(key, value)| (key.as_str(), value)).collect();
        let tensors = tensors(count, self.seed);
        let tensors: Vec<(&str, &QTensor)> =
            tensors.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
        gguf_file::write(&mut File::create(path).unwrap(), &metadata, &tensors).unwrap();
    }
}

/// The tensors of all three families together; each reads its own.
fn tensors(count: usize, seed: Option<u64>) -> Vec<(String, QTensor)> {
    let mut state = seed;
    let mut tensor = |name: &str, shape: &[usize]| {
        let size = shape.iter().product();
        let values: Vec<f32> = (0..size).map(|_| state.as_mut().map_or(0.0, next)).collect();
        let tensor = Tensor::from_vec(values, shape, &Device::Cpu).unwrap();
        (name.to_owned(), QTensor::quantize(&tensor, GgmlDType::F32).unwrap())
    };
    let narrow = WIDTH / HEADS;
    vec![
        tensor("token_embd.weight", &[count, WIDTH]),
        tensor("output_norm.weight", &[WIDTH]),
        tensor("blk.0.attn_q.weight", &[WIDTH, WIDTH]),
        tensor("blk.0.attn_k.weight", &[narrow, WIDTH]),
        tensor("blk.0.attn_v.weight", &[narrow, WIDTH]),
        tensor("blk.0.attn_q.bias", &[WIDTH]),
        tensor("blk.0.attn_k.bias", &[narrow]),
        tensor("blk.0.attn_v.bias", &[narrow]),
        tensor("blk.0.attn_q_norm.weight", &[narrow]),
        tensor("blk.0.attn_k_norm.weight", &[narrow]),
        tensor("blk.0.attn_output.weight", &[WIDTH, WIDTH]),
        tensor("blk.0.ffn_gate.weight", &[WIDTH, WIDTH]),
        tensor("blk.0.ffn_up.weight", &[WIDTH, WIDTH]),
        tensor("blk.0.ffn_down.weight", &[WIDTH, WIDTH]),
        tensor("blk.0.attn_norm.weight", &[WIDTH]),
        tensor("blk.0.ffn_norm.weight", &[WIDTH]),
    ]
}

/// The next of a fixed series of numbers between -1 and 1.
fn next(state: &mut u64) -> f32 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 40) as f32 / (1 << 23) as f32 - 1.0
}
