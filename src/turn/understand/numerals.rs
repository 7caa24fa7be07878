//! What number is "三十八", "两块五" or "1,299.00"?

/// The value of digits or of Chinese numerals up to the ten thousands; `None` if the text is no number.
pub fn number_value(text: &str) -> Option<f64> {
    let plain: String = text.chars().filter(|c| *c != ',').collect();
    if let Ok(value) = plain.parse::<f64>() {
        return value.is_finite().then_some(value);
    }
    chinese_value(&plain).map(|value| value as f64)
}

/// Plain notation without a needless fraction.
pub fn plain(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value}") }
}

fn chinese_value(text: &str) -> Option<u64> {
    if text.is_empty() || text.chars().count() > 12 {
        return None;
    }
    let mut total: u64 = 0;
    let mut section: u64 = 0;
    let mut digit: Option<u64> = None;
    for character in text.chars() {
        match character {
            '十' => section += digit.take().unwrap_or(1) * 10,
            '百' => section += digit.take()? * 100,
            '千' => section += digit.take()? * 1000,
            '万' => {
                total = (total + section + digit.take().unwrap_or(0)).checked_mul(10_000)?;
                section = 0;
            }
            '零' => digit = None,
            _ => {
                let value = digit_value(character)?;
                // "一二三": digits read out one by one are no amount.
                if digit.replace(value).is_some() {
                    return None;
                }
            }
        }
    }
    Some(total + section + digit.unwrap_or(0))
}

fn digit_value(character: char) -> Option<u64> {
    Some(match character {
        '一' => 1,
        '二' | '两' | '俩' => 2,
        '三' => 3,
        '四' => 4,
        '五' => 5,
        '六' => 6,
        '七' => 7,
        '八' => 8,
        '九' => 9,
        _ => return None,
    })
}
