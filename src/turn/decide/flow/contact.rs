//! Is there a new address or telephone number in the message, and how may it be shown?

use std::sync::LazyLock;

use regex::Regex;

use crate::flows::Answer;
use crate::turn::decide::Situation;
use crate::turn::types::EntityKind;

/// A place that a parcel can be brought to: a street, house, estate or building with something that tells which.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)[\p{Han}A-Za-z0-9]{2,}(?:省|自治区|市|区|县|镇|乡|街道|路|街|道|巷|弄|村|小区|花园|苑|大厦|广场|公寓|宿舍|学校|驿站)",
        r"[\p{Han}A-Za-z0-9 \-#()]*?(?:\d+|[一二三四五六七八九十]+)\s*(?:号|栋|幢|座|单元|室|楼|弄|层|期|组|#)",
        r"|\d+[A-Za-z]?(?: [A-Za-z][\w.'-]+){1,4} (?:street|st|road|rd|avenue|ave|lane|ln|drive|dr|way|court|square|close|walk|place|terrace|gardens?|hill|row|park|crescent|grove|mews|view|quay|green)\b",
    ))
    .expect("a fixed expression")
});
/// What stands before an address in a message: everything up to the word that says that it follows.
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^.*(?:[改换寄送发填搬][成到给去]|地址(?:是|为)?|应该是|[,，:：]\s*是|^是|\bto|\bis)[\s:：,，是]*")
        .expect("a fixed expression")
});
/// The part of an address that may be shown: down to the street.
static DISTRICT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:[\p{Han}]{2,8}?(?:省|自治区))?(?:[\p{Han}]{1,8}?市)?(?:[\p{Han}]{1,8}?[区县市])?(?:[\p{Han}]{1,10}?(?:路|大道|街|道|巷))?").expect("a fixed expression")
});
/// So much is shown of an address that names no district, in characters.
const SHOWN: usize = 6;

/// The contact that a message names.
pub fn read(situation: Situation<'_>) -> Option<Answer> {
    let reading = situation.reading;
    let text = reading.text.trim();
    let phone = reading.entities.iter().find(|entity| entity.kind == EntityKind::Phone);
    // An English address goes on behind its street.
    let found =
        ADDRESS.find(text).map(|found| if text.is_ascii() { &text[found.start()..] } else { found.as_str() });
    let address = found.map(|found| BEFORE.replace(found, "").trim().to_owned());
    if phone.is_none() && address.is_none() {
        return None;
    }
    let masked_phone = phone.map(|phone| masked_number(&phone.value));
    let shown = address.as_deref().map(masked).into_iter().chain(masked_phone).collect::<Vec<_>>().join(" ");
    // The whole message is kept: the name of who receives it may stand anywhere in it.
    Some(Answer { value: text.to_owned(), shown })
}

/// "武汉市江岸区****".
pub(super) fn masked(address: &str) -> String {
    // "5 Harbour Walk, Norwich NR1 1AA": street and town are what has to be looked at.
    if address.is_ascii() {
        let letters =
            address.split_whitespace().filter(|word| !word.contains(|one: char| one.is_ascii_digit()));
        return format!("{} ****", letters.collect::<Vec<_>>().join(" "));
    }
    let district = DISTRICT.find(address).map_or("", |found| found.as_str());
    let begins: String = address.chars().filter(|one| !one.is_ascii_digit()).take(SHOWN).collect();
    let shown = if district.chars().count() >= 3 { district } else { begins.trim() };
    format!("{shown}****")
}

/// "199****6620".
fn masked_number(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    let (head, tail) = (digits.len().min(3), digits.len().saturating_sub(4));
    format!("{}****{}", digits[..head].iter().collect::<String>(), digits[tail..].iter().collect::<String>())
}
