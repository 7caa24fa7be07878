//! Which records fit a question, how well, and why; within one scope.

use super::KnowledgeError;
use super::analyzer::QueryTerms;
use super::live::Knowledge;
use super::question::Among;
use super::tally::{Atom, Candidate, WHOLE};
use crate::identity::Scope;
use crate::model::Vector;
use crate::record::RecordKind;

/// A question may have so many terms of a view; the rest of a very long message is not looked at.
const MOST_TERMS: usize = 64;
/// So many candidates are looked at closely, at least.
pub(super) const CANDIDATES: usize = 30;

/// How much each part and view counts in ranking. On real shopping queries single characters rank titles best and
/// words help a little (see `eval retrieval`); in long bodies every common character stands somewhere, so words and
/// pairs lead there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weights {
    /// For title, asked and body: words, singles, pairs.
    pub parts: [[f32; 3]; 3],
    /// A word that only stands for the word of the question.
    pub alternative: f32,
}

pub(super) const WEIGHTS: Weights =
    Weights { parts: [[0.5, 1.0, 0.1], [0.6, 1.0, 0.2], [0.3, 0.05, 0.15]], alternative: 0.5 };

/// Words of the dictionary in titles, ways to ask and bodies alike, and nothing else: what is commonly done.
pub(super) const WORDS_ONLY: Weights = Weights { parts: [[1.0, 0.0, 0.0]; 3], alternative: 0.5 };

/// How much of the fit each view decides: words, singles, pairs. Singles alone prove little, as every common
/// character stands somewhere.
const FIT: [f32; 3] = [0.45, 0.15, 0.40];
/// So many of the last steps that a score can make mean nothing.
const NOISE: u32 = 1 << 7;

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct SearchQuery {
    /// The question, with private data masked.
    pub text: String,
    /// Only these kinds; empty means all.
    pub kinds: Vec<RecordKind>,
    /// At most so many hits.
    pub limit: usize,
    /// The product being talked about: of equally fitting records, those that belong to it come first.
    pub product: Option<String>,
    /// What the question means. Without it records are found by words alone.
    pub vector: Option<Vector>,
}

/// How records are found. All but the last are there to be measured against it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// By words of the dictionary only.
    Words,
    /// By words, single characters and pairs of them.
    Lexical,
    /// By meaning only.
    Dense,
    /// By both.
    #[default]
    Fused,
}

/// A record that fits.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// Its kind.
    pub kind: RecordKind,
    /// Its id.
    pub id: String,
    /// From 0 to 1: how sure it is that the record is about what is asked. Comparable between questions.
    pub score: f32,
    /// By which hits of one question are ranked.
    pub raw_score: f32,
    /// From 0 to 1: how much of what the question asks, weighed by rarity, stands in the record.
    pub words: f32,
    /// How near the record's meaning is to the question's, as a cosine; none without vectors.
    pub meaning: Option<f32>,
    /// The words that matched.
    pub why: Vec<String>,
}

impl Hit {
    /// The words that matched, with the score of each way: "奶粉 水温 (words 0.52, meaning 0.87)".
    pub fn explained(&self) -> String {
        let words = self.why.join(" ");
        let meaning = self.meaning.map_or_else(String::new, |meaning| format!(", meaning {meaning:.2}"));
        format!("{words} (words {:.2}{meaning})", self.words).trim_start().to_owned()
    }
}

impl Knowledge {
    /// Searches what a scope may see: what is public in its shop, and the verified customer's own.
    ///
    /// # Errors
    /// The engine failed.
    pub fn search(&self, scope: &Scope, query: &SearchQuery) -> Result<Vec<Hit>, KnowledgeError> {
        self.search_by(scope, query, Method::Fused)
    }

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
        let SearchQuery { text, kinds, limit, product, vector } = query;
        let among = Among { kinds: kinds.clone(), limit: *limit, product: product.clone() };
        self.ask_by(scope, (text, vector.as_ref()), method)?.find_by(&among, method)
    }
}

/// As many of a question's terms as are looked at.
pub(super) fn bounded(mut terms: QueryTerms) -> QueryTerms {
    terms.words.truncate(MOST_TERMS);
    terms.singles.truncate(MOST_TERMS);
    terms.pairs.truncate(MOST_TERMS);
    terms
}

/// Puts the best first. Sums of the same numbers differ in their last digits with the order in which an index was filled;
/// what differs by no more is equal, and of equals the one with the smaller name comes first, so that the same question is
/// always answered alike.
pub(super) fn rank(hits: &mut [Hit]) {
    let worth = |hit: &Hit| f32::from_bits(hit.raw_score.to_bits().saturating_add(NOISE / 2) & !(NOISE - 1));
    hits.sort_by(|one, two| {
        worth(two).total_cmp(&worth(one)).then_with(|| (one.kind, &one.id).cmp(&(two.kind, &two.id)))
    });
}

/// How well one candidate fits.
#[derive(Debug, Clone, Default)]
pub(super) struct Fit {
    pub score: f32,
    pub why: Vec<String>,
}

/// Weighs what each candidate has of the question, atom by atom.
pub(super) fn fit(atoms: &[Atom], documents: u64, found: &[Candidate]) -> Vec<Fit> {
    let documents = documents.max(1) as f32;
    let rarest = (1.0 + documents).ln();
    let weigh = |atom: &Atom| {
        let frequency = atom.frequency as f32;
        let rarity = (1.0 + (documents - frequency).max(0.0) / (frequency + 0.5)).ln();
        (rarity / rarest).clamp(0.05, 1.0)
    };
    let weights: Vec<f32> = atoms.iter().map(weigh).collect();
    let mut asked = [0.0_f32; 3];
    atoms.iter().zip(&weights).for_each(|(atom, weight)| asked[atom.view] += weight);
    let possible: f32 = (0..3).filter(|view| asked[*view] > 0.0).map(|view| FIT[view]).sum();
    let fit = |candidate: &Candidate| {
        let mut matched = [0.0_f32; 3];
        let mut why: Vec<String> = Vec::new();
        for ((atom, weight), worth) in atoms.iter().zip(&weights).zip(&candidate.worth) {
            if *worth == 0 {
                continue;
            }
            matched[atom.view] += weight * f32::from(*worth) / f32::from(WHOLE);
            if atom.view == 0 || (atom.view == 2 && why.is_empty()) {
                why.push(atom.text.clone());
            }
        }
        let score: f32 = (0..3)
            .filter(|view| asked[*view] > 0.0)
            .map(|view| FIT[view] * matched[view] / asked[view])
            .sum();
        Fit { score: (score / possible.max(f32::EPSILON)).clamp(0.0, 1.0), why }
    };
    found.iter().map(fit).collect()
}
