//! Serves the pages with fakes behind them, for a person who works on the pages.

use std::time::Duration;

use tokio::net::TcpListener;
use warmdesk::http::{DoorSettings, serve};
use warmdesk::web::{DemoCustomer, DemoPage, DemoProduct};

use super::app::{TestApp, signature};

fn demo() -> DemoPage {
    let customer = |id: &str, name: &str, about: &str| DemoCustomer {
        id: id.into(),
        name: name.into(),
        about: about.into(),
        signature: signature(id),
        questions: vec!["我的订单到哪了".into(), "怎么还没到，都三天了".into(), "转人工".into()],
        orders: Vec::new(),
    };
    let product = |id: &str, title: &str, price: &str| DemoProduct {
        id: id.into(),
        title: title.into(),
        price: price.into(),
        ..DemoProduct::default()
    };
    DemoPage {
        customers: vec![
            customer("C-1", "林晓雯", "包裹在武汉停了三天"),
            customer("C-2", "周子昂", "预售订单，等待发货"),
        ],
        questions: vec!["睡袋90码多大宝宝能穿？".into(), "支持七天无理由吗".into(), "什么时候发货".into()],
        products: vec![
            product("SLEEP-90", "婴儿恒温睡袋 90码 浅驼", "269.00"),
            product("CUP-01", "PPSU学饮杯 240ml 雾蓝", "89.00"),
            product("NAP-L", "超薄透气纸尿裤 L 54片", "109.00"),
            product("TOY-3", "硅胶牙胶摇铃", "39.90"),
        ],
        ..DemoPage::default()
    }
}

#[tokio::test]
#[ignore = "serves http://127.0.0.1:8137 until it is stopped, for looking at the pages"]
async fn serve_the_pages() {
    let settings =
        DoorSettings { shop_name: "小满母婴".into(), demo: Some(demo()), ..DoorSettings::default() };
    let app = TestApp::slow(Duration::from_millis(700), settings);
    let listener = TcpListener::bind("127.0.0.1:8137").await.unwrap();
    serve(listener, app.state.clone(), std::future::pending()).await.unwrap();
}
