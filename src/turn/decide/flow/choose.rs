//! Which line of the order and which variant of its product does the customer mean, and which are offered?

use serde_json::Value;

use crate::flows::Answer;
use crate::turn::decide::Situation;
use crate::turn::decide::offer::numbered;
pub use crate::turn::retrieve::says_place;
use crate::turn::types::Choice;

/// At most so many variants are offered; more is no choice but a list.
const MOST_VARIANTS: usize = 5;

/// Words for all lines of an order.
const ALL: [&str; 7] = ["都退", "都换", "全部", "全都", "整单", "both", "all of them"];

/// A variant that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picked {
    /// It is in stock.
    There(Answer),
    /// It is known and not in stock; its name.
    Missing(String),
}

/// The line that is meant: the only one, all of them, or the one of the product that is talked about.
pub fn item(situation: Situation<'_>, variables: &Value) -> Option<Answer> {
    let lines = lines(variables);
    if let [only] = lines.as_slice() {
        return Some(of_line(only));
    }
    let text = situation.reading.text.to_lowercase();
    if lines.len() > 1 && ALL.iter().any(|all| text.contains(all)) {
        let names: Vec<String> = lines.iter().map(|line| name_of(line)).collect();
        return Some(Answer { value: "all".to_owned(), shown: names.join("、") });
    }
    let named: Vec<&&Value> = lines.iter().filter(|line| names(&text, line, &lines)).collect();
    match named.as_slice() {
        [] => {}
        [only] => return Some(of_line(only)),
        _ => return None,
    }
    let facts = situation.facts;
    let product = facts.product().filter(|_| !facts.product_is_guessed)?;
    let line = lines.iter().find(|line| line.get("product") == product.fields.get("id"))?;
    Some(of_line(line))
}

/// Whether a text says two characters of a line's name that stand in no other line's.
fn names(text: &str, line: &Value, lines: &[&Value]) -> bool {
    let name: Vec<char> = name_of(line).to_lowercase().chars().collect();
    name.windows(2).any(|pair| {
        let pair: String = pair.iter().collect();
        let own = pair.chars().all(char::is_alphabetic);
        own && text.contains(&pair)
            && lines.iter().filter(|other| name_of(other).to_lowercase().contains(&pair)).count() == 1
    })
}

/// "2", "第二个".
pub fn item_by_number(variables: &Value, text: &str) -> Option<Answer> {
    let lines = lines(variables);
    let place = (0..lines.len()).find(|place| says_place(text, *place))?;
    lines.get(place).map(|line| of_line(line))
}

/// The lines of the order that were paid for, to choose from.
pub fn items_offered(variables: &Value) -> Vec<Choice> {
    numbered(lines(variables).into_iter().map(name_of))
}

/// The lines of the order that were paid for.
fn lines(variables: &Value) -> Vec<&Value> {
    let all = variables.pointer("/order/items").and_then(Value::as_array).into_iter().flatten();
    all.filter(|item| item.get("gift").and_then(Value::as_bool) != Some(true)).collect()
}

fn name_of(line: &Value) -> String {
    let name = line.get("short_title").or_else(|| line.get("title")).and_then(Value::as_str);
    name.unwrap_or_default().to_owned()
}

fn of_line(line: &Value) -> Answer {
    let product = line.get("product").and_then(Value::as_str).unwrap_or_default();
    Answer { value: product.to_owned(), shown: name_of(line) }
}

/// The variant that a message names, by its words for colour, size and the like. What it leaves open stays as ordered.
pub fn variant(situation: Situation<'_>, variables: &Value) -> Option<Picked> {
    let text = situation.reading.text.to_lowercase();
    let ordered = ordered(variables);
    let named = |sku: &&Value| attributes(sku).iter().any(|(_, value)| says(&text, value));
    let fits = |sku: &&Value| {
        let of = attributes(sku);
        of.iter().all(|(name, value)| {
            let alternatives = all_values(variables, name);
            let said: Vec<&String> = alternatives.iter().filter(|one| says(&text, one)).collect();
            // The longest of those said is meant: "160 宽口" is not "160".
            match said.iter().max_by_key(|one| one.len()) {
                Some(said) => *said == value,
                // What is not said stays as it was ordered; where that is not known either, nobody knows which is meant.
                None => {
                    alternatives.iter().all(|one| one == value)
                        || ordered.iter().any(|(known, kept)| known == name && kept == value)
                }
            }
        })
    };
    let skus = skus(variables);
    let meant = skus.into_iter().filter(named).find(fits)?;
    if is_there(meant) {
        return Some(Picked::There(of_variant(meant)));
    }
    Some(Picked::Missing(variant_name(meant)))
}

