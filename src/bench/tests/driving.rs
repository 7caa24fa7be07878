//! Turns against servers that answer well, slowly, wrongly, or never.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::mpsc;
use wiremock::matchers::{body_partial_json, header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::super::BenchPlan;
use super::super::client::Client;
use super::super::drive::Driver;
use super::super::outcome::{Kind, TurnOutcome, code};
use super::super::schedule::Schedule;
use super::server::{Piece, event, piece, reply, sentence, serve};
use super::{ms, plan, question};

fn driver(plan: &BenchPlan) -> Driver {
    Driver::new(plan, Arc::new(Client::new(plan).unwrap()))
}

async fn one_turn(plan: &BenchPlan) -> TurnOutcome {
    driver(plan).turn(Instant::now()).await
}

async fn error_of_stream(pieces: Vec<Piece>, hangs: bool, timeout: Duration) -> String {
    let server = serve(pieces, hangs).await;
    let outcome = one_turn(&BenchPlan { turn_timeout: timeout, ..plan(&server.url) }).await;
    outcome.result.unwrap_err().code
}

#[tokio::test]
async fn first_sentence_and_end_are_told_apart() {
    let done = event("done", &reply(&["wording", "model"], Some(50.0)));
    let server = serve(
        vec![
            piece(ms(0), event("reading", &json!({ "scenario": null }))),
            piece(ms(30), sentence("wording")),
            piece(ms(60), sentence("model") + ": keep-alive\n\n"),
            piece(ms(30), done),
        ],
        true,
    )
    .await;
    let answer = one_turn(&plan(&server.url)).await.result.unwrap();
    let first = answer.first_sentence.unwrap();
    assert!(first >= ms(30), "{first:?}");
    assert!(answer.total >= first + ms(80), "{first:?} {:?}", answer.total);
    assert_eq!(answer.reply.kind(), Kind::Said);
    assert!(answer.reply.model_was_asked());
}

#[tokio::test]
async fn a_whole_answer_is_read_when_it_is_there() {
    let mock = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/api/v1/chat"))
        .and(header("accept", "application/json"))
        .and(header("authorization", "Bearer key"))
        .respond_with(ResponseTemplate::new(200).set_body_json(reply(&["wording"], None)).set_delay(ms(40)))
        .mount(&mock)
        .await;
    let answer = one_turn(&BenchPlan { stream: false, ..plan(&mock.uri()) }).await.result.unwrap();
    assert_eq!(answer.first_sentence, Some(answer.total));
    assert!(answer.total >= ms(40));
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up() {
    let slow = vec![piece(ms(0), sentence("wording"))];
    assert_eq!(error_of_stream(slow, true, ms(150)).await, code::TIMEOUT);
    let late = vec![piece(ms(5_000), event("done", &reply(&["wording"], None)))];
    assert_eq!(error_of_stream(late, false, ms(150)).await, code::TIMEOUT);
}

#[tokio::test]
async fn a_stream_that_is_none_is_an_error() {
    let patient = Duration::from_secs(10);
    for (text, expected) in [
        (&b"event: done\ndata: {\"reply\": 7}\n\n"[..], code::MALFORMED),
        (b"event: done\ndata: broken\n\n", code::MALFORMED),
        (b"event: sentence\ndata: {}\n\n", code::MALFORMED),
        (b"data: \xff\xfe\n\n", code::MALFORMED),
        (b"event: sentence\ndata: {\"text\":\"a\"}\n\n", code::BROKEN_OFF),
        (b"", code::BROKEN_OFF),
        (b"event: error\ndata: {\"error\":{\"code\":\"unavailable\",\"message\":\"m\"}}\n\n", "unavailable"),
        (b"event: error\ndata: nothing\n\n", "client_error_event"),
    ] {
        let found = error_of_stream(vec![piece(ms(0), text)], false, patient).await;
        assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(text));
    }
}

#[tokio::test]
async fn a_refusal_is_counted_by_its_code() {
    for (status, body, expected) in [
        (429, r#"{"error":{"code":"too_many_requests","message":"m"}}"#, "too_many_requests"),
        (401, r#"{"error":{"code":"invalid_signature","message":"m"}}"#, "invalid_signature"),
        (502, "<html>", "http_502"),
    ] {
        let mock = MockServer::start().await;
        let response = ResponseTemplate::new(status).set_body_string(body);
        Mock::given(path("/api/v1/chat")).respond_with(response).mount(&mock).await;
        assert_eq!(one_turn(&plan(&mock.uri())).await.result.unwrap_err().code, expected);
    }
}

#[tokio::test]
async fn nobody_there_is_an_error_of_the_client() {
    let outcome = one_turn(&plan("http://127.0.0.1:9")).await;
    assert_eq!(outcome.result.unwrap_err().code, code::CONNECT);
}

#[tokio::test]
async fn a_customer_is_proven_and_the_ticket_is_resolved() {
    let mock = MockServer::start().await;
    let signature = super::super::client::sign(&"geheim".into(), "cus_1");
    let mut handed_off = reply(&["wording"], None);
    handed_off["handoff"] = json!({ "reason": "asked_for_person", "mode": "now", "ticket": "tkt_7" });
    Mock::given(path("/api/v1/chat"))
        .and(body_partial_json(
            json!({ "message": "转人工", "customer": { "id": "cus_1", "signature": signature } }),
        ))
        .respond_with(ResponseTemplate::new(200).set_body_json(handed_off))
        .expect(1)
        .mount(&mock)
        .await;
    // It has to be claimed before it can be resolved.
    Mock::given(path("/api/v1/tickets/tkt_7/resolve"))
        .respond_with(ResponseTemplate::new(409))
        .up_to_n_times(1)
        .expect(1)
        .mount(&mock)
        .await;
    for verb in ["claim", "resolve"] {
        Mock::given(path(format!("/api/v1/tickets/tkt_7/{verb}")))
            .respond_with(ResponseTemplate::new(200))
            .expect(1)
            .mount(&mock)
            .await;
    }
    let plan =
        BenchPlan {
            stream: false, questions: vec![question(Some("cus_1"), "转人工")], ..plan(&mock.uri())
        };
    assert!(one_turn(&plan).await.result.is_ok());
    mock.verify().await;
}

async fn on_schedule(plan: &BenchPlan, arrivals: Vec<Duration>) -> Vec<TurnOutcome> {
    let (sender, mut receiver) = mpsc::unbounded_channel();
    let schedule = Schedule::exactly(arrivals);
    Arc::new(driver(plan)).on_schedule(schedule, Instant::now(), sender).await;
    let mut outcomes = Vec::new();
    while let Some(outcome) = receiver.recv().await {
        outcomes.push(outcome);
    }
    outcomes
}

#[tokio::test]
async fn latency_counts_from_the_arrival_and_not_from_the_sending() {
    let answer = vec![piece(ms(60), sentence("wording") + &event("done", &reply(&["wording"], None)))];
    let server = serve(answer, false).await;
    // One connection: the second turn waits for the first, and the third for both.
    let plan = BenchPlan { connections: 1, ..plan(&server.url) };
    let outcomes = on_schedule(&plan, vec![ms(0); 3]).await;
    let mut times: Vec<(Duration, Duration)> = outcomes
        .iter()
        .map(|outcome| (outcome.result.as_ref().unwrap().first_sentence.unwrap(), outcome.late))
        .collect();
    times.sort();
    for (place, (first, late)) in (0_u32..).zip(times) {
        assert!(late >= ms(60) * place, "turn {place} was {late:?} late");
        assert!(first >= ms(60) * (place + 1), "turn {place} took {first:?}");
    }
}

#[tokio::test]
async fn what_could_not_be_sent_is_an_error_and_not_forgotten() {
    let server = serve(Vec::new(), true).await;
    let plan = BenchPlan { connections: 1, turn_timeout: ms(200), ..plan(&server.url) };
    let outcomes = on_schedule(&plan, vec![ms(0); 4]).await;
    let mut codes: Vec<String> =
        outcomes.into_iter().map(|outcome| outcome.result.unwrap_err().code).collect();
    codes.sort();
    assert_eq!(codes, [code::NOT_SENT, code::NOT_SENT, code::NOT_SENT, code::TIMEOUT]);
    assert_eq!(server.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_schedule_does_not_wait_for_answers() {
    let server = serve(vec![piece(ms(300), event("done", &reply(&["wording"], None)))], false).await;
    let started = Instant::now();
    let outcomes = on_schedule(&plan(&server.url), vec![ms(0), ms(10), ms(20), ms(30)]).await;
    assert!(outcomes.iter().all(|outcome| outcome.result.is_ok()));
    // One after the other they would take 1.2 s.
    assert!(started.elapsed() < ms(1_200), "{:?}", started.elapsed());
}
