use jiff::tz::TimeZone;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::desk::hours::{BusinessHours, HolidayRow, HoursRow};
use crate::time::Now;

fn now(text: &str) -> Now {
    let zone = TimeZone::get("Asia/Shanghai").unwrap();
    let moment = crate::time::parse_shop_time(text, &zone).unwrap();
    Now::new(moment, zone)
}

fn shown(moment: Option<jiff::Timestamp>, now: &Now) -> Option<String> {
    moment.map(|moment| now.at(moment).strftime("%Y-%m-%d %H:%M:%S").to_string())
}

fn yuan(amount: f64) -> Money {
    Money::from_yuan(amount).unwrap()
}

#[test]
fn money_is_whole_cents() {
    assert_eq!(yuan(0.1) + yuan(0.2), yuan(0.3));
    assert_eq!((yuan(549.9) - yuan(499.9)).yuan(), 50.0);
    assert_eq!(yuan(1911.04).as_cents(), 191_104);
    assert_eq!(yuan(40.0).share(268, 536), yuan(20.0));
    assert_eq!(yuan(0.05).share(1, 2), yuan(0.03), "half a cent is rounded up");
    assert_eq!(Money::from_yuan(f64::NAN), None);
    assert_eq!(Money::from_yuan(1e12), None);
    assert_eq!([yuan(248.0).to_string(), Money::cents(-5).to_string()], ["248.00", "-0.05"]);
}

/// 5-B: two tins at 268.00, 40 off from 500 on.
fn formula() -> Value {
    json!({"discounts": [{"title": "满500减40", "amount": 40.0, "items": ["P-MF3"]}], "paid_amount": 496.0,
           "items": [{"product": "P-MF3", "price": 268.0, "quantity": 2}]})
}

#[test]
fn a_refund_is_the_price_less_its_share_of_the_discounts() {
    let check = |order: &Value, item: usize, pieces: f64, expected: Option<(f64, f64, f64)>| {
        let share = share_of(order, item, pieces);
        let found = share.map(|share| (share.price.yuan(), share.discount.yuan(), share.refund().yuan()));
        assert_eq!(found, expected, "{item} × {pieces} of {order}");
    };
    check(&formula(), 0, 1.0, Some((268.0, 20.0, 248.0)));
    check(&formula(), 0, 2.0, Some((536.0, 40.0, 496.0)));
    check(&formula(), 0, 3.0, None);
    check(&formula(), 1, 1.0, None);
    // A discount of one line does not touch the other; one that names none is borne by all.
    let two = json!({"items": [{"product": "A", "price": 100.0, "quantity": 1}, {"product": "B", "sku": "B-1", "price": 50.0, "quantity": 1},
                               {"product": "G", "price": 0.0, "quantity": 1, "gift": true}],
                     "discounts": [{"amount": 10.0, "items": ["B-1"]}, {"amount": 15.0}], "shipping_fee": 8.0, "paid_amount": 133.0});
    check(&two, 0, 1.0, Some((100.0, 10.0, 90.0)));
    check(&two, 1, 1.0, Some((50.0, 15.0, 35.0)));
    check(&two, 2, 1.0, None);
    // Whoever paid another sum than the discounts say had a reason that nobody knows here.
    let mut unclear = formula();
    unclear["paid_amount"] = json!(480.0);
    check(&unclear, 0, 1.0, None);
    let by_weight =
        json!({"items": [{"product": "A", "price": 30.0, "quantity": 1.5}], "discounts": [{"amount": 5.0}]});
    check(&by_weight, 0, 0.5, Some((15.0, 1.67, 13.33)));
    check(&json!({"items": [{"product": "A", "price": 9.9}]}), 0, 1.0, Some((9.9, 0.0, 9.9)));
}

