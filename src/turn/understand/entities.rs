//! What does the message name? Orders, parcels, products by model number, amounts, numbers of things, dates, sizes
//! and private data.

use std::sync::LazyLock;

use regex::Regex;

use super::private::PrivateKind;
use super::{dates, private};
use crate::time::Now;
use crate::turn::numerals::{number_value, plain};
use crate::turn::types::{Entity, EntityKind};

/// The most things that are taken from one message.
const MAX_ENTITIES: usize = 40;

macro_rules! expression {
    ($name:ident, $source:expr) => {
        static $name: LazyLock<Regex> = LazyLock::new(|| Regex::new($source).expect("a fixed expression"));
    };
}

expression!(
    CODE_RUN,
    r"[A-Za-z]{0,6}\d[A-Za-z0-9]*(?:[\-/+][A-Za-z0-9]+)*(?:\([A-Za-z0-9]{1,8}\))?|[A-Za-z]{1,8}(?:[\-/+][A-Za-z0-9]+)*[\-/+][A-Za-z0-9]*\d[A-Za-z0-9]*(?:[\-/+][A-Za-z0-9]+)*(?:\([A-Za-z0-9]{1,8}\))?"
);
expression!(ORDER_WORD, r"(?i)(?:订单|单子|order)[^\d,。!?;]{0,8}$");
expression!(PARCEL_WORD, r"(?i)(?:运单|快递|物流|包裹|单号|tracking|parcel)[^\d,。!?;]{0,8}$");
expression!(
    CARRIER,
    r"(?i)顺丰|中通|圆通|申通|韵达|极兔|邮政|ems|德邦|京东(?:快递|物流)|菜鸟|天天快递|百世|安能|跨越|丹鸟|优速|丰网|fedex|dhl|\bups\b"
);
expression!(TRACKING, r"^(?:[A-Z]{2,6}\d{9,15}|[A-Z]{2}\d{9}[A-Z]{2})$");
expression!(PRODUCT_WORD, r"产品|商品|货号|款|链接|宝贝|型号|\bid\b|\bID\b|是.{1,12}吗|这个");
expression!(
    MEASURE,
    r"(?i)^\d+(?:\.\d+)?(?:kg|g|mg|ml|l|cm|mm|m|km|w|kw|v|a|ah|mah|gb|tb|mb|g|k|p|hz|x|xl|s|d|h|min|in|inch|oz|pcs|c|t|u|rmb|st|nd|rd|th|am|pm|n|y|w\+|q|days?)$"
);
expression!(
    AMOUNT,
    r"(?i)(?:[¥$]|rmb ?)(\d[\d,]*(?:\.\d{1,2})?)|(\d[\d,]*(?:\.\d{1,2})?) ?(?:元|块钱|块|圆|rmb\b|yuan\b|刀)|([一二两三四五六七八九十百千万零]{1,9})(?:元|块钱|块)"
);
expression!(
    QUANTITY,
    r"(?i)(\d+(?:\.\d+)?|[一二两俩三四五六七八九十百千]{1,5}) ?(?:个|件|包|袋|盒|箱|瓶|支|把|双|套|条|台|斤|罐|只|张|桶|片|本|组|份|提|公斤|千克|克|毫升|升|kg\b|g\b|ml\b|pcs\b|pieces?\b|boxes\b|bottles\b)"
);
expression!(
    SIZE,
    r"(?i)((?:[2-6]?x{1,4}[sl]|[sml])) ?(?:码|号|size\b)|\b([2-6]?X{1,4}[SL])\b|(\d{2,3}(?:\.5)?|[二三四五六七八九]十[一二三四五六七八九]?) ?码|(加大码|均码|大码|中码|小码|大号|中号|小号|加大号)|(\d{1,4}(?:\.\d+)?\*\d{1,4}(?:\.\d+)?(?:\*\d{1,4}(?:\.\d+)?)?) ?(?:cm|mm|厘米|米)?"
);

/// Finds what a normalised text names. Earlier kinds take their place first: private data, dates, then numbers.
pub fn find(text: &str, now: &Now) -> Vec<Entity> {
    let mut finder = Finder { text, taken: Vec::new(), found: Vec::new() };
    for one in private::find(text) {
        let kind = if one.kind == PrivateKind::Phone { EntityKind::Phone } else { EntityKind::Private };
        finder.add(kind, one.start, one.end, one.value);
    }
    for one in dates::find(text, now) {
        finder.add(EntityKind::Date, one.start, one.end, one.value);
    }
    finder.amounts();
    finder.sizes();
    finder.codes();
    finder.quantities();
    finder.found.sort_by_key(|(start, _)| *start);
    finder.found.into_iter().take(MAX_ENTITIES).map(|(_, entity)| entity).collect()
}

