//! What do conditions and wording of a rule read? The event, what the person has done, and what the records say now.

use serde_json::{Map, Value, json};

use super::{History, Known, ShopEvent};
use crate::pack::proactive::Offer;
use crate::record::RecordKind;
use crate::time::Now;

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
