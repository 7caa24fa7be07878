//! Actions and promises: everything of a turn or nothing, one open action for the same wish, each word said once.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::actions::{Action, ActionResult, ActionState, BackedBy, Executor, Outcome, PromiseState};
use crate::desk::types::{ConversationState, HandoffNote, Priority, TicketStatus};
use crate::identity::ConversationId;
use crate::store::{
    Brought, Cancelling, FollowUp, FollowUpStep, FollowedUp, NewAction, NewPromise, NewTicket, Parting,
    ResultTaken, Seen, TicketFilter, ToPerson, Undertaken, Undertaking,
};
use crate::turn::trace::Trace;
use crate::turn::types::{HandoffMode, HandoffReason};

const DUE: &str = "2026-11-20T06:15:00Z";

fn due() -> Timestamp {
    DUE.parse().unwrap()
}

fn task(conversation: &ConversationId, detail: &str) -> NewTicket {
    NewTicket {
        conversation: conversation.clone(),
        reason: HandoffReason::ComplexAfterSale,
        detail: Some(detail.to_owned()),
        mode: HandoffMode::Async,
        priority: Priority::Normal,
        due: due(),
        note: HandoffNote::default(),
    }
}

fn trace(by: Executor) -> Brought {
    let args = json!({ "order": "1", "parcel": "SF1" });
    Brought::ByNew(NewAction {
        kind: "trace_parcel".into(),
        args: args.as_object().unwrap().clone(),
        identity: "trace_parcel order=1 parcel=SF1".into(),
        confirmed: false,
        by,
        due: due(),
    })
}

async fn undertake(
    store: &Store,
    scope: &Scope,
    conversation: &ConversationId,
    (kind, brought): (&str, Brought),
    now: &Now,
) -> Undertaken {
    let promise = NewPromise {
        kind: kind.into(),
        due: due().max(now.timestamp() + SignedDuration::from_hours(4)),
        brought,
        task: task(conversation, kind),
    };
    let undertaking = Undertaking {
        conversation: conversation.clone(),
        handoff: None,
        promises: vec![promise],
        flows: Vec::new(),
        remind_before: SignedDuration::from_mins(30),
    };
    store.undertake(scope, undertaking, now).await.unwrap()
}

fn result(text: &str) -> ActionResult {
    ActionResult { outcome: Outcome::Done, text: Some(text.into()), order: None, parcel: None }
}

fn word(promise: &crate::actions::Promise, step: FollowUpStep) -> FollowUp {
    let sentence = SentenceTrace {
        text: "查件有结果了。".into(),
        goal: Goal::Answer,
        by: By::Wording,
        evidence: Vec::new(),
    };
    FollowUp {
        promise: promise.id.clone(),
        seen: Seen::of(promise),
        step,
        sentence,
        trace: Trace::default(),
        remind_before: SignedDuration::from_mins(30),
    }
}

async fn audited(store: &Store, subject: &str) -> Vec<String> {
    let log = store.audit_log(&staff(), subject).await.unwrap();
    log.into_iter().map(|entry| entry.action).collect()
}

async fn one(store: &Store, conversation: &ConversationId) -> (Action, crate::actions::Promise) {
    let actions = store.actions(&staff(), conversation).await.unwrap();
    let promises = store.promises(&staff(), conversation).await.unwrap();
    (actions.into_iter().next_back().unwrap(), promises.into_iter().next_back().unwrap())
}

#[tokio::test]
async fn the_same_wish_is_one_action_wherever_it_is_told() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let (here, there) = (opened(&store, &scope).await.id, opened(&store, &scope).await.id);
    let by_system = || ("trace_reply", trace(Executor::ShopSystem));
    let first = undertake(&store, &scope, &here, by_system(), &now()).await;
    assert_eq!(first.commitments[0].backed_by, BackedBy::Action(first.actions[0].id.clone()));
    assert_eq!(first.commitments[0].due, due());
    let again = undertake(&store, &scope, &here, by_system(), &at("2026-11-20T03:00:00Z")).await;
    assert_eq!(again.actions[0].id, first.actions[0].id);
    assert_eq!(again.commitments[0].due, due(), "the word that was given stands");
    let elsewhere = undertake(&store, &scope, &there, by_system(), &now()).await;
    assert_eq!(elsewhere.actions[0].id, first.actions[0].id);
    assert_eq!(store.promises(&staff(), &here).await.unwrap().len(), 1);
    assert_eq!(store.promises(&staff(), &there).await.unwrap().len(), 1, "both wait for it");
    assert!(store.tickets(&staff(), &TicketFilter::default()).await.unwrap().is_empty());
    let (actions, promises) = store.standing(&scope, &there).await.unwrap();
    assert_eq!((actions.len(), promises.len()), (1, 1));
    assert!(
        store.standing(&customer("c2"), &there).await.unwrap().1.len() == 1,
        "a conversation knows its own"
    );
    assert_eq!(audited(&store, first.actions[0].id.as_str()).await, ["request_action"]);
}

