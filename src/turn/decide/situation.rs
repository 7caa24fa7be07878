//! What does the customer need it for? Comfort names it, in the customer's own words: "周日出院要穿".

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::Situation;
use super::episodes::Placed;
use crate::turn::types::{EmotionFlag, EmotionLabel};

/// Longer than this is a story, not a need, in characters.
const LONGEST: usize = 16;

/// A day, and what happens on it.
static NEED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?:今天|今晚|明天|明早|明晚|后天|大后天|这?周[一二三四五六日天末]|下周[一二三四五六日天]?|星期[一二三四五六日天]|礼拜[一二三四五六日天]|\d{1,2}月\d{1,2}[日号]|\d{1,2}号)",
        r"[\p{Han}]{0,6}?",
        r"(?:(?:生日|满月|百天|周岁|出院|住院|手术|预产期|开学|上学|入园|考试|比赛|演出|结婚|婚礼|出差|出国|旅[行游]|搬家)(?:[\p{Han}]{0,2}?要?(?:用|穿|吃|喝|戴|带走|盖|送人))?",
        r"|要(?:用|穿|吃|喝|戴|带走|盖|送人)|(?:急|等)着?(?:用|穿))",
    ))
    .expect("a fixed expression")
});

/// What the customer needs it for and when, as they say it; `None` if the message names no such thing.
pub fn need_of(text: &str) -> Option<String> {
    let found = NEED.find(text)?;
    // A question whether it can be used on a day is no need for it.
    let before: String = text[..found.start()].chars().rev().take(3).collect();
    if before.contains('能') || text[found.end()..].starts_with(['吗', '么', '?']) {
        return None;
    }
    let need = found.as_str().trim_end_matches(['的', '了', '呢', '呀', '啊']);
    (need.chars().count() <= LONGEST).then(|| need.to_owned())
}

/// Adds what wording and conditions may know of the customer's situation: `conversation.need`, `conversation.urgent`,
/// `conversation.contacts`, `conversation.in_matter`, and `product.ordered`, the variant that was ordered with what is in stock of it.
pub fn with_situation(mut variables: Value, situation: Situation<'_>, placed: &Placed) -> Value {
    let emotion = &situation.reading.emotion;
    let urgent = placed.names_need
        || emotion.label == EmotionLabel::Urgent
        || emotion.flags.contains(&EmotionFlag::Urgent);
    variables["conversation"]["urgent"] = json!(urgent);
    variables["conversation"]["contacts"] = json!(placed.episode.contacts);
    // A matter that is talked about already: pictures belong to it, and nobody need be asked what they are for.
    let goes_on = situation.input.memory.episode().is_some_and(|episode| !episode.question.is_empty());
    variables["conversation"]["in_matter"] = json!(goes_on);
    if let Some(need) = &placed.episode.need {
        variables["conversation"]["need"] = json!(need);
    }
    if let Some(ordered) = ordered_variant(&variables) {
        variables["product"]["ordered"] = ordered;
    }
    variables
}

/// The variant of the product that stands in the order: its name ("浅驼 90") and its stock.
fn ordered_variant(variables: &Value) -> Option<Value> {
    let product = variables.get("product")?;
    let mut items = variables.get("order")?.get("items")?.as_array()?.iter();
    let wanted = items.find_map(|item| {
        let of_product = item.get("product")? == product.get("id")?;
        of_product.then(|| item.get("sku")).flatten()?.as_str()
    })?;
    let mut variants = product.get("skus")?.as_array()?.iter();
    let variant = variants.find(|variant| variant.get("id").and_then(Value::as_str) == Some(wanted))?;
    let names = variant.get("attributes")?.as_object()?.values().filter_map(Value::as_str);
    Some(json!({ "name": names.collect::<Vec<_>>().join(" "), "stock": variant.get("stock")? }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_is_a_day_with_what_happens_on_it() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(need_of(text).as_deref(), expected, "{text}");
        };
        check("我娃周日出院要穿的!你们能不能靠点谱", Some("周日出院要穿"));
        check("补发 快点 明天孩子生日要用", Some("明天孩子生日要用"));
        check("我后天出差,今天能发吗", Some("后天出差"));
        check("明天能到吗", None);
        check("周日送货吗", None);
        check("什么时候能到", None);
        check("今天怎么还没到", None);
        check("明天能用吗", None);
    }

    #[test]
    fn the_ordered_variant_is_found_in_the_product() {
        let variables = json!({
            "order": { "items": [{ "product": "P", "sku": "P-90" }] },
            "product": { "id": "P", "skus": [
                { "id": "P-80", "attributes": { "颜色": "浅驼", "尺码": "80" }, "stock": 1 },
                { "id": "P-90", "attributes": { "颜色": "浅驼", "尺码": "90" }, "stock": 6 },
            ]},
        });
        assert_eq!(ordered_variant(&variables), Some(json!({ "name": "浅驼 90", "stock": 6 })));
        assert_eq!(ordered_variant(&json!({ "order": {}, "product": {} })), None);
    }
}
