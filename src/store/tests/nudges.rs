//! What is said first: what happens between looking and planning, between the word and its sending, and when much is to be
//! noticed at once.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::pack::proactive::Purpose;
use crate::proactive::{
    EventType, Held, NudgeState, Person, Planned, Reason, Remembered, ShopEvent, Standing,
};
use crate::store::{
    API_SOURCE, BegunByEvent, DayBegun, FinishedReply, NewRecord, NudgeOutcome, NudgeSent, NudgeWord,
    StoreError,
};
use crate::turn::trace::Trace;
use crate::turn::types::Pending;

fn person() -> Person {
    Person::Customer(CustomerId::new("c1").unwrap())
}

fn event(id: &str) -> ShopEvent {
    ShopEvent {
        id: id.to_owned(),
        kind: EventType::OrderPaid,
        person: Some(person()),
        product: None,
        order: Some("o1".to_owned()),
        conversation: None,
        detail: Map::new(),
        at: now().timestamp(),
    }
}

fn planned(due: Timestamp, renews: bool) -> Planned {
    Planned {
        rule: "order_paid".to_owned(),
        cause: "order:o1".to_owned(),
        product: None,
        due,
        expires: due + SignedDuration::from_hours(12),
        renews,
    }
}

/// What the events begin that were not looked at yet.
async fn looked_at(store: &Store) -> Vec<BegunByEvent> {
    let fresh = store.fresh_events(&staff(), 0, 10).await.unwrap();
    let begun = fresh.into_iter().map(|fresh| BegunByEvent {
        event: fresh.number,
        person: fresh.event.person,
        planned: vec![(planned(now().timestamp(), true), Purpose::Order)],
    });
    begun.collect()
}

async fn due(store: &Store) -> Vec<crate::proactive::Nudge> {
    store.due_nudges(&staff(), None, 10, &now()).await.unwrap()
}

/// A word that is planned, and what was said where it belongs.
async fn ready(store: &Store) -> (crate::proactive::Nudge, Conversation) {
    store.take_events(&staff(), vec![event("paid")], &now()).await.unwrap();
    let begun = looked_at(store).await;
    assert_eq!(store.plan_nudges(&staff(), begun, &now()).await.unwrap(), 1);
    let nudge = due(store).await.remove(0);
    (nudge, opened(store, &customer("c1")).await)
}

fn word(conversation: &Conversation) -> NudgeWord {
    NudgeWord {
        conversation: conversation.id.clone(),
        sentences: vec![sentence("付款收到了。")],
        why: "这是订单通知。".to_owned(),
        trace: Trace::default(),
        outside: false,
        commitments: Vec::new(),
        remembers: Remembered {
            product: None,
            order: Some("order:o1".to_owned()),
            offered: Pending::Nudge { choices: Vec::new(), yes: None, product: None },
        },
    }
}

async fn send(store: &Store, nudge: &crate::proactive::Nudge, conversation: &Conversation) -> NudgeSent {
    let allowed = |_: &Standing| Ok::<(), Held>(());
    let what = (nudge.clone(), word(conversation));
    store.send_nudge(&customer("c1"), what, allowed, &now()).await.unwrap()
}

#[tokio::test]
async fn an_event_that_was_erased_or_looked_at_meanwhile_begins_nothing() {
    let (_folder, store) = store().await;
    opened(&store, &customer("c1")).await;
    store.take_events(&staff(), vec![event("paid")], &now()).await.unwrap();
    let (one, other) = (looked_at(&store).await, looked_at(&store).await);
    assert_eq!(store.plan_nudges(&staff(), one, &now()).await.unwrap(), 1);
    let looks = due(&store).await[0].looks;
    assert_eq!(
        store.plan_nudges(&staff(), other, &now()).await.unwrap(),
        0,
        "the second worker comes too late"
    );
    assert_eq!(due(&store).await[0].looks, looks);

    let later = ShopEvent { order: Some("o2".to_owned()), ..event("later") };
    store.take_events(&staff(), vec![later], &now()).await.unwrap();
    let begun = looked_at(&store).await;
    store.erase_customer(&staff(), &CustomerId::new("c1").unwrap(), true, &now()).await.unwrap();
    assert_eq!(store.plan_nudges(&staff(), begun, &now()).await.unwrap(), 0);
    assert_eq!(due(&store).await, []);
}

