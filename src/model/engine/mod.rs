//! The local engine: one thread owns the weights, a bounded queue stands before it, text streams out of it.
//!
//! Weights are read on that thread, so a server is up before its model is. Between two tokens, and between two
//! chunks of a prompt, the thread looks whether its listener is still there and whether time is left.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    str::FromStr,
    sync::{Arc, Condvar, Mutex, PoisonError, RwLock},
    thread,
    time::{Duration, Instant},
};

use candle_core::Device;

use super::{
    ChatModel, Generation, GenerationRequest, ModelError, ModelState, Prompt, cache,
    card::ModelFile,
    estimate_tokens,
    generation::channel,
    gguf::{GgufFile, first_line},
    tokens::ChatTokenizer,
};
use queue::{Job, Queue};
use weights::Weights;
use worker::Worker;

mod queue;
mod weights;
mod worker;

pub use weights::mask_memory;

/// Text of more bytes than this for each allowed token is refused without being tokenized: no vocabulary of ours
/// has longer tokens on average, and tokenizing a megabyte would take seconds.
const LONGEST_TOKEN: usize = 32;

/// Text of more bytes is estimated instead of counted: it is far beyond any prompt's limit, and the answer must
/// not take longer than the turn.
const LONGEST_COUNTED: usize = 16 << 10;

/// How the engine is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// Where the computation happens.
    pub device: DeviceChoice,
    /// How many requests may wait; one more is refused as [`ModelError::Busy`].
    pub queue: usize,
    /// Prompts are read in pieces of this many tokens, so that a cancelled one is noticed in between.
    pub prompt_chunk: usize,
    /// Longer prompts are refused.
    pub max_prompt_tokens: usize,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self { device: DeviceChoice::Cpu, queue: 4, prompt_chunk: 64, max_prompt_tokens: 450 }
    }
}

/// `cpu`, `cuda`, `cuda:N` or `metal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceChoice {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA GPU by its number; needs the cargo feature `cuda`.
    Cuda(usize),
    /// An Apple GPU; needs the cargo feature `metal`.
    Metal,
}

impl FromStr for DeviceChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = || format!("{text:?} is no device: use cpu, cuda, cuda:N or metal");
        match text.trim().to_lowercase().as_str() {
            "cpu" => Ok(Self::Cpu),
            "cuda" => Ok(Self::Cuda(0)),
            "metal" => Ok(Self::Metal),
            other => match other.strip_prefix("cuda:") {
                Some(number) => number.parse().map(Self::Cuda).map_err(|_| refused()),
                None => Err(refused()),
            },
        }
    }
}

impl DeviceChoice {
    fn open(self) -> Result<Device, ModelError> {
        match self {
            Self::Cpu => Ok(Device::Cpu),
            Self::Cuda(_) if !cfg!(feature = "cuda") => Err(ModelError::Load(
                "this build has no CUDA support; build with `--features cuda` or use `--device cpu`"
                    .to_owned(),
            )),
            Self::Metal if !cfg!(feature = "metal") => Err(ModelError::Load(
                "this build has no Metal support; build with `--features metal` or use `--device cpu`"
                    .to_owned(),
            )),
            Self::Cuda(number) => {
                Device::new_cuda(number).map_err(|error| ModelError::Load(first_line(&error)))
            }
            Self::Metal => Device::new_metal(0).map_err(|error| ModelError::Load(first_line(&error))),
        }
    }
}

/// What the engine is to load.
#[derive(Debug, Clone)]
pub struct EngineSource {
    /// The served name.
    pub name: String,
    /// The GGUF file.
    pub weights: PathBuf,
    /// A `tokenizer.json`, if the GGUF's own vocabulary is not to be used.
    pub tokenizer: Option<PathBuf>,
    /// What the card says of the weights; a file not verified since it was last touched is hashed first.
    pub stated: Option<ModelFile>,
    /// The architecture the card states.
    pub architecture: Option<String>,
}

