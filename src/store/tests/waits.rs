//! Waits, assignment, tags and coming back: each thing once, in one transaction with its word.

use jiff::SignedDuration;

use super::*;
use crate::actions::PromiseState;
use crate::desk::types::{Assignment, Escalation, HandoffNote, NoteFact, Priority, Ticket, TicketStatus};
use crate::store::{
    AgentWord, DueWait, NewTicket, Owed, Parting, StoreError, TicketFilter, WaitDone, WaitMove, WaitWent,
};
use crate::turn::trace::Trace;
use crate::turn::types::{HandoffMode, HandoffReason};

pub(super) async fn handed_over(store: &Store, scope: &Scope, note: HandoffNote) -> Ticket {
    let conversation = opened(store, scope).await;
    let new = NewTicket {
        conversation: conversation.id,
        reason: HandoffReason::AskedForPerson,
        detail: None,
        mode: HandoffMode::Now,
        priority: Priority::Normal,
        due: now().timestamp(),
        note,
    };
    store.open_ticket(scope, new, &now()).await.unwrap().ticket
}

async fn seen(store: &Store, ticket: &Ticket) -> DueWait {
    let due = store.due_waits(&staff(), 32, &now()).await.unwrap();
    due.into_iter().find(|wait| wait.ticket.id == ticket.id).expect("it waits")
}

async fn done(store: &Store, ticket: &Ticket, done: WaitDone) -> WaitWent {
    let step = WaitMove { done, said: None, told_ahead: None };
    store.move_wait(&staff(), &seen(store, ticket).await, step, &now()).await.unwrap()
}

async fn reread(store: &Store, ticket: &Ticket) -> Ticket {
    store.ticket(&staff(), &ticket.id).await.unwrap().ticket
}

fn begun(assignment: Assignment) -> WaitDone {
    let reopens_since = now().timestamp() - SignedDuration::from_hours(24 * 7);
    WaitDone::Begun { assignment, reopens_since, high_value: Some(100_000) }
}

#[tokio::test]
async fn a_word_and_its_promise_are_written_once() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let ticket = handed_over(&store, &scope, HandoffNote::default()).await;
    let looked = seen(&store, &ticket).await;
    let due = now().timestamp() + SignedDuration::from_hours(4);
    let sentence =
        SentenceTrace { text: "慢了".into(), goal: Goal::Commit, by: By::Wording, evidence: Vec::new() };
    let owed = Owed { kind: "callback".into(), due, remind_before: SignedDuration::from_mins(30) };
    let step = WaitMove {
        done: WaitDone::OfferedCallBack(owed),
        said: Some((sentence, Trace::default())),
        told_ahead: None,
    };
    let went = store.move_wait(&staff(), &looked, step.clone(), &now()).await.unwrap();
    assert!(matches!(went, WaitWent::Said(_)));
    // Whoever has seen the same wait comes too late.
    assert_eq!(store.move_wait(&staff(), &looked, step.clone(), &now()).await.unwrap(), WaitWent::Gone);
    let promises = store.promises(&staff(), &ticket.conversation).await.unwrap();
    assert_eq!(promises.len(), 1);
    assert_eq!((promises[0].due, promises[0].ticket.as_ref()), (due, Some(&ticket.id)));
    let messages = store.messages(&scope, &ticket.conversation).await.unwrap();
    assert_eq!(messages.len(), 1);
    // The first word of a person keeps it.
    let colleague = agent("小李");
    store.claim(&colleague, &ticket.id, &now()).await.unwrap();
    store.staff_message(&colleague, &ticket.id, message("我来了"), &now()).await.unwrap();
    let promises = store.promises(&staff(), &ticket.conversation).await.unwrap();
    assert_eq!(promises[0].state, PromiseState::Kept);
    // Nobody waits any more, so nothing is left to look at.
    assert!(store.due_waits(&staff(), 32, &now()).await.unwrap().is_empty());
}

