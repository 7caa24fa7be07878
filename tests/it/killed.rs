//! Killed in the middle of an import or of building the index: is everything of before still there, or everything of after,
//! and never a half of either?
//!
//! Three kills of each kind are part of the ordinary tests. CONTRIBUTING.md has the command for fifty.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use warmdesk::app::analyzer;
use warmdesk::identity::{Scope, ShopId, StaffScope};
use warmdesk::knowledge::{Knowledge, SearchQuery, current_generation};
use warmdesk::record::RecordKind;
use warmdesk::store::Store;

use crate::app::{client, read};
use crate::program::{Server, run, warmdesk};

const KEY: &str = "admin-key-of-the-integration-tests";

/// Records in one import: enough that a kill falls into the midst of writing.
const RECORDS: usize = 3_000;

/// A word that only the records of one edition have.
fn mark(edition: usize) -> String {
    format!("ED{edition:05}Z")
}

/// All records of an edition of the shop, as lines of an import.
fn edition(number: usize) -> String {
    let line = |record: usize| {
        json!({"kind": "knowledge", "id": format!("k{record}"), "version": number,
            "title": format!("洗涤说明 {}", mark(number)), "text": format!("第{record}条：用温水手洗，平铺晾干。")})
        .to_string()
    };
    (0..RECORDS).map(line).collect::<Vec<_>>().join("\n")
}

fn serve(data: &Path) -> Command {
    let mut command = warmdesk(data.parent().unwrap());
    command
        .env("WARMDESK_ADMIN_KEY", KEY)
        .args(["serve", "--port", "0", "--model", "none", "--data"])
        .arg(data);
    command
}

async fn import(url: &str, lines: String) -> Option<Value> {
    let sent =
        client().post(format!("{url}/api/v1/import")).bearer_auth(KEY).body(lines).send().await.ok()?;
    let status = sent.status();
    let text = sent.text().await.ok()?;
    assert_eq!(status.as_u16(), 200, "{text}");
    serde_json::from_str(&text).ok()
}

/// The edition that stands in the store; every record must be of the same.
async fn stored_edition(data: &Path) -> usize {
    let store = Store::open(data).await.unwrap();
    let staff = StaffScope { shop: ShopId::default(), actor: "test".to_owned() };
    let records = store.all_records(&staff, RecordKind::Knowledge).await.unwrap();
    store.close().await;
    assert_eq!(records.len(), RECORDS, "records are lost");
    let editions: std::collections::BTreeSet<u64> =
        records.iter().map(|record| record.fields["version"].as_u64().unwrap()).collect();
    assert_eq!(editions.len(), 1, "an import is half visible: {editions:?}");
    usize::try_from(*editions.first().unwrap()).unwrap()
}

/// Which of these editions a search in the built index finds; every document must be of the same.
fn indexed_edition(data: &Path, possible: &[usize]) -> usize {
    let (manifest, _) = current_generation(data).unwrap().expect("a generation is in force");
    assert_eq!(manifest.documents[&RecordKind::Knowledge], RECORDS);
    let knowledge = Knowledge::open(data, analyzer(data).unwrap()).unwrap();
    let found = |number: &usize| {
        let query = SearchQuery { text: mark(*number), limit: RECORDS, ..SearchQuery::default() };
        let hits = knowledge.search(&Scope::anonymous(ShopId::default()), &query).unwrap();
        hits.iter().filter(|hit| hit.score > 0.9).count()
    };
    let editions: Vec<usize> = possible.iter().copied().filter(|number| found(number) > 0).collect();
    let [edition] = editions.as_slice() else { panic!("the index is of the editions {editions:?}") };
    assert_eq!(found(edition), RECORDS, "the index is half of the edition {edition}");
    *edition
}

/// The moment of a kill: spread evenly over the time that the whole takes.
fn moment(kill: usize, kills: usize, whole: Duration) -> Duration {
    whole.mul_f64((kill as f64 + 0.5) / kills as f64)
}

async fn kill_imports(kills: usize) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&mut serve(&data));
    let started = Instant::now();
    import(&server.url, edition(1)).await.unwrap();
    import(&server.url, edition(2)).await.unwrap();
    let whole = started.elapsed() / 2;
    server.end();
    let (mut stands, mut taken) = (2, 0);
    for kill in 0..kills {
        let number = stands.max(kill + 2) + 1;
        let server = Server::start(&mut serve(&data));
        // What was taken before is found by the server that came up after the kill.
        let path = format!("/api/v1/search?q={}&kind=knowledge&limit=3", mark(stands));
        let found = client().get(format!("{}{path}", server.url)).bearer_auth(KEY).send().await.unwrap();
        let found = read(found).await.good();
        assert!(found["hits"][0]["title"].as_str().unwrap().contains(&mark(stands)), "{found}");
        let url = server.url.clone();
        let importing = tokio::spawn(async move { import(&url, edition(number)).await });
        tokio::time::sleep(moment(kill, kills, whole)).await;
        server.end();
        let answered = importing.await.unwrap().is_some();
        let after = stored_edition(&data).await;
        assert!(after == number || after == stands, "edition {after} after {stands} and {number}");
        assert!(!answered || after == number, "an import that was answered is lost");
        taken += usize::from(after == number);
        stands = after;
    }
    println!("{kills} kills during imports: {taken} were in, {} were not, none half", kills - taken);
}

async fn kill_reindexing(kills: usize) {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("knowledge.ndjson");
    let index = || {
        let mut command = warmdesk(folder.path());
        command.arg("index").arg(&file).arg("--data").arg(&data);
        command
    };
    std::fs::write(&file, edition(1)).unwrap();
    let started = Instant::now();
    assert_eq!(run(&mut index()).code, Some(0));
    let whole = started.elapsed();
    let (mut stands, mut taken, mut built) = (1, 0, 1);
    for kill in 0..kills {
        let number = kill + 2;
        std::fs::write(&file, edition(number)).unwrap();
        let mut child = index().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(moment(kill, kills, whole)).await;
        // It may have ended by itself just before.
        child.kill().ok();
        child.wait().unwrap();
        let stored = stored_edition(&data).await;
        let mut possible = vec![built, stands, number];
        possible.dedup();
        let indexed = indexed_edition(&data, &possible);
        assert!(stored == number || stored == stands, "edition {stored} after {stands} and {number}");
        assert!(indexed == stored || indexed == built, "the index is of {indexed}, before it was of {built}");
        taken += usize::from(stored == number);
        (stands, built) = (stored, indexed);
    }
    // Whatever was left lying about is in nobody's way.
    assert_eq!(run(&mut index()).code, Some(0));
    assert_eq!((stored_edition(&data).await, indexed_edition(&data, &[kills + 1])), (kills + 1, kills + 1));
    let generations = std::fs::read_dir(data.join("index/generations")).unwrap().count();
    assert_eq!(generations, 2, "abandoned builds are cleared away");
    println!("{kills} kills during indexing: {taken} had written, {} had not, none half", kills - taken);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_kills_during_imports_leave_nothing_half() {
    kill_imports(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_kills_during_indexing_leave_nothing_half() {
    kill_reindexing(3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; see CONTRIBUTING.md"]
async fn fifty_kills_during_imports_leave_nothing_half() {
    kill_imports(50).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes; see CONTRIBUTING.md"]
async fn fifty_kills_during_indexing_leave_nothing_half() {
    kill_reindexing(50).await;
}
