//! How well are polarity and emotion read? Labelled texts in, accuracy, macro-F1 and the confusions out.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::classifier::LinearModel;
use crate::classifier::recipes::{EMOTIONS, LabelledText, POLARITIES, held_out, polarity_label, spelling};
use crate::turn::types::{EmotionLabel, Feedback, Memory};
use crate::turn::understand::emotion::EmotionReader;
use crate::turn::understand::normalise::normalise;

#[cfg(test)]
mod tests;

/// Why texts cannot be scored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ToneError {
    /// A label nobody knows.
    #[error("row {row} (id {id}): there is no label {label:?}; there are: {known}")]
    Label {
        /// The row among those read, from 1.
        row: usize,
        /// Its id.
        id: String,
        /// Its label.
        label: String,
        /// What would be understood.
        known: String,
    },
    /// The program was built without a classifier.
    #[error("the classifier inside this program cannot be read; build it again from a clean copy")]
    NoModel,
}

/// What was read in a text: one line of `--each`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Read {
    /// The text's id.
    pub id: String,
    /// Its label.
    pub label: String,
    /// What was read.
    pub predicted: String,
    /// How sure that is, from 0 to 1.
    pub confidence: f32,
}

/// The scores of a file.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ToneReport {
    /// How many texts.
    pub n: usize,
    /// The share of right answers.
    pub accuracy: f64,
    /// The mean F1 of the labels that occur.
    pub macro_f1: f64,
    /// The scores of each label that occurs.
    pub by_label: BTreeMap<String, LabelScores>,
    /// Label, then what was read, then how often.
    pub confusion: BTreeMap<String, BTreeMap<String, usize>>,
}

/// The scores of one label.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LabelScores {
    /// How many texts have it.
    pub n: usize,
    /// Right among the found.
    pub precision: f64,
    /// Found among the right.
    pub recall: f64,
    /// Both in one number.
    pub f1: f64,
}

/// Reads the polarity of texts. `only_held_out` keeps those that training never sees.
pub fn polarity(
    rows: &[LabelledText],
    model: &LinearModel,
    only_held_out: bool,
) -> Result<(ToneReport, Vec<Read>), ToneError> {
    let known = || "negative, positive (also 0, 1)".to_owned();
    let mut each = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let text = spelling(&row.text);
        if only_held_out && !held_out(&text) {
            continue;
        }
        let label = polarity_label(&row.label).ok_or_else(|| unknown(number, row, known()))?;
        each.push(read_by(model, &text, row, POLARITIES[label]));
    }
    Ok((score(&each), each))
}

/// Reads the emotion of texts: with the labels of the public sets by the classifier, with those of this program by all
/// that a turn would use.
pub fn emotion(
    rows: &[LabelledText],
    model: &LinearModel,
    reader: &EmotionReader,
) -> Result<(ToneReport, Vec<Read>), ToneError> {
    let public = rows.iter().all(|row| EMOTIONS.contains(&row.label.as_str()));
    let mut each = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        if public {
            each.push(read_by(model, &spelling(&row.text), row, &row.label));
            continue;
        }
        if own_label(&row.label).is_none() {
            let own = EmotionLabel::ALL.map(name).join(", ");
            return Err(unknown(number, row, format!("{} or {own}", EMOTIONS.join(", "))));
        }
        let read = reader.read(&normalise(&row.text), &Memory::default(), Feedback::None);
        let confidence = if read.label == EmotionLabel::Calm { 1.0 - read.intensity } else { read.intensity };
        each.push(Read {
            id: row.id.clone(),
            label: row.label.clone(),
            predicted: name(read.label),
            confidence,
        });
    }
    Ok((score(&each), each))
}

fn unknown(number: usize, row: &LabelledText, known: String) -> ToneError {
    ToneError::Label { row: number + 1, id: row.id.clone(), label: row.label.clone(), known }
}

fn read_by(model: &LinearModel, text: &str, row: &LabelledText, label: &str) -> Read {
    let probabilities = model.read(text);
    let best = model.classes().iter().zip(&probabilities).max_by(|left, right| left.1.total_cmp(right.1));
    let (predicted, confidence) = best.map_or((String::new(), 0.0), |(class, share)| (class.clone(), *share));
    Read { id: row.id.clone(), label: label.to_owned(), predicted, confidence }
}

fn own_label(label: &str) -> Option<EmotionLabel> {
    EmotionLabel::ALL.into_iter().find(|known| name(*known) == label)
}

fn name(label: EmotionLabel) -> String {
    format!("{label:?}").to_lowercase()
}

/// Compares the labels with what was read.
pub fn score(each: &[Read]) -> ToneReport {
    let mut confusion: BTreeMap<String, BTreeMap<String, usize>> = BTreeMap::new();
    for read in each {
        *confusion.entry(read.label.clone()).or_default().entry(read.predicted.clone()).or_default() += 1;
    }
    let share = |part: usize, whole: usize| if whole == 0 { 0.0 } else { part as f64 / whole as f64 };
    let by_label: BTreeMap<String, LabelScores> = confusion
        .iter()
        .map(|(label, read)| {
            let n: usize = read.values().sum();
            let both = read.get(label).copied().unwrap_or(0);
            let found: usize = confusion.values().filter_map(|read| read.get(label)).sum();
            let (precision, recall) = (share(both, found), share(both, n));
            (label.clone(), LabelScores { n, precision, recall, f1: share(2 * both, n + found) })
        })
        .collect();
    let right = each.iter().filter(|read| read.label == read.predicted).count();
    let f1: f64 = by_label.values().map(|scores| scores.f1).sum();
    ToneReport {
        n: each.len(),
        accuracy: share(right, each.len()),
        macro_f1: f1 / by_label.len().max(1) as f64,
        by_label,
        confusion,
    }
}
