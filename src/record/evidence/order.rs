//! How orders, their parcels and after-sale cases read as evidence: everything their owner may be told, and nobody else's
//! name, telephone or street.

use serde_json::Value;

use super::fields::{named, other_fields, plain, time_text};
use crate::record::people::{people_of, without_people};
use crate::record::read::{Item, text_in};
use crate::record::{Record, shorten_title};
use crate::time::Now;

/// What an after-sale case is called.
const AFTERSALE_TYPES: [(&str, &str); 6] = [
    ("refund_only", "仅退款"),
    ("return_refund", "退货退款"),
    ("exchange", "换货"),
    ("reissue", "补发"),
    ("repair", "维修"),
    ("price_protection", "价保"),
];

/// Who caused it.
const CAUSES: [(&str, &str); 4] =
    [("seller", "商家原因"), ("buyer", "买家原因"), ("carrier", "物流原因"), ("unknown", "原因待定")];

pub(super) fn order_text(order: &Record, now: &Now) -> String {
    let status = order.text("status_text").or_else(|| order.text("status")).unwrap_or("状态未知");
    let mut parts = vec![format!("订单{}：{}", order.id, status)];
    let items: Vec<String> = order.items().iter().map(item_text).collect();
    if !items.is_empty() {
        parts.push(format!("商品：{}", items.join("、")));
    }
    for (field, label) in [
        ("total", "订单总金额"),
        ("paid_amount", "实付"),
        ("payment", "支付方式"),
        ("placed_at", "下单时间"),
        ("paid_at", "付款时间"),
        ("ship_by", "最晚发货"),
        ("close_at", "关闭时间"),
    ] {
        if let Some(value) = order.fields.get(field).and_then(|value| plain(field, value, now)) {
            parts.push(if field == "total" || field == "paid_amount" {
                format!("{label}{value}")
            } else {
                format!("{label}：{value}")
            });
        }
    }
    for discount in order.fields.get("discounts").and_then(Value::as_array).into_iter().flatten() {
        if let (Some(title), Some(amount)) = (discount["title"].as_str(), discount["amount"].as_f64()) {
            parts.push(format!("优惠：{title}，减{amount:.2}元"));
        }
    }
    if let Some(region) = region_of(order) {
        parts.push(format!("收货地区：{region}"));
    }
    if let Some(kind) =
        order.fields.get("invoice").and_then(Value::as_object).and_then(|invoice| text_in(invoice, "type"))
    {
        parts.push(format!("发票：{kind}"));
    }
    parts.extend(insurance_of(order));
    parts.extend(confirmations(order, now));
    let told = [
        "kind",
        "id",
        "customer",
        "status",
        "status_text",
        "total",
        "paid_amount",
        "payment",
        "placed_at",
        "paid_at",
        "ship_by",
        "close_at",
    ];
    let known = people_of(order);
    parts.extend(
        other_fields(&order.fields, &told, now).into_iter().map(|line| without_people(&line, &known)),
    );
    format!("{}。", parts.join("；"))
}

fn item_text(item: &Item) -> String {
    let title = if item.title.is_empty() {
        item.product.clone().unwrap_or_default()
    } else {
        shorten_title(&item.title)
    };
    let mut text = format!("{title}×{}", item.quantity);
    if item.gift {
        text.push_str("（赠品）");
    } else if let Some(price) = item.price {
        text.push_str(&format!("，单价{price:.2}元"));
    }
    text
}

fn region_of(order: &Record) -> Option<String> {
    let address = order.fields.get("address")?.as_object()?;
    let mut region = String::new();
    for field in ["province", "city", "district"] {
        // In 北京市北京市朝阳区 the name is told once.
        if let Some(part) = text_in(address, field).filter(|part| !region.ends_with(part)) {
            region.push_str(part);
        }
    }
    (!region.is_empty()).then_some(region)
}

const STATE_NAMES: [(&str, &str); 6] = [
    ("no_pickup", "待揽收"),
    ("moving", "运输中"),
    ("stalled", "运输中，暂无新的物流更新"),
    ("out_for_delivery", "派送中"),
    ("delivered", "已签收"),
    ("returned", "已退回"),
];

/// How many of the latest events are told.
const EVENTS_TOLD: usize = 6;

pub(super) fn shipment_text(parcel: &Record, now: &Now) -> String {
    let mut parts = Vec::new();
    for (field, label) in [("order", "订单"), ("carrier", "物流公司"), ("tracking", "物流单号")] {
        if let Some(text) = parcel.text(field) {
            parts.push(format!("{label}{text}"));
        }
    }
    if let Some((_, name)) = STATE_NAMES.iter().find(|(state, _)| parcel.text("status") == Some(*state)) {
        parts.push(format!("状态：{name}"));
    }
    for (field, label) in [("expected_at", "预计"), ("delivered_at", "签收时间")] {
        if let Some(time) = parcel.text(field).and_then(|text| time_text(text, now)) {
            parts.push(if field == "expected_at" {
                format!("{label}{time}送达")
            } else {
                format!("{label}{time}")
            });
        }
    }
    let mut text = parts.join("，");
    for event in sorted_events(parcel, now).into_iter().rev().take(EVENTS_TOLD).rev() {
        text.push('；');
        text.push_str(&event);
    }
    text.push('。');
    text
}

