use super::now;
use crate::turn::numerals::number_value;
use crate::turn::types::EntityKind::{
    self, Amount, Date, Order, Phone, Private, Product, Quantity, Size, Tracking,
};
use crate::turn::understand::entities::find;

#[track_caller]
fn check(text: &str, expected: &[(EntityKind, &str)]) {
    let found: Vec<(EntityKind, String)> =
        find(text, &now()).into_iter().map(|entity| (entity.kind, entity.value)).collect();
    let expected: Vec<(EntityKind, String)> =
        expected.iter().map(|(kind, value)| (*kind, (*value).into())).collect();
    assert_eq!(found, expected, "{text:?}");
}

#[test]
fn orders_and_parcels() {
    check("订单20261114008712到哪了", &[(Order, "20261114008712")]);
    check("20261114008712", &[(Order, "20261114008712")]);
    check("订单号:A20261114-01", &[(Order, "A20261114-01")]);
    check("中通78412365509821", &[(Tracking, "78412365509821")]);
    check("快递单号是78412365509821", &[(Tracking, "78412365509821")]);
    check("SF1234567890123不动了", &[(Tracking, "SF1234567890123")]);
    check("订单号13812345678", &[(Order, "13812345678")]);
    check("123456789012", &[(Order, "123456789012"), (Product, "123456789012")]);
    check("123456789012这款有货吗", &[(Product, "123456789012")]);
}

#[test]
fn products_by_model() {
    check("F6033-UD3(HE)有货吗", &[(Product, "F6033-UD3(HE)")]);
    check("kfr-35gw和KFR-72LW哪个好", &[(Product, "KFR-35GW"), (Product, "KFR-72LW")]);
    check("500ml的和5kg的", &[]);
    check("iphone支持吗", &[]);
}

#[test]
fn amounts_and_quantities() {
    check("299元能便宜到250块吗", &[(Amount, "299"), (Amount, "250")]);
    check("¥1,299.00", &[(Amount, "1299")]);
    check("二十块钱的差价", &[(Amount, "20")]);
    check("买3件送几包", &[(Quantity, "3")]);
    check("要两双", &[(Quantity, "2")]);
    check("一个电话也没有", &[]);
}

#[test]
fn sizes() {
    check("90码有吗", &[(Size, "90")]);
    check("XL码和l号", &[(Size, "XL"), (Size, "L")]);
    check("三十八码的鞋", &[(Size, "38")]);
    check("加大码", &[(Size, "加大码")]);
    check("120*60cm的", &[(Size, "120*60")]);
}

#[test]
fn dates_count_from_the_turns_moment() {
    check("今天能发吗", &[(Date, "2026-11-20")]);
    check("昨晚8点下的单", &[(Date, "2026-11-19T20:00")]);
    check("前天买的", &[(Date, "2026-11-18")]);
    check("3天前付的款", &[(Date, "2026-11-17")]);
    check("11月16日22:40", &[(Date, "2026-11-16T22:40")]);
    check("1月3号前能到吗", &[(Date, "2027-01-03")]);
    check("16号买的", &[(Date, "2026-11-16")]);
    check("2号到", &[(Date, "2026-12-02")]);
    check("上周五", &[(Date, "2026-11-13")]);
    check("下周一送", &[(Date, "2026-11-23")]);
    check("2026/11/1下午3点半", &[(Date, "2026-11-01T15:30")]);
    check("2月30日", &[]);
    check("tomorrow please", &[(Date, "2026-11-21")]);
}

#[test]
fn private_data_is_no_order() {
    check("电话13812345678", &[(Phone, "13812345678")]);
    check("11010519491231002X", &[(Private, "11010519491231002X")]);
}

#[test]
fn numerals() {
    let check = |text: &str, expected: Option<f64>| assert_eq!(number_value(text), expected, "{text}");
    check("三十八", Some(38.0));
    check("十", Some(10.0));
    check("一百零五", Some(105.0));
    check("两万三千", Some(23_000.0));
    check("1,299.5", Some(1299.5));
    check("一二三", None);
    check("", None);
    check("NaN", None);
}
