//! Accounts, their sessions, and what the audit says of both.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::desk::types::{ConversationState, HandoffNote, Priority, TicketStatus};
use crate::identity::KeyScope;
use crate::staff::{
    AuditEntry, AuditFilter, DisplayName, NewStaff, Password, Role, SignIn, SignedIn, StaffAccount,
    StaffChange, StaffName,
};
use crate::store::{NewTicket, StoreError};
use crate::turn::types::{HandoffMode, HandoffReason};

const PASSWORD: &str = "correct horse battery";

fn password(text: &str) -> Password {
    Password::new(SecretString::from(text)).unwrap()
}

fn name(text: &str) -> StaffName {
    StaffName::new(text).unwrap()
}

fn new(text: &str, role: Role) -> NewStaff {
    NewStaff { name: name(text), display_name: name(text).into(), role, password: password(PASSWORD) }
}

async fn made(store: &Store, text: &str, role: Role) -> StaffAccount {
    store.create_staff(&staff(), new(text, role), &now()).await.unwrap()
}

async fn try_at(store: &Store, name: &str, password: &str, when: &Now) -> Option<SignedIn> {
    let address = Some(IpAddr::from([192, 0, 2, 7]));
    let attempt = SignIn { name: name.to_owned(), password: SecretString::from(password), address };
    store.sign_in(&ShopId::default(), attempt, when).await.unwrap()
}

async fn signed_in(store: &Store, name: &str) -> String {
    let signed_in = try_at(store, name, PASSWORD, &now()).await.expect("the password is right");
    signed_in.token.expose_secret().to_owned()
}

async fn entries(store: &Store, subject: Option<&str>, actor: Option<&str>) -> Vec<AuditEntry> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let filter = AuditFilter { subject: owned(subject), actor: owned(actor), limit: 100 };
    store.audit_entries(&staff(), &filter).await.unwrap()
}

#[tokio::test]
async fn a_name_is_one_account_in_whatever_case_and_no_key() {
    let (_folder, store) = store().await;
    let lin = made(&store, "Lin", Role::Agent).await;
    assert_eq!(
        (lin.name.as_str(), lin.role, lin.active, lin.last_login_at),
        ("Lin", Role::Agent, true, None)
    );
    store.create_key(&staff(), "erp", &[KeyScope::Facts], &now()).await.unwrap();
    for taken in ["lin", "LIN", "Ｌｉｎ", "erp", "ERP"] {
        let refused = store.create_staff(&staff(), new(taken, Role::Admin), &now()).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{taken}: {refused:?}");
    }
    let key = store.create_key(&staff(), "LIN", &[KeyScope::Facts], &now()).await;
    assert!(matches!(key, Err(StoreError::Conflict(_))), "nor may a key take the name of an account");
    store.revoke_key(&staff(), "erp", &now()).await.unwrap();
    made(&store, "erp", Role::Lead).await;
    let names: Vec<_> = store.staff_accounts(&staff()).await.unwrap().into_iter().map(|a| a.name).collect();
    assert_eq!(names, ["erp", "Lin"]);
    let other = StaffScope { shop: ShopId::new("other").unwrap(), actor: "x".into() };
    assert_eq!(store.staff_accounts(&other).await.unwrap(), []);
    let unknown = store.change_staff(&other, &name("lin"), StaffChange::default(), &now()).await;
    assert!(matches!(unknown, Err(StoreError::NotFound { .. })), "another shop's account is not there");
}

#[tokio::test]
async fn only_the_right_password_of_an_account_in_use_opens_a_session() {
    let (folder, store) = store().await;
    made(&store, "Lin", Role::Agent).await;
    made(&store, "gone", Role::Agent).await;
    let out = StaffChange { active: Some(false), ..StaffChange::default() };
    store.change_staff(&staff(), &name("gone"), out, &now()).await.unwrap();
    for (who, secret) in [
        ("Lin", "wrong horse battery"),
        ("Lin", ""),
        ("nobody", PASSWORD),
        ("", PASSWORD),
        ("<b>", PASSWORD),
        ("assistant", PASSWORD),
        ("gone", PASSWORD),
    ] {
        assert!(try_at(&store, who, secret, &now()).await.is_none(), "{who} {secret}");
    }
    let token = signed_in(&store, " lIN ").await;
    let account = store.staff_session(&token, &now()).await.unwrap().unwrap();
    assert_eq!((account.name.as_str(), account.last_login_at), ("Lin", Some(now().timestamp())));
    for wrong in ["", &token[1..], &token.to_uppercase()] {
        assert_eq!(store.staff_session(wrong, &now()).await.unwrap(), None, "{wrong}");
    }
    let file = std::fs::read(folder.path().join(crate::store::FILE)).unwrap();
    let log = std::fs::read(folder.path().join(format!("{}-wal", crate::store::FILE))).unwrap();
    for secret in [PASSWORD, &token] {
        let holds = |bytes: &[u8]| bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
        assert!(!holds(&file) && !holds(&log), "a secret itself is on the disk");
    }
}

