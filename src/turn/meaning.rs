//! What do the message and the question mean, as vectors? The one stage that computes for long, so it does it beside
//! the threads that serve everybody, and within a limit: without a vector the turn goes on by words.

use std::sync::Arc;
use std::time::Duration;

use super::types::{Reading, TurnInput};
use crate::knowledge::Knowledge;
use crate::model::{Embedder, Purpose, Vector};

/// How long a vector may take. One takes 10 to 20 milliseconds; more means that the machine has other work.
const PATIENCE: Duration = Duration::from_millis(250);

/// So many characters of a message are read; who writes more has said what it is about.
const READ_CHARACTERS: usize = 200;

/// The input with the vector of its message, unless it has one or there is no embedder.
pub(super) async fn of_message(input: &TurnInput, knowledge: &Knowledge) -> TurnInput {
    let vector = match &input.vector {
        Some(vector) => Some(vector.clone()),
        None => vector_of(&input.text, knowledge.embedder()).await,
    };
    TurnInput { vector, ..input.clone() }
}

/// The vector of the resolved question: the message's own if nothing was left out of it.
pub(super) async fn of_question(
    reading: &Reading,
    input: &TurnInput,
    knowledge: &Knowledge,
) -> Option<Vector> {
    if reading.question == reading.text {
        return input.vector.clone();
    }
    vector_of(&reading.question, knowledge.embedder()).await
}

/// The part of a message that its vector is made of; nothing if nothing is said.
pub fn embedded_part(text: &str) -> Option<&str> {
    let end = text.char_indices().nth(READ_CHARACTERS).map_or(text.len(), |(at, _)| at);
    Some(&text[..end]).filter(|part| !part.trim().is_empty())
}

async fn vector_of(text: &str, embedder: Option<&Arc<dyn Embedder>>) -> Option<Vector> {
    let embedder = Arc::clone(embedder?);
    let text = embedded_part(text)?.to_owned();
    let computing = tokio::task::spawn_blocking(move || embedder.embed_one(&text, Purpose::Query));
    match tokio::time::timeout(PATIENCE, computing).await {
        Ok(Ok(Ok(vector))) => Some(vector),
        Ok(Ok(Err(error))) => {
            tracing::warn!(%error, "going on without a vector");
            None
        }
        Ok(Err(error)) => {
            tracing::error!(%error, "the embedder broke off");
            None
        }
        Err(_) => {
            tracing::warn!("the embedder took too long; going on without a vector");
            None
        }
    }
}
