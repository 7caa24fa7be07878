//! What stands in an `E5S1` file: the sizes of the model, its vocabulary with the normaliser's map, and its tensors.
//!
//! All numbers are little-endian. Nothing is believed before it is checked: a cut or damaged file gives an error.

use std::collections::HashMap;

use super::matrix::{BLOCK, BLOCK_BYTES};

/// How the numbers of a tensor are kept.
const PLAIN: u8 = 0;
const QUANTIZED: u8 = 1;

/// The sizes of the model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    /// Numbers in a vector.
    pub width: usize,
    /// Layers.
    pub layers: usize,
    /// Heads of attention in a layer.
    pub heads: usize,
    /// Numbers inside the feed-forward part of a layer.
    pub inner: usize,
    /// Rows of the table of words.
    pub words: usize,
    /// The most tokens in one pass.
    pub positions: usize,
    /// What keeps a division by the variance finite.
    pub epsilon: f32,
}

/// The vocabulary as it stands in the file.
#[derive(Debug)]
pub(super) struct Vocabulary<'a> {
    /// The bytes of all pieces, one after the other.
    pub bytes: &'a [u8],
    /// Where each piece begins, and where the last one ends.
    pub starts: Vec<u32>,
    /// How likely each piece is, as a logarithm.
    pub scores: Vec<f32>,
    /// The ids of: begin, end, filler, unknown.
    pub controls: [u32; 4],
    /// What single characters are replaced by before the text is cut, in the order of characters.
    pub replaced: Vec<(char, String)>,
}

/// A parsed file. Tensors are made on demand.
#[derive(Debug)]
pub(super) struct E5File<'a> {
    pub sizes: Sizes,
    pub vocabulary: Vocabulary<'a>,
    tensors: HashMap<String, Place>,
    content: &'a [u8],
}

/// Where a tensor's bytes lie.
#[derive(Debug, Clone, Copy)]
struct Place {
    kind: u8,
    count: usize,
    start: usize,
    length: usize,
}

impl<'a> E5File<'a> {
    pub(super) fn parse(content: &'a [u8]) -> Result<Self, String> {
        let mut reader = Reader { rest: content };
        if reader.take(4)? != b"E5S1" {
            return Err("it does not begin with the letters E5S1".to_owned());
        }
        let version = reader.u32()?;
        if version != 1 {
            return Err(format!("it is of version {version}, only 1 is understood"));
        }
        let sizes = sizes(&mut reader)?;
        let vocabulary = vocabulary(&mut reader, sizes.words)?;
        let tensors = tensors(&mut reader, content.len())?;
        Ok(Self { sizes, vocabulary, tensors, content })
    }

    /// A tensor of plain numbers, so many in all.
    pub(super) fn plain(&self, name: &str, count: usize) -> Result<Vec<f32>, String> {
        let place = self.place(name, PLAIN, count)?;
        if place.length != place.count * 4 {
            return Err(format!("the tensor {name} has {} bytes", place.length));
        }
        let bytes = &self.content[place.start..place.start + place.length];
        Ok(bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect())
    }

    /// The bytes of a tensor of rows in 4 bits, `[rows, numbers of a row]`.
    pub(super) fn quantized(&self, name: &str, [rows, width]: [usize; 2]) -> Result<&'a [u8], String> {
        let place = self.place(name, QUANTIZED, rows * width)?;
        let whole = width.is_multiple_of(BLOCK) && place.length == place.count / BLOCK * BLOCK_BYTES;
        if !whole {
            return Err(format!("the tensor {name} has {} bytes", place.length));
        }
        Ok(&self.content[place.start..place.start + place.length])
    }

    fn place(&self, name: &str, kind: u8, expected: usize) -> Result<Place, String> {
        let place = *self.tensors.get(name).ok_or_else(|| format!("the tensor {name} is missing"))?;
        if place.kind != kind || place.count != expected {
            return Err(format!(
                "the tensor {name} has {} numbers of kind {}, expected {expected} of kind {kind}",
                place.count, place.kind
            ));
        }
        Ok(place)
    }
}

