//! Keys, the shop's secret, sessions.

use secrecy::{ExposeSecret, SecretString};

use super::*;
use crate::identity::KeyScope;
use crate::store::StoreError;

#[tokio::test]
async fn the_first_key_is_made_or_given_once() {
    let (folder, store) = store().await;
    let shop = ShopId::default();
    let made = store.ensure_admin_key(&shop, Some("  "), &now()).await.unwrap().unwrap();
    let key = made.key.expose_secret();
    assert!(key.starts_with("wdk_") && key.len() == 68, "{key}");
    let identity = store.check_key(key, &now()).await.unwrap().unwrap();
    assert_eq!(identity.name, "admin");
    assert!(identity.has_all());
    // It exists now, so another one given later is not let in.
    assert!(store.ensure_admin_key(&shop, Some("given-later"), &now()).await.unwrap().is_none());
    assert_eq!(store.check_key("given-later", &now()).await.unwrap(), None);
    let file = std::fs::read(folder.path().join(crate::store::FILE)).unwrap();
    let log = std::fs::read(folder.path().join(format!("{}-wal", crate::store::FILE))).unwrap();
    for bytes in [file, log] {
        assert!(
            !bytes.windows(key.len()).any(|window| window == key.as_bytes()),
            "the key itself is on the disk"
        );
    }
}

#[tokio::test]
async fn a_given_key_opens_everything_and_is_not_shown() {
    let (_folder, store) = store().await;
    assert!(
        store.ensure_admin_key(&ShopId::default(), Some("from-outside"), &now()).await.unwrap().is_none()
    );
    assert!(store.check_key("from-outside", &now()).await.unwrap().unwrap().has(KeyScope::Admin));
    for wrong in ["", "from-outsidE", "from-outside ", "wdk_"] {
        assert_eq!(store.check_key(wrong, &now()).await.unwrap(), None, "{wrong:?}");
    }
}

#[tokio::test]
async fn keys_open_what_they_say_until_they_are_revoked() {
    let (_folder, store) = store().await;
    let new = store.create_key(&staff(), "erp", &[KeyScope::Facts], &now()).await.unwrap();
    let identity = store.check_key(new.key.expose_secret(), &now()).await.unwrap().unwrap();
    assert!(identity.has(KeyScope::Facts) && !identity.has(KeyScope::Desk) && !identity.has_all());
    assert_eq!(identity.staff_scope(), agent("erp"));
    let taken = store.create_key(&staff(), "erp", &[], &now()).await;
    assert!(matches!(taken, Err(StoreError::Conflict(_))));
    let shown = store.keys(&staff()).await.unwrap();
    assert!(new.key.expose_secret().starts_with(&shown[0].prefix) && shown[0].prefix.len() == 10);
    store.revoke_key(&staff(), "erp", &now()).await.unwrap();
    assert_eq!(store.check_key(new.key.expose_secret(), &now()).await.unwrap(), None);
    assert!(matches!(store.revoke_key(&staff(), "erp", &now()).await, Err(StoreError::NotFound { .. })));
    assert!(store.create_key(&staff(), "erp", &[], &now()).await.is_ok());
    let log = store.audit_log(&staff(), "erp").await.unwrap();
    assert_eq!(
        log.iter().map(|entry| entry.action.as_str()).collect::<Vec<_>>(),
        ["create_key", "revoke_key", "create_key"]
    );
}

#[tokio::test]
async fn the_last_use_of_a_key_is_written_down() {
    let (_folder, store) = store().await;
    let new = store.create_key(&staff(), "erp", &[KeyScope::Facts], &now()).await.unwrap();
    store.check_key(new.key.expose_secret(), &now()).await.unwrap();
    loop {
        if let Some(last) = store.keys(&staff()).await.unwrap()[0].last_used {
            assert_eq!(last, now().timestamp());
            break;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_shops_secret_is_made_once_and_a_given_one_wins_only_at_first() {
    let (_folder, store) = store().await;
    let (mine, yours) = (ShopId::default(), ShopId::new("other").unwrap());
    let given = || Some(SecretString::from("given".to_owned()));
    let made = store.shop_secret(&mine, None, &now()).await.unwrap();
    assert!(made.is_new && made.secret.expose_secret().len() == 64);
    let kept = store.shop_secret(&mine, given(), &now()).await.unwrap();
    assert!(!kept.is_new);
    assert_eq!(kept.secret.expose_secret(), made.secret.expose_secret());
    let theirs = store.shop_secret(&yours, given(), &now()).await.unwrap();
    assert_eq!((theirs.is_new, theirs.secret.expose_secret()), (false, "given"));
}

#[tokio::test]
async fn a_session_opens_its_conversation_for_seven_days() {
    let (_folder, store) = store().await;
    let browser = VisitorId::generate();
    let anonymous = Scope { shop: ShopId::default(), identity: Identity::Anonymous(Some(browser.clone())) };
    for scope in [anonymous, customer("c1")] {
        let conversation = opened(&store, &scope).await;
        let token = store.create_session(&scope, &conversation.id, &browser, &now()).await.unwrap();
        let check = async |token: &str, when: &str, expected: bool| {
            let session = store.session(token, &at(when)).await.unwrap();
            assert_eq!(session.is_some(), expected, "{when}");
            if let Some(session) = session {
                assert_eq!((session.scope, session.visitor), (scope.clone(), browser.clone()));
                assert_eq!(session.conversation, conversation.id);
            }
        };
        check(token.expose_secret(), "2026-11-27T02:11:59Z", true).await;
        check(token.expose_secret(), "2026-11-27T02:12:00Z", false).await;
        check("", "2026-11-20T03:00:00Z", false).await;
        check(&token.expose_secret().to_uppercase(), "2026-11-20T03:00:00Z", false).await;
        let foreign = store.create_session(&customer("c2"), &conversation.id, &browser, &now()).await;
        assert_eq!(foreign.is_err(), scope.verified_customer().is_some());
    }
}
