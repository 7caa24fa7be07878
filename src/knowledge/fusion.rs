//! What is found by words and what is found by meaning, in one list: each score on its own scale first, then a weighted
//! sum of both.

use std::sync::PoisonError;

use tantivy::collector::TopDocs;
use tantivy::query::ConstScoreQuery;

use super::KnowledgeError;
use super::candidates::{Asked, Scored};
use super::live::Knowledge;
use super::schema::key;
use super::search::{CANDIDATES, Hit, Method, SearchQuery, WEIGHTS, Weights, any_of, hits, rank, term_query};
use super::vectors::Row;
use crate::identity::Scope;

/// So many records are taken from each list, at least.
const FROM_EACH: usize = 60;

/// Words of the dictionary in titles, ways to ask and bodies alike, and nothing else: what is commonly done.
const WORDS_ONLY: Weights = Weights { parts: [[1.0, 0.0, 0.0]; 3], alternative: 0.5 };

/// How much the rank by meaning counts; the rank by words has the rest. On real shopping queries 0.5 to 0.6 rank
/// best, and 0.4 to 0.7 better than words alone.
const MEANING_WEIGHT: f32 = 0.55;

/// What hardly any two texts fall below by this embedder, as a cosine.
const UNRELATED: f32 = 0.78;

/// What a question that is none of the shop's business has in common with the most similar of its texts: of 16 such
/// questions the median is 0.895 and the most 0.916, of 125 about other goods the median is 0.88.
const CHANCE: f32 = 0.90;

/// What a question has in common with the same question in other words: 0.94 to 0.99.
const SURE: f32 = 0.98;

impl Knowledge {
    /// Searches by a method, to measure one against the other. Without a vector, or without vectors in the index,
    /// whatever needs them is done by words.
    ///
    /// # Errors
    /// The engine failed.
    pub fn search_by(
        &self,
        scope: &Scope,
        query: &SearchQuery,
        method: Method,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        let row = query.vector.as_ref().map(Row::of);
        match (method, row) {
            (Method::Words, _) => self.search_weighted(scope, query, &WORDS_ONLY),
            (Method::Dense | Method::Fused, Some(row)) => self.search_both(scope, query, &row, method),
            _ => self.search_weighted(scope, query, &WEIGHTS),
        }
    }

    fn search_both(
        &self,
        scope: &Scope,
        query: &SearchQuery,
        row: &Row,
        method: Method,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        let live = self.live.load_full();
        let vectors = live.vectors.read().unwrap_or_else(PoisonError::into_inner);
        if vectors.len() == 0 || query.limit == 0 {
            return self.search_weighted(scope, query, &WEIGHTS);
        }
        let terms = self.terms(query);
        let searcher = live.reader.searcher();
        let asked = Asked::new(&live.fields, scope, query, &terms, &WEIGHTS);
        let depth = query.limit.max(CANDIDATES).max(FROM_EACH);
        let mut found = Scored::new();
        if !terms.words.is_empty() || !terms.singles.is_empty() {
            found = asked.best(&searcher, depth)?;
        }
        // Only what everybody of the shop may see has vectors, so the scope needs no further filter.
        let near = vectors.nearest(row, scope.shop.as_str(), &query.kinds, depth);
        let keys = near.iter().map(|(_, one)| term_query(live.fields.key, &one.key)).collect();
        let these = ConstScoreQuery::new(any_of(keys), 0.0);
        let these = searcher.search(&these, &TopDocs::with_limit(depth).order_by_score())?;
        let further = these.into_iter().map(|(_, address)| address);
        let further = further.filter(|address| !found.iter().any(|(_, known)| known == address)).collect();
        found.extend(asked.score(&searcher, further)?);
        let mut hits = hits(&live, &searcher, &terms, &found)?;
        for hit in &mut hits {
            hit.meaning = vectors.likeness(&key(&scope.shop, hit.kind, &hit.id), row);
        }
        if method == Method::Dense {
            hits.iter_mut().for_each(|hit| hit.raw_score = hit.meaning.unwrap_or_default());
        } else {
            fuse(&mut hits);
        }
        rank(&mut hits);
        hits.truncate(query.limit);
        Ok(hits)
    }
}

/// Ranks by both scores, each from 0 for nothing to 1 for the best of this question.
fn fuse(hits: &mut [Hit]) {
    let best = |score: fn(&Hit) -> f32| hits.iter().map(score).fold(0.0_f32, f32::max);
    let (words, meaning) = (best(|hit| hit.raw_score), best(above_unrelated));
    for hit in hits {
        let share = |score: f32, best: f32| if best > 0.0 { score / best } else { 0.0 };
        hit.raw_score = (1.0 - MEANING_WEIGHT) * share(hit.raw_score, words)
            + MEANING_WEIGHT * share(above_unrelated(hit), meaning);
        hit.score = certainty(hit.words, hit.meaning);
    }
}

/// How much nearer the meanings are than those of unrelated texts.
fn above_unrelated(hit: &Hit) -> f32 {
    (hit.meaning.unwrap_or_default() - UNRELATED).max(0.0)
}

/// How sure it is that a record is about the question: as sure as the surer of the two ways.
fn certainty(words: f32, meaning: Option<f32>) -> f32 {
    let meaning = meaning.map_or(0.0, |meaning| (meaning - CHANCE) / (SURE - CHANCE));
    words.max(meaning).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests;
