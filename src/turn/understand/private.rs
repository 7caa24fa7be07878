//! What in the message is nobody's business? Telephone numbers and their ends, identity cards, bank cards, e-mail
//! addresses and one-time codes are found, and masked wherever the text is logged, searched or shown to the model.

use std::sync::LazyLock;

use regex::Regex;

/// A kind of private data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PrivateKind {
    /// A mobile or landline number.
    Phone,
    /// An identity card number with a right checksum.
    IdentityCard,
    /// A bank card number with a right checksum.
    BankCard,
    /// An e-mail address.
    Email,
    /// A one-time code or password.
    Code,
    /// The last four digits of a telephone number, by which an order may be proven.
    PhoneEnd,
}

impl PrivateKind {
    /// What stands in its place.
    fn mask(self, chinese: bool) -> &'static str {
        match (self, chinese) {
            (Self::Phone, true) => "[手机号]",
            (Self::IdentityCard, true) => "[证件号]",
            (Self::BankCard, true) => "[银行卡]",
            (Self::Email, true) => "[邮箱]",
            (Self::Code, true) => "[验证码]",
            (Self::PhoneEnd, true) => "[手机尾号]",
            (Self::Phone, false) => "[phone]",
            (Self::IdentityCard, false) => "[id card]",
            (Self::BankCard, false) => "[bank card]",
            (Self::Email, false) => "[e-mail]",
            (Self::Code, false) => "[code]",
            (Self::PhoneEnd, false) => "[phone end]",
        }
    }
}

/// Private data in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Private {
    /// What it is.
    pub kind: PrivateKind,
    /// Where it begins, in bytes.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
    /// Digits only, or the address in lower case.
    pub value: String,
}

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9][A-Za-z0-9._%+\-]{0,63}@[A-Za-z0-9][A-Za-z0-9.\-]{0,63}\.[A-Za-z]{2,12}")
        .expect("a fixed expression")
});
static CODE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:验证码|校验码|动态码|支付密码|登录密码|密码|verification code|one-time code|password)(?:是|为|:| )*([A-Za-z0-9]{4,12})")
        .expect("a fixed expression")
});
/// Digits that may be grouped by blanks or hyphens; the last may be an X.
static DIGITS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\+?\d(?:[ \-]?\d){6,}[Xx]?").expect("a fixed expression"));
static ORDER_WORD_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:订单|单号|运单|编号|快递|物流|order|tracking)[^\d,。!?;]{0,6}$")
        .expect("a fixed expression")
});
static PHONE_WORD_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:电话|手机|联系方式|打给我|回电|phone|call|mobile|tel)[^\d,。!?;]{0,6}$")
        .expect("a fixed expression")
});
static CARD_WORD_BEFORE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)(?:卡|账号|账户|card)[^\d,。!?;]{0,6}$").expect("a fixed expression"));

/// "尾号6620", "收货手机后四位是 6620", "phone ending in 6620".
static NAMED_END: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:尾号|(?:最?后|末)(?:面)?(?:四|4)(?:位|个)?(?:数字?|号码?)?|last ?(?:four|4)(?: digits)?|\bend(?:s|ing)(?: in| with)?)(?:就?是|为|:| )*(\d{4})(?:\D|$)")
        .expect("a fixed expression")
});
/// Four digits right behind the number of an order: "20261114008712 6620".
static END_BEHIND_ORDER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\d{9,40}[ ,、/;]+(?:和|手机|电话|手机号)?[ :]*(\d{4})(?:[^\d年月日号元块件个片.]|$)")
        .expect("a fixed expression")
});
/// Ends of other numbers: of a parcel's, an order's.
static OTHER_NUMBER_BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:订单|单号|运单|快递|物流|包裹|编号|order|tracking|parcel)[^\d,。!?;]{0,6}$")
        .expect("a fixed expression")
});

/// Finds private data, from the beginning to the end of the text and without overlaps.
pub fn find(text: &str) -> Vec<Private> {
    let mut found = Vec::new();
    if text.contains('@') {
        for hit in EMAIL.find_iter(text) {
            found.push(private(PrivateKind::Email, hit.start(), hit.end(), hit.as_str().to_lowercase()));
        }
    }
    for captures in CODE.captures_iter(text) {
        if let Some(hit) =
            captures.get(1).filter(|hit| hit.as_str().bytes().any(|byte| byte.is_ascii_digit()))
        {
            found.push(private(PrivateKind::Code, hit.start(), hit.end(), hit.as_str().to_owned()));
        }
    }
    for hit in DIGITS.find_iter(text) {
        numbers(text, hit.start(), hit.end(), &mut found);
    }
    phone_ends(text, &mut found);
    found.sort_by_key(|one| (one.start, std::cmp::Reverse(one.end)));
    let mut end = 0;
    found.retain(|one| {
        let free = one.start >= end;
        if free {
            end = one.end;
        }
        free
    });
    found
}

/// The text with private data replaced by its kind.
pub fn mask(text: &str, chinese: bool) -> String {
    let found = find(text);
    if found.is_empty() {
        return text.to_owned();
    }
    let mut masked = String::with_capacity(text.len());
    let mut from = 0;
    for one in &found {
        masked.push_str(&text[from..one.start]);
        masked.push_str(one.kind.mask(chinese));
        from = one.end;
    }
    masked.push_str(&text[from..]);
    // The same number may stand a second time inside a longer run, where it was not recognised.
    for one in found.iter().filter(|one| one.kind != PrivateKind::PhoneEnd) {
        if one.value.len() >= 6 {
            masked = masked.replace(&one.value, one.kind.mask(chinese));
        }
        masked = masked.replace(&text[one.start..one.end], one.kind.mask(chinese));
    }
    masked
}

