//! What does a classifier's card say? Where the model comes from, how to make it again, and how good it is.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::super::{Counting, FeatureOptions, LinearModel, TrainOptions};

/// The description that lies beside a classifier's file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Card {
    /// Always `classifier`: the cards of language models lie in the same folder.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What it tells apart, for people.
    pub title: String,
    /// The command that makes it again.
    pub command: String,
    /// Its file.
    pub file: String,
    /// The file's size in bytes.
    pub size: usize,
    /// The file's SHA-256.
    pub sha256: String,
    /// The classes.
    pub classes: Vec<String>,
    /// What scores are divided by before they become probabilities.
    pub temperature: f32,
    /// How texts become numbers.
    pub features: String,
    /// How the model learned.
    pub training: String,
    /// What the order of the examples was drawn from.
    pub seed: u64,
    /// What its scores were measured on.
    pub measured: String,
    /// The scores.
    pub scores: Scores,
    /// Scores on another set, which was looked at while the options were chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuning_scores: Option<Scores>,
    /// Scores of its second head, which tells stages.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stage_scores: Option<Scores>,
    /// What it learned from.
    pub data: Vec<Source>,
}

/// A set of texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its place below the data folder.
    pub file: String,
    /// How many rows it has.
    pub rows: usize,
    /// How many of them were trained with: no text twice, nothing that is left out.
    pub trained: usize,
    /// Under which terms it was published.
    pub licence: String,
}

/// How often a classifier is right.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Scores {
    /// How many texts.
    pub n: usize,
    /// The share of right answers.
    pub accuracy: f64,
    /// The mean F1 of the classes that occur.
    pub macro_f1: f64,
}

impl Scores {
    /// Compares what is right with what was read; both lists are in the same order.
    pub fn new(gold: &[usize], read: &[usize]) -> Self {
        let count = |wanted: &dyn Fn(usize, usize) -> bool| {
            gold.iter().zip(read).filter(|(gold, read)| wanted(**gold, **read)).count() as f64
        };
        let classes = gold.iter().copied().max().map_or(0, |last| last + 1);
        let scores: Vec<f64> = (0..classes)
            .filter(|class| gold.contains(class))
            .map(|class| {
                let both = count(&|gold, read| gold == class && read == class);
                2.0 * both / (count(&|gold, _| gold == class) + count(&|_, read| read == class))
            })
            .collect();
        let share = |part: f64, whole: usize| if whole == 0 { 0.0 } else { part / whole as f64 };
        Self {
            n: gold.len(),
            accuracy: rounded(share(count(&|gold, read| gold == read), gold.len())),
            macro_f1: rounded(share(scores.iter().sum(), scores.len())),
        }
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// What a recipe adds to what the model itself tells.
pub(super) struct About {
    pub name: &'static str,
    pub title: &'static str,
    pub measured: &'static str,
    pub scores: Scores,
    pub tuning_scores: Option<Scores>,
    pub stage_scores: Option<Scores>,
    pub data: Vec<Source>,
}

/// What a model tells of itself.
pub(super) struct Made<'a> {
    pub classes: Vec<String>,
    pub temperature: f32,
    pub features: String,
    pub training: &'a TrainOptions,
}

impl<'a> Made<'a> {
    /// Of a model over groups of characters.
    pub fn of(model: &LinearModel, training: &'a TrainOptions) -> Self {
        Self {
            classes: model.classes().to_vec(),
            temperature: model.temperature(),
            features: features(&model.features()),
            training,
        }
    }
}

impl Card {
    pub(super) fn new(made: Made<'_>, bytes: &[u8], about: About) -> Self {
        Self {
            kind: "classifier".to_owned(),
            name: about.name.to_owned(),
            title: about.title.to_owned(),
            command: format!("warmdesk train {} --data DIR --out models", about.name),
            file: format!("{}.bin", about.name),
            size: bytes.len(),
            sha256: Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect(),
            classes: made.classes,
            temperature: made.temperature,
            features: made.features,
            training: training(made.training),
            seed: made.training.seed,
            measured: about.measured.to_owned(),
            scores: about.scores,
            tuning_scores: about.tuning_scores,
            stage_scores: about.stage_scores,
            data: about.data,
        }
    }
}

fn features(options: &FeatureOptions) -> String {
    format!(
        "groups of {} to {} characters hashed to {} bits{}{}, {} counts, length one; no text is kept",
        options.shortest,
        options.longest,
        options.bits,
        if options.boundaries { ", beginning and end marked" } else { "" },
        if options.signed { ", signed" } else { "" },
        match options.counting {
            Counting::Binary => "binary",
            Counting::Logarithmic => "logarithmic",
        },
    )
}

fn training(options: &TrainOptions) -> String {
    format!(
        "multinomial logistic regression, {} epochs, rate {}, L2 {}, balance {}, features in at least {} texts{}; \
         quantised to 8 bits",
        options.epochs,
        options.rate,
        options.hold,
        options.balance,
        options.at_least,
        if options.rarity { " weighted by rarity" } else { "" },
    )
}
