//! Whether a JSON object is a record that may be kept: every known field has the right type and a possible value.

use std::fmt;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::shapes::{COMMON, Rule, SHIPMENT, SPANS, Shape, rules};
use super::validity::read_valid_text;
use super::{Record, RecordKind};
use crate::identity::{CustomerId, IdError};
use crate::policy::Policy;
use crate::time::parse_shop_time;

/// No price is above this; more is a slipped decimal point or nonsense.
const MOST_MONEY: f64 = 1e9;

/// Why a field was refused. The names are part of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultCode {
    /// The line is no JSON object, or not UTF-8.
    InvalidJson,
    /// The whole import is larger than allowed.
    TooLarge,
    /// `kind` names no kind that can be imported.
    UnknownKind,
    /// The field must be there.
    Missing,
    /// The field has another type than it must have.
    WrongType,
    /// The id breaks the rules of ids.
    BadId,
    /// The value cannot be true.
    ImpossibleValue,
    /// A condition, value or slot of a policy does not make sense.
    BadCondition,
}

impl FaultCode {
    /// Its name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidJson => "invalid_json",
            Self::TooLarge => "too_large",
            Self::UnknownKind => "unknown_kind",
            Self::Missing => "missing",
            Self::WrongType => "wrong_type",
            Self::BadId => "bad_id",
            Self::ImpossibleValue => "impossible_value",
            Self::BadCondition => "bad_condition",
        }
    }
}

/// A field that was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldFault {
    /// Where: `items[0].price`; empty if it is the whole object.
    pub field: String,
    /// The stable code.
    pub code: FaultCode,
    /// What is wrong and what is expected.
    pub message: String,
}

impl FieldFault {
    pub(crate) fn new(field: impl Into<String>, code: FaultCode, message: impl Into<String>) -> Self {
        Self { field: field.into(), code, message: message.into() }
    }
}

impl fmt::Display for FieldFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.field.is_empty() {
            return formatter.write_str(&self.message);
        }
        write!(formatter, "`{}`: {}", self.field, self.message)
    }
}

impl std::error::Error for FieldFault {}

impl Record {
    /// Reads one line of an import.
    ///
    /// # Errors
    /// All faults of the line.
    pub fn parse(line: &str) -> Result<Self, Vec<FieldFault>> {
        let value = serde_json::from_str(line).map_err(|error| {
            vec![FieldFault::new("", FaultCode::InvalidJson, format!("this is no JSON object: {error}"))]
        })?;
        Self::from_value(value)
    }

    /// Checks an object that says itself what `kind` it is.
    ///
    /// # Errors
    /// All its faults.
    pub fn from_value(value: Value) -> Result<Self, Vec<FieldFault>> {
        let Value::Object(fields) = value else {
            return Err(vec![FieldFault::new("", FaultCode::WrongType, "a record must be a JSON object")]);
        };
        let kind = read_kind(&fields).map_err(|fault| vec![fault])?;
        checked(kind, fields)
    }

    /// Checks the body of a single call, whose address names the kind and the id.
    ///
    /// A promotion or a price may have a `kind` of its own there (`full_reduction`, `flash`); it is kept as
    /// `promotion_kind` and `price_kind`, because `kind` names the kind of record.
    ///
    /// # Errors
    /// All its faults; an `id` or `kind` in the body that contradicts the address is one.
    pub fn from_body(kind: RecordKind, id: &str, body: Value) -> Result<Self, Vec<FieldFault>> {
        let Value::Object(mut fields) = body else {
            return Err(vec![FieldFault::new("", FaultCode::WrongType, "the body must be a JSON object")]);
        };
        let own_kind = match kind {
            RecordKind::Promotion => Some("promotion_kind"),
            RecordKind::PriceHistory => Some("price_kind"),
            _ => None,
        };
        if fields.get("kind").is_some_and(|named| named.as_str() != Some(kind.as_str())) {
            match (own_kind, fields.shift_remove("kind")) {
                (Some(name), Some(value)) => {
                    fields.insert(name.into(), value);
                }
                _ => {
                    let message = format!("the address says `{kind}`");
                    return Err(vec![FieldFault::new("kind", FaultCode::ImpossibleValue, message)]);
                }
            }
        }
        if fields.get("id").is_some_and(|named| named.as_str() != Some(id)) {
            let message = "the id in the body must be the one of the address";
            return Err(vec![FieldFault::new("id", FaultCode::ImpossibleValue, message)]);
        }
        fields.insert("kind".into(), kind.as_str().into());
        fields.insert("id".into(), id.into());
        checked(kind, fields)
    }

