//! One question and all that is searched for it: its terms are cut and counted once, then records of several kinds are
//! looked for.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError};

use tantivy::columnar::StrColumn;
use tantivy::schema::{Field, IndexRecordOption, Value};
use tantivy::{DocAddress, DocId, DocSet, Searcher, TantivyDocument, TantivyError, Term};

use super::KnowledgeError;
use super::analyzer::{Cut, QueryTerms};
use super::live::{Knowledge, Live};
use super::schema::{KIND, OWNER, SHOP, owner_mark, public_mark};
use super::search::{CANDIDATES, Hit, Method, WEIGHTS, WORDS_ONLY, Weights, bounded, fit, rank};
use super::sounds::Sounds;
use super::tally::{Candidate, Tally};
use super::vectors::Row;
use crate::identity::Scope;
use crate::model::Vector;
use crate::record::RecordKind;

/// So many documents are picked, at least, to be scored by all terms.
const PICKED: usize = 200;

/// What belonging to the product being talked about adds to the rank: as much as some matching words.
const OWN_PRODUCT: f32 = 12.0;

/// Which records are looked for.
#[derive(Debug, Clone, Default)]
pub struct Among {
    /// Only these kinds; empty means all.
    pub kinds: Vec<RecordKind>,
    /// At most so many.
    pub limit: usize,
    /// The product being talked about: of equally fitting records, those that belong to it come first.
    pub product: Option<String>,
}

/// A question of somebody, counted out over the generation that was in use when it was asked.
pub struct Question {
    live: Arc<Live>,
    pub(super) scope: Scope,
    row: Option<Row>,
    terms: QueryTerms,
    searcher: Searcher,
    tally: Tally,
}

impl std::fmt::Debug for Question {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Question").field("scope", &self.scope).finish_non_exhaustive()
    }
}

impl Knowledge {
    /// Takes a question, with private data masked, and what it means if that is known. Searches for it see what the scope may
    /// see: what is public in its shop, and the verified customer's own.
    ///
    /// # Errors
    /// The engine failed.
    pub fn ask(
        &self,
        scope: &Scope,
        text: &str,
        vector: Option<&Vector>,
    ) -> Result<Question, KnowledgeError> {
        self.ask_weighted(scope, (text, vector), &WEIGHTS)
    }

    /// Takes a question that is to be searched by a method.
    pub(super) fn ask_by(
        &self,
        scope: &Scope,
        asked: (&str, Option<&Vector>),
        method: Method,
    ) -> Result<Question, KnowledgeError> {
        self.ask_weighted(scope, asked, if method == Method::Words { &WORDS_ONLY } else { &WEIGHTS })
    }

    fn ask_weighted(
        &self,
        scope: &Scope,
        (text, vector): (&str, Option<&Vector>),
        weights: &Weights,
    ) -> Result<Question, KnowledgeError> {
        let live = self.live.load_full();
        let searcher = live.reader.searcher();
        let cut = self.analyzer.cut(text);
        let terms = bounded(match corrected(&cut, &live, &searcher)? {
            Some(corrected) => self.analyzer.query(&corrected),
            None => self.analyzer.terms(&cut),
        });
        let tally = Tally::new(&searcher, &live.fields, &terms, weights)?;
        Ok(Question { live, scope: scope.clone(), row: vector.map(Row::of), terms, searcher, tally })
    }
}

/// The question with the shop's words in the place of what only sounds like them.
fn corrected(cut: &Cut, live: &Live, searcher: &Searcher) -> Result<Option<String>, TantivyError> {
    let (characters, lonely) = cut.lonely();
    let may_be_typed = |two: &[bool]| two.iter().all(|lonely| *lonely);
    let letters = characters.iter().any(char::is_ascii_lowercase);
    if !letters && !lonely.windows(2).any(may_be_typed) {
        return Ok(None);
    }
    let sounds = match live.sounds.get() {
        Some(sounds) => sounds,
        None => {
            let read = Sounds::of(searcher, &live.fields)?;
            live.sounds.get_or_init(|| read)
        }
    };
    // What cannot be read now is taken to be known, so that nothing is changed.
    let known = |typed: &str| stands_somewhere(typed, live, searcher).unwrap_or(true);
    Ok(sounds.corrected(characters, lonely, known))
}

