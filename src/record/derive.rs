//! What code works out from a record's own fields: the state of a parcel, how late an order is, short names.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use super::people::{is_personal, people_of, public_place, without_people};
use super::read::{last_event, text_in};
use super::{Record, RecordKind};
use crate::time::Now;

/// A parcel that moved before but not for so long stands still.
const STALLED_AFTER_HOURS: i64 = 48;

/// The state of a parcel as scenarios name it.
const STATES: [&str; 6] = ["no_pickup", "moving", "stalled", "out_for_delivery", "delivered", "returned"];

/// A record's fields together with those worked out by code, without names, telephones and streets of people.
/// This is what conditions and wording slots read.
pub fn derived_fields(record: &Record, now: &Now) -> Value {
    let mut fields = without_personal_fields(&record.fields);
    if let Some(title) = record.short_title() {
        fields.insert("short_title".into(), title.into());
    }
    match record.kind {
        RecordKind::Order => derive_order(record, now, &mut fields),
        RecordKind::Customer => fields = derive_customer(record),
        RecordKind::Aftersale => {
            fields.insert("overdue".into(), is_past(record.text("deadline_at"), now).into());
            fields.insert("id_tail".into(), tail(&record.id).into());
        }
        RecordKind::Product => {
            if let Some(title) = record.text("title") {
                fields.insert("title".into(), super::clean_title(title).into());
            }
            if let Some(months) = record.fields.get("warranty_months").and_then(Value::as_u64) {
                fields.insert("warranty".into(), warranty(months).into());
            }
            if let Some(total) = stock_of(record) {
                fields.insert("stock".into(), total.into());
            }
        }
        _ => {}
    }
    Value::Object(fields)
}

/// The parcels of an order as records of their own, in the order in which they stand there.
pub fn shipment_records(order: &Record, now: &Now) -> Vec<Record> {
    let known = people_of(order);
    let parcels = order.shipments();
    let several = parcels.len() > 1;
    parcels
        .into_iter()
        .enumerate()
        .map(|(index, parcel)| {
            let mut fields = derive_shipment(parcel, order, &known, now);
            let id = match text_in(parcel, "tracking") {
                Some(tracking) => tracking.to_owned(),
                None => format!("{}-{}", order.id, index + 1),
            };
            fields.insert("kind".into(), RecordKind::Shipment.as_str().into());
            fields.insert("id".into(), id.clone().into());
            fields.insert("order".into(), order.id.clone().into());
            if several {
                fields.insert("number".into(), (index + 1).into());
            }
            if let Some(customer) = order.customer() {
                fields.insert("customer".into(), customer.into());
            }
            Record { kind: RecordKind::Shipment, id, fields }
        })
        .collect()
}

fn derive_order(order: &Record, now: &Now, fields: &mut Map<String, Value>) {
    fields.insert("id_tail".into(), tail(&order.id).into());
    let items = order.items();
    fields.insert("item_count".into(), items.len().into());
    let mut parcels: Vec<Value> = shipment_records(order, now)
        .into_iter()
        .map(|mut record| {
            record.fields.shift_remove("customer");
            Value::Object(record.fields)
        })
        .collect();
    let waits = matches!(order.text("status"), Some("unpaid" | "paid" | "processing"));
    let picked_up = parcels.iter().any(|parcel| parcel["status"] != "no_pickup");
    let overdue = waits && !picked_up && is_past(order.text("ship_by"), now);
    fields.insert("overdue".into(), overdue.into());
    fields.shift_remove("shipments");
    fields.shift_remove("shipment");
    if parcels.len() > 1 {
        fields.insert("shipments".into(), parcels.clone().into());
    }
    if !parcels.is_empty() {
        fields.insert("shipment".into(), parcels.swap_remove(0));
    }
    if let Some(Value::Array(items)) = fields.get_mut("items") {
        for item in items.iter_mut().filter_map(Value::as_object_mut) {
            if let Some(title) = text_in(item, "title").map(str::to_owned) {
                item.insert("title".into(), super::clean_title(&title).into());
                item.insert("short_title".into(), super::shorten_title(&title).into());
            }
        }
    }
}

/// Only what wording may know of a customer.
fn derive_customer(customer: &Record) -> Map<String, Value> {
    let mut fields = Map::new();
    let level =
        customer.fields.get("member_level").or_else(|| customer.fields.get("profile")?.get("member_level"));
    let level = level.or_else(|| customer.fields.get("member"));
    for (name, value) in [
        ("member_level", level),
        ("consent", customer.fields.get("consent")),
        ("tags", customer.fields.get("tags")),
    ] {
        if let Some(value) = value.filter(|value| !value.is_null()) {
            fields.insert(name.into(), value.clone());
        }
    }
    fields
}

fn derive_shipment(
    parcel: &Map<String, Value>,
    order: &Record,
    known: &[String],
    now: &Now,
) -> Map<String, Value> {
    let mut fields = without_personal_fields(parcel);
    if let Some(Value::Array(events)) = fields.get_mut("events") {
        events.iter_mut().filter_map(Value::as_object_mut).for_each(|event| clean_event(event, known));
    }
    let last = last_event(parcel, now);
    let last_at = last
        .and_then(|event| text_in(event, "at"))
        .or_else(|| text_in(parcel, "last_event_at"))
        .and_then(|text| now.parse(text));
    let hours = last_at.map(|at| hours_between(at, now.timestamp()));
    let status = state_of(parcel, order, last, hours);
    fields.insert("status".into(), status.into());
    if let Some(tracking) = text_in(parcel, "tracking") {
        fields.insert("tracking_tail".into(), tail(tracking).into());
    }
    if let (Some(at), Some(hours)) = (last_at, hours) {
        fields.insert("last_event_at".into(), shop_time(at, now).into());
        fields.insert("hours_since_event".into(), hours.into());
    }
    if let Some(event) = last {
        let text = text_in(event, "text").or_else(|| text_in(event, "status"));
        if let Some(text) = text.map(|text| without_people(text, known)).filter(|text| !text.is_empty()) {
            fields.insert("last_event_text".into(), text.into());
        }
        if let Some(place) = text_in(event, "place").and_then(|place| public_place(place, known)) {
            fields.insert("last_event_place".into(), place.into());
        }
        if status == "delivered" && text_in(parcel, "delivered_at").is_none() {
            fields.insert("delivered_at".into(), fields["last_event_at"].clone());
        }
    }
    let late = !matches!(status, "delivered" | "returned") && is_past(text_in(parcel, "expected_at"), now);
    fields.insert("overdue".into(), late.into());
    fields.retain(|_, value| !value.is_null());
    fields
}

