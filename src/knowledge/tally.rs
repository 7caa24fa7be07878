//! What are the terms of a question worth in the documents that have them? Every list of places is found in the
//! dictionary once and read once, however many searches a question leads to.
//!
//! In a large shop most documents have some common character of a question, and reading all places takes long: there
//! only the terms that stand in few documents are read whole, and the others are looked up in the documents that come
//! out best by those.

use std::sync::Arc;

use tantivy::fieldnorm::FieldNormReader;
use tantivy::postings::{Postings, TermInfo};
use tantivy::query::Bm25Weight;
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocId, DocSet, InvertedIndexReader, Searcher, TantivyError, Term};

use super::analyzer::QueryTerms;
use super::schema::Fields;
use super::search::Weights;

/// So many places of terms are read whole. A shop of twenty thousand short records hardly ever has more for one
/// question.
const MOST_PLACES: u64 = 24_000;

/// What a match in a title is worth; less is counted in parts of this.
pub(super) const WHOLE: u8 = 200;
/// What a match is worth in each part: titles, ways to ask, bodies.
const WORTH: [u8; 3] = [WHOLE, WHOLE, 170];
/// The same for a term that only stands for the one of the question: a tenth less.
const ALTERNATIVE_WORTH: [u8; 3] = [180, 180, 153];

/// One thing the question asks for, in one view: a word, a single character, a pair.
#[derive(Debug, Clone)]
pub(super) struct Atom {
    pub view: usize,
    /// The term itself.
    pub text: String,
    /// Terms that may stand for it.
    alternatives: Vec<String>,
    /// In how many documents it stands itself, in the part where it stands in most.
    pub frequency: u64,
}

/// A term in one field.
struct Wanted {
    /// Place of the field among all: part, then view.
    field: usize,
    atom: usize,
    /// What its match is worth to its atom; see [`WHOLE`].
    worth: u8,
    weight: Bm25Weight,
    /// Where its places stand, by segment.
    places: Vec<(usize, TermInfo)>,
    frequency: u64,
}

/// A segment of the index, opened.
struct Segment {
    inverted: Vec<Arc<InvertedIndexReader>>,
    lengths: Vec<FieldNormReader>,
}

/// What the documents of a segment have of the question.
struct Tallied {
    /// For each document of the segment one more than its row, or 0.
    rows: Vec<u32>,
    documents: Vec<DocId>,
    scores: Vec<f32>,
    /// For each row and atom what the best match is worth; see [`WHOLE`].
    worth: Vec<u8>,
}

/// A document with what it has of the question.
#[derive(Debug, Clone)]
pub(super) struct Candidate {
    /// By which candidates are ranked.
    pub score: f32,
    pub address: DocAddress,
    /// For each atom what the best match is worth; see [`WHOLE`].
    pub worth: Vec<u8>,
}

/// The tally of a question.
pub(super) struct Tally {
    pub atoms: Vec<Atom>,
    segments: Vec<Segment>,
    tallied: Vec<Tallied>,
    /// The terms that stand in too many documents to be read whole.
    common: Vec<Wanted>,
}

impl Tally {
    /// Counts a question out. Whatever a weight of 0 stands for is known and adds nothing.
    pub(super) fn new(
        searcher: &Searcher,
        fields: &Fields,
        terms: &QueryTerms,
        weights: &Weights,
    ) -> Result<Self, TantivyError> {
        let mut atoms = atoms(terms);
        let segments = open(searcher, fields)?;
        let mut wanted = wanted(searcher, fields, (&mut atoms, &segments), weights)?;
        wanted.sort_by_key(|wanted| wanted.frequency);
        let common = wanted.split_off(read_whole(&wanted));
        let mut tally = Self { tallied: Vec::with_capacity(segments.len()), atoms, segments, common };
        for segment in 0..tally.segments.len() {
            let tallied = tally.count(searcher, segment, &wanted)?;
            tally.tallied.push(tallied);
        }
        Ok(tally)
    }

    /// Whether every term was read whole, so that scores are final.
    pub(super) fn is_final(&self) -> bool {
        self.common.is_empty()
    }

