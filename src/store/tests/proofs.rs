//! An order opens by its number and the end of its phone, in one conversation, and four digits cannot be guessed.

use std::net::IpAddr;

use secrecy::SecretString;

use super::*;
use crate::store::{API_SOURCE, NewRecord, OrderClaim, ProofLimits, StoreError};
use crate::turn::types::ProofOutcome::{self, Locked, Opened, Refused};

const LIMITS: ProofLimits = ProofLimits {
    wrong_per_visitor: 3,
    wrong_per_address: 5,
    wrong_per_order: 4,
    lock_hours: 24,
    open_hours: 24,
};

/// Two customers: one with an order, another with two of which one names no phone.
async fn shop() -> (TempDir, Store) {
    let (folder, store) = store().await;
    let phone = |phone: &str| json!({ "phone": phone, "city": "武汉市" });
    let records = vec![
        record(RecordKind::Customer, "a", json!({ "name": "陈晓禾", "phone": "19900006620" })),
        record(
            RecordKind::Order,
            "A-100",
            json!({ "customer": "a", "status": "paid", "address": phone("199 0000-6620") }),
        ),
        record(RecordKind::Customer, "b", json!({ "name": "赵文静", "phone": "19900003175" })),
        record(
            RecordKind::Order,
            "2000000001",
            json!({ "customer": "b", "status": "paid", "address": phone("19900001111") }),
        ),
        record(RecordKind::Order, "2000000002", json!({ "customer": "b", "status": "paid" })),
        record(RecordKind::Order, "2000000003", json!({ "customer": "c", "status": "paid" })),
        record(RecordKind::Aftersale, "as-1", json!({ "customer": "b", "order": "2000000001" })),
        record(RecordKind::Aftersale, "as-2", json!({ "customer": "b", "order": "2000000002" })),
        // Somebody else's case that names an order of b.
        record(RecordKind::Aftersale, "as-3", json!({ "customer": "a", "order": "2000000001" })),
        record(RecordKind::Coupon, "cp-b", json!({ "customer": "b" })),
    ];
    let new = records.into_iter().map(|record| NewRecord { record, source: API_SOURCE.to_owned() });
    store.put_records(&staff(), new.collect(), &now()).await.unwrap();
    (folder, store)
}

fn claim(order: &str, digits: &str) -> OrderClaim {
    OrderClaim { order: order.to_owned(), phone_end: SecretString::from(digits), address: None }
}

async fn proves(
    store: &Store,
    scope: &Scope,
    conversation: &Conversation,
    order: &str,
    digits: &str,
) -> ProofOutcome {
    store.prove_order((scope, &conversation.id), claim(order, digits), LIMITS, &now()).await.unwrap()
}

/// What the scope reaches in a conversation after what it has proven there.
async fn holder(store: &Store, scope: &Scope, conversation: &Conversation, now: &Now) -> Option<Scope> {
    let current = store.conversation(scope, &conversation.id).await.unwrap();
    let holder = store.order_holder(scope, &current, now).await.unwrap()?;
    Some(Scope { shop: ShopId::default(), identity: Identity::Holder(holder) })
}

fn ids(records: &[Record]) -> Vec<&str> {
    records.iter().map(|record| record.id.as_str()).collect()
}

#[tokio::test]
async fn only_the_right_end_of_the_right_phone_opens_an_order() {
    let (_folder, store) = shop().await;
    let check = async |order: &str, digits: &str, expected: ProofOutcome| {
        let scope = visitor();
        let conversation = opened(&store, &scope).await;
        let outcome = proves(&store, &scope, &conversation, order, digits).await;
        assert_eq!(outcome, expected, "{order} {digits}");
        let holder = holder(&store, &scope, &conversation, &now()).await;
        assert_eq!(holder.is_some(), expected == Opened, "{order} {digits}");
    };
    check("2000000001", "1111", Opened).await;
    check("A-100", "6620", Opened).await;
    check("a-100", "6620", Opened).await;
    // The customer's own phone opens an order only if the order names none.
    check("2000000001", "3175", Refused).await;
    check("2000000002", "3175", Opened).await;
    check("2000000003", "0000", Refused).await;
    check("2000000001", "6620", Refused).await;
    check("2000000009", "1111", Refused).await;
    check("2000000009", "", Refused).await;
    check("2000000003", "\0\0\0\0", Refused).await;
    check("2000000001", "11111", Refused).await;
    check("%", "1111", Refused).await;
}

