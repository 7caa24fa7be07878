//! By when? Deadlines counted from signing, in working hours and days, and from a shop's own cut-off time.

use jiff::civil::{Date, Time};
use jiff::{Span, Timestamp, ToSpan};
use serde_json::Value;

use crate::desk::hours::BusinessHours;
use crate::time::Now;

/// A working day is looked for so many days ahead; a shop that works on none of them has no deadline.
const HORIZON_DAYS: i64 = 400;

/// When the goods in question were signed for: the parcels that hold the product, or else all parcels of the order;
/// the last of them counts, because the customer has the goods only then. `None` while one of them is on its way.
pub fn signed_at(order: &Value, product: Option<&str>, now: &Now) -> Option<Timestamp> {
    let several = order.get("shipments").and_then(Value::as_array).filter(|several| !several.is_empty());
    let parcels: Vec<&Value> = match several {
        Some(several) => several.iter().collect(),
        None => vec![order.get("shipment")?],
    };
    let holds = |parcel: &&&Value| {
        let items = parcel.get("items").and_then(Value::as_array);
        let mut items = items.into_iter().flatten();
        product.is_some() && items.any(|item| item.get("product").and_then(Value::as_str) == product)
    };
    let of_product: Vec<&Value> = parcels.iter().filter(holds).copied().collect();
    let meant = if of_product.is_empty() { parcels } else { of_product };
    let signed = |parcel: &&Value| now.parse(parcel.get("delivered_at")?.as_str()?);
    meant.iter().map(signed).collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// The end of the n-th day after the day of signing: signed on the 15th, seven days end with the 22nd.
pub fn days_after_signed(signed: Timestamp, days: i64, now: &Now) -> Option<Timestamp> {
    end_of(now.at(signed).date().checked_add(Span::new().try_days(days).ok()?).ok()?, now)
}

/// When so many hours of business will have passed since a moment, rounded up to a quarter of an hour.
pub fn working_deadline(
    from: Timestamp,
    hours: f64,
    business: &BusinessHours,
    now: &Now,
) -> Option<Timestamp> {
    let minutes = (hours * 60.0).ceil();
    if !(0.0..=1e6).contains(&minutes) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the number is bounded above"
    )]
    let minutes = minutes as u32;
    let from = Now::new(from, now.zoned().time_zone().clone());
    Some(business.due_in_business_minutes(&from, minutes))
}

/// The end of the n-th working day after a moment's day: Monday to Friday, without the days the desk is closed.
pub fn working_days_after(
    from: Timestamp,
    days: i64,
    business: &BusinessHours,
    now: &Now,
) -> Option<Timestamp> {
    let mut left = days;
    let mut date = now.at(from).date();
    for _ in 0..HORIZON_DAYS {
        if left <= 0 {
            return end_of(date, now);
        }
        date = date.checked_add(1.day()).ok()?;
        left -= i64::from(business.is_working_day(date));
    }
    None
}

/// When goods that are paid for at a moment are handed to the carrier: the same day if that is by the cut-off time, or
/// else the next day. Both are times of day, as `16:00`.
pub fn dispatch_deadline(from: Timestamp, cut_off: &str, handover: &str, now: &Now) -> Option<Timestamp> {
    let paid = now.at(from);
    let days = i64::from(paid.time() > cut_off.trim().parse::<Time>().ok()?);
    let date = paid.date().checked_add(Span::new().days(days)).ok()?;
    let moment = date.to_datetime(handover.trim().parse::<Time>().ok()?);
    Some(moment.to_zoned(paid.time_zone().clone()).ok()?.timestamp())
}

/// The last moment of a warranty of so many months, counted from the day of signing.
pub fn warranty_end(signed: Timestamp, months: i64, now: &Now) -> Option<Timestamp> {
    end_of(now.at(signed).date().checked_add(Span::new().try_months(months).ok()?).ok()?, now)
}

/// The last second of a day, which is read as 24:00.
fn end_of(date: Date, now: &Now) -> Option<Timestamp> {
    let last = date.to_datetime(Time::constant(23, 59, 59, 0));
    Some(last.to_zoned(now.zoned().time_zone().clone()).ok()?.timestamp())
}
