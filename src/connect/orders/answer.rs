//! What of another system's answer may be used? Records of the kinds that were asked for, whole, and of the very customer
//! that was asked for; everything else is left out and told in the log by its id, never by its content.

use serde_json::Value;

use crate::identity::CustomerId;
use crate::record::{Record, RecordKind};
use crate::telemetry::metrics;

/// A customer has no more than so many orders, cases and coupons worth reading at once.
const MOST_RECORDS: usize = 500;

/// What was asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The customer.
    pub customer: &'a CustomerId,
    /// The kinds of record.
    pub kinds: &'a [RecordKind],
}

/// An answer, as far as it may be used.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Answer {
    /// The records.
    pub records: Vec<Record>,
    /// Kinds of which a record was broken.
    pub broken: Vec<RecordKind>,
}

/// Reads `{"records": [...]}`, each record as an import takes it.
///
/// # Errors
/// With what is wrong, if it is no such object or has too many records.
pub(super) fn read(bytes: &[u8], asked: Asked<'_>) -> Result<Answer, String> {
    let body: Value = serde_json::from_slice(bytes).map_err(|_| "it is no JSON".to_owned())?;
    let Some(records) = body.get("records").and_then(Value::as_array) else {
        return Err("it has no list `records`".to_owned());
    };
    if records.len() > MOST_RECORDS {
        return Err(format!("it has {} records, more than {MOST_RECORDS}", records.len()));
    }
    let mut answer = Answer::default();
    for record in records {
        match usable(record, asked) {
            Ok(record) if answer.records.iter().any(|known| known.key() == record.key()) => {
                dropped(&record.fact_id(), "it stands in the answer twice", "repeated");
            }
            Ok(record) => answer.records.push(record),
            Err(kind) => answer.broken.extend(kind),
        }
    }
    Ok(answer)
}

/// The record, or the kind of one that is broken and would have been of use.
fn usable(value: &Value, asked: Asked<'_>) -> Result<Record, Option<RecordKind>> {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or("?");
    let name = format!("{}:{}", text("kind"), text("id"));
    // Of somebody else's record not even its faults are told.
    if value.get("customer").is_some_and(|owner| owner.as_str() != Some(asked.customer.as_str())) {
        tracing::error!(
            record = %name,
            "the shop's order system gave a record of another customer; it is not used"
        );
        metrics::lookup_dropped("foreign");
        return Err(None);
    }
    let kind = RecordKind::parse(text("kind"));
    let asked_for = kind.filter(|kind| asked.kinds.contains(kind));
    if kind.is_some() && asked_for.is_none() {
        dropped(&name, "its kind was not asked for", "other_kind");
        return Err(None);
    }
    Record::from_value(value.clone()).map_err(|faults| {
        for fault in &faults {
            tracing::warn!(
                record = %name, field = %fault.field, code = fault.code.as_str(),
                "the shop's order system gave a broken record; it is not used"
            );
        }
        metrics::lookup_dropped("broken");
        asked_for
    })
}

fn dropped(name: &str, why: &str, label: &'static str) {
    tracing::warn!(record = %name, why, "a record of the shop's order system is not used");
    metrics::lookup_dropped(label);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read_for(customer: &str, body: &Value) -> Result<Answer, String> {
        let customer = CustomerId::new(customer).unwrap();
        let asked = Asked { customer: &customer, kinds: &[RecordKind::Order, RecordKind::Coupon] };
        read(body.to_string().as_bytes(), asked)
    }

    fn order(id: &str, customer: &str) -> Value {
        json!({"kind": "order", "id": id, "customer": customer, "status": "paid"})
    }

    #[test]
    fn only_whole_records_of_the_asked_customer_and_kinds_are_used() {
        let body = json!({"records": [
            order("1", "a"),
            order("2", "b"),
            {"kind": "order", "id": "3", "customer": "a", "status": "paid", "total": -1},
            {"kind": "order", "id": "4", "status": "paid"},
            {"kind": "product", "id": "p", "title": "睡袋"},
            {"kind": "customer", "id": "a", "name": "某人"},
            {"kind": "aftersale", "id": "s", "customer": "a"},
            {"kind": "spaceship", "id": "x", "customer": "a"},
            {"kind": "order", "id": "5", "customer": 7, "status": "paid"},
            {"kind": "coupon", "id": "c", "customer": "a"},
            order("1", "a"),
            "nonsense",
        ]});
        let answer = read_for("a", &body).unwrap();
        let names: Vec<String> = answer.records.iter().map(Record::fact_id).collect();
        assert_eq!(names, ["order:1", "coupon:c"]);
        assert_eq!(answer.broken, [RecordKind::Order, RecordKind::Order]);
    }

    #[test]
    fn what_is_no_answer_is_refused() {
        let check = |bytes: &[u8], expected: &str| {
            let customer = CustomerId::new("a").unwrap();
            let asked = Asked { customer: &customer, kinds: &[RecordKind::Order] };
            assert!(read(bytes, asked).unwrap_err().contains(expected));
        };
        check(b"<html>", "no JSON");
        check(b"[]", "no list `records`");
        check(b"{\"records\": {}}", "no list `records`");
        check(&[b"[".repeat(10_000), b"]".repeat(10_000)].concat(), "no JSON");
        let many: Vec<Value> = (0..501).map(|number| order(&number.to_string(), "a")).collect();
        assert!(read_for("a", &json!({ "records": many })).unwrap_err().contains("501"));
    }
}
