//! What does the customer want? The nearest examples of the pack by their character groups, expressions as strong
//! evidence, and how sure that is.
//!
//! A text becomes a vector of groups of one to three characters, weighted by how rare they are among all examples. An
//! intent's score joins its nearest examples with the middle of all its examples. What a score is worth is learned from
//! the pack itself when it is loaded (see [`calibration`](super::calibration)).

use std::collections::HashMap;

use regex::Regex;

use super::calibration::{Calibration, Sample};
use super::clauses::{pieces, strip_politeness};
use super::groups::{count_groups, one_spelling, share};
use super::normalise::folded;
use crate::pack::types::{Intent, Pack};
use crate::turn::types::IntentMatch;

/// Readings that are less sure than this are left out: the assistant asks rather than guesses.
pub const UNDERSTOOD: f32 = 0.3;
/// At most so many characters of a message are read.
const READ_CHARACTERS: usize = 400;
/// At most so many intents are named.
const MAX_INTENTS: usize = 6;
/// At most so many examples are left out in turn to learn what a score is worth.
const CALIBRATION_SAMPLES: usize = 500;
/// How much of a reading's confidence a second clause with the same reading adds.
const SUPPORT: f32 = 0.25;

/// The examples and expressions of a pack, ready to be searched.
#[derive(Debug)]
pub struct IntentIndex {
    names: Vec<String>,
    smalltalk: Vec<bool>,
    examples: Vec<Example>,
    rarity: HashMap<u64, Group>,
    rarest: f32,
    /// For each intent the length of the sum of its examples' vectors.
    middles: Vec<f32>,
    patterns: Vec<Pattern>,
    calibration: Calibration,
}

#[derive(Debug)]
struct Example {
    intent: usize,
    text: String,
}

#[derive(Debug, Default)]
struct Group {
    rarity: f32,
    in_examples: Vec<(u32, f32)>,
    in_middles: Vec<(u32, f32)>,
}

#[derive(Debug)]
struct Pattern {
    intent: usize,
    expression: Regex,
    /// How often it speaks for its own intent among the pack's examples.
    precision: f32,
}

/// How one intent fits one piece of text.
#[derive(Debug, Clone, Copy)]
struct Score {
    intent: usize,
    score: f32,
    nearest: usize,
}

/// One reading of one piece, before the pieces are put together.
#[derive(Debug)]
struct Candidate {
    intent: usize,
    confidence: f32,
    why: String,
}

impl IntentIndex {
    /// Prepares the intents of a pack.
    pub fn new(pack: &Pack) -> Self {
        let smalltalk = pack.intents.iter().map(|intent| is_smalltalk(pack, &intent.name)).collect();
        Self::build(&pack.intents, smalltalk)
    }

    fn build(intents: &[Intent], smalltalk: Vec<bool>) -> Self {
        let mut index = Self {
            names: intents.iter().map(|intent| intent.name.clone()).collect(),
            smalltalk,
            examples: Vec::new(),
            rarity: HashMap::new(),
            rarest: 1.0,
            middles: vec![0.0; intents.len()],
            patterns: Vec::new(),
            calibration: Calibration::default(),
        };
        for (intent, source) in intents.iter().enumerate() {
            for example in &source.examples {
                let text = one_spelling(strip_politeness(&folded(example)));
                if !text.is_empty() && !only_digits(&text) {
                    index.examples.push(Example { intent, text });
                }
            }
        }
        index.weigh();
        index.fill();
        index.judge_patterns(intents);
        index.calibrate();
        index
    }

    /// Counts in how many examples each group of characters stands.
    fn weigh(&mut self) {
        let mut counts: HashMap<u64, u32> = HashMap::new();
        for example in &self.examples {
            for group in count_groups(&example.text).into_keys() {
                *counts.entry(group).or_default() += 1;
            }
        }
        let all = self.examples.len() as f32;
        self.rarest = (1.0 + all).ln() + 1.0;
        for (group, count) in counts {
            let rarity = ((1.0 + all) / (1.0 + count as f32)).ln() + 1.0;
            self.rarity.insert(group, Group { rarity, ..Group::default() });
        }
    }

    /// Writes each example's vector, and each intent's sum of them, under the groups they hold.
    fn fill(&mut self) {
        let mut sums: Vec<HashMap<u64, f32>> = vec![HashMap::new(); self.names.len()];
        for number in 0..self.examples.len() {
            let intent = self.examples[number].intent;
            for (group, weight) in self.vector(&self.examples[number].text) {
                *sums[intent].entry(group).or_default() += weight;
                if let Some(entry) = self.rarity.get_mut(&group) {
                    entry.in_examples.push((number as u32, weight));
                }
            }
        }
        for (intent, sum) in sums.into_iter().enumerate() {
            self.middles[intent] = sum.values().map(|weight| weight * weight).sum::<f32>().sqrt();
            for (group, weight) in sum {
                if let Some(entry) = self.rarity.get_mut(&group) {
                    entry.in_middles.push((intent as u32, weight));
                }
            }
        }
    }

