//! A visitor who signs in: what was done and said before counts for the customer, with proof and for one customer only.

use serde_json::Map;

use super::{agent, at, customer, now, opened, store, visitor};
use crate::identity::{Scope, VisitorId};
use crate::pack::proactive::Purpose;
use crate::proactive::{EventType, Nudge, NudgeState, Person, Planned, Remembered, ShopEvent};
use crate::store::{BegunByEvent, NudgeWord, Store};
use crate::time::Now;
use crate::turn::trace::Trace;
use crate::turn::types::Pending;

fn person(scope: &Scope) -> Person {
    Person::of(scope).unwrap()
}

async fn looked(store: &Store, scope: &Scope, id: &str, when: &Now) {
    let event = ShopEvent {
        id: id.to_owned(),
        kind: EventType::ProductViewed,
        person: Person::of(scope),
        product: Some("p".to_owned()),
        order: None,
        conversation: None,
        detail: Map::new(),
        at: when.timestamp(),
    };
    assert_eq!(store.take_events(&agent("shop"), vec![event], when).await.unwrap(), 1);
}

/// How often the product was looked at, as far as it counts for somebody.
async fn looks(store: &Store, scope: &Scope, when: &Now) -> usize {
    let since = jiff::Timestamp::UNIX_EPOCH;
    let history = store.events_of(scope, &person(scope), since).await.unwrap();
    history.views("p", when.timestamp())
}

async fn token(store: &Store, scope: &Scope) -> String {
    let conversation = opened(store, scope).await;
    let browser = scope.visitor().cloned().unwrap_or_else(VisitorId::generate);
    let token = store.create_session(scope, &conversation.id, &browser, &now()).await.unwrap();
    secrecy::ExposeSecret::expose_secret(&token).to_owned()
}

/// Plans a word by an event of its own. How many are new.
async fn planned(store: &Store, scope: &Scope, cause: &str, event: &str) -> usize {
    looked(store, scope, event, &now()).await;
    let fresh = store.fresh_events(&agent("shop"), 0, 100).await.unwrap();
    let number = fresh.iter().find(|fresh| fresh.event.id == event).unwrap().number;
    let word = Planned {
        rule: "r".to_owned(),
        cause: cause.to_owned(),
        product: None,
        due: now().timestamp(),
        expires: at("2026-12-01T00:00:00Z").timestamp(),
        renews: false,
    };
    let begun =
        BegunByEvent { event: number, person: Person::of(scope), planned: vec![(word, Purpose::Offer)] };
    store.plan_nudges(&agent("shop"), vec![begun], &now()).await.unwrap()
}

async fn due(store: &Store, scope: &Scope) -> Vec<Nudge> {
    store.due_nudges(&agent("shop"), Some(&person(scope)), 10, &now()).await.unwrap()
}

/// Says everything that is due to somebody.
async fn said(store: &Store, scope: &Scope) {
    for nudge in due(store, scope).await {
        let word = NudgeWord {
            conversation: opened(store, scope).await.id,
            sentences: vec![super::sentence("还在看吗")],
            why: "因为您看过".to_owned(),
            trace: Trace::default(),
            outside: false,
            commitments: Vec::new(),
            remembers: Remembered {
                product: None,
                order: None,
                offered: Pending::Nudge { choices: Vec::new(), yes: None, product: None },
            },
        };
        store.send_nudge(scope, (nudge, word), |_| Ok(()), &now()).await.unwrap();
    }
}

