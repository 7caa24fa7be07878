//! Is a changed pack in force at once, and a broken one never?

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{Reply, client, read, repository};
use crate::program::{Server, warmdesk};

const KEY: &str = "admin-key-of-the-integration-tests";

/// Copies the default pack into a folder.
pub fn copy_pack(to: &Path) {
    let copy = |from: &Path, to: &Path| {
        std::fs::create_dir_all(to).unwrap();
        for entry in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            if entry.path().is_file() {
                std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    };
    let from = repository("prompts/zh-CN");
    copy(&from, to);
    for entry in std::fs::read_dir(&from).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            copy(&entry.path(), &to.join(entry.file_name()));
        }
    }
}

async fn get(server: &Server, path: &str) -> Value {
    read(client().get(format!("{}{path}", server.url)).send().await.unwrap()).await.good()
}

async fn version(server: &Server) -> String {
    get(server, "/version").await["parts"]["pack"].as_str().unwrap().to_owned()
}

async fn reload(server: &Server, key: Option<&str>) -> Reply {
    let mut request = client().post(format!("{}/api/v1/admin/reload", server.url));
    if let Some(key) = key {
        request = request.bearer_auth(key);
    }
    read(request.send().await.unwrap()).await
}

/// Waits until something holds; a change is taken up within a second on a machine that has nothing else to do.
async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..200 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what} did not happen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_pack_is_in_force_at_once_and_a_broken_one_never() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("shop/zh-CN");
    copy_pack(&pack);
    let mut command = warmdesk(folder.path());
    command.env("WARMDESK_ADMIN_KEY", KEY).args(["serve", "--port", "0", "--model", "none"]);
    command.arg("--prompts").arg(folder.path().join("shop")).arg("--data").arg(folder.path().join("data"));
    let server = Server::start(&mut command);
    let first = version(&server).await;

    let own = pack.join("wording/common.yaml");
    let before = std::fs::read_to_string(&own).unwrap();
    let changed = before.replace("智能助手", "琉璃助手");
    assert_ne!(before, changed, "the assistant introduces itself");
    std::fs::write(&own, changed).unwrap();
    until("the change", async || version(&server).await != first).await;
    let second = version(&server).await;
    let hello = client().post(format!("{}/api/v1/chat", server.url)).json(&json!({ "message": "在吗" }));
    let reply = read(hello.send().await.unwrap()).await.good();
    assert!(reply["reply"].as_str().unwrap().contains("琉璃"), "{reply}");

    // A bad one is refused, named, and the old one stays.
    let good = std::fs::read_to_string(&own).unwrap();
    std::fs::write(&own, good.replace("introduce:", "introduc:")).unwrap();
    until("the refusal", async || !get(&server, "/readyz").await["pack_status"]["refused"].is_null()).await;
    let ready = get(&server, "/readyz").await;
    assert_eq!((ready["ready"].as_bool(), version(&server).await), (Some(true), second.clone()));
    let problems = ready["pack_status"]["refused"]["problems"].to_string();
    assert!(problems.contains("wording/common.yaml") && problems.contains("introduc"), "{problems}");
    assert_eq!(reload(&server, None).await.status, 401);
    let refused = reload(&server, Some(KEY)).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert!(refused.json()["refused"].to_string().contains("wording/common.yaml"), "{}", refused.text);

    // Mended again, and asked to look.
    std::fs::write(&own, good).unwrap();
    assert_eq!(reload(&server, Some(KEY)).await.good()["version"], second);
    assert!(get(&server, "/readyz").await["pack_status"]["refused"].is_null());
    server.hang_up();
    assert_eq!(reload(&server, Some(KEY)).await.good()["changed"], false, "SIGHUP ends nothing");
}
