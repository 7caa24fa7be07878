//! What the demo page shows of the sample shop: its products, and the orders of its customers.

use serde_json::Value;

use crate::record::{Record, RecordKind};
use crate::web::{DemoFact, DemoOrder, DemoProduct};

/// So many facts of a product are shown.
const MOST_FACTS: usize = 8;

/// Everything that is for sale, in the order of the records.
pub fn products(records: &[Record]) -> Vec<DemoProduct> {
    records.iter().filter(|record| record.kind == RecordKind::Product).map(product).collect()
}

fn product(record: &Record) -> DemoProduct {
    DemoProduct {
        id: record.id.clone(),
        title: record.short_title().unwrap_or_else(|| record.id.clone()),
        price: amount(record, "price"),
        description: record.text("description").unwrap_or_default().to_owned(),
        stock: record.fields.get("stock").and_then(Value::as_i64),
        attributes: facts(record),
    }
}

fn facts(record: &Record) -> Vec<DemoFact> {
    let Some(Value::Object(attributes)) = record.fields.get("attributes") else { return Vec::new() };
    let shown = attributes.iter().filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(true) => "是".to_owned(),
            Value::Bool(false) => "否".to_owned(),
            _ => return None,
        };
        Some(DemoFact { name: name.clone(), value })
    });
    shown.take(MOST_FACTS).collect()
}

/// A customer's orders, in the order of the records.
pub fn orders(records: &[Record], customer: &str) -> Vec<DemoOrder> {
    let theirs = records
        .iter()
        .filter(|record| record.kind == RecordKind::Order && record.customer() == Some(customer));
    theirs.map(order).collect()
}

fn order(record: &Record) -> DemoOrder {
    let items = record.items();
    let status = record.text("status").unwrap_or_default();
    DemoOrder {
        id: record.id.clone(),
        product: items.iter().find_map(|item| item.product.clone()),
        title: items.iter().map(|item| item.title.as_str()).collect::<Vec<_>>().join("、"),
        status: status.to_owned(),
        status_text: record.text("status_text").unwrap_or(status).to_owned(),
        total: amount(record, "total"),
        placed_at: record.text("placed_at").map(str::to_owned),
    }
}

fn amount(record: &Record, field: &str) -> String {
    record.money(field).map_or_else(String::new, |amount| format!("{amount:.2}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sample;
    use crate::time::{Clock, SystemClock};
    use jiff::tz::TimeZone;

    #[test]
    fn the_sample_shop_fills_the_page() {
        let now = SystemClock::new(TimeZone::get("Asia/Shanghai").unwrap()).now();
        let records = sample::records(&now).unwrap();
        let products = products(&records);
        assert!(products.iter().all(|product| !product.title.is_empty() && !product.price.is_empty()));
        assert!(products.iter().any(|product| product.stock.is_some() && !product.attributes.is_empty()));
        let orders = orders(&records, "cus_1001");
        let order =
            orders.iter().find(|order| order.id == "20261114008712").expect("the order that stands still");
        assert_eq!((order.status.as_str(), order.total.as_str()), ("in_transit", "269.00"));
        assert!(order.product.as_ref().is_some_and(|id| products.iter().any(|product| product.id == *id)));
    }
}
