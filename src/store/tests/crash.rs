//! Killed at any moment: nothing that was acknowledged is lost, and what was begun is found again.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

use super::*;

/// Tells the child process of the kill test where to write.
const CHILD_FOLDER: &str = "WARMDESK_TEST_CRASH_FOLDER";

/// Sends messages from several conversations at once; calls `acknowledged` with the text of each that was stored.
async fn write_forever(folder: &Path, acknowledged: impl Fn(&str) + Clone + Send + Sync + 'static) {
    let store = Store::open(folder).await.unwrap();
    let mut writers = Vec::new();
    for writer in 0..4 {
        let (store, acknowledged) = (store.clone(), acknowledged.clone());
        writers.push(tokio::spawn(async move {
            let scope = customer(&format!("c{writer}"));
            let conversation = opened(&store, &scope).await;
            for number in 0.. {
                let text = format!("{writer}-{number}");
                store
                    .append_customer_message(&scope, &conversation.id, message(&text), &now())
                    .await
                    .unwrap();
                acknowledged(&text);
            }
        }));
    }
    futures_util::future::join_all(writers).await;
}

/// What is there after the crash: every acknowledged text, once, in order within its conversation.
async fn check_nothing_is_lost(folder: &Path, acknowledged: &[String]) {
    let store = Store::open(folder).await.unwrap();
    let mut stored = Vec::new();
    for writer in 0..4 {
        let scope = customer(&format!("c{writer}"));
        let Some(conversation) = store.unfinished_conversation(&scope, &now()).await.unwrap() else {
            continue;
        };
        let messages = store.messages(&scope, &conversation.id).await.unwrap();
        for (number, message) in messages.iter().enumerate() {
            assert_eq!(message.text, format!("{writer}-{number}"));
            stored.push(message.text.clone());
        }
        // Each message has its event: they were written together.
        assert_eq!(store.events(&scope, &conversation.id, 0, u32::MAX).await.unwrap().len(), messages.len());
    }
    for text in acknowledged {
        assert!(stored.contains(text), "{text} was acknowledged and is lost");
    }
    // All of them are owed an answer, and the next start finds them.
    assert_eq!(store.unfinished_replies(&staff()).await.unwrap().len(), stored.len());
    let intact: String =
        sqlx::query_scalar("PRAGMA integrity_check").fetch_one(store.readers()).await.unwrap();
    assert_eq!(intact, "ok");
}

#[test]
fn a_dropped_runtime_loses_no_acknowledged_write() {
    let folder = tempfile::tempdir().unwrap();
    let acknowledged: Arc<Mutex<Vec<String>>> = Arc::default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (path, list) = (folder.path().to_owned(), Arc::clone(&acknowledged));
    runtime.spawn(async move {
        write_forever(&path, move |text| list.lock().unwrap().push(text.to_owned())).await;
    });
    while acknowledged.lock().unwrap().len() < 40 {
        std::thread::yield_now();
    }
    runtime.shutdown_background();
    let acknowledged = acknowledged.lock().unwrap().clone();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(check_nothing_is_lost(folder.path(), &acknowledged));
}

/// The process that is killed. Without its variable, as in an ordinary run of the tests, it does nothing.
#[test]
fn child_of_the_kill_test() {
    let Some(folder) = std::env::var_os(CHILD_FOLDER) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(write_forever(Path::new(&folder), |text| println!("\nstored {text}")));
}

#[test]
fn a_killed_process_loses_no_acknowledged_write() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "store::tests::crash::child_of_the_kill_test", "--nocapture", "--test-threads=1"])
        .env(CHILD_FOLDER, folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut acknowledged = Vec::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while acknowledged.len() < 60 {
        let line = lines.next().expect("the child has ended by itself").unwrap();
        acknowledged.extend(line.strip_prefix("stored ").map(str::to_owned));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it wrote between the last line that was read and the kill counts as well, except a line cut in half.
    let mut rest: Vec<String> = lines.map_while(Result::ok).collect();
    rest.pop();
    acknowledged.extend(rest.iter().filter_map(|line| line.strip_prefix("stored ")).map(str::to_owned));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(check_nothing_is_lost(folder.path(), &acknowledged));
}

#[tokio::test]
async fn replies_that_were_begun_are_found_at_start() {
    let folder = tempfile::tempdir().unwrap();
    let scope = customer("c1");
    let store = Store::open(folder.path()).await.unwrap();
    let conversation = opened(&store, &scope).await;
    let (first, reply) = asked(&store, &scope, &conversation, "订单到哪了").await;
    store.append_sentence(&scope, &reply, sentence("在武汉。")).await.unwrap();
    let second =
        store.append_customer_message(&scope, &conversation.id, message("？"), &now()).await.unwrap();
    drop(store);
    let store = Store::open(folder.path()).await.unwrap();
    let owed = store.unfinished_replies(&staff()).await.unwrap();
    assert_eq!(owed.len(), 2);
    assert_eq!((&owed[0].message, owed[0].text.as_str()), (&first, "订单到哪了"));
    assert_eq!(owed[0].conversation.id, conversation.id);
    let begun = owed[0].reply.as_ref().unwrap();
    assert_eq!((begun.complete, begun.sentences.len(), &begun.id), (false, 1, &reply));
    assert!(owed[1].reply.is_none());
    // Given up: what was said stays and reaches those who listen.
    store.settle(&staff(), &first, &now()).await.unwrap();
    store.settle(&staff(), &second.message, &now()).await.unwrap();
    assert!(store.unfinished_replies(&staff()).await.unwrap().is_empty());
    let texts: Vec<Value> = store
        .events(&scope, &conversation.id, 0, 10)
        .await
        .unwrap()
        .into_iter()
        .map(|event| event.body["text"].clone())
        .collect();
    assert_eq!(texts, ["订单到哪了", "？", "在武汉。"]);
}