#[tokio::test]
async fn people_are_called_and_the_ticket_says_so() {
    let (_folder, store) = store().await;
    let ticket = handed_over(&store, &customer("c1"), HandoffNote::default()).await;
    for (to, priority, action) in [
        (Escalation::Group, Priority::High, "remind_group"),
        (Escalation::Lead, Priority::Urgent, "call_lead"),
    ] {
        done(&store, &ticket, WaitDone::Escalated(to)).await;
        let now = reread(&store, &ticket).await;
        assert_eq!((now.escalation, now.priority), (to, priority));
        let audit = store.audit_log(&staff(), ticket.id.as_str()).await.unwrap();
        assert_eq!(audit.iter().filter(|line| line.action == action).count(), 1);
    }
}

#[tokio::test]
async fn a_dear_order_and_a_matter_that_comes_back_are_not_kept_waiting() {
    let (_folder, store) = store().await;
    let order = |id: &str| NoteFact { id: format!("order:{id}"), title: String::new(), text: String::new() };
    let about = |id: &str, value: i64| HandoffNote {
        orders: vec![order(id)],
        value: Some(value),
        ..HandoffNote::default()
    };
    let scope = customer("c1");
    let dear = handed_over(&store, &scope, about("1", 100_000)).await;
    done(&store, &dear, begun(Assignment::Manual)).await;
    let kept = reread(&store, &dear).await;
    assert_eq!((kept.priority, kept.reopens), (Priority::High, None));
    let colleague = agent("小李");
    store.claim(&colleague, &dear.id, &now()).await.unwrap();
    store.resolve(&colleague, &dear.id, &now()).await.unwrap();
    for (who, about, reopens) in [
        (&scope, about("1", 5_000), Some(dear.id.clone())),
        (&scope, about("2", 5_000), None),
        (&customer("c2"), about("1", 5_000), None),
    ] {
        let ticket = handed_over(&store, who, about).await;
        done(&store, &ticket, begun(Assignment::Manual)).await;
        let kept = reread(&store, &ticket).await;
        assert_eq!(kept.reopens, reopens);
        assert_eq!(kept.priority, if reopens.is_some() { Priority::High } else { Priority::Normal });
    }
}

#[tokio::test]
async fn who_is_there_gets_what_is_theirs_to_take() {
    let (_folder, store) = store().await;
    let first = handed_over(&store, &customer("c0"), HandoffNote::default()).await;
    done(&store, &first, begun(Assignment::RoundRobin)).await;
    assert_eq!(reread(&store, &first).await.assignee, None, "nobody has been at the desk");
    for name in ["小李", "小林"] {
        let ticket = handed_over(&store, &customer(name), HandoffNote::default()).await;
        store.claim(&agent(name), &ticket.id, &now()).await.unwrap();
        store.resolve(&agent(name), &ticket.id, &now()).await.unwrap();
    }
    let mut assigned = Vec::new();
    for number in 0..4 {
        let ticket = handed_over(&store, &customer(&format!("r{number}")), HandoffNote::default()).await;
        done(&store, &ticket, begun(Assignment::RoundRobin)).await;
        assigned.extend(reread(&store, &ticket).await.assignee);
    }
    assert_eq!(
        (assigned[0] != assigned[1], &assigned[..2]),
        (true, &assigned[2..]),
        "by turns: {assigned:?}"
    );
    // Whoever has less gets the next one.
    let filter = TicketFilter { agent: Some("小李".into()), ..TicketFilter::default() };
    let theirs = store.tickets(&staff(), &filter).await.unwrap();
    for ticket in theirs.iter().filter(|ticket| ticket.status == TicketStatus::Open) {
        store.assign(&staff(), &ticket.id, Some("小林".into()), &now()).await.unwrap();
    }
    let ticket = handed_over(&store, &customer("load"), HandoffNote::default()).await;
    done(&store, &ticket, begun(Assignment::ByLoad)).await;
    assert_eq!(reread(&store, &ticket).await.assignee.as_deref(), Some("小李"));
    // Whoever has a ticket passes it on; it is not taken away.
    store.claim(&agent("小李"), &ticket.id, &now()).await.unwrap();
    let taken = store.assign(&staff(), &ticket.id, Some("小林".into()), &now()).await;
    assert!(matches!(taken, Err(StoreError::Conflict(message)) if message.contains("小李")));
}