#[tokio::test]
async fn a_session_lasts_half_a_day_unused_and_a_week_at_most() {
    let (_folder, store) = store().await;
    made(&store, "lin", Role::Agent).await;
    let stands = async |token: &str, when: &str| store.staff_session_stands(token, &at(when)).await.unwrap();
    let unused = signed_in(&store, "lin").await;
    assert!(stands(&unused, "2026-11-20T14:11:59Z").await);
    assert!(!stands(&unused, "2026-11-20T14:12:00Z").await);
    assert_eq!(store.staff_session(&unused, &at("2026-11-20T14:12:00Z")).await.unwrap(), None);

    let used = signed_in(&store, "lin").await;
    for day in 20..27 {
        for hour in ["02:13", "10:00", "18:00"] {
            let when = at(&format!("2026-11-{day}T{hour}:00Z"));
            assert!(store.staff_session(&used, &when).await.unwrap().is_some(), "{when:?}");
            // The use is written down beside the request: one more write comes after it.
            written(&store, &used, &when).await;
        }
    }
    assert!(stands(&used, "2026-11-27T02:11:59Z").await);
    assert!(!stands(&used, "2026-11-27T02:12:00Z").await, "a week is the end however much it is used");
}

/// Waits until the use of a session at a moment is on the disk: then it stands twelve hours later.
async fn written(store: &Store, token: &str, when: &Now) {
    let later = when.timestamp() + jiff::SignedDuration::from_secs(12 * 3600 - 1);
    let later = Now::new(later.min("2026-11-27T02:11:59Z".parse().unwrap()), TimeZone::UTC);
    while !store.staff_session_stands(token, &later).await.unwrap() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn sessions_end_with_what_they_rest_on() {
    let (_folder, store) = store().await;
    made(&store, "lin", Role::Agent).await;
    made(&store, "mei", Role::Agent).await;
    let others = signed_in(&store, "mei").await;
    let stands = async |token: &str| store.staff_session(token, &now()).await.unwrap().is_some();
    let change =
        async |change: StaffChange| store.change_staff(&staff(), &name("lin"), change, &now()).await.unwrap();

    let (one, two) = (signed_in(&store, "lin").await, signed_in(&store, "lin").await);
    store.sign_out(&agent("mei"), &one, &now()).await.unwrap();
    assert!(stands(&one).await, "nobody closes another's session");
    store.sign_out(&agent("lin"), &one, &now()).await.unwrap();
    assert!(!stands(&one).await && stands(&two).await, "one browser signs out, the other stays");

    change(StaffChange { role: Some(Role::Lead), ..StaffChange::default() }).await;
    let role = store.staff_session(&two, &now()).await.unwrap().map(|account| account.role);
    assert_eq!(role, Some(Role::Lead), "a new role counts from the next request on");

    change(StaffChange { password: Some(password("another long password")), ..StaffChange::default() }).await;
    assert!(!stands(&two).await, "a new password ends all sessions");
    assert!(try_at(&store, "lin", PASSWORD, &now()).await.is_none());

    let three = try_at(&store, "lin", "another long password", &now()).await.unwrap();
    let three = three.token.expose_secret().to_owned();
    change(StaffChange { active: Some(false), ..StaffChange::default() }).await;
    assert!(!stands(&three).await, "out of use is out at once");
    change(StaffChange { active: Some(true), ..StaffChange::default() }).await;
    assert!(!stands(&three).await, "and its old sessions do not come back");
    assert!(stands(&others).await, "nobody else is touched");
}

#[tokio::test]
async fn the_own_password_is_changed_by_the_one_until_now() {
    let (_folder, store) = store().await;
    made(&store, "Lin", Role::Agent).await;
    made(&store, "mei", Role::Agent).await;
    let (here, elsewhere) = (signed_in(&store, "lin").await, signed_in(&store, "lin").await);
    let others = signed_in(&store, "mei").await;
    let stands = async |token: &str| store.staff_session_stands(token, &now()).await.unwrap();
    let change = async |actor: &str, current: &str, new: &str| {
        let change = crate::staff::OwnPassword {
            token: SecretString::from(here.clone()),
            current: SecretString::from(current),
            password: password(new),
            address: Some(IpAddr::from([192, 0, 2, 7])),
        };
        store.change_own_password(&agent(actor), change, &now()).await.unwrap()
    };
    assert!(!change("Lin", "s3cret that was wrong", "another long password").await);
    assert!(!change("erp", PASSWORD, "another long password").await, "a key has no password");
    assert!(stands(&here).await && stands(&elsewhere).await, "a wrong try ends nothing");

    assert!(change("Lin", PASSWORD, "another s3cret password").await);
    assert!(stands(&here).await && !stands(&elsewhere).await && stands(&others).await);
    assert!(try_at(&store, "lin", PASSWORD, &now()).await.is_none());
    assert!(try_at(&store, "lin", "another s3cret password", &now()).await.is_some());

    let twice = tokio::join!(
        change("Lin", "another s3cret password", "one s3cret of two"),
        change("Lin", "another s3cret password", "two s3crets of two"),
    );
    assert!(twice.0 ^ twice.1, "of two changes at once one counts: {twice:?}");
    let audit = entries(&store, Some("staff:Lin"), Some("Lin")).await;
    let told = |action: &str| audit.iter().filter(|entry| entry.action == action).count();
    assert_eq!((told("change_password"), told("change_password_failed")), (2, 2));
    let failed = audit.iter().find(|entry| entry.action == "change_password_failed").unwrap();
    assert_eq!(failed.detail, "192.0.2.7");
    assert!(audit.iter().all(|entry| !format!("{entry:?}").contains("s3cret")), "{audit:?}");

    let out = StaffChange { active: Some(false), ..StaffChange::default() };
    store.change_staff(&staff(), &name("lin"), out, &now()).await.unwrap();
    assert!(!change("Lin", "one s3cret of two", "another long password").await, "out of use");
    assert!(!change("Lin", "two s3crets of two", "another long password").await, "out of use");
}

#[tokio::test]
async fn customers_read_the_display_name_under_which_a_message_was_sent() {
    let (_folder, store) = store().await;
    let shown = NewStaff { display_name: DisplayName::new("小林").unwrap(), ..new("Lin.2", Role::Agent) };
    store.create_staff(&staff(), shown, &now()).await.unwrap();
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let ticket = crate::store::NewTicket {
        conversation: conversation.id.clone(),
        reason: crate::turn::types::HandoffReason::AskedForPerson,
        detail: None,
        mode: crate::turn::types::HandoffMode::Now,
        priority: crate::desk::types::Priority::Normal,
        due: now().timestamp(),
        note: crate::desk::types::HandoffNote::default(),
    };
    let ticket = store.open_ticket(&scope, ticket, &now()).await.unwrap().ticket.id;
    let lin = agent("Lin.2");
    store.claim(&lin, &ticket, &now()).await.unwrap();
    let sent = store.staff_message(&lin, &ticket, message("您好"), &now()).await.unwrap();
    assert_eq!(sent.name.as_deref(), Some("小林"));
    let renamed =
        StaffChange { display_name: Some(DisplayName::new("林").unwrap()), ..StaffChange::default() };
    store.change_staff(&staff(), &name("lin.2"), renamed, &now()).await.unwrap();
    store.staff_message(&lin, &ticket, message("在的"), &now()).await.unwrap();
    let read = store.messages(&scope, &conversation.id).await.unwrap();
    let names: Vec<_> = read.iter().filter_map(|message| message.name.as_deref()).collect();
    assert_eq!(names, ["小林", "林"]);
    assert_eq!(store.shown_name(&staff(), "lin.2").await.unwrap(), "林");
    assert_eq!(store.shown_name(&staff(), "erp").await.unwrap(), "erp", "a key is read by its name");
    let other = StaffScope { shop: ShopId::new("other").unwrap(), actor: "x".into() };
    assert_eq!(
        store.shown_name(&other, "lin.2").await.unwrap(),
        "lin.2",
        "another shop's account is not there"
    );
}

#[tokio::test]
async fn everything_is_in_the_audit_and_no_secret_is() {
    let (_folder, store) = store().await;
    made(&store, "lin", Role::Agent).await;
    try_at(&store, "lin", "s3cret that was wrong", &now()).await;
    try_at(&store, "s3cret typed as a name", PASSWORD, &now()).await;
    let token = signed_in(&store, "lin").await;
    let change = StaffChange {
        role: Some(Role::Admin),
        display_name: Some(DisplayName::new("<script>alert(1)</script>").unwrap()),
        password: Some(password("s3cret that is new")),
        ..StaffChange::default()
    };
    store.sign_out(&agent("lin"), &token, &now()).await.unwrap();
    let changed = store.change_staff(&agent("mei"), &name("lin"), change, &now()).await.unwrap();
    assert_eq!(changed.display_name, "<script>alert(1)</script>", "it is text");
    let nothing = store.change_staff(&agent("mei"), &name("lin"), StaffChange::default(), &now()).await;
    assert_eq!(nothing.unwrap(), changed);

    let told = |entry: &AuditEntry| format!("{} {} {}", entry.actor, entry.action, entry.detail);
    let of_lin: Vec<String> = entries(&store, Some("staff:lin"), None).await.iter().map(told).collect();
    assert_eq!(
        of_lin,
        [
            r#"mei change_staff {"display_name":"<script>alert(1)</script>","role":"admin","password":"changed"}"#,
            "lin logout ",
            "lin login 192.0.2.7",
            "unknown login_failed 192.0.2.7",
            r#"system create_staff {"role":"agent"}"#,
        ]
    );
    let all = entries(&store, None, None).await;
    assert_eq!(all.len(), of_lin.len() + 1);
    assert!(all.iter().all(|entry| !format!("{entry:?}").contains("s3cret")), "{all:?}");
    let failed = entries(&store, None, Some("unknown")).await;
    assert_eq!(failed.iter().map(|e| e.subject.as_str()).collect::<Vec<_>>(), ["staff:", "staff:lin"]);
    assert_eq!(entries(&store, Some("staff:lin"), Some("unknown")).await, failed[1..]);
    let newest = AuditFilter { limit: 1, ..AuditFilter::default() };
    assert_eq!(store.audit_entries(&staff(), &newest).await.unwrap(), all[..1]);
    let other = StaffScope { shop: ShopId::new("other").unwrap(), actor: "x".into() };
    assert_eq!(
        store.audit_entries(&other, &AuditFilter { limit: 9, ..AuditFilter::default() }).await.unwrap(),
        []
    );
}

/// Customers would write to nobody, and no colleague may take what another one has.
#[tokio::test]
async fn an_account_out_of_use_leaves_its_tickets_to_the_others() {
    let (_folder, store) = store().await;
    made(&store, "Lin", Role::Agent).await;
    let lin = agent("Lin");
    let mut tickets = Vec::new();
    for number in 0..4 {
        let scope = customer(&format!("c{number}"));
        let conversation = opened(&store, &scope).await.id;
        let ticket = NewTicket {
            conversation,
            reason: HandoffReason::AskedForPerson,
            detail: None,
            mode: HandoffMode::Now,
            priority: Priority::Normal,
            due: now().timestamp(),
            note: HandoffNote::default(),
        };
        tickets.push(store.open_ticket(&scope, ticket, &now()).await.unwrap().ticket.id);
    }
    store.claim(&lin, &tickets[0], &now()).await.unwrap();
    store.claim(&lin, &tickets[1], &now()).await.unwrap();
    store.snooze(&lin, &tickets[1], "2026-11-21T02:12:00Z".parse().unwrap(), &now()).await.unwrap();
    store.assign(&staff(), &tickets[2], Some("Lin".into()), &now()).await.unwrap();
    store.claim(&agent("小李"), &tickets[3], &now()).await.unwrap();
    let out = StaffChange { active: Some(false), ..StaffChange::default() };
    store.change_staff(&staff(), &name("lin"), out, &now()).await.unwrap();
    for ticket in &tickets[..3] {
        let detail = store.ticket(&staff(), ticket).await.unwrap();
        assert_eq!(
            (detail.ticket.status, &detail.ticket.agent, &detail.ticket.assignee),
            (TicketStatus::Open, &None, &None)
        );
        assert_eq!(detail.conversation.state, ConversationState::Waiting);
        store.claim(&agent("小李"), ticket, &now()).await.unwrap();
    }
    let other = store.ticket_alone(&staff(), &tickets[3]).await.unwrap();
    assert_eq!((other.status, other.agent.as_deref()), (TicketStatus::Claimed, Some("小李")));
    assert_eq!(entries(&store, Some(tickets[0].as_str()), Some("system")).await[0].action, "release");
}
