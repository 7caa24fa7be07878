//! Conversations: whose they are, what is answered once, what a stream never misses.

use super::*;
use crate::desk::types::ConversationState;
use crate::store::{FinishedReply, NewTicket, StoreError};
use crate::turn::trace::Trace;
use crate::turn::types::{Author, HandoffMode, HandoffReason};

async fn handed_over(
    store: &Store,
    scope: &Scope,
    conversation: &Conversation,
) -> crate::desk::types::Ticket {
    let new = NewTicket {
        conversation: conversation.id.clone(),
        reason: HandoffReason::AskedForPerson,
        detail: None,
        mode: HandoffMode::Now,
        priority: Default::default(),
        due: now().timestamp(),
        note: Default::default(),
    };
    store.open_ticket(scope, new, &now()).await.unwrap().ticket
}

fn is_unknown<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::NotFound { .. }))
}

fn is_conflict<T: std::fmt::Debug>(result: Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict(_)))
}

#[tokio::test]
async fn somebody_elses_conversation_is_unknown_at_every_door() {
    let (_folder, store) = store().await;
    let owner = customer("c1");
    let conversation = opened(&store, &owner).await;
    let (asked, reply) = asked(&store, &owner, &conversation, "我的订单").await;
    let elsewhere = Scope::customer(ShopId::new("other").unwrap(), CustomerId::new("c1").unwrap());
    for stranger in [customer("c2"), nobody(), visitor(), elsewhere] {
        let id = &conversation.id;
        assert!(is_unknown(store.conversation(&stranger, id).await), "{stranger:?}");
        assert!(is_unknown(store.messages(&stranger, id).await));
        assert!(is_unknown(store.history(&stranger, id, None, 10).await));
        assert!(is_unknown(store.events(&stranger, id, 0, 10).await));
        assert!(is_unknown(store.emotions(&stranger, id).await));
        assert!(is_unknown(store.current_handoff(&stranger, id).await));
        assert!(is_unknown(store.append_customer_message(&stranger, id, message("?"), &now()).await));
        assert!(is_unknown(store.begin_reply(&stranger, id, &asked, &now()).await));
        assert!(is_unknown(store.append_sentence(&stranger, &reply, sentence("?")).await));
        assert!(is_unknown(store.finish_reply(&stranger, &reply, FinishedReply::default(), &now()).await));
        assert!(is_unknown(store.supersede(&stranger, &asked, &asked, &now()).await));
    }
    assert_eq!(store.messages(&owner, &conversation.id).await.unwrap().len(), 1);
    let other_shop = StaffScope { shop: ShopId::new("other").unwrap(), actor: "a".into() };
    assert!(is_unknown(store.messages_for_staff(&other_shop, &conversation.id).await));
    assert!(is_unknown(store.settle(&other_shop, &asked, &now()).await));
}

#[tokio::test]
async fn an_anonymous_conversation_becomes_the_customers_who_signs_in() {
    let (_folder, store) = store().await;
    let browser = visitor();
    let conversation = opened(&store, &browser).await;
    assert!(is_unknown(store.conversation(&visitor(), &conversation.id).await));
    let signed = customer("c1");
    let appended =
        store.append_customer_message(&signed, &conversation.id, message("我登录了"), &now()).await.unwrap();
    assert_eq!(appended.conversation.customer, Some(CustomerId::new("c1").unwrap()));
    assert!(is_unknown(store.conversation(&browser, &conversation.id).await));
    assert!(is_unknown(store.conversation(&customer("c2"), &conversation.id).await));
    assert!(store.unfinished_conversation(&signed, &now()).await.unwrap().is_some());
}

