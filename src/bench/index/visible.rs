//! How soon is a change seen? From the sending of one record to the answer of a search that finds it, over HTTP.

use std::time::Instant;

use reqwest::{Client, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::IndexBenchError;
use crate::bench::distribution::{Distribution, Times};

/// Writes so many new records to a running server, one after the other, and waits for each until a search finds it.
///
/// # Errors
/// If the server refuses, or an answer does not come.
pub async fn measure_visible(
    url: &str,
    key: &SecretString,
    changes: usize,
) -> Result<Distribution, IndexBenchError> {
    let server = |error: reqwest::Error| IndexBenchError::Server(error.to_string());
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = Client::builder().no_proxy().build().map_err(server)?;
    let mut times = Times::new();
    for change in 0..changes {
        let mark = format!("NEU{change:05}X");
        let record = json!({ "title": format!("新到的说明 {mark}"), "text": "今天刚写的一条。" });
        let started = Instant::now();
        let put = client.put(format!("{url}/api/v1/knowledge/bench-{change}"));
        let put = put.bearer_auth(key.expose_secret()).json(&record).send().await.map_err(server)?;
        put.error_for_status().map_err(server)?;
        let query = [("q", mark.as_str()), ("kind", "knowledge"), ("limit", "1")];
        let address = Url::parse_with_params(&format!("{url}/api/v1/search"), query)
            .map_err(|error| IndexBenchError::Server(error.to_string()))?;
        loop {
            let found = client.get(address.clone()).bearer_auth(key.expose_secret()).send().await;
            let found: Value = found.map_err(server)?.json().await.map_err(server)?;
            if found["hits"][0]["id"] == format!("knowledge:bench-{change}") {
                break;
            }
        }
        times.add(started.elapsed());
    }
    Ok(times.distribution())
}
