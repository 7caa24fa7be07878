//! Which shop is a conversation held in, and what has changed there by the time somebody writes?

use std::sync::Arc;

use anyhow::Context;
use serde_json::Value;

use crate::config::Config;
use crate::record::{Record, RecordKind};
use crate::turn::Rules;

/// What every conversation is held with.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The shops, the one of the settings first; a conversation that names a language is held in the first shop that
    /// speaks it.
    pub shops: Vec<Shop>,
    /// The settings.
    pub config: Config,
    /// Decides which variant of a wording is said first.
    pub seed: u64,
}

/// One shop that conversations are held in.
#[derive(Debug, Clone)]
pub struct Shop {
    /// The rules in force; kept between conversations, so that what they learned from is learned once.
    pub rules: Arc<Rules>,
    /// Its records, as they stand.
    pub records: Vec<Record>,
}

impl Stage {
    /// The shop for a language; without one, that of the settings.
    ///
    /// # Errors
    /// If no shop speaks the language.
    pub fn shop(&self, language: Option<&str>) -> anyhow::Result<&Shop> {
        let speaks = |shop: &&Shop| language.is_none_or(|language| shop.rules.pack.language == language);
        let named = || format!("there is no shop for the language `{}`", language.unwrap_or_default());
        self.shops.iter().find(speaks).with_context(named)
    }
}

/// A record of which kind and which id a change is about.
pub(super) fn named(change: &Value) -> anyhow::Result<(RecordKind, &str)> {
    let text = |field: &str| change.get(field).and_then(Value::as_str);
    let kind = text("kind").and_then(RecordKind::parse).context("a record names no `kind`")?;
    Ok((kind, text("id").context("a record names no `id`")?))
}

/// The record that comes of laying the fields of a change over what is known: objects field by field, lists and
/// plain values as a whole.
pub(super) fn changed(known: Option<&Record>, change: &Value) -> anyhow::Result<Record> {
    let mut fields = known.map_or(Value::Null, |record| Value::Object(record.fields.clone()));
    lay_over(&mut fields, change);
    Record::from_value(fields).map_err(|faults| anyhow::anyhow!("a record: {faults:?}"))
}

fn lay_over(below: &mut Value, above: &Value) {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            for (field, value) in above {
                lay_over(below.entry(field.clone()).or_insert(Value::Null), value);
            }
        }
        (below, above) => *below = above.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let order = json!({
            "kind": "order", "id": "O-1", "customer": "cus_1", "status": "in_transit", "placed_at": "2026-11-14T21:07:00",
            "items": [{"product": "P-1", "title": "睡袋", "quantity": 1}],
            "shipment": {"carrier": "中通", "tracking": "784", "status": "moving"},
        });
        let known = Record::from_value(order).unwrap();
        let change = json!({"kind": "order", "id": "O-1", "shipment": {"status": "stalled"}});
        assert_eq!(named(&change).unwrap(), (RecordKind::Order, "O-1"));
        let now = changed(Some(&known), &change).unwrap();
        assert_eq!(now.fields["shipment"]["status"], "stalled");
        assert_eq!(now.fields["shipment"]["carrier"], "中通");
        assert_eq!(now.fields["items"], known.fields["items"]);
        assert!(named(&json!({"kind": "order"})).unwrap_err().to_string().contains("`id`"));
        assert!(changed(None, &json!({"kind": "order", "id": "O-2"})).is_err(), "half a record is none");
    }
}