    /// A text as groups of characters with their weights, of length one.
    fn vector(&self, text: &str) -> Vec<(u64, f32)> {
        let mut vector: Vec<(u64, f32)> = count_groups(text)
            .into_iter()
            .map(|(group, count)| {
                let rarity = self.rarity.get(&group).map_or(self.rarest, |entry| entry.rarity);
                (group, (1.0 + count.ln()) * rarity * share(group))
            })
            .collect();
        let length = vector.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        if length > 0.0 {
            vector.iter_mut().for_each(|(_, weight)| *weight /= length);
        }
        // The sums below must not depend on the order of a hash table.
        vector.sort_unstable_by_key(|(group, _)| *group);
        vector
    }

    /// Scores all intents, best first. One example can be left out, as if it were not in the pack.
    fn scores(&self, text: &str, without: Option<usize>) -> Vec<Score> {
        let mut near = vec![0.0_f32; self.examples.len()];
        let mut middle = vec![0.0_f32; self.names.len()];
        for (group, weight) in self.vector(text) {
            let Some(entry) = self.rarity.get(&group) else { continue };
            for (example, other) in &entry.in_examples {
                near[*example as usize] += weight * other;
            }
            for (intent, other) in &entry.in_middles {
                middle[*intent as usize] += weight * other;
            }
        }
        let mut best: Vec<[(f32, usize); 3]> = vec![[(0.0, usize::MAX); 3]; self.names.len()];
        for (number, example) in self.examples.iter().enumerate() {
            if Some(number) != without {
                insert(&mut best[example.intent], near[number], number);
            }
        }
        let mut scores: Vec<Score> = (0..self.names.len())
            .map(|intent| {
                let left_out = without.is_some_and(|number| self.examples[number].intent == intent);
                let middle = self.middle_score(intent, middle[intent], left_out);
                let [first, second, third] = best[intent];
                let nearest = 0.7 * first.0 + 0.2 * second.0 + 0.1 * third.0;
                Score { intent, score: 0.65 * nearest + 0.35 * middle, nearest: first.1 }
            })
            .filter(|score| score.score > 0.0)
            .collect();
        scores.sort_by(|left, right| right.score.total_cmp(&left.score).then(left.intent.cmp(&right.intent)));
        scores
    }

