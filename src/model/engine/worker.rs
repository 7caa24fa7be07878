//! What the engine thread does with one job: read the prompt in chunks, then write token by token.

use std::time::Instant;

use candle_core::Tensor;
use candle_transformers::generation::{LogitsProcessor, Sampling as Choice};

use super::{
    queue::{Job, Queue},
    weights::Weights,
};
use crate::model::{Finish, GenerationUsage, ModelError, Sampling, gguf::first_line, tokens::ChatTokenizer};

/// Everything the thread works with.
pub(super) struct Worker<'a> {
    pub(super) weights: Weights,
    pub(super) tokenizer: &'a ChatTokenizer,
    pub(super) queue: &'a Queue,
    pub(super) prompt_chunk: usize,
}

impl Worker<'_> {
    /// Serves one job to its end, whatever the end is.
    pub(super) fn serve(&mut self, job: &Job) {
        let started = Instant::now();
        let mut usage = GenerationUsage {
            prompt_tokens: job.prompt.len(),
            cached_tokens: 0,
            generated_tokens: 0,
            queue_ms: milliseconds(job.queued_at, started),
            prompt_ms: 0.0,
            decode_ms: 0.0,
            finish: Finish::Stop,
        };
        job.sink.begun(job.prompt.len());
        let result = self.generate(job, &mut usage);
        self.weights.forget();
        tracing::debug!(?usage, failed = result.is_err(), "generation ended");
        job.sink.end(result.map(|finish| GenerationUsage { finish, ..usage }));
    }

    fn generate(&mut self, job: &Job, usage: &mut GenerationUsage) -> Result<Finish, ModelError> {
        let started = Instant::now();
        let scores = self.read(job);
        usage.prompt_ms = milliseconds(started, Instant::now());
        let scores = match scores? {
            Ok(scores) => scores,
            Err(finish) => return Ok(finish),
        };
        let started = Instant::now();
        job.sink.writing();
        let finish = self.write(job, scores, &mut usage.generated_tokens);
        usage.decode_ms = milliseconds(started, Instant::now());
        finish
    }

    /// Reads the prompt and gives the scores of the first token, or why reading stopped.
    fn read(&mut self, job: &Job) -> Result<Result<Tensor, Finish>, ModelError> {
        let mut scores = None;
        let mut position = 0;
        for chunk in job.prompt.chunks(self.prompt_chunk.max(1)) {
            if let Some(finish) = self.interrupted(job) {
                return Ok(Err(finish));
            }
            scores = Some(self.weights.forward(chunk, position)?);
            position += chunk.len();
        }
        scores.map(Ok).ok_or_else(|| ModelError::Prompt("it is empty".to_owned()))
    }

    fn write(&mut self, job: &Job, mut scores: Tensor, generated: &mut usize) -> Result<Finish, ModelError> {
        let mut chooser = chooser(job.sampling);
        let mut text = self.tokenizer.text_stream();
        loop {
            if *generated == job.max_tokens {
                return Ok(Finish::Length);
            }
            if let Some(finish) = self.interrupted(job) {
                return Ok(finish);
            }
            let token = chooser.sample(&scores).map_err(|error| ModelError::Inference(first_line(&error)))?;
            if self.tokenizer.is_end(token) {
                return Ok(Finish::Stop);
            }
            *generated += 1;
            job.sink.wrote(*generated);
            if let Some(text) = text(token)? {
                job.sink.text(text);
            }
            if *generated < job.max_tokens {
                scores = self.weights.forward(&[token], job.prompt.len() + *generated - 1)?;
            }
        }
    }

    /// Looks up between two steps: is the answer still wanted, by now? Also keeps the queue's promises.
    fn interrupted(&self, job: &Job) -> Option<Finish> {
        self.queue.drop_dead();
        if job.sink.is_abandoned() || self.queue.is_closed() {
            Some(Finish::Cancelled)
        } else if Instant::now() >= job.deadline {
            Some(Finish::Deadline)
        } else {
            None
        }
    }
}

fn chooser(sampling: Sampling) -> LogitsProcessor {
    match sampling {
        Sampling::Seeded { seed, temperature, top_p } if temperature > 1e-6 => {
            LogitsProcessor::from_sampling(seed, Choice::TopP { p: top_p, temperature })
        }
        Sampling::Greedy | Sampling::Seeded { .. } => LogitsProcessor::from_sampling(0, Choice::ArgMax),
    }
}

fn milliseconds(from: Instant, to: Instant) -> f64 {
    to.saturating_duration_since(from).as_secs_f64() * 1000.0
}
