//! Are recorded drafts judged as they should be, with the guard and without it?

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::app::{record_files, repository};
use crate::program::{refuses, run, warmdesk};

fn indexed(folder: &Path) {
    let said = run(warmdesk(folder).arg("index").args(record_files(&repository("tests/shop"))));
    assert_eq!(said.code, Some(0), "{}", said.stderr);
}

/// A question, and a draft of one sentence with what a reader says of it.
fn drafted(id: &str, question: &str, text: &str, wrong: &str) -> Value {
    json!({
        "id": id, "question": question, "customer": null, "everything": true, "model": "scripted",
        "drafts": [{
            "prompt": "", "text": text, "milliseconds": 900.0,
            "sentences": [{ "text": text, "at": 900.0, "wrong": wrong }],
        }],
    })
}

#[test]
fn what_a_model_wrote_is_judged_with_the_guard_and_without() {
    let folder = tempfile::tempdir().unwrap();
    indexed(folder.path());
    let question = "重力球奶瓶能进微波炉吗";
    let rows = [
        drafted("wrong", question, "重力球奶瓶可以放微波炉。", "the record says it must not"),
        drafted("right", question, "重力球奶瓶不能放微波炉。", ""),
    ];
    fs::write(folder.path().join("drafts.jsonl"), rows.map(|row| row.to_string()).join("\n")).unwrap();

    let mut command = warmdesk(folder.path());
    command.args(["eval", "ablation", "drafts.jsonl", "--json", "--at", "2026-11-20 10:12"]);
    let said = run(command.args(["--each", "each.jsonl"]));

    assert_eq!(said.code, Some(0), "{}", said.stderr);
    let report: Value = serde_json::from_str(&said.stdout).unwrap();
    let each = fs::read_to_string(folder.path().join("each.jsonl")).unwrap();
    assert_eq!(
        (&report["drafted"], &report["sentences"], &report["read"]),
        (&json!(2), &json!(2), &json!(2))
    );
    assert_eq!((&report["off"]["wrong"], &report["on"]["wrong"]), (&json!(1), &json!(0)), "{each}");
    assert_eq!((&report["wrongly_refused"], &report["right"]), (&json!(0), &json!(1)), "{each}");
    // What is said in its place comes from the records.
    let first: Value = serde_json::from_str(each.lines().next().unwrap()).unwrap();
    let reply = first["reply"].to_string();
    assert!(reply.contains("不能放微波炉") && first["replaced"] == true, "{reply}");
}

#[test]
fn drafts_are_recorded_of_a_model_that_is_there_and_never_over_others() {
    let folder = tempfile::tempdir().unwrap();
    indexed(folder.path());
    fs::write(folder.path().join("questions.txt"), "包邮吗\n").unwrap();
    let record = ["eval", "ablation", "drafts.jsonl", "--record", "questions.txt"];
    refuses(warmdesk(folder.path()).args(record).args(["--model", "none"]), &["no model", "recorded"]);
    assert!(!folder.path().join("drafts.jsonl").exists(), "nothing is left half done");
}
