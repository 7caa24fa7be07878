//! Does somebody who has not signed in tell the number of an order and the end of its phone? Pure; text only.
//!
//! Whether they are right is for the store to decide. What is read here never comes from a model.

use std::sync::LazyLock;

use regex::Regex;
use secrecy::SecretString;

use super::private::{Private, PrivateKind};
use super::{entities, normalise, private};
use crate::time::Now;
use crate::turn::types::{EntityKind, Pending};

/// Words that stand around the two numbers and say nothing of their own.
static AROUND: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)订单号码?|订单|单号|号码|收货人?|收件人?|下单|预留|手机号?|电话|尾号|(?:最?后|末)面?(?:四|4)(?:位|个)?(?:数字?|号码?)?",
        r"|您好|你好|帮我|麻烦|请|查一?下|核对一?下|看一?下|就是|都是|分别|我的|给你|发你|以及|还有|[是为我的和跟与号了吧哦呢啊这那]",
        r"|\b(?:hello|hi|my|the|is|its?|it's|and|with|order|number|no|phone|mobile|last|four|digits|end(?:s|ing)|in|of|please)\b",
    ))
    .expect("a fixed expression")
});
/// What such a number is called just before it.
static CALLED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(concat!(
        r"(?i)(?:我的?|收货人?的?|收件人?的?|下单的?|预留的?|他的?|她的?)?(?:订单号码?|订单|单号|手机号?|电话)?(?:号码)?",
        r"(?:尾号|(?:最?后|末)面?(?:四|4)(?:位|个)?(?:数字?|号码?)?)?(?:是|为)?\s*[:：]?\s*$",
    ))
    .expect("a fixed expression")
});
/// Ends of numbers that are no telephone's.
static CARD_BEFORE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)(?:卡|账号|账户|card)[^\d,。!?;]{0,6}$").expect("a fixed expression"));
/// Four digits that stand alone.
static FOUR_DIGITS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:^|[^\dA-Za-z.])(\d{4})(?:[^\dA-Za-z.]|$)").expect("a fixed expression"));

/// What a text tells of an order and its phone. Two orders or two phones in one text tell neither.
#[derive(Debug, Clone, Default)]
pub struct Claim {
    /// The order's number as it was written.
    pub order: Option<String>,
    /// The last four digits of its phone. Never printed, logged or stored.
    pub phone_end: Option<SecretString>,
    /// Whether the text says nothing else.
    pub bare: bool,
}

/// Reads a message as it was typed. `pending` is what the assistant has asked: after the question for the two numbers
/// four digits by themselves are the end of a phone, and the order may have been told before.
pub fn read(text: &str, pending: Option<&Pending>, now: &Now) -> Claim {
    let text = normalise::normalise(text).text;
    let asked = match pending {
        Some(Pending::ProveOrder { order }) => Some(order.clone()),
        _ => None,
    };
    let orders = order_numbers(&text, now);
    let mut rest = orders.iter().fold(text.clone(), |rest, order| rest.replace(order.as_str(), " "));
    let ends = phone_ends(&text, &rest, asked.is_some());
    for end in &ends {
        rest = rest.replace(end.as_str(), " ");
    }
    let told = !orders.is_empty() || !ends.is_empty();
    let bare = told && !AROUND.replace_all(&rest, " ").chars().any(char::is_alphanumeric);
    let single = |found: &[String]| match found {
        [one] => Some(one.clone()),
        _ => None,
    };
    let earlier = if orders.is_empty() && !ends.is_empty() { asked.flatten() } else { None };
    Claim {
        order: single(&orders).or(earlier),
        phone_end: single(&ends).map(|end| SecretString::from(last_four(&end))),
        bare,
    }
}

/// The text without an order's number and the end of its phone, and without what they are called: what is asked beside
/// proving to hold the order. `None` if it does not tell both, or tells nothing else.
pub fn beside(text: &str, now: &Now) -> Option<String> {
    let orders = order_numbers(text, now);
    let ends = phone_ends(text, text, false);
    if orders.is_empty() || ends.is_empty() {
        return None;
    }
    let mut rest = text.to_owned();
    for number in orders.iter().chain(&ends) {
        let Some((before, after)) = rest.split_once(number.as_str()) else { continue };
        let before = CALLED.replace(before, "");
        rest = format!("{} {}", before.trim_end(), after.trim_start());
    }
    let rest = rest.trim_matches(|sign: char| !sign.is_alphanumeric() && !matches!(sign, '?' | '!'));
    rest.chars().any(char::is_alphanumeric).then(|| rest.to_owned())
}

/// Numbers that may be an order's, each once.
fn order_numbers(text: &str, now: &Now) -> Vec<String> {
    let mut numbers: Vec<String> = Vec::new();
    for entity in entities::find(text, now) {
        let may_be = matches!(entity.kind, EntityKind::Order | EntityKind::Tracking);
        if may_be && !numbers.contains(&entity.text) {
            numbers.push(entity.text);
        }
    }
    numbers
}

/// Telephone numbers and their ends, each once. `rest` is the text without the numbers of orders.
fn phone_ends(text: &str, rest: &str, asked: bool) -> Vec<String> {
    let found = private::find(text);
    let of_phone = |one: &&Private| {
        let of_card = one.kind == PrivateKind::PhoneEnd && CARD_BEFORE.is_match(&text[..one.start]);
        matches!(one.kind, PrivateKind::Phone | PrivateKind::PhoneEnd) && !of_card
    };
    let mut ends: Vec<String> =
        found.iter().filter(of_phone).map(|one| text[one.start..one.end].to_owned()).collect();
    if ends.is_empty() && asked {
        ends.extend(FOUR_DIGITS.captures_iter(rest).filter_map(|hit| Some(hit.get(1)?.as_str().to_owned())));
    }
    ends.sort();
    ends.dedup();
    ends
}

/// The last four digits of a number as it was written.
fn last_four(number: &str) -> String {
    let digits: Vec<char> = number.chars().filter(char::is_ascii_digit).collect();
    digits[digits.len().saturating_sub(4)..].iter().collect()
}

#[cfg(test)]
mod tests;
