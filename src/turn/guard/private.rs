//! Does a text carry what identifies a person?

use std::sync::LazyLock;

use regex::Regex;

use crate::record::RecordKind;
use crate::turn::types::{By, Draft, GuardReason};

use super::evidence::Evidence;
use super::fold::without_space;
use super::values::Value;
use super::{Sentence, Verdict};

static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+").expect("a fixed pattern")
});
static STREET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\p{Han}{1,8}(路|街|巷|弄|大道|胡同)[0-9一二三四五六七八九十百]{1,6}(号|弄)|[0-9一二三四五六七八九十]{1,4}(号楼|栋|幢|单元)|[0-9]{1,2}-[0-9]{3,4}室")
        .expect("a fixed pattern")
});
static TITLED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(\p{Han})(先生|女士|小姐|太太)").expect("a fixed pattern"));
static RECIPIENT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(收件人|收货人|签收人|联系人|抬头)(是|为|：|:)\s*(\p{Han}{2,4})").expect("a fixed pattern")
});

/// Checks a whole draft. What the shop itself publishes (its own address in a policy) may be said.
pub(super) fn check(whole: &Sentence, draft: &Draft, evidence: &Evidence<'_>) -> Verdict {
    let refuse = |detail: &str| Err((GuardReason::PrivateData, detail.to_owned()));
    for found in &whole.found {
        if let Value::Id(id) = &found.value
            && !is_record_id(id, evidence)
            && (is_mobile(id) || is_identity_card(id))
        {
            return refuse("a telephone or identity number");
        }
    }
    if let Some(found) = EMAIL.find(&whole.folded)
        && !published(found.as_str(), evidence)
    {
        return refuse("an e-mail address");
    }
    if let Some(found) = STREET.find(&whole.folded)
        && !published(found.as_str(), evidence)
    {
        return refuse("a street address");
    }
    if evidence.people().any(|name| whole.folded.contains(name)) {
        return refuse("a person's name");
    }
    if draft.by == By::Model { named_people(whole, evidence) } else { Ok(()) }
}

/// Whether records that are no one's own hold it.
fn published(text: &str, evidence: &Evidence<'_>) -> bool {
    let text = without_space(text);
    evidence.facts.iter().any(|record| {
        !record.fact.kind.is_private()
            && record.fact.kind != RecordKind::Shipment
            && without_space(record.folded()).contains(&text)
    })
}

/// Whether a number is the number of a record, whatever it looks like.
fn is_record_id(id: &str, evidence: &Evidence<'_>) -> bool {
    evidence.known().iter().any(|known| matches!(known.value, Value::Id(known) if known == id))
        && !is_mobile(id)
}

fn is_mobile(id: &str) -> bool {
    let digits: String = id.chars().filter(char::is_ascii_digit).collect();
    let digits = digits.strip_prefix("86").filter(|rest| rest.len() == 11).unwrap_or(&digits);
    let second = digits.as_bytes().get(1).copied();
    digits.len() == 11
        && id.chars().all(|character| character.is_ascii_digit() || character == '-')
        && digits.starts_with('1')
        && second.is_some_and(|digit| (b'3'..=b'9').contains(&digit))
}

/// Eighteen places with a date of birth inside and the right check digit.
fn is_identity_card(id: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let places: Vec<char> = id.chars().collect();
    let digits: Option<Vec<u32>> = places.iter().take(17).map(|place| place.to_digit(10)).collect();
    let (Some(digits), 18) = (digits, places.len()) else { return false };
    let month = digits[10] * 10 + digits[11];
    let day = digits[12] * 10 + digits[13];
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    let check = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'][(sum % 11) as usize];
    (1..=12).contains(&month) && (1..=31).contains(&day) && places[17] == check
}

/// 宋先生, 签收人是李小姐: a person whom neither the records nor the customer named.
fn named_people(whole: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    let known = |text: &str| evidence.text().contains(text) || evidence.question().contains(text);
    for found in TITLED.captures_iter(&whole.folded) {
        let titled = found.get(0).map_or("", |all| all.as_str());
        if !"位的个这那是和，".contains(&found[1]) && !known(titled) {
            return Err((GuardReason::PrivateData, "a person's name".to_owned()));
        }
    }
    for found in RECIPIENT.captures_iter(&whole.folded) {
        let name = found.get(3).map_or("", |name| name.as_str());
        let generic = ["您", "本人", "谁", "什么", "收件", "门卫", "物业", "家人"]
            .iter()
            .any(|word| name.contains(word));
        if !generic && !known(name) {
            return Err((GuardReason::PrivateData, "a person's name".to_owned()));
        }
    }
    Ok(())
}
