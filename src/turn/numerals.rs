//! What number does a text write, in digits or in Chinese numerals? Read alike in what customers say and in what is
//! said to them.

/// A number in millionths, so that equal values compare equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::turn) struct Amount(pub(in crate::turn) i128);

/// One.
pub(in crate::turn) const UNIT: i128 = 1_000_000;

/// The longest amount anybody says in numerals, in characters.
const LONGEST_SPOKEN: usize = 12;

impl Amount {
    /// A whole number.
    pub(in crate::turn) fn whole(number: i128) -> Self {
        Self(number * UNIT)
    }

    /// Times a factor that may be broken; saturates instead of overflowing.
    pub(in crate::turn) fn times(self, factor: Self) -> Self {
        Self(self.0.saturating_mul(factor.0) / UNIT)
    }

    /// Reads a number as it stands in JSON or text: `1304.8`.
    pub(in crate::turn) fn parse(text: &str) -> Option<Self> {
        let chars: Vec<char> = text.trim().chars().collect();
        let (amount, length) = digits(&chars, 0)?;
        (length == chars.len()).then_some(amount)
    }
}

/// Reads digits with grouping commas and a decimal point from a place; gives the number and the place after it.
pub(in crate::turn) fn digits(chars: &[char], start: usize) -> Option<(Amount, usize)> {
    let digit = |at: usize| chars.get(at).is_some_and(char::is_ascii_digit);
    if !digit(start) {
        return None;
    }
    let (mut at, mut whole, mut count) = (start, 0_i128, 0);
    loop {
        if digit(at) {
            whole = whole.checked_mul(10)?.checked_add(i128::from(chars[at].to_digit(10)?))?;
            count += 1;
            at += 1;
        } else if matches!(chars.get(at), Some(',' | '，'))
            && count > 0
            && (1..=3).all(|step| digit(at + step))
            && !digit(at + 4)
            && grouped(chars, start, at)
        {
            at += 1;
        } else {
            break;
        }
        if count > 24 {
            return None;
        }
    }
    let mut millionths = 0_i128;
    if chars.get(at) == Some(&'.') && digit(at + 1) {
        at += 1;
        let mut place = UNIT / 10;
        while digit(at) {
            millionths += place * i128::from(chars[at].to_digit(10)?);
            place /= 10;
            at += 1;
        }
    }
    Some((Amount(whole.checked_mul(UNIT)?.checked_add(millionths)?), at))
}

/// Whether the digits up to a comma are grouped so far: one to three, or groups of three after such.
fn grouped(chars: &[char], start: usize, comma: usize) -> bool {
    let run = chars[start..comma].iter().rev().take_while(|character| character.is_ascii_digit()).count();
    let first = run == comma - start;
    if first { (1..=3).contains(&run) } else { run == 3 }
}

/// The value of a Chinese digit.
fn chinese_digit(character: char) -> Option<i128> {
    Some(match character {
        '零' | '〇' => 0,
        '一' | '壹' => 1,
        '二' | '两' | '贰' => 2,
        '三' | '叁' => 3,
        '四' | '肆' => 4,
        '五' | '伍' => 5,
        '六' | '陆' => 6,
        '七' | '柒' => 7,
        '八' | '捌' => 8,
        '九' | '玖' => 9,
        _ => return None,
    })
}

/// The value of a Chinese multiplier.
pub(in crate::turn) fn multiplier(character: char) -> Option<i128> {
    Some(match character {
        '十' | '拾' => 10,
        '百' | '佰' => 100,
        '千' | '仟' => 1_000,
        '万' => 10_000,
        '亿' => 100_000_000,
        _ => return None,
    })
}

/// Whether a character can stand in a Chinese numeral.
pub(in crate::turn) fn is_numeral(character: char) -> bool {
    chinese_digit(character).is_some() || multiplier(character).is_some()
}

