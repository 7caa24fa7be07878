//! Signed-in staff: what the cookie opens, for whom, and what it never does.

use axum::http::Method;
use serde_json::{Value, json};

use super::app::{Call, Reply, TestApp, events};
use super::fakes::accounts::password;

/// A browser in which somebody has signed in.
struct Browser {
    cookie: String,
    csrf: String,
}

impl Browser {
    /// A request as the browser sends it: with the cookie, and with the token if the page adds it.
    fn sends<'a>(&self, call: Call<'a>) -> Call<'a> {
        call.header("cookie", &self.cookie)
    }

    fn sends_proven<'a>(&self, call: Call<'a>) -> Call<'a> {
        self.sends(call).header("x-csrf-token", &self.csrf)
    }
}

async fn try_login(app: &TestApp, name: &str, password: &str) -> Reply {
    app.post("/api/v1/staff/login").json(json!({ "name": name, "password": password })).send().await
}

async fn login(app: &TestApp, name: &str) -> Browser {
    let reply = try_login(app, name, &password(name)).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    let cookie = reply.header("set-cookie").split(';').next().unwrap().to_owned();
    Browser { cookie, csrf: reply.json()["csrf"].as_str().unwrap().to_owned() }
}

/// Doors, and whether an agent, a lead and an admin may pass: 200 stands for "let through".
const MATRIX: [(&str, &str, [u16; 3]); 22] = [
    ("GET", "/api/v1/staff/me", [200, 200, 200]),
    ("POST", "/api/v1/staff/me/password", [200, 200, 200]),
    ("GET", "/api/v1/colleagues", [200, 200, 200]),
    ("GET", "/api/v1/tickets", [200, 200, 200]),
    ("GET", "/api/v1/tickets/tkt_x", [200, 200, 200]),
    ("POST", "/api/v1/tickets/tkt_x/claim", [200, 200, 200]),
    ("POST", "/api/v1/tickets/tkt_x/messages", [200, 200, 200]),
    ("GET", "/api/v1/desk/stream", [200, 200, 200]),
    ("GET", "/api/v1/conversations/conv_x", [200, 200, 200]),
    ("GET", "/api/v1/conversations/conv_x/stream", [200, 200, 200]),
    ("GET", "/api/v1/search?q=a", [200, 200, 200]),
    ("GET", "/api/v1/gaps", [200, 200, 200]),
    ("GET", "/api/v1/audit", [403, 200, 200]),
    ("GET", "/api/v1/staff", [403, 403, 200]),
    ("POST", "/api/v1/staff", [403, 403, 200]),
    ("PATCH", "/api/v1/staff/lin", [403, 403, 200]),
    ("PUT", "/api/v1/products/P-1", [403, 403, 200]),
    ("DELETE", "/api/v1/products/P-1", [403, 403, 200]),
    ("POST", "/api/v1/import", [403, 403, 200]),
    ("POST", "/api/v1/actions/act_x/result", [403, 403, 200]),
    ("POST", "/api/v1/admin/reload", [403, 403, 200]),
    ("POST", "/api/v1/test/clock", [403, 403, 200]),
];

#[tokio::test]
async fn roles_open_what_they_say() {
    let app = TestApp::new();
    let mut browsers = Vec::new();
    for name in ["lin", "zhou", "wu"] {
        browsers.push(login(&app, name).await);
    }
    let body = json!({ "text": "好的", "now": "2026-11-18 10:00", "outcome": "done" });
    for (method, path, expected) in MATRIX {
        let mut passed = Vec::new();
        for (browser, expected) in browsers.iter().zip(expected) {
            let mut body = body.clone();
            if path.ends_with("/result") {
                body = json!({ "outcome": "done", "text": "好的" });
            }
            let call = app.call(method.parse::<Method>().unwrap(), path).json(body);
            let status = browser.sends_proven(call).open().await.status().as_u16();
            let got = if matches!(status, 401 | 403) { status } else { 200 };
            assert_eq!(got, expected, "{method} {path} answered {status}");
            passed.push(got == 200);
        }
        assert!(passed.is_sorted(), "{method} {path}: a higher role has every right of a lower one");
    }
}

