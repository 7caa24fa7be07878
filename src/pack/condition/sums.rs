//! Which sums may a policy ask for? Each is a function of [`crate::calculation`] over the case that is judged: its order,
//! the item in question, the product, its prices, the promotions, the customer's coupons.

use std::sync::{Arc, LazyLock};

use cel::{Context, ExecutionError, Value as Cel};
use jiff::Timestamp;
use serde_json::Value;

use super::formula::Case;
use super::types::Type;
use super::typing::CENTS;
use crate::calculation::{self, Money, Offer, Prices, Share};
use crate::desk::hours::BusinessHours;
use crate::time::Now;

/// A sum as policies write it.
#[derive(Debug)]
pub(super) struct Sum {
    pub name: &'static str,
    /// How it is written, for people.
    pub usage: &'static str,
    pub takes: Vec<Type>,
    pub gives: Type,
    /// Whether it can only be worked out for one item of the order.
    pub of_item: bool,
    work: Work,
}

/// Works a sum out; `None` if the records do not say enough.
type Work = fn(&Known, &[Cel]) -> Option<Cel>;

/// What the sums of one case are worked out from.
struct Known {
    variables: Value,
    now: Now,
    hours: BusinessHours,
}

/// Every sum.
pub(super) static SUMS: LazyLock<Vec<Sum>> = LazyLock::new(|| {
    let sum = |name, usage, takes: &[Type], gives, work| Sum {
        name,
        usage,
        takes: takes.to_vec(),
        gives,
        of_item: usage_of_item(name),
        work,
    };
    use Type::{Moment, Money, Number, Text};
    vec![
        sum("signed_at", "signed_at()", &[], Moment, |case, _| moment(case.signed_at())),
        sum("days_after_signed", "days_after_signed(days)", &[Number], Moment, |case, given| {
            moment(calculation::days_after_signed(case.signed_at()?, whole(given.first()?)?, &case.now))
        }),
        sum("warranty_end", "warranty_end(months)", &[Number], Moment, |case, given| {
            moment(calculation::warranty_end(case.signed_at()?, whole(given.first()?)?, &case.now))
        }),
        sum(
            "working_deadline",
            "working_deadline(moment, hours)",
            &[Moment, Number],
            Moment,
            |case, given| {
                let (from, hours) = (instant(given.first()?)?, number(given.get(1)?)?);
                moment(calculation::working_deadline(from, hours, &case.hours, &case.now))
            },
        ),
        sum(
            "working_days_after",
            "working_days_after(moment, days)",
            &[Moment, Number],
            Moment,
            |case, given| {
                let (from, days) = (instant(given.first()?)?, whole(given.get(1)?)?);
                moment(calculation::working_days_after(from, days, &case.hours, &case.now))
            },
        ),
        sum(
            "dispatch_deadline",
            "dispatch_deadline(moment, '16:00', '22:00')",
            &[Moment, Text, Text],
            Moment,
            |case, given| {
                let (from, cut_off, handover) =
                    (instant(given.first()?)?, text(given.get(1)?)?, text(given.get(2)?)?);
                moment(calculation::dispatch_deadline(from, &cut_off, &handover, &case.now))
            },
        ),
        sum("full_price", "full_price(pieces)", &[Number], Money, |case, given| {
            money(case.share(given)?.price)
        }),
        sum("discount_share", "discount_share(pieces)", &[Number], Money, |case, given| {
            money(case.share(given)?.discount)
        }),
        sum("refund_share", "refund_share(pieces)", &[Number], Money, |case, given| {
            money(case.share(given)?.refund())
        }),
        sum("public_price", "public_price()", &[], Money, |case, _| {
            money(calculation::public_price(case.prices(), &case.now)?)
        }),
        sum("price_difference", "price_difference()", &[], Money, |case, _| money(case.price_difference()?)),
        sum("latest_price", "latest_price('flash')", &[Text], Money, |case, given| {
            money(case.latest(given)?.0)
        }),
        sum("latest_price_from", "latest_price_from('flash')", &[Text], Moment, |case, given| {
            moment(case.now.parse(case.latest(given)?.1.get("from")?.as_str()?))
        }),
        sum("latest_price_until", "latest_price_until('flash')", &[Text], Moment, |case, given| {
            moment(case.now.parse(case.latest(given)?.1.get("until")?.as_str()?))
        }),
        sum("price_after_promotions", "price_after_promotions()", &[], Money, |case, _| {
            money(case.offer()?.after_promotions)
        }),
        sum("price_after_coupons", "price_after_coupons()", &[], Money, |case, _| {
            money(case.offer()?.after_coupons)
        }),
        sum("recommended_size", "recommended_size()", &[], Text, |case, _| {
            Some(Cel::String(Arc::new(
                case.variables.pointer("/product/size_advice/size")?.as_str()?.to_owned(),
            )))
        }),
    ]
});

/// Whether a sum speaks of one item of an order and has no meaning while it is not known which.
fn usage_of_item(name: &str) -> bool {
    matches!(name, "full_price" | "discount_share" | "refund_share" | "price_difference")
}