#[tokio::test]
async fn an_unfinished_conversation_is_the_customers_own_and_recent() {
    let (_folder, store) = store().await;
    let owner = customer("c1");
    let conversation = opened(&store, &owner).await;
    let check = async |scope: &Scope, when: &str, expected: bool| {
        let found = store.unfinished_conversation(scope, &at(when)).await.unwrap();
        assert_eq!(found.map(|found| found.id), expected.then(|| conversation.id.clone()), "{when}");
    };
    check(&owner, "2026-11-23T02:12:00Z", true).await;
    check(&owner, "2026-11-23T02:12:01Z", false).await;
    check(&customer("c2"), "2026-11-20T03:00:00Z", false).await;
    check(&nobody(), "2026-11-20T03:00:00Z", false).await;
    // A message keeps it alive.
    let later = at("2026-11-22T02:12:00Z");
    store.append_customer_message(&owner, &conversation.id, message("还在吗"), &later).await.unwrap();
    check(&owner, "2026-11-25T02:00:00Z", true).await;
    let ticket = handed_over(&store, &owner, &conversation).await;
    store.claim(&agent("a"), &ticket.id, &later).await.unwrap();
    store.resolve(&agent("a"), &ticket.id, &later).await.unwrap();
    check(&owner, "2026-11-22T03:00:00Z", false).await;
}

#[tokio::test]
async fn a_message_is_stored_and_answered_once() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let send = async || {
        store
            .append_customer_message(&scope, &conversation.id, named("m1", "我的订单到哪了"), &now())
            .await
            .unwrap()
    };
    let first = send().await;
    assert!(first.is_new && first.reply.is_none());
    let again = send().await;
    assert_eq!((again.is_new, &again.message, again.reply.is_none()), (false, &first.message, true));
    let reply = store.begin_reply(&scope, &conversation.id, &first.message, &now()).await.unwrap();
    store.append_sentence(&scope, &reply, sentence("在武汉。")).await.unwrap();
    let unfinished = send().await.reply.unwrap();
    assert_eq!((unfinished.complete, unfinished.text.as_str()), (false, "在武汉。"));
    // A reply that was begun goes on under the same id.
    assert_eq!(store.begin_reply(&scope, &conversation.id, &first.message, &now()).await.unwrap(), reply);
    store.append_sentence(&scope, &reply, sentence("明天送到。")).await.unwrap();
    let memory = Memory { introduced: true, ..Memory::default() };
    let trace = Trace { question: "订单到哪了".into(), ..Trace::default() };
    let finished = FinishedReply { memory, trace, ..FinishedReply::default() };
    let stored = store.finish_reply(&scope, &reply, finished, &now()).await.unwrap();
    assert_eq!(stored.text, "在武汉。\n明天送到。");
    let answered = send().await.reply.unwrap();
    assert_eq!((answered.complete, answered.sentences.len(), answered.id), (true, 2, reply.clone()));
    assert_eq!(answered.trace.unwrap().question, "订单到哪了");
    assert!(is_conflict(store.begin_reply(&scope, &conversation.id, &first.message, &now()).await));
    assert!(is_conflict(store.append_sentence(&scope, &reply, sentence("x")).await));
    assert!(is_conflict(store.finish_reply(&scope, &reply, FinishedReply::default(), &now()).await));
    assert_eq!(store.messages(&scope, &conversation.id).await.unwrap().len(), 2);
    assert!(store.conversation(&scope, &conversation.id).await.unwrap().memory.introduced);
}

#[tokio::test]
async fn a_client_finds_the_conversation_of_a_message_it_repeats() {
    let (_folder, store) = store().await;
    let browser = visitor();
    let conversation = opened(&store, &browser).await;
    store.append_customer_message(&browser, &conversation.id, named("m1", "在吗"), &now()).await.unwrap();
    let check = async |scope: &Scope, client_id: &str, expected: bool| {
        let found = store.repeated_message(scope, client_id, &now()).await.unwrap();
        assert_eq!(found.map(|found| found.id), expected.then(|| conversation.id.clone()));
    };
    check(&browser, "m1", true).await;
    check(&browser, "m2", false).await;
    check(&visitor(), "m1", false).await;
    check(&nobody(), "m1", false).await;
    check(&customer("c1"), "m1", false).await;
}

