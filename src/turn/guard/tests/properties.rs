use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::super::split::sentences;
use super::{Turn, draft, fact};
use crate::record::RecordKind;
use crate::turn::numerals::spoken;
use crate::turn::types::By;

/// An order with a total, a parcel with a number and a moment, a policy with a length of time and a percentage: all
/// values differ, so that no changed digit can make one the other.
fn turn(total: u32, tracking: u64, day: u8, hour: u8) -> Turn {
    let order = fact(
        RecordKind::Order,
        "A1",
        &format!("订单总金额{total}元；支付方式：微信"),
        json!({"total": total}),
    );
    let parcel = fact(
        RecordKind::Shipment,
        "A1",
        &format!("物流公司中通，物流单号{tracking}，2026-11-{day:02} {hour:02}:37 到达武汉转运中心"),
        Json::Null,
    );
    Turn::new("我的包裹", vec![order, parcel])
}

/// All texts with one digit changed.
fn mutants(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, digit) in text.char_indices().filter(|(_, character)| character.is_ascii_digit()) {
        for other in '0'..='9' {
            if other != digit {
                found.push(format!("{}{other}{}", &text[..at], &text[at + 1..]));
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn one_changed_digit_is_always_caught(
        total in 100_u32..9_999,
        tracking in 10_000_000_000_000_u64..99_999_999_999_999,
        day in 1_u8..28,
        hour in 0_u8..24,
    ) {
        let turn = turn(total, tracking, day, hour);
        for text in [
            format!("订单总金额{total}元。"),
            format!("物流单号是{tracking}。"),
            format!("11月{day}日{hour:02}:37到达武汉转运中心。"),
        ] {
            prop_assert_eq!(turn.vet(&draft(By::Model, &text)), Ok(text.clone()));
            for mutant in mutants(&text) {
                prop_assert!(turn.vet(&draft(By::Model, &mutant)).is_err(), "{}", mutant);
            }
        }
    }

    #[test]
    fn no_text_makes_the_guard_panic(text in "\\PC{0,80}", by in 0..3) {
        let by = [By::Model, By::Evidence, By::Wording][by as usize];
        let turn = turn(269, 78_412_365_509_821, 16, 22);
        let _ = turn.vet(&draft(by, &text));
    }

    #[test]
    fn no_text_of_the_domain_makes_the_guard_panic(
        text in "[0-9一二三十百万点元块日月年号时分秒周天半个￥.:：,，、×xA-C%折倍第尾号~至到-]{0,40}",
    ) {
        let turn = turn(269, 78_412_365_509_821, 16, 22);
        let _ = turn.vet(&draft(By::Model, &text));
        let found = sentences(&text);
        prop_assert_eq!(found.concat(), text);
    }

    #[test]
    fn evidence_of_any_kind_makes_no_panic(evidence in "\\PC{0,120}", digits in "[0-9.,:/年月日元-]{0,30}") {
        let turn = Turn::new(&digits, vec![fact(RecordKind::Knowledge, "k", &evidence, json!({"x": digits}))]);
        let _ = turn.vet(&draft(By::Model, &format!("{digits}{evidence}")));
    }
}

/// What a record says and a sentence repeats, with a place for the value, by kind of value.
const SAYINGS: [(&str, &str); 12] = [
    ("清洗费{}元一次", "清洗费是{}元一次。"),
    ("清洗费￥{}一次", "清洗费￥{}一次。"),
    ("清洗费打{}%的折扣", "清洗费有{}%的折扣。"),
    ("包裹11月{}日到达武汉转运中心", "包裹11月{}日到达武汉转运中心。"),
    ("包裹{}点到达武汉转运中心", "包裹{}点到达武汉转运中心。"),
    ("签收后{}天内可以退货", "签收后{}天内可以退货。"),
    ("签收后{}小时内反馈破损", "签收后{}小时内反馈破损。"),
    ("退款{}个工作日内到账", "退款{}个工作日内到账。"),
    ("主机质保{}个月", "主机质保{}个月。"),
    ("推车承重{}公斤", "推车承重{}公斤。"),
    ("冲调水温{}℃", "冲调水温{}℃。"),
    ("盒内有{}片尿裤", "盒内有{}片尿裤。"),
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    /// A value that stands nowhere in the evidence is said by nobody, in neither writing; the one that stands there passes in
    /// both.
    #[test]
    fn no_value_absent_from_evidence_passes(
        saying in 0..SAYINGS.len(),
        known in 3_u32..24,
        other in 3_u32..24,
        chinese: bool,
    ) {
        prop_assume!(known != other);
        let (record, sentence) = SAYINGS[saying];
        // Eight in the evening is called 8点 and 20点.
        prop_assume!(!(record.contains("{}点") && known.abs_diff(other) == 12));
        let written = |number: u32| {
            // ￥ and % go with digits.
            let in_words = chinese && !record.contains(['￥', '%']);
            sentence.replace("{}", &if in_words { spoken(number) } else { number.to_string() })
        };
        let evidence = record.replace("{}", &known.to_string());
        let turn = Turn::new("请问", vec![fact(RecordKind::Policy, "p", &evidence, Json::Null)]);
        let right = written(known);
        prop_assert_eq!(turn.vet(&draft(By::Model, &right)), Ok(right.clone()));
        let wrong = written(other);
        for by in [By::Model, By::Evidence, By::Wording] {
            prop_assert!(turn.vet(&draft(by, &wrong)).is_err(), "{}: {}", evidence, wrong);
        }
    }
}

#[test]
fn a_text_of_only_numerals_does_not_overflow() {
    let turn = turn(269, 78_412_365_509_821, 16, 22);
    for text in
        ["亿".repeat(200), "九亿亿亿亿亿亿亿亿".repeat(9), "9".repeat(300) + "元", "9".repeat(24) + "亿元"]
    {
        let _ = turn.vet(&draft(By::Model, &text));
    }
}
