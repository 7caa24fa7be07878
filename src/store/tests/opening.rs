//! Opening: what is made, and how each kind of unusable folder is told apart.

use std::path::Path;

use super::*;
use crate::store::{FILE, ServingLock, StoreError};

#[tokio::test]
async fn a_store_is_made_and_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("deeper/data");
    let store = Store::open(&data).await.unwrap();
    let conversation = opened(&store, &customer("c1")).await;
    store.close().await;
    assert!(matches!(store.ping().await, Err(StoreError::Other(_))));
    let store = Store::open(&data).await.unwrap();
    store.ping().await.unwrap();
    assert_eq!(store.conversation(&customer("c1"), &conversation.id).await.unwrap(), conversation);
}

#[tokio::test]
async fn the_writer_is_durable_and_the_readers_cannot_write() {
    let (folder, store) = store().await;
    let written = sqlx::query("DELETE FROM records").execute(store.readers()).await;
    assert!(matches!(StoreError::from(written.unwrap_err()), StoreError::ReadOnly(_)));
    let pragmas = store
        .write(|transaction| {
            Box::pin(async move {
                let mut values = Vec::new();
                for pragma in ["PRAGMA synchronous", "PRAGMA foreign_keys"] {
                    let value: i64 =
                        sqlx::query_scalar(pragma).fetch_one(&mut transaction.connection).await?;
                    values.push(value);
                }
                Ok(values)
            })
        })
        .await
        .unwrap();
    assert_eq!(pragmas, [2, 1], "synchronous is FULL, foreign keys are on");
    assert!(folder.path().join(format!("{FILE}-wal")).exists());
}

#[tokio::test]
async fn two_servers_do_not_share_a_folder_but_a_second_store_may_write() {
    let (folder, store) = store().await;
    let lock = ServingLock::take(folder.path()).unwrap();
    let refused = ServingLock::take(folder.path()).unwrap_err();
    let StoreError::Busy(message) = &refused else { panic!("{refused:?}") };
    assert!(message.contains(&format!("process {}", std::process::id())), "{message}");
    assert!(message.contains("--data"), "{message}");
    // As `warmdesk index` does beside a running server.
    let beside = Store::open(folder.path()).await.unwrap();
    let conversation = opened(&beside, &nobody()).await;
    assert!(store.conversation(&nobody(), &conversation.id).await.is_ok());
    drop(lock);
    assert!(ServingLock::take(folder.path()).is_ok());
}

#[tokio::test]
async fn a_file_that_is_no_database_is_told() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(FILE), "not a database, but long enough to be looked at ".repeat(100))
        .unwrap();
    let refused = Store::open(folder.path()).await.unwrap_err();
    let StoreError::Corrupt(message) = &refused else { panic!("{refused:?}") };
    assert!(message.contains(FILE), "{message}");
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    let (folder, store) = store().await;
    store
        .write(|transaction| {
            Box::pin(async move {
                sqlx::query(
                    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES (9000, 'of the future', 1, x'00', 0)",
                )
                .execute(&mut transaction.connection)
                .await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    store.close().await;
    let refused = Store::open(folder.path()).await.unwrap_err();
    assert!(matches!(refused, StoreError::NewerSchema { found: 9000, .. }), "{refused:?}");
}

#[tokio::test]
async fn a_folder_that_is_a_file_is_told() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let refused = Store::open(file.path().join("data")).await.unwrap_err();
    assert!(matches!(&refused, StoreError::Other(message) if message.contains("data folder")), "{refused:?}");
}

/// `/sys` takes no folders, not even from root, for whom other folders are never read-only.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_read_only_folder_is_told() {
    let folder = Path::new("/sys/warmdesk-test");
    let check = |refused: StoreError| {
        let StoreError::ReadOnly(message) = &refused else { panic!("{refused:?}") };
        assert!(message.contains("/sys/warmdesk-test") && message.contains("--data"), "{message}");
    };
    check(Store::open(folder).await.unwrap_err());
    check(ServingLock::take(folder).unwrap_err());
}