proptest! {
    /// Whatever the prices and discounts are, no cent is lost or made: the lines bear the discounts exactly.
    #[test]
    fn shares_add_up(
        lines in prop::collection::vec((1_i64..100_000, 1_u32..5), 1..6),
        discounts in prop::collection::vec((0_i64..50_000, 0_usize..7), 0..4),
    ) {
        let items: Vec<Value> = lines.iter().enumerate().map(|(place, (cents, pieces))| {
            json!({"product": format!("P{place}"), "price": Money::cents(*cents).yuan(), "quantity": pieces})
        }).collect();
        let total: i64 = lines.iter().map(|(cents, pieces)| cents * i64::from(*pieces)).sum();
        // No more is taken off than the goods are worth, and never more than one discount's own goods.
        let mut left = total;
        let discounts: Vec<Value> = discounts.into_iter().filter_map(|(cents, place)| {
            let base = lines.get(place).map_or(total, |(cents, pieces)| cents * i64::from(*pieces));
            let cents = cents.min(base / 4).min(left / 4);
            left -= cents;
            let of = if place < lines.len() { json!([format!("P{place}")]) } else { json!([]) };
            (cents > 0).then(|| json!({"amount": Money::cents(cents).yuan(), "items": of}))
        }).collect();
        let reduced: i64 = discounts.iter().map(|one| Money::of(one, "amount").unwrap().as_cents()).sum();
        let order = json!({"items": items, "discounts": discounts, "paid_amount": Money::cents(total - reduced).yuan()});
        let shares: Vec<Share> = lines.iter().enumerate()
            .map(|(place, (_, pieces))| share_of(&order, place, f64::from(*pieces)).unwrap()).collect();
        prop_assert_eq!(shares.iter().map(|share| share.refund().as_cents()).sum::<i64>(), total - reduced);
        for (place, (_, pieces)) in lines.iter().enumerate() {
            let mut before = Money::ZERO;
            for part in 1..=*pieces {
                let share = share_of(&order, place, f64::from(part)).unwrap();
                prop_assert!(share.discount <= share.price && before <= share.refund());
                before = share.refund();
            }
            prop_assert_eq!(before, shares[place].refund());
        }
    }

    /// Counted from the day after signing, whatever the hour of signing.
    #[test]
    fn seven_days_end_with_the_seventh_day_after_signing(minute in 0_i64..1440, days in 1_i64..40) {
        let now = now("2026-11-20 10:12:00");
        let signed = now.parse("2026-11-15 00:00:00").unwrap() + jiff::SignedDuration::from_mins(minute);
        let end = now.at(days_after_signed(signed, days, &now).unwrap());
        prop_assert_eq!(end.date().to_string(), now.at(signed).date().checked_add(jiff::Span::new().days(days)).unwrap().to_string());
        prop_assert_eq!((end.hour(), end.minute(), end.second()), (23, 59, 59));
    }
}

#[test]
fn the_public_price_counts_activities_and_no_flash_prices() {
    let history = [
        json!({"product": "S9", "price": 599.0, "price_kind": "list", "from": "2026-10-08 00:00:00", "until": "2026-11-10 23:59:59"}),
        json!({"product": "S9", "price": 499.0, "price_kind": "activity", "from": "2026-11-11 00:00:00", "until": "2026-11-13 23:59:59"}),
        json!({"product": "S9", "price": 459.0, "price_kind": "flash", "from": "2026-11-11 20:00:00", "until": "2026-11-11 22:00:00"}),
        json!({"product": "S9", "price": 599.0, "price_kind": "list", "from": "2026-11-14 00:00:00"}),
        json!({"product": "OTHER", "price": 1.0, "price_kind": "list", "from": "2026-11-14 00:00:00"}),
    ];
    let product = json!({"id": "S9", "price": 499.0});
    let prices = Prices { product: &product, sku: None, history: &history, promotions: &[] };
    let check =
        |at: &str, expected: f64| assert_eq!(public_price(prices, &now(at)), Some(yuan(expected)), "{at}");
    check("2026-11-09 12:00:00", 599.0);
    check("2026-11-11 21:00:00", 499.0);
    check("2026-11-12 09:20:00", 499.0);
    check("2026-11-20 09:20:00", 599.0);
    check("2026-01-01 00:00:00", 499.0);
    // 5-C: 599.00 less a coupon of 50.00, against 499.00.
    let order = json!({"items": [{"product": "S9", "price": 599.0, "quantity": 1}], "paid_amount": 549.0,
                       "discounts": [{"amount": 50.0, "items": ["S9"]}]});
    let moment = now("2026-11-12 09:20:00");
    let paid = share_of(&order, 0, 1.0).unwrap();
    assert_eq!(price_difference(paid, 1.0, public_price(prices, &moment).unwrap()), Some(yuan(50.0)));
    assert_eq!(price_difference(paid, 1.0, yuan(599.0)), Some(Money::ZERO));
    let since = moment.parse("2026-11-09 22:15:00");
    let flash = latest_price(prices, "flash", since, &moment).unwrap();
    assert_eq!((flash.0, &flash.1["until"]), (yuan(459.0), &json!("2026-11-11 22:00:00")));
    assert!(latest_price(prices, "flash", moment.parse("2026-11-12 00:00:00"), &moment).is_none());
    // An activity of its own and a variant of its own.
    let activity = [
        json!({"promotion_kind": "discount", "price": 479.0, "valid_until": "2026-11-13 23:59:59"}),
        json!({"promotion_kind": "flash", "price": 400.0}),
        json!({"promotion_kind": "discount", "price": 1.0, "public": false}),
    ];
    assert_eq!(public_price(Prices { promotions: &activity, ..prices }, &moment), Some(yuan(479.0)));
    let variants = json!({"id": "J", "price": 359.0, "skus": [{"id": "J-1", "price": 369.0}]});
    let prices = Prices { product: &variants, sku: Some("J-1"), history: &[], promotions: &[] };
    assert_eq!(public_price(prices, &moment), Some(yuan(369.0)));
    assert_eq!(public_price(Prices { product: &json!({"id": "X"}), ..prices }, &moment), None);
}

