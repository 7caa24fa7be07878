//! Which documents are looked at closely? Those that score best by what is asked. In a large shop most documents have some
//! common character of a question, and scoring all of them takes long: there the best are picked by the terms that stand in
//! few documents, and only those are scored by all.

use tantivy::collector::TopDocs;
use tantivy::query::{BooleanQuery, BoostQuery, ConstScoreQuery, EnableScoring, Occur, Query};
use tantivy::schema::Field;
use tantivy::{DocAddress, DocSet, Searcher, TantivyError, Term};

use super::analyzer::QueryTerms;
use super::schema::{Fields, owner_mark, public_mark};
use super::search::{SearchQuery, Weights, any_of, filter, term_query};
use crate::identity::Scope;

/// So many places of terms are looked at to pick documents. A shop of twenty thousand short records hardly ever has more
/// for one question, and is searched by all terms at once.
const MOST_PLACES: u64 = 24_000;

/// So many documents are picked, at least, to be scored by all terms.
const PICKED: usize = 200;

/// What belonging to the product being talked about adds to the rank: as much as some matching words.
const OWN_PRODUCT: f32 = 12.0;

/// A question as the index is asked: what a document must be, what it may have, and what that is worth.
pub(super) struct Asked {
    filters: Vec<(Occur, Box<dyn Query>)>,
    wanted: Vec<Wanted>,
    /// Belonging to the product being talked about.
    own: Option<Box<dyn Query>>,
}

/// A term with what it is worth.
struct Wanted {
    term: Term,
    query: Box<dyn Query>,
}

/// Documents with their scores, best first.
pub(super) type Scored = Vec<(f32, DocAddress)>;

impl Asked {
    /// What a scope asks. The scope is part of the filters.
    pub(super) fn new(
        fields: &Fields,
        scope: &Scope,
        query: &SearchQuery,
        terms: &QueryTerms,
        weights: &Weights,
    ) -> Self {
        let mut owners = vec![term_query(fields.owner, public_mark())];
        if let Some(customer) = scope.verified_customer() {
            owners.push(term_query(fields.owner, &owner_mark(customer.as_str())));
        }
        let mut filters = vec![filter(term_query(fields.shop, scope.shop.as_str())), filter(any_of(owners))];
        if !query.kinds.is_empty() {
            let kinds = query.kinds.iter().map(|kind| term_query(fields.kind, kind.as_str())).collect();
            filters.push(filter(any_of(kinds)));
        }
        let own = query.product.as_ref().map(|product| {
            let own = ConstScoreQuery::new(term_query(fields.product, product), OWN_PRODUCT);
            Box::new(own) as Box<dyn Query>
        });
        Self { filters, wanted: wanted(fields, terms, weights), own }
    }

    /// The documents that score best.
    pub(super) fn best(&self, searcher: &Searcher, depth: usize) -> Result<Scored, TantivyError> {
        let collector = |depth| TopDocs::with_limit(depth).order_by_score();
        let Some(rare) = self.rare(searcher)? else {
            let all = self.wanted.iter().map(|wanted| wanted.query.box_clone()).collect();
            return searcher.search(&self.query(all), &collector(depth));
        };
        // What belongs to the product is looked at whatever terms it has.
        let picking =
            rare.into_iter().map(|wanted| &wanted.query).chain(&self.own).map(|query| query.box_clone());
        let picked = searcher.search(&self.query(picking.collect()), &collector(depth.max(PICKED)))?;
        let mut scored = self.by_terms(searcher, picked.into_iter().map(|(_, address)| address).collect())?;
        scored.retain(|(score, _)| *score > 0.0);
        self.add_own(searcher, &mut scored)?;
        scored.truncate(depth);
        Ok(scored)
    }

    /// The scores of some documents by everything that is asked, best first. Whether they pass the filters is not looked at.
    pub(super) fn score(
        &self,
        searcher: &Searcher,
        addresses: Vec<DocAddress>,
    ) -> Result<Scored, TantivyError> {
        let mut scored = self.by_terms(searcher, addresses)?;
        self.add_own(searcher, &mut scored)?;
        Ok(scored)
    }