    /// The documents that have a term that was read whole, with what these are worth.
    pub(super) fn scores(&self) -> impl Iterator<Item = (f32, DocAddress)> + '_ {
        self.tallied.iter().enumerate().flat_map(|(segment, tallied)| {
            let scores = tallied.scores.iter().zip(&tallied.documents);
            scores.map(move |(score, document)| (*score, DocAddress::new(segment as u32, *document)))
        })
    }

    /// What some documents have of the whole question, in the order of the index.
    pub(super) fn candidates(&self, mut addresses: Vec<DocAddress>) -> Result<Vec<Candidate>, TantivyError> {
        addresses.sort_unstable();
        addresses.dedup();
        let mut candidates: Vec<Candidate> =
            addresses.into_iter().map(|address| self.candidate(address)).collect();
        for of_segment in
            candidates.chunk_by_mut(|one, two| one.address.segment_ord == two.address.segment_ord)
        {
            self.look_up_common(of_segment)?;
        }
        Ok(candidates)
    }

    fn candidate(&self, address: DocAddress) -> Candidate {
        let tallied = &self.tallied[address.segment_ord as usize];
        match tallied.rows[address.doc_id as usize].checked_sub(1) {
            Some(row) => {
                let row = row as usize;
                let worth = tallied.worth[row * self.atoms.len()..(row + 1) * self.atoms.len()].to_vec();
                Candidate { score: tallied.scores[row], address, worth }
            }
            None => Candidate { score: 0.0, address, worth: vec![0; self.atoms.len()] },
        }
    }

    /// Adds the terms that were not read whole to documents of one segment, which stand in its order.
    fn look_up_common(&self, candidates: &mut [Candidate]) -> Result<(), TantivyError> {
        let Some(first) = candidates.first() else { return Ok(()) };
        let number = first.address.segment_ord as usize;
        let segment = &self.segments[number];
        for wanted in &self.common {
            let Some(mut places) = segment.places(wanted, number)? else { continue };
            for candidate in candidates.iter_mut() {
                let document = candidate.address.doc_id;
                if places.doc() < document {
                    places.seek(document);
                }
                if places.doc() == document {
                    let length = segment.lengths[wanted.field].fieldnorm_id(document);
                    candidate.score += wanted.weight.score(length, places.term_freq());
                    let worth = &mut candidate.worth[wanted.atom];
                    *worth = wanted.worth.max(*worth);
                }
            }
        }
        Ok(())
    }

    /// Reads the places of terms in one segment.
    fn count(&self, searcher: &Searcher, number: usize, wanted: &[Wanted]) -> Result<Tallied, TantivyError> {
        let segment = &self.segments[number];
        let reader = searcher.segment_reader(number as u32);
        // Only the pages of documents that have something are ever touched.
        let rows = vec![0; reader.max_doc() as usize];
        let mut tallied = Tallied { rows, documents: Vec::new(), scores: Vec::new(), worth: Vec::new() };
        for wanted in wanted {
            let Some(mut places) = segment.places(wanted, number)? else { continue };
            let mut document = places.doc();
            while document != tantivy::TERMINATED {
                if !reader.is_deleted(document) {
                    let row = tallied.row(document, self.atoms.len());
                    let length = segment.lengths[wanted.field].fieldnorm_id(document);
                    tallied.scores[row] += wanted.weight.score(length, places.term_freq());
                    let worth = &mut tallied.worth[row * self.atoms.len() + wanted.atom];
                    *worth = wanted.worth.max(*worth);
                }
                document = places.advance();
            }
        }
        Ok(tallied)
    }
}

impl Tallied {
    fn row(&mut self, document: DocId, atoms: usize) -> usize {
        let row = &mut self.rows[document as usize];
        if *row == 0 {
            self.documents.push(document);
            self.scores.push(0.0);
            self.worth.resize(self.worth.len() + atoms, 0);
            *row = self.documents.len() as u32;
        }
        (*row - 1) as usize
    }
}

impl Segment {
    fn places(
        &self,
        wanted: &Wanted,
        number: usize,
    ) -> Result<Option<tantivy::postings::SegmentPostings>, TantivyError> {
        let Some((_, info)) = wanted.places.iter().find(|(segment, _)| *segment == number) else {
            return Ok(None);
        };
        let inverted = &self.inverted[wanted.field];
        Ok(Some(inverted.read_postings_from_terminfo(info, IndexRecordOption::WithFreqs)?))
    }
}

/// Every part in every view.
fn all_fields(fields: &Fields) -> impl Iterator<Item = Field> + '_ {
    fields.parts.iter().flat_map(|part| part.fields)
}

fn open(searcher: &Searcher, fields: &Fields) -> Result<Vec<Segment>, TantivyError> {
    let readers = searcher.segment_readers().iter();
    let opened = readers.map(|reader| {
        let inverted = all_fields(fields).map(|field| reader.inverted_index(field));
        let lengths = all_fields(fields).map(|field| reader.get_fieldnorms_reader(field));
        Ok(Segment {
            inverted: inverted.collect::<Result<_, _>>()?,
            lengths: lengths.collect::<Result<_, _>>()?,
        })
    });
    opened.collect()
}

