//! What a shop knows in typed form: products, orders, shipments, knowledge, policies and more.
//!
//! A [`Record`] is one checked JSON object. It keeps every field it came with, known or not, because conditions,
//! wording slots and evidence text all read fields by name; the known ones were checked when it was parsed.

mod amounts;
mod check;
mod derive;
mod evidence;
mod happened;
mod import;
mod people;
mod read;
mod remarks;
mod schema;
mod shapes;
mod title;
mod validity;

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;

pub use check::{FaultCode, FieldFault, check_shipment};
pub use derive::{derived_fields, shipment_records};
pub use evidence::{evidence_text, evidence_title};
pub use happened::{happened_at, moment, newest_first};
pub use import::{LineFault, MAX_IMPORT_BYTES, Place, parse_ndjson, parse_numbered_ndjson};
pub use read::{Item, last_event};
pub use remarks::{Remark, remarks};
pub use schema::schema;
pub use title::{clean_title, shorten_title};
pub use validity::{in_force, validity};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The kinds of record. The names are part of the API.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// Something for sale.
    Product,
    /// A price reduction, gift or activity.
    Promotion,
    /// A customer's own coupon.
    Coupon,
    /// What a price was, and when.
    PriceHistory,
    /// A piece of knowledge: a question with its answer, a manual, a rule in words.
    Knowledge,
    /// A rule that code evaluates.
    Policy,
    /// A customer's order. Private to its customer.
    Order,
    /// A parcel of an order, shown as its own fact. Private to its customer. Never imported by itself.
    Shipment,
    /// A return, refund, exchange, reissue or repair. Private to its customer.
    Aftersale,
    /// A production batch.
    Batch,
    /// A temporary announcement: weather, holidays.
    Notice,
    /// A customer. Never shown as evidence.
    Customer,
}

impl RecordKind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Product,
        Self::Promotion,
        Self::Coupon,
        Self::PriceHistory,
        Self::Knowledge,
        Self::Policy,
        Self::Order,
        Self::Shipment,
        Self::Aftersale,
        Self::Batch,
        Self::Notice,
        Self::Customer,
    ];

    /// Its name in records, ids and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Product => "product",
            Self::Promotion => "promotion",
            Self::Coupon => "coupon",
            Self::PriceHistory => "price_history",
            Self::Knowledge => "knowledge",
            Self::Policy => "policy",
            Self::Order => "order",
            Self::Shipment => "shipment",
            Self::Aftersale => "aftersale",
            Self::Batch => "batch",
            Self::Notice => "notice",
            Self::Customer => "customer",
        }
    }

    /// The kind with a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether only the customer it belongs to may ever see it.
    pub fn is_private(self) -> bool {
        matches!(self, Self::Order | Self::Shipment | Self::Aftersale | Self::Coupon | Self::Customer)
    }
}

impl fmt::Display for RecordKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// One checked record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is.
    pub kind: RecordKind,
    /// Its id within its kind and shop.
    pub id: String,
    /// All its fields, `kind` and `id` included, times and numbers as they came.
    pub fields: Map<String, Value>,
}

impl Record {
    /// What names it within its shop.
    pub fn key(&self) -> (RecordKind, String) {
        (self.kind, self.id.clone())
    }
}