#[tokio::test]
async fn signing_in_sets_a_cookie_that_scripts_and_other_sites_cannot_use() {
    let app = TestApp::new();
    let call = app.post("/api/v1/staff/login").header("host", "desk.shop.example");
    let reply = call.json(json!({ "name": "zhou", "password": password("zhou") })).send().await;
    assert_eq!(reply.status, 200);
    let cookie = reply.header("set-cookie").to_owned();
    for part in ["warmdesk_staff=", "HttpOnly", "SameSite=Strict", "Path=/", "Secure"] {
        assert!(cookie.contains(part), "{part} is missing in {cookie}");
    }
    assert!(!reply.text.contains("token0"), "the token itself is for the cookie only");
    let browser = Browser { cookie: cookie.split(';').next().unwrap().to_owned(), csrf: String::new() };
    let me = browser.sends(app.get("/api/v1/staff/me")).send().await.json();
    assert_eq!(me, reply.json());
    assert_eq!((&me["name"], &me["role"]), (&json!("zhou"), &json!("lead")));

    let plain = app.post("/api/v1/staff/login").header("host", "127.0.0.1:8080");
    let reply = plain.json(json!({ "name": "zhou", "password": password("zhou") })).send().await;
    assert!(!reply.header("set-cookie").contains("Secure"), "over plain HTTP to the machine itself");
}

#[tokio::test]
async fn who_is_not_let_in_learns_nothing() {
    let app = TestApp::new();
    let wrong = try_login(&app, "lin", "not the password").await;
    let unknown = try_login(&app, "nobody", "not the password").await;
    assert_eq!((wrong.status.as_u16(), wrong.code().as_str()), (401, "wrong_credentials"));
    assert_eq!((unknown.status, &unknown.text), (wrong.status, &wrong.text));
    assert_eq!((wrong.header("set-cookie"), unknown.header("set-cookie")), ("", ""));
    for body in [json!({}), json!({ "name": "lin" }), json!({ "name": 1, "password": "x" }), json!([])] {
        let reply = app.post("/api/v1/staff/login").json(body.clone()).send().await;
        assert_eq!(reply.code(), "invalid_field", "{body}");
    }
    let foreign = app.post("/api/v1/staff/login").header("sec-fetch-site", "cross-site");
    let foreign = foreign.json(json!({ "name": "lin", "password": password("lin") })).send().await;
    assert_eq!(foreign.code(), "wrong_csrf_token", "another page signs nobody in");
}

#[tokio::test]
async fn guessing_is_slowed_down_even_with_the_right_password() {
    let app = TestApp::new();
    let mut codes = Vec::new();
    for _ in 0..11 {
        codes.push(try_login(&app, "lin", "not the password").await.code());
    }
    assert_eq!(codes[9], "wrong_credentials");
    assert_eq!(codes[10], "too_many_requests");
    let right = try_login(&app, "lin", &password("lin")).await;
    assert_eq!(right.code(), "too_many_requests");
    let wait: u64 = right.header("retry-after").parse().unwrap();
    assert!((1..=21).contains(&wait), "{wait}");
    assert_eq!(try_login(&app, "zhou", &password("zhou")).await.status, 200, "others are let in");
}

#[tokio::test]
async fn what_changes_something_proves_its_page() {
    let app = TestApp::new();
    let (ticket, _) = app.ticket().await;
    let claim = format!("/api/v1/tickets/{ticket}/claim");
    let (lin, mei) = (login(&app, "lin").await, login(&app, "mei").await);
    let code = async |call: Call<'_>| call.send().await.code();
    assert_eq!(code(lin.sends(app.post(&claim))).await, "wrong_csrf_token");
    assert_eq!(
        code(lin.sends(app.post(&claim)).header("x-csrf-token", &mei.csrf)).await,
        "wrong_csrf_token",
        "the token of another session"
    );
    assert_eq!(code(lin.sends(app.post(&claim)).header("x-csrf-token", "")).await, "wrong_csrf_token");
    assert_eq!(lin.sends(app.get("/api/v1/tickets")).send().await.status, 200, "reading needs no token");
    let claimed = lin.sends_proven(app.post(&claim)).send().await.json();
    assert_eq!(claimed["agent"], "lin");
    assert_eq!(code(mei.sends_proven(app.post(&claim))).await, "conflict", "each acts under the own name");
    // Another tab of the same browser has the same session.
    let tab = lin.sends(app.get("/api/v1/staff/me")).send().await.json();
    assert_eq!(tab["csrf"], lin.csrf.as_str());
}

