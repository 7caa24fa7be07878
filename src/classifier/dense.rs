//! What does a vector say? Linear models over what is left of it when the middle of all vectors is taken away: the
//! vectors of one embedder crowd together, and only the rest tells them apart.
//!
//! Little endian: `WARMVEC\0`, format (u16), dimensions (u16), the middle (f32 each), heads (u16), each head as its length
//! (u32) and a [`LinearModel`], SHA-256 of it all.

use sha2::{Digest, Sha256};

use super::ClassifierError;
use super::features::{FeatureOptions, Features};
use super::linear::LinearModel;

const MAGIC: &[u8; 8] = b"WARMVEC\0";
const FORMAT: u16 = 1;
const CHECKSUM: usize = 32;
/// The most numbers a vector may have.
const MOST_DIMENSIONS: usize = 4096;

/// Several models over the vectors of one embedder, each with classes of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct DenseHeads {
    middle: Vec<f32>,
    heads: Vec<LinearModel>,
}

impl DenseHeads {
    /// Joins models that learned from [`centred`] vectors with the middle that was taken away from these.
    ///
    /// # Errors
    /// The vectors are too long to be vectors.
    pub fn new(middle: Vec<f32>, heads: Vec<LinearModel>) -> Result<Self, ClassifierError> {
        if middle.is_empty() || middle.len() > MOST_DIMENSIONS {
            return Err(ClassifierError::Features("vectors must have 1 to 4096 numbers"));
        }
        Ok(Self { middle, heads })
    }

    /// How many numbers a vector must have.
    pub fn dimensions(&self) -> usize {
        self.middle.len()
    }

    /// The models.
    pub fn heads(&self) -> &[LinearModel] {
        &self.heads
    }

    /// The probabilities of each model's classes; nothing for a vector that another embedder made.
    pub fn read(&self, vector: &[f32]) -> Option<Vec<Vec<f32>>> {
        if vector.len() != self.middle.len() {
            return None;
        }
        let features = centred(vector, &self.middle);
        Some(self.heads.iter().map(|head| head.probabilities(&features)).collect())
    }

    /// As bytes, the weights in one byte each.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        bytes.extend((self.middle.len() as u16).to_le_bytes());
        bytes.extend(self.middle.iter().flat_map(|number| number.to_le_bytes()));
        bytes.extend((self.heads.len() as u16).to_le_bytes());
        for head in &self.heads {
            let head = head.to_bytes();
            bytes.extend((head.len() as u32).to_le_bytes());
            bytes.extend(head);
        }
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        bytes
    }

    /// Reads it from bytes.
    ///
    /// # Errors
    /// The bytes are no such file, of another format, or damaged.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ClassifierError> {
        if !bytes.starts_with(MAGIC) {
            return Err(ClassifierError::NotAModel);
        }
        let (content, checksum) =
            bytes.split_at_checked(bytes.len().saturating_sub(CHECKSUM)).ok_or(ClassifierError::Checksum)?;
        if Sha256::digest(content).as_slice() != checksum {
            return Err(ClassifierError::Checksum);
        }
        let mut reader = Reader { bytes: content, at: MAGIC.len() };
        let found = u16::from_le_bytes(reader.take()?);
        if found != FORMAT {
            return Err(ClassifierError::Version { found, known: FORMAT });
        }
        let dimensions = usize::from(u16::from_le_bytes(reader.take()?));
        let middle = (0..dimensions)
            .map(|_| Ok(f32::from_le_bytes(reader.take()?)))
            .collect::<Result<Vec<f32>, ClassifierError>>()?;
        let count = u16::from_le_bytes(reader.take()?);
        let heads = (0..count).map(|_| reader.head()).collect::<Result<Vec<_>, _>>()?;
        Self::new(middle, heads)
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn take<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], ClassifierError> {
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<LENGTH>());
        let taken = *taken.ok_or(ClassifierError::Field { at: self.at, problem: "it ends too early" })?;
        self.at += LENGTH;
        Ok(taken)
    }

    fn head(&mut self) -> Result<LinearModel, ClassifierError> {
        let length = u32::from_le_bytes(self.take()?) as usize;
        let end = self.at.saturating_add(length);
        let bytes = self
            .bytes
            .get(self.at..end)
            .ok_or(ClassifierError::Field { at: self.at, problem: "a head ends too early" })?;
        self.at = end;
        LinearModel::from_bytes(bytes)
    }
}

/// The middle of vectors of one length; `None` if there are none, or they differ in length.
pub fn middle_of(vectors: &[&[f32]]) -> Option<Vec<f32>> {
    let dimensions = vectors.first()?.len();
    if vectors.iter().any(|vector| vector.len() != dimensions) {
        return None;
    }
    let mut middle = vec![0.0_f64; dimensions];
    for vector in vectors {
        for (sum, number) in middle.iter_mut().zip(*vector) {
            *sum += f64::from(*number);
        }
    }
    Some(middle.into_iter().map(|sum| (sum / vectors.len() as f64) as f32).collect())
}

/// What is left of a vector without the middle, of length one, as features: the number of each is its place.
pub fn centred(vector: &[f32], middle: &[f32]) -> Features {
    let rest: Vec<f32> = vector.iter().zip(middle).map(|(number, middle)| number - middle).collect();
    let length = rest.iter().map(|number| number * number).sum::<f32>().sqrt();
    let scale = if length > 1e-6 { 1.0 / length } else { 0.0 };
    Features::of_places(rest.into_iter().map(|number| number * scale))
}

/// The options of a model over vectors of this length: one number for each place.
pub fn dense_features(dimensions: usize) -> FeatureOptions {
    let bits = dimensions.next_power_of_two().trailing_zeros().max(8) as u8;
    FeatureOptions { bits, ..FeatureOptions::default() }
}