/// Makes the sums that an expression asks for known to it.
pub(super) fn add(
    context: &mut Context<'_, '_>,
    names: &[&'static str],
    case: Case<'_>,
) -> Result<(), cel::DeclarationError> {
    if names.is_empty() {
        return Ok(());
    }
    let known = Arc::new(Known {
        variables: case.variables.clone(),
        now: case.now.clone(),
        hours: case.hours.clone(),
    });
    for sum in SUMS.iter().filter(|sum| names.contains(&sum.name)) {
        let known = Arc::clone(&known);
        let worked = move |given: &[Cel]| {
            (sum.work)(&known, given).ok_or_else(|| ExecutionError::NoSuchKey(Arc::new(sum.name.to_owned())))
        };
        match sum.takes.len() {
            0 => context.add_function(sum.name, move || worked(&[]))?,
            1 => context.add_function(sum.name, move |one: Cel| worked(&[one]))?,
            2 => context.add_function(sum.name, move |one: Cel, two: Cel| worked(&[one, two]))?,
            _ => context
                .add_function(sum.name, move |one: Cel, two: Cel, three: Cel| worked(&[one, two, three]))?,
        }
    }
    Ok(())
}

/// Makes rounding to whole cents known to an expression.
pub(super) fn add_rounding(context: &mut Context<'_, '_>) -> Result<(), cel::DeclarationError> {
    context.add_function(CENTS, |amount: Cel| -> Result<f64, ExecutionError> {
        number(&amount)
            .and_then(Money::from_yuan)
            .map(Money::yuan)
            .ok_or_else(|| ExecutionError::function_error(CENTS, "this is no amount of money"))
    })
}

impl Known {
    fn of<'a>(&'a self, name: &str) -> &'a Value {
        self.variables.get(name).unwrap_or(&Value::Null)
    }

    fn list<'a>(&'a self, name: &str) -> &'a [Value] {
        self.of(name).as_array().map(Vec::as_slice).unwrap_or_default()
    }

    fn signed_at(&self) -> Option<Timestamp> {
        let product = self.of("item").get("product").and_then(Value::as_str);
        calculation::signed_at(self.of("order"), product, &self.now)
    }

    fn share_of(&self, pieces: f64) -> Option<Share> {
        let place = usize::try_from(self.of("item").get("place")?.as_u64()?).ok()?;
        calculation::share_of(self.of("order"), place, pieces)
    }

    fn share(&self, given: &[Cel]) -> Option<Share> {
        self.share_of(number(given.first()?)?)
    }

    fn prices(&self) -> Prices<'_> {
        Prices {
            product: self.of("product"),
            sku: self.of("item").get("sku").and_then(Value::as_str),
            history: self.list("prices"),
            promotions: self.list("promotions"),
        }
    }

    fn price_difference(&self) -> Option<Money> {
        let item = self.of("item");
        if item.get("product")? != self.of("product").get("id")? {
            return None;
        }
        let pieces = item.get("quantity").map_or(Some(1.0), Value::as_f64)?;
        let public = calculation::public_price(self.prices(), &self.now)?;
        calculation::price_difference(self.share_of(pieces)?, pieces, public)
    }

    /// The latest price of a kind since the order was paid; since ever without an order.
    fn latest(&self, given: &[Cel]) -> Option<(Money, &Value)> {
        let paid = self.of("order").get("paid_at").and_then(Value::as_str);
        let since = paid.and_then(|at| self.now.parse(at));
        calculation::latest_price(self.prices(), &text(given.first()?)?, since, &self.now)
    }

    fn offer(&self) -> Option<Offer> {
        calculation::offer(self.of("product"), self.list("promotions"), self.list("coupons"), &self.now)
    }
}

#[expect(clippy::unnecessary_wraps, reason = "every sum may be unknown")]
fn money(amount: Money) -> Option<Cel> {
    Some(Cel::Float(amount.yuan()))
}

fn moment(moment: Option<Timestamp>) -> Option<Cel> {
    moment.map(|moment| Cel::Int(moment.as_second()))
}

#[expect(clippy::cast_precision_loss, reason = "numbers that policies write are small")]
fn number(value: &Cel) -> Option<f64> {
    match value {
        Cel::Int(whole) => Some(*whole as f64),
        Cel::UInt(whole) => Some(*whole as f64),
        Cel::Float(number) => Some(*number),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only whole numbers of a sane size pass")]
fn whole(value: &Cel) -> Option<i64> {
    number(value).filter(|number| number.fract() == 0.0 && number.abs() < 1e9).map(|number| number as i64)
}

fn instant(value: &Cel) -> Option<Timestamp> {
    whole_seconds(value).and_then(|seconds| Timestamp::from_second(seconds).ok())
}

#[expect(clippy::cast_possible_truncation, reason = "seconds of a few thousand years")]
fn whole_seconds(value: &Cel) -> Option<i64> {
    number(value).filter(|number| number.abs() < 1e12).map(|number| number as i64)
}

fn text(value: &Cel) -> Option<String> {
    if let Cel::String(text) = value { Some(text.as_str().to_owned()) } else { None }
}
