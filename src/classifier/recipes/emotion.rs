//! Which of six emotions does a post show? Posts about anything, and with little weight many posts about one topic.

use std::collections::HashSet;

use super::card::{About, Card, Made, Scores, Source};
use super::data::{DataError, read_labelled};
use super::{DataFile, Recipe, RecipeError, Trained, best, part, spelling};
use crate::classifier::{
    Counting, Example, FeatureOptions, TrainOptions, fit_temperature, out_of_fold, train as learn,
};

/// The classes, in the model's order.
pub const EMOTIONS: [&str; 6] = ["angry", "fear", "happy", "neutral", "sad", "surprise"];
/// Posts about anything first, then those about one topic.
pub(super) const FILES: [&str; 4] = [
    "emotion/usual_eval_labeled.json",
    "emotion/virus_train.json",
    "emotion/virus_eval_labeled.json",
    "emotion/virus_test_labeled.json",
];
const TITLE: &str = "Emotion of a post: angry, fear, happy, neutral, sad, surprise";
const MEASURED: &str = "five-fold cross-validation on usual_eval_labeled.json, folds by the hash of the text; the posts \
                        of the other files in training only; the options were chosen by the same folds";
const LICENCE: &str = "none stated; used for training only, no text is part of the model";
/// What a post of another topic counts beside one of the first file.
const OTHER_TOPIC: f32 = 0.1;
const FOLDS: u64 = 5;
const FEATURES: FeatureOptions = FeatureOptions {
    shortest: 1,
    longest: 2,
    bits: 18,
    boundaries: true,
    signed: true,
    counting: Counting::Logarithmic,
};
const OPTIONS: TrainOptions = TrainOptions {
    epochs: 8,
    rate: 0.1,
    hold: 1.0,
    rarity: true,
    balance: 1.0,
    at_least: 1,
    seed: 1,
    steady: false,
};

pub(super) fn train(files: &[DataFile]) -> Result<Trained, RecipeError> {
    let mut seen: HashSet<String> = HashSet::new();
    let mut data = Vec::new();
    let mut examples = Vec::new();
    let mut folds = Vec::new();
    for (number, file) in files.iter().enumerate() {
        let rows = read_labelled(file.name, &file.content)?;
        let (all, before) = (rows.len(), examples.len());
        for (row, labelled) in rows.into_iter().enumerate() {
            let text = spelling(&labelled.text);
            let Some(class) = EMOTIONS.iter().position(|known| *known == labelled.label) else {
                let problem =
                    format!("there is no emotion {:?}; there are: {}", labelled.label, EMOTIONS.join(", "));
                return Err(DataError { file: file.name.to_owned(), row: row + 1, problem }.into());
            };
            if text.is_empty() || !seen.insert(text.clone()) {
                continue;
            }
            let weight = if number == 0 { 1.0 } else { OTHER_TOPIC };
            examples.push(Example { features: FEATURES.extract(&text), class, weight });
            // What is trained with only gets a fold of its own, which is never left out.
            folds.push(if number == 0 { part(&text, FOLDS) as usize } else { usize::MAX });
        }
        let licence = LICENCE.to_owned();
        data.push(Source {
            file: file.name.to_owned(),
            rows: all,
            trained: examples.len() - before,
            licence,
        });
    }
    if folds.iter().filter(|fold| **fold != usize::MAX).count() < 20 {
        return Err(RecipeError::TooFew { name: Recipe::Emotion.name(), rows: examples.len() });
    }
    let classes = EMOTIONS.map(str::to_owned).to_vec();
    let scores = out_of_fold(&classes, FEATURES, &examples, &OPTIONS, &folds)?;
    let (temperature, measured) = judge(&examples, &scores);
    let model = learn(classes, FEATURES, &examples, &OPTIONS)?.with_temperature(temperature)?.quantised();
    let about = About {
        name: Recipe::Emotion.name(),
        title: TITLE,
        measured: MEASURED,
        scores: measured,
        tuning_scores: None,
        stage_scores: None,
        data,
    };
    let bytes = model.to_bytes();
    let card = Card::new(Made::of(&model, &OPTIONS), &bytes, about);
    Ok(Trained { bytes, card })
}

/// The temperature and the scores by what was left out in turn.
fn judge(examples: &[Example], scores: &[Vec<f32>]) -> (f32, Scores) {
    let left_out = || examples.iter().zip(scores).filter(|(_, scores)| !scores.is_empty());
    let gold: Vec<usize> = left_out().map(|(example, _)| example.class).collect();
    let scores: Vec<Vec<f32>> = left_out().map(|(_, scores)| scores.clone()).collect();
    let read: Vec<usize> = scores.iter().map(|scores| best(scores)).collect();
    (fit_temperature(&scores, &gold), Scores::new(&gold, &read))
}