#[tokio::test]
async fn what_a_turn_takes_on_is_stored_whole_or_not_at_all() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await.id;
    // The second ticket belongs to a conversation that is not there.
    let nowhere = ConversationId::generate();
    let promises = [(&conversation, "trace_reply"), (&nowhere, "urge_reply")].map(|(of, kind)| NewPromise {
        kind: kind.into(),
        due: due(),
        brought: if kind == "trace_reply" { trace(Executor::Person) } else { Brought::ByPerson },
        task: task(of, kind),
    });
    let undertaking = Undertaking {
        conversation: conversation.clone(),
        handoff: None,
        promises: promises.to_vec(),
        flows: Vec::new(),
        remind_before: SignedDuration::ZERO,
    };
    store.undertake(&scope, undertaking, &now()).await.unwrap_err();
    assert!(store.actions(&staff(), &conversation).await.unwrap().is_empty());
    assert!(store.promises(&staff(), &conversation).await.unwrap().is_empty());
    assert!(store.tickets(&staff(), &TicketFilter::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_result_is_taken_once_and_only_for_its_own_order() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await.id;
    undertake(&store, &scope, &conversation, ("trace_reply", trace(Executor::ShopSystem)), &now()).await;
    let (action, _) = one(&store, &conversation).await;
    let send = async |result| store.take_result(&staff(), &action.id, result, &now()).await.unwrap();
    let foreign = ActionResult { order: Some("2".into()), ..result("在路上") };
    assert_eq!(send(foreign).await, ResultTaken::OfAnother);
    let own = ActionResult { order: Some("1".into()), parcel: Some("SF1".into()), ..result("在路上") };
    assert!(matches!(send(own.clone()).await, ResultTaken::Taken(_)));
    assert!(matches!(send(own).await, ResultTaken::Repeated(_)));
    assert_eq!(send(result("丢了")).await, ResultTaken::Differs);
    let (action, promise) = one(&store, &conversation).await;
    assert_eq!((action.state, promise.state), (ActionState::Done, PromiseState::Open));
    let due_now = store.due_promises(&staff(), 10, &now()).await.unwrap();
    assert!(due_now.len() == 1 && due_now[0].is_answered(), "the customer hears of it at once");
    assert_eq!(
        audited(&store, action.id.as_str()).await,
        ["request_action", "refuse_result", "finish_action", "refuse_result"]
    );
    // What is not wanted any more takes no result, and is owed no longer only where the customer was told.
    undertake(&store, &scope, &conversation, ("trace_reply", trace(Executor::ShopSystem)), &now()).await;
    let (other, _) = one(&store, &conversation).await;
    assert_ne!(other.id, action.id, "what is over may be wanted again");
    let cancelling = |told| Cancelling { why: "the customer has it".into(), told };
    store.cancel_action(&staff(), &other.id, cancelling(true), &now()).await.unwrap();
    let late = store.take_result(&staff(), &other.id, result("在路上"), &now()).await.unwrap();
    assert_eq!(late, ResultTaken::TooLate);
    store.cancel_action(&staff(), &other.id, cancelling(true), &now()).await.unwrap_err();
    assert_eq!(one(&store, &conversation).await.1.state, PromiseState::Kept);
    undertake(&store, &scope, &conversation, ("trace_reply", trace(Executor::ShopSystem)), &now()).await;
    let (third, _) = one(&store, &conversation).await;
    store.cancel_action(&staff(), &third.id, cancelling(false), &now()).await.unwrap();
    assert_eq!(one(&store, &conversation).await.1.state, PromiseState::Open, "nothing was said yet");
    let due_now = store.due_promises(&staff(), 10, &now()).await.unwrap();
    let owed = due_now.iter().find(|due| due.promise.action.as_ref() == Some(&third.id)).unwrap();
    assert!(owed.is_answered(), "the customer hears of it at once");
}

#[tokio::test]
async fn an_attempt_has_its_action_to_itself() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await.id;
    undertake(&store, &scope, &conversation, ("trace_reply", trace(Executor::ShopSystem)), &now()).await;
    let lease = async |now: &Now| {
        store.lease_actions(&staff(), at("2026-11-20T02:13:00Z").timestamp(), 8, now).await.unwrap()
    };
    let leased = lease(&now()).await;
    assert_eq!((leased.len(), leased[0].state, leased[0].attempts), (1, ActionState::Running, 1));
    assert!(lease(&now()).await.is_empty());
    assert_eq!(store.free_leases(&staff()).await.unwrap(), 1);
    assert_eq!(lease(&now()).await[0].attempts, 2, "after a restart it is sent again, under the same id");
    assert_eq!(lease(&at("2026-11-20T02:13:00Z")).await[0].attempts, 3, "a lease ends");
    let again = at("2026-11-20T02:20:00Z");
    let id = &leased[0].id;
    store.action_put_off(&staff(), id, (again.timestamp(), "html".into()), &now()).await.unwrap();
    assert!(lease(&at("2026-11-20T02:19:59Z")).await.is_empty());
    assert_eq!(lease(&again).await.len(), 1);
    let ticket = task(&conversation, "trace_reply");
    let to = || ToPerson { ticket: ticket.clone(), why: "status 500".into() };
    let opened = store.action_to_person(&staff(), id, to(), &again).await.unwrap().unwrap();
    assert_eq!(
        store.action_to_person(&staff(), id, to(), &again).await.unwrap().map(|ticket| ticket.id),
        None
    );
    let (action, promise) = one(&store, &conversation).await;
    assert_eq!((action.by, action.ticket.as_ref()), (Executor::Person, Some(&opened.id)));
    assert_eq!(promise.backed_by(), Some(BackedBy::Ticket(opened.id.clone())));
    assert!(lease(&at("2026-11-21T02:20:00Z")).await.is_empty());
    // Whoever resolves the ticket has done it, and the customer hears so.
    let colleague = agent("小李");
    store.claim(&colleague, &opened.id, &again).await.unwrap();
    store.resolve(&colleague, &opened.id, &again).await.unwrap();
    assert_eq!(one(&store, &conversation).await.0.state, ActionState::Done);
    assert!(store.due_promises(&staff(), 9, &again).await.unwrap()[0].is_answered());
}

