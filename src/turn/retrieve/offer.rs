//! What does a product cost this customer now? Lays the answer over the product's fields and text, so that wording,
//! conditions, the model and the guard all read the same amounts.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::calculation::{Offer, Reduction, offer};
use crate::record::Record;
use crate::time::Now;
use crate::turn::types::Fact;

/// Adds `offer` to a product: the price of one piece, what it is after the promotions in force (`promotion_price`) and
/// with the customer's own coupons (`coupon_price`), each only where it is lower, and the terms where it is one promotion
/// or one coupon that lowers it.
pub(super) fn lay(product: &mut Fact, promotions: &[Arc<Record>], coupons: &[Record], now: &Now) {
    let fields = |record: &Record| Value::Object(record.fields.clone());
    let promotions: Vec<Value> = promotions.iter().map(|promotion| fields(promotion)).collect();
    let coupons: Vec<Value> = coupons.iter().map(fields).collect();
    let Some(offer) = offer(&product.fields, &promotions, &coupons, now) else { return };
    if let Some(line) = told(&offer) {
        product.text.push('\n');
        product.text.push_str(&line);
    }
    if let Value::Object(all) = &mut product.fields {
        all.insert("offer".into(), Value::Object(as_fields(&offer)));
    }
}

fn as_fields(offer: &Offer) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("price".into(), json!(offer.price.yuan()));
    if offer.after_promotions < offer.price {
        fields.insert("promotion_price".into(), json!(offer.after_promotions.yuan()));
        if let [only] = offer.promotions.as_slice() {
            fields.insert("promotion".into(), terms(only));
        }
    }
    if offer.after_coupons < offer.after_promotions {
        fields.insert("coupon_price".into(), json!(offer.after_coupons.yuan()));
        let (own, shared): (Vec<&Reduction>, Vec<&Reduction>) =
            offer.all.iter().partition(|reduction| reduction.coupon.is_some());
        if let [only] = own.as_slice() {
            fields.insert("coupon".into(), terms(only));
        }
        // With the coupon another promotion may be the better one.
        fields.insert(
            "promotion_amount".into(),
            json!(shared.iter().map(|one| one.amount).sum::<crate::calculation::Money>().yuan()),
        );
    }
    fields
}

/// The terms of a reduction, those of the coupon before those of its promotion.
fn terms(reduction: &Reduction) -> Value {
    let mut terms = Map::new();
    terms.insert("amount".into(), json!(reduction.amount.yuan()));
    for field in ["title", "threshold", "valid_until", "expires_at"] {
        let own = reduction.coupon.as_ref().and_then(|coupon| coupon.get(field));
        if let Some(value) = own.or_else(|| reduction.promotion.get(field)).filter(|value| !value.is_null()) {
            terms.insert(field.into(), value.clone());
        }
    }
    Value::Object(terms)
}

/// The same in a sentence.
fn told(offer: &Offer) -> Option<String> {
    let taken = |reductions: &[Reduction]| {
        let titles: Vec<&str> =
            reductions.iter().filter_map(|one| one.promotion.get("title").and_then(Value::as_str)).collect();
        titles.join("、")
    };
    if offer.after_coupons < offer.after_promotions {
        return Some(format!("本人用券后到手：{}元（{}）", offer.after_coupons, taken(&offer.all)));
    }
    (offer.after_promotions < offer.price)
        .then(|| format!("活动后：{}元（{}）", offer.after_promotions, taken(&offer.promotions)))
}

/// A coupon with the terms of the promotion it belongs to, where it has none of its own.
pub(super) fn with_terms(coupon: &Record, promotions: &[Arc<Record>]) -> Record {
    let mut coupon = coupon.clone();
    let promotion =
        coupon.text("promotion").and_then(|id| promotions.iter().find(|promotion| promotion.id == id));
    if let Some(promotion) = promotion {
        for (field, source) in
            [("title", "title"), ("threshold", "threshold"), ("amount", "reduce"), ("amount", "amount")]
        {
            if coupon.fields.get(field).is_none_or(Value::is_null)
                && let Some(value) = promotion.fields.get(source).filter(|value| !value.is_null())
            {
                coupon.fields.insert(field.into(), value.clone());
            }
        }
    }
    coupon
}
