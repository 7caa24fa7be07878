//! Whole measurements.

use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use wiremock::matchers::{body_partial_json, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::{BenchError, BenchPlan, Load, Progress, SaleDay, run, run_repeatedly};
use super::server::{event, piece, reply, sentence, serve, serve_each};
use super::{ms, plan, question};

fn quiet(_: Progress) {}

#[tokio::test]
async fn a_closed_loop_asks_exactly_so_often() {
    let done = sentence("wording") + &event("done", &reply(&["wording"], None));
    let server = serve(vec![piece(ms(1), done)], false).await;
    let plan =
        BenchPlan { load: Load::Concurrency { clients: 3, requests: 20 }, warmup: 2, ..plan(&server.url) };
    let seen = Mutex::new(Vec::new());
    let report = run(&plan, &|step| seen.lock().unwrap().push(step)).await.unwrap();
    assert_eq!((report.requests, report.answered, report.errors), (20, 20, 0));
    assert_eq!(report.first_sentence_ms.count, 20);
    assert_eq!(report.answered_by["wording"].share, 1.0);
    assert_eq!(server.asked.load(Ordering::SeqCst), 22, "the warm-up is not counted");
    assert_eq!(report.server.version.as_deref(), Some("9.9.9"));
    assert_eq!(report.server.model.as_deref(), Some("ready"));
    assert_eq!(seen.into_inner().unwrap().last(), Some(&Progress::Measuring { done: 20, of: 20, errors: 0 }));
}

#[tokio::test]
async fn several_runs_are_made_one_after_the_other() {
    let done = sentence("wording") + &event("done", &reply(&["wording"], None));
    let server = serve(vec![piece(ms(1), done)], false).await;
    let plan = BenchPlan { load: Load::Concurrency { clients: 1, requests: 4 }, ..plan(&server.url) };
    let report = run_repeatedly(&plan, 3, &|_, _| {}).await.unwrap();
    assert_eq!((report.runs, report.requests, report.each.len()), (3, 12, 3));
    assert!(run_repeatedly(&plan, 0, &|_, _| {}).await.is_err());
}

/// A server with room for one in its model's queue: every third turn is written by the model.
#[tokio::test]
async fn a_sale_day_keeps_the_model_busy_and_judges() {
    let server = serve_each(|number| {
        let written = event("done", &reply(&["wording", "model"], Some(120.0)));
        let approved = event("done", &reply(&["wording", "evidence"], None));
        let done = if number % 3 == 0 { piece(ms(120), written) } else { piece(ms(1), approved) };
        (vec![piece(ms(0), sentence("wording")), done], false)
    })
    .await;
    let plan = BenchPlan {
        load: Load::Rate { per_second: 20.0, duration: ms(700) },
        sale_day: Some(SaleDay {
            clients: 2,
            questions: vec![question(None, "睡袋和被子有什么区别"), question(None, "怎么选奶瓶")],
            lead_in: ms(50),
            first_sentence_limit_ms: 60_000.0,
        }),
        ..plan(&server.url)
    };
    let report = run(&plan, &quiet).await.unwrap();
    let background = report.background.unwrap();
    assert!(background.requests >= 2, "{background:?}");
    assert!(background.model_busy_share > 0.0, "{background:?}");
    assert_eq!((report.errors, background.errors), (0, 0));
    assert_eq!(report.answered, report.requests);
    let verdict = report.verdict.unwrap();
    let missed: Vec<&str> = verdict
        .criteria
        .iter()
        .filter(|criterion| !criterion.passed)
        .map(|criterion| criterion.name.as_str())
        .collect();
    assert!(missed.is_empty() || missed == ["model_busy_share"], "{missed:?}");
    assert_eq!(server.asked.load(Ordering::SeqCst), report.requests + background.requests);
}

#[tokio::test]
async fn what_cannot_be_measured_is_said_at_once() {
    let refused = |plan: BenchPlan| async move { run(&plan, &quiet).await.unwrap_err() };
    let none = BenchPlan { questions: Vec::new(), ..plan("http://127.0.0.1:9") };
    assert!(matches!(refused(none).await, BenchError::NoQuestions));
    let unsigned = BenchPlan {
        customer_secret: None,
        questions: vec![question(Some("cus_1"), "到哪了")],
        ..plan("http://127.0.0.1:9")
    };
    assert!(matches!(refused(unsigned).await, BenchError::SecretMissing { .. }));
    assert!(matches!(refused(plan("http://127.0.0.1:9")).await, BenchError::Unreachable { .. }));
    for url in ["127.0.0.1:8080", "ftp://127.0.0.1", "nonsense"] {
        assert!(matches!(refused(plan(url)).await, BenchError::Plan(_)), "{url}");
    }
    let impossible = [
        BenchPlan { load: Load::Concurrency { clients: 0, requests: 1 }, ..plan("http://127.0.0.1:9") },
        BenchPlan { load: Load::Rate { per_second: 0.0, duration: ms(9) }, ..plan("http://127.0.0.1:9") },
        BenchPlan { connections: 0, ..plan("http://127.0.0.1:9") },
        BenchPlan { turn_timeout: Duration::ZERO, ..plan("http://127.0.0.1:9") },
        BenchPlan { conversations: Some(0), ..plan("http://127.0.0.1:9") },
    ];
    for plan in impossible {
        assert!(matches!(refused(plan).await, BenchError::Plan(_)));
    }
}

#[tokio::test]
async fn a_server_that_is_not_ready_is_not_measured() {
    let mock = MockServer::start().await;
    let starting = ResponseTemplate::new(503).set_body_string(r#"{"model":"loading"}"#);
    Mock::given(path("/readyz")).respond_with(starting).mount(&mock).await;
    match run(&plan(&mock.uri()), &quiet).await {
        Err(BenchError::NotReady { message, .. }) => assert!(message.contains("503"), "{message}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_question_of_a_customer_has_a_conversation_of_its_own() {
    let mock = MockServer::start().await;
    Mock::given(path("/readyz"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({ "model": "absent" })))
        .mount(&mock)
        .await;
    let session =
        ResponseTemplate::new(200).set_body_json(json!({ "token": "t", "conversation": "conv_new" }));
    Mock::given(path("/api/v1/session")).respond_with(session).expect(3).mount(&mock).await;
    for (body, times) in
        [(json!({ "message": "到哪了", "conversation": "conv_new" }), 3), (json!({ "message": "在吗" }), 3)]
    {
        Mock::given(path("/api/v1/chat"))
            .and(body_partial_json(body))
            .respond_with(ResponseTemplate::new(200).set_body_json(reply(&["wording"], None)))
            .expect(times)
            .mount(&mock)
            .await;
    }
    let plan = BenchPlan {
        stream: false,
        questions: vec![question(Some("cus_1"), "到哪了"), question(None, "在吗")],
        load: Load::Concurrency { clients: 1, requests: 6 },
        ..plan(&mock.uri())
    };
    let report = run(&plan, &quiet).await.unwrap();
    assert_eq!((report.answered, report.load.conversations_opened), (6, 3));
    mock.verify().await;
}

#[tokio::test]
async fn a_model_that_is_being_read_is_waited_for() {
    let mock = MockServer::start().await;
    let state = |model: &str| ResponseTemplate::new(200).set_body_json(json!({ "model": model }));
    Mock::given(path("/readyz")).respond_with(state("loading")).up_to_n_times(1).expect(1).mount(&mock).await;
    Mock::given(path("/readyz")).respond_with(state("ready")).expect(1).mount(&mock).await;
    let report = run(&plan(&mock.uri()), &quiet).await.unwrap();
    assert_eq!(report.server.model.as_deref(), Some("ready"));
    assert_eq!(report.errors_by_code["http_404"], 1, "this server has no chat");
    mock.verify().await;
}
