//! How do labelled texts come in? One JSON object a line or one JSON list, with the field names of the public sets.

use serde::Deserialize;
use serde_json::Value;

/// A text with its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LabelledText {
    /// Its id, or its place in the file.
    pub id: String,
    /// The text as it stands in the file.
    pub text: String,
    /// The label as it stands in the file, numbers as digits.
    pub label: String,
}

/// A file of labelled texts that is not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}: row {row}: {problem}")]
pub struct DataError {
    /// The file.
    pub file: String,
    /// The row, from 1.
    pub row: usize,
    /// What is wrong with it.
    pub problem: String,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    id: Value,
    #[serde(alias = "sentence", alias = "content")]
    text: String,
    #[serde(alias = "emotion")]
    label: Value,
}

/// Reads labelled texts: `{id?, text, label}`, where the text may also be called `sentence` or `content`, and the label `emotion`.
pub fn read_labelled(file: &str, content: &str) -> Result<Vec<LabelledText>, DataError> {
    let failed = |row: usize, problem: String| DataError { file: file.to_owned(), row: row + 1, problem };
    let content = content.trim_start_matches('\u{feff}');
    if content.trim_start().starts_with('[') {
        let list: Vec<Value> = serde_json::from_str(content).map_err(|error| failed(0, error.to_string()))?;
        let rows = list.into_iter().enumerate();
        return rows
            .map(|(row, value)| {
                serde_json::from_value(value).map(|raw| (row, raw)).map_err(|error| (row, error))
            })
            .map(|read| read.map_err(|(row, error)| failed(row, error.to_string())))
            .map(|read| {
                read.and_then(|(row, raw)| labelled(row, raw).map_err(|problem| failed(row, problem)))
            })
            .collect();
    }
    let lines = content.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(row, line)| {
            let raw = serde_json::from_str(line).map_err(|error| failed(row, error.to_string()))?;
            labelled(row, raw).map_err(|problem| failed(row, problem))
        })
        .collect()
}

fn labelled(row: usize, raw: Raw) -> Result<LabelledText, String> {
    let plain = |value: Value| match value {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let label = plain(raw.label).ok_or("the label is neither text nor a number")?;
    Ok(LabelledText { id: plain(raw.id).unwrap_or_else(|| (row + 1).to_string()), text: raw.text, label })
}
