//! How well are real utterances understood? Topic, stage, emotion, handoff and how honest the confidence is.
//!
//! Strict counts only the first label of a row, lenient also its second. A row nothing was read in counts as wrong; the
//! share of such rows is reported beside the scores.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::identity::{ConversationId, MessageId, Scope, ShopId};
use crate::pack::types::{Pack, Scenario};
use crate::time::Now;
use crate::turn::decide::handoff_by_text;
use crate::turn::types::{
    Author, DeskStatus, EmotionLabel, HandoffReason, Memory, PageContext, PastMessage, Reading, Stage,
    TurnInput,
};
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
    /// The topic, if anything was understood.
    pub topic: Option<String>,
    /// The stage, if anything was understood.
    pub stage: Option<Stage>,
    /// The emotion.
    pub emotion: EmotionLabel,
    /// Whether the tone is negative.
    pub negative: bool,
    /// The reason to hand over, if the text gives one.
    pub handoff: Option<HandoffReason>,
    /// How sure the reading is; 0 if there is none.
    pub confidence: f32,
}

/// The scores of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// How many rows.
    pub n: usize,
    /// The share of rows nothing was read in.
    pub abstained: f64,
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
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Accuracy {
    /// Only the first label counts.
    pub accuracy: f64,
    /// The second label counts too.
    pub lenient: f64,
    /// The lenient share among the rows something was read in.
    pub answered: f64,
}

/// Shares of right stages; a stage has no second label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct StageAccuracy {
    /// Of all rows.
    pub accuracy: f64,
    /// Of the rows something was read in.
    pub answered: f64,
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

/// Reads and scores all rows.
pub fn evaluate(rows: &[Row], pack: &Pack, reader: &Reader, now: &Now) -> (Report, Vec<Prediction>) {
    let predictions: Vec<Prediction> = rows.iter().map(|row| predict(row, pack, reader, now)).collect();
    (score(rows, &predictions), predictions)
}

/// Reads one row as a turn would, its context as the conversation before it.
pub fn predict(row: &Row, pack: &Pack, reader: &Reader, now: &Now) -> Prediction {
    let mut history: Vec<PastMessage> = Vec::new();
    let mut memory = Memory::default();
    for message in &row.context {
        if message.role == Role::Customer {
            let reading = read(&input(&message.text, &history, &memory, now), pack, reader);
            remember(&reading, &mut memory);
        }
        history.push(PastMessage {
            id: MessageId::generate(),
            author: if message.role == Role::Customer { Author::Customer } else { Author::Assistant },
            text: message.text.clone(),
            at: now.timestamp(),
        });
    }
    let reading = read(&input(&row.text, &history, &memory, now), pack, reader);
    let scenario = reading.intents.first().and_then(|first| default_scenario(pack, &first.intent));
    Prediction {
        id: row.id.clone(),
        topic: scenario.map(|scenario| scenario.topic.clone()),
        stage: scenario.map(|scenario| scenario.stage),
        emotion: reading.emotion.label,
        negative: reading.emotion.label.is_negative(),
        handoff: handoff_by_text(pack, &reading.text).map(|plan| plan.reason),
        confidence: reading.intents.first().map_or(0.0, |first| first.confidence),
    }
}

fn input(text: &str, history: &[PastMessage], memory: &Memory, now: &Now) -> TurnInput {
    TurnInput {
        scope: Scope::anonymous(ShopId::default()),
        conversation: ConversationId::generate(),
        message: MessageId::generate(),
        text: text.to_owned(),
        history: history.to_vec(),
        memory: memory.clone(),
        page: PageContext::default(),
        attachments: 0,
        desk: DeskStatus {
            open: true,
            opens_at: None,
            ahead: 0,
            wait_minutes: None,
            answer_due: now.timestamp(),
        },
        now: now.clone(),
        vector: None,
    }
}

fn remember(reading: &Reading, memory: &mut Memory) {
    memory.question = Some(reading.question.clone());
    memory.intent = reading.intents.first().map(|first| first.intent.clone()).or(memory.intent.take());
    memory.emotions.push((reading.emotion.label, reading.emotion.intensity));
    if memory.emotions.len() > 10 {
        memory.emotions.remove(0);
    }
}

/// The scenario an intent leads to when no fact speaks for another one: without a condition, else the last one tried.
fn default_scenario<'a>(pack: &'a Pack, intent: &str) -> Option<&'a Scenario> {
    let of_intent = || pack.scenarios.iter().filter(|scenario| scenario.intent == intent);
    of_intent()
        .filter(|scenario| scenario.when.is_none())
        .max_by_key(|scenario| scenario.priority)
        .or_else(|| of_intent().min_by_key(|scenario| scenario.priority))
}

/// Scores predictions against the labels; both lists are in the same order.
pub fn score(rows: &[Row], predictions: &[Prediction]) -> Report {
    let pairs: Vec<(&Row, &Prediction)> = rows.iter().zip(predictions).collect();
    let answered = pairs.iter().filter(|(_, read)| read.topic.is_some()).count();
    let topic = |lenient: bool| pairs.iter().filter(|(row, read)| topic_right(row, read, lenient)).count();
    let stages = pairs.iter().filter(|(row, read)| read.stage == Some(row.stage)).count();
    Report {
        n: pairs.len(),
        abstained: share(pairs.len() - answered, pairs.len()),
        topic: Accuracy {
            accuracy: share(topic(false), pairs.len()),
            lenient: share(topic(true), pairs.len()),
            answered: share(topic(true), answered),
        },
        stage: StageAccuracy { accuracy: share(stages, pairs.len()), answered: share(stages, answered) },
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
