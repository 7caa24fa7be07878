//! How does a model travel? As bytes with a magic, a format, and a checksum over all that stands before it.
//!
//! Little endian throughout. `WARMLIN\0`, format (u16), shortest, longest, bits, switches (u8 each; 1 boundaries,
//! 2 signed, 4 logarithmic), classes (u16), each name (u8 length, UTF-8), temperature (f32), base and scale of each
//! class (f32 each), the numbers that have a row (one bit each), the rows (i8, one a class), SHA-256 of it all.

use sha2::{Digest, Sha256};

use super::ClassifierError;
use super::features::{Counting, FeatureOptions};
use super::linear::{LinearModel, Rows, Weights};

const MAGIC: &[u8; 8] = b"WARMLIN\0";
const FORMAT: u16 = 1;
const CHECKSUM: usize = 32;
const BOUNDARIES: u8 = 1;
const SIGNED: u8 = 2;
const LOGARITHMIC: u8 = 4;

impl LinearModel {
    /// The model as bytes, quantised. Names of classes are cut after 255 bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let small = self.clone().quantised();
        let mut bytes = MAGIC.to_vec();
        bytes.extend(FORMAT.to_le_bytes());
        let switches = if self.features.boundaries { BOUNDARIES } else { 0 }
            | if self.features.signed { SIGNED } else { 0 }
            | if self.features.counting == Counting::Logarithmic { LOGARITHMIC } else { 0 };
        bytes.extend([self.features.shortest, self.features.longest, self.features.bits, switches]);
        bytes.extend((self.classes.len() as u16).to_le_bytes());
        for class in &self.classes {
            let name = &class.as_bytes()[..class.floor_char_boundary(255)];
            bytes.push(name.len() as u8);
            bytes.extend(name);
        }
        bytes.extend(self.temperature.to_le_bytes());
        bytes.extend(small.base.iter().flat_map(|value| value.to_le_bytes()));
        if let Weights::Small { values, scales } = &small.weights {
            bytes.extend(scales.iter().flat_map(|value| value.to_le_bytes()));
            bytes.extend(small.rows.present.iter().flat_map(|word| word.to_le_bytes()));
            bytes.extend(values.iter().map(|value| value.cast_unsigned()));
        }
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        bytes
    }

    /// Reads a model from bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ClassifierError> {
        if !bytes.starts_with(MAGIC) {
            return Err(ClassifierError::NotAModel);
        }
        let mut reader = Reader { bytes, at: MAGIC.len() };
        let found = u16::from_le_bytes(reader.take()?);
        if found != FORMAT {
            return Err(ClassifierError::Version { found, known: FORMAT });
        }
        let (content, checksum) =
            bytes.split_at_checked(bytes.len().saturating_sub(CHECKSUM)).ok_or(ClassifierError::Checksum)?;
        if Sha256::digest(content).as_slice() != checksum {
            return Err(ClassifierError::Checksum);
        }
        reader.bytes = content;
        reader.model()
    }
}

/// Where in the bytes we are.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn model(mut self) -> Result<LinearModel, ClassifierError> {
        let features = self.features()?;
        let count = usize::from(u16::from_le_bytes(self.take()?));
        if !(2..=1000).contains(&count) {
            return Err(ClassifierError::Classes(count));
        }
        let classes = (0..count).map(|_| self.name()).collect::<Result<Vec<_>, _>>()?;
        let temperature = self.number()?;
        if temperature <= 0.0 {
            return Err(self.problem("the temperature is not above 0"));
        }
        let base = self.numbers(count)?;
        let scales = self.numbers(count)?;
        let words = features.numbers() / 64;
        let present = (0..words)
            .map(|_| Ok(u64::from_le_bytes(self.take()?)))
            .collect::<Result<Vec<_>, ClassifierError>>()?;
        let rows = Rows::new(present);
        let rest = &self.bytes[self.at..];
        if rest.len() != rows.len() * count {
            return Err(self.problem("there are more or fewer weights than rows"));
        }
        let values = rest.iter().map(|value| value.cast_signed()).collect();
        Ok(LinearModel {
            classes,
            features,
            rows,
            weights: Weights::Small { values, scales },
            base,
            temperature,
        })
    }

    fn features(&mut self) -> Result<FeatureOptions, ClassifierError> {
        let [shortest, longest, bits, switches] = self.take()?;
        let features = FeatureOptions {
            shortest,
            longest,
            bits,
            boundaries: switches & BOUNDARIES != 0,
            signed: switches & SIGNED != 0,
            counting: if switches & LOGARITHMIC != 0 { Counting::Logarithmic } else { Counting::Binary },
        };
        features.check()?;
        Ok(features)
    }

    fn name(&mut self) -> Result<String, ClassifierError> {
        let [length] = self.take()?;
        let end = self.at + usize::from(length);
        let name = self.bytes.get(self.at..end).ok_or_else(|| self.problem("it ends in a name"))?;
        let name = std::str::from_utf8(name).map_err(|_| self.problem("a name is not UTF-8"))?.to_owned();
        self.at = end;
        Ok(name)
    }

    fn number(&mut self) -> Result<f32, ClassifierError> {
        let number = f32::from_le_bytes(self.take()?);
        if number.is_finite() { Ok(number) } else { Err(self.problem("a number is infinite")) }
    }

    fn numbers(&mut self, count: usize) -> Result<Vec<f32>, ClassifierError> {
        (0..count).map(|_| self.number()).collect()
    }

    fn take<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], ClassifierError> {
        let taken = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<LENGTH>());
        let taken = *taken.ok_or_else(|| self.problem("it ends too early"))?;
        self.at += LENGTH;
        Ok(taken)
    }

    fn problem(&self, problem: &'static str) -> ClassifierError {
        ClassifierError::Field { at: self.at, problem }
    }
}
