//! Is a review positive or negative? Shopping reviews and the training part of a few-shot set.

use std::collections::HashMap;

use super::card::{About, Card, Made, Scores, Source};
use super::data::read_labelled;
use super::{DataFile, Recipe, RecipeError, Trained, measure, part, spelling};
use crate::classifier::{
    Counting, Example, FeatureOptions, LinearModel, TrainOptions, fit_temperature, train as learn,
};

/// The classes, in the model's order.
pub const POLARITIES: [&str; 2] = ["negative", "positive"];
/// Reviews to learn from, a few more, and a few that are only measured with.
pub(super) const FILES: [&str; 3] = [
    "sentiment/shopping_reviews.jsonl",
    "sentiment/eprstmt_train_few_all.json",
    "sentiment/eprstmt_dev_few_all.json",
];
const TITLE: &str = "Polarity of a review: negative or positive";
const MEASURED: &str = "a tenth of the shopping reviews, by the hash of the text, that was never trained with; tuning \
                        scores: EPRSTMT's few-shot dev part, never trained with, looked at while choosing the options";
const LICENCE: &str = "none stated; used for training only, no text is part of the model";
const FEATURES: FeatureOptions = FeatureOptions {
    shortest: 1,
    longest: 3,
    bits: 20,
    boundaries: true,
    signed: false,
    counting: Counting::Logarithmic,
};
const OPTIONS: TrainOptions = TrainOptions {
    epochs: 10,
    rate: 0.1,
    hold: 1.0,
    rarity: true,
    balance: 0.0,
    at_least: 2,
    seed: 1,
    steady: false,
};

/// The class a set calls by this name: `1`, `positive`, `Negative` …
pub fn polarity_label(label: &str) -> Option<usize> {
    match label.to_lowercase().as_str() {
        "0" | "-1" | "negative" | "neg" | "差评" | "负面" => Some(0),
        "1" | "positive" | "pos" | "好评" | "正面" => Some(1),
        _ => None,
    }
}

pub(super) fn train(files: &[DataFile]) -> Result<Trained, RecipeError> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut sets: Vec<Vec<(String, usize)>> = Vec::new();
    let mut data = Vec::new();
    // The smaller sets first: a text that is in two of them stays in the smaller one.
    for file in files.iter().rev() {
        let rows = read_labelled(file.name, &file.content)?;
        let all = rows.len();
        let mut kept = Vec::new();
        for row in rows {
            let text = spelling(&row.text);
            let Some(class) = polarity_label(&row.label) else { continue };
            if !text.is_empty() && seen.insert(text.clone(), class).is_none() {
                kept.push((text, class));
            }
        }
        data.push(Source { file: file.name.to_owned(), rows: all, trained: 0, licence: LICENCE.to_owned() });
        sets.push(kept);
    }
    let all: usize = sets.iter().map(Vec::len).sum();
    let [tuning, few, reviews] = sets.as_slice() else {
        return Err(RecipeError::TooFew { name: Recipe::Polarity.name(), rows: all });
    };
    let tenth = |wanted: fn(u64) -> bool| {
        reviews.iter().filter(move |(text, _)| wanted(part(text, super::PARTS))).cloned()
    };
    let held_out: Vec<_> = tenth(|part| part == 0).collect();
    let aside: Vec<_> = tenth(|part| part == 1).collect();
    let trained: Vec<_> = tenth(|part| part > 0).chain(few.iter().cloned()).collect();
    if held_out.is_empty() || aside.is_empty() || trained.len() < 20 {
        return Err(RecipeError::TooFew { name: Recipe::Polarity.name(), rows: all });
    }
    data[1].trained = few.len();
    data[2].trained = trained.len() - few.len();
    data.reverse();
    let temperature = temperature(tenth(|part| part > 1).chain(few.iter().cloned()), &aside)?;
    let model = model(trained.into_iter())?.with_temperature(temperature)?.quantised();
    Ok(finished(&model, &held_out, tuning, data))
}

fn model(rows: impl Iterator<Item = (String, usize)>) -> Result<LinearModel, RecipeError> {
    let examples: Vec<Example> =
        rows.map(|(text, class)| Example::new(FEATURES.extract(&text), class)).collect();
    Ok(learn(POLARITIES.map(str::to_owned).to_vec(), FEATURES, &examples, &OPTIONS)?)
}

/// Learned without one more tenth, and fitted to that.
fn temperature(
    rows: impl Iterator<Item = (String, usize)>,
    aside: &[(String, usize)],
) -> Result<f32, RecipeError> {
    let model = model(rows)?;
    let scores: Vec<Vec<f32>> = aside.iter().map(|(text, _)| model.scores(&FEATURES.extract(text))).collect();
    let classes: Vec<usize> = aside.iter().map(|(_, class)| *class).collect();
    Ok(fit_temperature(&scores, &classes))
}

fn finished(
    model: &LinearModel,
    held_out: &[(String, usize)],
    tuning: &[(String, usize)],
    data: Vec<Source>,
) -> Trained {
    let bytes = model.to_bytes();
    let tuning_scores: Option<Scores> = (!tuning.is_empty()).then(|| measure(model, tuning));
    let about = About {
        name: Recipe::Polarity.name(),
        title: TITLE,
        measured: MEASURED,
        scores: measure(model, held_out),
        tuning_scores,
        stage_scores: None,
        data,
    };
    let card = Card::new(Made::of(model, &OPTIONS), &bytes, about);
    Trained { bytes, card }
}
