//! From a prompt to token ids and back, so that text which looks like a control token stays text.
//!
//! The tokenizer is set to read the names of control tokens as plain text. Only the chat template's own markup is
//! searched for them, by us.

use std::{collections::HashSet, fmt};

use aho_corasick::{AhoCorasick, MatchKind};
use tokenizers::Tokenizer;

use super::{
    ModelError, Prompt,
    template::{ChatTemplate, Segment},
};

/// Names under which families end a turn, besides the end token stated by the file.
const TURN_ENDS: [&str; 8] = [
    "<|im_end|>",
    "<|im_start|>",
    "<|endoftext|>",
    "<|eot_id|>",
    "<|end_of_text|>",
    "<|start_header_id|>",
    "<end_of_turn>",
    "</s>",
];

/// A model's tokenizer with its chat template.
pub(super) struct ChatTokenizer {
    tokenizer: Tokenizer,
    template: ChatTemplate,
    control_names: AhoCorasick,
    /// Ids in the order of the patterns of `control_names`.
    control_ids: Vec<u32>,
    control_set: HashSet<u32>,
    ends: HashSet<u32>,
}

impl fmt::Debug for ChatTokenizer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("ChatTokenizer").field("control_tokens", &self.control_ids.len()).finish()
    }
}

impl ChatTokenizer {
    /// `end_ids` are the ids that the model's file says end a turn.
    pub(super) fn new(
        mut tokenizer: Tokenizer,
        template: ChatTemplate,
        end_ids: &[u32],
    ) -> Result<Self, ModelError> {
        tokenizer.set_encode_special_tokens(true);
        let mut control: Vec<(String, u32)> = tokenizer
            .get_added_tokens_decoder()
            .into_iter()
            .map(|(id, token)| (token.content, id))
            .filter(|(name, _)| !name.is_empty())
            .collect();
        control.sort();
        let control_names = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(control.iter().map(|(name, _)| name))
            .map_err(|error| ModelError::Load(format!("its control tokens cannot be indexed: {error}")))?;
        let control_ids: Vec<u32> = control.iter().map(|(_, id)| *id).collect();
        let control_set: HashSet<u32> = control_ids.iter().copied().collect();
        let named = TURN_ENDS.iter().filter_map(|name| tokenizer.token_to_id(name));
        let ends = named.filter(|id| control_set.contains(id)).chain(end_ids.iter().copied()).collect();
        Ok(Self { tokenizer, template, control_names, control_ids, control_set, ends })
    }

    /// The whole prompt as token ids.
    pub(super) fn encode_prompt(&self, prompt: &Prompt) -> Result<Vec<u32>, ModelError> {
        let mut ids = Vec::new();
        for segment in self.template.render(prompt)? {
            match segment {
                Segment::Markup(text) => self.encode_markup(&text, &mut ids)?,
                Segment::Content(text) => self.encode_text(&text, &mut ids)?,
            }
        }
        Ok(ids)
    }

    /// How many tokens a text takes inside a message.
    pub(super) fn count(&self, text: &str) -> Option<usize> {
        let mut ids = Vec::new();
        self.encode_text(text, &mut ids).ok()?;
        Some(ids.len())
    }

    /// Whether the model says with this token that it is done.
    pub(super) fn is_end(&self, id: u32) -> bool {
        self.ends.contains(&id)
    }

    /// Turns ids into text one by one, holding back characters that are not whole yet. Control tokens give no
    /// text.
    pub(super) fn text_stream(&self) -> impl FnMut(u32) -> Result<Option<String>, ModelError> + '_ {
        let mut stream = self.tokenizer.decode_stream(true);
        move |id| {
            stream.step(id).map_err(|error| ModelError::Inference(format!("token {id} has no text: {error}")))
        }
    }

    fn encode_markup(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), ModelError> {
        let mut plain_from = 0;
        for found in self.control_names.find_iter(text) {
            self.encode_text(&text[plain_from..found.start()], ids)?;
            ids.push(self.control_ids[found.pattern().as_usize()]);
            plain_from = found.end();
        }
        self.encode_text(&text[plain_from..], ids)
    }

    fn encode_text(&self, text: &str, ids: &mut Vec<u32>) -> Result<(), ModelError> {
        if text.is_empty() {
            return Ok(());
        }
        let encoding =
            self.tokenizer.encode_fast(text, false).map_err(|error| ModelError::Prompt(error.to_string()))?;
        // The tokenizer's setting rules this out; the check keeps it ruled out whatever a tokenizer.json says.
        if encoding.get_ids().iter().any(|id| self.control_set.contains(id)) {
            return Err(ModelError::Prompt("a text would have become a control token".to_owned()));
        }
        ids.extend_from_slice(encoding.get_ids());
        Ok(())
    }
}
