//! What the model is asked to write, and how its stream becomes vetted sentences.

pub mod prompt;
pub mod speak;

use std::time::Duration;

use crate::model::Sampling;

/// How much the model may read and write, and for how long.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Tokens of a prompt at most. On two cores one costs 10 to 30 ms with a model of 1.5 billion weights.
    pub prompt_tokens: usize,
    /// Tokens of an answer at most.
    pub answer_tokens: usize,
    /// From the door to the end of the reply.
    pub deadline: Duration,
    /// How tokens are chosen.
    pub sampling: Sampling,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            prompt_tokens: 450,
            answer_tokens: 80,
            deadline: Duration::from_secs(30),
            sampling: Sampling::Greedy,
        }
    }
}

#[cfg(test)]
mod tests;
