//! What is found by words and what is found by meaning, in one list: each score on its own scale first, then a weighted
//! sum of both.

use super::KnowledgeError;
use super::question::{Among, Question};
use super::schema::key;
use super::search::{CANDIDATES, Hit, Method, rank};
use super::vectors::{Row, Vectors};

/// So many records are taken from each list, at least.
const FROM_EACH: usize = 60;

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

impl Question {
    pub(super) fn find_both(
        &self,
        among: &Among,
        row: &Row,
        vectors: &Vectors,
        method: Method,
    ) -> Result<Vec<Hit>, KnowledgeError> {
        let depth = among.limit.max(CANDIDATES).max(FROM_EACH);
        let own = self.own(among)?;
        let mut found = self.best(among, &own, depth)?;
        // Only what everybody of the shop may see has vectors, so the scope needs no further filter.
        let near = vectors.nearest(row, self.scope.shop.as_str(), &among.kinds, depth);
        let keys: Vec<&str> = near.iter().map(|(_, one)| one.key.as_str()).collect();
        let mut further = self.score(&own, &keys)?;
        further.retain(|one| !found.iter().any(|known| known.address == one.address));
        found.extend(further);
        let mut hits = self.hits(&found)?;
        for hit in &mut hits {
            hit.meaning = vectors.likeness(&key(&self.scope.shop, hit.kind, &hit.id), row);
        }
        if method == Method::Dense {
            hits.iter_mut().for_each(|hit| hit.raw_score = hit.meaning.unwrap_or_default());
        } else {
            fuse(&mut hits);
        }
        rank(&mut hits);
        hits.truncate(among.limit);
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
