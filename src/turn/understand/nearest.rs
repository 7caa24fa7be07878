//! Which of the pack's examples is a text nearest to? Examples as weighted groups of characters, searched at once.
//!
//! A text becomes a vector of groups of one to three characters, weighted by how rare they are among all examples. An
//! intent's score joins its nearest examples with the middle of all its examples.

use std::collections::HashMap;

use super::groups::{count_groups, share};

/// The examples of a pack, ready to be searched.
#[derive(Debug)]
pub struct NearestExamples {
    /// How many intents there are.
    intents: usize,
    examples: Vec<Example>,
    rarity: HashMap<u64, Group>,
    rarest: f32,
    /// For each intent the length of the sum of its examples' vectors.
    middles: Vec<f32>,
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

/// How one intent fits a text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Score {
    /// From 0 to 1.
    pub score: f32,
    /// The nearest example, if any shares a group with the text.
    nearest: Option<usize>,
}

impl NearestExamples {
    /// Prepares examples, given as intent and text in one spelling.
    pub fn new(intents: usize, examples: impl IntoIterator<Item = (usize, String)>) -> Self {
        let mut index = Self {
            intents,
            examples: examples.into_iter().map(|(intent, text)| Example { intent, text }).collect(),
            rarity: HashMap::new(),
            rarest: 1.0,
            middles: vec![0.0; intents],
        };
        index.weigh();
        index.fill();
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
        let mut sums: Vec<HashMap<u64, f32>> = vec![HashMap::new(); self.intents];
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
            let mut sum: Vec<(u64, f32)> = sum.into_iter().collect();
            // Sums must not depend on the order of a hash table.
            sum.sort_unstable_by_key(|(group, _)| *group);
            self.middles[intent] = sum.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
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
        vector.sort_unstable_by_key(|(group, _)| *group);
        let length = vector.iter().map(|(_, weight)| weight * weight).sum::<f32>().sqrt();
        if length > 0.0 {
            vector.iter_mut().for_each(|(_, weight)| *weight /= length);
        }
        vector
    }

    /// Scores all intents, in their order.
    pub fn scores(&self, text: &str) -> Vec<Score> {
        let mut near = vec![0.0_f32; self.examples.len()];
        let mut middle = vec![0.0_f32; self.intents];
        for (group, weight) in self.vector(text) {
            let Some(entry) = self.rarity.get(&group) else { continue };
            for (example, other) in &entry.in_examples {
                near[*example as usize] += weight * other;
            }
            for (intent, other) in &entry.in_middles {
                middle[*intent as usize] += weight * other;
            }
        }
        let mut best: Vec<[(f32, Option<usize>); 3]> = vec![[(0.0, None); 3]; self.intents];
        for (number, example) in self.examples.iter().enumerate() {
            insert(&mut best[example.intent], near[number], number);
        }
        best.into_iter()
            .enumerate()
            .map(|(intent, [first, second, third])| {
                let length = self.middles[intent];
                let middle = if length > 1e-3 { (middle[intent] / length).clamp(0.0, 1.0) } else { 0.0 };
                let nearest = 0.7 * first.0 + 0.2 * second.0 + 0.1 * third.0;
                Score { score: 0.65 * nearest + 0.35 * middle, nearest: first.1 }
            })
            .collect()
    }

    /// The nearest example of a score, for the trace.
    pub fn example(&self, score: Score) -> Option<&str> {
        Some(&self.examples.get(score.nearest?)?.text)
    }
}

fn insert(best: &mut [(f32, Option<usize>); 3], score: f32, number: usize) {
    if score <= best[2].0 {
        return;
    }
    best[2] = (score, Some(number));
    best.sort_by(|left, right| right.0.total_cmp(&left.0));
}
