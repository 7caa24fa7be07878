//! Does a rule match a text? Expressions match after the fragments of `unless` are masked.
//!
//! `unless` is context, not pardon: it hides a fragment ("第一时间" from "第一…"), and what is left is still matched.

use std::borrow::Cow;

use regex::Regex;

use super::types::{HandoffRule, HandoffRules, RedLine};
use crate::turn::types::HandoffReason;

/// Stands for a masked character: no expression of a pack means it.
const MASK: &str = "\u{0}";

impl RedLine {
    /// The words of `text` that cross the line, if any do.
    pub fn find(&self, text: &str) -> Option<String> {
        find(&self.matches, &self.unless, text)
    }
}

impl HandoffRule {
    /// The words of the normalised text that trigger the rule, if any do.
    pub fn find(&self, text: &str) -> Option<String> {
        find(&self.matches, &self.unless, text)
    }
}

impl HandoffRules {
    /// The first rule that matches the normalised text, with the words that triggered it.
    pub fn first(&self, text: &str) -> Option<(&HandoffRule, String)> {
        self.rules.iter().find_map(|rule| Some((rule, rule.find(text)?)))
    }

    /// Whether the normalised text has words of a reason only where they are harmless: a rule knows their context, and none
    /// matches.
    pub fn is_harmless(&self, reason: HandoffReason, detail: Option<&str>, text: &str) -> bool {
        let of_it = |rule: &&HandoffRule| rule.reason == reason && rule.detail.as_deref() == detail;
        let mut of_reason = self.rules.iter().filter(of_it);
        of_reason.any(|rule| rule.unless.iter().any(|context| context.is_match(text)))
            && self.first(text).is_none()
    }
}

fn find(matches: &[Regex], unless: &[Regex], text: &str) -> Option<String> {
    let mut masked = Cow::Borrowed(text);
    for fragment in unless {
        if fragment.is_match(&masked) {
            let replaced = fragment
                .replace_all(&masked, |found: &regex::Captures<'_>| MASK.repeat(found[0].chars().count()));
            masked = Cow::Owned(replaced.into_owned());
        }
    }
    matches
        .iter()
        .filter_map(|expression| expression.find(&masked))
        .map(|found| found.as_str().replace(MASK, ""))
        .find(|found| !found.is_empty())
}
