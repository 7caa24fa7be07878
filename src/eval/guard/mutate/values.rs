//! Which values stand in a sentence, for somebody who wants to falsify one?
//!
//! This is a reader of its own on purpose: faults that the guard's reader made possible would be invisible to a
//! measurement that asked the guard where the values are.

use std::sync::LazyLock;

use regex::Regex;

use crate::turn::numerals::number_value;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Money,
    Duration,
    Date,
    Time,
    Id,
    /// A measure or a number of things.
    Measure,
    /// A number without a unit.
    Number,
}

/// One value of a text, with its places in bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) sort: Sort,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Where its unit stands, for values that have one of their own.
    pub(super) unit: Option<(usize, usize)>,
    /// What it says, so that two spellings of one value are equal.
    says: Says,
}

#[derive(Debug, Clone, PartialEq)]
enum Says {
    /// An amount in a base unit, in thousandths.
    Amount(i64, &'static str),
    /// Year, month and day as far as they are named.
    Day([Option<u32>; 3]),
    /// A word for a day: 明天, 周三.
    DayWord(String),
    /// Minutes of the day, and whether the half of the day is open.
    Minutes(u32, bool),
    Id(String),
}

/// Units: how they are written, what they are measured in, and how much of it they are.
const UNITS: &[(&str, Sort, &str, f64)] = &[
    ("万元", Sort::Money, "元", 10_000.0),
    ("元", Sort::Money, "元", 1.0),
    ("块钱", Sort::Money, "元", 1.0),
    ("块", Sort::Money, "元", 1.0),
    ("角", Sort::Money, "元", 0.1),
    ("个工作日", Sort::Duration, "工作日", 1.0),
    ("工作日", Sort::Duration, "工作日", 1.0),
    ("个营业小时", Sort::Duration, "营业小时", 1.0),
    ("营业小时", Sort::Duration, "营业小时", 1.0),
    ("个小时", Sort::Duration, "分钟", 60.0),
    ("小时", Sort::Duration, "分钟", 60.0),
    ("分钟", Sort::Duration, "分钟", 1.0),
    ("秒", Sort::Duration, "分钟", 1.0 / 60.0),
    ("天", Sort::Duration, "分钟", 1_440.0),
    ("日内", Sort::Duration, "分钟", 1_440.0),
    ("个星期", Sort::Duration, "分钟", 10_080.0),
    ("周", Sort::Duration, "分钟", 10_080.0),
    ("个月", Sort::Duration, "月", 1.0),
    ("月龄", Sort::Duration, "月", 1.0),
    ("年", Sort::Duration, "月", 12.0),
    ("岁", Sort::Duration, "月", 12.0),
    ("公斤", Sort::Measure, "克", 1_000.0),
    ("千克", Sort::Measure, "克", 1_000.0),
    ("kg", Sort::Measure, "克", 1_000.0),
    ("斤", Sort::Measure, "克", 500.0),
    ("克", Sort::Measure, "克", 1.0),
    ("g", Sort::Measure, "克", 1.0),
    ("毫升", Sort::Measure, "毫升", 1.0),
    ("ml", Sort::Measure, "毫升", 1.0),
    ("升", Sort::Measure, "毫升", 1_000.0),
    ("L", Sort::Measure, "毫升", 1_000.0),
    ("毫米", Sort::Measure, "毫米", 1.0),
    ("mm", Sort::Measure, "毫米", 1.0),
    ("厘米", Sort::Measure, "毫米", 10.0),
    ("cm", Sort::Measure, "毫米", 10.0),
    ("米", Sort::Measure, "毫米", 1_000.0),
    ("℃", Sort::Measure, "度", 1.0),
    ("度", Sort::Measure, "度", 1.0),
    ("分贝", Sort::Measure, "分贝", 1.0),
    ("瓦", Sort::Measure, "瓦", 1.0),
    ("W", Sort::Measure, "瓦", 1.0),
    ("%", Sort::Measure, "百分", 1.0),
    ("折", Sort::Measure, "折", 1.0),
    ("码", Sort::Measure, "码", 1.0),
    ("片", Sort::Measure, "片", 1.0),
    ("包", Sort::Measure, "包", 1.0),
    ("件", Sort::Measure, "件", 1.0),
    ("只", Sort::Measure, "只", 1.0),
    ("盒", Sort::Measure, "盒", 1.0),
    ("箱", Sort::Measure, "箱", 1.0),
    ("罐", Sort::Measure, "罐", 1.0),
    ("袋", Sort::Measure, "袋", 1.0),
    ("条", Sort::Measure, "条", 1.0),
    ("支", Sort::Measure, "支", 1.0),
    ("粒", Sort::Measure, "粒", 1.0),
    ("张", Sort::Measure, "张", 1.0),
    ("台", Sort::Measure, "台", 1.0),
    ("次", Sort::Measure, "次", 1.0),
];

/// Words for days, in groups of which one can be mistaken for another.
pub(super) const DAY_WORDS: [&[&str]; 2] =
    [&["今天", "明天", "后天", "昨天", "前天"], &["周一", "周二", "周三", "周四", "周五", "周六", "周日"]];

const NUMBER: &str = r"[0-9]+(?:[,，][0-9]{3})*(?:\.[0-9]+)?|[零一二两三四五六七八九十百千万]+";
const PERIOD: &str = "上午|下午|晚上|早上|凌晨|中午|傍晚";

static VALUE: LazyLock<Regex> = LazyLock::new(|| {
    let units: Vec<String> = UNITS.iter().map(|(unit, ..)| regex::escape(unit)).collect();
    let words: Vec<&str> = DAY_WORDS.iter().flat_map(|group| group.iter().copied()).collect();
    let small = "[0-9]{1,2}|[一二三四五六七八九十]{1,3}";
    Regex::new(&format!(
        concat!(
            "(?P<date>[0-9]{{4}}[-/年][0-9]{{1,2}}[-/月][0-9]{{1,2}}日?|(?:{small})月(?:{small})[日号]?|[0-9]{{1,2}}号|{words})",
            "|(?P<time>(?:{period})?[0-9]{{1,2}}:[0-9]{{2}}(?::[0-9]{{2}})?|(?:{period})(?:{small}|两)点(?:半|(?:{small})分)?|[0-9]{{1,2}}点)",
            "|(?P<half>半年|半个?小时|半天|半个月)",
            "|(?P<id>[A-Z]{{1,5}}[A-Z0-9]*[-_]?[0-9][A-Za-z0-9_-]*|[0-9]{{8,}})",
            r"|[¥￥]\s?(?P<sum>{number})",
            r"|(?P<number>{number})\s?(?P<unit>{units})",
            "|(?P<bare>[0-9]+(?:[.][0-9]+)?)",
        ),
        small = small,
        words = words.join("|"),
        period = PERIOD,
        number = NUMBER,
        units = units.join("|"),
    ))
    .expect("a fixed pattern")
});

/// Reads the values of a text.
pub(super) fn read(text: &str) -> Vec<Token> {
    let mut tokens: Vec<Token> = VALUE.captures_iter(text).filter_map(|found| token(&found)).collect();
    let mut factor = 1.0;
    // 40–50℃, 54×44×19 厘米: the unit of the last is that of all.
    for at in (1..tokens.len()).rev() {
        let between = &text[tokens[at - 1].end..tokens[at].start];
        factor = if tokens[at].unit.is_some() { factor_of(&tokens[at], text) } else { factor };
        let joined = matches!(between.trim(), "-" | "–" | "—" | "~" | "～" | "至" | "到" | "×" | "x" | "*");
        if let (true, Sort::Number, Says::Amount(_, unit)) = (joined, tokens[at - 1].sort, &tokens[at].says) {
            let (sort, unit) = (tokens[at].sort, *unit);
            let before = &mut tokens[at - 1];
            if let Says::Amount(amount, _) = before.says {
                before.sort = sort;
                before.says = Says::Amount((amount as f64 * factor).round() as i64, unit);
            }
        }
    }
    tokens
}

/// How much of its base unit the unit of a value is.
fn factor_of(token: &Token, text: &str) -> f64 {
    let written = token.unit.map_or("", |(start, end)| &text[start..end]);
    UNITS.iter().find(|(unit, ..)| *unit == written).map_or(1.0, |(.., factor)| *factor)
}

fn token(found: &regex::Captures<'_>) -> Option<Token> {
    let whole = found.get(0)?;
    let place = |sort, says| Token { sort, start: whole.start(), end: whole.end(), unit: None, says };
    if let Some(date) = found.name("date") {
        return Some(place(Sort::Date, day(date.as_str())?));
    }
    if let Some(time) = found.name("time") {
        return Some(place(Sort::Time, minutes(time.as_str())?));
    }
    if let Some(half) = found.name("half") {
        let says = match half.as_str() {
            "半年" => Says::Amount(6_000, "月"),
            "半天" => Says::Amount(720_000, "分钟"),
            "半个月" => Says::Amount(21_600_000, "分钟"),
            _ => Says::Amount(30_000, "分钟"),
        };
        return Some(place(Sort::Duration, says));
    }
    if let Some(id) = found.name("id") {
        return Some(place(Sort::Id, Says::Id(id.as_str().to_owned())));
    }
    if let Some(sum) = found.name("sum") {
        return Some(place(Sort::Money, amount(sum.as_str(), 1.0, "元")?));
    }
    if let (Some(number), Some(unit)) = (found.name("number"), found.name("unit")) {
        // 六角 is a shape.
        if unit.as_str() == "角" && !number.as_str().starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let (_, sort, base, factor) = UNITS.iter().find(|(written, ..)| *written == unit.as_str())?;
        let mut token = place(*sort, amount(number.as_str(), *factor, base)?);
        token.unit = Some((unit.start(), unit.end()));
        return Some(token);
    }
    Some(place(Sort::Number, amount(found.name("bare")?.as_str(), 1.0, "")?))
}

fn amount(number: &str, factor: f64, unit: &'static str) -> Option<Says> {
    let value = number_value(&number.replace('，', ","))?;
    Some(Says::Amount((value * factor * 1_000.0).round() as i64, unit))
}

/// The numbers of a text, in either writing.
fn numbers(text: &str) -> Vec<u32> {
    static RUN: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("[0-9]+|[一二两三四五六七八九十]+").expect("a fixed pattern"));
    RUN.find_iter(text).filter_map(|run| number_value(run.as_str())).map(|number| number as u32).collect()
}