/// Whether a record has a text: letters as a whole, characters as neighbours.
fn stands_somewhere(typed: &str, live: &Live, searcher: &Searcher) -> Result<bool, TantivyError> {
    let characters: Vec<char> = typed.chars().collect();
    let (view, texts) = match typed.is_ascii() {
        true => (1, vec![typed.to_owned()]),
        false => (2, characters.windows(2).map(|two| two.iter().collect()).collect::<Vec<String>>()),
    };
    for text in texts {
        let mut stands = false;
        for part in &live.fields.parts {
            stands |= searcher.doc_freq(&Term::from_field_text(part.fields[view], &text))? > 0;
        }
        if !stands {
            return Ok(false);
        }
    }
    Ok(true)
}

impl Question {
    /// What it looks for, by words.
    pub fn terms(&self) -> &QueryTerms {
        &self.terms
    }

    /// The records that fit best, by words and meaning.
    ///
    /// # Errors
    /// The engine failed.
    pub fn find(&self, among: &Among) -> Result<Vec<Hit>, KnowledgeError> {
        self.find_by(among, Method::Fused)
    }

    /// The records that fit best by words alone.
    ///
    /// # Errors
    /// The engine failed.
    pub fn find_by_words(&self, among: &Among) -> Result<Vec<Hit>, KnowledgeError> {
        self.find_by(among, Method::Lexical)
    }

    /// The records that fit best by a method. Without a vector, or without vectors in the index, whatever needs them is
    /// done by words.
    pub(super) fn find_by(&self, among: &Among, method: Method) -> Result<Vec<Hit>, KnowledgeError> {
        if among.limit == 0 {
            return Ok(Vec::new());
        }
        let by_meaning = matches!(method, Method::Dense | Method::Fused);
        if let Some(row) = self.row.as_ref().filter(|_| by_meaning) {
            let vectors = self.live.vectors.read().unwrap_or_else(PoisonError::into_inner);
            if vectors.len() > 0 {
                return self.find_both(among, row, &vectors, method);
            }
        }
        let found = self.best(among, &self.own(among)?, among.limit.max(CANDIDATES))?;
        let mut hits = self.hits(&found)?;
        rank(&mut hits);
        hits.truncate(among.limit);
        Ok(hits)
    }

    /// The documents that score best by words. `own` are those that belong to the product being talked about.
    pub(super) fn best(
        &self,
        among: &Among,
        own: &HashSet<DocAddress>,
        depth: usize,
    ) -> Result<Vec<Candidate>, TantivyError> {
        let filters = self.filters(&among.kinds)?;
        let passes = |address: &DocAddress| filters[address.segment_ord as usize].passes(address.doc_id);
        let mut picked: Vec<(f32, DocAddress)> = self
            .tally
            .scores()
            .filter(|(_, address)| passes(address))
            .map(|(score, address)| (score + of_product(own, &address), address))
            .collect();
        let order = |one: &(f32, DocAddress), two: &(f32, DocAddress)| {
            two.0.total_cmp(&one.0).then(one.1.cmp(&two.1))
        };
        let most = if self.tally.is_final() { depth } else { depth.max(PICKED) };
        if picked.len() > most {
            picked.select_nth_unstable_by(most - 1, order);
            picked.truncate(most);
        }
        let mut addresses: Vec<DocAddress> = picked.into_iter().map(|(_, address)| address).collect();
        if !self.tally.is_final() {
            // What belongs to the product is looked at whatever terms it has.
            addresses.extend(own.iter().filter(|address| passes(address)));
        }
        let mut found = self.tally.candidates(addresses)?;
        found.retain(|candidate| candidate.score > 0.0);
        found.iter_mut().for_each(|candidate| candidate.score += of_product(own, &candidate.address));
        found.sort_by(|one, two| two.score.total_cmp(&one.score).then(one.address.cmp(&two.address)));
        found.truncate(depth);
        Ok(found)
    }

    /// What some documents have of the question by words. Whether they pass the filters is not looked at.
    pub(super) fn score(
        &self,
        own: &HashSet<DocAddress>,
        keys: &[&str],
    ) -> Result<Vec<Candidate>, TantivyError> {
        let mut addresses = Vec::with_capacity(keys.len());
        for key in keys {
            addresses.extend(self.documents(self.live.fields.key, key)?);
        }
        let mut found = self.tally.candidates(addresses)?;
        found.iter_mut().for_each(|candidate| candidate.score += of_product(own, &candidate.address));
        Ok(found)
    }

