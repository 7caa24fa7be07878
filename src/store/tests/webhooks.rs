//! Is every event told once, in its order, and does a target that fails hold up nobody else?

use super::*;
use crate::identity::WebhookId;
use crate::store::{DeliveryFilter, NewWebhook, WebhookChange};
use crate::webhooks::{Attempt, Delivery, DeliveryState, Wanted};

async fn subscribed(store: &Store, events: &[&str]) -> WebhookId {
    let new = NewWebhook {
        url: "https://shop.example/hook".into(),
        secret: "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cyE=".to_owned().into(),
        wanted: Wanted::new(events.iter().map(|name| (*name).to_owned()).collect()).unwrap(),
        description: None,
    };
    store.create_webhook(&staff(), new, &now()).await.unwrap().id
}

async fn said(store: &Store, conversation: &Conversation, text: &str) {
    store.append_customer_message(&nobody(), &conversation.id, message(text), &now()).await.unwrap();
}

async fn spread(store: &Store) -> usize {
    let mut all = 0;
    loop {
        match store.spread_events(&staff(), &now()).await.unwrap() {
            0 => return all,
            some => all += some,
        }
    }
}

async fn next(store: &Store, webhook: &WebhookId, at: &Now) -> Option<(String, Delivery)> {
    let due = store.next_delivery(&staff(), webhook, at).await.unwrap()?;
    let body: Value = serde_json::from_str(&due.delivery.body).unwrap();
    Some((body["message"]["text"].as_str().unwrap_or_default().to_owned(), due.delivery))
}

async fn tried(store: &Store, delivery: &Delivery, status: u16, at: &Now) -> DeliveryState {
    let error = (status != 200).then(|| format!("it answered with status {status}"));
    let attempt = Attempt { status: Some(status), answer: None, error };
    store.delivery_tried(&staff(), &delivery.id, attempt, at).await.unwrap().unwrap()
}

async fn deliveries(store: &Store, webhook: &WebhookId) -> Vec<Delivery> {
    let filter = DeliveryFilter { limit: 500, ..DeliveryFilter::default() };
    store.deliveries(&staff(), webhook, &filter).await.unwrap()
}

#[tokio::test]
async fn every_event_is_written_down_once_for_each_who_wants_it() {
    let (_folder, store) = store().await;
    let conversation = opened(&store, &nobody()).await;
    said(&store, &conversation, "before anybody listens").await;
    let (all, tickets) = (subscribed(&store, &["*"]).await, subscribed(&store, &["ticket_created"]).await);
    for number in 0..120 {
        said(&store, &conversation, &format!("message {number}")).await;
    }
    assert_eq!(spread(&store).await, 240, "each has seen each of them");
    assert_eq!(spread(&store).await, 0);
    let told = deliveries(&store, &all).await;
    assert_eq!((told.len(), deliveries(&store, &tickets).await.len()), (120, 0));
    let oldest: Value = serde_json::from_str(&told.last().unwrap().body).unwrap();
    assert_eq!(oldest["message"]["text"], "message 0");
    assert_eq!(oldest["id"], told.last().unwrap().id.as_str());
    let other = opened(&store, &nobody()).await;
    said(&store, &other, "hello").await;
    spread(&store).await;
    let events: Vec<&str> = deliveries(&store, &all).await.iter().take(2).map(|d| d.event.as_str()).collect();
    assert_eq!(events, ["message_created", "conversation_created"], "the newest first");
}

#[tokio::test]
async fn a_conversation_stays_in_order_and_holds_up_no_other() {
    let (_folder, store) = store().await;
    let webhook = subscribed(&store, &["message_created"]).await;
    let (one, other) = (opened(&store, &nobody()).await, opened(&store, &nobody()).await);
    for (conversation, text) in [(&one, "a1"), (&one, "a2"), (&other, "b1")] {
        said(&store, conversation, text).await;
    }
    spread(&store).await;
    let (text, first) = next(&store, &webhook, &now()).await.unwrap();
    assert_eq!(text, "a1");
    assert_eq!(tried(&store, &first, 500, &now()).await, DeliveryState::Failed);
    let (text, second) = next(&store, &webhook, &now()).await.unwrap();
    assert_eq!(text, "b1", "a2 waits for a1");
    assert_eq!(tried(&store, &second, 200, &now()).await, DeliveryState::Delivered);
    assert!(next(&store, &webhook, &at("2026-11-20T02:12:04Z")).await.is_none());
    let later = at("2026-11-20T02:12:05Z");
    let (text, again) = next(&store, &webhook, &later).await.unwrap();
    assert_eq!((text.as_str(), again.id == first.id), ("a1", true), "under the same id");
    tried(&store, &again, 200, &later).await;
    assert_eq!(next(&store, &webhook, &later).await.unwrap().0, "a2");
}

#[tokio::test]
async fn a_target_that_fails_again_and_again_is_left_alone() {
    let (_folder, store) = store().await;
    let webhook = subscribed(&store, &["message_created"]).await;
    for number in 0..6 {
        let conversation = opened(&store, &nobody()).await;
        said(&store, &conversation, &format!("c{number}")).await;
    }
    spread(&store).await;
    for number in 0..5 {
        let (text, due) = next(&store, &webhook, &now()).await.unwrap();
        assert_eq!(text, format!("c{number}"));
        tried(&store, &due, 503, &now()).await;
    }
    assert!(next(&store, &webhook, &at("2026-11-20T02:12:59Z")).await.is_none());
    assert_eq!(store.webhooks_with_due(&staff(), &at("2026-11-20T02:12:59Z")).await.unwrap(), []);
    let after = at("2026-11-20T02:13:00Z");
    assert_eq!(store.webhook(&staff(), &webhook).await.unwrap().paused_until, Some(after.timestamp()));
    let (_, due) = next(&store, &webhook, &after).await.unwrap();
    tried(&store, &due, 503, &after).await;
    assert!(next(&store, &webhook, &after).await.is_none(), "one try decides");
    let (_, due) = next(&store, &webhook, &at("2026-11-20T02:14:00Z")).await.unwrap();
    tried(&store, &due, 200, &at("2026-11-20T02:14:00Z")).await;
    let stands = store.webhook(&staff(), &webhook).await.unwrap();
    assert_eq!((stands.failures, stands.paused_until, stands.waiting), (0, None, 5));
}

