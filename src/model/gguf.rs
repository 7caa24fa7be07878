//! Opening a GGUF file: is it one, is it whole, and which model, tokenizer and template does it hold?

use std::{
    fs::File,
    io::{BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use candle_core::quantized::{
    gguf_file::{Content, Value},
    tokenizer::TokenizerFromGguf,
};
use tokenizers::Tokenizer;

use super::{ModelError, template::ChatTemplate, tokens::ChatTokenizer};

/// Splitting rules that the reader of GGUF vocabularies really implements. It reads any other as GPT-2's, which
/// gives wrong tokens without a word, so any other is refused here.
const KNOWN_SPLITTING: [&str; 6] = ["qwen2", "llama3", "smaug-bpe", "lfm2", "gpt2", "gpt-2"];

/// The libraries tabulate every position for every dimension of a head before anything is read. A damaged number would
/// ask for more memory than there is, which ends the program; a million positions of 128 dimensions are more than any
/// model in use has.
const LARGEST_TABLE: u64 = 1 << 27;
/// The llama family is given a table of so many positions, whatever its file states.
const FEWEST_POSITIONS: u64 = 4096;

/// An opened GGUF file whose header is sound and whose tensors are all there.
#[derive(Debug)]
pub(super) struct GgufFile {
    pub(super) content: Content,
    pub(super) reader: BufReader<File>,
    path: PathBuf,
}

impl GgufFile {
    /// Reads and checks the header.
    pub(super) fn open(path: &Path) -> Result<Self, ModelError> {
        let broken = |reason: String| ModelError::Load(format!("{}: {reason}", path.display()));
        let file = File::open(path).map_err(|error| broken(format!("cannot be opened: {error}")))?;
        let length = file.metadata().map_err(|error| broken(error.to_string()))?.len();
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let mut magic = [0_u8; 4];
        reader
            .read_exact(&mut magic)
            .and_then(|()| reader.seek(SeekFrom::Start(0)))
            .map_err(|_| broken(format!("is no GGUF file: it has {length} bytes")))?;
        if &magic != b"GGUF" {
            return Err(broken("is no GGUF file: it does not begin with the letters GGUF".to_owned()));
        }
        let content = Content::read(&mut reader).map_err(|error| {
            broken(format!(
                "its header is damaged or cut off ({}); verify or fetch it again",
                first_line(&error)
            ))
        })?;
        check_length(&content, length).map_err(broken)?;
        Ok(Self { content, reader, path: path.to_owned() })
    }

    /// The model family, such as `qwen2`.
    pub(super) fn architecture(&self) -> Result<String, ModelError> {
        self.text("general.architecture").ok_or_else(|| self.lacks("general.architecture"))
    }

    /// The number of positions the model was made for.
    pub(super) fn context_length(&self, architecture: &str) -> Option<usize> {
        usize::try_from(self.number(&format!("{architecture}.context_length"))?).ok()
    }

    /// Whether the numbers by which the libraries reserve memory can be true.
    ///
    /// # Errors
    /// The first that cannot, by its name.
    pub(super) fn check_sizes(&self, architecture: &str) -> Result<(), ModelError> {
        let stated = |name: &str| self.number(&format!("{architecture}.{name}"));
        let refuse = |name: &str, number: u64| {
            let path = self.path.display();
            Err(ModelError::Load(format!(
                "{path}: `{architecture}.{name}` is {number}, which cannot be true; verify the file or fetch it again"
            )))
        };
        let positions = stated("context_length").unwrap_or(0);
        let by_heads = stated("embedding_length").zip(stated("attention.head_count"));
        let widths = [
            stated("attention.key_length"),
            stated("rope.dimension_count"),
            by_heads.and_then(|(width, heads)| width.checked_div(heads)),
        ];
        let width = widths.into_iter().flatten().max().unwrap_or(1);
        if positions.max(FEWEST_POSITIONS).saturating_mul(width) > LARGEST_TABLE {
            return refuse("context_length", positions);
        }
        let tensors = self.content.tensor_infos.len() as u64;
        for name in ["block_count", "expert_count", "expert_used_count"] {
            if let Some(number) = stated(name).filter(|number| *number > tensors) {
                return refuse(name, number);
            }
        }
        Ok(())
    }

    /// The tokenizer and chat template, from the file itself unless a `tokenizer.json` is named.
    pub(super) fn chat_tokenizer(&self, tokenizer_json: Option<&Path>) -> Result<ChatTokenizer, ModelError> {
        let tokenizer = match tokenizer_json {
            Some(path) => read_tokenizer_json(path)?,
            None => self.own_tokenizer()?,
        };
        let end_ids: Vec<u32> = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id"]
            .into_iter()
            .filter_map(|key| u32::try_from(self.number(key)?).ok())
            .collect();
        let token = |key: &str| {
            let id = u32::try_from(self.number(key)?).ok()?;
            tokenizer.id_to_token(id)
        };
        let source =
            self.text("tokenizer.chat_template").ok_or_else(|| self.lacks("tokenizer.chat_template"))?;
        let template = ChatTemplate::new(
            &source,
            &token("tokenizer.ggml.bos_token_id").unwrap_or_default(),
            &token("tokenizer.ggml.eos_token_id").unwrap_or_default(),
        )?;
        ChatTokenizer::new(tokenizer, template, &end_ids)
    }

    fn own_tokenizer(&self) -> Result<Tokenizer, ModelError> {
        let refused = |what: String| {
            ModelError::Load(format!(
                "{}: {what}; name a tokenizer.json on the model's card or put it beside the file",
                self.path.display()
            ))
        };
        let model = self.text("tokenizer.ggml.model").ok_or_else(|| self.lacks("tokenizer.ggml.model"))?;
        if model != "gpt2" {
            return Err(refused(format!("its vocabulary is of the kind {model:?}, which is not understood")));
        }
        let splitting = self.text("tokenizer.ggml.pre").unwrap_or_default();
        if !KNOWN_SPLITTING.contains(&splitting.as_str()) {
            return Err(refused(format!(
                "its splitting rule {splitting:?} (tokenizer.ggml.pre) is not known"
            )));
        }
        Tokenizer::from_gguf(&self.content)
            .map_err(|error| refused(format!("its vocabulary is damaged ({})", first_line(&error))))
    }

    fn text(&self, key: &str) -> Option<String> {
        self.content.metadata.get(key)?.to_string().ok().cloned()
    }

    fn number(&self, key: &str) -> Option<u64> {
        match self.content.metadata.get(key)? {
            Value::I32(number) => u64::try_from(*number).ok(),
            Value::I64(number) => u64::try_from(*number).ok(),
            value => value.to_u64().ok(),
        }
    }

    fn lacks(&self, key: &str) -> ModelError {
        ModelError::Load(format!("{}: it has no {key}", self.path.display()))
    }
}

/// Finds files that end before their last tensor does, whose loading would fail late and obscurely.
fn check_length(content: &Content, length: u64) -> Result<(), String> {
    for (name, tensor) in &content.tensor_infos {
        let blocks = tensor.shape.elem_count() / tensor.ggml_dtype.block_size();
        let bytes = blocks as u64 * tensor.ggml_dtype.type_size() as u64;
        let end =
            content.tensor_data_offset.checked_add(tensor.offset).and_then(|start| start.checked_add(bytes));
        if end.is_none_or(|end| end > length) {
            return Err(format!(
                "is cut off: the tensor {name} would end beyond the file's {length} bytes; fetch it again"
            ));
        }
    }
    Ok(())
}

/// Reads a `tokenizer.json` and declares every added token special, so that none is read out of plain text.
fn read_tokenizer_json(path: &Path) -> Result<Tokenizer, ModelError> {
    let broken = |reason: String| ModelError::Load(format!("{}: {reason}", path.display()));
    let text = std::fs::read(path).map_err(|error| broken(format!("cannot be read: {error}")))?;
    let mut json: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| broken(error.to_string()))?;
    for token in json.get_mut("added_tokens").and_then(|tokens| tokens.as_array_mut()).into_iter().flatten() {
        if let Some(token) = token.as_object_mut() {
            token.insert("special".to_owned(), serde_json::Value::Bool(true));
            token.insert("normalized".to_owned(), serde_json::Value::Bool(false));
        }
    }
    let text = serde_json::to_vec(&json).map_err(|error| broken(error.to_string()))?;
    Tokenizer::from_bytes(&text).map_err(|error| broken(format!("is no tokenizer: {error}")))
}

/// The library's errors carry a backtrace; people need the first line.
pub(super) fn first_line(error: &candle_core::Error) -> String {
    error.to_string().lines().next().unwrap_or_default().to_owned()
}
