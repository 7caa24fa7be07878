//! Which fields of a record does evidence tell, under which names, and how does a value read?

use serde_json::{Map, Value};

use crate::record::people::is_personal;
use crate::time::{Now, clock};

/// Names of fields for people; a field without one keeps its own.
const LABELS: &[(&str, &str)] = &[
    ("amount", "金额"),
    ("reduce", "立减"),
    ("threshold", "门槛"),
    ("price", "价格"),
    ("product", "商品编号"),
    ("order", "订单"),
    ("status", "状态"),
    ("status_text", "状态"),
    ("type", "类型"),
    ("cause", "原因"),
    ("applied_at", "申请时间"),
    ("deadline_at", "处理时限"),
    ("expires_at", "到期时间"),
    ("valid_from", "开始时间"),
    ("valid_until", "结束时间"),
    ("valid_text", "有效期"),
    ("produced_at", "生产日期"),
    ("lot", "批号"),
    ("from", "开始时间"),
    ("until", "结束时间"),
    ("urgent", "是否加急"),
    ("shelf_life_days", "保质期（天）"),
    ("ship_within_hours", "发货时效（小时）"),
    ("replenish_days", "补货周期（天）"),
    ("listed_at", "上架时间"),
    ("return_class", "退货类别"),
    ("member_level", "会员等级"),
    ("per_customer", "每人限用次数"),
    ("deposit", "定金"),
    ("balance", "尾款"),
    ("balance_from", "尾款开始时间"),
    ("balance_until", "尾款截止时间"),
    ("ship_by", "最晚发货时间"),
    ("appointment", "预约时间"),
    ("restock_at", "到货时间"),
    ("care_tips", "保养"),
    ("warranty_months", "质保（月）"),
];

/// What values with a fixed meaning are called.
const VALUES: [(&str, &str, &str); 5] = [
    ("return_class", "normal", "普通"),
    ("return_class", "opened_excluded", "拆封后不支持无理由退货"),
    ("return_class", "fresh", "生鲜"),
    ("return_class", "custom", "定制"),
    ("return_class", "digital", "数字商品"),
];

/// The name of a word in a list, or the word itself.
pub(super) fn named<'a>(names: &[(&'a str, &'a str)], word: &'a str) -> &'a str {
    names.iter().find(|(known, _)| *known == word).map_or(word, |(_, name)| name)
}

const MONEY_FIELDS: [&str; 9] =
    ["amount", "reduce", "threshold", "price", "total", "paid_amount", "deposit", "refund_amount", "balance"];

/// Fields that were not told yet, known or not, one line each.
pub(super) fn other_fields(fields: &Map<String, Value>, told: &[&str], now: &Now) -> Vec<String> {
    const BOOKKEEPING: [&str; 6] = ["version", "updated_at", "shop", "channel", "currency", "remarks"];
    let mut lines = Vec::new();
    for (name, value) in fields {
        if told.contains(&name.as_str()) || BOOKKEEPING.contains(&name.as_str()) || is_personal(name) {
            continue;
        }
        // The shop's own words for the state say more than the state's code.
        if name == "status" && fields.get("status_text").is_some_and(Value::is_string) {
            continue;
        }
        let label = LABELS.iter().find(|(field, _)| field == name).map_or(name.as_str(), |(_, label)| label);
        match value {
            Value::Object(inner)
                if matches!(name.as_str(), "attributes" | "values" | "refund" | "presale" | "service") =>
            {
                lines.extend(other_fields(inner, &[], now));
            }
            Value::Array(list) if list.iter().all(Value::is_string) && !list.is_empty() => {
                let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
                lines.push(format!("{label}：{}", words.join("、")));
            }
            value => lines.extend(plain(name, value, now).map(|text| format!("{label}：{text}"))),
        }
    }
    lines
}

pub(super) fn plain(name: &str, value: &Value, now: &Now) -> Option<String> {
    match value {
        Value::Bool(true) => Some("是".into()),
        Value::Bool(false) => Some("否".into()),
        Value::Number(number) if MONEY_FIELDS.contains(&name) => Some(format!("{:.2}元", number.as_f64()?)),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => {
            let time = is_time_field(name).then(|| time_text(text, now)).flatten();
            let said = VALUES.iter().find(|(field, value, _)| *field == name && value == text);
            time.or_else(|| Some((*said?.2).to_owned())).or_else(|| Some(text.clone()))
        }
        _ => None,
    }
}

fn is_time_field(name: &str) -> bool {
    name.ends_with("_at")
        || matches!(
            name,
            "ship_by"
                | "valid_from"
                | "valid_until"
                | "from"
                | "until"
                | "appointment"
                | "balance_from"
                | "balance_until"
        )
}

/// A time as evidence tells it: shop time to the minute; a bare date stays one.
pub(super) fn time_text(text: &str, now: &Now) -> Option<String> {
    if text.trim().len() <= 10 {
        return now.parse(text).map(|_| text.trim().to_owned());
    }
    let moment = now.at(now.parse(text)?);
    Some(format!("{} {}", moment.strftime("%Y-%m-%d"), clock(&moment)))
}
