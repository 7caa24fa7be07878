//! How is a text cut into the pieces that the embedder knows? The most likely cut of all, as SentencePiece's unigram
//! model finds it.

use super::file::Vocabulary;

/// What stands for a space inside pieces.
const SPACE_MARK: char = '\u{2581}';

/// How much less likely than the least likely piece a character is that no piece holds.
const UNKNOWN_PENALTY: f32 = 10.0;

/// A piece of the vocabulary that is a mark for the model, as `<mask>`, and never text.
const MASK: &[u8] = b"<mask>";

/// A vocabulary that cuts texts.
#[derive(Debug)]
pub(super) struct Pieces {
    bytes: Vec<u8>,
    starts: Vec<u32>,
    scores: Vec<f32>,
    /// The ids of all pieces that may stand for text, sorted by their bytes: those that begin alike are neighbours.
    sorted: Vec<u32>,
    replaced: Vec<(char, String)>,
    /// What stands before and after every text.
    pub(super) begin: u32,
    pub(super) end: u32,
    unknown: u32,
    unknown_score: f32,
}

impl Pieces {
    pub(super) fn new(vocabulary: Vocabulary<'_>) -> Self {
        let Vocabulary { bytes, starts, scores, controls, replaced } = vocabulary;
        let [begin, end, _, unknown] = controls;
        let least = scores.iter().copied().fold(0.0_f32, f32::min);
        let mut pieces = Self {
            bytes: bytes.to_vec(),
            starts,
            scores,
            sorted: Vec::new(),
            replaced,
            begin,
            end,
            unknown,
            unknown_score: least - UNKNOWN_PENALTY,
        };
        // Marks are left out, so that nothing a customer types can become one.
        let mut sorted: Vec<u32> = (0..pieces.scores.len())
            .filter_map(|id| u32::try_from(id).ok())
            .filter(|id| {
                let piece = pieces.piece(*id);
                !controls.contains(id) && !piece.is_empty() && piece != MASK
            })
            .collect();
        sorted.sort_by(|one, two| pieces.piece(*one).cmp(pieces.piece(*two)));
        pieces.sorted = sorted;
        pieces
    }

    /// The ids of the pieces of a text, without begin and end.
    pub(super) fn cut(&self, text: &str) -> Vec<u32> {
        let text = self.normalised(text);
        let ends: Vec<usize> = text.char_indices().map(|(at, one)| at + one.len_utf8()).collect();
        // For each place between two characters: the score of the best cut up to it, its last piece, where that began.
        let mut best: Vec<(f32, u32, usize)> = vec![(f32::NEG_INFINITY, self.unknown, 0); ends.len() + 1];
        best[0].0 = 0.0;
        for from in 0..ends.len() {
            let begin = if from == 0 { 0 } else { ends[from - 1] };
            let so_far = best[from].0;
            let mut offer = |to: usize, score: f32, id: u32| {
                if so_far + score > best[to].0 {
                    best[to] = (so_far + score, id, from);
                }
            };
            let mut alike = 0..self.sorted.len();
            let mut known = 0;
            for (place, end) in ends.iter().enumerate().skip(from) {
                let wanted = &text.as_bytes()[begin..*end];
                alike = self.narrowed(alike, known, wanted);
                known = wanted.len();
                let Some(first) = self.sorted.get(alike.start).filter(|_| !alike.is_empty()) else { break };
                if self.piece(*first).len() == wanted.len() {
                    offer(place + 1, self.scores[*first as usize], *first);
                }
            }
            offer(from + 1, self.unknown_score, self.unknown);
        }
        let mut ids = Vec::new();
        let mut at = ends.len();
        while at > 0 {
            let (_, id, from) = best[at];
            ids.push(id);
            at = from;
        }
        ids.reverse();
        ids
    }

    /// Of neighbours that agree with `wanted` in the first `known` bytes, those that begin with all of it.
    fn narrowed(&self, among: std::ops::Range<usize>, known: usize, wanted: &[u8]) -> std::ops::Range<usize> {
        let part = |id: &u32| {
            let piece = self.piece(*id);
            &piece[known.min(piece.len())..wanted.len().min(piece.len())]
        };
        let neighbours = &self.sorted[among.clone()];
        let wanted = &wanted[known..];
        let first = neighbours.partition_point(|id| part(id) < wanted);
        let count = neighbours[first..].partition_point(|id| part(id) == wanted);
        among.start + first..among.start + first + count
    }

    fn piece(&self, id: u32) -> &[u8] {
        let id = id as usize;
        &self.bytes[self.starts[id] as usize..self.starts[id + 1] as usize]
    }

    /// The text as the vocabulary has it: characters replaced by their plain forms, one mark for spaces in a row, and
    /// one at the front.
    fn normalised(&self, text: &str) -> String {
        let mut plain = String::with_capacity(text.len() + 8);
        let mut last = None;
        let mut push = |one: char| {
            if !(one == ' ' && last == Some(' ')) {
                if last.is_none() && one != ' ' {
                    plain.push(SPACE_MARK);
                }
                plain.push(if one == ' ' { SPACE_MARK } else { one });
                last = Some(one);
            }
        };
        for one in text.chars() {
            match self.replaced.binary_search_by_key(&one, |(from, _)| *from) {
                Ok(found) => self.replaced[found].1.chars().for_each(&mut push),
                Err(_) => push(one),
            }
        }
        if plain.is_empty() {
            plain.push(SPACE_MARK);
        }
        plain
    }
}