#[tokio::test]
async fn a_key_goes_before_the_cookie_and_needs_no_token() {
    let app = TestApp::new();
    let lin = login(&app, "lin").await;
    let me = async |key: &str| lin.sends(app.get("/api/v1/staff/me")).key(key).send().await;
    assert_eq!(
        me("key-all").await.json(),
        json!({ "name": "all", "display_name": "all", "role": "admin", "csrf": null })
    );
    assert_eq!(me("key-desk").await.json()["role"], "agent");
    assert_eq!(me("key-facts").await.code(), "missing_scope", "the account is not asked");
    assert_eq!(me("key-wrong").await.code(), "invalid_key");
    let listed = lin.sends(app.get("/api/v1/staff")).key("key-admin").send().await;
    assert_eq!(listed.status, 200);
    assert_eq!(app.get("/api/v1/staff/me").send().await.code(), "key_required");
}

#[tokio::test]
async fn customers_doors_do_not_look_at_the_cookie() {
    let app = TestApp::new();
    let wu = login(&app, "wu").await;
    let chat = wu.sends(app.chat(json!({ "message": "多大穿90码" }))).send().await;
    assert_eq!(chat.status, 200, "no token is asked for: {}", chat.text);
    assert!(chat.json()["timing"].is_null() && chat.json()["evidence"] == json!([]), "{}", chat.text);
    let body = json!({ "messages": [{ "role": "user", "content": "多大穿90码" }] });
    assert_eq!(wu.sends(app.post("/v1/chat/completions").json(body)).send().await.status, 200);
    assert_eq!(wu.sends(app.post("/api/v1/session").json(json!({}))).send().await.status, 200);

    // A customer's session in the browser of somebody at the desk sees what a customer sees.
    let (token, conversation) = app.session(Some("C-1")).await;
    app.chat(json!({ "message": "到哪了" })).key(&token).send().await;
    let path = format!("/api/v1/conversations/{conversation}");
    let own = wu.sends(app.get(&path)).key(&token).send().await;
    assert!(!own.text.contains("\"trace\":{"), "{}", own.text);
    let staffs = wu.sends(app.get(&path)).send().await;
    assert!(staffs.text.contains("\"trace\":{"), "{}", staffs.text);

    let over = Browser { cookie: "warmdesk_staff=gone".into(), csrf: String::new() };
    assert_eq!(over.sends(app.chat(json!({ "message": "在吗" }))).send().await.status, 200);
    assert_eq!(over.sends(app.get("/api/v1/tickets")).send().await.code(), "signed_out");
    assert_eq!(over.sends(app.get(&path)).send().await.code(), "signed_out");
}