/// A model that runs in this process.
#[derive(Debug)]
pub struct Engine {
    name: String,
    options: EngineOptions,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    queue: Queue,
    state: Mutex<ModelState>,
    settled: Condvar,
    loaded: RwLock<Option<Loaded>>,
}

/// What the askers need of a loaded model.
#[derive(Debug, Clone)]
struct Loaded {
    tokenizer: Arc<ChatTokenizer>,
    context: usize,
}

impl Engine {
    /// Starts the thread and returns at once, in the state [`ModelState::Loading`].
    pub fn start(source: EngineSource, options: EngineOptions) -> Result<Self, ModelError> {
        let shared = Arc::new(Shared {
            queue: Queue::new(options.queue),
            state: Mutex::new(ModelState::Loading),
            settled: Condvar::new(),
            loaded: RwLock::new(None),
        });
        let engine =
            Self { name: source.name.clone(), options: options.clone(), shared: Arc::clone(&shared) };
        thread::Builder::new()
            .name("warmdesk-model".to_owned())
            .spawn(move || run(&source, &options, &shared))
            .map_err(|error| ModelError::Load(format!("cannot start the engine thread: {error}")))?;
        Ok(engine)
    }

    /// Waits until the model is ready or has failed, at most `limit`.
    pub fn wait_until_settled(&self, limit: Duration) -> ModelState {
        let state = self.shared.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, _) = self
            .shared
            .settled
            .wait_timeout_while(state, limit, |state| *state == ModelState::Loading)
            .unwrap_or_else(PoisonError::into_inner);
        state.clone()
    }

    fn encode(&self, request: &GenerationRequest) -> Result<Vec<u32>, ModelError> {
        let limit = self.options.max_prompt_tokens;
        let bytes: usize = request
            .prompt
            .messages
            .iter()
            .flat_map(|message| &message.parts)
            .map(|part| part.text().len())
            .sum();
        if bytes > limit.saturating_mul(LONGEST_TOKEN) {
            return Err(ModelError::PromptTooLong { tokens: bytes / LONGEST_TOKEN, limit });
        }
        let loaded = self
            .shared
            .loaded()
            .ok_or_else(|| ModelError::Unavailable { reason: "the model is still loading".to_owned() })?;
        let tokens = loaded.tokenizer.encode_prompt(&request.prompt)?;
        let limit = limit.min(loaded.context.saturating_sub(request.max_tokens));
        if tokens.len() > limit {
            return Err(ModelError::PromptTooLong { tokens: tokens.len(), limit });
        }
        Ok(tokens)
    }
}

impl ChatModel for Engine {
    fn name(&self) -> &str {
        &self.name
    }

    fn state(&self) -> ModelState {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn generate(&self, request: GenerationRequest) -> Result<Generation, ModelError> {
        if let Some(refusal) = self.state().refusal() {
            return Err(refusal);
        }
        let prompt = self.encode(&request)?;
        let (sink, generation) = channel();
        self.shared.queue.push(Job {
            prompt,
            max_tokens: request.max_tokens,
            sampling: request.sampling,
            deadline: request.deadline,
            queued_at: Instant::now(),
            sink,
        })?;
        Ok(generation)
    }

    fn count_tokens(&self, text: &str) -> usize {
        if text.len() > LONGEST_COUNTED {
            return estimate_tokens(text);
        }
        let counted = self.shared.loaded().and_then(|loaded| loaded.tokenizer.count(text));
        counted.unwrap_or_else(|| estimate_tokens(text))
    }

    fn waiting(&self) -> usize {
        self.shared.queue.waiting()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.shared.queue.close();
    }
}

impl Shared {
    fn loaded(&self) -> Option<Loaded> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn settle(&self, state: ModelState) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        self.settled.notify_all();
    }
}

