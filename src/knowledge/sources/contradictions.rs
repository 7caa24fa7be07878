//! What in the sources cannot all be true? The same question with different numbers, a price in a description that is
//! not the price, a promotion without a readable end, policies that lead to different outcomes under the same conditions.
//! These are taken, and told.

use std::collections::HashMap;
use std::sync::LazyLock;

use jiff::{Timestamp, tz::TimeZone};
use regex::Regex;
use serde_json::Value;
use unicode_normalization::UnicodeNormalization;

use super::Origin;
use super::report::Warning;
use crate::policy::Conflicts;
use crate::record::{Record, RecordKind, validity};
use crate::time::Now;

/// A warning quotes so many characters of a text.
const QUOTED: usize = 40;

/// What was seen so far, over all files.
#[derive(Debug, Default)]
pub(super) struct Contradictions {
    questions: HashMap<String, Entry>,
    titles: HashMap<String, (Origin, Option<f64>)>,
    policies: Conflicts,
}

#[derive(Debug)]
struct Entry {
    id: String,
    origin: Origin,
    numbers: Vec<String>,
    product: Option<String>,
}

static NUMBER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\d+(?:\.\d+)?").expect("the expression is a constant"));
static AMOUNT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"¥\s*(\d+(?:,\d{3})*(?:\.\d+)?)|(\d+(?:,\d{3})*(?:\.\d+)?)\s*元")
        .expect("the expression is a constant")
});
/// Amounts behind these words are no prices of the thing.
static NO_PRICE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:满|减|省|送|补|补贴|补偿|券|返|赠|抵|抵扣|运费|邮费|押金|定金|订金|每)[\p{Han}]{0,2}\s*(?:了|后|最高|高达)?$")
        .expect("the expression is a constant")
});

impl Contradictions {
    /// Compares a record with itself and with all before it.
    pub fn look_at(&mut self, record: &Record, origin: &Origin) -> Vec<Warning> {
        let found = match record.kind {
            RecordKind::Knowledge => {
                let mut found = self.questions(record, origin);
                found.extend(unread_validity(record));
                found
            }
            RecordKind::Product => {
                let mut found = prices_in_text(record);
                found.extend(self.titles(record, origin));
                found
            }
            RecordKind::Promotion => endless(record),
            RecordKind::Policy => self.policies.look_at(&record.id, &record.fields),
            _ => Vec::new(),
        };
        let warn = |message| Warning {
            source: origin.file.clone(),
            line: origin.line,
            place: origin.place.clone(),
            message,
        };
        found.into_iter().map(warn).collect()
    }

    fn questions(&mut self, record: &Record, origin: &Origin) -> Vec<String> {
        let numbers = numbers_of(record.text("text").unwrap_or_default());
        let product = record.text("product").map(str::to_owned);
        let mut asked: Vec<&str> = record.texts("questions");
        if asked.is_empty() {
            asked.extend(record.text("title"));
        }
        let mut keys: Vec<(String, &str)> = asked.into_iter().map(|text| (key(text), text)).collect();
        keys.retain(|(key, _)| !key.is_empty());
        keys.sort_unstable();
        keys.dedup_by(|one, other| one.0 == other.0);
        let mut found = Vec::new();
        for (key, question) in keys {
            match self.questions.get(&key) {
                // The same question about two products has two answers.
                Some(other) if other.product == product && other.id != record.id => {
                    let what = if other.numbers == numbers {
                        "is asked twice, in".to_owned()
                    } else {
                        format!(
                            "is answered with {} here and with {} in",
                            listed(&numbers),
                            listed(&other.numbers)
                        )
                    };
                    found.push(format!("the question `{}` {what} {}", quoted(question), other.origin));
                }
                Some(_) => {}
                None => {
                    let (id, origin) = (record.id.clone(), origin.clone());
                    let (numbers, product) = (numbers.clone(), product.clone());
                    self.questions.insert(key, Entry { id, origin, numbers, product });
                }
            }
        }
        found
    }

    fn titles(&mut self, record: &Record, origin: &Origin) -> Option<String> {
        let title = record.text("title")?;
        let price = record.money("price");
        let (first, other) = match self.titles.get(&key(title)) {
            Some(seen) => seen,
            None => {
                self.titles.insert(key(title), (origin.clone(), price));
                return None;
            }
        };
        (*other != price).then(|| {
            format!(
                "`{}` stands in {first} too, with another price: {} and {}",
                quoted(title),
                said(price),
                said(*other)
            )
        })
    }
}

fn said(price: Option<f64>) -> String {
    price.map_or_else(|| "none".to_owned(), |price| price.to_string())
}

/// A question without what does not change it.
fn key(text: &str) -> String {
    let folded: String = text.nfkc().collect::<String>().to_lowercase();
    folded.chars().filter(|character| character.is_alphanumeric()).collect()
}

fn numbers_of(text: &str) -> Vec<String> {
    let folded: String = text.nfkc().collect();
    let mut found: Vec<String> = NUMBER.find_iter(&folded).map(|number| number.as_str().to_owned()).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn listed(numbers: &[String]) -> String {
    if numbers.is_empty() { "no number".to_owned() } else { numbers.join(", ") }
}

fn quoted(text: &str) -> String {
    if text.chars().count() <= QUOTED {
        return text.to_owned();
    }
    text.chars().take(QUOTED).chain(['…']).collect()
}

/// Amounts in title and description that look like the price and are another.
fn prices_in_text(record: &Record) -> Vec<String> {
    let Some(price) = record.money("price") else { return Vec::new() };
    let skus = record.fields.get("skus").and_then(Value::as_array).into_iter().flatten();
    let mut known: Vec<f64> = skus.filter_map(|sku| sku.get("price")?.as_f64()).collect();
    known.push(price);
    let mut found = Vec::new();
    for field in ["title", "description"] {
        let text: String = record.text(field).unwrap_or_default().nfkc().collect();
        for amount in AMOUNT.captures_iter(&text) {
            let Some(whole) = amount.get(0) else { continue };
            let digits = amount.get(1).or_else(|| amount.get(2)).map_or("", |digits| digits.as_str());
            let Ok(value) = digits.replace(',', "").parse::<f64>() else { continue };
            let differs = known.iter().all(|price| (price - value).abs() > 0.005);
            if differs && !NO_PRICE.is_match(&text[..whole.start()]) {
                found.push(format!("the {field} says {}, the price is {price}", whole.as_str()));
            }
        }
    }
    found
}

fn any_time() -> Now {
    Now::new(Timestamp::UNIX_EPOCH, TimeZone::UTC)
}

fn endless(record: &Record) -> Vec<String> {
    match validity(record, &any_time()).1 {
        Some(_) => Vec::new(),
        None => vec!["the promotion has no end that can be read; give valid_until (结束时间)".to_owned()],
    }
}

fn unread_validity(record: &Record) -> Option<String> {
    let text = record.text("valid_text")?;
    let unread = validity(record, &any_time()) == (None, None);
    unread.then(|| {
        format!("the validity `{}` names no dates that can be read; the entry is always told", quoted(text))
    })
}
