//! What is the public price now, and how much more was paid? A limited flash price is named, but never counted.

use jiff::Timestamp;
use serde_json::Value;

use super::shares::{UNIT, thousandths};
use super::{Money, Share};
use crate::time::Now;

/// The product, its past prices and the promotions in force: what prices are read from.
#[derive(Debug, Clone, Copy)]
pub struct Prices<'a> {
    /// The fields of the product.
    pub product: &'a Value,
    /// The id of the variant, if one is meant.
    pub sku: Option<&'a str>,
    /// The product's `price_history` records.
    pub history: &'a [Value],
    /// The promotions that may hold for the product.
    pub promotions: &'a [Value],
}

/// What one piece costs everybody now: the price that the history says is in force, or else the product's own; less if
/// a public activity sets a price of its own. Flash prices, coupons and presales are not what everybody pays.
pub fn public_price(prices: Prices<'_>, now: &Now) -> Option<Money> {
    let listed = in_force(prices, now).or_else(|| own_price(prices))?;
    let set = prices.promotions.iter().filter(|promotion| sets_public_price(promotion, now));
    set.filter_map(|promotion| Money::of(promotion, "price"))
        .fold(Some(listed), |least, price| least.map(|least| least.min(price)))
}

/// The list or activity price that the history says is in force, the one that began last.
fn in_force(prices: Prices<'_>, now: &Now) -> Option<Money> {
    let covers = |entry: &&Value| {
        let from = time(entry, "from", now).is_none_or(|from| from <= now.timestamp());
        from && time(entry, "until", now).is_none_or(|until| now.timestamp() <= until)
    };
    of_variant(prices)
        .filter(|entry| entry.get("price_kind").and_then(Value::as_str) != Some("flash"))
        .filter(covers)
        .max_by_key(|entry| time(entry, "from", now))
        .and_then(|entry| Money::of(entry, "price"))
}

fn of_variant<'a>(prices: Prices<'a>) -> impl Iterator<Item = &'a Value> {
    let product = prices.product.get("id").and_then(Value::as_str);
    prices.history.iter().filter(move |entry| {
        let same = |field: &str, meant: Option<&str>| {
            entry.get(field).and_then(Value::as_str).is_none_or(|named| meant == Some(named))
        };
        same("product", product) && same("sku", prices.sku)
    })
}

fn own_price(prices: Prices<'_>) -> Option<Money> {
    let variants = prices.product.get("skus").and_then(Value::as_array);
    let variant = variants
        .into_iter()
        .flatten()
        .find(|sku| prices.sku.is_some() && sku.get("id").and_then(Value::as_str) == prices.sku);
    variant.and_then(|sku| Money::of(sku, "price")).or_else(|| Money::of(prices.product, "price"))
}

fn sets_public_price(promotion: &Value, now: &Now) -> bool {
    let public = promotion.get("public").and_then(Value::as_bool).unwrap_or(true);
    let of_kind = promotion.get("promotion_kind").and_then(Value::as_str) == Some("discount");
    public && of_kind && holds(promotion, now)
}

/// Whether a promotion holds now by its own dates.
pub(super) fn holds(promotion: &Value, now: &Now) -> bool {
    time(promotion, "valid_from", now).is_none_or(|from| from <= now.timestamp())
        && time(promotion, "valid_until", now).is_none_or(|until| now.timestamp() <= until)
}

/// The latest price of a kind (`list`, `activity`, `flash`) that was in force at a moment or after it, with its record.
pub fn latest_price<'a>(
    prices: Prices<'a>,
    kind: &str,
    since: Option<Timestamp>,
    now: &Now,
) -> Option<(Money, &'a Value)> {
    of_variant(prices)
        .filter(|entry| entry.get("price_kind").and_then(Value::as_str) == Some(kind))
        .filter(|entry| time(entry, "from", now).is_none_or(|from| from <= now.timestamp()))
        .filter(|entry| {
            since.is_none_or(|since| time(entry, "until", now).is_none_or(|until| until >= since))
        })
        .max_by_key(|entry| time(entry, "from", now))
        .and_then(|entry| Some((Money::of(entry, "price")?, entry)))
}

/// How much more was paid for some pieces than everybody pays now; nothing if it was not more.
pub fn price_difference(paid: Share, pieces: f64, public: Money) -> Option<Money> {
    Some((paid.refund() - public.share(thousandths(pieces)?, UNIT)).or_nothing())
}

pub(super) fn time(record: &Value, field: &str, now: &Now) -> Option<Timestamp> {
    now.parse(record.get(field)?.as_str()?)
}
