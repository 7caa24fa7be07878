//! What may the expressions of a policy name? The fields of every record with their types, those that code works out,
//! and what is known around them.

use std::sync::{Arc, LazyLock};

use super::RecordKind;
use super::shapes::{AROUND, COMMON, ITEM_IN_QUESTION, ORDER_ITEM, Rule, SHIPMENT, Shape, derived, rules};
use crate::pack::condition::{Fields, Schema, Type};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let record = |kind: RecordKind| Type::Fields(Arc::new(fields_of(kind)));
    let list = |kind: RecordKind| Type::list(record(kind));
    let item: Fields = fields(ORDER_ITEM).chain(fields(ITEM_IN_QUESTION)).collect();
    let customer: Fields = [
        ("member_level".to_owned(), Type::Text),
        ("consent".to_owned(), Type::Anything),
        ("tags".to_owned(), Type::list(Type::Text)),
    ]
    .into();
    let around = AROUND
        .iter()
        .map(|(name, rules)| ((*name).to_owned(), Type::Fields(Arc::new(fields(rules).collect()))));
    let named = [
        ("order", record(RecordKind::Order)),
        ("shipment", record(RecordKind::Shipment)),
        ("item", Type::Fields(Arc::new(item))),
        ("product", record(RecordKind::Product)),
        ("customer", Type::Fields(Arc::new(customer))),
        ("aftersale", record(RecordKind::Aftersale)),
        ("promotion", record(RecordKind::Promotion)),
        ("promotions", list(RecordKind::Promotion)),
        ("coupon", record(RecordKind::Coupon)),
        ("coupons", list(RecordKind::Coupon)),
        ("prices", list(RecordKind::PriceHistory)),
        ("batch", record(RecordKind::Batch)),
        ("notice", record(RecordKind::Notice)),
        ("now", Type::Moment),
    ];
    Schema::new(named.into_iter().map(|(name, found)| (name.to_owned(), found)).chain(around))
});

/// The names and types of records, for the expressions of policies.
pub fn schema() -> &'static Schema {
    &SCHEMA
}

fn fields_of(kind: RecordKind) -> Fields {
    let mut all: Fields = match kind {
        RecordKind::Shipment => fields(SHIPMENT).collect(),
        kind => fields(COMMON).chain(fields(rules(kind))).collect(),
    };
    all.extend(fields(derived(kind)));
    if kind == RecordKind::Order {
        let parcel = Type::Fields(Arc::new(fields_of(RecordKind::Shipment)));
        all.insert("shipments".to_owned(), Type::list(parcel.clone()));
        all.insert("shipment".to_owned(), parcel);
        let item = Type::Fields(Arc::new(fields(ORDER_ITEM).chain(fields(ITEM_IN_QUESTION)).collect()));
        all.insert("items".to_owned(), Type::list(item));
    }
    all
}

fn fields(rules: &'static [Rule]) -> impl Iterator<Item = (String, Type)> {
    rules.iter().map(|rule| (rule.name.to_owned(), type_of(rule.shape)))
}

fn type_of(shape: Shape) -> Type {
    match shape {
        Shape::Text | Shape::Id | Shape::OneOf(_) => Type::Text,
        Shape::Money => Type::Money,
        Shape::Quantity | Shape::Count => Type::Number,
        Shape::Flag => Type::Truth,
        Shape::Time => Type::WrittenTime,
        Shape::Version | Shape::Free => Type::Anything,
        Shape::List(inner) => Type::list(type_of(*inner)),
        Shape::Object(rules) => Type::Fields(Arc::new(fields(rules).collect())),
    }
}