fn sizes(reader: &mut Reader<'_>) -> Result<Sizes, String> {
    let mut size = |name: &str, most: usize| {
        let size = reader.u32()? as usize;
        if size == 0 || size > most {
            return Err(format!("{name} is {size}"));
        }
        Ok(size)
    };
    let [width, layers, heads, inner] = [
        size("the width", 1 << 14)?,
        size("layers", 256)?,
        size("heads", 256)?,
        size("the inner width", 1 << 16)?,
    ];
    let [words, positions, _kinds] =
        [size("the table of words", 1 << 22)?, size("positions", 1 << 16)?, size("kinds of text", 256)?];
    let epsilon = reader.f32()?;
    let block = reader.u32()? as usize;
    let sound = block == BLOCK && width.is_multiple_of(heads) && positions > 2 && epsilon > 0.0;
    if !sound {
        return Err(format!("blocks of {block}, width {width}, {heads} heads, {positions} positions"));
    }
    Ok(Sizes { width, layers, heads, inner, words, positions, epsilon })
}

fn vocabulary<'a>(reader: &mut Reader<'a>, words: usize) -> Result<Vocabulary<'a>, String> {
    let pieces = reader.u32()? as usize;
    if pieces == 0 || pieces > words {
        return Err(format!("{pieces} pieces for {words} words"));
    }
    let [begin, end, filler, unknown] = [reader.u32()?, reader.u32()?, reader.u32()?, reader.u32()?];
    let length = reader.u64()?;
    let starts = reader.u32s(pieces + 1)?;
    let scores: Vec<f32> = reader.u32s(pieces)?.into_iter().map(f32::from_bits).collect();
    let bytes = reader.take(length)?;
    let rising = starts.is_sorted() && starts.last().is_some_and(|last| *last as usize <= bytes.len());
    let known = [begin, end, filler, unknown].iter().all(|id| (*id as usize) < pieces);
    if !rising || !known || scores.iter().any(|score| !score.is_finite()) {
        return Err("the vocabulary is damaged".to_owned());
    }
    let replaced = replaced(reader)?;
    Ok(Vocabulary { bytes, starts, scores, controls: [begin, end, filler, unknown], replaced })
}

fn replaced(reader: &mut Reader<'_>) -> Result<Vec<(char, String)>, String> {
    let damaged = || "the normaliser's map is damaged".to_owned();
    let count = reader.u32()? as usize;
    let length = reader.u32()? as usize;
    let mut map = Reader { rest: reader.take(length)? };
    let mut replaced = Vec::new();
    for _ in 0..count {
        let from = map.u32()?;
        let outs = map.take(1)?[0];
        let to: Option<String> = map.u32s(outs.into())?.into_iter().map(char::from_u32).collect();
        // A surrogate stands in no text, so what it would become does not matter.
        if let Some(from) = char::from_u32(from) {
            replaced.push((from, to.ok_or_else(damaged)?));
        }
    }
    let rising = replaced.is_sorted_by(|one, two| one.0 < two.0);
    rising.then_some(replaced).ok_or_else(damaged)
}

fn tensors(reader: &mut Reader<'_>, whole: usize) -> Result<HashMap<String, Place>, String> {
    let count = reader.u32()?;
    let mut tensors = HashMap::new();
    for _ in 0..count {
        let length = usize::from(reader.u16()?);
        let name = String::from_utf8_lossy(reader.take(length)?).into_owned();
        let kind = reader.take(1)?[0];
        let count = reader.u32()? as usize;
        let [start, length] = [reader.u64()?, reader.u64()?];
        if start.checked_add(length).is_none_or(|end| end > whole) {
            return Err(format!("the tensor {name} lies beyond the end of the file; the file is cut off"));
        }
        tensors.insert(name, Place { kind, count, start, length });
    }
    Ok(tensors)
}

/// Reads from the front of what is left.
struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], String> {
        let (taken, rest) =
            self.rest.split_at_checked(count).ok_or_else(|| "the file is cut off".to_owned())?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) =
            self.rest.split_first_chunk::<N>().ok_or_else(|| "the file is cut off".to_owned())?;
        self.rest = rest;
        Ok(*taken)
    }

    fn u16(&mut self) -> Result<u16, String> {
        self.array().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.array().map(u32::from_le_bytes)
    }

    fn f32(&mut self) -> Result<f32, String> {
        self.array().map(f32::from_le_bytes)
    }

    fn u64(&mut self) -> Result<usize, String> {
        let number = self.array().map(u64::from_le_bytes)?;
        usize::try_from(number).map_err(|_| format!("the number {number} is too large for this machine"))
    }

    fn u32s(&mut self, count: usize) -> Result<Vec<u32>, String> {
        let bytes = count.checked_mul(4).ok_or_else(|| "the file is cut off".to_owned())?;
        Ok(self.take(bytes)?.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four)).collect())
    }
}