/// "2", "第二个", of the variants that were offered.
pub fn variant_by_number(variables: &Value, text: &str) -> Option<Answer> {
    let offered = there(variables);
    let place = (0..offered.len()).find(|place| says_place(text, *place))?;
    offered.get(place).map(|sku| of_variant(sku))
}

/// The variants that are in stock, to choose from.
pub fn variants_offered(variables: &Value) -> Vec<Choice> {
    numbered(there(variables).into_iter().map(variant_name))
}

/// Whether the product has variants at all.
pub fn has_variants(variables: &Value) -> bool {
    skus(variables).len() > 1
}

fn skus(variables: &Value) -> Vec<&Value> {
    variables.pointer("/product/skus").and_then(Value::as_array).into_iter().flatten().collect()
}

/// Those in stock, without the one that was ordered; those that differ from it in one thing only first.
fn there(variables: &Value) -> Vec<&Value> {
    let ordered = ordered(variables);
    let differs = |sku: &&Value| {
        attributes(sku)
            .iter()
            .filter(|(name, value)| ordered.iter().any(|(known, kept)| known == name && kept != value))
            .count()
    };
    let mut there: Vec<&Value> = skus(variables).into_iter().filter(|sku| is_there(sku)).collect();
    there.retain(|sku| ordered.is_empty() || differs(sku) > 0);
    there.sort_by_key(differs);
    there.truncate(MOST_VARIANTS);
    there
}

fn is_there(sku: &Value) -> bool {
    let on_sale = sku.get("status").and_then(Value::as_str).is_none_or(|status| status == "on_sale");
    on_sale && sku.get("stock").and_then(Value::as_i64).is_none_or(|stock| stock > 0)
}

fn attributes(sku: &Value) -> Vec<(String, String)> {
    let all = sku.get("attributes").and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_lowercase()))).collect()
}

/// What the line in question was ordered as; by its variant where the order does not say it itself.
fn ordered(variables: &Value) -> Vec<(String, String)> {
    let Some(item) = variables.get("item") else { return Vec::new() };
    let own = attributes(item);
    let of_variant = || {
        let id = item.get("sku")?;
        skus(variables).into_iter().find(|sku| sku.get("id") == Some(id)).map(attributes)
    };
    if own.is_empty() { of_variant().unwrap_or_default() } else { own }
}

/// The line of the order that a product stands in, with its place among all lines.
pub fn line_of(variables: &Value, product: &str) -> Option<Value> {
    let all = variables.pointer("/order/items").and_then(Value::as_array)?;
    let is_meant = |item: &&Value| item.get("product").and_then(Value::as_str) == Some(product);
    let (place, line) = all.iter().enumerate().find(|(_, item)| is_meant(item))?;
    let mut line = line.clone();
    line["place"] = place.into();
    Some(line)
}

fn all_values(variables: &Value, name: &str) -> Vec<String> {
    let of = skus(variables).into_iter().flat_map(attributes);
    of.filter(|(known, _)| known == name).map(|(_, value)| value).collect()
}

/// Whether a value stands in the text by itself: "20" is not said by "120".
fn says(text: &str, value: &str) -> bool {
    text.match_indices(value).any(|(at, _)| {
        let (before, after) = (text[..at].chars().next_back(), text[at + value.len()..].chars().next());
        let joins = |one: Option<char>, end: Option<char>| {
            one.zip(end).is_some_and(|(one, end)| one.is_ascii_alphanumeric() && end.is_ascii_alphanumeric())
        };
        !joins(before, value.chars().next()) && !joins(after, value.chars().next_back())
    })
}

fn variant_name(sku: &Value) -> String {
    let all = sku.get("attributes").and_then(Value::as_object).into_iter().flatten();
    all.filter_map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ")
}

fn of_variant(sku: &Value) -> Answer {
    let id = sku.get("id").and_then(Value::as_str).unwrap_or_default();
    Answer { value: id.to_owned(), shown: variant_name(sku) }
}
