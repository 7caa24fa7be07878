//! The embedder that runs in this process: cut into pieces, several texts in one pass, the mean scaled to length 1.

use std::path::Path;

use super::encoder::Encoder;
use super::file::E5File;
use super::pieces::Pieces;
use super::{EmbedError, Embedder, Purpose, Vector};
use crate::parallel::in_shares;

/// So many tokens go through the network at once. More would gain nothing, and a customer's question that comes in
/// between would have to wait longer.
const TOKENS_AT_ONCE: usize = 256;

/// Of a longer text only the beginning is read: a book is no question, and the answer must come.
const MOST_BYTES: usize = 32 << 10;

/// multilingual-e5-small with its weights in memory. Share it behind an `Arc`.
pub struct LocalEmbedder {
    name: String,
    pieces: Pieces,
    encoder: Encoder,
}

impl std::fmt::Debug for LocalEmbedder {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("LocalEmbedder").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Some of the tokens of a text: as many as fit into one pass.
struct Window {
    text: usize,
    tokens: Vec<u32>,
}

impl LocalEmbedder {
    /// Reads a file in the format `E5S1`.
    ///
    /// # Errors
    /// With the file and what is wrong with it.
    pub fn open(path: &Path, name: &str) -> Result<Self, EmbedError> {
        let broken = |reason: String| EmbedError::File { file: path.display().to_string(), reason };
        let content = std::fs::read(path).map_err(|error| broken(format!("cannot be read: {error}")))?;
        let file = E5File::parse(&content).map_err(broken)?;
        let encoder = Encoder::new(&file).map_err(broken)?;
        let pieces = Pieces::new(file.vocabulary);
        Ok(Self { name: name.to_owned(), pieces, encoder })
    }

    /// The ids of the pieces of a text as the network gets them, without begin and end.
    pub(super) fn tokens(&self, text: &str, purpose: Purpose) -> Vec<u32> {
        let mut end = text.len().min(MOST_BYTES);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.pieces.cut(&format!("{}{}", purpose.prefix(), &text[..end]))
    }

    /// A text longer than one pass is cut into windows; its vector is their mean, weighed by their lengths.
    fn windows(&self, texts: &[&str], purpose: Purpose) -> Vec<Window> {
        let room = self.encoder.positions() - 2;
        let mut windows = Vec::with_capacity(texts.len());
        for (text, content) in texts.iter().enumerate() {
            for part in self.tokens(content, purpose).chunks(room) {
                let mut tokens = Vec::with_capacity(part.len() + 2);
                tokens.push(self.pieces.begin);
                tokens.extend_from_slice(part);
                tokens.push(self.pieces.end);
                windows.push(Window { text, tokens });
            }
        }
        windows
    }
}

impl Embedder for LocalEmbedder {
    fn embed(&self, texts: &[&str], purpose: Purpose) -> Result<Vec<Vector>, EmbedError> {
        let windows = self.windows(texts, purpose);
        let passes = passes(&windows);
        // One pass is computed on this thread, many on all processors.
        let means = in_shares(&passes, |passes| {
            let through = |pass: &&[Window]| {
                let texts: Vec<&[u32]> = pass.iter().map(|window| window.tokens.as_slice()).collect();
                self.encoder.means(&texts)
            };
            passes.iter().flat_map(through).collect()
        });
        let mut sums = vec![vec![0.0_f32; self.encoder.width()]; texts.len()];
        for (window, mean) in windows.iter().zip(means) {
            let weight = (window.tokens.len() - 2) as f32;
            for (sum, number) in sums[window.text].iter_mut().zip(mean) {
                *sum += weight * number;
            }
        }
        Ok(sums.into_iter().map(Vector::normalised).collect())
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn dimensions(&self) -> usize {
        self.encoder.width()
    }
}

/// Windows that go through the network together.
fn passes(windows: &[Window]) -> Vec<&[Window]> {
    let mut passes = Vec::new();
    let mut rest = windows;
    while !rest.is_empty() {
        let mut tokens = 0;
        let fitting = rest.iter().take_while(|window| {
            tokens += window.tokens.len();
            tokens <= TOKENS_AT_ONCE
        });
        let (pass, later) = rest.split_at(fitting.count().max(1));
        passes.push(pass);
        rest = later;
    }
    passes
}