fn sorted_events(parcel: &Record, now: &Now) -> Vec<String> {
    let Some(Value::Array(events)) = parcel.fields.get("events") else { return Vec::new() };
    let mut told: Vec<_> = events
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|event| {
            let at = text_in(event, "at")?;
            let words = [text_in(event, "status"), text_in(event, "place"), text_in(event, "text")];
            let words: Vec<&str> = words.into_iter().flatten().collect();
            Some((now.parse(at)?, format!("{} {}", time_text(at, now)?, words.join(" "))))
        })
        .collect();
    told.sort_by_key(|(at, _)| *at);
    told.into_iter().map(|(_, text)| text).collect()
}

/// Whether the freight of a return is insured, and by whom.
fn insurance_of(order: &Record) -> Option<String> {
    let insurance = order.fields.get("insurance")?.as_object()?;
    let insured = insurance.get("freight")?.as_bool()?;
    Some(match (insured, text_in(insurance, "by")) {
        (false, _) => "运费险：无".to_owned(),
        (true, Some("shop")) => "运费险：有，商家赠送".to_owned(),
        (true, Some("customer")) => "运费险：有，买家购买".to_owned(),
        (true, _) => "运费险：有".to_owned(),
    })
}

/// What the customer has confirmed, each with its time.
fn confirmations(order: &Record, now: &Now) -> Vec<String> {
    let listed = order.fields.get("confirmations").and_then(Value::as_array).into_iter().flatten();
    listed
        .filter_map(Value::as_object)
        .filter_map(|one| {
            let what = without_people(text_in(one, "what")?, &people_of(order));
            Some(match text_in(one, "at").and_then(|at| time_text(at, now)) {
                Some(at) => format!("顾客已确认：{what}（{at}）"),
                None => format!("顾客已确认：{what}"),
            })
        })
        .collect()
}

/// A return, refund, exchange, reissue or repair. Attachments and who decided stay with the shop's people.
pub(super) fn aftersale_text(case: &Record, now: &Now) -> String {
    let text = |field: &str| case.text(field);
    let kind = text("type").map_or("售后", |kind| named(&AFTERSALE_TYPES, kind));
    let mut parts = vec![format!("售后单{}：{kind}", case.id)];
    parts.extend(text("order").map(|order| format!("订单{order}")));
    parts.extend(text("status_text").or(text("status")).map(|status| format!("状态：{status}")));
    parts.extend(text("cause").map(|cause| format!("责任：{}", named(&CAUSES, cause))));
    let items: Vec<String> = case.items().iter().map(item_text).collect();
    if !items.is_empty() {
        parts.push(format!("商品：{}", items.join("、")));
    }
    parts.extend(
        case.fields
            .get("amount")
            .and_then(|value| plain("amount", value, now))
            .map(|value| format!("金额：{value}")),
    );
    parts.extend(refund_lines(case, now));
    parts.extend(parcel_line(case, ("return_shipment", "退回物流")));
    parts.extend(parcel_line(case, ("new_shipment", "寄出物流")));
    let told = [
        "kind",
        "id",
        "customer",
        "order",
        "type",
        "status",
        "status_text",
        "cause",
        "items",
        "amount",
        "refund",
        "return_shipment",
        "new_shipment",
        "evidence",
        "decided_by",
    ];
    parts.extend(other_fields(&case.fields, &told, now));
    format!("{}。", parts.join("；"))
}

/// How and when the money comes back.
fn refund_lines(case: &Record, now: &Now) -> Vec<String> {
    let Some(refund) = case.fields.get("refund").and_then(Value::as_object) else { return Vec::new() };
    let labels = [
        ("amount", "退款金额"),
        ("channel", "退款方式"),
        ("submitted_at", "退款提交时间"),
        ("done_at", "到账时间"),
        ("latest_at", "最晚到账时间"),
    ];
    let line =
        |(field, label): (&str, &str)| Some(format!("{label}：{}", plain(field, refund.get(field)?, now)?));
    labels.into_iter().filter_map(line).collect()
}

/// The parcel in which goods come back, or in which others go out.
fn parcel_line(case: &Record, (field, label): (&str, &str)) -> Option<String> {
    let parcel = case.fields.get(field)?.as_object()?;
    let words = [text_in(parcel, "carrier"), text_in(parcel, "tracking"), text_in(parcel, "status")];
    let words: Vec<&str> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| format!("{label}：{}", words.join(" ")))
}