#[tokio::test]
async fn looks_count_from_the_sign_in_on_and_only_those_before_it() {
    let (_folder, store) = store().await;
    let (browser, owner) = (visitor(), customer("c1"));
    for (number, time) in ["02:00:00", "02:01:00", "02:02:00"].iter().enumerate() {
        looked(&store, &browser, &format!("v{number}"), &at(&format!("2026-11-20T{time}Z"))).await;
    }
    let (joining, later) = (at("2026-11-20T02:12:00Z"), at("2026-11-20T02:20:00Z"));
    assert_eq!(looks(&store, &owner, &joining).await, 0);
    let token = token(&store, &browser).await;
    assert!(store.join_visitor(&owner, &token, &joining).await.unwrap());
    assert_eq!(looks(&store, &owner, &joining).await, 3);
    assert_eq!(looks(&store, &browser, &joining).await, 3, "the browser keeps its own");
    // Who looks there after signing out may be somebody else.
    looked(&store, &browser, "after", &later).await;
    assert_eq!((looks(&store, &owner, &later).await, looks(&store, &browser, &later).await), (3, 4));
    // Who is told that the price fell is the customer, once for the times as one.
    let since = at("2026-11-20T00:00:00Z").timestamp();
    let viewers = store.viewers(&agent("shop"), "p", since).await.unwrap();
    assert_eq!(viewers.len(), 2, "{viewers:?}");
    assert!(viewers.contains(&person(&owner)) && viewers.contains(&person(&browser)), "{viewers:?}");
    // The same customer again takes what has come since.
    assert!(store.join_visitor(&owner, &token, &later).await.unwrap());
    assert_eq!(looks(&store, &owner, &later).await, 4);
    assert_eq!(store.viewers(&agent("shop"), "p", since).await.unwrap(), [person(&owner)]);
}

#[tokio::test]
async fn only_the_visitors_own_valid_token_joins_and_never_two_customers() {
    let (_folder, store) = store().await;
    let (browser, first, second) = (visitor(), customer("c1"), customer("c2"));
    looked(&store, &browser, "v", &now()).await;
    let own = token(&store, &browser).await;
    let check = async |scope: &Scope, token: &str, when: &str, expected: bool| {
        assert_eq!(store.join_visitor(scope, token, &at(when)).await.unwrap(), expected, "{when}");
    };
    let soon = "2026-11-20T02:13:00Z";
    check(&first, "0123", soon, false).await;
    check(&browser, &own, soon, false).await;
    check(&first, &own, "2026-11-27T02:12:00Z", false).await;
    let of_customer = token(&store, &second).await;
    check(&first, &of_customer, soon, false).await;
    assert_eq!(looks(&store, &first, &at(soon)).await, 0);
    check(&first, &own, soon, true).await;
    check(&second, &own, soon, false).await;
    let again = token(&store, &browser).await;
    check(&second, &again, soon, false).await;
    assert_eq!((looks(&store, &first, &at(soon)).await, looks(&store, &second, &at(soon)).await), (1, 0));
}

#[tokio::test]
async fn what_was_said_closed_and_refused_before_holds_after() {
    let (_folder, store) = store().await;
    let (browser, owner) = (visitor(), customer("c1"));
    assert_eq!(planned(&store, &browser, "product:p", "e1").await, 1);
    said(&store, &browser).await;
    let shop = &owner.shop;
    let standing =
        async |scope: &Scope| store.standing_with(shop, (&person(scope), "r"), &now()).await.unwrap();
    let id =
        sqlx::query_scalar::<_, String>("SELECT id FROM nudges").fetch_one(store.readers()).await.unwrap();
    let closed = crate::store::NudgeOutcome::StopAll;
    store.nudge_outcome((&browser, &person(&browser)), &id.parse().unwrap(), closed, &now()).await.unwrap();
    assert!(!standing(&owner).await.opted_out);
    // Planned for both, and for the visitor alone.
    assert_eq!(planned(&store, &browser, "product:both", "e2").await, 1);
    assert_eq!(planned(&store, &owner, "product:both", "e3").await, 1);
    assert_eq!(planned(&store, &browser, "product:alone", "e4").await, 1);
    assert!(store.join_visitor(&owner, &token(&store, &browser).await, &now()).await.unwrap());
    let after = standing(&owner).await;
    assert!(after.opted_out, "{after:?}");
    assert_eq!((after.dismissed.len(), after.shown.len()), (1, 1), "{after:?}");
    assert_eq!(planned(&store, &owner, "product:p", "e5").await, 0, "it was said to the visitor");
    assert_eq!(planned(&store, &owner, "product:new", "e6").await, 1);
    assert_eq!(due(&store, &browser).await, Vec::<Nudge>::new());
    let mut causes: Vec<String> = due(&store, &owner).await.into_iter().map(|nudge| nudge.cause).collect();
    causes.sort();
    assert_eq!(causes, ["product:alone", "product:both", "product:new"]);
    assert!(due(&store, &owner).await.iter().all(|nudge| nudge.state == NudgeState::Planned));
    let other = standing(&customer("c2")).await;
    assert!(!other.opted_out && other.shown.is_empty(), "{other:?}");
}
