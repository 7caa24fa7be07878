//! What a record says of its product is not said of another.

use serde_json::json;

use super::{Turn, fact};
use crate::record::RecordKind;
use crate::turn::types::{By, Fact, GuardReason};

fn product(id: &str, price: f64, title: &str, text: &str) -> Fact {
    let record = fact(RecordKind::Product, id, text, json!({ "id": id, "price": price }));
    Fact { title: title.into(), ..record }
}

fn turn() -> Turn {
    let order = "订单91；商品：保暖护耳帽×2，单价49.00元；状态：已发货";
    Turn::new(
        "麻烦说说看",
        vec![
            product(
                "P1",
                99.0,
                "云朵纸尿裤 L 码",
                "商品：云朵纸尿裤 L 码\n芯体厚度：约 2.4 毫米\n含香精：否",
            ),
            product(
                "P2",
                1559.0,
                "燃气热水器 JSQ30-M9S",
                "商品：好家燃气热水器 JSQ30-M9S\n价格：1559.00元\n状态：在售",
            ),
            product("P3", 999.0, "电热水器 F60", "商品：好家电热水器 F60\n价格：999.00元\n赠品：电吹风"),
            fact(RecordKind::Order, "91", order, json!({})),
        ],
    )
}

#[track_caller]
fn check(text: &str, expected: Option<GuardReason>) {
    match expected {
        None => turn().passes(By::Model, text),
        Some(reason) => turn().refuses(By::Model, text, reason),
    }
}

#[test]
fn a_field_is_said_of_the_product_that_has_it() {
    let another = Some(GuardReason::ClaimNotInEvidence);
    check("云朵纸尿裤 L 码的芯体厚度：约 2.4 毫米。", None);
    check("纸尿裤的芯体厚度约2.4毫米。", None);
    check("云朵纸尿裤 M 码的含香精：否。", another);
    check("云朵纸尿裤 XL 码的含香精：否。", another);
    check("好家燃气热水器的价格：1559.00元。", None);
    // Another product in sight is called so, and costs something else.
    check("好家电热水器的价格：999.00元。", None);
    check("燃气热水器的赠品：电吹风。", another);
}

#[test]
fn what_was_bought_is_what_the_order_lists() {
    check("商品：保暖护耳帽×2，单价49.00元。", None);
    check("商品：护耳帽×2。", None);
    check("商品：燃气推车×2，单价49.00元。", Some(GuardReason::ClaimNotInEvidence));
}

#[test]
fn a_piece_of_a_model_number_is_another_model() {
    check("JSQ30-M9S的价格是1559.00元。", None);
    check("JSQ30-M9的价格是1559.00元。", Some(GuardReason::NumberNotInEvidence));
    // A hyphen at which no line breaks is a hyphen.
    check("JSQ30\u{2011}M9S的价格是1559.00元。", None);
}
