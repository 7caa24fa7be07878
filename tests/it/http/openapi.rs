//! The description of the doors is what the doors are.

use serde_json::Value;
use warmdesk::http::error::ErrorCode;
use warmdesk::http::router::document;

use super::app::TestApp;

/// An API change cannot slip through: it changes this snapshot.
#[test]
fn the_whole_document() {
    insta::assert_json_snapshot!("openapi", serde_json::to_value(document()).unwrap());
}

#[tokio::test]
async fn it_is_served_and_names_every_code() {
    let app = TestApp::new();
    let served = app.get("/openapi.json").send().await.json();
    assert_eq!(served, serde_json::to_value(document()).unwrap());
    let text = served["info"]["description"].as_str().unwrap();
    for code in ErrorCode::ALL {
        assert!(text.contains(&format!("| `{}` |", code.as_str())), "{} is not in the table", code.as_str());
    }
}

#[test]
fn every_operation_says_what_it_does_and_who_may() {
    let document = serde_json::to_value(document()).unwrap();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            assert!(operation["security"].is_array(), "{method} {path} does not say who may");
            assert_ne!(operation["tags"], Value::Null, "{method} {path} has no tag");
        }
    }
}
