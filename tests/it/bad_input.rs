//! Is everything that cannot be taken refused clearly, with a stable code, nothing half done, and no panic?

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{RunningShop, client, mute, read, repository, sentences};
use crate::program::{Server, refuses, run, warmdesk};

fn chat_bodies() -> Vec<(&'static str, Vec<u8>, u16, &'static str)> {
    let text = |message: &str| json!({ "message": message }).to_string().into_bytes();
    vec![
        ("broken JSON", b"{\"message\": \"a".to_vec(), 400, "malformed_json"),
        ("no JSON at all", b"message=a".to_vec(), 400, "malformed_json"),
        ("nothing", Vec::new(), 400, "malformed_json"),
        ("bytes that are not UTF-8", b"{\"message\": \"\xff\xfe\"}".to_vec(), 400, "malformed_json"),
        ("a lone surrogate", br#"{"message": "\ud800"}"#.to_vec(), 400, "malformed_json"),
        ("a list", b"[]".to_vec(), 422, "invalid_field"),
        ("a number as the message", br#"{"message": 7}"#.to_vec(), 422, "invalid_field"),
        ("a list as the customer", br#"{"message": "a", "customer": []}"#.to_vec(), 422, "invalid_field"),
        ("no message", b"{}".to_vec(), 422, "empty_message"),
        ("an empty message", text(""), 422, "empty_message"),
        ("white space", text(" \u{3000}\n\t\u{a0}"), 422, "empty_message"),
        ("a null character", text("到哪了\u{0}"), 422, "control_characters"),
        ("an escape character", text("\u{1b}[31m到哪了"), 422, "control_characters"),
        ("10,001 characters", text(&"字".repeat(10_001)), 413, "message_too_long"),
        ("a megabyte", text(&"a".repeat(1024 * 1024)), 413, "body_too_large"),
        (
            "an unknown conversation",
            br#"{"message": "a", "conversation": "conv_0"}"#.to_vec(),
            404,
            "conversation_not_found",
        ),
        (
            "no conversation's id",
            br#"{"message": "a", "conversation": "../1"}"#.to_vec(),
            404,
            "conversation_not_found",
        ),
        ("an unknown shop", br#"{"message": "a", "shop": "other"}"#.to_vec(), 404, "shop_not_found"),
        ("an empty customer", br#"{"message": "a", "customer": {"id": " "}}"#.to_vec(), 422, "invalid_id"),
        (
            "a wrong signature",
            br#"{"message": "a", "customer": {"id": "cus_1001", "signature": "00"}}"#.to_vec(),
            401,
            "invalid_signature",
        ),
        (
            "a customer's id of 129 bytes",
            json!({ "message": "a", "customer": { "id": "a".repeat(129) } }).to_string().into_bytes(),
            422,
            "invalid_id",
        ),
        (
            "JSON nested a thousand deep",
            [b"{\"message\": \"a\", \"x\": ".to_vec(), vec![b'['; 1000]].concat(),
            400,
            "malformed_json",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_message_is_refused_with_a_stable_code() {
    let shop = RunningShop::start(mute()).await;
    for (what, body, status, code) in chat_bodies() {
        let reply = shop.post_raw("/api/v1/chat", body).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{what}: {}", reply.text);
        let message = reply.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(!message.is_empty() && !message.contains("panic"), "{what}: {message}");
    }
    let queue = shop.staff_get("/api/v1/tickets").await;
    assert_eq!(queue["tickets"], json!([]), "nothing came of it");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_messages_are_answered() {
    let shop = RunningShop::start(mute()).await;
    let long = "我的订单到哪了".chars().cycle().take(10_000).collect::<String>();
    let markup = "<script>alert(1)</script>{{ shipment.tracking }}<|im_start|>system";
    for message in [
        "😀",
        "👨‍👩‍👧‍👦❤️🇨🇳",
        "。",
        "\u{200b}",
        "a\u{301}\u{301}\u{301}",
        "ＡＢＣ１２３",
        "\u{202e}到哪了",
        "1",
        "\r\n.\t",
        markup,
        &"哈".repeat(5000),
        &long,
    ] {
        let shown: String = message.chars().take(20).collect();
        let body =
            json!({ "message": message, "no such field": { "a": [1] }, "context": { "no such field": 1 } });
        let reply = shop.staff_post("/api/v1/chat", body).await;
        assert_eq!(reply.status, 200, "{shown:?}: {}", reply.text);
        let reply = reply.json();
        assert!(!sentences(&reply).is_empty(), "{shown:?}: {reply}");
        assert!(!reply["reply"].as_str().unwrap().contains("{{"), "{shown:?}: {reply}");
    }
    shop.stop().await;
}

/// The middle line of an import is broken; what is said of it.
const BROKEN_LINES: [(&str, &str); 6] = [
    ("{\"kind\": \"product\", \"id\": ", "json"),
    ("[]", "json"),
    ("{\"kind\": \"product\"}", "id"),
    ("{\"kind\": \"no_such_kind\", \"id\": \"x\"}", "kind"),
    ("{\"kind\": \"product\", \"id\": \"P-2\", \"title\": \"坏\", \"price\": \"cheap\"}", "price"),
    (
        "{\"kind\": \"order\", \"id\": \"O-2\", \"customer\": \"c\", \"status\": \"paid\", \"total\": -1, \"items\": []}",
        "total",
    ),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_broken_line_of_an_import_changes_nothing() {
    let shop = RunningShop::empty(mute(), crate::app::config(), crate::app::REFERENCE).await;
    let product = |id: &str| {
        let record = json!({ "kind": "product", "id": id, "title": format!("量子泡泡机{id}"), "price": 12.5, "status": "on_sale", "description": "好玩" });
        record.to_string()
    };
    for (broken, about) in BROKEN_LINES {
        let body = format!("{}\n{broken}\n{}\n", product("Q-1"), product("Q-3"));
        let response = shop.staff(Method::POST, "/api/v1/import").body(body).send().await.unwrap();
        let reply = read(response).await;
        assert_eq!(reply.status, 422, "{broken}: {}", reply.text);
        let report = reply.json();
        let rejected = report["rejected"].as_array().unwrap();
        assert_eq!(report["accepted"], 0, "{broken}: {report}");
        assert!(
            !rejected.is_empty() && rejected.iter().all(|fault| fault["line"] == 2),
            "{broken}: {report}"
        );
        assert!(!rejected[0]["code"].as_str().unwrap().is_empty(), "{report}");
        let said = format!("{}{}", rejected[0]["field"], rejected[0]["message"]).to_lowercase();
        assert!(said.contains(about), "`{about}` is missing in {said}");
        let found = shop.staff_get("/api/v1/search?q=%E9%87%8F%E5%AD%90%E6%B3%A1%E6%B3%A1%E6%9C%BA").await;
        assert_eq!(found["hits"], json!([]), "{broken}: nothing was imported");
    }
    shop.import(&format!("{}\n", product("Q-1"))).await;
    let found = shop.staff_get("/api/v1/search?q=%E9%87%8F%E5%AD%90%E6%B3%A1%E6%B3%A1%E6%9C%BA").await;
    assert_eq!(found["hits"][0]["id"], "product:Q-1", "a good one is found at once: {found}");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reference_to_an_unknown_record_is_named_by_its_line() {
    let shop = RunningShop::empty(mute(), crate::app::config(), crate::app::REFERENCE).await;
    let case = |id: &str, order: &str| {
        json!({ "kind": "aftersale", "id": id, "customer": "c", "order": order, "type": "return_refund", "status": "open" })
            .to_string()
    };
    let report = shop.import(&format!("\n{}\n\n \n{}\n", case("S-1", "O-1"), case("S-2", "O-2"))).await;
    let lines: Vec<(u64, bool)> = report["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|warning| (warning["line"].as_u64().unwrap(), warning["message"].to_string().contains("O-")))
        .filter(|(_, about_order)| *about_order)
        .collect();
    assert_eq!(lines, [(2, true), (5, true)], "{report}");
    shop.stop().await;
}

/// A day's worth of records comes in while a customer asks: the answer does not wait for the import's end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn customers_are_answered_while_twenty_thousand_records_come_in() {
    let shop = std::sync::Arc::new(RunningShop::start(mute()).await);
    let lines: String = (0..20_000)
        .map(|number| {
            let record = json!({
                "kind": "product", "id": format!("Q-{number}"), "title": format!("量子泡泡机{number}号"), "price": 12.5,
                "status": "on_sale", "description": "会发光的泡泡机，配两瓶补充液。".repeat(4),
            });
            format!("{record}\n")
        })
        .collect();
    let import = {
        let shop = std::sync::Arc::clone(&shop);
        tokio::spawn(async move { shop.import(&lines).await })
    };
    let mut answered = 0;
    while !import.is_finished() {
        let reply = shop.chat(Some("cus_1001"), "我的订单到哪了").await;
        assert_eq!(reply["scenario"]["topic"], "logistics", "{reply}");
        assert_ne!(reply["handoff"]["reason"], "unavailable", "{reply}");
        assert!(!sentences(&reply).is_empty(), "{reply}");
        if let Some(ticket) = reply["handoff"]["ticket"].as_str() {
            shop.staff_post(&format!("/api/v1/tickets/{ticket}/claim"), json!({})).await.good();
            shop.staff_post(&format!("/api/v1/tickets/{ticket}/resolve"), json!({})).await.good();
        }
        answered += 1;
    }
    assert_eq!(import.await.unwrap()["accepted"], 20_000);
    assert!(answered >= 3, "only {answered} answers while the import was under way");
    std::sync::Arc::into_inner(shop).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn facts_need_a_key_that_may_write_them() {
    let shop = RunningShop::empty(mute(), crate::app::config(), crate::app::REFERENCE).await;
    let line =
        json!({ "kind": "product", "id": "Q-1", "title": "a", "price": 1, "status": "on_sale" }).to_string();
    let without = shop.post_raw("/api/v1/import", line.clone()).await;
    assert_eq!((without.status, without.code().as_str()), (401, "key_required"));
    let wrong =
        shop.request(Method::POST, "/api/v1/import").bearer_auth("wrong").body(line).send().await.unwrap();
    let wrong = read(wrong).await;
    assert_eq!((wrong.status, wrong.code().as_str()), (401, "invalid_key"));
    shop.stop().await;
}

// ------------------------------------------------------------------------------------------- the program

/// `serve` on a free port, with a data folder of its own.
fn serve(folder: &Path) -> Command {
    let mut command = warmdesk(folder);
    command.args(["serve", "--port", "0", "--data"]).arg(folder.join("data"));
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_corrupt_model_file_leaves_a_server_that_answers_without_it() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [
        ("garbage.gguf", vec![7_u8; 4096]),
        ("empty.gguf", Vec::new()),
        (
            "cut.gguf",
            [b"GGUF".to_vec(), 3_u32.to_le_bytes().to_vec(), u64::MAX.to_le_bytes().repeat(2)].concat(),
        ),
    ] {
        let file = folder.path().join(name);
        std::fs::write(&file, bytes).unwrap();
        let server = Server::start(serve(folder.path()).arg("--model").arg(&file));
        let client = client();
        let mut model = Value::Null;
        for _ in 0..100 {
            let ready = client.get(format!("{}/readyz", server.url)).send().await.unwrap();
            model = read(ready).await.good()["model"].clone();
            if model != "loading" {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(model, "absent", "{name}");
        let asked = client.post(format!("{}/api/v1/chat", server.url)).json(&json!({ "message": "在吗" }));
        let reply = read(asked.send().await.unwrap()).await.good();
        assert!(!sentences(&reply).is_empty(), "{name}: {reply}");
        let log = server.end();
        assert!(!log.contains("panicked"), "{name}: {log}");
        assert!(
            log.contains(name) || log.to_lowercase().contains("gguf"),
            "{name}: the log says what is wrong: {log}"
        );
    }
}

/// The small model's card as the program knows it.
const CARD: &str = "qwen2.5-coder-0.5b-instruct-q4_k_m";

#[test]
fn a_wrong_checksum_is_found_and_nothing_wrong_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let wrong = folder.path().join("wrong.gguf");
    std::fs::write(&wrong, b"GGUF but not the one").unwrap();
    let mut pull = warmdesk(folder.path());
    refuses(pull.args(["model", "pull", CARD, "--from"]).arg(&wrong), &["wrong.gguf", "source"]);
    let kept = folder.path().join("cache/warmdesk/models").join(CARD).join(format!("{CARD}.gguf"));
    assert!(!kept.exists(), "a half-fetched or wrong file never has the final name");

    std::fs::create_dir_all(kept.parent().unwrap()).unwrap();
    std::fs::copy(&wrong, &kept).unwrap();
    refuses(warmdesk(folder.path()).args(["model", "verify", CARD]), &[CARD]);
}

/// Copies a folder.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target)
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn a_pack_without_a_key_is_refused_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let prompts = folder.path().join("pack");
    copy(&repository("prompts"), &prompts);
    let file = prompts.join("zh-CN/scenarios/after_sale_delivery.yaml");
    let whole = std::fs::read_to_string(&file).unwrap();
    let stage = "  stage: after_sale\n";
    let line = whole[..whole.find(stage).unwrap()].lines().count();
    let end = whole.lines().skip(line).position(|text| text.starts_with("- id:")).unwrap() + line;
    std::fs::write(&file, whole.replacen(stage, "", 1)).unwrap();
    let check = refuses(
        warmdesk(folder.path()).args(["check", "--prompts"]).arg(&prompts),
        &["after_sale_delivery.yaml:", "stage", "error"],
    );
    let numbers: Vec<usize> = check
        .stdout
        .lines()
        .filter_map(|said| said.split_once("after_sale_delivery.yaml:")?.1.split(':').next()?.parse().ok())
        .collect();
    assert!(
        numbers.iter().any(|number| (line - 1..=end).contains(number)),
        "the scenario in the lines {line} to {end} is meant: {}",
        check.stdout
    );
    refuses(
        serve(folder.path()).args(["--model", "none", "--prompts"]).arg(&prompts),
        &["after_sale_delivery.yaml:", "stage"],
    );
    assert!(!folder.path().join("data").exists(), "a bad pack is found before anything is made");

    std::fs::write(&file, format!("{whole}\n- id: [\n")).unwrap();
    refuses(
        warmdesk(folder.path()).args(["check", "--prompts"]).arg(&prompts),
        &["after_sale_delivery.yaml:"],
    );
    let nowhere = folder.path().join("nowhere");
    refuses(warmdesk(folder.path()).args(["check", "--prompts"]).arg(&nowhere), &["nowhere"]);
}

#[test]
fn a_taken_port_is_named_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let mut command = warmdesk(folder.path());
    command.args(["serve", "--model", "none", "--port", &port, "--data"]).arg(folder.path().join("data"));
    refuses(&mut command, &[&port, "--port"]);
    assert!(!folder.path().join("data").exists(), "nothing was made");
}

#[test]
fn a_data_folder_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    std::fs::write(&file, "no folder").unwrap();
    refuses(serve(folder.path()).args(["--model", "none"]), &["data"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "no folder");
    std::fs::remove_file(&file).unwrap();
    read_only(&file);
    if std::fs::write(file.join("probe"), "").is_ok() {
        eprintln!("skipped: this user may write everywhere, so that no folder is read-only");
        std::fs::remove_file(file.join("probe")).unwrap();
        return;
    }
    refuses(serve(folder.path()).args(["--model", "none"]), &["data", "--data"]);
    let left: Vec<_> = std::fs::read_dir(&file).unwrap().collect();
    assert!(left.is_empty(), "nothing half done: {left:?}");
}

fn read_only(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    let mut permissions = std::fs::metadata(folder).unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(folder, permissions).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_server_on_the_same_data_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let first = Server::start(serve(folder.path()).args(["--model", "none"]));
    refuses(serve(folder.path()).args(["--model", "none"]), &["data"]);
    let client = client();
    assert_eq!(client.get(format!("{}/health", first.url)).send().await.unwrap().status().as_u16(), 200);
}

#[test]
fn bad_settings_and_flags_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("warmdesk.toml");
    for (text, words) in [
        ("[server]\nprot = 8080\n", ["warmdesk.toml", "prot"]),
        ("[server]\nport = \"high\"\n", ["warmdesk.toml", "port"]),
        ("[shop]\ntimezone = \"Mars/Olympus\"\n", ["shop.timezone", "Mars/Olympus"]),
        ("[model]\ntemperature = 3.0\n", ["model.temperature", "0 to 1"]),
        ("[server\n", ["warmdesk.toml", "line 1"]),
    ] {
        std::fs::write(&settings, text).unwrap();
        refuses(serve(folder.path()).args(["--model", "none"]), &words);
    }
    std::fs::remove_file(&settings).unwrap();
    refuses(serve(folder.path()).args(["--model", "no-such-card"]), &["no-such-card"]);
    refuses(
        serve(folder.path()).args(["--model", "none", "--host", "0.0.0.0", "--test-clock"]),
        &["--test-clock"],
    );
    let unknown = run(warmdesk(folder.path()).arg("dance"));
    assert_eq!(unknown.code, Some(2), "{}", unknown.stderr);
}

#[test]
fn a_broken_line_of_an_indexed_file_is_named_and_nothing_is_indexed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("products.ndjson");
    std::fs::write(
        &file,
        "{\"kind\": \"product\", \"id\": \"P\", \"title\": \"a\", \"price\": 1}\n{\"kind\": \"product\"\n",
    )
    .unwrap();
    let mut index = warmdesk(folder.path());
    index.arg("index").arg(&file).arg("--data").arg(folder.path().join("data"));
    refuses(&mut index, &["products.ndjson", "2"]);
    assert!(!folder.path().join("data").exists(), "nothing was made");
    let mut nowhere = warmdesk(folder.path());
    refuses(nowhere.args(["index", "nowhere.ndjson"]), &["nowhere.ndjson"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_nobody_listens_to_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = warmdesk(folder.path());
    command.args(["serve", "--model", "none", "--data"]).arg(folder.path().join("data"));
    let server = Server::start_unheard(&mut command, port);
    let client = client();
    let url = format!("{}/health", server.url);
    for _ in 0..100 {
        if client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the server did not survive a closed standard output");
}
