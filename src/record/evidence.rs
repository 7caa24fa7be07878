//! How a record reads as evidence: plain Chinese lines that may be quoted, without people and without money that
//! no price field carries.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::people::{is_personal, people_of, without_people};
use super::read::text_in;
use super::{Record, RecordKind, clean_title, in_force, shorten_title};
use crate::time::{Now, clock};

/// A short name for lists of evidence.
pub fn evidence_title(record: &Record) -> String {
    match record.kind {
        RecordKind::Order => match record.short_title() {
            Some(title) => format!("订单{} {title}", record.id),
            None => format!("订单{}", record.id),
        },
        RecordKind::Shipment => match record.text("carrier") {
            Some(carrier) => format!("{carrier} {}", record.id),
            None => format!("物流 {}", record.id),
        },
        RecordKind::Customer => "顾客".to_owned(),
        _ => record.short_title().unwrap_or_else(|| record.id.clone()),
    }
}

/// What the record says, or an empty text if it is no evidence now: expired, not begun, or a customer.
pub fn evidence_text(record: &Record, now: &Now) -> String {
    if record.kind == RecordKind::Customer || !is_evidence_now(record, now) {
        return String::new();
    }
    match record.kind {
        RecordKind::Order => order_text(record, now),
        RecordKind::Shipment => shipment_text(record, now),
        RecordKind::Product => product_text(record, now),
        RecordKind::Knowledge | RecordKind::Notice => knowledge_text(record),
        _ => general_text(record, now),
    }
}

/// Coupons, orders and the like tell their dates themselves; only what is announced expires.
fn is_evidence_now(record: &Record, now: &Now) -> bool {
    !matches!(
        record.kind,
        RecordKind::Promotion | RecordKind::Knowledge | RecordKind::Policy | RecordKind::Notice
    ) || in_force(record, now)
}

