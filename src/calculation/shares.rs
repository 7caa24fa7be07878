//! What was really paid for a part of an order? Its price, less its share of every discount that applied to it.
//!
//! A discount is spread over the lines it applies to by their sums, to the cent: the shares of all lines add up to the
//! discount, whatever the numbers are.

use serde_json::Value;

use super::Money;

/// Quantities are kept in thousandths, because some goods are sold by weight.
pub(super) const UNIT: i64 = 1000;

/// What a part of an order cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Its price before discounts.
    pub price: Money,
    /// Its share of the discounts.
    pub discount: Money,
}

impl Share {
    /// What was paid for it, and is paid back when it goes back.
    pub fn refund(self) -> Money {
        (self.price - self.discount).or_nothing()
    }
}

/// A line of an order that was paid for.
struct Line<'a> {
    item: &'a Value,
    quantity: i64,
    total: Money,
}

/// What `quantity` pieces of a line of an order cost; `item` is the place of the line. `None` if the line has no price,
/// is a gift, has fewer pieces, or if the order's own sums do not agree with its discounts: then nobody knows who bore what.
pub fn share_of(order: &Value, item: usize, quantity: f64) -> Option<Share> {
    let asked = thousandths(quantity)?;
    let items = order.get("items")?.as_array()?;
    let paid_for: Vec<(usize, Line<'_>)> = items
        .iter()
        .enumerate()
        .filter(|(_, item)| !is_gift(item))
        .map(|(at, item)| Some((at, line(item)?)))
        .collect::<Option<_>>()?;
    let place = paid_for.iter().position(|(at, _)| *at == item)?;
    let lines: Vec<Line<'_>> = paid_for.into_iter().map(|(_, line)| line).collect();
    let discounts = discounts_of(order)?;
    if !agrees(order, &lines, &discounts) {
        return None;
    }
    let mut borne = Money::ZERO;
    for (amount, of) in &discounts {
        borne = borne + spread(*amount, of, &lines)[place];
    }
    let line = &lines[place];
    (asked <= line.quantity).then(|| Share {
        price: line.total.share(asked, line.quantity),
        discount: borne.min(line.total).share(asked, line.quantity),
    })
}

fn line(item: &Value) -> Option<Line<'_>> {
    let quantity = item.get("quantity").map_or(Some(UNIT), |quantity| thousandths(quantity.as_f64()?))?;
    Some(Line { item, quantity, total: Money::of(item, "price")?.share(quantity, UNIT) })
}

fn is_gift(item: &Value) -> bool {
    item.get("gift").and_then(Value::as_bool).unwrap_or(false)
}

/// A quantity in thousandths; `None` if it is none.
#[expect(clippy::cast_possible_truncation, reason = "the quantity is bounded before")]
pub(super) fn thousandths(quantity: f64) -> Option<i64> {
    (quantity > 0.0 && quantity <= 1e9).then(|| (quantity * 1000.0).round() as i64)
}

/// The discounts of an order with the goods each applies to; to all of them where none are named.
fn discounts_of(order: &Value) -> Option<Vec<(Money, Vec<&str>)>> {
    let Some(discounts) = order.get("discounts").filter(|discounts| !discounts.is_null()) else {
        return Some(Vec::new());
    };
    let read = |discount: &'_ Value| Money::of(discount, "amount");
    let names = |discount| -> Vec<&str> {
        let items = Value::get(discount, "items").and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    discounts.as_array()?.iter().map(|discount| Some((read(discount)?, names(discount)))).collect()
}

/// Whether goods less discounts plus freight are what the order says was paid. An order that says no sum agrees.
fn agrees(order: &Value, lines: &[Line<'_>], discounts: &[(Money, Vec<&str>)]) -> bool {
    let Some(paid) = Money::of(order, "paid_amount").or_else(|| Money::of(order, "total")) else {
        return true;
    };
    let freight = Money::of(order, "shipping_fee").unwrap_or_default();
    let goods: Money = lines.iter().map(|line| line.total).sum();
    let reduced: Money = discounts.iter().map(|(amount, _)| *amount).sum();
    goods - reduced + freight == paid
}

/// One discount over the lines it applies to, by their sums. Cents that do not divide go to the largest remainders.
fn spread(amount: Money, of: &[&str], lines: &[Line<'_>]) -> Vec<Money> {
    let names = |line: &Line<'_>, field: &str| {
        line.item.get(field).and_then(Value::as_str).is_some_and(|name| of.contains(&name))
    };
    let bears = |line: &Line<'_>| of.is_empty() || names(line, "product") || names(line, "sku");
    let base: Vec<i128> =
        lines.iter().map(|line| if bears(line) { i128::from(line.total.as_cents()) } else { 0 }).collect();
    let whole: i128 = base.iter().sum();
    if whole == 0 {
        return vec![Money::ZERO; lines.len()];
    }
    let amount = i128::from(amount.as_cents()).min(whole);
    let mut shares: Vec<i128> = base.iter().map(|base| amount * base / whole).collect();
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|place| std::cmp::Reverse(amount * base[*place] % whole));
    let left = amount - shares.iter().sum::<i128>();
    for place in order.into_iter().take(usize::try_from(left).unwrap_or_default()) {
        shares[place] += 1;
    }
    shares.into_iter().map(|share| Money::cents(i64::try_from(share).unwrap_or_default())).collect()
}
