//! How a product reads as evidence: its typed fields first, then what its description says without other prices.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::fields::other_fields;
use crate::record::amounts::amounts;
use crate::record::read::text_in;
use crate::record::{Record, clean_title};
use crate::time::Now;

pub(super) fn product_text(product: &Record, now: &Now) -> String {
    let mut lines = Vec::new();
    if let Some(title) = product.text("title") {
        lines.push(format!("商品：{}", clean_title(title)));
    }
    if let Some(price) = product.money("price") {
        lines.push(format!("价格：{price:.2}元"));
    }
    if let Some(name) = product.text("status").and_then(|status| {
        [("on_sale", "在售"), ("off_sale", "已下架"), ("presale", "预售"), ("sold_out", "已售罄")]
            .into_iter()
            .find(|(state, _)| *state == status)
    }) {
        lines.push(format!("状态：{}", name.1));
    }
    lines.extend(product.fields.get("stock").and_then(Value::as_u64).map(|stock| format!("库存：{stock}件")));
    lines.extend(sku_lines(product));
    lines.extend(size_lines(product));
    lines.extend(life_stage(product));
    for (title, text) in gifts(product) {
        lines.push(format!(
            "赠品：{title}{}",
            text.map(|text| format!("（{}）", text.trim_end_matches('。'))).unwrap_or_default()
        ));
    }
    let told = [
        "kind",
        "id",
        "title",
        "short_title",
        "price",
        "currency",
        "status",
        "stock",
        "description",
        "skus",
        "size_chart",
        "life_stage",
        "gifts",
        "exchange_for",
        "goes_with",
        "recommend",
    ];
    lines.extend(other_fields(&product.fields, &told, now));
    let prices = prices_of(product);
    let description: String = product
        .text("description")
        .map(|text| {
            sentences(text).into_iter().filter(|sentence| !names_other_money(sentence, &prices)).collect()
        })
        .unwrap_or_default();
    if !description.trim().is_empty() {
        lines.push(description.trim().to_owned());
    }
    lines.join("\n")
}

fn prices_of(product: &Record) -> Vec<f64> {
    let skus = product.fields.get("skus").and_then(Value::as_array);
    let skus = skus.into_iter().flatten().filter_map(|sku| sku.get("price").and_then(Value::as_f64));
    product.money("price").into_iter().chain(skus).collect()
}

fn sku_lines(product: &Record) -> Vec<String> {
    let Some(Value::Array(skus)) = product.fields.get("skus") else { return Vec::new() };
    skus.iter()
        .filter_map(Value::as_object)
        .map(|sku| {
            let name = match sku.get("attributes") {
                Some(Value::Object(attributes)) => {
                    attributes.values().filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
                }
                _ => text_in(sku, "id").unwrap_or_default().to_owned(),
            };
            let mut line = format!("规格{name}：");
            let price = sku.get("price").and_then(Value::as_f64).map(|price| format!("{price:.2}元"));
            let stock = sku.get("stock").and_then(Value::as_u64).map(|stock| match stock {
                0 => "无货".to_owned(),
                stock => format!("库存{stock}件"),
            });
            line.push_str(&price.into_iter().chain(stock).collect::<Vec<_>>().join("，"));
            line
        })
        .collect()
}

/// The size chart, one line a size: "尺码90：身高85-95，体重12-15（单位cm/kg）".
fn size_lines(product: &Record) -> Vec<String> {
    let Some(chart) = product.fields.get("size_chart").and_then(Value::as_object) else { return Vec::new() };
    let unit = text_in(chart, "unit").map_or_else(String::new, |unit| format!("（单位{unit}）"));
    let rows = chart.get("rows").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object);
    let line = |row: &Map<String, Value>| {
        let size = row.get("size").and_then(said)?;
        let measures: Vec<String> = row
            .iter()
            .filter(|(name, _)| *name != "size")
            .filter_map(|(name, value)| Some(format!("{}{}", measure(name), said(value)?)))
            .collect();
        (!measures.is_empty()).then(|| format!("尺码{size}：{}{unit}", measures.join("，")))
    };
    let rule = text_in(chart, "rule").map(|rule| format!("选码：{rule}"));
    rows.filter_map(line).chain(rule).collect()
}

/// What a column of a size chart is called; shops that name it in Chinese keep their name.
fn measure(name: &str) -> &str {
    const MEASURES: [(&str, &str); 10] = [
        ("height", "身高"),
        ("weight", "体重"),
        ("chest", "胸围"),
        ("bust", "胸围"),
        ("waist", "腰围"),
        ("hip", "臀围"),
        ("foot_length", "脚长"),
        ("length", "衣长"),
        ("sleeve", "袖长"),
        ("age_months", "月龄"),
    ];
    MEASURES.iter().find(|(known, _)| *known == name).map_or(name, |(_, shown)| shown)
}

/// A text, a number, or a range of two.
fn said(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(ends) => match ends.as_slice() {
            [from, to] => Some(format!("{}-{}", said(from)?, said(to)?)),
            _ => None,
        },
        _ => None,
    }
}

/// For which months of a child's life it is.
fn life_stage(product: &Record) -> Option<String> {
    let stage = product.fields.get("life_stage")?.as_object()?;
    let month = |field: &str| stage.get(field).and_then(Value::as_u64);
    match (month("from_month"), month("to_month")) {
        (Some(from), Some(to)) => Some(format!("适用月龄：{from}-{to}个月")),
        (Some(from), None) => Some(format!("适用月龄：{from}个月以上")),
        (None, Some(to)) => Some(format!("适用月龄：{to}个月以内")),
        (None, None) => None,
    }
}

fn gifts(product: &Record) -> Vec<(&str, Option<&str>)> {
    let Some(Value::Array(gifts)) = product.fields.get("gifts") else { return Vec::new() };
    gifts
        .iter()
        .filter_map(Value::as_object)
        .filter_map(|gift| Some((text_in(gift, "title")?, text_in(gift, "text"))))
        .collect()
}

/// Sentences with their stops.
fn sentences(text: &str) -> Vec<&str> {
    text.split_inclusive(['。', '！', '？', '；', '\n', '!', '?', ';']).collect()
}

/// Discounts told in percent or tenths, and 千/万 amounts.
static DISCOUNT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:补贴?|减|省|优惠|返|降|券)[^，。；]{0,8}\d+(?:\.\d+)?\s*[%％]|\d+(?:\.\d+)?\s*[%％][^，。；]{0,8}(?:补贴?|减免|优惠|折扣|返)|\d+(?:\.\d+)?折|[一二三四五六七八九两几]+[百千万]+(?:多|余)?元")
        .expect("the expression is a constant")
});

/// Whether a sentence tells money that is none of the product's own prices, or a discount.
fn names_other_money(sentence: &str, prices: &[f64]) -> bool {
    if DISCOUNT.is_match(sentence) {
        return true;
    }
    amounts(sentence).into_iter().any(|amount| {
        amount.value.is_none_or(|value| !prices.iter().any(|price| (price - value).abs() < 0.005))
    })
}