#[tokio::test]
async fn history_is_what_was_said_before() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let (first, reply) = asked(&store, &scope, &conversation, "一").await;
    store.append_sentence(&scope, &reply, sentence("答一")).await.unwrap();
    // A reply without a sentence leaves nothing behind.
    let (_, silent) = asked(&store, &scope, &conversation, "二").await;
    store.finish_reply(&scope, &silent, FinishedReply::default(), &now()).await.unwrap();
    let (third, _) = asked(&store, &scope, &conversation, "三").await;
    let check = async |before: Option<&MessageId>, limit: u32, expected: &[&str]| {
        let past = store.history(&scope, &conversation.id, before, limit).await.unwrap();
        assert_eq!(past.iter().map(|past| past.text.as_str()).collect::<Vec<_>>(), expected);
    };
    check(None, 10, &["一", "答一", "二", "三"]).await;
    check(Some(&third), 10, &["一", "答一", "二"]).await;
    check(Some(&third), 2, &["答一", "二"]).await;
    check(Some(&first), 10, &[]).await;
    let past = store.history(&scope, &conversation.id, None, 2).await.unwrap();
    assert_eq!(past[1].author, Author::Customer);
}

#[tokio::test]
async fn a_burst_is_taken_over_by_its_last_message() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let first = store
        .append_customer_message(&scope, &conversation.id, named("m1", "在吗"), &now())
        .await
        .unwrap()
        .message;
    let reply = store.begin_reply(&scope, &conversation.id, &first, &now()).await.unwrap();
    store.append_sentence(&scope, &reply, sentence("在的。")).await.unwrap();
    let (second, later) = asked(&store, &scope, &conversation, "订单呢").await;
    store.supersede(&scope, &first, &second, &now()).await.unwrap();
    assert!(is_conflict(store.append_sentence(&scope, &reply, sentence("late")).await));
    assert!(is_conflict(store.finish_reply(&scope, &reply, FinishedReply::default(), &now()).await));
    assert!(is_conflict(store.begin_reply(&scope, &conversation.id, &first, &now()).await));
    let again =
        store.append_customer_message(&scope, &conversation.id, named("m1", "在吗"), &now()).await.unwrap();
    assert_eq!(again.superseded_by, Some(second.clone()));
    // What was said before stays said.
    assert_eq!(again.reply.unwrap().text, "在的。");
    let owed: Vec<MessageId> =
        store.unfinished_replies(&staff()).await.unwrap().into_iter().map(|owed| owed.message).collect();
    assert_eq!(owed.as_slice(), std::slice::from_ref(&second));
    store.append_sentence(&scope, &later, sentence("在武汉。")).await.unwrap();
    store.finish_reply(&scope, &later, FinishedReply::default(), &now()).await.unwrap();
    assert!(is_conflict(store.supersede(&scope, &second, &first, &now()).await));
    let foreign = opened(&store, &scope).await;
    let (other, _) = asked(&store, &scope, &foreign, "?").await;
    assert!(is_conflict(store.supersede(&scope, &other, &first, &now()).await));
}

