//! Are past conversations played again as they were, and does a changed pack show in what differs?

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::app::{RunningShop, mute, repository};
use crate::program::{refuses, run, warmdesk};

/// A data folder in which customers have talked.
async fn talked() -> tempfile::TempDir {
    let shop = RunningShop::start(mute()).await;
    let asked = shop.chat(Some("cus_1001"), "包裹三天没动了，到底在哪").await;
    shop.chat_on(Some("cus_1001"), &asked, "我的电话是13800138000，订单20261114008712").await;
    shop.chat(None, "睡袋多少钱").await;
    let handed = shop.chat(Some("cus_1006"), "转人工").await;
    shop.chat_on(Some("cus_1006"), &handed, "人呢").await;
    shop.leave().await
}

/// Every file of a folder, byte by byte.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files = entries.filter(|path| path.is_file());
    files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
}

/// The pack of the repository, with one text of it changed, in a folder.
fn changed_pack(folder: &Path, from: &str, to: &str) {
    let shipped = repository("prompts/zh-CN");
    for part in ["", "scenarios", "examples", "wording", "templates"] {
        fs::create_dir_all(folder.join(part)).unwrap();
        for entry in fs::read_dir(shipped.join(part)).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                fs::copy(&path, folder.join(part).join(path.file_name().unwrap())).unwrap();
            }
        }
    }
    let mut changed = 0;
    for entry in fs::read_dir(folder.join("wording")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        changed += text.matches(from).count();
        fs::write(&path, text.replace(from, to)).unwrap();
    }
    assert!(changed > 0, "`{from}` stands nowhere");
}

/// Times differ on a busy machine.
fn nothing_differs(report: &Value) {
    for difference in ["answer", "scenario", "handoff", "refusals"] {
        assert_eq!(report["differ"][difference], 0, "{difference}: {report}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_pack_shows_in_what_differs_and_the_data_is_only_read() {
    let data = talked().await;
    let before = files(data.path());
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old");
    let new = folder.path().join("new");
    changed_pack(&old, "您", "您");
    changed_pack(&new, "您好，", "您好呀，");
    let (old, new) = (old.display().to_string(), new.display().to_string());
    let replay = |prompts: &str, more: &[&str]| {
        let mut command = warmdesk(folder.path());
        command.args(["eval", "replay", "--json", "--prompts", prompts, "--data"]).arg(data.path());
        let said = run(command.args(more));
        assert_eq!(said.code, Some(0), "{}", said.stderr);
        serde_json::from_str::<Value>(&said.stdout).unwrap()
    };

    let same = replay(&old, &["--against", &old]);
    assert_eq!((&same["conversations"], &same["turns"]), (&Value::from(3), &Value::from(4)), "{same}");
    assert_eq!(same["with_people"], 1, "{same}");
    nothing_differs(&same);

    let report = replay(&new, &["--against", &old, "--each", "each.jsonl"]);
    let answers = report["differ"]["answer"].as_u64().unwrap();
    assert!(answers > 0, "{report}");
    assert_eq!(
        (&report["differ"]["scenario"], &report["differ"]["handoff"]),
        (&Value::from(0), &Value::from(0))
    );
    let each = fs::read_to_string(folder.path().join("each.jsonl")).unwrap();
    assert_eq!(each.lines().count(), 4);
    assert!(!each.contains("13800138000") && each.contains("[手机号]"), "{each}");
    assert!(report["new"]["latency_ms"]["p50"].as_f64().unwrap() > 0.0);

    assert!(before == files(data.path()), "the data folder was written to");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_is_masked_and_can_be_played() {
    let data = talked().await;
    let folder = tempfile::tempdir().unwrap();
    let export = || {
        let mut command = warmdesk(folder.path());
        command.args(["eval", "replay", "--export", "past.ndjson", "--data"]).arg(data.path());
        command
    };
    let said = run(&mut export());
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let past = fs::read_to_string(folder.path().join("past.ndjson")).unwrap();
    assert_eq!(past.lines().count(), 3);
    for private in ["13800138000", "20261114008712", "cus_1001", "陈晓禾"] {
        assert!(!past.contains(private), "{private}: {past}");
    }
    let handed = past.lines().find(|line| line.contains("转人工")).unwrap();
    let handed: Value = serde_json::from_str(handed).unwrap();
    assert_eq!(handed["turns"][0]["handoff"], "asked_for_person");
    assert_eq!(handed["turns"][1]["answered"], false, "who waits is no turn: {handed}");
    refuses(&mut export(), &["past.ndjson", "choose another name"]);

    let prompts = repository("prompts");
    let mut play = warmdesk(folder.path());
    play.args(["eval", "replay", "--json", "--data", "past.ndjson", "--prompts"]).arg(&prompts);
    let said = run(play.arg("--against").arg(&prompts));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!(report["turns"], 4, "{report}");
    nothing_differs(&report);

    fs::write(folder.path().join("bad.ndjson"), "{\"conversation\": 1}\n").unwrap();
    refuses(
        warmdesk(folder.path()).args(["eval", "replay", "--data", "bad.ndjson"]),
        &["bad.ndjson: line 1"],
    );
    let nothing = ["eval", "replay", "--data", "nothing"];
    refuses(warmdesk(folder.path()).args(nothing), &["there is no database", "--data"]);
    assert!(!folder.path().join("nothing").exists(), "nothing is made");
}
