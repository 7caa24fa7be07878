//! Does a sentence give away what the model was told?

use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::fold::without_space;
use super::{Sentence, Verdict};

/// So many characters in a row are no coincidence.
const WINDOW: usize = 12;
/// What only stands in prompts and templates.
const MARKS: [&str; 12] = [
    "<|",
    "|>",
    "{{",
    "{%",
    "}}",
    "%}",
    "[INST]",
    "system prompt",
    "系统提示",
    "提示词",
    "作为一个AI语言模型",
    "作为人工智能语言模型",
];

/// Checks one written sentence.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    let lower = sentence.folded.to_lowercase();
    if let Some(mark) = MARKS.iter().find(|mark| lower.contains(&mark.to_lowercase())) {
        return Err((GuardReason::PromptLeak, (*mark).to_owned()));
    }
    let text: Vec<char> = without_space(&sentence.folded).chars().collect();
    if text.len() < WINDOW {
        return Ok(());
    }
    for source in evidence.prompts() {
        for window in text.windows(WINDOW) {
            let window: String = window.iter().collect();
            if source.contains(&window) && !evidence.text().contains(&window) {
                return Err((GuardReason::PromptLeak, window));
            }
        }
    }
    Ok(())
}
