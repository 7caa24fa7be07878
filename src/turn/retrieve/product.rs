//! Which product is meant by the words of a message, and which of its variants.

use serde_json::Value;

use super::RetrieveError;
use crate::knowledge::{Among, Hit, Knowledge, Question};
use crate::record::{Record, RecordKind};
use crate::turn::understand::normalise::is_cjk;

/// A product must share this much with the question to be meant by it.
const MEANT: f32 = 0.3;
/// The next best product must rank this much lower; otherwise the words name a kind of product, not one product.
const AHEAD: f32 = 0.9;

/// The product whose name the message uses, without naming it as a whole: "羽绒服130藏蓝还有货吗". The words that
/// matched come with it, because only those of its title count; see [`is_in_title`].
pub(super) fn named_by_words(question: &Question) -> Result<Option<Hit>, RetrieveError> {
    let among = Among { kinds: vec![RecordKind::Product], limit: 2, product: None };
    let hits = question.find_by_words(&among)?;
    let mut hits = hits.into_iter();
    let (Some(first), second) = (hits.next(), hits.next()) else { return Ok(None) };
    let alone = second.is_none_or(|second| second.raw_score <= first.raw_score * AHEAD);
    Ok(Some(first).filter(|first| alone && first.score >= MEANT))
}

/// Whether a word of two characters or more that matched stands in the product's title. Matches in descriptions
/// say what a product is like, not which one is meant.
/// "2 段" is one such word: a number and what it counts, side by side in both.
pub(super) fn is_in_title(hit: &Hit, question: &str, product: &Record, knowledge: &Knowledge) -> bool {
    let title = product.text("title").unwrap_or_default();
    let title =
        knowledge.analyzer().normalise(&format!("{title} {}", product.short_title().unwrap_or_default()));
    let question = knowledge.analyzer().normalise(question);
    let counted = |number: &String| {
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let mut units = hit.why.iter().filter(|unit| unit.chars().all(is_cjk));
        is_number && units.any(|unit| [&title, &question].iter().all(|text| says_count(text, number, unit)))
    };
    let named = |word: &String| word.chars().count() >= 2 && title.contains(word.as_str());
    hit.why.iter().any(|word| named(word) || counted(word))
}

/// Whether a text has a number with its unit, and not as the end of a longer number.
fn says_count(text: &str, number: &str, unit: &str) -> bool {
    text.match_indices(number).any(|(at, _)| {
        let longer = text[..at].ends_with(|before: char| before.is_ascii_digit() || before == '.');
        !longer && text[at + number.len()..].trim_start().starts_with(unit)
    })
}

/// Lays the variant that the text names over the product's fields, so that price, stock and restock date are those
/// of the variant that was asked about. Without a variant that is meant alone, the fields stay as they are. Whether one was.
pub(super) fn with_variant(fields: &mut Value, text: &str) -> bool {
    let Some(variant) = variant_named(fields, &text.to_lowercase()) else { return false };
    let Some(fields) = fields.as_object_mut() else { return false };
    let name = variant_name(&variant);
    if let Some(title) = fields.get("short_title").and_then(Value::as_str) {
        let title =
            if title.is_ascii() { format!("{title} ({name})") } else { format!("{title}（{name}）") };
        fields.insert("short_title".into(), title.into());
    }
    for field in ["price", "stock", "restock_at"] {
        match variant.get(field) {
            Some(value) => fields.insert(field.into(), value.clone()),
            None => fields.remove(field),
        };
    }
    fields.insert("variant".into(), name.into());
    true
}

/// The variant of which the text names the most attributes, if there is only one such.
fn variant_named(fields: &Value, text: &str) -> Option<Value> {
    let variants = fields.get("skus")?.as_array()?;
    let named = |variant: &Value| attributes(variant).filter(|value| says(text, value)).count();
    let most = variants.iter().map(named).max().filter(|most| *most > 0)?;
    let mut best = variants.iter().filter(|variant| named(variant) == most);
    match (best.next(), best.next()) {
        (Some(variant), None) => Some(variant.clone()),
        _ => None,
    }
}

/// Whether a text names a value; letters and digits only as a whole, because "xl" stands in "xxl" too.
fn says(text: &str, value: &str) -> bool {
    text.match_indices(value).any(|(at, _)| {
        let whole = |first: Option<char>, second: Option<char>| {
            let alike = |one: char| one.is_ascii_alphanumeric();
            !(first.is_some_and(alike) && second.is_some_and(alike))
        };
        let after = &text[at + value.len()..];
        whole(text[..at].chars().next_back(), value.chars().next())
            && whole(value.chars().next_back(), after.chars().next())
    })
}

fn attributes(variant: &Value) -> impl Iterator<Item = String> + '_ {
    let values =
        variant.get("attributes").and_then(Value::as_object).into_iter().flat_map(|map| map.values());
    values.filter_map(|value| match value {
        Value::String(text) => Some(text.to_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

/// "藏蓝 130".
fn variant_name(variant: &Value) -> String {
    attributes(variant).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn jacket() -> Value {
        json!({
            "short_title": "轻暖羽绒服", "price": 359.0, "stock": 24,
            "skus": [
                {"attributes": {"颜色": "藏蓝", "尺码": "120"}, "price": 359.0, "stock": 3},
                {"attributes": {"颜色": "藏蓝", "尺码": "130"}, "price": 369.0, "stock": 21},
                {"attributes": {"颜色": "雾粉", "尺码": "130"}, "price": 359.0, "stock": 0, "restock_at": "2026-11-26 18:00"},
            ],
        })
    }

    #[test]
    fn a_variant_is_chosen_only_if_one_alone_is_meant() {
        let check = |text: &str, stock: u64, title: &str| {
            let mut fields = jacket();
            with_variant(&mut fields, text);
            assert_eq!(
                (fields["stock"].as_u64(), fields["short_title"].as_str()),
                (Some(stock), Some(title)),
                "{text}"
            );
        };
        check("藏蓝130还有吗", 21, "轻暖羽绒服（藏蓝 130）");
        check("120的有货吗", 3, "轻暖羽绒服（藏蓝 120）");
        check("雾粉还有吗", 0, "轻暖羽绒服（雾粉 130）");
        check("130的有货吗", 24, "轻暖羽绒服");
        check("有货吗", 24, "轻暖羽绒服");
    }

    #[test]
    fn letters_and_digits_name_a_value_as_a_whole() {
        let check =
            |text: &str, value: &str, expected: bool| assert_eq!(says(text, value), expected, "{text}");
        check("拉拉裤xxl什么时候来货", "xxl", true);
        check("拉拉裤xxl什么时候来货", "xl", false);
        check("要2130的", "130", false);
        check("藏蓝130有吗", "130", true);
    }

    #[test]
    fn a_number_counts_with_its_unit_and_as_a_whole() {
        let check = |text: &str, expected: bool| assert_eq!(says_count(text, "2", "段"), expected, "{text}");
        check("启安 2 段奶粉 800g", true);
        check("2段多少钱", true);
        check("12段", false);
        check("1.2段", false);
        check("2罐3段", false);
    }

    #[test]
    fn a_variant_that_never_comes_back_has_no_restock_date() {
        let mut fields = jacket();
        fields["restock_at"] = json!("2026-12-01 10:00");
        with_variant(&mut fields, "藏蓝120");
        assert_eq!(fields.get("restock_at"), None);
    }
}