/// The shop's system was given up, a person has it, and the system has done it after all.
#[tokio::test]
async fn a_result_that_comes_when_a_person_was_asked_already_ends_the_work() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await.id;
    undertake(&store, &scope, &conversation, ("trace_reply", trace(Executor::ShopSystem)), &now()).await;
    let (action, _) = one(&store, &conversation).await;
    let to = ToPerson { ticket: task(&conversation, "trace_reply"), why: "no answer in 500 ms".into() };
    let ticket = store.action_to_person(&staff(), &action.id, to, &now()).await.unwrap().unwrap().id;
    let taken = store.take_result(&staff(), &action.id, result("在路上"), &now()).await.unwrap();
    assert!(matches!(taken, ResultTaken::Taken(_)));
    let (action, promise) = one(&store, &conversation).await;
    assert_eq!((action.state, action.by), (ActionState::Done, Executor::Person));
    let told = store.follow_up(&staff(), word(&promise, FollowUpStep::Keep), &now()).await.unwrap();
    assert!(matches!(told, FollowedUp::Said(_)));
    let shown = store.ticket(&staff(), &ticket).await.unwrap().ticket;
    assert_eq!(shown.status, TicketStatus::Resolved, "nobody has to do it any more");
    assert!(store.due_promises(&staff(), 9, &at("2027-01-01T00:00:00Z")).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_word_is_said_once_and_moves_its_promise() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await.id;
    undertake(&store, &scope, &conversation, ("trace_reply", trace(Executor::ShopSystem)), &now()).await;
    let (action, promise) = one(&store, &conversation).await;
    let late = at(DUE);
    let new_due = late.timestamp() + SignedDuration::from_hours(2);
    let put_off = word(
        &promise,
        FollowUpStep::PutOff { due: new_due, ticket: Box::new(task(&conversation, "trace_reply")) },
    );
    let said = store.follow_up(&staff(), put_off.clone(), &late).await.unwrap();
    assert!(matches!(said, FollowedUp::Said(_)));
    // A crash between saying and knowing that it was said leads to the same word again.
    assert_eq!(store.follow_up(&staff(), put_off, &late).await.unwrap(), FollowedUp::Gone);
    let (action, promise) =
        (store.action(&staff(), &action.id).await.unwrap(), one(&store, &conversation).await.1);
    assert_eq!((action.state, promise.state), (ActionState::Overdue, PromiseState::Renegotiated));
    assert_eq!((promise.due, promise.first_due), (new_due, due()));
    assert!(action.ticket.is_some() && promise.ticket == action.ticket, "a person looks after it");
    // The result comes late: it is told, and nobody has to look after it any more.
    store.take_result(&staff(), &action.id, result("在路上"), &late).await.unwrap();
    let told = store.follow_up(&staff(), word(&promise, FollowUpStep::Keep), &late).await.unwrap();
    assert!(matches!(told, FollowedUp::Said(_)));
    assert_eq!(store.due_promises(&staff(), 9, &at("2027-01-01T00:00:00Z")).await.unwrap().len(), 0);
    let tickets = store.tickets(&staff(), &TicketFilter::default()).await.unwrap();
    assert_eq!(tickets.iter().map(|ticket| ticket.status).collect::<Vec<_>>(), [TicketStatus::Resolved]);
    let messages = store.messages(&scope, &conversation).await.unwrap();
    assert_eq!(messages.len(), 2);
    assert_eq!(
        audited(&store, promise.id.as_str()).await,
        ["promise", "renegotiate_promise", "keep_promise"]
    );
}