fn clean_event(event: &mut Map<String, Value>, known: &[String]) {
    if let Some(text) = text_in(event, "text").map(|text| without_people(text, known)) {
        event.insert("text".into(), text.into());
    }
    match text_in(event, "place").and_then(|place| public_place(place, known)) {
        Some(place) => event.insert("place".into(), place.into()),
        None => event.shift_remove("place"),
    };
}

/// The state of a parcel from what stands in it, the surest sign first.
fn state_of(
    parcel: &Map<String, Value>,
    order: &Record,
    last: Option<&Map<String, Value>>,
    hours: Option<i64>,
) -> &'static str {
    let settled = match named_state(parcel) {
        Some(state) => state,
        None if text_in(parcel, "delivered_at").is_some() => "delivered",
        None => last.map_or("no_pickup", |event| state_of_event(event)),
    };
    // A shop that has not sent the goods cannot have delivered them: the signature was for something else,
    // such as the old machine that was fetched.
    let not_sent = matches!(order.text("status"), Some("unpaid" | "paid" | "processing"));
    let proven = text_in(parcel, "delivered_at").is_some() || named_state(parcel).is_some();
    let state = if settled == "delivered" && not_sent && !proven { "moving" } else { settled };
    let still = hours.is_some_and(|hours| hours >= STALLED_AFTER_HOURS);
    if still && matches!(state, "moving" | "out_for_delivery") { "stalled" } else { state }
}

fn named_state(parcel: &Map<String, Value>) -> Option<&'static str> {
    let name = text_in(parcel, "status")?;
    STATES.into_iter().find(|state| *state == name)
}

/// Signs of a state in the words of carriers; the first that matches decides.
const SIGNS: [(&str, &[&str]); 5] = [
    ("returned", &["退回", "退签", "拒收", "退件", "return"]),
    (
        "no_pickup",
        &[
            "待揽收",
            "等待揽收",
            "已创建",
            "已下单",
            "提交了订单",
            "提交订单",
            "打单",
            "待取件",
            "电子面单",
            "created",
        ],
    ),
    (
        "out_for_delivery",
        &[
            "派送",
            "派件",
            "配送中",
            "正在配送",
            "投递中",
            "待签收",
            "驿站",
            "快递柜",
            "自提柜",
            "out for delivery",
        ],
    ),
    ("delivered", &["签收", "妥投", "代收", "已送达", "已取出", "完成配送", "delivered"]),
    (
        "moving",
        &["揽收", "揽件", "运输", "到达", "离开", "发往", "中转", "装车", "分拣", "出库", "入库", "发出"],
    ),
];

fn state_of_event(event: &Map<String, Value>) -> &'static str {
    // The carrier's own status word is surer than the sentence beside it, which may speak of what comes next.
    for field in ["status", "text"] {
        let Some(words) = text_in(event, field) else { continue };
        let words = words.to_lowercase();
        if field == "status" && words.contains("签收") && !words.contains("待签收") {
            return "delivered";
        }
        for (state, signs) in SIGNS {
            if signs.iter().any(|sign| words.contains(sign)) {
                return state;
            }
        }
    }
    "moving"
}

fn without_personal_fields(fields: &Map<String, Value>) -> Map<String, Value> {
    let mut kept = Map::new();
    for (name, value) in fields {
        if is_personal(name) || (name == "invoice" && !value.is_object()) {
            continue;
        }
        let value = match value {
            Value::Object(inner) => {
                let mut inner = without_personal_fields(inner);
                if name == "invoice" {
                    inner.shift_remove("title");
                }
                Value::Object(inner)
            }
            other => other.clone(),
        };
        kept.insert(name.clone(), value);
    }
    kept
}

/// How long a warranty is, as people say it: whole years in years.
fn warranty(months: u64) -> String {
    if months > 12 && months.is_multiple_of(12) {
        format!("{} 年", months / 12)
    } else {
        format!("{months} 个月")
    }
}

fn stock_of(product: &Record) -> Option<u64> {
    if let Some(stock) = product.fields.get("stock").and_then(Value::as_u64) {
        return Some(stock);
    }
    let skus = product.fields.get("skus")?.as_array()?;
    let counts: Vec<u64> = skus.iter().filter_map(|sku| sku.get("stock").and_then(Value::as_u64)).collect();
    (!counts.is_empty()).then(|| counts.iter().sum())
}

fn tail(id: &str) -> String {
    let characters: Vec<char> = id.chars().collect();
    characters[characters.len().saturating_sub(4)..].iter().collect()
}

fn is_past(time: Option<&str>, now: &Now) -> bool {
    time.and_then(|text| now.has_passed(text)).unwrap_or(false)
}

fn hours_between(from: Timestamp, to: Timestamp) -> i64 {
    to.duration_since(from).max(SignedDuration::ZERO).as_hours()
}

fn shop_time(moment: Timestamp, now: &Now) -> String {
    now.at(moment).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
