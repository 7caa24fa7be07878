//! What do the records say about an event? Which of them rules may know, and which product may be offered with it.

use jiff::civil::Date;
use serde_json::Value;

use super::{Consents, ShopEvent};
use crate::pack::proactive::Offer;
use crate::record::{Record, RecordKind, in_force, shipment_records};
use crate::time::Now;
use crate::turn::types::Fact;

/// What the records say about an event, and what could be offered with it.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The products and the order of the event, its parcels, the customer, the promotion in force for the product.
    pub facts: Vec<Fact>,
    /// What goes with the product.
    pub goes_with: Option<Fact>,
    /// What suits the next stage of the child's life.
    pub next_stage: Option<Fact>,
}

impl Known {
    /// What a rule has to offer.
    pub fn offered(&self, offer: Option<Offer>) -> Option<&Fact> {
        match offer? {
            Offer::GoesWith => self.goes_with.as_ref(),
            Offer::NextStage => self.next_stage.as_ref(),
        }
    }

    /// The product with an id.
    pub fn product(&self, id: &str) -> Option<&Fact> {
        let of_product = |fact: &&Fact| fact.kind == RecordKind::Product;
        self.facts
            .iter()
            .filter(of_product)
            .find(|fact| fact.fields.get("id").and_then(Value::as_str) == Some(id))
    }

    /// The first fact of a kind.
    pub fn first(&self, kind: RecordKind) -> Option<&Fact> {
        self.facts.iter().find(|fact| fact.kind == kind)
    }

    /// How many months old the customer's child is, as far as this may be known.
    pub fn child_months(&self) -> Option<i64> {
        self.first(RecordKind::Customer)?.fields.get("child_months")?.as_i64()
    }
}

/// Of a customer's records: the customer, the order of the event with its parcels, and the first case about it.
pub fn own_facts<'a>(
    records: impl Iterator<Item = &'a Record> + Clone,
    event: &ShopEvent,
    now: &Now,
) -> Vec<Fact> {
    let customer = records.clone().find(|record| record.kind == RecordKind::Customer);
    let mut facts: Vec<Fact> = customer.map(|record| customer_fact(record, now)).into_iter().collect();
    let Some(order) = event.order.as_deref() else { return facts };
    let of_event = |record: &&Record| record.kind == RecordKind::Order && record.id == order;
    if let Some(order) = records.clone().find(of_event) {
        facts.push(Fact::of(order, now));
        facts.extend(shipment_records(order, now).iter().map(|parcel| Fact::of(parcel, now)));
    }
    let mut records = records;
    let case =
        records.find(|record| record.kind == RecordKind::Aftersale && record.text("order") == Some(order));
    facts.extend(case.map(|record| Fact::of(record, now)));
    facts
}

/// Whether a promotion is in force and names a product.
pub fn promotes(promotion: &Record, product: &str, now: &Now) -> bool {
    promotion.texts("products").contains(&product) && in_force(promotion, now)
}

/// Whether a product is meant for what begins with so many months of life.
pub fn begins_at(product: &Record, months: i64) -> bool {
    let stage = product.fields.get("life_stage").and_then(|stage| stage.get("from_month"));
    stage.and_then(Value::as_i64) == Some(months)
}

/// Whether a product may be recommended: it is for sale, it is there, and the shop has not excluded it, as it has to with
/// infant formula.
pub fn can_be_recommended(product: &Fact) -> bool {
    let field = |name: &str| product.fields.get(name);
    field("status").and_then(Value::as_str) == Some("on_sale")
        && field("stock").and_then(Value::as_i64).is_some_and(|stock| stock > 0)
        && field("recommend").and_then(Value::as_bool) != Some(false)
}

/// What rules may know of a customer: what wording may know anyway, and of the child no more than how many months old it is
/// and whether today is its birthday, and that only if the customer has agreed to it.
pub fn customer_fact(record: &Record, now: &Now) -> Fact {
    let mut fact = Fact::of(record, now);
    let birthday = record.fields.get("profile").and_then(|profile| profile.get("child_birthday"));
    let birthday = birthday.and_then(Value::as_str).and_then(|text| text.parse::<Date>().ok());
    let agreed = Consents::of_record(record).opens_profile();
    let Some((birthday, fields)) = birthday.filter(|_| agreed).zip(fact.fields.as_object_mut()) else {
        return fact;
    };
    let today = now.zoned().date();
    // A birthday to come is a slip of the pen: nothing follows from it.
    if let Ok(span) = birthday.until((jiff::Unit::Month, today))
        && birthday <= today
    {
        fields.insert("child_months".to_owned(), span.get_months().into());
        let is_today = (birthday.month(), birthday.day()) == (today.month(), today.day());
        fields.insert("child_birthday_today".to_owned(), is_today.into());
    }
    fact
}
