//! The hub source against a stand-in for the hub: the stated hash, the token, resuming, refusals.

use std::path::Path;

use secrecy::SecretString;
use sha2::{Digest, Sha256};
use wiremock::{Mock, MockServer, Request, ResponseTemplate, matchers::method};

use crate::model::{
    CacheEnvironment, ModelCard, ModelFile, ModelTask, Source,
    cache::hex,
    card::FileKind,
    pull::{PullError, PulledFile, Silent, pull},
    verify_card,
};

const CONTENT: &[u8] = b"weights as the hub builds them";

fn sha256(bytes: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(bytes);
    hex(hasher)
}

fn card(sha256: Option<String>) -> ModelCard {
    let source =
        Source::Hub { repository: "org/name".into(), file: "fish.gguf".into(), revision: "main".into() };
    ModelCard {
        name: "fish".to_owned(),
        title: "Fish".to_owned(),
        task: ModelTask::Chat,
        default: false,
        architecture: "qwen2".to_owned(),
        licence: "CC0-1.0".to_owned(),
        memory_mb: 1,
        verified: false,
        note: None,
        files: vec![ModelFile {
            kind: FileKind::Weights,
            name: "fish.gguf".to_owned(),
            size: None,
            sha256,
            sources: vec![source],
        }],
    }
}

/// Answers as the hub does for a large file that states the hash `stated`.
fn answer(request: &Request, stated: &str) -> ResponseTemplate {
    let range = request.headers.get("range").and_then(|range| range.to_str().ok()).unwrap_or("bytes=0-");
    let (from, to) = range.trim_start_matches("bytes=").split_once('-').unwrap();
    let from: usize = from.parse().unwrap();
    let to: usize = to.parse().unwrap_or(CONTENT.len() - 1);
    ResponseTemplate::new(206)
        .insert_header("x-repo-commit", "abc123")
        .insert_header("x-linked-etag", format!("\"{stated}\""))
        .insert_header("etag", "\"other\"")
        .insert_header("content-range", format!("bytes {from}-{to}/{}", CONTENT.len()))
        .set_body_bytes(&CONTENT[from..=to])
}

async fn hub(stated: String) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("HEAD")).respond_with(ResponseTemplate::new(302)).mount(&server).await;
    Mock::given(method("GET"))
        .respond_with(move |request: &Request| answer(request, &stated))
        .mount(&server)
        .await;
    server
}

async fn fetch(home: &Path, endpoint: String, card: ModelCard) -> Result<Vec<PulledFile>, String> {
    let environment = CacheEnvironment {
        home: Some(home.to_owned()),
        hub_endpoint: Some(endpoint),
        hub_token: Some(SecretString::from("hf_secret")),
        ..CacheEnvironment::default()
    };
    let run = move || {
        let pulled = pull(&card, None, &environment, &Silent).map_err(|error| match error {
            PullError::AllSources { failures, .. } => failures[0].1.clone(),
            other => other.to_string(),
        })?;
        assert!(verify_card(&card, &environment, |_, _| ())[0].outcome.is_ok());
        Ok(pulled)
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_the_hub_is_held_to_the_hash_the_hub_states() {
    let server = hub(sha256(CONTENT)).await;
    for card_hash in [None, Some(sha256(b"the wheels' build")), Some(sha256(CONTENT))] {
        let home = tempfile::tempdir().unwrap();
        let pulled = fetch(home.path(), server.uri(), card(card_hash)).await.unwrap();
        assert_eq!(std::fs::read(&pulled[0].path).unwrap(), CONTENT);
        let left: Vec<_> = std::fs::read_dir(pulled[0].path.parent().unwrap()).unwrap().collect();
        assert_eq!(left.len(), 3, "{left:?}");
    }
    let requests = server.received_requests().await.unwrap();
    let asked = requests.iter().filter(|request| request.method.as_str() == "GET");
    for request in asked {
        assert_eq!(request.url.path(), "/org/name/resolve/main/fish.gguf");
        assert_eq!(request.headers["authorization"], "Bearer hf_secret");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_hub_cannot_vouch_for_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let wrong = hub(sha256(b"something else")).await;
    let reason = fetch(home.path(), wrong.uri(), card(Some(sha256(CONTENT)))).await.unwrap_err();
    assert!(reason.contains("SHA-256"), "{reason}");
    let unstated = hub("W/short".to_owned()).await;
    let reason = fetch(home.path(), unstated.uri(), card(None)).await.unwrap_err();
    assert!(reason.contains("no SHA-256"), "{reason}");
    let gone = MockServer::start().await;
    let reason = fetch(home.path(), gone.uri(), card(None)).await.unwrap_err();
    assert!(reason.contains("404"), "{reason}");
    let reason = fetch(home.path(), "http://127.0.0.1:1".to_owned(), card(None)).await.unwrap_err();
    assert!(reason.contains("not reachable"), "{reason}");
}