#[test]
fn an_offer_stacks_only_what_goes_together() {
    let moment = now("2026-11-21 23:42:00");
    let jacket = json!({"id": "P-DJ26", "price": 359.0});
    let full = json!({"id": "full", "title": "满300减30", "promotion_kind": "full_reduction", "products": ["P-DJ26"], "threshold": 300.0,
                      "reduce": 30.0, "stack_with": ["ten"], "valid_until": "2026-11-25 23:59:59"});
    let ten = json!({"id": "ten", "title": "满300减10", "promotion_kind": "coupon", "threshold": 300.0, "reduce": 10.0, "stack_with": ["full"]});
    let alone = json!({"id": "alone", "promotion_kind": "coupon", "threshold": 99.0, "reduce": 35.0, "stack_with": []});
    let coupon =
        |promotion: &str| json!({"id": format!("c-{promotion}"), "promotion": promotion, "status": "unused"});
    let check = |promotions: &[&Value], coupons: &[&str], expected: (f64, f64)| {
        let promotions: Vec<Value> = promotions.iter().map(|one| (*one).clone()).collect();
        let coupons: Vec<Value> = coupons.iter().map(|name| coupon(name)).collect();
        let found = offer(&jacket, &promotions, &coupons, &moment).unwrap();
        assert_eq!(
            (found.after_promotions.yuan(), found.after_coupons.yuan()),
            expected,
            "{promotions:?} {coupons:?}"
        );
    };
    let with = |base: &Value, field: &str, value: Value| {
        let mut changed = base.clone();
        changed[field] = value;
        changed
    };
    // 5-D: 359.00 − 30 − 10.
    check(&[&full, &ten], &["ten"], (329.0, 319.0));
    check(&[&full, &ten], &[], (329.0, 329.0));
    check(&[&full, &alone], &["alone"], (329.0, 324.0));
    check(&[&full, &ten], &["ten", "ten"], (329.0, 319.0));
    check(&[&with(&full, "threshold", json!(360.0)), &ten], &["ten"], (359.0, 349.0));
    check(&[&with(&full, "stack_with", json!([])), &ten], &["ten"], (329.0, 329.0));
    check(&[&with(&full, "valid_until", json!("2026-11-20 23:59:59"))], &[], (359.0, 359.0));
    check(&[&with(&full, "excluded_products", json!(["P-DJ26"]))], &[], (359.0, 359.0));
    check(&[&with(&full, "products", json!(["P-HAT"]))], &[], (359.0, 359.0));
    check(&[&with(&full, "quantity", json!(2))], &[], (359.0, 359.0));
    check(&[&with(&full, "regions", json!(["浙江省"]))], &[], (359.0, 359.0));
    // What is left after the first reduction no longer reaches the threshold of the second.
    check(&[&with(&full, "reduce", json!(60.0)), &ten], &["ten"], (299.0, 299.0));
    let activity = json!({"id": "act", "promotion_kind": "discount", "price": 339.0, "stack_with": ["ten"]});
    check(&[&activity, &with(&ten, "stack_with", json!(["act"]))], &["ten"], (339.0, 329.0));
    assert_eq!(offer(&json!({"id": "P"}), &[], &[], &moment), None);
}

fn desk() -> BusinessHours {
    let row = |days: &[&str], from: &str, to: &str| HoursRow {
        days: days.iter().map(|day| (*day).to_owned()).collect(),
        from: from.to_owned(),
        to: to.to_owned(),
    };
    let holiday = HolidayRow { date: "2026-11-17".into(), from: None, to: None };
    let moved = HolidayRow { date: "2026-11-21".into(), from: Some("9:00".into()), to: Some("22:00".into()) };
    let week = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    BusinessHours::new(
        TimeZone::get("Asia/Shanghai").unwrap(),
        &[row(&week, "9:00", "22:00")],
        &[holiday, moved],
    )
    .unwrap()
}

