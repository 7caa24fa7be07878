//! Does a message survive a program that is killed before it could answer?

use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::{client, read, repository};
use crate::program::{Server, run, warmdesk};

const KEY: &str = "admin-key-of-the-integration-tests";

/// An endpoint that takes every request and never answers, and tells of each.
fn stuck_model() -> (String, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (asked, heard) = channel();
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for connection in listener.incoming().flatten() {
            open.push(connection);
            if asked.send(()).is_err() {
                return;
            }
        }
    });
    (format!("http://{address}/v1"), heard)
}

/// `serve` on the data of a folder.
fn serve(folder: &Path) -> Command {
    let mut command = warmdesk(folder);
    command.env("WARMDESK_ADMIN_KEY", KEY).args(["serve", "--port", "0", "--data"]).arg(folder.join("data"));
    command
}

async fn get(server: &Server, path: &str) -> Value {
    let answer = client().get(format!("{}{path}", server.url)).bearer_auth(KEY).send().await.unwrap();
    read(answer).await.good()
}

async fn chat(url: String, body: Value) -> Result<Value, reqwest::Error> {
    let answer = client().post(format!("{url}/api/v1/chat")).bearer_auth(KEY).json(&body).send().await?;
    Ok(serde_json::from_str(&answer.text().await?).unwrap())
}

/// Asks until the model is asked, in a conversation that was greeted already or in a new one. The conversation, and
/// the message that is stored and not answered.
async fn leave_unanswered(server: &Server, asked: &Receiver<()>, greeted: bool) -> (Option<Value>, String) {
    let questions = std::fs::read_to_string(repository("tests/shop/questions.txt")).unwrap();
    for question in questions.lines().filter(|line| !line.is_empty() && !line.contains('\t')) {
        let mut body = json!({ "message": question });
        let mut conversation = None;
        if greeted {
            let hello = chat(server.url.clone(), json!({ "message": "在吗" })).await.unwrap();
            conversation = Some(hello["conversation"].clone());
            body["conversation"] = hello["conversation"].clone();
        }
        let turn = tokio::spawn(chat(server.url.clone(), body));
        loop {
            if asked.try_recv().is_ok() {
                return (conversation, question.to_owned());
            }
            if turn.is_finished() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    panic!("no question of the sample shop asks the model");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_that_a_killed_program_left_unanswered_becomes_a_ticket() {
    for greeted in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let mut index = warmdesk(folder.path());
        index.arg("index").arg(repository("tests/shop")).arg("--data").arg(folder.path().join("data"));
        assert_eq!(run(&mut index).code, Some(0));
        let (endpoint, asked) = stuck_model();
        std::fs::write(
            folder.path().join("warmdesk.toml"),
            format!("[model]\nremote_url = \"{endpoint}\"\nremote_model = \"stuck\"\n"),
        )
        .unwrap();
        let server = Server::start(&mut serve(folder.path()));
        let (conversation, question) = leave_unanswered(&server, &asked, greeted).await;
        let before = get(&server, "/api/v1/tickets").await["tickets"].as_array().unwrap().len();
        server.end();

        let server = Server::start(serve(folder.path()).args(["--model", "none"]));
        let tickets = get(&server, "/api/v1/tickets").await["tickets"].as_array().unwrap().clone();
        assert_eq!(tickets.len(), before + 1, "{tickets:?}");
        let opened = tickets.iter().find(|ticket| ticket["reason"] == "unavailable");
        let opened = opened.unwrap_or_else(|| panic!("no ticket for {question}: {tickets:?}"));
        if let Some(conversation) = conversation {
            assert_eq!(opened["conversation"], conversation);
        }
        let ticket = get(&server, &format!("/api/v1/tickets/{}", opened["id"].as_str().unwrap())).await;
        assert!(ticket["summary"].to_string().contains(&question), "{question}: {ticket}");
        // A third start finds nothing left to settle.
        server.end();
        let server = Server::start(serve(folder.path()).args(["--model", "none"]));
        let again = get(&server, "/api/v1/tickets").await;
        assert_eq!(again["tickets"].as_array().unwrap().len(), before + 1, "{again}");
        // The conversation goes on: a new message is answered.
        let body = json!({ "message": "在吗", "conversation": opened["conversation"] });
        let reply = chat(server.url.clone(), body).await.unwrap();
        assert!(!reply["reply"].as_str().unwrap().is_empty(), "{reply}");
    }
}
