//! The conversations port: reading a conversation, and hearing what arrives in it.

use futures_util::StreamExt;
use serde_json::Value;

use super::live::{PAGE, tail};
use crate::conversation::types::StoredMessage;
use crate::desk::types::ConversationState;
use crate::http::ports::{
    Answer, ConversationEvent, ConversationHistory, Conversations, Live, Numbered, Reader,
};
use crate::identity::ConversationId;
use crate::store::{Announcement, Conversation, Store, StoreError, StreamEvent};

/// Reads conversations.
pub struct ConversationsPort {
    /// Where they are kept.
    pub store: Store,
}

impl Conversations for ConversationsPort {
    fn history(&self, reader: Reader, conversation: ConversationId) -> Answer<'_, ConversationHistory> {
        Box::pin(async move {
            let found = find(&self.store, &reader, &conversation).await?;
            let messages = match &reader {
                Reader::Customer(scope) => self.store.messages(scope, &conversation).await?,
                Reader::Staff(staff) => self.store.messages_for_staff(staff, &conversation).await?,
            };
            let ticket = self.store.standing_ticket(&found).await?;
            Ok(ConversationHistory {
                id: found.id,
                state: found.state,
                ticket: ticket.map(|ticket| ticket.id),
                customer: found.customer.map(String::from),
                opened_at: found.opened_at,
                messages,
            })
        })
    }

    fn live(
        &self,
        reader: Reader,
        conversation: ConversationId,
        after: Option<i64>,
    ) -> Answer<'_, Live<ConversationEvent>> {
        Box::pin(async move {
            let announcements = self.store.announcements();
            let found = find(&self.store, &reader, &conversation).await?;
            let (store, of_conversation) = (self.store.clone(), found.clone());
            let scope = of_conversation.owner_scope();
            let read = move |last: i64| {
                let (store, scope, id) = (store.clone(), scope.clone(), conversation.clone());
                async move {
                    let events = store.events(&scope, &id, last, PAGE).await?;
                    Ok(events.into_iter().map(|event| (event.seq, event)).collect())
                }
            };
            let here = found.id.clone();
            let concerns = move |announcement: &Announcement| announcement.conversation == here;
            // A number that there is not yet comes from before a backup was put back; whoever waited for it would hear nothing.
            let last = after.map_or(found.last_event, |after| after.min(found.last_event));
            let events = tail(announcements, last, concerns, read);
            // Events of other kinds move the number on and are not shown.
            let shown = events.filter_map(|(id, event)| async move {
                conversation_event(&event).map(|event| Numbered { id, event })
            });
            Ok(shown.boxed())
        })
    }
}

async fn find(store: &Store, reader: &Reader, id: &ConversationId) -> Result<Conversation, StoreError> {
    match reader {
        Reader::Customer(scope) => store.conversation(scope, id).await,
        Reader::Staff(staff) => store.conversation_for_staff(staff, id).await,
    }
}

fn conversation_event(event: &StreamEvent) -> Option<ConversationEvent> {
    match event.kind.as_str() {
        "message" => message(event).map(|message| ConversationEvent::Message(Box::new(message))),
        "nudge" => {
            let said = serde_json::from_value(event.body.clone()).ok()?;
            Some(ConversationEvent::Nudge(Box::new(said)))
        }
        "state" => {
            let state: ConversationState = serde_json::from_value(event.body.get("state")?.clone()).ok()?;
            Some(ConversationEvent::State { state, ticket: None, agent: text(&event.body, "agent") })
        }
        _ => None,
    }
}

fn message(event: &StreamEvent) -> Option<StoredMessage> {
    let body = &event.body;
    Some(StoredMessage {
        id: serde_json::from_value(body.get("message")?.clone()).ok()?,
        author: serde_json::from_value(body.get("author")?.clone()).ok()?,
        name: text(body, "name"),
        text: text(body, "text").unwrap_or_default(),
        attachments: body
            .get("attachments")
            .and_then(|list| serde_json::from_value(list.clone()).ok())
            .unwrap_or_default(),
        choices: Vec::new(),
        at: event.at,
        trace: None,
    })
}

fn text(body: &Value, field: &str) -> Option<String> {
    body.get(field).and_then(Value::as_str).map(str::to_owned)
}
