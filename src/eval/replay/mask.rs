//! What must not leave the data folder with a past conversation: numbers of people and orders, names, streets.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::record::Record;
use crate::turn::understand::private::mask_past;

/// Numbers of orders and parcels; what is shorter is a price, a size or a time.
static LONG_NUMBER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[A-Za-z]{0,4}\d{9,}").expect("a fixed expression"));

/// The shortest name that is masked wherever it stands; a single character would tear up words.
const SHORTEST_NAME: usize = 2;

/// Masks the texts of one conversation.
#[derive(Debug, Clone, Default)]
pub struct Masks {
    chinese: bool,
    /// Names and streets of the customer's records, the longest first.
    names: Vec<String>,
}

impl Masks {
    /// Masks for a customer with these records.
    pub fn new(chinese: bool, records: &[Record]) -> Self {
        let mut names = Vec::new();
        for record in records {
            let fields = &record.fields;
            names.extend(text(fields.get("name")).filter(|_| record.kind.as_str() == "customer"));
            let address = fields.get("address");
            names.extend(["name", "street"].into_iter().filter_map(|field| text(address?.get(field))));
        }
        names.retain(|name| name.chars().count() >= SHORTEST_NAME);
        names.sort_by_key(|name| std::cmp::Reverse(name.chars().count()));
        names.dedup();
        Self { chinese, names }
    }

    /// A text without private data of people. Numbers of orders stay: they are what the message is about.
    pub fn people(&self, text: &str) -> String {
        let name = if self.chinese { "[姓名]" } else { "[name]" };
        let unnamed = self.names.iter().fold(text.to_owned(), |text, known| text.replace(known, name));
        mask_past(&unnamed, self.chinese)
    }

    /// A text that may be shown elsewhere: without numbers of orders and parcels too.
    pub fn everything(&self, text: &str) -> String {
        let number = if self.chinese { "[单号]" } else { "[number]" };
        LONG_NUMBER.replace_all(&self.people(text), number).into_owned()
    }
}

fn text(value: Option<&Value>) -> Option<String> {
    value.and_then(Value::as_str).map(|text| text.trim().to_owned())
}

/// An id that says nothing and is the same wherever the same one stood.
pub fn pseudonym(prefix: &str, id: &str) -> String {
    let hash = Sha256::digest(id.as_bytes());
    let hex: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{prefix}{hex}")
}
