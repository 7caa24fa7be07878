use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use proptest::prelude::*;
use serde_json::json;
use tokio::sync::broadcast;

use super::*;
use crate::bench::OutputFormat;

fn plan(url: &str) -> EventsPlan {
    EventsPlan {
        target: Target { url: url.to_owned(), admin_key: Some("key".into()), customer_secret: None },
        per_second: 2_000.0,
        duration: Duration::from_millis(500),
        list: 50,
        single_share: 0.02,
        posters: 4,
        customers: 100,
        products: vec!["p1".to_owned(), "p2".to_owned()],
        popups: 2,
        timeout: Duration::from_secs(10),
        seed: 1,
        embedded: false,
    }
}

/// How a server treats events.
#[derive(Debug, Clone, Copy, Default)]
struct Manners {
    /// Of so many requests one is refused.
    refuses_each: usize,
    /// Of so many lists one is acknowledged and forgotten.
    forgets_each: usize,
    /// No pop-up comes.
    silent: bool,
}

#[derive(Clone)]
struct Shop {
    known: Arc<Mutex<HashSet<String>>>,
    counted: Arc<Mutex<(usize, usize)>>,
    looks: broadcast::Sender<()>,
    manners: Manners,
}

async fn take(State(shop): State<Shop>, Json(body): Json<Value>) -> axum::response::Response {
    let events = body.as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
    let own = events[0]["customer"].is_null();
    if own {
        // A browser's look: the last of four is the one without a time of its own.
        if events[0]["at"].is_null() && !shop.manners.silent {
            shop.looks.send(()).ok();
        }
        return Json(json!({ "accepted": 1, "duplicate": 0, "nudges": [] })).into_response();
    }
    let (requests, lists) = {
        let mut counted = shop.counted.lock().unwrap();
        counted.0 += 1;
        counted.1 += usize::from(events.len() > 1);
        *counted
    };
    let every = |each: usize, number: usize| each > 0 && number.is_multiple_of(each);
    if every(shop.manners.refuses_each, requests) {
        let error = json!({ "error": { "code": "store_busy", "message": "later" } });
        return (axum::http::StatusCode::SERVICE_UNAVAILABLE, Json(error)).into_response();
    }
    let mut known = shop.known.lock().unwrap();
    let forgets = events.len() > 1 && every(shop.manners.forgets_each, lists);
    let is_new = |event: &&Value| !known.contains(event["id"].as_str().unwrap());
    let accepted = events.iter().filter(is_new).count();
    if !forgets {
        known.extend(events.iter().map(|event| event["id"].as_str().unwrap().to_owned()));
    }
    Json(json!({ "accepted": accepted, "duplicate": events.len() - accepted, "nudges": [] })).into_response()
}

async fn stream(State(shop): State<Shop>) -> impl IntoResponse {
    let looks = tokio_stream::wrappers::BroadcastStream::new(shop.looks.subscribe());
    let events = futures_util::StreamExt::map(looks, |_| {
        Ok::<_, std::convert::Infallible>("event: nudge\ndata: {}\n\n")
    });
    ([(axum::http::header::CONTENT_TYPE, "text/event-stream")], axum::body::Body::from_stream(events))
}

