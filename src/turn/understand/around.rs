//! What was said just before the message? The last messages of both sides, in the form in which they are read.

use super::normalise::folded;
use crate::turn::types::{Author, PastMessage};

/// So many earlier messages are looked at.
const LATEST: usize = 4;
/// Of one that is longer only the last characters are kept.
const LONGEST: usize = 200;

/// The conversation around a message.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Whether the customer said it, and what; the latest first.
    latest: Vec<(bool, String)>,
}

impl Around {
    /// The last messages of a conversation.
    pub fn of(history: &[PastMessage]) -> Self {
        let latest = history.iter().rev().take(LATEST).map(|message| {
            let surplus = message.text.chars().count().saturating_sub(LONGEST);
            let text: String = message.text.chars().skip(surplus).collect();
            (message.author == Author::Customer, folded(&text))
        });
        Self { latest: latest.filter(|(_, text)| !text.is_empty()).collect() }
    }

    /// A customer's message and the shop's answer to it, both folded.
    pub(super) fn after(customer: Option<&str>, seller: Option<&str>) -> Self {
        let said = |customer: bool, text: &str| (customer, text.to_owned());
        let latest =
            seller.map(|text| said(false, text)).into_iter().chain(customer.map(|text| said(true, text)));
        Self { latest: latest.collect() }
    }

    /// Whether nothing was said before.
    pub fn is_empty(&self) -> bool {
        self.latest.is_empty()
    }

    /// What the customer said last.
    pub fn customer(&self) -> Option<&str> {
        self.latest.iter().find(|(customer, _)| *customer).map(|(_, text)| text.as_str())
    }

    /// What the shop said last.
    pub fn seller(&self) -> Option<&str> {
        self.latest.iter().find(|(customer, _)| !customer).map(|(_, text)| text.as_str())
    }

    /// The last messages, the latest first: whether the customer said it, and what.
    pub fn latest(&self) -> impl Iterator<Item = (bool, &str)> {
        self.latest.iter().map(|(customer, text)| (*customer, text.as_str()))
    }
}