#[tokio::test]
async fn a_late_sentence_after_a_takeover_is_dropped_and_kept_with_the_ticket() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let (_, reply) = asked(&store, &scope, &conversation, "转人工").await;
    store.append_sentence(&scope, &reply, sentence("好的，马上请同事来。")).await.unwrap();
    let ticket = handed_over(&store, &scope, &conversation).await;
    // Waiting: approved wording still goes out.
    store.append_sentence(&scope, &reply, sentence("前面还有 1 位。")).await.unwrap();
    store.claim(&agent("小李"), &ticket.id, &now()).await.unwrap();
    assert!(is_conflict(store.append_sentence(&scope, &reply, sentence("晚到的一句")).await));
    let stored = store.finish_reply(&scope, &reply, FinishedReply::default(), &now()).await.unwrap();
    assert_eq!(stored.text, "好的，马上请同事来。\n前面还有 1 位。");
    let detail = store.ticket(&staff(), &ticket.id).await.unwrap();
    assert_eq!(detail.ticket.note.late, ["晚到的一句"]);
    // While a person has it, the assistant cannot even begin, and owes nothing.
    let next =
        store.append_customer_message(&scope, &conversation.id, message("你好"), &now()).await.unwrap();
    assert_eq!(next.conversation.state, ConversationState::Human);
    assert!(is_conflict(store.begin_reply(&scope, &conversation.id, &next.message, &now()).await));
    assert!(store.unfinished_replies(&staff()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_resolved_conversation_is_opened_again_by_the_customer() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let ticket = handed_over(&store, &scope, &conversation).await;
    store.claim(&agent("a"), &ticket.id, &now()).await.unwrap();
    store.resolve(&agent("a"), &ticket.id, &now()).await.unwrap();
    let again = store
        .append_customer_message(&scope, &conversation.id, message("还有一个问题"), &now())
        .await
        .unwrap();
    assert!(again.reopened);
    assert_eq!((again.conversation.state, again.conversation.episode), (ConversationState::Bot, 2));
    let next =
        store.append_customer_message(&scope, &conversation.id, message("就是"), &now()).await.unwrap();
    assert!(!next.reopened);
}

#[tokio::test]
async fn a_stream_misses_nothing_and_shows_only_what_the_customer_may_see() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let (_, reply) = asked(&store, &scope, &conversation, "转人工").await;
    store.append_sentence(&scope, &reply, sentence("好的。")).await.unwrap();
    store.finish_reply(&scope, &reply, FinishedReply::default(), &now()).await.unwrap();
    let ticket = handed_over(&store, &scope, &conversation).await;
    let colleague = agent("小李");
    store.claim(&colleague, &ticket.id, &now()).await.unwrap();
    store.note(&colleague, &ticket.id, "客户很急", &now()).await.unwrap();
    store.staff_message(&colleague, &ticket.id, message("您好，我是小李"), &now()).await.unwrap();
    let seen = store.events(&scope, &conversation.id, 0, 100).await.unwrap();
    let kinds: Vec<&str> = seen.iter().map(|event| event.kind.as_str()).collect();
    assert_eq!(kinds, ["message", "message", "state", "handoff", "state", "message"]);
    assert_eq!(seen[1].body["text"], "好的。");
    assert_eq!(seen[5].body["name"], "小李");
    // From wherever the stream was cut off, the rest follows.
    for cut in 0..seen.len() {
        let rest = store.events(&scope, &conversation.id, seen[cut].seq, 100).await.unwrap();
        assert_eq!(rest, seen[cut + 1..]);
    }
    let desk = store.desk_events(&staff(), 0, 100).await.unwrap();
    let all: Vec<i64> = desk.iter().map(|event| event.event.seq).collect();
    assert_eq!(all, (1..=desk.len() as i64).collect::<Vec<_>>());
    assert!(desk.iter().any(|event| event.event.kind == "note"));
    assert_eq!(store.last_desk_event(&staff()).await.unwrap(), desk.last().unwrap().number);
    assert_eq!(store.desk_events(&staff(), desk[2].number, 2).await.unwrap(), desk[3..5]);
}

#[tokio::test]
async fn traces_are_for_people_of_the_shop() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let (asked, reply) = asked(&store, &scope, &conversation, "怎么还没到").await;
    store.append_sentence(&scope, &reply, sentence("让您久等了。")).await.unwrap();
    let trace = Trace { emotion: json!({"label": "anxious", "intensity": 0.5}), ..Trace::default() };
    store
        .finish_reply(&scope, &reply, FinishedReply { trace, ..FinishedReply::default() }, &now())
        .await
        .unwrap();
    let own = store.messages(&scope, &conversation.id).await.unwrap();
    assert!(own.iter().all(|message| message.trace.is_none()));
    let all = store.messages_for_staff(&staff(), &conversation.id).await.unwrap();
    assert!(all[1].trace.is_some());
    let emotions = store.emotions(&scope, &conversation.id).await.unwrap();
    assert_eq!((emotions.len(), &emotions[0].message, emotions[0].intensity), (1, &asked, 0.5));
}

#[tokio::test]
async fn an_odd_message_comes_back_as_it_went_in() {
    let (_folder, store) = store().await;
    let scope = customer("客户 '1'; --");
    let conversation = opened(&store, &scope).await;
    for text in ["😀'\"\\\u{200b}", "", "a\nb\tc", &"长".repeat(10_000)] {
        store.append_customer_message(&scope, &conversation.id, message(text), &now()).await.unwrap();
        let last = store.messages(&scope, &conversation.id).await.unwrap().pop().unwrap();
        assert_eq!(last.text, text);
    }
}
