//! Which examples mean the same as the message, in whatever words? Vectors of the examples, compared with its own.
//!
//! The vectors of one language crowd together; what tells them apart is left when their mean is taken away.

use std::collections::HashMap;

/// How much nearer examples count than others: the cosine is multiplied by it before it becomes a weight.
const SHARPNESS: f32 = 20.0;
/// What all examples of an intent together count beside its nearest.
const BREADTH: f32 = 0.3;

/// First bytes of a file of vectors, with its version.
const MAGIC: &[u8; 8] = b"WDVECT01";
/// The most numbers a vector of a file may have.
const MOST_DIMENSIONS: usize = 4096;

/// Vectors of texts, found by a hash of the text, so that a changed example is only one that is missing.
#[derive(Debug, Clone, Default)]
pub struct StoredVectors {
    dimensions: usize,
    by_text: HashMap<u64, Vec<f32>>,
}

impl StoredVectors {
    /// Adds the vector of a text. All vectors have one length; another one is left out.
    pub fn insert(&mut self, text: &str, vector: &[f32]) {
        if self.by_text.is_empty() {
            self.dimensions = vector.len();
        }
        if self.dimensions == vector.len() {
            self.by_text.insert(hash(text), vector.to_vec());
        }
    }

    /// The vector of a text, if it is there.
    pub fn get(&self, text: &str) -> Option<&[f32]> {
        self.by_text.get(&hash(text)).map(Vec::as_slice)
    }

    /// How many vectors there are.
    pub fn len(&self) -> usize {
        self.by_text.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.by_text.is_empty()
    }

    /// The vectors as a file: one byte a number, with one scale a vector, in the order of the hashes. No text can be read
    /// from it.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut entries: Vec<(&u64, &Vec<f32>)> = self.by_text.iter().collect();
        entries.sort_unstable_by_key(|(hash, _)| **hash);
        let mut bytes = MAGIC.to_vec();
        bytes.extend((self.dimensions as u32).to_le_bytes());
        bytes.extend((entries.len() as u32).to_le_bytes());
        for (hash, vector) in entries {
            let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
            let scale = largest.max(f32::MIN_POSITIVE) / 127.0;
            bytes.extend(hash.to_le_bytes());
            bytes.extend(scale.to_le_bytes());
            bytes.extend(vector.iter().map(|value| (value / scale).round().clamp(-127.0, 127.0) as i8 as u8));
        }
        bytes
    }

    /// Reads such a file. `None` if it is not one, or is cut short.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (dimensions, rest) = rest.split_first_chunk::<4>()?;
        let (count, rest) = rest.split_first_chunk::<4>()?;
        let dimensions = u32::from_le_bytes(*dimensions) as usize;
        let count = u32::from_le_bytes(*count) as usize;
        let entry = dimensions + 12;
        if dimensions > MOST_DIMENSIONS || rest.len() != count.checked_mul(entry)? {
            return None;
        }
        let mut by_text = HashMap::with_capacity(count);
        for entry in rest.chunks_exact(entry) {
            let (hash, entry) = entry.split_first_chunk::<8>()?;
            let (scale, values) = entry.split_first_chunk::<4>()?;
            let scale = f32::from_le_bytes(*scale);
            let vector = values.iter().map(|value| f32::from(*value as i8) * scale).collect();
            by_text.insert(u64::from_le_bytes(*hash), vector);
        }
        Some(Self { dimensions, by_text })
    }
}

/// FNV-1a: the same on every machine and in every version.
fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// The vectors of a pack's examples.
#[derive(Debug, Clone)]
pub struct DenseExamples {
    dimensions: usize,
    mean: Vec<f32>,
    /// The vectors without the mean, of length one, one after the other.
    vectors: Vec<f32>,
    /// The intent of each.
    intents: Vec<usize>,
}

impl DenseExamples {
    /// Prepares vectors, given with the place of their intent. `None` if there are too few to tell anything apart, or if
    /// they are not of one length.
    pub fn new(examples: &[(usize, &[f32])]) -> Option<Self> {
        let dimensions = examples.first()?.1.len();
        if dimensions == 0
            || examples.len() < 2
            || examples.iter().any(|(_, vector)| vector.len() != dimensions)
        {
            return None;
        }
        let mut mean = vec![0.0_f32; dimensions];
        for (_, vector) in examples {
            for (mean, value) in mean.iter_mut().zip(*vector) {
                *mean += value / examples.len() as f32;
            }
        }
        let vectors = examples.iter().flat_map(|(_, vector)| centred(vector, &mean)).collect();
        let intents = examples.iter().map(|(intent, _)| *intent).collect();
        Some(Self { dimensions, mean, vectors, intents })
    }

    /// How much a message's vector speaks for each of `count` intents, as a logarithm. Nothing speaks for an intent
    /// without examples, and a vector of another length for none.
    pub fn evidence(&self, vector: &[f32], count: usize) -> Vec<f32> {
        let mut nearest = vec![0.0_f32; count];
        let mut sums = vec![(0.0_f32, 0.0_f32); count];
        if vector.len() != self.dimensions {
            return nearest;
        }
        let own = centred(vector, &self.mean);
        for (example, intent) in self.vectors.chunks_exact(self.dimensions).zip(&self.intents) {
            let cosine: f32 = example.iter().zip(&own).map(|(left, right)| left * right).sum();
            let weight = (SHARPNESS * (cosine - 1.0)).exp();
            nearest[*intent] = nearest[*intent].max(weight);
            sums[*intent].0 += weight;
            sums[*intent].1 += 1.0;
        }
        let least = (-SHARPNESS).exp();
        let evidence = nearest
            .iter()
            .zip(&sums)
            .map(|(nearest, (sum, examples))| (nearest + BREADTH * sum / examples.max(1.0) + least).ln());
        evidence.collect()
    }
}

fn centred(vector: &[f32], mean: &[f32]) -> Vec<f32> {
    let mut centred: Vec<f32> = vector.iter().zip(mean).map(|(value, mean)| value - mean).collect();
    let length = centred.iter().map(|value| value * value).sum::<f32>().sqrt();
    if length > 0.0 {
        centred.iter_mut().for_each(|value| *value /= length);
    }
    centred
}
