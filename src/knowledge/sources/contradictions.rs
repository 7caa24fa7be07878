//! What in the sources cannot all be true? The same question with different numbers, the same product with another price,
//! policies that lead to different outcomes under the same conditions, and what is odd about a record by itself. All of it
//! is taken, and told.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use unicode_normalization::UnicodeNormalization;

use super::Origin;
use super::report::Warning;
use crate::policy::Conflicts;
use crate::record::{Record, RecordKind, remarks};

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

impl Contradictions {
    /// Compares a record with itself and with all before it.
    pub fn look_at(&mut self, record: &Record, origin: &Origin) -> Vec<Warning> {
        let mut found: Vec<String> = remarks(record).into_iter().map(|remark| remark.message).collect();
        match record.kind {
            RecordKind::Knowledge => found.extend(self.questions(record, origin)),
            RecordKind::Product => found.extend(self.titles(record, origin)),
            RecordKind::Policy => found.extend(self.policies.look_at(&record.id, &record.fields)),
            _ => {}
        }
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
