//! Tickets: one for now, one agent, legal moves, everything in the audit.

use super::*;
use crate::actions::PromiseState;
use crate::desk::types::{ConversationState, HandoffNote, Priority, TicketStatus};
use crate::identity::TicketId;
use crate::store::{AgentWord, NewTicket, OpenedTicket, Parting, StoreError, TicketFilter};
use crate::turn::types::{HandoffMode, HandoffReason};

fn new(conversation: &Conversation, mode: HandoffMode, due: &str) -> NewTicket {
    NewTicket {
        conversation: conversation.id.clone(),
        reason: HandoffReason::AskedForPerson,
        detail: None,
        mode,
        priority: Priority::Normal,
        due: due.parse().unwrap(),
        note: HandoffNote { wish: format!("due {due}"), ..HandoffNote::default() },
    }
}

const DUE: &str = "2026-11-20T06:15:00Z";

async fn open(store: &Store, scope: &Scope, ticket: NewTicket) -> OpenedTicket {
    store.open_ticket(scope, ticket, &now()).await.unwrap()
}

fn refused<T: std::fmt::Debug>(result: Result<T, StoreError>, because: &str) {
    match result {
        Err(StoreError::Conflict(message)) => assert!(message.contains(because), "{message}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_ticket_for_now_takes_the_conversation_along() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let first = open(&store, &scope, new(&conversation, HandoffMode::Now, DUE)).await;
    assert!(first.is_new);
    assert_eq!(first.conversation.state, ConversationState::Waiting);
    let handoff = store.current_handoff(&scope, &conversation.id).await.unwrap().unwrap();
    assert_eq!(handoff.ticket, first.ticket.id);
    // Asking again makes it more urgent, and nothing else: the note is the newer one, the due time the earlier.
    let later = new(&conversation, HandoffMode::Now, "2026-11-20T07:00:00Z");
    let again = open(&store, &scope, later.clone()).await;
    assert_eq!(
        (again.is_new, &again.ticket.id, again.ticket.priority),
        (false, &first.ticket.id, Priority::High)
    );
    assert_eq!(again.ticket.due, first.ticket.due);
    assert_eq!(again.ticket.note.wish, "due 2026-11-20T07:00:00Z");
    assert_eq!(open(&store, &scope, later.clone()).await.ticket.priority, Priority::Urgent);
    assert_eq!(open(&store, &scope, later.clone()).await.ticket.priority, Priority::Urgent);
    let colleague = agent("小李");
    let claimed = store.claim(&colleague, &first.ticket.id, &now()).await.unwrap();
    assert_eq!((claimed.status, claimed.agent.as_deref()), (TicketStatus::Claimed, Some("小李")));
    let state = async || store.conversation(&scope, &conversation.id).await.unwrap().state;
    assert_eq!(state().await, ConversationState::Human);
    // The agent has read the note; it is not changed any more, and nobody else is woken.
    assert_eq!(
        open(&store, &scope, new(&conversation, HandoffMode::Now, DUE)).await.ticket.note,
        claimed.note
    );
    assert_eq!(state().await, ConversationState::Human);
    store.return_to_bot(&colleague, &first.ticket.id, Parting::default(), &now()).await.unwrap();
    assert_eq!(state().await, ConversationState::Bot);
    assert_eq!(store.current_handoff(&scope, &conversation.id).await.unwrap(), None);
    let second = open(&store, &scope, new(&conversation, HandoffMode::Now, DUE)).await;
    assert!(second.is_new);
    assert_eq!(store.tickets(&staff(), &TicketFilter::default()).await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_ticket_for_later_leaves_the_conversation_with_the_assistant() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let ticket = open(&store, &scope, new(&conversation, HandoffMode::Async, DUE)).await;
    assert_eq!(ticket.conversation.state, ConversationState::Bot);
    assert_eq!(store.current_handoff(&scope, &conversation.id).await.unwrap(), None);
    // The same matter again is the same ticket; another detail is another ticket.
    assert!(!open(&store, &scope, new(&conversation, HandoffMode::Async, DUE)).await.is_new);
    let other = NewTicket { detail: Some("trace".into()), ..new(&conversation, HandoffMode::Async, DUE) };
    assert!(open(&store, &scope, other).await.is_new);
    let colleague = agent("小李");
    store.claim(&colleague, &ticket.ticket.id, &now()).await.unwrap();
    store.staff_message(&colleague, &ticket.ticket.id, message("查到了"), &now()).await.unwrap();
    store.resolve(&colleague, &ticket.ticket.id, &now()).await.unwrap();
    assert_eq!(store.conversation(&scope, &conversation.id).await.unwrap().state, ConversationState::Bot);
}

#[tokio::test]
async fn a_word_of_an_agent_is_owed_until_the_next_one() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let ticket = open(&store, &scope, new(&conversation, HandoffMode::Now, DUE)).await.ticket.id;
    let colleague = agent("小李");
    store.claim(&colleague, &ticket, &now()).await.unwrap();
    let due = now().timestamp() + jiff::SignedDuration::from_hours(4);
    let word = AgentWord { due, remind_before: jiff::SignedDuration::from_mins(30) };
    let said = (message("下午给您答复"), Some(word));
    store.staff_promise(&colleague, &ticket, said, &now()).await.unwrap();
    let states = async || {
        let promises = store.promises(&colleague, &conversation.id).await.unwrap();
        promises.into_iter().map(|promise| (promise.by, promise.due, promise.state)).collect::<Vec<_>>()
    };
    assert_eq!(states().await, [("小李".to_owned(), due, PromiseState::Open)]);
    store.staff_message(&colleague, &ticket, message("查到了"), &now()).await.unwrap();
    assert_eq!(states().await, [("小李".to_owned(), due, PromiseState::Kept)]);
}

#[tokio::test]
async fn only_the_agent_who_has_it_moves_a_ticket() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let id = open(&store, &scope, new(&conversation, HandoffMode::Now, DUE)).await.ticket.id;
    let (mine, other) = (agent("小李"), agent("小王"));
    refused(store.staff_message(&mine, &id, message("您好"), &now()).await, "claim it first");
    refused(store.return_to_bot(&mine, &id, Parting::default(), &now()).await, "claim it first");
    refused(store.resolve(&mine, &id, &now()).await, "claim it first");
    store.claim(&mine, &id, &now()).await.unwrap();
    assert_eq!(store.claim(&mine, &id, &now()).await.unwrap().agent.as_deref(), Some("小李"));
    refused(store.claim(&other, &id, &now()).await, "小李");
    refused(store.staff_message(&other, &id, message("您好"), &now()).await, "小李");
    refused(store.return_to_bot(&other, &id, Parting::default(), &now()).await, "小李");
    refused(store.resolve(&other, &id, &now()).await, "小李");
    // Anybody may leave a note.
    store.note(&other, &id, "老客户", &now()).await.unwrap();
    let sent = store.staff_message(&mine, &id, named("s1", "您好"), &now()).await.unwrap();
    assert_eq!(store.staff_message(&mine, &id, named("s1", "您好"), &now()).await.unwrap().id, sent.id);
    store.resolve(&mine, &id, &now()).await.unwrap();
    refused(store.resolve(&mine, &id, &now()).await, "resolved");
    refused(store.claim(&mine, &id, &now()).await, "resolved");
    let detail = store.ticket(&staff(), &id).await.unwrap();
    assert_eq!(detail.ticket.status, TicketStatus::Resolved);
    assert_eq!(detail.history.iter().filter(|message| message.name.as_deref() == Some("小李")).count(), 1);
    assert_eq!(detail.notes[0].text, "老客户");
    let log = store.audit_log(&staff(), id.as_str()).await.unwrap();
    let done: Vec<(&str, &str)> =
        log.iter().map(|entry| (entry.actor.as_str(), entry.action.as_str())).collect();
    assert_eq!(
        done,
        [
            ("assistant", "open_ticket"),
            ("小李", "claim"),
            ("小王", "note"),
            ("小李", "message"),
            ("小李", "resolve")
        ]
    );
    let unknown = store.claim(&mine, &TicketId::generate(), &now()).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })));
    let other_shop = StaffScope { shop: ShopId::new("other").unwrap(), actor: "小李".into() };
    assert!(matches!(store.ticket(&other_shop, &id).await, Err(StoreError::NotFound { .. })));
    assert!(matches!(store.note(&other_shop, &id, "x", &now()).await, Err(StoreError::NotFound { .. })));
}

