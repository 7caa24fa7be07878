//! How tall and how heavy is who will wear it, by the customer's own words, and which size does the chart give?

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use crate::calculation::{Advice, Measures, advise};

static KILOGRAMS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d{1,3}(?:\.\d)?)\s*(?:公斤|千克|kg|KG|Kg)"));
/// 斤 is half a kilogram.
static JIN: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d{1,3}(?:\.\d)?)\s*斤"));
static CENTIMETRES: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d{2,3}(?:\.\d)?)\s*(?:cm|CM|厘米|公分)"));
static HEIGHT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?:身高|个子|高)\s*(?:是|有|大概|差不多|约)?\s*(\d{2,3})"));
/// 1米18, 1.65米, 一米六.
static METRES: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"([一1])\s*米\s*(\d{1,2}|[一二三四五六七八九][一二三四五六七八九]?)|1\.(\d{1,2})\s*(?:米|m)")
});
/// "118 26公斤", "165 110斤": a bare number before a weight is a height.
static BEFORE_WEIGHT: LazyLock<Regex> = LazyLock::new(|| {
    pattern(
        r"(?:^|[^\d.])(\d{2,3})(?:cm|厘米|公分)?[\s,，、/和]{1,2}(?:体重|重)?\s*\d{1,3}(?:\.\d)?\s*(?:公斤|千克|kg|KG|斤)",
    )
});
static MONTHS: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d{1,2})\s*个月(?:大|的|了)?"));

fn pattern(source: &str) -> Regex {
    Regex::new(source).expect("a fixed expression")
}

/// Heights that people have, in centimetres, and weights, in kilograms; other numbers are something else.
const HEIGHTS: std::ops::RangeInclusive<f64> = 40.0..=220.0;
const WEIGHTS: std::ops::RangeInclusive<f64> = 1.5..=200.0;

/// The measures that texts name; the earlier text counts before a later one in the list.
pub(super) fn measures_of(texts: &[&str]) -> Measures {
    let first = |read: fn(&str) -> Option<f64>| texts.iter().find_map(|text| read(text));
    Measures { height: first(height), weight: first(weight), months: first(months) }
}

fn number(expression: &Regex, text: &str) -> Option<f64> {
    expression.captures(text)?.get(1)?.as_str().parse().ok()
}

fn weight(text: &str) -> Option<f64> {
    let kilograms = number(&KILOGRAMS, text).or_else(|| number(&JIN, text).map(|jin| jin / 2.0));
    kilograms.filter(|kilograms| WEIGHTS.contains(kilograms))
}

fn height(text: &str) -> Option<f64> {
    let possible = |height: &f64| HEIGHTS.contains(height);
    let mut written = [&CENTIMETRES, &HEIGHT, &BEFORE_WEIGHT].into_iter();
    written
        .find_map(|expression| number(expression, text).filter(possible))
        .or_else(|| metres(text).filter(possible))
}

fn metres(text: &str) -> Option<f64> {
    let found = METRES.captures(text)?;
    let rest = found.get(2).or_else(|| found.get(3))?.as_str();
    let digits: String = rest
        .chars()
        .map(|sign| {
            "零一二三四五六七八九"
                .chars()
                .position(|digit| digit == sign)
                .map_or(sign.to_string(), |place| place.to_string())
        })
        .collect();
    let tens = if digits.len() == 1 { format!("{digits}0") } else { digits };
    tens.parse::<f64>().ok().map(|rest| 100.0 + rest)
}

fn months(text: &str) -> Option<f64> {
    number(&MONTHS, text).filter(|months| *months <= 36.0)
}

/// Adds `size_advice` to a product with a size chart: the size, the measures, and where they fall into two sizes, which
/// of them decided and where the other size ends; `outside` if the chart has no size for them. Gives the same in plain
/// words, for the product's text.
pub(super) fn lay(fields: &mut Value, texts: &[&str]) -> Option<String> {
    let chart = fields.get("size_chart").cloned()?;
    let measures = measures_of(texts);
    if measures == Measures::default() {
        return None;
    }
    let advice = advise(&chart, measures);
    let laid = advice.as_ref().map_or(json!({ "outside": true }), |advice| as_fields(advice, measures));
    fields.as_object_mut()?.insert("size_advice".into(), laid);
    advice.map(|advice| told(&advice, measures))
}

