//! How long the stages of a turn took. Monotonic time only; no decision depends on it.

use std::time::Instant;

use super::trace::{ModelTiming, Timing};

/// Times a turn.
#[derive(Debug)]
pub struct Stopwatch {
    started: Instant,
    lap: Instant,
    timing: Timing,
}

impl Stopwatch {
    /// Starts at the moment when the door got the message.
    pub fn start(started: Instant) -> Self {
        Self { started, lap: Instant::now(), timing: Timing::default() }
    }

    /// When the door got the message.
    pub fn started(&self) -> Instant {
        self.started
    }

    /// Times a stage.
    pub fn time<T>(&mut self, stage: &str, work: impl FnOnce() -> T) -> T {
        self.lap = Instant::now();
        let result = work();
        self.lap(stage);
        result
    }

    /// Adds the time since the last lap to a stage.
    pub fn lap(&mut self, stage: &str) {
        let now = Instant::now();
        self.add(stage, milliseconds(now - self.lap));
        self.lap = now;
    }

    /// Adds time to a stage.
    pub fn add(&mut self, stage: &str, duration_ms: f64) {
        *self.timing.stages.entry(stage.to_owned()).or_default() += duration_ms;
    }

    /// Notes that the first sentence was said.
    pub fn first_sentence(&mut self) {
        let elapsed = milliseconds(self.started.elapsed());
        self.timing.first_sentence_ms.get_or_insert(elapsed);
    }

    /// Notes what the model did.
    pub fn model(&mut self, model: ModelTiming) {
        self.timing.model = Some(model);
    }

    /// The times so far, the whole included.
    pub fn finish(mut self) -> Timing {
        self.timing.total_ms = milliseconds(self.started.elapsed());
        self.timing
    }
}

/// A duration in milliseconds, to the microsecond.
pub fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1_000_000.0).round() / 1000.0
}
