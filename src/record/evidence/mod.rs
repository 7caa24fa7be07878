//! How a record reads as evidence: plain Chinese lines that may be quoted, without people and without money that
//! no price field carries.

mod fields;
mod order;
mod product;

use self::fields::other_fields;
use self::order::{aftersale_text, order_text, shipment_text};
use self::product::product_text;
use super::{Record, RecordKind, in_force};
use crate::time::Now;

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
        RecordKind::Batch => format!("批次 {}", record.text("lot").unwrap_or(&record.id)),
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
        RecordKind::Aftersale => aftersale_text(record, now),
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
        // The id of another record says nothing to a customer; a coupon is told with the terms of its promotion.
        "promotion",
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