#[tokio::test]
async fn no_other_origin_uses_the_cookie() {
    let settings = warmdesk::http::DoorSettings {
        allowed_origins: vec!["https://shop.example".to_owned()],
        ..Default::default()
    };
    let app = TestApp::with(settings);
    let lin = login(&app, "lin").await;
    for path in ["/api/v1/tickets", "/api/v1/staff/me", "/api/v1/conversations/conv_x"] {
        let reply = lin.sends(app.get(path)).header("origin", "https://shop.example").send().await;
        assert_eq!(reply.header("access-control-allow-credentials"), "", "{path}");
    }
    let preflight = app.call(Method::OPTIONS, "/api/v1/staff/login").header("origin", "https://shop.example");
    let preflight = preflight.header("access-control-request-method", "POST").send().await;
    assert_eq!(preflight.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn signing_out_ends_the_session_in_every_tab() {
    let app = TestApp::new();
    let lin = login(&app, "lin").await;
    let logout = || app.post("/api/v1/staff/logout");
    assert_eq!(lin.sends(logout()).send().await.code(), "wrong_csrf_token");
    let done = lin.sends_proven(logout()).send().await;
    assert_eq!((done.status.as_u16(), done.text.as_str()), (204, ""));
    assert!(done.header("set-cookie").starts_with("warmdesk_staff=; Path=/; Max-Age=0;"));
    assert_eq!(lin.sends(app.get("/api/v1/tickets")).send().await.code(), "signed_out");
    assert_eq!(lin.sends_proven(logout()).send().await.status, 204, "again is no error");
    assert_eq!(logout().key("key-desk").send().await.status, 204);
    assert_eq!(logout().send().await.code(), "key_required");
}

#[tokio::test]
async fn an_open_stream_ends_with_the_session() {
    let app = TestApp::new();
    let lin = login(&app, "lin").await;
    let desk = lin.sends(app.get("/api/v1/desk/stream")).open().await;
    let by_key = app.get("/api/v1/desk/stream").key("key-desk").open().await;
    let (ticket, _) = app.ticket().await;
    app.fake.revoke_sessions();
    let body = axum::body::to_bytes(desk.into_body(), usize::MAX).await.unwrap();
    let seen = events(std::str::from_utf8(&body).unwrap());
    assert_eq!(seen.len(), 1, "what came before is sent: {seen:?}");
    assert!(seen[0].1.contains(&ticket));
    let read = axum::body::to_bytes(by_key.into_body(), usize::MAX);
    let moment = std::time::Duration::from_millis(200);
    assert!(tokio::time::timeout(moment, read).await.is_err(), "a key's stream goes on");
}

#[tokio::test]
async fn the_own_password_is_changed_with_the_one_until_now() {
    let app = TestApp::new();
    let (here, elsewhere, mei) =
        (login(&app, "lin").await, login(&app, "lin").await, login(&app, "mei").await);
    let door = || app.post("/api/v1/staff/me/password");
    let body = |current: &str, new: &str| json!({ "current": current, "password": new });
    let right = body(&password("lin"), "another long password");
    let stands = async |browser: &Browser| {
        browser.sends(app.get("/api/v1/tickets")).send().await.status.as_u16() == 200
    };
    assert_eq!(here.sends(door()).json(right.clone()).send().await.code(), "wrong_csrf_token");
    for (wrong, code) in [
        (body("not the password", "another long password"), "wrong_credentials"),
        (body(&password("lin"), "short"), "invalid_field"),
        (body(&password("lin"), &password("lin")), "invalid_field"),
        (json!({ "password": "another long password" }), "invalid_field"),
    ] {
        let reply = here.sends_proven(door()).json(wrong).send().await;
        assert_eq!(reply.code(), code, "{}", reply.text);
    }
    assert!(stands(&here).await && stands(&elsewhere).await, "what was refused ends nothing");
    let done = here.sends_proven(door()).json(right.clone()).send().await;
    assert_eq!((done.status.as_u16(), done.text.as_str()), (204, ""));
    assert!(stands(&here).await && !stands(&elsewhere).await && stands(&mei).await);
    assert_eq!(door().key("key-all").json(right.clone()).send().await.code(), "missing_scope");
    assert_eq!(door().json(right).send().await.code(), "key_required");
}

#[tokio::test]
async fn guessing_at_the_own_password_is_slowed_down_like_signing_in() {
    let app = TestApp::new();
    let (lin, mei) = (login(&app, "lin").await, login(&app, "mei").await);
    let change = async |browser: &Browser, current: &str| {
        let body = json!({ "current": current, "password": "another long password" });
        browser.sends_proven(app.post("/api/v1/staff/me/password").json(body)).send().await
    };
    let mut codes = Vec::new();
    for _ in 0..11 {
        codes.push(change(&lin, "not the password").await.code());
    }
    assert!(codes[..9].iter().all(|code| code == "wrong_credentials"), "{codes:?}");
    assert_eq!(codes[10], "too_many_requests");
    let right = change(&lin, &password("lin")).await;
    assert_eq!(right.code(), "too_many_requests");
    assert!(right.header("retry-after").parse::<u64>().is_ok_and(|wait| wait > 0));
    assert_eq!(change(&mei, &password("mei")).await.status, 204, "others are let in");
}

#[tokio::test]
async fn everybody_at_the_desk_sees_who_works_there_and_nobody_else() {
    let app = TestApp::new();
    let lin = login(&app, "lin").await;
    let colleagues = || app.get("/api/v1/colleagues");
    let seen = lin.sends(colleagues()).send().await.json();
    assert_eq!(seen["colleagues"][0], json!({ "name": "lin", "display_name": "lin", "active": true }));
    assert_eq!(colleagues().key("key-desk").send().await.json(), seen);
    assert_eq!(colleagues().key("key-facts").send().await.code(), "missing_scope");
    assert_eq!(colleagues().send().await.code(), "key_required");
    let (token, _) = app.session(Some("C-1")).await;
    assert_eq!(colleagues().key(&token).send().await.status, 401, "a customer is none");
}

#[tokio::test]
async fn accounts_are_made_changed_and_checked() {
    let app = TestApp::new();
    let wu = login(&app, "wu").await;
    let create = async |body: Value| wu.sends_proven(app.post("/api/v1/staff").json(body)).send().await;
    let whole =
        json!({ "name": "小林", "display_name": "<b>小林</b>", "role": "agent", "password": "0123456789" });
    let made = create(whole.clone()).await;
    assert_eq!(
        made.json(),
        json!({ "name": "小林", "display_name": "<b>小林</b>", "role": "agent", "active": true, "last_login_at": null })
    );
    assert_eq!(create(whole.clone()).await.code(), "conflict");
    for (field, value) in [
        ("name", json!("a b")),
        ("name", json!("")),
        ("name", json!("assistant")),
        ("name", json!("x".repeat(65))),
        ("display_name", json!("a\nb")),
        ("display_name", json!("")),
        ("role", json!("owner")),
        ("password", json!("012345678")),
        ("password", json!("0".repeat(257))),
        ("passwort", json!("0123456789")),
    ] {
        let mut body = whole.clone();
        body[field] = value.clone();
        let reply = create(body).await;
        assert_eq!(reply.code(), "invalid_field", "{field} {value}: {}", reply.text);
        assert!(reply.text.contains(field) || field == "role", "{}", reply.text);
    }
    let change = async |name: &str, body: Value| {
        wu.sends_proven(app.call(Method::PATCH, &format!("/api/v1/staff/{name}")).json(body)).send().await
    };
    let changed = change("lin", json!({ "role": "lead", "active": false })).await.json();
    assert_eq!((&changed["role"], &changed["active"]), (&json!("lead"), &json!(false)));
    assert_eq!(change("nobody", json!({})).await.code(), "not_found");
    assert_eq!(change("%3Cb%3E", json!({})).await.code(), "not_found");
    assert_eq!(change("lin", json!({ "activ": true })).await.code(), "invalid_field");
    assert_eq!(change("lin", json!({ "password": "short" })).await.code(), "invalid_field");
    let listed = wu.sends(app.get("/api/v1/staff")).send().await.json();
    let names: Vec<&str> =
        listed["staff"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["lin", "mei", "wu", "zhou", "小林"]);
}

#[tokio::test]
async fn the_audit_is_read_by_subject_and_actor() {
    let app = TestApp::new();
    let (wu, zhou) = (login(&app, "wu").await, login(&app, "zhou").await);
    for name in ["one", "two"] {
        let body = json!({ "name": name, "role": "agent", "password": "0123456789" });
        wu.sends_proven(app.post("/api/v1/staff").json(body)).send().await;
    }
    let audit = async |query: &str| zhou.sends(app.get(&format!("/api/v1/audit{query}"))).send().await;
    let subjects = async |query: &str| -> Vec<String> {
        let entries = audit(query).await.json()["entries"].as_array().unwrap().clone();
        entries.iter().map(|entry| entry["subject"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(subjects("").await, ["staff:two", "staff:one"]);
    assert_eq!(subjects("?limit=1").await, ["staff:two"]);
    assert_eq!(subjects("?subject=staff:one&actor=wu").await, ["staff:one"]);
    assert_eq!(subjects("?actor=lin").await, [""; 0]);
    let first = audit("?limit=1").await.json()["entries"][0].clone();
    let expected = json!({ "at": "2026-11-18T10:00:00+08:00", "actor": "wu", "action": "create_staff",
        "subject": "staff:two", "detail": "" });
    assert_eq!(first, expected);
    for query in ["?limit=0", "?limit=501", "?limit=x"] {
        assert_eq!(audit(query).await.code(), "invalid_parameter", "{query}");
    }
}
