//! What only a record about something else knows is not said of what was asked.

use serde_json::json;

use super::{Turn, fact};
use crate::record::RecordKind;
use crate::turn::types::{By, Fact, GuardReason};

fn fault(id: &str, product: &str, title: &str, text: &str) -> Fact {
    let record = fact(RecordKind::Knowledge, id, text, json!({ "product": product }));
    Fact { title: title.into(), ..record }
}

fn faults() -> Vec<Fact> {
    vec![
        fault("k1", "P1", "洗碗机 X6 故障 E001 洗碗机不启动", "检查电源连接是否正常，确保插座有电"),
        fault("k2", "P1", "洗碗机 X6 故障 E003 洗碗机不烘干", "检查烘干功能是否开启，加热器是否损坏"),
    ]
}

fn products() -> Vec<Fact> {
    let product = |id: &str, title: &str, text: &str| {
        let record = fact(RecordKind::Product, id, text, json!({ "id": id }));
        Fact { title: title.into(), ..record }
    };
    vec![
        product("P1", "电热水器 F8033-JE6", "变频速热；容量：80升"),
        product("P2", "电热水器 F6033-UD3", "带抑菌滤网；容量：60升"),
        fault("k1", "P2", "F6033-UD3 安装说明", "用膨胀螺栓固定挂板"),
    ]
}

#[test]
fn the_cause_of_a_fault_comes_from_the_entry_about_it() {
    let reason = GuardReason::ClaimNotInEvidence;
    for question in ["洗碗机没法启动怎么办", "洗碗机显示E001"] {
        let turn = Turn::new(question, faults());
        turn.passes(By::Model, "请检查电源连接是否正常。");
        turn.refuses(By::Model, "可能是加热器损坏。", reason);
        turn.refuses(By::Model, "可能是电源连接不正常或烘干功能未开启。", reason);
    }
    // Who asks about the other case hears of it.
    Turn::new("洗碗机不烘干", faults()).passes(By::Model, "请检查加热器是否损坏。");
}

#[test]
fn what_is_said_of_a_named_product_comes_from_its_own_records() {
    let turn = Turn::new("F8033-JE6怎么固定", products());
    turn.refuses(By::Model, "用膨胀螺栓固定。", GuardReason::ClaimNotInEvidence);
    turn.passes(By::Model, "这款变频速热。");
    turn.refuses(By::Model, "这款带抑菌滤网。", GuardReason::ClaimNotInEvidence);
    // The sentence may name the other one itself, and without a name of either anything found may be meant.
    turn.passes(By::Model, "F6033-UD3用膨胀螺栓固定。");
    Turn::new("热水器怎么固定", products()).passes(By::Model, "用膨胀螺栓固定挂板。");
}

#[test]
fn a_number_that_the_customer_named_may_be_named_again() {
    let turn = Turn::new(
        "F8033-JE6内胆漏水怎么办",
        vec![fact(RecordKind::Policy, "p", "内胆漏水：立即关闭进水阀并断电", json!(null))],
    );
    turn.passes(By::Model, "F8033-JE6内胆漏水：立即关闭进水阀并断电。");
    turn.refuses(By::Model, "F8034-JE6内胆漏水：立即关闭进水阀并断电。", GuardReason::NumberNotInEvidence);
}

#[test]
fn a_guarantee_is_no_length_of_life() {
    let turn = |question| {
        Turn::new(question, vec![fact(RecordKind::Policy, "p", "活水保修10年；充满可用2小时", json!(null))])
    };
    turn("能用多久").refuses(By::Model, "能用十年。", GuardReason::NumberNotInEvidence);
    turn("能用多久").passes(By::Model, "大概能用两个小时。");
    turn("保修几年").passes(By::Model, "十年。");
}
