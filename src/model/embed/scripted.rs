//! An embedder without weights, for tests: texts that share characters lie near each other, and words can be declared
//! to mean the same.

use super::{EmbedError, Embedder, Purpose, Vector};

/// Counts characters and pairs of them, each at a place that its hash gives.
#[derive(Debug, Clone, Default)]
pub struct ScriptedEmbedder {
    same: Vec<(String, String)>,
    broken: bool,
}

const DIMENSIONS: usize = 256;

impl ScriptedEmbedder {
    /// One that knows nothing but characters.
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on `word` is read as `meaning`, wherever it stands.
    #[must_use]
    pub fn with_same(mut self, word: &str, meaning: &str) -> Self {
        self.same.push((word.to_owned(), meaning.to_owned()));
        self
    }

    /// From now on every call fails.
    #[must_use]
    pub fn broken(mut self) -> Self {
        self.broken = true;
        self
    }

    fn vector(&self, text: &str) -> Vector {
        let mut text = text.to_lowercase();
        for (word, meaning) in &self.same {
            text = text.replace(word, meaning);
        }
        let characters: Vec<char> = text.chars().filter(|one| one.is_alphanumeric()).collect();
        let mut numbers = vec![0.0; DIMENSIONS];
        for one in &characters {
            numbers[place(&[*one])] += 1.0;
        }
        for pair in characters.windows(2) {
            numbers[place(pair)] += 2.0;
        }
        Vector::normalised(numbers)
    }
}

/// The place of some characters: FNV-1a over their code points.
fn place(characters: &[char]) -> usize {
    let hash = characters.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, one| {
        (hash ^ u64::from(u32::from(*one))).wrapping_mul(0x0000_0100_0000_01b3)
    });
    usize::try_from((hash ^ (hash >> 32)) % DIMENSIONS as u64).unwrap_or_default()
}

impl Embedder for ScriptedEmbedder {
    fn embed(&self, texts: &[&str], _purpose: Purpose) -> Result<Vec<Vector>, EmbedError> {
        if self.broken {
            return Err(EmbedError::Failed("as scripted".to_owned()));
        }
        Ok(texts.iter().map(|text| self.vector(text)).collect())
    }

    fn name(&self) -> &str {
        "scripted"
    }

    fn dimensions(&self) -> usize {
        DIMENSIONS
    }
}
