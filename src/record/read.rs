//! Typed reading of a record's fields, for code that does not want to know JSON.

use serde_json::{Map, Value};

use super::title::shorten_title;
use super::{Record, RecordKind};
use crate::time::Now;

/// One line of an order.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The product's id.
    pub product: Option<String>,
    /// The SKU's id.
    pub sku: Option<String>,
    /// The title as it stood in the order.
    pub title: String,
    /// The price of one.
    pub price: Option<f64>,
    /// How many.
    pub quantity: f64,
    /// Whether it was free.
    pub gift: bool,
}

impl Record {
    /// A text field that is there and not blank.
    pub fn text(&self, field: &str) -> Option<&str> {
        text_in(&self.fields, field)
    }

    /// An amount of money.
    pub fn money(&self, field: &str) -> Option<f64> {
        self.fields.get(field).and_then(Value::as_f64)
    }

    /// The texts of a list field.
    pub fn texts(&self, field: &str) -> Vec<&str> {
        match self.fields.get(field) {
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The customer a private record belongs to.
    pub fn customer(&self) -> Option<&str> {
        if self.kind == RecordKind::Customer { Some(&self.id) } else { self.text("customer") }
    }

    /// The id it has as a fact: `kind:id`.
    pub fn fact_id(&self) -> String {
        format!("{}:{}", self.kind, self.id)
    }

    /// The lines of an order.
    pub fn items(&self) -> Vec<Item> {
        let Some(Value::Array(list)) = self.fields.get("items") else { return Vec::new() };
        list.iter().filter_map(Value::as_object).map(read_item).collect()
    }

    /// The parcels of an order: `shipments`, else `shipment`.
    pub fn shipments(&self) -> Vec<&Map<String, Value>> {
        match self.fields.get("shipments") {
            Some(Value::Array(list)) if !list.is_empty() => {
                list.iter().filter_map(Value::as_object).collect()
            }
            _ => self.fields.get("shipment").and_then(Value::as_object).into_iter().collect(),
        }
    }

    /// A name short enough to be said: `short_title`, else cut from the title, else from the first item.
    pub fn short_title(&self) -> Option<String> {
        if let Some(title) = self.text("short_title") {
            return Some(title.to_owned());
        }
        if let Some(title) = self.text("title") {
            return Some(if self.kind == RecordKind::Product {
                shorten_title(title)
            } else {
                title.to_owned()
            });
        }
        let items = self.items();
        items.iter().find(|item| !item.gift).or_else(|| items.first()).map(|item| shorten_title(&item.title))
    }
}

fn read_item(fields: &Map<String, Value>) -> Item {
    Item {
        product: text_in(fields, "product").map(str::to_owned),
        sku: text_in(fields, "sku").map(str::to_owned),
        title: text_in(fields, "title").unwrap_or_default().to_owned(),
        price: fields.get("price").and_then(Value::as_f64),
        quantity: fields.get("quantity").and_then(Value::as_f64).unwrap_or(1.0),
        gift: fields.get("gift").and_then(Value::as_bool).unwrap_or(false),
    }
}

/// A text in an object that is there and not blank.
pub(super) fn text_in<'a>(fields: &'a Map<String, Value>, field: &str) -> Option<&'a str> {
    fields.get(field).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
}

/// The latest event of a parcel; of several at the same time the one that stands last.
pub fn last_event<'a>(shipment: &'a Map<String, Value>, now: &Now) -> Option<&'a Map<String, Value>> {
    let Some(Value::Array(events)) = shipment.get("events") else { return None };
    events
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|event| Some((now.parse(text_in(event, "at")?)?, event)))
        .max_by_key(|(at, _)| *at)
        .map(|(_, event)| event)
}
