//! Agents who are gone, and places in the queue: each ticket falls back once with its word, and whoever moves up hears it once.

use jiff::SignedDuration;

use super::waits::handed_over;
use super::*;
use crate::desk::types::{Assignment, ConversationState, Escalation, HandoffNote, Ticket, TicketStatus};
use crate::desk::wait::NextLook;
use crate::store::{DueWait, FallenBack, WaitDone, WaitMove, WaitWent};
use crate::turn::trace::Trace;

fn said(text: &str) -> Option<(SentenceTrace, Trace)> {
    let sentence =
        SentenceTrace { text: text.into(), goal: Goal::Handoff, by: By::Wording, evidence: Vec::new() };
    Some((sentence, Trace::default()))
}

fn fallen() -> FallenBack {
    FallenBack {
        due: None,
        announced: now().timestamp(),
        assignment: Assignment::Manual,
        said: said("同事不在线"),
    }
}

async fn watched(store: &Store) -> Vec<Ticket> {
    store.owed_by_watched(&staff()).await.unwrap()
}

/// A ticket that 小李 has with the desk open, behind one that nobody has.
async fn held(store: &Store) -> (Ticket, Ticket) {
    let before = handed_over(store, &customer("before"), HandoffNote::default()).await;
    let ticket = handed_over(store, &customer("c1"), HandoffNote::default()).await;
    store.claim(&agent("小李"), &ticket.id, &now()).await.unwrap();
    assert!(watched(store).await.is_empty(), "who has not opened the desk is not missed");
    store.watch_tickets(&agent("小李")).await.unwrap();
    (before, ticket)
}

async fn waiting(store: &Store, ticket: &Ticket, at: &Now) -> Option<DueWait> {
    let due = store.due_waits(&staff(), 32, at).await.unwrap();
    due.into_iter().find(|wait| wait.ticket.id == ticket.id)
}

#[tokio::test]
async fn a_ticket_falls_back_once_and_comes_first_of_its_kind() {
    let (_folder, store) = store().await;
    let (before, ticket) = held(&store).await;
    assert_eq!(store.ahead_of_head(&staff(), &ticket).await.unwrap(), 0);
    let seen = watched(&store).await.pop().expect("the customer waits for the first word");
    assert_eq!(seen.id, ticket.id);
    let went = store.fall_back(&staff(), &seen, fallen(), &now()).await.unwrap();
    assert!(matches!(went, WaitWent::Said(_)), "{went:?}");
    assert_eq!(store.fall_back(&staff(), &seen, fallen(), &now()).await.unwrap(), WaitWent::Gone);
    let detail = store.ticket(&staff(), &ticket.id).await.unwrap();
    let kept = &detail.ticket;
    assert_eq!((kept.status, kept.agent.as_deref()), (TicketStatus::Open, None));
    assert_eq!((kept.assignee.as_deref(), kept.goes_first), (None, true), "whoever is free takes it");
    assert_eq!((kept.priority, kept.escalation), (ticket.priority, Escalation::Nobody));
    assert_eq!(detail.conversation.state, ConversationState::Waiting);
    assert_eq!(detail.history.len(), 1);
    let audit = store.audit_log(&staff(), ticket.id.as_str()).await.unwrap();
    let lines: Vec<_> = audit.iter().filter(|line| line.action == "fall_back").collect();
    assert_eq!((lines.len(), lines[0].detail.as_str()), (1, "小李"));
    // It stands before those that came earlier, and what is told of places agrees with the queue.
    assert_eq!(store.queue(&staff()).await.unwrap(), [ticket.id.clone(), before.id.clone()]);
    for (one, ahead) in [(&ticket, 0), (&before, 1)] {
        let counts = store.desk_counts(&staff(), Some(&one.conversation), &now()).await.unwrap();
        assert_eq!(counts.ahead, ahead);
    }
    let begun = waiting(&store, &ticket, &now()).await.expect("a new wait begins");
    assert_eq!((begun.wait.steps, begun.wait.updates), (0, 0));
    // Whoever takes it next is missed only with the desk open.
    let claimed = store.claim(&agent("小李"), &ticket.id, &now()).await.unwrap();
    assert!(!claimed.goes_first);
    assert!(watched(&store).await.is_empty());
}