    /// What was found, with how well it fits.
    pub(super) fn hits(&self, found: &[Candidate]) -> Result<Vec<Hit>, KnowledgeError> {
        let fits = fit(&self.tally.atoms, self.searcher.num_docs(), found);
        let fields = &self.live.fields;
        let mut hits = Vec::with_capacity(found.len());
        for (candidate, fit) in found.iter().zip(fits) {
            let document: TantivyDocument = self.searcher.doc(candidate.address)?;
            let text =
                |field: Field| document.get_first(field).and_then(|value| value.as_str()).map(str::to_owned);
            let (Some(kind), Some(id)) = (text(fields.kind), text(fields.id)) else { continue };
            let Some(kind) = RecordKind::parse(&kind) else { continue };
            let (score, raw_score) = (fit.score, candidate.score);
            hits.push(Hit { kind, id, score, raw_score, words: score, meaning: None, why: fit.why });
        }
        Ok(hits)
    }

    /// The documents that belong to the product being talked about.
    pub(super) fn own(&self, among: &Among) -> Result<HashSet<DocAddress>, TantivyError> {
        match &among.product {
            Some(product) => Ok(self.documents(self.live.fields.product, product)?.into_iter().collect()),
            None => Ok(HashSet::new()),
        }
    }

    /// The documents with this value in a field.
    fn documents(&self, field: Field, value: &str) -> Result<Vec<DocAddress>, TantivyError> {
        let term = Term::from_field_text(field, value);
        let mut found = Vec::new();
        for (number, reader) in self.searcher.segment_readers().iter().enumerate() {
            let inverted = reader.inverted_index(field)?;
            let Some(mut places) = inverted.read_postings(&term, IndexRecordOption::Basic)? else { continue };
            let mut document = places.doc();
            while document != tantivy::TERMINATED {
                if !reader.is_deleted(document) {
                    found.push(DocAddress::new(number as u32, document));
                }
                document = places.advance();
            }
        }
        Ok(found)
    }

    /// What the scope may see, and only of these kinds, for each segment.
    fn filters(&self, kinds: &[RecordKind]) -> Result<Vec<Filter>, TantivyError> {
        let shop = vec![self.scope.shop.as_str().to_owned()];
        let mut owners = vec![public_mark().to_owned()];
        owners.extend(self.scope.verified_customer().map(|customer| owner_mark(customer.as_str())));
        let kinds: Vec<String> = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        let mut wanted = vec![(SHOP, shop), (OWNER, owners)];
        if !kinds.is_empty() {
            wanted.push((KIND, kinds));
        }
        let readers = self.searcher.segment_readers().iter();
        let filters = readers.map(|reader| {
            let conditions = wanted.iter().map(|(field, values)| {
                // A segment without the column has no document with a value there.
                let column = reader.fast_fields().str(field)?;
                column.map(|column| Condition::new(column, values)).transpose().map_err(TantivyError::from)
            });
            Ok(Filter { conditions: conditions.collect::<Result<_, TantivyError>>()? })
        });
        filters.collect()
    }
}

/// What documents of one segment may be shown.
struct Filter {
    conditions: Vec<Option<Condition>>,
}

impl Filter {
    fn passes(&self, document: DocId) -> bool {
        self.conditions.iter().all(|one| one.as_ref().is_some_and(|one| one.holds(document)))
    }
}

/// A field has one of some values.
struct Condition {
    column: StrColumn,
    /// The values, as the segment numbers them.
    numbers: Vec<u64>,
}

impl Condition {
    fn new(column: StrColumn, values: &[String]) -> std::io::Result<Self> {
        let mut numbers = Vec::with_capacity(values.len());
        for value in values {
            numbers.extend(column.dictionary().term_ord(value.as_bytes())?);
        }
        Ok(Self { column, numbers })
    }

    fn holds(&self, document: DocId) -> bool {
        self.column.ords().first(document).is_some_and(|number| self.numbers.contains(&number))
    }
}

fn of_product(own: &HashSet<DocAddress>, address: &DocAddress) -> f32 {
    if own.contains(address) { OWN_PRODUCT } else { 0.0 }
}
