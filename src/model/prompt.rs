//! What a model is asked: messages whose parts say whether their text can be trusted.

/// A conversation to be continued, made by `turn/generate`.
///
/// Some chat templates insert a system message of their own when there is none, so a prompt should start with
/// one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompt {
    /// The messages, oldest first.
    pub messages: Vec<PromptMessage>,
}

/// One message of a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptMessage {
    /// Who speaks.
    pub role: Role,
    /// The text, in pieces joined without a separator.
    pub parts: Vec<PromptPart>,
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The program's instructions.
    System,
    /// The other side.
    User,
    /// The model itself.
    Assistant,
}

/// A piece of a message's text.
///
/// Neither kind can become a control token: only the chat template's own markup does. The distinction records
/// where text comes from, and keeps a caller from mixing the two by accident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptPart {
    /// Written by us or by the shop's pack.
    Trusted(String),
    /// Written by a customer, or taken from facts, reviews and remarks.
    Untrusted(String),
}

impl Role {
    /// The name chat templates and OpenAI-compatible endpoints use.
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

impl PromptPart {
    /// The piece's text.
    pub fn text(&self) -> &str {
        match self {
            Self::Trusted(text) | Self::Untrusted(text) => text,
        }
    }
}

impl PromptMessage {
    /// The whole text of the message.
    pub fn text(&self) -> String {
        self.parts.iter().map(PromptPart::text).collect()
    }
}

impl Prompt {
    /// The text of all messages, one a line, for matching and measuring; not what a model reads.
    pub fn text(&self) -> String {
        let messages: Vec<String> = self.messages.iter().map(PromptMessage::text).collect();
        messages.join("\n")
    }
}
