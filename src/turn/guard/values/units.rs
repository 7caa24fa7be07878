//! Which unit follows a number, and what does the number mean with it?

use super::{Reading, Value, skip_space, starts_with};
use crate::turn::numerals::{self, Amount, UNIT};

/// Units of time that cannot be turned into one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum Span {
    /// Seconds; hours and days are counted in them.
    Second,
    /// Working days.
    Workday,
    /// Hours in which the shop works.
    Workhour,
    /// Months; years are counted in them.
    Month,
}

/// Physical quantities, each with one base unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in super::super) enum Measure {
    /// Gram.
    Mass,
    /// Millimetre.
    Length,
    /// Millilitre.
    Volume,
    /// Watt.
    Power,
    /// Degree.
    Degree,
    /// Square metre.
    Area,
    /// Volt.
    Voltage,
    /// Hertz.
    Frequency,
    /// Decibel.
    Loudness,
    /// Kilowatt hour.
    Energy,
    /// Byte in MB.
    Memory,
    /// Milliampere hour.
    Charge,
    /// Litre a minute and the like are not told apart from pressure: pascal.
    Pressure,
    /// A size code: 90码.
    Size,
    /// A year of age: 岁.
    Age,
    /// A level: 一级.
    Level,
    /// A stage of formula and the like: 3段.
    Stage,
}

enum Unit {
    Money(i128),
    Time(i128, Span),
    Physical(i128, Measure),
    Percent,
    Discount,
    Factor,
    /// A counter; soft ones (个, 种, 次) are also used where nothing is counted.
    Count {
        soft: bool,
    },
}

use Measure as M;
use Span as S;
use Unit::{Count, Discount, Factor, Money, Percent, Physical, Time};

const MILLI: i128 = 1_000;

