//! What is given, allowed, let off or agreed to needs a record that says it in the very same words.

use serde_json::{Value as Json, json};

use super::{Turn, draft, fact};
use crate::record::RecordKind;
use crate::turn::types::{By, GuardReason};

fn turn() -> Turn {
    let policy = |id: &str, text: &str| fact(RecordKind::Policy, id, text, Json::Null);
    Turn::new(
        "不赔我就给差评",
        vec![
            policy("p1", "停滞满72小时可以商量补发或退款，由售后同事确认；赔偿由主管决定"),
            policy("p2", "到货破损运费我们出；退货的，仓库签收后72小时内验货并原路退回"),
            policy("p3", "单笔实付满59元包邮，不满收8元；满300减30"),
        ],
    )
}

#[track_caller]
fn held_back(turn: &Turn, text: &str) {
    let refused = turn.vet(&draft(By::Model, text)).map_err(|(reason, _)| reason);
    let reasons = [
        GuardReason::PromiseNotBacked,
        GuardReason::ActionNotDone,
        GuardReason::RedLine,
        GuardReason::NumberNotInEvidence,
    ];
    assert!(refused.as_ref().is_err_and(|reason| reasons.contains(reason)), "{text}: {refused:?}");
}

#[test]
fn what_a_rule_knows_is_not_given_away_for_it() {
    let turn = turn();
    for text in [
        "给您补发一件。",
        "再送您一包湿巾。",
        "给您退五十。",
        "这单给您便宜点。",
        "打八折给您。",
        "来回运费都算我们的。",
        "赔您三倍价款。",
        "破例给您办一次。",
        "不用拍照，直接补发。",
        "主管同意了，可以退款。",
        "我跟同事确认过，可以补发。",
        "就这么定了。",
        "到不了我负责。",
        "活动过了照样给您活动价。",
        "价格给您锁到下个月。",
        "明儿个就能到。",
        "您看这样，给您补发一件可以吗？",
        "要不要给您减三十？",
    ] {
        held_back(&turn, text);
    }
}

#[test]
fn a_promise_is_seen_through_what_keeps_its_characters_apart() {
    let turn = turn();
    for text in ["给·您·补·发·一·件·。", "破 例 给 您 办 一 次 。", "退_款_办_好_了。"]
    {
        held_back(&turn, text);
    }
}

#[test]
fn what_the_rules_say_of_everybody_may_be_said() {
    let turn = turn();
    for text in [
        "停滞满72小时可以商量补发或退款，由售后同事确认。",
        "到货破损运费我们出。",
        "退货的，仓库签收后72小时内验货并原路退回。",
        "满300减30。",
        "给您添麻烦了，赔偿由主管决定。",
        "需要我帮您申请退款吗？",
    ] {
        turn.passes(By::Model, text);
    }
}

#[test]
fn a_time_that_is_backed_backs_an_answer_and_nothing_that_is_given() {
    let mut turn = turn();
    turn.backed = vec!["今天14:15".into()];
    turn.passes(By::Model, "今天14:15前给您答复。");
    held_back(&turn, "今天14:15前给您退款。");
}

#[test]
fn a_ticket_notes_a_wish_and_grants_nothing() {
    let mut turn = turn();
    turn.done = vec!["ticket_opened".into()];
    turn.passes(By::Wording, "您的话我记下了。");
    held_back(&turn, "赔付已经给您登记了。");
}

#[test]
fn what_goes_back_to_the_customer_goes_by_the_verdict() {
    let about = |outcome: &str| {
        let verdict = json!({ "verdict": { "about": "return", "outcome": outcome } });
        let text = "签收次日起7天内可以退货，差额部分退给顾客";
        Turn::new("能退吗", vec![fact(RecordKind::Policy, "p", text, verdict)])
    };
    about("allowed").passes(By::Model, "差额部分会退给您。");
    held_back(&about("needs_person"), "差额部分会退给您。");
}

#[test]
fn a_verdict_holds_though_the_draft_names_other_records() {
    let verdict = json!({ "verdict": { "about": "return", "outcome": "refused" } });
    let judged = fact(RecordKind::Policy, "opened", "拆封后不适用无理由退货", verdict);
    let turn =
        Turn::new("开了一罐能退吗", vec![fact(RecordKind::Product, "P1", "奶粉 3段", Json::Null), judged]);
    let of_product = |text: &str| {
        let draft = draft(By::Model, text);
        crate::turn::types::Draft { evidence: vec!["product:P1".into()], ..draft }
    };
    let refusal = turn.vet(&of_product("您好，可以退。")).map_err(|(reason, _)| reason);
    assert_eq!(refusal, Err(GuardReason::ContradictsEvidence));
}