fn day(text: &str) -> Option<Says> {
    if DAY_WORDS.iter().any(|group| group.contains(&text)) {
        return Some(Says::DayWord(text.to_owned()));
    }
    let (parts, valid) = match numbers(text).as_slice() {
        [year, month, day] => ([Some(*year), Some(*month), Some(*day)], (*month, *day)),
        [month, day] => ([None, Some(*month), Some(*day)], (*month, *day)),
        [day] => ([None, None, Some(*day)], (1, *day)),
        _ => return None,
    };
    ((1..=12).contains(&valid.0) && (1..=31).contains(&valid.1)).then_some(Says::Day(parts))
}

fn minutes(text: &str) -> Option<Says> {
    let numbers = numbers(text);
    let (hour, mut minute) = (*numbers.first()?, numbers.get(1).copied().unwrap_or(0));
    if text.ends_with('半') {
        minute = 30;
    }
    let late = ["下午", "晚上", "傍晚"].iter().any(|period| text.starts_with(period));
    let named = PERIOD.split('|').any(|period| text.starts_with(period));
    let open = !named && text.contains('点') && hour <= 12;
    let hour = if late && hour < 12 { hour + 12 } else { hour };
    (hour <= 24 && minute < 60).then_some(Says::Minutes(hour * 60 + minute, open))
}

/// Whether two values say the same.
pub(super) fn same(one: &Token, other: &Token) -> bool {
    match (&one.says, &other.says) {
        (Says::Day(one), Says::Day(other)) => {
            one.iter().zip(other).all(|(one, other)| one.is_none() || other.is_none() || one == other)
        }
        (Says::Minutes(one, open), Says::Minutes(other, other_open)) => {
            one == other || (*open || *other_open) && one % 720 == other % 720
        }
        // A bare number may be any amount.
        (Says::Amount(one, unit), Says::Amount(other, other_unit)) => {
            one == other && (unit == other_unit || unit.is_empty() || other_unit.is_empty())
        }
        (one, other) => one == other,
    }
}
