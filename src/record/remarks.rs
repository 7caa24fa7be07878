//! What is odd about a record that is taken all the same? Prices in its text that are not its price, a validity that nobody
//! can read. An import tells it, because customers would claim the one and hear the other for ever.

use std::sync::LazyLock;

use jiff::{Timestamp, tz::TimeZone};
use regex::Regex;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::amounts::amounts;
use super::{Record, RecordKind, validity};
use crate::time::Now;

/// What is far below the price is a subsidy or a part of it; from this share of the price on it looks like a price.
const LIKE_A_PRICE: f64 = 0.55;

/// A remark quotes so many characters of a text.
const QUOTED: usize = 40;

/// Something to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Where.
    pub field: &'static str,
    /// A stable code: `lower_price_in_text`, `other_price_in_text`, `no_end`, `unread_validity`.
    pub code: &'static str,
    /// What there is, with the record's name.
    pub message: String,
}

/// Amounts behind these words are no prices of the thing.
static NO_PRICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:满|减|省|送|补|补贴|补偿|券|返|赠|抵|抵扣|运费|邮费|押金|定金|订金|每)[\p{Han}]{0,2}\s*(?:了|后|最高|高达)?$")
        .expect("the expression is a constant")
});

/// What is odd about one record.
pub fn remarks(record: &Record) -> Vec<Remark> {
    match record.kind {
        RecordKind::Product => {
            ["title", "description"].into_iter().flat_map(|field| prices(record, field)).collect()
        }
        RecordKind::Promotion => endless(record).into_iter().collect(),
        RecordKind::Knowledge | RecordKind::Notice => unread_validity(record).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// Amounts in a text that are not the price: those that look like a lower price, and the others.
fn prices(record: &Record, field: &'static str) -> Vec<Remark> {
    let Some(price) = record.money("price") else { return Vec::new() };
    let skus = record.fields.get("skus").and_then(Value::as_array).into_iter().flatten();
    let known: Vec<f64> = skus.filter_map(|sku| sku.get("price")?.as_f64()).chain([price]).collect();
    let text: String = record.text(field).unwrap_or_default().nfkc().collect();
    let (mut lower, mut other): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for amount in amounts(&text).into_iter().filter(|amount| !NO_PRICE.is_match(amount.before)) {
        let Some(value) =
            amount.value.filter(|value| known.iter().all(|known| (known - value).abs() > 0.005))
        else {
            continue;
        };
        let list = if (LIKE_A_PRICE * price..price).contains(&value) { &mut lower } else { &mut other };
        if !list.contains(&value) {
            list.push(value);
        }
    }
    let say = |values: &[f64]| values.iter().map(f64::to_string).collect::<Vec<_>>().join(", ");
    let id = record.fact_id();
    let lower = (!lower.is_empty()).then(|| Remark {
        field,
        code: "lower_price_in_text",
        message: format!(
            "{id}: the {field} says {}, less than the price {price}; customers may claim it",
            say(&lower)
        ),
    });
    let other = (!other.is_empty()).then(|| Remark {
        field,
        code: "other_price_in_text",
        message: format!("{id}: the {field} says {}, the price is {price}", say(&other)),
    });
    lower.into_iter().chain(other).collect()
}

fn any_time() -> Now {
    Now::new(Timestamp::UNIX_EPOCH, TimeZone::UTC)
}

fn endless(record: &Record) -> Option<Remark> {
    let id = record.fact_id();
    validity(record, &any_time()).1.is_none().then(|| Remark {
        field: "valid_until",
        code: "no_end",
        message: format!("{id}: the promotion has no end that can be read; give valid_until (结束时间)"),
    })
}

fn unread_validity(record: &Record) -> Option<Remark> {
    let text = record.text("valid_text")?;
    let unread = validity(record, &any_time()) == (None, None);
    let quoted: String = text.chars().take(QUOTED).collect();
    let id = record.fact_id();
    unread.then(|| Remark {
        field: "valid_text",
        code: "unread_validity",
        message: format!("{id}: the validity `{quoted}` names no dates that can be read; it is always told"),
    })
}
