//! How does an order go on in the shop? It is paid, sent, and arrives: each step changes the record and is an event.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::record::Record;
use crate::time::Now;

/// A day passes from one step to the time that is told for the next.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Leads an order on by one step: the order as it stands then, and what happened. None if it is at its end, or at a point
/// from which something else leads on, as a parcel that comes back.
pub fn lead_on(order: &mut Record, now: &Now) -> Option<(Value, Value)> {
    let at = shown(now, SignedDuration::ZERO);
    let kind = match order.text("status")? {
        "unpaid" => {
            let total = order.money("total")?;
            set(order, "paid", "待发货", &[("paid_amount", json!(total)), ("paid_at", json!(at))]);
            order.fields.insert("ship_by".to_owned(), json!(shown(now, A_DAY)));
            "order_paid"
        }
        "paid" | "processing" => {
            let parcel = json!({
                "carrier": "中通", "tracking": tracking(&order.id), "expected_at": shown(now, A_DAY),
                "events": [{ "at": at, "status": "已揽收", "place": "杭州余杭", "text": "杭州余杭营业部已揽收" }],
            });
            order.fields.remove("shipments");
            set(order, "in_transit", "运输中", &[("shipment", parcel)]);
            "order_shipped"
        }
        "shipped" | "in_transit" | "arrived" => {
            let mut parcel = order.fields.get("shipment")?.clone();
            let arrival =
                json!({ "at": at, "status": "已签收", "place": "收货地址", "text": "已签收，签收人：本人" });
            parcel["delivered_at"] = json!(at);
            parcel["events"].as_array_mut()?.push(arrival);
            set(order, "delivered", "已签收", &[("shipment", parcel)]);
            "order_delivered"
        }
        _ => return None,
    };
    let event = json!({
        "id": format!("{kind} {}", order.id), "type": kind, "customer": order.text("customer"), "order": order.id, "at": at,
    });
    Some((record_of(order), event))
}

fn set(order: &mut Record, status: &str, text: &str, fields: &[(&str, Value)]) {
    order.fields.insert("status".to_owned(), status.into());
    order.fields.insert("status_text".to_owned(), text.into());
    for (name, value) in fields {
        order.fields.insert((*name).to_owned(), value.clone());
    }
}

/// A tracking number that nobody else has: it is the order's own, in the form of the carrier.
fn tracking(order: &str) -> String {
    let digits: String = order.chars().filter(char::is_ascii_digit).collect();
    format!("78{digits:0>12}").chars().take(14).collect()
}

fn record_of(order: &Record) -> Value {
    let mut fields = order.fields.clone();
    fields.insert("kind".to_owned(), "order".into());
    fields.insert("id".to_owned(), order.id.as_str().into());
    Value::Object(fields)
}

fn shown(now: &Now, later: SignedDuration) -> String {
    let moment = now.timestamp().checked_add(later).unwrap_or(now.timestamp());
    now.at(moment).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
