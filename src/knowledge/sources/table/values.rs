//! What does a cell say? Amounts, counts, words and texts in the dress in which people type them.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Number, Value};
use unicode_normalization::UnicodeNormalization;

use super::columns::{Columns, Field, Read, header_key};
use super::dates::read_time;
use super::sheet::CellValue;

/// Workbooks keep fifteen digits of a number; what is longer has lost its last ones.
const EXACT_DIGITS: f64 = 1e15;

/// What a cell means for its record.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Understood {
    /// Fields by their path.
    pub values: Vec<(String, Value)>,
    /// What else the cell said; given way to a column of that name.
    pub notes: Vec<(String, Value)>,
    /// Something to be looked at.
    pub remark: Option<String>,
}

impl Understood {
    fn value(to: &str, value: impl Into<Value>) -> Self {
        Self { values: vec![(to.to_owned(), value.into())], ..Self::default() }
    }

    fn noted(mut self, to: &str, note: &str) -> Self {
        self.notes.push((format!("{to}_text"), note.into()));
        self
    }
}

macro_rules! expression {
    ($name:ident, $source:expr) => {
        static $name: LazyLock<Regex> =
            LazyLock::new(|| Regex::new($source).expect("the expression is a constant"));
    };
}

expression!(
    MONEY,
    r"(?i)^(约|仅需|仅|售价|价格|到手价|券后价?|活动价)?:?(?:rmb|cny|人民币)?¥?(-?\d+(?:\.\d+)?)(万|千|w|k)?(?:rmb|cny|人民币)?(?:元|块钱?|圆)?整?(/\p{Han}{1,2}|/\d*[a-z]{1,3})?(起售?|以上|左右|\+)?$"
);
expression!(COUNT, r"(?i)^(约|仅剩|剩余?)?(-?\d+(?:\.\d+)?)(万|千|w|k)?\p{Han}{0,2}?(以上|左右|\+)?$");
expression!(THOUSANDS, r"(\d),(\d{3})");
expression!(RANGE, r"\d\s*(?:[-~～—至到])\s*¥?\d");
expression!(TAG, r"(?s)<(?:/?[a-zA-Z][^<>]*|!--.*?--)>");
expression!(INVISIBLE, r"(?is)<(?:script|style)\b.*?</(?:script|style)\s*>");
expression!(LINE_TAG, r"(?i)<(?:br|/p|/div|/li|/tr|/h[1-6])\b[^<>]*>");
expression!(ENTITY, r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,6}));");
expression!(SPACES, r"[ \t\u{a0}]+");
expression!(BLANK_LINES, r"\s*\n\s*");
expression!(SCIENTIFIC, r"^\d(?:\.\d+)?[eE]\+\d{2}$");

/// Reads a cell as a field. Empty cells and placeholders give nothing.
///
/// # Errors
/// What is wrong, with a way out.
pub(super) fn read_cell(field: &Field, value: &CellValue, columns: &Columns) -> Result<Understood, String> {
    let to = field.to.as_str();
    if let CellValue::Bad(reason) = value {
        return Err(reason.clone());
    }
    let Some(text) = text_of(value).filter(|text| !is_placeholder(text, &field.read)) else {
        return Ok(Understood::default());
    };
    Ok(match &field.read {
        Read::Text => Understood::value(to, text),
        Read::Id | Read::Phone => Understood::value(to, id_text(value, &text)?),
        Read::Ids => Understood::value(to, split(&text, true)),
        Read::Texts => Understood::value(to, split(&text, false)),
        Read::Money => money(to, value, &text)?,
        Read::Count => count(to, value, &text, true)?,
        Read::Quantity => count(to, value, &text, false)?,
        Read::Time => Understood::value(to, read_time(value)?),
        Read::Flag => match (value, word(columns, "flag", &text)) {
            (CellValue::Flag(flag), _) => Understood::value(to, *flag),
            (_, Some(word)) => Understood::value(to, word == "true"),
            _ => return Err(format!("`{text}` is neither yes nor no; write 是 or 否")),
        },
        Read::Span => span(to, &text, value),
        Read::Words(list) => words(to, list, &text, columns)?,
    })
}

/// A column that no field is known for: numbers and flags stay what they are.
pub(super) fn kept_value(value: &CellValue) -> Result<Option<Value>, String> {
    Ok(match value {
        CellValue::Bad(reason) => return Err(reason.clone()),
        CellValue::Number(number) if number.abs() < EXACT_DIGITS => number_value(*number),
        CellValue::Flag(flag) => Some((*flag).into()),
        other => text_of(other).filter(|text| !is_placeholder(text, &Read::Text)).map(Value::from),
    })
}