#[tokio::test]
async fn a_holder_reaches_that_order_in_that_conversation_and_nothing_else() {
    let (_folder, store) = shop().await;
    let scope = visitor();
    let (here, there) = (opened(&store, &scope).await, opened(&store, &scope).await);
    assert_eq!(proves(&store, &scope, &here, "2000000001", "1111").await, Opened);
    let holding = holder(&store, &scope, &here, &now()).await.unwrap();
    assert_eq!(ids(&store.own(&holding, &[RecordKind::Order]).await.unwrap()), ["2000000001"]);
    assert_eq!(ids(&store.own(&holding, &[RecordKind::Aftersale]).await.unwrap()), ["as-1"]);
    assert!(store.own(&holding, &[RecordKind::Coupon]).await.unwrap().is_empty());
    assert!(store.own(&holding, &[RecordKind::Customer]).await.unwrap().is_empty());
    let private = [
        (RecordKind::Order, "2000000001".to_owned()),
        (RecordKind::Order, "2000000002".to_owned()),
        (RecordKind::Coupon, "cp-b".to_owned()),
        (RecordKind::Customer, "b".to_owned()),
    ];
    assert!(store.records(&holding, &private).await.unwrap().is_empty());
    assert!(store.unfinished_conversation(&holding, &now()).await.unwrap().is_none());
    // Not in another conversation, not for another browser or for none, not once people have closed the matter.
    assert!(holder(&store, &scope, &there, &now()).await.is_none());
    assert!(store.conversation(&holding, &there.id).await.is_err());
    for other in [visitor(), nobody()] {
        assert!(store.order_holder(&other, &here, &now()).await.unwrap().is_none());
    }
    let closed = Conversation { episode: here.episode + 1, ..here.clone() };
    assert!(store.order_holder(&scope, &closed, &now()).await.unwrap().is_none());
    // A second order of one conversation opens beside the first.
    assert_eq!(proves(&store, &scope, &here, "A-100", "6620").await, Opened);
    let both = holder(&store, &scope, &here, &now()).await.unwrap();
    assert_eq!(store.own(&both, &[RecordKind::Order]).await.unwrap().len(), 2);
    // It ends by itself.
    assert!(holder(&store, &scope, &here, &at("2026-11-21T02:11:59Z")).await.is_some());
    assert!(holder(&store, &scope, &here, &at("2026-11-21T02:12:00Z")).await.is_none());
}