async fn serve(manners: Manners) -> String {
    let shop =
        Shop { known: Arc::default(), counted: Arc::default(), looks: broadcast::channel(16).0, manners };
    let session = || async { Json(json!({ "token": "t", "conversation": "conv_1" })) };
    let router = Router::new()
        .route("/readyz", get(|| async { Json(json!({ "model": "absent" })) }))
        .route("/version", get(|| async { Json(json!({ "version": "9.9.9" })) }))
        .route("/api/v1/proactive", get(|| async { Json(json!({ "waiting_events": 0 })) }))
        .route("/api/v1/session", post(session))
        .route("/api/v1/conversations/{id}/stream", get(stream))
        .route("/api/v1/events", post(take))
        .with_state(shop);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

fn failed(report: &EventsReport) -> Vec<&str> {
    let unmet = report.verdict.criteria.iter().filter(|criterion| !criterion.passed);
    // How fast this machine is belongs to no test.
    unmet.map(|criterion| criterion.name.as_str()).filter(|name| !name.ends_with("_per_s")).collect()
}

#[tokio::test]
async fn what_a_server_keeps_refuses_and_loses_is_counted() {
    let report = measure_events(&plan(&serve(Manners::default()).await), &|_| {}).await.unwrap();
    assert_eq!((report.events, report.acknowledged, report.errors), (1_000, 1_000, 0));
    assert_eq!(report.kept, Kept { found: 1_000, missing: 0 });
    assert_eq!((report.popups_idle.ms.count, report.popups_meanwhile.ms.count), (2, 2));
    assert_eq!(report.list_ms.count + report.single_ms.count, report.requests as u64);
    assert_eq!(failed(&report), Vec::<&str>::new());
    for format in [OutputFormat::Table, OutputFormat::Markdown, OutputFormat::Json] {
        let text = report.show(format);
        assert!(text.contains("acknowledged_and_missing") && text.contains("1000"), "{text}");
    }
    let read: EventsReport = serde_json::from_str(&report.show(OutputFormat::Json)).unwrap();
    assert_eq!(read, report);

    let forgetful = Manners { forgets_each: 10, ..Manners::default() };
    let report = measure_events(&plan(&serve(forgetful).await), &|_| {}).await.unwrap();
    assert_eq!(report.acknowledged, 1_000);
    assert!(report.kept.missing > 0 && report.kept.missing.is_multiple_of(10), "{:?}", report.kept);
    assert_eq!(failed(&report), ["acknowledged_and_missing"]);

    let busy = Manners { refuses_each: 7, ..Manners::default() };
    let report = measure_events(&plan(&serve(busy).await), &|_| {}).await.unwrap();
    assert!(report.errors_by_code["store_busy"] > 0 && report.acknowledged < 1_000);
    assert_eq!(failed(&report), ["errors"]);
}

#[tokio::test]
async fn without_a_pop_up_there_is_nothing_to_measure_unless_none_is_asked_for() {
    let url = serve(Manners { silent: true, ..Manners::default() }).await;
    let refused = measure_events(&plan(&url), &|_| {}).await.unwrap_err();
    assert!(refused.to_string().contains("--product"), "{refused}");
    let report = measure_events(&EventsPlan { popups: 0, ..plan(&url) }, &|_| {}).await.unwrap();
    let names: Vec<&str> = report.verdict.criteria.iter().map(|criterion| criterion.name.as_str()).collect();
    assert_eq!(names, ["acknowledged_per_s", "errors", "acknowledged_and_missing"]);
}

#[tokio::test]
async fn a_plan_that_makes_no_sense_is_refused_before_anything_is_sent() {
    let check = async |change: fn(&mut EventsPlan), expected: &str| {
        let mut plan = plan("http://127.0.0.1:1");
        change(&mut plan);
        let refused = measure_events(&plan, &|_| {}).await.unwrap_err().to_string();
        assert!(refused.contains(expected), "{refused}");
    };
    check(|plan| plan.per_second = 0.0, "no load").await;
    check(|plan| plan.per_second = -5.0, "no load").await;
    check(|plan| plan.per_second = f64::NAN, "no load").await;
    check(|plan| plan.duration = Duration::from_secs(100_000), "no load").await;
    check(|plan| plan.list = 1_001, "1001").await;
    check(|plan| plan.list = 0, "1 to 1000").await;
    check(|plan| plan.single_share = 1.5, "1.5").await;
    check(|plan| plan.posters = 0, "poster").await;
    check(|plan| plan.target.admin_key = None, "--admin-key").await;
}

proptest! {
    #[test]
    fn every_event_is_reported_once_when_it_is_due(
        per_second in 1.0..20_000.0_f64, seconds in 1.0..3.0_f64, list in 1..1_000_usize, share in 0.0..1.0_f64,
    ) {
        let plan = EventsPlan {
            per_second,
            duration: Duration::from_secs_f64(seconds),
            list,
            single_share: share,
            ..plan("http://shop.example")
        };
        let requests = requests(&plan);
        let mut next = 0;
        for request in &requests {
            prop_assert_eq!(request.from, next);
            prop_assert!((1..=list).contains(&request.count) && request.due <= plan.duration);
            next += request.count;
        }
        prop_assert_eq!(next, plan.events());
        prop_assert!(requests.windows(2).all(|pair| pair[0].due <= pair[1].due));
        if list > 1 {
            let single = requests.iter().filter(|request| request.count == 1).count() as f64;
            let slack = list as f64 + 2.0;
            prop_assert!(single + slack >= share * next as f64 && single <= share * next as f64 + slack);
        }
    }

    #[test]
    fn events_are_what_the_door_takes_and_repeat_by_their_seed(seed: u64, from in 0..1_000_000_usize) {
        let plan = EventsPlan { seed, ..plan("http://shop.example") };
        let (made, other) = (Made::new(&plan), Made::new(&plan));
        let mut ids = HashSet::new();
        for number in from..from + 50 {
            let (event, mut again) = (made.event(number), other.event(number));
            prop_assert!(ids.insert(event["id"].clone()));
            prop_assert_ne!(&event["id"], &again["id"], "a server takes an id once");
            again["id"] = event["id"].clone();
            prop_assert_eq!(&event, &again);
            let kind: crate::proactive::EventType = serde_json::from_value(event["type"].clone()).unwrap();
            prop_assert!(!kind.is_own());
        }
    }
}