/// Reads a Chinese numeral from a place; gives the number and the place after it. `一千二百九十九`, `二〇二五`, `三点五`
/// (only before another unit than the hour's), `一万三`.
pub(in crate::turn) fn chinese(chars: &[char], start: usize) -> Option<(Amount, usize)> {
    let mut end = start;
    while chars.get(end).is_some_and(|character| is_numeral(*character)) && end - start < 20 {
        end += 1;
    }
    if end == start {
        return None;
    }
    let value = read_run(&chars[start..end])?;
    if chars.get(end) == Some(&'点') {
        let mut after = end + 1;
        let mut place = UNIT / 10;
        let mut millionths = 0;
        while let Some(digit) = chars.get(after).copied().and_then(chinese_digit) {
            millionths += digit * place;
            place /= 10;
            after += 1;
        }
        let decimal = after > end + 1
            && chars.get(after).is_some_and(|next| "元块万公千升米斤折倍度个厘毫".contains(*next));
        if decimal {
            return Some((Amount(value * UNIT + millionths), after));
        }
    }
    Some((Amount::whole(value), end))
}

/// The value of a run of numerals.
fn read_run(run: &[char]) -> Option<i128> {
    if run.iter().all(|character| multiplier(*character).is_none()) {
        return run
            .iter()
            .try_fold(0_i128, |sum, character| sum.checked_mul(10)?.checked_add(chinese_digit(*character)?));
    }
    let (mut total, mut section, mut pending, mut last) = (0_i128, 0_i128, None, 1_i128);
    for character in run {
        if let Some(digit) = chinese_digit(*character) {
            if digit == 0 {
                last = 1;
            }
            pending = Some(digit);
        } else if let Some(factor) = multiplier(*character) {
            if factor >= 10_000 {
                section += pending.take().unwrap_or(if section == 0 { 1 } else { 0 });
                total = total.checked_add(section)?.checked_mul(factor)?;
                section = 0;
            } else {
                section = section.checked_add(pending.take().unwrap_or(1).checked_mul(factor)?)?;
            }
            last = factor;
        }
    }
    // A digit right after a multiplier counts in the next lower place: 一万三 is 13000.
    let tail = pending.unwrap_or(0) * if last >= 100 { last / 10 } else { 1 };
    total.checked_add(section)?.checked_add(tail)
}

/// The value of a whole text: digits with or without grouping, or a Chinese numeral; `None` if it is anything else.
/// Digits read out one by one (一二三) are no amount.
pub(crate) fn number_value(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|character| *character != ',').collect();
    if let Ok(value) = plain.parse::<f64>() {
        return value.is_finite().then_some(value);
    }
    let chars: Vec<char> =
        plain.chars().map(|character| if character == '俩' { '两' } else { character }).collect();
    if chars.len() > LONGEST_SPOKEN || !is_spoken(&chars) {
        return None;
    }
    let (Amount(value), end) = chinese(&chars, 0)?;
    (end == chars.len() && value % UNIT == 0).then_some((value / UNIT) as f64)
}

/// Whether numerals are spoken as one amount: no two digits beside each other, no 百 or 千 without its digit.
fn is_spoken(chars: &[char]) -> bool {
    let digit = |place: Option<&char>| place.copied().and_then(chinese_digit).is_some_and(|value| value > 0);
    chars.iter().enumerate().all(|(at, character)| {
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        match character {
            '百' | '千' => digit(before),
            _ => !(digit(Some(character)) && digit(before)),
        }
    })
}

/// Plain notation without a needless fraction.
pub(in crate::turn) fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value}") }
}

/// A whole number below ten thousand as it is spoken: 一百零五. Before a unit two is 两.
pub(crate) fn spoken(number: u32) -> String {
    const DIGITS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];
    if number == 2 {
        return "两".to_owned();
    }
    let mut text = String::new();
    let mut gap = false;
    for (place, name) in [(1_000, "千"), (100, "百"), (10, "十"), (1, "")] {
        let digit = number / place % 10;
        if digit == 0 {
            gap |= !text.is_empty();
            continue;
        }
        if std::mem::take(&mut gap) {
            text.push('零');
        }
        // 十五, not 一十五.
        if !(digit == 1 && place == 10 && text.is_empty()) {
            text.push_str(DIGITS[digit as usize]);
        }
        text.push_str(name);
    }
    if text.is_empty() { DIGITS[0].to_owned() } else { text }
}