#[tokio::test]
async fn a_target_that_is_gone_is_told_nothing_until_it_is_switched_on() {
    let (_folder, store) = store().await;
    let webhook = subscribed(&store, &["message_created"]).await;
    let conversation = opened(&store, &nobody()).await;
    said(&store, &conversation, "one").await;
    said(&store, &conversation, "two").await;
    spread(&store).await;
    let (_, due) = next(&store, &webhook, &now()).await.unwrap();
    assert_eq!(tried(&store, &due, 410, &now()).await, DeliveryState::Dead);
    let stands = store.webhook(&staff(), &webhook).await.unwrap();
    assert_eq!((stands.active, stands.waiting, stands.dead), (false, 1, 1));
    assert!(stands.ended.is_some_and(|why| why.contains("410")));
    said(&store, &conversation, "while it is off").await;
    assert_eq!(spread(&store).await, 0);
    for refused in [
        store.replay_delivery(&staff(), &due.id, &now()).await.map(drop),
        store.test_webhook(&staff(), &webhook, &now()).await.map(drop),
    ] {
        assert!(matches!(refused, Err(crate::store::StoreError::Conflict(_))), "{refused:?}");
    }
    let on = WebhookChange { active: Some(true), ..WebhookChange::default() };
    let stands = store.change_webhook(&staff(), &webhook, on, &now()).await.unwrap();
    assert_eq!((stands.active, stands.ended), (true, None));
    assert_eq!(spread(&store).await, 0, "what happened meanwhile is not told");
    assert_eq!(next(&store, &webhook, &now()).await.unwrap().0, "two", "what waited goes on");
    let again = store.replay_delivery(&staff(), &due.id, &now()).await.unwrap();
    assert_eq!((again.state, again.attempts, again.id), (DeliveryState::Pending, 0, due.id));
    assert_eq!(next(&store, &webhook, &now()).await.unwrap().0, "one", "in its old place");
    store.delete_webhook(&staff(), &webhook, &now()).await.unwrap();
    assert_eq!(store.webhooks(&staff()).await.unwrap(), []);
    let log: Vec<String> = store
        .audit_log(&staff(), webhook.as_str())
        .await
        .unwrap()
        .into_iter()
        .map(|entry| entry.action)
        .collect();
    assert_eq!(log, ["create_webhook", "end_webhook", "change_webhook", "delete_webhook"]);
}

#[tokio::test]
async fn what_is_old_is_forgotten() {
    let (_folder, store) = store().await;
    let webhook = subscribed(&store, &["message_created"]).await;
    for (text, status) in [("taken", 200), ("given up", 410), ("waits", 0)] {
        let conversation = opened(&store, &nobody()).await;
        said(&store, &conversation, text).await;
        spread(&store).await;
        let on = WebhookChange { active: Some(true), ..WebhookChange::default() };
        if status > 0 {
            let (_, due) = next(&store, &webhook, &now()).await.unwrap();
            tried(&store, &due, status, &now()).await;
            store.change_webhook(&staff(), &webhook, on, &now()).await.unwrap();
        }
    }
    let check = async |moment: &str, forgotten: u64, left: usize| {
        assert_eq!(store.prune_deliveries(&staff(), &at(moment)).await.unwrap(), forgotten, "{moment}");
        assert_eq!(deliveries(&store, &webhook).await.len(), left, "{moment}");
    };
    check("2026-11-27T02:12:00Z", 0, 3).await;
    check("2026-11-27T02:12:01Z", 1, 2).await;
    check("2026-12-21T00:00:00Z", 1, 1).await;
    check("2027-12-21T00:00:00Z", 0, 1).await;
}

/// A delivery may be on its way in the moment in which its customer is erased.
#[tokio::test]
async fn what_is_erased_on_its_way_is_neither_sent_again_nor_kept() {
    let check = async |status: u16, expected: DeliveryState| {
        let (_folder, store) = store().await;
        let webhook = subscribed(&store, &["message_created"]).await;
        let scope = customer("c1");
        let conversation = opened(&store, &scope).await;
        store.append_customer_message(&scope, &conversation.id, message("hush"), &now()).await.unwrap();
        spread(&store).await;
        let (_, due) = next(&store, &webhook, &now()).await.unwrap();
        let owner = CustomerId::new("c1").unwrap();
        store.erase_customer(&staff(), &owner, true, &now()).await.unwrap();
        let error = (status != 200).then(|| "no".to_owned());
        let attempt = Attempt { status: Some(status), answer: Some("you said hush".into()), error };
        store.delivery_tried(&staff(), &due.id, attempt, &now()).await.unwrap();
        let after = &deliveries(&store, &webhook).await[0];
        assert_eq!((after.state, after.next_at, after.answer.as_deref()), (expected, None, None));
    };
    check(200, DeliveryState::Delivered).await;
    check(500, DeliveryState::Dead).await;
}
