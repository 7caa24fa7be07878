//! The example does each thing once, as a system with these orders would, and its records are such as Warmdesk takes.

use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

use super::books::{Answer, Books, Wish, Work};
use crate::actions::{ActionResult, Outcome};
use crate::record::parse_ndjson;
use crate::time::Now;

fn now() -> Now {
    Now::new("2026-11-20T02:12:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

fn order(id: &str, status: &str, shipment: &Value) -> Value {
    json!({"kind": "order", "id": id, "customer": "c1", "status": status, "payment": "微信支付",
        "items": [{"product": "P1", "title": "雨靴", "price": 88, "quantity": 2},
            {"product": "P2", "title": "雨伞", "price": 30, "quantity": 1}],
        "shipment": shipment})
}

fn parcel(status: &str) -> Value {
    json!({"carrier": "韵达", "tracking": "YD1", "status": status,
        "events": [{"at": "2026-11-17 20:10:00", "place": "杭州转运中心", "text": "到达"}]})
}

fn books() -> Books {
    let records = [
        order("paid", "paid", &json!({})),
        order("unpaid", "unpaid", &json!({})),
        order("out", "in_transit", &parcel("moving")),
        order("near", "in_transit", &parcel("out_for_delivery")),
        order("there", "delivered", &parcel("delivered")),
        order("gone", "cancelled", &json!({})),
        json!({"kind": "product", "id": "P1", "title": "雨靴", "price": 80, "stock": 3}),
    ];
    let lines: Vec<String> = records.iter().map(Value::to_string).collect();
    Books::new(parse_ndjson(lines.join("\n").as_bytes(), "").unwrap())
}

fn args(args: &Value) -> Map<String, Value> {
    args.as_object().unwrap().clone()
}

fn execute(books: &mut Books, id: &str, kind: &str, told: &Value) -> Work {
    let args = args(told);
    books.execute(&Wish { id, kind, customer: "c1", args: &args }, &now())
}

fn result(work: Work) -> ActionResult {
    match work.answer {
        Answer::Result(result) => result,
        other => panic!("no result: {other:?}"),
    }
}

#[test]
fn what_is_out_cannot_be_changed_any_more() {
    let check = |kind: &str, order: &str, outcome: Outcome| {
        let came = result(execute(&mut books(), "act_1", kind, &json!({ "order": order })));
        assert_eq!(came.outcome, outcome, "{kind} of {order}: {came:?}");
        came.check().unwrap();
        assert_eq!(came.order.as_deref(), Some(order));
    };
    for kind in ["change_address", "change_phone", "cancel_order"] {
        check(kind, "paid", Outcome::Done);
        check(kind, "unpaid", Outcome::Done);
        check(kind, "out", Outcome::Failed);
        check(kind, "there", Outcome::Failed);
        check(kind, "gone", Outcome::Failed);
        check(kind, "nobody's", Outcome::Failed);
    }
    check("intercept", "out", Outcome::Done);
    check("intercept", "near", Outcome::Failed);
    check("intercept", "paid", Outcome::Failed);
    check("urge_parcel", "near", Outcome::Done);
    check("urge_parcel", "there", Outcome::Failed);
    check("urge_dispatch", "paid", Outcome::Done);
    check("urge_dispatch", "unpaid", Outcome::Failed);
    check("invoice", "there", Outcome::Done);
    check("invoice", "gone", Outcome::Failed);
    check("price_protection", "there", Outcome::Done);
    check("register_gift", "there", Outcome::Done);
    check("reissue", "out", Outcome::Done);
    check("return_refund", "there", Outcome::Done);
    check("return_refund", "out", Outcome::Failed);
}

#[test]
fn each_thing_is_done_once() {
    let mut books = books();
    let reserve = json!({ "product": "P1", "quantity": "2" });
    let first = result(execute(&mut books, "act_1", "reserve_stock", &reserve));
    assert_eq!(first.text.as_deref(), Some("给您留了2件，留到11月21日10:12"));
    for _ in 0..3 {
        assert_eq!(result(execute(&mut books, "act_1", "reserve_stock", &reserve)), first, "asked again");
    }
    let other = result(execute(&mut books, "act_2", "reserve_stock", &reserve));
    assert_eq!((other.outcome, other.text.as_deref()), (Outcome::Failed, Some("仓库只剩1件")));

    let back = json!({ "order": "there", "item": "P1", "reason": "小了" });
    let opened = execute(&mut books, "act_3", "return_refund", &back);
    assert_eq!(opened.records.len(), 1);
    assert_eq!(opened.records[0]["amount"], 176.0);
    assert!(execute(&mut books, "act_3", "return_refund", &back).records.is_empty());
    let again = execute(&mut books, "act_4", "return_refund", &back);
    assert!(again.records.is_empty());
    assert_eq!(result(again).outcome, Outcome::Failed, "the same case is open");
    let one = json!({ "order": "there", "item": "P1", "pieces": "一件", "reason": "小了" });
    let opened = execute(&mut books, "act_5", "return_refund", &one);
    assert_eq!(opened.records[0]["amount"], 88.0, "the price of one");
}

#[test]
fn the_carrier_takes_its_time_and_a_person_does_what_nobody_here_can() {
    let traced = execute(&mut books(), "act_1", "trace_parcel", &json!({ "order": "out", "parcel": "YD1" }));
    assert_eq!(traced.answer, Answer::Later);
    let finding = traced.finding.unwrap();
    assert_eq!(finding.text.as_deref(), Some("韵达回复：包裹滞留在杭州转运中心，今天安排转出"));
    let lost = execute(&mut books(), "act_1", "trace_parcel", &json!({ "order": "out", "parcel": "YD9" }));
    assert_eq!(lost.finding.unwrap().outcome, Outcome::Failed);
    for kind in ["create_task", "dance"] {
        assert_eq!(execute(&mut books(), "act_1", kind, &json!({})).answer, Answer::ByPerson, "{kind}");
    }
    let foreign = args(&json!({ "order": "paid" }));
    let wish = Wish { id: "act_1", kind: "cancel_order", customer: "c2", args: &foreign };
    let work = books().execute(&wish, &now());
    assert!(work.records.is_empty());
    assert_eq!(result(work).outcome, Outcome::Failed, "the order of somebody else");
}

#[test]
fn a_case_goes_on_to_its_end_and_every_record_can_be_taken() {
    let check = |kind: &str, states: &[&str], parcel: bool| {
        let mut books = books();
        let told = json!({ "order": "there", "item": "P1", "reason": "小了", "wanted": "大一码" });
        let mut record = execute(&mut books, "act_1", kind, &told).records.remove(0);
        let id = record["id"].as_str().unwrap().to_owned();
        let mut seen = vec![record["status"].as_str().unwrap().to_owned()];
        while let Some(next) = books.next(&id, &now()) {
            assert!(next["version"].as_u64() > record["version"].as_u64());
            parse_ndjson(next.to_string().as_bytes(), "").unwrap();
            seen.push(next["status"].as_str().unwrap().to_owned());
            record = next;
        }
        assert_eq!(seen, states, "{kind}");
        assert_eq!(record["new_shipment"]["tracking"].is_string(), parcel, "{record}");
        assert_eq!(record["items"].as_array().unwrap().len(), 1, "{record}");
    };
    check("return_refund", &["wait_return", "wait_inspect", "refunding", "refunded"], false);
    check("exchange", &["wait_return", "wait_inspect", "wait_ship", "shipped"], true);
    check("repair", &["wait_return", "inspecting", "wait_ship", "shipped"], true);
    check("reissue", &["wait_ship", "shipped"], true);
}
