//! Several short messages become one turn: a message that arrives while the answer is being made cancels that turn
//! and joins it, and the earlier call is told which message took it over.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use tokio_util::sync::CancellationToken;

use crate::identity::{ConversationId, MessageId};

/// The turns that are being made, by conversation.
#[derive(Debug, Default)]
pub struct Bursts {
    running: Mutex<HashMap<ConversationId, Entry>>,
}

#[derive(Debug, Clone)]
struct Entry {
    message: MessageId,
    texts: Vec<String>,
    cancel: CancellationToken,
    superseded_by: Arc<OnceLock<MessageId>>,
    /// One turn of a conversation runs at a time; the next one waits for this.
    gate: Arc<tokio::sync::Mutex<()>>,
}

/// A message's place in its conversation.
#[derive(Debug)]
pub struct Place<'a> {
    bursts: &'a Bursts,
    conversation: ConversationId,
    entry: Entry,
}

impl Bursts {
    /// Enters a message. A turn that is being made for the same conversation is cancelled, and its text joined.
    pub fn enter(&self, conversation: &ConversationId, message: &MessageId, text: &str) -> Place<'_> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let before = running.get(conversation);
        let mut texts = before.map(|entry| entry.texts.clone()).unwrap_or_default();
        texts.push(text.to_owned());
        let entry = Entry {
            message: message.clone(),
            texts,
            cancel: CancellationToken::new(),
            superseded_by: Arc::new(OnceLock::new()),
            gate: before.map(|entry| Arc::clone(&entry.gate)).unwrap_or_default(),
        };
        if let Some(before) = before {
            // Set before cancelling: whoever sees the cancellation also sees by whom.
            let _ = before.superseded_by.set(message.clone());
            before.cancel.cancel();
        }
        running.insert(conversation.clone(), entry.clone());
        Place { bursts: self, conversation: conversation.clone(), entry }
    }
}

impl Bursts {
    /// Whether a turn of a conversation is being made.
    pub fn is_running(&self, conversation: &ConversationId) -> bool {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).contains_key(conversation)
    }
}

impl Place<'_> {
    /// The texts of the burst, joined by line feeds.
    pub fn text(&self) -> String {
        self.entry.texts.join("\n")
    }

    /// Waits until no other turn of the conversation runs. Hold the guard while answering.
    pub async fn turn(&self) -> tokio::sync::OwnedMutexGuard<()> {
        Arc::clone(&self.entry.gate).lock_owned().await
    }

    /// Waits until a later message takes this one over, which may never happen.
    pub async fn superseded(&self) -> MessageId {
        self.entry.cancel.cancelled().await;
        self.entry.superseded_by.get().cloned().unwrap_or_else(|| self.entry.message.clone())
    }

    /// The message that has taken this one over, if one has.
    pub fn superseded_by(&self) -> Option<&MessageId> {
        self.entry.superseded_by.get()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut running = self.bursts.running.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = running.get(&self.conversation).is_some_and(|entry| entry.message == self.entry.message);
        if mine {
            running.remove(&self.conversation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_later_message_takes_over_and_carries_the_words_along() {
        let bursts = Bursts::default();
        let conversation = ConversationId::generate();
        let (first, second) = (MessageId::generate(), MessageId::generate());
        let one = bursts.enter(&conversation, &first, "我那个睡袋");
        assert_eq!(one.superseded_by(), None);
        let two = bursts.enter(&conversation, &second, "到哪了");
        assert_eq!(one.superseded().await, second);
        assert_eq!(two.text(), "我那个睡袋\n到哪了");
        assert!(bursts.is_running(&conversation) && !bursts.is_running(&ConversationId::generate()));
        drop(one);
        let three = bursts.enter(&conversation, &MessageId::generate(), "？");
        assert_eq!(three.text(), "我那个睡袋\n到哪了\n？", "an unfinished turn is still joined");
        drop((two, three));
        assert!(bursts.running.lock().unwrap().is_empty(), "nothing is kept once everybody is gone");
    }

    #[tokio::test]
    async fn a_finished_turn_is_not_joined() {
        let bursts = Bursts::default();
        let conversation = ConversationId::generate();
        drop(bursts.enter(&conversation, &MessageId::generate(), "在吗"));
        assert_eq!(bursts.enter(&conversation, &MessageId::generate(), "到哪了").text(), "到哪了");
    }
}