    /// The records this one points to, so that an import can warn of those that do not exist.
    pub fn references(&self) -> Vec<(RecordKind, String)> {
        let mut found = Vec::new();
        let mut add = |kind: RecordKind, value: Option<&Value>| {
            let texts = match value {
                Some(Value::String(text)) => vec![text.clone()],
                Some(Value::Array(list)) => {
                    list.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
                }
                _ => Vec::new(),
            };
            found.extend(texts.into_iter().map(|id| (kind, id)));
        };
        for field in ["product", "products", "exchange_for", "goes_with"] {
            add(RecordKind::Product, self.fields.get(field));
        }
        for item in self.items() {
            add(RecordKind::Product, item.product.map(Value::String).as_ref());
        }
        add(RecordKind::Order, self.fields.get("order"));
        add(RecordKind::Customer, self.fields.get("customer"));
        if self.kind == RecordKind::Coupon {
            add(RecordKind::Promotion, self.fields.get("promotion"));
        }
        found
    }
}

/// Checks the body of a parcel's own call.
///
/// # Errors
/// All its faults.
pub fn check_shipment(body: Value) -> Result<Map<String, Value>, Vec<FieldFault>> {
    let Value::Object(fields) = body else {
        return Err(vec![FieldFault::new("", FaultCode::WrongType, "a shipment must be a JSON object")]);
    };
    let mut faults = Vec::new();
    check_object(SHIPMENT, &fields, "", &mut faults);
    if faults.is_empty() { Ok(fields) } else { Err(faults) }
}

fn read_kind(fields: &Map<String, Value>) -> Result<RecordKind, FieldFault> {
    let names = || {
        let names: Vec<&str> =
            RecordKind::ALL.into_iter().filter(|kind| importable(*kind)).map(RecordKind::as_str).collect();
        names.join(", ")
    };
    match fields.get("kind") {
        None | Some(Value::Null) => {
            Err(FieldFault::new("kind", FaultCode::Missing, format!("must be one of {}", names())))
        }
        Some(Value::String(name)) => {
            RecordKind::parse(name).filter(|kind| importable(*kind)).ok_or_else(|| {
                let message = format!("`{name}` is no kind of record; it must be one of {}", names());
                FieldFault::new("kind", FaultCode::UnknownKind, message)
            })
        }
        Some(_) => Err(FieldFault::new("kind", FaultCode::WrongType, "must be a text")),
    }
}

/// Parcels come inside their orders.
fn importable(kind: RecordKind) -> bool {
    kind != RecordKind::Shipment
}

fn checked(kind: RecordKind, fields: Map<String, Value>) -> Result<Record, Vec<FieldFault>> {
    let mut faults = Vec::new();
    check_object(COMMON, &fields, "", &mut faults);
    check_object(rules(kind), &fields, "", &mut faults);
    check_spans(&fields, "", &mut faults);
    if kind == RecordKind::Promotion {
        check_promotion_end(&fields, &mut faults);
    }
    if kind == RecordKind::Policy && faults.is_empty() {
        faults.extend(Policy::faults(&fields));
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let id = fields.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Record { kind, id, fields })
}

/// A promotion whose end stands only in words that nobody can read would be told for ever.
fn check_promotion_end(fields: &Map<String, Value>, faults: &mut Vec<FieldFault>) {
    let has_end = fields.get("valid_until").is_some_and(|value| !value.is_null());
    if let Some(text) = fields.get("valid_text").and_then(Value::as_str)
        && !has_end
        && read_valid_text(text).is_none()
    {
        let message = format!("`{text}` names no dates that can be read; give valid_from and valid_until");
        faults.push(FieldFault::new("valid_text", FaultCode::ImpossibleValue, message));
    }
}

fn check_object(rules: &[Rule], fields: &Map<String, Value>, path: &str, faults: &mut Vec<FieldFault>) {
    for rule in rules {
        let field = if path.is_empty() { rule.name.to_owned() } else { format!("{path}.{}", rule.name) };
        match fields.get(rule.name) {
            None | Some(Value::Null) => {
                if rule.required {
                    faults.push(FieldFault::new(field, FaultCode::Missing, "must be given"));
                }
            }
            Some(value) => check_value(rule.shape, value, &field, faults),
        }
    }
    if !path.is_empty() {
        check_spans(fields, path, faults);
    }
}