/// Longer names before shorter ones that begin the same. Factors are in millionths of the base unit.
const UNITS: &[(&str, Unit)] = &[
    ("元钱", Money(UNIT)),
    ("元", Money(UNIT)),
    ("块钱", Money(UNIT)),
    ("块", Money(UNIT)),
    ("圆", Money(UNIT)),
    ("人民币", Money(UNIT)),
    ("RMB", Money(UNIT)),
    ("rmb", Money(UNIT)),
    ("毛钱", Money(UNIT / 10)),
    ("角钱", Money(UNIT / 10)),
    ("角", Money(UNIT / 10)),
    ("毛", Money(UNIT / 10)),
    ("分钱", Money(UNIT / 100)),
    ("个工作日", Time(UNIT, S::Workday)),
    ("工作日", Time(UNIT, S::Workday)),
    ("个营业日", Time(UNIT, S::Workday)),
    ("营业日", Time(UNIT, S::Workday)),
    ("个营业小时", Time(UNIT, S::Workhour)),
    ("营业小时", Time(UNIT, S::Workhour)),
    ("个工作小时", Time(UNIT, S::Workhour)),
    ("工作小时", Time(UNIT, S::Workhour)),
    ("秒钟", Time(UNIT, S::Second)),
    ("秒", Time(UNIT, S::Second)),
    ("分钟", Time(60 * UNIT, S::Second)),
    ("min", Time(60 * UNIT, S::Second)),
    ("个小时", Time(3_600 * UNIT, S::Second)),
    ("小时", Time(3_600 * UNIT, S::Second)),
    ("个钟头", Time(3_600 * UNIT, S::Second)),
    ("钟头", Time(3_600 * UNIT, S::Second)),
    ("h", Time(3_600 * UNIT, S::Second)),
    ("H", Time(3_600 * UNIT, S::Second)),
    ("天", Time(86_400 * UNIT, S::Second)),
    ("日", Time(86_400 * UNIT, S::Second)),
    ("个星期", Time(604_800 * UNIT, S::Second)),
    ("星期", Time(604_800 * UNIT, S::Second)),
    ("个礼拜", Time(604_800 * UNIT, S::Second)),
    ("礼拜", Time(604_800 * UNIT, S::Second)),
    ("周", Time(604_800 * UNIT, S::Second)),
    ("个多月", Time(UNIT, S::Month)),
    ("个月龄", Time(UNIT, S::Month)),
    ("月龄", Time(UNIT, S::Month)),
    ("个月", Time(UNIT, S::Month)),
    ("个季度", Time(3 * UNIT, S::Month)),
    ("周年", Time(12 * UNIT, S::Month)),
    ("年", Time(12 * UNIT, S::Month)),
    ("公斤", Physical(1_000 * UNIT, M::Mass)),
    ("千克", Physical(1_000 * UNIT, M::Mass)),
    ("kg", Physical(1_000 * UNIT, M::Mass)),
    ("KG", Physical(1_000 * UNIT, M::Mass)),
    ("Kg", Physical(1_000 * UNIT, M::Mass)),
    ("毫克", Physical(UNIT / MILLI, M::Mass)),
    ("mg", Physical(UNIT / MILLI, M::Mass)),
    ("斤", Physical(500 * UNIT, M::Mass)),
    ("克", Physical(UNIT, M::Mass)),
    ("g", Physical(UNIT, M::Mass)),
    ("吨", Physical(1_000_000 * UNIT, M::Mass)),
    ("平方毫米", Physical(1, M::Area)),
    ("mm2", Physical(1, M::Area)),
    ("毫米", Physical(UNIT, M::Length)),
    ("mm", Physical(UNIT, M::Length)),
    ("MM", Physical(UNIT, M::Length)),
    ("厘米", Physical(10 * UNIT, M::Length)),
    ("公分", Physical(10 * UNIT, M::Length)),
    ("cm", Physical(10 * UNIT, M::Length)),
    ("CM", Physical(10 * UNIT, M::Length)),
    ("公里", Physical(1_000_000 * UNIT, M::Length)),
    ("千米", Physical(1_000_000 * UNIT, M::Length)),
    ("km", Physical(1_000_000 * UNIT, M::Length)),
    ("平方米", Physical(UNIT, M::Area)),
    ("平米", Physical(UNIT, M::Area)),
    ("m2", Physical(UNIT, M::Area)),
    ("平", Physical(UNIT, M::Area)),
    ("米", Physical(1_000 * UNIT, M::Length)),
    ("m3", Physical(1_000_000 * UNIT, M::Volume)),
    ("ml", Physical(UNIT, M::Volume)),
    ("mL", Physical(UNIT, M::Volume)),
    ("ML", Physical(UNIT, M::Volume)),
    ("mAh", Physical(UNIT, M::Charge)),
    ("毫安", Physical(UNIT, M::Charge)),
    ("MPa", Physical(1_000_000 * UNIT, M::Pressure)),
    ("kPa", Physical(1_000 * UNIT, M::Pressure)),
    ("Pa", Physical(UNIT, M::Pressure)),
    ("pa", Physical(UNIT, M::Pressure)),
    ("m", Physical(1_000 * UNIT, M::Length)),
    ("英寸", Physical(25_400_000, M::Length)),
    ("寸", Physical(25_400_000, M::Length)),
    ("毫升", Physical(UNIT, M::Volume)),
    ("升", Physical(1_000 * UNIT, M::Volume)),
    ("L", Physical(1_000 * UNIT, M::Volume)),
    ("l", Physical(1_000 * UNIT, M::Volume)),
    ("千瓦时", Physical(UNIT, M::Energy)),
    ("kWh", Physical(UNIT, M::Energy)),
    ("度电", Physical(UNIT, M::Energy)),
    ("千瓦", Physical(1_000 * UNIT, M::Power)),
    ("kW", Physical(1_000 * UNIT, M::Power)),
    ("KW", Physical(1_000 * UNIT, M::Power)),
    ("kw", Physical(1_000 * UNIT, M::Power)),
    ("瓦", Physical(UNIT, M::Power)),
    ("W", Physical(UNIT, M::Power)),
    ("w", Physical(UNIT, M::Power)),
    ("摄氏度", Physical(UNIT, M::Degree)),
    ("℃", Physical(UNIT, M::Degree)),
    ("°C", Physical(UNIT, M::Degree)),
    ("度", Physical(UNIT, M::Degree)),
    ("伏", Physical(UNIT, M::Voltage)),
    ("V", Physical(UNIT, M::Voltage)),
    ("赫兹", Physical(UNIT, M::Frequency)),
    ("Hz", Physical(UNIT, M::Frequency)),
    ("分贝", Physical(UNIT, M::Loudness)),
    ("dB", Physical(UNIT, M::Loudness)),
    ("GB", Physical(1_024 * UNIT, M::Memory)),
    ("MB", Physical(UNIT, M::Memory)),
    ("码", Physical(UNIT, M::Size)),
    ("周岁", Physical(UNIT, M::Age)),
    ("岁", Physical(UNIT, M::Age)),
    ("级", Physical(UNIT, M::Level)),
    ("段", Physical(UNIT, M::Stage)),
    ("%", Percent),
    ("个百分点", Percent),
    ("折", Discount),
    ("倍", Factor),
    ("台", Count { soft: false }),
    ("件", Count { soft: false }),
    ("瓶", Count { soft: false }),
    ("罐", Count { soft: false }),
    ("盒", Count { soft: false }),
    ("包", Count { soft: false }),
    ("箱", Count { soft: false }),
    ("条", Count { soft: false }),
    ("双", Count { soft: false }),
    ("套", Count { soft: false }),
    ("张", Count { soft: false }),
    ("根", Count { soft: false }),
    ("片", Count { soft: false }),
    ("只", Count { soft: false }),
    ("把", Count { soft: false }),
    ("袋", Count { soft: false }),
    ("桶", Count { soft: false }),
    ("本", Count { soft: false }),
    ("枚", Count { soft: false }),
    ("颗", Count { soft: false }),
    ("粒", Count { soft: false }),
    ("提", Count { soft: false }),
    ("卷", Count { soft: false }),
    ("辆", Count { soft: false }),
    ("份", Count { soft: false }),
    ("支", Count { soft: false }),
    ("组", Count { soft: false }),
    ("笔", Count { soft: true }),
    ("单", Count { soft: true }),
    ("个", Count { soft: true }),
    ("款", Count { soft: true }),
    ("种", Count { soft: true }),
    ("位", Count { soft: true }),
    ("项", Count { soft: true }),
    ("次", Count { soft: true }),
    ("遍", Count { soft: true }),
    ("人", Count { soft: true }),
    ("步", Count { soft: true }),
    ("档", Count { soft: true }),
];