struct Finder<'a> {
    text: &'a str,
    taken: Vec<(usize, usize)>,
    found: Vec<(usize, Entity)>,
}

impl Finder<'_> {
    fn free(&self, start: usize, end: usize) -> bool {
        self.taken.iter().all(|(from, to)| end <= *from || start >= *to)
    }

    fn add(&mut self, kind: EntityKind, start: usize, end: usize, value: String) {
        if self.free(start, end) {
            self.taken.push((start, end));
            self.found.push((start, Entity { kind, text: self.text[start..end].to_owned(), value }));
        }
    }

    fn amounts(&mut self) {
        for captures in AMOUNT.captures_iter(self.text) {
            let (Some(whole), Some(number)) =
                (captures.get(0), captures.get(1).or(captures.get(2)).or(captures.get(3)))
            else {
                continue;
            };
            if let Some(value) = number_value(number.as_str()) {
                self.add(EntityKind::Amount, whole.start(), whole.end(), plain(value));
            }
        }
    }

    fn sizes(&mut self) {
        for captures in SIZE.captures_iter(self.text) {
            let Some(whole) = captures.get(0) else { continue };
            let inside_word =
                self.text[..whole.start()].chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric());
            let Some(size) = (1..=5).find_map(|group| captures.get(group)).filter(|_| !inside_word) else {
                continue;
            };
            let value = match number_value(size.as_str()) {
                Some(number) => plain(number),
                None => size.as_str().to_uppercase(),
            };
            self.add(EntityKind::Size, whole.start(), whole.end(), value);
        }
    }

    /// Order ids, tracking numbers and model numbers.
    fn codes(&mut self) {
        let carrier_named = CARRIER.is_match(self.text);
        for hit in CODE_RUN.find_iter(self.text) {
            let (start, end) = (hit.start(), hit.end());
            if !self.free(start, end) {
                continue;
            }
            let before = &self.text[..start];
            let near = &before[before.char_indices().rev().nth(11).map_or(0, |(at, _)| at)..];
            for kind in self.code_kinds(hit.as_str(), near, carrier_named) {
                let value = hit.as_str().to_uppercase();
                self.found.push((start, Entity { kind, text: hit.as_str().to_owned(), value }));
                if self.free(start, end) {
                    self.taken.push((start, end));
                }
            }
        }
    }

    /// What a run of letters and digits may be. A bare number of middling length may be an order or a product; the
    /// facts decide.
    fn code_kinds(&self, code: &str, before: &str, carrier_named: bool) -> Vec<EntityKind> {
        let digits = code.bytes().filter(u8::is_ascii_digit).count();
        let letters = code.bytes().filter(u8::is_ascii_alphabetic).count();
        let order_word = ORDER_WORD.is_match(before);
        if letters > 0 {
            return match () {
                () if order_word && digits >= 4 => vec![EntityKind::Order],
                () if TRACKING.is_match(&code.to_uppercase()) => vec![EntityKind::Tracking],
                () if code.len() < 3 || code.len() > 40 || MEASURE.is_match(code) => Vec::new(),
                () if digits >= 2 || code.contains('-') => vec![EntityKind::Product],
                () => Vec::new(),
            };
        }
        if code.bytes().any(|byte| !byte.is_ascii_digit()) {
            return Vec::new();
        }
        let parcel_word = PARCEL_WORD.is_match(before);
        match digits {
            4..=7 if order_word => vec![EntityKind::Order],
            8..=40 if order_word => vec![EntityKind::Order],
            10..=40 if parcel_word || (carrier_named && digits <= 15) => vec![EntityKind::Tracking],
            9..=13 if PRODUCT_WORD.is_match(self.text) => vec![EntityKind::Product],
            9..=13 => vec![EntityKind::Order, EntityKind::Product],
            14..=40 => vec![EntityKind::Order],
            _ => Vec::new(),
        }
    }

    fn quantities(&mut self) {
        for captures in QUANTITY.captures_iter(self.text) {
            let (Some(whole), Some(number)) = (captures.get(0), captures.get(1)) else { continue };
            // "一个电话也没有": an unstressed one counts nothing.
            if number.as_str() == "一" {
                continue;
            }
            let inside = self.text[..whole.start()]
                .chars()
                .next_back()
                .is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '第' | '.' | '-' | '几'));
            if inside {
                continue;
            }
            if let Some(value) = number_value(number.as_str()) {
                self.add(EntityKind::Quantity, whole.start(), whole.end(), plain(value));
            }
        }
    }
}