fn check_value(shape: Shape, value: &Value, field: &str, faults: &mut Vec<FieldFault>) {
    if let Shape::List(inner) = shape {
        let Value::Array(list) = value else {
            return faults.push(wrong_type(field, "a list", value));
        };
        for (index, item) in list.iter().enumerate() {
            check_value(*inner, item, &format!("{field}[{index}]"), faults);
        }
        return;
    }
    if let Shape::Object(rules) = shape {
        let Value::Object(fields) = value else {
            return faults.push(wrong_type(field, "an object", value));
        };
        return check_object(rules, fields, field, faults);
    }
    if let Err(fault) = check_plain(shape, value, field) {
        faults.push(fault);
    }
}

fn check_plain(shape: Shape, value: &Value, field: &str) -> Result<(), FieldFault> {
    let impossible = |message: String| Err(FieldFault::new(field, FaultCode::ImpossibleValue, message));
    match shape {
        Shape::Text => text_of(value, field).map(drop),
        Shape::Id => check_id(text_of(value, field)?, field),
        Shape::Flag if value.is_boolean() => Ok(()),
        Shape::Flag => Err(wrong_type(field, "true or false", value)),
        Shape::Free if value.is_object() || value.is_array() || value.is_string() => Ok(()),
        Shape::Free => Err(wrong_type(field, "an object", value)),
        Shape::Version if value.is_string() || value.is_u64() => Ok(()),
        Shape::Version => Err(wrong_type(field, "a whole number or a text", value)),
        Shape::Money => match number_of(value, field)? {
            number if (0.0..=MOST_MONEY).contains(&number) => Ok(()),
            number => impossible(format!("an amount of money must be from 0 to {MOST_MONEY}, not {number}")),
        },
        Shape::Quantity => match number_of(value, field)? {
            number if number > 0.0 && number <= MOST_MONEY => Ok(()),
            number => impossible(format!("must be more than 0, not {number}")),
        },
        Shape::Count => match number_of(value, field)? {
            number if number >= 0.0 && number.fract() == 0.0 => Ok(()),
            number => impossible(format!("must be a whole number, 0 or more, not {number}")),
        },
        Shape::Time => {
            let text = text_of(value, field)?;
            if parse_shop_time(text, &TimeZone::UTC).is_some() {
                return Ok(());
            }
            impossible(format!("`{text}` is no time; write it as 2026-11-20 10:12:00 or with a zone"))
        }
        Shape::OneOf(words) => {
            let text = text_of(value, field)?;
            if words.contains(&text) {
                return Ok(());
            }
            impossible(format!("`{text}` must be one of {}", words.join(", ")))
        }
        Shape::List(_) | Shape::Object(_) => Ok(()),
    }
}

fn check_id(text: &str, field: &str) -> Result<(), FieldFault> {
    CustomerId::new(text)
        .map(drop)
        .map_err(|error: IdError| FieldFault::new(field, FaultCode::BadId, error.to_string()))
}

fn text_of<'a>(value: &'a Value, field: &str) -> Result<&'a str, FieldFault> {
    value.as_str().ok_or_else(|| wrong_type(field, "a text", value))
}

fn number_of(value: &Value, field: &str) -> Result<f64, FieldFault> {
    value.as_f64().ok_or_else(|| wrong_type(field, "a number", value))
}

fn wrong_type(field: &str, expected: &str, value: &Value) -> FieldFault {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    };
    FieldFault::new(field, FaultCode::WrongType, format!("must be {expected}, not {found}"))
}

fn check_spans(fields: &Map<String, Value>, path: &str, faults: &mut Vec<FieldFault>) {
    for (from, until) in SPANS {
        let text = |name: &str| fields.get(name).and_then(Value::as_str);
        let (Some(from_text), Some(until_text)) = (text(from), text(until)) else { continue };
        if is_after(from_text, until_text) {
            let field = if path.is_empty() { (*from).to_owned() } else { format!("{path}.{from}") };
            let message = format!("`{from_text}` is later than {until}, `{until_text}`");
            faults.push(FieldFault::new(field, FaultCode::ImpossibleValue, message));
        }
    }
}

/// Whether one time is surely later than another. If only one of them names its zone, a day of doubt is left.
fn is_after(from: &str, until: &str) -> bool {
    let read = |text: &str| parse_shop_time(text, &TimeZone::UTC);
    let has_zone = |text: &str| text.trim().parse::<Timestamp>().is_ok();
    let (Some(first), Some(last)) = (read(from), read(until)) else { return false };
    let doubt = if has_zone(from) == has_zone(until) { 0 } else { 14 };
    // A bare date as an end means the whole day.
    let day = if until.trim().len() <= 10 { 24 } else { 0 };
    first.duration_since(last) > SignedDuration::from_hours(doubt.max(day))
}