#[tokio::test]
async fn who_was_erased_is_counted_and_hears_nothing_more() {
    let (_folder, store) = store().await;
    let (nudge, conversation) = ready(&store).await;
    let NudgeSent::Said(said) = send(&store, &nudge, &conversation).await else { panic!("it is said") };
    let waiting = ShopEvent { order: Some("o2".to_owned()), ..event("second") };
    store.take_events(&staff(), vec![waiting], &now()).await.unwrap();
    let mut begun = looked_at(&store).await;
    begun[0].planned[0].0.cause = "order:o2".to_owned();
    store.plan_nudges(&staff(), begun, &now()).await.unwrap();
    store.erase_customer(&staff(), &CustomerId::new("c1").unwrap(), true, &now()).await.unwrap();

    let counts = store.nudge_counts(&staff(), Timestamp::UNIX_EPOCH).await.unwrap();
    let counts = &counts["order_paid"];
    assert_eq!((counts.sent, counts.planned, counts.suppressed.get(&Reason::CauseGone)), (1, 0, Some(&1)));
    let lines = store.latest_nudges(&staff(), 10).await.unwrap();
    assert!(lines.iter().all(|line| line.state != NudgeState::Planned && line.text.is_none()), "{lines:?}");
    let whom = (&customer("c1"), &person());
    let outcome = store.nudge_outcome(whom, &said.nudge, NudgeOutcome::Dismissed, &now()).await;
    assert!(matches!(outcome, Err(StoreError::NotFound { .. })), "{outcome:?}");
}

#[tokio::test]
async fn nothing_is_said_between_a_message_and_its_answer_and_nothing_is_forgotten_over_a_word() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let (nudge, conversation) = ready(&store).await;
    let (_, reply) = asked(&store, &scope, &conversation, "尺码怎么选").await;
    assert_eq!(send(&store, &nudge, &conversation).await, NudgeSent::Busy);
    assert_eq!(due(&store).await.len(), 1, "it waits for its turn");
    let memory =
        Memory { introduced: true, question: Some("尺码怎么选".to_owned()), ..Memory::default() };
    let finished = FinishedReply { memory: memory.clone(), ..FinishedReply::default() };
    store.finish_reply(&scope, &reply, finished, &now()).await.unwrap();
    // The word was made before the answer was there.
    assert!(matches!(send(&store, &nudge, &conversation).await, NudgeSent::Said(_)));
    let remembered = store.conversation(&scope, &conversation.id).await.unwrap().memory;
    assert_eq!((remembered.question, remembered.introduced), (memory.question, true));
    assert_eq!(remembered.order.as_deref(), Some("order:o1"));
    assert!(matches!(remembered.pending, Some(Pending::Nudge { .. })));
    assert_eq!(send(&store, &nudge, &conversation).await, NudgeSent::Gone, "once");
}

#[tokio::test]
async fn a_matter_that_a_person_has_put_off_is_still_with_that_person() {
    let (_folder, store) = store().await;
    let conversation = opened(&store, &customer("c1")).await;
    let check = async |state: &'static str, with_people: bool| {
        let id = conversation.id.clone();
        let set = store.write(move |transaction| {
            Box::pin(async move {
                sqlx::query("UPDATE conversations SET state = ?1 WHERE id = ?2")
                    .bind(state)
                    .bind(id.as_str())
                    .execute(&mut transaction.connection)
                    .await?;
                Ok(())
            })
        });
        set.await.unwrap();
        let standing = store.standing_with(&ShopId::default(), (&person(), "r"), &now()).await.unwrap();
        assert_eq!(standing.with_people, with_people, "{state}");
    };
    check("bot", false).await;
    check("waiting", true).await;
    check("human", true).await;
    check("snoozed", true).await;
    check("resolved", false).await;
}

