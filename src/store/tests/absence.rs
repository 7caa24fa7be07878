//! Places in the queue: whoever moves up hears it once.

use jiff::SignedDuration;

use super::waits::handed_over;
use super::*;
use crate::desk::types::{Assignment, HandoffNote, Ticket};
use crate::desk::wait::NextLook;
use crate::store::{DueWait, WaitDone, WaitMove, WaitWent};
use crate::turn::trace::Trace;

fn said(text: &str) -> Option<(SentenceTrace, Trace)> {
    let sentence =
        SentenceTrace { text: text.into(), goal: Goal::Handoff, by: By::Wording, evidence: Vec::new() };
    Some((sentence, Trace::default()))
}

async fn waiting(store: &Store, ticket: &Ticket, at: &Now) -> Option<DueWait> {
    let due = store.due_waits(&staff(), 32, at).await.unwrap();
    due.into_iter().find(|wait| wait.ticket.id == ticket.id)
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
