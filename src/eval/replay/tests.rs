//! What is masked, what is read, and what counts as a difference.

use serde_json::json;

use super::mask::{Masks, pseudonym};
use super::*;
use crate::record::Record;
use crate::turn::types::GuardReason;

fn record(fields: serde_json::Value) -> Record {
    Record::from_value(fields).unwrap()
}

#[test]
fn a_past_conversation_leaves_without_private_data() {
    let records = [
        record(json!({"kind": "customer", "id": "cus_1", "name": "陈晓禾", "phone": "19900006620"})),
        record(json!({
            "kind": "order", "id": "20261114008712", "customer": "cus_1", "status": "paid",
            "placed_at": "2026-11-14T21:05:00", "items": [{"product": "P-SB", "title": "睡袋", "quantity": 1}],
            "address": {"name": "陈小禾", "street": "春和里 18 号"},
        })),
    ];
    let masks = Masks::new(true, &records);
    let said = "我是陈晓禾，电话19900006620，订单20261114008712寄到春和里 18 号陈小禾收";
    assert_eq!(masks.people(said), "我是[姓名]，电话[手机号]，订单20261114008712寄到[姓名][姓名]收");
    assert_eq!(masks.everything(said), "我是[姓名]，电话[手机号]，订单[单号]寄到[姓名][姓名]收");
    assert_eq!(pseudonym("customer_", "cus_1"), pseudonym("customer_", "cus_1"));
    assert_ne!(pseudonym("customer_", "cus_1"), pseudonym("customer_", "cus_2"));
}

#[test]
fn a_bad_line_is_named() {
    #[track_caller]
    fn check(line: &str, expected: &str) {
        let error = format!("{:#}", parse("past.ndjson", line).unwrap_err());
        assert!(error.contains(expected), "{error}");
    }
    check("\n{\"conversation\": 1}", "past.ndjson: line 2");
    check(r#"{"conversation": "conv_1", "turns": [{"at": "noon", "text": "在吗"}]}"#, "turns[0].at: `noon`");
    check(r#"{"conversation": "conv_1", "turns": [], "costumer": "a"}"#, "unknown field `costumer`");
    let read = parse(
        "f",
        r#"{"conversation": "conv_1", "turns": [{"at": "2026-11-20T10:00:00Z", "text": "在吗"}]}"#,
    );
    assert!(read.unwrap()[0].turns[0].answered);
}

#[test]
fn every_kind_of_difference_is_counted() {
    let same = Answered {
        reply: vec!["有货。".into()],
        scenario: Some("stock".into()),
        handoff: None,
        refused: Some(Vec::new()),
        ms: Some(5.0),
    };
    let played = |new: Answered| Played {
        conversation: "conv_1".into(),
        turn: 1,
        text: "有货吗".into(),
        old: same.clone(),
        new,
    };
    let all = vec![
        played(same.clone()),
        played(Answered { reply: vec!["没货。".into()], ..same.clone() }),
        played(Answered { scenario: None, ..same.clone() }),
        played(Answered { handoff: Some("no_evidence".into()), ..same.clone() }),
        played(Answered { refused: Some(vec![GuardReason::RedLine]), ..same.clone() }),
        played(Answered { ms: Some(40.0), ..same.clone() }),
        played(Answered { ms: Some(15.0), ..same.clone() }),
    ];
    let report = Report::of(("past".into(), "new".into()), (1, 0), all);
    assert_eq!((report.turns, report.same, report.differences.len()), (7, 2, 5));
    assert!(report.differ.values().all(|count| *count == 1), "{:?}", report.differ);
    assert_eq!(report.handoffs["- → no_evidence"], 1);
    assert_eq!(report.scenarios["stock → -"], 1);
    assert_eq!((report.old.handoffs, report.new.handoffs), (0, 1));
    assert_eq!(report.new.refused[&GuardReason::RedLine], 1);
}
