//! Ratings: of what people have resolved, once, within seven days.

use super::*;
use crate::desk::types::{HandoffNote, NewRating, Priority};
use crate::identity::TicketId;
use crate::store::{NewTicket, StoreError};
use crate::turn::types::{HandoffMode, HandoffReason};

const RESOLVED: &str = "2026-11-20T02:12:00Z";

async fn ticket(store: &Store, scope: &Scope, conversation: &Conversation, mode: HandoffMode) -> TicketId {
    let new = NewTicket {
        conversation: conversation.id.clone(),
        reason: HandoffReason::AskedForPerson,
        detail: None,
        mode,
        priority: Priority::Normal,
        due: now().timestamp(),
        note: HandoffNote::default(),
    };
    store.open_ticket(scope, new, &now()).await.unwrap().ticket.id
}

async fn resolve(store: &Store, ticket: &TicketId) {
    let colleague = agent("小李");
    store.claim(&colleague, ticket, &now()).await.unwrap();
    store.resolve(&colleague, ticket, &at(RESOLVED)).await.unwrap();
}

fn five() -> NewRating {
    NewRating { score: 5, text: Some("谢谢".into()) }
}

async fn refused(store: &Store, scope: &Scope, conversation: &Conversation, when: &str, because: &str) {
    match store.rate(scope, &conversation.id, five(), &at(when)).await {
        Err(StoreError::Conflict(message)) => assert!(message.contains(because), "{message}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn only_what_people_have_resolved_is_rated_and_only_once() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    refused(&store, &scope, &conversation, RESOLVED, "no person").await;
    let later = ticket(&store, &scope, &conversation, HandoffMode::Async).await;
    resolve(&store, &later).await;
    refused(&store, &scope, &conversation, RESOLVED, "no person").await;
    let first = ticket(&store, &scope, &conversation, HandoffMode::Now).await;
    refused(&store, &scope, &conversation, RESOLVED, "not resolved yet").await;
    resolve(&store, &first).await;
    let other = store.rate(&customer("c2"), &conversation.id, five(), &now()).await;
    assert!(matches!(other, Err(StoreError::NotFound { what: "conversation", .. })), "{other:?}");
    let before = store.last_desk_event(&staff()).await.unwrap();
    let rating = store.rate(&scope, &conversation.id, five(), &now()).await.unwrap();
    assert_eq!((rating.score, rating.text.as_deref(), &rating.ticket), (5, Some("谢谢"), &first));
    assert_eq!(store.rating(&staff(), &first).await.unwrap(), Some(rating));
    assert_eq!(store.rating(&staff(), &later).await.unwrap(), None);
    refused(&store, &scope, &conversation, RESOLVED, "rated before").await;
    let told = store.desk_events(&staff(), before, 10).await.unwrap();
    let kinds: Vec<&str> = told.iter().map(|event| event.event.kind.as_str()).collect();
    assert_eq!(kinds, ["rating"], "the desk hears of it, once");
    let seen = store.events(&scope, &conversation.id, 0, 100).await.unwrap();
    assert!(seen.iter().all(|event| event.kind != "rating"), "the customer need not be told");
    // The next matter is another one.
    store.append_customer_message(&scope, &conversation.id, message("还有"), &now()).await.unwrap();
    let second = ticket(&store, &scope, &conversation, HandoffMode::Now).await;
    refused(&store, &scope, &conversation, RESOLVED, "not resolved yet").await;
    resolve(&store, &second).await;
    assert_eq!(store.rate(&scope, &conversation.id, five(), &now()).await.unwrap().ticket, second);
}

#[tokio::test]
async fn a_customer_is_heard_for_seven_days() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let id = ticket(&store, &scope, &conversation, HandoffMode::Now).await;
    resolve(&store, &id).await;
    refused(&store, &scope, &conversation, "2026-11-27T02:12:01Z", "7 days").await;
    let wordless = NewRating { score: 1, text: None };
    let last = at("2026-11-27T02:12:00Z");
    assert_eq!(store.rate(&scope, &conversation.id, wordless, &last).await.unwrap().text, None);
}
