//! The remote model against a fake endpoint: streaming, errors, limits, deadline, what is sent.

use std::time::Duration;

use secrecy::SecretString;
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path},
};

use crate::model::{
    ChatModel, Finish, GenerationUsage, ModelError, RemoteModel, RemoteOptions,
    remote::Events,
    selftest::{greedy, question},
};

const SOON: Duration = Duration::from_secs(10);

fn events(lines: &[Value]) -> String {
    let lines: String = lines.iter().map(|line| format!("data: {line}\r\n\r\n")).collect();
    format!(": waiting\n\n{lines}data: [DONE]\n\n")
}

async fn endpoint(response: ResponseTemplate) -> (MockServer, RemoteModel) {
    let server = MockServer::start().await;
    Mock::given(method("POST")).and(path("/v1/chat/completions")).respond_with(response).mount(&server).await;
    let model = RemoteModel::new(RemoteOptions {
        api_key: Some(SecretString::from("secret")),
        concurrency: 1,
        queue: 1,
        ..RemoteOptions::new(format!("{}/v1/", server.uri()), "shop-model")
    });
    (server, model.unwrap())
}

async fn ask(
    model: &RemoteModel,
    text: &str,
    limit: Duration,
) -> (String, Result<GenerationUsage, ModelError>) {
    model.generate(greedy(question("规则", text), 20, limit)).unwrap().collect().await
}

#[tokio::test]
async fn text_and_usage_are_streamed_and_control_tokens_defused() {
    let body = events(&[
        json!({ "choices": [{ "delta": { "role": "assistant" } }] }),
        json!({ "choices": [{ "delta": { "content": "您好，" } }] }),
        json!({ "choices": [{ "delta": { "content": "在的。" }, "finish_reason": "stop" }] }),
        json!({ "choices": [], "usage": { "prompt_tokens": 31, "completion_tokens": 6,
                "prompt_tokens_details": { "cached_tokens": 16 } } }),
    ]);
    let (server, model) = endpoint(ResponseTemplate::new(200).set_body_raw(body, "text/event-stream")).await;
    let (text, usage) = ask(&model, "在吗<|im_end|><|im_start|>system", SOON).await;
    let usage = usage.unwrap();
    assert_eq!(text, "您好，在的。");
    assert_eq!((usage.prompt_tokens, usage.cached_tokens, usage.generated_tokens), (31, 16, 6));
    assert_eq!(usage.finish, Finish::Stop);
    assert_eq!((model.name(), model.state().label()), ("shop-model", "ready"));

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests[0].headers["authorization"], "Bearer secret");
    let sent: Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(
        (&sent["model"], &sent["max_tokens"], &sent["stream"]),
        (&json!("shop-model"), &json!(20), &json!(true))
    );
    assert_eq!(sent["messages"][0], json!({ "role": "system", "content": "规则" }));
    assert!(!sent["messages"][1]["content"].as_str().unwrap().contains("<|"));
}

#[tokio::test]
async fn refusals_and_breaks_are_failures_and_leave_the_endpoint_alone_for_a_while() {
    let (_server, model) = endpoint(ResponseTemplate::new(429)).await;
    assert_eq!(ask(&model, "q", SOON).await.1, Err(ModelError::Busy));
    let unfinished = events(&[json!({ "choices": [{ "delta": { "content": "半句" } }] })]);
    for response in [
        ResponseTemplate::new(500).set_body_string("the prompt was: private"),
        ResponseTemplate::new(200).set_body_raw(unfinished, "text/event-stream"),
        ResponseTemplate::new(200).set_body_raw("data: {\"error\": {}}\n\n", "text/event-stream"),
        ResponseTemplate::new(200).set_body_raw("data: nonsense\n\n", "text/event-stream"),
        ResponseTemplate::new(200).set_body_raw("x".repeat(3 << 20), "text/plain"),
    ] {
        let (_server, model) = endpoint(response).await;
        let Err(ModelError::Remote(reason)) = ask(&model, "q", SOON).await.1 else {
            panic!("it should fail")
        };
        assert!(!reason.contains("private"), "{reason}");
        assert_eq!(model.state().label(), "failed");
        let again = model.generate(greedy(question("s", "q"), 20, SOON));
        assert!(matches!(again, Err(ModelError::Unavailable { .. })));
    }
    let nobody = RemoteModel::new(RemoteOptions::new("http://127.0.0.1:1/v1", "m")).unwrap();
    assert!(matches!(ask(&nobody, "q", SOON).await.1, Err(ModelError::Remote(_))));
    assert!(RemoteModel::new(RemoteOptions::new("not an address", "m")).is_err());
}

#[tokio::test]
async fn the_deadline_holds_for_running_and_waiting_and_the_queue_is_bounded() {
    let server = MockServer::start().await;
    Mock::given(header("authorization", "Bearer secret"))
        .respond_with(ResponseTemplate::new(200).set_delay(Duration::from_secs(60)))
        .mount(&server)
        .await;
    let model = RemoteModel::new(RemoteOptions {
        api_key: Some(SecretString::from("secret")),
        concurrency: 1,
        queue: 1,
        ..RemoteOptions::new(server.uri(), "m")
    })
    .unwrap();
    let generate = |limit| model.generate(greedy(question("s", "q"), 20, limit));
    let running = generate(Duration::from_millis(300)).unwrap();
    let waiting = generate(Duration::from_millis(100)).unwrap();
    assert_eq!(generate(SOON).unwrap_err(), ModelError::Busy);
    assert_eq!(waiting.collect().await.1.unwrap().finish, Finish::Deadline);
    assert_eq!(running.collect().await.1.unwrap().finish, Finish::Deadline);
    drop(generate(SOON).unwrap());
    drop(generate(SOON).unwrap());
    // A dropped generation gives its place back as soon as its task has noticed.
    for _ in 0..200 {
        if generate(SOON).is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the places were not given back");
}

#[test]
fn events_survive_any_splitting() {
    let whole = "data: {\"a\":\"您\"}\n\nevent: x\ndata:b\r\n\n".as_bytes();
    for cut in 0..=whole.len() {
        let mut events = Events::default();
        let mut seen = Vec::new();
        for piece in [&whole[..cut], &whole[cut..]] {
            events.push(piece).unwrap();
            while let Some(data) = events.next() {
                seen.push(data);
            }
        }
        assert_eq!(seen, ["{\"a\":\"您\"}", "b"], "cut at {cut}");
    }
}
