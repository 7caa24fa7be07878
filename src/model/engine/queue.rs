//! The bounded queue in front of the engine thread.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use crate::model::{Finish, GenerationUsage, ModelError, Sampling, generation::Sink};

/// A request that waits for the engine, already in tokens.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) prompt: Vec<u32>,
    pub(super) max_tokens: usize,
    pub(super) sampling: Sampling,
    pub(super) deadline: Instant,
    pub(super) queued_at: Instant,
    pub(super) sink: Sink,
}

/// Jobs in order of arrival, at most `capacity` of them waiting.
#[derive(Debug)]
pub(super) struct Queue {
    inner: Mutex<Inner>,
    changed: Condvar,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Inner {
    jobs: VecDeque<Job>,
    closed: bool,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self { inner: Mutex::default(), changed: Condvar::new(), capacity }
    }

    /// Lets a job wait, or refuses it. Those nobody waits for any more make room first.
    pub(super) fn push(&self, job: Job) -> Result<(), ModelError> {
        let mut inner = self.lock();
        inner.drop_dead();
        if inner.closed {
            return Err(stopping());
        }
        if inner.jobs.len() >= self.capacity {
            return Err(ModelError::Busy);
        }
        inner.jobs.push_back(job);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for the next job that is still wanted; none once the queue is closed.
    pub(super) fn pop(&self) -> Option<Job> {
        let mut inner = self.lock();
        loop {
            inner.drop_dead();
            if inner.closed {
                return None;
            }
            if let Some(job) = inner.jobs.pop_front() {
                return Some(job);
            }
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Ends the jobs whose deadline has passed or whose listener has gone; called by the engine at every step,
    /// so that a long answer does not keep others waiting beyond their deadline.
    pub(super) fn drop_dead(&self) {
        self.lock().drop_dead();
    }

    /// Ends the engine thread after its current step; waiting jobs are told.
    pub(super) fn close(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        for job in inner.jobs.drain(..) {
            job.sink.end(Err(stopping()));
        }
        self.changed.notify_all();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// How many jobs wait.
    pub(super) fn waiting(&self) -> usize {
        self.lock().jobs.len()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stopping() -> ModelError {
    ModelError::Unavailable { reason: "the engine is stopping".to_owned() }
}

impl Inner {
    fn drop_dead(&mut self) {
        let now = Instant::now();
        self.jobs.retain(|job| {
            if job.sink.is_abandoned() {
                return false;
            }
            if now >= job.deadline {
                job.sink.end(Ok(job.unserved(now)));
                return false;
            }
            true
        });
    }
}

impl Job {
    /// What is reported of a job whose deadline came before its turn.
    fn unserved(&self, now: Instant) -> GenerationUsage {
        GenerationUsage {
            prompt_tokens: self.prompt.len(),
            cached_tokens: 0,
            generated_tokens: 0,
            queue_ms: (now - self.queued_at).as_secs_f64() * 1000.0,
            prompt_ms: 0.0,
            decode_ms: 0.0,
            finish: Finish::Deadline,
        }
    }
}
