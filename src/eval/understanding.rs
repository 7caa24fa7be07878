//! How well are real utterances understood? Topic, stage, emotion, handoff and how honest the confidence is.
//!
//! Strict counts only the first label of a row, lenient also its second. A row nothing was read in counts as wrong; the
//! share of such rows is reported beside the scores.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::identity::MessageId;
use crate::model::{Embedder, Purpose};
use crate::pack::types::Pack;
use crate::time::Now;
use crate::turn::decide::{CONFIDENT, UNCLEAR, handoff_by_text};
use crate::turn::meaning::embedded_part;
use crate::turn::types::{
    Author, EmotionLabel, HandoffReason, Memory, PastMessage, Reading, Stage, TurnInput,
};
use crate::turn::understand::intents::{IntentReader, LeftOut};
use crate::turn::understand::{Reader, read};

#[cfg(test)]
mod tests;

/// How many bins the confidence is sorted into for the calibration error.
const BINS: usize = 10;

/// One labelled utterance.
#[derive(Debug, Clone, Deserialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// What was said before, oldest first.
    #[serde(default)]
    pub context: Vec<ContextMessage>,
    /// The utterance.
    pub text: String,
    /// Its stage.
    pub stage: Stage,
    /// Its topic.
    pub topic: String,
    /// A second topic that is right too.
    #[serde(default)]
    pub topic_also: Option<String>,
    /// Its emotion.
    pub emotion: EmotionLabel,
    /// A second emotion that is right too.
    #[serde(default)]
    pub emotion_also: Option<EmotionLabel>,
    /// Whether its tone is negative.
    pub negative: bool,
    /// Whether it has to go to a person for what it says.
    #[serde(default)]
    pub handoff: Option<HandoffReason>,
}

/// One message before the utterance.
#[derive(Debug, Clone, Deserialize)]
pub struct ContextMessage {
    /// Who wrote it.
    pub role: Role,
    /// What was said.
    pub text: String,
}

/// Who wrote a message of the context.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The customer.
    Customer,
    /// The shop.
    Seller,
}

/// What was read in a row: one line of `--each`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Prediction {
    /// The row's id.
    pub id: String,
    /// The likeliest topic, however unsure; none only if nothing was said.
    pub topic: Option<String>,
    /// The likeliest stage.
    pub stage: Option<Stage>,
    /// The emotion.
    pub emotion: EmotionLabel,
    /// Whether the tone is negative.
    pub negative: bool,
    /// The reason to hand over, if the text gives one.
    pub handoff: Option<HandoffReason>,
    /// How sure the topic is; 0 if there is none.
    pub confidence: f32,
    /// Whether the assistant would ask what is meant rather than act upon this reading.
    pub abstained: bool,
}

/// The scores of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How many rows.
    pub n: usize,
    /// What made the vectors the rows were read by; none if they were read by words alone.
    pub embedder: Option<String>,
    /// The share of rows in which the assistant would ask what is meant. Their likeliest reading counts in the scores all the
    /// same; `answered` leaves them out.
    pub abstained: f64,
    /// The pack's own examples, if they were read too.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub own_examples: Option<Folds>,
    /// Topics.
    pub topic: Accuracy,
    /// Stages.
    pub stage: StageAccuracy,
    /// Emotions.
    pub emotion: EmotionScores,
    /// Whether the tone is negative.
    pub negative: PrecisionRecall,
    /// Whether a person is due.
    pub handoff: HandoffScores,
    /// Mean distance between confidence and being right about the topic (lenient), weighted by how many rows there are.
    pub calibration_error: f64,
    /// Topic confusions: gold, predicted, how often; the commonest first.
    pub confusions: Vec<(String, String, usize)>,
}

/// Shares of right answers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Accuracy {
    /// Only the first label counts.
    pub accuracy: f64,
    /// The second label counts too.
    pub lenient: f64,
    /// The lenient share among the rows that are not abstained from.
    pub answered: f64,
    /// The mean of the F1 of all topics that occur, strict.
    pub macro_f1: f64,
    /// By topic.
    pub by_class: BTreeMap<String, ClassScores>,
}