    /// The cosine with the sum of an intent's examples; with the text's own example taken out of the sum if it is one.
    fn middle_score(&self, intent: usize, product: f32, left_out: bool) -> f32 {
        let length = self.middles[intent];
        let (product, length) = if left_out {
            (product - 1.0, (length * length - 2.0 * product + 1.0).max(0.0).sqrt())
        } else {
            (product, length)
        };
        if length > 1e-3 { (product / length).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// An expression is worth as much as it is right about the pack's own examples.
    fn judge_patterns(&mut self, intents: &[Intent]) {
        for (intent, source) in intents.iter().enumerate() {
            for expression in &source.patterns {
                let (mut own, mut other) = (0.0_f32, 0.0_f32);
                for example in self.examples.iter().filter(|example| expression.is_match(&example.text)) {
                    if example.intent == intent { own += 1.0 } else { other += 1.0 }
                }
                let precision = (own + 3.0) / (own + other + 3.2);
                self.patterns.push(Pattern { intent, expression: expression.clone(), precision });
            }
        }
    }

    /// Leaves examples out in turn, reads them as if they were new, and learns how often a score is right.
    fn calibrate(&mut self) {
        let step = self.examples.len().div_ceil(CALIBRATION_SAMPLES).max(1);
        let samples: Vec<Sample> = (0..self.examples.len())
            .step_by(step)
            .filter_map(|number| {
                let scores = self.scores(&self.examples[number].text, Some(number));
                let first = scores.first()?;
                let second = scores.get(1).map_or(0.0, |second| second.score);
                let right = first.intent == self.examples[number].intent;
                Some(Sample { score: first.score, margin: first.score - second, right })
            })
            .collect();
        self.calibration = Calibration::learn(&samples);
    }

    /// Reads the intents of a normalised text, the surest first; empty if nothing is sure enough.
    pub fn read(&self, text: &str) -> Vec<IntentMatch> {
        let text: String = text.chars().take(READ_CHARACTERS).collect::<String>().to_lowercase();
        let whole = strip_politeness(&text);
        let mut parts = pieces(&text);
        parts.retain(|part| part != whole);
        let length = text.chars().count().max(1) as f32;
        let mut readings: Vec<Vec<Candidate>> = Vec::new();
        // A long story as a whole is near to nothing; its clauses are.
        if whole.chars().count() <= 60 {
            readings.push(self.read_piece(whole));
        }
        for part in &parts {
            let stripped = strip_politeness(part);
            let share = (stripped.chars().count() as f32 / length).clamp(0.2, 1.0);
            let mut candidates = self.read_piece(stripped);
            for candidate in &mut candidates {
                candidate.confidence *=
                    if self.smalltalk[candidate.intent] { share } else { 0.88 + 0.1 * share };
            }
            readings.push(candidates);
        }
        self.join(readings)
    }

    fn read_piece(&self, piece: &str) -> Vec<Candidate> {
        let mut candidates = self.by_examples(&one_spelling(piece));
        for (intent, confidence, why) in self.by_patterns(piece) {
            match candidates.iter_mut().find(|candidate| candidate.intent == intent) {
                Some(known) => {
                    known.confidence = 1.0 - (1.0 - confidence) * (1.0 - 0.5 * known.confidence);
                    known.why = why;
                }
                None => candidates.push(Candidate { intent, confidence, why }),
            }
        }
        candidates.sort_by(|left, right| right.confidence.total_cmp(&left.confidence));
        candidates.truncate(3);
        candidates
    }

    fn by_examples(&self, piece: &str) -> Vec<Candidate> {
        let scores = self.scores(piece, None);
        let Some(first) = scores.first() else { return Vec::new() };
        let second = scores.get(1).map_or(0.0, |second| second.score);
        let candidate = |score: &Score| {
            let margin =
                if score.intent == first.intent { first.score - second } else { score.score - first.score };
            let why = self
                .examples
                .get(score.nearest)
                .map_or_else(String::new, |example| format!("≈ {}", example.text));
            Candidate {
                intent: score.intent,
                confidence: self.calibration.confidence(score.score, margin),
                why,
            }
        };
        scores.iter().take(3).map(candidate).collect()
    }

    /// The best matching expression of each intent, with what it is worth here.
    fn by_patterns(&self, piece: &str) -> Vec<(usize, f32, String)> {
        let length = piece.chars().count().max(1) as f32;
        let mut best: Vec<(usize, f32, String)> = Vec::new();
        for pattern in &self.patterns {
            let Some(hit) = pattern.expression.find(piece) else { continue };
            let covered = hit.as_str().chars().count() as f32 / length;
            let confidence = pattern.precision * (0.78 + 0.2 * covered.min(1.0));
            match best.iter_mut().find(|(intent, _, _)| *intent == pattern.intent) {
                Some(known) if known.1 >= confidence => {}
                Some(known) => *known = (pattern.intent, confidence, hit.as_str().to_owned()),
                None => best.push((pattern.intent, confidence, hit.as_str().to_owned())),
            }
        }
        best
    }

    /// Puts the readings of all pieces together.
    fn join(&self, readings: Vec<Vec<Candidate>>) -> Vec<IntentMatch> {
        let mut joined: Vec<Candidate> = Vec::new();
        for candidate in readings.into_iter().flatten() {
            match joined.iter_mut().find(|known| known.intent == candidate.intent) {
                Some(known) => {
                    let (more, less) = (
                        known.confidence.max(candidate.confidence),
                        known.confidence.min(candidate.confidence),
                    );
                    if candidate.confidence > known.confidence {
                        known.why = candidate.why;
                    }
                    known.confidence = 1.0 - (1.0 - more) * (1.0 - SUPPORT * less * less);
                }
                None => joined.push(candidate),
            }
        }
        // A greeting beside a question is only politeness.
        let question = joined
            .iter()
            .filter(|one| !self.smalltalk[one.intent])
            .map(|one| one.confidence)
            .fold(0.0, f32::max);
        if question >= UNDERSTOOD {
            for one in joined.iter_mut().filter(|one| self.smalltalk[one.intent]) {
                one.confidence = one.confidence.min(question * 0.8);
            }
        }
        joined.retain(|one| one.confidence >= UNDERSTOOD);
        joined.sort_by(|left, right| {
            right.confidence.total_cmp(&left.confidence).then(left.intent.cmp(&right.intent))
        });
        joined.truncate(MAX_INTENTS);
        joined
            .into_iter()
            .map(|one| IntentMatch {
                intent: self.names[one.intent].clone(),
                confidence: (one.confidence.min(0.98) * 1000.0).round() / 1000.0,
                why: one.why,
            })
            .collect()
    }
}

/// An example like "1" would be near to every number.
fn only_digits(text: &str) -> bool {
    let mut spoken = text.chars().filter(|c| c.is_alphanumeric()).peekable();
    spoken.peek().is_some() && spoken.all(|c| c.is_ascii_digit())
}

/// An intent all of whose scenarios are small talk.
fn is_smalltalk(pack: &Pack, intent: &str) -> bool {
    let mut scenarios = pack.scenarios.iter().filter(|scenario| scenario.intent == intent).peekable();
    scenarios.peek().is_some() && scenarios.all(|scenario| scenario.topic == "smalltalk")
}

fn insert(best: &mut [(f32, usize); 3], score: f32, number: usize) {
    if score <= best[2].0 {
        return;
    }
    best[2] = (score, number);
    best.sort_by(|left, right| right.0.total_cmp(&left.0));
}