#[tokio::test]
async fn a_person_who_has_the_conversation_says_it() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let check = async |gives_back: bool| {
        let conversation = opened(&store, &scope).await.id;
        let kind = ("trace_reply", trace(Executor::ShopSystem));
        undertake(&store, &scope, &conversation, kind, &now()).await;
        let now_ticket = NewTicket { mode: HandoffMode::Now, ..task(&conversation, "x") };
        let ticket = store.open_ticket(&scope, now_ticket, &now()).await.unwrap().ticket.id;
        let colleague = agent("小李");
        store.claim(&colleague, &ticket, &now()).await.unwrap();
        let (action, promise) = one(&store, &conversation).await;
        store.take_result(&staff(), &action.id, result("在路上"), &now()).await.unwrap();
        let keep = || word(&promise, FollowUpStep::Keep);
        assert_eq!(store.follow_up(&staff(), keep(), &now()).await.unwrap(), FollowedUp::LeftToPerson);
        assert!(store.messages(&scope, &conversation).await.unwrap().is_empty());
        assert!(one(&store, &conversation).await.1.with_person);
        assert!(store.due_promises(&staff(), 9, &at("2027-01-01T00:00:00Z")).await.unwrap().is_empty());
        let shown = store.ticket(&staff(), &ticket).await.unwrap().ticket;
        assert_eq!(shown.priority, Priority::High);
        if gives_back {
            store.return_to_bot(&colleague, &ticket, Parting::default(), &now()).await.unwrap();
            let state = store.conversation(&scope, &conversation).await.unwrap().state;
            assert_eq!(state, ConversationState::Bot);
            assert!(matches!(store.follow_up(&staff(), keep(), &now()).await.unwrap(), FollowedUp::Said(_)));
        } else {
            let new = NewMessage { client_id: None, text: "在路上".into(), attachments: Vec::new() };
            store.staff_message(&colleague, &ticket, new, &now()).await.unwrap();
            store.resolve(&colleague, &ticket, &now()).await.unwrap();
        }
        assert_eq!(one(&store, &conversation).await.1.state, PromiseState::Kept);
        assert_eq!(store.messages(&scope, &conversation).await.unwrap().len(), 1);
    };
    check(true).await;
    check(false).await;
}

#[tokio::test]
async fn a_person_who_owes_it_is_reminded_before_and_keeps_it_by_writing() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await.id;
    let given = undertake(&store, &scope, &conversation, ("callback", Brought::ByPerson), &now()).await;
    let BackedBy::Ticket(ticket) = given.commitments[0].backed_by.clone() else { panic!("{given:?}") };
    let reminder = at("2026-11-20T05:45:00Z");
    assert!(store.due_promises(&staff(), 9, &at("2026-11-20T05:44:59Z")).await.unwrap().is_empty());
    let due_now = store.due_promises(&staff(), 9, &reminder).await.unwrap();
    let promise = &due_now[0].promise;
    assert!(!due_now[0].is_answered());
    store.remind(&staff(), &promise.id, Seen::of(promise), &reminder).await.unwrap();
    assert_eq!(store.ticket(&staff(), &ticket).await.unwrap().ticket.priority, Priority::High);
    assert!(store.due_promises(&staff(), 9, &at("2026-11-20T06:14:59Z")).await.unwrap().is_empty());
    let colleague = agent("小李");
    store.claim(&colleague, &ticket, &reminder).await.unwrap();
    let new = NewMessage { client_id: None, text: "已回电".into(), attachments: Vec::new() };
    store.staff_message(&colleague, &ticket, new, &reminder).await.unwrap();
    let kept = store.promises(&staff(), &conversation).await.unwrap().remove(0);
    assert_eq!((kept.state, kept.reminded), (PromiseState::Kept, true));
    assert!(store.due_promises(&staff(), 9, &at(DUE)).await.unwrap().is_empty());
    let log = store.audit_log(&staff(), kept.id.as_str()).await.unwrap();
    assert_eq!(
        log.last().map(|entry| (entry.actor.as_str(), entry.action.as_str())),
        Some(("小李", "keep_promise"))
    );
}