/// Shares of right stages; a stage has no second label.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StageAccuracy {
    /// Of all rows.
    pub accuracy: f64,
    /// Of the rows that are not abstained from.
    pub answered: f64,
    /// The mean of the F1 of all stages that occur.
    pub macro_f1: f64,
    /// By stage.
    pub by_class: BTreeMap<String, ClassScores>,
}

/// How well one class is told from the others, by the first labels alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ClassScores {
    /// How many rows have it.
    pub n: usize,
    /// Right among the found.
    pub precision: f64,
    /// Found among the right.
    pub recall: f64,
    /// Their harmonic mean.
    pub f1: f64,
}

/// Scores of the emotion labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EmotionScores {
    /// Only the first label counts.
    pub accuracy: f64,
    /// The second label counts too.
    pub lenient: f64,
    /// The mean of the F1 of all labels that occur.
    pub macro_f1: f64,
    /// F1 by label.
    pub by_label: BTreeMap<String, f64>,
}

/// How many of the found ones are right, and how many of the right ones were found. Nothing found or nothing there
/// gives 0, never a share of nothing.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PrecisionRecall {
    /// Right among the found.
    pub precision: f64,
    /// Found among the right.
    pub recall: f64,
}

/// Scores of "a person is due".
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct HandoffScores {
    /// Right among the found.
    pub precision: f64,
    /// Found among the right.
    pub recall: f64,
    /// Among the rightly found the share with the right reason.
    pub right_reason: f64,
}

/// How the pack's own examples are read by what is learned from the others.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Folds {
    /// How many examples.
    pub n: usize,
    /// The share of right intents.
    pub intent: f64,
    /// The share of right topics.
    pub topic: f64,
    /// The share of right stages among the examples that tell one.
    pub stage: f64,
}

/// Reads every example of a pack once, by what is learned from the other folds, without vectors.
pub fn cross_validate(pack: &Pack, folds: usize) -> Folds {
    let read: Vec<LeftOut> = (0..folds).flat_map(|fold| IntentReader::left_out(pack, fold, folds)).collect();
    let count = |right: fn(&LeftOut) -> bool| read.iter().filter(|one| right(one)).count();
    Folds {
        n: read.len(),
        intent: share(count(|one| one.intent), read.len()),
        topic: share(count(|one| one.topic), read.len()),
        stage: share(count(|one| one.stage == Some(true)), count(|one| one.stage.is_some())),
    }
}

/// What rows are read by.
pub struct Understanding<'a> {
    /// The pack.
    pub pack: &'a Pack,
    /// Its reader.
    pub reader: &'a Reader,
    /// The moment of every row.
    pub now: &'a Now,
    /// What the messages mean as vectors; none without an embedder.
    pub embedder: Option<&'a dyn Embedder>,
}

impl Understanding<'_> {
    fn read(&self, text: &str, history: &[PastMessage], memory: &Memory) -> Reading {
        let vector = self.embedder.zip(embedded_part(text));
        let vector = vector.and_then(|(embedder, part)| embedder.embed(&[part], Purpose::Query).ok()?.pop());
        let input = TurnInput { vector, ..input(text, history, memory, self.now) };
        read(&input, self.pack, self.reader)
    }
}

/// Reads and scores all rows.
pub fn evaluate(rows: &[Row], by: &Understanding<'_>) -> (Report, Vec<Prediction>) {
    let predictions: Vec<Prediction> = rows.iter().map(|row| predict(row, by)).collect();
    let embedder = by.embedder.map(|embedder| embedder.name().to_owned());
    (Report { embedder, ..score(rows, &predictions) }, predictions)
}