#[tokio::test]
async fn of_two_agents_who_claim_at_once_one_gets_it() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let id = open(&store, &scope, new(&conversation, HandoffMode::Now, DUE)).await.ticket.id;
    let agents: Vec<StaffScope> = (0..8).map(|number| agent(&format!("a{number}"))).collect();
    let moment = now();
    let claims =
        futures_util::future::join_all(agents.iter().map(|agent| store.claim(agent, &id, &moment))).await;
    assert_eq!(claims.iter().filter(|claim| claim.is_ok()).count(), 1);
}

#[tokio::test]
async fn tickets_are_listed_by_what_is_asked() {
    let (_folder, store) = store().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let scope = customer(&format!("c{number}"));
        let conversation = opened(&store, &scope).await;
        let reason = if number % 2 == 0 { HandoffReason::AskedForPerson } else { HandoffReason::NoEvidence };
        let ticket = NewTicket { reason, ..new(&conversation, HandoffMode::Now, DUE) };
        ids.push(open(&store, &scope, ticket).await.ticket.id);
    }
    store.claim(&agent("小李"), &ids[1], &now()).await.unwrap();
    store.claim(&agent("小王"), &ids[2], &now()).await.unwrap();
    let check = async |filter: TicketFilter, expected: &[usize]| {
        let found = store.tickets(&staff(), &filter).await.unwrap();
        let found: Vec<usize> =
            found.iter().map(|ticket| ids.iter().position(|id| *id == ticket.id).unwrap()).collect();
        assert_eq!(found, expected, "{filter:?}");
    };
    let all = TicketFilter::default;
    check(all(), &[4, 3, 2, 1, 0]).await;
    check(TicketFilter { status: Some(TicketStatus::Open), ..all() }, &[0, 3, 4]).await;
    check(TicketFilter { reason: Some(HandoffReason::NoEvidence), ..all() }, &[3, 1]).await;
    check(TicketFilter { agent: Some("小李".into()), ..all() }, &[1]).await;
    check(TicketFilter { limit: Some(2), ..all() }, &[4, 3]).await;
    check(TicketFilter { limit: Some(2), before: Some(ids[3].clone()), ..all() }, &[2, 1]).await;
    let both =
        TicketFilter { status: Some(TicketStatus::Open), reason: Some(HandoffReason::NoEvidence), ..all() };
    check(both, &[3]).await;
}

