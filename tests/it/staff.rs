//! Does a shift at the desk work with accounts, from the command line to the reply that a customer reads?

use std::process::Stdio;

use reqwest::Method;
use serde_json::{Value, json};

use crate::app::{EventStream, Reply, RunningShop, mute, read};
use crate::program::{refuses, run, warmdesk};

const PASSWORD: &str = "correct horse 电池";

/// A browser in which somebody has signed in.
struct Browser<'a> {
    shop: &'a RunningShop,
    cookie: String,
    csrf: String,
}

impl Browser<'_> {
    async fn get(&self, path: &str) -> Reply {
        let call = self.shop.request(Method::GET, path).header("cookie", &self.cookie);
        read(call.send().await.unwrap()).await
    }

    async fn send(&self, method: Method, path: &str, body: Value) -> Reply {
        let call = self.shop.request(method, path).header("cookie", &self.cookie);
        read(call.header("x-csrf-token", &self.csrf).json(&body).send().await.unwrap()).await
    }

    async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, body).await
    }
}

async fn try_login(shop: &RunningShop, name: &str, password: &str) -> Reply {
    shop.post("/api/v1/staff/login", json!({ "name": name, "password": password })).await
}

async fn login<'a>(shop: &'a RunningShop, name: &str, password: &str) -> Browser<'a> {
    let body = json!({ "name": name, "password": password });
    let call = shop.request(Method::POST, "/api/v1/staff/login").json(&body);
    let answer = call.send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert!(!cookie.contains("Secure"), "this machine is asked over plain HTTP: {cookie}");
    let me: Value = answer.json().await.unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    Browser { shop, cookie, csrf: me["csrf"].as_str().unwrap().to_owned() }
}

