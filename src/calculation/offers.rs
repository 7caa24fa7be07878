//! What does one piece cost this customer now, after the promotions in force and with their own coupons?
//!
//! Two reductions go together only if each names the other in `stack_with`. Thresholds are looked at in the order in
//! which a checkout takes them: the price an activity sets, then reductions of the shop, then coupons, each on what is
//! left; so a price that is told is never lower than the one that is asked for at the checkout.

use serde_json::Value;

use super::Money;
use super::prices::holds;
use crate::time::Now;

/// More reductions are not tried together; no shop stacks more.
const MOST: usize = 6;

/// What one piece costs.
#[derive(Debug, Clone, PartialEq)]
pub struct Offer {
    /// Before anything is taken off.
    pub price: Money,
    /// After what everybody gets.
    pub after_promotions: Money,
    /// After the customer's own coupons as well.
    pub after_coupons: Money,
    /// What was taken off for everybody, in order.
    pub promotions: Vec<Reduction>,
    /// What was taken off in the end, in order, coupons included.
    pub all: Vec<Reduction>,
}

/// One thing that is taken off.
#[derive(Debug, Clone, PartialEq)]
pub struct Reduction {
    /// How much.
    pub amount: Money,
    /// The promotion's fields.
    pub promotion: Value,
    /// The customer's coupon, if it is one.
    pub coupon: Option<Value>,
}

/// A reduction that may be used.
struct Candidate<'a> {
    promotion: &'a Value,
    coupon: Option<&'a Value>,
}

/// Works out the offer for one piece of a product. `promotions` are the shop's, `coupons` the customer's own usable ones.
pub fn offer(product: &Value, promotions: &[Value], coupons: &[Value], now: &Now) -> Option<Offer> {
    let price = Money::of(product, "price")?;
    let public: Vec<Candidate<'_>> = promotions
        .iter()
        .filter(|promotion| is_automatic(promotion) && applies(promotion, product, now))
        .map(|promotion| Candidate { promotion, coupon: None })
        .collect();
    let own = coupons.iter().filter_map(|coupon| {
        let named = coupon.get("promotion").and_then(Value::as_str)?;
        let promotion =
            promotions.iter().find(|promotion| promotion.get("id").and_then(Value::as_str) == Some(named))?;
        applies(promotion, product, now).then_some(Candidate { promotion, coupon: Some(coupon) })
    });
    let own: Vec<Candidate<'_>> = own.collect();
    let (after_promotions, promotions) = best(price, &public.iter().take(MOST).collect::<Vec<_>>());
    let every: Vec<&Candidate<'_>> = public.iter().take(MOST).chain(own.iter().take(MOST)).collect();
    let (after_coupons, all) = best(price, &every);
    Some(Offer { price, after_promotions, after_coupons, promotions, all })
}

/// Whether everybody gets it without doing anything.
fn is_automatic(promotion: &Value) -> bool {
    let public = promotion.get("public").and_then(Value::as_bool).unwrap_or(true);
    public
        && matches!(
            promotion.get("promotion_kind").and_then(Value::as_str),
            Some("full_reduction" | "discount")
        )
}

/// Whether it holds now, for this product, and for one piece.
fn applies(promotion: &Value, product: &Value, now: &Now) -> bool {
    let id = product.get("id").and_then(Value::as_str);
    let lists = |list: Option<&Value>| -> Vec<String> {
        let list = list.and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let mut named = lists(promotion.get("products"));
    named.extend(lists(promotion.get("scope").and_then(|scope| scope.get("products"))));
    let holds_id = |list: &[String]| id.is_some_and(|id| list.iter().any(|named| named == id));
    let excluded = lists(promotion.get("excluded_products"));
    let pieces = promotion.get("quantity").and_then(Value::as_f64).is_none_or(|pieces| pieces <= 1.0);
    let everywhere = ["regions", "channels"].iter().all(|field| lists(promotion.get(*field)).is_empty());
    let for_all = promotion.get("members_only").and_then(Value::as_bool) != Some(true);
    holds(promotion, now)
        && (named.is_empty() || holds_id(&named))
        && !holds_id(&excluded)
        && pieces
        && everywhere
        && for_all
}

/// The least price that candidates that go together lead to.
fn best(price: Money, candidates: &[&Candidate<'_>]) -> (Money, Vec<Reduction>) {
    let mut least = (price, Vec::new());
    for chosen in 1_u32..1 << candidates.len() {
        let mut together: Vec<&Candidate<'_>> = candidates
            .iter()
            .enumerate()
            .filter(|(bit, _)| chosen >> bit & 1 == 1)
            .map(|(_, one)| *one)
            .collect();
        if !stack(&together) {
            continue;
        }
        together.sort_by_key(|one| (one.coupon.is_some(), one.promotion.get("price").is_none()));
        if let Some((left, taken)) = reduced(price, &together)
            && left < least.0
        {
            least = (left, taken);
        }
    }
    least
}

/// Whether all of them may be used together: each two name each other. One that says nothing follows the other.
fn stack(together: &[&Candidate<'_>]) -> bool {
    together.iter().enumerate().all(|(place, one)| {
        together[place + 1..].iter().all(|other| {
            let same_coupon = one.coupon.is_some() && other.coupon.is_some() && id(one) == id(other);
            let (forth, back) = (names(one, other), names(other, one));
            !same_coupon && forth.or(back) == Some(true) && back.or(forth) == Some(true)
        })
    })
}

fn id<'a>(one: &Candidate<'a>) -> Option<&'a str> {
    one.promotion.get("id").and_then(Value::as_str)
}

/// Whether one names the other; `None` if it says nothing about what goes with it.
fn names(one: &Candidate<'_>, other: &Candidate<'_>) -> Option<bool> {
    let listed = one.promotion.get("stack_with")?.as_array()?;
    Some(listed.iter().any(|named| named.as_str().is_some() && named.as_str() == id(other)))
}

/// What is left after reductions in order; `None` if a threshold is not reached or one takes nothing off.
fn reduced(price: Money, together: &[&Candidate<'_>]) -> Option<(Money, Vec<Reduction>)> {
    let mut left = price;
    let mut taken = Vec::new();
    for one in together {
        let own = |field: &str| one.coupon.and_then(|coupon| Money::of(coupon, field));
        let of = |field: &str| own(field).or_else(|| Money::of(one.promotion, field));
        if of("threshold").is_some_and(|threshold| left < threshold) {
            return None;
        }
        let off = match Money::of(one.promotion, "price") {
            Some(set) => left - set,
            None => own("amount").or_else(|| of("reduce")).or_else(|| of("amount"))?,
        };
        if off <= Money::ZERO || off > left {
            return None;
        }
        left = left - off;
        taken.push(Reduction { amount: off, promotion: one.promotion.clone(), coupon: one.coupon.cloned() });
    }
    Some((left, taken))
}
