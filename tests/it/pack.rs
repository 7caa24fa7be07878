//! Can a change of the pack be drafted, tried, published into a running server, and taken back, by the program alone?

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{client, read, repository};
use crate::program::{Server, refuses, run, warmdesk};

fn pack(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = warmdesk(folder);
    command.arg("pack").args(arguments).arg("--data").arg(folder.join("data"));
    command
}

fn says(folder: &Path, arguments: &[&str]) -> String {
    let finished = run(&mut pack(folder, arguments));
    assert_eq!(finished.code, Some(0), "{arguments:?}: {}{}", finished.stdout, finished.stderr);
    finished.stdout
}

async fn hello(server: &Server) -> String {
    let ask = client().post(format!("{}/api/v1/chat", server.url)).json(&json!({ "message": "在吗" }));
    let reply: Value = read(ask.send().await.unwrap()).await.good();
    reply["reply"].as_str().unwrap().to_owned()
}

/// Asks until the answer is as it should be; a change is taken up within a second on an idle machine.
async fn until_it_says(server: &Server, word: &str, there: bool) {
    for _ in 0..200 {
        if hello(server).await.contains(word) == there {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("`{word}`: {}", hello(server).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_is_drafted_tried_published_and_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut serve = warmdesk(folder);
    serve.args(["serve", "--port", "0", "--model", "none", "--data"]).arg(folder.join("data"));
    let server = Server::start(&mut serve);
    refuses(&mut pack(folder, &["publish", "--why", "x", "--who", "y"]), &["no draft", "pack draft"]);
    let made = says(folder, &["draft"]);
    assert!(made.contains("prompts-draft"), "{made}");
    let wording = folder.join("data/prompts-draft/zh-CN/wording/common.yaml");
    let text = std::fs::read_to_string(&wording).unwrap();
    std::fs::write(&wording, text.replace("智能助手", "琉璃助手")).unwrap();
    assert!(says(folder, &["draft"]).contains("~ wording/common.yaml"));

    let tried: Value = serde_json::from_str(&says(folder, &["try", "在吗", "--json"])).unwrap();
    let said = |which: &str| tried[which]["sentences"].to_string();
    assert!(said("draft").contains("琉璃") && !said("in_force").contains("琉璃"), "{tried}");
    assert!(!hello(&server).await.contains("琉璃"), "a draft is heard by nobody");

    std::fs::write(&wording, text.replace("智能助手", "琉璃助手，全国第一的")).unwrap();
    refuses(
        &mut pack(folder, &["publish", "--why", "x", "--who", "y"]),
        &["red line", "wording/common.yaml"],
    );
    std::fs::write(&wording, text.replace("智能助手", "琉璃助手")).unwrap();
    says(folder, &["publish", "--why", "好听一些", "--who", "小林"]);
    until_it_says(&server, "琉璃", true).await;
    let history: Value = serde_json::from_str(&says(folder, &["history", "--json"])).unwrap();
    assert_eq!(history["versions"][1]["who"], "小林", "{history}");
    says(folder, &["rollback", "--why", "顾客听不懂", "--who", "小林"]);
    until_it_says(&server, "琉璃", false).await;
}

#[test]
fn wording_and_examples_go_through_a_workbook() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let book = folder.join("pack.xlsx");
    let path = book.to_str().unwrap();
    let written = says(folder, &["export", path]);
    assert!(written.contains("examples of the pack in force"), "{written}");
    let taken = says(folder, &["import", path]);
    assert!(taken.contains("0 changes"), "{taken}");
    assert!(!folder.join("data/prompts-draft").exists(), "nothing changed, so there is no draft");
    std::fs::write(&book, "no workbook").unwrap();
    refuses(&mut pack(folder, &["import", path]), &["pack.xlsx"]);
}

#[test]
fn a_check_names_settings_and_packs_in_one_object() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    crate::reload::copy_pack(&folder.join("shop/zh-CN"));
    std::fs::write(
        folder.join("shop/zh-CN/wording/zz.yaml"),
        "greeting:\n  close:\n    - 到{{ parcel.id }}\n",
    )
    .unwrap();
    std::fs::write(folder.join("settings.toml"), "[server]\nprot = 1\n").unwrap();
    let mut check = warmdesk(folder);
    check.args(["check", "--json", "--config", "settings.toml", "--prompts", "shop"]);
    let finished = run(&mut check);
    assert_eq!(finished.code, Some(1), "{}", finished.stderr);
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    assert!(report["settings"].as_str().unwrap().contains("prot"), "{report}");
    let problems = &report["packs"][0]["problems"];
    assert_eq!(report["errors"], 2, "{report}");
    assert_eq!(
        (&problems[0]["file"], &problems[0]["line"]),
        (&json!("wording/zz.yaml"), &json!(3)),
        "{report}"
    );
    let mut check = warmdesk(folder);
    check.args(["check", "--prompts"]).arg(repository("prompts"));
    let finished = run(&mut check);
    assert!(
        finished.stdout.contains("zh-CN: 0 errors") && finished.stdout.contains("en: 0 errors"),
        "{}",
        finished.stdout
    );
}