async fn make(shop: &RunningShop, name: &str, role: &str) {
    let body =
        json!({ "name": name, "display_name": format!("<i>{name}</i>"), "role": role, "password": PASSWORD });
    let made = shop.staff_post("/api/v1/staff", body).await.good();
    assert_eq!(made["display_name"], format!("<i>{name}</i>"), "it is text");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_works_a_ticket_under_the_own_name() {
    let shop = RunningShop::start(mute()).await;
    make(&shop, "小林", "agent").await;
    make(&shop, "周敏", "lead").await;
    let (lin, zhou) = (login(&shop, "小林", PASSWORD).await, login(&shop, "周敏", PASSWORD).await);
    let listening = shop.request(Method::GET, "/api/v1/desk/stream").header("cookie", &lin.cookie);
    let mut desk = EventStream::new(listening.send().await.unwrap());

    let asked = shop.chat(Some("cus_1001"), "转人工").await;
    let ticket = asked["handoff"]["ticket"].as_str().unwrap();
    assert_eq!(desk.next_named("ticket").await.data["id"], ticket, "the stream works with the cookie");
    let path = |verb: &str| format!("/api/v1/tickets/{ticket}/{verb}");

    let bare = shop.request(Method::POST, &path("claim")).header("cookie", &lin.cookie);
    let bare = read(bare.send().await.unwrap()).await;
    assert_eq!((bare.status, bare.code().as_str()), (403, "wrong_csrf_token"));
    assert_eq!(lin.post(&path("claim"), json!({})).await.good()["agent"], "小林");
    assert_eq!(zhou.post(&path("claim"), json!({})).await.code(), "conflict");
    // The second tab of the same browser asks who is signed in and goes on with the same session.
    let me = lin.get("/api/v1/staff/me").await.good();
    assert_eq!((&me["name"], &me["csrf"]), (&json!("小林"), &json!(lin.csrf)));
    let second = Browser { csrf: me["csrf"].as_str().unwrap().to_owned(), cookie: lin.cookie.clone(), ..lin };
    second.post(&path("messages"), json!({ "text": "您好，我来看看睡袋的情况。" })).await.good();

    let conversation = asked["conversation"].as_str().unwrap();
    let history = second.get(&format!("/api/v1/conversations/{conversation}")).await.good();
    let last = history["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&last["author"], &last["name"]), (&json!("staff"), &json!("<i>小林</i>")), "{last}");

    let own = second.get("/api/v1/audit").await;
    assert_eq!((own.status, own.code().as_str()), (403, "missing_scope"));
    let audit = zhou.get(&format!("/api/v1/audit?subject={ticket}&actor=%E5%B0%8F%E6%9E%97")).await.good();
    let actions: Vec<&str> =
        audit["entries"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"claim"), "{audit}");
    let body = json!({ "name": "own", "role": "admin", "password": PASSWORD });
    for browser in [&second, &zhou] {
        assert_eq!(browser.post("/api/v1/staff", body.clone()).await.code(), "missing_scope");
    }
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_with_time_password_and_account() {
    let shop = RunningShop::start(mute()).await;
    make(&shop, "lin", "agent").await;
    let over = async |browser: &Browser<'_>| {
        let reply = browser.get("/api/v1/tickets").await;
        let own = (reply.status, if reply.status == 200 { String::new() } else { reply.code() });
        if own == (401, "signed_out".to_owned()) {
            return true;
        }
        assert_eq!(own.0, 200, "{}", reply.text);
        false
    };
    let change = async |body: Value| {
        let call = shop.staff(Method::PATCH, "/api/v1/staff/lin").json(&body);
        read(call.send().await.unwrap()).await.good()
    };

    let idle = login(&shop, "lin", PASSWORD).await;
    assert!(!over(&idle).await);
    shop.at("2026-11-20T22:12:00+08:00");
    assert!(over(&idle).await, "twelve hours without a request");
    assert_eq!(
        idle.post("/api/v1/tickets/tkt_x/messages", json!({ "text": "在" })).await.code(),
        "signed_out"
    );

    let before = login(&shop, "lin", PASSWORD).await;
    change(json!({ "password": "another long password" })).await;
    assert!(over(&before).await, "a new password ends all sessions");
    assert_eq!(try_login(&shop, "lin", PASSWORD).await.code(), "wrong_credentials");

    let active = login(&shop, "lin", "another long password").await;
    let listening = shop.request(Method::GET, "/api/v1/desk/stream").header("cookie", &active.cookie);
    let mut desk = EventStream::new(listening.send().await.unwrap());
    change(json!({ "active": false })).await;
    assert!(over(&active).await, "out of use is out at once");
    assert!(desk.next().await.is_none(), "and its open stream ends");
    let refused = try_login(&shop, "lin", "another long password").await;
    let unknown = try_login(&shop, "nobody", "another long password").await;
    assert_eq!((refused.status, &refused.text), (unknown.status, &unknown.text));
    assert_eq!(refused.code(), "wrong_credentials");
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_changes_the_own_password_and_is_signed_out_elsewhere() {
    let shop = RunningShop::start(mute()).await;
    make(&shop, "lin", "agent").await;
    let (here, elsewhere) = (login(&shop, "lin", PASSWORD).await, login(&shop, "lin", PASSWORD).await);
    let listening = shop.request(Method::GET, "/api/v1/desk/stream").header("cookie", &elsewhere.cookie);
    let mut desk = EventStream::new(listening.send().await.unwrap());
    let change = json!({ "current": PASSWORD, "password": "another long password" });
    let changed = here.post("/api/v1/staff/me/password", change.clone()).await;
    assert_eq!(changed.status, 204, "{}", changed.text);
    assert!(desk.next().await.is_none(), "the other browser's open stream ends");
    assert_eq!(elsewhere.get("/api/v1/tickets").await.code(), "signed_out");
    here.get("/api/v1/tickets").await.good();
    assert_eq!(here.post("/api/v1/staff/me/password", change).await.code(), "wrong_credentials");
    assert_eq!(try_login(&shop, "lin", PASSWORD).await.code(), "wrong_credentials");
    login(&shop, "lin", "another long password").await;
    shop.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guessing_comes_to_an_end_and_is_in_the_audit() {
    let shop = RunningShop::start(mute()).await;
    make(&shop, "lin", "agent").await;
    let mut statuses = Vec::new();
    for number in 0..11 {
        statuses.push(try_login(&shop, "lin", &format!("guess number {number}")).await.status);
    }
    assert_eq!(statuses, [vec![401; 10], vec![429]].concat());
    let audit = shop.staff_get("/api/v1/audit?subject=staff:lin&actor=unknown").await;
    assert_eq!(audit["entries"].as_array().unwrap().len(), 10);
    assert_eq!(audit["entries"][0]["detail"], "127.0.0.1");
    assert!(!audit.to_string().contains("guess"), "{audit}");
    shop.stop().await;
}

#[test]
fn accounts_are_looked_after_on_the_command_line() {
    let folder = tempfile::tempdir().unwrap();
    let staff = |arguments: &[&str]| {
        let mut command = warmdesk(folder.path());
        command.arg("staff").args(arguments);
        command
    };
    let add = ["add", "周敏", "--display", "周敏（组长）", "--role", "lead"];
    let done = run(staff(&add).env("WARMDESK_STAFF_PASSWORD", PASSWORD));
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("周敏 (lead)"), "{}", done.stdout);
    refuses(
        staff(&["add", "周敏", "--role", "agent"]).env("WARMDESK_STAFF_PASSWORD", PASSWORD),
        &["already"],
    );

    let file = folder.path().join("password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let piped = run(
        staff(&["add", "lin", "--role", "agent"]).stdin(Stdio::from(std::fs::File::open(&file).unwrap()))
    );
    assert_eq!(piped.code, Some(0), "{}", piped.stderr);

    refuses(&mut staff(&["add", "mei", "--role", "agent"]), &["no password", "WARMDESK_STAFF_PASSWORD"]);
    refuses(
        staff(&["add", "mei", "--role", "agent"]).env("WARMDESK_STAFF_PASSWORD", "short"),
        &["10 to 256"],
    );
    refuses(staff(&["add", "a b", "--role", "agent"]).env("WARMDESK_STAFF_PASSWORD", PASSWORD), &["`a b`"]);
    let role = run(staff(&["add", "mei", "--role", "owner"]).env("WARMDESK_STAFF_PASSWORD", PASSWORD));
    assert!(role.code == Some(2) && role.stderr.contains("agent, lead or admin"), "{}", role.stderr);
    refuses(&mut staff(&["disable", "mei"]), &["mei", "unknown"]);

    let before = run(&mut staff(&["list"])).stdout;
    assert!(before.contains("周敏（组长）") && before.contains("never"), "{before}");
    assert_eq!(run(&mut staff(&["disable", "LIN"])).stdout.trim(), "lin is out of use");
    assert_eq!(run(&mut staff(&["list"])).stdout.lines().filter(|line| line.contains(" no ")).count(), 1);
    assert_eq!(run(&mut staff(&["enable", "lin"])).stdout.trim(), "lin is in use");
    let changed = run(staff(&["password", "lin"]).env("WARMDESK_STAFF_PASSWORD", "another long password"));
    assert!(changed.stdout.contains("new password"), "{}{}", changed.stdout, changed.stderr);
}