/// Reads one row as a turn would, its context as the conversation before it.
pub fn predict(row: &Row, by: &Understanding<'_>) -> Prediction {
    let mut history: Vec<PastMessage> = Vec::new();
    let mut memory = Memory::default();
    for message in &row.context {
        if message.role == Role::Customer {
            let reading = by.read(&message.text, &history, &memory);
            memory.asked(&reading);
        }
        history.push(PastMessage {
            id: MessageId::generate(),
            author: if message.role == Role::Customer { Author::Customer } else { Author::Assistant },
            text: message.text.clone(),
            at: by.now.timestamp(),
        });
    }
    let reading = by.read(&row.text, &history, &memory);
    Prediction {
        id: row.id.clone(),
        topic: reading.matter.as_ref().map(|matter| matter.topic.clone()),
        stage: reading.matter.as_ref().map(|matter| matter.stage),
        emotion: reading.emotion.label,
        negative: reading.emotion.label.is_negative(),
        handoff: handoff_by_text(by.pack, &reading.text).map(|plan| plan.reason),
        confidence: reading.matter.as_ref().map_or(0.0, |matter| matter.confidence),
        abstained: reading
            .intents
            .first()
            .is_none_or(|first| first.confidence < CONFIDENT || first.intent == UNCLEAR),
    }
}

fn input(text: &str, history: &[PastMessage], memory: &Memory, now: &Now) -> TurnInput {
    TurnInput { history: history.to_vec(), memory: memory.clone(), ..TurnInput::first(text, now.clone()) }
}

/// Scores predictions against the labels; both lists are in the same order.
pub fn score(rows: &[Row], predictions: &[Prediction]) -> Report {
    let pairs: Vec<(&Row, &Prediction)> = rows.iter().zip(predictions).collect();
    let answered: Vec<_> = pairs.iter().filter(|(_, read)| !read.abstained).collect();
    let topic = |lenient: bool| pairs.iter().filter(|(row, read)| topic_right(row, read, lenient)).count();
    let stages = pairs.iter().filter(|(row, read)| read.stage == Some(row.stage)).count();
    let right_topics = answered.iter().filter(|(row, read)| topic_right(row, read, true)).count();
    let right_stages = answered.iter().filter(|(row, read)| read.stage == Some(row.stage)).count();
    let topics = by_class(pairs.iter().map(|(row, read)| (Some(row.topic.clone()), read.topic.clone())));
    let by_stage = by_class(pairs.iter().map(|(row, read)| {
        (Some(row.stage.as_str().to_owned()), read.stage.map(|stage| stage.as_str().to_owned()))
    }));
    Report {
        n: pairs.len(),
        abstained: share(pairs.len() - answered.len(), pairs.len()),
        own_examples: None,
        embedder: None,
        topic: Accuracy {
            accuracy: share(topic(false), pairs.len()),
            lenient: share(topic(true), pairs.len()),
            answered: share(right_topics, answered.len()),
            macro_f1: macro_f1(&topics),
            by_class: topics,
        },
        stage: StageAccuracy {
            accuracy: share(stages, pairs.len()),
            answered: share(right_stages, answered.len()),
            macro_f1: macro_f1(&by_stage),
            by_class: by_stage,
        },
        emotion: emotions(&pairs),
        negative: precision_recall(pairs.iter().map(|(row, read)| (row.negative, read.negative))),
        handoff: handoffs(&pairs),
        calibration_error: calibration_error(&pairs),
        confusions: confusions(&pairs),
    }
}

fn topic_right(row: &Row, read: &Prediction, lenient: bool) -> bool {
    let Some(topic) = &read.topic else { return false };
    *topic == row.topic || lenient && row.topic_also.as_ref() == Some(topic)
}

/// Precision, recall and F1 of every class that occurs among the labels.
fn by_class(pairs: impl Iterator<Item = (Option<String>, Option<String>)>) -> BTreeMap<String, ClassScores> {
    let pairs: Vec<_> = pairs.collect();
    let classes: BTreeSet<&String> = pairs.iter().filter_map(|(gold, _)| gold.as_ref()).collect();
    let scores = classes.into_iter().map(|class| {
        let is = |label: &Option<String>| label.as_ref() == Some(class);
        let PrecisionRecall { precision, recall } =
            precision_recall(pairs.iter().map(|(gold, read)| (is(gold), is(read))));
        let sum = precision + recall;
        let f1 = if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 };
        let n = pairs.iter().filter(|(gold, _)| is(gold)).count();
        (class.clone(), ClassScores { n, precision, recall, f1 })
    });
    scores.collect()
}

