//! Pictures: whose they are, how many they may be, and that file and row go together.

use std::path::{Path, PathBuf};

use super::*;
use crate::conversation::types::Attachment;
use crate::identity::PictureId;
use crate::pictures::{NewPicture, Picture, PictureKind, PictureLimits};
use crate::store::{Keeping, StoreError};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

const LIMITS: PictureLimits =
    PictureLimits { per_person_an_hour: 3, bytes_per_person_a_day: 60, bytes_a_day: 100 };

async fn keep_at(store: &Store, scope: &Scope, conversation: Option<&Conversation>, now: &Now) -> Keeping {
    let conversation = conversation.map(|conversation| conversation.id.clone());
    let new = NewPicture { kind: PictureKind::Png, bytes: PNG.to_vec(), conversation };
    store.keep_picture(scope, new, LIMITS, now).await.unwrap()
}

async fn kept(store: &Store, scope: &Scope, conversation: Option<&Conversation>) -> Picture {
    match keep_at(store, scope, conversation, &now()).await {
        Keeping::Kept(picture) => picture,
        refused => panic!("{refused:?}"),
    }
}

async fn sees(store: &Store, scope: &Scope, picture: &Picture) -> bool {
    match store.picture(scope, &picture.id).await {
        Ok(found) => found == *picture,
        Err(StoreError::NotFound { what, .. }) => what != "picture",
        Err(error) => panic!("{error}"),
    }
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

#[tokio::test]
async fn a_picture_is_kept_whole_and_belongs_to_whoever_sent_it() {
    let (folder, store) = store().await;
    let (owner, browser) = (customer("c1"), visitor());
    for scope in [&owner, &browser] {
        let picture = kept(&store, scope, None).await;
        assert!(sees(&store, scope, &picture).await);
        for other in [customer("c2"), visitor(), nobody()] {
            assert!(!sees(&store, &other, &picture).await, "{other:?}");
        }
        assert_eq!(store.picture_for_staff(&staff(), &picture.id).await.unwrap(), picture);
        assert_eq!(store.picture_bytes(&picture).await.unwrap(), PNG);
        let place = folder.path().join("pictures").join(&picture.sha256[..2]);
        assert!(place.join(format!("{}.png", picture.id)).is_file());
    }
    let elsewhere = StaffScope { shop: ShopId::new("other").unwrap(), actor: "a".into() };
    let picture = kept(&store, &owner, None).await;
    assert!(store.picture_for_staff(&elsewhere, &picture.id).await.is_err(), "another shop");
    let refused = NewPicture { kind: PictureKind::Png, bytes: PNG.to_vec(), conversation: None };
    let refused = store.keep_picture(&nobody(), refused, LIMITS, &now()).await;
    assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
    assert!(store.picture(&owner, &PictureId::generate()).await.is_err());
}

#[tokio::test]
async fn who_signs_in_keeps_the_pictures_of_the_conversation() {
    let (_folder, store) = store().await;
    let (browser, owner) = (visitor(), customer("c1"));
    let conversation = opened(&store, &browser).await;
    let picture = kept(&store, &browser, None).await;
    assert!(!sees(&store, &owner, &picture).await);
    let attachment = Attachment { kind: "image".into(), url: picture.address(), bytes: None, sha256: None };
    let new = NewMessage { attachments: vec![attachment], ..message("看图") };
    store.append_customer_message(&browser, &conversation.id, new, &now()).await.unwrap();
    assert!(!sees(&store, &owner, &picture).await, "nobody has signed in yet");
    store.append_customer_message(&owner, &conversation.id, message("是我"), &now()).await.unwrap();
    assert!(sees(&store, &owner, &picture).await);
    assert!(!sees(&store, &customer("c2"), &picture).await);
}

#[tokio::test]
async fn there_is_room_for_so_many_an_hour_and_so_much_a_day() {
    let (folder, store) = store().await;
    let scope = customer("c1");
    for _ in 0..3 {
        kept(&store, &scope, None).await;
    }
    let check = async |scope: &Scope, when: &str, expected: Option<u64>| {
        let waits = match keep_at(&store, scope, None, &at(when)).await {
            Keeping::Kept(_) => None,
            Keeping::TooMany { retry_after_seconds } => Some(retry_after_seconds),
        };
        assert_eq!(waits, expected, "at {when}");
    };
    // Twelve bytes each: three an hour, five a day, eight of everybody together.
    check(&scope, "2026-11-20T02:42:00Z", Some(1_800)).await;
    check(&scope, "2026-11-20T03:12:00Z", None).await;
    check(&scope, "2026-11-20T03:12:00Z", None).await;
    check(&scope, "2026-11-20T05:12:00Z", Some(21 * 3_600)).await;
    let other = visitor();
    check(&other, "2026-11-20T05:12:00Z", None).await;
    check(&other, "2026-11-20T05:12:00Z", None).await;
    check(&other, "2026-11-20T05:12:00Z", None).await;
    check(&customer("c3"), "2026-11-20T05:12:00Z", Some(21 * 3_600)).await;
    check(&customer("c3"), "2026-11-21T02:12:01Z", None).await;
    assert_eq!(files(&folder.path().join("pictures")).len(), 9, "what was refused left nothing");
}

#[tokio::test]
async fn pictures_sent_at_once_are_counted_one_by_one() {
    let (folder, store) = store().await;
    let scope = customer("c1");
    let moment = now();
    let all = futures_util::future::join_all((0..12).map(|_| keep_at(&store, &scope, None, &moment))).await;
    assert_eq!(all.iter().filter(|one| matches!(one, Keeping::Kept(_))).count(), 3);
    assert_eq!(files(&folder.path().join("pictures")).len(), 3, "files of the refused ones are removed");
}

#[tokio::test]
async fn what_a_crash_left_is_swept_out_and_nothing_else() {
    let (folder, store) = store().await;
    let picture = kept(&store, &customer("c1"), None).await;
    let place = folder.path().join("pictures").join(&picture.sha256[..2]);
    let orphan = place.join(format!("{}.png", PictureId::generate()));
    let unfinished = place.join(format!("{}.jpg.part", PictureId::generate()));
    let foreign = place.join("notes.txt");
    for file in [&orphan, &unfinished, &foreign] {
        std::fs::write(file, "left over").unwrap();
    }
    assert_eq!(store.sweep_pictures(&staff()).await.unwrap(), 2);
    assert_eq!(
        (orphan.exists(), unfinished.exists(), foreign.exists()),
        (false, false, true),
        "only what Warmdesk has written itself"
    );
    assert_eq!(store.picture_bytes(&picture).await.unwrap(), PNG);
    assert_eq!(store.sweep_pictures(&staff()).await.unwrap(), 0);
    std::fs::remove_dir_all(folder.path().join("pictures")).unwrap();
    assert_eq!(store.sweep_pictures(&staff()).await.unwrap(), 0, "no folder, nothing to do");
    let gone = store.picture_bytes(&picture).await;
    assert!(matches!(gone, Err(StoreError::NotFound { what: "picture", .. })), "{gone:?}");
}