/// The text of a cell, cleaned of markup. `None` if there is none.
pub(super) fn text_of(value: &CellValue) -> Option<String> {
    let text = match value {
        CellValue::Empty | CellValue::Bad(_) => return None,
        CellValue::Text(text) => clean(text),
        CellValue::Number(number) => number_text(*number),
        CellValue::Time(text) => text.clone(),
        CellValue::Flag(flag) => flag.to_string(),
    };
    (!text.is_empty()).then_some(text)
}

/// A number as people write it.
pub(super) fn number_text(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e18 { format!("{number:.0}") } else { number.to_string() }
}

/// Full-width letters, digits and signs as ordinary ones, without space around.
pub(super) fn fold(text: &str) -> String {
    text.nfkc().collect::<String>().trim().to_owned()
}

/// A text without tags, with entities as what they stand for.
fn clean(text: &str) -> String {
    let mut text = Cow::Borrowed(text);
    if TAG.is_match(&text) {
        let visible = INVISIBLE.replace_all(&text, "");
        let lines = LINE_TAG.replace_all(&visible, "\n");
        text = Cow::Owned(TAG.replace_all(&lines, "").into_owned());
    }
    if ENTITY.is_match(&text) {
        text =
            Cow::Owned(ENTITY.replace_all(&text, |found: &regex::Captures<'_>| entity(found)).into_owned());
    }
    let text: String =
        text.chars().filter(|character| *character == '\n' || !character.is_control()).collect();
    let text = SPACES.replace_all(&text, " ");
    BLANK_LINES.replace_all(text.trim(), "\n").into_owned()
}

fn entity(found: &regex::Captures<'_>) -> String {
    let number = |index: usize, radix| {
        found.get(index).and_then(|part| u32::from_str_radix(part.as_str(), radix).ok())
    };
    if let Some(character) = number(1, 10).or_else(|| number(2, 16)).and_then(char::from_u32) {
        return character.to_string();
    }
    let known = match found.get(3).map(|name| name.as_str()) {
        Some("nbsp" | "ensp" | "emsp") => " ",
        Some("lt") => "<",
        Some("gt") => ">",
        Some("amp") => "&",
        Some("quot") => "\"",
        Some("apos") => "'",
        Some("yen") => "¥",
        Some("times") => "×",
        Some("middot") => "·",
        Some("hellip") => "…",
        Some("ldquo") => "“",
        Some("rdquo") => "”",
        _ => &found[0],
    };
    known.to_owned()
}

/// What people write into cells that have nothing to say.
fn is_placeholder(text: &str, read: &Read) -> bool {
    let folded = fold(text).to_lowercase();
    let empty = matches!(
        folded.as_str(),
        "-" | "--" | "---" | "—" | "——" | "/" | "\\" | "n/a" | "na" | "null" | "none" | "nan" | "#n/a"
    );
    let lacks = matches!(folded.as_str(), "无" | "暂无" | "空" | "待定" | "未填写");
    empty
        || (lacks
            && matches!(
                read,
                Read::Id | Read::Phone | Read::Ids | Read::Texts | Read::Money | Read::Time | Read::Span
            ))
}

fn number_value(number: f64) -> Option<Value> {
    if number.fract() == 0.0 {
        return Some((number as i64).into());
    }
    Number::from_f64(number).map(Value::Number)
}

fn id_text(value: &CellValue, text: &str) -> Result<String, String> {
    let lost = match value {
        CellValue::Number(number) => number.abs() >= EXACT_DIGITS || number.fract() != 0.0,
        _ => SCIENTIFIC.is_match(text),
    };
    if lost {
        return Err(format!(
            "`{text}` is a number that has lost its last digits; format the column as text and enter it again"
        ));
    }
    Ok(fold(text).trim_start_matches('\'').to_owned())
}

fn split(text: &str, ids: bool) -> Value {
    let ends = |character: char| {
        matches!(character, '\n' | '；' | ';' | '|' | '｜')
            || (ids && (matches!(character, ',' | '，' | '、') || character.is_whitespace()))
    };
    let mut found: Vec<Value> = Vec::new();
    for part in text.split(ends).map(str::trim).filter(|part| !part.is_empty()) {
        if !found.iter().any(|other| other == part) {
            found.push(part.into());
        }
    }
    Value::Array(found)
}

/// A number with 万 or 千 behind it, without the noise of binary fractions.
fn scaled(number: &str, unit: Option<&str>) -> Option<f64> {
    let factor = match unit.map(str::to_lowercase).as_deref() {
        Some("万" | "w") => 10_000.0,
        Some("千" | "k") => 1_000.0,
        _ => 1.0,
    };
    Some(tidy(number.parse::<f64>().ok()? * factor))
}

fn tidy(number: f64) -> f64 {
    let rounded = (number * 1e4).round() / 1e4;
    if (rounded - number).abs() < 1e-6 { rounded } else { number }
}

fn compact(text: &str) -> String {
    let folded: String = fold(text).chars().filter(|character| !character.is_whitespace()).collect();
    // Twice, because groups of three follow one another.
    let once = THOUSANDS.replace_all(&folded, "$1$2");
    THOUSANDS.replace_all(&once, "$1$2").into_owned()
}

fn money(to: &str, value: &CellValue, text: &str) -> Result<Understood, String> {
    if let CellValue::Number(number) = value {
        return amount(to, tidy(*number), text);
    }
    let plain = compact(text);
    let Some(found) = MONEY.captures(&plain) else {
        let reason = if RANGE.is_match(&plain) {
            "names two amounts; write the lowest one with 起 behind it, or one row a variant"
        } else if plain.contains(['$', '€', '£']) {
            "is in another currency; write the number alone and name the currency in a column 币种"
        } else {
            "is no amount; write it as 1999 or ￥1,999.00"
        };
        return Err(format!("`{text}` {reason}"));
    };
    let number = scaled(&found[2], found.get(3).map(|unit| unit.as_str()))
        .ok_or_else(|| format!("`{text}` is no amount; write it as 1999"))?;
    let understood = amount(to, number, text)?;
    let says_more = [1, 4, 5].iter().any(|part| found.get(*part).is_some());
    Ok(if says_more { understood.noted(to, text) } else { understood })
}

fn amount(to: &str, number: f64, text: &str) -> Result<Understood, String> {
    if number < 0.0 {
        return Err(format!("`{text}` is less than 0; correct the amount or leave the cell empty"));
    }
    let value = number_value(number).ok_or_else(|| format!("`{text}` is no amount"))?;
    Ok(Understood::value(to, value))
}

fn count(to: &str, value: &CellValue, text: &str, whole: bool) -> Result<Understood, String> {
    let plain = compact(text);
    let (number, says_more) = match value {
        CellValue::Number(number) => (tidy(*number), false),
        _ => match (plain.as_str(), COUNT.captures(&plain)) {
            ("无" | "无货" | "缺货" | "售罄" | "没有" | "没货" | "断货", _) => (0.0, true),
            ("有" | "有货" | "充足" | "现货" | "大量" | "足", _) => {
                return Ok(Understood::default().noted(to, text));
            }
            (_, Some(found)) => {
                let number = scaled(&found[2], found.get(3).map(|unit| unit.as_str())).unwrap_or(f64::NAN);
                (number, found.get(1).is_some() || found.get(4).is_some())
            }
            (_, None) => {
                return Err(format!("`{text}` is no number; write digits only, or leave the cell empty"));
            }
        },
    };
    if whole && (number < 0.0 || number.fract() != 0.0 || !number.is_finite()) {
        return Err(format!(
            "`{text}` must be a whole number, 0 or more; correct it or leave the cell empty"
        ));
    }
    if !whole && (number <= 0.0 || !number.is_finite()) {
        return Err(format!("`{text}` must be more than 0; correct it or leave the cell empty"));
    }
    let value = number_value(number).ok_or_else(|| format!("`{text}` is no number"))?;
    let understood = Understood::value(to, value);
    Ok(if says_more { understood.noted(to, text) } else { understood })
}

/// Dates from-until in one cell: one date alone is the end, dates in words stay for the record to read, and what has
/// no end is said beside it.
fn span(to: &str, text: &str, value: &CellValue) -> Understood {
    if let Ok(date) = read_time(value) {
        return Understood::value("valid_until", date);
    }
    if matches!(
        fold(text).as_str(),
        "长期" | "长期有效" | "永久" | "永久有效" | "不限" | "long term" | "always"
    ) {
        return Understood::value("valid_note", text);
    }
    Understood::value(to, fold(text))
}

fn word<'a>(columns: &'a Columns, list: &str, text: &str) -> Option<&'a str> {
    columns.words.get(list)?.by_word.get(&header_key(text)).map(String::as_str)
}

fn words(to: &str, list: &str, text: &str, columns: &Columns) -> Result<Understood, String> {
    let known = columns.words.get(list);
    match word(columns, list, text) {
        Some(value) if to.ends_with("status") && value != text && known.is_some_and(|list| list.open) => {
            Ok(Understood::value(to, value).noted(to, text))
        }
        Some(value) => Ok(Understood::value(to, value)),
        None if known.is_some_and(|list| list.open) => {
            let remark = format!("`{text}` is no known word for {to}; it is kept as it is");
            Ok(Understood { remark: Some(remark), ..Understood::value(to, text) })
        }
        None => {
            let values = known.map_or(String::new(), |list| list.values.join(", "));
            Err(format!("`{text}` is no known word; write one of {values}, or add the word to columns.yaml"))
        }
    }
}