#[tokio::test]
async fn a_holder_that_was_made_up_reaches_nothing() {
    let (_folder, store) = shop().await;
    let scope = visitor();
    let conversation = opened(&store, &scope).await;
    assert_eq!(proves(&store, &scope, &conversation, "A-100", "6620").await, Opened);
    let invented = |conversation: &Conversation, order: &str| {
        let holder = crate::identity::OrderHolder::new(None, conversation.id.clone(), vec![order.to_owned()]);
        Scope { shop: ShopId::default(), identity: Identity::Holder(holder) }
    };
    let elsewhere = opened(&store, &scope).await;
    for scope in [invented(&conversation, "2000000001"), invented(&elsewhere, "A-100")] {
        assert!(store.own(&scope, &[RecordKind::Order]).await.unwrap().is_empty());
        assert!(store.own(&scope, &[RecordKind::Aftersale]).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn wrong_proofs_lock_by_visitor_by_address_and_by_order_and_outlive_a_restart() {
    let (folder, store) = shop().await;
    let scope = visitor();
    let conversation = opened(&store, &scope).await;
    for digits in ["0001", "0002", "0003"] {
        // Another order each time, one of which does not exist: the answer is the same.
        let order = if digits == "0002" { "2999999999" } else { "2000000001" };
        assert_eq!(proves(&store, &scope, &conversation, order, digits).await, Refused);
    }
    assert_eq!(
        proves(&store, &scope, &conversation, "2000000001", "1111").await,
        Locked,
        "even if it is right"
    );
    let again = opened(&store, &scope).await;
    assert_eq!(
        proves(&store, &scope, &again, "A-100", "6620").await,
        Locked,
        "a new conversation is the same browser"
    );
    // Others fill up the order's own count; who is innocent waits with them.
    for _ in 0..2 {
        let other = visitor();
        let conversation = opened(&store, &other).await;
        assert_eq!(proves(&store, &other, &conversation, "2000000001", "0009").await, Refused);
    }
    store.close().await;
    let store = Store::open(folder.path()).await.unwrap();
    let owner = visitor();
    let own = opened(&store, &owner).await;
    assert_eq!(proves(&store, &owner, &own, "2000000001", "1111").await, Locked, "the order is locked");
    assert_eq!(proves(&store, &owner, &own, "A-100", "6620").await, Opened, "another one is not");
    let tomorrow = at("2026-11-21T02:12:00Z");
    let late =
        store.prove_order((&owner, &own.id), claim("2000000001", "1111"), LIMITS, &tomorrow).await.unwrap();
    assert_eq!(late, Opened, "a day later the count begins anew");
}

#[tokio::test]
async fn an_address_is_counted_whatever_browser_it_pretends_to_be() {
    let (_folder, store) = shop().await;
    let check = async |addresses: &[&str], last: ProofOutcome| {
        let mut outcomes = Vec::new();
        for (number, address) in addresses.iter().enumerate() {
            let address: IpAddr = address.parse().unwrap();
            let (scope, order) = (visitor(), format!("{}7000000{number}", addresses[0].len()));
            let conversation = opened(&store, &scope).await;
            let claim = OrderClaim { address: Some(address), ..claim(&order, "0001") };
            outcomes
                .push(store.prove_order((&scope, &conversation.id), claim, LIMITS, &now()).await.unwrap());
        }
        assert_eq!(outcomes.pop(), Some(last), "{addresses:?}");
        assert!(outcomes.iter().all(|outcome| *outcome == Refused), "{outcomes:?}");
    };
    check(&["203.0.113.7"; 6], Locked).await;
    check(
        &["2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::4", "2001:db8::5", "2001:db8::6"],
        Locked,
    )
    .await;
    check(
        &["198.51.100.1", "198.51.100.2", "198.51.100.3", "198.51.100.4", "198.51.100.5", "198.51.100.6"],
        Refused,
    )
    .await;
}

#[tokio::test]
async fn every_try_is_in_the_audit_without_the_digits() {
    let (_folder, store) = shop().await;
    let scope = visitor();
    let conversation = opened(&store, &scope).await;
    proves(&store, &scope, &conversation, "2000000001", "7531").await;
    proves(&store, &scope, &conversation, "2000000001", "1111").await;
    let entries = store.audit_log(&staff(), conversation.id.as_str()).await.unwrap();
    let told: Vec<(&str, &str)> =
        entries.iter().map(|entry| (entry.action.as_str(), entry.detail.as_str())).collect();
    assert_eq!(
        told,
        [("prove_order", "order 2000000001: refused"), ("prove_order", "order 2000000001: opened")]
    );
    assert_eq!(Some(entries[0].actor.as_str()), scope.visitor().map(VisitorId::as_str));
    let foreign = visitor();
    let stolen =
        store.prove_order((&foreign, &conversation.id), claim("2000000001", "1111"), LIMITS, &now()).await;
    assert!(stolen.is_err(), "another's conversation");
}

#[tokio::test]
async fn who_signs_in_does_not_take_over_a_conversation_with_an_opened_order() {
    let (_folder, store) = shop().await;
    let scope = visitor();
    let conversation = opened(&store, &scope).await;
    let signed = Scope::customer(ShopId::default(), CustomerId::new("someone-else").unwrap());
    assert!(
        store.conversation(&signed, &conversation.id).await.is_ok(),
        "signing in goes on with what was said"
    );
    assert_eq!(proves(&store, &scope, &conversation, "A-100", "6620").await, Opened);
    assert!(matches!(store.conversation(&signed, &conversation.id).await, Err(StoreError::NotFound { .. })));
    let spoken = store.append_customer_message(&signed, &conversation.id, message("到哪了"), &now()).await;
    assert!(matches!(spoken, Err(StoreError::NotFound { .. })));
    assert!(store.conversation(&scope, &conversation.id).await.is_ok());
    // That holds when the order is open no longer, and somebody else has proven one since.
    let later = at("2026-11-23T02:12:00Z");
    let elsewhere = opened(&store, &visitor()).await;
    let wrong = claim("2000000001", "0000");
    store.prove_order((&nobody(), &elsewhere.id), wrong, LIMITS, &later).await.unwrap();
    assert!(holder(&store, &scope, &conversation, &later).await.is_none());
    assert!(matches!(store.conversation(&signed, &conversation.id).await, Err(StoreError::NotFound { .. })));
    // Nor is it forgotten that it tells of an order of whoever is erased.
    store.append_customer_message(&scope, &conversation.id, message("A-100 寄到哪了"), &later).await.unwrap();
    store.erase_customer(&staff(), &CustomerId::new("a").unwrap(), true, &later).await.unwrap();
    let left = store.messages_for_staff(&staff(), &conversation.id).await.unwrap();
    assert_eq!(left[0].text, "");
}
