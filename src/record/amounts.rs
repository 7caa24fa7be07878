//! Which amounts of money does a text name? In figures: with a sign before, a unit behind, or after the word for price.

use std::sync::LazyLock;

use regex::Regex;

/// An amount in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Amount<'a> {
    /// The number; none if it is written so that it cannot be read.
    pub value: Option<f64>,
    /// What stands before it.
    pub before: &'a str,
}

/// A number, perhaps in groups of three: 1999, 1,999.00, 1 999.
macro_rules! number {
    () => {
        r"(\d{1,3}(?:[,，\x{20}\x{a0}\x{2009}\x{202f}]\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)"
    };
}

/// What stands between the ends of a range.
macro_rules! to {
    () => {
        r"\s*[-‑–—~～至到]+\s*"
    };
}

static AMOUNT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"[¥￥]\s*",
        number!(),
        r"(?:",
        to!(),
        r"[¥￥]?\s*",
        number!(),
        r")?",
        r"|",
        number!(),
        r"(?:",
        to!(),
        number!(),
        r")?\s*(?:多)?(?:元|块)",
        r"|价[^，。；\d¥￥]{0,6}(\d{2,}(?:\.\d+)?)(?:",
        to!(),
        number!(),
        r")?",
    ))
    .expect("the expression is a constant")
});

/// All amounts of a text; of a range both ends.
pub(super) fn amounts(text: &str) -> Vec<Amount<'_>> {
    let mut found = Vec::new();
    for match_of in AMOUNT.captures_iter(text) {
        let Some(whole) = match_of.get(0) else { continue };
        for number in match_of.iter().skip(1).flatten() {
            let digits: String =
                number.as_str().chars().filter(|one| one.is_ascii_digit() || *one == '.').collect();
            let plain = number.as_str().chars().all(|one| !one.is_numeric() || one.is_ascii_digit());
            let value = digits.parse().ok().filter(|_| plain);
            found.push(Amount { value, before: &text[..whole.start()] });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_found_in_every_dress() {
        let check = |text: &str, expected: &[f64]| {
            let values: Vec<f64> = amounts(text).into_iter().filter_map(|amount| amount.value).collect();
            assert_eq!(values, expected, "{text}");
        };
        check("官方售价为1799元", &[1799.0]);
        check("到手价低至1416-1353元", &[1416.0, 1353.0]);
        check("秒杀价¥939～999", &[939.0, 999.0]);
        check("到手低至 ¥1 513，晒单返¥50", &[1513.0, 50.0]);
        check("吊牌价￥4,999.00", &[4999.0]);
        check("1\u{a0}699元", &[1699.0]);
        check("容量60升，功率3300W", &[]);
        check("券后价 99", &[99.0]);
        check("到手价低至939-999", &[939.0, 999.0]);
        assert_eq!(amounts("１９９元")[0].value, None, "full-width figures are an amount that is not read");
    }
}