/// The names of the measures with their units.
const NAMES: [(&str, &str, &str); 3] =
    [("height", "身高", "厘米"), ("weight", "体重", "公斤"), ("months", "月龄", "个月")];

/// "身高118厘米、体重26公斤，建议130码；120码：身高115–124厘米、体重20–25公斤".
fn told(advice: &Advice<'_>, measures: Measures) -> String {
    let asked = [measures.height, measures.weight, measures.months];
    let own: Vec<String> = NAMES
        .iter()
        .zip(asked)
        .filter_map(|((_, name, unit), value)| Some(format!("{name}{}{unit}", plain(value?))))
        .collect();
    let rows = std::iter::once(advice.row).chain(advice.other).map(|row| {
        let ranges: Vec<String> = NAMES
            .iter()
            .filter_map(|(field, name, unit)| {
                let range = row.get(*field)?;
                Some(format!("{name}{}{unit}–{}{unit}", range.get(0)?, range.get(1)?))
            })
            .collect();
        format!("{}码：{}", row.get("size").and_then(Value::as_str).unwrap_or_default(), ranges.join("、"))
    });
    format!("{}，建议{}码；{}", own.join("、"), advice.size(), rows.collect::<Vec<_>>().join("；"))
}

fn as_fields(advice: &Advice<'_>, measures: Measures) -> Value {
    let mut fields = Map::new();
    let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
    put("size", json!(advice.size()));
    put("decided_by", json!(advice.decided_by.0));
    for (name, value) in
        [("height", measures.height), ("weight", measures.weight), ("months", measures.months)]
    {
        if let Some(value) = value {
            put(name, plain(value));
        }
    }
    put_range(&mut put, advice.row, advice.decided_by.0, "");
    if let Some(dimensions) = dimensions(advice.row) {
        put("dimensions", json!(dimensions));
    }
    if let (Some(other), Some((also, _))) = (advice.other, advice.also) {
        put("other_size", other.get("size").cloned().unwrap_or(Value::Null));
        put_range(&mut put, other, also, "other_");
        if let Some(limit) = other.get(advice.decided_by.0).and_then(|range| range.get(1)) {
            put("other_limit", limit.clone());
        }
        if let Some(dimensions) = dimensions(other) {
            put("other_dimensions", json!(dimensions));
        }
    }
    Value::Object(fields)
}

fn put_range(put: &mut impl FnMut(&str, Value), row: &Value, name: &str, prefix: &str) {
    for (field, place) in [("from", 0), ("until", 1)] {
        if let Some(end) = row.get(name).and_then(|range| range.get(place)) {
            put(&format!("{prefix}{field}"), end.clone());
        }
    }
}

/// "衣长 54、袖长 47": what the row says besides for whom it is.
fn dimensions(row: &Value) -> Option<String> {
    let own = row.as_object()?.iter().filter(|(name, value)| *name != "size" && value.is_number());
    let listed: Vec<String> = own.map(|(name, value)| format!("{name} {value}")).collect();
    (!listed.is_empty()).then(|| listed.join("、"))
}

fn plain(number: f64) -> Value {
    #[expect(clippy::cast_possible_truncation, reason = "measures of people")]
    if number.fract() == 0.0 { json!(number as i64) } else { json!(number) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_read_as_customers_write_them() {
        let check = |text: &str, height: Option<f64>, weight: Option<f64>, months: Option<f64>| {
            assert_eq!(measures_of(&[text]), Measures { height, weight, months }, "{text}");
        };
        check("孩子118 26公斤 穿120行吗", Some(118.0), Some(26.0), None);
        check("身高118，体重52斤", Some(118.0), Some(26.0), None);
        check("165 110斤穿啥码", Some(165.0), Some(55.0), None);
        check("1米18 26kg", Some(118.0), Some(26.0), None);
        check("身高一米六穿什么码", Some(160.0), None, None);
        check("我1.72米 65公斤", Some(172.0), Some(65.0), None);
        check("宝宝18个月 11.5公斤", None, Some(11.5), Some(18.0));
        check("120码还有吗", None, None, None);
        check("359太贵了 300行不行", None, None, None);
        check("大概5斤的包裹", None, Some(2.5), None);
    }

    #[test]
    fn the_latest_message_that_names_a_measure_counts() {
        let found = measures_of(&["那30公斤呢", "孩子118 26公斤"]);
        assert_eq!((found.height, found.weight), (Some(118.0), Some(30.0)));
    }
}