#[test]
fn deadlines_are_counted_as_the_shop_counts_them() {
    let moment = now("2026-11-20 10:12:00");
    let at = |text: &str| moment.parse(text).unwrap();
    let check = |found: Option<jiff::Timestamp>, expected: &str| {
        assert_eq!(shown(found, &moment).as_deref(), Some(expected))
    };
    // 5-B: signed on the 15th, until the 22nd, 24:00.
    check(days_after_signed(at("2026-11-15 13:20:00"), 7, &moment), "2026-11-22 23:59:59");
    // 5-A: four hours of business from 10:12 on, rounded up to a quarter of an hour; past closing they go on next day.
    check(working_deadline(at("2026-11-20 10:12:00"), 4.0, &desk(), &moment), "2026-11-20 14:15:00");
    check(working_deadline(at("2026-11-20 21:30:00"), 1.0, &desk(), &moment), "2026-11-21 09:30:00");
    check(working_deadline(at("2026-11-16 21:30:00"), 1.0, &desk(), &moment), "2026-11-18 09:30:00");
    assert_eq!(working_deadline(at("2026-11-20 21:30:00"), -1.0, &desk(), &moment), None);
    // Three working days: not over the weekend, not on a closed holiday; a moved working day counts.
    check(working_days_after(at("2026-11-05 09:20:00"), 3, &desk(), &moment), "2026-11-10 23:59:59");
    check(working_days_after(at("2026-11-12 09:20:00"), 3, &desk(), &moment), "2026-11-18 23:59:59");
    check(working_days_after(at("2026-11-20 09:20:00"), 1, &desk(), &moment), "2026-11-21 23:59:59");
    // The cut-off itself is still in time.
    check(dispatch_deadline(at("2026-11-21 16:00:00"), "16:00", "22:00", &moment), "2026-11-21 22:00:00");
    check(dispatch_deadline(at("2026-11-21 23:42:00"), "16:00", "22:00", &moment), "2026-11-22 22:00:00");
    assert_eq!(dispatch_deadline(at("2026-11-21 23:42:00"), "four", "22:00", &moment), None);
    check(warranty_end(at("2026-01-31 10:00:00"), 1, &moment), "2026-02-28 23:59:59");
    check(warranty_end(at("2025-11-13 10:46:00"), 12, &moment), "2026-11-13 23:59:59");
}

#[test]
fn several_parcels_count_by_their_own_signing() {
    let moment = now("2026-11-20 10:12:00");
    let order = json!({"shipments": [
        {"delivered_at": "2026-11-10 09:00:00", "items": [{"product": "A"}]},
        {"delivered_at": "2026-11-14 09:00:00", "items": [{"product": "B"}]},
        {"items": [{"product": "C"}]},
    ]});
    let check = |product: Option<&str>, expected: Option<&str>| {
        assert_eq!(shown(signed_at(&order, product, &moment), &moment).as_deref(), expected, "{product:?}");
    };
    check(Some("A"), Some("2026-11-10 09:00:00"));
    check(Some("B"), Some("2026-11-14 09:00:00"));
    check(Some("C"), None);
    check(None, None);
    let one = json!({"shipment": {"delivered_at": "2026-11-15 13:20:00"}});
    assert_eq!(shown(signed_at(&one, Some("A"), &moment), &moment).as_deref(), Some("2026-11-15 13:20:00"));
    assert_eq!(signed_at(&json!({}), None, &moment), None);
}

#[test]
fn the_chart_decides_and_the_bigger_size_where_two_fit() {
    let chart = json!({"rows": [{"size": "110", "height": [105, 114], "weight": [16, 20]}, {"size": "120", "height": [115, 124], "weight": [20, 25]},
                                {"size": "130", "height": [125, 134], "weight": [25, 30]}], "rule": "身高体重跨码时就大"});
    let check = |height: Option<f64>, weight: Option<f64>, size: Option<&str>, other: Option<&str>| {
        let advice = advise(&chart, Measures { height, weight, months: None });
        assert_eq!(advice.as_ref().map(Advice::size), size, "{height:?} {weight:?}");
        let found = advice.and_then(|advice| advice.other?.get("size")?.as_str().map(str::to_owned));
        assert_eq!(found.as_deref(), other, "{height:?} {weight:?}");
    };
    check(Some(118.0), Some(26.0), Some("130"), Some("120"));
    check(Some(118.0), Some(22.0), Some("120"), None);
    check(Some(118.0), None, Some("120"), None);
    check(Some(114.5), None, Some("120"), None);
    check(None, Some(25.0), Some("120"), None);
    check(Some(140.0), Some(26.0), None, None);
    check(Some(90.0), None, None, None);
    check(None, None, None, None);
    let smaller = json!({"rows": chart["rows"], "rule": "跨码时就小"});
    assert_eq!(
        advise(&smaller, Measures { height: Some(118.0), weight: Some(26.0), months: None }).unwrap().size(),
        "120"
    );
}
