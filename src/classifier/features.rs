//! What of a text does a model see? Its groups of neighbouring characters, each hashed to a number.
//!
//! No text can be read back from the numbers. Two groups that fall on the same number are told apart as far as the
//! other groups of the text tell them apart; with `signed` they also cancel each other on average.

use super::ClassifierError;
use super::arithmetic::logarithm;

/// Marks before the first and after the last character, as far as they are wanted.
const BEGINNING: char = '\u{2}';
const END: char = '\u{3}';

/// How a text becomes numbers. A model keeps the options it was trained with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeatureOptions {
    /// The shortest group, in characters: 1 or more.
    pub shortest: u8,
    /// The longest group, in characters: up to 8.
    pub longest: u8,
    /// Groups are hashed to 2 to the power of this many numbers: 8 to 22.
    pub bits: u8,
    /// Whether the beginning and the end of the text count as characters.
    pub boundaries: bool,
    /// Whether half of the groups count negative.
    pub signed: bool,
    /// What a group that occurs several times is worth.
    pub counting: Counting,
}

/// What a group that occurs several times is worth, before the length of the whole is made one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counting {
    /// As much as one that occurs once.
    Binary,
    /// One more for each e-fold.
    Logarithmic,
}

impl Default for FeatureOptions {
    /// Groups of one to three characters, with marks, among 65,536 numbers.
    fn default() -> Self {
        Self {
            shortest: 1,
            longest: 3,
            bits: 16,
            boundaries: true,
            signed: false,
            counting: Counting::Logarithmic,
        }
    }
}

/// A text, or a vector, as numbered weights: numbers ascending, none twice, of length one (or empty).
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Features {
    entries: Vec<(u32, f32)>,
}

impl Features {
    /// A list of weights as it stands, for models over vectors: the number of each is its place.
    pub fn of_places(weights: impl Iterator<Item = f32>) -> Self {
        Self { entries: (0..).zip(weights).collect() }
    }

    /// The numbers with their weights, ascending.
    pub fn entries(&self) -> &[(u32, f32)] {
        &self.entries
    }

    /// Whether the text has no group at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl FeatureOptions {
    /// Refuses options that cannot be worked with.
    pub fn check(&self) -> Result<(), ClassifierError> {
        if self.shortest == 0 || self.shortest > self.longest || self.longest > 8 {
            return Err(ClassifierError::Features("groups must be of 1 to 8 characters, shortest first"));
        }
        if !(8..=22).contains(&self.bits) {
            return Err(ClassifierError::Features("bits must be 8 to 22"));
        }
        Ok(())
    }

    /// How many numbers there are.
    pub fn numbers(&self) -> usize {
        1 << self.bits
    }

    /// The features of a text. Whoever calls brings texts into one spelling first, when training as when reading.
    pub fn extract(&self, text: &str) -> Features {
        self.weigh(self.groups(text))
    }

    /// The hashes of all groups of a text, one for each time it occurs.
    pub fn groups(&self, text: &str) -> Vec<u64> {
        let mut characters = Vec::with_capacity(text.len() / 2 + 2);
        if self.boundaries {
            characters.push(BEGINNING);
        }
        characters.extend(text.chars());
        if self.boundaries {
            characters.push(END);
        }
        let mut groups = Vec::with_capacity(characters.len() * usize::from(self.longest));
        for start in 0..characters.len() {
            let mut hash = FIRST;
            for (length, character) in (1..=self.longest).zip(&characters[start..]) {
                hash = (hash ^ u64::from(*character)).wrapping_mul(FACTOR);
                // A mark alone says nothing.
                let mark = length == 1 && (*character == BEGINNING || *character == END);
                if length >= self.shortest && !mark {
                    groups.push(mixed(hash ^ u64::from(length)));
                }
            }
        }
        groups
    }

    /// Features from any hashes, for callers that choose groups of their own (words, whole numbers, fields). One hash for
    /// each time the group occurs; order does not matter.
    pub fn weigh(&self, mut groups: Vec<u64>) -> Features {
        let mask = (1_u64 << self.bits) - 1;
        // The number first, so that what falls on the same number stands together.
        groups.iter_mut().for_each(|hash| *hash = (*hash & mask) << 32 | (*hash >> 32));
        groups.sort_unstable();
        let mut entries: Vec<(u32, f32)> = Vec::with_capacity(groups.len());
        let mut rest = groups.as_slice();
        while let Some(first) = rest.first() {
            let count = rest.iter().take_while(|hash| *hash == first).count();
            rest = &rest[count..];
            let weight = self.worth(count);
            let weight = if self.signed && first >> 31 & 1 == 1 { -weight } else { weight };
            let number = (first >> 32) as u32;
            match entries.last_mut() {
                Some(last) if last.0 == number => last.1 += weight,
                _ => entries.push((number, weight)),
            }
        }
        let square: f64 = entries.iter().map(|(_, weight)| f64::from(*weight) * f64::from(*weight)).sum();
        if square > 0.0 {
            let length = square.sqrt() as f32;
            entries.iter_mut().for_each(|(_, weight)| *weight /= length);
        }
        Features { entries }
    }

    /// Features of several parts of a text that count differently: each part by itself of length one, then weighed, then
    /// added. The whole is not made of length one again, so that what stands in one part does not weaken another.
    pub fn weigh_parts(&self, parts: Vec<(Vec<u64>, f32)>) -> Features {
        let mut all: Vec<(u32, f32)> = Vec::new();
        for (groups, share) in parts {
            all.extend(
                self.weigh(groups).entries.into_iter().map(|(number, weight)| (number, weight * share)),
            );
        }
        all.sort_unstable_by_key(|(number, _)| *number);
        let mut entries: Vec<(u32, f32)> = Vec::with_capacity(all.len());
        for (number, weight) in all {
            match entries.last_mut() {
                Some(last) if last.0 == number => last.1 += weight,
                _ => entries.push((number, weight)),
            }
        }
        Features { entries }
    }

    fn worth(&self, count: usize) -> f32 {
        match self.counting {
            Counting::Logarithmic if count > 1 => 1.0 + logarithm(count as f64) as f32,
            _ => 1.0,
        }
    }
}

const FIRST: u64 = 0xcbf2_9ce4_8422_2325;
const FACTOR: u64 = 0x0000_0100_0000_01b3;

/// Spreads every bit of a hash over all of them (the finaliser of MurmurHash3).
fn mixed(mut hash: u64) -> u64 {
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    hash ^ hash >> 33
}