fn order_text(order: &Record, now: &Now) -> String {
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

fn item_text(item: &super::Item) -> String {
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

fn shipment_text(parcel: &Record, now: &Now) -> String {
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

fn product_text(product: &Record, now: &Now) -> String {
    let mut lines = Vec::new();
    if let Some(title) = product.text("title") {
        lines.push(format!("商品：{}", clean_title(title)));
    }
    if let Some(price) = product.money("price") {
        lines.push(format!("价格：{price:.2}元"));
    }
    if let Some(name) = product.text("status").and_then(|status| {
        [("on_sale", "在售"), ("off_sale", "已下架"), ("presale", "预售"), ("sold_out", "已售罄")]
            .into_iter()
            .find(|(state, _)| *state == status)
    }) {
        lines.push(format!("状态：{}", name.1));
    }
    lines.extend(product.fields.get("stock").and_then(Value::as_u64).map(|stock| format!("库存：{stock}件")));
    lines.extend(sku_lines(product));
    for (title, text) in gifts(product) {
        lines.push(format!(
            "赠品：{title}{}",
            text.map(|text| format!("（{}）", text.trim_end_matches('。'))).unwrap_or_default()
        ));
    }
    let told = [
        "kind",
        "id",
        "title",
        "short_title",
        "price",
        "currency",
        "status",
        "stock",
        "description",
        "skus",
        "gifts",
        "exchange_for",
        "goes_with",
    ];
    lines.extend(other_fields(&product.fields, &told, now));
    let prices = prices_of(product);
    let description: String = product
        .text("description")
        .map(|text| {
            sentences(text).into_iter().filter(|sentence| !names_other_money(sentence, &prices)).collect()
        })
        .unwrap_or_default();
    if !description.trim().is_empty() {
        lines.push(description.trim().to_owned());
    }
    lines.join("\n")
}

fn prices_of(product: &Record) -> Vec<f64> {
    let skus = product.fields.get("skus").and_then(Value::as_array);
    let skus = skus.into_iter().flatten().filter_map(|sku| sku.get("price").and_then(Value::as_f64));
    product.money("price").into_iter().chain(skus).collect()
}

fn sku_lines(product: &Record) -> Vec<String> {
    let Some(Value::Array(skus)) = product.fields.get("skus") else { return Vec::new() };
    skus.iter()
        .filter_map(Value::as_object)
        .map(|sku| {
            let name = match sku.get("attributes") {
                Some(Value::Object(attributes)) => {
                    attributes.values().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
                }
                _ => text_in(sku, "id").unwrap_or_default().to_owned(),
            };
            let mut line = format!("规格{name}：");
            let price = sku.get("price").and_then(Value::as_f64).map(|price| format!("{price:.2}元"));
            let stock = sku.get("stock").and_then(Value::as_u64).map(|stock| match stock {
                0 => "无货".to_owned(),
                stock => format!("库存{stock}件"),
            });
            line.push_str(&price.into_iter().chain(stock).collect::<Vec<_>>().join("，"));
            line
        })
        .collect()
}

fn gifts(product: &Record) -> Vec<(&str, Option<&str>)> {
    let Some(Value::Array(gifts)) = product.fields.get("gifts") else { return Vec::new() };
    gifts
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|gift| Some((text_in(gift, "title")?, text_in(gift, "text"))))
        .collect()
}

fn knowledge_text(record: &Record) -> String {
    let text = record.text("text").unwrap_or_default();
    match record.text("title") {
        Some(title) if !text.starts_with(title) => format!("{title}：{text}"),
        _ => text.to_owned(),
    }
}

fn general_text(record: &Record, now: &Now) -> String {
    let mut lines: Vec<String> = match (record.text("title"), record.text("text")) {
        (Some(title), Some(text)) => vec![format!("{title}：{text}")],
        (one, other) => one.or(other).map(str::to_owned).into_iter().collect(),
    };
    let told = [
        "kind",
        "id",
        "title",
        "text",
        "when",
        "then",
        "else",
        "says",
        "about",
        "scope",
        "authority",
        "once_per",
        "products",
        "customer",
        "public",
        "confirm",
        "currency",
        "evidence",
    ];
    lines.extend(other_fields(&record.fields, &told, now));
    if lines.is_empty() {
        lines.extend(record.text("about").map(|about| format!("规则：{about}")));
    }
    lines.join("\n")
}

/// Names of fields for people; a field without one keeps its own.
const LABELS: &[(&str, &str)] = &[
    ("amount", "金额"),
    ("reduce", "立减"),
    ("threshold", "门槛"),
    ("price", "价格"),
    ("product", "商品编号"),
    ("order", "订单"),
    ("promotion", "活动"),
    ("status", "状态"),
    ("status_text", "状态"),
    ("type", "类型"),
    ("cause", "原因"),
    ("applied_at", "申请时间"),
    ("deadline_at", "处理时限"),
    ("expires_at", "到期时间"),
    ("valid_from", "开始时间"),
    ("valid_until", "结束时间"),
    ("valid_text", "有效期"),
    ("produced_at", "生产日期"),
    ("lot", "批号"),
    ("from", "开始时间"),
    ("until", "结束时间"),
    ("urgent", "是否加急"),
    ("shelf_life_days", "保质期（天）"),
    ("ship_within_hours", "发货时效（小时）"),
    ("replenish_days", "补货周期（天）"),
    ("listed_at", "上架时间"),
    ("return_class", "退货类别"),
    ("member_level", "会员等级"),
];

const MONEY_FIELDS: [&str; 9] =
    ["amount", "reduce", "threshold", "price", "total", "paid_amount", "deposit", "refund_amount", "balance"];

/// Fields that were not told yet, known or not, one line each.
fn other_fields(fields: &Map<String, Value>, told: &[&str], now: &Now) -> Vec<String> {
    const BOOKKEEPING: [&str; 6] = ["version", "updated_at", "shop", "channel", "currency", "remarks"];
    let mut lines = Vec::new();
    for (name, value) in fields {
        if told.contains(&name.as_str()) || BOOKKEEPING.contains(&name.as_str()) || is_personal(name) {
            continue;
        }
        let label = LABELS.iter().find(|(field, _)| field == name).map_or(name.as_str(), |(_, label)| label);
        match value {
            Value::Object(inner)
                if matches!(name.as_str(), "attributes" | "values" | "refund" | "presale" | "service") =>
            {
                lines.extend(other_fields(inner, &[], now));
            }
            Value::Array(list) if list.iter().all(Value::is_string) && !list.is_empty() => {
                let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
                lines.push(format!("{label}：{}", words.join("、")));
            }
            value => lines.extend(plain(name, value, now).map(|text| format!("{label}：{text}"))),
        }
    }
    lines
}

fn plain(name: &str, value: &Value, now: &Now) -> Option<String> {
    match value {
        Value::Bool(true) => Some("是".into()),
        Value::Bool(false) => Some("否".into()),
        Value::Number(number) if MONEY_FIELDS.contains(&name) => Some(format!("{:.2}元", number.as_f64()?)),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) if is_time_field(name) => {
            Some(time_text(text, now).unwrap_or_else(|| text.clone()))
        }
        Value::String(text) => Some(text.clone()),
        _ => None,
    }
}

fn is_time_field(name: &str) -> bool {
    name.ends_with("_at")
        || matches!(name, "ship_by" | "valid_from" | "valid_until" | "from" | "until" | "appointment")
}

/// A time as evidence tells it: shop time to the minute; a bare date stays one.
fn time_text(text: &str, now: &Now) -> Option<String> {
    if text.trim().len() <= 10 {
        return now.parse(text).map(|_| text.trim().to_owned());
    }
    let moment = now.at(now.parse(text)?);
    Some(format!("{} {}", moment.strftime("%Y-%m-%d"), clock(&moment)))
}

/// Sentences with their stops.
fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(['。', '！', '？', '；', '\n', '!', '?', ';']).collect()
}

static MONEY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"[¥￥]\s*(\d[\d,]*(?:\.\d+)?)(?:\s*[-~～—–至到]+\s*[¥￥]?\s*(\d[\d,]*(?:\.\d+)?))?",
        r"|(\d[\d,]*(?:\.\d+)?)(?:\s*[-~～—–至到]+\s*(\d[\d,]*(?:\.\d+)?))?\s*(?:多)?(?:元|块)",
        r"|价[^，。；\d]{0,6}(\d{2,}(?:\.\d+)?)",
    ))
    .expect("the expression is a constant")
});

/// Discounts told in percent or tenths, and 千/万 amounts.
static DISCOUNT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:补贴?|减|省|优惠|返|降|券)[^，。；]{0,8}\d+(?:\.\d+)?\s*[%％]|\d+(?:\.\d+)?\s*[%％][^，。；]{0,8}(?:补贴?|减免|优惠|折扣|返)|\d+(?:\.\d+)?折|[一二三四五六七八九两几]+[百千万]+(?:多|余)?元")
        .expect("the expression is a constant")
});

/// Whether a sentence tells money that is none of the product's own prices, or a discount.
fn names_other_money(sentence: &str, prices: &[f64]) -> bool {
    if DISCOUNT.is_match(sentence) {
        return true;
    }
    MONEY.captures_iter(sentence).any(|found| {
        found.iter().skip(1).flatten().any(|number| {
            let value: Option<f64> = number.as_str().replace(',', "").parse().ok();
            value.is_none_or(|value| !prices.iter().any(|price| (price - value).abs() < 0.005))
        })
    })
}
