//! The pages come out of the binary, and carry signatures in the demo only.

use serde_json::{Value, json};
use warmdesk::http::DoorSettings;
use warmdesk::web::{DemoCustomer, DemoPage};

use super::app::{TestApp, signature};

#[tokio::test]
async fn pages_and_their_files_are_served() {
    let app = TestApp::new();
    let files = [
        ("/", "text/html; charset=utf-8"),
        ("/desk", "text/html; charset=utf-8"),
        ("/widget.js", "text/javascript; charset=utf-8"),
        ("/assets/demo.js", "text/javascript; charset=utf-8"),
        ("/assets/demo.css", "text/css; charset=utf-8"),
        ("/assets/demo-stage.js", "text/javascript; charset=utf-8"),
        ("/assets/desk.js", "text/javascript; charset=utf-8"),
        ("/assets/desk.css", "text/css; charset=utf-8"),
        ("/assets/desk/store.js", "text/javascript; charset=utf-8"),
        ("/assets/desk/queue.css", "text/css; charset=utf-8"),
        ("/assets/words.js", "text/javascript; charset=utf-8"),
        ("/assets/icon.svg", "image/svg+xml"),
    ];
    for (path, content_type) in files {
        let reply = app.get(path).send().await;
        assert_eq!((reply.status.as_u16(), reply.header("content-type")), (200, content_type), "{path}");
        let tag = reply.header("etag").to_owned();
        let again = app.get(path).header("if-none-match", &tag).send().await;
        assert_eq!((again.status.as_u16(), again.text.len()), (304, 0), "{path}");
    }
}

#[tokio::test]
async fn signatures_leave_in_the_demo_only() {
    let plain = TestApp::new().get("/demo.json").send().await.json();
    assert_eq!(plain, json!({ "shop": "Warmdesk", "zone": "Asia/Shanghai", "demo": Value::Null }));
    let customer = DemoCustomer {
        id: "C-1".into(),
        name: "林女士".into(),
        about: "物流三天没动".into(),
        signature: signature("C-1"),
        questions: vec!["到哪了".into()],
        orders: Vec::new(),
    };
    let demo = DemoPage { customers: vec![customer], ..DemoPage::default() };
    let app = TestApp::with(DoorSettings { demo: Some(demo), ..DoorSettings::default() });
    let config = app.get("/demo.json").send().await.json();
    assert_eq!(config["demo"]["customers"][0]["signature"], signature("C-1").as_str());
}
