//! Vectors that cost nothing and mean nothing, of the size that real ones have: for measuring what searching costs, not
//! what it finds.

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::bench::schedule::Random;
use crate::model::{EmbedError, Embedder, Purpose, Vector};

/// As many numbers as the vectors of the real embedder have.
const DIMENSIONS: usize = 384;

/// Draws the same direction for the same text.
#[derive(Debug, Clone, Copy, Default)]
pub struct SyntheticEmbedder;

impl Embedder for SyntheticEmbedder {
    fn embed(&self, texts: &[&str], _: Purpose) -> Result<Vec<Vector>, EmbedError> {
        Ok(texts.iter().map(|text| direction(text)).collect())
    }

    fn name(&self) -> &str {
        "synthetic"
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }
}

fn direction(text: &str) -> Vector {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    let mut random = Random::new(hasher.finish());
    Vector::normalised((0..DIMENSIONS).map(|_| (random.unit() - 0.5) as f32).collect())
}
