//! What do conditions and wording of a rule read? The event, what the person has done, and what the records say now.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{Consents, History, ShopEvent};
use crate::pack::proactive::Offer;
use crate::record::{Record, RecordKind};
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
}

/// Builds the variables from the facts of the moment. `product` is the one the rule is about.
pub fn variables(
    event: &ShopEvent,
    (history, product): (&History, Option<&str>),
    (known, offer): (&Known, Option<Offer>),
    now: &Now,
) -> Value {
    let mut variables = Map::new();
    let kinds = [
        ("order", known.first(RecordKind::Order)),
        ("shipment", known.first(RecordKind::Shipment)),
        ("product", product.and_then(|product| known.product(product))),
        ("promotion", known.first(RecordKind::Promotion)),
        ("aftersale", known.first(RecordKind::Aftersale)),
        ("customer", known.first(RecordKind::Customer)),
        ("offer", known.offered(offer)),
    ];
    for (name, fact) in kinds {
        if let Some(fact) = fact {
            variables.insert(name.to_owned(), fact.fields.clone());
        }
    }
    variables.insert("event".to_owned(), event_variable(event, now));
    variables.insert("history".to_owned(), history.as_variable(event, product));
    Value::Object(variables)
}

fn event_variable(event: &ShopEvent, now: &Now) -> Value {
    let mut fields = event.detail.clone();
    fields.insert("type".to_owned(), json!(event.kind));
    fields.insert("at".to_owned(), now.at(event.at).strftime("%Y-%m-%d %H:%M:%S").to_string().into());
    for (name, value) in [("product", &event.product), ("order", &event.order)] {
        if let Some(value) = value {
            fields.insert(name.to_owned(), value.as_str().into());
        }
    }
    Value::Object(fields)
}

/// What rules may know of a customer: what wording may know anyway, and of the child no more than how many months old it is
/// and whether today is its birthday, and that only if the customer has agreed to it.
pub fn customer_fact(record: &Record, now: &Now) -> Fact {
    let mut fact = Fact::of(record, now);
    let birthday = record.fields.get("profile").and_then(|profile| profile.get("child_birthday"));
    let birthday = birthday.and_then(Value::as_str).and_then(|text| text.parse::<Date>().ok());
    let agreed = Consents::of(Some(&Value::Object(record.fields.clone()))).opens_profile();
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
