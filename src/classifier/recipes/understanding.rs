//! What is a message about, and where in a purchase is the customer, by its vector? The examples of the packs that come
//! with the program: topics and stages are the same for every pack, so that what is learned here helps a changed one too.

use super::card::{About, Card, Made, Scores, Source};
use super::{RecipeError, Trained, best, part};
use crate::classifier::{
    DenseHeads, Example, Features, LinearModel, TrainOptions, centred, dense_features, fit_temperature,
    middle_of, out_of_fold, train as learn,
};
use crate::pack::types::TOPICS;
use crate::turn::types::Stage;
use crate::turn::understand::LabelledExample;

/// What the heads tell, in their order.
pub const HEADS: [&str; 2] = ["topic", "stage"];
/// Its name, which is also that of its files.
pub const UNDERSTANDING: &str = "understanding";

const TITLE: &str = "Topic and stage of a message by its vector";
const MEASURED: &str = "five-fold cross-validation on the examples, folds by the hash of the text: examples are alike, \
                        so that customers are understood less well than this says";
const LICENCE: &str = "written for this program";
const FOLDS: u64 = 5;
const TOPIC_OPTIONS: TrainOptions = TrainOptions {
    epochs: 30,
    rate: 0.3,
    hold: 0.3,
    rarity: false,
    balance: 0.3,
    at_least: 1,
    seed: 1,
    steady: true,
};
const STAGE_OPTIONS: TrainOptions = TrainOptions { balance: 0.5, ..TOPIC_OPTIONS };

/// The examples of one pack that stand by themselves, with their vectors. A vector knows nothing of the conversation around
/// a message: what only has a meaning there would teach it nothing but noise.
#[derive(Debug, Clone)]
pub struct EmbeddedPack {
    /// The folder of the pack.
    pub folder: String,
    /// Each example and its vector.
    pub examples: Vec<(LabelledExample, Vec<f32>)>,
}

/// Trains both heads. `embedder` is the name of what made the vectors.
///
/// # Errors
/// There are too few examples, or their vectors differ in length.
pub fn train_understanding(packs: &[EmbeddedPack], embedder: &str) -> Result<Trained, RecipeError> {
    let all: Vec<&(LabelledExample, Vec<f32>)> = packs.iter().flat_map(|pack| &pack.examples).collect();
    let vectors: Vec<&[f32]> = all.iter().map(|(_, vector)| vector.as_slice()).collect();
    let middle = middle_of(&vectors).filter(|_| all.len() >= 20);
    let middle = middle.ok_or(RecipeError::TooFew { name: UNDERSTANDING, rows: all.len() })?;
    let read: Vec<(&LabelledExample, Features)> =
        all.iter().map(|(example, vector)| (example, centred(vector, &middle))).collect();
    let topic = |example: &LabelledExample| TOPICS.iter().position(|known| *known == example.topic);
    let stage = |example: &LabelledExample| Stage::ALL.iter().position(|known| Some(*known) == example.stage);
    let dimensions = middle.len();
    let (topics, topic_scores) = head((&read, dimensions), names(TOPICS), topic, &TOPIC_OPTIONS)?;
    let stage_names = names(Stage::ALL.map(|stage| stage.as_str()));
    let (stages, stage_scores) = head((&read, dimensions), stage_names, stage, &STAGE_OPTIONS)?;
    let made = Made {
        classes: [topics.classes(), stages.classes()].concat(),
        temperature: topics.temperature(),
        features: format!("vectors of {dimensions} numbers by {embedder}, centred, length one"),
        training: &TOPIC_OPTIONS,
    };
    let heads = DenseHeads::new(middle, vec![topics, stages])?;
    let bytes = heads.to_bytes();
    let data = packs.iter().map(|pack| Source {
        file: pack.folder.clone(),
        rows: pack.examples.len(),
        trained: pack.examples.len(),
        licence: LICENCE.to_owned(),
    });
    let about = About {
        name: UNDERSTANDING,
        title: TITLE,
        measured: MEASURED,
        scores: topic_scores,
        tuning_scores: None,
        stage_scores: Some(stage_scores),
        data: data.collect(),
    };
    let card = Card::new(made, &bytes, about);
    Ok(Trained { bytes, card })
}

fn names<const COUNT: usize>(classes: [&str; COUNT]) -> Vec<String> {
    classes.map(str::to_owned).to_vec()
}

/// One head, with its scores on what was left out in turn.
fn head(
    (read, dimensions): (&[(&LabelledExample, Features)], usize),
    classes: Vec<String>,
    class: impl Fn(&LabelledExample) -> Option<usize>,
    options: &TrainOptions,
) -> Result<(LinearModel, Scores), RecipeError> {
    let told = read.iter().filter_map(|(example, features)| {
        let fold = part(&example.text, FOLDS) as usize;
        Some((Example::new(features.clone(), class(example)?), fold))
    });
    let (examples, folds): (Vec<Example>, Vec<usize>) = told.unzip();
    let features = dense_features(dimensions);
    let scores = out_of_fold(&classes, features, &examples, options, &folds)?;
    let gold: Vec<usize> = examples.iter().map(|example| example.class).collect();
    let found: Vec<usize> = scores.iter().map(|scores| best(scores)).collect();
    let temperature = fit_temperature(&scores, &gold);
    let model = learn(classes, features, &examples, options)?.with_temperature(temperature)?.quantised();
    Ok((model, Scores::new(&gold, &found)))
}
