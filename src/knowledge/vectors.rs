//! Which records mean something like the question? All vectors of what everybody may see, compared one by one, which is
//! exact and, at a byte a number, fast enough for a hundred thousand.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use crate::model::Vector;
use crate::record::RecordKind;

/// What a file of vectors begins with.
const MAGIC: &[u8; 4] = b"WDV1";

/// A vector with one byte for each number. The rounding changes a cosine in the fourth place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Row {
    pub scale: f32,
    pub numbers: Vec<i8>,
}

impl Row {
    pub(super) fn of(vector: &Vector) -> Self {
        let most = vector.as_slice().iter().fold(0.0_f32, |most, number| most.max(number.abs()));
        let scale = if most > 0.0 { most / 127.0 } else { 1.0 };
        let numbers = vector.as_slice().iter().map(|number| (number / scale).round() as i8).collect();
        Self { scale, numbers }
    }

    pub(super) fn vector(&self) -> Vector {
        Vector::normalised(self.numbers.iter().map(|number| f32::from(*number) * self.scale).collect())
    }

    fn cosine(&self, scale: f32, numbers: &[i8]) -> f32 {
        let product: i32 =
            self.numbers.iter().zip(numbers).map(|(one, two)| i32::from(*one) * i32::from(*two)).sum();
        product as f32 * self.scale * scale
    }
}

/// The vectors of one record: of its title, of each way to ask, of its text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Meanings {
    /// Shop, kind and id in one, as in the index.
    pub key: String,
    pub shop: String,
    pub kind: RecordKind,
    pub id: String,
    scales: Vec<f32>,
    numbers: Vec<i8>,
}

impl Meanings {
    pub(super) fn new((key, shop, kind, id): (String, String, RecordKind, String), rows: &[Row]) -> Self {
        Self {
            key,
            shop,
            kind,
            id,
            scales: rows.iter().map(|row| row.scale).collect(),
            numbers: rows.iter().flat_map(|row| row.numbers.iter().copied()).collect(),
        }
    }

    /// How alike the question is to the text of the record that is most like it.
    fn likeness(&self, question: &Row) -> f32 {
        let width = question.numbers.len().max(1);
        let rows = self.scales.iter().zip(self.numbers.chunks_exact(width));
        rows.map(|(scale, numbers)| question.cosine(*scale, numbers)).fold(0.0, f32::max)
    }
}

/// The vectors of all records that everybody of a shop may see.
#[derive(Debug, Clone, Default)]
pub(super) struct Vectors {
    all: Vec<Meanings>,
    places: HashMap<String, usize>,
}

impl Vectors {
    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    pub(super) fn put(&mut self, meanings: Meanings) {
        match self.places.get(&meanings.key) {
            Some(place) => self.all[*place] = meanings,
            None => {
                self.places.insert(meanings.key.clone(), self.all.len());
                self.all.push(meanings);
            }
        }
    }

    pub(super) fn remove(&mut self, key: &str) {
        let Some(place) = self.places.remove(key) else { return };
        self.all.swap_remove(place);
        if let Some(moved) = self.all.get(place) {
            self.places.insert(moved.key.clone(), place);
        }
    }

    /// The records of a shop that are most like the question, best first. Without kinds, of all kinds.
    pub(super) fn nearest(
        &self,
        question: &Row,
        shop: &str,
        kinds: &[RecordKind],
        most: usize,
    ) -> Vec<(f32, &Meanings)> {
        let wanted =
            self.all.iter().filter(|one| one.shop == shop && (kinds.is_empty() || kinds.contains(&one.kind)));
        let mut found: Vec<(f32, &Meanings)> = wanted.map(|one| (one.likeness(question), one)).collect();
        let order = |one: &(f32, &Meanings), two: &(f32, &Meanings)| {
            two.0.total_cmp(&one.0).then_with(|| one.1.key.cmp(&two.1.key))
        };
        if found.len() > most && most > 0 {
            found.select_nth_unstable_by(most - 1, order);
        }
        found.truncate(most);
        found.sort_by(order);
        found
    }

    /// How alike the question and one record are.
    pub(super) fn likeness(&self, key: &str, question: &Row) -> Option<f32> {
        self.places.get(key).map(|place| self.all[*place].likeness(question))
    }

    /// Writes the vectors that `embedder` made, durably.
    pub(super) fn write(&self, path: &Path, embedder: &str) -> io::Result<()> {
        let mut out = Vec::new();
        out.extend_from_slice(MAGIC);
        put_text(&mut out, embedder)?;
        put_count(&mut out, self.all.len())?;
        for one in &self.all {
            for text in [one.key.as_str(), one.shop.as_str(), one.kind.as_str(), one.id.as_str()] {
                put_text(&mut out, text)?;
            }
            put_count(&mut out, one.scales.len())?;
            put_count(&mut out, one.numbers.len())?;
            one.scales.iter().for_each(|scale| out.extend_from_slice(&scale.to_le_bytes()));
            out.extend(one.numbers.iter().map(|number| number.to_le_bytes()[0]));
        }
        let mut file = fs::File::create(path)?;
        file.write_all(&out)?;
        file.sync_all()
    }

    /// Reads what `embedder` made. None if there is no file, or if another embedder made it.
    pub(super) fn read(path: &Path, embedder: &str) -> io::Result<Option<Self>> {
        let content = match fs::read(path) {
            Ok(content) => content,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut reader = Reader { rest: &content };
        if reader.take(4)? != MAGIC {
            return Err(damaged());
        }
        if reader.text()? != embedder {
            return Ok(None);
        }
        let mut vectors = Self::default();
        for _ in 0..reader.count()? {
            let [key, shop, kind, id] = [reader.text()?, reader.text()?, reader.text()?, reader.text()?];
            let kind = RecordKind::parse(&kind).ok_or_else(damaged)?;
            let (rows, numbers) = (reader.count()?, reader.count()?);
            let mut scales = Vec::new();
            for _ in 0..rows {
                let four = reader.take(4)?;
                scales.push(f32::from_le_bytes([four[0], four[1], four[2], four[3]]));
            }
            let numbers = reader.take(numbers)?.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
            vectors.put(Meanings { key, shop, kind, id, scales, numbers });
        }
        Ok(Some(vectors))
    }
}

fn put_count(out: &mut Vec<u8>, count: usize) -> io::Result<()> {
    let count = u32::try_from(count).map_err(|_| io::Error::other("too many vectors"))?;
    out.extend_from_slice(&count.to_le_bytes());
    Ok(())
}

fn put_text(out: &mut Vec<u8>, text: &str) -> io::Result<()> {
    put_count(out, text.len())?;
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the file of vectors is damaged; run `warmdesk index` again")
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(damaged)?;
        self.rest = rest;
        Ok(taken)
    }

    fn count(&mut self) -> io::Result<usize> {
        let four = self.take(4)?;
        Ok(u32::from_le_bytes([four[0], four[1], four[2], four[3]]) as usize)
    }

    fn text(&mut self) -> io::Result<String> {
        let count = self.count()?;
        String::from_utf8(self.take(count)?.to_vec()).map_err(|_| damaged())
    }
}

#[cfg(test)]
mod tests;