/// Reads the unit after a number: the value and the place after the unit. `chinese` says that the number was written
/// in Chinese numerals, which excludes units of letters.
pub(super) fn with_unit(chars: &[char], amount: Amount, end: usize, chinese: bool) -> Option<(Value, usize)> {
    let place = skip_space(chars, end);
    let about =
        chars.get(place).is_some_and(|c| matches!(c, '多' | '几' | '来')) && chars.get(place + 1).is_some();
    let place = if about { place + 1 } else { place };
    let found = read_unit(chars, amount, place, chinese);
    // 1.3万元: the multiplier stands between the number and its unit. 6千克 was tried first.
    found.or_else(|| {
        // A blank stands between two things: ② 十二个月.
        if place != end {
            return None;
        }
        let (scaled, after) = scaled(chars, amount, place);
        if after == place { None } else { read_unit(chars, scaled, skip_space(chars, after), chinese) }
    })
}

fn read_unit(chars: &[char], amount: Amount, place: usize, chinese: bool) -> Option<(Value, usize)> {
    let (name, unit) = UNITS.iter().find(|(name, unit)| {
        // 六角 is a shape.
        let words = chinese && (name.is_ascii() && !matches!(unit, Percent) || *name == "角");
        starts_with(chars, place, name) && !words
    })?;
    let after = place + name.chars().count();
    let letters = name.is_ascii() && !matches!(unit, Percent);
    if letters && chars.get(after).is_some_and(char::is_ascii_alphabetic) {
        return None;
    }
    if *name == "斤"
        && let Some(reading) = with_ounces(chars, amount, after)
    {
        return Some(reading);
    }
    let value = match unit {
        Money(factor) => {
            let (cents, after) = cents(chars, name, after);
            let base = amount.times(Amount(*factor));
            return Some((Value::Money(Amount(base.0.saturating_add(cents))), after));
        }
        Time(factor, span) => Value::Duration(amount.times(Amount(*factor)), *span),
        Physical(factor, measure) => Value::Measure(amount.times(Amount(*factor)), *measure),
        Percent => Value::Percent(amount),
        Discount => Value::Discount(if amount.0 >= 10 * UNIT { Amount(amount.0 / 10) } else { amount }),
        Factor => Value::Factor(amount),
        Count { .. } => Value::Count(amount, name.chars().next()),
    };
    Some((value, after))
}

/// 十二斤八两: a 两 is the tenth part of a 斤.
fn with_ounces(chars: &[char], pounds: Amount, after: usize) -> Option<(Value, usize)> {
    const OUNCE: i128 = 50 * UNIT;
    let (ounces, end) = super::number(chars, after)
        .map(|(ounces, end)| (ounces, end + 1))
        .filter(|(ounces, end)| ounces.0 < 10 * UNIT && chars.get(end - 1) == Some(&'两'))
        // 八两 reads as one numeral, because 两 is a digit too.
        .or_else(|| spoken_ounces(chars, after))?;
    let grams = pounds.times(Amount(10 * OUNCE)).0 + ounces.times(Amount(OUNCE)).0;
    Some((Value::Measure(Amount(grams), Measure::Mass), end))
}

fn spoken_ounces(chars: &[char], at: usize) -> Option<(Amount, usize)> {
    let digit = numerals::chinese(chars.get(at..=at)?, 0)?.0;
    (chars.get(at + 1) == Some(&'两')).then_some((digit, at + 2))
}

/// `九十九块九`, `3元5角`: what follows the unit of money.
fn cents(chars: &[char], unit: &str, after: usize) -> (i128, usize) {
    let Some((amount, end)) = super::number(chars, after).filter(|(amount, _)| amount.0 < 10 * UNIT) else {
        return (0, after);
    };
    if matches!(chars.get(end), Some('角' | '毛')) {
        return (amount.0 / 10, end + 1);
    }
    let colloquial =
        matches!(unit, "块") && !chars.get(end).is_some_and(|next| super::super::fold::is_han(*next));
    if colloquial { (amount.0 / 10, end) } else { (0, after) }
}