/// The engine thread from its first to its last moment. A panic in the libraries below ends a request, or the
/// loading, but never the program.
fn run(source: &EngineSource, options: &EngineOptions, shared: &Shared) {
    let started = Instant::now();
    let loaded = catch_unwind(|| load(source, options))
        .unwrap_or_else(|_| Err(ModelError::Load("the file's contents are impossible".to_owned())));
    let (weights, tokenizer) = match loaded {
        Ok(loaded) => loaded,
        Err(error) => {
            tracing::error!(model = source.name, %error, "the model could not be loaded");
            return shared.settle(ModelState::Failed { reason: error.to_string() });
        }
    };
    let tokenizer = Arc::new(tokenizer);
    *shared.loaded.write().unwrap_or_else(PoisonError::into_inner) =
        Some(Loaded { tokenizer: Arc::clone(&tokenizer), context: weights.context() });
    tracing::info!(model = source.name, seconds = started.elapsed().as_secs_f64(), "the model is ready");
    shared.settle(ModelState::Ready);

    let mut worker =
        Worker { weights, tokenizer: &tokenizer, queue: &shared.queue, prompt_chunk: options.prompt_chunk };
    while let Some(job) = shared.queue.pop() {
        if catch_unwind(AssertUnwindSafe(|| worker.serve(&job))).is_err() {
            tracing::error!(model = source.name, "a generation panicked");
            job.sink.end(Err(ModelError::Inference("the computation broke off".to_owned())));
            worker.weights.forget();
        }
    }
}

fn load(source: &EngineSource, options: &EngineOptions) -> Result<(Weights, ChatTokenizer), ModelError> {
    let device = options.device.open()?;
    if let Some(stated) = &source.stated {
        check_hash(source, stated)?;
    }
    let file = GgufFile::open(&source.weights)?;
    let architecture = file.architecture()?;
    if let Some(stated) = source.architecture.as_ref().filter(|stated| **stated != architecture) {
        return Err(ModelError::Load(format!("the card says {stated}, the file is {architecture}")));
    }
    let tokenizer = file.chat_tokenizer(source.tokenizer.as_deref())?;
    let mut weights = Weights::load(file, device)?;
    weights.warm_up()?;
    Ok((weights, tokenizer))
}

/// The scores after a prompt for each way of cutting it into chunks, all computed with the same weights.
pub(super) fn scores_by_chunk(
    path: &Path,
    prompt: &Prompt,
    chunks: &[usize],
) -> Result<Vec<Vec<f32>>, ModelError> {
    let file = GgufFile::open(path)?;
    let tokens = file.chat_tokenizer(None)?.encode_prompt(prompt)?;
    let mut weights = Weights::load(file, Device::Cpu)?;
    let mut all = Vec::new();
    for size in chunks {
        let mut scores = Vec::new();
        let mut position = 0;
        for chunk in tokens.chunks(*size) {
            scores = weights
                .forward(chunk, position)?
                .to_vec1()
                .map_err(|error| ModelError::Inference(first_line(&error)))?;
            position += chunk.len();
        }
        weights.forget();
        all.push(scores);
    }
    Ok(all)
}

/// Hashes the weights unless that was done since they were last touched.
fn check_hash(source: &EngineSource, stated: &ModelFile) -> Result<(), ModelError> {
    let way_out = format!("run `warmdesk model pull {}`", source.name);
    match cache::glance(&source.weights, stated) {
        cache::FileStatus::Verified => Ok(()),
        cache::FileStatus::Absent => Err(ModelError::Load(format!("the weights are gone; {way_out}"))),
        cache::FileStatus::WrongSize { expected, actual } => {
            Err(ModelError::Load(format!("the weights have {actual} bytes instead of {expected}; {way_out}")))
        }
        cache::FileStatus::Unchecked => cache::verify_file(&source.weights, stated, &mut |_| ())
            .map(drop)
            .map_err(|reason| ModelError::Load(format!("{}: {reason}; {way_out}", source.weights.display()))),
    }
}
