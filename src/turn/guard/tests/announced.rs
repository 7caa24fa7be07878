//! What was expected and did not come is not announced again.

use serde_json::json;

use super::{Turn, fact};
use crate::record::RecordKind;
use crate::turn::types::{By, Fact, GuardReason};

/// The tests' day is the 20th of November 2026, ten in the morning.
fn expected(moment: &str) -> Fact {
    let text = format!("订单20261114008712：物流公司中通，预计{moment}送达，还没到；每天晚上8点前派送");
    fact(RecordKind::Shipment, "20261114008712", &text, json!({ "expected_at": moment }))
}

#[test]
fn a_moment_that_has_passed_is_not_announced() {
    for (moment, said) in [
        ("2026-11-18 20:00", "预计2026-11-18 20:00送达。"),
        ("2026-11-18", "预计11月18日送达。"),
        ("2026-11-18", "物流公司中通，预计18号送达。"),
        ("2026-11-19", "预计昨天送达。"),
        ("2026-11-20 09:00", "预计今天9:00送达。"),
        ("2025-12-30", "预计2025年12月30日送达。"),
    ] {
        let turn = Turn::new("什么时候到", vec![expected(moment)]);
        for by in [By::Model, By::Wording] {
            turn.refuses(by, said, GuardReason::ContradictsEvidence);
        }
    }
}

#[test]
fn what_is_to_come_and_what_is_recalled_are_said() {
    for (moment, said) in [
        ("2026-11-22 20:00", "预计2026-11-22 20:00送达。"),
        ("2026-11-20", "预计今天送达。"),
        ("2026-11-20 20:00", "预计今天20:00送达。"),
        ("2026-11-22", "预计22号送达。"),
        ("2027-01-03", "预计1月3日送达。"),
        ("2026-11-18", "原来预计11月18日送达。"),
        ("2026-11-18", "预计11月18日送达，还没到。"),
        ("2026-11-16至2026-11-22", "预计11月16日至11月22日送达。"),
        ("2026-11-18后", "预计11月18日后送达。"),
    ] {
        Turn::new("什么时候到", vec![expected(moment)]).passes(By::Model, said);
    }
}
