//! The stream of pieces between whoever generates and whoever listens, and what ends it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::mpsc;

use super::ModelError;

/// Text as it is generated. Dropping it cancels the generation.
#[derive(Debug)]
pub struct Generation {
    pieces: mpsc::UnboundedReceiver<Piece>,
    ended: bool,
    spent: Arc<Mutex<Spent>>,
}

/// What a generation delivers: any number of texts, then exactly one of the other two.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// The next text, always whole characters.
    Text(String),
    /// The end, with what it took.
    Done(GenerationUsage),
    /// The end, without success.
    Failed(ModelError),
}

/// What a generation took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GenerationUsage {
    /// Tokens of the whole prompt, template included.
    pub prompt_tokens: usize,
    /// Prompt tokens that did not have to be read again.
    pub cached_tokens: usize,
    /// Tokens generated, the closing one not counted.
    pub generated_tokens: usize,
    /// Milliseconds spent waiting for the engine.
    pub queue_ms: f64,
    /// Milliseconds spent reading the prompt.
    pub prompt_ms: f64,
    /// Milliseconds spent writing.
    pub decode_ms: f64,
    /// Why it ended.
    pub finish: Finish,
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// The model said it was done.
    Stop,
    /// The answer reached its token limit.
    Length,
    /// The deadline came first; the text is unfinished.
    Deadline,
    /// The listener went away.
    Cancelled,
}

impl Generation {
    /// The next piece; none after the end.
    ///
    /// A generator that disappears without a word is reported as a failure, so that a listener never takes an
    /// unfinished text for a finished one.
    pub async fn next(&mut self) -> Option<Piece> {
        if self.ended {
            return None;
        }
        let piece = self.pieces.recv().await;
        Some(self.noted(piece))
    }

    /// [`next`](Self::next) for callers outside an asynchronous runtime.
    pub fn blocking_next(&mut self) -> Option<Piece> {
        if self.ended {
            return None;
        }
        let piece = self.pieces.blocking_recv();
        Some(self.noted(piece))
    }

    /// Reads to the end: the whole text, and the usage or the failure.
    pub async fn collect(mut self) -> (String, Result<GenerationUsage, ModelError>) {
        let mut text = String::new();
        loop {
            match self.next().await {
                Some(Piece::Text(more)) => text.push_str(&more),
                Some(Piece::Done(usage)) => return (text, Ok(usage)),
                Some(Piece::Failed(error)) => return (text, Err(error)),
                None => return (text, Err(ended_without_reason())),
            }
        }
    }

    /// [`collect`](Self::collect) for callers outside an asynchronous runtime.
    pub fn blocking_collect(mut self) -> (String, Result<GenerationUsage, ModelError>) {
        let mut text = String::new();
        loop {
            match self.blocking_next() {
                Some(Piece::Text(more)) => text.push_str(&more),
                Some(Piece::Done(usage)) => return (text, Ok(usage)),
                Some(Piece::Failed(error)) => return (text, Err(error)),
                None => return (text, Err(ended_without_reason())),
            }
        }
    }

    /// What it took so far: for a listener that stops before the end, whose generation costs the engine all the same.
    /// An endpoint elsewhere tells nothing before its end; then everything until now is waiting.
    pub fn spent(&self) -> GenerationUsage {
        lock(&self.spent).usage(Instant::now())
    }

    fn noted(&mut self, piece: Option<Piece>) -> Piece {
        let piece = piece.unwrap_or_else(|| Piece::Failed(ended_without_reason()));
        self.ended = !matches!(piece, Piece::Text(_));
        piece
    }
}

fn ended_without_reason() -> ModelError {
    ModelError::Inference("the generation stopped without saying why".to_owned())
}

/// How far a generation is, where both ends see it.
#[derive(Debug)]
struct Spent {
    asked: Instant,
    begun: Option<Instant>,
    writing: Option<Instant>,
    prompt_tokens: usize,
    generated_tokens: usize,
}

impl Spent {
    fn usage(&self, now: Instant) -> GenerationUsage {
        let between = |from: Option<Instant>, to: Option<Instant>| {
            let to = to.unwrap_or(now);
            from.map_or(0.0, |from| to.saturating_duration_since(from).as_secs_f64() * 1000.0)
        };
        GenerationUsage {
            prompt_tokens: self.prompt_tokens,
            cached_tokens: 0,
            generated_tokens: self.generated_tokens,
            queue_ms: between(Some(self.asked), self.begun),
            prompt_ms: between(self.begun, self.writing),
            decode_ms: between(self.writing, None),
            finish: Finish::Cancelled,
        }
    }
}

fn lock(spent: &Mutex<Spent>) -> MutexGuard<'_, Spent> {
    spent.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The generating end of a [`Generation`].
#[derive(Debug)]
pub(super) struct Sink {
    pieces: mpsc::UnboundedSender<Piece>,
    spent: Arc<Mutex<Spent>>,
}

/// Makes the two ends of a generation. The channel is unbounded because an answer is at most some hundred
/// pieces, and the engine must never wait for a slow listener.
pub(super) fn channel() -> (Sink, Generation) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let spent =
        Spent { asked: Instant::now(), begun: None, writing: None, prompt_tokens: 0, generated_tokens: 0 };
    let spent = Arc::new(Mutex::new(spent));
    let sink = Sink { pieces: sender, spent: Arc::clone(&spent) };
    (sink, Generation { pieces: receiver, ended: false, spent })
}

impl Sink {
    /// Whether nobody listens any more.
    pub(super) fn is_abandoned(&self) -> bool {
        self.pieces.is_closed()
    }

    /// Waits until nobody listens any more.
    pub(super) async fn abandoned(&self) {
        self.pieces.closed().await;
    }

    /// The prompt, of so many tokens, is being read from now on.
    pub(super) fn begun(&self, prompt_tokens: usize) {
        let mut spent = lock(&self.spent);
        spent.begun = Some(Instant::now());
        spent.prompt_tokens = prompt_tokens;
    }

    /// The answer is being written from now on.
    pub(super) fn writing(&self) {
        lock(&self.spent).writing = Some(Instant::now());
    }

    /// So many tokens are written.
    pub(super) fn wrote(&self, generated_tokens: usize) {
        lock(&self.spent).generated_tokens = generated_tokens;
    }

    /// Passes text on; an abandoned generation is noticed at the next check, not here.
    pub(super) fn text(&self, text: String) {
        if !text.is_empty() {
            self.pieces.send(Piece::Text(text)).ok();
        }
    }

    /// Ends the generation.
    pub(super) fn end(&self, result: Result<GenerationUsage, ModelError>) {
        let piece = match result {
            Ok(usage) => Piece::Done(usage),
            Err(error) => Piece::Failed(error),
        };
        self.pieces.send(piece).ok();
    }
}