#[tokio::test]
async fn the_queue_is_counted_and_timed_from_what_happened() {
    let (_folder, store) = store().await;
    let counts = async |conversation: Option<&Conversation>| {
        let counts = store
            .desk_counts(&staff(), conversation.map(|it| &it.id), &at("2026-11-20T02:30:00Z"))
            .await
            .unwrap();
        (counts.ahead, counts.milliseconds_a_place)
    };
    assert_eq!(counts(None).await, (0, None));
    let mut waiting = Vec::new();
    for number in 0..3 {
        let scope = customer(&format!("c{number}"));
        let conversation = opened(&store, &scope).await;
        let id = open(&store, &scope, new(&conversation, HandoffMode::Now, DUE)).await.ticket.id;
        waiting.push((scope, conversation, id));
    }
    // Tickets for later do not stand in the queue.
    open(&store, &waiting[0].0, new(&waiting[0].1, HandoffMode::Async, DUE)).await;
    assert_eq!(counts(None).await, (3, None));
    assert_eq!(counts(Some(&waiting[2].1)).await, (2, None));
    assert_eq!(counts(Some(&waiting[0].1)).await, (0, None));
    // The more urgent one comes first.
    open(&store, &waiting[2].0, new(&waiting[2].1, HandoffMode::Now, DUE)).await;
    assert_eq!(counts(Some(&waiting[2].1)).await, (0, None));
    assert_eq!(counts(Some(&waiting[0].1)).await, (1, None));
    // The first had nobody before it and waited 2 minutes, the second one and waited 4: two minutes a place.
    store.claim(&agent("a"), &waiting[0].2, &at("2026-11-20T02:14:00Z")).await.unwrap();
    store.claim(&agent("a"), &waiting[1].2, &at("2026-11-20T02:16:00Z")).await.unwrap();
    assert_eq!(counts(None).await, (1, Some(120_000)));
    // Claims of long ago say nothing about now.
    let stale = store.desk_counts(&staff(), None, &at("2026-11-20T05:00:00Z")).await.unwrap();
    assert_eq!(stale.milliseconds_a_place, None);
}

/// Where more people wait than are listed, those who wait longest and most urgently are among them.
#[tokio::test]
async fn whoever_waits_longest_does_not_fall_off_the_list() {
    let (_folder, store) = store().await;
    let mut waiting = Vec::new();
    for number in 0..4 {
        let scope = customer(&format!("c{number}"));
        let conversation = opened(&store, &scope).await;
        let priority = if number == 2 { Priority::Urgent } else { Priority::Normal };
        let ticket = NewTicket { priority, ..new(&conversation, HandoffMode::Now, DUE) };
        waiting.push(open(&store, &scope, ticket).await.ticket.id);
    }
    let listed = async |status: Option<TicketStatus>| -> Vec<TicketId> {
        let filter = TicketFilter { status, limit: Some(2), ..TicketFilter::default() };
        store.tickets(&staff(), &filter).await.unwrap().into_iter().map(|ticket| ticket.id).collect()
    };
    assert_eq!(listed(Some(TicketStatus::Open)).await, [waiting[2].clone(), waiting[0].clone()]);
    assert_eq!(listed(None).await, [waiting[3].clone(), waiting[2].clone()], "all of them, the newest first");
    for ticket in &waiting {
        store.claim(&agent("小李"), ticket, &now()).await.unwrap();
        store.resolve(&agent("小李"), ticket, &now()).await.unwrap();
    }
    assert_eq!(listed(Some(TicketStatus::Resolved)).await, [waiting[3].clone(), waiting[2].clone()]);
}

/// A desk and a shop's page may both count their messages from one.
#[tokio::test]
async fn an_id_of_the_customer_is_refused_to_the_agent_with_a_reason() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    store.append_customer_message(&scope, &conversation.id, named("1", "在吗"), &now()).await.unwrap();
    let ticket = open(&store, &scope, new(&conversation, HandoffMode::Now, DUE)).await.ticket.id;
    store.claim(&agent("小李"), &ticket, &now()).await.unwrap();
    refused(store.staff_message(&agent("小李"), &ticket, named("1", "在的"), &now()).await, "`1` is taken");
    store.staff_message(&agent("小李"), &ticket, named("2", "在的"), &now()).await.unwrap();
}