    /// What the terms of the question are worth in each document, in the order of the index.
    fn by_terms(&self, searcher: &Searcher, addresses: Vec<DocAddress>) -> Result<Scored, TantivyError> {
        let mut scored: Scored = addresses.into_iter().map(|address| (0.0, address)).collect();
        scored.sort_by_key(|(_, address)| *address);
        for wanted in &self.wanted {
            add(searcher, wanted.query.as_ref(), &mut scored)?;
        }
        Ok(scored)
    }

    /// Adds what belonging to the product is worth, and puts the best first.
    fn add_own(&self, searcher: &Searcher, scored: &mut Scored) -> Result<(), TantivyError> {
        if let Some(own) = &self.own {
            add(searcher, own.as_ref(), scored)?;
        }
        scored.sort_by(|(one, here), (two, there)| two.total_cmp(one).then(here.cmp(there)));
        Ok(())
    }

    fn query(&self, wanted: Vec<Box<dyn Query>>) -> BooleanQuery {
        let mut clauses: Vec<(Occur, Box<dyn Query>)> =
            self.filters.iter().map(|(occur, query)| (*occur, query.box_clone())).collect();
        clauses.extend(self.own.iter().map(|own| (Occur::Should, own.box_clone())));
        clauses.push((Occur::Must, any_of(wanted)));
        BooleanQuery::new(clauses)
    }

    /// The terms that stand in few documents, if all together stand in too many; the rarest one always.
    fn rare(&self, searcher: &Searcher) -> Result<Option<Vec<&Wanted>>, TantivyError> {
        let mut counted = Vec::with_capacity(self.wanted.len());
        for wanted in &self.wanted {
            counted.push((searcher.doc_freq(&wanted.term)?, wanted));
        }
        if counted.iter().map(|(count, _)| count).sum::<u64>() <= MOST_PLACES {
            return Ok(None);
        }
        counted.retain(|(count, _)| *count > 0);
        counted.sort_by_key(|(count, _)| *count);
        let mut sum = 0;
        let rare = counted.into_iter().enumerate().take_while(|(place, (count, _))| {
            sum += count;
            *place == 0 || sum <= MOST_PLACES
        });
        Ok(Some(rare.map(|(_, (_, wanted))| wanted).collect()))
    }
}

/// Adds what a clause is worth to those documents that match it; they stand in the order of the index.
fn add(
    searcher: &Searcher,
    clause: &dyn Query,
    scored: &mut [(f32, DocAddress)],
) -> Result<(), TantivyError> {
    let weight = clause.weight(EnableScoring::enabled_from_searcher(searcher))?;
    for of_segment in scored.chunk_by_mut(|(_, one), (_, two)| one.segment_ord == two.segment_ord) {
        let Some((_, first)) = of_segment.first() else { continue };
        let mut scorer = weight.scorer(searcher.segment_reader(first.segment_ord), 1.0)?;
        for (score, address) in of_segment {
            if scorer.doc() < address.doc_id {
                scorer.seek(address.doc_id);
            }
            if scorer.doc() == address.doc_id {
                *score += scorer.score();
            }
        }
    }
    Ok(())
}

/// The terms of a question in every part and view that counts.
fn wanted(fields: &Fields, terms: &QueryTerms, weights: &Weights) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for (part, views) in fields.parts.iter().zip(weights.parts) {
        let mut add = |view: usize, text: &str, weight: f32| {
            let boost = views[view] * weight;
            if boost > 0.0 {
                let field: Field = part.fields[view];
                let query = Box::new(BoostQuery::new(term_query(field, text), boost));
                wanted.push(Wanted { term: Term::from_field_text(field, text), query });
            }
        };
        for (word, alternatives) in &terms.words {
            add(0, word, 1.0);
            alternatives.iter().for_each(|other| add(0, other, weights.alternative));
        }
        terms.singles.iter().for_each(|text| add(1, text, 1.0));
        terms.pairs.iter().for_each(|text| add(2, text, 1.0));
    }
    wanted
}
