//! Does an index that was deleted and rebuilt find exactly what it found before, in the same order?

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::app::{REFERENCE, RunningShop, mute, repository};
use crate::program::{run, warmdesk};

/// A copy of a data folder, because every conversation changes what the next one knows.
fn copied(data: &Path) -> TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let target = to.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                copy(&entry.path(), &target);
            } else {
                fs::copy(entry.path(), target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(data, folder.path());
    folder
}

/// The sample shop's questions, each with the customer who asks.
fn questions() -> Vec<(Option<String>, String)> {
    let text = fs::read_to_string(repository("tests/shop/questions.txt")).unwrap();
    let asked = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    asked
        .map(|line| match line.split_once('\t') {
            Some((customer, question)) => (Some(customer.to_owned()), question.to_owned()),
            None => (None, line.to_owned()),
        })
        .collect()
}

/// Everything that is found and used for every question, byte by byte. Which of several wordings a conversation hears
/// is drawn by its id and is no business of the index.
async fn answers(data: TempDir) -> Vec<String> {
    let shop = RunningShop::on(data, REFERENCE).await;
    let mut answers = Vec::new();
    for (customer, question) in questions() {
        let path = reqwest::Url::parse_with_params("http://shop/api/v1/search", [("q", &question)]).unwrap();
        let found = shop.staff_get(&format!("{}?{}&limit=20", path.path(), path.query().unwrap())).await;
        answers.push(format!("{question}: {found}"));
        let reply = shop.chat(customer.as_deref(), &question).await;
        answers
            .push(json!({ "evidence": reply["evidence"], "scenario": reply["scenario"]["id"] }).to_string());
        shop.resolve_all().await;
    }
    shop.stop().await;
    answers
}

fn rebuild(data: &Path) {
    let folder = tempfile::tempdir().unwrap();
    let said = run(warmdesk(folder.path()).args(["index", "--rebuild", "--json", "--data"]).arg(data));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert!(report["generation"]["documents"].as_u64().unwrap() > 100, "{report}");
}

fn differences(one: &[String], other: &[String]) -> Vec<String> {
    one.iter()
        .zip(other)
        .filter(|(one, other)| one != other)
        .map(|(one, other)| format!("{one}\n{other}"))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebuilt_index_answers_exactly_alike() {
    // The shop came record by record: there is no generation, only what the running server took in.
    let came = RunningShop::start(mute()).await.leave().await;
    assert!(!came.path().join("index/CURRENT").exists());
    let by_changes = answers(copied(came.path())).await;
    assert!(by_changes.len() > 100 && by_changes.iter().any(|one| one.contains("order:")));

    rebuild(came.path());
    let built = answers(copied(came.path())).await;
    assert_eq!(
        differences(&by_changes, &built),
        Vec::<String>::new(),
        "changes one by one, and a built index"
    );

    fs::remove_dir_all(came.path().join("index")).unwrap();
    let without = answers(copied(came.path())).await;
    assert_eq!(differences(&built, &without), Vec::<String>::new(), "a built index, and none");

    rebuild(came.path());
    let rebuilt = answers(copied(came.path())).await;
    assert_eq!(differences(&built, &rebuilt), Vec::<String>::new(), "a built index, and one built again");
}