fn macro_f1(classes: &BTreeMap<String, ClassScores>) -> f64 {
    classes.values().map(|class| class.f1).sum::<f64>() / classes.len().max(1) as f64
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn precision_recall(pairs: impl Iterator<Item = (bool, bool)>) -> PrecisionRecall {
    let (mut found, mut there, mut both) = (0, 0, 0);
    for (gold, read) in pairs {
        found += usize::from(read);
        there += usize::from(gold);
        both += usize::from(gold && read);
    }
    PrecisionRecall { precision: share(both, found), recall: share(both, there) }
}

fn handoffs(pairs: &[(&Row, &Prediction)]) -> HandoffScores {
    let scores =
        precision_recall(pairs.iter().map(|(row, read)| (row.handoff.is_some(), read.handoff.is_some())));
    let found: Vec<_> =
        pairs.iter().filter(|(row, read)| row.handoff.is_some() && read.handoff.is_some()).collect();
    let right = found.iter().filter(|(row, read)| row.handoff == read.handoff).count();
    HandoffScores {
        precision: scores.precision,
        recall: scores.recall,
        right_reason: share(right, found.len()),
    }
}

fn emotions(pairs: &[(&Row, &Prediction)]) -> EmotionScores {
    let right = pairs.iter().filter(|(row, read)| read.emotion == row.emotion).count();
    let lenient = pairs
        .iter()
        .filter(|(row, read)| read.emotion == row.emotion || row.emotion_also == Some(read.emotion))
        .count();
    let labels: BTreeSet<String> = pairs.iter().map(|(row, _)| name(row.emotion)).collect();
    let by_label: BTreeMap<String, f64> = labels
        .into_iter()
        .map(|label| {
            let scores = precision_recall(
                pairs.iter().map(|(row, read)| (name(row.emotion) == label, name(read.emotion) == label)),
            );
            let sum = scores.precision + scores.recall;
            (label, if sum > 0.0 { 2.0 * scores.precision * scores.recall / sum } else { 0.0 })
        })
        .collect();
    let macro_f1 = by_label.values().sum::<f64>() / by_label.len().max(1) as f64;
    EmotionScores {
        accuracy: share(right, pairs.len()),
        lenient: share(lenient, pairs.len()),
        macro_f1,
        by_label,
    }
}

fn name(label: EmotionLabel) -> String {
    format!("{label:?}").to_lowercase()
}

/// Sorts the rows by confidence into bins and compares each bin's confidence with its share of right topics.
fn calibration_error(pairs: &[(&Row, &Prediction)]) -> f64 {
    let mut bins = [(0_usize, 0.0_f64, 0_usize); BINS];
    for (row, read) in pairs.iter().filter(|(_, read)| read.topic.is_some()) {
        let bin = &mut bins[((read.confidence * BINS as f32) as usize).min(BINS - 1)];
        bin.0 += 1;
        bin.1 += f64::from(read.confidence);
        bin.2 += usize::from(topic_right(row, read, true));
    }
    let all: usize = bins.iter().map(|bin| bin.0).sum();
    bins.iter().map(|(_, confidence, right)| (confidence - *right as f64).abs()).sum::<f64>()
        / all.max(1) as f64
}

fn confusions(pairs: &[(&Row, &Prediction)]) -> Vec<(String, String, usize)> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    for (row, read) in pairs.iter().filter(|(row, read)| !topic_right(row, read, true)) {
        let predicted = read.topic.clone().unwrap_or_else(|| "-".into());
        *counts.entry((row.topic.clone(), predicted)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().map(|((gold, read), count)| (gold, read, count)).collect();
    counts.sort_by_key(|(_, _, count)| std::cmp::Reverse(*count));
    counts
}