#[tokio::test]
async fn only_whoever_a_customer_waits_for_is_missed() {
    let (_folder, store) = store().await;
    let (_, ticket) = held(&store).await;
    let seen = watched(&store).await.pop().unwrap();
    store.staff_message(&agent("小李"), &ticket.id, message("我看一下"), &now()).await.unwrap();
    assert!(watched(&store).await.is_empty(), "the customer has a word");
    assert_eq!(store.fall_back(&staff(), &seen, fallen(), &now()).await.unwrap(), WaitWent::Gone);
    let later = at("2026-11-20T02:20:00Z");
    let scope = customer("c1");
    store.append_customer_message(&scope, &ticket.conversation, message("那快点"), &later).await.unwrap();
    assert_eq!(watched(&store).await.len(), 1);
    // What was seen before the customer wrote again is not what stands there now.
    assert_eq!(store.fall_back(&staff(), &seen, fallen(), &later).await.unwrap(), WaitWent::Gone);
    let until = later.timestamp() + SignedDuration::from_hours(1);
    store.snooze(&agent("小李"), &ticket.id, until, &later).await.unwrap();
    assert!(watched(&store).await.is_empty(), "who has put it off comes back to it");
}

#[tokio::test]
async fn who_moves_up_is_looked_at_in_time_and_hears_it_once() {
    let (_folder, store) = store().await;
    let first = handed_over(&store, &customer("c1"), HandoffNote::default()).await;
    let second = handed_over(&store, &customer("c2"), HandoffNote::default()).await;
    let later = |seconds: i64| {
        let moment = now().timestamp() + SignedDuration::from_secs(seconds);
        Now::new(moment, now().zoned().time_zone().clone())
    };
    let begun = WaitDone::Begun {
        assignment: Assignment::Manual,
        reopens_since: now().timestamp(),
        high_value: None,
    };
    let step = |done, said, ahead| WaitMove { done, said, told_ahead: Some(ahead) };
    let seen = waiting(&store, &second, &now()).await.unwrap();
    store.move_wait(&staff(), &seen, step(begun, None, 1), &now()).await.unwrap();
    let seen = waiting(&store, &second, &now()).await.unwrap();
    assert_eq!(seen.wait.told_ahead, Some(1));
    let next = NextLook { at: Some(later(180).timestamp()), when_moved: Some(later(60).timestamp()) };
    store.look_at_wait(&seen, next).await.unwrap();
    assert!(waiting(&store, &second, &later(100)).await.is_none(), "nobody has left the queue");
    store.claim(&agent("小李"), &first.id, &later(20)).await.unwrap();
    assert!(waiting(&store, &second, &later(59)).await.is_none());
    let seen = waiting(&store, &second, &later(60)).await.expect("it is looked at");
    let moved = || step(WaitDone::MovedUp, said("前面没有人了"), 0);
    let went = store.move_wait(&staff(), &seen, moved(), &later(60)).await.unwrap();
    assert!(matches!(went, WaitWent::Said(_)));
    assert_eq!(store.move_wait(&staff(), &seen, moved(), &later(60)).await.unwrap(), WaitWent::Gone);
    let now_told = waiting(&store, &second, &later(60)).await.unwrap();
    assert_eq!((now_told.wait.told_ahead, now_told.wait.moved_up, now_told.wait.updates), (Some(0), 1, 0));
    // What an answer tells meanwhile counts as told, and a step that was decided before comes too late.
    store.heard_while_waiting(&second.conversation, Some(4)).await.unwrap();
    assert_eq!(store.move_wait(&staff(), &now_told, moved(), &later(60)).await.unwrap(), WaitWent::Gone);
    assert_eq!(waiting(&store, &second, &later(60)).await.unwrap().wait.told_ahead, Some(4));
    // An answer that says nothing of the queue leaves what was told before.
    store.heard_while_waiting(&second.conversation, None).await.unwrap();
    assert_eq!(waiting(&store, &second, &later(60)).await.unwrap().wait.told_ahead, Some(4));
    assert_eq!(store.messages(&customer("c2"), &second.conversation).await.unwrap().len(), 1);
}
