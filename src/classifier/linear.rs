//! How does a linear model weigh features? One row of weights for each number that was seen in training, one weight a
//! class; what was never seen weighs nothing.

use super::ClassifierError;
use super::arithmetic::softmax;
use super::features::{FeatureOptions, Features};

/// A trained model.
#[derive(Debug, Clone, PartialEq)]
pub struct LinearModel {
    pub(super) classes: Vec<String>,
    pub(super) features: FeatureOptions,
    pub(super) rows: Rows,
    pub(super) weights: Weights,
    /// What each class scores before anything is read.
    pub(super) base: Vec<f32>,
    /// Scores are divided by it before they become probabilities.
    pub(super) temperature: f32,
}

/// The weights, row after row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Weights {
    /// As trained.
    Exact(Vec<f32>),
    /// In one byte each: the weight is `value * |value| * scale` with the scale of its class. Squares keep the many
    /// small weights apart, and the few large ones still fit.
    Small { values: Vec<i8>, scales: Vec<f32> },
}

/// Which numbers have a row, and which one it is.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Rows {
    /// One bit a number.
    pub(super) present: Vec<u64>,
    /// How many rows there are before each word of `present`.
    before: Vec<u32>,
}

impl Rows {
    pub(super) fn new(present: Vec<u64>) -> Self {
        let mut count = 0;
        let before = present
            .iter()
            .map(|word| {
                let before = count;
                count += word.count_ones();
                before
            })
            .collect();
        Self { present, before }
    }

    pub(super) fn len(&self) -> usize {
        match (self.before.last(), self.present.last()) {
            (Some(before), Some(word)) => *before as usize + word.count_ones() as usize,
            _ => 0,
        }
    }

    /// The row of a number, if it has one.
    pub(super) fn row(&self, number: u32) -> Option<usize> {
        let word = *self.present.get(number as usize / 64)?;
        let bit = 1_u64 << (number % 64);
        (word & bit != 0)
            .then(|| self.before[number as usize / 64] as usize + (word & (bit - 1)).count_ones() as usize)
    }
}

impl LinearModel {
    /// The names of the classes, in the order of scores and probabilities.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// How texts are to be turned into features for this model.
    pub fn features(&self) -> FeatureOptions {
        self.features
    }

    /// The probability of each class; they sum to one.
    pub fn probabilities(&self, features: &Features) -> Vec<f32> {
        let mut scores = self.scores(features);
        scores.iter_mut().for_each(|score| *score /= self.temperature);
        softmax(&mut scores);
        scores
    }

    /// The score of each class: unbounded, larger is likelier, before the temperature.
    pub fn scores(&self, features: &Features) -> Vec<f32> {
        let mut scores = self.base.clone();
        let classes = scores.len();
        for (number, weight) in features.entries() {
            let Some(row) = self.rows.row(*number) else { continue };
            let range = row * classes..(row + 1) * classes;
            match &self.weights {
                Weights::Exact(weights) => {
                    for (score, own) in scores.iter_mut().zip(&weights[range]) {
                        *score += weight * own;
                    }
                }
                Weights::Small { values, scales } => {
                    for ((score, value), scale) in scores.iter_mut().zip(&values[range]).zip(scales) {
                        *score += weight * expanded(*value, *scale);
                    }
                }
            }
        }
        scores
    }

    /// The share of a text's features (by weight) that the model has seen in training: near 0 for a text unlike all
    /// examples.
    pub fn familiarity(&self, features: &Features) -> f32 {
        let known = features.entries().iter().filter(|(number, _)| self.rows.row(*number).is_some());
        // Features have length one, so that the squares sum to one.
        known.map(|(_, weight)| weight * weight).sum::<f32>().min(1.0)
    }

    /// The probabilities of a text in the spelling the model was trained with.
    pub fn read(&self, text: &str) -> Vec<f32> {
        self.probabilities(&self.features.extract(text))
    }

    /// What scores are divided by before they become probabilities.
    pub fn temperature(&self) -> f32 {
        self.temperature
    }

    /// The same model with another temperature (see [`fit_temperature`](super::fit_temperature)).
    pub fn with_temperature(self, temperature: f32) -> Result<Self, ClassifierError> {
        if !(temperature.is_finite() && temperature > 0.0) {
            return Err(ClassifierError::Training("the temperature must be above 0"));
        }
        Ok(Self { temperature, ..self })
    }

    /// The same model with a quarter of the memory, and weights that are a little off.
    pub fn quantised(self) -> Self {
        let Weights::Exact(weights) = &self.weights else { return self };
        let classes = self.classes.len();
        let mut largest = vec![0.0_f32; classes];
        for row in weights.chunks_exact(classes) {
            for (largest, weight) in largest.iter_mut().zip(row) {
                *largest = largest.max(weight.abs());
            }
        }
        let scales: Vec<f32> = largest.iter().map(|largest| largest / (127.0 * 127.0)).collect();
        let values = weights
            .iter()
            .enumerate()
            .map(|(place, weight)| shrunk(*weight, scales[place % classes]))
            .collect();
        Self { weights: Weights::Small { values, scales }, ..self }
    }
}

fn shrunk(weight: f32, scale: f32) -> i8 {
    if scale <= 0.0 {
        return 0;
    }
    let size = (weight.abs() / scale).sqrt().round().min(127.0) as i8;
    if weight < 0.0 { -size } else { size }
}

fn expanded(value: i8, scale: f32) -> f32 {
    let value = f32::from(value);
    value * value.abs() * scale
}
