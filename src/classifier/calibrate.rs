//! How honest are the probabilities? Scores of texts a model has not seen tell by what scores must be divided.

use super::ClassifierError;
use super::arithmetic::{exponential, logarithm};
use super::features::FeatureOptions;
use super::train::{Example, TrainOptions, train};

/// The coldest and the warmest temperature that is tried, and how often the space between is narrowed.
const COLDEST: f64 = 0.05;
const WARMEST: f64 = 20.0;
const NARROWINGS: usize = 40;

/// The temperature at which scores give the likeliest probabilities for texts whose classes are known. The texts must
/// not be those the model was trained with. Without any it is 1.
pub fn fit_temperature(scores: &[Vec<f32>], classes: &[usize]) -> f32 {
    if scores.is_empty() {
        return 1.0;
    }
    let (mut low, mut high) = (logarithm(COLDEST), logarithm(WARMEST));
    // The loss has one lowest point over the temperature's logarithm; each round drops the third it is not in.
    for _ in 0..NARROWINGS {
        let (left, right) = (low + (high - low) / 3.0, high - (high - low) / 3.0);
        if loss(scores, classes, exponential(left)) <= loss(scores, classes, exponential(right)) {
            high = right;
        } else {
            low = left;
        }
    }
    exponential((low + high) / 2.0) as f32
}

fn loss(scores: &[Vec<f32>], classes: &[usize], temperature: f64) -> f64 {
    let one = |(scores, class): (&Vec<f32>, &usize)| {
        let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let sum: f64 =
            scores.iter().map(|score| exponential(f64::from(*score - highest) / temperature)).sum();
        let own = scores.get(*class).map_or(0.0, |score| f64::from(*score - highest) / temperature);
        logarithm(sum) - own
    };
    scores.iter().zip(classes).map(one).sum()
}

/// The scores of each example by a model that was trained without it: the examples of one fold are left out in turn.
/// `left_out` says in which fold each example is, from 0 on, so that texts that belong together can be left out together;
/// what is in fold `usize::MAX` is always trained with, and gets no scores.
pub fn out_of_fold(
    classes: &[String],
    features: FeatureOptions,
    examples: &[Example],
    options: &TrainOptions,
    left_out: &[usize],
) -> Result<Vec<Vec<f32>>, ClassifierError> {
    if left_out.len() != examples.len() {
        return Err(ClassifierError::Training("every example needs a fold"));
    }
    let folds = left_out.iter().filter(|fold| **fold != usize::MAX).max().map_or(0, |last| last + 1);
    let mut scores = vec![Vec::new(); examples.len()];
    for fold in 0..folds {
        let rest: Vec<Example> = examples
            .iter()
            .zip(left_out)
            .filter(|(_, own)| **own != fold)
            .map(|(one, _)| one.clone())
            .collect();
        let model = train(classes.to_vec(), features, &rest, options)?;
        for (number, _) in left_out.iter().enumerate().filter(|(_, own)| **own == fold) {
            scores[number] = model.scores(&examples[number].features);
        }
    }
    Ok(scores)
}
