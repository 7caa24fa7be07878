//! A model that notes what another one writes, from the first word to the last, whether or not anybody listens that long.
//!
//! Who stops a generation half-way never learns what would have come. For measuring what the guard keeps back, all of it is
//! wanted: each text is written to its end before its first word is handed on.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

use super::generation::channel;
use super::{ChatModel, Generation, GenerationRequest, GenerationUsage, ModelError, ModelState, Piece};

/// Passes requests on and notes the answers.
pub struct RecordingModel {
    inner: Arc<dyn ChatModel>,
    notes: Arc<Notes>,
}

/// What was noted, and how many texts are still being written.
#[derive(Default)]
struct Notes {
    inner: Mutex<(Vec<Recorded>, usize)>,
    ended: Condvar,
}

impl Notes {
    fn lock(&self) -> MutexGuard<'_, (Vec<Recorded>, usize)> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was written for one prompt.
#[derive(Debug, Clone, PartialEq)]
pub struct Recorded {
    /// The prompt as text, without the marks of the chat template.
    pub prompt: String,
    /// Each piece with the milliseconds from the request to its arrival.
    pub pieces: Vec<(f64, String)>,
    /// What it took; none if the model failed.
    pub usage: Option<GenerationUsage>,
}

impl RecordingModel {
    /// Notes what `inner` writes.
    pub fn new(inner: Arc<dyn ChatModel>) -> Self {
        Self { inner, notes: Arc::default() }
    }

    /// Waits until no text is being written any more, and takes what was noted since the last call, oldest first.
    pub fn take(&self) -> Vec<Recorded> {
        let notes = self.notes.lock();
        let mut notes = self
            .notes
            .ended
            .wait_while(notes, |(_, writing)| *writing > 0)
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut notes.0)
    }
}

impl std::fmt::Debug for RecordingModel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("RecordingModel").field("inner", &self.inner.name()).finish()
    }
}

impl ChatModel for RecordingModel {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn state(&self) -> ModelState {
        self.inner.state()
    }

    fn generate(&self, request: GenerationRequest) -> Result<Generation, ModelError> {
        let asked = Instant::now();
        let prompt = request.prompt.text();
        let mut generation = self.inner.generate(request)?;
        let notes = Arc::clone(&self.notes);
        notes.lock().1 += 1;
        let (sink, handed_on) = channel();
        thread::spawn(move || {
            let mut one = Recorded { prompt, pieces: Vec::new(), usage: None };
            let end = loop {
                match generation.blocking_next() {
                    Some(Piece::Text(text)) => {
                        one.pieces.push((asked.elapsed().as_secs_f64() * 1000.0, text));
                    }
                    Some(Piece::Done(usage)) => break Ok(usage),
                    Some(Piece::Failed(error)) => break Err(error),
                    None => break Err(ModelError::Inference("the generation ended twice".to_owned())),
                }
            };
            one.usage = end.as_ref().ok().copied();
            let texts: Vec<String> = one.pieces.iter().map(|(_, text)| text.clone()).collect();
            {
                let mut inner = notes.lock();
                inner.0.push(one);
                inner.1 -= 1;
            }
            notes.ended.notify_all();
            for text in texts {
                sink.text(text);
            }
            sink.end(end);
        });
        Ok(handed_on)
    }

    fn count_tokens(&self, text: &str) -> usize {
        self.inner.count_tokens(text)
    }

    fn waiting(&self) -> usize {
        self.inner.waiting()
    }
}