#[tokio::test]
async fn tickets_are_found_by_tag_person_words_and_customer() {
    let (_folder, store) = store().await;
    let scope = customer("cus_77");
    let ticket = handed_over(&store, &scope, HandoffNote::default()).await;
    store
        .append_customer_message(&scope, &ticket.conversation, message("羽绒服掉毛 ABC"), &now())
        .await
        .unwrap();
    handed_over(&store, &customer("other"), HandoffNote::default()).await;
    let tags = vec!["换货".to_owned(), "vip".to_owned(), "vip".to_owned()];
    let tagged = store.tag(&agent("小李"), &ticket.id, tags, &now()).await.unwrap();
    assert_eq!(tagged.tags, ["vip", "换货"]);
    assert_eq!(reread(&store, &ticket).await.tags, tagged.tags);
    let all = TicketFilter::default;
    let check = async |filter: TicketFilter, found: bool| {
        let ids: Vec<_> = store.tickets(&staff(), &filter).await.unwrap().into_iter().map(|t| t.id).collect();
        assert_eq!(ids, Vec::from_iter(found.then(|| ticket.id.clone())), "{filter:?}");
    };
    check(TicketFilter { tag: Some("vip".into()), ..all() }, true).await;
    check(TicketFilter { tag: Some("vi".into()), ..all() }, false).await;
    check(TicketFilter { text: Some("掉毛 abc".into()), ..all() }, true).await;
    check(TicketFilter { text: Some("us_7".into()), ..all() }, true).await;
    check(TicketFilter { text: Some("%".into()), ..all() }, false).await;
    check(TicketFilter { agent: Some("小李".into()), ..all() }, false).await;
    store.assign(&staff(), &ticket.id, Some("小李".into()), &now()).await.unwrap();
    check(TicketFilter { agent: Some("小李".into()), ..all() }, true).await;
    store.tag(&agent("小李"), &ticket.id, Vec::new(), &now()).await.unwrap();
    check(TicketFilter { tag: Some("vip".into()), ..all() }, false).await;
}

/// What an agent has promised is still that agent's when the assistant answers again.
#[tokio::test]
async fn a_word_outlives_giving_back() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    for name in ["小李", "小林"] {
        let ticket = handed_over(&store, &scope, HandoffNote::default()).await;
        let colleague = agent(name);
        store.claim(&colleague, &ticket.id, &now()).await.unwrap();
        let due = now().timestamp() + SignedDuration::from_hours(4);
        let word = AgentWord { due, remind_before: SignedDuration::from_mins(30) };
        let said = (message("下午给您答复"), Some(word));
        store.staff_promise(&colleague, &ticket.id, said, &now()).await.unwrap();
        store.return_to_bot(&colleague, &ticket.id, Parting::default(), &now()).await.unwrap();
        let promise = store.promises(&staff(), &ticket.conversation).await.unwrap().pop().unwrap();
        let work = promise.ticket.clone().unwrap();
        assert_ne!(work, ticket.id);
        let kept = store.ticket(&staff(), &work).await.unwrap().ticket;
        assert_eq!((kept.status, kept.agent.as_deref(), kept.due), (TicketStatus::Claimed, Some(name), due));
        assert_eq!(kept.mode, HandoffMode::Async, "the assistant goes on answering");
        store.staff_message(&colleague, &work, message("查到了"), &now()).await.unwrap();
        let promise = store.promises(&staff(), &ticket.conversation).await.unwrap().pop().unwrap();
        assert_eq!(promise.state, PromiseState::Kept);
        store.resolve(&colleague, &work, &now()).await.unwrap();
    }
}