/// A number followed by 万 or another multiplier.
pub(super) fn scaled(chars: &[char], amount: Amount, end: usize) -> (Amount, usize) {
    match chars.get(end).copied().and_then(numerals::multiplier) {
        Some(factor) => (Amount(amount.0.saturating_mul(factor)), end + 1),
        None => (amount, end),
    }
}

/// A number in the measure whose unit ends at a place; the unit is looked for backwards.
pub(super) fn in_unit(chars: &[char], amount: Amount, after: usize) -> Option<Value> {
    let (_, unit) = UNITS.iter().find(|(name, unit)| {
        let length = name.chars().count();
        matches!(unit, Physical(..)) && after >= length && starts_with(chars, after - length, name)
    })?;
    match unit {
        Physical(factor, measure) => Some(Value::Measure(amount.times(Amount(*factor)), *measure)),
        _ => None,
    }
}

/// Whether a Chinese number with a counter says nothing that could be wrong: 一个, 两种, 一次; never with money, time
/// or a physical unit.
pub(super) fn is_idle(chars: &[char], value: &Value, unit_at: usize) -> bool {
    let Value::Count(amount, _) = value else {
        // 一度 (once), 一段 (a while), 一级 as in 一级能效 are words as well; only the last is checked.
        let word = starts_with(chars, skip_space(chars, unit_at), "段")
            || matches!(value, Value::Measure(_, Measure::Degree));
        return word && value.amount() == Some(Amount::whole(1));
    };
    let soft = UNITS
        .iter()
        .find(|(name, _)| starts_with(chars, unit_at, name))
        .is_some_and(|(_, unit)| matches!(unit, Count { soft: true }));
    amount.0 <= if soft { 3 * UNIT } else { UNIT }
}

/// Words that are a value as they stand: how much, and of which kind.
const FIXED: &[(&str, i128, u8)] = &[
    ("半个小时", 1_800, 0),
    ("半小时", 1_800, 0),
    ("半个工作日", 1, 9),
    ("半天", 43_200, 0),
    ("半个月", 15 * 86_400, 0),
    ("半年", 6, 1),
    ("半价", 5, 2),
    ("双倍", 2, 3),
    ("翻倍", 2, 3),
    ("加倍", 2, 3),
    ("多倍", 2, 3),
];

/// Whether one of these, or a number of things after a sign, can begin with a character.
pub(super) fn can_begin(first: char) -> bool {
    matches!(first, '半' | '双' | '翻' | '加' | '多' | '×')
}

/// The words that are a value as they stand.
#[cfg(test)]
pub(super) fn beginnings() -> impl Iterator<Item = &'static str> {
    FIXED.iter().map(|(word, ..)| *word)
}

/// Fixed forms: 半小时, 半天, 半年, 半价, 双倍, 翻倍, ×2.
pub(super) fn fixed(chars: &[char], at: usize) -> Option<Reading> {
    for (word, number, kind) in FIXED {
        if starts_with(chars, at, word) {
            let amount = Amount::whole(*number);
            let value = match kind {
                0 => Value::Duration(amount, Span::Second),
                1 => Value::Duration(amount, Span::Month),
                2 => Value::Discount(amount),
                3 => Value::Factor(amount),
                _ => Value::Duration(Amount(UNIT / 2), Span::Workday),
            };
            return Reading::one(value, at + word.chars().count());
        }
    }
    if chars[at] == '×' {
        let (amount, end) = numerals::digits(chars, skip_space(chars, at + 1))?;
        // 80抽×8包.
        return match with_unit(chars, amount, end, false) {
            Some((value @ Value::Count(..), after)) => Reading::one(value, after),
            _ => Reading::one(Value::Count(amount, None), end),
        };
    }
    None
}

/// Whether counters say in what things are packed, so that so many of the one are not so many of the other. What is sold
/// may be called 件 whatever it is packed in, but for what holds or cuts several of it.
pub(in super::super) fn are_different_packs(one: Option<char>, other: Option<char>) -> bool {
    let (Some(one), Some(other)) = (one, other) else { return false };
    let is_pack = |counter| "包袋盒桶罐瓶".contains(counter);
    let never_one = |counter| "箱片提卷".contains(counter);
    one != other && (is_pack(one) && is_pack(other) || never_one(one) || never_one(other))
}

/// Whether 多, 左右 and the like follow a value.
pub(super) fn is_about(chars: &[char], end: usize) -> bool {
    ["多", "左右", "上下", "前后", "许", "出头"].iter().any(|word| starts_with(chars, end, word))
}
