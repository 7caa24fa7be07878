//! Are the carriers, ways to pay, model names and people in a sentence those of the evidence?

use std::sync::LazyLock;

use regex::Regex;

use crate::pack::types::GuardLexicon;
use crate::turn::types::GuardReason;

use super::evidence::Evidence;
use super::fold::without_space;
use super::{Sentence, Verdict};

static PAID_BY: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?:支付|付款)方式[:：]([\p{Han}A-Z]{2,8})").expect("a fixed pattern"));

/// Checks the names that have a list of possible others.
pub(super) fn check(sentence: &Sentence, evidence: &Evidence<'_>, lexicon: &GuardLexicon) -> Verdict {
    let text = without_space(&sentence.folded).to_uppercase();
    own_payment(&text, evidence, &lexicon.payments)?;
    let rest = one_of(&text, evidence, &lexicon.payments)?;
    one_of(&rest, evidence, &lexicon.carriers)?;
    latin(sentence, evidence)
}

/// Checks the names of one list; gives the text without those that were found, so that a name inside a longer one
/// (京东 in 京东E卡) is not read again.
fn one_of(text: &str, evidence: &Evidence<'_>, names: &[String]) -> Result<String, (GuardReason, String)> {
    let mut names: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.chars().count()));
    let mut rest = text.to_owned();
    for name in names.iter().filter(|name| !name.is_empty()) {
        let Some(at) = rest.find(name.as_str()) else { continue };
        let before: String = rest[..at].chars().rev().take(3).collect();
        let denied = before.contains(['不', '非', '没']);
        let asked = evidence.question().to_uppercase().contains(name.as_str());
        let known =
            evidence.capitals().contains(name.as_str()) || evidence.backed_text().contains(name.as_str());
        let rival = names.iter().any(|other| evidence.capitals().contains(other.as_str()));
        if !known && !(asked && (denied || !rival)) {
            let reason =
                if rival { GuardReason::ContradictsEvidence } else { GuardReason::ClaimNotInEvidence };
            return Err((reason, name.clone()));
        }
        rest = rest.replace(name.as_str(), "□");
    }
    Ok(rest)
}

/// The customer's own order was paid in one way: another way, said of what is theirs, is wrong, even if a policy
/// names it.
fn own_payment(text: &str, evidence: &Evidence<'_>, payments: &[String]) -> Verdict {
    let mut paid: Vec<&str> = PAID_BY
        .captures_iter(evidence.capitals())
        .filter_map(|found| found.get(1))
        .map(|way| way.as_str())
        .collect();
    paid.sort_unstable();
    paid.dedup();
    let [paid] = paid.as_slice() else { return Ok(()) };
    for clause in super::split::clauses(text) {
        let own = ["您的", "您这", "这单", "您用", "您是用"].iter().any(|word| clause.contains(word));
        let other = payments.iter().map(|name| name.to_uppercase()).find(|name| {
            clause.contains(name.as_str()) && !paid.contains(name.as_str()) && !name.contains(paid)
        });
        let denied = clause.contains(['不', '没']);
        if let (true, false, Some(name)) = (own && !clause.contains(paid), denied, other) {
            return Err((GuardReason::ContradictsEvidence, name));
        }
    }
    Ok(())
}

/// Words in Latin letters: brands, series, product names. Each must stand in the evidence or the question.
fn latin(sentence: &Sentence, evidence: &Evidence<'_>) -> Verdict {
    const USUAL: [&str; 12] =
        ["APP", "VIP", "OK", "QQ", "ID", "AI", "HI", "HELLO", "DIY", "NO", "YES", "SKU"];
    let question = evidence.question().to_uppercase();
    let mut word = String::new();
    for (at, character) in sentence.chars.iter().chain(std::iter::once(&' ')).enumerate() {
        if character.is_ascii_alphabetic()
            && !sentence.found.iter().any(|found| found.start <= at && at < found.end)
        {
            word.push(character.to_ascii_uppercase());
            continue;
        }
        let stands = |text: &str| text.contains(word.as_str());
        if word.len() >= 2
            && !USUAL.contains(&word.as_str())
            && !stands(evidence.capitals())
            && !stands(&question)
            && !evidence.backed_text().to_uppercase().contains(word.as_str())
        {
            return Err((GuardReason::ClaimNotInEvidence, word));
        }
        word.clear();
    }
    Ok(())
}
