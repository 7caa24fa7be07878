//! The writer: commits together, failures apart, announcements after the commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::*;
use crate::store::events::{Event, append_event};
use crate::store::{StoreError, Transaction};

async fn put_setting(transaction: &mut Transaction, name: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO settings (shop, name, value, at) VALUES ('default', ?1, '', 0)")
        .bind(name)
        .execute(&mut transaction.connection)
        .await?;
    Ok(())
}

async fn settings(store: &Store) -> Vec<String> {
    sqlx::query_scalar("SELECT name FROM settings ORDER BY name").fetch_all(store.readers()).await.unwrap()
}

/// Counts the commits of the writer from now on.
async fn count_commits(store: &Store) -> Arc<AtomicUsize> {
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&commits);
    store
        .write(move |transaction| {
            Box::pin(async move {
                transaction.connection.lock_handle().await?.set_commit_hook(move || {
                    counter.fetch_add(1, Ordering::SeqCst);
                    true
                });
                Ok(())
            })
        })
        .await
        .unwrap();
    commits.store(0, Ordering::SeqCst);
    commits
}

#[tokio::test]
async fn writes_that_queue_up_share_commits_and_a_failing_one_leaves_no_trace() {
    let (_folder, store) = store().await;
    let store = Arc::new(store);
    let commits = count_commits(&store).await;
    // Queued while this one holds the writer, so that they have to share what follows.
    let (release, held) = tokio::sync::oneshot::channel::<()>();
    let holder = {
        let store = Arc::clone(&store);
        tokio::spawn(async move {
            store
                .write(move |transaction| {
                    Box::pin(async move {
                        let _ = held.await;
                        put_setting(transaction, "first").await
                    })
                })
                .await
        })
    };
    tokio::task::yield_now().await;
    let mut tasks = Vec::new();
    for number in 0..20 {
        let store = Arc::clone(&store);
        tasks.push(tokio::spawn(async move {
            store
                .write(move |transaction| {
                    Box::pin(async move {
                        put_setting(transaction, &format!("n{number:02}")).await?;
                        match number {
                            7 => Err(StoreError::Conflict("no".into())),
                            // The same name twice breaks a rule of the database.
                            9 => put_setting(transaction, "n09").await,
                            11 => panic!("a program error"),
                            _ => Ok(()),
                        }
                    })
                })
                .await
        }));
    }
    tokio::task::yield_now().await;
    release.send(()).unwrap();
    holder.await.unwrap().unwrap();
    let mut failed = Vec::new();
    for (number, task) in tasks.into_iter().enumerate() {
        if task.await.unwrap().is_err() {
            failed.push(number);
        }
    }
    assert_eq!(failed, [7, 9, 11]);
    assert_eq!(commits.load(Ordering::SeqCst), 2, "one for the first, one for all the others");
    let names = settings(&store).await;
    assert_eq!(names.len(), 18);
    assert!(!names.iter().any(|name| ["n07", "n09", "n11"].contains(&name.as_str())));
}

#[tokio::test]
async fn nothing_is_announced_of_a_write_that_failed() {
    let (_folder, store) = store().await;
    let scope = customer("c1");
    let conversation = opened(&store, &scope).await;
    let mut heard = store.announcements();
    let mut copy = conversation.clone();
    let failed: Result<(), StoreError> = store
        .write(move |transaction| {
            Box::pin(async move {
                let event = Event { kind: "message", shown: true, body: json!({}) };
                append_event(transaction, &mut copy, event, &now()).await?;
                Err(StoreError::Conflict("no".into()))
            })
        })
        .await;
    assert!(failed.is_err());
    store.append_customer_message(&scope, &conversation.id, message("在吗"), &now()).await.unwrap();
    let announcement = heard.recv().await.unwrap();
    assert_eq!((announcement.seq, &announcement.conversation), (1, &conversation.id));
    // What is announced can be read at once.
    assert_eq!(store.events(&scope, &conversation.id, 0, 10).await.unwrap().len(), 1);
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn a_write_stands_even_if_nobody_waits_for_it() {
    let (_folder, store) = store().await;
    for number in 0..10 {
        let write = store.write(move |transaction| {
            Box::pin(async move { put_setting(transaction, &format!("n{number}")).await })
        });
        // Queued, then forgotten.
        let _ = tokio::time::timeout(std::time::Duration::ZERO, write).await;
    }
    store.write(|transaction| Box::pin(async move { put_setting(transaction, "z").await })).await.unwrap();
    assert_eq!(settings(&store).await.len(), 11);
}

#[tokio::test]
async fn a_database_that_another_process_holds_is_told_and_used_again_afterwards() {
    let (folder, store) = store().await;
    store
        .write(|transaction| {
            Box::pin(async move {
                sqlx::query("PRAGMA busy_timeout = 1").execute(&mut transaction.connection).await?;
                Ok(())
            })
        })
        .await
        .unwrap();
    let options = SqliteConnectOptions::new().filename(folder.path().join(crate::store::FILE));
    let mut other = options.connect().await.unwrap();
    sqlx::query("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let write = async || {
        store.write(|transaction| Box::pin(async move { put_setting(transaction, "one").await })).await
    };
    assert!(matches!(write().await, Err(StoreError::Busy(_))));
    // Readers are not held up.
    assert!(settings(&store).await.is_empty());
    sqlx::query("ROLLBACK").execute(&mut other).await.unwrap();
    write().await.unwrap();
    assert_eq!(settings(&store).await, ["one"]);
}