/// An earlier message with private data replaced by its kind. Four digits that are all it says answer the question for
/// the end of a telephone number.
pub fn mask_past(text: &str, chinese: bool) -> String {
    let all = text.trim();
    if all.len() == 4 && all.bytes().all(|byte| byte.is_ascii_digit()) {
        return PrivateKind::PhoneEnd.mask(chinese).to_owned();
    }
    mask(text, chinese)
}

fn phone_ends(text: &str, found: &mut Vec<Private>) {
    let named = NAMED_END.captures_iter(text).filter(|captures| {
        let before = &text[..captures.get(0).map_or(0, |all| all.start())];
        PHONE_WORD_BEFORE.is_match(before) || !OTHER_NUMBER_BEFORE.is_match(before)
    });
    for captures in named.chain(END_BEHIND_ORDER.captures_iter(text)) {
        let Some(end) = captures.get(1) else { continue };
        found.push(private(PrivateKind::PhoneEnd, end.start(), end.end(), end.as_str().to_owned()));
    }
}

fn private(kind: PrivateKind, start: usize, end: usize, value: String) -> Private {
    Private { kind, start, end, value }
}

/// Finds numbers in a run of digits with blanks between them: "138 0013 8000" is one, two numbers side by side are two.
fn numbers(text: &str, start: usize, end: usize, found: &mut Vec<Private>) {
    let mut groups = Vec::new();
    let mut from = start;
    for group in text[start..end].split(' ') {
        groups.push((from, from + group.len()));
        from += group.len() + 1;
    }
    let mut first = 0;
    while first < groups.len() {
        let longest = (first..groups.len())
            .take_while(|&last| last == first || groups[last].1 - groups[first].0 <= 26)
            .last()
            .unwrap_or(first);
        let hit = (first..=longest)
            .rev()
            .find_map(|last| number(text, groups[first].0, groups[last].1).map(|number| (last, number)));
        first = match hit {
            Some((last, number)) => {
                found.push(number);
                last + 1
            }
            None => first + 1,
        };
    }
}

/// Decides what a run of digits is.
fn number(text: &str, start: usize, end: usize) -> Option<Private> {
    let before = &text[..start];
    let after = &text[end..];
    if before.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || c == '-')
        || after.chars().next().is_some_and(|c| c.is_ascii_alphanumeric())
    {
        return None;
    }
    let run = &text[start..end];
    let digits: String = run.chars().filter(char::is_ascii_alphanumeric).collect();
    let near: &str = &before[before.char_indices().rev().nth(15).map_or(0, |(at, _)| at)..];
    if identity_card(&digits) {
        return Some(private(PrivateKind::IdentityCard, start, end, digits));
    }
    if digits.ends_with(['X', 'x']) {
        return None;
    }
    let order = ORDER_WORD_BEFORE.is_match(near) && !PHONE_WORD_BEFORE.is_match(near);
    if !order && phone(run, &digits, PHONE_WORD_BEFORE.is_match(near)) {
        let value = digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&digits).to_owned();
        return Some(private(PrivateKind::Phone, start, end, value));
    }
    let card_word = CARD_WORD_BEFORE.is_match(near);
    if (card_word || !order) && bank_card(&digits, card_word) {
        return Some(private(PrivateKind::BankCard, start, end, digits));
    }
    None
}

fn phone(run: &str, digits: &str, phone_word: bool) -> bool {
    let local = digits.strip_prefix("0086").or_else(|| digits.strip_prefix("86")).unwrap_or(digits);
    let bytes = local.as_bytes();
    if bytes.len() == 11 && bytes[0] == b'1' && (b'3'..=b'9').contains(&bytes[1]) {
        return true;
    }
    // A landline: area code and seven or eight digits, with the hyphen or after a word that says so.
    let landline =
        bytes.first() == Some(&b'0') && (10..=12).contains(&bytes.len()) && bytes.get(1) != Some(&b'0');
    landline && (run.contains('-') || phone_word)
}

/// Eighteen digits, a possible date of birth and the right last sign (ISO 7064, MOD 11-2).
fn identity_card(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    if bytes.len() != 18 || !bytes[..17].iter().all(u8::is_ascii_digit) {
        return false;
    }
    let year: i16 = digits[6..10].parse().unwrap_or(0);
    let month: i8 = digits[10..12].parse().unwrap_or(0);
    let day: i8 = digits[12..14].parse().unwrap_or(0);
    if !(1900..2100).contains(&year) || jiff::civil::Date::new(year, month, day).is_err() {
        return false;
    }
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = bytes.iter().zip(WEIGHTS).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum();
    b"10X98765432"[(sum % 11) as usize] == bytes[17].to_ascii_uppercase()
}

/// Fifteen to nineteen digits of a card issuer with the right check digit (Luhn).
fn bank_card(digits: &str, card_word: bool) -> bool {
    let bytes = digits.as_bytes();
    if !(15..=19).contains(&bytes.len()) {
        return false;
    }
    let issued =
        matches!(&bytes[..2], b"62" | b"60" | b"35" | b"34" | b"37" | b"51" | b"52" | b"53" | b"54" | b"55")
            || bytes[0] == b'4';
    if !issued && !card_word {
        return false;
    }
    let sum: u32 = bytes
        .iter()
        .rev()
        .enumerate()
        .map(|(place, byte)| {
            let digit = u32::from(byte - b'0');
            if place % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { digit }
        })
        .sum();
    sum.is_multiple_of(10)
}
