use jiff::tz::TimeZone;
use serde_json::json;

use super::*;

fn now() -> Now {
    Now::new("2026-11-20T02:12:00Z".parse().unwrap(), TimeZone::get("Asia/Shanghai").unwrap())
}

fn variables() -> Value {
    json!({
        "order": {
            "status": "shipped", "total": 269.0, "count": 2, "invoice": null,
            "items": [{"title": "睡袋", "price": 269.0, "gift": false}, {"title": "袜子", "price": 0, "gift": true}],
            "shipment": {"carrier": "中通"},
        },
        "shipment": {"status": "stalled", "last_event_at": "2026-11-16 22:40", "expected_at": "2026-11-18"},
        "product": {"stock": 0, "title": "睡袋", "note": "not a time"},
        "conversation": {"first_turn": true},
    })
}

#[test]
fn what_is_known_decides_and_what_is_unknown_does_not_hold() {
    #[rustfmt::skip]
    let cases = [
        ("order.status == 'shipped'", true),
        ("order.status in ['paid', 'shipped']", true),
        ("order.status != 'shipped'", false),
        ("order.total == 269 && order.total >= 100 && order.count < 3", true),
        ("order.total > 269.5", false),
        ("conversation.first_turn", true),
        ("shipment.status == 'stalled' && hours_since(shipment.last_event_at) >= 48", true),
        ("hours_since(shipment.last_event_at) > 83.5 && hours_since(shipment.last_event_at) < 83.6", true),
        ("days_since(shipment.expected_at) > 2.0", true),
        ("time(shipment.expected_at) < now", true),
        ("hours_since('2026-11-20 11:12') == -1.0", true),
        ("has_passed(shipment.expected_at) && has_passed('2026-11-20 10:00')", true),
        ("has_passed('2026-11-20') || has_passed('2026-11-20 11:12')", false),
        ("!has_passed(aftersale.refund.expected_at)", false),
        ("order.items.exists(item, item.gift)", true),
        ("order.items.all(item, item.price > 0)", false),
        ("order.items.exists(item, has(item.colour))", false),
        ("order.items[0].title == '睡袋'", true),
        ("order.items[9].title == '睡袋'", false),
        ("size(order.items) == 2 && product.title.contains('睡')", true),
        // Unknown: nothing follows.
        ("aftersale.status == 'open'", false),
        ("aftersale.status != 'open'", false),
        ("!(aftersale.status == 'open')", false),
        ("order.nothing.deep == 1", false),
        ("order.invoice == 'x'", false),
        ("hours_since(order.paid_at) > 1.0", false),
        ("product.stock == 0 || aftersale.status == 'open'", true),
        ("aftersale.status == 'open' || product.stock == 0", true),
        ("product.stock > 0 && aftersale.status == 'open'", false),
        // Presence is always known.
        ("has(order.shipment.carrier)", true),
        ("has(order.invoice)", false),
        ("!has(order.invoice)", true),
        ("!has(aftersale.id)", true),
        ("!has(aftersale.refund.done_at) && product.stock == 0", true),
    ];
    for (source, expected) in cases {
        assert_eq!(Condition::parse(source).unwrap().holds(&variables(), &now()), Ok(expected), "{source}");
    }
}

#[test]
fn types_that_do_not_go_together_are_reported() {
    for source in [
        "order.status > 5",
        "order.status",
        "hours_since(product.note) > 1.0",
        "hours_since(order.total) > 1.0",
        "order.status && true",
        "order.total + 'x' == ''",
    ] {
        let held = Condition::parse(source).unwrap().holds(&variables(), &now());
        assert!(matches!(held, Err(ConditionError::Undecidable { .. })), "{source}: {held:?}");
    }
}

#[test]
fn a_name_nobody_provides_is_refused_when_it_is_read() {
    for (source, named) in [
        ("parcel.status == 'x'", "`parcel`"),
        ("has(parcel.status)", "`parcel`"),
        ("order.items.exists(item, thing.gift)", "`thing`"),
        ("order.status == paid", "`paid`"),
        ("ours_since(order.paid_at) > 1", "`ours_since`"),
        ("now.hour == 1", "`now`"),
        ("order.status ==", "column"),
        ("", "column"),
    ] {
        let message = Condition::parse(source).unwrap_err().to_string();
        assert!(message.contains(named), "{source}: {message}");
    }
}