fn atoms(terms: &QueryTerms) -> Vec<Atom> {
    let atom = |view: usize, text: &String, alternatives: &[String]| Atom {
        view,
        text: text.clone(),
        alternatives: alternatives.to_vec(),
        frequency: 0,
    };
    let words = terms.words.iter().map(|(word, others)| atom(0, word, others));
    let singles = terms.singles.iter().map(|text| atom(1, text, &[]));
    let pairs = terms.pairs.iter().map(|text| atom(2, text, in_other_numerals(text).as_slice()));
    words.chain(singles).chain(pairs).collect()
}

/// A pair with its number in digits for words and in words for digits: 三段 and 3段. A number alone says too little.
fn in_other_numerals(pair: &str) -> Option<String> {
    const NUMERALS: [(&str, &str); 11] = [
        ("一", "1"),
        ("二", "2"),
        ("两", "2"),
        ("三", "3"),
        ("四", "4"),
        ("五", "5"),
        ("六", "6"),
        ("七", "7"),
        ("八", "8"),
        ("九", "9"),
        ("十", "10"),
    ];
    NUMERALS.iter().find_map(|(word, digits)| {
        let begins = |from: &str, to: &str| {
            let rest = pair.strip_prefix(from)?;
            let whole = !rest.starts_with(|next: char| next.is_ascii_digit());
            (whole && !rest.is_empty()).then(|| format!("{to}{rest}"))
        };
        begins(word, digits).or_else(|| begins(digits, word))
    })
}

/// Finds the terms of a question in every part that has them.
fn wanted(
    searcher: &Searcher,
    fields: &Fields,
    (atoms, segments): (&mut [Atom], &[Segment]),
    weights: &Weights,
) -> Result<Vec<Wanted>, TantivyError> {
    let documents: u64 = searcher.segment_readers().iter().map(|reader| u64::from(reader.max_doc())).sum();
    let lengths: Vec<f32> = (0..fields.parts.len() * 3)
        .map(|field| segments.iter().map(|segment| segment.inverted[field].total_num_tokens()).sum::<u64>())
        .map(|tokens| tokens as f32 / documents.max(1) as f32)
        .collect();
    let mut found = Vec::new();
    for (number, atom) in atoms.iter_mut().enumerate() {
        for (part, part_fields) in fields.parts.iter().enumerate() {
            let field = part * 3 + atom.view;
            let texts = std::iter::once(&atom.text).chain(&atom.alternatives);
            for (other, text) in texts.enumerate() {
                let term = Term::from_field_text(part_fields.fields[atom.view], text);
                let places = places_of(&term, field, segments)?;
                let frequency: u64 = places.iter().map(|(_, info)| u64::from(info.doc_freq)).sum();
                let own = other == 0;
                if own {
                    atom.frequency = atom.frequency.max(frequency);
                }
                if frequency == 0 {
                    continue;
                }
                let boost = weights.parts[part][atom.view] * if own { 1.0 } else { weights.alternative };
                let weight = Bm25Weight::for_one_term_without_explain(frequency, documents, lengths[field]);
                let worth = if own { WORTH } else { ALTERNATIVE_WORTH }[part];
                let weight = weight.boost_by(boost);
                found.push(Wanted { field, atom: number, worth, weight, places, frequency });
            }
        }
    }
    Ok(found)
}

fn places_of(
    term: &Term,
    field: usize,
    segments: &[Segment],
) -> Result<Vec<(usize, TermInfo)>, TantivyError> {
    let mut places = Vec::with_capacity(segments.len());
    for (number, segment) in segments.iter().enumerate() {
        places.extend(segment.inverted[field].get_term_info(term)?.map(|info| (number, info)));
    }
    Ok(places)
}

/// How many of the terms, the rarest first, are read whole; the rarest one always.
fn read_whole(wanted: &[Wanted]) -> usize {
    let mut sum = 0;
    let whole = wanted.iter().enumerate().take_while(|(place, wanted)| {
        sum += wanted.frequency;
        *place == 0 || sum <= MOST_PLACES
    });
    whole.count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_words_and_in_digits() {
        let check = |pair: &str, expected: Option<&str>| {
            assert_eq!(in_other_numerals(pair).as_deref(), expected, "{pair}");
        };
        check("三段", Some("3段"));
        check("3段", Some("三段"));
        check("十天", Some("10天"));
        check("10天", Some("十天"));
        check("12个", None);
        check("三", None);
        check("奶粉", None);
    }
}
