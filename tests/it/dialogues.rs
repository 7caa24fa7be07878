//! Does a whole conversation go as it should? Each file of `tests/dialogues` is one, told as data; `warmdesk eval
//! dialogues` runs the same files.

use std::sync::{Arc, OnceLock};

use warmdesk::eval::dialogues::{Shop, Stage, read, run};
use warmdesk::record::parse_ndjson;

use crate::app::{config, english_rules, records, repository, rules};

/// The sample shop and its English sister, with the packs of the repository.
fn stage() -> &'static Stage {
    static STAGE: OnceLock<Stage> = OnceLock::new();
    STAGE.get_or_init(|| {
        let shop = |rules, folder: &str| {
            let lines = records(&repository(folder));
            Shop { rules, records: parse_ndjson(lines.as_bytes(), folder).unwrap() }
        };
        let shops = vec![shop(rules(), "tests/shop"), shop(english_rules(), "tests/shop_en")];
        Stage { shops, config: config(), seed: 0 }
    })
}

fn files() -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(repository("tests/dialogues")).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Every conversation, several at a time, so that one that goes wrong does not hide the others.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_dialogue_goes_as_its_file_says() {
    let permits = Arc::new(tokio::sync::Semaphore::new(4));
    let mut running = tokio::task::JoinSet::new();
    for file in files() {
        let permits = Arc::clone(&permits);
        running.spawn(async move {
            let _permit = permits.acquire_owned().await.unwrap();
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&file).unwrap();
            let dialogue = read(&name, &text).unwrap_or_else(|error| panic!("{error}"));
            run(&name, &dialogue, stage()).await.unwrap_or_else(|error| panic!("{error}"))
        });
    }
    let told = running.join_all().await;
    let mut wrong: Vec<String> = told
        .iter()
        .filter(|told| !told.is_right())
        .map(|told| format!("{} ({}):\n{}", told.name, told.about, told.faults()))
        .collect();
    wrong.sort();
    assert!(wrong.is_empty(), "{} of {} conversations:\n{}", wrong.len(), told.len(), wrong.join("\n\n"));
}

/// A conversation that can only go right tests nothing: each has several messages, and asks something of most answers.
#[test]
fn no_dialogue_is_trivial() {
    for file in files() {
        let name = file.display().to_string();
        let dialogue = read(&name, &std::fs::read_to_string(&file).unwrap()).unwrap();
        let asked = dialogue.turns.iter().filter(|turn| {
            let named = turn.scenario.is_some() || turn.tier.is_some() || turn.handoff.is_some();
            named || !turn.must.is_empty() || !turn.must_not.is_empty() || turn.staff.is_some() || turn.silent
        });
        assert!(dialogue.turns.len() >= 2, "{name} has one message");
        assert!(asked.count() == dialogue.turns.len(), "{name} has a message of which nothing is asked");
    }
}