#[tokio::test]
async fn a_talk_that_goes_on_is_noticed() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    store.append_customer_message(&scope, &conversation.id, message("有货吗"), &now()).await.unwrap();
    let spoken = now().timestamp();
    let check = async |after: Timestamp, expected: bool| {
        assert_eq!(store.spoke_after(&scope, &conversation.id, after).await.unwrap(), expected, "{after}");
    };
    check(spoken, false).await;
    check(spoken - SignedDuration::from_secs(1), true).await;
    let elsewhere = Scope { shop: ShopId::new("other").unwrap(), ..scope.clone() };
    assert!(!store.spoke_after(&elsewhere, &conversation.id, Timestamp::UNIX_EPOCH).await.unwrap());
}

/// However many there are, each is met once.
#[tokio::test]
async fn customers_and_resting_talks_are_met_page_by_page() {
    let (_folder, store) = store().await;
    let new = |number: usize| NewRecord {
        record: record(RecordKind::Customer, &format!("c{number:04}"), json!({})),
        source: API_SOURCE.to_owned(),
    };
    store.put_records(&staff(), (0..1_001).map(new).collect(), &now()).await.unwrap();
    let day = "2026-11-20";
    let mut met = Vec::new();
    let mut pages = 0;
    while let DayBegun::Until(after) = store.day_begun(&staff(), day).await.unwrap() {
        let page = store.customers_after(&staff(), after.as_deref()).await.unwrap();
        let last = page.last().map(|customer| customer.id.clone());
        let begun = last.map_or(DayBegun::ForAll, |last| DayBegun::Until(Some(last)));
        met.extend(page.into_iter().map(|customer| customer.id));
        store.begin_day(&staff(), (day, begun), &now()).await.unwrap();
        pages += 1;
    }
    assert_eq!((met.len(), pages), (1_001, 4));
    assert!(met.is_sorted_by(|one, other| one < other));
    assert_eq!(store.day_begun(&staff(), day).await.unwrap(), DayBegun::ForAll);
    assert_eq!(store.day_begun(&staff(), "2026-11-21").await.unwrap(), DayBegun::Until(None));

    many_talks(&store, 1_001).await;
    let later =
        Now::new(now().timestamp() + SignedDuration::from_hours(1), now().zoned().time_zone().clone());
    let mut seen = std::collections::HashSet::new();
    loop {
        let rests = store.rested_conversations(&staff(), later.timestamp(), &later).await.unwrap();
        let Some(until) = rests.until else { break };
        seen.extend(rests.rested.into_iter().map(|rested| rested.conversation.id));
        store.rests_noticed(&staff(), until, &later).await.unwrap();
    }
    assert_eq!(seen.len(), 1_001);
    // A mark that lies ahead was written while the clock went wrong: nothing is overlooked over it.
    let next_year = later.timestamp() + SignedDuration::from_hours(24 * 365);
    store.rests_noticed(&staff(), next_year, &later).await.unwrap();
    let rests = store.rested_conversations(&staff(), later.timestamp(), &later).await.unwrap();
    assert!(!rests.rested.is_empty());
}

/// So many conversations in which something was written, three in a millisecond.
async fn many_talks(store: &Store, count: i64) {
    let from = now().epoch_milliseconds();
    let write = store.write(move |transaction| {
        Box::pin(async move {
            for number in 0..count {
                for sql in [
                    "INSERT INTO conversations (id, shop, customer, state, channel, memory, episode, last_event, \
                     opened_at, updated_at) VALUES ('conv_' || ?1, 'default', 'c0001', 'bot', 'test', '{}', 1, 0, ?2, ?2)",
                    "INSERT INTO messages (id, shop, conversation, author, text, attachments, at, owed) \
                     VALUES ('msg_' || ?1, 'default', 'conv_' || ?1, 'customer', '在吗', '[]', ?2, 0)",
                ] {
                    sqlx::query(sql)
                        .bind(number)
                        .bind(from + number / 3)
                        .execute(&mut transaction.connection)
                        .await?;
                }
            }
            Ok(())
        })
    });
    write.await.unwrap();
}
