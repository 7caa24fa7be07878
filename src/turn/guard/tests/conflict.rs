//! Evidence that contradicts itself, and evidence that is out of date.

use serde_json::json;

use super::{Turn, draft, fact};
use crate::record::RecordKind;
use crate::turn::types::{By, Fact, GuardReason};

fn titled(kind: RecordKind, id: &str, title: &str, text: &str) -> Fact {
    Fact { title: title.into(), policy: true, ..fact(kind, id, text, json!({})) }
}

/// Where two records of one matter differ, neither value is said.
#[test]
fn of_two_records_that_differ_neither_is_said() {
    let policy = titled(RecordKind::Policy, "p", "运费", "单笔实付满 59 元包邮，不满收 8 元");
    let knowledge = titled(RecordKind::Knowledge, "k", "运费怎么算", "单笔实付满 99 元包邮，不满收 8 元");
    let both = Turn::new("运费多少", vec![policy.clone(), knowledge.clone()]);
    for text in ["单笔实付满59元包邮。", "单笔实付满99元包邮。"] {
        both.refuses(By::Model, text, GuardReason::ContradictsEvidence);
    }
    both.passes(By::Model, "不满收8元。");
    Turn::new("运费多少", vec![policy]).passes(By::Model, "单笔实付满59元包邮。");
    Turn::new("运费多少", vec![knowledge]).passes(By::Model, "单笔实付满99元包邮。");
}

#[test]
fn of_yes_and_no_neither_is_said() {
    let one = titled(RecordKind::Policy, "p", "礼品卡支付", "预售定金可以用礼品卡支付");
    let other = titled(RecordKind::Knowledge, "k", "礼品卡怎么支付", "预售定金不能用礼品卡支付");
    let both = Turn::new("定金能用卡付吗", vec![one.clone(), other]);
    for text in ["预售定金可以用礼品卡支付。", "预售定金不能用礼品卡支付。"] {
        both.refuses(By::Model, text, GuardReason::ContradictsEvidence);
    }
    Turn::new("定金能用卡付吗", vec![one]).passes(By::Model, "预售定金可以用礼品卡支付。");
}

/// Different things differ by right.
#[test]
fn records_of_different_matters_may_differ() {
    let one = titled(RecordKind::Knowledge, "1", "1 段冲调比例", "启安奶粉每30毫升温水加1平勺，每勺4.5克");
    let two = titled(RecordKind::Knowledge, "2", "2 段冲调比例", "启安奶粉每30毫升温水加1平勺，每勺4.6克");
    let turn = Turn::new("怎么冲", vec![one, two]);
    turn.passes(By::Model, "每勺4.5克。");
    turn.passes(By::Model, "每勺4.6克。");
}

/// A promotion that has ended says nothing any more, whoever quotes it.
#[test]
fn what_is_out_of_date_is_no_evidence() {
    let promotion = |from: &str, until: &str| {
        let fields = json!({"valid_from": from, "valid_until": until, "reduce": 50});
        let ended = fact(RecordKind::Promotion, "p", "全店满 300 元减 50 元", fields);
        Turn::new("有活动吗", vec![ended])
    };
    let running = promotion("2026-11-01T00:00:00", "2026-11-30T23:59:59");
    let ended = promotion("2026-06-01T00:00:00", "2026-06-20T23:59:59");
    let coming = promotion("2026-12-01T00:00:00", "2026-12-31T23:59:59");
    for by in [By::Model, By::Evidence, By::Wording] {
        let text = "全店满 300 元减 50 元";
        running.passes(by, text);
        assert!(ended.vet(&draft(by, text)).is_err(), "{by:?}");
        assert!(coming.vet(&draft(by, text)).is_err(), "{by:?}");
    }
}
