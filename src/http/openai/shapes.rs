//! The JSON of the OpenAI-compatible door. Unknown fields are ignored; ours stand under `warmdesk`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::conversation::types::Attachment;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::wire::ChatView;

/// A request.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct CompletionRequest {
    /// The model's name, as `/v1/models` gives it.
    #[serde(default)]
    pub model: Option<String>,
    /// The conversation as the client has it. Only the last message of the role `user` is answered.
    pub messages: Vec<RequestMessage>,
    /// Whether the answer comes in chunks.
    #[serde(default)]
    pub stream: Option<bool>,
    /// How it comes in chunks.
    #[serde(default, deserialize_with = "crate::http::extract::inner_object")]
    pub stream_options: Option<StreamOptions>,
    /// Who the customer is, and which conversation goes on.
    #[serde(default, deserialize_with = "crate::http::extract::inner_object")]
    pub metadata: Option<Metadata>,
    /// Only 1.
    #[serde(default)]
    pub n: Option<u32>,
    /// Refused unless empty.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    pub tools: Option<Value>,
    /// Refused unless empty.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    pub functions: Option<Value>,
    /// Only `{"type": "text"}`.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    pub response_format: Option<Value>,
}

/// A message of a request.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct RequestMessage {
    /// `user`, `assistant`, `system`, …
    pub role: String,
    /// What it says.
    #[serde(default)]
    pub content: Content,
}

/// The content of a message.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// Text and pictures in parts.
    Parts(Vec<ContentPart>),
    /// Nothing, as in messages that only call tools.
    #[default]
    None,
}

/// A part of a message.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct ContentPart {
    /// `text` or `image_url`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text.
    #[serde(default)]
    pub text: Option<String>,
    /// The picture.
    #[serde(default)]
    pub image_url: Option<ImageUrl>,
}

/// A picture.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct ImageUrl {
    /// Its web address.
    pub url: String,
}

impl Content {
    /// The text and the attachments.
    ///
    /// # Errors
    /// `unsupported_parameter` for parts that are neither text nor pictures.
    pub fn read(&self) -> Result<(String, Vec<Attachment>), ApiError> {
        let parts = match self {
            Self::None => return Ok((String::new(), Vec::new())),
            Self::Text(text) => return Ok((text.clone(), Vec::new())),
            Self::Parts(parts) => parts,
        };
        let mut texts = Vec::new();
        let mut attachments = Vec::new();
        for part in parts {
            match (part.kind.as_str(), &part.text, &part.image_url) {
                ("text", Some(text), _) => texts.push(text.as_str()),
                ("image_url", _, Some(image)) => attachments.push(Attachment {
                    kind: "image".to_owned(),
                    url: image.url.clone(),
                    bytes: None,
                    sha256: None,
                }),
                _ => {
                    let text = "messages: only parts of the types `text` and `image_url` are read";
                    return Err(ApiError::new(ErrorCode::UnsupportedParameter, text));
                }
            }
        }
        Ok((texts.join("\n"), attachments))
    }
}

/// How an answer comes in chunks.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct StreamOptions {
    /// Whether a last chunk counts the tokens.
    #[serde(default)]
    pub include_usage: Option<bool>,
}

/// Who the customer is, and which conversation goes on.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
pub struct Metadata {
    /// The customer's id.
    #[serde(default)]
    pub customer: Option<String>,
    /// The hex HMAC-SHA256 of the id under the shop's secret.
    #[serde(default)]
    pub signature: Option<String>,
    /// The conversation.
    #[serde(default)]
    pub conversation: Option<String>,
}

/// A whole answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Completion {
    /// Its id.
    pub id: String,
    /// `chat.completion`.
    pub object: &'static str,
    /// Seconds since 1970.
    pub created: i64,
    /// The model's name.
    pub model: String,
    /// One choice.
    pub choices: Vec<Choice>,
    /// Tokens.
    pub usage: Usage,
    /// What our own chat door says of it.
    pub warmdesk: ChatView,
}

/// The answer in a choice.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Choice {
    /// 0.
    pub index: u32,
    /// The answer.
    pub message: AssistantMessage,
    /// `stop`.
    pub finish_reason: &'static str,
}

/// The answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AssistantMessage {
    /// `assistant`.
    pub role: &'static str,
    /// All sentences, each on its own line.
    pub content: String,
    /// Always null.
    pub refusal: Option<String>,
}

/// Tokens.
#[derive(Debug, Clone, Copy, Serialize, utoipa::ToSchema)]
pub struct Usage {
    /// Of the prompt; 0 if the model was not asked.
    pub prompt_tokens: usize,
    /// Written; 0 if the model was not asked.
    pub completion_tokens: usize,
    /// Both.
    pub total_tokens: usize,
}

/// A chunk of a streamed answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Chunk {
    /// The id of the answer.
    pub id: String,
    /// `chat.completion.chunk`.
    pub object: &'static str,
    /// Seconds since 1970.
    pub created: i64,
    /// The model's name.
    pub model: String,
    /// One choice, or none in the chunk that counts tokens.
    pub choices: Vec<ChunkChoice>,
    /// Tokens, in the last chunk if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// What our own chat door says of it, in the chunk that finishes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warmdesk: Option<ChatView>,
}

/// The part in a choice.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ChunkChoice {
    /// 0.
    pub index: u32,
    /// The part.
    pub delta: Delta,
    /// `stop` in the last one.
    pub finish_reason: Option<&'static str>,
}

/// A part of the answer.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct Delta {
    /// `assistant`, in the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<&'static str>,
    /// A sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
}

/// The models.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ModelList {
    /// `list`.
    pub object: &'static str,
    /// The models.
    pub data: Vec<Model>,
}

/// A model.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Model {
    /// Its name.
    pub id: String,
    /// `model`.
    pub object: &'static str,
    /// Always 0.
    pub created: i64,
    /// `warmdesk`.
    pub owned_by: &'static str,
}

/// An error in the form OpenAI's clients read.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OpenAiErrorBody {
    /// The error.
    pub error: OpenAiErrorDetail,
}

/// What went wrong.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OpenAiErrorDetail {
    /// For people.
    pub message: String,
    /// OpenAI's class of the error.
    #[serde(rename = "type")]
    pub kind: String,
    /// Always null; the message names the field.
    pub param: Option<String>,
    /// Our stable code.
    pub code: ErrorCode,
}
